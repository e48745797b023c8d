"""The entries of a run's log, encoded once: each is the frame that goes over the wire."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from analyzer.models import Event, stamp


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


Form = Callable[[Sequence[Entry]], bytes]
"""How entries go over some wire."""


def strict_json(value: Any) -> bytes:
    """JSON, ten times faster than by `json`. Raises ValueError and TypeError, for a NaN as well."""
    text = to_json(value, inf_nan_mode="constants")
    if b"NaN" in text or b"Infinity" in text:  # as a number, or in some text
        json.dumps(value, allow_nan=False)
    return text


def encode_members(members: dict[str, Any], **encoded: bytes) -> bytes:
    """The members an event has of its own; `encoded` ones are JSON already."""
    parts = [strict_json(members)[1:-1]] if members else []
    parts += [b'"%s":%s' % (name.encode(), value) for name, value in encoded.items()]
    return b"".join(b"," + part for part in parts)


def encode_entry(run_id: str, epoch: str, kind: str, number: int, members: bytes) -> Entry:
    """The event of this number in the run's log, said now."""
    envelope = b'{"type":"%s","sequence_number":%d,"task_execution_id":"%s","at":"%s"' % (
        kind.encode(),
        number,
        run_id.encode(),
        stamp().encode(),
    )
    frame = b"id: %s:%d\nevent: %s\ndata: %s%s}\n\n" % (epoch.encode(), number, kind.encode(), envelope, members)
    return Entry(kind, frame)


def encode_state(entries: Sequence[Entry]) -> bytes:
    """What a snapshot tells in place of these events."""
    last = {entry.type: entry for entry in entries}
    progress = last["run.progress"].members if "run.progress" in last else b""
    return encode_members(
        {"status": "running" if "run.started" in last else "queued"},
        progress=b"{%s}" % progress[1:],
        sections=_gather(entries, "result.section"),
        charts=_gather(entries, "chart"),
    )


def _gather(entries: Sequence[Entry], kind: str) -> bytes:
    return b"[%s]" % b",".join(b"{%s}" % entry.members[1:] for entry in entries if entry.type == kind)
