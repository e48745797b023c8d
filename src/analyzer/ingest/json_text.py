"""JSON by RFC 8259, to the letter, in pieces: nothing invalid is accepted, and no digit of a number is lost.

The scanner is Python's own, which is strict but for the constants NaN and Infinity; those are refused here.
"""

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NoReturn

from analyzer.errors import InvalidJson, LineTooLong
from analyzer.ingest.limits import Limits

PIECE_BYTES = 1024 * 1024
TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|-?Infinity|NaN|[\[{]|[\]}]', re.DOTALL)
COMMA = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
LINE_BREAK = re.compile(r"[ \t]*[\n\r][ \t\n\r]*")
MAX_DUPLICATES = 100
"""Of how many different repeated keys is kept count."""
MAX_DEPTH = 500
"""How deep values may be nested. RFC 8259 leaves the bound to whoever reads."""


class Number(str):
    """A number as it stands in the document."""

    __slots__ = ()


class _Constant(Exception):
    """NaN, Infinity or -Infinity stands in the document."""


def _refuse(name: str) -> NoReturn:
    raise _Constant(name)


@dataclass
class JsonText:
    """A JSON text being read from a stream; whoever reads takes values one after the other.

    `duplicates` are keys that came more than once in an object; the last value was kept. `value_line` is the line, from
    1, in which the value that was read last began.
    """

    stream: BinaryIO
    limits: Limits
    max_value_bytes: int
    duplicates: dict[str, int] = field(default_factory=dict)
    value_line: int = 0
    _text: str = ""
    _place: int = 0
    _offset: int = 0
    _ended: bool = False
    _line_broken: bool = False
    _lines: int = 0
    _repeated: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")()
        decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_float=Number, parse_int=Number, parse_constant=_refuse
        )
        self._decode_value = decoder.raw_decode
        self._fill()
        self._line_end = "\r" if "\r" in self._text and "\n" not in self._text else "\n"
        if self._text.startswith("\ufeff"):
            self._place = 1

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            if self._place < len(self._text):
                if (character := self._text[self._place]) not in " \t\n\r":
                    return character
                self._place += 1
                self._line_broken = self._line_broken or character in "\n\r"
                self._lines += character == self._line_end
            elif not self._fill():
                return ""

    def take(self, expected: str) -> None:
        """Read one character that must come next."""
        if self.peek() != expected:
            self.fail(f"{expected!r} was expected")
        self._place += 1

    def value(self) -> Any:
        """Read the next value: dict, list, str, Number, bool or None."""
        if not self.peek():
            self.fail("the text ends where a value was expected")
        while True:
            try:
                value, end = self._scan(self._text, self._place)
            except json.JSONDecodeError as error:
                if not self._fill():
                    self.fail(error.msg, error.pos)
            except _Constant as constant:
                self.fail(f"{constant} is not JSON", self._first_constant())
            except RecursionError:
                self.fail(f"values are nested deeper than {MAX_DEPTH}", self._first_too_deep())
            else:
                if end < len(self._text) or not self._fill():
                    self._accept(end)
                    return value

    def run(self, separator: re.Pattern[str]) -> Iterator[Any]:
        """Values that are in memory and followed by the separator and something else; `value` reads the next one."""
        self.peek()
        scan, text = self._scan, self._text
        while True:
            try:
                value, end = scan(text, self._place)
            except (ValueError, RecursionError, _Constant):
                return
            found = separator.match(text, end)
            if found is None or found.end() == len(text):
                return
            self._accept(found.end())
            yield value

    def end(self) -> None:
        """Nothing but white space may follow."""
        if self.peek():
            self.fail("something follows after the document")

    def fail(self, reason: str, place: int | None = None) -> NoReturn:
        """Raise InvalidJson with the place in bytes."""
        offset = self.offset(place)
        raise InvalidJson(f"At byte {offset:,}: {reason}.", where={"offset": offset})

    def offset(self, place: int | None = None) -> int:
        """The place in bytes: of the next character to be read, or of one in the text that is in memory."""
        before = self._text[: self._place if place is None else place]
        return self._offset + len(before.encode("utf-8", "surrogatepass"))

    @property
    def line_break_before(self) -> bool:
        """Whether a line ends between the last value and the next one, as in JSON Lines."""
        self.peek()
        return self._line_broken

    def _fill(self) -> bool:
        """Read on, forgetting what was taken. Whether there was more."""
        if self._ended:
            return False
        self._offset += len(self._text[: self._place].encode("utf-8", "surrogatepass"))
        self._text, self._place = self._text[self._place :], 0
        if len(self._text) > self.max_value_bytes:
            raise LineTooLong(
                f"One value is longer than {self.max_value_bytes:,} bytes.",
                where={"offset": self._offset},
                limit=self.max_value_bytes,
            )
        size = max(PIECE_BYTES, len(self._text))
        read = self.stream.read(size)
        self._ended = not read
        try:
            self._text += self._decode.decode(read, final=self._ended)
        except UnicodeDecodeError as error:
            self._text += error.object[: error.start].decode("utf-8", "ignore")
            self.fail("this is not UTF-8", len(self._text))
        return bool(read)

    def _scan(self, text: str, place: int) -> tuple[Any, int]:
        """The value at a place of the text, and where it ends."""
        self._repeated.clear()
        return self._decode_value(text, place)

    def _accept(self, end: int) -> None:
        """Go on after the value that was scanned last, and count the keys repeated in it."""
        self.value_line = self._lines + 1
        self._lines += self._text.count(self._line_end, self._place, end)
        self._place, self._line_broken = end, False
        for key in self._repeated:
            if key in self.duplicates or len(self.duplicates) < MAX_DUPLICATES:
                self.duplicates[key] = self.duplicates.get(key, 0) + 1

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            self._repeated += [key for key, count in counts.items() for _ in range(count - 1)]
        return found

    def _first_constant(self) -> int:
        return next(
            (found.start() for found in TOKENS.finditer(self._text, self._place) if found[0][-1] in "yN"), self._place
        )

    def _first_too_deep(self) -> int:
        depth = 0
        for found in TOKENS.finditer(self._text, self._place):
            depth += (found[0] in "[{") - (found[0] in "]}")
            if depth > MAX_DEPTH:
                return found.start()
        return self._place


def as_text(value: Any) -> str:
    """A value as JSON again, numbers as they stood."""
    match value:
        case Number():
            return str(value)
        case dict():
            return "{" + ", ".join(f"{as_text(key)}: {as_text(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(as_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def elements(text: JsonText) -> Iterator[Any]:
    """The elements of the array that comes next, one at a time."""
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return
    while True:
        yield from text.run(COMMA)
        yield text.value()
        if text.peek() == "]":
            text.take("]")
            return
        text.take(",")
