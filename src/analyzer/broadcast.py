"""What a run says, and everybody who listens.

What a run has to say goes into one `asyncio.Queue`. The Broadcaster takes it out, numbers it, encodes the frame once,
appends it to the run's log and tells those who watch. A subscriber is a cursor into that log and owns nothing else:
replay and live are the same code, and a slow one costs no memory. What waits for it goes out together.
"""

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from analyzer.entries import Entry, Form, encode_entry, encode_members, encode_state
from analyzer.models import FINAL_EVENTS

INBOX_EVENTS = 256  # what a run may say before it has to wait until it was numbered
WRITE_BYTES = 256 * 1024  # at most, in one write to a subscriber; what waits goes out together
MAX_LOG_BYTES = 16 * 1024 * 1024  # of frames kept to be sent again
TOLD_AT_ONCE = 256  # watchers, before the loop may do something else: well below a millisecond's work


class EventLog:
    """The events of one run in order, numbered 1, 2, 3 … within an epoch. It ends with a final event.

    It keeps the newest events, of `max_bytes` of frames, to be sent again. Of those before, it keeps what a snapshot
    tells: sections and charts, which are as large as a run's result may be, and how far the run had come.
    """

    def __init__(self, run_id: str, epoch: str, max_bytes: int = MAX_LOG_BYTES) -> None:
        self.run_id = run_id
        self.epoch = epoch
        self._max_bytes = max_bytes
        self._before: list[Entry] = []  # what a snapshot tells of the events that cannot be sent again
        self._kept: list[Entry] = []  # those that can, without a gap,
        self._first = 1  # the number of the first of them,
        self._ends: list[int] = []  # and of each, how many bytes there were with it
        self._watchers: dict[Callable[[], None], None] = {}
        self._telling = False
        self._news = False  # since the first watcher was told
        self.hung_up = False
        """Who is not patient shall leave."""
        self.over = False
        """Nothing will be added any more, with a final event or without."""
        self._snapshot: tuple[int, Entry] | None = None
        self._joined: dict[Form, tuple[int, bytes, int]] = {}
        self._count = 0

    @classmethod
    def stored(cls, run_id: str, epoch: str, frames: bytes) -> "EventLog":
        """The log that `frames` was the stored form of. Nothing is added to it any more."""
        log = cls.laid_aside(run_id, epoch, frames)
        log.close()
        return log

    @classmethod
    def laid_aside(cls, run_id: str, epoch: str, frames: bytes) -> "EventLog":
        """The log that `frames` was the stored form of, to go on with."""
        log = cls(run_id, epoch)
        for block in frames.split(b"\n\n")[:-1]:
            kind = block[block.index(b"\nevent: ") + 8 : block.index(b"\ndata: ")].decode()
            number = int(block[block.index(b":", 4) + 1 : block.index(b"\n")])
            if number != len(log) + 1:  # what stands before a gap is there for snapshots alone
                log._forget(len(log._kept))
                log._first, log._count = number, number - 1
            log._keep(Entry(kind, block + b"\n\n"))
        return log

    def __len__(self) -> int:
        """How many events there were, kept or not."""
        return self._count

    @property
    def first(self) -> int:
        """The number of the oldest event that can be sent again."""
        return self._first

    @property
    def ended(self) -> bool:
        return bool(self._kept) and self._kept[-1].type in FINAL_EVENTS

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Those kept, and what is kept of those before."""
        return (*self._before, *self._kept)

    @property
    def frames(self) -> bytes:
        """The stored form."""
        return b"".join([entry.frame for entry in self.entries])

    @property
    def sections(self) -> set[str]:
        """The names of the sections it tells of."""
        return {entry.event.data["section"] for entry in self.entries if entry.type == "result.section"}

    def next_entry(self, kind: str, members: bytes) -> Entry:
        """The entry that would come next, encoded and not yet appended."""
        return encode_entry(self.run_id, self.epoch, kind, len(self) + 1, members)

    def append(self, entry: Entry) -> None:
        self._keep(entry)
        while self._ends[-1] - self._ends[0] > self._max_bytes:
            # A quarter at a time, so that what stays is not moved for every event.
            spared = self._ends[-1] - self._max_bytes * 3 // 4
            self._forget(bisect_left(self._ends, spared, hi=len(self._ends) - 1))
        self._wake()

    def _keep(self, entry: Entry) -> None:
        self._kept.append(entry)
        self._count += 1
        self.over = self.over or entry.type in FINAL_EVENTS
        self._ends.append((self._ends[-1] if self._ends else 0) + len(entry.frame))

    def _forget(self, count: int) -> None:
        """Keep of the first so many kept events only what a snapshot tells."""
        said = [*self._before, *self._kept[:count]]
        progress = [entry for entry in said if entry.type == "run.progress"][-1:]
        self._before = [entry for entry in said if entry.type in ("run.started", "result.section", "chart")] + progress
        self._first += count
        del self._kept[:count]
        del self._ends[:count]

    # --- reading ------------------------------------------------------------------------------------------------------

    def position(self, last_event_id: str | None) -> int | None:
        """How many events a client with this last event id has seen; None when it cannot go on from there."""
        if last_event_id is None:
            number = 0
        else:
            epoch, _, digits = last_event_id.partition(":")
            if epoch != self.epoch or not (digits.isascii() and digits.isdigit() and len(digits) < 10):
                return None
            number = int(digits)
        return number if self._first - 1 <= number <= len(self) else None

    def entry(self, number: int) -> Entry | None:
        """The kept event of this number; None when there is none yet."""
        return self._kept[number - self._first] if number <= len(self) else None

    def bytes_after(self, seen: int) -> int:
        """How many bytes of frames came after the first so many events."""
        index = max(seen - self._first, -1)
        if not self._ends:
            return 0
        before = self._ends[index] if index >= 0 else self._ends[0] - len(self._kept[0].frame)
        return self._ends[-1] - before

    def joined(self, seen: int, form: Form) -> tuple[bytes, int] | None:
        """All that came after the first so many events, in this form, and how many there are with it.

        Made once for everybody who asks next. None where it is too much for one write, or cannot be had any more.
        """
        known = self._joined.get(form)
        if known is not None and known[0] == seen and known[2] == self._count:
            return known[1:]
        if seen + 1 < self._first or self.bytes_after(seen) > WRITE_BYTES:
            return None
        content = form(self._kept[seen + 1 - self._first :]) if seen < self._count else b""
        self._joined[form] = seen, content, self._count
        return content, self._count

    def snapshot(self) -> tuple[Entry, int]:
        """One event in place of all so far but a final one, and how many events it replaces."""
        covered = [*self._before, *(self._kept[:-1] if self.ended else self._kept)]
        number = len(self) - self.ended
        if self._snapshot is None or self._snapshot[0] != number:
            self._snapshot = (
                number,
                encode_entry(self.run_id, self.epoch, "run.snapshot", number, encode_state(covered)),
            )
        return self._snapshot[1], number

    # --- following ----------------------------------------------------------------------------------------------------

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call this soon after anything has changed, once for all that changed meanwhile."""
        self._watchers[watcher] = None

    def unwatch(self, watcher: Callable[[], None]) -> None:
        self._watchers.pop(watcher, None)

    @property
    def watching(self) -> int:
        """How many follow this log."""
        return len(self._watchers)

    def _wake(self) -> None:
        self._news = True
        if self._watchers and not self._telling:
            self._telling = True
            asyncio.get_running_loop().call_soon(self._tell, [])

    def _tell(self, waiting: list[Callable[[], None]]) -> None:
        """Tell some watchers, then let the loop do something else, then the next: there may be thousands."""
        if not waiting:
            self._news, waiting = False, list(self._watchers)
        for watcher in waiting[:TOLD_AT_ONCE]:
            watcher()
        waiting = waiting[TOLD_AT_ONCE:]
        self._telling = bool(waiting) or self._news
        if self._telling:
            asyncio.get_running_loop().call_soon(self._tell, waiting)

    def close(self) -> None:
        """Nothing will be added any more, with a final event or without: nobody need wait."""
        self.over = True
        self._wake()

    def hang_up(self) -> None:
        """Let everybody go who follows and is not patient."""
        self.hung_up = True
        self._wake()

    async def follow(self, last_event_id: str | None, *, patient: bool) -> AsyncIterator[Sequence[Entry]]:
        """What comes after the event of this id, as much at a time as there is, to the final event.

        When it cannot be told what was seen, a snapshot comes first. Who is patient stays to the end; the others
        leave without it when the log hangs up.
        """
        cursor = Cursor(self, last_event_id)
        changed = asyncio.Event()
        self.watch(changed.set)
        try:
            while True:
                changed.clear()
                while waiting := list(iter(cursor.advance, None)):
                    yield waiting
                if self.over or (self.hung_up and not patient):
                    return
                await changed.wait()
        finally:
            self.unwatch(changed.set)


class Cursor:
    """Where somebody stands in a log. It owns nothing, so a slow one costs nothing."""

    def __init__(self, log: EventLog, last_event_id: str | None) -> None:
        self._log = log
        self.seen = log.position(last_event_id)
        """How many events were seen; None before the snapshot, when that cannot be told."""

    @property
    def id(self) -> str | None:
        """What to come back with."""
        return None if self.seen is None else f"{self._log.epoch}:{self.seen}"

    def advance(self) -> Entry | None:
        """The next event, passed with this; a snapshot, where it cannot be had any more; None when nothing waits."""
        log = self._log
        if self.seen is None or self.seen + 1 < log.first:
            snapshot, self.seen = log.snapshot()
            return snapshot
        entry = log.entry(self.seen + 1)
        if entry is not None:
            self.seen += 1
        return entry


class Broadcaster:
    """One run's queue and the log it fills. `pump` runs in a task that whoever constructs this owns."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self._inbox: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(maxsize=INBOX_EVENTS)

    async def publish(self, kind: str, members: dict[str, Any] | None = None, **encoded: bytes) -> None:
        """Say something that is not the end."""
        await self._inbox.put((kind, encode_members(members or {}, **encoded)))

    async def settle(self) -> None:
        """Returns when all that was published stands in the log."""
        await self._inbox.join()

    async def pump(self) -> None:
        while True:
            kind, members = await self._inbox.get()
            self.log.append(self.log.next_entry(kind, members))
            self._inbox.task_done()
