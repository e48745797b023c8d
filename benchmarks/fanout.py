"""One run and many who watch it: delivered events per second and the delay, this server and others side by side.

Each system serves the same 200-byte events to the same client, on one core, the client on another.

- flood: events are said as fast as the system takes them; what counts is when the last subscriber has the last one.
  What waits may go out together.
- singly: the next event is said when the one before was written to everybody, so that nothing can go out together.
- delay: at a pace of 20 events a second, from saying to receiving, the 99th percentile.
- idle streams: how much memory each costs the server.

    python -m venv peers && peers/bin/pip install aiohttp aiohttp-sse fastapi uvicorn sse-starlette uvloop httptools
    python benchmarks/fanout.py --peers peers/bin/python [--subscribers 1 100 1000 2000] [--rounds 3]

`raw` is the bound: an asyncio Protocol that writes bytes encoded beforehand, one write for each event and connection.
`naive` is aiohttp with a queue for each subscriber. All run on uvloop.
"""

# ruff: noqa: ASYNC110 - nobody tells a benchmark that the systems it looks at have done something

import argparse
import asyncio
import json
import os
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import uvloop

sys.path[:0] = [str(Path(__file__).parent.parent / "src")]

OURS = ("raw", "ours", "naive")
PEERS = ("aiohttp-sse", "sse-starlette")
WANTED = {"naive": 2.0, "aiohttp-sse": 3.0, "sse-starlette": 8.0, "raw": 0.5}
EVENT_BYTES = 200
PACE_PER_SECOND = 20
MOST_DELIVERIES = 400_000  # in one flood, and so many events
MOST_EVENTS = 20_000
PACED_EVENTS = 40
IDLE_STREAMS = 1000
MARK = b"\ndata:"  # once in every event, whatever the system
NOW = b'"now":'

Say = Callable[[bytes], Any]


def text_of(number: int) -> str:
    """What an event says: when, and so much more that its frame has about 200 bytes."""
    head = f'{{"now":{time.monotonic_ns()},"n":{number},"text":"'
    return head + "x" * (EVENT_BYTES - 40 - len(head)) + '"}'


# --- the systems. `say` takes None for the end, `written` returns when what was said was written to everybody ---------


class Ours:
    """The whole application, with a run that says what the benchmark wants."""

    async def start(self) -> int:
        from aiohttp import web

        from analyzer import Settings, create_app
        from analyzer.broadcast import Broadcaster, EventLog
        from analyzer.web import Runner
        from analyzer.web.keys import ANALYZER

        settings = Settings(data_dir=Path(tempfile.mkdtemp()), workers=1, jail_standbys=0)
        app = create_app(settings.model_copy(update={"allowed_hosts": settings.hosts_to_answer_for}))
        self._log = EventLog("0" * 32, "epoch")
        self._broadcaster = Broadcaster(self._log)

        async def log(run_id: str, principal: str) -> EventLog:
            return self._log

        analyzer: Any = app[ANALYZER]
        analyzer.log = log
        self._runner = runner = Runner(app, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
        self._pump = asyncio.create_task(self._broadcaster.pump())
        return int(runner.addresses[0][1])

    async def say(self, text: str | None) -> None:
        if text is None:
            await self._broadcaster.publish("run.completed")
        else:
            await self._broadcaster.publish("output.delta", text=text.encode())

    async def written(self) -> None:
        await self._broadcaster.settle()
        while self._log._telling:
            await asyncio.sleep(0)

    async def stop(self) -> None:
        await self._runner.cleanup()

    def watching(self) -> int:
        return self._log.watching


class Raw:
    """The least that can be done: bytes of before, straight to every transport."""

    async def start(self) -> int:
        self._transports: list[asyncio.Transport] = []
        server = await asyncio.get_running_loop().create_server(self._protocol, "127.0.0.1", 0, backlog=4096)
        return int(server.sockets[0].getsockname()[1])

    def _protocol(self) -> asyncio.Protocol:
        transports = self._transports

        class Connection(asyncio.Protocol):
            def connection_made(self, transport: Any) -> None:
                transports.append(transport)
                transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")

        return Connection()

    async def say(self, text: str | None) -> None:
        frame = b"" if text is None else b"id: epoch:1\nevent: output.delta\ndata: %s\n\n" % text.encode()
        for transport in self._transports:
            if text is None:
                transport.close()
            else:
                transport.write(frame)
        await asyncio.sleep(0)

    async def written(self) -> None:
        await asyncio.sleep(0)

    async def stop(self) -> None: ...

    def watching(self) -> int:
        return len(self._transports)


class Queues:
    """A queue for each subscriber, as the naive server and the peers have it."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[str | None]] = set()
        self._missing = 0

    async def said(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._queues.add(queue)
        while (text := await queue.get()) is not None:
            yield text
            self._missing -= 1

    async def say(self, text: str | None) -> None:
        for queue in self._queues:
            queue.put_nowait(text)
        self._missing += len(self._queues)
        await asyncio.sleep(0)

    async def written(self) -> None:
        while self._missing:
            await asyncio.sleep(0)

    async def stop(self) -> None: ...

    def watching(self) -> int:
        return len(self._queues)


class Naive(Queues):
    async def start(self) -> int:
        from aiohttp import web

        async def events(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            async for text in self.said():
                await response.write(f"event: output.delta\ndata: {text}\n\n".encode())
            return response

        return await serve_aiohttp(events)


class AiohttpSse(Queues):
    async def start(self) -> int:
        from aiohttp import web
        from aiohttp_sse import sse_response  # type: ignore[import-not-found]

        async def events(request: web.Request) -> web.StreamResponse:
            async with sse_response(request) as response:
                async for text in self.said():
                    await response.send(text, event="output.delta")
            return response  # type: ignore[no-any-return]

        return await serve_aiohttp(events)


class SseStarlette(Queues):
    async def start(self) -> int:
        import uvicorn
        from fastapi import FastAPI
        from sse_starlette import EventSourceResponse, ServerSentEvent  # type: ignore[import-not-found]

        app = FastAPI()

        async def events() -> AsyncIterator[Any]:
            async for text in self.said():
                yield ServerSentEvent(text, event="output.delta")

        @app.get("/api/run/{run_id}/events")
        async def watch(run_id: str) -> Any:
            return EventSourceResponse(events())

        listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, backlog=4096))
        self._serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        return int(listening.getsockname()[1])


async def serve_aiohttp(events: Any) -> int:
    """A plain application with this one handler."""
    from aiohttp import web

    app = web.Application()
    app.router.add_get("/api/run/{run_id}/events", events)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
    return int(runner.addresses[0][1])


SYSTEMS = {"ours": Ours, "raw": Raw, "naive": Naive, "aiohttp-sse": AiohttpSse, "sse-starlette": SseStarlette}


async def serve(name: str, subscribers: int, events: int, mode: str) -> None:
    """Serve until so many watch; then say so many events, and end."""
    system: Any = SYSTEMS[name]()
    print(await system.start(), flush=True)
    while system.watching() < subscribers:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    print(time.monotonic_ns(), resident_bytes(), flush=True)
    began = time.monotonic()
    for number in range(events):
        if mode == "delay":
            await asyncio.sleep(max(0, began + number / PACE_PER_SECOND - time.monotonic()))
        await system.say(text_of(number))
        if mode == "singly":
            await system.written()
    if events:
        await system.say(None)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await system.stop()
    os._exit(0)  # the peers' ways of stopping are not measured


def resident_bytes() -> int:
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# --- who watches ------------------------------------------------------------------------------------------------------


class Watchers:
    """Many connections in one loop of `select`, which counts marks and looks into every fiftieth more closely."""

    def __init__(self, port: int, count: int) -> None:
        self._selector = selectors.DefaultSelector()
        self.delays: list[int] = []
        self.counts = [0] * count
        for number in range(count):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(b"GET /api/run/0/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self._selector.register(connection, selectors.EVENT_READ, number)
        self._tails = [b""] * count

    def watch(self, events: int) -> int:
        """Read until all have all; the moment they had."""
        buffer = bytearray(1024 * 1024)
        view, missing = memoryview(buffer), len(self.counts)
        keep = len(MARK) - 1
        while missing:
            for key, _ in self._selector.select():
                number, tail = key.data, self._tails[key.data]
                buffer[: len(tail)] = tail
                got = key.fileobj.recv_into(view[len(tail) :])  # type: ignore[union-attr]
                end = len(tail) + got
                self.counts[number] += buffer.count(MARK, 0, end)
                self._tails[number] = bytes(view[max(0, end - keep) : end])
                if number % 50 == 0:
                    self._take_delays(bytes(view[len(tail) : end]))
                if self.counts[number] >= events or not got:
                    missing -= 1
                    self._selector.unregister(key.fileobj)
        return time.monotonic_ns()

    def _take_delays(self, content: bytes) -> None:
        now = time.monotonic_ns()
        for part in content.split(NOW)[1:]:
            number, comma, _ = part.partition(b",")
            if comma:
                self.delays.append(now - int(number))


def start(python: str, name: str, subscribers: int, events: int, mode: str) -> tuple[subprocess.Popen[str], int]:
    """A server of its own, and its port."""
    command = [python, __file__, "--serve", name, str(subscribers), str(events), mode]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    return server, int(server.stdout.readline())


def measure(python: str, name: str, subscribers: int, events: int, mode: str) -> float:
    """Events delivered per second to all together; of `delay`, the 99th percentile in milliseconds."""
    server, port = start(python, name, subscribers, events, mode)
    try:
        watchers = Watchers(port, subscribers)
        assert server.stdout is not None
        began = int(server.stdout.readline().split()[0])
        ended = watchers.watch(events)
    finally:
        server.terminate()
        server.wait()
    assert all(count >= events for count in watchers.counts), f"{name}: not everybody got everything"
    if mode == "delay":
        return statistics.quantiles(watchers.delays, n=100)[98] / 1e6
    return subscribers * events / (ended - began) * 1e9


def idle_bytes(python: str, name: str, streams: int) -> float:
    """What one idle stream costs the server's memory."""
    resident = []
    for count in (1, streams + 1):
        server, port = start(python, name, count, 0, "idle")
        try:
            watchers = Watchers(port, count)
            assert server.stdout is not None
            resident.append(int(server.stdout.readline().split()[1]))
            del watchers
        finally:
            server.terminate()
            server.wait()
    return (resident[1] - resident[0]) / streams


def rounds(pythons: dict[str, str], subscribers: int, count: int) -> dict[str, dict[str, float]]:
    """Every system in turn, so often; medians."""
    flood = max(50, min(MOST_EVENTS, MOST_DELIVERIES // subscribers))
    events = {"flood": flood, "singly": max(50, flood // 4), "delay": PACED_EVENTS}
    seen: dict[str, dict[str, list[float]]] = {name: {mode: [] for mode in events} for name in pythons}
    for _ in range(count):
        for name, python in pythons.items():
            for mode in events:
                seen[name][mode].append(measure(python, name, subscribers, events[mode], mode))
    return {name: {mode: round(statistics.median(of[mode]), 2) for mode in events} for name, of in seen.items()}


def show(subscribers: int, of: dict[str, dict[str, float]]) -> None:
    """One line for each system."""
    print(f"{subscribers} subscribers")
    for name, figures in of.items():
        ratios = [of["ours"][mode] / figures[mode] for mode in ("flood", "singly")]
        wanted = f"; wanted {WANTED[name]}" if subscribers == 1000 and name in WANTED else ""
        print(
            f"  {name:14} flood {figures['flood']:>11,.0f}/s   singly {figures['singly']:>9,.0f}/s   "
            f"p99 {figures['delay']:8.2f} ms   ours is {ratios[0]:5.2f} × and {ratios[1]:5.2f} ×{wanted}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", help="a Python with the peers installed")
    parser.add_argument("--subscribers", type=int, nargs="+", default=[1, 100, 1000, 2000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if arguments.serve:
        os.sched_setaffinity(0, {cores[0]})
        name, subscribers, events, mode = arguments.serve
        asyncio.Runner(loop_factory=uvloop.new_event_loop).run(serve(name, int(subscribers), int(events), mode))
        return
    pythons = dict.fromkeys(OURS, sys.executable) | (dict.fromkeys(PEERS, arguments.peers) if arguments.peers else {})
    found: dict[str, Any] = {}
    idle = {name: idle_bytes(python, name, IDLE_STREAMS) for name, python in pythons.items()}
    for subscribers in arguments.subscribers:
        found[str(subscribers)] = rounds(pythons, subscribers, arguments.rounds)
        show(subscribers, found[str(subscribers)])
    print("an idle stream:", ", ".join(f"{name} {size / 1024:.1f} KiB" for name, size in idle.items()))
    print(json.dumps({"subscribers": found, "idle_bytes": {name: round(size) for name, size in idle.items()}}))


if __name__ == "__main__":
    main()
