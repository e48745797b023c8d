"""What becomes of runs, and of those who watch them, when the server ends and starts again."""

import asyncio
import json
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from analyzer.client import AnalyzerClient
from analyzer.models import Event
from tests.api import Api
from tests.serverprocess import server
from tests.waiting import Gate, until

TABLE = b"a,b\n1,x\n2,y\n"
DONE = {"lines": ["part 0", "part 1"]}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _types(events: list[Event]) -> list[str]:
    return [event.type for event in events]


async def _interrupted_stream(tmp_path: Path, number: signal.Signals) -> list[Event]:
    """What a client that comes back by itself sees of a run whose server ends between its two parts."""
    gate, events = Gate(tmp_path / "gate"), list[Event]()
    settings: dict[str, Any] = {"workers": 1, "port": _free_port(), "shutdown_grace_seconds": 0.2}

    async def watch(url: str, run: str) -> None:
        async with AnalyzerClient(url) as client:
            async for event in client.events(run):
                events.append(event)

    async with server(tmp_path / "data", **settings) as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        run = await api.start(await api.dataset(TABLE), "test_gate", gate=str(gate.folder))
        watching = asyncio.create_task(watch(process.url, run))
        gate.open("part 0")
        await gate.reached(2)
        await until(lambda: "run.progress" in _types(events), "one part")
        await process.stop(number)
    async with server(tmp_path / "data", **settings) as process, aiohttp.ClientSession(process.url) as http:
        gate.open()
        await watching
        assert await Api(http).result(run) == DONE
        assert (await Api(http).get(f"/api/run/{run}")).json["progress"] == {"done": 2, "total": 2}
    return events


async def test_after_sigterm_a_client_sees_each_event_once_and_the_end(tmp_path: Path) -> None:
    events = await _interrupted_stream(tmp_path, signal.SIGTERM)
    epochs, numbers = zip(*(event.id.split(":") for event in events), strict=True)
    assert len(set(epochs)) == 1
    assert [int(number) for number in numbers] == list(range(1, len(events) + 1))
    assert _types(events) == [
        *("run.queued", "run.started", "result.section", "run.progress"),
        *("run.queued", "run.started", "result.section", "run.progress", "run.completed"),
    ]
    assert [event.data["section"] for event in events if event.type == "result.section"] == ["part 0", "part 1"]


async def _half_done(folder: Path, gate: Gate, **params: Any) -> str:
    """A run of two parts that was laid aside after the first one."""
    settings: dict[str, Any] = {"workers": 1, "shutdown_grace_seconds": 0.2}
    async with server(folder, **settings) as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        run = await api.start(await api.dataset(TABLE), "test_gate", gate=str(gate.folder), **params)
        gate.open("part 0")
        await gate.reached(2)
        await process.stop()
    return run


async def test_what_was_attached_before_is_there_after_it(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    run = await _half_done(tmp_path / "data", gate, attaches=True)
    async with server(tmp_path / "data", workers=1) as process, aiohttp.ClientSession(process.url) as http:
        gate.open()
        assert await Api(http).result(run) == DONE
        assert [(await Api(http).get(f"/api/run/{run}/{part}.arrow")).body for part in (0, 1)] == [b"part 0", b"part 1"]
        assert len(gate.pids) == 3  # the first part was not done again


async def test_what_another_version_of_an_analysis_has_done_is_done_again(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    run = await _half_done(tmp_path / "data", gate)
    with sqlite3.connect(tmp_path / "data" / "state.sqlite") as state:
        (kept,) = state.execute("SELECT sections FROM logs").fetchone()
        state.execute(
            "UPDATE logs SET sections = ?", (json.dumps(json.loads(kept) | {"plan": "of yesterday"}).encode(),)
        )
    async with server(tmp_path / "data", workers=1) as process, aiohttp.ClientSession(process.url) as http:
        gate.open()
        assert await Api(http).result(run) == DONE
        events = await Api(http).watch(run)
        assert [json.loads(event.data)["section"] for event in events if event.type == "result.section"] == [
            *("part 0", "part 1")
        ]
        assert len(gate.pids) == 4


async def test_after_kill_a_client_sees_one_snapshot_and_then_what_is_new(tmp_path: Path) -> None:
    events = await _interrupted_stream(tmp_path, signal.SIGKILL)
    kinds = _types(events)
    assert kinds.count("run.snapshot") == 1
    cut = kinds.index("run.snapshot")
    before, snapshot, after = events[:cut], events[cut], events[cut + 1 :]
    assert _types(before) == ["run.queued", "run.started", "result.section", "run.progress"]
    assert {event.id.split(":")[0] for event in before} != {snapshot.id.split(":")[0]}
    assert {event.id.split(":")[0] for event in after} == {snapshot.id.split(":")[0]}
    told = [section["section"] for section in snapshot.data["sections"]]
    told += [event.data["section"] for event in after if event.type == "result.section"]
    assert told == ["part 0", "part 1"]
    assert events[-1].type == "run.completed"


async def test_a_run_that_servers_die_under_is_begun_so_many_times_and_then_interrupted(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    settings: dict[str, Any] = {"workers": 1, "max_concurrent_tasks": 1, "run_attempts": 2}
    async with server(tmp_path / "data", **settings) as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        dataset = await api.dataset(TABLE)
        first = await api.start(dataset, "test_gate", gate=str(gate.folder))
        await gate.reached(1)
        queued = [await api.start(dataset, "test_parts", text=str(number)) for number in range(3)]
        await process.stop(signal.SIGKILL)
    async with server(tmp_path / "data", **settings) as process:
        await gate.reached(2)  # it was begun a second time
        await process.stop(signal.SIGKILL)
    async with server(tmp_path / "data", **settings) as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        (end,) = await api.watch(first)
        assert end.type == "run.interrupted"
        assert json.loads(end.data)["error"]["type"] == "/problems/interrupted"
        state = (await api.get(f"/api/run/{first}")).json
        assert state["created_at"] < state["finished_at"]
        for number, run in enumerate(queued):
            assert (await api.result(run))["lines"][0] == f"part 0{number}"


async def test_where_it_is_so_set_what_was_begun_ends_with_the_server(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    settings: dict[str, Any] = {"workers": 1, "max_concurrent_tasks": 1, "run_attempts": 1, "shutdown_grace_seconds": 0}
    async with server(tmp_path / "data", **settings) as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        dataset = await api.dataset(TABLE)
        begun = await api.start(dataset, "test_gate", gate=str(gate.folder))
        await gate.reached(1)
        queued = await api.start(dataset, "test_gate", gate=str(gate.folder))
        await process.stop()
    async with server(tmp_path / "data", **settings) as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        gate.open()
        assert [event.type for event in await api.watch(begun)] == ["run.queued", "run.started", "run.interrupted"]
        assert await api.result(queued) == DONE


async def test_what_cannot_go_on_ends_as_interrupted_and_says_why(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    async with server(tmp_path / "data", workers=1) as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        dataset = await api.dataset(TABLE)
        run = await api.start(dataset, "test_gate", gate=str(gate.folder))
        await gate.reached(1)
        assert (await api.ask("DELETE", f"/api/datasets/{dataset}")).status == 204
        await process.stop(signal.SIGKILL)
    async with server(tmp_path / "data", workers=1) as process, aiohttp.ClientSession(process.url) as http:
        (end,) = await Api(http).watch(run)
        assert end.type == "run.interrupted"
        assert dataset in json.loads(end.data)["error"]["detail"]
        assert not list((tmp_path / "data" / "tables").iterdir())


async def test_code_that_had_begun_is_not_begun_again(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"jail_min_level": 0, "workers": 1, "max_concurrent_tasks": 1}
    async with server(tmp_path / "data", **settings) as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        dataset = await api.dataset(TABLE)
        begun = await api.start(dataset, "code", code="print('here', flush=True)\nwhile True: pass")
        log = await http.get(f"/api/run/{begun}/events")
        while b"output.delta" not in await log.content.readline():
            pass
        queued = await api.start(dataset, "code", code="result = 6 * 7")
        await process.stop(signal.SIGKILL)
    async with server(tmp_path / "data", **settings) as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        (end,) = await api.watch(begun)
        assert end.type == "run.interrupted"
        assert "42" in json.dumps(await api.result(queued))


async def test_uploads_that_were_arriving_or_being_read_are_gone_whole(tmp_path: Path) -> None:
    async with server(tmp_path / "data", workers=1) as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        kept = await api.dataset(TABLE)
        for child in psutil.Process(process.process.pid).children():
            for worker in child.children():
                worker.suspend()
        reading = asyncio.create_task(api.upload(b"a\n1\n"))
        sent = asyncio.Event()

        async def half() -> AsyncIterator[bytes]:
            yield b"a,b\n" * 200_000
            sent.set()
            await asyncio.Event().wait()

        arriving = asyncio.create_task(api.ask("POST", "/api/upload?filename=half.csv", data=half()))
        await sent.wait()
        drafts = tmp_path / "data" / "drafts"
        await until(lambda: len([one for one in drafts.iterdir() if one.stat().st_size]) == 2, "both on their way")
        await process.stop(signal.SIGKILL)
        ends = await asyncio.gather(reading, arriving, return_exceptions=True)
        assert all(isinstance(end, aiohttp.ClientError) for end in ends), ends
    async with server(tmp_path / "data", workers=1) as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        (listed,) = (await api.get("/api/datasets")).json["datasets"]
        assert listed["file_id"] == kept
        assert not list(drafts.iterdir())
        assert len(list((tmp_path / "data" / "tables").iterdir())) == 1
        assert await api.dataset(b"a\n1\n")
