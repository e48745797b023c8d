"""What two columns of the same name have to be compared by: their numbers, or how often each value occurs."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from analyzer.analyses.figures import categories
from analyzer.analyses.figures.columns import plain
from analyzer.analyses.relations.table import doubles

Doubles = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class Numbers(NamedTuple):
    """The finite numbers of both, sorted."""

    reference: Doubles
    current: Doubles


class Levels(NamedTuple):
    """How often each value occurs in both. No value is in neither."""

    values: pa.Array
    reference: Counts
    current: Counts


def numbers(reference: pa.ChunkedArray, current: pa.ChunkedArray) -> Numbers:
    """Of two numeric columns."""
    return Numbers(_finite(doubles(reference)), _finite(doubles(current)))


def lengths(reference: pa.ChunkedArray, current: pa.ChunkedArray) -> Numbers:
    """Of two text columns: how many characters each value has; of binary ones, how many bytes."""
    return Numbers(_lengths(reference), _lengths(current))


def levels(reference: pa.ChunkedArray, current: pa.ChunkedArray) -> Levels:
    """Of two columns of text, bytes or truth values."""
    before, after = (categories.counted(_comparable(column)) for column in (reference, current))
    places = pc.index_in(after.values, value_set=before.values)
    known = places.is_valid().to_numpy(zero_copy_only=False)
    counts = np.zeros(len(before.values) + int(np.count_nonzero(~known)), dtype=np.int64)
    counts[places.drop_null().to_numpy()] = after.counts[known]
    counts[len(before.values) :] = after.counts[~known]
    values = pa.concat_arrays([before.values, after.values.filter(pa.array(~known))])
    return Levels(values, np.pad(before.counts.astype(np.int64), (0, counts.size - before.counts.size)), counts)


def few_levels(found: Numbers, most: int) -> Levels | None:
    """The same counted by value, where there are `most` distinct ones at most."""
    sides = [line[np.append(True, line[1:] != line[:-1])] if line.size else line for line in found]
    if max(side.size for side in sides) > most:
        return None
    values = np.union1d(*sides)
    return counted(found, values) if values.size <= most else None


def counted(found: Numbers, values: Doubles) -> Levels:
    """How often each of these values occurs."""
    counts = [
        (line.searchsorted(values, "right") - line.searchsorted(values, "left")).astype(np.int64) for line in found
    ]
    return Levels(pa.array(values), *counts)


def _finite(values: Doubles) -> Doubles:
    return np.sort(values[np.isfinite(values)])


def _lengths(column: pa.ChunkedArray) -> Doubles:
    column = plain(column).drop_null()
    sizes = pc.binary_length(column) if categories.is_binary(column.type) else pc.utf8_length(column)
    return np.sort(sizes.to_numpy().astype(np.float64))


def _comparable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text and bytes of any width as one type, so that values of two files can be found in each other."""
    column = plain(column)
    if types.is_boolean(column.type):
        return column
    return column.cast(pa.large_binary() if categories.is_binary(column.type) else pa.large_string())
