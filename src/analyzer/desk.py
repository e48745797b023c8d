"""Runs: begun, followed, ended and found again."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from analyzer.aio import Tasks
from analyzer.aside import unpacked
from analyzer.blobs.base import BlobMissing, Blobs
from analyzer.broadcast import EventLog
from analyzer.computations import Computations, key_of
from analyzer.entries import encode_members
from analyzer.errors import Expired, Interrupted, NoResult, NotFinished, NotFound, ShuttingDown, UnknownRun, shown
from analyzer.liverun import LiveRun
from analyzer.models import PUBLIC, OwnedRun, Progress, Removal, Run, RunStatus, TableSchema, Wish, new_id, now
from analyzer.registry import Analysis, Params, Part, Place
from analyzer.retention import Retention, attachments_key, result_key, stored_result
from analyzer.runner import Runner
from analyzer.scheduler import Scheduler
from analyzer.state.base import State
from analyzer.tickets import Outlook

log = logging.getLogger("analyzer.runs")

LEASE = timedelta(seconds=30)  # renewed three times in it


@dataclass(frozen=True)
class Plan:
    """What a run is to do, and with what."""

    analysis: Analysis[Any, Any]
    params: Params
    parts: Sequence[Part]
    tables: Mapping[str, str]  # name in the run → path of its Arrow file
    shapes: Mapping[str, TableSchema]
    in_use: Sequence[str]  # what must be kept as long as it is worked on


class Desk:
    """Keeps the runs: those that live, in memory, and those that have ended, in the state."""

    def __init__(
        self,
        state: State,
        blobs: Blobs,
        retention: Retention,
        scheduler: Scheduler,
        runner: Runner,
        computations: Computations,
        max_attempts: int,
    ) -> None:
        self._state = state
        self._blobs = blobs
        self._retention = retention
        self._scheduler = scheduler
        self._runner = runner
        self._computations = computations
        self._max_attempts = max_attempts
        self._live: dict[str, LiveRun] = {}
        self._read: WeakValueDictionary[str, EventLog] = WeakValueDictionary()  # of ended runs, while somebody watches
        self._reading = asyncio.Lock()
        self._works = Tasks(outcomes_are_read=True)
        self._drives = Tasks()
        self._closing = False  # no run is taken in any more,
        self._stopping = False  # and those that were are stopped
        self.public_prefix = ""  # what stands before /api in links, when mounted below another app

    # --- the life of a run --------------------------------------------------------------------------------------------

    async def begin(self, plan: Plan, file_id: str, principal: str, wish: Wish) -> Run:
        """Take a run in and return while it waits for its turn. Raises Busy when the queue is full."""
        run_id, created_at = new_id(), now()
        run = Run(
            task_execution_id=run_id,
            task_id=plan.analysis.id,
            file_id=file_id,
            params=plan.params.model_dump(mode="json"),
            priority=wish.priority,
            created_at=created_at,
        )
        owned = OwnedRun(run=run, principal=principal, epoch=new_epoch(), lease_until=created_at + LEASE)
        live = self._live_run(owned, plan)
        # Once taken in, a run is driven to its end, whatever becomes of the one who waits for this to return.
        await self._drives.finish(self._take_in(live, again=False), f"take in {run_id}")
        return live.run

    def _live_run(self, owned: OwnedRun, plan: Plan) -> LiveRun:
        run_id = owned.run.id
        alone = any(part.attaches for part in plan.parts)
        return LiveRun(
            taken_in=owned,
            parts=tuple(plan.parts),
            in_use=(*plan.in_use, result_key(run_id), attachments_key(run_id)),
            tables=dict(plan.tables),
            shapes=dict(plan.shapes),
            version=plan.analysis.version,
            place=plan.analysis.place,
            key=None if alone else key_of(plan.analysis, owned.run.params, plan.tables, owned.principal),
            result_key=result_key(run_id),
            attachments_key=attachments_key(run_id),
            attach_to=str(self._blobs.draft()) if alone else "",
            result_url=f"{self.public_prefix}/api/run/{run_id}/result",
        )

    async def _take_in(self, live: LiveRun, *, again: bool) -> None:
        if self._closing:
            raise ShuttingDown("The server is shutting down and takes no new work.")
        outlook = self._computations.board(live, again=again)
        self._retention.pin(*live.in_use)
        try:
            if not again:
                created_at = now()
                live.change(created_at=created_at, expires_at=self._retention.expiry(created_at))
                await self._save_new(live, outlook)
        except BaseException:
            await self._computations.leave(live)
            await self._retention.release(*live.in_use)
            raise
        live.say("run.queued", position=outlook.position, wait_seconds=round(outlook.seconds, 1))
        self._live[live.id] = live
        live.work = self._works.start(self._computations.work(live), f"work {live.id}")
        self._drives.start(self._drive(live, live.work), f"run {live.id}")
        if self._stopping:
            self._stop(live)

    async def _save_new(self, live: LiveRun, outlook: Outlook) -> None:
        """One that starts at once is saved as begun, which spares it a second time. Of code it must not be said too
        early: the next start would not begin it again."""
        live.is_noted = not outlook.position and live.place is Place.SLOT
        begun = {"status": RunStatus.RUNNING, "started_at": live.run.created_at} if live.is_noted else {}
        await self._state.save_run(live.taken_in.model_copy(update={"run": live.run.model_copy(update=begun)}))

    async def _drive(self, live: LiveRun, work: asyncio.Task[bytes]) -> None:
        # A run that shares a computation says what that says, and nothing through a queue of its own.
        pump = self._drives.start(live.broadcaster.pump(), f"pump {live.id}") if live.key is None else None
        try:
            await asyncio.wait([work])
            await self._computations.leave(live)
            await self._runner.finish(live, work)
        finally:
            if pump is not None:
                pump.cancel()
            live.broadcaster.log.close()
            del self._live[live.id]
            self._log_end(live)
            if any(part.attaches for part in live.parts):
                await asyncio.to_thread(shutil.rmtree, live.attach_to, ignore_errors=True)
            await self._retention.release(*live.in_use)

    def _log_end(self, live: LiveRun) -> None:
        fields = {"run": live.id, "task": live.run.task_id, "status": live.run.status.value}
        log.info("run ended", extra=fields | {"active": self._scheduler.active, "queued": self._scheduler.queued})

    async def cancel(self, run_id: str, principal: str) -> Run:
        """End a run. Does nothing to one that has ended."""
        owned = await self._find(run_id, principal)
        if run_id in self._live:
            self._live[run_id].stop(RunStatus.CANCELLED)
        return owned.run

    async def left_over(self) -> list[OwnedRun]:
        """The runs that the last server left without an end. Each is to be taken up, or given up."""
        return await self._state.unfinished_runs()

    async def take_up(self, owned: OwnedRun, plan: Plan) -> None:
        """Queue a run again. Raises Interrupted when it was begun, and must not be once more.

        One that was laid aside goes on where it stood, in the same epoch, if its analysis is still the same. The log of
        another one is lost.
        """
        begun = owned.run.status is RunStatus.RUNNING
        if begun and (plan.analysis.place is not Place.SLOT or owned.attempt >= self._max_attempts):
            raise Interrupted("The server stopped before the run had finished.")
        run = owned.run.model_copy(update={"status": RunStatus.QUEUED, "started_at": None, "progress": Progress()})
        again = owned.model_copy(update={"run": run, "epoch": new_epoch(), "attempt": owned.attempt + begun})
        live = self._live_run(again, plan)
        aside = await self._state.take_up(again)
        done = None if aside is None else unpacked(aside.sections, live.plan)
        if aside is not None and done is not None:
            live = self._live_run(again.model_copy(update={"epoch": owned.epoch}), plan)
            live.go_on_with(aside.log, done)
            live.key = None  # it has begun on its own
        await self._take_in(live, again=True)
        log.info("run taken up again", extra={"run": live.id, "attempt": again.attempt, "kept": len(live.sections)})

    async def give_up(self, owned: OwnedRun, why: str) -> None:
        """End a run that was left over and cannot go on. Its log is lost, so a new epoch begins."""
        problem = Interrupted(why).problem()
        died_at = min(now(), owned.lease_until or now())  # no later than that
        changes = {"status": RunStatus.INTERRUPTED, "finished_at": died_at, "error": problem}
        events = EventLog(owned.run.id, new_epoch())
        events.append(events.next_entry("run.interrupted", encode_members({"error": problem})))
        ended = owned.model_copy(update={"run": owned.run.model_copy(update=changes), "epoch": events.epoch})
        await self._state.finish_run(ended, events.frames, len(events))

    async def keep_leases(self) -> None:
        """Note in the state, again and again, that the living runs have a server that lives."""
        while True:
            if self._live:
                try:
                    await self._state.renew_leases(now() + LEASE)
                except Exception:
                    log.exception("the leases could not be renewed; that is tried again")
            await asyncio.sleep(LEASE.total_seconds() / 3)

    def hang_up(self) -> None:
        """Let go of those who watch and are not patient."""
        for live in self._live.values():
            live.broadcaster.log.hang_up()

    async def close(self, grace_seconds: float) -> None:
        """Give the living runs their grace, lay aside what is left, and see every run recorded."""
        self._closing = True
        await self._drives.wait(grace_seconds)
        self._stopping = True
        for live in self._live.values():
            self._stop(live)
        await self._drives.wait(None)
        await self._works.aclose()
        await self._computations.aclose()

    def _stop(self, live: LiveRun) -> None:
        """What can go on after a restart is laid aside; of code that has begun nobody knows what it did already."""
        begun = live.run.status is RunStatus.RUNNING
        lost = begun and (live.place is not Place.SLOT or self._max_attempts == 1)
        live.stop(RunStatus.INTERRUPTED if lost else RunStatus.QUEUED)

    # --- finding them again -------------------------------------------------------------------------------------------

    async def find(self, run_id: str, principal: str) -> Run:
        """The run. Raises UnknownRun, also for another principal's, and Expired."""
        return (await self._find(run_id, principal)).run

    async def newest(self, principal: str, limit: int, after: str | None) -> list[Run]:
        """The principal's own runs, newest first, from the one after `after`."""
        stored = await self._state.runs(principal, limit, after)
        return [self._live[owned.run.id].run if owned.run.id in self._live else owned.run for owned in stored]

    async def result(self, run_id: str, principal: str) -> bytes:
        """The result as JSON. Raises NotFinished before the end, NoResult when the run ended without one."""
        await self._completed(run_id, principal)
        try:
            return await stored_result(self._state, self._blobs, run_id)
        except BlobMissing:  # it expired while we looked
            raise Expired(f"The result of run {shown(run_id)} has expired. Start it again.") from None

    @asynccontextmanager
    async def attachment(self, run_id: str, name: str, principal: str) -> AsyncIterator[Path]:
        """A file beside the result, as long as the context lasts. Raises NotFound, and what `result` does."""
        async with self._retention.using(attachments_key(run_id)):
            await self._completed(run_id, principal)
            path = self._blobs.local(f"{attachments_key(run_id)}/{name}")
            if not path.exists():
                raise NotFound(f"The result of run {shown(run_id)} has no attachment {shown(name)}.")
            yield path

    async def _completed(self, run_id: str, principal: str) -> None:
        """Raises why there is no result."""
        run = await self.find(run_id, principal)
        if not run.status.is_final:
            raise NotFinished(f"The run {shown(run_id)} is still {run.status}.", retry_after=1)
        if run.status is not RunStatus.COMPLETED:
            raise NoResult(f"The run {shown(run_id)} has ended as {run.status}, without a result.", error=run.error)

    async def log(self, run_id: str, principal: str) -> EventLog:
        """What the run has said, growing while it lives."""
        owned = await self._find(run_id, principal)
        if run_id in self._live:
            return self._live[run_id].broadcaster.log
        async with self._reading:  # so that a crowd of late watchers reads it once, and shares it
            log = self._read.get(run_id)
            if log is None:
                frames = await self._state.log(run_id)
                if frames is None:
                    # It ended or expired while we looked, or its end could not be saved and nothing of it is kept.
                    owned = await self._find(run_id, principal)
                    frames = await self._state.log(run_id) or b""
                log = self._read[run_id] = EventLog.stored(run_id, owned.epoch, frames)
        return log

    @property
    def living(self) -> int:
        """How many runs have not ended."""
        return len(self._live)

    @property
    def live_events(self) -> int:
        """How many events they have said so far."""
        return sum(len(live.broadcaster.log) for live in self._live.values())

    async def _find(self, run_id: str, principal: str) -> OwnedRun:
        live = self._live.get(run_id)
        owned = live.owned if live is not None else await self._state.run(run_id)
        if owned is None or owned.principal not in (principal, PUBLIC):
            raise UnknownRun(f"There is no run {shown(run_id)}.")
        if owned.removed is Removal.EXPIRED:
            raise Expired(f"The run {shown(run_id)} has expired. Start it again.")
        return owned


def new_epoch() -> str:
    """A name for a log, which a new log of the same run does not share."""
    return new_id()[:8]
