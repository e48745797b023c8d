"""The figures of text, binary and boolean columns, from a dictionary of their values."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from analyzer.analyses.figures.wire import Figures, shortened

Array = npt.NDArray[Any]

TEXT_DISTINCT = 50
TEXT_SHARE = 0.5
"""More distinct values than the first, and more of the present ones than the second, make a column text."""


class Counted(NamedTuple):
    """The distinct values of a column, in order of appearance, and how often each occurs. No nulls."""

    values: pa.Array
    counts: Array


def is_binary(kind: pa.DataType) -> bool:
    """Whether values of this type are bytes rather than text."""
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind))


def counted(column: pa.ChunkedArray) -> Counted:
    """Counts a column's values, leaving out nulls."""
    table = pc.value_counts(column)
    values, counts = table.field("values"), table.field("counts").to_numpy()
    if column.null_count:
        present = values.is_valid()
        values, counts = values.filter(present), counts[present.to_numpy(zero_copy_only=False)]
    return Counted(values, counts)


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
        open_places = most - surely.size
        if ties.size > open_places:
            tied = pa.table({"value": values.take(pa.array(ties)), "place": ties})
            best = pc.select_k_unstable(tied, open_places, [("value", "ascending")])
            ties = ties[best.to_numpy()]
        kept = np.concatenate((surely, ties))
        values, counts = values.take(pa.array(kept)), counts[kept]
    pairs = sorted(zip(counts.tolist(), values.to_pylist(), strict=True), key=lambda pair: (-pair[0], pair[1]))
    return [{"value": _shown(value), "count": count} for count, value in pairs]


def _shown(value: str | bytes | bool) -> str | bool:
    if isinstance(value, bytes):
        return shortened("0x" + value[:256].hex())
    return shortened(value) if isinstance(value, str) else value


def diversity(counts: Array) -> Figures:
    """Shannon's entropy in bits, 1 − Σp² (Gini), and 1 − H / log₂ k, which is 0 for a single value."""
    p = counts / counts.sum()
    entropy = max(0.0, -float(np.dot(p, np.log2(p))))
    return {
        "entropy": entropy,
        "gini": max(0.0, 1.0 - float(np.dot(p, p))),
        "imbalance": max(0.0, 1.0 - entropy / math.log2(counts.size)) if counts.size > 1 else 0.0,
    }


def _lengths(values: pa.Array, counts: Array) -> dict[str, Any]:
    """Lengths over all present values: in characters (code points) for text, in bytes for binary."""
    lengths = (pc.binary_length(values) if is_binary(values.type) else pc.utf8_length(values)).to_numpy()
    order = np.argsort(lengths, kind="stable")
    sizes, below = lengths[order].astype(np.int64), np.cumsum(counts[order])
    total = int(below[-1])
    middle = [int(sizes[below.searchsorted(rank, side="right")]) for rank in ((total - 1) // 2, total // 2)]
    return {
        "min": int(sizes[0]),
        "max": int(sizes[-1]),
        "mean": int(np.dot(sizes, counts[order])) / total,
        "median": sum(middle) / 2,
    }


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
