"""What is kept, and for how long: datasets and results whose time is up go, but never from under somebody's hands."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from analyzer.blobs.base import Blobs
from analyzer.models import Removal, now
from analyzer.state.base import State

log = logging.getLogger("analyzer.retention")

TOMBSTONES = timedelta(days=1)  # how long an id that is gone is still told from one that never was
LONGEST_PAUSE_SECONDS = 60.0


def dataset_key(file_id: str) -> str:
    """The prefix of a dataset's blobs."""
    return f"datasets/{file_id}"


def result_key(run_id: str) -> str:
    """The key of a run's result."""
    return f"results/{run_id}"


class Retention:
    """Removes what is to go. What is in use stays readable until its last user lets go of it."""

    def __init__(self, state: State, blobs: Blobs, ttl_seconds: int) -> None:
        self._state = state
        self._blobs = blobs
        self._ttl_seconds = ttl_seconds
        self._users: Counter[str] = Counter()
        self._doomed: set[str] = set()  # removed while in use

    def expiry(self, created_at: datetime) -> datetime | None:
        """When something created then expires; None when everything is kept."""
        return created_at + timedelta(seconds=self._ttl_seconds) if self._ttl_seconds else None

    @asynccontextmanager
    async def using(self, *keys: str) -> AsyncIterator[None]:
        """While the context lasts, the blobs of these datasets or results stay."""
        self._users.update(keys)
        try:
            yield
        finally:
            self._users.subtract(keys)
            for key in keys:
                if not self._users[key]:
                    del self._users[key]
                    if key in self._doomed:
                        self._doomed.discard(key)
                        await self._blobs.delete(key)

    async def remove_dataset(self, file_id: str, why: Removal) -> None:
        """Nobody finds the dataset from now on. Its bytes go when nobody uses them."""
        await self._state.remove_dataset(file_id, why)
        await self._delete_unused(dataset_key(file_id))
        counts = await self._state.counts()
        log.info("dataset removed", extra={"dataset": file_id, "why": why.value, "remaining": counts.datasets})

    async def remove_run(self, run_id: str, why: Removal) -> None:
        await self._state.remove_run(run_id, why)
        await self._delete_unused(result_key(run_id))
        counts = await self._state.counts()
        log.info("result removed", extra={"run": run_id, "why": why.value, "remaining": counts.results})

    async def _delete_unused(self, key: str) -> None:
        if key in self._users:
            self._doomed.add(key)
        else:
            await self._blobs.delete(key)

    async def sweep(self, moment: datetime) -> None:
        """Remove what has expired by then and is not in use; what is, is looked at again the next time."""
        due = await self._state.due(moment)
        for file_id in due.datasets:
            if dataset_key(file_id) not in self._users:
                await self.remove_dataset(file_id, Removal.EXPIRED)
        for run_id in due.runs:
            if result_key(run_id) not in self._users:
                await self.remove_run(run_id, Removal.EXPIRED)
        await self._state.forget_removed(moment - TOMBSTONES)

    async def delete_orphans(self) -> None:
        """Delete the blobs that nothing points to, as a crash may leave them. For the start, when nobody works yet."""
        for file_id in await self._blobs.groups("datasets"):
            owned = await self._state.dataset(file_id)
            if owned is None or owned.removed:
                await self._blobs.delete(dataset_key(file_id))
        for run_id in await self._blobs.groups("results"):
            kept = await self._state.run(run_id)
            if kept is None or kept.removed:
                await self._blobs.delete(result_key(run_id))

    async def keep_sweeping(self) -> None:
        pause = min(LONGEST_PAUSE_SECONDS, self._ttl_seconds / 4) if self._ttl_seconds else LONGEST_PAUSE_SECONDS
        while True:
            await asyncio.sleep(pause)
            await self.sweep(now())
