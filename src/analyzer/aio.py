"""Small asyncio pieces that the standard library leaves to us."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

log = logging.getLogger("analyzer")


class Tasks:
    """Owns background tasks: each has a name, none is forgotten, and one that fails says so in the log.

    Unless `outcomes_are_read`: then whoever started a task looks at how it ended.
    """

    def __init__(self, *, outcomes_are_read: bool = False) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._outcomes_are_read = outcomes_are_read

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if self._outcomes_are_read or task.cancelled():
            return
        if (failure := task.exception()) is not None:
            log.error("background task %s failed", task.get_name(), exc_info=failure)

    def __len__(self) -> int:
        return len(self._running)

    async def finish(self, work: Coroutine[Any, Any, T], name: str) -> T:
        """Await what must not stop halfway: a cancellation of the caller reaches it only after the work has ended."""
        inner = self.start(work, name)
        cancelled: asyncio.CancelledError | None = None
        while not inner.done():
            try:
                await asyncio.wait([inner])
            except asyncio.CancelledError as stop:
                cancelled = stop
        if cancelled is not None:
            raise cancelled
        result: T = inner.result()
        return result

    async def wait(self, seconds: float | None) -> bool:
        """Give the tasks, and what they start, this long to end by themselves (None: for ever). Tells if all did."""
        try:
            async with asyncio.timeout(seconds):
                while self._running:
                    await asyncio.wait(self._running)
                    await asyncio.sleep(0)  # what has ended leaves the set only now
        except TimeoutError:
            return False
        return True

    async def aclose(self) -> None:
        """Cancel what still runs and wait until it has ended."""
        while self._running:
            for task in self._running:
                task.cancel()
            await asyncio.wait(self._running)
