"""One run from queued to final."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from analyzer.aside import packed
from analyzer.blobs.base import Blobs
from analyzer.endings import problem_of, summary
from analyzer.entries import encode_members
from analyzer.errors import AnalyzerError, Interrupted, ResultTooLarge, RunTimeout
from analyzer.executors.base import (
    Allowance,
    ComputePart,
    ComputeWhole,
    EncodedSection,
    Executor,
    MergeSections,
    Whole,
)
from analyzer.executors.insisting import insist
from analyzer.executors.jail import Hear
from analyzer.foreign import ForeignCode
from analyzer.liverun import LiveRun
from analyzer.models import Progress, RunStatus, now
from analyzer.registry import Part, Place
from analyzer.retention import SMALL_RESULT_BYTES
from analyzer.scheduler import Turn
from analyzer.sharing import SharedSections
from analyzer.state.base import Aside, State

log = logging.getLogger("analyzer.runs")

MAX_TRIES = 3  # of recording an end
RETRY_SECONDS = 0.2
SECTIONS_SHARE = 4  # times as much as the result may be: they hold pictures and figures that are only merged


LoopSide = Callable[[LiveRun, Hear], Awaitable[bytes]]
"""Does a run in the loop: returns its result as JSON, says what it says, raises why there is no result."""


@dataclass(frozen=True)
class Runner:
    """Takes runs through parts, merge and their end."""

    executor: Executor
    foreign: ForeignCode
    loop_side: LoopSide
    shared: SharedSections
    state: State
    blobs: Blobs
    timeout_seconds: float
    cpu_seconds: float
    max_result_bytes: int

    async def work(self, live: LiveRun, turn: AbstractAsyncContextManager[Turn]) -> bytes:
        """Wait for the turn, do the parts and merge, or run the code in the jail.

        Returns the result as JSON; raises why there is none.
        """
        async with turn as at_work:
            live.change(status=RunStatus.RUNNING, started_at=now())
            live.allowance = Allowance(self.cpu_seconds)
            if live.is_seen:
                await self.note_begun(live)
            await live.broadcaster.publish("run.started")
            try:
                async with at_work.within(self.timeout_seconds):
                    on_slots = live.place is Place.SLOT
                    return await (self._compute(live, at_work) if on_slots else self._run_whole(live))
            except TimeoutError:
                raise RunTimeout(
                    f"The run took longer than {self.timeout_seconds:g} seconds.", limit=self.timeout_seconds
                ) from None

    async def note_begun(self, live: LiveRun) -> None:
        """From here on the next start knows that the run was begun."""
        if not live.is_noted:
            await self.state.save_run(live.owned)

    async def finish(self, live: LiveRun, work: asyncio.Task[bytes]) -> None:
        """Wait for the work to end, whatever its end is; save the final state, then publish the final event.

        Whoever sees the final event can read the result. This must not be cancelled: to end a run, cancel its work.
        """
        await asyncio.wait([work])
        if work.cancelled() and live.stopped_as is RunStatus.QUEUED and await self._lay_aside(live):
            return
        event, members = await self._conclude(live, work)
        await live.broadcaster.settle()
        for attempt in range(1, MAX_TRIES + 1):
            try:
                await self._record(live, event, members)
            except Exception as failure:
                log.exception("the end of a run could not be saved", extra={"run": live.id, "attempt": attempt})
                event, members = self._fail(live, failure)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return
        # It is told at least; the next start finds the run without an end and records that it was interrupted.
        live.broadcaster.log.append(live.broadcaster.log.next_entry(event, members))

    async def _lay_aside(self, live: LiveRun) -> bool:
        """Keep what the run has said and done, for the next start to go on with."""
        await live.broadcaster.settle()
        said = live.broadcaster.log
        told = said.sections
        done = {number: section for number, section in live.sections.items() if section.name in told}
        live.change(status=RunStatus.QUEUED, started_at=None)
        try:
            await self._keep_attachments(live, done.values())
            await self.state.lay_aside(live.owned, Aside(said.frames, packed(done, live.plan)))
        except Exception:
            log.exception("a run could not be laid aside", extra={"run": live.id})
            live.stopped_as = RunStatus.INTERRUPTED
            return False
        return True

    async def _record(self, live: LiveRun, event: str, members: bytes) -> None:
        events = live.broadcaster.log
        final = events.next_entry(event, members)
        await self.state.finish_run(live.owned, events.frames + final.frame, len(events) + 1, live.small_result)
        events.append(final)

    async def _conclude(self, live: LiveRun, work: asyncio.Task[bytes]) -> tuple[str, bytes]:
        """The final state of the run, set; and its final event with what belongs into it."""
        live.change(finished_at=now())
        if work.cancelled():
            return self._stop(live)
        try:
            if (failure := work.exception()) is not None:
                raise failure
            await self._keep_attachments(live, live.sections.values())
            live.small_result = result if len(result := work.result()) <= SMALL_RESULT_BYTES else None
            if live.small_result is None:
                await self.blobs.put(live.result_key, result)
        except Exception as failure:  # noqa: BLE001 - the border of a run: whatever it is ends here
            return self._fail(live, failure)
        live.change(status=RunStatus.COMPLETED)
        return "run.completed", encode_members(summary(live.run, live.result_url, work.result()))

    async def _keep_attachments(self, live: LiveRun, sections: Iterable[EncodedSection]) -> None:
        for section in sections:
            for name in section.attachments:
                if name not in live.attached:
                    await self.blobs.keep(f"{live.attachments_key}/{name}", Path(live.attach_to, name))
                    live.attached.add(name)

    @staticmethod
    def _stop(live: LiveRun) -> tuple[str, bytes]:
        live.change(status=live.stopped_as)
        if live.stopped_as is not RunStatus.INTERRUPTED:
            return "run.cancelled", b""
        problem = Interrupted("The server stopped before the run had finished.").problem()
        live.change(error=problem)
        return "run.interrupted", encode_members({"error": problem})

    @staticmethod
    def _fail(live: LiveRun, failure: BaseException) -> tuple[str, bytes]:
        problem, live.small_result = problem_of(live.id, failure), None
        try:
            members = encode_members({"error": problem})
        except (ValueError, TypeError):  # a plug-in may have put anything into its error
            problem = AnalyzerError(str(problem.get("detail"))).problem()
            members = encode_members({"error": problem})
        live.change(status=RunStatus.FAILED, error=problem)
        return "run.failed", members

    async def _compute(self, live: LiveRun, turn: Turn) -> bytes:
        parts = live.parts
        live.change(progress=Progress(done=len(live.sections), total=len(parts)))
        live.section_bytes = sum(section.size_bytes for section in live.sections.values())
        waiting = [(number, part) for number, part in enumerate(parts) if number not in live.sections][::-1]
        if len(parts) == len(waiting) == 1 and not parts[0].shared:
            return await self._compute_whole(live, turn, parts[0])
        try:
            async with asyncio.TaskGroup() as group:
                # As many at once as there are slots; the scheduler gives each of them its slot.
                for _ in range(min(len(waiting), self.executor.counts().total)):
                    group.create_task(self._take_parts(live, turn, waiting))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        sections = tuple(live.sections[number] for number in range(len(parts)))
        async with turn.part():
            return await self._merge(live, sections)

    async def _compute_whole(self, live: LiveRun, turn: Turn, part: Part) -> bytes:
        """The only part and its merge in one message: half the way of a run that is nothing but way."""
        await turn.hold()
        work = ComputeWhole(await self._work_on(live, turn, part), self._merging(live, ()))
        async with turn.part():
            whole: Whole = await insist(self.executor, work, live.allowance)
        self._keep(live, 0, whole.section)
        await self._publish(live, whole.section)
        return whole.result

    async def _run_whole(self, live: LiveRun) -> bytes:
        """A run that is not divided: code in the jail, or what is done in the loop."""
        live.change(progress=Progress(done=0, total=len(live.parts)))

        async def hear(kind: str, members: dict[str, Any]) -> None:
            if kind == "run.progress":
                live.change(progress=Progress(done=members["done"], total=members["total"]))
            await live.broadcaster.publish(kind, members)

        if live.place is Place.LOOP:
            result = await self.loop_side(live, hear)
        else:
            result = await self.foreign.run(live.run.params, live.tables, live.principal, hear)
        live.change(progress=Progress(done=len(live.parts), total=len(live.parts)))
        return result

    async def _take_parts(self, live: LiveRun, turn: Turn, waiting: list[tuple[int, Part]]) -> None:
        while waiting:
            number, part = waiting.pop()
            await turn.hold()
            section = await self._section(live, turn, part)
            self._keep(live, number, section)
            await self._publish(live, section)

    def _keep(self, live: LiveRun, number: int, section: EncodedSection) -> None:
        """Raises ResultTooLarge when together they are more than the server should hold."""
        live.sections[number] = section
        live.section_bytes += section.size_bytes
        limit = SECTIONS_SHARE * self.max_result_bytes
        if live.section_bytes > limit:
            raise ResultTooLarge(
                f"After {len(live.sections)} of {len(live.parts)} parts the run has found {live.section_bytes:,} "
                f"bytes; {limit:,} are kept at most. Ask for fewer columns; the operator can allow more with "
                "ANALYZER_MAX_RESULT_BYTES.",
                limit=limit,
            )

    async def _section(self, live: LiveRun, turn: Turn, part: Part) -> EncodedSection:
        if not part.shared:
            return await self._compute_part(live, turn, part)
        key = (live.tables["df"], part.shared, part.columns)  # a stored table's path names its content
        return replace(await self.shared.get(key, partial(self._compute_part, live, turn, part)), name=part.name)

    async def _compute_part(self, live: LiveRun, turn: Turn, part: Part) -> EncodedSection:
        work = await self._work_on(live, turn, part)
        async with turn.shared_part() if part.shared else turn.part():
            section: EncodedSection = await insist(self.executor, work, live.allowance)
        return section

    async def _work_on(self, live: LiveRun, turn: Turn, part: Part) -> ComputePart:
        given = tuple([await self._section(live, turn, need) for need in part.needs])
        alone = replace(part, needs=(), cost=None)
        return ComputePart(
            *(live.run.task_id, live.run.params, live.tables, alone, given, live.attach_to),
            max_bytes=self.max_result_bytes,
        )

    async def _publish(self, live: LiveRun, section: EncodedSection) -> None:
        say = live.broadcaster.publish
        await say("result.section", {"section": section.name}, data=section.data)
        for chart in section.charts:
            await say("chart", {"name": chart.name, "title": chart.title}, spec=chart.spec)
        progress = Progress(done=len(live.sections), total=live.run.progress.total)
        live.change(progress=progress)
        await say("run.progress", {"done": progress.done, "total": progress.total, "message": section.name})

    async def _merge(self, live: LiveRun, sections: Sequence[EncodedSection]) -> bytes:
        work = self._merging(live, tuple(sections))
        result: bytes = await insist(self.executor, work, live.allowance)
        return result

    def _merging(self, live: LiveRun, sections: tuple[EncodedSection, ...]) -> MergeSections:
        task_id, params = live.run.task_id, live.run.params
        return MergeSections(task_id, params, live.shapes, sections, max_bytes=self.max_result_bytes)
