"""The run's queue, its log and those who follow it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.broadcast import Broadcaster, EventLog
from analyzer.entries import Entry, encode_members
from analyzer.eventstream import EventStreamParser

RUN = "0123456789abcdef0123456789abcdef"


async def _collect(batches: AsyncIterator[Sequence[Entry]]) -> list[bytes]:
    return [entry.frame async for batch in batches for entry in batch]


def _append(log: EventLog, kind: str, **members: object) -> None:
    log.append(log.next_entry(kind, encode_members(members)))


def _log_of(count: int) -> EventLog:
    log = EventLog(RUN, "epoch")
    _append(log, "run.queued", position=0)
    _append(log, "run.started")
    for number in range(count):
        _append(log, "result.section", section=f"s{number}", data={"n": number})
        _append(log, "run.progress", done=number + 1, total=count, message="")
    return log


def test_a_frame_is_what_the_wire_promises() -> None:
    log = EventLog(RUN, "epoch")
    _append(log, "output.delta", text="a\r\nb\0c\u2028 data: x")
    (frame,) = EventStreamParser().feed(log.frames)
    data = json.loads(frame.data)
    assert (frame.id, frame.type) == ("epoch:1", "output.delta")
    assert data.pop("at").endswith("Z")
    assert data == {
        "type": "output.delta",
        "sequence_number": 1,
        "task_execution_id": RUN,
        "text": "a\r\nb\0c\u2028 data: x",
    }


def test_a_stored_log_is_the_log() -> None:
    log = _log_of(3)
    _append(log, "run.completed", summary="x\n\ny")
    stored = EventLog.stored(RUN, "epoch", log.frames)
    assert stored.frames == log.frames
    assert stored.ended
    assert len(stored) == len(log)
    assert stored.next_entry("x", b"").frame.startswith(b"id: epoch:%d\n" % (len(log) + 1))


async def test_the_broadcaster_numbers_what_it_is_told_in_order() -> None:
    broadcaster = Broadcaster(EventLog(RUN, "epoch"))
    pump = asyncio.create_task(broadcaster.pump())
    for number in range(600):  # more than the queue holds
        await broadcaster.publish("output.delta", {"n": number}, data=b"[1]")
    await broadcaster.settle()
    pump.cancel()
    frames = list(EventStreamParser().feed(broadcaster.log.frames))
    assert [frame.id for frame in frames] == [f"epoch:{number}" for number in range(1, 601)]
    assert [json.loads(frame.data)["n"] for frame in frames] == list(range(600))


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.sampled_from(["say", "join", "pause"]), max_size=40), seen=st.integers(0, 6))
def test_whoever_joins_whenever_sees_the_same(steps: list[str], seen: int) -> None:
    async def play() -> tuple[list[bytes], list[list[bytes]], list[bytes]]:
        log = EventLog(RUN, "epoch")
        watchers = []
        for step in steps:
            if step == "say":
                _append(log, "output.delta", text="x")
            elif step == "join":
                watchers.append(asyncio.create_task(_collect(log.follow(None, patient=True))))
            else:
                await asyncio.sleep(0)
        _append(log, "run.completed")
        late = await _collect(log.follow(None, patient=True))
        resumed = await _collect(log.follow(f"epoch:{min(seen, len(log))}", patient=True))
        return late, [await watcher for watcher in watchers], resumed

    late, all_seen, resumed = asyncio.run(play())
    assert late[-1].startswith(b"id: epoch:%d\nevent: run.completed" % len(late))
    assert all(frames == late for frames in all_seen)
    assert resumed == late[min(seen, len(late)) :]


@pytest.mark.parametrize("id_", ["other:1", "epoch:99", "epoch:-1", "epoch:x", "nonsense", "epoch:" + "9" * 5000])
async def test_who_cannot_be_resumed_gets_a_snapshot_first(id_: str) -> None:
    log = _log_of(2)
    _append(log, "chart", name="c", title="t", spec={"mark": "bar"})
    _append(log, "run.completed", summary={})
    snapshot, final = [entry.event async for batch in log.follow(id_, patient=True) for entry in batch]
    assert snapshot.type == "run.snapshot"
    assert snapshot.id == f"epoch:{len(log) - 1}"
    assert snapshot.data["status"] == "running"
    assert snapshot.data["progress"] == {"done": 2, "total": 2, "message": ""}
    assert [section["section"] for section in snapshot.data["sections"]] == ["s0", "s1"]
    assert [section["data"] for section in snapshot.data["sections"]] == [{"n": 0}, {"n": 1}]
    assert snapshot.data["charts"] == [{"name": "c", "title": "t", "spec": {"mark": "bar"}}]
    assert final.type == "run.completed"


async def test_a_log_that_hangs_up_keeps_the_patient() -> None:
    log = _log_of(1)
    hasty = asyncio.create_task(_collect(log.follow(None, patient=False)))
    patient = asyncio.create_task(_collect(log.follow(None, patient=True)))
    await asyncio.sleep(0)
    log.hang_up()
    assert len(await hasty) == 4
    _append(log, "run.interrupted")
    assert len(await patient) == 5
