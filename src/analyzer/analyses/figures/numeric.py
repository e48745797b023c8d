"""The figures of a numeric column, from one sort."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.analyses.figures import ordered as sorting
from analyzer.analyses.figures.moments import NAMES, moments
from analyzer.analyses.figures.wire import Figures, number, settle, unknown
from analyzer.analyses.notes import Reason, undefined

Array = npt.NDArray[Any]

QUANTILES = {"q01": 0.01, "q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95, "q99": 0.99}


def summary(values: Array, missing: int, bins: int) -> Figures:
    """Every figure of int64, uint64 or float64 values in the table's order. NaN counts as missing.

    `bins` is the most the histogram may have. Without any value, only `count` and `missing` are there.
    """
    with np.errstate(all="ignore"):
        line = sorting.in_order(values)
        if line.size and line.dtype.kind == "f" and math.isnan(line.item(-1)):
            line = line[: int(np.searchsorted(line, np.nan))]
            missing += values.size - line.size
        if not line.size:
            return {"count": 0, "missing": missing, "notes": {}}
        return {"count": line.size, "missing": missing} | _figures(values, line, bins)


def _figures(given: Array, line: Array, bins: int) -> Figures:
    low, high = line.item(0), line.item(-1)
    finite = _finite(line, low, high)
    figures = _order(line, low, high)
    notes = figures["notes"]
    start, stop = (int(place) for place in (line.searchsorted(0, "left"), line.searchsorted(0, "right")))
    distinct, modes = sorting.distinct_and_modes(line)
    if 0 < finite.size < line.size:  # ±∞ is no mode, however often it occurs
        modes = sorting.distinct_and_modes(finite)[1]
    figures |= {
        "zeros": stop - start,
        "negatives": start,
        "infinities": line.size - finite.size,
        "distinct": distinct,
        "modes": modes,
        "monotonicity": sorting.direction(given, distinct),
        "histogram": _histogram(finite, bins),
    }
    if figures["histogram"] is None:
        notes["histogram"] = undefined("infinite")
    more = moments(line) if finite.size == line.size else unknown(NAMES, "infinite")
    notes |= more.pop("notes")
    return figures | more


def _finite(line: Array, low: float, high: float) -> Array:
    if line.dtype.kind != "f" or (math.isfinite(low) and math.isfinite(high)):
        return line
    return line[int(line.searchsorted(-np.inf, "right")) : int(line.searchsorted(np.inf, "left"))]


def _order(line: Array, low: float, high: float) -> Figures:
    """The order statistics; null where they are ±∞."""
    quantiles = {name: sorting.quantile(line, share) for name, share in QUANTILES.items()}
    spread = {
        "range": high - low,
        "iqr": sorting.iqr(line),
        "mad": sorting.median_distance(line),
        "trimmed_mean": _trimmed_mean(line),
    }
    reason: Reason = "overflow" if math.isfinite(low) and math.isfinite(high) else "infinite"
    figures: Figures = {"min": low, "max": high, **quantiles, **spread}
    settle(figures, reason)
    for name in ("min", "max", "range"):
        if figures[name] is not None:
            figures[name] = number(figures[name])
    return figures


def _trimmed_mean(line: Array) -> float:
    """The mean without the lowest and highest tenth, each ⌊n/10⌋ values."""
    cut = line.size // 10
    kept = line[cut : line.size - cut]
    low, high = kept.item(0), kept.item(-1)
    if low == high:
        return float(low)
    mean = float(kept.mean(dtype=np.float64))
    return mean if math.isfinite(mean) or math.isinf(low) or math.isinf(high) else float((kept / kept.size).sum())


def _histogram(finite: Array, bins: int) -> dict[str, Any] | None:
    if not finite.size:
        return None
    edges = sorting.bin_edges(finite, bins, centred=True)
    return {"edges": edges.tolist(), "counts": sorting.bin_counts(finite, edges)}
