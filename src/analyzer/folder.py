"""The data folder, which belongs to one server at a time."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analyzer.errors import DataFolderInUse

TEMPORARY_PREFIX = "analyzer-"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The folder, made if need be, is ours while the context lasts. Raises DataFolderInUse when it is another's.

    The lock is the system's, on an open file: it goes with the process, however the process ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise DataFolderInUse(
                f"The data folder {folder} is in use by process {lock.read().strip() or '?'}. "
                "Give this server another one with ANALYZER_DATA_DIR."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def temporary_folder(folder: Path) -> Path:
    """A folder for sockets and the like, among the system's temporary files: paths of sockets must be short.

    Whoever asked for it removes it. A server that was killed has left its own: the data folder, which is locked by us,
    notes which that is.
    """
    note = folder / "temporary"
    if note.exists():
        left = Path(note.read_text())
        if left.name.startswith(TEMPORARY_PREFIX):
            shutil.rmtree(left, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX))
    note.write_text(str(made))
    return made
