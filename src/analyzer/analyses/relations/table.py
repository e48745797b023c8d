"""The columns of a table as arrays: numbers as doubles, in blocks or whole, and rows drawn by chance."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from analyzer.analyses.figures.columns import plain
from analyzer.analyses.figures.wire import EXACT_INTEGERS
from analyzer.picking import picked

Doubles = npt.NDArray[np.float64]

BLOCK_CELLS = 1 << 18
"""Cells worked on at once: few enough for the processor's cache when the table is narrow, …"""

LEAST_ROWS = 2048
"""… and with enough rows for products of matrices to pay when it is wide."""

SAMPLED_ROWS = 4096


def doubles(column: pa.ChunkedArray) -> Doubles:
    """One double for each row of a numeric column; NaN where missing. It may be a view: do not write to it."""
    column = plain(column)
    if types.is_duration(column.type):
        column = column.cast(pa.int64())
    elif types.is_decimal(column.type):
        column = column.cast(pa.float64())
    values: npt.NDArray[Any] = (
        column.chunk(0).to_numpy(zero_copy_only=False) if column.num_chunks == 1 else column.to_numpy()
    )
    return values if values.dtype.str == "<f8" else values.astype(np.float64)


def origin(*columns: pa.ChunkedArray) -> int:
    """What to take from all values of integer columns whose place does not matter: 0, or the least of them.

    Of integers beyond 2^53 that lie close together, doubles would be all the same.
    """
    if not all(types.is_integer(column.type) and column.type.bit_width == 64 for column in columns):
        return 0
    if len({column.type for column in columns}) > 1:
        return 0
    # One value tells of nearly every column that doubles hold it, or that it spreads wider than they round.
    if all(abs(pc.first(column).as_py() or 0) <= EXACT_INTEGERS // 2 for column in columns):
        return 0
    ends = [end for column in columns for end in pc.min_max(column).as_py().values() if end is not None]
    return min(ends) if max(ends) - min(ends) <= EXACT_INTEGERS else 0


def less(column: pa.ChunkedArray, by: int) -> pa.ChunkedArray:
    """The same less an origin; of 0 the same column."""
    return pc.subtract(column, pa.scalar(by, column.type)) if by else column


def near_zero(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """The table with these of its columns less their origins."""
    for name in names:
        if by := origin(table.column(name)):
            table = table.set_column(table.column_names.index(name), name, less(table.column(name), by))
    return table


def blocks(table: pa.Table, names: Sequence[str]) -> Iterator[Doubles]:
    """The columns block of rows after block, as matrices of a row for each column."""
    height = max(LEAST_ROWS, BLOCK_CELLS // max(len(names), 1))
    for start in range(0, table.num_rows, height):
        yield matrix(table.slice(start, height), names)


def matrix(table: pa.Table, names: Sequence[str]) -> Doubles:
    """The columns as a matrix of a row for each."""
    found = np.empty((len(names), table.num_rows))
    for place, name in enumerate(names):
        found[place] = doubles(table.column(name))
    return found


def spread_sample(table: pa.Table, names: Sequence[str]) -> Doubles:
    """At most SAMPLED_ROWS rows from all over the table, as `matrix`."""
    step = -(-table.num_rows // SAMPLED_ROWS) or 1
    if step > 1:
        table = picked(table.select(list(names)), np.arange(0, table.num_rows, step))
    return matrix(table, names)


def drawn(total: int, most: int, seed: int) -> npt.NDArray[np.int64] | None:
    """A random choice of `most` rows, in the table's order; None: all of them."""
    if total <= most:
        return None
    return np.sort(np.random.default_rng(seed).choice(total, most, replace=False))
