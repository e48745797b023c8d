"""Event streams over HTTP: server-sent events, or one JSON document a line."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence

from aiohttp import web

from analyzer.broadcast import Entry, EventLog

WRITE_BYTES = 256 * 1024  # at most, in one write; what waits goes out together
STALL_SECONDS = 30  # a write that makes no progress for so long has lost its reader
HEARTBEAT_SECONDS = 15
RETRY_MILLISECONDS = 3000

EVENT_STREAM = "text/event-stream"
NDJSON = "application/x-ndjson"

HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # nginx would otherwise hold events back until it has a page of them
}


async def stream_events(request: web.Request, log: EventLog) -> web.StreamResponse:
    """Send what the log has after the client's last event, then what comes, to the final event.

    A client that has seen the final event already gets 204, which tells an EventSource not to come back.
    """
    last_event_id = request.headers.get("Last-Event-ID") or request.query.get("last_event_id")
    cursor = log.cursor(last_event_id)
    if log.ended and cursor == len(log):
        return web.Response(status=204)
    as_lines = NDJSON in request.headers.get("Accept", "")
    response = web.StreamResponse(headers=HEADERS)
    response.content_type = NDJSON if as_lines else EVENT_STREAM
    await response.prepare(request)
    if not as_lines:
        await _write(request, response, _priming(log, cursor))
    beat = None if as_lines else HEARTBEAT_SECONDS
    async for entries in log.follow(last_event_id, patient=False, beat_seconds=beat):
        for chunk in _chunks(_encode(entries, as_lines=as_lines)):
            await _write(request, response, chunk)
    if not log.ended and not as_lines:
        await _write(request, response, b'event: shutdown\ndata: {"type":"shutdown"}\n\n')
    await response.write_eof()
    return response


def _priming(log: EventLog, cursor: int | None) -> bytes:
    """Sets the client's pause before it comes back, and the id it comes back with; dispatches nothing."""
    known = b"" if cursor is None else b"id: %s:%d\n" % (log.epoch.encode(), cursor)
    return b"retry: %d\n%s\n" % (RETRY_MILLISECONDS, known)


def _encode(entries: Sequence[Entry], *, as_lines: bool) -> Iterator[bytes]:
    if not entries:
        yield b": still here\n\n"
    for entry in entries:
        yield entry.json + b"\n" if as_lines else entry.frame


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in as few chunks of at most WRITE_BYTES as there can be."""
    whole = memoryview(b"".join(pieces))
    for start in range(0, len(whole), WRITE_BYTES):
        yield bytes(whole[start : start + WRITE_BYTES])


async def _write(request: web.Request, response: web.StreamResponse, chunk: bytes) -> None:
    """Raises ConnectionResetError when the reader has taken nothing of it for too long; its connection is closed."""
    writing = asyncio.ensure_future(response.write(chunk))
    waiting_bytes = None
    try:
        while not (await asyncio.wait([writing], timeout=STALL_SECONDS))[0]:
            transport = request.transport
            now_waiting = None if transport is None else transport.get_write_buffer_size()
            if transport is None or now_waiting == waiting_bytes:
                if transport is not None:
                    transport.abort()
                raise ConnectionResetError("the reader of an event stream has stopped reading")
            waiting_bytes = now_waiting
        writing.result()
    finally:
        writing.cancel()
