"""A large body, taken from the socket in blocks that are handed on as they are.

On its way through aiohttp what arrives is copied twice, out of the loop's buffer and out of the parser's, into memory
that is new each time. So while a large body lasts, the transport fills blocks of ours, and the parser is told as many
zeros: it keeps count, and all that is around a body – the next request, the rest of one that is refused, a client that
leaves – stays as it is.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from analyzer.web.stretch import Stretch

Read = Callable[[], Awaitable[Stretch]]
"""The next bytes of a body, as many as there are; none at its end."""

LARGE_BYTES = 1024 * 1024  # what smaller bodies would gain is not worth it
BLOCK_BYTES = 1024 * 1024
ROOM_BYTES = 64 * 1024  # a block with less room than this is full
WORTHWHILE_BYTES = 512 * 1024  # so much is read at once
PATIENCE_SECONDS = 0.005  # and less only if no more comes within this time
WAITING_BYTES = 2 * BLOCK_BYTES  # so much may wait to be read, then the client has to
ZEROS = bytes(128 * 1024)


@asynccontextmanager
async def body_of(request: web.Request) -> AsyncIterator[Read]:
    """How the request's body is read while the context lasts."""
    content, transport = request.content, request.transport
    is_large = (request.content_length or 0) >= LARGE_BYTES
    if transport is None or not is_large or "Content-Encoding" in request.headers:
        content.set_read_chunk_size(2 * BLOCK_BYTES)  # or aiohttp would stop the transport after every other read

        async def read() -> Stretch:
            return Stretch(await content.readany())

        yield read
        return
    body = Body(request, transport)
    transport.set_protocol(body)
    try:
        yield body.read
    finally:
        body.hand_back()


class Body(asyncio.BufferedProtocol):
    """The rest of a body, between its transport and aiohttp's protocol."""

    def __init__(self, request: web.Request, transport: asyncio.Transport) -> None:
        self._transport, self._handler, self._content = transport, request.protocol, request.content
        read_already = iter(self._content.read_nowait, b"")
        self._full = deque(map(Stretch, read_already))
        self._blocks: list[bytearray] = []
        self._block, self._filled, self._read = bytearray(), 0, 0
        self._missing_bytes = (request.content_length or 0) - self._content.total_bytes
        self._untold_bytes = 0
        self._is_lost = False
        self._news = asyncio.Event()
        self._patience: asyncio.TimerHandle | None = None
        self._judge()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Room for what comes, but not for what comes behind the body."""
        if len(self._block) - self._filled < ROOM_BYTES:
            if self._read < self._filled:
                self._full.append(Stretch(self._block, self._read, self._filled))
            self._block, self._filled, self._read = self._unused(), 0, 0
        return memoryview(self._block)[self._filled : self._filled + self._missing_bytes]

    def _unused(self) -> bytearray:
        """A block that nobody has a view of any more: memory that is used again costs no page faults."""
        unused = next(filter(_is_unused, self._blocks), None)
        if unused is None:
            unused = bytearray(BLOCK_BYTES)
            self._blocks.append(unused)
        return unused

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes have come into the room that was given."""
        self._filled += nbytes
        self._missing_bytes -= nbytes
        self._untold_bytes += nbytes
        if not self._missing_bytes or self._waiting_bytes >= WAITING_BYTES:
            self._transport.pause_reading()
        self._judge()

    def _judge(self) -> None:
        """Wake the reader if it is worth it, or else after a little patience."""
        if self._waiting_bytes >= WORTHWHILE_BYTES or not self._missing_bytes or self._is_lost:
            self._wake()
        elif self._waiting_bytes and self._patience is None:
            self._patience = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._wake)

    def _wake(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        self._news.set()

    async def read(self) -> Stretch:
        """The next bytes of the body; none at its end. Raises what aiohttp says of a connection that was lost."""
        await self._news.wait()
        piece = self._next()
        if not piece and self._is_lost:
            raise self._content.exception() or ConnectionResetError("the connection was lost")
        self._tell(at_least=len(ZEROS))
        if self._missing_bytes and self._waiting_bytes < WAITING_BYTES:
            self._transport.resume_reading()
        self._news.clear()
        self._judge()
        return piece

    def _next(self) -> Stretch:
        if self._full:
            return self._full.popleft()
        piece, self._read = Stretch(self._block, self._read, self._filled), self._filled
        return piece

    @property
    def _waiting_bytes(self) -> int:
        return sum(map(len, self._full)) + self._filled - self._read

    def _tell(self, at_least: int) -> None:
        """Let the parser count what has come, as soon as it is so much."""
        while self._untold_bytes >= at_least and not self._is_lost:
            count = min(self._untold_bytes, len(ZEROS))
            self._untold_bytes -= count
            self._handler.data_received(ZEROS[:count])
            self._content.read_nowait()

    def hand_back(self) -> None:
        """Leave what follows to aiohttp, be it the rest of the body or another request."""
        self._wake()
        if not self._transport.is_closing():
            self._tell(at_least=1)
            self._transport.set_protocol(self._handler)
            self._transport.resume_reading()

    def eof_received(self) -> None:
        self._handler.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._handler.connection_lost(exc)
        self._is_lost = True
        self._wake()

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()


def _is_unused(block: bytearray) -> bool:
    """Whether there is no view of the block: under one it would not change its length."""
    try:
        block.append(block.pop())
    except BufferError:
        return False
    return True
