"""Splitting delimited text into records, for every dialect and for text that keeps to none.

This is the thorough reader; blocks that are regular never come here. It knows delimiters of several characters, stray
quotes, cells that were never closed, and where in the text every record stands.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from analyzer.ingest.dialect import Dialect

MAX_QUOTED_CHARACTERS = 1_000_000
"""A quoted cell that is still open after this much text was never closed."""

LINE_END = re.compile(r"\r\n?|\n")
Cells = list[str | None]


class Record(NamedTuple):
    """The cells of one row (None: empty and not quoted) and where it stands: characters, and lines from 0.

    `misquoted`: a quote that opens a cell is not closed, or one inside a cell is not doubled.
    """

    cells: Cells
    start: int
    end: int
    line: int
    misquoted: bool = False


class Incomplete(Exception):
    """The text ends inside a record."""


class RecordReader:
    """Reads the records of texts in one dialect. `width` is the number of cells a record should have, if known."""

    def __init__(self, dialect: Dialect, width: int | None = None) -> None:
        self.dialect = dialect
        self.width = width
        self._opening = dialect.delimiter + dialect.quote
        delimiter, quote = re.escape(dialect.delimiter), re.escape(dialect.quote)
        ends = rf"(?={delimiter}|[\r\n]|\Z)"
        blank = "" if dialect.delimiter[0] in " \t" else r"[ \t]*"
        escape = re.escape(dialect.escape)
        inside = rf"[^{quote}]*(?:{quote}{quote}[^{quote}]*)*"
        bare = rf"(?:(?!{delimiter})[^\r\n])*"
        if escape:
            inside = rf"[^{quote}{escape}]*(?:(?:{escape}.|{quote}{quote})[^{quote}{escape}]*)*"
            bare = rf"(?:{escape}.|(?!{delimiter})[^\r\n{escape}])*"
        self._quoted = re.compile(rf"{quote}({inside}){quote}{blank}{ends}", re.DOTALL) if quote else None
        self._unescaped = re.compile(rf"{quote}([^\r\n]*?){quote}{blank}{ends}") if quote else None
        self._bare = re.compile(bare, re.DOTALL)
        self._escaped = re.compile(rf"{escape}(.)", re.DOTALL) if escape else None

    def read(self, text: str, last: bool = True) -> Iterator[Record]:
        """The records of the text. Unless it is the `last` text, a record cut off is not read.

        Blank lines are no records, but in a table of one column, where they are cells that hold nothing.
        """
        start = number = 0
        endings = LINE_END.finditer(text)
        while start < len(text):
            ending = next(endings, None)
            if not last and (ending is None or (ending.end() == len(text) and ending[0] == "\r")):
                return
            stop, end = ending.span() if ending else (len(text), len(text))
            line, lines, misquoted = text[start:stop], 1, False
            if self._has_marks(line):
                try:
                    cells, far_end, lines, misquoted = self._marked(text, start, end, line, last)
                except Incomplete:
                    return
                if far_end != end:
                    end, endings = far_end, LINE_END.finditer(text, far_end)
            else:
                cells = [cell or None for cell in line.split(self.dialect.delimiter)]
            if cells != [None] or self.width == 1:
                yield Record(cells, start, end, number, misquoted)
            start, number = end, number + lines

    def _marked(self, text: str, start: int, end: int, line: str, last: bool) -> tuple[Cells, int, int, bool]:
        """The cells of a record with quotes or escapes, where the next one begins, how many lines it took, and whether
        it is misquoted.

        Its first line is `line` and ends at `end`.
        """
        cells, far_end, misquoted = self._cells(text, start, last)
        lines = 1 if far_end == end else len(LINE_END.findall(text, start, far_end))
        if lines > 1 and self.width is not None and len(cells) != self.width:
            literal: Cells = [cell or None for cell in line.split(self.dialect.delimiter)]
            if len(literal) == self.width:
                return literal, end, 1, True
        return cells, far_end, lines, misquoted

    def _has_marks(self, line: str) -> bool:
        """Whether a quote opens a cell of the line, or something is escaped."""
        dialect = self.dialect
        if dialect.quote and dialect.quote in line and (line[0] == dialect.quote or self._opening in line):
            return True
        return bool(dialect.escape) and dialect.escape in line

    def _cells(self, text: str, start: int, last: bool) -> tuple[Cells, int, bool]:
        """The cells of a record that holds quotes or escapes, where it ends, and whether it is misquoted."""
        cells: Cells = []
        place, delimiter, misquoted = start, self.dialect.delimiter, False
        while True:
            cell, place, wrong = self._cell(text, place, last)
            cells.append(cell)
            misquoted |= wrong
            if text.startswith(delimiter, place):
                place += len(delimiter)
                continue
            ending = LINE_END.match(text, place)
            if not last and (ending is None or (ending.end() == len(text) and ending[0] == "\r")):
                raise Incomplete
            return cells, ending.end() if ending else place, misquoted

    def _cell(self, text: str, place: int, last: bool) -> tuple[str | None, int, bool]:
        """One cell, where it ends, and whether it is misquoted: not closed, or with lone quotes inside."""
        quote = self.dialect.quote
        begins_quoted = bool(quote) and text.startswith(quote, place)
        if self._quoted and self._unescaped and begins_quoted:
            if (found := self._quoted.match(text, place)) and found.end() - place <= MAX_QUOTED_CHARACTERS:
                if found.end() == len(text) and not last:
                    raise Incomplete
                return self._plain(found[1].replace(quote * 2, quote)), found.end(), False
            if not last and found is None and len(text) - place < MAX_QUOTED_CHARACTERS:
                raise Incomplete
            if found := self._unescaped.match(text, place):
                return found[1], found.end(), True
        end = found.end() if (found := self._bare.match(text, place)) else place
        bare = text[place:end]
        return (bare if bare == r"\N" else self._plain(bare)) or None, end, begins_quoted

    def _plain(self, cell: str) -> str:
        """The cell without its escapes."""
        return self._escaped.sub(r"\1", cell) if self._escaped else cell
