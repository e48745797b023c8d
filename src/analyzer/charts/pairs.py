"""Two tables in one picture, in two colours."""

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.charts.frame import frame
from analyzer.charts.theme import ACCENT, MUTED

SIDES = ("reference", "current")
COLOUR = {
    "field": "of",
    "type": "nominal",
    "title": None,
    "scale": {"domain": list(SIDES), "range": [MUTED, ACCENT]},
}
HEIGHT = 140
GROUPED_FROM = 10_000  # below, groups of digits help nobody


def two_histograms(title: str, edges: Sequence[float], shares: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """The shares of both sides in the bins between `edges`, as steps."""
    values = [
        {"x": edge, "share": share, "of": side}
        for side in SIDES
        for edge, share in zip(edges, [*shares[side], shares[side][-1]], strict=True)
    ]
    axis: dict[str, Any] = {"grid": False, "tickCount": 5, "domain": True}
    if max(abs(edge) for edge in edges) < GROUPED_FROM:
        axis["format"] = "~f"
    return frame(
        title,
        values,
        height=HEIGHT,
        mark={"type": "line", "tooltip": True, "interpolate": "step-after"},
        encoding={
            "x": {"field": "x", "type": "quantitative", "title": None, "scale": {"zero": False}, "axis": axis},
            "y": {"field": "share", "type": "quantitative", "title": None, "axis": {"format": "%", "tickCount": 4}},
            "color": COLOUR,
        },
    )


def two_bars(title: str, top: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The shares of values in both: `[{value, reference, current}]`."""
    values = [{"name": str(entry["value"]), "share": entry[side], "of": side} for entry in top for side in SIDES]
    length = {"field": "share", "type": "quantitative", "title": None, "axis": {"format": "%"}}
    return frame(
        title,
        values,
        height={"step": 12},
        mark={"type": "bar", "tooltip": True, "cornerRadiusEnd": 2},
        encoding={
            "y": {"field": "name", "type": "nominal", "sort": None, "title": None},
            "yOffset": {"field": "of", "type": "nominal", "sort": list(SIDES)},
            "x": length,
            "color": COLOUR,
        },
    )
