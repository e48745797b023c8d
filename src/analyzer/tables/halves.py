"""Work on the cells of large columns, one half in another thread: Arrow works without the interpreter's lock."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

LARGE_ROWS = 200_000
"""Of fewer rows a half is done before another thread has begun."""


def in_halves(rows: int, work: Callable[[int, int], T]) -> list[T]:
    """What the work returns for stretches of rows, each by its first row and its length; in their order."""
    if rows < LARGE_ROWS:
        return [work(0, rows)]
    half = rows // 2
    with ThreadPoolExecutor(1, thread_name_prefix="half") as other:
        second = other.submit(work, half, rows - half)
        return [work(0, half), second.result()]
