"""How late the event loop is: measured all the time, and told, with who held it up, when it is much."""

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass, field

log = logging.getLogger("analyzer.loop")

PAUSE_SECONDS = 0.05  # between two beats; what is shorter than this may hide between them, and disturbs nobody
LATE_SECONDS = 0.2  # who waits for an answer notices
MEMORY_SECONDS = 60.0
FRAMES_TOLD = 4  # the innermost ones of what held the loop up


@dataclass
class Pulse:
    """Sleeps for a moment, again and again, and notes how much later than asked it was woken."""

    lag_seconds: float = 0.0  # at the last beat
    late: int = 0  # how often it was more than `LATE_SECONDS`
    _beats: deque[tuple[float, float]] = field(default_factory=deque)  # the worst ones of the last minute, falling
    _due: float = 0.0
    _culprit: str = ""
    _watching: bool = True

    @property
    def worst_seconds(self) -> float:
        """The most in the last minute."""
        return self._beats[0][1] if self._beats else 0.0

    async def beat(self) -> None:
        """For ever, until cancelled."""
        loop_thread = threading.get_ident()
        self._watching, self._due = True, time.monotonic() + PAUSE_SECONDS
        watcher = threading.Thread(target=self._watch, args=(loop_thread,), name="analyzer-pulse", daemon=True)
        watcher.start()
        try:
            while True:
                await asyncio.sleep(max(0.0, self._due - time.monotonic()))
                self._note(time.monotonic())
        finally:
            self._watching = False
            await asyncio.to_thread(watcher.join)

    def _note(self, moment: float) -> None:
        self.lag_seconds = lag = max(0.0, moment - self._due)
        while self._beats and (self._beats[-1][1] <= lag or self._beats[-1][0] < moment - MEMORY_SECONDS):
            self._beats.pop()
        self._beats.append((moment, lag))
        while self._beats[0][0] < moment - MEMORY_SECONDS:
            self._beats.popleft()
        if lag > LATE_SECONDS:
            self.late += 1
            log.warning("the event loop was held up", extra={"seconds": round(lag, 3), "by": self._culprit or "?"})
        self._culprit = ""
        self._due = moment + PAUSE_SECONDS

    def _watch(self, loop_thread: int) -> None:
        """In a thread of its own: what holds the loop up can be seen only from outside, while it does.

        Code that keeps the interpreter to itself is seen when it lets go, which is too late for some.
        """
        while self._watching:
            time.sleep(PAUSE_SECONDS)
            if not self._culprit and time.monotonic() - self._due > LATE_SECONDS:
                self._culprit = _place_of(loop_thread)


def _place_of(thread: int) -> str:
    """Where it is just now, the innermost call last."""
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - documented, for exactly this
    stack = traceback.extract_stack(frame)[-FRAMES_TOLD:] if frame is not None else []
    return " > ".join(f"{one.filename}:{one.lineno} {one.name}" for one in stack)
