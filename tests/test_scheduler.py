"""Who runs next, and whose part comes next."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import cycle

import pytest

from analyzer.errors import Busy
from analyzer.scheduler import Scheduler
from analyzer.tickets import Limits
from tests.waiting import until

PART_SECONDS = 5.0


class Stage:
    """Runs of so many parts, each of which ends when the test says so."""

    def __init__(self, places: int = 2, queued: int = 100, slots: int = 1, **more: int) -> None:
        self.scheduler = Scheduler(Limits(places, queued, slots, **more))
        self.begun: list[str] = []  # parts, in the order in which they got a slot
        self.in_flight: dict[str, asyncio.Event] = {}
        self.runs: dict[str, asyncio.Task[None]] = {}
        self.started: list[str] = []
        self.most_active = 0
        self.at_once = slots  # parts of one run

    def start(self, run: str, parts: int = 1, *, priority: int = 0, guess_seconds: float = 1.0) -> int:
        """The name of the run tells its principal: what stands before the number. Tells the run's position."""
        outlook = self.scheduler.admit(
            run, run.rstrip("0123456789"), parts=parts, priority=priority, guess_seconds=guess_seconds
        )
        self.runs[run] = asyncio.create_task(self._work(run, parts))
        self.runs[run].add_done_callback(lambda _: self.scheduler.forget(run))  # one that never began, too
        return outlook.position

    async def _work(self, run: str, parts: int) -> None:
        numbers = iter(range(parts))

        async def take_parts() -> None:
            for number in numbers:
                async with turn.part():
                    name = f"{run}.{number}"
                    self.begun.append(name)
                    self.in_flight[name] = asyncio.Event()
                    self.most_active = max(self.most_active, self.scheduler.active)
                    try:
                        await self.in_flight[name].wait()
                    finally:
                        del self.in_flight[name]

        async with self.scheduler.turn(run) as turn, asyncio.TaskGroup() as group:
            self.started.append(run)
            for _ in range(self.at_once):
                group.create_task(take_parts())

    async def end(self, *parts: str) -> None:
        """End these parts, or else the one that has been in flight the longest, and see what that leads to."""
        for part in parts or list(self.in_flight)[:1]:
            self.in_flight[part].set()
        await self.calm()

    async def calm(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    async def to_the_end(self) -> None:
        while self.in_flight:
            await self.end()


@asynccontextmanager
async def _stage(places: int = 2, queued: int = 100, slots: int = 1, **more: int) -> AsyncIterator[Stage]:
    stage = Stage(places, queued, slots, **more)
    try:
        yield stage
        assert (stage.scheduler.active, stage.scheduler.queued) == (0, 0)
        assert stage.most_active <= places
        assert not stage.scheduler.standings()
    finally:
        for run in stage.runs.values():
            run.cancel()


async def test_one_principal_is_served_in_order_and_not_beyond_the_limits() -> None:
    async with _stage(places=2, queued=2, slots=2) as stage:
        positions = [stage.start(run) for run in ("a1", "a2", "a3", "a4")]
        await stage.calm()
        assert positions == [0, 0, 1, 2]
        assert (stage.scheduler.active, stage.scheduler.queued) == (2, 2)
        with pytest.raises(Busy) as refused:
            stage.start("a5")
        assert refused.value.more["limit"] == 4
        assert refused.value.retry_after == 1
        stage.runs["a3"].cancel()
        await stage.calm()
        assert stage.scheduler.outlook("a4").position == 1
        await stage.to_the_end()
        assert stage.begun == ["a1.0", "a2.0", "a4.0"]


async def test_who_does_not_take_the_turn_is_forgotten() -> None:
    scheduler = Scheduler(Limits(places=1, queued=0, slots=1))
    scheduler.admit("a")
    scheduler.forget("a")
    scheduler.forget("a")
    assert scheduler.admit("b").position == 0


@pytest.mark.parametrize("slots", [1, 2, 4])
@pytest.mark.parametrize("parts", [1, 50])
async def test_five_hundred_runs_delay_another_ones_by_a_part_for_each_slot(slots: int, parts: int) -> None:
    """The promise of the house: counted from when B's run is taken in, in parts that begin before B's first."""
    stage = Stage(places=10, queued=600, slots=slots)
    for number in range(500):
        stage.start(f"a{number}", parts)
    await stage.calm()
    for _ in range(7):
        await stage.end()
    before = len(stage.begun)
    assert stage.start("b", parts=3) == 0
    while "b.0" not in stage.begun:
        await stage.end()
    assert stage.begun.index("b.0") - before <= slots
    assert stage.scheduler.active <= 10
    # And so it goes on: while both want slots, they get as many.
    await stage.end("b.0")
    while "b.2" not in stage.begun:
        await stage.end()
    assert stage.begun.index("b.2") - stage.begun.index("b.0") <= 2 * (slots + 1)
    for run in stage.runs.values():
        run.cancel()


async def test_a_run_pauses_between_its_parts_and_goes_on_where_it_was() -> None:
    async with _stage(places=1) as stage:
        stage.start("a", parts=3)
        await stage.calm()
        assert stage.start("b", parts=2) == 0
        assert stage.begun == ["a.0"]
        await stage.to_the_end()
        assert stage.begun == ["a.0", "b.0", "a.1", "a.2", "b.1"] or stage.begun == ["a.0", "b.0", "a.1", "b.1", "a.2"]
        assert stage.most_active == 1


async def test_a_run_with_parts_in_flight_begins_no_other_until_it_has_paused() -> None:
    async with _stage(places=1, slots=2) as stage:
        stage.start("a", parts=4)
        await stage.calm()
        stage.start("b")
        await stage.end("a.0")
        assert list(stage.in_flight) == ["a.1"], "one slot is free, and the place is not"
        await stage.end("a.1")
        assert list(stage.in_flight) == ["b.0"]
        await stage.to_the_end()
        assert stage.begun == ["a.0", "a.1", "b.0", "a.2", "a.3"]


async def test_nobody_has_more_than_a_fair_share_while_others_wait() -> None:
    async with _stage(places=6, slots=3) as stage:
        for number in range(10):
            stage.start(f"a{number}", parts=4)
        await stage.calm()
        for principal in "bc":
            for number in range(4):
                stage.start(f"{principal}{number}", parts=4)
        for _ in range(6):
            await stage.end()
        held = {name: standing.active for name, standing in stage.scheduler.standings().items()}
        assert held == {"a": 2, "b": 2, "c": 2}
        await stage.to_the_end()


async def test_more_principals_than_places_take_turns() -> None:
    async with _stage(places=2, slots=2) as stage:
        for principal in "abcde":
            stage.start(principal, parts=5)
        await stage.calm()
        for _ in range(10):
            await stage.end()
        assert {part[0] for part in stage.begun[:10]} == set("abcde")
        await stage.to_the_end()
        assert sorted(stage.begun) == [f"{principal}.{number}" for principal in "abcde" for number in range(5)]


async def test_parts_of_one_principals_runs_alternate() -> None:
    async with _stage(places=3) as stage:
        for run in ("a1", "a2", "a3"):
            stage.start(run, parts=2)
        await stage.calm()
        await stage.to_the_end()
        assert stage.begun == ["a1.0", "a2.0", "a3.0", "a1.1", "a2.1", "a3.1"]


async def test_priority_orders_ones_own_runs_and_nobody_elses() -> None:
    async with _stage(places=1) as stage:
        stage.start("a1")
        stage.start("a2", priority=-1)
        stage.start("a3")
        assert stage.start("a4", priority=10) == 1
        await stage.calm()
        stage.start("b1", priority=-10)
        await stage.to_the_end()
        assert [part for part in stage.begun if part[0] == "a"] == ["a1.0", "a4.0", "a3.0", "a2.0"]
        assert stage.begun.index("b1.0") <= 2


async def test_a_principals_own_limits() -> None:
    async with _stage(places=4, slots=4, places_each=1, queued_each=1) as stage:
        assert [stage.start("a1"), stage.start("a2")] == [0, 1]
        with pytest.raises(Busy) as refused:
            stage.start("a3")
        assert refused.value.more["limit"] == 1
        assert stage.start("b1") == 0
        await stage.calm()
        assert set(stage.in_flight) == {"a1.0", "b1.0"}
        await stage.to_the_end()


async def test_whoever_gives_up_leaves_nothing_taken() -> None:
    """Cancelled at every moment: while queued, called, asking for a slot, with a slot, paused."""
    for moment in range(12):
        async with _stage(places=1) as stage:
            stage.start("a", parts=3)
            for _ in range(moment):
                await asyncio.sleep(0)
            stage.start("b", parts=2)
            for _ in range(moment):
                await asyncio.sleep(0)
            if moment % 3 == 2 and stage.in_flight:
                await stage.end()
            stage.runs["a" if moment % 2 else "b"].cancel()
            await stage.calm()
            await stage.to_the_end()
            await asyncio.wait(stage.runs.values())


async def test_files_that_are_read_share_the_slots_fairly() -> None:
    async with _stage(places=2) as stage:
        reading = asyncio.Event()

        async def read(name: str) -> None:
            async with stage.scheduler.slot("a"):
                stage.begun.append(name)
                await reading.wait()

        files = [asyncio.create_task(read(f"file {number}")) for number in range(20)]
        await stage.calm()
        stage.start("b")
        await stage.calm()
        reading.set()
        await until(lambda: "b.0" in stage.begun)
        assert stage.begun.index("b.0") == 1
        await stage.to_the_end()
        await asyncio.wait(files)


async def test_the_time_of_a_pause_is_not_the_runs() -> None:
    scheduler = Scheduler(Limits(places=1, queued=9, slots=1))
    clock = _fake_clock(scheduler)
    scheduler.admit("a", "a", parts=2)

    async def run() -> None:
        async with scheduler.turn("a") as turn, turn.within(10) as wall:
            async with turn.part():
                scheduler.admit("b", "b")
            assert wall.when() is None
            clock.seconds += 1000
            scheduler.forget("b")
            async with turn.part():
                assert wall.when() == pytest.approx(clock.seconds + 10, abs=9)  # two clocks, a thousand seconds

    await run()


class _Clock:
    seconds = 0.0


def _fake_clock(scheduler: Scheduler) -> _Clock:
    clock = _Clock()
    clock.seconds = asyncio.get_running_loop().time()
    scheduler._clock = lambda: clock.seconds
    return clock


@pytest.mark.parametrize(
    ("parts", "slots", "places"), [(1, 2, 10), (1, 1, 1), (4, 2, 3), (20, 2, 10), (3, 4, 2)], ids=str
)
async def test_what_is_foretold_comes_true(parts: int, slots: int, places: int) -> None:
    """Runs that take as long as those before them, by a clock of the test: the wait is foretold within a factor of
    two, at every position, and so is when a full queue has room again."""
    stage = Stage(places=places, queued=60, slots=slots)
    clock = _fake_clock(stage.scheduler)
    ends: dict[str, float] = {}
    foretold: dict[str, tuple[float, float]] = {}
    waits: dict[str, float] = {}
    pace = cycle((0.8, 1.1, 0.9, 1.2, 1.0))  # of one part after the other, so that not all end at one moment

    def begin(run: str) -> None:
        stage.start(run, parts)
        foretold[run] = clock.seconds, stage.scheduler.outlook(run).seconds

    async def play(until_done: Callable[[], bool]) -> None:
        while not until_done():
            await stage.calm()
            for part in stage.in_flight:
                ends.setdefault(part, clock.seconds + PART_SECONDS * next(pace))
            for run in stage.started:
                waits.setdefault(run, clock.seconds - foretold[run][0])
            first = min(stage.in_flight, key=lambda part: ends[part])
            clock.seconds = ends[first]
            await stage.end(first)

    for number in range(12):  # so that it is known how long they take
        begin(f"a{number}")
    await play(lambda: not stage.scheduler.active)
    stage.started.clear()
    waits.clear()
    for number in range(12, 60):
        begin(f"a{number}")
    await play(lambda: stage.scheduler.active + stage.scheduler.queued < 30)
    while stage.scheduler.active + stage.scheduler.queued < 60 + places:
        begin(f"a{len(stage.runs)}")
    with pytest.raises(Busy) as refused:
        begin("a999")
    full_at, queued = clock.seconds, stage.scheduler.queued
    await play(lambda: stage.scheduler.queued < queued)
    assert refused.value.retry_after is not None
    _is_within_a_factor_of_two(refused.value.retry_after, clock.seconds - full_at)
    await play(lambda: not stage.scheduler.active)
    assert max(waits.values()) > 60
    for run, wait in waits.items():
        _is_within_a_factor_of_two(foretold[run][1], wait)


async def test_what_is_foretold_knows_large_runs_from_small_ones() -> None:
    """What is guessed from the tables is off by a factor that is learnt, and tells the runs apart."""
    stage = Stage(places=1, queued=60)
    clock = _fake_clock(stage.scheduler)
    sizes = [1, 1, 40, 1, 7, 40, 1, 1, 7, 1]

    async def play() -> None:
        await stage.calm()
        (part,) = stage.in_flight
        clock.seconds += PART_SECONDS * sizes[int(part[1:].partition(".")[0])]
        await stage.end(part)

    stage.start("a0", guess_seconds=1 / 1000)
    await play()
    foretold: dict[str, float] = {}
    waits: dict[str, float] = {}
    for number, size in enumerate(sizes[1:], 1):
        stage.start(f"a{number}", guess_seconds=size / 1000)
        foretold[f"a{number}"] = stage.scheduler.outlook(f"a{number}").seconds
    begun = clock.seconds
    while stage.scheduler.active:
        await stage.calm()
        waits |= {run: clock.seconds - begun for run in stage.started if run not in waits}
        await play()
    del waits["a0"]
    assert max(waits.values()) > 40 * PART_SECONDS
    assert waits == pytest.approx(foretold)


def _is_within_a_factor_of_two(told: float, wait: float) -> None:
    """Beyond what nobody can know: how far the parts in flight have come."""
    assert wait / 2 - PART_SECONDS <= told <= 2 * wait + 2 * PART_SECONDS


async def test_a_run_taken_in_before_finds_room_in_a_full_queue() -> None:
    scheduler = Scheduler(Limits(places=1, queued=1, slots=1, queued_each=1))
    assert [scheduler.admit(run, "a").position for run in ("a1", "a2")] == [0, 1]
    for principal in ("a", "b"):
        with pytest.raises(Busy):
            scheduler.admit("new", principal)
    assert scheduler.admit("a3", "a", parts=3, done=2, again=True).position == 2
    assert (scheduler.active, scheduler.queued) == (1, 2)
