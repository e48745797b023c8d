"""Little's test of whether values are missing completely at random, with the estimates of an EM algorithm."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from analyzer.analyses.notes import undefined

Array = npt.NDArray[Any]

MAX_COLUMNS = 20
MAX_PATTERNS = 200
MAX_STEPS = 1_000
SETTLED = 1e-9
"""So many columns, and ways in which their values are missing together, are looked at; the estimates have settled when
none changes by more than that many standard deviations in a step, for which so many steps are allowed."""


class Pattern(NamedTuple):
    """The rows in which the same columns are there: which, how many rows, their means, and Σ y yᵀ."""

    there: Array
    n: int
    mean: Array
    products: Array


FIGURES = ("statistic", "df", "p")


def little(values: Array) -> dict[str, Any]:
    """`{statistic, df, p, rows, patterns, steps, notes}` of doubles, NaN where missing; a row for each variable.

    d² = Σⱼ nⱼ (ȳⱼ − μⱼ)ᵀ Σⱼ⁻¹ (ȳⱼ − μⱼ) over the patterns j, with the maximum likelihood estimates of μ and Σ; with
    Σ pⱼ − p degrees of freedom (Little 1988, JASA 83:1198). Rows without any value are left out. Where there is no
    test, the figures are null, and their notes say why.
    """
    bits = _bits(values)
    values = values if bits.all() else values[:, bits != 0]
    with np.errstate(all="ignore"):
        low = np.fmin.reduce(values, axis=1, initial=np.inf)
        spread = np.fmax.reduce(values, axis=1, initial=-np.inf) - low
    kept = (spread > 0) & np.isfinite(spread)
    values, low, spread = values[kept], low[kept, None], spread[kept, None]
    size = values.shape[1] if kept.any() else 0
    found: dict[str, Any] = {"rows": size, "patterns": 0, "steps": 0, "notes": {}}
    if size < 2 or len(values) < 2:
        return found | _none("too-few-values", found)
    bits = _bits(values)
    counts = np.bincount(bits)
    kinds = np.flatnonzero(counts)
    found["patterns"] = kinds.size
    if kinds.tolist() == [(1 << len(values)) - 1]:
        return found | _none("no-missing", found)
    if kinds.size > MAX_PATTERNS:
        return found | _none("too-many-patterns", found)
    values = _standardised((values - low) / spread)  # squares of what is left neither vanish nor overflow
    number = np.zeros(counts.size, dtype=np.uint8)
    number[kinds] = np.arange(kinds.size)
    values = values[:, np.argsort(number[bits], kind="stable")]
    patterns = [_pattern(rows) for rows in np.split(values, np.cumsum(counts[kinds])[:-1], axis=1)]
    try:
        mean, cov, found["steps"] = estimates(patterns, size)
        if found["steps"] == MAX_STEPS:
            return found | _none("no-convergence", found)
        return found | _tested(patterns, mean, cov)
    except np.linalg.LinAlgError:
        return found | _none("singular", found)


def _none(reason: Any, found: dict[str, Any]) -> dict[str, Any]:
    found["notes"] = {name: undefined(reason) for name in FIGURES}
    return dict.fromkeys(FIGURES)


def _bits(values: Array) -> Array:
    """Which variables each row has, as the bits of an integer."""
    bits = np.zeros(values.shape[1], dtype=np.int64)
    for place, line in enumerate(values):
        bits |= (line == line).astype(np.int64) << place
    return bits


def _standardised(values: Array) -> Array:
    """Each variable with mean 0 and standard deviation 1, missing values left out of both."""
    present = values == values
    count = np.count_nonzero(present, axis=1, keepdims=True)
    values = values - np.where(present, values, 0.0).sum(axis=1, keepdims=True) / count
    squares = np.where(present, values * values, 0.0).sum(axis=1, keepdims=True)
    standardised: Array = values / np.sqrt(squares / count)
    return standardised


def _pattern(rows: Array) -> Pattern:
    there = ~np.isnan(rows[:, 0])
    rows = rows[there]
    return Pattern(there, rows.shape[1], rows.mean(axis=1), rows @ rows.T)


def estimates(patterns: Sequence[Pattern], n: int) -> tuple[Array, Array, int]:
    """Mean and covariance of a normal distribution by maximum likelihood, and the steps it took (Dempster, Laird and
    Rubin 1977). Columns are expected to be standardised. Raises LinAlgError where they determine each other.
    """
    size = patterns[0].there.size
    mean, cov = np.zeros(size), np.eye(size)
    for step in range(1, MAX_STEPS + 1):
        total, products = np.zeros(size), np.zeros((size, size))
        for pattern in patterns:
            _expect(pattern, mean, cov, total, products)
        newer = total / n
        spread = products / n - np.outer(newer, newer)
        moved = max(np.abs(newer - mean).max(), np.abs(spread - cov).max())
        mean, cov = newer, spread
        if moved < SETTLED:
            return mean, cov, step
    return mean, cov, MAX_STEPS


def _expect(pattern: Pattern, mean: Array, cov: Array, total: Array, products: Array) -> None:
    """Add the sums that the rows of a pattern have, or are expected to have where values are missing."""
    there, gone = np.flatnonzero(pattern.there), np.flatnonzero(~pattern.there)
    slopes = _solved(cov[np.ix_(there, there)], cov[np.ix_(there, gone)]).T
    level = mean[gone] - slopes @ mean[there]
    summed = pattern.n * pattern.mean
    expected = slopes @ summed
    total[there] += summed
    total[gone] += pattern.n * level + expected
    across = np.outer(level, summed) + slopes @ pattern.products
    products[np.ix_(there, there)] += pattern.products
    products[np.ix_(gone, there)] += across
    products[np.ix_(there, gone)] += across.T
    rest = cov[np.ix_(gone, gone)] - slopes @ cov[np.ix_(there, gone)]
    both = np.outer(level, expected)
    products[np.ix_(gone, gone)] += (
        pattern.n * (rest + np.outer(level, level)) + both + both.T + slopes @ pattern.products @ slopes.T
    )


def _solved(matrix: Array, right: Array) -> Array:
    if np.linalg.cond(matrix) > 1e12:
        raise np.linalg.LinAlgError
    solved: Array = np.linalg.solve(matrix, right)
    return solved


def _tested(patterns: Sequence[Pattern], mean: Array, cov: Array) -> dict[str, Any]:
    statistic, df = 0.0, -mean.size
    for pattern in patterns:
        off = pattern.mean - mean[pattern.there]
        statistic += pattern.n * float(off @ _solved(cov[np.ix_(pattern.there, pattern.there)], off))
        df += int(pattern.there.sum())
    return {"statistic": statistic, "df": df, "p": float(chdtrc(df, statistic))}
