"""One supervisor as the server sees it: a process that is used once, and the connection to it."""

import asyncio
import json
import os
import signal
import socket
from contextlib import suppress
from typing import Any

from analyzer.errors import JailUnavailable
from analyzer.executors.base import RunCode
from analyzer.jail.channel import HEADER, frame

ENDING_SECONDS = 5.0


class Supervisor:
    """One supervisor and the connection to it. Its process is forked by and by; `bury` is awaited at its end."""

    def __init__(self, number: int, connection: socket.socket, forked: "asyncio.Future[int]") -> None:
        """`forked` gives the descriptor of its process; it is ours from now on."""
        self.number = number
        self._socket = connection
        self._forked = forked
        self._may_finish = True

    async def stand(self) -> None:
        """Returns when its child is behind the walls. Raises JailUnavailable, and EOFError or OSError when it has
        gone."""
        await asyncio.shield(self._forked)
        self._socket.setblocking(False)
        self._reader, self._writer = await asyncio.open_connection(sock=self._socket)
        kind, body = await self.hear()
        if kind != b"Y":
            raise JailUnavailable(f"The jail could not be closed: {json.loads(body)['cannot']}.")

    async def hear(self) -> tuple[bytes, bytes]:
        """The next thing it says. Raises EOFError when it has gone."""
        kind, length = HEADER.unpack(await self._reader.readexactly(HEADER.size))
        return kind, await self._reader.readexactly(length)

    async def ask(self, work: RunCode, session: dict[str, Any] | None = None) -> None:
        """Give it a run. `session` is what its result says of the session it is in."""
        asked = {"code": work.code, "tables": work.tables, "save_to": work.save_to, "session": session}
        self._writer.write(frame(b"J", json.dumps(asked).encode()))
        await self._writer.drain()

    @property
    def has_gone(self) -> bool:
        """Whether it has ended by itself, or its child has."""
        return self._reader.at_eof()

    def hang_up(self) -> None:
        """It need not do anything any more, and ends by itself with its child."""
        if hasattr(self, "_writer"):
            self._writer.close()
        else:
            self._socket.close()

    def kill(self) -> None:
        """End it at once, or as soon as it is there; its child and all its namespace die with it."""
        self._may_finish = False
        if self._forked.done() and self._forked.exception() is None:
            _kill(self._forked.result())

    async def bury(self) -> None:
        """Wait until it is gone, which is made sure of."""
        try:
            process = await self._forked
        except (EOFError, OSError):  # it never was
            return
        try:
            if not (self._may_finish and await _gone(process, ENDING_SECONDS)):
                _kill(process)
                await _gone(process, None)
        finally:
            os.close(process)


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(process, signal.SIGKILL)


async def _gone(process: int, seconds: float | None) -> bool:
    """Whether the process has ended before so many seconds are over."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(process, ended.set)
    try:
        async with asyncio.timeout(seconds):
            await ended.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(process)
    return True
