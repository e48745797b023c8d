"""Uploads on their way in: counted, hashed and written to a draft, of which nothing stays if they do not arrive."""

import asyncio
import hashlib
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from analyzer.blobs.base import Blobs
from analyzer.drafts import complete_mark, open_file, telling_when_full
from analyzer.errors import DecompressionLimit, MemoryLimit, ParserCrashed, UploadTooLarge
from analyzer.executors.base import WorkerDied
from analyzer.models import ReadingOptions

MAX_NAME_CHARACTERS = 200
BUFFER_BYTES = 512 * 1024  # gathered before threads are asked to hash and write it
WAITING_BYTES = 1024 * 1024  # how much may wait for a thread that is behind
SMALL_BYTES = 16 * 1024  # chunks below this are joined, or their number would weigh more than they do
EARLY_BYTES = 4 * 1024 * 1024  # from here on a file is read while it still arrives


Bytes = bytes | bytearray | memoryview
Chunks = list[Bytes]


class Upload:
    """A file that is arriving. `write` what comes, then `complete`."""

    def __init__(self, draft: Path, file: IO[bytes], max_bytes: int) -> None:
        self.draft = draft
        self.size_bytes = 0
        self._file = file
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self._chunks: Chunks = []  # what came since the last block was handed on
        self._gathered_bytes = 0
        self._is_complete = False
        self._lanes = (Lane(self._digest), Lane(self._write))  # both at once, since they cost about the same
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

    async def write(self, chunk: Bytes) -> None:
        """Take the next bytes, which must stay as they are.

        Raises UploadTooLarge with the first byte too many, StorageFull when the disk is full.
        """
        self.size_bytes += len(chunk)
        if self.size_bytes > self._max_bytes:
            raise too_large(self._max_bytes)
        self._gather(chunk)
        if self._gathered_bytes >= BUFFER_BYTES:
            await self._hand_on()
            if self.on_large is not None and self.expected is not None and self.size_bytes >= EARLY_BYTES:
                self.on_large(self, *self.expected)
                self.on_large = None
            if self.early is not None and self.early.done():
                self.early.result()  # what cannot be read need not arrive

    async def complete(self) -> None:
        """Everything has been written: the draft is whole. Once is enough."""
        if self._is_complete:
            return
        self._is_complete = True
        if self.size_bytes > self._gathered_bytes:
            await self._hand_on()
            for lane in self._lanes:
                await lane.settle()
        await asyncio.to_thread(self._finish)

    async def forget_early(self) -> None:
        """End the reading that began early, since it is not needed or was begun with other options."""
        if self.early is not None:
            self.early.cancel()
            await asyncio.wait([self.early])
            self.early = None

    async def close(self) -> None:
        """Let go of the file. What of it is not written by now is not wanted any more."""
        for lane in self._lanes:
            await lane.stop()
        with suppress(OSError):
            await asyncio.to_thread(self._file.close)

    def _gather(self, chunk: Bytes) -> None:
        if len(chunk) >= SMALL_BYTES:
            self._chunks.append(chunk)
        elif self._chunks and isinstance(self._chunks[-1], bytearray):
            self._chunks[-1] += chunk
        else:
            self._chunks.append(bytearray(chunk))
        self._gathered_bytes += len(chunk)

    async def _hand_on(self) -> None:
        chunks, self._chunks, self._gathered_bytes = self._chunks, [], 0
        for lane in self._lanes:
            lane.put(chunks)
        for lane in self._lanes:
            await lane.room()

    def _digest(self, chunks: Chunks) -> None:
        for chunk in chunks:
            self._hash.update(chunk)

    def _write(self, chunks: Chunks) -> None:
        with telling_when_full():
            for chunk in chunks:
                self._file.write(chunk)
            self._file.flush()  # who reads what arrives shall see it

    def _finish(self) -> None:
        self._digest(self._chunks)  # of a small file this is all of it
        self._write(self._chunks)
        with telling_when_full():
            self._file.close()
        complete_mark(self.draft).touch()


class Lane:
    """Work on chunks, in their order, in one thread at a time. What comes meanwhile waits and is then taken at once."""

    def __init__(self, work: Callable[[Chunks], None]) -> None:
        self._work = work
        self._waiting: Chunks = []
        self._waiting_bytes = 0
        self._running: asyncio.Future[None] | None = None
        self._failure: BaseException | None = None

    def put(self, chunks: Chunks) -> None:
        """Hand the chunks on. Raises what the work raised before."""
        if self._failure is not None:
            raise self._failure
        self._waiting += chunks
        self._waiting_bytes += sum(map(len, chunks))
        if self._running is None:
            self._start()

    async def room(self) -> None:
        """Returns when there is room for more."""
        while self._running is not None and self._waiting_bytes > WAITING_BYTES:
            await asyncio.wait([self._running])

    async def settle(self) -> None:
        """Returns when all is done. Raises what the work raised."""
        while self._running is not None:
            await asyncio.wait([self._running])
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        """Returns when nothing runs any more; what still waits is not done."""
        self._waiting.clear()
        while self._running is not None:
            await asyncio.wait([self._running])

    def _start(self) -> None:
        batch, self._waiting, self._waiting_bytes = self._waiting, [], 0
        self._running = asyncio.get_running_loop().run_in_executor(None, self._work, batch)
        self._running.add_done_callback(self._ended)

    def _ended(self, running: asyncio.Future[None]) -> None:
        self._running = None
        self._failure = running.exception()
        if self._failure is None and self._waiting:
            self._start()


@asynccontextmanager
async def receiving(blobs: Blobs, max_bytes: int) -> AsyncIterator[Upload]:
    """An upload whose draft is gone when the context ends, unless it was kept as a blob before."""
    draft = blobs.draft()
    file = await open_file(draft, "wb")
    try:
        upload = Upload(draft, file, max_bytes)
        try:
            yield upload
        finally:
            await upload.forget_early()
    finally:
        try:
            await upload.close()
        finally:
            draft.unlink(missing_ok=True)
            complete_mark(draft).unlink(missing_ok=True)


def too_large(max_bytes: int) -> UploadTooLarge:
    """The error for an upload beyond this size, whether it said so or did it."""
    return UploadTooLarge(f"The file has more than the {max_bytes:,} bytes that this server takes.", limit=max_bytes)


def display_name(name: str) -> str:
    """What people are shown for a file name from outside: its last component, without anything invisible."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(character for character in last if unicodedata.category(character)[0] != "C").strip(" .")
    return visible[:MAX_NAME_CHARACTERS] or "upload"


@contextmanager
def reading_named(filename: str) -> Iterator[None]:
    """What befalls the worker that reads a file is told of the file."""
    try:
        yield
    except WorkerDied:
        raise ParserCrashed(f"Reading {filename!r} ended the worker that read it.") from None
    except MemoryLimit as wall:
        limit = wall.more["limit"]
        raise DecompressionLimit(
            f"Reading {filename!r} needed more than the {limit:,} bytes of memory it may use.",
            limit=limit,
            where={"offset": 0},
        ) from None
