"""What every picture starts from."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analyzer.charts.theme import CONFIG

GROUPED_FROM = 10_000  # below, groups of digits help nobody, and a year looks wrong with them
TINY = 1e-4  # below, so many zeros stand in front of a number that its power of ten is shorter
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


def number_axis(numbers: Iterable[float | str]) -> dict[str, str]:
    """How an axis of these numbers writes them, as part of its specification."""
    largest = max((abs(float(number)) for number in numbers), default=0.0)
    return {"format": "~g" if largest < TINY else "~f"} if largest < GROUPED_FROM else {}


def frame(title: str, values: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """A specification with a title and its data inside; `more` are its mark, encoding and whatever else it needs."""
    return {
        "$schema": SCHEMA,
        "config": CONFIG,
        # Without an object the title of a column named "" would be taken for none, and lines would break on \n.
        "title": {"text": title or "(no name)"},
        "width": "container",
        "data": {"values": list(values)},
        **more,
    }
