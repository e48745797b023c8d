"""A stretch of a table's rows in some order, found without sorting the others.

A grid shows a hundred rows out of millions. A sample of the cells tells between which values these rows must lie, a
pass over the column finds the few that do, and only those are sorted; rows that are equal in the column are told apart
by the next one. It is the selection of Floyd and Rivest (1975), done for whole columns.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.models import Order
from analyzer.picking import picked

SORTED_AT_ONCE = 20_000
"""So many rows are sorted faster than they are told apart."""

SAMPLE_ROWS = 4_096
MARGIN = 1.5 / SAMPLE_ROWS**0.5
"""How far, as a share of all, a place in the sample may be off: three times the standard error of the median's."""


def ordered(table: pa.Table, numbers: np.ndarray | None, orders: Sequence[Order], start: int, stop: int) -> np.ndarray:
    """The numbers of the rows from `start` to before `stop` in this order: of all rows, or of these, which ascend.

    Equal rows keep the order of the table. NaN comes after all values and missing cells come last, either way.
    """
    rows = table.num_rows if numbers is None else len(numbers)
    if not orders:
        stretch = slice(start, min(stop, rows))
        return np.arange(stretch.start, stretch.stop) if numbers is None else numbers[stretch]
    if rows <= SORTED_AT_ONCE:
        return _sorted(table, numbers, orders)[start:stop]
    found = [np.empty(0, np.int64)]
    for belongs, tied in _groups(_cells(table, numbers, orders[0]), orders[0], start, stop):
        count = pc.sum(belongs).as_py() or 0
        first, last = max(start, 0), min(stop, count)
        if first < last:
            places = np.flatnonzero(belongs)
            group = places if numbers is None else numbers[places]
            if not tied and count > rows // 2:  # the sample has told nothing
                found.append(_sorted(table, group, orders)[first:last])
            else:
                found.append(ordered(table, group, orders[1:] if tied else orders, first, last))
        start, stop = start - count, stop - count
        if stop <= 0:
            break
    return np.concatenate(found)


def _cells(table: pa.Table, numbers: np.ndarray | None, order: Order) -> pa.ChunkedArray:
    column = table.select([order.column])
    return (column if numbers is None else picked(column, numbers)).column(0)


def _groups(cells: pa.ChunkedArray, order: Order, start: int, stop: int) -> Iterator[tuple[pa.ChunkedArray, bool]]:
    """Masks of groups of cells, in the order of the groups, each cell in one; and whether a group's cells are equal.

    They are such that the cells from `start` to before `stop` are probably in small groups.
    """
    nan = pc.is_nan(cells).fill_null(False) if pa.types.is_floating(cells.type) else None
    known = cells.is_valid() if nan is None else pc.and_not(cells.is_valid(), nan)
    count = pc.sum(known).as_py() or 0
    if start < count:
        yield from _groups_of_values(cells, known, order.descending, start / count, stop / count)
    else:
        yield known, False
    if nan is not None:
        yield nan, True
    yield cells.is_null(), True


def _groups_of_values(
    cells: pa.ChunkedArray, known: pa.ChunkedArray, descending: bool, start: float, stop: float
) -> Iterator[tuple[pa.ChunkedArray, bool]]:
    """The groups of those that hold values; `start` and `stop` are shares of these."""
    before = pc.greater if descending else pc.less
    sample = _sample(cells, known, descending)
    low, high = int((start - MARGIN) * len(sample)), int((stop + MARGIN) * len(sample)) + 1
    rest = known
    for place in (low, high):
        if 0 < place < len(sample):
            nearer = pc.and_(rest, before(cells, sample[place]).fill_null(False))
            yield nearer, False
            equal = pc.and_(rest, pc.equal(cells, sample[place]).fill_null(False))
            yield equal, True
            rest = pc.and_not(rest, pc.or_(nearer, equal))
    yield rest, False


def _sample(cells: pa.ChunkedArray, known: pa.ChunkedArray, descending: bool) -> pa.Array:
    """Cells taken at random among those that hold values, in their order. Always the same ones of the same cells."""
    count = pc.sum(known).as_py()
    chosen = np.random.default_rng(count).integers(0, count, SAMPLE_ROWS)
    chosen.sort()
    if count < len(known):
        chosen = np.flatnonzero(known)[chosen]
    sample = picked(pa.table({"": cells}), chosen).column(0).combine_chunks()
    return sample.sort("descending" if descending else "ascending")


def _sorted(table: pa.Table, numbers: np.ndarray | None, orders: Sequence[Order]) -> np.ndarray:
    keyed = table.select([order.column for order in orders])
    if numbers is not None:
        keyed = picked(keyed, numbers)
    names = [str(place) for place in range(len(orders))]  # one column may be named twice
    keys = [
        (name, "descending" if order.descending else "ascending") for name, order in zip(names, orders, strict=True)
    ]
    keyed = keyed.rename_columns(names).combine_chunks()
    places: np.ndarray = pc.sort_indices(keyed, sort_keys=keys).to_numpy().astype(np.int64)
    return places if numbers is None else numbers[places]
