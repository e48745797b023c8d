"""Cancelling: at work, while merging, while waiting. Whoever leaves gives back what he had."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from analyzer import Analyzer, Settings, create_app
from analyzer.executors.base import Lane
from analyzer.web.keys import ANALYZER
from tests.api import Api
from tests.conftest import Served, serving
from tests.waiting import Gate, alive, until

TABLE = b"a,b\n1,x\n2,y\n"
SLOTS = 2


@pytest_asyncio.fixture
async def own(make_settings: Callable[..., Settings]) -> AsyncIterator[Served]:
    app = create_app(make_settings(workers=SLOTS, max_queued_tasks=100))
    async with serving(app) as url:
        await app[ANALYZER].ready()
        await until(lambda: _idle(app[ANALYZER]) == 2)
        yield Served(app[ANALYZER], url)


def _idle(analyzer: Analyzer) -> int:
    return analyzer._executor._lanes[Lane.WORK].idle


@pytest.mark.parametrize("task", ["test_gate", "test_merge_gate"])
async def test_cancelling_ends_the_process_and_frees_the_slot(own: Served, tmp_path: Path, task: str) -> None:
    """At work and while merging; asking twice at once is asking once."""
    gate = Gate(tmp_path / "gate")
    async with aiohttp.ClientSession(own.url) as http:
        api = Api(http)
        run = await api.start(await api.dataset(TABLE), task, gate=str(gate.folder), parts=1)
        (pid,) = await gate.reached()
        asked = await asyncio.gather(*(api.ask("DELETE", f"/api/run/{run}") for _ in range(3)))
        assert {answer.status for answer in asked} <= {200, 202}
        events = await api.watch(run)
        assert [event.type for event in events if event.type.startswith("run.c")] == ["run.cancelled"]
        await until(lambda: not alive(pid), "the process is gone")
        await until(lambda: _idle(own.analyzer) == 2, "the slot is usable again")


async def test_what_is_cancelled_while_it_waits_never_begins(own: Served, tmp_path: Path) -> None:
    first, waits = Gate(tmp_path / "first"), Gate(tmp_path / "waits")
    async with aiohttp.ClientSession(own.url) as http:
        api = Api(http)
        dataset = await api.dataset(TABLE)
        under_way = [
            await api.start(dataset, "test_gate", gate=str(first.folder), parts=1)
            for _ in range(own.analyzer.settings.max_concurrent_tasks)
        ]
        run = await api.start(dataset, "test_gate", gate=str(waits.folder), parts=1)
        await first.reached(2)
        assert (await api.get(f"/api/run/{run}")).json["status"] == "queued"
        for _ in range(2):
            assert (await api.ask("DELETE", f"/api/run/{run}")).status in (200, 202)
        assert [event.type for event in await api.watch(run)] == ["run.queued", "run.cancelled"]
        first.open()
        for other in under_way:
            assert await api.result(other) == {"lines": ["part 0"]}
        assert waits.pids == []
