"""Cutting UTF-8 text into blocks that end where a record ends."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analyzer.errors import LineTooLong
from analyzer.ingest.dialect import Dialect
from analyzer.ingest.limits import Limits
from analyzer.ingest.records import Record, RecordReader

IRREGULAR_BYTES = 2 * 1024 * 1024
"""How much irregular text is split into records at once."""

COUNTED_BYTES = 256 * 1024
"""How much is compared at once, so that what was compared is still in the processor's cache when it is counted."""

STAND_IN = b"\x1f"
"""What replaces a delimiter of several characters, for the block parser that knows only one."""


@dataclass(frozen=True)
class Block:
    """Whole records, the number of lines before them, and whether the text ends here.

    `records` is set where the text was irregular, and only the thorough reader could tell where its records end.
    """

    text: bytes
    line: int
    last: bool
    records: tuple[Record, ...] | None = None

    @property
    def lines(self) -> int:
        return count_lines(self.text)


def cut(pieces: Iterator[bytes], reader: RecordReader, line: int, limits: Limits) -> Iterator[Block]:
    """Blocks of whole records out of arbitrary pieces of text, of which the first begins after `line` lines.

    Raises LineTooLong where one record is longer than the limits allow.
    """
    rest, piece = b"", next(pieces, b"")
    last = False
    while not last:
        ahead = next(pieces, None)
        last = ahead is None
        if not last and (end := _plain_end(rest, piece, reader.dialect)):
            block = Block(b"".join((rest, memoryview(piece)[:end])), line, last)  # joined and cut in one copy
            rest, piece = piece[end:], ahead or b""
            yield block
            line += block.lines
            _refuse_too_long(rest, line, limits)
            continue
        rest, piece = rest + piece, ahead or b""
        while rest:
            found, rest = _first_block(rest, reader, line, last)
            if found is None:
                _refuse_too_long(rest, line, limits)
                break
            yield found
            line += found.lines


def _plain_end(rest: bytes, piece: bytes, dialect: Dialect) -> int:
    """Where the last line of a piece ends, if neither it nor the rest before it has any quotes or escapes; else 0."""
    marks = [mark.encode() for mark in (dialect.quote, dialect.escape) if mark]
    return 0 if any(mark in text for mark in marks for text in (rest, piece)) else _last_line_end(piece, len(piece))


def _refuse_too_long(begun: bytes, line: int, limits: Limits) -> None:
    if len(begun) > limits.max_line_bytes:
        raise LineTooLong(
            f"The row that begins in line {line + 1} is longer than {limits.max_line_bytes:,} bytes.",
            where={"line": line + 1},
            limit=limits.max_line_bytes,
        )


def _first_block(text: bytes, reader: RecordReader, line: int, last: bool) -> tuple[Block | None, bytes]:
    """A block from the beginning of the text, and what is left. No block: the text ends inside its first record."""
    if is_regular(text, reader.dialect, last):
        end = len(text) if last else _last_record_end(text, reader.dialect.quote.encode())
        if end:
            return Block(text[:end] if end < len(text) else text, line, last), text[end:]
        return None, text
    return _irregular_block(text, reader, line, last)


def _irregular_block(text: bytes, reader: RecordReader, line: int, last: bool) -> tuple[Block | None, bytes]:
    """A block of the first records of irregular text, and what is left."""
    size, records = IRREGULAR_BYTES, tuple[Record, ...]()
    while not records:
        piece, whole = text[:size], last and len(text) <= size
        decoded = piece.decode("utf-8", "surrogateescape")
        records = tuple(reader.read(decoded, last=whole))
        if size >= len(text):
            break
        size *= 4
    if not records:
        return (Block(text, line, True, ()), b"") if whole else (None, text)
    end = len(piece) if whole else len(decoded[: records[-1].end].encode("utf-8", "surrogateescape"))
    return Block(text[:end], line, whole, records), text[end:]


def is_regular(text: bytes, dialect: Dialect, last: bool) -> bool:
    """Whether quotes stand only around whole cells and are doubled inside; then their parity tells in from out."""
    quote, delimiter = dialect.quote.encode(), dialect.delimiter.encode()
    if dialect.escape and dialect.escape.encode() in text:
        return False
    if not quote or quote not in text:
        return True
    if len(delimiter) > 1:
        return False
    bytes_ = np.frombuffer(text, np.uint8)
    places = np.flatnonzero(bytes_ == quote[0])
    opening, closing = places[0::2], places[1::2]
    borders = np.zeros(256, bool)
    borders[list(quote + delimiter + b"\r\n")] = True
    before = borders[bytes_[np.maximum(opening - 1, 0)]] | (opening == 0)
    after = borders[bytes_[np.minimum(closing + 1, len(text) - 1)]] | (closing == len(text) - 1)
    return bool(before.all() and after.all()) and not (last and len(places) % 2)


def _last_record_end(text: bytes, quote: bytes) -> int:
    """Where the last whole record of a regular text ends; 0 if there is none."""
    inside = bool(quote) and quote in text and count(text, quote) % 2 == 1
    end = len(text)
    while True:
        ending = _last_line_end(text, end)
        if ending == 0:
            return 0
        inside ^= bool(quote) and text.count(quote, ending, end) % 2 == 1
        if not inside:
            return ending
        end = ending - 1


def _last_line_end(text: bytes, before: int) -> int:
    """Just after the last line end before a place. A carriage return at the very end may be half of one."""
    feed = text.rfind(b"\n", 0, before)
    carriage = text.rfind(b"\r", max(feed, 0), before)
    if carriage == len(text) - 1:
        carriage = text.rfind(b"\r", max(feed, 0), carriage)
    return max(feed, carriage) + 1


def count_lines(text: bytes) -> int:
    """How many lines end in the text, whichever way they end."""
    feeds = count(text, b"\n")
    return feeds if b"\r" not in text else feeds + count(text, b"\r") - text.count(b"\r\n")


def count(text: bytes, wanted: bytes) -> int:
    """As `bytes.count`, which is slow at a single byte and lets no other thread work meanwhile."""
    if len(wanted) > 1:
        return text.count(wanted)
    bytes_ = np.frombuffer(text, np.uint8)
    return sum(
        int(np.count_nonzero(bytes_[start : start + COUNTED_BYTES] == wanted[0]))
        for start in range(0, len(text), COUNTED_BYTES)
    )
