"""A dataset, a result, the catalogue: what each looks like as a whole."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.highlighter import JSONHighlighter
from rich.text import Text

from analyzer.models import Dataset, TaskDescription
from analyzer.terminal.columns import show_columns
from analyzer.terminal.figures import figure
from analyzer.terminal.plain import plain, plain_json
from analyzer.terminal.quality import show_dimensions, show_issues
from analyzer.terminal.screen import heading, say, show, table
from analyzer.terminal.views import VIEWS, show_view


def show_dataset(dataset: Dataset) -> None:
    """One line about the table, and what reading it wants to be known."""
    size = f"{_counted(dataset.rows, 'row')} × {_counted(dataset.columns, 'column')}"
    say(Text.assemble((plain(dataset.filename), "bold"), f"  {size}"))
    for warning in dataset.report.warnings:
        say(f"  ! {plain(warning)}", style="yellow")


def show_result(result: Mapping[str, Any], title: str) -> None:
    """A result: the parts of it that have a picture here, or all of it as JSON."""
    heading(title, str(result.get("task_id", "")))
    if (view := VIEWS.get(str(result.get("task_id")))) is not None:
        show_view(result, view)
        return
    shown = False
    if isinstance(result.get("dimensions"), Sequence):
        show_dimensions(result["dimensions"], result.get("overall"))
        shown = True
    for name, show_part in (("issues", show_issues), ("columns", show_columns)):
        if isinstance(result.get(name), Sequence):
            if shown:
                say()
            show_part(result[name])
            shown = True
    if not shown:
        text = plain_json({name: value for name, value in result.items() if name != "charts"})
        say(JSONHighlighter()(text))


def show_tasks(tasks: Sequence[TaskDescription]) -> None:
    """The catalogue as a list."""
    made = table("task", "title")
    for task in tasks:
        made.add_row(Text(plain(task.task_id), style="bold"), Text(plain(task.title)))
    show(made)


def _counted(number: int, noun: str) -> str:
    return f"{figure(number)} {noun}{'' if number == 1 else 's'}"
