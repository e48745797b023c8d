"""Duplicates by pandas."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd


def reference(frames: Mapping[str, pd.DataFrame], params: Any) -> dict[str, Any]:
    """The three counts of whole rows and of each key; nothing where cells are lists or dicts."""
    df = frames["df"]
    names = [name for name in df.columns if params.columns is None or name in params.columns]
    keys = [names, *params.keys]
    if not names or any(_nested(df[name]) for key in keys for name in key):
        return {"rows": len(df)}
    return {"rows": len(df), "exact": _counts(df[names]), "keys": [_key(df, key) for key in keys]}


def _counts(table: pd.DataFrame) -> dict[str, int]:
    copies, alike = table.duplicated(), table.duplicated(keep=False)
    groups = int((alike & ~copies).sum())
    return {"extra_copies": int(copies.sum()), "rows_in_groups": int(alike.sum()), "groups": groups}


def _key(df: pd.DataFrame, key: Sequence[str]) -> dict[str, Any]:
    gaps = int(df[list(key)].isna().any(axis=1).sum())
    counts = _counts(df[list(key)])
    unique = bool(len(df)) and not gaps and not counts["extra_copies"]
    return {"columns": list(key), **counts, "rows_with_missing": gaps, "unique": unique}


def _nested(column: pd.Series) -> bool:
    present = column.dropna()
    return not present.empty and not isinstance(present.iloc[0], str | bytes) and hasattr(present.iloc[0], "__len__")
