"""Lines that stand in quotes as a whole, because their table was once taken for one of a single column."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO, cast

from analyzer.ingest.dialect_detection import detect_dialect
from analyzer.ingest.encoding import detect_encoding
from analyzer.ingest.records import RecordReader
from analyzer.ingest.source import Source
from analyzer.models.datasets import ReadingOptions

HEAD_BYTES = 64 * 1024
PIECE_BYTES = 1024 * 1024
LINE = re.compile(rb'^(\xef\xbb\xbf)?"([^\r\n]*)"(?=\r?$)', re.MULTILINE)
LEAST_COLUMNS = 3
"""Of two a comma may be part of a text, as in `"Doe, Jane"`, line for line."""


def within_quotes(source: Source, options: ReadingOptions) -> Source | None:
    """The text without the quotes around its lines, where they all have some and hold a table without them."""
    head = source.head(HEAD_BYTES)
    if len(head) == HEAD_BYTES:
        head = head[: head.rfind(b"\n") + 1]
    lines = [line for line in head.split(b"\n") if line.strip()]
    if len(lines) < 2 or not all(map(_is_quoted, lines)) or options.quote is not None:
        return None
    inside = _opened(b"\n".join(lines))
    text = inside.decode(detect_encoding(inside, options.encoding).name, "replace")
    dialect = detect_dialect(text, options)
    rows = [record.cells for record in RecordReader(dialect).read(text)]
    width = len(rows[0])
    if (
        width < LEAST_COLUMNS
        or " " in dialect.delimiter
        or any(len(cells) != width or _begins_blank(cells) for cells in rows)
    ):
        return None
    return rewritten(source, lambda: _opened)


def rewritten(source: Source, rewriting: Callable[[], Callable[[bytes], bytes]]) -> Source:
    """The text with its lines rewritten, by a function of its own each time it is opened, in pieces of whole lines."""
    unpack = source.unpack
    return replace(source, unpack=lambda packed: _opening(packed if unpack is None else unpack(packed), rewriting()))


def _is_quoted(line: bytes) -> bool:
    """Whether a line stands in quotes, and all others in it are doubled."""
    found = LINE.match(line)
    return found is not None and b'"' not in found[2].replace(b'""', b"")


def _begins_blank(cells: list[str | None]) -> bool:
    return any(cell is not None and cell.startswith(" ") for cell in cells)


def _opened(text: bytes) -> bytes:
    return LINE.sub(lambda found: (found[1] or b"") + found[2].replace(b'""', b'"'), text)


def _opening(stream: BinaryIO, rewrite: Callable[[bytes], bytes]) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Lines(stream.read, rewrite), PIECE_BYTES))


class _Lines(io.RawIOBase):
    """A stream of lines, rewritten."""

    def __init__(self, read: Callable[[int], bytes], rewrite: Callable[[bytes], bytes]) -> None:
        self._read, self._rewrite = read, rewrite
        self._rest = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # memoryview is what readers pass
        while not self._ready:
            piece = self._read(PIECE_BYTES)
            text = self._rest + piece
            end = text.rfind(b"\n") + 1 if piece else len(text)
            if not text:
                return 0
            self._rest, self._ready = text[end:], memoryview(self._rewrite(text[:end]))
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count
