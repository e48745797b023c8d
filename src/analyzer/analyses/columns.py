"""Which columns an analysis looks at, and how they are dealt out to parts."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from analyzer.errors import InvalidParameters, nearest
from analyzer.models import TableSchema
from analyzer.registry import Cost, Part, Section

MAX_PARTS = 256
"""Up to so many columns each is a part of its own; above, equal groups of neighbours make as many parts at most."""

CELLS = 250_000
LEAST_PARTS = 32
"""Where columns are grouped, a part has about so many cells, so that what is done is more than what surrounds it; but
there are still so many parts, for all workers to be at work and for progress to be seen."""


QUICKEST = (("null", "bool"), ("int", "uint"), ("float", "double", "duration", "date", "time"))


def chosen(schema: TableSchema, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The wanted columns in the table's order, each once; None: all. Raises InvalidParameters for an unknown one."""
    if wanted is None:
        return schema.names
    known = frozenset(schema.names)
    errors = [
        {"pointer": f"/columns/{place}", "detail": f"There is no column {name!r}. {nearest(name, known)}".strip()}
        for place, name in enumerate(wanted)
        if name not in known
    ]
    if errors:
        raise InvalidParameters(errors[0]["detail"], errors=errors)
    return tuple(name for name in schema.names if name in frozenset(wanted))


def column_parts(
    names: Sequence[str], shared: str = "", rows: int = 0, cost: Callable[[Sequence[str]], Cost | None] = lambda _: None
) -> list[Part]:
    """At most MAX_PARTS parts: one for each column or, where there are too many, one for each group of neighbours.

    They are shared under this key, if it is not empty. The fewer `rows` there are, the more columns make a group.
    `cost` tells that of a part with these columns.
    """
    size = 1 if len(names) <= MAX_PARTS else _group_size(len(names), rows)
    groups = [tuple(names[start : start + size]) for start in range(0, len(names), size)]
    return [
        Part(group[0] if len(group) == 1 else f"{group[0]} … {group[-1]}", group, shared, cost=cost(group))
        for group in groups
    ]


def _group_size(columns: int, rows: int) -> int:
    few_enough = -(-columns // MAX_PARTS)
    return max(few_enough, min(CELLS // max(rows, 1), columns // LEAST_PARTS)) if rows else few_enough


def cheapest_first(parts: Sequence[Part], schema: TableSchema) -> list[Part]:
    """The same parts with those in front whose types are told quickest: something is there to see at once."""
    costs = {column.name: _cost(column.type) for column in schema.columns}
    return sorted(parts, key=lambda part: max((costs[name] for name in part.columns), default=0))


@lru_cache(maxsize=256)
def _cost(type_: str) -> int:
    """Where columns of this Arrow type stand in line: flags, whole numbers, other numbers and moments, then text."""
    return next((place for place, start in enumerate(QUICKEST) if type_.startswith(start)), len(QUICKEST))


def in_table_order(sections: Sequence[Section], schema: TableSchema) -> list[Section]:
    """Sections of column parts in the order of the table, whatever order the parts had."""
    places = {name: place for place, name in enumerate(schema.names)}
    return sorted(sections, key=lambda section: places[section.data["columns"][0]["name"]])


NUMERIC_TYPES = ("int", "uint", "float", "double", "halffloat", "decimal", "duration")
"""How the names of Arrow's numeric types begin."""


def numeric(schema: TableSchema, names: Sequence[str]) -> tuple[str, ...]:
    """Those of these columns that hold numbers or durations."""
    types = {column.name: column.type for column in schema.columns}
    return tuple(name for name in names if types[name].startswith(NUMERIC_TYPES))
