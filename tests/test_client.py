"""AnalyzerClient against real servers, and against connections that break anywhere."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from analyzer import AnalyzerClient, Settings, create_app
from analyzer.broadcast import EventLog
from analyzer.entries import encode_members
from analyzer.errors import StreamLost, UnknownRun
from analyzer.models import Event
from analyzer.web.feeds import RunFeed
from analyzer.web.sse import Limits, last_event_id, stream
from tests.conftest import Served, serving
from tests.test_cli import ENVIRONMENT
from tests.waiting import Gate

RUN = "0123456789abcdef0123456789abcdef"
LIMITS = Limits(heartbeat_seconds=15, stall_seconds=30, max_behind_bytes=1024 * 1024)


@dataclass
class Cutter:
    """Stands between client and server, and cuts answers after so many bytes: one number for each connection."""

    url: str
    cuts: list[int] = field(default_factory=list)

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = self.url.removeprefix("http://").split(":")
        upstream, sender = await asyncio.open_connection(host, int(port))
        left = self.cuts.pop(0) if self.cuts else sys.maxsize

        async def ask() -> None:
            with suppress(ConnectionError):
                while content := await reader.read(65536):
                    sender.write(content)
            sender.close()

        asking = asyncio.create_task(ask())
        with suppress(ConnectionError):
            while left and (content := await upstream.read(min(left, 65536))):
                writer.write(content)
                left -= len(content)
                await writer.drain()
        writer.close()
        sender.close()
        await asking


@asynccontextmanager
async def cutting(url: str, *cuts: int) -> AsyncIterator[str]:
    """The URL of a way to this server that is cut."""
    cutter, passing = Cutter(url, list(cuts)), set[asyncio.Task[None]]()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passing.add(asyncio.create_task(cutter.pass_on(reader, writer)))

    proxy = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
    finally:
        proxy.close()
        await asyncio.gather(*passing)


@asynccontextmanager
async def recorded(log: EventLog) -> AsyncIterator[str]:
    """The URL of a server that tells of this run."""

    async def events(request: web.Request) -> web.StreamResponse:
        return await stream(request, RunFeed(log, last_event_id(request), as_lines=False), LIMITS)

    app = web.Application()
    app.router.add_get("/api/run/{run_id}/events", events)
    async with serving(app) as url:
        yield url


def _log(*texts: str) -> EventLog:
    log = EventLog(RUN, "e")
    for text in texts:
        log.append(log.next_entry("output.delta", encode_members({"stream": "stdout", "text": text})))
    log.append(log.next_entry("run.completed", b""))
    return log


async def _seen(url: str, run_id: str = RUN) -> list[Event]:
    async with AnalyzerClient(url) as client:
        return [event async for event in client.events(run_id)]


async def _answer_bytes(url: str) -> int:
    """How long the whole answer is."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /api/run/{RUN}/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    size = len(await reader.read())
    writer.close()
    return size


async def _cut_everywhere(log: EventLog, step: int, cuts: Callable[[int], list[int]]) -> None:
    async with recorded(log) as url:
        whole = await _seen(url)
        assert [event.id for event in whole] == [f"e:{number}" for number in range(1, len(log) + 1)]
        room = asyncio.Semaphore(40)

        async def cut(at: int) -> None:
            async with room, cutting(url, *cuts(at)) as broken:
                assert await _seen(broken) == whole, f"cut after {at} bytes"

        await asyncio.gather(*(cut(at) for at in range(0, await _answer_bytes(url) + 1, step)))


async def test_a_client_cut_at_any_byte_ends_with_the_identical_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.client.FIRST_PAUSE_SECONDS", 0.001)
    await _cut_everywhere(_log("ä\r\n\0", "data: x\n\nid: 7"), 1, lambda at: [at])


async def test_cut_again_and_again_it_still_ends_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.client.FIRST_PAUSE_SECONDS", 0.001)
    log = _log(*("x" * (number * 37 % 1500) for number in range(60)))
    await _cut_everywhere(log, 997, lambda at: [at, at // 2, 300, 500, at // 3])


async def test_a_stream_that_never_comes_back_is_given_up(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setattr("analyzer.client.FIRST_PAUSE_SECONDS", 0.0001)
    monkeypatch.setattr("analyzer.client.LONGEST_PAUSE_SECONDS", 0.001)
    with pytest.raises(StreamLost):
        await _seen(f"http://127.0.0.1:{unused_tcp_port}")


async def test_an_unknown_run_is_no_broken_stream(served: Served) -> None:
    with pytest.raises(UnknownRun):
        await _seen(served.url)


async def test_an_upload_tells_how_far_it_is(served: Served, tmp_path: Path) -> None:
    table, told = tmp_path / "t.csv", list[tuple[int, int]]()
    table.write_bytes(b"a,b\n" + b"1,x\n" * 600_000)
    async with AnalyzerClient(served.url) as client:
        dataset = await client.add_dataset(table, sent=lambda done, size: told.append((done, size)))
    size = table.stat().st_size
    assert dataset.rows == 600_000
    assert told == [(1 << 20, size), (2 << 20, size), (size, size)]


async def test_what_got_no_answer_is_asked_again_and_done_once(served: Served, penguins: Path) -> None:
    """The first answers are lost: the server has done it, and the client cannot know."""
    async with cutting(served.url, 10, 10) as url, AnalyzerClient(url, session_id="lost-answers") as client:
        dataset = await client.add_dataset(penguins)
    async with cutting(served.url, 10, 10) as url, AnalyzerClient(url, session_id="lost-answers") as client:
        run = await client.submit(dataset.id, "test_parts")
        assert [event async for event in client.events(run.id)][-1].type == "run.completed"
        assert (await client.result(run.id))["lines"]
    async with aiohttp.ClientSession(served.url, headers={"X-Session-ID": "lost-answers"}) as http:
        for path, name in (("/api/datasets", "datasets"), ("/api/runs", "runs")):
            async with http.get(path) as answer:
                assert len((await answer.json())[name]) == 1, name


async def test_a_run_is_cancelled_and_said_to_be(served: Served, penguins: Path, tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    async with AnalyzerClient(served.url) as client:
        dataset = await client.add_dataset(penguins)
        run = await client.submit(dataset.id, "test_gate", {"gate": str(gate.folder)})
        await gate.reached()
        await client.cancel(run.id)
        assert [event async for event in client.events(run.id)][-1].type == "run.cancelled"
        assert (await client.run(run.id)).status == "cancelled"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_command_that_is_stopped_cancels_its_run_on_the_server(
    served: Served, penguins: Path, tmp_path: Path, number: signal.Signals
) -> None:
    gate = Gate(tmp_path / "gate")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "analyzer", "analyze", str(penguins), "--server", served.url),
        *("--task", "test_gate", "--param", f"gate={gate.folder}"),
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
    )
    await gate.reached()
    async with aiohttp.ClientSession(served.url) as http:
        async with http.get("/api/runs?limit=1") as answer:
            (run,) = (await answer.json())["runs"]
        assert run["status"] == "running"
        process.send_signal(number)
        _, told = await process.communicate()
        assert (process.returncode, told) == (2, b"Stopped.\n")
    assert (await _seen(served.url, run["task_execution_id"]))[-1].type == "run.cancelled"


async def test_a_server_that_is_about_to_be_back_is_waited_for(make_settings: Callable[..., Settings]) -> None:
    answers = [502, 503, 504]
    app = create_app(make_settings())

    @web.middleware
    async def stumbling(request: web.Request, handler: Callable[..., object]) -> object:
        return web.Response(status=answers.pop()) if answers else await handler(request)  # type: ignore[misc]

    app.middlewares.insert(0, stumbling)  # type: ignore[arg-type]
    async with serving(app) as url, AnalyzerClient(url) as client:
        assert await client.tasks()


async def test_several_clients_of_one_run_see_the_same(served: Served, penguins: Path) -> None:
    async with AnalyzerClient(served.url) as client:
        run = await client.submit((await client.add_dataset(penguins)).id, "eda_statistical_summary")
    seen = await asyncio.gather(*(_seen(served.url, run.id) for _ in range(10)))
    assert all(events == seen[0] for events in seen)
