"""How far the work has come, on standard error."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from analyzer.terminal.plain import plain
from analyzer.terminal.screen import progress_console


class Show(Protocol):
    """Shows how far a run has come."""

    def __call__(self, task_id: str, done: int, total: int) -> None: ...


@contextmanager
def progress(title: str) -> Iterator[Show]:
    """A bar for the file and one for each run, gone when all is done."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=progress_console,
        transient=True,
        disable=not progress_console.is_terminal,
    )
    with bars:
        reading = bars.add_task(f"reading {escape(plain(title))}", total=None)
        rows: dict[str, Any] = {}

        def show(task_id: str, done: int, total: int) -> None:
            bars.update(reading, visible=False)
            if task_id not in rows:
                rows[task_id] = bars.add_task(escape(plain(task_id)), total=total)
            bars.update(rows[task_id], completed=done, total=total)

        yield show
