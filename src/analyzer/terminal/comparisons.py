"""Results beside what other libraries say: a line for each analysis, and one for every difference."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from analyzer.comparison import Comparison, Difference
from analyzer.terminal.figures import figure
from analyzer.terminal.plain import cut, plain
from analyzer.terminal.screen import say, show, table

MOST_SHOWN = 40
VALUE_CELLS = 24


def show_comparisons(comparisons: Mapping[str, Comparison]) -> None:
    """How many figures were compared, and how far apart they are at most."""
    made = table("task")
    for header in ("figures", "largest difference", "differences"):
        made.add_column(header, justify="right")
    for task_id, one in comparisons.items():
        style = "bold red" if one.differences else "green"
        made.add_row(
            Text(plain(task_id), style="bold"),
            figure(one.figures),
            f"{one.largest:.1e}" if one.largest else "0",
            Text(figure(len(one.differences)), style=style),
        )
    show(made)
    for task_id, one in comparisons.items():
        if one.differences:
            say()
            _show_differences(task_id, one.differences)


def _show_differences(task_id: str, differences: list[Difference]) -> None:
    made = table(plain(task_id), "ours", "reference")
    made.add_column("relative", justify="right")
    for one in differences[:MOST_SHOWN]:
        relative = "" if one.relative is None else f"{one.relative:.1e}"
        made.add_row(plain(one.place), _value(one.ours), _value(one.reference), relative)
    show(made)
    if len(differences) > MOST_SHOWN:
        say(f"… and {figure(len(differences) - MOST_SHOWN)} more; --json has them all.", style="dim")


def _value(value: Any) -> Text:
    return Text(cut(plain(repr(value) if isinstance(value, str) else str(value)), VALUE_CELLS))
