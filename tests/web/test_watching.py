"""Who watches runs of the whole server: several on one connection, late ones, and a thousand who hear nothing."""

import asyncio
import gc
import json
import socket
from pathlib import Path

import aiohttp
import psutil

from analyzer.eventstream import EventStreamParser
from analyzer.service import Analyzer
from tests.api import Api
from tests.serverprocess import server
from tests.waiting import Gate, until

TABLE = b"a,b\n1,x\n2,y\n3,\n"
STREAMS = 1000
KIB = 1024


async def test_several_runs_on_one_connection_end_with_the_last_of_them(api: Api, tmp_path: Path) -> None:
    file_id = await api.dataset(TABLE)
    gate = Gate(tmp_path / "gate")
    waiting = await api.start(file_id, "test_gate", gate=str(gate.folder), parts=1)
    done = await api.start(file_id, "test_parts")
    several = f"/api/events?run={waiting}&run={done}&run={done}"
    watching = asyncio.create_task(api.get(several))
    await gate.reached()
    await api.watch(done)
    gate.open()
    frames = list(EventStreamParser().feed((await watching).body))
    for run_id in (waiting, done):
        own = [frame for frame in frames if json.loads(frame.data)["task_execution_id"] == run_id]
        alone = await api.watch(run_id)
        assert [(frame.type, frame.data) for frame in own] == [(frame.type, frame.data) for frame in alone]
    cursors = dict(part.split("=") for part in frames[-1].id.split(","))
    assert set(cursors) == {waiting, done}
    assert (await api.get(several, headers={"Last-Event-ID": frames[-1].id})).status == 204
    assert (await api.get(f"{several}&last_event_id={frames[-1].id}")).status == 204
    rest = await api.get(several, headers={"Last-Event-ID": frames[-2].id})
    assert [frame.data for frame in EventStreamParser().feed(rest.body)] == [frames[-1].data]
    lines = (await api.get(several, headers={"Accept": "application/x-ndjson"})).body.splitlines()
    assert len(lines) == len(frames)
    assert {json.loads(line)["task_execution_id"] for line in lines} == {waiting, done}


async def test_several_runs_are_ones_own_and_not_too_many(api: Api) -> None:
    mine = Api(api.http, {"X-Session-ID": "watching-mine"})
    own = await mine.start(await mine.dataset(TABLE), "test_parts")
    other = Api(api.http, {"X-Session-ID": "watching-others"})
    foreign = await other.start(await other.dataset(TABLE), "test_parts")
    (await mine.get(f"/api/events?run={own}&run={foreign}")).problem(404, "unknown-run")
    (await mine.get(f"/api/events?run={own}&run=nonsense")).problem(404, "unknown-run")
    problem = (await mine.get("/api/events")).problem(422, "invalid-parameters")
    assert "run" in json.dumps(problem["errors"])
    too_many = "&".join(f"run={number}" for number in range(51))
    (await mine.get(f"/api/events?{too_many}")).problem(422, "invalid-parameters")


async def test_late_watchers_share_one_log(analyzer: Analyzer, penguins: Path) -> None:
    run = await analyzer.submit((await analyzer.add_dataset(penguins)).id, "test_parts")
    async for _ in analyzer.events(run.id):
        pass
    await until(lambda: run.id not in analyzer._desk._live)
    logs = await asyncio.gather(*(analyzer.log(run.id) for _ in range(20)))
    assert len({id(log) for log in logs}) == 1
    del logs

    def is_forgotten() -> bool:
        gc.collect()
        return run.id not in analyzer._desk._read

    await until(is_forgotten, "a log that nobody watches")
    assert len(await analyzer.log(run.id)) > 3


async def test_a_thousand_idle_streams_cost_little_memory(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    async with (
        server(tmp_path / "data", workers=1) as process,
        aiohttp.ClientSession(process.url) as http,
    ):
        api = Api(http)
        run_id = await api.start(await api.dataset(TABLE), "test_gate", gate=str(gate.folder), parts=1)
        await gate.reached()
        host, port = process.url.removeprefix("http://").split(":")
        running = psutil.Process(process.process.pid)
        streams: list[socket.socket] = []

        async def open_streams(count: int) -> None:
            for _ in range(count):
                streams.append(stream := socket.create_connection((host, int(port))))
                stream.sendall(f"GET /api/run/{run_id}/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                stream.setblocking(False)
                head = b""
                while b"run.started" not in head:
                    head += await asyncio.get_running_loop().sock_recv(stream, 64 * KIB)

        try:
            await open_streams(100)  # what is made once is made
            before = running.memory_info().rss
            await open_streams(STREAMS)
            each = (running.memory_info().rss - before) / STREAMS
            assert each < 50 * KIB
            assert (await api.get("/health")).json["system"]["streaming"]["active_streams"] == 1
        finally:
            for stream in streams:
                stream.close()
        gate.open()
        assert (await api.watch(run_id))[-1].type == "run.completed"
