"""Drift by pandas and scipy."""

import math
from collections.abc import Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.spatial.distance import jensenshannon

from analyzer.references import eda_statistical_summary
from analyzer.references.eda_correlation import origin

SIDES = {"reference": "reference", "current": "df"}
WITHOUT_SCALE = ("skewness", "kurtosis", "cv")  # by themselves in the summary's reference; their differences cancel
LISTS = ("ci95", "histogram", "modes", "gaps")  # even where they are null, which is a number here
NEARLY = 1e-6
TEXTS = ("text", "categorical")


def reference(frames: Mapping[str, pd.DataFrame], params: Any) -> dict[str, Any]:
    """The figures of both, what they differ by, and each column's method with what it comes to."""
    df, before = frames["df"], frames["reference"]
    names = [name for name in df.columns if name in before.columns and _is_wanted(name, params)]
    columns = {name: _column(name, frames, params) for name in names}
    tested = [column for column in columns.values() if column.get("drifted") is not None]
    drifted = sum(column["drifted"] for column in tested)
    share = drifted / len(tested) if tested else math.nan
    return {
        "rows": len(df),
        "reference_rows": len(before),
        "drifted": share >= params.drift_share if tested else None,
        "drifted_columns": drifted,
        "tested_columns": len(tested),
        "drifted_share": share,
        "columns": columns,
    }


def _is_wanted(name: str, params: Any) -> bool:
    return params.columns is None or name in params.columns


def _column(name: str, frames: Mapping[str, pd.DataFrame], params: Any) -> dict[str, Any]:
    only = SimpleNamespace(columns=[name], top=1, bins=1)
    told = {
        side: eda_statistical_summary.reference({"df": frames[table]}, only)["columns"][0]
        for side, table in SIDES.items()
    }
    kinds = [_kind(frames[table][name], told[side]) for side, table in SIDES.items()]
    found = _figures(told, kinds, {side: len(frames[table]) for side, table in SIDES.items()})
    before, after = (frames[table][name].dropna() for table in SIDES.values())
    return found | _tested(kinds, before, after, params)


def _kind(column: pd.Series, told: Mapping[str, Any]) -> str:
    if not told["count"]:
        return "empty"
    return str(told.get("kind", "numeric" if "mean" in told else "unsupported"))


def _figures(told: Mapping[str, dict[str, Any]], kinds: list[str], rows: Mapping[str, int]) -> dict[str, Any]:
    """Counts of every kind, and all figures of numbers, texts and truth values; moments stand in the summary."""
    found: dict[str, dict[str, Any]] = {side: {} for side in (*SIDES, "delta")}
    alike = kinds[0] == kinds[1] or set(kinds) == set(TEXTS)
    for side in SIDES:
        flat = told[side] | {f"lengths.{name}": value for name, value in told[side].get("lengths", {}).items()}
        flat["missing_share"] = flat["missing"] / rows[side] if rows[side] else math.nan
        found[side] = {name: value for name, value in flat.items() if name not in LISTS and _is_figure(value)}
    for name in found["reference"].keys() & found["current"].keys():
        if name not in WITHOUT_SCALE and (alike or name in ("count", "missing", "missing_share", "distinct")):
            found["delta"][name] = _apart(found["reference"][name], found["current"][name])
    kept = {side: {name: found[side][name] for name in found["delta"]} for side in SIDES}
    return kept | {"delta": {name: one for name, one in found["delta"].items() if not _cancels(one, name, kept)}}


def _cancels(apart: Any, name: str, sides: Mapping[str, Mapping[str, Any]]) -> bool:
    """Of two doubles that are nearly the same the difference is their rounding; both are compared by themselves."""
    values = [abs(side[name]) for side in sides.values()]
    return isinstance(apart, float) and 0 < abs(apart) < NEARLY * max(values)


def _is_figure(value: Any) -> bool:
    return isinstance(value, int | float | np.number | Decimal) and not isinstance(value, bool)


def _apart(before: Any, after: Any) -> Any:
    if isinstance(before, int | np.integer) and isinstance(after, int | np.integer):
        return int(after) - int(before)
    if isinstance(before, Decimal) and isinstance(after, Decimal):
        return after - before
    with np.errstate(all="ignore"):
        found = float(after) - float(before)
    return found if math.isfinite(found) else math.nan


# --- tests ------------------------------------------------------------------------------------------------------------


def _tested(kinds: list[str], before: pd.Series, after: pd.Series, params: Any) -> dict[str, Any]:
    sample = _sample(kinds, before, after)
    if sample is None:
        return {"method": None, "statistic": None, "p": None, "drifted": None}
    numeric, before, after = sample
    values = sorted(set(before) | set(after))
    wanted = params.numeric_test if numeric else params.categorical_test
    method = _rule(len(before), len(values), numeric=numeric) if wanted == "auto" else wanted
    binned = numeric and wanted != "auto" and before.nunique() > 20
    with np.errstate(all="ignore"):
        statistic, p = _outcome(method, before, after, values, binned=binned)
    drifted = statistic >= params.distance if p is None else p < params.p
    return {"method": method, "statistic": statistic, "p": p, "drifted": bool(drifted)}


def _sample(kinds: list[str], before: pd.Series, after: pd.Series) -> tuple[bool, pd.Series, pd.Series] | None:
    """Whether it is compared as numbers, and the values of both."""
    if kinds == ["numeric", "numeric"]:
        by = origin(before, after)
        one, other = (pd.Series(x[np.isfinite(x)]) for x in (_doubles(side, by) for side in (before, after)))
        return None if one.empty or other.empty else (True, one, other)
    if kinds == ["boolean", "boolean"]:
        return False, before.astype(bool), after.astype(bool)
    if set(kinds) <= set(TEXTS) and type(before.iloc[0]) is type(after.iloc[0]):
        if kinds[0] == "text":
            return True, before.map(len).astype(float), after.map(len).astype(float)
        return False, before, after
    return None


def _doubles(x: pd.Series, by: int) -> Any:
    x = x.astype("int64") if x.dtype.kind == "m" else x
    return (x - by if by else x).to_numpy(dtype=float)


def _rule(n: int, values: int, *, numeric: bool) -> str:
    if numeric and values > 5:
        return "ks" if n <= 1000 else "wasserstein"
    return "jensenshannon" if n > 1000 else "chi2" if values > 2 else "z"


def _outcome(method: str, before: pd.Series, after: pd.Series, values: list[Any], *, binned: bool) -> tuple[Any, Any]:
    n, m = len(before), len(after)
    if method == "ks":
        found = stats.ks_2samp(before, after)
        return float(found.statistic), float(found.pvalue)
    if method == "wasserstein":
        unit = max(before.abs().max(), after.abs().max()) or 1.0
        moved = stats.wasserstein_distance(before / unit, after / unit)
        return moved / max(np.std(before / unit), 0.001 / unit), None
    r, c = _shares(before, after, None if binned else values)
    if method == "jensenshannon":
        return jensenshannon(r, c, base=2), None
    if method == "psi":
        return _psi(r, c), None
    if method == "z":
        if len(values) == 1:
            return 0.0, 1.0
        pooled = (r[0] * n + c[0] * m) / (n + m)
        z = abs(r[0] - c[0]) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        return z, 2 * stats.norm.sf(z)
    if (r == 0).any():
        return None, 0.0
    tested = stats.chisquare(c * m, r * m)
    return float(tested.statistic), float(tested.pvalue)


def _shares(before: pd.Series, after: pd.Series, values: list[Any] | None) -> list[Any]:
    if values is None:
        bins = np.histogram_bin_edges(np.concatenate([before, after]), "sturges")
        return [np.histogram(x, bins)[0] / len(x) for x in (before, after)]
    return [np.array([(x == value).sum() for value in values]) / len(x) for x in (before, after)]


def _psi(r: Any, c: Any) -> float:
    for shares in (r, c):
        least = shares[shares > 0].min()
        shares[shares == 0] = least / 1e6 if least <= 1e-4 else 1e-4
    return float(((c - r) * np.log(c / r)).sum())
