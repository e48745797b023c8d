"""Runs of foreign code: each in a jailed process of its own, with a supervisor of its own, used once.

Some stand ready ahead of need, already behind their walls, so that a run starts at once. There is no pool around them,
as there is around slots: one that serves once and is thrown away would only add its threads and queues to every run.
"""

import asyncio
import json
import logging
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

from analyzer.aio import Tasks
from analyzer.errors import AnalyzerError, Crashed, JailUnavailable, ShuttingDown, from_problem
from analyzer.executors.base import RunCode, SessionKey
from analyzer.executors.jail_launcher import Launcher
from analyzer.executors.sessions import SessionLimits, Sessions
from analyzer.executors.supervisor import Supervisor
from analyzer.jail.levels import Finding, Report
from analyzer.jail.limits import Limits
from analyzer.settings import JailBackend, Settings

log = logging.getLogger("analyzer.jail")

SESSIONS = SessionLimits(per_principal=4, total=16, idle_seconds=600)
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
        sessions = SessionLimits(
            per_principal=settings.jail_max_sessions_per_principal,
            total=settings.jail_max_sessions,
            idle_seconds=settings.jail_session_idle_seconds,
        )
        return cls(
            limits,
            min_level=settings.jail_min_level,
            places=settings.workers,
            standbys=settings.jail_standbys,
            sessions=sessions,
            backend=settings.jail_backend,
        )

    def __init__(
        self,
        limits: Limits,
        *,
        min_level: int,
        places: int,
        standbys: int,
        sessions: SessionLimits = SESSIONS,
        backend: JailBackend = "own",
    ) -> None:
        self._min_level = min_level
        self._standbys = min(standbys, places)
        self._places = asyncio.Semaphore(places)
        self._ready: deque[Supervisor] = deque()
        self._starting = 0
        self._tasks = Tasks()
        self._launcher = Launcher(limits, self._tasks, backend)
        self.sessions = Sessions(sessions, partial(self._launcher.launch, lasting=True), self._launcher.dismiss)
        self._waking: asyncio.Task[Report] | None = None
        self._report: Report | None = None
        self._closing = False

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
        if work.session is not None:
            async with self.sessions.turn(work.session), self._place():
                return await self._call_in_session(work, work.session, hear)
        async with self._place():
            return await self._call_once(work, hear)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        async with self._places:
            if self._closing:
                raise ShuttingDown("The server is shutting down.")
            yield

    async def _call_once(self, work: RunCode, hear: Hear) -> bytes:
        supervisor = await self._next()
        self._refill()
        ended = False
        try:
            await supervisor.ask(work)
            answer = await _listen(supervisor, hear)
            ended = True
            return answer
        except _Over as over:
            raise over.problem from None
        except (EOFError, OSError) as failure:
            raise Crashed("The supervisor of the code has died.") from failure
        finally:
            if not ended:
                supervisor.kill()
            self._launcher.dismiss(supervisor)

    async def _call_in_session(self, work: RunCode, key: SessionKey, hear: Hear) -> bytes:
        supervisor, number = await self.sessions.supervisor(key)
        why = "its last run was cancelled"
        try:
            await supervisor.ask(work, {"session_id": key.session_id, "run": number})
            answer = await _listen(supervisor, hear)
            why = ""
            return answer
        except _Over as over:
            why = f"its last run ended with {over.problem.code}"
            raise over.problem from None
        except (EOFError, OSError) as failure:
            why = "its process has died"
            raise Crashed("The supervisor of the code has died.") from failure
        except AnalyzerError:  # of this run alone: the session goes on
            why = ""
            raise
        finally:
            if why:
                self.sessions.end(key, why)

    async def _next(self) -> Supervisor:
        while self._ready:
            supervisor = self._ready.popleft()
            if not supervisor.has_gone:
                return supervisor
            self._launcher.dismiss(supervisor)
        return await self._launcher.launch()

    def _refill(self) -> None:
        while not self._closing and len(self._ready) + self._starting < self._standbys:
            self._starting += 1
            self._tasks.start(self._add_standby(), "ready a jail")

    async def _add_standby(self) -> None:
        try:
            await asyncio.sleep(REFILL_PAUSE_SECONDS)
            if self._closing:
                return
            supervisor = await self._launcher.launch()
        except JailUnavailable as failure:
            log.error("no jail could be made ready: %s", failure)
        else:
            self._ready.append(supervisor)
        finally:
            self._starting -= 1
        if self._closing:
            self._dismiss_standbys()

    def _dismiss_standbys(self) -> None:
        while self._ready:
            supervisor = self._ready.popleft()
            supervisor.kill()
            self._launcher.dismiss(supervisor)

    # --- waking -------------------------------------------------------------------------------------------------------

    def _wake(self) -> "asyncio.Task[Report]":
        if self._waking is None:
            self._waking = self._tasks.start(self._woken(), "wake the jail")
        return self._waking

    async def _woken(self) -> Report:
        self._folder = await asyncio.to_thread(
            partial(tempfile.TemporaryDirectory, prefix="analyzer-jail-", ignore_cleanup_errors=True)
        )
        base = Path(self._folder.name, "root")
        await asyncio.to_thread(base.mkdir)
        self._report = found = await self._launcher.prove(str(base))
        log.info("jail", extra=found.told() | {"min_level": self._min_level})
        if found.level >= self._min_level:
            self._refill()
        return found

    async def aclose(self) -> None:
        self._closing = True
        if self._waking is not None:
            await asyncio.wait([self._waking])
        self._dismiss_standbys()
        self.sessions.end_all()
        await self._tasks.wait(None)
        await self._launcher.aclose()
        if self._waking is not None:
            await asyncio.to_thread(self._folder.cleanup)


class _Over(Exception):
    """The run has failed, and its process is of no further use."""

    def __init__(self, problem: AnalyzerError) -> None:
        self.problem = problem


async def _listen(supervisor: Supervisor, hear: Hear) -> bytes:
    """Pass on what the run says until it gives its result. Raises what it ended with."""
    while True:
        kind, body = await supervisor.hear()
        match kind:
            case b"O":
                await _pass_on(json.loads(body), hear)
            case b"R":
                return body
            case b"Z":
                raise _Over(from_problem(json.loads(body)))
            case _:
                raise from_problem(json.loads(body))


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
