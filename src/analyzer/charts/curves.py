"""Lines over an axis: densities, shares, values in time."""

from collections.abc import Sequence
from typing import Any

from analyzer.charts.frame import frame, number_axis
from analyzer.charts.theme import ACCENT, MUTED

HEIGHT = 140


def curve(
    title: str,
    x: Sequence[float | str],
    y: Sequence[float | None],
    *,
    label: str,
    temporal: bool = False,
    step: bool = False,
    from_zero: bool = True,
) -> dict[str, Any]:
    """A line through the points; `step` stays level up to each one, `temporal` takes x for ISO 8601 moments.

    Heights are shown `from_zero`, or from the least one on.
    """
    values = [{"x": place, label: height} for place, height in zip(x, y, strict=True)]
    mark = {"type": "line", "tooltip": True} | ({"interpolate": "step-after"} if step else {})
    across = {"type": "temporal"} if temporal else {"type": "quantitative", "axis": number_axis(x)}
    return frame(
        title,
        values,
        mark=mark,
        encoding={
            "x": {"field": "x", "title": None, **across},
            "y": {"field": label, "type": "quantitative", "title": label, "scale": {"zero": from_zero}},
        },
    )


def stems(title: str, heights: Sequence[float], bounds: Sequence[float], *, label: str) -> dict[str, Any]:
    """A bar for each lag from 1 on, from -1 to 1; grey where it is within the bounds, as chance explains it."""
    values = [
        {"lag": lag, label: height, "beyond chance": abs(height) > bound}
        for lag, (height, bound) in enumerate(zip(heights, bounds, strict=True))
        if lag
    ]
    return frame(
        title,
        values,
        height=HEIGHT,
        mark={"type": "bar", "tooltip": True, "width": 3},
        encoding={
            "x": {"field": "lag", "type": "quantitative", "title": "lag"},
            "y": {"field": label, "type": "quantitative", "title": None, "scale": {"domain": [-1, 1]}},
            "color": {
                "field": "beyond chance",
                "type": "nominal",
                "title": None,
                "legend": None,
                "scale": {"domain": [True, False], "range": [ACCENT, MUTED]},
            },
        },
    )
