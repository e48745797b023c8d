"""A run that has not ended: what it works on, and where it stands."""

import asyncio
import sys
from dataclasses import dataclass, field, replace
from typing import Any

from analyzer.aside import plan_of
from analyzer.broadcast import Broadcaster, EventLog
from analyzer.entries import encode_members
from analyzer.executors.base import Allowance, EncodedSection
from analyzer.models import OwnedRun, Run, RunStatus, TableSchema
from analyzer.registry import Part, Place


@dataclass
class LiveRun:
    """A run that has not ended: what it works on, and where it stands."""

    taken_in: OwnedRun
    parts: tuple[Part, ...]
    tables: dict[str, str]  # name in the run → path of its Arrow file
    shapes: dict[str, TableSchema]
    in_use: tuple[str, ...]  # what must be kept as long as it lives
    result_key: str
    attachments_key: str
    result_url: str
    version: int = 1  # of the analysis
    place: Place = Place.SLOT
    key: str | None = None  # what it has in common with the runs it may share a computation with
    is_noted: bool = False  # as begun, in the state
    is_seen: bool = True  # it is a run that somebody knows, and not what several of them share
    run: Run = field(init=False)
    broadcaster: Broadcaster = field(init=False)
    work: asyncio.Task[bytes] | None = None
    small_result: bytes | None = None
    stopped_as: RunStatus = RunStatus.CANCELLED  # what a cancellation of the work means; QUEUED: it is laid aside
    sections: dict[int, EncodedSection] = field(default_factory=dict)
    attach_to: str = ""  # a draft: the folder for what its parts attach
    attached: set[str] = field(default_factory=set)  # what of that is kept under its key already
    section_bytes: int = 0
    allowance: Allowance = field(init=False)  # from when it begins

    def __post_init__(self) -> None:
        self.run = self.taken_in.run
        self.broadcaster = Broadcaster(EventLog(self.id, self.taken_in.epoch))

    def unseen(self) -> "LiveRun":
        """What this run would do, as a computation that nobody sees."""
        made = replace(self, taken_in=self.owned, is_seen=False, work=None, sections={})
        # Who joins late must hear all of it, not a snapshot; it is as large as the result may be.
        made.broadcaster = Broadcaster(EventLog(self.id, self.taken_in.epoch, max_bytes=sys.maxsize))
        return made

    @property
    def plan(self) -> str:
        """What must be the same when it goes on after it was laid aside."""
        return plan_of(self.version, self.parts)

    def go_on_with(self, said: bytes, sections: dict[int, EncodedSection]) -> None:
        """What was kept when the run was laid aside is done and said already."""
        self.broadcaster = Broadcaster(EventLog.laid_aside(self.id, self.taken_in.epoch, said))
        self.sections = sections
        self.attached = {name for section in sections.values() for name in section.attachments}

    @property
    def id(self) -> str:
        return self.run.task_execution_id

    @property
    def principal(self) -> str:
        return self.taken_in.principal

    @property
    def owned(self) -> OwnedRun:
        """The run as it is now, as it is to be remembered."""
        return self.taken_in.model_copy(update={"run": self.run})

    def say(self, kind: str, **members: Any) -> None:
        """Put an event into the log before the broadcaster is at work."""
        events = self.broadcaster.log
        events.append(events.next_entry(kind, encode_members(members)))

    def stop(self, status: RunStatus) -> None:
        """End the work; the run then ends as cancelled or interrupted, or is laid aside to be queued again later.

        What has ended already stays as it is.
        """
        if self.work is not None and not self.work.done():
            self.stopped_as = status
            self.work.cancel()

    def change(self, **changes: Any) -> None:
        self.run = self.run.model_copy(update=changes)
