"""Lines over an axis: densities, shares, values in time."""

from collections.abc import Sequence
from typing import Any

from analyzer.charts.frame import frame


def curve(
    title: str,
    x: Sequence[float | str],
    y: Sequence[float | None],
    *,
    label: str,
    temporal: bool = False,
    step: bool = False,
) -> dict[str, Any]:
    """A line through the points; `step` stays level up to each one, `temporal` takes x for ISO 8601 moments."""
    values = [{"x": place, label: height} for place, height in zip(x, y, strict=True)]
    mark = {"type": "line", "tooltip": True} | ({"interpolate": "step-after"} if step else {})
    return frame(
        title,
        values,
        mark=mark,
        encoding={
            "x": {"field": "x", "type": "temporal" if temporal else "quantitative", "title": None},
            "y": {"field": label, "type": "quantitative", "title": label},
        },
    )
