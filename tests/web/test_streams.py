"""Streams on real sockets: who keeps up, who does not, who leaves, and what goes over the wire."""

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from analyzer.broadcast import WRITE_BYTES, EventLog
from analyzer.entries import encode_members
from analyzer.eventstream import EventStreamParser, Frame
from analyzer.web.feeds import RunFeed, RunsFeed
from analyzer.web.middleware import ANY, Border
from analyzer.web.origins import Origins
from analyzer.web.sse import Limits, last_event_id, stream, wants_lines
from tests.conftest import serving
from tests.waiting import until

RUN = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"
USUAL = Limits(heartbeat_seconds=15, stall_seconds=30, max_behind_bytes=1024 * 1024)


def say(log: EventLog, kind: str, **members: Any) -> None:
    log.append(log.next_entry(kind, encode_members(members)))


@dataclass
class Stand:
    """A server with the streams of some logs, and nothing else of an analyzer."""

    url: str
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.url.removeprefix("http://").split(":")
        return host, int(port)

    async def open(self, path: str = "/events", head: str = "", version: str = "1.1") -> asyncio.StreamReader:
        """A connection that has asked for a stream, and whose answer has begun."""
        reader, writer = await asyncio.open_connection(*self.address)
        self.writers.append(writer)
        writer.write(f"GET {path} HTTP/{version}\r\nHost: x\r\n{head}\r\n".encode())
        return reader

    def leave(self) -> None:
        """Close every connection that was opened."""
        for writer in self.writers:
            writer.close()

    async def watch(self, path: str = "/events", **headers: str) -> list[Frame]:
        """Every event to the end of the stream."""
        async with aiohttp.ClientSession(self.url) as http, http.get(path, headers=headers) as answer:
            assert answer.status == 200
            return list(EventStreamParser().feed(await answer.read()))


@asynccontextmanager
async def standing(*logs: EventLog, limits: Limits = USUAL) -> AsyncIterator[Stand]:
    async def one(request: web.Request) -> web.StreamResponse:
        return await stream(request, RunFeed(logs[0], last_event_id(request), as_lines=wants_lines(request)), limits)

    async def several(request: web.Request) -> web.StreamResponse:
        return await stream(request, RunsFeed(logs, last_event_id(request), as_lines=wants_lines(request)), limits)

    border = Border((ANY,), Origins(()))
    app = web.Application(middlewares=[border.receive])
    app.router.add_get("/events", one)
    app.router.add_get("/all", several)
    app.on_response_prepare.append(border.send)
    async with serving(app) as url:
        stand = Stand(url)
        yield stand
        stand.leave()


def stalled(address: tuple[str, int], path: str = "/events") -> socket.socket:
    """A reader that asks and then reads nothing, with as little room as a system gives."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect(address)
    reader.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    reader.setblocking(False)
    return reader


async def drunk_slowly(reader: socket.socket, sip_bytes: int) -> bytes:
    """What is still to be read, to the end of the answer or of the connection."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while sip := await asyncio.get_running_loop().sock_recv(reader, sip_bytes):
            received += sip
            if received.endswith(b"\r\n0\r\n\r\n"):
                break
            await asyncio.sleep(0.001)
    return received


def chunks(answer: bytes) -> list[bytes]:
    """The chunks of a chunked answer: what went out in one write each."""
    rest, found = answer.partition(b"\r\n\r\n")[2], []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        found.append(rest[: int(size, 16)])
        rest = rest[int(size, 16) + 2 :]
    assert found.pop() == b""
    return found


# --- writes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson"])
async def test_a_backlog_goes_out_in_as_few_writes_as_there_can_be(accept: str) -> None:
    log = EventLog(RUN, "epoch")
    for number in range(3_000):
        say(log, "output.delta", stream="stdout", text="x" * (number % 700))
    say(log, "result.section", section="large", data={"x": "x" * 700_000})
    say(log, "run.completed")
    async with standing(log) as stand:
        reader = await stand.open(head=f"Accept: {accept}\r\nConnection: close\r\n")
        sent = chunks(await reader.read())
    if accept == "text/event-stream":
        assert sent.pop(0) == b"retry: 3000\nid: epoch:0\n\n"
        assert b"".join(sent) == log.frames
    else:
        assert len(b"".join(sent).splitlines()) == len(log)
    assert [len(chunk) for chunk in sent[:-1]] == [WRITE_BYTES] * (len(sent) - 1)
    assert 0 < len(sent[-1]) <= WRITE_BYTES


async def test_what_is_said_at_once_goes_out_at_once_to_everybody() -> None:
    log = EventLog(RUN, "epoch")
    async with standing(log) as stand:
        readers = [await stand.open(head="Connection: close\r\n") for _ in range(20)]
        await until(lambda: log.watching == 20)
        for _ in range(50):
            say(log, "output.delta", stream="stdout", text="x")
        say(log, "run.completed")
        for reader in readers:
            _, said = chunks(await reader.read())
            assert said == log.frames


async def test_thousands_are_told_in_turns() -> None:
    """Between a few hundred of them, the loop does something else."""
    log, told, turns = EventLog(RUN, "epoch"), [], []
    loop = asyncio.get_running_loop()
    watchers = [lambda: told.append(1) for _ in range(1000)]
    for watcher in watchers:
        log.watch(watcher)
    say(log, "run.started")

    def turn() -> None:
        turns.append(len(told))
        if len(told) < 1000:
            loop.call_soon(turn)

    loop.call_soon(turn)
    await until(lambda: len(told) >= 1000)
    assert len([seen for seen in turns if 0 < seen < 1000]) >= 3


async def test_an_old_client_gets_a_stream_without_chunks() -> None:
    log = EventLog(RUN, "epoch")
    async with standing(log) as stand:
        reader = await stand.open(version="1.0")
        await until(lambda: log.watching == 1)
        say(log, "run.completed")
        answer = await reader.read()
    assert b"chunked" not in answer
    assert answer.endswith(b"\r\n\r\nretry: 3000\nid: epoch:0\n\n" + log.frames)


# --- silence ----------------------------------------------------------------------------------------------------------


async def test_a_silent_stream_says_that_it_is_still_there() -> None:
    log = EventLog(RUN, "epoch")
    async with standing(log, limits=replace(USUAL, heartbeat_seconds=0.02)) as stand:
        reader = await stand.open(head="Connection: close\r\n")
        await reader.readuntil(b": still here\n\n\r\n")
        await reader.readuntil(b": still here\n\n\r\n")
        say(log, "run.completed")
        rest = await reader.read()
    assert re.sub(rb"(f\r\n)?: still here\n\n\r\n(f\r\n)?", b"", rest).count(b"event: ") == 1


@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson"])
async def test_who_has_left_a_silent_stream_is_noticed(accept: str) -> None:
    log = EventLog(RUN, "epoch")
    async with standing(log, limits=replace(USUAL, heartbeat_seconds=0.02)) as stand:
        await stand.open(head=f"Accept: {accept}\r\n")
        await until(lambda: log.watching == 1)
        stand.leave()
        await until(lambda: log.watching == 0)


async def test_lines_have_no_heartbeat_and_no_farewell() -> None:
    log = EventLog(RUN, "epoch")
    async with standing(log, limits=replace(USUAL, heartbeat_seconds=0.001)) as stand:
        reader = await stand.open(head="Accept: application/x-ndjson\r\nConnection: close\r\n")
        say(log, "run.started")
        await reader.readuntil(b"run.started")
        await asyncio.sleep(0.02)
        log.hang_up()
        (rest,) = (await reader.read()).splitlines()[:1]
        assert rest.endswith(b"}")
        assert b"shutdown" not in rest


# --- who does not keep up ---------------------------------------------------------------------------------------------


async def test_who_stops_reading_is_let_go_and_nobody_else_notices() -> None:
    log = EventLog(RUN, "epoch", max_bytes=4_000_000)
    patient, strict = replace(USUAL, stall_seconds=3600), replace(USUAL, stall_seconds=0.2)
    async with standing(log, limits=patient) as stand, standing(log, limits=strict) as stricter:
        others = [asyncio.create_task(stand.watch()) for _ in range(100)]
        idlers = [stalled(stand.address), stalled(stricter.address)]
        await until(lambda: log.watching == 102)
        for number in range(300):
            say(log, "output.delta", stream="stdout", text=f"{number} " + "x" * 20_000)
            await asyncio.sleep(0)
        say(log, "run.completed")
        for frames in await asyncio.gather(*others):
            assert [frame.type for frame in frames] == ["output.delta"] * 300 + ["run.completed"]
        await until(lambda: log.watching == 1, "the other idler is still there, and has held up nobody")
        received = await drunk_slowly(idlers[1], 1_000_000)
        assert received.count(b"HTTP/1.1 ") == 1, "no second answer stands in the middle of the stream"
        assert b"run.completed" not in received
        for idler in idlers:
            idler.close()
        await until(lambda: log.watching == 0)


async def test_who_stays_far_behind_is_let_go_though_he_reads() -> None:
    log = EventLog(RUN, "epoch")
    for _ in range(100):
        say(log, "output.delta", stream="stdout", text="x" * 100_000)
    say(log, "run.completed")
    limits = Limits(heartbeat_seconds=15, stall_seconds=0.2, max_behind_bytes=100_000)
    async with standing(log, limits=limits) as stand:
        reader = stalled(stand.address)
        received = await drunk_slowly(reader, 10_000)
        reader.close()
    frames = list(EventStreamParser().feed(b"".join(re.split(rb"[0-9a-f]+\r\n", received.replace(b"\n\r\n", b"\n")))))
    assert frames, "each connection brings at least one event further"
    assert frames[-1].type != "run.completed"


async def test_one_event_larger_than_any_patience_still_arrives() -> None:
    log = EventLog(RUN, "epoch")
    say(log, "result.section", section="large", data={"x": "x" * 3_000_000})
    say(log, "run.completed")
    limits = Limits(heartbeat_seconds=15, stall_seconds=30, max_behind_bytes=1)
    async with standing(log, limits=limits) as stand:
        reader = stalled(stand.address)
        received = await drunk_slowly(reader, 100_000)
        assert received.count(b"event: ") == 2
        reader.close()


# --- a log that is bounded --------------------------------------------------------------------------------------------


async def test_who_falls_out_of_the_kept_log_gets_a_snapshot_in_the_middle() -> None:
    log = EventLog(RUN, "epoch", max_bytes=3_000)
    say(log, "run.started")
    async with standing(log) as stand:
        watching = asyncio.create_task(stand.watch())
        await until(lambda: log.watching == 1)
        for number in range(40):  # without letting the loop tell anybody
            say(log, "result.section", section=f"s{number}", data={})
        say(log, "run.completed")
        frames = await watching
        assert [frame.type for frame in frames] == ["run.started", "run.snapshot", "run.completed"]
        assert len(json.loads(frames[1].data)["sections"]) == 40
        assert [frame.id for frame in frames] == ["epoch:1", "epoch:41", "epoch:42"]
        late = await stand.watch()
        assert [frame.type for frame in late] == ["run.snapshot", "run.completed"]
        again = await stand.watch(**{"Last-Event-ID": "epoch:40"})
        assert [frame.id for frame in again] == ["epoch:41", "epoch:42"]


# --- several runs on one connection -----------------------------------------------------------------------------------


async def test_several_runs_are_told_on_one_connection_and_resumed_together() -> None:
    first, second = EventLog(RUN, "e1"), EventLog(OTHER, "e2")
    say(first, "run.started")
    async with standing(first, second) as stand:
        watching = asyncio.create_task(stand.watch("/all"))
        await until(lambda: first.watching == second.watching == 1)
        for number in range(5):
            say(second, "output.delta", stream="stdout", text=f"{number}")
            say(first, "output.delta", stream="stdout", text=f"{number}")
            await asyncio.sleep(0)
        say(first, "run.completed")
        await asyncio.sleep(0.01)
        assert not watching.done()
        say(second, "run.failed")
        frames = await watching
        assert len(frames) == len(first) + len(second)
        for log in (first, second):
            own = [json.loads(frame.data) for frame in frames if log.run_id in frame.data]
            assert [data["sequence_number"] for data in own] == list(range(1, len(log) + 1))
        assert frames[-1].id == f"{RUN}=e1:{len(first)},{OTHER}=e2:{len(second)}"
        for at, frame in enumerate(frames[:-1]):
            rest = await stand.watch("/all", **{"Last-Event-ID": frame.id})
            key = {(json.loads(frame.data)["task_execution_id"], frame.type, frame.data) for frame in frames[at + 1 :]}
            assert {(json.loads(frame.data)["task_execution_id"], frame.type, frame.data) for frame in rest} == key
        async with aiohttp.ClientSession(stand.url) as http:
            done = await http.get("/all", headers={"Last-Event-ID": frames[-1].id})
            assert done.status == 204


@pytest.mark.parametrize("seen", ["nonsense", "e1:1", f"{RUN}=other:1,{OTHER}=e2:99", "=,=", f"{RUN},{OTHER}"])
async def test_of_several_runs_each_that_cannot_be_resumed_begins_with_a_snapshot(seen: str) -> None:
    first, second = EventLog(RUN, "e1"), EventLog(OTHER, "e2")
    for log in (first, second):
        say(log, "run.started")
        say(log, "result.section", section="s", data={})
        say(log, "run.completed")
    async with standing(first, second) as stand:
        frames = await stand.watch("/all", **{"Last-Event-ID": seen})
        assert [frame.type for frame in frames] == ["run.snapshot"] * 2 + ["run.completed"] * 2
        assert frames[0].id == "", "until both are told, nobody could say where this client stands"
        assert frames[1].id == f"{RUN}=e1:2,{OTHER}=e2:2"
