"""Figures of two columns beside each other."""

import math
from collections.abc import Mapping
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from analyzer.analyses.figures.wire import Figures, number
from analyzer.analyses.notes import undefined

ALIKE = {"text": "categorical"}
NO_FIGURES = {"notes", "modes", "monotonicity", "histogram", "top", "ci95", "resolution"}
OF_ALL = ("count", "missing", "missing_share", "distinct")
EXACT = Context(prec=400)  # digits: more than any two decimals of Arrow have from the first to the last
TEMPORAL = ("min", "q25", "q50", "q75", "max", "mean")


def sides(
    reference: tuple[str, Figures], current: tuple[str, Figures], rows: tuple[int, int]
) -> tuple[Figures, Figures, Figures, dict[str, Any]]:
    """The figures that both have, what they differ by (current − reference), and notes on what is null.

    Columns of different kinds have few of them in common.
    """
    (kind, before), (other_kind, after) = reference, current
    one, other = (flat(figures, n) for figures, n in zip((before, after), rows, strict=True))
    same = ALIKE.get(kind, kind) == ALIKE.get(other_kind, other_kind)
    names = [name for name in one if name in other and (same or name in OF_ALL)]
    moments = TEMPORAL if kind == "datetime" else ()
    notes = {name: note for side in (before, after) for name, note in side["notes"].items() if name in names}
    deltas: Figures = {}
    for name in names:
        deltas[name] = _seconds(one[name], other[name]) if name in moments else difference(one[name], other[name])
        if deltas[name] is None:
            notes.setdefault(name, undefined("no-rows" if name == "missing_share" else "overflow"))
    return {name: one[name] for name in names}, {name: other[name] for name in names}, deltas, notes


def flat(figures: Mapping[str, Any], rows: int) -> Figures:
    """The figures that are numbers or moments; those of an object inside under `object.name`."""
    found: Figures = {"count": figures["count"], "missing": figures["missing"]}
    found["missing_share"] = figures["missing"] / rows if rows else None
    for name, value in figures.items():
        if isinstance(value, Mapping) and name not in NO_FIGURES:
            found |= {f"{name}.{inner}": one for inner, one in value.items() if isinstance(one, int | float)}
        elif name not in NO_FIGURES:
            found.setdefault(name, value)
    return found


def difference(reference: Any, current: Any) -> int | float | str | None:
    """Current − reference; exact where both are whole, or come as digits. None where one is null, or it overflows."""
    if reference is None or current is None:
        return None
    if isinstance(reference, str) or isinstance(current, str):
        apart = EXACT.subtract(Decimal(current), Decimal(reference))
        return number(int(apart)) if apart == apart.to_integral_value() else format(apart, "f")
    found = current - reference
    return number(found) if math.isfinite(found) else None


def _seconds(reference: str, current: str) -> float:
    return float(_since(current) - _since(reference))


def _since(moment: str) -> Fraction:
    """Seconds since 1970, or since midnight, of a moment in ISO 8601."""
    whole, _, fraction = moment.removesuffix("Z").partition(".")
    day = whole if "-" in whole.lstrip("-") else f"1970-01-01T{whole}"
    return int(np.datetime64(day, "s").astype(np.int64)) + Fraction(f"0.{fraction or 0}")
