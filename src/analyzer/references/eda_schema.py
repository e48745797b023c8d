"""What pandas can say of a schema: what is missing, how many distinct values there are, and their range."""

from collections.abc import Mapping
from typing import Any

import pandas as pd


def reference(frames: Mapping[str, pd.DataFrame], params: Any) -> dict[str, Any]:
    """Rows and, by column, `nullable`, `missing`, `distinct`, and the ends of text and numbers."""
    df = frames["df"]
    names = [name for name in df.columns if params.columns is None or name in params.columns]
    return {"rows": len(df), "columns": [{"name": name} | _column(df[name]) for name in names]}


def _column(column: pd.Series) -> dict[str, Any]:
    present = column.dropna()
    missing = len(column) - len(present)
    found: dict[str, Any] = {"nullable": missing > 0, "missing": missing}
    if present.empty or (hasattr(present.iloc[0], "__len__") and not isinstance(present.iloc[0], str | bytes)):
        return found
    found["distinct"] = present.nunique()
    if isinstance(present.iloc[0], str) and present.map(len).max() <= 256:
        # Python orders text by code points, as the order of its UTF-8 bytes does.
        found |= {"min": min(present), "max": max(present)}
    elif present.dtype.kind in "iuf":
        found |= {"min": present.min(), "max": present.max()}
    return found
