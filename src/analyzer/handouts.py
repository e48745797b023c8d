"""What is made of a run for people to take away: its code, pictures, a report, and how it compares."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from typing import Any

from analyzer.comparison import Comparison
from analyzer.desk import Desk
from analyzer.errors import Crashed, NoCode, RunTimeout
from analyzer.executors.base import (
    DrawChart,
    Executor,
    Lane,
    MakeReport,
    PictureFormat,
    ReportFormat,
    VerifyResult,
    WorkerDied,
)
from analyzer.models import PUBLIC, Run
from analyzer.models.handouts import Heading
from analyzer.programs import Program
from analyzer.registry import Analysis, Registry
from analyzer.scheduler import Scheduler
from analyzer.shelf import Shelf

REFERENCES = "analyzer.references"  # a module for each analysis; imported by workers alone


class Handouts:
    """Makes them of stored results and of the datasets, when somebody asks."""

    def __init__(
        self,
        catalogue: Registry,
        desk: Desk,
        shelf: Shelf,
        executor: Executor,
        scheduler: Scheduler,
        timeout_seconds: float,
    ) -> None:
        self._catalogue = catalogue
        self._desk = desk
        self._shelf = shelf
        self._executor = executor
        self._scheduler = scheduler
        self._timeout_seconds = timeout_seconds

    async def program(self, run_id: str, address: str, principal: str = PUBLIC) -> Program:
        """The run in a few lines of pandas. `address` gets the `file_id` put in place of `{file_id}`.

        Raises NoCode for an analysis that has none, UnknownDataset and Expired when the data is gone.
        """
        run = await self._desk.find(run_id, principal)
        analysis = self._catalogue.find(run.task_id)
        if analysis.recipe is None:
            raise NoCode(f"What {run.task_id!r} does is not a few lines of pandas.")
        params = analysis.params.model_validate(run.params)
        files = self._files(analysis, run)
        found = {name: await self._shelf.find(file_id, principal) for name, file_id in files.items()}
        return Program(
            title=f"{analysis.title}: {' and '.join(dataset.filename for dataset in found.values())}",
            tables={name: address.format(file_id=file_id) for name, file_id in files.items()},
            recipe=analysis.recipe({name: dataset.shape for name, dataset in found.items()}, params),
            private=principal != PUBLIC,
        )

    async def picture(self, run_id: str, name: str, form: PictureFormat, principal: str = PUBLIC) -> bytes:
        """A chart of a completed run's result as SVG or PNG. Raises NotFound, NotInstalled, RunTimeout."""
        result = await self._desk.result(run_id, principal)
        async with self._within_time("Drawing this chart"):
            drawn: bytes = await self._executor.call(DrawChart(result, name, form), Lane.PAGES)
            return drawn

    async def report(self, run_id: str, form: ReportFormat = "html", principal: str = PUBLIC) -> bytes:
        """The result of a completed run as one file of HTML or PDF.

        Raises UnknownDataset and Expired when the data is gone; for PDF, NotInstalled.
        """
        run = await self._desk.find(run_id, principal)
        result = await self._desk.result(run_id, principal)
        dataset = await self._shelf.find(run.file_id, principal)
        heading = Heading(
            filename=dataset.filename,
            rows=dataset.rows,
            columns=dataset.columns,
            size_bytes=dataset.size_bytes,
            made_at=f"{run.finished_at:%Y-%m-%d %H:%M} UTC",
            titles={task_id: self._catalogue.find(task_id).title for task_id in self._catalogue.ids()},
            warnings=dataset.report.warnings,
        )
        lane = Lane.PAGES if form == "html" else Lane.EXPORTS  # a PDF takes seconds, for which nobody else should wait
        async with self._within_time("Making this report"):
            page: bytes = await self._executor.call(MakeReport(heading, run.task_id, result, form), lane)
            return page

    @asynccontextmanager
    async def _within_time(self, what: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                yield
        except TimeoutError:
            raise RunTimeout(f"{what} took longer than {self._timeout_seconds:g} seconds.") from None
        except WorkerDied:
            raise Crashed(f"{what} ended the worker.") from None

    def verifiable(self) -> list[str]:
        """The ids of the analyses whose results can be verified, sorted."""
        return [task_id for task_id in self._catalogue.ids() if find_spec(f"{REFERENCES}.{task_id}") is not None]

    async def verify(self, run_id: str, principal: str = PUBLIC) -> Comparison:
        """The result of a completed run beside what other libraries say of the same tables.

        It waits for a slot like the part of a run. Raises RunTimeout and Crashed.
        """
        run = await self._desk.find(run_id, principal)
        result = await self._desk.result(run_id, principal)
        async with AsyncExitStack() as opened:
            paths = {
                name: (await opened.enter_async_context(self._shelf.table(file_id, principal))).path
                for name, file_id in self._files(self._catalogue.find(run.task_id), run).items()
            }
            work = VerifyResult(run.task_id, run.params, paths, result)
            async with self._scheduler.slot(principal), self._within_time("Verifying this result"):
                compared: Comparison = await self._executor.call(work)
                return compared

    @staticmethod
    def _files(analysis: Analysis[Any, Any], run: Run) -> Mapping[str, str]:
        """The datasets of a run by the names of their tables."""
        return {"df": run.file_id, **analysis.further(analysis.params.model_validate(run.params))}
