"""How the numbers of a column are distributed."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.analyses.figures import ordered
from analyzer.analyses.figures.density import bandwidth, density, peaks
from analyzer.analyses.figures.families import fitted
from analyzer.analyses.figures.moments import moments
from analyzer.analyses.figures.wire import Figures
from analyzer.analyses.notes import Reason, undefined

Array = npt.NDArray[np.float64]

STEPS = 200
MAX_FITTED = 10_000
LEAST_FITTED = 20
MAX_DECIMALS = 6
SURE = 2.0**46
"""Values times their power of ten up to this may be the sum of a few doubles, and a last digit still be told."""
BLOCK = 1 << 16
"""Values looked at for their last digits at once: a column of twenty million would take 1 GB for that."""
NAMES = ("bandwidth", "density", "peaks", "families", "best", "bimodality", "last_digits", "round_share")


def shape(values: Array, bins: int, grid: int, seed: int) -> Figures:
    """The figures of doubles in any order; NaN and ±∞ are left out."""
    line = values[np.isfinite(values)]
    line.sort()
    figures: Figures = {"count": line.size, "missing": values.size - line.size, "notes": {}}
    figures |= {"histogram": None, "ecdf": None, **dict.fromkeys(NAMES)}
    if not line.size:
        return _unknown(figures, ("histogram", "ecdf", *NAMES), "no-values")
    edges = ordered.bin_edges(line, bins)
    figures["histogram"] = {"edges": edges.tolist(), "counts": ordered.bin_counts(line, edges)}
    figures["ecdf"] = _ecdf(line)
    if line[0] == line[-1] or line.size < 2:
        return _unknown(figures, NAMES, "constant" if line.size > 1 else "too-few-values")
    with np.errstate(all="ignore"):
        if not math.isfinite(float(line[-1] - line[0])) or not 1e-150 < float(line.std()) < 1e150:
            return _unknown(figures, NAMES, "overflow")
        return _smooth(_grain(_fit(_humps(figures, line), line, seed), line), line, grid)


def _unknown(figures: Figures, names: tuple[str, ...], reason: Reason) -> Figures:
    figures["notes"] |= {name: undefined(reason) for name in names}
    return figures


def _ecdf(line: Array) -> dict[str, Any]:
    """The share of values up to and with x: at every value, or at STEPS + 1 of them where there are more."""
    points = np.unique(line)
    if points.size > STEPS + 1:
        points = np.unique(line[np.round(np.linspace(0, line.size - 1, STEPS + 1)).astype(np.intp)])
    return {"x": points.tolist(), "share": (np.searchsorted(line, points, "right") / line.size).tolist()}


def _smooth(figures: Figures, line: Array, grid: int) -> Figures:
    width = bandwidth(line)
    points = np.linspace(line[0], line[-1], grid)
    heights = density(line, points, width)
    if not np.isfinite(heights).all():
        return _unknown(figures, ("bandwidth", "density", "peaks"), "overflow")
    return figures | {
        "bandwidth": width,
        "density": {"x": points.tolist(), "y": heights.tolist()},
        "peaks": peaks(points, heights),
    }


def _fit(figures: Figures, line: Array, seed: int) -> Figures:
    if line.size < LEAST_FITTED:
        return _unknown(figures, ("families", "best"), "too-few-values")
    if line.size > MAX_FITTED:
        line = np.sort(np.random.default_rng(seed).choice(line, MAX_FITTED, replace=False))
        note = {"kind": "sample", "n": MAX_FITTED, "seed": seed}
        figures["notes"] |= {"families": note, "best": note}
    found = fitted(line) if line[0] < line[-1] else []
    if not found:
        return _unknown(figures, ("families", "best"), "constant")
    return figures | {"families": found, "best": found[0]["family"]}


def _humps(figures: Figures, line: Array) -> Figures:
    """Sarle's coefficient of bimodality, (G1² + 1) / (G2 + 3(n − 1)² / ((n − 2)(n − 3)))."""
    found, n = moments(line), line.size
    if n < 4 or found["kurtosis"] is None:
        return _unknown(figures, ("bimodality",), "too-few-values" if n < 4 else "overflow")
    below = found["kurtosis"] + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
    return figures | {"bimodality": (found["skewness"] ** 2 + 1) / below}


def _grain(figures: Figures, line: Array) -> Figures:
    """How often each last digit occurs, of values with at most MAX_DECIMALS decimals."""
    largest = float(np.abs(line[[0, -1]]).max())
    for decimals in range(MAX_DECIMALS + 1):
        scale = 10**decimals
        if largest * scale >= 2**53:
            break
        tolerance = 1e-15 * largest if largest * scale < SURE else 0.0
        if (digits := _last_digits(line, scale, tolerance)) is not None:
            return figures | {
                "last_digits": {"decimals": decimals, "counts": digits.tolist()},
                "round_share": int(digits[0] + digits[5]) / line.size,
            }
    return _unknown(figures, ("last_digits", "round_share"), "no-grain")


def _last_digits(line: Array, scale: int, tolerance: float) -> npt.NDArray[np.intp] | None:
    """How often each last digit occurs in the values times a power of ten, if those are whole numbers.

    The values may be so far from the doubles that are read from what is written with these digits.
    """
    counts = np.zeros(10, np.intp)
    for start in range(0, line.size, BLOCK):
        block = line[start : start + BLOCK]
        whole = np.round(block * scale)
        if not (np.abs(whole / scale - block) <= tolerance).all():
            return None
        counts += np.bincount((np.abs(whole) % 10).astype(np.intp), minlength=10)
    return counts
