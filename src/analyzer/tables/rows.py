"""A page of rows: filtered, sorted, cut out."""

from collections.abc import Callable, Sequence
from functools import lru_cache, reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.errors import InvalidParameters, nearest
from analyzer.models import Condition, RowsWanted
from analyzer.picking import picked
from analyzer.tables.cells import exact
from analyzer.tables.halves import in_halves
from analyzer.tables.moments import exact_moments
from analyzer.tables.opening import open_table
from analyzer.tables.ordering import ordered
from analyzer.tables.searching import contains

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": pc.equal,
    "ne": pc.not_equal,
    "lt": pc.less,
    "le": pc.less_equal,
    "gt": pc.greater,
    "ge": pc.greater_equal,
}
SEARCH: dict[str, Callable[[Any, str], Any]] = {
    "contains": contains,
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
    start, stop = wanted.offset, wanted.offset + wanted.limit
    if numbers is None and not wanted.sort:
        part = table.select(names).slice(start, wanted.limit)
    else:
        part = picked(table.select(names), ordered(table, numbers, wanted.sort, start, stop))
    cells = [_cells(column) for column in part.itercolumns()]
    rows = [list(row) for row in zip(*cells, strict=True)] if cells else [[] for _ in range(part.num_rows)]
    return {"columns": names, "rows": rows, "total": total}


def _cells(column: pa.ChunkedArray) -> list[Any]:
    """The cells as exact JSON values."""
    moments = exact_moments(column)
    return [exact(value) for value in column.to_pylist()] if moments is None else moments


def _require(table: pa.Table, names: Sequence[str], parameter: str) -> None:
    for name in names:
        if name not in table.column_names:
            raise InvalidParameters(
                f"There is no column {name!r}. {nearest(name, table.column_names)}".rstrip(),
                errors=[{"pointer": f"/{parameter}", "detail": f"unknown column {name!r}"}],
            )


@lru_cache(maxsize=8)
def _matching(path: str, conditions: tuple[Condition, ...]) -> np.ndarray:
    """The numbers of the rows that meet every condition, in the order of the file. Kept for the next page."""
    table = open_table(path).select(list(dict.fromkeys(condition.column for condition in conditions)))

    def matching(first: int, count: int) -> np.ndarray:
        part = table.slice(first, count)
        masks = [_mask(part.column(condition.column), condition) for condition in conditions]
        return np.flatnonzero(reduce(pc.and_, masks)) + first

    return np.concatenate(in_halves(table.num_rows, matching))


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
