"""Stored tables as workers see them: opened without copying, and read a page at a time."""

import base64
import datetime
import decimal
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa

from analyzer.errors import InvalidParameters, nearest

SAFE_INTEGER = 2**53  # beyond it, a reader that keeps numbers as doubles would round


@lru_cache(maxsize=4)
def open_table(path: str) -> pa.Table:
    """The table of an Arrow file, memory-mapped. The last few stay open, since parts of one run come in a row."""
    with pa.memory_map(path) as source:
        return pa.ipc.open_file(source).read_all()


def page(table: pa.Table, offset: int, limit: int, columns: Sequence[str] | None) -> dict[str, Any]:
    """Rows `offset` to `offset + limit` as `{columns, rows, total}`, each row a list of exact JSON values.

    Raises InvalidParameters for a column the table does not have.
    """
    names = table.column_names if columns is None else list(columns)
    for name in names:
        if name not in table.column_names:
            raise InvalidParameters(
                f"There is no column {name!r}. {nearest(name, table.column_names)}".rstrip(),
                errors=[{"pointer": "/columns", "detail": f"unknown column {name!r}"}],
            )
    part = table.select(names).slice(offset, limit)
    cells = [[exact(value) for value in column.to_pylist()] for column in part.itercolumns()]
    rows = [list(row) for row in zip(*cells, strict=True)] if cells else [[] for _ in range(part.num_rows)]
    return {"columns": names, "rows": rows, "total": table.num_rows}


def exact(value: Any) -> Any:
    """A cell as JSON that loses nothing: what JSON numbers cannot hold travels as a string, NaN as a missing value."""
    converted = EXACT.get(type(value))
    return value if converted is None else converted(value)


def _integer(value: int) -> int | str:
    return value if -SAFE_INTEGER <= value <= SAFE_INTEGER else str(value)


def _float(value: float) -> float | str | None:
    if value != value:  # NaN alone differs from itself
        return None
    return value if abs(value) != float("inf") else ("Infinity" if value > 0 else "-Infinity")


EXACT: dict[type, Callable[[Any], Any]] = {
    int: _integer,
    float: _float,
    decimal.Decimal: str,
    datetime.datetime: datetime.datetime.isoformat,
    datetime.date: datetime.date.isoformat,
    datetime.time: datetime.time.isoformat,
    datetime.timedelta: datetime.timedelta.total_seconds,
    bytes: lambda value: base64.b64encode(value).decode("ascii"),
    list: lambda value: [exact(item) for item in value],
    dict: lambda value: {key: exact(item) for key, item in value.items()},
}
