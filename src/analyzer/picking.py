"""Scattered rows of a stored table, taken out without joining its chunks: Arrow's own `take` would copy every text."""

import numpy as np
import pyarrow as pa


def picked(table: pa.Table, numbers: np.ndarray) -> pa.Table:
    """The rows of these numbers, in their order."""
    if len(numbers) and (numbers[:-1] > numbers[1:]).any():
        ascending, places = np.unique(numbers, return_inverse=True)
        return picked(table, ascending).combine_chunks().take(pa.array(places))
    batches = table.to_batches()
    ends = np.cumsum([batch.num_rows for batch in batches], dtype=np.int64)
    borders = np.searchsorted(numbers, ends)
    pieces, first = [], 0
    for batch, end, last in zip(batches, ends, borders, strict=True):
        if first < last:
            pieces.append(batch.take(pa.array(numbers[first:last] - (end - batch.num_rows))))
        first = last
    return pa.Table.from_batches(pieces, schema=table.schema)


def picked_of(column: pa.ChunkedArray, numbers: np.ndarray) -> pa.ChunkedArray:
    """The values of these rows of a column, in their order."""
    return picked(pa.table({"values": column}), numbers).column(0)
