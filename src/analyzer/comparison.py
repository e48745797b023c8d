"""Figures beside those of another library: every difference that rounding does not explain.

The expected side is a part of the result in the same shape. A dict there in place of a list of objects picks some of
them by their first field. `nan` and `±inf` stand for our null with a note that says why.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

RELATIVE = 1e-9
"""How far apart two figures may be, as a share of the larger one."""

ROUNDING = 1e-13
"""What lies below this share of the largest value of a column is rounding, such as a mean that ought to be zero."""

LAST_BITS = 2.0**-1070
"""Below it a double has four bits at most: how often something was rounded on the way decides what they are."""

LARGEST_SQUARED = 1e150
"""Beyond it squares are no doubles, and nothing can be said of rounding in them."""

QUANTILES = ("min", "q01", "q05", "q25", "q50", "q75", "q95", "q99", "max", "range", "iqr", "edges")
OF_UNIT = (*QUANTILES, "sum", "mean", "std", "sem", "ci95", "mad", "trimmed_mean", "lower", "upper")
POWERS = dict.fromkeys(OF_UNIT, 1) | {"variance": 2}
"""The power in which the unit of a column's values stands in a figure; the others are without unit."""


@dataclass(frozen=True)
class Difference:
    """One figure that is not what the reference says."""

    place: str  # a JSON pointer into the result
    ours: Any
    reference: Any
    relative: float | None  # None: they are not numbers that could be near each other


@dataclass
class Comparison:
    """What came of comparing one result."""

    figures: int = 0
    largest: float = 0.0  # relative difference of all figures that count as equal or not
    differences: list[Difference] = field(default_factory=list)


@dataclass(frozen=True)
class _Place:
    """Where we are in the result, and what explains the figures there."""

    pointer: str = ""
    figure: str = ""
    scale: float | None = None  # the largest absolute value of the column that the figure is about
    count: float = 1.0
    notes: Mapping[str, Any] = field(default_factory=dict)

    def at(self, name: str | int) -> "_Place":
        figure = self.figure if isinstance(name, int) else name
        escaped = str(name).replace("~", "~0").replace("/", "~1")
        return replace(self, pointer=f"{self.pointer}/{escaped}", figure=figure)


def compare(
    ours: Any, expected: Any, tolerances: Mapping[str, float] | None = None, scales: Mapping[str, float] | None = None
) -> Comparison:
    """Compare a result with what is expected of it.

    `tolerances` are relative, by figure name; `scales` gives the largest finite absolute value of each column, so that
    rounding can be told from a difference.
    """
    found = Comparison()
    for place, one, other in _figures(ours, expected, _Place(), scales or {}):
        found.figures += 1
        relative = _distance(one, other, place)
        if relative is not None:
            found.largest = max(found.largest, relative)
        if relative is None or relative > (tolerances or {}).get(place.figure, RELATIVE):
            found.differences.append(Difference(place.pointer, one, _told(other), relative))
    return found


class _Missing:
    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()


def _figures(ours: Any, expected: Any, place: _Place, scales: Mapping[str, float]) -> Iterator[tuple[_Place, Any, Any]]:
    """Every figure that is expected, and ours of the same place."""
    if isinstance(expected, Mapping):
        if isinstance(ours, list):
            ours = {str(next(iter(entry.values()))): entry for entry in ours}
        if not isinstance(ours, dict):
            yield place, ours, expected
            return
        inside = _inside(ours, place, scales)
        for name, value in expected.items():
            yield from _figures(ours.get(name, MISSING), value, inside.at(name), scales)
    elif _is_list(expected):
        values = list(expected)
        if not isinstance(ours, list) or len(ours) != len(values):
            yield place, ours, values
            return
        for number, (one, value) in enumerate(zip(ours, values, strict=True)):
            yield from _figures(one, value, place.at(number), scales)
    else:
        yield place, ours, _plain(expected)


def _is_list(value: Any) -> bool:
    return (isinstance(value, Sequence) and not isinstance(value, str | bytes)) or getattr(value, "ndim", 0) > 0


def _inside(ours: Mapping[str, Any], place: _Place, scales: Mapping[str, float]) -> _Place:
    """The place with what this object says of its own figures."""
    notes = ours.get("notes")
    name, count = ours.get("name"), ours.get("count")
    return replace(
        place,
        notes=notes if isinstance(notes, dict) else {},
        scale=scales.get(name, place.scale) if isinstance(name, str) else place.scale,
        count=float(count) if isinstance(count, int) else place.count,
    )


def _plain(value: Any) -> Any:
    """A value of numpy or pandas as one of Python; whatever means missing there is nan."""
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    return math.nan if type(value).__name__ in ("NAType", "NaTType") else value


def _distance(ours: Any, expected: Any, place: _Place) -> float | None:
    """The relative difference, 0 where they are equal as what they are; None where they cannot be near each other."""
    if isinstance(expected, float) and not math.isfinite(expected):
        explained = not place.notes or place.figure in place.notes
        return 0.0 if ours is None and explained else None
    if isinstance(ours, str) and _is_number(expected):
        return _distance_of_digits(ours, expected)
    if isinstance(ours, str) and isinstance(expected, date):
        return 0.0 if _moment(ours) == _moment(expected.isoformat()) else None
    if _is_number(ours) and _is_number(expected) and not (isinstance(ours, int) and isinstance(expected, int)):
        return _relative(float(ours), float(expected), place)
    return 0.0 if type(ours) is type(expected) and ours == expected else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _distance_of_digits(ours: str, expected: float | Decimal) -> float | None:
    """Numbers that travel as text are exact; a reference that is a double can only be near."""
    try:
        digits, exact = Decimal(ours), Decimal(expected)
    except ArithmeticError:
        return None
    if digits == exact:
        return 0.0
    return float(abs(digits - exact) / max(abs(digits), abs(exact))) if isinstance(expected, float) else None


def _moment(text: str) -> datetime:
    """A moment in UTC, or a local one, without its zone."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)


def _relative(ours: float, expected: float, place: _Place) -> float:
    apart, larger = abs(ours - expected), max(abs(ours), abs(expected))
    if apart <= max(_floor(place), LAST_BITS):
        return 0.0
    return apart / larger if math.isfinite(apart) else abs(ours / larger - expected / larger)


def _floor(place: _Place) -> float:
    """Below this a difference is the rounding of the data's own size."""
    power = POWERS.get(place.figure, 0)
    if place.scale is None or not power or (power > 1 and place.scale > LARGEST_SQUARED):
        return ROUNDING
    return float((ROUNDING * place.scale) ** power) * (place.count if place.figure == "sum" else 1.0)


def _told(value: Any) -> Any:
    """A value as JSON can tell it."""
    plain = value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value))
    return value if plain else repr(value)
