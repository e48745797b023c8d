"""Every figure of the statistical summary by pandas, numpy and scipy.

Figures that do not change when all values are moved are taken of the distances from the median, in units of the
largest one: so they are right for values that lie close together far from zero, and near the ends of the double range.
"""

import math
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

SHARES = {"q01": 0.01, "q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95, "q99": 0.99}
QUARTERS = {"q25": 1, "q50": 2, "q75": 3}
DAY = 86400
NEARLY_INFINITE = 1e300  # what adds or subtracts larger values may overflow
NOISE = 1e-12  # a mean below this share of the largest value is rounding, and nothing can be divided by it
UNITS = {"day": DAY, "hour": 3600, "minute": 60, "second": 1}
TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
FINER = {"millisecond": 10**3, "microsecond": 10**6, "nanosecond": 10**9}

Figures = dict[str, Any]


def reference(frames: Mapping[str, pd.DataFrame], params: Any) -> Figures:
    """Rows, and the figures of the chosen columns."""
    df = frames["df"]
    names = [name for name in df.columns if params.columns is None or name in params.columns]
    return {"rows": len(df), "columns": [{"name": name} | _column(df[name], params) for name in names]}


def _column(column: pd.Series, params: Any) -> Figures:
    present = column.dropna()
    figures: Figures = {"count": len(present), "missing": len(column) - len(present)}
    if present.empty:
        return figures
    return figures | _figures_for(present)(present, params)


def _figures_for(x: pd.Series) -> Callable[[pd.Series, Any], Figures]:
    first = x.iloc[0]
    for kinds, figures in (
        ((bool, np.bool_), _booleans),
        ((str, bytes), _texts),
        ((Decimal,), _decimals),
        ((pd.Timestamp, date, time), _moments),
        ((int, float, np.number, pd.Timedelta), _numbers),
    ):
        if isinstance(first, kinds):
            return figures
    return lambda x, params: {}


# --- numbers ----------------------------------------------------------------------------------------------------------


def _numbers(x: pd.Series, params: Any) -> Figures:
    values = x.to_numpy()
    if values.dtype.kind in "mO":
        values = values.astype("int64" if values.dtype.kind == "m" else values[0].__class__)
    exact = values.dtype.kind in "iu"
    x = pd.Series(values if exact else values.astype(float))
    finite = x if exact else x[np.isfinite(x)]
    whole = len(finite) == len(x)
    return (
        _order(x)
        | (_spread(x, exact=exact) if whole else dict.fromkeys(("sum", "mean", *OF_SPREAD), math.inf))
        | {
            "zeros": int((x == 0).sum()),
            "negatives": int((x < 0).sum()),
            "infinities": len(x) - len(finite),
            "distinct": x.nunique(),
            "modes": _modes(finite),
            "histogram": histogram(finite, params.bins),
            "monotonicity": _direction(x),
        }
    )


def _order(x: pd.Series) -> Figures:
    """Order statistics. A quantile between a number and ±∞ is ±∞, one exactly on a number is that number."""
    figures: Figures = {"min": x.min(), "max": x.max()}
    if x.dtype.kind in "iu":
        figures["range"] = int(x.max()) - int(x.min())
    else:
        figures["range"] = x.max() - x.min()
    figures |= {name: _quantile(x, share) for name, share in SHARES.items()}
    near = x.map(lambda value: int(value) - int(x.min())) if x.dtype.kind in "iu" else x  # so that doubles hold more
    figures["iqr"] = _quantile(near, 0.75) - _quantile(near, 0.25)
    with np.errstate(invalid="ignore", over="ignore"):
        values, unit = near.to_numpy(dtype=float), 4.0 if np.abs(x).max() > NEARLY_INFINITE else 1.0
        figures["mad"] = float(stats.median_abs_deviation(values / unit)) * unit
    figures["trimmed_mean"] = _scaled_mean(stats.trimboth(x.sort_values(), 0.1))
    return figures


def _quantile(x: pd.Series, share: float) -> float:
    low, high = (float(np.quantile(x, share, method=side)) for side in ("lower", "higher"))
    if low == high:
        return low
    if math.isinf(low) or math.isinf(high):
        return low + high  # nan between −∞ and ∞
    place = (len(x) - 1) * share % 1
    return low * (1 - place) + high * place


def _scaled_mean(values: Any) -> float:
    values = np.asarray(values, dtype=float)
    unit = np.abs(values).max()
    return float((values / unit).mean() * unit) if unit and math.isfinite(unit) else float(values.mean())


OF_SPREAD = ("std", "variance", "sem", "ci95", "cv", "skewness", "kurtosis")


def _spread(x: pd.Series, *, exact: bool) -> Figures:
    """What adds values up. Integers are added, and taken from each other, without rounding."""
    n = len(x)
    if exact:
        whole = [int(value) for value in x]
        total: Any = sum(whole)
        mean = total / n
        distances = pd.Series([float(value - whole[0]) for value in whole])
    else:
        mean = _scaled_mean(x)
        total = mean * n
        distances = x / 2 - x.iloc[n // 2] / 2 if np.abs(x).max() > NEARLY_INFINITE else x - x.iloc[n // 2]
    figures: Figures = {"sum": total, "mean": mean}
    if n < 2:
        return figures | dict.fromkeys(OF_SPREAD, math.nan)
    unit = float(distances.abs().max()) or 1.0
    z = distances / unit
    std = float(z.std() * unit)
    if not exact and np.abs(x).max() > NEARLY_INFINITE:  # those are halves, which cannot overflow
        std *= 2
    sem = std / math.sqrt(n)
    half = float(stats.t.ppf(0.975, n - 1)) * sem
    constant = x.nunique() == 1
    return figures | {
        "std": std,
        "variance": std**2 if std < 1e154 else math.inf,
        "sem": sem,
        "ci95": [mean - half, mean + half] if math.isfinite(abs(mean) + half) else math.inf,
        **({} if 0 < abs(mean) < NOISE * float(np.abs(x).max()) else {"cv": std / mean if mean else math.nan}),
        "skewness": math.nan if constant else float(z.skew()),  # type: ignore[arg-type]
        "kurtosis": math.nan if constant else float(z.kurt()),  # type: ignore[arg-type]
    }


def _modes(x: pd.Series) -> list[Any]:
    return list(x.mode()[:10])


def histogram(x: pd.Series, bins: int) -> Figures | float:
    """Freedman and Diaconis; Sturges where the IQR is zero."""
    if x.empty:
        return math.inf
    n, low, high = len(x), float(x.min()), float(x.max())
    if low == high:
        half = max(0.5, float(np.spacing(abs(low))))
        edges = np.array([low - half, high + half])
    else:
        unit = 4.0 if max(-low, high) > NEARLY_INFINITE else 1.0
        width = 2 * (_quantile(x, 0.75) / unit - _quantile(x, 0.25) / unit) / n ** (1 / 3)
        wanted = (high / unit - low / unit) / width if width > 0 else math.log2(n) + 1
        if x.dtype.kind in "iu":
            if math.ceil(wanted) >= high - low and high - low < bins and max(-low, high) < 2.0**51:
                edges = np.arange(low - 0.5, high + 1)
                return {"edges": edges, "counts": np.histogram(x, edges)[0]}
            wanted = min(wanted, high - low)
        count = max(1, math.ceil(min(wanted, bins)))
        steps = np.arange(count + 1) / count
        apart = high - low
        edges = np.unique(low + apart * steps if math.isfinite(apart) else low * (1 - steps) + high * steps)
        edges[-1] = high
    return {"edges": edges, "counts": np.histogram(x, edges)[0]}


def _direction(x: pd.Series) -> str:
    if x.nunique() == 1:
        return "constant"
    strictly = "strictly " if x.is_unique else ""
    if x.is_monotonic_increasing:
        return f"{strictly}increasing"
    return f"{strictly}decreasing" if x.is_monotonic_decreasing else "none"


def _decimals(x: pd.Series, params: Any) -> Figures:
    """Those of the doubles, and what can be exact from the decimals themselves."""
    figures = _numbers(x.astype(float), params)
    with localcontext(prec=320):
        if x.nunique() > figures["distinct"]:
            near = _numbers((x - x.min()).astype(float), params)
            figures |= {name: near[name] for name in ("std", "variance", "sem", "skewness", "kurtosis", "iqr", "mad")}
            figures |= {"monotonicity": _direction(x), "cv": near["std"] / figures["mean"]}
        return figures | {
            "min": x.min(),
            "max": x.max(),
            "range": x.max() - x.min(),
            "sum": sum(x),
            "distinct": x.nunique(),
            "modes": sorted(x.mode())[:10],
        }


# --- text, truth values, moments --------------------------------------------------------------------------------------


def _diversity(counts: pd.Series) -> Figures:
    entropy = float(stats.entropy(counts, base=2))
    return {
        "entropy": entropy,
        "gini": float(1 - ((counts / counts.sum()) ** 2).sum()),
        "imbalance": 1 - entropy / math.log2(len(counts)) if len(counts) > 1 else 0.0,
    }


def _texts(x: pd.Series, params: Any) -> Figures:
    lengths = x.map(len)
    shown = x if isinstance(x.iloc[0], str) else x.map(lambda value: "0x" + value.hex())
    counts = shown.value_counts()
    top = sorted(counts.items(), key=lambda entry: (-entry[1], str(entry[0])))[: params.top]
    many = len(counts) > 50 and len(counts) > 0.5 * len(x)
    return {
        "kind": "text" if many else "categorical",
        "distinct": len(counts),
        "top": [{"value": _cut(str(value)), "count": count} for value, count in top],
        "mode_share": counts.iloc[0] / len(x),
        **_diversity(counts),
        "lengths": {
            "min": lengths.min(),
            "max": lengths.max(),
            "mean": lengths.mean(),
            "median": float(lengths.median()),
        },
    }


def _cut(text: str) -> str:
    return text if len(text) <= 256 else text[:255] + "…"


def _booleans(x: pd.Series, params: Any) -> Figures:
    true = int(x.sum())
    counts = x.value_counts()
    return {
        "kind": "boolean",
        "true": true,
        "false": len(x) - true,
        "share": true / len(x),
        "distinct": len(counts),
        **_diversity(counts[counts > 0]),
    }


def _moments(x: pd.Series, params: Any) -> Figures:
    """Dates in days, moments and times of day in the ticks of their type, as whole numbers throughout."""
    ticks, per_second, text = _ticks(x)
    line = sorted(ticks)
    n, distinct = len(line), sorted(set(line))
    gaps = np.diff(np.array(distinct, dtype=object)).astype(float) / per_second
    units = {name: seconds * per_second for name, seconds in UNITS.items()}
    units |= {name: per_second // parts for name, parts in FINER.items() if parts <= per_second}
    figures: Figures = {
        "kind": "datetime",
        "min": text(line[0]),
        "max": text(line[-1]),
        "mean": text(sum(line) // n),
        "span_seconds": (line[-1] - line[0]) / per_second,
        "resolution": next(name for name, size in units.items() if all(tick % size == 0 for tick in distinct)),
        "distinct": len(distinct),
        "monotonicity": _direction(pd.Series(ticks)),
    }
    for name, quarter in QUARTERS.items():
        rank, rest = divmod((n - 1) * quarter, 4)
        figures[name] = text(line[rank] + ((line[rank + 1] - line[rank]) * rest // 4 if rest else 0))
    if isinstance(x.iloc[0], time):  # it does not say in which ticks its type counts, and so how these are rounded
        figures = {name: value for name, value in figures.items() if name not in ("mean", *QUARTERS)}
    if len(distinct) < 2:
        return figures | {"gaps": math.nan}
    return figures | {
        "gaps": {
            "min_seconds": gaps.min(),
            "median_seconds": float(np.median(gaps)),
            "mean_seconds": gaps.mean(),
            "std_seconds": gaps.std(ddof=1) if len(gaps) > 1 else 0.0,
            "max_seconds": gaps.max(),
            "largest": {"after": text(distinct[gaps.argmax()]), "before": text(distinct[gaps.argmax() + 1])},
        }
    }


def _ticks(x: pd.Series) -> tuple[list[int], int, Callable[[int], str]]:
    """The values as whole numbers, how many of them make a second, and how they are written as ISO 8601."""
    first = x.iloc[0]
    if isinstance(first, time):
        micros = [((t.hour * 60 + t.minute) * 60 + t.second) * 10**6 + t.microsecond for t in x]
        return micros, 10**6, lambda tick: _trimmed(np.datetime64(tick, "us")).partition("T")[2]
    if not isinstance(first, pd.Timestamp):
        days = [(day - date(1970, 1, 1)).days for day in x]
        return [DAY * day for day in days], 1, lambda tick: str(np.datetime64(tick // DAY, "D"))
    unit, suffix = x.dt.unit, "Z" if x.dt.tz is not None else ""
    return (
        x.astype("int64").tolist(),
        TICKS[unit],
        lambda tick: _trimmed(np.datetime64(tick, unit)) + suffix,
    )


def _trimmed(moment: np.datetime64) -> str:
    text = str(moment)
    return text.rstrip("0").rstrip(".") if "." in text else text
