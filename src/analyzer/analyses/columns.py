"""Which columns an analysis looks at, and how they are dealt out to parts."""

from collections.abc import Sequence

from analyzer.errors import InvalidParameters, nearest
from analyzer.models import TableSchema
from analyzer.registry import Part

MAX_PARTS = 256
"""Up to so many columns each is a part of its own; above, equal groups of neighbours make as many parts at most."""


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


def column_parts(names: Sequence[str], shared: str = "") -> list[Part]:
    """At most MAX_PARTS parts: one for each column or, where there are too many, one for each group of neighbours.

    They are shared under this key, if it is not empty.
    """
    size = -(-len(names) // MAX_PARTS) or 1
    groups = [tuple(names[start : start + size]) for start in range(0, len(names), size)]
    return [Part(group[0] if len(group) == 1 else f"{group[0]} … {group[-1]}", group, shared) for group in groups]
