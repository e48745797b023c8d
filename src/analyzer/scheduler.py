"""Who runs next: a bounded queue in front of a bounded number of places."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from analyzer.errors import Busy

log = logging.getLogger("analyzer.scheduler")

FIRST_GUESS_SECONDS = 1.0  # how long a run takes, until one has shown it
WEIGHT_OF_NEWEST = 0.2  # in the running mean: the last dozen runs or so decide


class Scheduler:
    """Gives runs their turn, first come first served, `max_concurrent` at once and `max_queued` waiting."""

    def __init__(self, max_concurrent: int, max_queued: int) -> None:
        self._max_concurrent = max_concurrent
        self._max_queued = max_queued
        self._places = asyncio.Semaphore(max_concurrent)
        self._waiting: dict[str, None] = {}
        self._running: set[str] = set()
        self._mean_seconds = FIRST_GUESS_SECONDS

    @property
    def active(self) -> int:
        return len(self._running)

    @property
    def queued(self) -> int:
        return len(self._waiting)

    def admit(self, run_id: str, *, again: bool = False) -> int:
        """Take the run into the queue and tell its position: 0 when it starts at once, else counted from 1.

        Raises Busy when there is no room, but not for one that was taken in before (`again`). Whoever is admitted
        must take its `turn`.
        """
        if not again and len(self._running) + len(self._waiting) >= self._max_concurrent + self._max_queued:
            raise Busy(
                f"{len(self._running)} runs are under way and {len(self._waiting)} wait already.",
                limit=self._max_concurrent + self._max_queued,
                retry_after=self._seconds_until_room(),
            )
        self._waiting[run_id] = None
        return self.position(run_id)

    def position(self, run_id: str) -> int:
        """How many runs have to end before this one starts."""
        if run_id not in self._waiting:
            return 0
        return max(0, list(self._waiting).index(run_id) + 1 - (self._max_concurrent - len(self._running)))

    @asynccontextmanager
    async def turn(self, run_id: str) -> AsyncIterator[None]:
        """Wait for a place, and have it as long as the context lasts."""
        try:
            await self._places.acquire()
        finally:
            del self._waiting[run_id]
        self._running.add(run_id)
        log.info("run started", extra={"run": run_id, "active": self.active, "queued": self.queued})
        began = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            self._running.discard(run_id)
            self._places.release()
            self._learn(asyncio.get_running_loop().time() - began)

    def forget(self, run_id: str) -> None:
        """An admitted run that will not take its turn after all."""
        self._waiting.pop(run_id, None)

    def _learn(self, seconds: float) -> None:
        self._mean_seconds += WEIGHT_OF_NEWEST * (seconds - self._mean_seconds)

    def _seconds_until_room(self) -> int:
        """Room comes when the next run ends, and of those under way one ends every mean / places seconds."""
        return max(1, math.ceil(self._mean_seconds / self._max_concurrent))
