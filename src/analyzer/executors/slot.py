"""One warm worker process: a `ProcessPoolExecutor` of one, and a line to it."""

import asyncio
import os
import pickle
import select
import signal
import socket
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path

from analyzer.errors import AnalyzerError
from analyzer.executors import entry
from analyzer.executors.base import Allowance
from analyzer.executors.entry import Outcome
from analyzer.executors.forkserver import OwnContext, is_stopped
from analyzer.executors.line import Line
from analyzer.executors.parcels import LINE_BYTES, pick_up, set_down
from analyzer.registry import DECORATED

SCHEDULED = 2
"""What to ask a process's clock for: see clock_getcpuclockid(3), which names the clock, and which Python leaves out."""


class Slot:
    """One worker process. Constructing one blocks for some milliseconds, so it is done in the launching thread.

    `place` is where messages lie that are too long for the line; `kept_bytes` of memory it may keep after its work.
    """

    def __init__(self, context: OwnContext, place: Path, niceness: int, kept_bytes: int) -> None:
        self._place = place
        self._end, theirs = socket.socketpair()
        with theirs:  # the worker has it by the time the first work was handed over
            self._pool = ProcessPoolExecutor(
                max_workers=1,
                mp_context=context,
                initializer=entry.begin,
                initargs=(dict(DECORATED), theirs, str(place), niceness, kept_bytes),
            )
            self._greeting = self._pool.submit(entry.ready)
        self._line: Line | None = None
        self._pid: int | None = None
        self._pidfd: int | None = None  # names the process even after its number was given to another
        self._bytes_at_rest = 0
        self._cpu_seconds_before = 0.0  # the work it does now
        self._cpu_seconds_seen = self._cpu_seen_at = 0.0
        self.allowance: Allowance | None = None  # of the work it does now
        self.busy = False
        self.answers = 0
        self.looks_stopped = 0  # in a row
        self.killed = False
        self.verdict: AnalyzerError | None = None  # why we killed it, when we did

    async def warm(self) -> None:
        """Returns when the worker is ready. Raises BrokenExecutor when it died before."""
        self._pid = await asyncio.wrap_future(self._greeting)
        if hasattr(os, "pidfd_open"):
            with suppress(ProcessLookupError):
                self._pidfd = os.pidfd_open(self._pid)
        loop = asyncio.get_running_loop()
        _, self._line = await loop.create_unix_connection(Line, sock=self._end)
        self._converse(loop)
        self._bytes_at_rest = self._private_bytes()
        self._cpu_seconds_before = self._cpu_seconds() or 0.0

    def _converse(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the worker listen to the line, again when nothing was said for a while."""

        def ended(conversation: "Future[None]") -> None:
            with suppress(RuntimeError):  # the loop may be closed when an interpreter exits without having closed us
                loop.call_soon_threadsafe(self._go_on, loop, conversation)

        with suppress(RuntimeError):  # the pool is broken or shut down, and the line is about to be lost
            self._pool.submit(entry.converse).add_done_callback(ended)

    def _go_on(self, loop: asyncio.AbstractEventLoop, conversation: "Future[None]") -> None:
        if conversation.cancelled() or conversation.exception() is not None:
            self.hang_up()  # a child of the worker may hold the line open that it itself has let go
        elif self._line is not None and not self._line.is_lost:
            self._converse(loop)

    @property
    def is_warm(self) -> bool:
        return self._pid is not None

    @property
    def has_died(self) -> bool:
        """Whether the process is known to be gone. Its pool learns of that a little later."""
        if self._line is None or self._line.is_lost:
            return True
        if self._pidfd is None:
            return False
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        return bool(poll.poll(0))

    async def ask(self, parcel: bytes, allowance: Allowance | None = None) -> Outcome:
        """Put work to the worker. Raises BrokenExecutor when it dies under it, or is dead already."""
        assert self._line is not None
        self.allowance = allowance
        long = len(parcel) > LINE_BYTES
        question = await asyncio.to_thread(set_down, parcel, self._place) if long else parcel
        self._cpu_seconds_seen, self._cpu_seen_at = self._cpu_seconds_before, time.monotonic()
        try:
            answer = await self._line.ask(question)
        except BaseException:  # whatever ended it, it was worked
            if allowance is not None:
                allowance.spent_cpu_seconds += self._most_cpu_seconds()
            self.allowance = None
            raise
        self.answers += 1
        if not answer:
            answer = await asyncio.to_thread(pick_up, answer, self._place)
        outcome: Outcome = pickle.loads(answer)  # noqa: S301 - catalogue code of ours wrote it, never foreign code
        if allowance is not None:
            allowance.spent_cpu_seconds += outcome.cpu_seconds - self._cpu_seconds_before
        self._cpu_seconds_before, self.allowance = outcome.cpu_seconds, None
        return outcome

    def own_memory_bytes(self) -> int:
        """Memory that the work has taken: what the worker holds beyond what it held at rest, mapped files aside."""
        return self._private_bytes() - self._bytes_at_rest

    def work_cpu_seconds(self) -> float:
        """Processor time that the work under way has taken so far, however deep in C code it is."""
        if (seen := self._cpu_seconds()) is not None:
            self._cpu_seconds_seen, self._cpu_seen_at = seen, time.monotonic()
        return max(0.0, self._cpu_seconds_seen - self._cpu_seconds_before)

    def _most_cpu_seconds(self) -> float:
        """The same of a worker that may be gone: all the time since it was looked at last it may have worked."""
        return self.work_cpu_seconds() + time.monotonic() - self._cpu_seen_at

    def look(self) -> None:
        """Whether it is stopped, as by SIGSTOP: nobody who means well does that, and it will not go on by itself."""
        self.looks_stopped = self.looks_stopped + 1 if is_stopped(self._pid) else 0

    def _private_bytes(self) -> int:
        """Resident memory not shared with a file; 0 where the system does not tell."""
        try:
            _, resident, shared = Path(f"/proc/{self._pid}/statm").read_text().split()[:3]
        except OSError:
            return 0
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")

    def _cpu_seconds(self) -> float | None:
        """Processor time of the worker since it began; None where the system does not tell."""
        if sys.platform != "linux" or self._pid is None:
            return None
        try:
            return time.clock_gettime((~self._pid << 3) | SCHEDULED)
        except OSError:  # it is gone
            return None

    def kill(self, verdict: AnalyzerError | None = None) -> None:
        """End the worker at once, whatever it is doing, stopped included. Its pool then breaks by itself."""
        self.verdict = self.verdict or verdict
        self.killed = True
        with suppress(ProcessLookupError):
            if self._pidfd is not None:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            elif self._pid is not None:
                os.kill(self._pid, signal.SIGKILL)

    def hang_up(self) -> None:
        """Nothing is asked any more. In the loop."""
        if self._line is not None:
            self._line.hang_up()

    async def silent(self) -> None:
        """Returns when the line is down, after `hang_up`."""
        if self._line is not None:
            await self._line.ended()

    def bury(self, *, wait: bool) -> None:
        """Take no more work. Whoever waits, in the launching thread, does so until the process is gone."""
        self._pool.shutdown(wait=wait, cancel_futures=True)
        if self._line is None:
            self._end.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None
        self._place.unlink(missing_ok=True)
