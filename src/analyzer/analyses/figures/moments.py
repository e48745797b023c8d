"""Sum, mean, variance and what is made of them, in two passes over the deviations."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from analyzer.analyses.figures.wire import Figures, number, settle, unknown
from analyzer.analyses.notes import undefined

Array = npt.NDArray[Any]

NAMES = ("sum", "mean", "std", "variance", "sem", "ci95", "cv", "skewness", "kurtosis")
LOW_HALF = 0xFFFFFFFF
FEW = 64
BLOCK = 1 << 13
"""Values worked on at once: few enough for the processor's cache, and for BLAS not to start threads."""


class Powers(NamedTuple):
    """Σd², Σd³ and Σd⁴ of the deviations d from the mean, in units of `scale`, which keeps them from overflowing."""

    second: float
    third: float
    fourth: float
    scale: float


def moments(ordered: Array) -> Figures:
    """The figures in NAMES of sorted finite values, at least one of them."""
    n = ordered.size
    if ordered.dtype.kind == "f":
        total, mean, powers = _of_floats(ordered)
    else:
        total, mean, powers = _of_integers(ordered)
    figures: Figures = {"sum": number(total), "mean": mean, "notes": {}}
    if n < 2:
        alone = unknown(NAMES[2:], "too-few-values")
        return figures | alone
    std = math.sqrt(powers.second / (n - 1)) * powers.scale
    sem = std / math.sqrt(n)
    figures |= {"std": std, "variance": powers.second / (n - 1) * powers.scale * powers.scale, "sem": sem}
    figures["ci95"] = _interval(mean, sem, n, figures)
    figures["cv"] = std / mean if mean else None
    if not mean:
        figures["notes"]["cv"] = undefined("zero-mean")
    return settle(_shape(n, powers, figures), "overflow")


def _interval(mean: float, sem: float, n: int, figures: Figures) -> list[float] | None:
    """Mean ± t₀.₉₇₅ · sem with n − 1 degrees of freedom (Student 1908)."""
    half = float(stdtrit(n - 1, 0.975)) * sem
    if math.isfinite(mean - half) and math.isfinite(mean + half):
        return [mean - half, mean + half]
    figures["notes"]["ci95"] = undefined("overflow")
    return None


def _shape(n: int, powers: Powers, figures: Figures) -> Figures:
    """Adds G1 and G2 of Joanes and Gill 1998, null for a constant: nothing can be said of the shape of a point."""
    second, third, fourth, _ = powers
    figures["skewness"] = figures["kurtosis"] = None
    for name, least in (("skewness", 3), ("kurtosis", 4)):
        if n < least or not second:
            figures["notes"][name] = undefined("too-few-values" if n < least else "constant")
    if n >= 3 and second:
        figures["skewness"] = n * math.sqrt(n - 1) / (n - 2) * third / second**1.5
    if n >= 4 and second:
        room = (n - 2) * (n - 3)
        figures["kurtosis"] = n * (n + 1) * (n - 1) / room * fourth / second**2 - 3 * (n - 1) ** 2 / room
    return figures


def _of_floats(ordered: Array) -> tuple[float, float, Powers]:
    """Sum, mean and powers. Values near the ends of the double range are brought to its middle first."""
    n = ordered.size
    largest = max(abs(ordered.item(0)), abs(ordered.item(-1)))
    unit = 1.0
    if largest > 1e150:
        unit = 2.0**600
    elif 0 < largest < 1e-150:
        unit = 2.0**-600
    if unit != 1.0:
        ordered = ordered / unit
    low, high = ordered.item(0), ordered.item(-1)
    if low == high:  # a rounded sum must not give a constant a spread
        return low * n * unit, low * unit, Powers(0.0, 0.0, 0.0, 1.0)
    total = float(ordered.sum())
    mean = total / n
    powers, rest = _powers(ordered, mean, high - low)
    return total * unit, (mean + rest) * unit, powers._replace(scale=powers.scale * unit)


def _of_integers(ordered: Array) -> tuple[int, float, Powers]:
    """The exact sum, the correctly rounded mean, and the powers of deviations taken before any rounding."""
    n, extent = ordered.size, ordered.item(-1) - ordered.item(0)
    total = exact_sum(ordered)
    pivot = total // n
    if extent >= 2**63:
        return total, total / n, _powers(ordered.astype(np.float64), total / n, extent)[0]
    shifted = (ordered - ordered.dtype.type(pivot)).view(np.int64)
    return total, total / n, _powers(shifted, (total - pivot * n) / n, extent)[0]


def exact_sum(ordered: Array) -> int:
    """The sum as a Python integer; in pieces, or in two halves, where 64 bits might not hold it."""
    room = (2**63 - 1) // max(abs(ordered.item(0)), abs(ordered.item(-1)), 1)
    if room >= ordered.size:
        return int(ordered.sum(dtype=ordered.dtype))
    if room >= FEW:  # values that 64 bits hold the sum of
        room = min(room, BLOCK)
        whole = ordered.size // room * room
        sums = [*ordered[:whole].reshape(-1, room).sum(axis=1, dtype=ordered.dtype).tolist(), *ordered[whole:].tolist()]
        return sum(sums)
    high, low = ordered >> ordered.dtype.type(32), ordered & ordered.dtype.type(LOW_HALF)
    return (int(high.sum(dtype=ordered.dtype)) << 32) + int(low.sum(dtype=ordered.dtype))


def _powers(values: Array, mean: float, extent: float) -> tuple[Powers, float]:
    """The powers about the true mean, and how far above `mean` that lies (corrected two-pass algorithm)."""
    scale = 1.0
    if not 1e-60 < extent < 1e60 and extent:
        scale = math.ldexp(1.0, math.frexp(extent)[1] - 2)
    first = second = third = fourth = 0.0
    for start in range(0, values.size, BLOCK):
        deviations = values[start : start + BLOCK] - mean
        if scale != 1.0:
            deviations /= scale
        squares = deviations * deviations
        first += float(deviations.sum())
        second += float(squares.sum())
        third += float(np.dot(squares, deviations))
        fourth += float(np.dot(squares, squares))
    n = values.size
    rest = first / n  # what rounding left of the mean; the powers move with it by the binomial theorem
    fourth += -4 * rest * third + 6 * rest**2 * second - 3 * n * rest**4
    third += -3 * rest * second + 2 * n * rest**3
    second -= n * rest**2
    return Powers(max(second, 0.0), third, max(fourth, 0.0), scale), rest * scale
