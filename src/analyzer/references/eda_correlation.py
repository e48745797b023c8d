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

EXACT = 2**53  # up to here doubles hold all integers

TESTS = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}


MAX_COLUMNS, MAX_RANKED = 3_000, 60
MAX_CELLS = {"spearman": 100_000_000, "kendall": 10_000_000}
LEAST_ROWS = 1_000

Pairs = dict[tuple[str, str], dict[str, Any]]


def reference(frames: Mapping[str, pd.DataFrame], params: Any) -> dict[str, Any]:
    """The pairs from the strongest on; of tables with up to 60 numeric columns the matrices too."""
    frame = frames["df"]
    chosen = [name for name in frame.columns if params.columns is None or name in params.columns]
    names = [name for name in chosen if _is_numeric(frame[name])][:MAX_COLUMNS]
    numbers = pd.DataFrame({name: doubles(frame[name]) for name in names}, index=frame.index)
    scaled = numbers.apply(_moved)
    ranked = numbers[names[:MAX_RANKED]]
    found: Pairs = {}
    for method in params.methods:
        if method == "pearson" and len(names) > MAX_RANKED:
            _add_strongest(found, scaled, params.pairs)
        else:
            _add_all(
                found,
                method,
                scaled[ranked.columns] if method == "pearson" else drawn(ranked, MAX_CELLS[method], params.seed),
            )
    listed = [pair for pair in found.values() if params.methods[0] in pair]
    by_strength = sorted(listed, key=lambda pair: -_size(pair[params.methods[0]]))[: params.pairs]
    for pair in by_strength:
        pair["n"] = int(numbers[[pair["column"], pair["other"]]].notna().all(axis=1).sum())
        for method in params.methods:
            pair.setdefault(method, math.nan)
    if len(names) > MAX_RANKED:
        return {"pairs": by_strength}
    return {"pairs": by_strength, "matrices": _matrices(params, scaled, ranked)}


def _add_all(found: Pairs, method: str, numbers: pd.DataFrame) -> None:
    """The coefficients of all pairs, and their false discovery rates."""
    told = []
    for one, two in combinations(numbers.columns, 2):
        both = numbers[[one, two]].dropna()
        pair = found.setdefault((one, two), {"column": one, "other": two})
        pair[method] = _coefficient(method, both[one], both[two])
        told += [pair[method]] if isinstance(pair[method], dict) else []
    _adjust(told, [coefficient["p"] for coefficient in told])


def _add_strongest(found: Pairs, scaled: pd.DataFrame, most: int) -> None:
    """Pearson's r of the strongest pairs of very many, whose false discovery rates all of them decide."""
    r = scaled.corr().to_numpy()
    there = scaled.notna().to_numpy().astype(float)
    one, two = np.triu_indices(len(r), k=1)
    r, n = r[one, two], (there.T @ there)[one, two]
    known = np.flatnonzero(~np.isnan(r))
    with np.errstate(all="ignore"):
        t = np.abs(r[known]) * np.sqrt((n[known] - 2) / (1 - r[known] ** 2))
    p = np.where(n[known] == 2, 1.0, 2 * stats.t.sf(t, n[known] - 2))
    adjusted = dict(zip(known.tolist(), multipletests(p, method="fdr_bh")[1].tolist(), strict=True)) if p.size else {}
    order = np.argsort(np.where(np.isnan(r), 1.0, -np.round(np.abs(r), 9)), kind="stable")
    for place in order[:most].tolist():
        names = scaled.columns[one[place]], scaled.columns[two[place]]
        both = scaled[list(names)].dropna()
        coefficient = _coefficient("pearson", both[names[0]], both[names[1]])
        if isinstance(coefficient, dict):
            coefficient["p_adjusted"] = adjusted[place]
        found.setdefault(names, {"column": names[0], "other": names[1]})["pearson"] = coefficient


def _adjust(told: list[dict[str, Any]], p: list[float]) -> None:
    for coefficient, adjusted in zip(told, multipletests(p, method="fdr_bh")[1] if told else (), strict=True):
        coefficient["p_adjusted"] = adjusted


def drawn(frame: pd.DataFrame, cells: int, seed: int, columns: int | None = None) -> pd.DataFrame:
    """Of long tables, as many rows as keep pairs times rows below so many cells. Of all `columns` pairs are made."""
    count = len(frame.columns) if columns is None else columns
    most = max(LEAST_ROWS, cells // max(count * (count - 1) // 2, 1))
    if len(frame) <= most:
        return frame
    return frame.iloc[np.sort(np.random.default_rng(seed).choice(len(frame), most, replace=False))]


def _matrices(params: Any, scaled: pd.DataFrame, numbers: pd.DataFrame) -> dict[str, Any]:
    matrices = {}
    for method in params.methods:
        source = scaled if method == "pearson" else drawn(numbers, MAX_CELLS[method], params.seed)
        matrix = source.corr(method=method).to_numpy(copy=True)
        np.fill_diagonal(matrix, 1.0)
        matrices[method] = matrix.tolist()
    return matrices


def _is_numeric(x: pd.Series) -> bool:
    if x.dtype == object:
        return any(isinstance(value, Decimal) for value in x)
    return x.dtype.kind in "iufm"


def origin(*columns: pd.Series) -> int:
    """What integers can be less so that doubles hold them, where they do not and the place does not matter; or 0."""
    if any(x.dtype.kind not in "iu" or x.dropna().empty for x in columns):
        return 0
    low, high = min(int(x.min()) for x in columns), max(int(x.max()) for x in columns)
    return low if max(-low, high) > EXACT >= high - low else 0


def doubles(x: pd.Series) -> pd.Series:
    """The numbers less their origin; what is not finite is missing."""
    if x.dtype.kind == "m":
        x = x.astype("int64").where(x.notna())
    x = x - by if (by := origin(x)) else x
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
