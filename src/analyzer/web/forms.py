"""Forms (`multipart/form-data`, RFC 7578) as they arrive: read in the pieces they come in, and handed on uncopied."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from analyzer.errors import MalformedMultipart
from analyzer.web.bodies import Read
from analyzer.web.stretch import Stretch

MAX_BOUNDARY_CHARACTERS = 70  # RFC 2046, section 5.1.1
MAX_HEAD_BYTES = 16 * 1024  # of one part; a name of 4 KB fits, encoded in whatever way
MAX_PREAMBLE_BYTES = 64 * 1024
HEAD_END = b"\r\n\r\n"
AFTER_BOUNDARY = re.compile(rb"[ \t]*\r\n|--")
PARAMETER = re.compile(r';\s*([^\s=;]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')
ESCAPED = re.compile(r'\\(["\\])')
NOTHING = Stretch(b"")
LONGEST_AFTER_BOUNDARY_BYTES = 256  # blanks may follow a boundary, though nobody writes any


class Form:
    """The parts of a form, one after the other. What is wrong with it raises MalformedMultipart."""

    def __init__(self, content_type: str, read: Read) -> None:
        boundary = _parameters(content_type).get("boundary")
        if not boundary:
            raise MalformedMultipart("The form's Content-Type has no boundary.")
        if len(boundary) > MAX_BOUNDARY_CHARACTERS or not boundary.isascii():
            raise MalformedMultipart(f"The form's boundary has more than {MAX_BOUNDARY_CHARACTERS} ASCII characters.")
        self._delimiter = b"\r\n--" + boundary.encode()
        self._read = read
        self._rest = Stretch(b"\r\n")  # read and not yet given away; the first boundary need not follow a line's end
        self._in_part = True  # what stands before the first boundary ends like a part, and nobody reads it

    async def next_part(self) -> "Part | None":
        """The next part, once what is left of the one before is skipped; None behind the last."""
        skipped = 0
        while self._in_part:
            skipped += len(await self.read())
            if skipped > MAX_PREAMBLE_BYTES:
                raise MalformedMultipart(f"More than {MAX_PREAMBLE_BYTES:,} bytes of the form belong to no part.")
        while (after := AFTER_BOUNDARY.match(self._rest.view)) is None:
            if len(self._rest) > LONGEST_AFTER_BOUNDARY_BYTES or not await self._more():
                raise MalformedMultipart("A boundary of the form is not followed by the end of its line.")
        self._rest = self._rest[after.end() :]
        if after[0] == b"--":
            return None
        self._in_part = True
        return Part(self, _headers(await self._head()))

    async def _head(self) -> bytes:
        """The header lines of a part; there may be none."""
        self._rest = Stretch(b"\r\n" + self._rest.view)
        while (end := self._rest.find(HEAD_END, MAX_HEAD_BYTES)) < 0:
            if len(self._rest) > MAX_HEAD_BYTES:
                raise MalformedMultipart(f"The header of a part has more than {MAX_HEAD_BYTES:,} bytes.")
            if not await self._more():
                raise MalformedMultipart("The form is not complete: it ends in the header of a part.")
        head, self._rest = self._rest[:end], self._rest[end + len(HEAD_END) :]
        return bytes(head.view)

    async def read(self) -> Stretch:
        """The next bytes of the part, as they came; none at its end."""
        while self._in_part:
            found = self._rest.find(self._delimiter)
            if found >= 0:
                piece, self._rest = self._rest[:found], self._rest[found + len(self._delimiter) :]
                self._in_part = False
                return piece
            begun = self._begun()
            if begun < len(self._rest):
                certain = len(self._rest) - begun
                piece, self._rest = self._rest[:certain], self._rest[certain:] if begun else NOTHING
                return piece
            if not await self._more():
                raise MalformedMultipart("The form is not complete: it ends within a part.")
        return NOTHING

    def _begun(self) -> int:
        """How many bytes at the end of what was read could be the beginning of a boundary."""
        end = bytes(self._rest[-len(self._delimiter) :].view)
        start = end.rfind(b"\r")
        return len(end) - start if start >= 0 and self._delimiter.startswith(end[start:]) else 0

    async def _more(self) -> bool:
        piece = await self._read()
        self._rest = Stretch(b"".join((self._rest.view, piece.view))) if self._rest else piece
        return bool(piece)


class Part:
    """One part: what its header says, and its bytes."""

    def __init__(self, form: Form, headers: Mapping[str, str]) -> None:
        said = _parameters(headers.get("content-disposition", ""))
        self.name = said.get("name", "")
        self.filename = _extended(said["filename*"]) if "filename*" in said else said.get("filename")
        self.is_form = headers.get("content-type", "").lower().startswith("multipart/")
        self.read = form.read


def _headers(head: bytes) -> dict[str, str]:
    headers = {}
    for line in head.decode(errors="replace").split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise MalformedMultipart(f"A line of a part's header is no header: {line[:100]!r}.")
        headers[name.strip().lower()] = value.strip()
    return headers


def _parameters(header: str) -> dict[str, str]:
    """What a header says by name, behind its first word. Of backslashes only those before quotes and others count."""
    return {
        name.lower(): ESCAPED.sub(r"\1", value[1:-1]) if len(value) > 1 and value.startswith('"') else value.strip()
        for name, value in PARAMETER.findall(header)
    }


def _extended(value: str) -> str:
    """A value with its encoding and language in front, as RFC 8187 has it; some write file names so."""
    encoding, _, rest = value.partition("'")
    try:
        return unquote(rest.partition("'")[2], encoding, "replace")
    except LookupError:
        return unquote(rest.partition("'")[2])
