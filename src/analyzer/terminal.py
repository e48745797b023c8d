"""What the command line shows: tables and small pictures on standard output, progress on standard error."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from rich import box
from rich.console import Console
from rich.json import JSON
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from analyzer.models import Dataset, TaskDescription

console = Console()
progress_console = Console(stderr=True)

BLOCKS = "▁▂▃▄▅▆▇█"
SPARK_CHARACTERS = 12
WIDTH_OF_PICTURE = SPARK_CHARACTERS + 2
SEVERITY_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}
MOST_ISSUES = 30

FIGURES = {
    "numeric": ("count", "missing", "mean", "std", "min", "q25", "q50", "q75", "max"),
    "categorical": ("count", "missing", "distinct", "mode_share", "entropy", "imbalance"),
    "text": ("count", "missing", "distinct"),
    "boolean": ("count", "missing", "true", "false"),
    "datetime": ("count", "missing", "distinct", "min", "max", "resolution"),
    "empty": ("count", "missing"),
}
"""Which figures of a column of each kind fit a wide terminal. The others are in the JSON."""

DISPENSABLE = ("q25", "q75", "imbalance", "entropy", "resolution", "std", "missing", "mode_share")
"""What a narrow terminal goes without, in this order."""

NAME_CHARACTERS = 24


class Show(Protocol):
    """Shows how far a run has come."""

    def __call__(self, task_id: str, done: int, total: int) -> None: ...


@contextmanager
def progress(title: str) -> Iterator[Show]:
    """A bar for the file and one for each run, gone when all is done."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=progress_console,
        transient=True,
        disable=not progress_console.is_terminal,
    )
    with bars:
        reading = bars.add_task(f"reading {title}", total=None)
        rows: dict[str, Any] = {}

        def show(task_id: str, done: int, total: int) -> None:
            bars.update(reading, visible=False)
            if task_id not in rows:
                rows[task_id] = bars.add_task(task_id, total=total)
            bars.update(rows[task_id], completed=done)

        yield show


def show_dataset(dataset: Dataset) -> None:
    """One line about the table, and what reading it wants to be known."""
    console.print(Text.assemble((dataset.filename, "bold"), f"  {dataset.rows:,} rows × {dataset.columns:,} columns"))
    for warning in dataset.report.warnings:
        console.print(Text(f"  ! {warning}", style="yellow"))


def show_result(result: Mapping[str, Any]) -> None:
    """A result: the parts of it that have a picture here, or all of it as JSON."""
    console.print()
    console.rule(Text(str(result.get("task_id", "result")), style="bold"), align="left", style="dim")
    shown = False
    for name, show in (("dimensions", _show_dimensions), ("issues", _show_issues), ("columns", _show_columns)):
        if isinstance(result.get(name), Sequence):
            show(result[name])
            shown = True
    if not shown:
        console.print(JSON.from_data({name: value for name, value in result.items() if name != "charts"}))


def show_tasks(tasks: Sequence[TaskDescription]) -> None:
    """The catalogue as a list."""
    table = _table("task", "title")
    for task in tasks:
        table.add_row(Text(task.task_id, style="bold"), task.title)
    console.print(table)


def _table(*headers: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    for header in headers:
        table.add_column(header)
    return table


def _show_columns(columns: Sequence[Mapping[str, Any]]) -> None:
    for kind, figures in FIGURES.items():
        of_kind = [column for column in columns if column.get("kind") == kind]
        if of_kind:
            _show_kind(kind, figures, of_kind)


def _show_kind(kind: str, figures: Sequence[str], columns: Sequence[Mapping[str, Any]]) -> None:
    cells = {figure: [figure, *(_figure(column.get(figure)) for column in columns)] for figure in figures}
    room = console.width - NAME_CHARACTERS - WIDTH_OF_PICTURE
    for figure in DISPENSABLE:
        if sum(3 + max(map(len, texts)) for texts in cells.values()) > room:
            cells.pop(figure, None)
    table = _table()
    table.add_column(f"{kind} columns", no_wrap=True, max_width=NAME_CHARACTERS)
    for figure, texts in cells.items():
        table.add_column(figure, justify="right", no_wrap=True, min_width=max(map(len, texts)))
    table.add_column("", no_wrap=True)
    for number, column in enumerate(columns, start=1):
        shown = [Text(texts[number]) for texts in cells.values()]
        table.add_row(Text(str(column["name"]), style="bold"), *shown, _picture(column))
    console.print(table)
    console.print()


def _picture(column: Mapping[str, Any]) -> Text:
    """A histogram as a line of blocks, or the most frequent values."""
    if histogram := column.get("histogram"):
        return Text(sparkline(histogram["counts"]), style="cyan")
    top = column.get("top") or ()
    return Text(", ".join(f"{entry['value']} ({entry['count']:,})" for entry in top[:3]), style="cyan")


def sparkline(counts: Sequence[int]) -> str:
    """Counts as blocks of height, neighbours joined until they fit; an empty one stays the lowest block."""
    joined = -(-len(counts) // SPARK_CHARACTERS) or 1
    heights = [sum(counts[start : start + joined]) for start in range(0, len(counts), joined)]
    most = max(heights, default=0) or 1
    return "".join(BLOCKS[height * (len(BLOCKS) - 1) // most] for height in heights)


def _show_dimensions(dimensions: Sequence[Mapping[str, Any]]) -> None:
    table = _table("dimension", "score", "", "formula")
    for entry in dimensions:
        score = entry["score"]
        bar = "" if score is None else "█" * round(score * 20)
        table.add_row(
            Text(entry["dimension"], style="bold"), _figure(score), Text(bar, style="green"), entry["formula"]
        )
    console.print(table)
    console.print()


def _show_issues(issues: Sequence[Mapping[str, Any]]) -> None:
    if not issues:
        console.print("No issues found.")
        return
    table = _table("issue", "column", "cells", "what")
    for issue in issues[:MOST_ISSUES]:
        table.add_row(
            Text(issue["code"], style=SEVERITY_STYLES.get(issue["severity"], "")),
            Text(issue["column"] or "–"),
            _figure(issue["n"]),
            Text(issue.get("message") or ""),
        )
    console.print(table)
    if len(issues) > MOST_ISSUES:
        console.print(f"… and {len(issues) - MOST_ISSUES} more; --json has them all.")


def _figure(value: Any) -> str:
    """A figure in few characters."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
