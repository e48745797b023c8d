"""What all pictures look like: one family of colours and sizes, quiet axes, nothing that is not needed."""

from typing import Any

INK, MUTED, LINE, ACCENT = "#1c2733", "#5c6b7a", "#dfe5ea", "#2f6fb2"
"""Text, what accompanies it, rules, and what is measured. The report puts its own in their place when it is dark."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
SERIES = (ACCENT, "#e0803a", "#3f9a6c", "#b65aa0", "#8a7a3d", "#c94f4f", "#4a9bb5", "#7a6fc4")
LONGEST_LABEL = 180  # pixels; beyond, an ellipsis

CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": "transparent",
    "view": {"stroke": None},
    "title": {"color": INK, "fontSize": 13, "fontWeight": 600, "anchor": "start", "offset": 10, "limit": 460},
    "axis": {
        "labelColor": MUTED,
        "labelFontSize": 11,
        "labelLimit": LONGEST_LABEL,
        "labelPadding": 5,
        "titleColor": MUTED,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titlePadding": 10,  # for labels in a wider font than the one they were measured in
        "grid": False,
        "domain": False,
        "domainColor": LINE,
        "ticks": False,
    },
    "axisQuantitative": {"grid": True, "gridColor": LINE, "tickCount": 5},
    "axisTemporal": {"tickCount": 5, "domain": True, "domainColor": LINE},
    "bar": {"color": ACCENT},
    "rect": {"stroke": None},
    "line": {"color": ACCENT, "strokeWidth": 2},
    "area": {"color": ACCENT, "opacity": 0.25},
    "point": {"color": ACCENT, "filled": True, "size": 36, "opacity": 0.7},
    "rule": {"color": MUTED},
    "text": {"color": INK, "fontSize": 11},
    "legend": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "labelLimit": LONGEST_LABEL,
    },
    "range": {
        "category": list(SERIES),
        "heatmap": ["#eef3f8", "#9cc1e4", "#2f6fb2", "#153a66"],
        "diverging": ["#b2512f", "#e9b79f", "#f4f4f4", "#9cc1e4", "#2f6fb2"],
    },
}
"""A Vega-Lite config; every specification carries it."""
