"""Families of distributions fitted by maximum likelihood."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaln, polygamma

Array = npt.NDArray[np.float64]
Fit = tuple[dict[str, float], float]

MAX_STEPS = 100
LARGE_SHAPE = 200.0


def fitted(line: Array) -> list[dict[str, Any]]:
    """`{family, parameters, log_likelihood, aic}` of every family that fits sorted values, by rising AIC."""
    found = []
    for family, (fit, count) in FAMILIES.items():
        if family in POSITIVE and line[0] <= 0:
            continue
        try:
            with np.errstate(all="ignore"):
                parameters, likelihood = fit(line)
        except (np.linalg.LinAlgError, ArithmeticError, ValueError):
            continue  # no maximum within the doubles: the family does not fit
        if math.isfinite(likelihood) and all(map(math.isfinite, parameters.values())):
            aic = 2 * count - 2 * likelihood
            found.append({"family": family, "parameters": parameters, "log_likelihood": likelihood, "aic": aic})
    return sorted(found, key=lambda one: (one["aic"], one["family"]))


def _normal(x: Array) -> Fit:
    mean, sd = float(x.mean()), float(x.std())
    return {"loc": mean, "scale": sd}, -x.size * (math.log(sd) + 0.5 * math.log(2 * math.pi) + 0.5)


def _uniform(x: Array) -> Fit:
    low, extent = float(x[0]), float(x[-1] - x[0])
    return {"loc": low, "scale": extent}, -x.size * math.log(extent)


def _exponential(x: Array) -> Fit:
    low = float(x[0])
    scale = float((x - low).mean())
    return {"loc": low, "scale": scale}, -x.size * (math.log(scale) + 1)


def _laplace(x: Array) -> Fit:
    middle = float(np.median(x))
    scale = float(np.abs(x - middle).mean())
    return {"loc": middle, "scale": scale}, -x.size * (math.log(2 * scale) + 1)


def _lognormal(x: Array) -> Fit:
    """Of logarithms taken from the middle one, which keeps the digits of values that are close together."""
    middle = float(x[x.size // 2])
    logs = _logs(x, middle)
    fit, likelihood = _normal(logs)
    total = float(logs.sum()) + x.size * math.log(middle)
    return {"s": fit["scale"], "scale": math.exp(fit["loc"]) * middle}, likelihood - total


def _logs(x: Array, unit: float) -> Array:
    """log(x / unit), exact for neighbours of the unit too."""
    near = np.abs(x - unit) < unit / 2
    logs: Array = np.where(near, np.log1p((x - unit) / unit), np.log(x) - math.log(unit))
    return logs


def _gamma(x: Array) -> Fit:
    """The shape by Newton's method on log a − ψ(a) = log x̄ − mean(log x).

    The likelihood with Stirling's approximation taken out of log Γ(a): what is left does not cancel when a is large.
    """
    mean = float(x.mean())
    mean += float((x - mean).mean())
    off = (x - mean).mean() / mean  # what rounding leaves of a mean of deviations, which is none
    s = float(off - _logs(x, mean).mean())
    if s <= 0:
        return {}, math.nan
    a = (3 - s + math.sqrt((s - 3) ** 2 + 24 * s)) / (12 * s)
    for _ in range(MAX_STEPS):
        above, slope = _log_less_digamma(a)
        step = (above - s) / slope
        a = a - step if a > step else a / 2
        if abs(step) < 1e-14 * a:
            break
    rest = -(a - 1) * s + 0.5 * math.log(a / (2 * math.pi)) - _stirling_rest(a)
    return {"a": a, "scale": mean / a}, x.size * (rest - math.log(mean))


def _log_less_digamma(a: float) -> tuple[float, float]:
    """log a − ψ(a) and its slope; by the asymptotic series where the difference would cancel."""
    if a < LARGE_SHAPE:
        return math.log(a) - float(digamma(a)), 1 / a - float(polygamma(1, a))
    r = 1 / a
    return r * (1 / 2 + r * (1 / 12 - r * r / 120)), -r * r * (1 / 2 + r * (1 / 6 - r * r / 30))


def _stirling_rest(a: float) -> float:
    """log Γ(a) − ((a − ½) log a − a + ½ log 2π)."""
    if a < LARGE_SHAPE:
        return float(gammaln(a)) - ((a - 0.5) * math.log(a) - a + 0.5 * math.log(2 * math.pi))
    return 1 / (12 * a) - 1 / (360 * a**3)


def _weibull(x: Array) -> Fit:
    """The shape by Newton's method on Σxᶜ log x / Σxᶜ − 1/c = mean(log x), in units of the largest value."""
    top = float(x[-1])
    logs = _logs(x, top)
    mean, c = float(logs.mean()), 1.2 / float(logs.std())
    for _ in range(MAX_STEPS):
        weights = np.exp(c * logs)
        total = float(weights.sum())
        first, second = float(np.dot(weights, logs)) / total, float(np.dot(weights, logs * logs)) / total
        step = (first - 1 / c - mean) / (second - first * first + 1 / (c * c))
        c = c - step if c > step else c / 2
        if abs(step) < 1e-13 * c:
            break
    below = math.log(float(np.exp(c * logs).mean())) / c
    likelihood = x.size * (math.log(c) - c * below + (c - 1) * mean - math.log(top) - 1)
    return {"c": c, "scale": top * math.exp(below)}, likelihood


def _logistic(x: Array) -> Fit:
    """Newton's method, steps halved until they lead up, in the parameters a = location / scale and b = 1 / scale.

    In these the likelihood of a log-concave density is concave (Burridge 1981): every way up leads to the one maximum.
    """
    middle, unit = float(np.median(x)), float(x.std())
    u = (x - middle) / unit
    at = np.array([0.0, math.pi / math.sqrt(3)])
    likelihood = _logistic_likelihood(u, at)
    for _ in range(MAX_STEPS):
        t = np.tanh((at[1] * u - at[0]) / 2)
        bend = (1 - t * t) / 2
        gradient = np.array([t.sum(), u.size / at[1] - np.dot(u, t)])
        mixed = -np.dot(u, bend)
        hessian = np.array([[bend.sum(), mixed], [mixed, u.size / at[1] ** 2 + np.dot(u * u, bend)]])
        step = np.linalg.solve(hessian, gradient)
        while not (better := _logistic_likelihood(u, at + step)) >= likelihood and np.abs(step).max() > 1e-9 * at[1]:
            step /= 2
        at, likelihood = at + step, better
        if np.abs(step).max() < 1e-12 * at[1]:
            break
    loc, scale = at[0] / at[1], 1 / at[1]
    found = {"loc": middle + float(loc) * unit, "scale": float(scale) * unit}
    return found, likelihood - x.size * math.log(unit)


def _logistic_likelihood(u: Array, at: Array) -> float:
    if at[1] <= 0:
        return -math.inf
    z = np.abs(at[1] * u - at[0])
    return u.size * math.log(at[1]) - float((z + 2 * np.log1p(np.exp(-z))).sum())


FAMILIES: dict[str, tuple[Callable[[Array], Fit], int]] = {
    "norm": (_normal, 2),
    "uniform": (_uniform, 2),
    "expon": (_exponential, 2),
    "laplace": (_laplace, 2),
    "logistic": (_logistic, 2),
    "lognorm": (_lognormal, 2),
    "gamma": (_gamma, 2),
    "weibull_min": (_weibull, 2),
}
"""By scipy's names: how each is fitted, and how many parameters that has."""

POSITIVE = ("lognorm", "gamma", "weibull_min")
"""Those that begin at 0."""
