"""Rows of any width made to fit the table: padded, split anew, left out as comments or footers, or kept aside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np
import pyarrow as pa

from analyzer.ingest.cell_shapes import is_value
from analyzer.ingest.dialect import Dialect
from analyzer.ingest.findings import BadRow
from analyzer.ingest.layout import is_comment, is_remark
from analyzer.ingest.records import Cells, Record

MAX_NOTES = 20
"""So many lines below a table, behind a blank one, may be notes of several cells."""
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
    """Rows being made to fit a width, one after the other; the indices in it count the rows that were added.

    `valued` are the places of columns that hold numbers, dates or booleans.
    """

    dialect: Dialect
    width: int
    valued: frozenset[int]
    cells: list[Cells] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    padded: list[int] = field(default_factory=list)
    resplit: list[int] = field(default_factory=list)
    misquoted: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def add(self, cells: Cells, raw: str, line: int, *, misquoted: bool = False) -> None:
        """Add a row of any width, whose text is `raw`."""
        fits = len(cells) == self.width
        if (fits and 0 in self.valued and is_remark(cells)) or (not fits and is_comment(cells)):
            self.left_out.append(raw)
            return
        if not fits:
            fitted, kind = self._fitted(raw, cells)
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

    def _fitted(self, raw: str, cells: Cells) -> tuple[Cells | None, Callable[["Fitting"], list[int]] | None]:
        """A row of the right width out of one of another, and what was done to it; None: there is no way."""
        if len(cells) > self.width and not any(cells[self.width :]):
            return cells[: self.width], None
        alone = len(cells) == 1
        if (alone or len(cells) > self.width) and (pieces := self._resplit(raw, alone=alone)) is not None:
            return pieces, attrgetter("resplit")
        if len(cells) < self.width:
            return [*cells, *[None] * (self.width - len(cells))], attrgetter("padded")
        return None, None

    def _resplit(self, raw: str, *, alone: bool) -> Cells | None:
        """The row split at another delimiter; None: at none is it a row like the others. `alone`: it has not theirs."""
        for other in OTHER_DELIMITERS:
            if self.width > 1 and other != self.dialect.delimiter and raw.count(other) == self.width - 1:
                pieces = [cell.strip(self.dialect.quote or None) or None for cell in raw.split(other)]
                if self._agrees(pieces, other, alone=alone):
                    return pieces
        return None

    def _agrees(self, pieces: Cells, other: str, *, alone: bool) -> bool:
        """Whether there are values where other rows have them. Blanks stand between words too: they have to show it."""
        values = [piece for place in self.valued if (piece := pieces[place])]
        if not all(map(is_value, values)):
            return False
        return (alone and self.width > 2 and bool(values)) if other == " " else (alone or bool(values))

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


def fit(text: str, records: Sequence[Record], fitting: Fitting, last: bool) -> TextRows:
    """All records of a text as rows of one width. What stands below the table in the `last` text is left out."""
    footer = _first_of_footer(records, fitting) if last else len(records)
    for record in records[:footer]:
        fitting.add(record.cells, _raw(text, record), record.line, misquoted=record.misquoted)
    fitting.left_out += [raw for record in records[footer:] if (raw := _raw(text, record))]
    lines = np.array(fitting.lines, np.int64)
    return fitting.rows(fitting.columns(), lines, np.arange(len(lines)))


def _raw(text: str, record: Record) -> str:
    return text[record.start : record.end].rstrip("\r\n")


def _first_of_footer(records: Sequence[Record], fitting: Fitting) -> int:
    """The index of the first of the rows at the end that hold a single cell where the table has several, or none.

    Behind a blank line they may hold more, if they do not begin as rows do.
    """
    first = len(records)
    while first > 0 and _is_below(records[first - 1].cells, fitting.width):
        first -= 1
    for place in range(first - 1, max(0, first - MAX_NOTES), -1):
        if not _may_be_note(records[place].cells, fitting):
            break
        if records[place - 1].end < records[place].start:
            first = place
    return first


def _may_be_note(cells: Cells, fitting: Fitting) -> bool:
    """Whether a row is too short, and begins with no value where others do; where none does, it must not hold any."""
    begins = cells[:1] if 0 in fitting.valued else cells
    return len(cells) < fitting.width and not any(is_value(cell) for cell in begins if cell)


def _is_below(cells: Cells, width: int) -> bool:
    if width == 1:
        return cells == [None]
    return len(cells) < width and sum(1 for cell in cells if cell) <= 1
