"""Which encoding a text file is in, and its bytes as a stream of UTF-8."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from analyzer.errors import InvalidParameters

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Encoding:
    """An encoding by Python's name, how sure that is (0 to 1), and the length of the byte order mark."""

    name: str
    confidence: float
    mark_bytes: int = 0


def detect_encoding(head: bytes, wanted: str | None = None) -> Encoding:
    """The encoding of a file that begins with `head`: as wanted, by its mark, UTF-8 if valid, else Windows-1252."""
    mark = next(((mark, name) for mark, name in BYTE_ORDER_MARKS if head.startswith(mark)), None)
    if wanted is not None:
        name = _known(wanted)
        return Encoding(name, 1.0, len(mark[0]) if mark is not None and mark[1].startswith(name[:6]) else 0)
    if mark is not None:
        return Encoding(mark[1], 1.0, len(mark[0]))
    if _is_utf8(head):
        return Encoding("utf-8", 1.0)
    return Encoding("cp1252", 0.5)


def _known(name: str) -> str:
    """Python's name for a text encoding; InvalidParameters if it has none."""
    try:
        found = codecs.lookup(name)
        b"".decode(found.name)
    except (LookupError, ValueError, TypeError) as error:
        raise InvalidParameters(
            f"The encoding {name[:40]!r} is not known.", errors=[{"pointer": "/encoding", "detail": "not known"}]
        ) from error
    return found.name


def _is_utf8(head: bytes) -> bool:
    """Whether the bytes are UTF-8, where the last character may be cut off."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def blocks_of_utf8(source: BinaryIO, encoding: Encoding, block_bytes: int) -> Iterator[bytes]:
    """The rest of `source` as UTF-8, in blocks that begin and end with a whole character."""
    decoder = codecs.getincrementaldecoder(encoding.name)(errors="replace")
    while block := source.read(block_bytes):
        yield decoder.decode(block).encode("utf-8", errors="replace")
    yield decoder.decode(b"", final=True).encode("utf-8", errors="replace")
