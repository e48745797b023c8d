"""One supervisor as the server sees it: a process that is used once, and the connection to it."""

import asyncio
import json
import os
import signal
import socket
from contextlib import suppress
from typing import Any

from analyzer.errors import JailUnavailable
from analyzer.executors import jailer_entry
from analyzer.executors.base import RunCode
from analyzer.executors.forkserver import OwnContext, OwnProcess
from analyzer.jail.channel import HEADER, frame
from analyzer.jail.entering import Walls

ENDING_SECONDS = 5.0


class Supervisor:
    """One supervisor process and the connection to it. Constructing one blocks, in the launching thread."""

    def __init__(self, context: OwnContext, walls: Walls) -> None:
        self.number = walls.number
        self._socket, theirs = socket.socketpair()
        self._process: OwnProcess = context.Process(target=jailer_entry.supervise, args=(theirs, walls), daemon=True)
        try:
            with theirs:
                self._process.start()
        except BaseException:
            self._socket.close()
            raise
        self._pidfd: int | None = os.pidfd_open(self._process.pid) if self._process.pid else None

    async def stand(self) -> None:
        """Returns when its child is behind the walls. Raises JailUnavailable, and OSError when it has gone."""
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
        """End it at once; its child and all its namespace die with it."""
        if self._pidfd is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def bury(self) -> None:
        """Wait until it is gone, which is made sure of. Blocks, in the burying thread."""
        self._process.join(ENDING_SECONDS)
        if self._process.exitcode is None:
            self.kill()
            self._process.join()
        self._process.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None
