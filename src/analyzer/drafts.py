"""Files in the making: what stands beside them, and how one is read while another process still writes it."""

import asyncio
import errno
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from analyzer.errors import StorageFull

PAUSE_SECONDS = 0.002  # between two looks whether more has arrived


def complete_mark(path: Path) -> Path:
    """The file beside it that says: nothing more will come."""
    return path.with_name(path.name + ".complete")


def bad_rows_file(table: Path) -> Path:
    """Where the rows that did not fit the table at this path are kept: a CSV file of line numbers and texts."""
    return table.with_name(table.name + ".bad-rows.csv")


@contextmanager
def telling_when_full() -> Iterator[None]:
    """Turn the system's word for a full disk into ours."""
    try:
        yield
    except OSError as failure:
        if failure.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("The disk of this server is full. Delete datasets or try again later.") from failure
        raise


async def open_file(path: Path, mode: str) -> IO[bytes]:
    """Open a file in a thread. When the caller is cancelled meanwhile, it is closed again, and a new one is gone."""
    opening = asyncio.ensure_future(asyncio.to_thread(_open, path, mode))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        (await opening).close()
        if mode != "rb":
            path.unlink()
        raise


def _open(path: Path, mode: str) -> IO[bytes]:
    with telling_when_full():
        return path.open(mode)


class GrowingFile(io.RawIOBase):
    """Reads what is there and waits for what is not, until the mark of completeness stands beside the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # memoryview is what readers pass
        while True:
            complete = complete_mark(self._path).exists()  # asked first: what is there then is all there is
            count = self._file.readinto(buffer)
            if count or complete or not len(buffer):
                return count or 0
            time.sleep(PAUSE_SECONDS)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            while not complete_mark(self._path).exists():
                time.sleep(PAUSE_SECONDS)
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()
        super().close()
