"""Horizontal bars: the most frequent values, missing shares, and scores."""

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.charts.frame import frame

SHARE = {"domain": [0, 1]}


def _bars(title: str, values: Sequence[Mapping[str, Any]], length: Mapping[str, Any]) -> dict[str, Any]:
    """Bars labelled by the field `name`, in the order given, as long as the field that `length` encodes."""
    return frame(
        title,
        values,
        height={"step": 18},
        mark={"type": "bar", "tooltip": True, "cornerRadiusEnd": 2, "invalid": None},
        encoding={"y": {"field": "name", "type": "nominal", "sort": None, "title": None}, "x": dict(length)},
    )


def top_values(title: str, top: Sequence[Mapping[str, Any]], counted: str = "rows") -> dict[str, Any]:
    """The most frequent values, as a result gives them: `[{value, count}]`; `counted` names what is counted."""
    values = [{"name": str(entry["value"]), counted: entry["count"]} for entry in top]
    return _bars(title, values, {"field": counted, "type": "quantitative", "title": counted})


def missing_shares(title: str, shares: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """The share of missing cells, 0 to 1, of each column."""
    values = [{"name": name, "missing": share} for name, share in shares]
    length = {"field": "missing", "type": "quantitative", "scale": SHARE, "axis": {"format": "%"}, "title": "missing"}
    return _bars(title, values, length)


def scores(title: str, dimensions: Sequence[tuple[str, float | None]]) -> dict[str, Any]:
    """A score, 0 to 1, for each dimension; an undefined one (None) keeps its label and has no bar."""
    values = [{"name": name, "score": score} for name, score in dimensions]
    return _bars(title, values, {"field": "score", "type": "quantitative", "scale": SHARE, "title": "score"})
