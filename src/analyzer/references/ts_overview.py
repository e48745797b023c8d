"""Values in time by pandas and statsmodels."""

import math
import warnings
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.tsa.seasonal import STL
from statsmodels.tsa.stattools import acf, adfuller, kpss, pacf

TOLERANCES = {
    "p": 1e-7,  # what τ has lost, times the slope of the distribution's tail
}
NEARLY_INFINITE = 1e300  # of more the sum may be infinite
FINE = 1e-6
TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def reference(frames: Mapping[str, pd.DataFrame], params: Any) -> dict[str, Any]:
    """The index, and of each series what does not hang on the last digits of a singular regression."""
    df = frames["df"]
    time = _time(df, params.time)
    if time is None:
        return {"rows": len(df), "index": None, "columns": []}
    moments = pd.to_datetime(df[time]) if df[time].dtype == object else df[time]
    chosen = [name for name in df.columns if params.columns is None or name in params.columns]
    names = [name for name in chosen if df[name].dtype.kind in "iuf"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        columns = {name: _series(_in_time(df[name], moments), params) for name in names[:50]}
    return {"rows": len(df), "index": _index(time, moments), "columns": columns}


def _time(df: pd.DataFrame, wanted: str | None) -> str | None:
    names = [name for name in ([wanted] if wanted else df.columns) if _tells_time(df[name].dropna())]
    rising = [name for name in names if df[name].dropna().is_monotonic_increasing]
    return next(iter([*rising, *names]), None)


def _tells_time(x: pd.Series) -> bool:
    return not x.empty and (x.dtype.kind == "M" or isinstance(x.iloc[0], date))


def _in_time(column: pd.Series, moments: pd.Series) -> pd.Series:
    x = pd.Series(column.to_numpy(dtype=float, na_value=math.nan))
    keep = np.isfinite(x) & moments.notna()
    unit = 4.0 if x[keep].abs().max() > NEARLY_INFINITE else 1.0
    return (x[keep] / unit).groupby(moments[keep]).mean() * unit


def _index(time: str, moments: pd.Series) -> dict[str, Any]:
    """In whole ticks throughout, as pandas has no distance that is wider than int64 reaches."""
    known, per_second = moments.dropna(), TICKS[moments.dt.unit]
    distinct = sorted(set(known.astype("int64").tolist()))
    steps = np.diff(np.array(distinct, dtype=object))
    found: dict[str, Any] = {
        "name": time,
        "count": len(known),
        "missing": len(moments) - len(known),
        "span_seconds": (distinct[-1] - distinct[0]) / per_second,
        "distinct": len(distinct),
        "duplicates": int(known.duplicated().sum()),
    }
    if len(steps):
        widths = steps.astype(float)
        found["step_cv"] = widths.std(ddof=1) / widths.mean() if len(steps) > 1 else 0.0
    if len(set(steps)) == 1:
        found |= {"missing_moments": 0, "frequency": {"step": steps[0] / per_second, "share": 1.0}}
    return found


def _series(x: pd.Series, params: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"count": len(x)}
    x = x.tail(10_000)
    if len(x) < 20 or x.nunique() == 1:
        return found | {"adf": math.nan, "kpss": math.nan, "acf": math.nan, "trend": math.nan}
    exponent = math.frexp(x.abs().max())[1]
    moved = pd.Series(
        np.ldexp(x, -exponent)
    )  # a power of two, which rounds nothing: of 1e308 no differences are doubles
    moved -= moved.median()
    unit = moved.abs().max()
    line = moved / unit
    lags = min(params.lags, len(x) // 2 - 1)
    r, _ = acf(line, nlags=lags, alpha=0.05)
    limits = acf(line, nlags=lags, alpha=0.05)[1]
    box = acorr_ljungbox(line, lags=[min(10, lags)]).iloc[0]
    found |= {
        "acf": {
            "values": r,
            "bounds": (limits[:, 1] - limits[:, 0]) / 2,
            "partial": pacf(line, nlags=lags, method="ldb"),
        },
        "ljung_box": {"statistic": box["lb_stat"], "p": box["lb_pvalue"]},
        "kpss": dict(zip(("statistic", "p", "lags"), kpss(line, nlags="auto"), strict=False)),
        **_trend(line, unit, exponent),
        **_adf(line.to_numpy()),
    }
    if params.period is not None and 2 * params.period <= len(x):
        found |= _strengths(line.to_numpy(), params.period)
    return found


def _trend(line: pd.Series, unit: float, exponent: int) -> dict[str, Any]:
    moments = pd.Series(line.index)
    ticks = moments.astype("int64").to_numpy().view(np.uint64)
    days = (ticks - ticks[0]) / (86400 * TICKS[moments.dt.unit])
    fit = stats.linregress(days, line)
    if 1 - fit.rvalue**2 < FINE or fit.rvalue**2 < FINE:
        return {}
    return {"trend": {"slope_per_day": np.ldexp(fit.slope * unit, exponent), "r2": fit.rvalue**2, "p": fit.pvalue}}


def _adf(line: Any) -> dict[str, Any]:
    """Only of a regression that is far from singular at the largest number of lags."""
    most = min(len(line) // 2 - 2, math.ceil(12 * (len(line) / 100) ** 0.25))
    steps = np.diff(line)
    before = [steps[most - lag : len(steps) - lag] for lag in range(1, most + 1)]
    matrix = np.column_stack([np.ones(len(steps) - most), line[most:-1], *before])
    scaled = matrix / np.sqrt((matrix**2).sum(axis=0))
    if not np.isfinite(scaled).all() or np.linalg.cond(scaled) > 1 / FINE:
        return {}
    left = np.linalg.lstsq(matrix, steps[most:], rcond=None)[1]
    if not left.size or left[0] < FINE * (steps[most:] ** 2).sum():
        return {}
    statistic, p, lags, n, critical = adfuller(line, autolag="AIC")[:5]
    return {"adf": {"statistic": statistic, "p": p, "lags": lags, "n": n, "critical": dict(critical)}}


def _strengths(line: Any, period: int) -> dict[str, Any]:
    parts = STL(line, period=period).fit()
    of = {"strength": parts.seasonal, "trend_strength": parts.trend}
    sums = {name: np.var(part + parts.resid) for name, part in of.items()}
    told = {name: max(0.0, 1 - np.var(parts.resid) / one) for name, one in sums.items() if one > FINE * np.var(line)}
    return {"seasonality": {"period": period, **told}}
