"""Where the bytes of an upload come from: a file on disk, or a stream that may still be growing."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

Origin = Path | BinaryIO
"""A stream can `seek`; its `read` may wait for bytes to arrive, and returns b"" only at the end."""

SPOOL_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Source:
    """Bytes that can be read from the beginning any number of times; `unpack` undoes the compression, if any."""

    origin: Origin
    compression: str | None = None
    unpack: Callable[[BinaryIO], BinaryIO] | None = None
    inner_name: str | None = None

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The bytes from the first on, decompressed. Only one reader at a time where the origin is a stream."""
        with self._packed() as packed:
            yield packed if self.unpack is None else self.unpack(packed)

    @contextmanager
    def open_seekable(self) -> Iterator[BinaryIO]:
        """The same, for formats that are read from their end: what was compressed is spooled to a temporary file."""
        if self.unpack is None:
            with self._packed() as packed:
                yield packed
            return
        with self.open() as stream, tempfile.TemporaryFile() as spool:
            while piece := stream.read(SPOOL_BYTES):
                spool.write(piece)
            spool.seek(0)
            yield spool

    def head(self, size: int) -> bytes:
        """The first bytes, at most `size` of them."""
        with self.open() as stream:
            return read_up_to(stream, size)

    @contextmanager
    def _packed(self) -> Iterator[BinaryIO]:
        if isinstance(self.origin, Path):
            with self.origin.open("rb") as stream:
                yield stream
        else:
            self.origin.seek(0)
            yield self.origin


def read_up_to(stream: BinaryIO, size: int) -> bytes:
    """`size` bytes, or fewer only at the end of the stream."""
    pieces: list[bytes] = []
    while size > 0 and (piece := stream.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
