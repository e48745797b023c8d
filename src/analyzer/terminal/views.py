"""What is shown of analyses whose results are figures of the table and lists: facts in lines, lists as tables."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.text import Text

from analyzer.terminal.figures import figure, figures
from analyzer.terminal.pictures import sparkline
from analyzer.terminal.plain import cut, plain
from analyzer.terminal.quality import show_issues
from analyzer.terminal.screen import GAP, say, show, table, widest, width

MAX_ROWS = 40
NAME_CELLS = 28


class View(NamedTuple):
    """Figures of the whole by their names, and by the name of a list the fields of its entries.

    What does not say enough, or too much, has a label of its own: `index.frequency.label = step`.
    """

    facts: Sequence[str]
    lists: Mapping[str, Sequence[str]]
    issues: bool = False


VIEWS: dict[str, View] = {
    "compare_drift": View(
        ("rows", "reference_rows", "drifted", "drifted_columns", "tested_columns", "drifted_share"),
        {
            "changes": ("column", "change", "before", "after"),
            "columns": (
                *("name", "kind", "drifted", "method", "statistic", "p", "delta.missing"),
                *("reference.mean", "current.mean", "reference.std", "current.std"),
            ),
        },
        issues=True,
    ),
    "eda_association": View(
        ("rows", "tested = pairs tested"),
        {
            "pairs": (
                *("column", "other", "strength", "n", "p", "cramers_v = V", "eta_squared = η²"),
                *("theils_u = U", "theils_u_reverse = U back", "mutual_information = nats"),
            )
        },
    ),
    "eda_correlation": View(
        ("rows", "tested.pearson = pairs tested"),
        {
            "pairs": (
                *("column", "other", "n", "pearson.value = pearson", "spearman.value = spearman"),
                *("kendall.value = kendall", "pearson.p_adjusted = p adjusted"),
            )
        },
    ),
    "eda_distribution": View(
        ("rows",),
        {
            "columns": (
                *("name", "count", "histogram.counts = shape", "best = fits best", "bimodality", "round_share"),
                *("peaks", "bandwidth"),
            )
        },
    ),
    "eda_overview": View(
        (
            *("rows", "column_count", "cells", "missing", "complete_rows", "empty_rows", "duplicates.extra_copies"),
            *("bytes_on_disk", "bytes_in_memory", "constant", "id_like", "empty"),
        ),
        {"columns": ("name", "kind", "type", "missing", "distinct")},
    ),
    "eda_schema": View(
        ("rows",), {"columns": ("name", "meaning", "type", "missing", "distinct", "format", "min", "max", "examples")}
    ),
    "quality_missing": View(
        ("rows", "cells", "missing", "complete_rows", "empty_rows", "mcar.statistic", "mcar.df", "mcar.p"),
        {
            "columns": ("name", "missing", "share", "blank", "disguised"),
            "patterns": ("columns", "n", "share"),
            "pairs": ("column", "other", "r", "n"),
        },
    ),
    "quality_duplicates": View(
        (
            *("rows", "exact.extra_copies", "exact.rows_in_groups", "exact.groups"),
            *("near.extra_copies", "near.rows_in_groups", "near.groups"),
        ),
        {
            "keys": ("columns", "extra_copies", "rows_in_groups", "groups", "rows_with_missing", "unique"),
            "columns": ("column", "other"),
            "headers": ("name", "columns"),
        },
    ),
    "ts_overview": View(
        (
            *("rows", "index.name = time", "index.first = first", "index.last = last"),
            *("index.frequency.label = step", "index.frequency.share = share of all steps"),
            *(
                "index.missing_moments = missing moments",
                "index.duplicates = duplicates",
                "index.missing = rows without",
            ),
        ),
        {
            "index.gaps": ("after", "before", "missing"),
            "columns": (
                *("name", "count", "verdict", "adf.p", "kpss.p", "trend.slope_per_day = a day", "trend.r2 = r²"),
                *("seasonality.period = period", "seasonality.strength = strength"),
            ),
        },
        issues=True,
    ),
    "quality_outliers": View(
        ("rows", "forest.n", "forest.rows"),
        {
            "columns": ("name", "count", "iqr.n", "iqr.lower", "iqr.upper", "z.n", "modified_z.n"),
            "forest.strangest": ("row", "score"),
        },
    ),
}


def show_view(result: Mapping[str, Any], view: View) -> None:
    """The facts in as many lines as they take, then each list that has entries."""
    for line in _filled([f"{_label(name)} {_fact(at(result, _path(name)))}" for name in view.facts]):
        say(line)
    for name, fields in view.lists.items():
        entries = at(result, name)
        if entries:
            say()
            _show_list(entries, fields)
    if view.issues:
        say()
        show_issues(result["issues"])


def at(value: Any, path: str) -> Any:
    """What stands under a dotted path; None where something on the way is missing."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _filled(facts: Sequence[str]) -> list[str]:
    """Lines of facts, none of them broken unless it is longer than a line."""
    lines = [""]
    for fact in facts:
        longer = f"{lines[-1]} · {fact}" if lines[-1] else fact
        if lines[-1] and cell_len(longer) > width():
            lines.append(fact)
        else:
            lines[-1] = longer
    return lines


def _path(field: str) -> str:
    return field.partition(" = ")[0]


def _label(field: str) -> str:
    path, _, own = field.partition(" = ")
    return own or path.replace(".", " ").replace("_", " ")


def _fact(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _listed(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(figure(value))


def _show_list(entries: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> None:
    """Columns from the left as far as there is room; the names of what has none are told."""
    shown = entries[:MAX_ROWS]
    texts = {field: _texts(field, [at(entry, _path(field)) for entry in shown]) for field in fields}
    made, room, left_out = table(), width(), list[str]()
    for field, cells in texts.items():
        taken = min(widest([*cells, _label(field)]), NAME_CELLS)
        if taken + GAP > room:
            left_out.append(_label(field))
            continue
        room -= taken + GAP
        right = all(isinstance(at(entry, _path(field)), int | float | None) for entry in shown)
        made.add_column(_label(field), justify="right" if right else "left", width=taken, no_wrap=True)
    made.add_column("", ratio=1)
    for row in range(len(shown)):
        made.add_row(*(Text(cut(texts[field][row], NAME_CELLS)) for field in fields if _label(field) not in left_out))
    show(made)
    if len(entries) > len(shown):
        say(f"… and {len(entries) - len(shown)} more; --json has them all.", style="dim")
    if left_out:
        say(f"No room for {', '.join(left_out)}; --json has all.", style="dim")


def _texts(field: str, values: Sequence[Any]) -> list[str]:
    if _path(field).endswith(".counts"):
        return [sparkline(counts or ()) for counts in values]
    if any(isinstance(value, list) for value in values):
        return [_listed(value or ()) for value in values]
    if any(isinstance(value, bool) for value in values):
        return ["yes" if value else "no" for value in values]
    return [plain(text) for text in figures(values)]


def _listed(values: Sequence[Any]) -> str:
    return plain(", ".join(map(_in_a_list, values))) or "–"


def _in_a_list(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{value['value']} ({value['count']})"
    return figure(value) if isinstance(value, float) else str(value)
