"""Completeness, duplicates, and the issues of numbers and pairs, by pandas and scipy."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal, localcontext
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analyzer.references.eda_correlation import doubles

CODES = (
    *("missing", "constant", "zeros", "negatives", "infinite", "skewed", "skewed_right", "skewed_left"),
    *("heavy_tailed", "normal", "not_normal", "outliers", "many_outliers", "high_correlation"),
)
"""The issues that are held against a reference."""

MOST_PAIRED_ROWS = 100_000
MOST_PAIRED_COLUMNS = 500
MOST_LEVELS = 50
MOST_ISSUES = 100

Found = tuple[str, str, dict[str, Any]]


def view(result: Mapping[str, Any]) -> dict[str, Any]:
    """Our result with those issues by code and place, which says what is there and what is not."""
    issues: dict[str, dict[str, Any]] = defaultdict(dict)
    for issue in result["issues"]:
        if issue["code"] in CODES:
            place = " × ".join(filter(None, (issue["column"], issue["other"])))
            issues[issue["code"]][place] = {name: issue[name] for name in ("n", "share", "value")}
    return {**result, "issues": _told(issues)}


def _told(issues: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {code: {"places": sorted(issues.get(code, ())), **issues.get(code, {})} for code in CODES}


def reference(frames: Mapping[str, pd.DataFrame], params: Any) -> dict[str, Any]:
    """Scores, duplicates and issues of the chosen columns."""
    df = frames["df"]
    table = df[[name for name in df.columns if params.columns is None or name in params.columns]]
    issues: dict[str, dict[str, Any]] = defaultdict(dict)
    for code, place, figures in [*_of_columns(table, params.thresholds), *_of_pairs(table, params.thresholds)]:
        issues[code][place] = figures
    compared = table.loc[:, [not _is_nested(table[name]) for name in table]]
    exact = _copies(compared)
    missing, cells, rows = int(table.isna().to_numpy().sum()), table.size, len(table)
    return {
        "rows": rows,
        "dimensions": {
            "completeness": {"score": 1 - missing / cells if cells else None},
            "uniqueness": {"score": 1 - exact["extra_copies"] / rows if rows else None},
        },
        "duplicates": {"exact": exact, "near": _copies(compared.map(_folded)), "compared": compared.shape[1]},
        "issues": _told(issues) if len(table) <= MOST_PAIRED_ROWS else {},
    }


def _is_nested(column: pd.Series) -> bool:
    return any(isinstance(cell, list | dict | np.ndarray) for cell in column)


def _copies(table: pd.DataFrame) -> dict[str, int]:
    if not table.shape[1]:
        return {"extra_copies": 0, "rows_in_groups": 0, "groups": 0}
    again, alike = table.duplicated(), table.duplicated(keep=False)
    return {
        "extra_copies": int(again.sum()),
        "rows_in_groups": int(alike.sum()),
        "groups": int((alike & ~again).sum()),
    }


def _folded(cell: Any) -> Any:
    return " ".join(cell.lower().split()) if isinstance(cell, str) else cell


def _numeric(table: pd.DataFrame) -> dict[str, pd.Series]:
    """The columns of numbers as doubles; durations in the unit of their type."""
    return {str(name): _doubles(table[name]) for name in table if _is_numeric(table[name])}


def _is_numeric(column: pd.Series) -> bool:
    if column.dtype == object:
        return any(isinstance(value, Decimal) for value in column)
    return column.dtype.kind in "iufm"


def _doubles(column: pd.Series) -> pd.Series:
    if column.dtype.kind == "m":
        column = column.astype("int64").where(column.notna())
    return column.astype("float64")


def _of_columns(table: pd.DataFrame, limits: Any) -> Iterator[Found]:
    rows = len(table)
    for name in table:
        missing = int(table[name].isna().sum())
        if rows and missing / rows > limits.missing:
            yield "missing", str(name), {"n": missing, "share": missing / rows}
        if not _is_nested(table[name]) and table[name].nunique() == 1:
            yield "constant", str(name), {"n": rows - missing, "share": 1.0}
    for name, column in _numeric(table).items():
        present = column.dropna()
        if len(present):
            yield from _of_signs(name, present, limits)
            yield from _of_outliers(name, present, limits)
            if np.isfinite(present).all():
                yield from _of_shape(name, _moved(table[name].dropna()), limits)


def _of_signs(name: str, x: pd.Series, limits: Any) -> Iterator[Found]:
    for code, hits in (("zeros", x == 0), ("negatives", x < 0), ("infinite", np.isinf(x))):
        n = int(hits.sum())
        if n / len(x) > getattr(limits, code):
            yield code, name, {"n": n, "share": n / len(x)}


def _moved(column: pd.Series) -> pd.Series:
    """The distances from one of the values, integers and decimals taken from each other before any rounding."""
    if column.dtype.kind in "ium":
        whole = [int(value) for value in column.astype("int64" if column.dtype.kind == "m" else column.dtype)]
        return pd.Series([float(value - whole[0]) for value in whole])
    if column.dtype == object:
        with localcontext(prec=320):
            return pd.Series([float(value - column.iloc[0]) for value in column])
    return column.astype("float64")


def _of_outliers(name: str, x: pd.Series, limits: Any) -> Iterator[Found]:
    q25, q75 = (float(np.quantile(x, share, method="lower")) for share in (0.25, 0.75))
    if math.isfinite(q25) and math.isfinite(q75) and np.isfinite(x).all():
        q25, q75 = float(x.quantile(0.25)), float(x.quantile(0.75))
    elif not np.isfinite(x).all():
        higher = [float(np.quantile(x, share, method="higher")) for share in (0.25, 0.75)]
        if not np.isfinite([q25, q75, *higher]).all():
            return
        q25, q75 = (
            low + (high - low) * ((len(x) - 1) * share % 1)
            for low, high, share in zip((q25, q75), higher, (0.25, 0.75), strict=True)
        )
    if q75 > q25:
        outside = int(((x < q25 - 1.5 * (q75 - q25)) | (x > q75 + 1.5 * (q75 - q25))).sum())
        for code in ("outliers", "many_outliers"):
            if outside / len(x) > getattr(limits, code):
                yield code, name, {"n": outside, "share": outside / len(x)}


def _of_shape(name: str, x: pd.Series, limits: Any) -> Iterator[Found]:
    """Of the distances from the median, which have the same shape and keep their digits."""
    x = _in_unit(x)
    x = (x - x.median()) / (float((x - x.median()).abs().max()) or 1.0)
    if x.nunique() > 1 and len(x) >= 4:
        yield from _of_moments(name, x, limits)


def _of_moments(name: str, x: pd.Series, limits: Any) -> Iterator[Found]:
    skewness, kurtosis = float(x.skew()), float(x.kurt())  # type: ignore[arg-type]
    if abs(skewness) > limits.skewed:
        yield "skewed", name, {"value": skewness}
    if abs(skewness) > limits.skewed_side:
        yield "skewed_right" if skewness > 0 else "skewed_left", name, {"value": skewness}
    if kurtosis > limits.heavy_tailed:
        yield "heavy_tailed", name, {"value": kurtosis}
    if len(x) >= 20:
        p = float(stats.normaltest(x).pvalue)
        if p > limits.normal:
            yield "normal", name, {"value": p}
        if p <= limits.not_normal:
            yield "not_normal", name, {"value": p}


def _of_pairs(table: pd.DataFrame, limits: Any) -> Iterator[Found]:
    numbers = {str(name): doubles(table[name]) for name in table if _is_numeric(table[name])}
    names = list(numbers)[:MOST_PAIRED_COLUMNS]
    centred = pd.DataFrame({name: _scaled(numbers[name]) for name in names}, index=table.index)
    strength = centred.corr(min_periods=3).to_numpy() if names else np.empty((0, 0))
    near = [pair for pair in combinations(range(len(names)), 2) if abs(strength[pair]) >= limits.correlation]
    near.sort(key=lambda pair: (-abs(strength[pair]), names[pair[0]], names[pair[1]]))
    for one, two in near[:MOST_ISSUES]:
        n = int((centred[names[one]].notna() & centred[names[two]].notna()).sum())
        yield "high_correlation", f"{names[one]} × {names[two]}", {"n": n, "value": strength[one, two]}
    levels = [str(name) for name in table if _has_levels(table[name])]
    for first, second in combinations(levels, 2):
        v, n = _cramers_v(table[first], table[second])
        if v >= limits.correlation:
            yield "high_correlation", f"{first} × {second}", {"n": n, "value": v}


def _scaled(column: pd.Series) -> pd.Series:
    """Moved and scaled, which no correlation changes: so squares neither cancel nor vanish."""
    column = _in_unit(column)
    moved = column - column.mean()
    return moved / (float(moved.abs().max()) or 1.0)


def _in_unit(column: pd.Series) -> pd.Series:
    """Divided by a power of two, which rounds nothing, so that the largest value is about 1."""
    return pd.Series(np.ldexp(column, -math.frexp(column.abs().max())[1]))


def _has_levels(column: pd.Series) -> bool:
    present = column.dropna()
    kind = present.map(type).isin((str, bytes, bool, np.bool_)).all() if len(present) else False
    return bool(kind) and 2 <= present.nunique() <= MOST_LEVELS


def _cramers_v(one: pd.Series, two: pd.Series) -> tuple[float, int]:
    """Bias-corrected (Bergsma 2013), without Yates's correction."""
    table = pd.crosstab(one, two).to_numpy()
    n, (r, k) = int(table.sum()), table.shape
    if n < 2 or min(r, k) < 2:
        return math.nan, n
    phi2 = max(0.0, stats.chi2_contingency(table, correction=False).statistic / n - (r - 1) * (k - 1) / (n - 1))
    least = min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1
    return (min(1.0, math.sqrt(phi2 / least)) if least > 0 else math.nan), n
