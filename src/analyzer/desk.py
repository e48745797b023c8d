"""Runs: begun, followed, ended and found again."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.aio import Tasks
from analyzer.blobs.base import BlobMissing, Blobs
from analyzer.broadcast import EventLog, encode_members
from analyzer.errors import Expired, Interrupted, NoResult, NotFinished, ShuttingDown, UnknownRun, shown
from analyzer.models import PUBLIC, OwnedRun, Removal, Run, RunStatus, TableSchema, new_id, now
from analyzer.registry import Analysis, Params, Part
from analyzer.retention import Retention, result_key
from analyzer.runner import LiveRun, Runner
from analyzer.scheduler import Scheduler
from analyzer.state.base import State

log = logging.getLogger("analyzer.runs")


class Desk:
    """Keeps the runs: those that live, in memory, and those that have ended, in the state."""

    def __init__(self, state: State, blobs: Blobs, retention: Retention, scheduler: Scheduler, runner: Runner) -> None:
        self._state = state
        self._blobs = blobs
        self._retention = retention
        self._scheduler = scheduler
        self._runner = runner
        self._live: dict[str, LiveRun] = {}
        self._works = Tasks(outcomes_are_read=True)
        self._drives = Tasks()
        self._closing = False  # no run is taken in any more,
        self._stopping = False  # and those that were are stopped
        self.public_prefix = ""  # what stands before /api in links, when mounted below another app

    # --- the life of a run --------------------------------------------------------------------------------------------

    async def begin(
        self,
        analysis: Analysis[Any, Any],
        params: Params,
        parts: Sequence[Part],
        file_id: str,
        in_use: Sequence[str],
        tables: Mapping[str, str],
        shapes: Mapping[str, TableSchema],
        principal: str,
    ) -> Run:
        """Take a run in and return while it waits for its turn. Raises Busy when the queue is full."""
        run_id, created_at = new_id(), now()
        run = Run(
            task_execution_id=run_id,
            task_id=analysis.id,
            file_id=file_id,
            params=params.model_dump(mode="json"),
            created_at=created_at,
            expires_at=self._retention.expiry(created_at),
        )
        live = LiveRun(
            owned=OwnedRun(run=run, principal=principal, epoch=new_epoch()),
            parts=tuple(parts),
            in_use=(*in_use, result_key(run_id)),
            tables=dict(tables),
            shapes=dict(shapes),
            place=analysis.place,
            result_key=result_key(run_id),
            result_url=f"{self.public_prefix}/api/run/{run_id}/result",
        )
        # Once taken in, a run is driven to its end, whatever becomes of the one who waits for this to return.
        await self._drives.finish(self._take_in(live), f"take in {run_id}")
        return live.run

    async def _take_in(self, live: LiveRun) -> None:
        if self._closing:
            raise ShuttingDown("The server is shutting down and takes no new work.")
        position = self._scheduler.admit(live.id)
        self._retention.pin(*live.in_use)
        try:
            await self._state.save_run(live.owned)
        except BaseException:
            self._scheduler.forget(live.id)
            await self._retention.release(*live.in_use)
            raise
        live.say("run.queued", position=position)
        self._live[live.id] = live
        live.work = self._works.start(self._runner.work(live, self._scheduler.turn(live.id)), f"work {live.id}")
        self._drives.start(self._drive(live, live.work), f"run {live.id}")
        if self._stopping:
            live.stop(RunStatus.INTERRUPTED)

    async def _drive(self, live: LiveRun, work: asyncio.Task[bytes]) -> None:
        pump = self._drives.start(live.broadcaster.pump(), f"pump {live.id}")
        try:
            await self._runner.finish(live, work)
        finally:
            pump.cancel()
            live.broadcaster.log.close()
            self._scheduler.forget(live.id)
            del self._live[live.id]
            self._log_end(live)
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

    async def recover(self) -> None:
        """End the runs that a crash left without an end. Their logs are lost, so these begin a new epoch."""
        for owned in await self._state.unfinished_runs():
            problem = Interrupted("The server stopped before the run had finished.").problem()
            changes = {"status": RunStatus.INTERRUPTED, "finished_at": now(), "error": problem}
            events = EventLog(owned.run.id, new_epoch())
            events.append(events.next_entry("run.interrupted", encode_members({"error": problem})))
            ended = owned.model_copy(update={"run": owned.run.model_copy(update=changes), "epoch": events.epoch})
            await self._state.finish_run(ended, events.frames, len(events))

    def hang_up(self) -> None:
        """Let go of those who watch and are not patient."""
        for live in self._live.values():
            live.broadcaster.log.hang_up()

    async def close(self, grace_seconds: float) -> None:
        """Give the living runs their grace, interrupt what is left, and see every run recorded."""
        self._closing = True
        await self._drives.wait(grace_seconds)
        self._stopping = True
        for live in self._live.values():
            live.stop(RunStatus.INTERRUPTED)
        await self._drives.wait(None)
        await self._works.aclose()

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
        run = await self.find(run_id, principal)
        if not run.status.is_final:
            raise NotFinished(f"The run {shown(run_id)} is still {run.status}.", retry_after=1)
        if run.status is not RunStatus.COMPLETED:
            raise NoResult(f"The run {shown(run_id)} has ended as {run.status}, without a result.", error=run.error)
        try:
            return await self._blobs.get(result_key(run_id))
        except BlobMissing:  # it expired while we looked
            raise Expired(f"The result of run {shown(run_id)} has expired. Start it again.") from None

    async def log(self, run_id: str, principal: str) -> EventLog:
        """What the run has said, growing while it lives."""
        owned = await self._find(run_id, principal)
        if run_id in self._live:
            return self._live[run_id].broadcaster.log
        frames = await self._state.log(run_id)
        if frames is None:
            # It ended or expired while we looked, or its end could not be saved and nothing of it is kept.
            owned = await self._find(run_id, principal)
            frames = await self._state.log(run_id) or b""
        return EventLog.stored(run_id, owned.epoch, frames)

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
