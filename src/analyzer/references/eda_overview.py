"""The overview's counts by pandas."""

from collections.abc import Mapping
from typing import Any

import pandas as pd


def reference(frames: Mapping[str, pd.DataFrame], params: Any) -> dict[str, Any]:
    """Everything but sizes in bytes, kinds, and what reading found."""
    df = frames["df"]
    names = [name for name in df.columns if params.columns is None or name in params.columns]
    table, gaps = df[names], df[names].isna()
    columns = []
    for name in names:
        column: dict[str, Any] = {"name": name, "missing": int(gaps[name].sum())}
        if not gaps[name].all() and not _nested(df[name]):
            column["distinct"] = df[name].nunique()
        columns.append(column)
    found: dict[str, Any] = {
        "rows": len(df),
        "column_count": len(names),
        "cells": len(df) * len(names),
        "missing": int(gaps.to_numpy().sum()),
        "complete_rows": int((~gaps.any(axis=1)).sum()),
        "empty_rows": int(gaps.all(axis=1).sum()) if names else 0,
        "constant": [column["name"] for column in columns if column.get("distinct") == 1],
        "empty": [name for name in names if gaps[name].all()],
        "columns": columns,
    }
    if not any(_nested(df[name]) for name in names):
        copies, alike = table.duplicated(), table.duplicated(keep=False)
        groups = int((alike & ~copies).sum())
        found["duplicates"] = {"extra_copies": int(copies.sum()), "rows_in_groups": int(alike.sum()), "groups": groups}
    return found


def _nested(column: pd.Series) -> bool:
    """Whether cells are lists or dicts, which pandas cannot compare."""
    present = column.dropna()
    return not present.empty and not isinstance(present.iloc[0], str | bytes) and hasattr(present.iloc[0], "__len__")
