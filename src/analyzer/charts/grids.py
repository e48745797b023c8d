"""Coloured cells: how strongly columns go together."""

from collections.abc import Sequence
from typing import Any

from analyzer.charts.frame import frame


def heatmap(
    title: str, names: Sequence[str], rows: Sequence[Sequence[float | None]], *, label: str, signed: bool
) -> dict[str, Any]:
    """A cell for each pair of `names`: from -1 to 1 if `signed`, else from 0 to 1; what is None stays blank."""
    values = [
        {"column": name, "other": other, label: value}
        for name, row in zip(names, rows, strict=True)
        for other, value in zip(names, row, strict=True)
    ]
    scale = {"domain": [-1, 1], "scheme": "redblue"} if signed else {"domain": [0, 1], "scheme": "blues"}
    axis = {"type": "nominal", "sort": None, "title": None}
    return frame(
        title,
        values,
        height={"step": 18},
        mark={"type": "rect", "tooltip": True},
        encoding={
            "x": {"field": "other", **axis},
            "y": {"field": "column", **axis},
            "color": {"field": label, "type": "quantitative", "scale": scale},
        },
    )
