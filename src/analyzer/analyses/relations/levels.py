"""Columns as levels, numbered from 0, and how two of them meet."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.analyses.figures.columns import kind_of, plain
from analyzer.analyses.relations.table import Doubles, doubles, less, origin

Codes = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]
EXPONENT = 1000
"""Of numbers beyond 2 to this power differences overflow; below 2 to its negative what lies between them is lost."""


class Levels(NamedTuple):
    """The level of each row, from 0, `size` where it is missing; and the values where they are numbers."""

    codes: Codes
    size: int
    values: Doubles | None = None


def levels_of(column: pa.ChunkedArray, bins: int, most: int) -> Levels | None:
    """Text and truth values as they are, numbers in bins of equally many; None with no or too many levels."""
    column = plain(column)
    kind = kind_of(column.type)
    if kind in ("numeric", "decimal"):
        values = doubles(less(column, origin(column)))
        return Levels(*_binned(values, bins), values)
    # Where nearly all values differ, the first rows have too many already.
    if kind not in ("categorical", "boolean") or len(column[: 10 * most].drop_null().unique()) > most:
        return None
    chunks = column.dictionary_encode().chunks  # of one dictionary
    count = len(chunks[0].dictionary) if chunks else 0
    if not 0 < count <= most:
        return None
    return Levels(
        np.concatenate([chunk.indices.fill_null(count).to_numpy() for chunk in chunks], dtype=np.int64), count
    )


def _binned(values: Doubles, bins: int) -> tuple[Codes, int]:
    """Bins between the quantiles k / bins (type 7), each up to and with its upper edge; empty ones have no number."""
    finite = np.isfinite(values)
    present = values[finite]
    if not present.size:
        return np.zeros(values.size, dtype=np.int64), 0
    exponent = int(np.frexp(np.abs(present).max())[1])
    if abs(exponent) > EXPONENT:  # a power of two changes no order, and between the values there are doubles again
        present, values = np.ldexp(present, -exponent), np.ldexp(values, -exponent)
    edges = np.unique(np.quantile(present, np.arange(1, bins) / bins))
    codes = np.searchsorted(edges, values, side="left")
    codes[~finite] = edges.size + 1
    held = np.bincount(codes, minlength=edges.size + 2)[:-1] > 0
    count = int(np.count_nonzero(held))
    if count <= edges.size:
        codes = np.append(np.cumsum(held) - 1, count)[codes]
    return codes, count


def crossing(one: Levels, two: Levels) -> Counts:
    """How often each level of one meets each of the other, levels that do not occur left out."""
    across = two.size + 1
    cells = np.bincount(one.codes * across + two.codes, minlength=(one.size + 1) * across)
    table: Any = cells.reshape(one.size + 1, across)[: one.size, : two.size]
    table = table[table.any(axis=1)]
    found: Counts = table[:, table.any(axis=0)]
    return found
