"""Opening a stored table, and letting go of what was read of it.

A mapped page is the system's own copy of the file, shared by all who map it. While it is mapped it counts for each of
them, and the system finds it hard to take back; so a worker keeps no more of large tables mapped than it works on.
What it lets go of stays in the system's cache, where it is found again at once.
"""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

import pyarrow as pa

MAPPED_BYTES = 64 * 1024 * 1024  # of tables, that a worker holds; somewhat more for a moment
LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class _Opened:
    table: pa.Table
    mapped: mmap.mmap

    def let_go(self) -> None:
        if hasattr(mmap, "MADV_DONTNEED"):
            self.mapped.madvise(mmap.MADV_DONTNEED)  # it maps a file and is never written to: nothing is lost


@lru_cache(maxsize=4)
def _opened(path: str) -> _Opened:
    """The last few stay open, since parts of one run come in a row."""
    with Path(path).open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return _Opened(pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped))).read_all(), mapped)


def open_table(path: str) -> pa.Table:
    """The table of an Arrow file, memory-mapped."""
    return _opened(path).table


@contextmanager
def letting_go(*paths: str) -> Iterator[None]:
    """While the context lasts, little more than MAPPED_BYTES of these tables stay mapped, and nothing after it.

    A thread looks after that, which code that keeps the interpreter to itself holds up. Small tables stay as they are.
    """
    opened = [one for one in map(_opened, paths) if len(one.mapped) > MAPPED_BYTES]
    if not opened:
        yield
        return
    over: SimpleQueue[None] = SimpleQueue()
    # Asked here: by the time the thread runs, the code within the context may have read the whole table.
    letting = Thread(target=_keep_letting_go, args=(opened, mapped_bytes(), over), name="let go of tables")
    letting.start()
    try:
        yield
    finally:
        over.put(None)
        letting.join()
        for one in opened:
            one.let_go()


def _keep_letting_go(opened: list[_Opened], before: int, over: "SimpleQueue[None]") -> None:
    while True:
        try:
            over.get(timeout=LOOK_SECONDS)
        except Empty:
            if mapped_bytes() - before > MAPPED_BYTES:
                for one in opened:
                    one.let_go()
        else:
            return


def mapped_bytes() -> int:
    """How much of all files this process has mapped and in memory; 0 where the system does not tell."""
    return _pages()[1] * os.sysconf("SC_PAGE_SIZE")


def own_bytes() -> int:
    """How much memory this process has for itself; 0 where the system does not tell."""
    resident, shared = _pages()
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def _pages() -> tuple[int, int]:
    """Of memory in all, and of what is shared with others: files."""
    try:
        resident, shared = Path("/proc/self/statm").read_bytes().split()[1:3]
    except OSError:
        return 0, 0
    return int(resident), int(shared)
