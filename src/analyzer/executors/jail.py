"""Runs of foreign code: each in a jailed process of its own, with a supervisor of its own, used once.

The supervisors come from a forkserver of their own that has pandas imported and never sees anybody's data. Some stand
ready ahead of need, already behind their walls, so that a run starts at once. There is no pool around them, as there
is around slots: one that serves once and is thrown away would only add its threads and queues to every run.
"""

import asyncio
import json
import logging
import os
import socket
import sys
import tempfile
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Self

from analyzer.aio import Tasks
from analyzer.errors import Crashed, JailUnavailable, ShuttingDown, from_problem
from analyzer.executors import jailer_entry
from analyzer.executors.base import RunCode
from analyzer.executors.forkserver import ONE_THREAD, OwnContext, OwnForkServer
from analyzer.executors.supervisor import Supervisor
from analyzer.jail.channel import HEADER
from analyzer.jail.entering import Walls
from analyzer.jail.levels import Finding, Layer, LayerReport, Report, absent_everywhere
from analyzer.jail.limits import Limits
from analyzer.settings import Settings

log = logging.getLogger("analyzer.jail")

PRELOAD = ("analyzer.executors.jailer", "pyarrow.compute", "pandas", "analyzer.executors.ahead")
ENVIRONMENT = ONE_THREAD | {
    "PATH": "",
    "HOME": "/tmp",  # noqa: S108 - the jail's own
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the others reserve a gigabyte, which counts against the wall
    "MALLOC_ARENA_MAX": "2",
    "JOBLIB_MULTIPROCESSING": "0",
}
"""All that foreign code sees of an environment. Nothing of the host's stands in it."""

PASSED_ON = ("TZ", "LD_LIBRARY_PATH")
STARTING_SECONDS = 30.0  # a supervisor takes some milliseconds; longer is a hang, and the forkserver is replaced
MAX_TRIES = 3
REFILL_PAUSE_SECONDS = 0.02  # a short run is over before the next standby takes its share of the processor

Hear = Callable[[str, dict[str, Any]], Awaitable[None]]
"""Told of what a run says while it runs: the kind of event and its members."""


class JailExecutor:
    """Runs foreign code.

    `call` waits for a place, runs the code and returns the result as JSON. What the code says meanwhile is heard. It
    raises the AnalyzerError that the run ended with. When the caller is cancelled the code is ended for real.
    `aclose` ends every process and returns when they are gone.
    """

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The jail as these settings want it."""
        limits = Limits(
            wall_seconds=settings.jail_timeout_seconds,
            cpu_seconds=settings.jail_cpu_seconds,
            memory_bytes=settings.jail_memory_bytes,
            result_bytes=settings.jail_result_bytes,
            table_bytes=settings.jail_table_bytes,
        )
        return cls(limits, min_level=settings.jail_min_level, places=settings.workers, standbys=settings.jail_standbys)

    def __init__(self, limits: Limits, *, min_level: int, places: int, standbys: int) -> None:
        self._limits = limits
        self._min_level = min_level
        self._standbys = min(standbys, places)
        self._places = asyncio.Semaphore(places)
        self._ready: deque[Supervisor] = deque()
        self._starting = 0
        self._numbers: set[int] = set()
        self._tasks = Tasks()
        self._waking: asyncio.Task[Report] | None = None
        self._report: Report | None = None
        self._closing = False
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self._forkserver = OwnForkServer(PRELOAD, ENVIRONMENT | passed)
        self._context = OwnContext(self._forkserver)
        self._launcher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="analyzer-jail-launcher")
        self._buryer = ThreadPoolExecutor(max_workers=4, thread_name_prefix="analyzer-jail-buryer")

    def start(self) -> None:
        """Begin to wake the jail, if runs are to find it ready. Else the first one wakes it."""
        if self._standbys:
            self._wake()

    @property
    def min_level(self) -> int:
        return self._min_level

    @property
    def report(self) -> Report | None:
        """What was proved here; None as long as nobody has asked for a jail."""
        return self._report

    async def prove(self) -> Report:
        """What is proved here, once it is."""
        return await asyncio.shield(self._wake())

    async def admit(self) -> None:
        """Raises JailUnavailable where foreign code is not to be run."""
        found = await self.prove()
        if found.level < self._min_level:
            failed = "; ".join(
                f"{layer.layer}: {layer.finding}, {layer.why}"
                for layer in found.layers
                if layer.finding is not Finding.PROVED
            )
            raise JailUnavailable(
                f"The jail reaches level {found.level} here and ANALYZER_JAIL_MIN_LEVEL asks for {self._min_level} "
                f"({failed}).",
                level=found.level,
            )

    async def call(self, work: RunCode, hear: Hear) -> bytes:
        await self.admit()
        async with self._places:
            if self._closing:
                raise ShuttingDown("The server is shutting down.")
            supervisor = await self._next()
            self._refill()
            ended = False
            try:
                await supervisor.ask(work)
                answer = await self._listen(supervisor, hear)
                ended = True
                return answer
            except (EOFError, OSError) as failure:
                raise Crashed("The supervisor of the code has died.") from failure
            finally:
                if not ended:
                    supervisor.kill()
                self._dismiss(supervisor)

    async def _listen(self, supervisor: Supervisor, hear: Hear) -> bytes:
        while True:
            kind, body = await supervisor.hear()
            match kind:
                case b"O":
                    await _pass_on(json.loads(body), hear)
                case b"R":
                    return body
                case _:
                    raise from_problem(json.loads(body))

    async def _next(self) -> Supervisor:
        while self._ready:
            supervisor = self._ready.popleft()
            if not supervisor.has_gone:
                return supervisor
            self._dismiss(supervisor)
        return await self._launched()

    def _refill(self) -> None:
        while not self._closing and len(self._ready) + self._starting < self._standbys:
            self._starting += 1
            self._tasks.start(self._add_standby(), "ready a jail")

    async def _add_standby(self) -> None:
        try:
            await asyncio.sleep(REFILL_PAUSE_SECONDS)
            if self._closing:
                return
            supervisor = await self._launched()
        except JailUnavailable as failure:
            log.error("no jail could be made ready: %s", failure)
        else:
            self._ready.append(supervisor)
        finally:
            self._starting -= 1
        if self._closing:
            self._dismiss_standbys()

    async def _launched(self) -> Supervisor:
        """A supervisor whose child stands behind its walls. Raises JailUnavailable."""
        for attempt in range(1, MAX_TRIES + 1):
            number = next(number for number in range(len(self._numbers) + 1) if number not in self._numbers)
            self._numbers.add(number)
            try:
                return await self._launch(number)
            except TimeoutError:
                log.error("a supervisor hung while it started: its forkserver is replaced", extra={"attempt": attempt})
                await asyncio.get_running_loop().run_in_executor(self._launcher, self._forkserver.close)
            except (EOFError, OSError) as failure:  # its forkserver has died; the next try starts another
                log.warning("a supervisor died while it started: %r", failure, extra={"attempt": attempt})
        raise JailUnavailable(f"A supervisor could not be started, {MAX_TRIES} times; the server's log tells more.")

    async def _launch(self, number: int) -> Supervisor:
        assert self._report is not None
        walls = Walls(self._report.proved, self._limits, self._base, number)
        supervisor: Supervisor | None = None
        try:
            async with asyncio.timeout(STARTING_SECONDS):
                loop = asyncio.get_running_loop()
                supervisor = await loop.run_in_executor(self._launcher, Supervisor, self._context, walls)
                await supervisor.stand()
                return supervisor
        except BaseException:
            if supervisor is None:
                self._numbers.discard(number)
            else:
                supervisor.kill()
                self._dismiss(supervisor)
            raise

    def _dismiss(self, supervisor: Supervisor) -> None:
        """Let go of one that is used, dead or killed."""
        supervisor.hang_up()
        self._tasks.start(self._bury(supervisor), "bury a supervisor")

    def _dismiss_standbys(self) -> None:
        while self._ready:
            supervisor = self._ready.popleft()
            supervisor.kill()
            self._dismiss(supervisor)

    async def _bury(self, supervisor: Supervisor) -> None:
        await asyncio.get_running_loop().run_in_executor(self._buryer, supervisor.bury)
        self._numbers.discard(supervisor.number)

    # --- waking -------------------------------------------------------------------------------------------------------

    def _wake(self) -> "asyncio.Task[Report]":
        if self._waking is None:
            self._waking = self._tasks.start(self._woken(), "wake the jail")
        return self._waking

    async def _woken(self) -> Report:
        self._folder = await asyncio.to_thread(
            partial(tempfile.TemporaryDirectory, prefix="analyzer-jail-", ignore_cleanup_errors=True)
        )
        self._base = str(Path(self._folder.name, "root"))
        await asyncio.to_thread(Path(self._base).mkdir)
        self._report = found = await self._proved()
        log.info("jail", extra=found.told() | {"min_level": self._min_level})
        if found.level >= self._min_level:
            self._refill()
        return found

    async def _proved(self) -> Report:
        if sys.platform != "linux":
            return absent_everywhere("the jail is made of what Linux offers")
        loop = asyncio.get_running_loop()
        layers = json.loads(await loop.run_in_executor(self._launcher, self._ask_for_proof))
        return Report(tuple(LayerReport(Layer(name), Finding(finding), why) for name, finding, why in layers))

    def _ask_for_proof(self) -> bytes:
        ours, theirs = socket.socketpair()
        process = self._context.Process(target=jailer_entry.report, args=(theirs, self._base), daemon=True)
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
        self._closing = True
        if self._waking is not None:
            await asyncio.wait([self._waking])
        self._dismiss_standbys()
        await self._tasks.wait(None)
        await asyncio.get_running_loop().run_in_executor(self._launcher, self._forkserver.close)
        self._launcher.shutdown(wait=False)
        self._buryer.shutdown(wait=False)
        if self._waking is not None:
            await asyncio.to_thread(self._folder.cleanup)


async def _pass_on(said: dict[str, Any], hear: Hear) -> None:
    """What a run said, as the events it is."""
    if said["stream"] != "emit":
        await hear("output.delta", said)
    elif (progress := said.get("progress")) is not None:
        await hear("run.progress", progress)
    elif said["content"]["kind"] == "chart":
        await hear("chart", said["content"]["charts"][0])
    else:
        await hear("result.section", {"section": said["name"], "data": said["content"]})
