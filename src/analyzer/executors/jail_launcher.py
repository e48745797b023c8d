"""Where supervisors come from: a forkserver with pandas imported that never sees anybody's data."""

import asyncio
import json
import logging
import os
import shutil
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

from analyzer.aio import Tasks
from analyzer.errors import JailUnavailable
from analyzer.executors import jailer_entry
from analyzer.executors.forkserver import ONE_THREAD, OwnContext, OwnForkServer
from analyzer.executors.supervisor import Supervisor
from analyzer.jail.channel import HEADER
from analyzer.jail.entering import Walls
from analyzer.jail.levels import Finding, Layer, LayerReport, Report, absent_everywhere
from analyzer.jail.limits import Limits
from analyzer.settings import JailBackend

log = logging.getLogger("analyzer.jail")

PRELOAD = (
    *("analyzer.executors.jailer", "pyarrow.compute", "pandas"),
    *("multiprocessing.popen_forkserver", "analyzer.executors.forkserver", "analyzer.executors.jailer_entry"),
    "analyzer.executors.ahead",  # the last, since it freezes what there is
)
"""With what every supervisor needs to be told what it is for, or each would import it for itself."""
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
        self._forkserver = OwnForkServer(PRELOAD, ENVIRONMENT | passed)
        self._context = OwnContext(self._forkserver)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="analyzer-jail-launcher")
        self._buryer = ThreadPoolExecutor(max_workers=4, thread_name_prefix="analyzer-jail-buryer")

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
                self._forkserver.kill()  # the thread may be waiting for it
                await asyncio.get_running_loop().run_in_executor(self._thread, self._forkserver.close)
            except (EOFError, OSError) as failure:  # its forkserver has died; the next try starts another
                log.warning("a supervisor died while it started: %r", failure, extra={"attempt": attempt})
        raise JailUnavailable(f"A supervisor could not be started, {MAX_TRIES} times; the server's log tells more.")

    async def _launch_one(self, number: int, *, lasting: bool) -> Supervisor:
        walls = Walls(self._report.proved, self._limits, self._base, number, lasting, self._wrapper)
        supervisor: Supervisor | None = None
        try:
            async with asyncio.timeout(STARTING_SECONDS):
                loop = asyncio.get_running_loop()
                supervisor = await loop.run_in_executor(self._thread, Supervisor, self._context, walls)
                await supervisor.stand()
                return supervisor
        except BaseException:
            if supervisor is None:
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
        await asyncio.get_running_loop().run_in_executor(self._buryer, supervisor.bury)
        self._numbers.discard(supervisor.number)

    async def _proved(self) -> Report:
        if sys.platform != "linux":
            return absent_everywhere("the jail is made of what Linux offers")
        if self._backend == "bubblewrap":
            self._wrapper = await asyncio.to_thread(_found, "bwrap")
        if self._backend == "bubblewrap" and not self._wrapper:
            return absent_everywhere("bubblewrap is asked for, and there is no `bwrap` on the PATH")
        loop = asyncio.get_running_loop()
        layers = json.loads(await loop.run_in_executor(self._thread, self._ask_for_proof))
        return Report(tuple(LayerReport(Layer(name), Finding(finding), why) for name, finding, why in layers))

    def _ask_for_proof(self) -> bytes:
        ours, theirs = socket.socketpair()
        process = self._context.Process(
            target=jailer_entry.report, args=(theirs, self._base, self._wrapper), daemon=True
        )
        with ours, theirs:
            process.start()
            theirs.close()
            ours.settimeout(STARTING_SECONDS)
            with ours.makefile("rb") as said:
                answer = said.read()
        process.join()
        process.close()
        return answer[HEADER.size :]

    async def aclose(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._forkserver.close)
        self._thread.shutdown(wait=False)
        self._buryer.shutdown(wait=False)


def _found(program: str) -> str:
    """Where it is; nothing where it is not."""
    return shutil.which(program) or ""
