"""How much a series remembers of itself."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from analyzer.analyses.relations.significance import Z95

Array = npt.NDArray[np.float64]


class LjungBox(NamedTuple):
    """Q over the first `lags` autocorrelations, and its p."""

    statistic: float
    p: float
    lags: int


def autocorrelation(line: Array, lags: int) -> Array:
    """r₀ … of a series that is not constant: Σ (xₜ − x̄)(xₜ₊ₖ − x̄) / Σ (xₜ − x̄)²."""
    centred = line - line.mean()
    products = [centred[lag:] @ centred[: centred.size - lag] for lag in range(lags + 1)]
    r: Array = np.array(products) / products[0]
    return r


def bartlett(r: Array, n: int) -> Array:
    """How far each r may be from 0 by chance in 95 of 100 cases, if those at shorter lags are real (Bartlett 1946)."""
    variance = np.full(r.size, 1 / n)
    variance[0] = 0.0
    variance[2:] *= 1 + 2 * np.cumsum(r[1:-1] ** 2)
    bounds: Array = Z95 * np.sqrt(variance)
    return bounds


def partial(r: Array) -> Array:
    """The partial autocorrelations of these r, by Levinson's and Durbin's recursion (1960)."""
    found = np.ones(r.size)
    weights = np.zeros(0)
    left = 1.0
    for lag in range(1, r.size):
        found[lag] = (r[lag] - weights @ r[lag - 1 : 0 : -1]) / left if left > 0 else 0.0
        weights = np.append(weights - found[lag] * weights[::-1], found[lag])
        left *= 1 - found[lag] ** 2
    return found


def ljung_box(r: Array, n: int, lags: int) -> LjungBox:
    """Ljung and Box 1978: n (n + 2) Σ rₖ² / (n − k), by χ² with `lags` degrees of freedom."""
    statistic = float(n * (n + 2) * np.sum(r[1 : lags + 1] ** 2 / (n - np.arange(1, lags + 1))))
    return LjungBox(statistic, float(chdtrc(lags, statistic)), lags)
