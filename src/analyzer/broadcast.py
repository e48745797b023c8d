"""What a run says, and everybody who listens.

What a run has to say goes into one `asyncio.Queue`. The Broadcaster takes it out, numbers it, encodes the frame once,
appends it to the run's log and wakes the subscribers. A subscriber is a cursor into that log and owns nothing else:
replay and live are the same code, and a slow one costs no memory. What waits for it goes out together.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from analyzer.models import FINAL_EVENTS, Event, now, rfc3339

INBOX_EVENTS = 256  # what a run may say before it has to wait until it was numbered


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a run's log, encoded: the frame as it goes over the wire."""

    type: str
    frame: bytes

    @property
    def json(self) -> bytes:
        """The one line of JSON inside the frame."""
        return self.frame[self.frame.index(b"\ndata: ") + 7 : -2]

    @property
    def event(self) -> Event:
        return Event(id=self.frame[4 : self.frame.index(b"\n")].decode(), type=self.type, data=json.loads(self.json))

    @property
    def members(self) -> bytes:
        """What the JSON says beyond the four members every event has; empty or beginning with a comma."""
        line = self.json
        return line[line.index(b',"at":"') + len(b',"at":"2026-01-31T12:00:00.000Z"') : -1]


def encode_members(members: dict[str, Any], **encoded: bytes) -> bytes:
    """The members an event has of its own; `encoded` ones are JSON already."""
    line = json.dumps(members, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()[1:-1]
    parts = [line] if line else []
    parts += [b'"%s":%s' % (name.encode(), value) for name, value in encoded.items()]
    return b"".join(b"," + part for part in parts)


class EventLog:
    """The events of one run in order, numbered 1, 2, 3 … within an epoch. It ends with a final event."""

    def __init__(self, run_id: str, epoch: str) -> None:
        self.run_id = run_id
        self.epoch = epoch
        self._entries: list[Entry] = []
        self._changed = asyncio.Event()
        self._hung_up = False
        self._closed = False

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
            log._entries.append(Entry(kind, block + b"\n\n"))
        return log

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def ended(self) -> bool:
        return bool(self._entries) and self._entries[-1].type in FINAL_EVENTS

    @property
    def frames(self) -> bytes:
        """The stored form."""
        return b"".join(entry.frame for entry in self._entries)

    @property
    def sections(self) -> set[str]:
        """The names of the sections it tells of."""
        return {entry.event.data["section"] for entry in self._entries if entry.type == "result.section"}

    def next_entry(self, kind: str, members: bytes) -> Entry:
        """The entry that would come next, encoded and not yet appended."""
        return self._encode(kind, len(self._entries) + 1, members)

    def append(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._wake()

    def cursor(self, last_event_id: str | None) -> int | None:
        """How many entries a client with this last event id has seen; None when that cannot be told."""
        if last_event_id is None:
            return 0
        epoch, _, number = last_event_id.partition(":")
        if (
            epoch == self.epoch
            and number.isascii()
            and number.isdigit()
            and len(number) < 10
            and int(number) <= len(self._entries)
        ):
            return int(number)
        return None

    def close(self) -> None:
        """Nothing will be added any more, with a final event or without: nobody need wait."""
        self._closed = True
        self._wake()

    def hang_up(self) -> None:
        """Let everybody go who follows and is not patient."""
        self._hung_up = True
        self._wake()

    async def follow(
        self, last_event_id: str | None, *, patient: bool, beat_seconds: float | None = None
    ) -> AsyncIterator[Sequence[Entry]]:
        """What comes after the event of this id, as much at a time as there is, to the final event.

        When it cannot be told what was seen, a snapshot comes first. Who is patient stays to the end; the others
        leave without it when the log hangs up. When nothing has happened for a beat, an empty batch says so.
        """
        cursor = self.cursor(last_event_id)
        if cursor is None:
            snapshot, cursor = self.snapshot()
            yield [snapshot]
        while True:
            while waiting := self._entries[cursor:]:
                cursor += len(waiting)
                yield waiting
            if self.ended or self._closed or (self._hung_up and not patient):
                return
            try:
                async with asyncio.timeout(beat_seconds):
                    await self._changed.wait()
            except TimeoutError:
                yield []

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def snapshot(self) -> tuple[Entry, int]:
        """One event in place of all so far but a final one, and how many entries it replaces."""
        covered = self._entries[:-1] if self.ended else self._entries
        last = {entry.type: entry for entry in covered}
        status = "running" if "run.started" in last else "queued"
        progress = last["run.progress"].members if "run.progress" in last else b""
        members = encode_members(
            {"status": status},
            progress=b"{%s}" % progress[1:],
            sections=_gather(covered, "result.section"),
            charts=_gather(covered, "chart"),
        )
        return self._encode("run.snapshot", len(covered), members), len(covered)

    def _encode(self, kind: str, number: int, members: bytes) -> Entry:
        envelope = b'{"type":"%s","sequence_number":%d,"task_execution_id":"%s","at":"%s"' % (
            kind.encode(),
            number,
            self.run_id.encode(),
            rfc3339(now()).encode(),
        )
        frame = b"id: %s:%d\nevent: %s\ndata: %s%s}\n\n" % (
            self.epoch.encode(),
            number,
            kind.encode(),
            envelope,
            members,
        )
        return Entry(kind, frame)


def _gather(entries: Sequence[Entry], kind: str) -> bytes:
    return b"[%s]" % b",".join(b"{%s}" % entry.members[1:] for entry in entries if entry.type == kind)


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
