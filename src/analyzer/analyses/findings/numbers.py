"""Issues that numeric columns can have."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.analyses.findings.codes import Issue
from analyzer.analyses.findings.look import Look

Array = npt.NDArray[Any]

COUNTED = 2.0**53  # below it, doubles know every whole number

PLACEHOLDERS = (-99999, -9999, -999, -99, 999, 9999, 99999, 999999)


def issues(look: Look) -> Iterator[Issue]:
    """Signs, shape, outliers, order, and placeholders."""
    with np.errstate(invalid="ignore", over="ignore"):
        yield from _signs(look)
        yield from _shape(look)
        yield from _normality(look)
        yield from _grain(look)
        yield from _outliers(look)
        mask = placeholders(look)
        if mask.any():
            yield look.counted_issue("disguised_missing", int(mask.sum()), mask)
    yield from order(look)


def order(look: Look) -> Iterator[Issue]:
    """Whether the values only rise or only fall."""
    direction = look.figures["monotonicity"]
    for code, word in (("monotonic_increasing", "increasing"), ("monotonic_decreasing", "decreasing")):
        if direction.endswith(word):
            yield look.issue(code, message=f"The values are {direction}.")


def _signs(look: Look) -> Iterator[Issue]:
    figures, limits, count = look.figures, look.limits, look.figures["count"]
    if figures["zeros"] / count > limits.zeros:
        yield look.counted_issue("zeros", figures["zeros"], look.numbers == 0)
    if figures["zeros"] / count >= limits.zero_inflated:
        yield look.counted_issue("zero_inflated", figures["zeros"], look.numbers == 0)
    if figures["negatives"] / count > limits.negatives:
        yield look.counted_issue("negatives", figures["negatives"], look.numbers < 0)
    if not figures["negatives"] and not figures["zeros"]:
        yield look.issue("positive_only", n=count)
    if figures["infinities"] / count > limits.infinite:
        yield look.counted_issue("infinite", figures["infinities"], np.isinf(look.numbers))


def _shape(look: Look) -> Iterator[Issue]:
    skewness, kurtosis, limits = look.figures["skewness"], look.figures["kurtosis"], look.limits
    if skewness is not None and abs(skewness) > limits.skewed:
        yield look.issue("skewed", value=skewness)
    if skewness is not None and abs(skewness) > limits.skewed_side:
        yield look.issue("skewed_right" if skewness > 0 else "skewed_left", value=skewness)
    if kurtosis is not None and kurtosis > limits.heavy_tailed:
        yield look.issue("heavy_tailed", value=kurtosis)
    coefficient = bimodality(look)
    if coefficient > limits.bimodality:
        yield look.issue("bimodal", value=coefficient)
    low, high = look.figures["min"], look.figures["max"]
    if low is not None and high is not None and float(low) > 0 and float(high) / float(low) >= limits.log_scale:
        yield look.issue("log_scale", value=min(float(high) / float(low), 1e308))


def bimodality(look: Look) -> float:
    """Sarle's coefficient (G1² + 1) / (G2 + 3(n−1)² / ((n−2)(n−3))); 0 for a tail or a few steps, which it mistakes
    for humps.
    """
    n, skewness, kurtosis = look.figures["count"], look.figures["skewness"], look.figures["kurtosis"]
    if kurtosis is None or n < 20 or abs(skewness) > 1 or look.figures["distinct"] <= look.limits.discrete:
        return 0.0
    return float((skewness**2 + 1) / (kurtosis + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))))


def _normality(look: Look) -> Iterator[Issue]:
    p = normality(look)
    if p is None:
        return
    if p > look.limits.normal:
        yield look.issue("normal", value=p)
    if p <= look.limits.not_normal:
        yield look.issue("not_normal", value=p)


def normality(look: Look) -> float | None:
    """p of the omnibus test of D'Agostino and Pearson 1973; None below 20 values, for constants and with infinities."""
    n, skewness, kurtosis = look.figures["count"], look.figures["skewness"], look.figures["kurtosis"]
    if n < 20 or kurtosis is None:
        return None
    g1 = skewness * (n - 2) / math.sqrt(n * (n - 1))
    g2 = kurtosis * (n - 2) * (n - 3) / (n - 1) / (n + 1) - 6 / (n + 1)
    return math.exp(-0.5 * (_z_of_skewness(g1, n) ** 2 + _z_of_kurtosis(g2, n) ** 2))


def _z_of_skewness(g1: float, n: int) -> float:
    """D'Agostino 1970: nearly standard normal for normal data."""
    y = g1 * math.sqrt((n + 1) * (n + 3) / (6.0 * (n - 2)))
    beta = 3.0 * (n**2 + 27 * n - 70) * (n + 1) * (n + 3) / ((n - 2.0) * (n + 5) * (n + 7) * (n + 9))
    w2 = -1 + math.sqrt(2 * (beta - 1))
    return math.asinh(y / math.sqrt(2.0 / (w2 - 1))) / math.sqrt(0.5 * math.log(w2))


def _z_of_kurtosis(g2: float, n: int) -> float:
    """Anscombe and Glynn 1983: nearly standard normal for normal data."""
    expected = -6.0 / (n + 1)
    variance = 24.0 * n * (n - 2) * (n - 3) / ((n + 1) ** 2 * (n + 3) * (n + 5))
    x = (g2 - expected) / math.sqrt(variance)
    beta = (
        6.0 * (n * n - 5 * n + 2) / ((n + 7) * (n + 9)) * math.sqrt(6.0 * (n + 3) * (n + 5) / (n * (n - 2) * (n - 3)))
    )
    a = 6.0 + 8.0 / beta * (2.0 / beta + math.sqrt(1 + 4.0 / beta**2))
    inner = 1 + x * math.sqrt(2 / (a - 4.0))
    term = math.copysign(abs((1 - 2.0 / a) / inner) ** (1 / 3), inner) if inner else 0.0
    return (1 - 2 / (9.0 * a) - term) / math.sqrt(2 / (9.0 * a))


def _grain(look: Look) -> Iterator[Issue]:
    """Few distinct whole numbers, or too many round ones."""
    figures, limits = look.figures, look.limits
    extent = figures["range"]
    if extent is None:
        return
    values = look.numbers
    present = values[~np.isnan(values)]
    few = 1 < figures["distinct"] <= limits.discrete and figures["count"] >= 10 * figures["distinct"]
    if few and (present == np.floor(present)).all():
        yield look.issue("discrete", n=figures["distinct"])
    if float(extent) >= 100 and figures["distinct"] >= 20:
        round_ones = _multiples_of_ten(values, look) & (values != 0)  # a zero says that there is nothing
        n = int(np.count_nonzero(round_ones))
        if n / figures["count"] > limits.heaping:
            yield look.counted_issue("heaping", n, round_ones)


def _multiples_of_ten(values: Array, look: Look) -> Array:
    """Which values are; a remainder takes ten times as long as what tells as much of numbers that doubles count."""
    low, high = look.figures["min"], look.figures["max"]
    if low is None or high is None or max(abs(float(low)), abs(float(high))) >= COUNTED:
        multiples: Array = values % 10 == 0
    else:
        multiples = np.rint(values / 10) * 10 == values
    return multiples


def _outliers(look: Look) -> Iterator[Issue]:
    low, high, iqr = look.figures["q25"], look.figures["q75"], look.figures["iqr"]
    if not iqr:
        return
    outside = (look.numbers < low - 1.5 * iqr) | (look.numbers > high + 1.5 * iqr)
    n = int(np.count_nonzero(outside))
    for code, limit in (("outliers", look.limits.outliers), ("many_outliers", look.limits.many_outliers)):
        if n / look.figures["count"] > limit:
            yield look.counted_issue(code, n, outside)


def placeholders(look: Look) -> Array:
    """Which rows hold a number like -999: repeated, at an end of the range, and three IQRs beyond the quartiles."""
    low, high, iqr = look.figures["q25"], look.figures["q75"], look.figures["iqr"]
    mask = np.zeros(len(look.column), dtype=bool)
    if iqr is None:
        return mask
    for suspect in PLACEHOLDERS:
        apart = suspect < low - 3 * iqr or suspect > high + 3 * iqr
        if apart and str(suspect) in (_digits(look.figures["min"]), _digits(look.figures["max"])):
            hits = look.numbers == suspect
            if np.count_nonzero(hits) > 1:
                mask |= hits
    return mask


def _digits(value: float | str | None) -> str:
    return f"{float(value):.0f}" if value is not None else ""


def doubles(column: pa.ChunkedArray) -> Array:
    """One double for each row of a plain numeric column; NaN where missing or infinite."""
    if pa.types.is_duration(column.type):
        column = column.cast(pa.int64())
    values = column.cast(pa.float64(), safe=False).to_numpy()
    finite: Array = np.where(np.isfinite(values), values, np.nan)
    return finite
