"""Where supervisors come from, and what holds here."""

import asyncio
import json
import logging
import os
import shutil
import socket
import sys

from analyzer.aio import Tasks
from analyzer.errors import JailUnavailable
from analyzer.executors.forkserver import ONE_THREAD
from analyzer.executors.jail_forkserver import JailForkserver
from analyzer.executors.supervisor import Supervisor
from analyzer.jail.channel import HEADER
from analyzer.jail.entering import Walls
from analyzer.jail.levels import Finding, Layer, LayerReport, Report, absent_everywhere
from analyzer.jail.limits import Limits
from analyzer.settings import JailBackend

log = logging.getLogger("analyzer.jail")

PRELOAD = ("analyzer.executors.jailer", "pyarrow.compute", "pandas", "analyzer.executors.ahead")
"""The last one freezes what there is."""
ENVIRONMENT = ONE_THREAD | {
    "PATH": "",
    "HOME": "/tmp",  # noqa: S108 - the jail's own
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": "/tmp",  # noqa: S108 - where it may not write, it only must not look for another place
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the others reserve a gigabyte, which counts against the wall
    "MALLOC_ARENA_MAX": "2",
    "JOBLIB_MULTIPROCESSING": "0",
}
"""All that foreign code sees of an environment. Nothing of the host's stands in it."""

PASSED_ON = ("TZ", "LD_LIBRARY_PATH")
STARTING_SECONDS = 30.0  # a supervisor takes some milliseconds; longer is a hang, and the forkserver is replaced
MAX_TRIES = 3


class Launcher:
    """Starts supervisors, and lets go of them. `aclose` returns when their forkserver is gone."""

    def __init__(self, limits: Limits, tasks: Tasks, backend: JailBackend) -> None:
        self._limits = limits
        self._backend = backend
        self._wrapper = ""  # the program that makes namespaces, where it is not us
        self._tasks = tasks
        self._numbers: set[int] = set()
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self._forkserver = JailForkserver(PRELOAD, ENVIRONMENT | passed)

    async def prove(self, base: str) -> Report:
        """What holds here. `base` is an empty folder to build roots in, here and afterwards."""
        self._base = base
        self._report = await self._proved()
        return self._report

    async def launch(self, *, lasting: bool = False) -> Supervisor:
        """A supervisor whose child stands behind its walls. Raises JailUnavailable."""
        for attempt in range(1, MAX_TRIES + 1):
            number = next(number for number in range(len(self._numbers) + 1) if number not in self._numbers)
            self._numbers.add(number)
            try:
                return await self._launch_one(number, lasting=lasting)
            except TimeoutError:
                log.error("a supervisor hung while it started: its forkserver is replaced", extra={"attempt": attempt})
                self._forkserver.kill()
            except (EOFError, OSError) as failure:  # its forkserver has died; the next try starts another
                log.warning("a supervisor died while it started: %r", failure, extra={"attempt": attempt})
        raise JailUnavailable(f"A supervisor could not be started, {MAX_TRIES} times; the server's log tells more.")

    async def _launch_one(self, number: int, *, lasting: bool) -> Supervisor:
        walls = Walls(self._report.proved, self._limits, self._base, number, lasting, self._wrapper)
        supervisor: Supervisor | None = None
        ours, theirs = socket.socketpair()
        try:
            async with asyncio.timeout(STARTING_SECONDS):
                with theirs:
                    supervisor = Supervisor(number, ours, await self._forkserver.fork("supervise", (walls,), theirs))
                await supervisor.stand()
                return supervisor
        except BaseException:
            if supervisor is None:
                ours.close()
                self._numbers.discard(number)
            else:
                supervisor.kill()
                self.dismiss(supervisor)
            raise

    def dismiss(self, supervisor: Supervisor) -> None:
        """Let go of one that is used, dead or killed."""
        supervisor.hang_up()
        self._tasks.start(self._bury(supervisor), "bury a supervisor")

    async def _bury(self, supervisor: Supervisor) -> None:
        await supervisor.bury()
        self._numbers.discard(supervisor.number)

    async def _proved(self) -> Report:
        if sys.platform != "linux":
            return absent_everywhere("the jail is made of what Linux offers")
        if self._backend == "bubblewrap":
            self._wrapper = await asyncio.to_thread(_found, "bwrap")
        if self._backend == "bubblewrap" and not self._wrapper:
            return absent_everywhere("bubblewrap is asked for, and there is no `bwrap` on the PATH")
        layers = json.loads(await self._told_of_layers())
        return Report(tuple(LayerReport(Layer(name), Finding(finding), why) for name, finding, why in layers))

    async def _told_of_layers(self) -> bytes:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            forked = await self._forkserver.fork("report", (self._base, self._wrapper), theirs)
        reader, writer = await asyncio.open_connection(sock=ours)
        try:
            async with asyncio.timeout(STARTING_SECONDS):
                return (await reader.read())[HEADER.size :]
        finally:
            writer.close()
            os.close(await forked)

    async def aclose(self) -> None:
        await self._forkserver.aclose()


def _found(program: str) -> str:
    """Where it is; nothing where it is not."""
    return shutil.which(program) or ""
