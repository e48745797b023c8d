"""eda_distribution by numpy and scipy.

What does not change when all values are moved is taken of the distances from the median, so that values which lie close
together far from zero keep their digits.
"""

import math
import warnings
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from analyzer.references.eda_statistical_summary import histogram

STEPS, LEAST_FITTED, MAX_FITTED, MAX_DECIMALS = 200, 20, 10_000, 6

MAX_SHAPE = 1e3  # spreads between zero and the values, above which what scipy computes of such a shape cancels

TOLERANCES = {
    "y": 1e-8,  # ours is a development in a series that is cut where less than 1e-9 is left
    "bimodality": 1e-8,  # kurtosis is a difference of sums
    "log_likelihood": 1e-8,  # of values far from zero, logarithms of densities lose what the spread is smaller
    "aic": 1e-8,
    "s": 1e-7,  # flat at its maximum, a likelihood leaves the root of its digits to its parameters
    "a": 1e-6,
    "c": 1e-6,
    "loc": 1e-7,
    "scale": 1e-6,
}

Figures = dict[str, Any]
Found = tuple[dict[str, float], float]


def reference(frames: Mapping[str, pd.DataFrame], params: Any) -> Figures:
    """The numeric columns."""
    df = frames["df"]
    names = [name for name in df.columns if params.columns is None or name in params.columns]
    numbers = {name: x for name in names if (x := _doubles(df[name])) is not None}
    return {"rows": len(df), "columns": {name: _column(x, params) for name, x in numbers.items()}}


def view(result: Mapping[str, Any]) -> Figures:
    """The families by name; which of two that fit the same comes first is left to rounding, and so is `best`."""
    columns = [
        {**column, "families": {one["family"]: one for one in column["families"]} if column["families"] else None}
        for column in result["columns"]
    ]
    return {**result, "columns": columns}


def _doubles(x: pd.Series) -> np.ndarray | None:
    """The column's numbers as doubles, NaN for what is missing; None for a column without numbers."""
    if x.dtype == object:
        if not any(isinstance(value, Decimal) for value in x):
            return None
    elif x.dtype.kind == "m":
        x = x.astype("int64").where(x.notna())
    elif x.dtype.kind not in "iuf":
        return None
    return x.to_numpy(dtype="float64", na_value=math.nan)


def _column(x: np.ndarray, params: Any) -> Figures:
    line = np.sort(x[np.isfinite(x)])
    figures: Figures = {"count": line.size, "missing": x.size - line.size}
    if not line.size:
        return figures | dict.fromkeys(("histogram", "ecdf", "density", "families", "bimodality"), math.nan)
    figures["ecdf"] = _shares(line)
    if line[0] == line[-1]:
        return figures | dict.fromkeys(("bandwidth", "density", "families", "best", "bimodality"), math.nan)
    with np.errstate(all="ignore"):
        extent = float(line[-1] - line[0])
        if not math.isfinite(extent) or not 1e-150 < float((line / extent).std()) * extent < 1e150:
            return figures | dict.fromkeys(("bandwidth", "density", "families", "best", "bimodality"), math.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        figures["histogram"] = histogram(pd.Series(line), params.bins)
        return figures | _density(line, params.grid) | _humps(line) | _grain(line) | _families(line, params.seed)


def _shares(line: np.ndarray) -> Figures:
    steps = stats.ecdf(line).cdf
    x, share = steps.quantiles, steps.probabilities
    if x.size > STEPS + 1:
        x = np.unique(line[np.round(np.linspace(0, line.size - 1, STEPS + 1)).astype(int)])
        share = steps.evaluate(x)
    return {"x": x, "share": share}


def _density(line: np.ndarray, grid: int) -> Figures:
    middle = line[line.size // 2]
    kernels = stats.gaussian_kde(line - middle)
    points = np.linspace(line[0], line[-1], grid)
    heights = kernels(points - middle)
    heights = np.where(heights < 1e-12 * heights.max(), 0.0, heights)
    # A height that is all but cut off is cut off or not as it is rounded.
    sure = np.where((heights > 0) & (heights < 1e-11 * heights.max()), math.nan, heights)
    found = {"bandwidth": kernels.factor * (line - middle).std(ddof=1)}
    return found | ({"density": {"x": points, "y": heights}} if not np.isnan(sure).any() else {})


def _humps(line: np.ndarray) -> Figures:
    n, z = line.size, line - line[line.size // 2]
    if n < 4:
        return {"bimodality": math.nan}
    skewness, excess = stats.skew(z, bias=False), stats.kurtosis(z, bias=False)
    return {"bimodality": (skewness**2 + 1) / (excess + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3)))}


def _grain(line: np.ndarray) -> Figures:
    """From how the numbers are written."""
    written = [format(Decimal(repr(abs(value))), "f").removesuffix(".0") for value in line.tolist()]
    decimals = max(len(text.partition(".")[2]) for text in written)
    if decimals > MAX_DECIMALS or abs(line).max() * 10**decimals >= 2**50:
        return {}  # whether so long a number has a last digit is a question of rounding
    counts = np.bincount([int(Decimal(text).scaleb(decimals)) % 10 for text in written], minlength=10)
    return {
        "last_digits": {"decimals": decimals, "counts": counts},
        "round_share": int(counts[0] + counts[5]) / line.size,
    }


# --- families ---------------------------------------------------------------------------------------------------------


def _families(line: np.ndarray, seed: int) -> Figures:
    if line.size < LEAST_FITTED:
        return {"families": math.nan, "best": math.nan}
    if line.size > MAX_FITTED:
        line = np.sort(np.random.default_rng(seed).choice(line, MAX_FITTED, replace=False))
    found = {}
    for family, fit in FAMILIES.items():
        if family in ("lognorm", "gamma", "weibull_min") and line[0] <= 0:
            continue
        fitted = fit(line)
        if fitted is None:
            continue
        parameters, likelihood = fitted
        found[family] = {"parameters": parameters, "log_likelihood": likelihood, "aic": 4 - 2 * likelihood}
    return {"families": found}


def _moved(family: Any) -> Callable[[np.ndarray], Found]:
    """scipy's closed form, of the distances from the middle."""

    def fit(x: np.ndarray) -> Found:
        middle = x[x.size // 2]
        loc, scale = family.fit(x - middle)
        return {"loc": loc + middle, "scale": scale}, float(family.logpdf(x - middle, loc, scale).sum())

    return fit


def _laplace(x: np.ndarray) -> Found:
    """The logarithm of the density by hand: scipy takes that of its value, which is 0 from some 745 scales on."""
    middle = x[x.size // 2]
    loc, scale = stats.laplace.fit(x - middle)
    likelihood = -(np.abs(x - middle - loc) / scale).sum() - x.size * math.log(2 * scale)
    return {"loc": loc + middle, "scale": scale}, float(likelihood)


def _lognormal(x: np.ndarray) -> Found:
    middle = x[x.size // 2]
    logs = np.log1p((x - middle) / middle)
    loc, s = stats.norm.fit(logs)
    likelihood = stats.norm.logpdf(logs, loc, s).sum() - logs.sum() - x.size * math.log(middle)
    return {"s": s, "scale": math.exp(loc) * middle}, float(likelihood)


def _gamma(x: np.ndarray) -> Found | None:
    if x.mean() > MAX_SHAPE * x.std():
        return None
    logs = math.log(x.mean()) - np.log(x).mean()
    a = optimize.brentq(lambda a: math.log(a) - special.digamma(a) - logs, 1e-9, 1e12, xtol=1e-300, rtol=1e-14)
    return {"a": a, "scale": x.mean() / a}, float(stats.gamma.logpdf(x, a, 0, x.mean() / a).sum())


def _weibull(x: np.ndarray) -> Found | None:
    """The root of the likelihood equation, which has one; scipy's own search may stop before it."""
    if x.mean() > MAX_SHAPE * x.std():
        return None
    logs = np.log(x)
    logs, middle = logs - logs.max(), float(logs.max())

    def equation(c: float) -> float:
        return float(np.average(logs, weights=np.exp(c * logs)) - 1 / c - logs.mean())

    c = optimize.brentq(equation, 1e-9 / logs.std(), 1e9 / logs.std(), xtol=1e-300, rtol=1e-14, maxiter=1000)
    scale = math.exp(middle + math.log(float(np.exp(c * logs).mean())) / c)
    return {"c": c, "scale": scale}, float(stats.weibull_min.logpdf(x, c, 0, scale).sum())


def _logistic(x: np.ndarray) -> Found:
    """The zero of the gradient, in units of the spread; scipy's own search begins where it may not arrive."""
    middle, unit = x[x.size // 2], float(x.std())
    z = (x - middle) / unit

    def gradient(at: np.ndarray) -> list[float]:
        t = np.tanh((z - at[0]) / 2 * math.exp(-at[1]))
        return [t.mean(), float(((z - at[0]) * math.exp(-at[1]) * t).mean()) - 1]

    def unlikelihood(at: np.ndarray) -> float:
        return -float(stats.logistic.logpdf(z, at[0], math.exp(at[1])).mean())

    near = optimize.minimize(unlikelihood, [0.0, math.log(0.5)], method="Nelder-Mead").x
    loc, log_scale = optimize.root(gradient, near, tol=1e-14).x
    scale = math.exp(log_scale)
    likelihood = stats.logistic.logpdf(z, loc, scale).sum() - x.size * math.log(unit)
    return {"loc": loc * unit + middle, "scale": scale * unit}, float(likelihood)


FAMILIES: dict[str, Callable[[np.ndarray], Found | None]] = {
    "norm": _moved(stats.norm),
    "uniform": _moved(stats.uniform),
    "expon": _moved(stats.expon),
    "laplace": _laplace,
    "logistic": _logistic,
    "lognorm": _lognormal,
    "gamma": _gamma,
    "weibull_min": _weibull,
}
