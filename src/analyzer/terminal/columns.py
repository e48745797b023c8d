"""The columns of a summary: a table for each kind of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from analyzer.terminal.figures import figures
from analyzer.terminal.pictures import SPARK_CELLS, bar, sparkline
from analyzer.terminal.plain import cut, listed, plain
from analyzer.terminal.screen import GAP, say, show, table, widest, width

Column = Mapping[str, Any]

LABELS = {
    "numeric": "numbers",
    "categorical": "categories",
    "datetime": "dates",
    "text": "texts",
    "boolean": "truth values",
    "empty": "empty",
    "unsupported": "others",
}
FIGURES = {
    "numeric": ("count", "missing", "mean", "std", "min", "q25", "q50", "q75", "max"),
    "categorical": ("count", "missing", "distinct", "mode_share", "entropy", "imbalance"),
    "text": ("count", "missing", "distinct"),
    "boolean": ("count", "missing", "true", "false"),
    "datetime": ("count", "missing", "distinct", "min", "max", "resolution"),
}
"""Which figures of a column of each kind fit a wide terminal. The others are in the JSON."""
BARE = ("count", "missing")  # of kinds that have no other figures

DISPENSABLE = (
    *("q25", "q75", "imbalance", "entropy", "std", "missing", "mode_share", "resolution"),
    *("count", "q50", "distinct", "max", "min"),
)
"""What a narrow terminal goes without, in this order."""

NAME_CELLS = 24
MAX_COLUMNS = 40  # of a kind; a table of hundreds is no overview
SHARE_FOR_NAMES = 3  # a third of the screen at most
MOST_VALUES = 3


def show_columns(columns: Sequence[Column]) -> None:
    """A table for each kind of column, and what was left out."""
    kinds = dict.fromkeys((*LABELS, *(str(column.get("kind")) for column in columns)))
    left_out: dict[str, None] = {}
    between = False
    for kind in kinds:
        of_kind = [column for column in columns if str(column.get("kind")) == kind]
        if of_kind:
            if between:
                say()
            between = True
            left_out |= dict.fromkeys(_show_kind(kind, of_kind))
    if left_out:
        say()
        say(f"No room for {', '.join(left_out)}; --json has all.", style="dim")


def _show_kind(kind: str, columns: Sequence[Column]) -> list[str]:
    """Show the table; returns the figures that found no room in it."""
    shown = columns[:MAX_COLUMNS]
    label = LABELS.get(kind, plain(kind))
    names = [plain(column["name"]) for column in shown]
    name_cells = min(widest([*names, label]), max(NAME_CELLS, width() // 5), width() // SHARE_FOR_NAMES)
    texts = {
        name: [name, *map(plain, figures([column.get(name) for column in shown]))] for name in FIGURES.get(kind, BARE)
    }
    picture_cells = _least_picture(shown)
    left_out = _make_room(texts, width() - name_cells - (picture_cells + GAP if picture_cells else 0))
    figure_cells = sum(GAP + widest(cells) for cells in texts.values())
    spare = width() - figure_cells - GAP - picture_cells
    name_cells = min(widest([*names, label]), max(name_cells, min(spare, NAME_CELLS)))
    taken = name_cells + figure_cells + GAP
    made = table()
    made.add_column(cut(label, name_cells), width=name_cells, no_wrap=True)
    for name, cells in texts.items():
        made.add_column(name, justify="right", width=widest(cells), no_wrap=True)
    made.add_column("", ratio=1, no_wrap=True)
    for row, column in enumerate(shown, start=1):
        picture = Text(_picture(column, max(width() - taken, 0)), style="cyan")
        cells_of_row = (Text(cells[row], justify="right") for cells in texts.values())
        made.add_row(Text(cut(names[row - 1], name_cells), style="bold"), *cells_of_row, picture)
    show(made)
    if len(columns) > len(shown):
        say(f"… and {len(columns) - len(shown)} more; --json has them all.", style="dim")
    return left_out


def _make_room(texts: dict[str, list[str]], room: int) -> list[str]:
    """Take away what is dispensable until the rest fits. Returns what was taken."""
    taken = []
    for name in DISPENSABLE:
        if sum(GAP + widest(cells) for cells in texts.values()) <= room:
            break
        if name in texts and len(texts) > 1:
            del texts[name]
            taken.append(name)
    return taken


def _least_picture(columns: Sequence[Column]) -> int:
    """The cells below which there would be no picture worth having."""
    if any(column.get("top") for column in columns):
        return min(widest([", ".join(_values(column)) for column in columns if column.get("top")]), width() * 2 // 5)
    return SPARK_CELLS if any(column.get("histogram") or column.get("true") is not None for column in columns) else 0


def _picture(column: Column, cells: int) -> str:
    """A histogram as a line of blocks, or the most frequent values."""
    if histogram := column.get("histogram"):
        return cut(sparkline(histogram["counts"]), cells)
    if column.get("top"):
        return listed(_values(column), cells) or cut(_values(column)[0], cells)
    return bar(column.get("share"), min(cells, SPARK_CELLS)) if column.get("true") is not None else ""


def _values(column: Column) -> list[str]:
    """The most frequent values; a long one keeps its count."""
    most = column["top"][:MOST_VALUES]
    values = [f"{cut(plain(entry['value']), NAME_CELLS)} ({figures([entry['count']])[0]})" for entry in most]
    return [*values, "…"] if column.get("distinct", 0) > len(values) else values
