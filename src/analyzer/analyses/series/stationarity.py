"""Does a series wander? Dickey and Fuller's test, and that of Kwiatkowski, Phillips, Schmidt and Shin."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.linalg import qr_multiply, solve_triangular
from scipy.special import ndtr

Array = npt.NDArray[np.float64]

TAU_STAR, TAU_MIN, TAU_MAX = -1.61, -18.83, 2.74
SMALL_P = (0.038269, 1.4412, 2.1659)
LARGE_P = (-0.010368, -0.12745, 0.93202, 1.7339)
"""MacKinnon 1994: p of the test with a constant is Φ of a polynomial in τ, one up to TAU_STAR and one above."""

CRITICAL = {
    "1%": (-79.433, -16.786, -6.5393, -3.43035),
    "5%": (-40.04, -4.234, -2.8903, -2.86154),
    "10%": (0.0, -2.809, -1.5384, -2.56677),
}
"""MacKinnon 2010: critical values as polynomials in 1 / n."""

KPSS_CRITICAL = (0.347, 0.463, 0.574, 0.739)
KPSS_P = (0.10, 0.05, 0.025, 0.01)
"""Table 1 of Kwiatkowski et al. 1992, for a level."""

SINGULAR = 1e-8


class Adf(NamedTuple):
    """τ, its p, how many lags were taken, of how many rows, and the critical values."""

    statistic: float
    p: float
    lags: int
    n: int
    critical: dict[str, float]


class Kpss(NamedTuple):
    """The statistic, its p (from 0.01 to 0.1, as far as the table goes), and how many lags were taken."""

    statistic: float
    p: float
    lags: int


def adf(line: Array) -> Adf | None:
    """The augmented Dickey–Fuller test with a constant; of up to ⌈12 (n / 100)^¼⌉ lags those with the least AIC.

    All numbers of lags are compared on the same rows by one QR decomposition: a model with fewer lags has the first
    columns of the largest one, and what it leaves unexplained stands in the last column of R. None where the columns
    determine each other, or the series itself.
    """
    line = line - line.mean()  # far from zero, the level would be as good as a constant
    n = line.size
    most = min(n // 2 - 2, math.ceil(12 * (n / 100) ** 0.25))
    if most < 0:
        return None
    lags = _least_aic(line, most)
    if lags is None:
        return None
    matrix, wanted = _regression(line, lags)
    rotated, triangle = qr_multiply(matrix, wanted, mode="right")
    if _is_singular(triangle):
        return None
    slopes = solve_triangular(triangle, rotated)
    residuals = wanted - matrix @ slopes
    variance = float(residuals @ residuals) / (wanted.size - matrix.shape[1])
    # The level stands last, so that 1 / R's last diagonal element is the root of its place in (X'X)⁻¹.
    tau = float(slopes[-1] * abs(triangle[-1, -1]) / math.sqrt(variance)) if variance else -math.inf
    if not math.isfinite(tau) or float(residuals @ residuals) < SINGULAR**2 * float(wanted @ wanted):
        return None
    rows = wanted.size
    critical = {name: float(np.polyval(terms, 1 / rows)) for name, terms in CRITICAL.items()}
    return Adf(tau, mackinnon_p(tau), lags, rows, critical)


def _regression(line: Array, lags: int) -> tuple[Array, Array]:
    """Columns 1, Δ of the `lags` rows before, and the level of the row before, last; and Δ, which they explain."""
    steps = np.diff(line)
    wanted = steps[lags:]
    before = [steps[lags - lag : steps.size - lag] for lag in range(1, lags + 1)]
    return np.column_stack((np.ones(wanted.size), *before, line[lags:-1])), wanted


def _least_aic(line: Array, most: int) -> int | None:
    matrix, wanted = _regression(line, most)
    ordered = np.column_stack((matrix[:, 0], matrix[:, -1], matrix[:, 1:-1], wanted))
    triangle: Array = np.asarray(np.linalg.qr(ordered, mode="r"))
    if _is_singular(triangle[:-1, :-1]) or triangle.shape[0] < ordered.shape[1]:
        return None
    left = np.cumsum(triangle[:, -1][::-1] ** 2)[::-1][2:]  # of the models with 2, 3, … columns
    if not left[-1] > SINGULAR**2 * float(wanted @ wanted):
        return None
    aic = wanted.size * np.log(left) + 2 * np.arange(2, left.size + 2)
    return int(aic.argmin())


def _is_singular(triangle: Array) -> bool:
    sizes = np.abs(np.diag(triangle))
    norms = np.sqrt((triangle**2).sum(axis=0))
    return bool((sizes < SINGULAR * norms).any()) or not norms.all()


def mackinnon_p(tau: float) -> float:
    """p of τ with a constant (MacKinnon 1994)."""
    if tau > TAU_MAX:
        return 1.0
    if tau < TAU_MIN:
        return 0.0
    return float(ndtr(np.polyval(SMALL_P if tau <= TAU_STAR else LARGE_P, tau)))


def kpss(line: Array) -> Kpss | None:
    """The test of a level, with as many lags as Hobijn, Franses and Ooms 1998 choose. The series is not constant.

    None where what the lags have in common cancels the variance out.
    """
    n = line.size
    centred = line - line.mean()
    lags = min(_kpss_lags(centred), n - 1)
    weights = 1 - np.arange(1, lags + 1) / (lags + 1)
    products = np.array([centred[lag:] @ centred[: n - lag] for lag in range(1, lags + 1)])
    variance = float(centred @ centred + 2 * (weights @ products)) / n
    if variance < SINGULAR * float(centred @ centred) / n:
        return None
    statistic = float((centred.cumsum() ** 2).sum()) / n**2 / variance
    return Kpss(statistic, float(np.interp(statistic, KPSS_CRITICAL, KPSS_P)), lags)


def _kpss_lags(centred: Array) -> int:
    n = centred.size
    zeroth, first = float(centred @ centred) / n, 0.0
    for lag in range(1, int(n ** (2 / 9)) + 1):
        product = float(centred[lag:] @ centred[: n - lag]) / (n / 2)
        zeroth += product
        first += lag * product
    if abs(zeroth) < SINGULAR * float(centred @ centred) / n:
        return n
    return int(1.1447 * ((first / zeroth) ** 2) ** (1 / 3) * n ** (1 / 3))
