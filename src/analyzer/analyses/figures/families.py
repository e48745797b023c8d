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
    low, scale = float(x[0]), float(x.mean() - x[0])
    return {"loc": low, "scale": scale}, -x.size * (math.log(scale) + 1)


def _laplace(x: Array) -> Fit:
    middle = float(np.median(x))
    scale = float(np.abs(x - middle).mean())
    return {"loc": middle, "scale": scale}, -x.size * (math.log(2 * scale) + 1)


def _lognormal(x: Array) -> Fit:
    logs = np.log(x)
    fit, likelihood = _normal(logs)
    return {"s": fit["scale"], "scale": math.exp(fit["loc"])}, likelihood - float(logs.sum())


def _gamma(x: Array) -> Fit:
    """The shape by Newton's method on log a − ψ(a) = log x̄ − mean(log x)."""
    mean, logs = float(x.mean()), float(np.log(x).mean())
    s = math.log(mean) - logs
    if s < 1e-12:
        return {}, math.nan
    a = (3 - s + math.sqrt((s - 3) ** 2 + 24 * s)) / (12 * s)
    for _ in range(MAX_STEPS):
        step = (math.log(a) - float(digamma(a)) - s) / (1 / a - float(polygamma(1, a)))
        a = a - step if a > step else a / 2
        if abs(step) < 1e-13 * a:
            break
    scale = mean / a
    likelihood = x.size * ((a - 1) * logs - a - float(gammaln(a)) - a * math.log(scale))
    return {"a": a, "scale": scale}, likelihood


def _weibull(x: Array) -> Fit:
    """The shape by Newton's method on Σxᶜ log x / Σxᶜ − 1/c = mean(log x)."""
    logs = np.log(x)
    mean, top = float(logs.mean()), float(logs[-1])
    c = 1.2 / float(logs.std())
    for _ in range(MAX_STEPS):
        weights = np.exp(c * (logs - top))
        total = float(weights.sum())
        first, second = float(np.dot(weights, logs)) / total, float(np.dot(weights, logs * logs)) / total
        step = (first - 1 / c - mean) / (second - first * first + 1 / (c * c))
        c = c - step if c > step else c / 2
        if abs(step) < 1e-12 * c:
            break
    scale = math.exp(top + math.log(float(np.exp(c * (logs - top)).mean())) / c)
    likelihood = x.size * (math.log(c) - c * math.log(scale) + (c - 1) * mean - 1)
    return {"c": c, "scale": scale}, likelihood


def _logistic(x: Array) -> Fit:
    """Location and scale by Newton's method on both likelihood equations."""
    middle, scale = float(np.median(x)), float(x.std()) * math.sqrt(3) / math.pi
    for _ in range(MAX_STEPS):
        z = (x - middle) / scale
        t = np.tanh(z / 2)
        bend = (1 - t * t) / 2
        gradient = np.array([t.sum(), float(np.dot(z, t)) - x.size])
        mixed = float(np.dot(z, bend))
        hessian = np.array([[bend.sum(), mixed], [mixed + t.sum(), np.dot(z * z, bend) + np.dot(z, t)]])
        down, wider = np.linalg.solve(hessian.T, gradient) * scale
        middle, scale = middle + float(down), max(scale / 2, scale + float(wider))
        if abs(down) + abs(wider) < 1e-12 * scale:
            break
    z = np.abs(x - middle) / scale
    return {"loc": middle, "scale": scale}, -float((z + 2 * np.log1p(np.exp(-z))).sum()) - x.size * math.log(scale)


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
