"""Blobs as files in a folder of this machine."""

import asyncio
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from analyzer.aio import Tasks
from analyzer.blobs.base import BlobMissing
from analyzer.drafts import telling_when_full
from analyzer.models import new_id

MAX_TOGETHER_BYTES = 256 * 1024  # of one blob that is written in one go with others; larger ones would hold those up


class LocalBlobs:
    """See `blobs.base.Blobs` for its promises. Construct it once for a folder: it clears the drafts found there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drafts = folder / "drafts"
        shutil.rmtree(self._drafts, ignore_errors=True)
        self._drafts.mkdir(parents=True)
        self._waiting: list[tuple[str, bytes, asyncio.Future[None]]] = []
        self._tasks = Tasks()
        self._putting = False

    def draft(self) -> Path:
        return self._drafts / new_id()

    async def keep(self, key: str, draft: Path) -> None:
        await asyncio.to_thread(self._keep, key, draft)

    async def put(self, key: str, content: bytes) -> None:
        if len(content) > MAX_TOGETHER_BYTES:
            await asyncio.to_thread(self._put, key, content)
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, content, done))
        if not self._putting:
            self._putting = True
            self._tasks.start(self._put_all(), "put blobs")
        await done

    async def _put_all(self) -> None:
        """What came while a thread was writing goes to it together: the way there takes longer than the writing."""
        try:
            while self._waiting:
                together, self._waiting = self._waiting, []
                failures = await asyncio.to_thread(self._put_each, [(key, content) for key, content, _ in together])
                for (_, _, done), failure in zip(together, failures, strict=True):
                    if not done.done():  # else whoever waited has left
                        done.set_result(None) if failure is None else done.set_exception(failure)
        finally:
            self._putting = False

    def _put_each(self, blobs: Sequence[tuple[str, bytes]]) -> list[Exception | None]:
        return [self._failure(key, content) for key, content in blobs]

    def _failure(self, key: str, content: bytes) -> Exception | None:
        try:
            self._put(key, content)
        except Exception as failure:  # noqa: BLE001 - it is handed to whoever wanted the blob
            return failure
        return None

    async def get(self, key: str) -> bytes:
        try:
            return await asyncio.to_thread(self.local(key).read_bytes)
        except FileNotFoundError:
            raise BlobMissing(key) from None

    def local(self, key: str) -> Path:
        return self._folder / key

    async def delete(self, prefix: str) -> None:
        await asyncio.to_thread(self._delete, self.local(prefix))

    async def groups(self, prefix: str) -> set[str]:
        folder = self.local(prefix)
        return set(await asyncio.to_thread(os.listdir, folder)) if folder.is_dir() else set()

    def _keep(self, key: str, draft: Path) -> None:
        place = self.local(key)
        with telling_when_full():
            try:
                draft.replace(place)
            except FileNotFoundError:  # the first of its kind
                place.parent.mkdir(parents=True, exist_ok=True)
                draft.replace(place)

    def _put(self, key: str, content: bytes) -> None:
        draft = self.draft()
        try:
            with telling_when_full():
                _write(draft, content)
            self._keep(key, draft)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def _delete(self, place: Path) -> None:
        if place.is_dir():
            # Out of sight in one step, so that two who delete the same do not meet inside.
            doomed = self.draft()
            with suppress(FileNotFoundError):
                place.rename(doomed)
                shutil.rmtree(doomed)
        else:
            place.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """As `Path.write_bytes`, which asks the system twice as often; each time another thread gets the interpreter."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(file, rest) :]
    finally:
        os.close(file)
