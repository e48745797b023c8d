"""Pictures in the page: histograms drawn here in a few hundred bytes, charts by Vega-Lite where it is installed."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.charts import rendering, theme
from analyzer.errors import NotInstalled
from analyzer.reports.markup import element, text

MOST_CHARTS = 24
DETAILED_FROM = 60_000  # of one picture; such a one needs more room
MOST_BYTES = 150_000  # of one picture, such as 40 × 40 coloured cells; a larger one is for a page of its own
DRAWN_OTHERWISE = r"(.*-)?column-\d+|scores"  # beside the figures that they show
REPEATED = r' (?:(?:aria-[a-z]+|role|class|font-family|pointer-events)="[^"]*"|opacity="1")'
"""What Vega writes to every mark: a third of a picture's bytes, of which nothing is seen."""

RGB = r'\b(fill|stroke)="rgb\((\d+), (\d+), (\d+)\)"'

COLOURS = {
    theme.INK: "var(--ink)",
    theme.MUTED: "var(--muted)",
    theme.LINE: "var(--line)",
    theme.ACCENT: "var(--accent)",
}


def bars(counts: Sequence[int], width: int, height: int, name: str) -> str:
    """A histogram of equal bins; what is there is seen, if only as a line."""
    most, step = max(counts, default=0), width / max(len(counts), 1)
    path = "".join(
        f"M{place * step:.4g} {height}v-{max(count / most * height, 1):.3g}h{max(step - 0.8, 0.4):.3g}V{height}z"
        for place, count in enumerate(counts)
        if count
    )
    return (
        f'<svg class="bars" viewBox="0 0 {width} {height}" role="img" aria-label="{text(name)}" '
        f'preserveAspectRatio="none"><path d="{path}"/></svg>'
    )


def meter(share: float | None) -> str:
    """A share as a bar. Nothing for None."""
    if share is None:
        return ""
    return f'<span class="meter"><i style="width:{max(0.0, min(share, 1.0)) * 100:.4g}%"></i></span>'


def charts(given: Sequence[Mapping[str, Any]], prefix: str, seen: set[str]) -> str:
    """The charts of a result but those that the page draws beside their figures, or has drawn already.

    `prefix` keeps apart what several results in one page call by the same name; `seen` are the pictures in it so far.
    """
    named = [chart for chart in given if not re.fullmatch(DRAWN_OTHERWISE, chart["name"])]
    wanted = {content: chart for chart in named if (content := _content(chart)) not in seen}
    drawn = []
    for number, (content, chart) in enumerate(list(wanted.items())[:MOST_CHARTS]):
        seen.add(content)
        try:
            picture = rendering.svg(chart["spec"]).decode()
        except NotInstalled as absent:
            return element("p", text(absent.detail), class_="note")
        except ValueError:  # a specification that Vega-Lite does not take: a plug-in may have made it
            picture = ""
        picture = _inlined(picture, f"{prefix}{number}")
        if picture and len(picture) <= MOST_BYTES:
            size = {"class_": "detailed"} if len(picture) > DETAILED_FROM else {}
            drawn.append(element("figure", picture, aria_label=chart["title"], **size))
        else:
            drawn.append(element("p", f"The chart “{text(chart['title'])}” is not shown here.", class_="note"))
    if len(wanted) > MOST_CHARTS:
        drawn.append(element("p", f"{len(wanted) - MOST_CHARTS} more charts are in the result.", class_="note"))
    return element("div", "".join(drawn), class_="charts") if drawn else ""


def _content(chart: Mapping[str, Any]) -> str:
    """What tells pictures apart that a reader would: title and specification, its values in whatever order."""
    spec, data = chart["spec"], chart["spec"].get("data")
    if isinstance(data, Mapping) and isinstance(data.get("values"), list):
        spec = {**spec, "data": sorted(map(json.dumps, data["values"]))}
    return json.dumps([chart["title"], spec], sort_keys=True)


def _inlined(svg: str, prefix: str) -> str:
    """A picture to stand among others: names of its own, the page's colours, as wide as there is room."""
    fonts = re.search(r'font-family="[^"]+"', svg)
    svg = re.sub(REPEATED, "", svg)
    if fonts:
        svg = svg.replace("<svg ", f"<svg {fonts[0]} ", 1)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", svg)
    svg = re.sub(r"^<svg([^>]*?) width=\"([\d.]+)\" height=\"[\d.]+\"", r'<svg\1 style="max-width:\2px"', svg)
    svg = re.sub(RGB, lambda rgb: '{}="#{:02x}{:02x}{:02x}"'.format(rgb[1], *map(int, rgb.groups()[1:])), svg)
    for colour, variable in COLOURS.items():
        svg = svg.replace(f'"{colour}"', f'"{variable}"')
    return svg
