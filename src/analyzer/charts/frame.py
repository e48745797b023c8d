"""What every picture starts from."""

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.charts.theme import CONFIG

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


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
