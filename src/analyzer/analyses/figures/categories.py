"""The figures of text, binary and boolean columns, from a dictionary of their values."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from analyzer.analyses.figures.hashing import repeated, text_hashes
from analyzer.analyses.figures.wire import Figures, shortened

Array = npt.NDArray[Any]

TEXT_DISTINCT = 50
TEXT_SHARE = 0.5
"""More distinct values than the first, and more of the present ones than the second, make a column text."""


SAMPLED = 1_000
PROBED = 5_000
"""So many values from the start tell whether most of them are distinct."""

BLOCK = 1 << 20
"""So many lengths are counted at once."""

HASHED_BYTES = 64
"""Texts up to this length are told apart by hashes first, where most of them are distinct."""


class Counted(NamedTuple):
    """The distinct values of a column, in order of appearance, and how often each occurs. No nulls."""

    values: pa.Array
    counts: Array


def is_binary(kind: pa.DataType) -> bool:
    """Whether values of this type are bytes rather than text."""
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind))


def counted(column: pa.ChunkedArray) -> Counted:
    """Counts a column's values, leaving out nulls."""
    if _mostly_distinct(column):
        key = text_hashes(column, HASHED_BYTES)
        if key is not None:
            suspects = repeated(key)
            del key  # before the values are copied: of many millions it is as large as they are
            return _with_few_repeated(column, suspects)
    return _tabled(column)


def _tabled(column: pa.ChunkedArray) -> Counted:
    table = pc.value_counts(column)
    values, counts = table.field("values"), table.field("counts").to_numpy()
    if column.null_count:
        present = values.is_valid()
        values, counts = values.filter(present), counts[present.to_numpy(zero_copy_only=False)]
    return Counted(values, counts)


def _mostly_distinct(column: pa.ChunkedArray) -> bool:
    """Whether the first values of a long column of text differ so much that a table of values would hold them all."""
    if len(column) < 10 * PROBED or types.is_fixed_size_binary(column.type) or types.is_decimal(column.type):
        return False
    probe = column.slice(0, PROBED).drop_null()
    return len(pc.unique(probe)) > 0.9 * len(probe)


def _with_few_repeated(column: pa.ChunkedArray, suspects: Array) -> Counted:
    """The same where only these of the present values can occur more than once.

    What is kept is picked from the column itself, so that it is copied as seldom as can be.
    """
    if not suspects.size:
        values = pa.chunked_array([column.drop_null().combine_chunks()]).chunk(0)
        return Counted(values, np.ones(len(values), dtype=np.int64))
    valid = column.is_valid().to_numpy()
    counts = np.ones(len(column) - column.null_count, dtype=np.int64)
    marked = np.zeros(counts.size, dtype=bool)
    marked[suspects] = True
    encoded = column.filter(pa.array(_among(valid, marked))).dictionary_encode()
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in encoded.chunks])
    first = np.unique(codes, return_index=True)[1]
    counts[suspects] = 0
    counts[suspects[first]] = np.bincount(codes)
    once = counts > 0
    values = column.filter(pa.array(_among(valid, once))).combine_chunks()
    return Counted(pa.chunked_array([values]).chunk(0), counts[once])


def _among(valid: Array, marked: Array) -> Array:
    """A mask over the present values as one over all rows."""
    rows = valid.copy()
    rows[valid] = marked
    return rows


def summary(levels: Counted, missing: int, top: int) -> Figures:
    """Every figure of a string or binary column. Without any value, only `count` and `missing` are there."""
    values, counts = levels
    figures: Figures = {"count": int(counts.sum()), "missing": missing, "notes": {}}
    if not figures["count"]:
        return figures
    leading = most_frequent(values, counts, top)
    return figures | {
        "distinct": len(values),
        "top": leading,
        "mode_share": leading[0]["count"] / figures["count"],
        **diversity(counts),
        "lengths": _lengths(values, counts),
    }


def kind_of(distinct: int, count: int) -> str:
    """Whether so many distinct values are categories, or rather text: prose, names, numbers of things."""
    return "text" if distinct > TEXT_DISTINCT and distinct > TEXT_SHARE * count else "categorical"


def most_frequent(values: pa.Array, counts: Array, most: int) -> list[dict[str, Any]]:
    """The most frequent values with their counts: by falling count, then by rising value."""
    if counts.size > most:
        least = int(np.partition(counts, counts.size - most)[counts.size - most])
        surely, ties = np.flatnonzero(counts > least), np.flatnonzero(counts == least)
        ties = _smallest(values, ties, most - surely.size)
        kept = np.concatenate((surely, ties))
        values, counts = values.take(pa.array(kept)), counts[kept]
    pairs = sorted(zip(counts.tolist(), values.to_pylist(), strict=True), key=lambda pair: (-pair[0], pair[1]))
    return [{"value": _shown(value), "count": count} for count, value in pairs]


def _smallest(values: pa.Array, among: Array, most: int) -> Array:
    """The places of the smallest values, `most` of them, among these places."""
    if among.size <= most:
        return among
    tied = values if among.size == len(values) else values.take(pa.array(among))
    if among.size > 100 * SAMPLED:
        # A value that 2 % of a sample lie below leaves few to be put in order, which is dearer than to compare.
        sample = tied.take(pa.array(np.arange(0, among.size, among.size // SAMPLED)))
        bound = sample.take(pc.sort_indices(sample))[SAMPLED // 50]
        low = np.flatnonzero(pc.less_equal(tied, bound).to_numpy(zero_copy_only=False))
        if most <= low.size < among.size:
            return _smallest(values, among[low], most)
    places = pc.select_k_unstable(pa.table({"value": tied}), most, [("value", "ascending")])
    chosen: Array = among[places.to_numpy()]
    return chosen


def _shown(value: str | bytes | bool) -> str | bool:
    if isinstance(value, bytes):
        return shortened("0x" + value[:256].hex())
    return shortened(value) if isinstance(value, str) else value


def diversity(counts: Array) -> Figures:
    """Shannon's entropy in bits, 1 − Σp² (Gini), and 1 − H / log₂ k, which is 0 for a single value."""
    sizes, times = _multiplicities(counts)
    p = sizes / counts.sum()
    entropy = max(0.0, -float(np.dot(p * times, np.log2(p))))
    return {
        "entropy": entropy,
        "gini": max(0.0, 1.0 - float(np.dot(p * times, p))),
        "imbalance": max(0.0, 1.0 - entropy / math.log2(counts.size)) if counts.size > 1 else 0.0,
    }


def _multiplicities(counts: Array) -> tuple[Array, Array]:
    """Every count that there is, and how often: of a million values that occur once, one logarithm is enough."""
    if counts.size < 1_000 or counts.max() > counts.size:
        return counts, np.ones(counts.size, dtype=np.int64)
    times = np.bincount(counts)
    sizes = np.flatnonzero(times)
    return sizes, times[sizes]


def _lengths(values: pa.Array, counts: Array) -> dict[str, Any]:
    """Lengths over all present values: in characters (code points) for text, in bytes for binary."""
    sizes, below, summed = _by_length(_sizes(values), counts)
    total = int(below[-1])
    middle = [int(sizes[below.searchsorted(rank, side="right")]) for rank in ((total - 1) // 2, total // 2)]
    return {"min": int(sizes[0]), "max": int(sizes[-1]), "mean": summed / total, "median": sum(middle) / 2}


def _sizes(values: pa.Array) -> Array:
    """How long each value is."""
    in_bytes = is_binary(values.type) or not _beyond_ascii(values)
    sizes: Array = (pc.binary_length(values) if in_bytes else pc.utf8_length(values)).to_numpy()
    return sizes


def _beyond_ascii(values: pa.Array) -> bool:
    """Whether the buffer that holds the values, and maybe others, has a byte of a longer character."""
    text = values.buffers()[2]
    return text is not None and text.size > 0 and bool(np.frombuffer(text, np.uint8).max() >= 0x80)


def _by_length(lengths: Array, counts: Array) -> tuple[Array, Array, int]:
    """The lengths in ascending order, how many values are at most that long, and the sum of all lengths."""
    longest = int(lengths.max())
    if int(lengths.min()) == longest:
        total = counts.sum(keepdims=True)
        return lengths[:1].astype(np.int64), total, longest * int(total[0])
    if longest < min(2 * lengths.size, BLOCK):  # counted rather than sorted
        often = np.zeros(longest + 1, dtype=np.int64)
        for start in range(0, lengths.size, BLOCK):  # of both numpy makes wider copies
            block = slice(start, start + BLOCK)
            often += np.bincount(lengths[block], counts[block], longest + 1).astype(np.int64)
        sizes = np.flatnonzero(often)
        often = often[sizes]
    else:
        order = np.argsort(lengths, kind="stable")
        sizes, often = lengths[order].astype(np.int64), counts[order]
    return sizes, np.cumsum(often), int(np.dot(sizes, often))


def boolean_summary(column: pa.ChunkedArray) -> Figures:
    """Every figure of a boolean column. Without any value, only `count` and `missing` are there."""
    missing = column.null_count
    count = len(column) - missing
    figures: Figures = {"count": count, "missing": missing, "notes": {}}
    if not count:
        return figures
    true = pc.sum(column).as_py()
    present = np.array([n for n in (true, count - true) if n])
    return figures | {
        "true": true,
        "false": count - true,
        "share": true / count,
        "distinct": present.size,
        **diversity(present),
    }
