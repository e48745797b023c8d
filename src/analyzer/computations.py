"""Computations that runs share: of the same analysis, parameters and data there is one at a time, and none afterwards.

Runs of one principal alone share. Others are kept apart, since even the time an answer takes would tell what they do.
A run that shares is a run like any other: it has its own id, log, result and cancel, and hears of the computation what
it would have said itself. The computation ends when the last one leaves; when it completes it is kept for a while.
"""

import asyncio
import hashlib
import json
import sys
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from analyzer.admission import guess_seconds
from analyzer.aio import Tasks
from analyzer.broadcast import EventLog
from analyzer.entries import Entry
from analyzer.liverun import LiveRun
from analyzer.models import Progress, RunStatus, now
from analyzer.registry import Analysis, Place
from analyzer.runner import Runner
from analyzer.scheduler import Scheduler
from analyzer.settings import Settings
from analyzer.tickets import Outlook

AROUND_BYTES = 1000  # of what holds a kept computation, beside what it holds


def key_of(
    analysis: Analysis[Any, Any], params: Mapping[str, Any], tables: Mapping[str, str], principal: str
) -> str | None:
    """What two runs must have in common to share; None for one that cannot. A stored table's path names its content."""
    if not analysis.deterministic or analysis.place is not Place.SLOT:
        return None
    said = [principal, analysis.id, analysis.version, params, sorted(tables.items())]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@dataclass
class Computation:
    """One computation. It is driven like a run, but nobody sees it: those who share it tell what it says."""

    key: str
    lead: LiveRun
    work: asyncio.Task[bytes] = field(init=False)
    riders: set[str] = field(default_factory=set)

    def log(self) -> EventLog:
        """What it says, to its end."""
        return self.lead.broadcaster.log

    @property
    def progress(self) -> Progress:
        return self.lead.run.progress

    @property
    def is_done(self) -> bool:
        return self.work.done()

    async def result(self) -> bytes:
        """The result, as JSON; raises why there is none."""
        await asyncio.wait([self.work])
        return self.work.result()


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left of one that has completed, and does as well for who comes late. There may be tens of thousands."""

    said: tuple[Entry, ...]
    progress: Progress
    outcome: bytes
    until: float  # by the loop's clock
    is_done: ClassVar[bool] = True

    def log(self) -> EventLog:
        log = EventLog("", "", max_bytes=sys.maxsize)
        for entry in self.said:
            log.append(entry)
        log.close()
        return log

    async def result(self) -> bytes:
        return self.outcome

    @property
    def size_bytes(self) -> int:
        return sum(len(entry.frame) for entry in self.said) + len(self.outcome) + AROUND_BYTES


class Computations:
    """Those under way, and those that are kept: `max_bytes` of them together at most, for `keep_seconds` each."""

    def __init__(
        self, runner: Runner, scheduler: Scheduler, *, max_riders: int, max_bytes: int, keep_seconds: float
    ) -> None:
        self._runner = runner
        self._scheduler = scheduler
        self._max_riders = max_riders
        self._max_bytes = max_bytes
        self._keep_seconds = keep_seconds
        self._under_way: dict[str, Computation] = {}
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._kept_bytes = 0
        self._riding: dict[str, Computation | Kept] = {}
        self._works = Tasks(outcomes_are_read=True)
        self._pumps = Tasks()

    @classmethod
    def of(cls, settings: Settings, runner: Runner, scheduler: Scheduler) -> Self:
        """As these settings want them."""
        return cls(
            runner,
            scheduler,
            max_riders=settings.max_queued_tasks,
            max_bytes=settings.shared_results_bytes,
            keep_seconds=settings.shared_results_seconds,
        )

    def board(self, live: LiveRun, *, again: bool) -> Outlook:
        """Let the run share; tells what it has before it. Raises Busy where a new computation finds no room.

        Whoever boards must `leave`. There is room for so many beside those who began; others compute on their own.
        """
        computation = self._find(live.key) if live.key is not None else None
        if computation is not None and len(self._riding) - len(self._under_way) >= self._max_riders:
            live.key = computation = None
        if computation is not None:
            self._ride(live, computation)
            under_way = computation.lead.id if isinstance(computation, Computation) else ""
            return self._scheduler.outlook(under_way)
        outlook = self._scheduler.admit(
            live.id,
            live.principal,
            kind=live.run.task_id,
            parts=len(live.parts),
            done=len(live.sections),
            priority=live.run.priority,
            guess_seconds=guess_seconds(live.parts),
            on_slots=live.place is Place.SLOT,
            again=again,
        )
        if live.key is not None:
            self._ride(live, self._begin(live.key, live))
        return outlook

    async def work(self, live: LiveRun) -> bytes:
        """The result, as JSON; raises why there is none. Meanwhile the run says what the computation says."""
        computation = self._riding.get(live.id)
        if computation is None:
            return await self._runner.work(live, self._scheduler.turn(live.id))
        async for entries in computation.log().follow(None, patient=True):
            begins = live.run.status is RunStatus.QUEUED
            news = {"status": RunStatus.RUNNING, "started_at": now()} if begins else {}
            if begins or live.run.progress is not computation.progress:
                live.change(progress=computation.progress, **news)
            if begins and not computation.is_done:
                await self._runner.note_begun(live)
            for entry in entries:
                live.broadcaster.log.append(live.broadcaster.log.next_entry(entry.type, entry.members))
        return await computation.result()

    async def leave(self, live: LiveRun) -> None:
        """The run has ended. With the last one the computation ends, for real: its slots are free when this returns."""
        computation = self._riding.pop(live.id, None)
        if computation is None:
            self._scheduler.forget(live.id)
            return
        if isinstance(computation, Kept):
            return
        computation.riders.discard(live.id)
        live.sections.update(computation.lead.sections)
        if not computation.riders and not computation.work.done():
            self._under_way.pop(computation.key, None)
            computation.work.cancel()
            await asyncio.wait([computation.work])
            self._scheduler.forget(computation.lead.id)  # which it does itself, unless it ended before its first step

    def _ride(self, live: LiveRun, computation: Computation | Kept) -> None:
        self._riding[live.id] = computation
        if isinstance(computation, Computation):
            computation.riders.add(live.id)

    def _find(self, key: str) -> Computation | Kept | None:
        kept = self._kept.get(key)
        if kept is None:
            return self._under_way.get(key)
        if kept.until < asyncio.get_running_loop().time():
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return kept

    def _begin(self, key: str, first: LiveRun) -> Computation:
        computation = Computation(key, first.unseen())
        self._under_way[key] = computation
        computation.work = self._works.start(self._drive(computation), f"compute {first.id}")
        return computation

    async def _drive(self, computation: Computation) -> bytes:
        lead = computation.lead
        pump = self._pumps.start(lead.broadcaster.pump(), f"pump computation {lead.id}")
        try:
            result = await self._runner.work(lead, self._scheduler.turn(lead.id))
            await lead.broadcaster.settle()
            computation.work.add_done_callback(lambda work: self._keep(computation))
            return result
        finally:
            pump.cancel()
            lead.broadcaster.log.close()
            self._scheduler.forget(lead.id)
            if self._under_way.get(computation.key) is computation:
                del self._under_way[computation.key]

    def _keep(self, computation: Computation) -> None:
        if computation.work.cancelled():
            return
        moment = asyncio.get_running_loop().time()
        while self._kept and next(iter(self._kept.values())).until < moment:
            self._drop(next(iter(self._kept)))
        until = moment + self._keep_seconds
        kept = Kept(computation.log().entries, computation.progress, computation.work.result(), until)
        if kept.size_bytes > self._max_bytes:
            return
        self._kept[computation.key] = kept
        self._kept_bytes += kept.size_bytes
        while self._kept_bytes > self._max_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: str) -> None:
        self._kept_bytes -= self._kept.pop(key).size_bytes

    async def aclose(self) -> None:
        """End what nobody waits for any more."""
        await self._works.aclose()
        await self._pumps.aclose()
