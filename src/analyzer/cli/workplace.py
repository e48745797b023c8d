"""Where the work of a command is done: in this process, or by a server."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from analyzer.analyses import catalogue
from analyzer.cli.running import Refusal, settings_from
from analyzer.client import AnalyzerClient
from analyzer.executors.base import PictureFormat, ReportFormat
from analyzer.models import Dataset, Event, ReadingOptions, Run, TaskDescription
from analyzer.service import Analyzer
from analyzer.settings import temporary_data_dir

FLEETING = {"shutdown_grace_seconds": 0, "jail_standbys": 0}
"""An analyzer for one command waits for nothing at its end, and wakes the jail only for code."""


class Takeaways(Protocol):
    """What can be made of a run to take away."""

    async def report(self, run_id: str, form: ReportFormat) -> bytes: ...

    async def picture(self, run_id: str, name: str, form: PictureFormat) -> bytes: ...


class Workplace(Protocol):
    """What the commands need of an analyzer, be it here or behind a URL."""

    async def add_dataset(self, path: str | Path, options: ReadingOptions | None = None) -> Dataset: ...

    async def submit(self, file_id: str, task_id: str, params: Mapping[str, Any] | None = None) -> Run: ...

    def events(self, run_id: str) -> AsyncIterator[Event]: ...

    async def result(self, run_id: str) -> dict[str, Any]: ...

    async def cancel(self, run_id: str) -> Run: ...

    @property
    def handouts(self) -> Takeaways: ...


@asynccontextmanager
async def workplace_at(server: str | None) -> AsyncIterator[Workplace]:
    """That server, or an analyzer here that remembers nothing."""
    if server is not None:
        async with client_of(server) as client:
            yield client
    else:
        async with fleeting_analyzer() as analyzer:
            yield analyzer


@asynccontextmanager
async def fleeting_analyzer() -> AsyncIterator[Analyzer]:
    """An analyzer here that remembers nothing."""
    with temporary_data_dir() as folder:
        async with Analyzer(settings_from(FLEETING | {"data_dir": Path(folder)})) as analyzer:
            yield analyzer


async def tasks_of(server: str | None) -> list[TaskDescription]:
    """The catalogue of that server, or the one here."""
    if server is None:
        return catalogue().descriptions()
    async with client_of(server) as client:
        return await client.tasks()


def client_of(server: str) -> AnalyzerClient:
    """For this URL. Raises Refusal when it is none."""
    if not re.match(r"https?://[^/]", server):
        raise Refusal(f"{server} is no http:// address.")
    return AnalyzerClient(server)
