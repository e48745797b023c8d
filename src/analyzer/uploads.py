"""Uploads on their way in: counted, hashed and written to a draft, of which nothing stays if they do not arrive."""

import asyncio
import hashlib
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiofiles

from analyzer.blobs.base import Blobs
from analyzer.blobs.local import telling_when_full
from analyzer.errors import UploadTooLarge

MAX_NAME_CHARACTERS = 200
BUFFER_BYTES = 1024 * 1024  # gathered before threads are asked to write and hash it


class Upload:
    """A file that is arriving. `write` what comes, then `complete`."""

    def __init__(self, draft: Path, file: Any, max_bytes: int) -> None:
        self.draft = draft
        self.size_bytes = 0
        self._file = file
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self._buffer = bytearray()

    @property
    def sha256(self) -> str:
        """Of all that was written; known once the upload is complete."""
        return self._hash.hexdigest()

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises UploadTooLarge with the first byte too many, StorageFull when the disk is."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self._max_bytes:
            raise too_large(self._max_bytes)
        self._buffer += chunk
        if len(self._buffer) >= BUFFER_BYTES:
            await self._flush()

    async def complete(self) -> None:
        """Everything has been written: the draft is whole."""
        await self._flush()
        with telling_when_full():
            await self._file.close()

    async def _flush(self) -> None:
        content, self._buffer = bytes(self._buffer), bytearray()
        with telling_when_full():
            await asyncio.gather(self._file.write(content), asyncio.to_thread(self._hash.update, content))


@asynccontextmanager
async def receiving(blobs: Blobs, max_bytes: int) -> AsyncIterator[Upload]:
    """An upload whose draft is gone when the context ends, unless it was kept as a blob before."""
    draft = blobs.draft()
    with telling_when_full():
        file = await aiofiles.open(draft, "wb")
    try:
        yield Upload(draft, file, max_bytes)
    finally:
        await file.close()
        draft.unlink(missing_ok=True)


def too_large(max_bytes: int) -> UploadTooLarge:
    """The error for an upload beyond this size, whether it said so or did it."""
    return UploadTooLarge(f"The file has more than the {max_bytes:,} bytes that this server takes.", limit=max_bytes)


def display_name(name: str) -> str:
    """What people are shown for a file name from outside: its last component, without anything invisible."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(character for character in last if unicodedata.category(character)[0] != "C").strip(" .")
    return visible[:MAX_NAME_CHARACTERS] or "upload"
