"""eda_correlation by pandas, scipy and statsmodels."""

import math
import warnings
from collections.abc import Mapping
from decimal import Decimal
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

TOLERANCES = {
    "value": 1e-7,  # pandas and scipy do not scale: an offset of 1e9 spreads costs them eight digits
    "p": 1e-5,  # what the coefficient has lost, times the slope of the distribution's tail
    "p_adjusted": 1e-5,
    "ci95": 1e-6,
}

TESTS = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}


def reference(frames: Mapping[str, pd.DataFrame], params: Any) -> dict[str, Any]:
    """The matrices, and the pairs from the strongest on, of tables with up to 60 numeric columns."""
    frame = frames["df"]
    chosen = [name for name in frame.columns if params.columns is None or name in params.columns]
    names = [name for name in chosen if _is_numeric(frame[name])][:60]
    numbers = pd.DataFrame({name: _doubles(frame[name]) for name in names}, index=frame.index)
    scaled = numbers.apply(_moved)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one, two in combinations(names, 2):
        both = numbers[[one, two]].dropna()
        found[one, two] = {"column": one, "other": two, "n": len(both)}
        for method in params.methods:
            source = scaled.loc[both.index] if method == "pearson" else both
            found[one, two][method] = _coefficient(method, source[one], source[two])
    for method in params.methods:
        told = [pair[method] for pair in found.values() if isinstance(pair[method], dict)]
        if told:
            adjusted = multipletests([coefficient["p"] for coefficient in told], method="fdr_bh")[1]
            for coefficient, p in zip(told, adjusted, strict=True):
                coefficient["p_adjusted"] = p
    by_strength = sorted(found.values(), key=lambda pair: -_size(pair[params.methods[0]]))
    matrices = {}
    for method in params.methods:
        matrix = (scaled if method == "pearson" else numbers).corr(method=method).to_numpy(copy=True)
        np.fill_diagonal(matrix, 1.0)
        matrices[method] = matrix.tolist()
    return {"pairs": by_strength[: params.pairs], "matrices": matrices}


def _is_numeric(x: pd.Series) -> bool:
    if x.dtype == object:
        return any(isinstance(value, Decimal) for value in x)
    return x.dtype.kind in "iufm"


def _doubles(x: pd.Series) -> pd.Series:
    if x.dtype.kind == "m":
        x = x.astype("int64").where(x.notna())
    return x.astype("float64").replace([np.inf, -np.inf], np.nan)


def _moved(x: pd.Series) -> pd.Series:
    """The same with another place and unit, which r has none of: values close together far from zero keep their digits.

    Powers of two come first, so that no value is rounded: of 1e308 no differences are doubles, of 1e-308 no squares.
    """
    x = pd.Series(np.ldexp(x, -math.frexp(x.abs().max())[1]))
    x -= x.median()
    return x / (x.abs().max() or 1.0)


def _size(coefficient: Any) -> float:
    return round(abs(coefficient["value"]), 9) if isinstance(coefficient, dict) else -1.0


def _coefficient(method: str, x: pd.Series, y: pd.Series) -> Any:
    if len(x) < 2 or x.nunique() < 2 or y.nunique() < 2:
        return math.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, p = TESTS[method](x, y)
    if abs(value) > 1 - 1e-14:
        value, p = math.copysign(1.0, value), p if method == "kendall" else 0.0
    if len(x) == 2:
        p = 1.0
    spread = {"pearson": 1.0, "spearman": 1 + value**2 / 2, "kendall": 0.437}[method]
    room = len(x) - (4 if method == "kendall" else 3)
    if room <= 0:
        return {"value": value, "p": p, "ci95": math.nan}
    half = stats.norm.ppf(0.975) * math.sqrt(spread / room)
    centre = math.atanh(value) if abs(value) < 1 else math.copysign(math.inf, value)
    return {"value": value, "p": p, "ci95": [math.tanh(centre - half), math.tanh(centre + half)]}
