"""A run of the catalogue that takes more than it may: it ends, under a code of its own, and nobody else notices."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from analyzer import Settings, create_app
from analyzer.web.keys import ANALYZER
from tests.api import Api
from tests.conftest import serving
from tests.serverprocess import server
from tests.waiting import Gate, until

TABLE = b"a,b\n1,x\n2,y\n"
MIB = 1024 * 1024
MOST_GROWTH_BYTES = 20 * MIB
TEXT = "x" * (MIB // 3)

WALLS: dict[str, tuple[dict[str, float], dict[str, Any], str]] = {
    "wall time": ({"task_timeout_seconds": 2}, {"kind": "sleep"}, "timeout"),
    "wall time, in C code": ({"task_timeout_seconds": 2}, {"kind": "spin"}, "timeout"),
    "processor time, in C code": ({"task_cpu_seconds": 1.5}, {"kind": "spin"}, "cpu-limit"),
    "memory": ({"task_memory_bytes": 300 * MIB}, {"kind": "memory"}, "memory-limit"),
    "bytes of a section": ({"max_result_bytes": MIB}, {"kind": "large"}, "result-too-large"),
    "bytes of the result": ({"max_result_bytes": MIB}, {"parts": 4, "text": TEXT}, "result-too-large"),
    "bytes of all sections": ({"max_result_bytes": MIB}, {"parts": 40, "text": TEXT}, "result-too-large"),
}
"""The wall, a run of whose parts or merge one hits it, and the code of the end."""


@asynccontextmanager
async def _served(settings: Settings) -> AsyncIterator[tuple[Api, Callable[[], bool]]]:
    """A server, and whether all its slots are there and free."""
    app = create_app(settings)
    async with serving(app) as url, aiohttp.ClientSession(url) as http:
        await app[ANALYZER].ready()
        lanes = app[ANALYZER]._executor._lanes.values()
        yield Api(http), lambda: all(lane.idle == lane.size for lane in lanes)


@pytest.mark.parametrize("wall", WALLS)
async def test_each_wall_has_its_code_and_costs_nobody_else(
    make_settings: Callable[..., Settings], tmp_path: Path, wall: str
) -> None:
    limits, params, code = WALLS[wall]
    gate = Gate(tmp_path / "gate")
    # Beside runs that take nothing, a wall of time is none for them: it is counted from each one's start.
    async with _served(make_settings(workers=2, **limits)) as (api, is_calm):
        dataset = await api.dataset(TABLE)
        await until(is_calm)
        beside = None
        if "task_timeout_seconds" not in limits:
            beside = await api.start(dataset, "test_gate", gate=str(gate.folder), parts=1)
            await gate.reached()
        run = await api.start(dataset, "test_trouble" if "kind" in params else "test_parts", **params)
        end = (await api.watch(run))[-1]
        assert end.type == "run.failed"
        error = json.loads(end.data)["error"]
        assert error["type"] == f"/problems/{code}"
        (limit,) = limits.values()
        assert error["limit"] in (limit, 4 * limit)
        assert (await api.get(f"/api/run/{run}")).json["error"] == error
        assert (await api.get(f"/api/run/{run}/result")).status == 409
        gate.open()
        if beside is not None:
            assert await api.result(beside) == {"lines": ["part 0"]}
        await until(is_calm, "every slot is there again")
        assert await api.result(await api.start(dataset, "test_parts", parts=1)) == {"lines": ["part 0"]}


async def test_what_fills_a_worker_does_not_fill_the_server(tmp_path: Path) -> None:
    async with (
        server(tmp_path / "data", workers=1, task_memory_bytes=600 * MIB) as process,
        aiohttp.ClientSession(process.url) as http,
    ):
        api, of_server = Api(http), psutil.Process(process.process.pid)
        dataset = await api.dataset(TABLE)
        await api.result(await api.start(dataset, "test_parts"))  # what any run brings with it is there
        before = of_server.memory_info().rss
        for kind, code in (("huge", "result-too-large"), ("memory", "memory-limit")):
            end = (await api.watch(await api.start(dataset, "test_trouble", kind=kind)))[-1]
            assert json.loads(end.data)["error"]["type"] == f"/problems/{code}"
        assert of_server.memory_info().rss - before < MOST_GROWTH_BYTES
