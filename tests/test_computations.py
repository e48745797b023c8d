"""Who asks the same shares one computation, and nothing else."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from analyzer import Analyzer, Settings
from analyzer.errors import Busy
from analyzer.models import Event, Run, RunStatus
from tests.waiting import Gate, alive, until

DONE = {"lines": ["part 0", "part 1"]}
TABLE = b"a,b\n1,x\n2,y\n"


async def _events(analyzer: Analyzer, run: Run, principal: str = "public") -> list[Event]:
    async with asyncio.timeout(20):
        return [event async for event in analyzer.events(run.id, principal=principal)]


def _said(events: list[Event]) -> list[object]:
    own = {"sequence_number", "task_execution_id", "at", "position", "result_url", "summary"}
    return [(event.type, {name: value for name, value in event.data.items() if name not in own}) for event in events]


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "gate")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(TABLE)
    return path


async def test_equal_runs_are_computed_once_and_are_each_a_run_of_their_own(
    make_settings: Callable[..., Settings], gate: Gate, table: Path
) -> None:
    async with Analyzer(make_settings(workers=2, max_concurrent_tasks=1)) as analyzer:
        datasets = [await analyzer.add_dataset(table) for _ in range(2)]  # twice the same content
        params = {"gate": str(gate.folder)}
        runs = [await analyzer.submit(datasets[0].id, "test_shared_gate", params)]
        await gate.reached(2)
        runs += [await analyzer.submit(datasets[n % 2].id, "test_shared_gate", params) for n in range(5)]
        assert (await analyzer.status()).active == 1
        gate.open()
        logs = [await _events(analyzer, run) for run in runs]
        runs.append(await analyzer.submit(datasets[1].id, "test_shared_gate", params))
        logs.append(await _events(analyzer, runs[-1]))
        assert len(gate.pids) == 2, "two parts were computed once"
        assert len({run.id for run in runs}) == len({events[0].id.split(":")[0] for events in logs}) == 7
        for run, events in zip(runs, logs, strict=True):
            assert _said(events) == _said(logs[0])
            assert [int(event.id.split(":")[1]) for event in events] == list(range(1, len(events) + 1))
            assert {event.data["task_execution_id"] for event in events} == {run.id}
            assert await analyzer.result(run.id) == DONE
            ended = await analyzer.run(run.id)
            assert (ended.status, ended.progress.done) == (RunStatus.COMPLETED, 2)
            assert ended.created_at <= (ended.started_at or ended.created_at) <= (ended.finished_at or ended.created_at)


async def test_cancelling_one_leaves_the_others_and_the_last_ends_it(
    make_settings: Callable[..., Settings], gate: Gate, table: Path
) -> None:
    async with Analyzer(make_settings(workers=1)) as analyzer:
        dataset = await analyzer.add_dataset(table)
        runs = [await analyzer.submit(dataset.id, "test_shared_gate", {"gate": str(gate.folder)}) for _ in range(3)]
        (pid,) = await gate.reached(1)
        for run in runs[:2]:  # the one that began it among them
            await analyzer.cancel(run.id)
            assert (await _events(analyzer, run))[-1].type == "run.cancelled"
        assert alive(pid)
        gate.open("part 0")
        async with asyncio.timeout(20):
            await anext(event async for event in analyzer.events(runs[2].id) if event.type == "run.progress")
        assert (await analyzer.run(runs[2].id)).progress.done == 1
        await gate.reached(2)
        await analyzer.cancel(runs[2].id)
        assert (await _events(analyzer, runs[2]))[-1].type == "run.cancelled"
        await until(lambda: not alive(pid), "the worker to end")
        gate.open()
        again = await analyzer.submit(dataset.id, "test_shared_gate", {"gate": str(gate.folder)})
        assert (await _events(analyzer, again))[-1].type == "run.completed"
        assert len(gate.pids) == 4, "of what was ended nothing is kept"


async def test_what_differs_in_anything_or_in_who_asks_is_computed_again(
    make_settings: Callable[..., Settings], gate: Gate, table: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.csv"
    other.write_bytes(TABLE + b"3,z\n")
    gate.open()
    async with Analyzer(make_settings()) as analyzer:
        mine = await analyzer.add_dataset(table)
        params = {"gate": str(gate.folder), "parts": 1}
        asked = [
            (mine.id, "test_shared_gate", params, "public"),
            (mine.id, "test_shared_gate", params, "ann"),
            (mine.id, "test_shared_gate", params, "ben"),
            (mine.id, "test_shared_gate", params | {"parts": 2}, "public"),
            ((await analyzer.add_dataset(other)).id, "test_shared_gate", params, "public"),
            (mine.id, "test_gate", params, "public"),  # not deterministic, it says
            (mine.id, "test_gate", params, "public"),
        ]
        for wanted in asked:
            *_, end = await _events(analyzer, await analyzer.submit(*wanted), wanted[-1])
            assert end.type == "run.completed"
        assert len(gate.pids) == 8
        for wanted in asked[:5]:
            await _events(analyzer, await analyzer.submit(*wanted), wanted[-1])
        assert len(gate.pids) == 8


@pytest.mark.parametrize("limit", [{"shared_results_bytes": 0}, {"shared_results_seconds": 0}])
async def test_what_may_not_be_kept_is_computed_again(
    make_settings: Callable[..., Settings], gate: Gate, table: Path, limit: dict[str, int]
) -> None:
    gate.open()
    async with Analyzer(make_settings(**limit)) as analyzer:
        dataset = await analyzer.add_dataset(table)
        for _ in range(2):
            await _events(analyzer, await analyzer.submit(dataset.id, "test_shared_gate", {"gate": str(gate.folder)}))
        assert len(gate.pids) == 4


async def test_what_nobody_asks_for_goes_when_its_time_is_up(
    make_settings: Callable[..., Settings], gate: Gate, table: Path
) -> None:
    gate.open()
    async with Analyzer(make_settings(shared_results_seconds=0)) as analyzer:
        dataset = await analyzer.add_dataset(table)
        for parts in range(1, 5):
            params = {"gate": str(gate.folder), "parts": parts}
            await _events(analyzer, await analyzer.submit(dataset.id, "test_shared_gate", params))
        assert len(analyzer._desk._computations._kept) <= 1


async def test_the_oldest_make_room(make_settings: Callable[..., Settings], gate: Gate, table: Path) -> None:
    gate.open()
    async with Analyzer(make_settings(shared_results_bytes=8_000)) as analyzer:
        dataset = await analyzer.add_dataset(table)
        for parts in (1, 2, 3, 4, 5, 6, 7, 8, 9, 1):
            params = {"gate": str(gate.folder), "parts": parts}
            await _events(analyzer, await analyzer.submit(dataset.id, "test_shared_gate", params))
        assert len(gate.pids) == 46
        assert 0 < analyzer._desk._computations._kept_bytes <= 8_000


async def test_sharing_goes_around_no_limit(make_settings: Callable[..., Settings], gate: Gate, table: Path) -> None:
    async with Analyzer(make_settings(max_concurrent_tasks=1, max_queued_tasks=2)) as analyzer:
        dataset = await analyzer.add_dataset(table)
        params = {"gate": str(gate.folder)}
        runs = [await analyzer.submit(dataset.id, "test_shared_gate", params) for _ in range(5)]
        with pytest.raises(Busy):  # one computes, two share it, and two wait for a turn of their own
            await analyzer.submit(dataset.id, "test_shared_gate", params)
        gate.open()
        for run in runs:
            assert (await _events(analyzer, run))[-1].type == "run.completed"
        await until(lambda: analyzer._desk.living == 0)
        assert not analyzer._desk._computations._riding


async def test_a_failure_is_everybodys_and_is_tried_anew(
    make_settings: Callable[..., Settings], gate: Gate, table: Path
) -> None:
    async with Analyzer(make_settings(max_result_bytes=20)) as analyzer:
        dataset = await analyzer.add_dataset(table)
        for marks in (2, 4):
            runs = [await analyzer.submit(dataset.id, "test_shared_gate", {"gate": str(gate.folder)}) for _ in range(2)]
            gate.open()
            for run in runs:
                end = (await _events(analyzer, run))[-1]
                assert end.data["error"]["type"] == "/problems/result-too-large"
            assert len(gate.pids) == marks
            gate.shut()  # or the first of the next two would have failed before the second comes


async def test_what_is_left_to_the_moment_is_settled_at_the_start(
    make_settings: Callable[..., Settings], table: Path
) -> None:
    async with Analyzer(make_settings()) as analyzer:
        dataset = await analyzer.add_dataset(table)
        run = await analyzer.submit(dataset.id, "eda_data_quality")
        assert (await _events(analyzer, run))[-1].type == "run.completed"
        as_of = (await analyzer.result(run.id))["as_of"]
        assert as_of == run.params["as_of"].replace("Z", ".000Z")
        later = run.model_validate({**run.model_dump(), "created_at": as_of}).created_at - run.created_at
        assert timedelta() < later <= timedelta(minutes=1)
