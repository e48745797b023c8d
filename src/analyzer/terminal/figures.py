"""Figures in few characters, one style to a column of a table."""

import math
import re
from collections.abc import Sequence
from typing import Any

NONE = "–"
SIGNIFICANT = 6
WANTED = 4  # significant digits of the smallest value, if that leaves the largest within SIGNIFICANT
GROUPED_FROM = 10_000  # below, groups help nobody, and a year looks wrong with them
COMPACT_FROM = 10**9
SMALLEST = 1e-4
DIGITS = re.compile(r"-?\d+(\.\d+)?")
MIDNIGHT = "T00:00:00"


def figures(values: Sequence[Any]) -> list[str]:
    """The values of one column, decimal points below each other."""
    numbers = [_number(value) for value in values]
    decimals = _decimals([number for number in numbers if isinstance(number, float)])
    moments = [_moment(value) for value in values if _is_moment(value)]
    widest = max(map(len, moments), default=0)
    return [
        _moment(value).ljust(widest) if _is_moment(value) else _aligned(number, decimals)
        for value, number in zip(values, numbers, strict=True)
    ]


def figure(value: Any) -> str:
    """One value by itself."""
    return figures([value])[0].rstrip()


def score(value: float | None) -> str:
    """A score to four decimals; only a perfect one looks perfect."""
    if value is None:
        return NONE
    return f"{math.floor(value * 10_000) / 10_000:.4f}"


def _number(value: Any) -> Any:
    """Whole ones as int. Those that come as digits, since a double would round them, are shown like any other."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and DIGITS.fullmatch(value):
        return _number(float(value)) if "." in value else int(value)
    return value


def _decimals(numbers: Sequence[float]) -> int:
    sizes = [abs(number) for number in numbers if SMALLEST <= abs(number) < COMPACT_FROM]
    if not sizes:
        return 0
    wanted = max(_significant_decimals(size) for size in sizes)
    room = SIGNIFICANT - max(1, math.floor(math.log10(max(sizes))) + 1)
    return max(0, min(wanted, room))


def _significant_decimals(size: float) -> int:
    """The decimals that WANTED significant digits take, trailing zeros left out."""
    decimals = max(0, WANTED - 1 - math.floor(math.log10(size)))
    return len(f"{size:.{decimals}f}".rstrip("0").partition(".")[2])


def _aligned(value: Any, decimals: int) -> str:
    if value is None:
        return NONE
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if not math.isfinite(value):
        return f"{value}".replace("inf", "∞")
    size = abs(value)
    if size >= COMPACT_FROM or (0 < size < max(SMALLEST, 10.0 ** (1 - decimals) / 2 if decimals else SMALLEST)):
        return _compact(value)
    if isinstance(value, int):
        return _grouped(value, 0) + " " * (decimals + 1 if decimals else 0)
    return _grouped(value, decimals)


def _grouped(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}" if abs(value) >= GROUPED_FROM else f"{value:.{decimals}f}"


def _compact(value: float) -> str:
    if SMALLEST <= abs(value) < 1:
        return f"{value:.2g}"
    mantissa, _, exponent = f"{value:.3e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def _is_moment(value: Any) -> bool:
    return isinstance(value, str) and len(value) > 10 and value[4:5] == "-" and value[10] == "T"


def _moment(value: str) -> str:
    """ISO 8601 with a blank for the T, to the second; midnight is the day."""
    return value.partition(".")[0].removesuffix(MIDNIGHT).replace("T", " ")
