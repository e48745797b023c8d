"""What a model is told of a table: names, types, counts, rounded ranges, and categories that many rows share."""

import math
from collections.abc import Mapping
from typing import Any

from analyzer.ask.quoting import cut

MOST_COLUMNS = 100
MOST_VALUES = 20
RANGE_DIGITS = 2


def profile(name: str, rows: int, names: tuple[str, ...], summary: Mapping[str, Any], min_group: int) -> dict[str, Any]:
    """The table as it may leave: no row of it, and no value that fewer than `min_group` rows have."""
    columns = [_column(column, min_group) for column in summary["columns"]]
    told: dict[str, Any] = {"name": cut(name), "rows": rows, "columns": columns}
    if len(names) > len(columns):
        told["further_columns"] = [cut(name) for name in names[len(columns) : 3 * MOST_COLUMNS]]
    return told


def _column(column: Mapping[str, Any], min_group: int) -> dict[str, Any]:
    told = {"name": cut(column["name"]), "kind": column["kind"], "type": column["type"], "missing": column["missing"]}
    if column.get("distinct") is not None:
        told["distinct"] = column["distinct"]
    if column["kind"] == "numeric" and column["count"] >= min_group and _is_number(column.get("min")):
        told["range"] = [rounded(column["min"], up=False), rounded(column["max"], up=True)]
    if column["kind"] == "datetime" and column["count"] >= min_group and column.get("min"):
        told["range"] = [str(column["min"])[:7], str(column["max"])[:7]]
    if column["kind"] == "categorical":
        frequent = [entry for entry in column["top"] if entry["count"] >= min_group][:MOST_VALUES]
        told["values"] = {cut(str(entry["value"])): entry["count"] for entry in frequent}
    return told


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def rounded(value: float, *, up: bool) -> float:
    """Outwards to two digits: the extremes of a column are single rows' values, and those stay here."""
    if not value:
        return 0
    step = 10.0 ** (math.floor(math.log10(abs(value))) + 1 - RANGE_DIGITS)
    outward = (math.ceil if up else math.floor)(value / step) * step
    return float(f"{outward:.{RANGE_DIGITS}g}")
