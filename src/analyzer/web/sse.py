"""Event streams over HTTP: server-sent events, or one JSON document a line.

A connection that keeps up owns no task that is woken for it: the log tells it that something has come, and the same
bytes, joined and framed once, go straight to the transport of every connection that stands at the same place. Only
what does not keep up, or is far behind, is written by its handler, which waits for the reader.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from analyzer.entries import Entry
from analyzer.settings import Settings
from analyzer.web.feeds import Feed, line_of

RETRY_MILLISECONDS = 3000

EVENT_STREAM = "text/event-stream"
NDJSON = "application/x-ndjson"

HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # nginx would otherwise hold events back until it has a page of them
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a stream may be silent, and how slow its reader."""

    heartbeat_seconds: float
    stall_seconds: float
    max_behind_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        return cls(settings.stream_heartbeat_seconds, settings.stream_stall_seconds, settings.stream_max_behind_bytes)


def wants_lines(request: web.Request) -> bool:
    """Whether the client would rather have JSON lines than server-sent events."""
    return NDJSON in request.headers.get("Accept", "")


def last_event_id(request: web.Request) -> str | None:
    """What a client that comes back has seen last."""
    return request.headers.get("Last-Event-ID") or request.query.get("last_event_id") or None


async def stream(request: web.Request, feed: Feed, limits: Limits) -> web.StreamResponse:
    """Send what the feed has, then what comes, to its end.

    A client that has seen the end already gets 204, which tells an EventSource not to come back.
    """
    if feed.has_nothing_left:
        return web.Response(status=204)
    as_lines = wants_lines(request)
    response = web.StreamResponse(headers=HEADERS)
    response.content_type = NDJSON if as_lines else EVENT_STREAM
    if request.version >= HttpVersion11:
        response.enable_chunked_encoding()
    writer = await response.prepare(request)
    assert writer is not None
    await Subscriber(request, writer, feed, limits, WIRES[as_lines, response.chunked]).serve()
    await response.write_eof()
    return response


class Subscriber:
    """One connection. It is closed when it takes nothing of what was written to it, or stays far behind, for long."""

    def __init__(
        self, request: web.Request, writer: AbstractStreamWriter, feed: Feed, limits: Limits, wire: "Wire"
    ) -> None:
        self._protocol = request.protocol
        self._writer = writer
        self._feed = feed
        self._limits = limits
        self._wire = wire
        self._loop = asyncio.get_running_loop()
        self._busy = True  # the handler writes; else what comes goes straight to the transport
        self._called = self._loop.create_future()
        self._wrote_at = self._loop.time()
        self._behind_since: float | None = None

    async def serve(self) -> None:
        """Returns when all has been sent; raises ConnectionResetError when the reader has left or was let go."""
        self._beat = self._loop.call_later(self._limits.heartbeat_seconds, self._keep_alive)
        self._feed.watch(self._tell)
        try:
            await self._write(self._wire.priming(self._feed.position))
            while True:
                while content := self._feed.take():
                    await self._write(content)
                if self._feed.over or self._feed.hung_up:
                    break
                await self._idle()
            if not self._feed.ended:
                await self._write(self._wire.farewell)
        finally:
            self._feed.unwatch(self._tell)
            self._beat.cancel()

    async def _idle(self) -> None:
        """Let what comes go straight to the transport, as long as that goes well."""
        self._called = self._loop.create_future()
        self._busy = False
        try:
            await self._called
        finally:
            self._busy = True
        await self._drained()

    def _call(self) -> None:
        """The handler is needed."""
        self._busy = True
        if not self._called.done():
            self._called.set_result(None)

    def _tell(self) -> None:
        """Something has come."""
        if self._busy:
            return
        content = None if self._protocol.writing_paused else self._feed.take_all(self._wire.form)
        if content is None or not self._put(content) or self._feed.over or self._feed.hung_up:
            self._call()

    def _put(self, content: bytes) -> bool:
        """Hand these bytes, framed already, to the transport. Tells whether there is one."""
        transport = self._protocol.transport
        if transport is None or transport.is_closing():
            return False
        if content:
            transport.write(content)
            self._wrote_at = self._loop.time()
        return True

    def _keep_alive(self) -> None:
        """So that nobody between takes a silent connection for a dead one, and so that we learn which are."""
        pause = self._limits.heartbeat_seconds
        wait = self._wrote_at + pause - self._loop.time()
        if wait <= 0:
            wait = pause
            if not self._busy and (self._protocol.writing_paused or not self._put(self._wire.beat)):
                self._call()
        self._beat = self._loop.call_later(wait, self._keep_alive)

    async def _write(self, content: bytes) -> None:
        if content:
            self._put(self._wire.frame(content))
        await self._drained()
        self._judge()

    async def _drained(self) -> None:
        """Wait until the reader has taken most of what was written, for as long as it takes something."""
        if self._protocol.writing_paused:
            draining = asyncio.ensure_future(self._writer.drain())
            try:
                before = self._unsent()
                while not (await asyncio.wait([draining], timeout=self._limits.stall_seconds))[0]:
                    if self._unsent() >= before:
                        self._let_go("has stopped reading")
                    before = self._unsent()
                    self._judge()
            finally:
                draining.cancel()
        if not self._put(b""):
            raise ConnectionResetError("the reader of an event stream has left")

    def _judge(self) -> None:
        """Let go of who has been far behind for long, once an event was sent whole, so that it comes back further."""
        if self._feed.bytes_waiting() + self._unsent() <= self._limits.max_behind_bytes:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = self._loop.time()
        elif self._loop.time() - self._behind_since > self._limits.stall_seconds and self._feed.passed > 1:
            self._let_go("stays too far behind")

    def _unsent(self) -> int:
        transport = self._protocol.transport
        return 0 if transport is None else transport.get_write_buffer_size()

    def _let_go(self, why: str) -> NoReturn:
        if self._protocol.transport is not None:
            self._protocol.transport.abort()
        raise ConnectionResetError(f"the reader of an event stream {why}")


class Wire:
    """How events are written on one kind of connection."""

    def __init__(self, *, as_lines: bool, chunked: bool) -> None:
        self._as_lines = as_lines
        self.frame = _as_chunk if chunked else bytes
        self.beat = b"" if as_lines else self.frame(b": still here\n\n")
        self.farewell = b"" if as_lines else b'event: shutdown\ndata: {"type":"shutdown"}\n\n'

    def form(self, entries: Sequence[Entry]) -> bytes:
        """Entries as they go to the transport."""
        if self._as_lines:
            return self.frame(b"".join(map(line_of, entries)))
        return self.frame(b"".join([entry.frame for entry in entries]))

    def priming(self, position: str | None) -> bytes:
        """Sets the client's pause before it comes back, and the id it comes back with; dispatches nothing."""
        if self._as_lines:
            return b""
        known = b"" if position is None else b"id: %s\n" % position.encode()
        return b"retry: %d\n%s\n" % (RETRY_MILLISECONDS, known)


def _as_chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


WIRES = {
    (as_lines, chunked): Wire(as_lines=as_lines, chunked=chunked)
    for as_lines in (False, True)
    for chunked in (False, True)
}
