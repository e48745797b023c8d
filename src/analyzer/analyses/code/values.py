"""Values as strict JSON, made inside the jail: numbers, texts, tables and charts."""

import base64
import datetime
import decimal
import math
import uuid
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from analyzer.analyses.code import pictures
from analyzer.analyses.code.results import MOST_COLUMNS, MOST_ROWS

EXACT = 2**53
MOST_DEPTH = 24


class NoResult(Exception):
    """A value that no result can be, or a part of one."""


class TooLarge(Exception):
    """A result larger than may be told."""


def told(value: Any) -> dict[str, Any]:
    """The value as a result: `kind` and what goes with it. Raises NoResult or TooLarge."""
    table = as_frame(value)
    if table is not None:
        return {"kind": "table", "table": _table(table)}
    spec = pictures.chart(value)
    if spec is not None:
        return {"kind": "chart", "charts": [{"name": "chart", "title": _title(spec), "spec": _json(spec)}]}
    if isinstance(value, str):
        return {"kind": "text", "text": _text(value)}
    return {"kind": "value", "value": _json(value)}


def as_frame(value: Any) -> pd.DataFrame | None:
    """What is a table, as a DataFrame without an index of its own."""
    if isinstance(value, pa.Table):
        value = value.to_pandas(types_mapper=pd.ArrowDtype)
    if isinstance(value, pd.Series):
        value = value.to_frame(name="value" if value.name is None else value.name)
    if not isinstance(value, pd.DataFrame):
        return None
    if not isinstance(value.index, pd.RangeIndex) or value.index.name is not None:
        taken = {str(name) for name in value.columns}
        names = [_free(name, number, taken) for number, name in enumerate(value.index.names)]
        columns = [pd.Series(value.index.get_level_values(number), name=name) for number, name in enumerate(names)]
        body = value.set_axis(pd.RangeIndex(len(value)), axis=0)
        value = pd.concat([*columns, body], axis=1)
    named: pd.DataFrame = value.set_axis(_unique([_label(name) for name in value.columns]), axis=1)
    return named


def _free(name: Any, number: int, taken: set[str]) -> str:
    wanted = _label(name) if name is not None else ("index" if not number else f"level_{number}")
    while wanted in taken:
        wanted += "_index"
    taken.add(wanted)
    return wanted


def _label(name: Any) -> str:
    return _text(" / ".join(map(str, name)) if isinstance(name, tuple) else str(name))


def _unique(names: list[str]) -> list[str]:
    found: list[str] = []
    taken: set[str] = set()
    for name in names:
        wanted, number = name, 2
        while wanted in taken:
            wanted, number = f"{name}_{number}", number + 1
        taken.add(wanted)
        found.append(wanted)
    return found


def _table(frame: pd.DataFrame) -> dict[str, Any]:
    if frame.shape[1] > MOST_COLUMNS:
        raise TooLarge(f"A table of {frame.shape[1]:,} columns is more than the {MOST_COLUMNS:,} that are shown.")
    first = frame.head(MOST_ROWS)
    cells = [[_json(cell) for cell in first.iloc[:, number].tolist()] for number in range(frame.shape[1])]
    return {
        "columns": [
            {"name": name, "type": str(dtype)} for name, dtype in zip(frame.columns, frame.dtypes, strict=True)
        ],
        "rows": [list(row) for row in zip(*cells, strict=True)],
        "total": len(frame),
    }


def _title(spec: Mapping[str, Any]) -> str:
    title = spec.get("title", "")
    return _text(str(title.get("text", "") if isinstance(title, dict) else title))[:500]


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _json(value: Any, depth: int = 0) -> Any:
    """Strict JSON. Raises NoResult."""
    if depth > MOST_DEPTH:
        raise NoResult(f"The result is nested more than {MOST_DEPTH} deep.")
    if isinstance(value, Mapping):
        return {_key(key): _json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=repr)
    if isinstance(value, (list, tuple)):
        return [_json(item, depth + 1) for item in value]
    if isinstance(value, (np.ndarray, pd.Index, pa.Array, pa.ChunkedArray)):
        return [_json(item, depth + 1) for item in value.tolist()]
    frame = as_frame(value)
    if frame is not None:
        return _table(frame)
    return _scalar(value)


def _key(key: Any) -> str:
    if isinstance(key, tuple):
        return _label(key)
    said = _scalar(key)
    return "null" if said is None else _text(str(said))


def _scalar(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NaT or value is pd.NA or isinstance(value, bool):
        return value if isinstance(value, bool) else None
    if isinstance(value, int):
        return int(value) if abs(value) <= EXACT else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime.date, datetime.time)):  # moments and pandas' own are dates too
        return value.isoformat()
    if isinstance(value, (datetime.timedelta, decimal.Decimal, uuid.UUID, pd.Period, pd.Interval, complex)):
        return str(value)
    raise NoResult(
        f"A {type(value).__name__} cannot be told as a result. Give back a number, a text, a dict, a table or a chart."
    )
