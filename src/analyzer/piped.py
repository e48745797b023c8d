"""Standard input as a file, since a table is read more than once."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from analyzer.settings import temporary_data_dir
from analyzer.uploads import display_name, too_large

READ_BYTES = 1024 * 1024


@asynccontextmanager
async def standard_input(name: str, max_bytes: int) -> AsyncIterator[Path]:
    """All of standard input in a file of this name, gone with the context. Raises UploadTooLarge.

    It is read by a thread that nobody waits for: a read from a terminal cannot be called off, and to make it
    non-blocking would make standard output so too, where both are the same terminal.
    """
    with temporary_data_dir() as folder:
        path = Path(folder) / display_name(name)
        loop = asyncio.get_running_loop()
        copied: asyncio.Future[None] = loop.create_future()

        def tell(failure: Exception | None) -> None:
            if not copied.done():
                copied.set_exception(failure) if failure else copied.set_result(None)

        def copy() -> None:
            failure = None
            try:
                _copy(path, max_bytes)
            except Exception as raised:  # noqa: BLE001 - the border of the thread: raised where it is awaited
                failure = raised
            if not loop.is_closed():
                loop.call_soon_threadsafe(tell, failure)

        await asyncio.to_thread(path.touch)
        threading.Thread(target=copy, name="standard input", daemon=True).start()
        await copied
        yield path


def _copy(path: Path, max_bytes: int) -> None:
    size = 0
    with path.open("r+b") as file:
        while chunk := os.read(sys.stdin.fileno(), READ_BYTES):
            size += len(chunk)
            if size > max_bytes:
                raise too_large(max_bytes)
            file.write(chunk)
