"""Sessions of code: jailed processes that are kept, so that a run finds the variables of the runs before it."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from analyzer.errors import Busy, SessionLost, shown
from analyzer.executors.base import SessionKey
from analyzer.executors.supervisor import Supervisor

MOST_REMEMBERED = 1000  # of sessions that were lost and not asked for since


@dataclass(frozen=True)
class SessionLimits:
    """How many sessions are kept, and how long an idle one is."""

    per_principal: int
    total: int
    idle_seconds: float


@dataclass
class _Session:
    supervisor: Supervisor | None = None  # None until its first run has one
    runs: int = 0
    users: int = 0  # runs that are in it or wait for it
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    expiry: asyncio.TimerHandle | None = None


class Sessions:
    """Keeps a jailed process for each session, as long as it is used, within limits."""

    def __init__(
        self,
        limits: SessionLimits,
        launch: Callable[[], Awaitable[Supervisor]],
        dismiss: Callable[[Supervisor], None],
    ) -> None:
        self._limits = limits
        self._launch = launch
        self._dismiss = dismiss
        self._living: OrderedDict[SessionKey, _Session] = OrderedDict()  # the one used last is the last
        self._lost: OrderedDict[SessionKey, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._living)

    def knows(self, key: SessionKey) -> bool:
        """Whether it lives, or is known to be lost."""
        return key in self._living or key in self._lost

    @asynccontextmanager
    async def turn(self, key: SessionKey) -> AsyncIterator[None]:
        """Wait until no other run is in the session, and be in it: `supervisor` then has its process.

        Raises SessionLost, once, when the session ended since it was last used, and Busy when there is no room.
        """
        if (why := self._lost.pop(key, None)) is not None:
            raise SessionLost(f"The session {shown(key.session_id)} is gone: {why}. The next run begins it anew.")
        session = self._living.get(key) or self._begun(key)
        session.users += 1
        if session.expiry is not None:
            session.expiry.cancel()
        try:
            async with session.one_at_a_time:
                if self._living.get(key) is not session:  # it ended while this run waited for it
                    raise SessionLost(f"The session {shown(key.session_id)} has ended under the run before this one.")
                if session.supervisor is not None and session.supervisor.has_gone:
                    self.end(key, "its process has died")
                    raise SessionLost(f"The session {shown(key.session_id)} is gone: {self._lost.pop(key)}.")
                self._living.move_to_end(key)
                yield
        finally:
            session.users -= 1
            if self._living.get(key) is session and not session.users:
                self._let_idle(key, session)

    async def supervisor(self, key: SessionKey) -> tuple[Supervisor, int]:
        """The process of the session whose turn it is, and the number of this run in it. Raises JailUnavailable."""
        session = self._living[key]
        if session.supervisor is None:
            session.supervisor = await self._launch()
        session.runs += 1
        return session.supervisor, session.runs

    def end(self, key: SessionKey, why: str) -> None:
        """The session is over. Its next run is told why."""
        session = self._living.pop(key, None)
        if session is None:
            return
        if session.expiry is not None:
            session.expiry.cancel()
        if session.supervisor is not None:
            session.supervisor.kill()
            self._dismiss(session.supervisor)
            self._lost[key] = why
            while len(self._lost) > MOST_REMEMBERED:
                self._lost.popitem(last=False)

    def end_all(self) -> None:
        for key in tuple(self._living):
            self.end(key, "the server has stopped")

    def _begun(self, key: SessionKey) -> _Session:
        own = [other for other in self._living if other.principal == key.principal]
        if len(own) >= self._limits.per_principal or len(self._living) >= self._limits.total:
            self._make_room(own)
        self._living[key] = session = _Session()
        return session

    def _make_room(self, own: list[SessionKey]) -> None:
        """End the principal's own session that has been idle for longest. Nobody else's makes room."""
        for key in own:
            if not self._living[key].users:
                self.end(key, f"it made room for another ({self._limits.per_principal} are kept)")
                return
        raise Busy(
            f"{len(own)} sessions of code are in use, and no more can be kept.",
            limit=min(self._limits.per_principal, self._limits.total),
            retry_after=1,
        )

    def _let_idle(self, key: SessionKey, session: _Session) -> None:
        if session.supervisor is None:
            del self._living[key]
            return
        seconds = self._limits.idle_seconds
        loop = asyncio.get_running_loop()
        session.expiry = loop.call_later(seconds, self.end, key, f"it was not used for {seconds:g} seconds")
