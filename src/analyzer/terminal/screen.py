"""The screen: how wide things are, and what a heading and a table look like."""

from collections.abc import Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analyzer.terminal.plain import cut, plain

MAX_WIDTH = 140  # beyond it the eye loses the line
NARROW = 70  # below it what stands side by side is stacked
GAP = 2

console = Console(highlight=False)
progress_console = Console(stderr=True)


def width() -> int:
    """Of everything that is shown."""
    return min(console.width, MAX_WIDTH)


def say(text: Text | str = "", style: str = "") -> None:
    """One line, or more where it does not fit."""
    console.print(Text(text, style=style) if isinstance(text, str) else text, width=width())


def heading(title: str, name: str = "") -> None:
    """A blank line and a rule with a title in it, the name dim beside it if there is room."""
    line = Text(cut(plain(title), width()), style="bold")
    if name and name != title and line.cell_len + GAP + cell_len(name) <= width():
        line.append(" " * GAP + plain(name), style="not bold dim")
    rest = width() - line.cell_len - 1
    say()
    say(line.append(" " + "─" * rest, style="not bold dim") if rest > 1 else line)


def table(*headers: str) -> Table:
    """A table as wide as the screen, whose columns are added with headers, or by hand."""
    made = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, GAP - 1, 0, 0),
        pad_edge=False,
        show_edge=False,
        header_style="dim",
        border_style="dim",
        width=width(),
    )
    for header in headers:
        made.add_column(header)
    return made


def show(made: Table) -> None:
    """Print the table."""
    console.print(made)


def widest(texts: Sequence[str]) -> int:
    """The cells that the longest of the texts takes."""
    return max(map(cell_len, texts), default=0)
