"""Columns in the page: a line for each with its shape, and all figures behind it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analyzer.reports.markup import element, facts, figure, folded, label, percent, table, text
from analyzer.reports.pictures import bars, meter

OPEN_UP_TO = 6  # so many columns are shown opened
WHOLE_UP_TO = 300  # above, a table of the main figures: thousands of columns should still open at once

APART = {"name", "kind", "type", "count", "missing", "notes", "histogram", "top"}
MOST_LISTED = 20  # of figures in a list; more are points of a curve, which is drawn
MAIN = ("distinct", "mean", "std", "min", "q50", "max")

Column = Mapping[str, Any]


def has_shape(column: Column) -> bool:
    """Whether there is more to show of it than a row of a table."""
    return column.get("histogram") is not None or column.get("type") is not None


def columns(found: Sequence[Column], rows: int) -> str:
    """Every column of a summary."""
    if len(found) > WHOLE_UP_TO:
        return _compact(found, rows)
    is_open = len(found) <= OPEN_UP_TO
    return "".join(folded(_line(column, rows), _body(column), is_open=is_open, class_="column") for column in found)


def _compact(found: Sequence[Column], rows: int) -> str:
    said = element("p", f"{len(found):,} columns in short; the result has every figure of each.", class_="note")
    lines = (
        [
            text(column["name"]),
            text(column.get("kind", "")),
            percent(column["missing"] / rows) if rows else "–",
            *(figure(column.get(name), column.get("notes", {}).get(name)) for name in MAIN),
        ]
        for column in found
    )
    return said + table(["column", "kind", "missing", *map(label, MAIN)], lines, class_="compact")


def _line(column: Column, rows: int) -> str:
    missing = column["missing"] / rows if rows else 0.0
    gone = (
        f'<span class="gone">{percent(missing)} missing</span>'
        if missing
        else '<span class="gone none">complete</span>'
    )
    return (
        f'<b>{text(column["name"])}</b><span class="kind">{text(column["kind"])}</span>'
        f'<span class="spark">{_spark(column)}</span><span class="short">{_short(column)}</span>{gone}'
    )


def _spark(column: Column) -> str:
    histogram, top = column.get("histogram"), column.get("top")
    if histogram:
        return bars(histogram["counts"], 120, 26, "distribution")
    if top:
        return bars([entry["count"] for entry in top], 120, 26, "the most frequent values")
    return bars([column["true"], column["false"]], 120, 26, "true, false") if "true" in column else ""


def _short(column: Column) -> str:
    """The one thing to know."""
    if column.get("mean") is not None and column["kind"] == "numeric":
        spread = f" ± {figure(column['std'])}" if column.get("std") is not None else ""
        return figure(column["mean"]) + spread
    if column.get("top"):
        return f"{element('bdi', text(column['top'][0]['value']))} {percent(column['mode_share'])}"
    if column["kind"] == "datetime" and "min" in column:
        return f"{figure(column['min'])} – {figure(column['max'])}"
    return f"{percent(column['share'])} true" if "share" in column else ""


def _body(column: Column) -> str:
    notes = column.get("notes", {})
    first = [
        ("type", text(column.get("type", ""))),
        ("count", figure(column["count"])),
        ("missing", figure(column["missing"])),
    ]
    flat = [(name, value) for name, value in _flat(column) if name not in APART]
    told = [(label(name), figure(value, notes.get(name))) for name, value in flat if not _is_long(value)]
    tables = [_listed(name, value) for name, value in flat if _has_members(value)]
    return "".join(_pictures(column)) + facts([*first, *told]) + "".join(tables)


def _flat(column: Column) -> Iterator[tuple[str, Any]]:
    for name, value in column.items():
        if isinstance(value, Mapping) and name not in APART:
            yield from ((f"{name} {inner}", one) for inner, one in value.items() if not isinstance(one, Mapping))
        else:
            yield name, value


def _is_long(value: Any) -> bool:
    return isinstance(value, list) and (len(value) > MOST_LISTED or _has_members(value))


def _has_members(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _listed(name: str, members: Sequence[Column]) -> str:
    """What a column has several of, such as families that were fitted, a line for each."""
    names = [key for key in members[0] if not isinstance(members[0][key], list | Mapping)]
    lines = ([figure(one.get(key)) for key in names] for one in members[:MOST_LISTED])
    return f"<h4>{label(name)}</h4>" + table([label(key) for key in names], lines)


def _pictures(column: Column) -> Iterator[str]:
    histogram, top = column.get("histogram"), column.get("top")
    if histogram:
        edges = histogram["edges"]
        ends = f"<span>{figure(edges[0])}</span><span>{figure(edges[-1])}</span>"
        drawn = bars(histogram["counts"], 600, 90, f"histogram of {column['name']}")
        yield element("figure", drawn + element("figcaption", ends), class_="histogram")
    if top:
        most = column["count"] or 1
        lines = (
            [text(one["value"]), meter(one["count"] / most), figure(one["count"]), percent(one["count"] / most)]
            for one in top
        )
        yield table(["value", "", "rows", "share"], lines, class_="top")
