"""The whole product without HTTP."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from analyzer.admission import Admission
from analyzer.aio import Tasks
from analyzer.analyses import whole_catalogue
from analyzer.ask import Asking
from analyzer.blobs.local import LocalBlobs
from analyzer.broadcast import EventLog
from analyzer.computations import Computations
from analyzer.desk import Desk
from analyzer.errors import ShuttingDown
from analyzer.executors.jail import JailExecutor
from analyzer.executors.process import ProcessExecutor
from analyzer.folder import locked, temporary_folder
from analyzer.foreign import ForeignCode
from analyzer.handouts import Handouts
from analyzer.intake import Intake
from analyzer.models import (
    PUBLIC,
    Dataset,
    DatasetSummary,
    Event,
    ReadingOptions,
    RowsWanted,
    Run,
    TaskDescription,
    Wish,
)
from analyzer.pulse import Pulse
from analyzer.repeats import Repeats
from analyzer.retention import Retention
from analyzer.runner import Runner
from analyzer.scheduler import Scheduler
from analyzer.settings import Settings
from analyzer.sharing import SharedSections
from analyzer.shelf import Download, Shelf
from analyzer.state.sql import SqlState
from analyzer.status import Status
from analyzer.tickets import Limits
from analyzer.uploads import Upload


class Analyzer:
    """Datasets, analyses and their runs. An async context manager: what it opened, it closes.

    Whatever takes an id takes the `principal` who asks as well, and answers for another one's id exactly as for one
    that does not exist: with UnknownDataset or UnknownRun. What was here and whose time was up is Expired.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._opened = AsyncExitStack()
        self._is_open = False
        self.public_prefix = ""  # what stands before /api in links, when mounted below another app
        self._draining = False
        self._pulse = Pulse()

    # --- opening and closing ------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        settings = self.settings
        self._draining = False
        async with AsyncExitStack() as opened:
            await asyncio.to_thread(opened.enter_context, locked(settings.data_dir))
            temporary = await asyncio.to_thread(temporary_folder, settings.data_dir)
            opened.push_async_callback(asyncio.to_thread, shutil.rmtree, temporary, ignore_errors=True)
            blobs = await asyncio.to_thread(LocalBlobs, settings.data_dir)
            self._catalogue = await asyncio.to_thread(whole_catalogue)
            self._state = SqlState(settings.data_dir / "state.sqlite")
            opened.push_async_callback(self._state.aclose)
            self._executor = ProcessExecutor(settings.workers, settings.task_memory_bytes, temporary)
            opened.push_async_callback(self._executor.aclose)
            await self._executor.start()
            self._jail = JailExecutor.of(settings)
            opened.push_async_callback(self._jail.aclose)
            await self._state.open()
            self._furnish(blobs)
            opened.push_async_callback(self._asking.aclose)
            opened.push_async_callback(self._shelf.close)
            opened.push_async_callback(self._desk.close, settings.shutdown_grace_seconds)
            await self._retention.delete_orphans()
            await self._intake.recover()
            tasks = Tasks()
            opened.push_async_callback(tasks.aclose)
            tasks.start(self._pulse.beat(), "pulse")
            tasks.start(self._desk.keep_leases(), "keep leases")
            tasks.start(self._retention.keep_sweeping(), "sweep")
            tasks.start(self._start_jail(), "start the jail")
            self._opened = opened.pop_all()
            self._is_open = True
        return self

    def _furnish(self, blobs: LocalBlobs) -> None:
        """Put together what needs no closing of its own."""
        settings, state, executor = self.settings, self._state, self._executor
        self._retention = Retention(state, blobs, settings.ttl_seconds)
        self._scheduler = Scheduler(Limits.of(settings))
        foreign = ForeignCode(self._jail, blobs, state, self._keep_table)
        shared = SharedSections(settings.shared_sections_bytes)
        limits = settings.task_timeout_seconds, settings.task_cpu_seconds, settings.max_result_bytes
        self._asking = Asking.of(settings, self._catalogue, executor, self._scheduler, shared, foreign, state, blobs)
        runner = Runner(executor, foreign, self._asking.run, shared, state, blobs, *limits)
        computations = Computations.of(settings, runner, self._scheduler)
        self._desk = Desk(state, blobs, self._retention, self._scheduler, runner, computations, settings.run_attempts)
        self._desk.public_prefix = self.public_prefix
        self._repeats = Repeats(state)
        self._shelf = Shelf(
            state,
            blobs,
            executor,
            self._scheduler,
            self._retention,
            max_upload_bytes=settings.max_upload_bytes,
            max_uploads=settings.workers + settings.max_queued_uploads,
            timeout_seconds=settings.task_timeout_seconds,
        )
        outside = executor, self._scheduler, settings.task_timeout_seconds
        self._handouts = Handouts(self._catalogue, self._desk, self._shelf, *outside)
        doors = self._jail, self._asking.admit, Admission.of(settings)
        self._intake = Intake(self._catalogue, self._shelf, *doors, self._desk)

    async def _start_jail(self) -> None:
        """After the workers, which more people wait for."""
        await self._executor.ready()
        self._jail.start()

    async def _keep_table(self, path: Path, filename: str, principal: str) -> Dataset:
        return await self._shelf.add_file(path, filename, ReadingOptions(), principal)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drain()
        self._is_open = False
        await self._opened.aclose()

    def drain(self) -> None:
        """Take no new work, and let go of those who watch over HTTP. What is under way goes on."""
        self._draining = True
        if self.is_open:
            self._desk.hang_up()

    async def ready(self) -> None:
        """Returns when work would start at once."""
        await self._executor.ready()

    @property
    def is_open(self) -> bool:
        """Whether it was entered and not left."""
        return self._is_open

    @property
    def is_ready(self) -> bool:
        """Whether a worker is warm."""
        return self._executor.is_ready

    @property
    def draining(self) -> bool:
        """Whether new work is refused."""
        return self._draining

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

    async def datasets(
        self, limit: int = 50, after: str | None = None, principal: str = PUBLIC
    ) -> list[DatasetSummary]:
        """The principal's own, newest first; `after` is the id of the last one of the page before."""
        return await self._shelf.newest(principal, limit, after)

    async def rename_dataset(self, file_id: str, filename: str, principal: str = PUBLIC) -> Dataset:
        """Show it to people under another name."""
        return await self._shelf.rename(file_id, filename, principal)

    async def remove_dataset(self, file_id: str, principal: str = PUBLIC) -> None:
        """Forget a dataset. Runs under way on it still finish."""
        await self._shelf.remove(file_id, principal)

    async def read_again(self, file_id: str, options: ReadingOptions, principal: str = PUBLIC) -> Dataset:
        """Another dataset of the same file, read with other options. The old one stays."""
        self._refuse_when_draining()
        return await self._shelf.read_again(file_id, options, principal)

    async def rows(self, file_id: str, wanted: RowsWanted | None = None, principal: str = PUBLIC) -> bytes:
        """A page of rows as JSON: `{columns, rows, total}`, with exact cells."""
        return await self._shelf.rows(file_id, principal, wanted or RowsWanted())

    def download(
        self, file_id: str, form: str, *, raw: bool = False, principal: str = PUBLIC
    ) -> AbstractAsyncContextManager[Download]:
        """The dataset as a file: `original`, `arrow`, `csv`, `parquet`, or `bad-rows`, those that did not fit.

        In CSV, text that a spreadsheet would take for a formula is defused unless `raw`.
        """
        return self._shelf.download(file_id, principal, form, raw=raw)

    # --- the catalogue ------------------------------------------------------------------------------------------------

    def tasks(self) -> list[TaskDescription]:
        """Every analysis of the catalogue, by id."""
        return self._catalogue.descriptions()

    def task(self, task_id: str) -> TaskDescription:
        """One analysis. Raises UnknownTask, naming the nearest ones."""
        return self._catalogue.find(task_id).describe()

    # --- runs ---------------------------------------------------------------------------------------------------------

    async def submit(
        self,
        file_id: str,
        task_id: str,
        params: Mapping[str, Any] | None = None,
        principal: str = PUBLIC,
        wish: Wish | None = None,
    ) -> Run:
        """Start an analysis on a dataset and return at once; its events tell how it goes.

        Raises UnknownTask, UnknownDataset, InvalidParameters, DoesNotFit, JailUnavailable, Busy, ShuttingDown.
        """
        self._refuse_when_draining()
        return await self._intake.submit(file_id, task_id, params or {}, principal, wish or Wish())

    async def run(self, run_id: str, principal: str = PUBLIC) -> Run:
        return await self._desk.find(run_id, principal)

    async def runs(self, limit: int = 50, after: str | None = None, principal: str = PUBLIC) -> list[Run]:
        """The principal's own, newest first; `after` is the id of the last one of the page before."""
        return await self._desk.newest(principal, limit, after)

    async def outcome(self, run_id: str, within_seconds: float, principal: str = PUBLIC) -> Run:
        """The run once it has ended; as it stands when that takes longer, or the server is being stopped."""
        log = await self.log(run_id, principal)
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                async for _ in log.follow(None, patient=False):
                    pass
        return await self.run(run_id, principal)

    async def cancel(self, run_id: str, principal: str = PUBLIC) -> Run:
        """End a run. Does nothing to one that has ended. The final event tells when it is over."""
        return await self._desk.cancel(run_id, principal)

    async def result(self, run_id: str, principal: str = PUBLIC) -> dict[str, Any]:
        """The result. Raises NotFinished before the end, NoResult when the run ended without one."""
        result: dict[str, Any] = json.loads(await self.result_json(run_id, principal))
        return result

    async def result_json(self, run_id: str, principal: str = PUBLIC) -> bytes:
        """The result as it is stored, as strict JSON. Raises what `result` raises."""
        return await self._desk.result(run_id, principal)

    @property
    def handouts(self) -> Handouts:
        """What can be made of a run to take away: its code, its pictures, its report, and how it compares."""
        return self._handouts

    def attachment(self, run_id: str, name: str, principal: str = PUBLIC) -> AbstractAsyncContextManager[Path]:
        """A file beside the result, such as `matrix.arrow`. Raises what `result` raises, and NotFound."""
        return self._desk.attachment(run_id, name, principal)

    async def prompts_json(self, run_id: str, principal: str = PUBLIC) -> bytes:
        """What the run sent to a model, word by word, as JSON: `{calls: [...]}`; none, where it asks no model."""
        await self._desk.find(run_id, principal)
        return await self._asking.prompts(run_id)

    async def events(self, run_id: str, after: str | None = None, principal: str = PUBLIC) -> AsyncIterator[Event]:
        """What the run has said and says, to its final event. `after` is the id of the last event already seen."""
        log = await self.log(run_id, principal)
        async for entries in log.follow(after, patient=True):
            for entry in entries:
                yield entry.event

    async def log(self, run_id: str, principal: str = PUBLIC) -> EventLog:
        """The run's log, growing while it lives."""
        return await self._desk.log(run_id, principal)

    async def once(
        self, key: str, fingerprint: str, do: Callable[[], Awaitable[str]], principal: str = PUBLIC
    ) -> tuple[str, bool]:
        """The id of what `do` makes, and whether it was made before: of one principal's requests with this key, the
        first that succeeds counts. Raises IdempotencyKeyReused when that had another fingerprint, and what `do` raises.
        """
        return await self._repeats.once(principal, key, fingerprint, do)

    # --- the state of things ------------------------------------------------------------------------------------------

    async def status(self) -> Status:
        return Status(
            active=self._scheduler.active,
            queued=self._scheduler.queued,
            standings=self._scheduler.standings(),
            slots=self._executor.counts(),
            kept=await self._state.counts(),
            streams=self._desk.living,
            live_events=self._desk.live_events,
            pulse=self._pulse,
            jail=self._jail.report,
        )

    def _refuse_when_draining(self) -> None:
        if self._draining:
            raise ShuttingDown("The server is shutting down and takes no new work.")
