"""Rows of any width made to fit the table: padded, split anew, left out as comments or footers, or kept aside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np
import pyarrow as pa

from analyzer.ingest.dialect import Dialect
from analyzer.ingest.findings import BadRow
from analyzer.ingest.layout import is_comment
from analyzer.ingest.records import Cells, Record

OTHER_DELIMITERS = (",", ";", "\t", "|", " ")


@dataclass(frozen=True)
class TextRows:
    """The rows of a block as columns of text, and what did not fit. Lines count from 0 at the block's beginning.

    `lines` is None where no row needed a second look; `lines_of` then finds out.
    """

    columns: tuple[pa.StringArray, ...]
    lines: np.ndarray | None = None
    padded: tuple[int, ...] = ()
    resplit: tuple[int, ...] = ()
    misquoted: tuple[int, ...] = ()
    bad: tuple[BadRow, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return len(self.columns[0])


@dataclass
class Fitting:
    """Rows being made to fit a width, one after the other; the indices in it count the rows that were added."""

    dialect: Dialect
    width: int
    cells: list[Cells] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    padded: list[int] = field(default_factory=list)
    resplit: list[int] = field(default_factory=list)
    misquoted: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def add(self, cells: Cells, raw: str, line: int, *, misquoted: bool = False) -> None:
        """Add a row of any width, whose text is `raw`."""
        if len(cells) != self.width:
            if is_comment(cells):
                self.left_out.append(raw)
                return
            fitted, kind = _fitted(raw, cells, self.dialect, self.width)
            if fitted is None:
                self.bad.append(BadRow(line, raw))
                return
            if kind is not None:
                kind(self).append(len(self.cells))
            cells = fitted
        if misquoted:
            self.misquoted.append(len(self.cells))
        self.cells.append(cells)
        self.lines.append(line)

    def columns(self) -> tuple[pa.StringArray, ...]:
        """The rows as columns of text."""
        columns = zip(*self.cells, strict=True) if self.cells else [()] * self.width
        return tuple(pa.array(column, pa.string()) for column in columns)

    def rows(self, columns: tuple[pa.StringArray, ...], lines: np.ndarray, places: np.ndarray) -> TextRows:
        """These columns, which hold the rows that were added at these places, with what was done to them."""
        return TextRows(
            columns,
            lines,
            tuple(places[self.padded].tolist()),
            tuple(places[self.resplit].tolist()),
            tuple(places[self.misquoted].tolist()),
            tuple(self.bad),
            tuple(self.left_out),
        )


def fit(text: str, records: Sequence[Record], dialect: Dialect, width: int, last: bool) -> TextRows:
    """All records of a text as rows of one width. What stands below the table in the `last` text is left out."""
    fitting = Fitting(dialect, width)
    footer = _first_of_footer(records, width) if last else len(records)
    for record in records[:footer]:
        fitting.add(record.cells, _raw(text, record), record.line, misquoted=record.misquoted)
    fitting.left_out += [raw for record in records[footer:] if (raw := _raw(text, record))]
    lines = np.array(fitting.lines, np.int64)
    return fitting.rows(fitting.columns(), lines, np.arange(len(lines)))


def _raw(text: str, record: Record) -> str:
    return text[record.start : record.end].rstrip("\r\n")


def _first_of_footer(records: Sequence[Record], width: int) -> int:
    """The index of the first of the rows at the end that hold a single cell where the table has several, or none."""
    place = len(records)
    while place > 0 and _is_below(records[place - 1].cells, width):
        place -= 1
    return place


def _is_below(cells: Cells, width: int) -> bool:
    if width == 1:
        return cells == [None]
    return len(cells) < width and sum(1 for cell in cells if cell) <= 1


def _fitted(
    raw: str, cells: Cells, dialect: Dialect, width: int
) -> tuple[Cells | None, Callable[[Fitting], list[int]] | None]:
    """A row of the right width out of one of another width, and what was done to it; None: there is no way."""
    if len(cells) > width and not any(cells[width:]):
        return cells[:width], None
    if width > 1 and (len(cells) == 1 or len(cells) > width):
        for other in OTHER_DELIMITERS:
            if other != dialect.delimiter and raw.count(other) == width - 1:
                return [cell.strip(dialect.quote or None) or None for cell in raw.split(other)], attrgetter("resplit")
    if len(cells) < width:
        return [*cells, *[None] * (width - len(cells))], attrgetter("padded")
    return None, None
