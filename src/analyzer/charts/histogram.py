"""A histogram from bins that are already counted."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from analyzer.charts.frame import frame


def histogram(
    title: str, edges: Sequence[float | str], counts: Sequence[int], *, temporal: bool = False
) -> dict[str, Any]:
    """Bars between `edges` (numbers, or ISO 8601 moments when `temporal`), one more of them than `counts`."""
    values = [{"from": low, "to": high, "rows": n} for (low, high), n in zip(pairwise(edges), counts, strict=True)]
    axis: dict[str, Any] = {"type": "temporal"} if temporal else {"type": "quantitative", "bin": {"binned": True}}
    return frame(
        title,
        values,
        mark={"type": "bar", "tooltip": True},
        encoding={
            "x": {"field": "from", "title": None, **axis},
            "x2": {"field": "to"},
            "y": {"field": "rows", "type": "quantitative", "title": "rows"},
        },
    )
