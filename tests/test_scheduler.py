"""Who runs next."""

import asyncio

import pytest

from analyzer.errors import Busy
from analyzer.scheduler import Scheduler


async def _take(scheduler: Scheduler, run: str, order: list[str], leave: asyncio.Event) -> None:
    async with scheduler.turn(run):
        order.append(run)
        await leave.wait()


async def test_first_come_first_served_and_no_more_than_there_is_room_for() -> None:
    scheduler = Scheduler(max_concurrent=2, max_queued=2)
    order: list[str] = []
    leave = {run: asyncio.Event() for run in "abcd"}
    positions = {}
    takers = {}
    for run in "abcd":
        positions[run] = scheduler.admit(run)
        takers[run] = asyncio.create_task(_take(scheduler, run, order, leave[run]))
        await asyncio.sleep(0)
    assert positions == {"a": 0, "b": 0, "c": 1, "d": 2}
    assert (scheduler.active, scheduler.queued) == (2, 2)
    with pytest.raises(Busy) as refused:
        scheduler.admit("e")
    assert refused.value.retry_after == 1
    takers["c"].cancel()
    await asyncio.wait([takers["c"]])
    assert scheduler.position("d") == 1
    leave["b"].set()
    await takers["b"]
    await asyncio.sleep(0)
    assert order == ["a", "b", "d"]
    assert (scheduler.active, scheduler.queued) == (2, 0)
    for run in "ad":
        leave[run].set()
        await takers[run]
    assert (scheduler.active, scheduler.queued) == (0, 0)


async def test_who_does_not_take_the_turn_is_forgotten() -> None:
    scheduler = Scheduler(max_concurrent=1, max_queued=0)
    scheduler.admit("a")
    scheduler.forget("a")
    scheduler.forget("a")
    assert scheduler.admit("b") == 0
