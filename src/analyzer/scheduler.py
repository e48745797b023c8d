"""Who runs next, and whose part comes next: fair between principals, then by priority and age.

A *place* is the right to be under way, and an `asyncio.Semaphore` counts them. A *slot* does one part at a time.
There are more places than slots, so that a small run goes on beside large ones. Both are given to the principal who
has the fewest of them. While another one waits, whoever has more than a fair share of the places gives some back:
such a run pauses between two of its parts, waits again, and goes on where it was.
"""

import asyncio
import logging
import math
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count

from analyzer.errors import Busy
from analyzer.forecast import Durations, Load, seconds_to_start
from analyzer.tickets import Limits, Outlook, Share, Standing, Ticket

log = logging.getLogger("analyzer.scheduler")

FIRST_GUESS_SECONDS = 1.0  # how long a run takes, when nobody can say


class Turn:
    """A run's place, as long as it is under way."""

    def __init__(self, scheduler: "Scheduler", ticket: Ticket) -> None:
        self._scheduler = scheduler
        self._ticket = ticket

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[asyncio.Timeout]:
        """Like `asyncio.timeout`, but the time in which the run has to pause does not count."""
        async with asyncio.timeout(seconds) as wall:
            self._ticket.wall = wall
            yield wall

    async def hold(self) -> None:
        """Returns while the run has its place: what it begins then may have to wait, but is not begun in a pause."""
        await self._ticket.is_called()

    @asynccontextmanager
    async def part(self) -> AsyncIterator[None]:
        """A slot for one part, when it is this run's turn. Before that, the run may have to give its place back."""
        async with self._scheduler.on_slot(self._ticket):
            yield

    @asynccontextmanager
    async def shared_part(self) -> AsyncIterator[None]:
        """A slot for a part that other runs may wait for. A run that pauses must not hold those up, or both wait for
        ever, so once begun such a part needs no place.
        """
        async with self._scheduler.slot(self._ticket.principal):
            yield
        self._ticket.count_part()


class Scheduler:
    """Gives runs their places and parts their slots."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._places = asyncio.Semaphore(limits.places)
        self._free_slots = limits.slots
        self._tickets: dict[str, Ticket] = {}
        self._shares: dict[str, Share] = {}
        self._durations = Durations()
        self._yielding: list[Ticket] = []
        self._active = 0
        self._numbers = count()
        self._clock = asyncio.get_running_loop().time

    @property
    def active(self) -> int:
        """How many runs have a place."""
        return self._active

    @property
    def queued(self) -> int:
        """How many runs wait for one, those that pause included."""
        return len(self._tickets) - self._active

    def standings(self) -> dict[str, Standing]:
        """By class of principal: what stands before the colon."""
        classes: dict[str, list[Share]] = {}
        for principal, share in self._shares.items():
            classes.setdefault(principal.partition(":")[0], []).append(share)
        return {
            name: Standing(sum(s.held for s in shares), sum(len(s.waiting) for s in shares), len(shares))
            for name, shares in classes.items()
        }

    # --- in and out ---------------------------------------------------------------------------------------------------

    def admit(
        self,
        run_id: str,
        principal: str = "",
        *,
        kind: str = "",
        parts: int = 1,
        done: int = 0,
        priority: int = 0,
        guess_seconds: float = FIRST_GUESS_SECONDS,
        on_slots: bool = True,
        again: bool = False,
    ) -> Outlook:
        """Take the run into the queue. Whoever is admitted must take its `turn`, or be forgotten.

        `kind` names runs that take equally long for equal guesses. A run that is not `on_slots` asks for no parts and
        cannot pause. Within a principal's runs a higher priority goes first. Raises Busy when there is no room, but not
        for one that was taken in before (`again`), of whose parts some may be `done`.
        """
        if not again:
            self._refuse_when_full(principal)
        ticket = Ticket(run_id, principal, (-priority, next(self._numbers)), kind, parts, guess_seconds, on_slots)
        ticket.done_in_all = done
        self._tickets[run_id] = ticket
        self._share(principal).join(ticket)
        self._settle()
        return self.outlook(run_id)

    @asynccontextmanager
    async def turn(self, run_id: str) -> AsyncIterator[Turn]:
        """Wait for a place, and have it as long as the context lasts, but for pauses."""
        ticket = self._tickets[run_id]
        try:
            await self._sit(ticket)
            log.info("run started", extra={"run": run_id, "active": self.active, "queued": self.queued})
            began, done_before = self._clock(), ticket.done_in_all
            yield Turn(self, ticket)
            spent = ticket.spent_seconds if ticket.on_slots else self._clock() - began
            if not done_before:
                self._durations.learn(ticket.kind, ticket.guess_seconds, spent)
        finally:
            self.forget(run_id)

    def forget(self, run_id: str) -> None:
        """The run needs no place any more."""
        ticket = self._tickets.pop(run_id, None)
        if ticket is None:
            return
        self._active -= ticket.holds
        self._share(ticket.principal).leave(ticket)
        self._drop_if_idle(ticket.principal)
        self._stand_up(ticket)
        self._settle()

    @asynccontextmanager
    async def slot(self, principal: str) -> AsyncIterator[None]:
        """A slot for work that is no run's, such as reading a file, when it is the principal's turn."""
        ticket = Ticket("", principal, (0, next(self._numbers)), holds=True, needs_place=False)
        share = self._share(principal)
        share.at_work.add(ticket)
        try:
            async with self.on_slot(ticket):
                yield
        finally:
            share.at_work.discard(ticket)
            self._drop_if_idle(principal)

    @asynccontextmanager
    async def on_slot(self, ticket: Ticket) -> AsyncIterator[None]:
        """Wait for a slot and have it as long as the context lasts; its run has its place then, too."""
        asked = ticket.ask()
        began = None
        try:
            self._settle()
            await asked
            began = self._clock()
            if ticket.needs_place:
                await self._sit(ticket)
            yield
        finally:
            if ticket.withdraw(asked):
                self._free_slots += 1
                ticket.put_down(0.0 if began is None else self._clock() - began)
                self._share(ticket.principal).in_flight -= 1
            self._settle()

    async def _sit(self, ticket: Ticket) -> None:
        """Wait until the run is called, and take a place, of which there is one then."""
        await ticket.is_called()
        if not ticket.seated:
            ticket.seated = True
            await self._places.acquire()

    def _stand_up(self, ticket: Ticket) -> None:
        if ticket.seated:
            ticket.seated = False
            self._places.release()

    def _share(self, principal: str) -> Share:
        return self._shares.setdefault(principal, Share(called=next(self._numbers)))

    def _drop_if_idle(self, principal: str) -> None:
        if self._shares[principal].is_idle:
            del self._shares[principal]

    # --- whose turn it is ---------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """After every change: places and slots go to whom they belong to now."""
        if self.queued or self._yielding:
            while self._active < self._limits.places and (share := self._next_in_line({})) is not None:
                self._call(share)
            while self._move_a_place():
                pass
        while self._free_slots and (ticket := self._next_at_work()) is not None:
            share = self._shares[ticket.principal]
            self._free_slots -= 1
            share.in_flight += 1
            share.served = next(self._numbers)
            ticket.pick_up(share.served)

    def _next_in_line(self, promised: Mapping[int, int]) -> Share | None:
        """Who gets the next place: who has the fewest, those promised included; then who has waited longest."""
        each = self._limits.places_each or self._limits.places
        waiting = (
            (share.held + promised.get(id(share), 0), share.called, share)
            for share in self._shares.values()
            if share.held < each and len(share.waiting) > promised.get(id(share), 0)
        )
        return min(waiting, key=lambda one: one[:2], default=(0, 0, None))[2]

    def _call(self, share: Share) -> None:
        share.called = next(self._numbers)
        share.call(self._clock())
        self._active += 1

    def _move_a_place(self) -> bool:
        """Let a run pause for a principal who has too few places, if one can at once; tells whether one did.

        Where that is due but parts are in flight, the run begins no others.
        """
        for ticket in self._yielding:
            ticket.must_yield = False
        self._yielding.clear()
        promised: Counter[int] = Counter()
        while (poor := self._next_in_line(promised)) is not None:
            victim = self._who_yields(poor.held + promised[id(poor)])
            if victim is None:
                return False
            if not victim.in_flight:
                self._shares[victim.principal].pause(victim, self._clock())
                self._stand_up(victim)
                self._active -= 1
                self._call(poor)
                return True
            victim.must_yield = True
            self._yielding.append(victim)
            promised[id(poor)] += 1
        return False

    def _who_yields(self, held_by_poor: int) -> Ticket | None:
        """A run of whoever has most places, if that is more than a fair share beside somebody with so few.

        Between those who have one and one who has none, a place goes round, part by part.
        """
        goes_round = held_by_poor == 0
        able = (
            (-share.held_for_good, ticket.in_flight, ticket)
            for share in self._shares.values()
            if share.held_for_good > held_by_poor + (not goes_round)
            and (ticket := share.easiest_to_pause(goes_round=share.held_for_good <= held_by_poor + 1)) is not None
        )
        return min(able, key=lambda one: one[:2], default=(0, 0, None))[2]

    def _next_at_work(self) -> Ticket | None:
        """Whose part gets the next slot: of whoever has the fewest parts in flight the most urgent run, in turns."""
        asking = (
            ((share.in_flight, share.served, ticket.rank[0], ticket.served, ticket.rank[1]), ticket)
            for share in self._shares.values()
            for ticket in share.at_work
            if ticket.asks and not ticket.must_yield
        )
        return min(asking, default=((), None))[1]

    # --- how long it will be ------------------------------------------------------------------------------------------

    def outlook(self, run_id: str) -> Outlook:
        """What a run that waits has before it. One that does not wait has nothing."""
        ticket = self._tickets.get(run_id)
        if ticket is None or ticket.holds:
            return Outlook(0, 0.0)
        share = self._shares[ticket.principal]
        index = share.waiting.index(ticket)
        if share.held == 0 and index == 0 and self._yielding:
            left = [self._load(one) for one in self._yielding]
            return Outlook(0, min(load.seconds / load.pieces for load in left))
        ahead, places = [*share.waiting[:index]], self._limits.places
        if self._limits.places_each is not None and share.held >= self._limits.places_each:
            places, under_way = self._limits.places_each, [self._load(one) for one in share.at_work if one.needs_place]
        else:
            for other in self._shares.values():
                if other is not share:
                    ahead += other.waiting[: max(0, index + share.held - other.held)]
            under_way = self._under_way()
        loads = [self._load(one) for one in ahead]
        return Outlook(len(ahead) + 1, seconds_to_start(under_way, loads, places, self._limits.slots))

    def _under_way(self) -> list[Load]:
        holding = [one for share in self._shares.values() for one in share.at_work if one.needs_place]
        return [self._load(one) for one in sorted(holding, key=lambda one: (not one.in_flight, one.served))]

    def _load(self, ticket: Ticket) -> Load:
        expected = self._durations.expected(ticket.kind, ticket.guess_seconds)
        return ticket.load(expected)

    def _refuse_when_full(self, principal: str) -> None:
        limits, share = self._limits, self._shares.get(principal)
        if self.active + self.queued >= limits.places + limits.queued:
            limit, said = limits.places + limits.queued, f"{self.active} runs are under way and {self.queued} wait"
        elif limits.queued_each is not None and share is not None and len(share.waiting) >= limits.queued_each:
            limit, said = limits.queued_each, f"{len(share.waiting)} runs of yours wait"
        else:
            return
        raise Busy(f"{said} already.", limit=limit, retry_after=self._seconds_until_room())

    def _seconds_until_room(self) -> int:
        """Room comes when the next run starts, and that is when one ends."""
        return max(1, math.ceil(seconds_to_start(self._under_way(), (), self._limits.places, self._limits.slots)))
