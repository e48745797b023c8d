"""The whole product without HTTP."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pydantic

from analyzer.aio import Tasks
from analyzer.analyses import catalogue
from analyzer.blobs.local import LocalBlobs
from analyzer.broadcast import Broadcaster, EventLog, encode_members
from analyzer.errors import (
    Expired,
    Interrupted,
    InvalidParameters,
    NoResult,
    NotFinished,
    ShuttingDown,
    UnknownRun,
    field_errors,
)
from analyzer.executors.base import SlotCounts
from analyzer.executors.process import ProcessExecutor
from analyzer.folder import locked
from analyzer.models import (
    PUBLIC,
    Dataset,
    Event,
    OwnedRun,
    ReadingOptions,
    Removal,
    Run,
    RunStatus,
    TaskDescription,
    new_id,
    now,
)
from analyzer.registry import Analysis, Params
from analyzer.retention import Retention, dataset_key, result_key
from analyzer.runner import LiveRun, Runner
from analyzer.scheduler import Scheduler
from analyzer.settings import Settings
from analyzer.shelf import Shelf
from analyzer.state.base import Counts
from analyzer.state.sql import SqlState
from analyzer.uploads import Upload

log = logging.getLogger("analyzer.runs")


@dataclass(frozen=True)
class Status:
    """What is going on."""

    active: int
    queued: int
    slots: SlotCounts
    kept: Counts
    streams: int
    live_events: int


class Analyzer:
    """Datasets, analyses and their runs. An async context manager: what it opened, it closes.

    Whatever takes an id takes the `principal` who asks as well, and answers for another one's id exactly as for one
    that does not exist: with UnknownDataset or UnknownRun. What was here and whose time was up is Expired.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.public_prefix = ""  # what stands before /api in links, when mounted below another app
        self._catalogue = catalogue()
        self._live: dict[str, LiveRun] = {}
        self._draining = False

    # --- opening and closing ------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        settings = self.settings
        async with AsyncExitStack() as opened:
            opened.enter_context(locked(settings.data_dir))
            self._blobs = LocalBlobs(settings.data_dir)
            self._state = SqlState(settings.data_dir / "state.sqlite")
            opened.push_async_callback(self._state.aclose)
            self._executor = ProcessExecutor(settings.workers, settings.task_memory_bytes)
            opened.push_async_callback(self._executor.aclose)
            self._retention = Retention(self._state, self._blobs, settings.ttl_seconds)
            self._shelf = Shelf(
                self._state,
                self._blobs,
                self._executor,
                self._retention,
                max_upload_bytes=settings.max_upload_bytes,
                max_uploads=settings.workers + settings.max_queued_uploads,
            )
            self._scheduler = Scheduler(settings.max_concurrent_tasks, settings.max_queued_tasks)
            self._runner = Runner(
                self._executor, self._state, self._blobs, settings.task_timeout_seconds, settings.max_result_bytes
            )
            self._tasks, self._drives = Tasks(), Tasks()
            opened.push_async_callback(self._tasks.aclose)
            opened.push_async_callback(self._end_runs)
            await self._executor.start()
            await self._state.open()
            await self._recover()
            self._tasks.start(self._retention.keep_sweeping(), "sweep")
            self._opened = opened.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drain()
        await self._opened.aclose()

    def drain(self) -> None:
        """Take no new work, and let go of those who watch over HTTP. What is under way goes on."""
        self._draining = True
        for live in self._live.values():
            live.broadcaster.log.hang_up()

    async def ready(self) -> None:
        """Returns when work would start at once."""
        await self._executor.ready()

    @property
    def is_ready(self) -> bool:
        """Whether a worker is warm."""
        return self._executor.is_ready

    @property
    def draining(self) -> bool:
        """Whether new work is refused."""
        return self._draining

    async def _recover(self) -> None:
        """Bring order into what a crash left: blobs that nobody owns, runs that never ended."""
        await self._retention.delete_orphans()
        for owned in await self._state.unfinished_runs():
            problem = Interrupted("The server stopped before the run had finished.").problem()
            changes = {"status": RunStatus.INTERRUPTED, "finished_at": now(), "error": problem}
            events = EventLog(owned.run.id, new_id()[:8])
            events.append(events.next_entry("run.interrupted", encode_members({"error": problem})))
            ended = owned.model_copy(update={"run": owned.run.model_copy(update=changes), "epoch": events.epoch})
            await self._state.finish_run(ended, events.frames, len(events))

    async def _end_runs(self) -> None:
        """Give running work its grace, interrupt what is left, and see every run recorded."""
        if not await self._drives.wait(self.settings.shutdown_grace_seconds):
            for live in self._live.values():
                live.stop(RunStatus.INTERRUPTED)
            await self._drives.wait(None)

    # --- datasets -----------------------------------------------------------------------------------------------------

    def receiving(self) -> AbstractAsyncContextManager[Upload]:
        """An upload to write a file into piece by piece, and then to `add_upload`."""
        self._refuse_when_draining()
        return self._shelf.receiving()

    async def add_upload(
        self, upload: Upload, filename: str, options: ReadingOptions | None = None, principal: str = PUBLIC
    ) -> Dataset:
        """Make a dataset of an upload. `filename` is shown to people and decides nothing."""
        return await self._shelf.add(upload, filename, options or ReadingOptions(), principal)

    async def add_dataset(
        self, path: str | Path, options: ReadingOptions | None = None, principal: str = PUBLIC
    ) -> Dataset:
        """Make a dataset of a copy of this file."""
        self._refuse_when_draining()
        return await self._shelf.add_file(Path(path), Path(path).name, options or ReadingOptions(), principal)

    async def dataset(self, file_id: str, principal: str = PUBLIC) -> Dataset:
        return await self._shelf.find(file_id, principal)

    async def datasets(self, limit: int = 50, after: str | None = None, principal: str = PUBLIC) -> list[Dataset]:
        """The principal's own, newest first; `after` is the id of the last one of the page before."""
        return await self._shelf.newest(principal, limit, after)

    async def remove_dataset(self, file_id: str, principal: str = PUBLIC) -> None:
        """Forget a dataset. Runs under way on it still finish."""
        await self._shelf.remove(file_id, principal)

    async def rows(
        self,
        file_id: str,
        offset: int = 0,
        limit: int = 100,
        columns: Sequence[str] | None = None,
        principal: str = PUBLIC,
    ) -> bytes:
        """A page of rows as JSON: `{columns, rows, total}`, with exact cells."""
        return await self._shelf.rows(file_id, principal, offset, limit, columns)

    # --- the catalogue ------------------------------------------------------------------------------------------------

    def tasks(self) -> list[TaskDescription]:
        """Every analysis of the catalogue, by id."""
        return [self._catalogue.find(task_id).describe() for task_id in self._catalogue.ids()]

    def task(self, task_id: str) -> TaskDescription:
        """One analysis. Raises UnknownTask, naming the nearest ones."""
        return self._catalogue.find(task_id).describe()

    # --- runs ---------------------------------------------------------------------------------------------------------

    async def submit(
        self, file_id: str, task_id: str, params: Mapping[str, Any] | None = None, principal: str = PUBLIC
    ) -> Run:
        """Start an analysis on a dataset and return at once; its events tell how it goes.

        Raises UnknownTask, UnknownDataset, InvalidParameters, Busy, ShuttingDown.
        """
        self._refuse_when_draining()
        analysis = self._catalogue.find(task_id)
        dataset = await self._shelf.find(file_id, principal)
        checked = _check(analysis, params or {})
        shapes = {"df": dataset.shape}
        parts = tuple(analysis.parts(shapes, checked))
        run_id, created_at = new_id(), now()
        run = Run(
            task_execution_id=run_id,
            task_id=task_id,
            file_id=file_id,
            params=checked.model_dump(mode="json"),
            created_at=created_at,
            expires_at=self._retention.expiry(created_at),
        )
        owned = OwnedRun(run=run, principal=principal, epoch=new_id()[:8])
        live = LiveRun(
            owned=owned,
            parts=parts,
            tables={"df": str(self._shelf.table(file_id))},
            shapes=shapes,
            broadcaster=Broadcaster(EventLog(run_id, owned.epoch)),
            result_key=result_key(run_id),
            result_url=f"{self.public_prefix}/api/run/{run_id}/result",
        )
        position = self._scheduler.admit(run_id)
        try:
            await self._state.save_run(owned)
        except BaseException:
            self._scheduler.forget(run_id)
            raise
        self._begin(live, position)
        return run

    def _begin(self, live: LiveRun, position: int) -> None:
        events = live.broadcaster.log
        events.append(events.next_entry("run.queued", encode_members({"position": position})))
        self._live[live.id] = live
        work = self._tasks.start(self._runner.work(live, self._scheduler.turn(live.id)), f"work {live.id}")
        live.work = work
        self._drives.start(self._drive(live, work), f"run {live.id}")

    async def _drive(self, live: LiveRun, work: asyncio.Task[bytes]) -> None:
        pump = self._tasks.start(live.broadcaster.pump(), f"pump {live.id}")
        try:
            async with self._retention.using(dataset_key(live.run.file_id), live.result_key):
                await self._runner.finish(live, work)
        finally:
            pump.cancel()
            self._scheduler.forget(live.id)
            del self._live[live.id]
            log.info(
                "run ended",
                extra={
                    "run": live.id,
                    "task": live.run.task_id,
                    "status": live.run.status.value,
                    "active": self._scheduler.active,
                    "queued": self._scheduler.queued,
                },
            )

    async def run(self, run_id: str, principal: str = PUBLIC) -> Run:
        return (await self._find(run_id, principal)).run

    async def runs(self, limit: int = 50, after: str | None = None, principal: str = PUBLIC) -> list[Run]:
        """The principal's own, newest first; `after` is the id of the last one of the page before."""
        stored = await self._state.runs(principal, limit, after)
        return [self._live[owned.run.id].run if owned.run.id in self._live else owned.run for owned in stored]

    async def cancel(self, run_id: str, principal: str = PUBLIC) -> Run:
        """End a run. Does nothing to one that has ended. The final event tells when it is over."""
        owned = await self._find(run_id, principal)
        if run_id in self._live:
            self._live[run_id].stop(RunStatus.CANCELLED)
        return owned.run

    async def result(self, run_id: str, principal: str = PUBLIC) -> dict[str, Any]:
        """The result. Raises NotFinished before the end, NoResult when the run ended without one."""
        result: dict[str, Any] = json.loads(await self.result_json(run_id, principal))
        return result

    async def result_json(self, run_id: str, principal: str = PUBLIC) -> bytes:
        """The result as it is stored, as strict JSON. Raises what `result` raises."""
        run = await self.run(run_id, principal)
        if not run.status.is_final:
            raise NotFinished(f"The run {run_id!r} is still {run.status}.", retry_after=1)
        if run.status is not RunStatus.COMPLETED:
            raise NoResult(f"The run {run_id!r} has ended as {run.status}, without a result.", error=run.error)
        async with self._retention.using(result_key(run_id)):
            return await self._blobs.get(result_key(run_id))

    async def events(self, run_id: str, after: str | None = None, principal: str = PUBLIC) -> AsyncIterator[Event]:
        """What the run has said and says, to its final event. `after` is the id of the last event already seen."""
        log = await self.log(run_id, principal)
        async for entries in log.follow(after, patient=True):
            for entry in entries:
                yield entry.event

    async def log(self, run_id: str, principal: str = PUBLIC) -> EventLog:
        """The run's log, growing while it is live."""
        owned = await self._find(run_id, principal)
        if run_id in self._live:
            return self._live[run_id].broadcaster.log
        return EventLog.stored(run_id, owned.epoch, await self._state.log(run_id) or b"")

    async def _find(self, run_id: str, principal: str) -> OwnedRun:
        live = self._live.get(run_id)
        owned = live.owned if live is not None else await self._state.run(run_id)
        if owned is None or owned.principal not in (principal, PUBLIC):
            raise UnknownRun(f"There is no run {run_id!r}.")
        if owned.removed is Removal.EXPIRED:
            raise Expired(f"The run {run_id!r} has expired. Start it again.")
        return owned

    # --- the state of things ------------------------------------------------------------------------------------------

    async def status(self) -> Status:
        return Status(
            active=self._scheduler.active,
            queued=self._scheduler.queued,
            slots=self._executor.counts(),
            kept=await self._state.counts(),
            streams=len(self._live),
            live_events=sum(len(live.broadcaster.log) for live in self._live.values()),
        )

    def _refuse_when_draining(self) -> None:
        if self._draining:
            raise ShuttingDown("The server is shutting down and takes no new work.")


def _check(analysis: Analysis[Any, Any], params: Mapping[str, Any]) -> Params:
    try:
        checked: Params = analysis.params.model_validate(params)
    except pydantic.ValidationError as failure:
        errors = field_errors(failure.errors(), "/params")
        first = f"{errors[0]['pointer']}: {errors[0]['detail']}"
        raise InvalidParameters(f"The parameters of {analysis.id!r} are not valid. {first}", errors=errors) from None
    return checked
