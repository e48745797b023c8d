"""The server's end of the line to one worker: one question at a time, straight from the loop.

A pool hands each message through two threads of the server and back. In a busy server they wait for the interpreter
longer than the message takes, so the pool starts the worker and knows when it dies, and what is said goes over a line.
"""

import asyncio
from concurrent.futures import BrokenExecutor
from typing import cast

from analyzer.executors.parcels import HEADER, framed


class Line(asyncio.Protocol):
    """Asks, and hears the answer. When the worker is gone the line is lost, for good."""

    def __init__(self) -> None:
        self._got = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_lost(self) -> bool:
        return self._ended.done() or self._transport is None or self._transport.is_closing()

    def ask(self, question: bytes) -> asyncio.Future[bytes]:
        """The answer to come. Raises BrokenExecutor when the line is lost, and so does the future when it gets lost."""
        if self.is_lost or self._transport is None:
            raise BrokenExecutor("the line to the worker is lost")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(framed(question))
        return self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._got += data
        if len(self._got) < HEADER.size or len(self._got) < HEADER.size + HEADER.unpack_from(self._got)[0]:
            return
        answer, self._got = bytes(self._got[HEADER.size :]), bytearray()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(BrokenExecutor("the worker is gone"))
        if not self._ended.done():
            self._ended.set_result(None)

    def hang_up(self) -> None:
        """Whatever the worker still says, nobody hears it."""
        if self._transport is not None:
            self._transport.abort()

    async def ended(self) -> None:
        """Returns when the line is down, which has to be soon."""
        await asyncio.wait([self._ended])
