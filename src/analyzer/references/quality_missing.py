"""Missing values by pandas.

None of these libraries has Little's test; our tests hold it against Anderson's estimates in closed form (1957), for two
variables of which one is always there.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pandas as pd

MAX_PAIRED = 200
MAX_PAIRS = 500


def reference(frames: Mapping[str, pd.DataFrame], params: Any) -> dict[str, Any]:
    """Counts by column and row, and the correlation of the gaps."""
    df = frames["df"]
    names = [name for name in df.columns if params.columns is None or name in params.columns]
    gaps = df[names].isna()
    found: dict[str, Any] = {
        "rows": len(df),
        "cells": len(df) * len(names),
        "missing": int(gaps.to_numpy().sum()),
        "complete_rows": int((~gaps.any(axis=1)).sum()),
        "empty_rows": int(gaps.all(axis=1).sum()) if names else 0,
        "columns": [_column(name, gaps[name]) | {"blank": _blank(df[name])} for name in names],
    }
    partial = [name for name in names if gaps[name].any() and not gaps[name].all()]
    pairs = _pairs(gaps[partial[:MAX_PAIRED]].astype(float))
    strengths = {round(abs(pair["r"]), 9) for pair in pairs}
    if (
        len(partial) <= MAX_PAIRED and len(strengths) == len(pairs) <= MAX_PAIRS
    ):  # equal ones are ordered by what rounding leaves of them
        found["pairs"] = pairs
    return found


def _column(name: str, gaps: pd.Series) -> dict[str, Any]:
    missing = int(gaps.sum())
    return {"name": name, "count": len(gaps) - missing, "missing": missing, "share": missing / max(len(gaps), 1)}


def _blank(column: pd.Series) -> int:
    """How many texts have nothing but what `str.strip` removes."""
    if column.dtype.kind in "iufbmM":
        return 0
    return sum(isinstance(cell, str) and not cell.strip() for cell in column)


def _pairs(gaps: pd.DataFrame) -> list[dict[str, Any]]:
    """The strongest first."""
    if gaps.empty:
        return []
    r, both = gaps.corr().clip(-1.0, 1.0), gaps.T @ gaps
    pairs = [
        {"column": one, "other": two, "r": r.loc[one, two], "n": both.loc[one, two]}
        for one, two in combinations(gaps.columns, 2)
    ]
    return sorted(pairs, key=lambda pair: -abs(pair["r"]))
