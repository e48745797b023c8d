"""eda_association by scipy and scikit-learn."""

import math
from collections.abc import Mapping
from decimal import Decimal
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import mutual_info_score

from analyzer.references.eda_correlation import doubles, drawn

MAX_COLUMNS = 60
MAX_CELLS = 200_000_000

TOLERANCES = {
    "mutual_information": 1e-6,  # near zero it is what is left of sums that cancel
    "theils_u": 1e-6,
    "theils_u_reverse": 1e-6,
    "strength": 1e-6,
    "p": 1e-6,  # far out in a tail
}


def reference(frames: Mapping[str, pd.DataFrame], params: Any) -> dict[str, Any]:
    """The pairs of the first 60 columns that can be paired, the strongest first."""
    frame = frames["df"]
    names = [name for name in frame.columns if params.columns is None or name in params.columns]
    frame = drawn(frame, MAX_CELLS, params.seed, min(len(names), MAX_COLUMNS))
    levels: dict[str, pd.Series] = {}
    numbers = {}
    for name in names:
        if len(levels) == MAX_COLUMNS:
            break
        x = frame[name]
        if _is_numeric(x):
            numbers[name] = doubles(x)
            levels[name] = _bins(numbers[name], params.bins)
        elif _is_text(x) and 0 < x.nunique() <= params.levels:
            levels[name] = x
    pairs = [_pair(one, two, levels, numbers) for one, two in combinations(levels, 2)]
    pairs.sort(key=lambda pair: 1.0 if math.isnan(pair["strength"]) else -round(pair["strength"], 9))
    return {"pairs": pairs[: params.pairs], "tested": len(pairs)}


def _pair(one: str, two: str, levels: Mapping[str, pd.Series], numbers: Mapping[str, pd.Series]) -> dict[str, Any]:
    both = pd.DataFrame({"one": levels[one], "two": levels[two]}).dropna()
    n = len(both)
    x, y = both["one"].map(repr), both["two"].map(repr)
    found: dict[str, Any] = {"column": one, "other": two, "n": n}
    information = mutual_info_score(x, y) if n else math.nan
    found["mutual_information"] = information
    for name, side in (("theils_u", x), ("theils_u_reverse", y)):
        own = stats.entropy(side.value_counts()) if n else 0.0
        found[name] = information / own if own > 1e-12 else math.nan
    found["strength"] = math.nan
    varied = n > 0 and min(x.nunique(), y.nunique()) > 1
    if one in numbers and two in numbers:
        if varied:
            found["strength"] = math.sqrt(1 - math.exp(-2 * information))
    elif one in numbers or two in numbers:
        values, groups = (numbers[one], y) if one in numbers else (numbers[two], x)
        found["eta_squared"] = _eta_squared(values.loc[both.index], groups)
        found["strength"] = math.sqrt(found["eta_squared"])
    else:
        found["cramers_v"] = found["strength"] = _cramers_v(x, y) if varied else math.nan
        found["p"] = stats.chi2_contingency(pd.crosstab(x, y), correction=False).pvalue if varied else math.nan
    return found


def _cramers_v(x: pd.Series, y: pd.Series) -> float:
    """Bergsma 2013."""
    n, r, k = len(x), x.nunique(), y.nunique()
    phi2 = stats.chi2_contingency(pd.crosstab(x, y), correction=False).statistic / n
    phi2 = max(0.0, phi2 - (k - 1) * (r - 1) / (n - 1))
    least = min(k - (k - 1) ** 2 / (n - 1), r - (r - 1) ** 2 / (n - 1)) - 1
    return min(1.0, math.sqrt(phi2 / least)) if least > 1e-12 else math.nan


def _eta_squared(values: pd.Series, groups: pd.Series) -> float:
    if len(values) < 2 or values.nunique() < 2 or groups.nunique() < 2:
        return math.nan
    values = _in_unit(values)
    values = values - values.median()  # a share has no place: values close together far from zero keep their digits,
    values = values / values.abs().max()  # and no unit: squares of 1e300 are no doubles
    values = values - values.mean()
    means = values.groupby(groups).transform("mean")
    return float((means**2).sum() / (values**2).sum())


def _in_unit(values: pd.Series) -> pd.Series:
    """Divided by a power of two, which rounds nothing, so that no difference of two overflows."""
    return pd.Series(np.ldexp(values, -math.frexp(values.abs().max())[1]))


def _bins(values: pd.Series, bins: int) -> pd.Series:
    values = _in_unit(values)
    present = values.dropna()
    cuts = np.unique(np.quantile(present, np.arange(1, bins) / bins)) if len(present) else np.empty(0)
    return pd.Series(np.searchsorted(cuts, values), index=values.index).where(values.notna())


def _is_text(x: pd.Series) -> bool:
    if x.dtype == object:
        return all(isinstance(value, str | bytes | bool) for value in x.dropna()) and bool(x.notna().any())
    return isinstance(x.dtype, pd.CategoricalDtype | pd.StringDtype) or x.dtype.name in ("bool", "boolean")


def _is_numeric(x: pd.Series) -> bool:
    if x.dtype == object:
        return any(isinstance(value, Decimal) for value in x)
    return x.dtype.kind in "iufm"
