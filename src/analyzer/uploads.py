"""Uploads on their way in: counted, hashed and written to a draft, of which nothing stays if they do not arrive."""

import asyncio
import hashlib
import unicodedata
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiofiles

from analyzer.blobs.base import Blobs
from analyzer.drafts import complete_mark, telling_when_full
from analyzer.errors import UploadTooLarge
from analyzer.models import ReadingOptions

MAX_NAME_CHARACTERS = 200
BUFFER_BYTES = 1024 * 1024  # gathered before threads are asked to write and hash it
EARLY_BYTES = (
    4 * 1024 * 1024
)  # from here on a file is read while it still arrives; smaller ones are read faster than sent


class Upload:
    """A file that is arriving. `write` what comes, then `complete`."""

    def __init__(self, draft: Path, file: Any, max_bytes: int) -> None:
        self.draft = draft
        self.size_bytes = 0
        self._file = file
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self._buffer = bytearray()
        self.expected: tuple[str, ReadingOptions] | None = None
        self.on_large: Callable[[Upload, str, ReadingOptions], None] | None = None  # called once, by `write`
        self.early: asyncio.Task[Any] | None = None  # the reading of what arrives, where it began already

    @property
    def sha256(self) -> str:
        """Of all that was written; known once the upload is complete."""
        return self._hash.hexdigest()

    def expect(self, filename: str, options: ReadingOptions) -> None:
        """As what this file will probably be added: with that known, a large one is read while it still arrives."""
        self.expected = filename, options

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises UploadTooLarge with the first byte too many, StorageFull when the disk is."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self._max_bytes:
            raise too_large(self._max_bytes)
        self._buffer += chunk
        if len(self._buffer) >= BUFFER_BYTES:
            await self._flush()
            if self.on_large is not None and self.expected is not None and self.size_bytes >= EARLY_BYTES:
                self.on_large(self, *self.expected)
                self.on_large = None
            if self.early is not None and self.early.done():
                self.early.result()  # what cannot be read need not arrive

    async def complete(self) -> None:
        """Everything has been written: the draft is whole."""
        await self._flush()
        with telling_when_full():
            await self._file.close()
        await asyncio.to_thread(complete_mark(self.draft).touch)

    async def forget_early(self) -> None:
        """End the reading that began early, since it is not needed or was begun with other options."""
        if self.early is not None:
            self.early.cancel()
            await asyncio.wait([self.early])
            self.early = None

    async def _flush(self) -> None:
        content, self._buffer = bytes(self._buffer), bytearray()
        with telling_when_full():
            await asyncio.gather(self._file.write(content), asyncio.to_thread(self._hash.update, content))


@asynccontextmanager
async def receiving(blobs: Blobs, max_bytes: int) -> AsyncIterator[Upload]:
    """An upload whose draft is gone when the context ends, unless it was kept as a blob before."""
    draft = blobs.draft()
    file = await _open(draft)
    try:
        upload = Upload(draft, file, max_bytes)
        try:
            yield upload
        finally:
            await upload.forget_early()
    finally:
        await file.close()
        draft.unlink(missing_ok=True)
        complete_mark(draft).unlink(missing_ok=True)


async def _open(draft: Path) -> Any:
    """The draft, open for writing; when the caller is cancelled while it is being opened, it is gone again."""
    opening = asyncio.ensure_future(_opened(draft))
    try:
        with telling_when_full():
            return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await (await opening).close()
        draft.unlink(missing_ok=True)
        raise


async def _opened(draft: Path) -> Any:
    return await aiofiles.open(draft, "wb")


def too_large(max_bytes: int) -> UploadTooLarge:
    """The error for an upload beyond this size, whether it said so or did it."""
    return UploadTooLarge(f"The file has more than the {max_bytes:,} bytes that this server takes.", limit=max_bytes)


def display_name(name: str) -> str:
    """What people are shown for a file name from outside: its last component, without anything invisible."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(character for character in last if unicodedata.category(character)[0] != "C").strip(" .")
    return visible[:MAX_NAME_CHARACTERS] or "upload"
