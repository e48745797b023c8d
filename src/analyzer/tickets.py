"""What the scheduler notes of a run, and of a principal: bookkeeping without a decision in it."""

import asyncio
import bisect
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from analyzer.forecast import Load
from analyzer.settings import Settings


@dataclass(frozen=True)
class Limits:
    """How much there may be at once: in all, and of one principal."""

    places: int
    queued: int
    slots: int
    places_each: int | None = None
    queued_each: int | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            places=settings.max_concurrent_tasks,
            queued=settings.max_queued_tasks,
            slots=settings.workers,
            places_each=settings.max_concurrent_tasks_each,
            queued_each=settings.max_queued_tasks_each,
        )


@dataclass(frozen=True)
class Outlook:
    """How many runs end before this one starts (0: none, it starts at once or after a part), and when that will be."""

    position: int
    seconds: float


@dataclass(frozen=True)
class Standing:
    """How many runs a class of principals has under way and waiting, and how many of these principals there are."""

    active: int
    queued: int
    principals: int


@dataclass(eq=False)
class Ticket:
    """One run that waits, is under way, or pauses."""

    run_id: str
    principal: str
    rank: tuple[int, int]  # the priority, negative, and a number that grows: what is smaller comes first
    kind: str = ""
    parts: int = 1  # the merge not counted: it is short
    guess_seconds: float = 1.0
    on_slots: bool = True
    needs_place: bool = True
    holds: bool = False  # a place is its own, by our book
    seated: bool = False  # and by the semaphore
    must_yield: bool = False  # begins no other part, and pauses when those in flight have ended
    in_flight: int = 0
    done: int = 0  # parts since it was called last
    done_in_all: int = 0
    spent_seconds: float = 0.0  # on slots, by parts that ended
    served: int = -1  # when it got a slot last, as a number that grows
    wall: asyncio.Timeout | None = None
    _wall_seconds: float | None = None  # what was left of it when the run had to pause
    _called: asyncio.Event = field(default_factory=asyncio.Event)
    _asks: deque[asyncio.Future[None]] = field(default_factory=deque)

    async def is_called(self) -> None:
        """Returns while it holds a place."""
        while not self.holds:
            await self._called.wait()

    def call(self, moment: float) -> None:
        self.holds, self.done = True, 0
        self._called.set()
        if self.wall is not None and self._wall_seconds is not None and not self.wall.expired():
            self.wall.reschedule(moment + self._wall_seconds)
            self._wall_seconds = None

    def pause(self, moment: float) -> None:
        self.holds = False
        self._called.clear()
        if self.wall is not None and not self.wall.expired() and (when := self.wall.when()) is not None:
            self._wall_seconds = when - moment
            self.wall.reschedule(None)

    # --- its parts ----------------------------------------------------------------------------------------------------

    @property
    def asks(self) -> bool:
        while self._asks and self._asks[0].cancelled():
            self._asks.popleft()
        return bool(self._asks)

    def ask(self) -> asyncio.Future[None]:
        """For a slot. The future is done when it is there."""
        asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asks.append(asked)
        return asked

    def pick_up(self, served: int) -> None:
        """One slot, for who asked first."""
        self.in_flight += 1
        self.served = served
        self._asks.popleft().set_result(None)

    def withdraw(self, asked: asyncio.Future[None]) -> bool:
        """Whoever asked does not need a slot any more. Tells whether there was one for him."""
        if asked.done() and not asked.cancelled():
            return True
        with suppress(ValueError):
            self._asks.remove(asked)
        return False

    def put_down(self, seconds: float) -> None:
        self.in_flight -= 1
        self.spent_seconds += seconds
        self.count_part()

    def count_part(self) -> None:
        """One more has ended."""
        self.done += 1
        self.done_in_all += 1

    @property
    def has_had_its_turn(self) -> bool:
        """Since it was called last; and there is more to do than its end."""
        return self.done + self.in_flight > 0 and self.parts - self.done_in_all - self.in_flight > 0

    def load(self, expected_seconds: float) -> Load:
        """What is left of it, when all of it is expected to take so long."""
        left = max(1, self.parts - self.done_in_all)
        return Load(left, expected_seconds * left / max(1, self.parts), self.on_slots)


@dataclass(eq=False)
class Share:
    """What one principal has and waits for."""

    waiting: list[Ticket] = field(default_factory=list)  # by rank
    at_work: set[Ticket] = field(default_factory=set)  # what may ask for slots
    held: int = 0  # places
    in_flight: int = 0  # parts on slots
    called: int = -1  # when it got a place last, or came, and
    served: int = -1  # when it got a slot, as numbers that grow

    @property
    def is_idle(self) -> bool:
        return not self.waiting and not self.at_work

    @property
    def held_for_good(self) -> int:
        """Places that are not about to be given back."""
        return self.held - sum(ticket.must_yield for ticket in self.at_work)

    def join(self, ticket: Ticket) -> None:
        bisect.insort(self.waiting, ticket, key=lambda one: one.rank)

    def leave(self, ticket: Ticket) -> None:
        if ticket.holds:
            self.at_work.discard(ticket)
            self.held -= 1
        else:
            self.waiting.remove(ticket)

    def call(self, moment: float) -> None:
        """The first one that waits has a place now."""
        ticket = self.waiting.pop(0)
        self.at_work.add(ticket)
        self.held += 1
        ticket.call(moment)

    def pause(self, ticket: Ticket, moment: float) -> None:
        self.leave(ticket)
        ticket.pause(moment)
        self.join(ticket)

    def easiest_to_pause(self, *, goes_round: bool) -> Ticket | None:
        """What has no part in flight, then what is least urgent. What does not work in parts cannot pause.

        If a place only goes round, a run that has just got it does a part first, and one that is about to end may.
        """
        able = (
            one
            for one in self.at_work
            if one.needs_place and one.on_slots and not one.must_yield and (one.has_had_its_turn or not goes_round)
        )
        return min(able, key=lambda one: (one.in_flight, -one.rank[0], -one.rank[1]), default=None)
