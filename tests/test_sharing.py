"""Sections that several analyses ask for."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from analyzer import Analyzer
from analyzer.executors.base import EncodedSection
from analyzer.sharing import Key, SharedSections


def key(name: str) -> Key:
    return ("/tables/one", "figures 1", (name,))


def computing(text: bytes, calls: list[bytes]) -> Callable[[], Awaitable[EncodedSection]]:
    async def compute() -> EncodedSection:
        calls.append(text)
        await asyncio.sleep(0)
        return EncodedSection("part", text, ())

    return compute


async def test_who_asks_at_the_same_time_gets_the_same() -> None:
    shared, calls = SharedSections(10_000), list[bytes]()
    sections = await asyncio.gather(*(shared.get(key("a"), computing(b"1", calls)) for _ in range(5)))
    assert calls == [b"1"]
    assert {section.data for section in sections} == {b"1"}


async def test_other_columns_are_other_sections() -> None:
    shared, calls = SharedSections(10_000), list[bytes]()
    assert (await shared.get(key("a"), computing(b"1", calls))).data == b"1"
    assert (await shared.get(key("b"), computing(b"2", calls))).data == b"2"


async def test_what_was_used_longest_ago_goes_first() -> None:
    shared, calls = SharedSections(3_500), list[bytes]()
    for name in ("a", "b", "c", "a", "d"):
        await shared.get(key(name), computing(name.encode(), calls))
    assert calls == [b"a", b"b", b"c", b"d"]
    for name in ("a", "c", "d", "b"):
        await shared.get(key(name), computing(name.encode(), calls))
    assert calls == [b"a", b"b", b"c", b"d", b"b"]


async def test_nothing_larger_than_all_the_room_is_kept() -> None:
    shared, calls = SharedSections(2_000), list[bytes]()
    for _ in range(2):
        assert len((await shared.get(key("a"), computing(b"x" * 2_000, calls))).data) == 2_000
    assert len(calls) == 2


@pytest.mark.parametrize("end", [asyncio.CancelledError, ValueError])
async def test_who_waits_takes_over_from_who_gave_up(end: type[BaseException]) -> None:
    shared, calls = SharedSections(10_000), list[bytes]()
    under_way, give_up = asyncio.Event(), asyncio.Event()

    async def fail() -> EncodedSection:
        under_way.set()
        await give_up.wait()
        raise end

    async def first() -> None:
        with pytest.raises(end):
            await shared.get(key("a"), fail)

    async with asyncio.TaskGroup() as group:
        group.create_task(first())
        await under_way.wait()
        second = group.create_task(shared.get(key("a"), computing(b"1", calls)))
        await asyncio.sleep(0)
        assert calls == []
        give_up.set()
    assert second.result().data == b"1"


async def test_two_runs_on_one_dataset_compute_what_they_share_once(
    analyzer: Analyzer, penguins: Path, tmp_path: Path
) -> None:
    dataset = await analyzer.add_dataset(penguins)
    for number in range(2):
        run = await analyzer.submit(dataset.id, "test_shared", {"folder": str(tmp_path), "number": number})
        events = [event async for event in analyzer.events(run.id)]
        assert (await analyzer.result(run.id))["lines"] == ["the base", "above on the base"]
        sections = [event.data["section"] for event in events if event.type == "result.section"]
        assert sorted(sections) == ["above", "shown"]
    computed = [mark.name.split()[0] for mark in tmp_path.iterdir()]
    assert sorted(set(computed) - {"above"}) in (["base"], ["shown"])
    assert len(computed) == 3
