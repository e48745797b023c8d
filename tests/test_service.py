"""The product without HTTP, when things go wrong at the worst moment."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from analyzer import Analyzer, Settings
from analyzer.errors import AnalyzerError, ShuttingDown, StorageFull, UnknownDataset
from analyzer.executors.base import Lane
from analyzer.models import Event, RowsWanted, RunStatus
from analyzer.retention import SMALL_RESULT_BYTES
from tests.waiting import Gate, alive, until


@pytest_asyncio.fixture
async def own(make_settings: Callable[..., Settings]) -> AsyncIterator[Analyzer]:
    """An analyzer that a test may break."""
    async with Analyzer(make_settings()) as analyzer:
        await analyzer.ready()
        yield analyzer


async def _end(analyzer: Analyzer, run_id: str) -> Event:
    async with asyncio.timeout(20):
        return [event async for event in analyzer.events(run_id)][-1]


def _fail(times: int, real: Any, failure: Exception) -> Any:
    """The real thing, but for its first calls."""
    left = times

    async def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        if left:
            left -= 1
            raise failure
        return await real(*args, **kwargs)

    return failing


@pytest.mark.parametrize("times", [1, 99])
async def test_a_run_ends_even_if_its_end_cannot_be_saved(
    own: Analyzer, penguins: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    dataset = await own.add_dataset(penguins)
    failing = _fail(times, own._state.finish_run, StorageFull("The disk is full."))
    monkeypatch.setattr(own._state, "finish_run", failing)
    run = await own.submit(dataset.id, "test_parts")
    end = await _end(own, run.id)
    assert (end.type, end.data["error"]["type"]) == ("run.failed", "/problems/storage-full")
    await until(lambda: own._desk.living == 0)
    monkeypatch.undo()
    if times == 1:
        assert (await own.run(run.id)).status is RunStatus.FAILED
        assert (await _end(own, run.id)).type == "run.failed"
    else:
        assert [event async for event in own.events(run.id)] == [], "nobody waits for what will not come"
        await own._intake.recover()
        assert (await _end(own, run.id)).type == "run.completed"


async def test_a_result_that_cannot_be_stored_fails_the_run(
    own: Analyzer, penguins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = await own.add_dataset(penguins)
    monkeypatch.setattr(type(own._desk._blobs), "put", _fail(1, None, StorageFull("The disk is full.")))
    run = await own.submit(dataset.id, "test_parts", {"text": "x" * SMALL_RESULT_BYTES})
    assert (await _end(own, run.id)).data["error"]["type"] == "/problems/storage-full"


async def test_sweeping_goes_on_after_a_failure(own: Analyzer, penguins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.retention.LONGEST_PAUSE_SECONDS", 0.01)
    swept = asyncio.Event()

    async def sweep(moment: object) -> None:
        swept.set()

    monkeypatch.setattr(own._retention, "sweep", _fail(2, sweep, OSError("an undeletable folder")))
    sweeping = asyncio.create_task(own._retention.keep_sweeping())
    async with asyncio.timeout(20):
        await swept.wait()
    sweeping.cancel()


async def test_removing_and_running_at_once_is_one_after_the_other(own: Analyzer, tmp_path: Path) -> None:
    for number in range(12):
        path = tmp_path / f"{number}.csv"
        path.write_text(f"a\n{number}\n")
        dataset = await own.add_dataset(path)
        removed, run = await asyncio.gather(
            own.remove_dataset(dataset.id), own.submit(dataset.id, "test_parts"), return_exceptions=True
        )
        assert removed is None
        if isinstance(run, BaseException):
            assert isinstance(run, UnknownDataset)
        else:
            assert (await _end(own, run.id)).type == "run.completed"
    await until(lambda: not list((own.settings.data_dir / "tables").iterdir()))


async def test_removing_twice_at_once_is_removing_once(own: Analyzer, penguins: Path) -> None:
    for _ in range(10):
        dataset = await own.add_dataset(penguins)
        ends = await asyncio.gather(*(own.remove_dataset(dataset.id) for _ in range(4)), return_exceptions=True)
        assert all(end is None or isinstance(end, UnknownDataset) for end in ends)
    assert (await own.status()).kept.datasets == 0


async def test_a_cancelled_upload_leaves_a_whole_dataset_or_none(own: Analyzer, tmp_path: Path) -> None:
    for number in range(25):
        path = tmp_path / f"{number}.csv"
        path.write_text(f"a\n{number}\n")
        adding = asyncio.create_task(own.add_dataset(path))
        await asyncio.sleep(number / 1000)
        adding.cancel()
        with suppress(asyncio.CancelledError):
            await adding
    listed = await own.datasets(limit=100)
    assert (await own.status()).kept.datasets == len(listed)
    for dataset in listed:
        assert (await own.dataset(dataset.id)).rows == 1
        assert b'"total":1' in await own.rows(dataset.id, RowsWanted())
    assert not list((own.settings.data_dir / "drafts").iterdir())


async def test_a_cancelled_submit_leaves_no_run_that_never_ends(own: Analyzer, penguins: Path) -> None:
    dataset = await own.add_dataset(penguins)
    for number in range(20):
        submitting = asyncio.create_task(own.submit(dataset.id, "test_parts"))
        for _ in range(number):
            await asyncio.sleep(0)
        submitting.cancel()
        with suppress(asyncio.CancelledError):
            await submitting
    await until(lambda: own._desk.living == 0)
    for run in await own.runs(limit=100):
        assert run.status.is_final
        assert (await _end(own, run.id)).is_final


async def test_a_worker_that_died_at_rest_is_nobodys_fault(own: Analyzer, penguins: Path) -> None:
    (slot,) = own._executor._lanes[Lane.WORK]._idle
    assert slot._pid is not None
    os.kill(slot._pid, signal.SIGKILL)
    await until(lambda: not alive(slot._pid or 0))
    assert (await own.add_dataset(penguins)).rows == 344


async def test_reading_has_its_time(make_settings: Callable[..., Settings], penguins: Path) -> None:
    async with Analyzer(make_settings(task_timeout_seconds=0.3)) as analyzer:
        await analyzer.ready()
        (slot,) = analyzer._executor._lanes[Lane.WORK]._idle
        assert slot._pid is not None
        os.kill(slot._pid, signal.SIGSTOP)
        with pytest.raises(AnalyzerError, match=r"took longer than 0\.3 seconds"):
            await analyzer.add_dataset(penguins)
        await until(lambda: analyzer._executor._lanes[Lane.WORK].idle == 1)


async def test_closing_in_the_middle_of_everything_ends_everything(
    make_settings: Callable[..., Settings], penguins: Path, tmp_path: Path
) -> None:
    gate = Gate(tmp_path / "gate")
    analyzer = Analyzer(make_settings(max_concurrent_tasks=2))
    async with analyzer:
        dataset = await analyzer.add_dataset(penguins)
        params = {"gate": str(gate.folder)}
        runs = [await analyzer.submit(dataset.id, "test_gate", params) for _ in range(4)]
        await gate.reached()
        late = [asyncio.create_task(analyzer.submit(dataset.id, "test_gate", params)) for _ in range(8)]
        adding = [asyncio.create_task(analyzer.add_dataset(penguins)) for _ in range(3)]
        await asyncio.sleep(0)
    ends = await asyncio.gather(*late, *adding, return_exceptions=True)
    assert all(not isinstance(end, BaseException) or isinstance(end, ShuttingDown) for end in ends), ends
    with pytest.raises(ShuttingDown):
        await analyzer.submit(dataset.id, "test_parts")
    async with analyzer:  # it can be opened again
        gate.open()
        assert {run.id for run in runs} <= {run.id for run in await analyzer.runs(limit=100)}
        for run in await analyzer.runs(limit=100):
            assert (await _end(analyzer, run.id)).type == "run.completed"
        again = await analyzer.submit(dataset.id, "test_parts")
        assert (await _end(analyzer, again.id)).type == "run.completed"


async def test_leaving_without_having_entered_does_no_harm(make_settings: Callable[..., Settings]) -> None:
    analyzer = Analyzer(make_settings())
    analyzer.drain()
    await analyzer.__aexit__(None, None, None)
    async with analyzer:
        assert not analyzer.draining
