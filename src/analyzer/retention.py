"""What is kept, and for how long: datasets and results whose time is up go, but never from under somebody's hands."""

import asyncio
import logging
import time
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
DRIFT = timedelta(seconds=30)  # by which clocks may differ between two sweeps without having been set


def original_key(sha256: str) -> str:
    """The key of an uploaded file. The same bytes are kept once, whoever uploaded them."""
    return f"originals/{sha256}"


def table_key(content: str) -> str:
    """The prefix of a stored table and of what was made of it."""
    return f"tables/{content}"


def result_key(run_id: str) -> str:
    """The key of a run's result, where that is not small."""
    return f"results/{run_id}"


SMALL_RESULT_BYTES = 16 * 1024
"""Up to here a result is saved with the end of its run: a file of its own takes longer than all the rest of that."""


async def stored_result(state: State, blobs: Blobs, run_id: str) -> bytes:
    """The result of a completed run. Raises BlobMissing when it is gone."""
    small = await state.result(run_id)
    return await blobs.get(result_key(run_id)) if small is None else small


def attachments_key(run_id: str) -> str:
    """The prefix of the files beside a run's result."""
    return f"attachments/{run_id}"


def prompt_key(run_id: str) -> str:
    """The prefix of what was sent to a model in a run."""
    return f"prompts/{run_id}"


class Clock:
    """Notices when somebody sets the wall clock, by comparing it with one that only ever counts."""

    def __init__(self) -> None:
        self.wall, self._steady = now(), _steady()

    def moved(self) -> timedelta:
        """How far it was set since this was last asked; nothing when it only went a little fast or slow."""
        wall, steady = now(), _steady()
        by = (wall - self.wall) - (steady - self._steady)
        self.wall, self._steady = wall, steady
        return by if abs(by) > DRIFT else timedelta()


def _steady() -> timedelta:
    """The time since the machine started. That it slept counts as well: what expires has then expired."""
    return timedelta(seconds=time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)))


class Retention:
    """Removes what is to go. What is in use stays readable until its last user lets go of it."""

    def __init__(self, state: State, blobs: Blobs, ttl_seconds: int) -> None:
        self._state = state
        self._blobs = blobs
        self._ttl_seconds = ttl_seconds
        self._users: Counter[str] = Counter()
        self._doomed: set[str] = set()  # removed while in use
        self._undeleted: set[str] = set()  # since the disk would not
        self._clock = Clock()
        self._moved = timedelta()  # how far the clock was set since all that expires was last moved with it
        # Between finding that nobody needs some bytes and deleting them, nobody may begin to need them.
        self.placing = asyncio.Lock()

    def expiry(self, created_at: datetime) -> datetime | None:
        """When something created then expires; None when everything is kept.

        Hand it to the state before awaiting anything else: whatever moves with the clock must stand there by then.
        """
        self._moved += self._clock.moved()
        return created_at + timedelta(seconds=self._ttl_seconds) - self._moved if self._ttl_seconds else None

    def pin(self, *keys: str) -> None:
        """From now on these blobs stay, until they are released. Pin first, then look whether they are there."""
        self._users.update(keys)

    async def release(self, *keys: str) -> None:
        """Undo one `pin`. What was removed meanwhile goes now, if this was its last user."""
        self._users.subtract(keys)
        free = [key for key in keys if not self._users[key]]
        for key in free:
            del self._users[key]
        for key in free:
            if key in self._doomed:
                await self._delete_unneeded(key)

    @asynccontextmanager
    async def using(self, *keys: str) -> AsyncIterator[None]:
        """While the context lasts, these blobs stay."""
        self.pin(*keys)
        try:
            yield
        finally:
            await self.release(*keys)

    async def remove_dataset(self, file_id: str, why: Removal) -> None:
        """Nobody finds the dataset from now on. Its bytes go when nobody uses them."""
        owned = await self._state.dataset(file_id)
        await self._state.remove_dataset(file_id, why)
        if owned is not None:
            await self._delete_unneeded(table_key(owned.content))
            await self._delete_unneeded(original_key(owned.dataset.sha256))
        counts = await self._state.counts()
        log.info("dataset removed", extra={"dataset": file_id, "why": why.value, "remaining": counts.datasets})

    async def remove_run(self, run_id: str, why: Removal) -> None:
        await self._state.remove_run(run_id, why)
        await self._delete_unneeded(result_key(run_id))
        await self._delete_unneeded(attachments_key(run_id))
        await self._delete_unneeded(prompt_key(run_id))
        counts = await self._state.counts()
        log.info("result removed", extra={"run": run_id, "why": why.value, "remaining": counts.results})

    async def _delete_unneeded(self, key: str) -> None:
        """Delete what nothing points to any more; what is in use, after its last user.

        It is gone for everybody already, so bytes that cannot be deleted are nobody's failure: the next sweep tries.
        """
        self._undeleted.discard(key)
        try:
            await self._delete_if_unneeded(key)
        except Exception:
            log.exception("what was removed could not be deleted", extra={"key": key})
            self._undeleted.add(key)

    async def _delete_if_unneeded(self, key: str) -> None:
        async with self.placing:
            needed = await self._is_needed(key)
            if not needed and key in self._users:
                self._doomed.add(key)
                return
            self._doomed.discard(key)
            if not needed:
                await self._blobs.delete(key)

    async def _is_needed(self, key: str) -> bool:
        kind, _, name = key.partition("/")
        match kind:
            case "originals":
                return await self._state.holds_original(name)
            case "tables":
                return await self._state.dataset_of(name) is not None
            case _:
                owned = await self._state.run(name)
                return owned is not None and not owned.removed

    async def sweep(self, moment: datetime) -> None:
        """Remove what has expired by then and is not in use; what is, is looked at again the next time."""
        due = await self._state.due(moment)
        for file_id in due.datasets:
            owned = await self._state.dataset(file_id)
            if owned is not None and table_key(owned.content) not in self._users:
                await self.remove_dataset(file_id, Removal.EXPIRED)
        for run_id in due.runs:
            if result_key(run_id) not in self._users:
                await self.remove_run(run_id, Removal.EXPIRED)
        for key in tuple(self._undeleted):
            await self._delete_unneeded(key)
        await self._state.forget_removed(moment - TOMBSTONES)

    async def heed_clock(self) -> datetime:
        """When the clock was set, everything goes as much later or earlier: it has not become older by that.

        The moment that was looked at. Between this and another look at the clock it could be set again.
        """
        self._moved += self._clock.moved()
        moment = self._clock.wall
        if self._moved:
            by, self._moved = self._moved, timedelta()
            log.warning("the clock was set, and what expires is moved with it", extra={"by": str(by)})
            try:
                await self._state.postpone(by)
            except BaseException:
                self._moved += by
                raise
        return moment

    async def delete_orphans(self) -> None:
        """Delete the blobs that nothing points to, as a crash may leave them. For the start, when nobody works yet."""
        needed = await self._state.needed()
        kept = {
            "originals": needed.originals,
            "tables": needed.tables,
            "results": needed.results,
            "attachments": needed.results,
            "prompts": needed.results,
        }
        for kind, names in kept.items():
            for name in await self._blobs.groups(kind) - names:
                await self._blobs.delete(f"{kind}/{name}")

    async def keep_sweeping(self) -> None:
        pause = min(LONGEST_PAUSE_SECONDS, self._ttl_seconds / 4) if self._ttl_seconds else LONGEST_PAUSE_SECONDS
        while True:
            await asyncio.sleep(pause)
            try:
                await self.sweep(await self.heed_clock())
            except Exception:
                log.exception("sweeping failed and is tried again")
