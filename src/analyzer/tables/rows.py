"""A page of rows: filtered, sorted, cut out."""

from collections.abc import Callable, Sequence
from functools import lru_cache, reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.errors import InvalidParameters, nearest
from analyzer.models import Condition, Order, RowsWanted
from analyzer.tables.cells import exact
from analyzer.tables.opening import open_table

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": pc.equal,
    "ne": pc.not_equal,
    "lt": pc.less,
    "le": pc.less_equal,
    "gt": pc.greater,
    "ge": pc.greater_equal,
}
SEARCH: dict[str, Callable[[Any, str], Any]] = {
    "contains": lambda texts, value: pc.match_substring(texts, value, ignore_case=True),
    "starts": lambda texts, value: pc.starts_with(texts, value, ignore_case=True),
}


def page(path: str, wanted: RowsWanted) -> dict[str, Any]:
    """The page as `{columns, rows, total}`: rows are lists of exact JSON values, `total` counts what the filter left.

    Raises InvalidParameters for a column the table does not have, and for a value that the column's type cannot be.
    """
    table = open_table(path)
    names = list(table.column_names if wanted.columns is None else wanted.columns)
    _require(table, names, "columns")
    _require(table, [order.column for order in wanted.sort], "sort")
    _require(table, [condition.column for condition in wanted.filter], "filter")
    numbers = _matching(path, wanted.filter) if wanted.filter else None
    total = table.num_rows if numbers is None else len(numbers)
    if wanted.sort:
        numbers = _sorted(path, wanted.filter, wanted.sort)
    if numbers is None:
        part = table.select(names).slice(wanted.offset, wanted.limit)
    else:
        part = table.select(names).take(numbers.slice(wanted.offset, wanted.limit))
    cells = [[exact(value) for value in column.to_pylist()] for column in part.itercolumns()]
    rows = [list(row) for row in zip(*cells, strict=True)] if cells else [[] for _ in range(part.num_rows)]
    return {"columns": names, "rows": rows, "total": total}


def _require(table: pa.Table, names: Sequence[str], parameter: str) -> None:
    for name in names:
        if name not in table.column_names:
            raise InvalidParameters(
                f"There is no column {name!r}. {nearest(name, table.column_names)}".rstrip(),
                errors=[{"pointer": f"/{parameter}", "detail": f"unknown column {name!r}"}],
            )


@lru_cache(maxsize=8)
def _matching(path: str, conditions: tuple[Condition, ...]) -> pa.Array:
    """The numbers of the rows that meet every condition, in the order of the file."""
    table = open_table(path)
    masks = [_mask(table.column(condition.column), condition) for condition in conditions]
    return pc.indices_nonzero(reduce(pc.and_, masks))


def _mask(column: pa.ChunkedArray, condition: Condition) -> pa.ChunkedArray:
    """Where the condition holds. A missing cell meets no comparison, as in SQL."""
    match condition.comparison:
        case "missing":
            return column.is_null()
        case "present":
            return column.is_valid()
        case "contains" | "starts":
            found = SEARCH[condition.comparison](column.cast(pa.string()), condition.value)
        case _:
            found = COMPARE[condition.comparison](column, _value(column.type, condition))
    return found.fill_null(False)


def _value(type_: pa.DataType, condition: Condition) -> pa.Scalar:
    try:
        return pa.scalar(condition.value).cast(type_)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise InvalidParameters(
            f"Column {condition.column!r} holds {type_}, and {condition.value!r} cannot be read as that.",
            errors=[{"pointer": "/filter", "detail": f"{condition.value!r} is no {type_}"}],
        ) from None


@lru_cache(maxsize=8)
def _sorted(path: str, conditions: tuple[Condition, ...], orders: tuple[Order, ...]) -> pa.Array:
    """The numbers of the matching rows in this order. Kept, since who turns the page wants the same again."""
    table = open_table(path)
    keyed = table.select([order.column for order in orders])
    numbers = None
    if conditions:
        numbers = _matching(path, conditions)
        keyed = keyed.take(numbers)
    names = [str(place) for place in range(len(orders))]  # one column may be named twice
    keys = [
        (name, "descending" if order.descending else "ascending") for name, order in zip(names, orders, strict=True)
    ]
    places = pc.sort_indices(keyed.rename_columns(names), sort_keys=keys, null_placement="at_end")
    return places if numbers is None else numbers.take(places)
