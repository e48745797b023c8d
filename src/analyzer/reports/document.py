"""The page as a whole."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from analyzer.models.handouts import Heading
from analyzer.reports import columns as columns_
from analyzer.reports.markup import element, facts, figure, folded, label, percent, table, text
from analyzer.reports.pictures import charts, meter

EXACT = "Figures are exact and of all rows, unless one is marked: ≈ is an estimate with its bound, – is not defined."
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
MOST_ROWS = 200  # of a table made of a result's list
MOST_ISSUES = 400
SHOWN_OF_VALUES = ("value", "p", "notes")
APART = {"task_id", "schema_version", "charts", "methods", "issues", "columns", "dimensions", "overall", "thresholds"}

Result = Mapping[str, Any]


def report(heading: Heading, results: Mapping[str, Result]) -> bytes:
    """The HTML of these results, by task id."""
    style = (files(__package__) / "style.css").read_text("utf-8")
    title = text(heading.filename)
    body, seen = [_head(heading), _contents(heading, results)], set[str]()
    for place, (task_id, result) in enumerate(results.items()):
        body.append(_analysis(place, heading, task_id, result, seen))
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n<title>{title}</title>\n<style>\n{style}</style>\n</head>\n'
        f"<body>\n{''.join(body)}\n</body>\n</html>\n"
    )
    return page.encode("utf-8", "replace")


def _head(heading: Heading) -> str:
    size = f"{heading.size_bytes / 1e6:,.1f} MB" if heading.size_bytes >= 1e6 else f"{heading.size_bytes / 1e3:,.1f} kB"
    told = f"{heading.rows:,} rows × {heading.columns:,} columns · {size} · {text(heading.made_at)}"
    warnings = "".join(element("li", text(warning)) for warning in heading.warnings)
    return element(
        "header",
        f"<h1>{text(heading.filename)}</h1><p>{told}</p>"
        + (element("ul", warnings, class_="warnings") if warnings else ""),
    )


def _contents(heading: Heading, results: Mapping[str, Result]) -> str:
    if len(results) < 2:
        return ""
    links = (f'<a href="#a{place}">{_title(heading, task_id)}</a>' for place, task_id in enumerate(results))
    return element("nav", "".join(links))


def _title(heading: Heading, task_id: str) -> str:
    return text(heading.titles.get(task_id, task_id))


def _analysis(place: int, heading: Heading, task_id: str, result: Result, seen: set[str]) -> str:
    inside = [f"<h2>{_title(heading, task_id)}</h2>"]
    rows = result.get("rows") if isinstance(result.get("rows"), int) else heading.rows
    if _all_have(result.get("dimensions"), "dimension", "score", "formula"):
        inside.append(_scores(result["dimensions"], result.get("overall")))
    if result.get("issues") == [] or _all_have(result.get("issues"), "code", "severity"):
        inside.append(_issues(result["issues"]))
    inside.append(charts(result.get("charts", ()), f"p{place}-", seen))
    found = result.get("columns")
    if _all_have(found, "name", "kind", "count", "missing") and any(map(columns_.has_shape, found or [])):
        inside.append(f"<h3>Columns</h3>{columns_.columns(found or [], rows or 0)}")
    elif found:
        inside.append(_any("columns", found, {}))
    rest = {name: value for name, value in result.items() if name not in APART and name != "notes"}
    inside.append(_object(rest, result.get("notes", {})))
    inside.append(_provenance(result))
    return element("section", "".join(inside), id=f"a{place}")


def _all_have(found: Any, *names: str) -> bool:
    """Whether this is a list of objects with these members, and not empty."""
    return (
        bool(found)
        and isinstance(found, list)
        and all(isinstance(one, Mapping) and set(names) <= one.keys() for one in found)
    )


def _scores(dimensions: Sequence[Mapping[str, Any]], overall: Mapping[str, Any] | None) -> str:
    cards = [{"dimension": "overall", **overall}, *dimensions] if overall else list(dimensions)
    inside = "".join(
        f'<div class="score"><span>{text(one["dimension"])}</span>'
        f"<b>{percent(one['score']) if one['score'] is not None else '–'}</b>{meter(one['score'])}"
        f"<small>{text(one['formula'])}</small></div>"
        for one in cards
    )
    return element("div", inside, class_="scores")


def _issues(issues: Sequence[Mapping[str, Any]]) -> str:
    if not issues:
        return element("p", "No issues found.", class_="note")
    lines = (
        [
            f'<span class="{text(one["severity"])}">{label(one["code"])}</span>',
            " × ".join(text(name) for name in (one.get("column"), one.get("other")) if name is not None) or "the table",
            figure(one.get("n")),
            percent(one["share"]) if one.get("share") is not None else figure(one.get("value")),
            text(one.get("message") or ""),
            figure(one.get("rows") or None),
        ]
        for one in issues[:MOST_ISSUES]
    )
    counts = {level: sum(one["severity"] == level for one in issues) for level in ("error", "warning", "info")}
    told = ", ".join(f"{n:,} {level}{'' if n == 1 or level == 'info' else 's'}" for level, n in counts.items() if n)
    made = table(["issue", "where", "n", "share or value", "what", "first rows"], lines, class_="issues")
    more = f"{len(issues) - MOST_ISSUES:,} more are in the result." if len(issues) > MOST_ISSUES else ""
    inside = made + (element("p", more, class_="note") if more else "")
    return folded(f"<b>Issues</b> <span class=short>{told}</span>", inside, is_open=len(issues) <= 40)


def _object(value: Mapping[str, Any], notes: Mapping[str, Any]) -> str:
    """Plain figures first, then what has figures of its own."""
    plain = {name: one for name, one in value.items() if not _is_nested(one)}
    nested = {name: one for name, one in value.items() if _is_nested(one) and one}
    made = facts((label(name), figure(one, notes.get(name))) for name, one in plain.items()) if plain else ""
    return made + "".join(_any(name, one, notes) for name, one in nested.items())


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list) and any(isinstance(one, dict | list) for one in value)
    )


def _is_deep(value: Mapping[str, Any]) -> bool:
    return any(_is_nested(one) for name, one in value.items() if name != "notes")


def _any(name: str, value: Any, notes: Mapping[str, Any]) -> str:
    if isinstance(value, Mapping):
        own = value.get("notes", {})
        inner = {key: one for key, one in value.items() if isinstance(one, Mapping) and key != "notes"}
        if (
            len(inner) > 1
            and len({tuple(one) for one in inner.values()}) == 1
            and not any(map(_is_deep, inner.values()))
        ):
            rest = _object({key: one for key, one in value.items() if key not in inner}, own)
            rows = [{"": key.replace("_", " "), **one} for key, one in inner.items()]
            return f"<h4>{label(name)}</h4>{_table(rows)}{rest}"
        return f"<h4>{label(name)}</h4>" + _object({key: one for key, one in value.items() if key != "notes"}, own)
    if all(isinstance(one, Mapping) for one in value):
        return folded(
            f"<b>{label(name)}</b> <span class=short>{len(value):,}</span>", _table(value), is_open=len(value) <= 20
        )
    lines = ([figure(cell) for cell in (one if isinstance(one, list) else [one])] for one in value[:MOST_ROWS])
    return folded(f"<b>{label(name)}</b> <span class=short>{len(value):,}</span>", table([], lines))


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(name for one in rows[:MOST_ROWS] for name in one if name != "notes"))
    flat = [name for name in names if all(_fits_cell(one.get(name)) for one in rows[:MOST_ROWS])]
    lines = ([_cell(one.get(name), one.get("notes", {}).get(name)) for name in flat] for one in rows[:MOST_ROWS])
    left = [f"{len(rows) - MOST_ROWS:,} more rows"] if len(rows) > MOST_ROWS else []
    left += [label(name) for name in names if name not in flat]
    left += [f"{label(member)} of each {label(name)}" for name in flat for member in _unseen(rows[:MOST_ROWS], name)]
    return table([label(name) for name in flat], lines) + (
        element("p", f"In the result, and not here: {', '.join(left)}.", class_="note") if left else ""
    )


def _fits_cell(value: Any) -> bool:
    return not _is_nested(value) or (isinstance(value, Mapping) and "value" in value and not _is_nested(value["value"]))


def _unseen(rows: Sequence[Mapping[str, Any]], name: str) -> Sequence[str]:
    """What else than a value and its p these cells hold."""
    members = dict.fromkeys(member for row in rows if isinstance(row.get(name), Mapping) for member in row[name])
    return [member for member in members if member not in SHOWN_OF_VALUES]


def _cell(value: Any, note: Any) -> str:
    """A figure; of one that comes with how sure it is, the value and its p."""
    if not isinstance(value, Mapping):
        return figure(value, note)
    sure = f'<small class="note">p {figure(value["p"])}</small>' if value.get("p") is not None else ""
    return figure(value["value"], note) + sure


def _provenance(result: Result) -> str:
    """How each number was obtained."""
    methods, limits = result.get("methods"), result.get("thresholds")
    if not methods and not limits:
        return ""
    made = element("p", EXACT) + (facts((label(name), text(one)) for name, one in methods.items()) if methods else "")
    if limits:
        made += "<h4>thresholds</h4>" + facts((label(name), figure(one)) for name, one in limits.items())
    return folded("<b>How each number was obtained</b>", made, class_="provenance")
