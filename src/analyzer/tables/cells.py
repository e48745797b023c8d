"""Cells as JSON that loses nothing."""

import base64
import decimal
import math
from collections.abc import Callable
from typing import Any

SAFE_INTEGER = 2**53  # beyond it, a reader that keeps numbers as doubles would round


def exact(value: Any) -> Any:
    """What JSON numbers cannot hold travels as a string, NaN as a missing value, bytes as base64."""
    converted = EXACT.get(type(value))
    return value if converted is None else converted(value)


def _integer(value: int) -> int | str:
    return value if -SAFE_INTEGER <= value <= SAFE_INTEGER else str(value)


def _float(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


EXACT: dict[type, Callable[[Any], Any]] = {
    int: _integer,
    float: _float,
    decimal.Decimal: str,
    bytes: lambda value: base64.b64encode(value).decode("ascii"),
    list: lambda value: [exact(item) for item in value],
    dict: lambda value: {key: exact(item) for key, item in value.items()},
}
