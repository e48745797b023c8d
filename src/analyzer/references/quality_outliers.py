"""Outliers by pandas, scipy and scikit-learn."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.ensemble import IsolationForest

MAX_ROWS = 20_000


def reference(frames: Mapping[str, pd.DataFrame], params: Any) -> dict[str, Any]:
    """By column the fences of each method and what lies beyond; the forest's scores where all rows are looked at."""
    df = frames["df"]
    names = [name for name in df.columns if params.columns is None or name in params.columns]
    numeric = {name: _numbers(df[name]) for name in names}
    found = {name: x for name, x in numeric.items() if x is not None}
    result: dict[str, Any] = {
        "rows": len(df),
        "columns": {name: _column(x, params) for name, x in found.items() if np.isfinite(x.dropna()).all()},
    }
    if found and len(df) <= MAX_ROWS and not any(_is_a_number_elsewhere(df[name]) for name in names):
        forest = _forest(found, params.seed)
        result |= {} if forest is None else {"forest": forest}
    return result


def _numbers(column: pd.Series) -> pd.Series | None:
    """Integers and doubles of a size whose powers are doubles too."""
    if column.dtype.kind not in "iuf" or column.dropna().empty:
        return None
    x = pd.Series(column.to_numpy(dtype=float, na_value=math.nan))
    return x if x[np.isfinite(x)].abs().max() < 1e15 or not np.isfinite(x).any() else None


def _is_a_number_elsewhere(column: pd.Series) -> bool:
    """Decimals, durations and integers beyond 10¹⁵ are numbers too, of which nothing is said here."""
    present = column.dropna()
    if present.empty:
        return False
    return (
        column.dtype.kind == "m"
        or isinstance(present.iloc[0], Decimal)
        or (column.dtype.kind in "iuf" and _numbers(column) is None)
    )


def _column(x: pd.Series, params: Any) -> dict[str, Any]:
    present = x.dropna()
    low, high, median = (present.quantile(share) for share in (0.25, 0.75, 0.5))
    mad = stats.median_abs_deviation(present)
    fences = {
        "iqr": (low, high, params.iqr * (high - low)),
        "z": (present.mean(), present.mean(), params.z * present.std()),
        "modified_z": (median, median, params.modified_z * mad / 0.6745),
    }
    return {"count": len(present), "missing": len(x) - len(present)} | {
        method: _beyond(x, lower - reach, upper + reach)
        for method, (lower, upper, reach) in fences.items()
        if present.nunique() > 1 and reach > 1e-9 * present.abs().max()
    }


def _beyond(x: pd.Series, lower: float, upper: float) -> dict[str, Any]:
    """Counted only where no value lies so near a fence that rounding decides."""
    found: dict[str, Any] = {"lower": lower, "upper": upper}
    near = max(abs(lower), abs(upper)) * 1e-9
    if ((x - lower).abs() < near).any() or ((x - upper).abs() < near).any():
        return found
    below, above = x < lower, x > upper
    n = int((below | above).sum())
    rows = np.flatnonzero(below | above)[:10]
    return found | {"below": int(below.sum()), "above": int(above.sum()), "n": n, "share": n / x.count(), "rows": rows}


def _of_single_precision(x: pd.Series) -> pd.Series:
    """The trees' numbers are of single precision; a power of two changes nothing else."""
    return pd.Series(np.ldexp(x, -math.frexp(x.abs().max())[1])) if x.abs().max() < 1e-30 else x


def _forest(found: Mapping[str, pd.Series], seed: int) -> dict[str, Any] | None:
    table = pd.DataFrame(found).replace([math.inf, -math.inf], math.nan)
    table = table.loc[:, table.nunique() > 1].iloc[:, :50]
    if table.empty or len(table) < 2:
        return None
    table = table.fillna(table.median()).apply(_of_single_precision)
    model = IsolationForest(n_estimators=100, random_state=seed).fit(table.to_numpy())
    scores = -model.score_samples(table.to_numpy())
    order = np.lexsort((np.arange(len(scores)), -scores))[:10]
    return {
        "columns": list(table.columns),
        "rows": len(table),
        "n": int((scores > 0.5).sum()),
        "strangest": [{"row": int(row), "score": scores[row]} for row in order],
    }
