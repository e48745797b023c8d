"""Figures as strict JSON: no NaN, no infinity, no integer that a double would round."""

import math
from typing import Any

from analyzer.analyses.notes import Reason, undefined

Figures = dict[str, Any]
"""Figures by name, and under `notes` what explains those that are null or not exact."""

EXACT_INTEGERS = 2**53
MAX_TEXT = 256


def number(value: float) -> int | float | str:
    """A finite number for JSON; an integer that a double cannot hold travels as a string of digits."""
    return str(value) if isinstance(value, int) and abs(value) > EXACT_INTEGERS else value


def settle(figures: Figures, reason: Reason) -> Figures:
    """The same figures with every number that is not finite replaced by null and explained by `reason`."""
    notes = figures.setdefault("notes", {})
    for name, value in figures.items():
        if isinstance(value, float) and not math.isfinite(value):
            figures[name] = None
            notes[name] = undefined(reason)
    return figures


def unknown(names: tuple[str, ...], reason: Reason) -> Figures:
    """These figures as null, with their notes."""
    return {**dict.fromkeys(names), "notes": {name: undefined(reason) for name in names}}


def shortened(text: str) -> str:
    """A value for people to read: at most MAX_TEXT characters, the last one an ellipsis where something was cut."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
