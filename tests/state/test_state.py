"""The contract of every state store."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from analyzer.models import (
    Dataset,
    DatasetSummary,
    OwnedDataset,
    OwnedRun,
    ReadingReport,
    Removal,
    Run,
    RunStatus,
    new_id,
    now,
)
from analyzer.state.base import Aside, Counts, Done, Due, State
from analyzer.state.sql import SqlState


@pytest_asyncio.fixture(params=["sqlite"])
async def state(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[State]:
    state = SqlState(tmp_path / "state.sqlite")
    await state.open()
    yield state
    await state.aclose()


START = now()


def _dataset(
    age_seconds: int = 0, principal: str = "public", ttl_seconds: int | None = 60, content: str = "c"
) -> OwnedDataset:
    created_at = START - timedelta(seconds=age_seconds)
    return OwnedDataset(
        principal=principal,
        content=content,
        dataset=Dataset(
            file_id=new_id(),
            filename="ä.csv",
            rows=2**40,
            columns=1,
            size_bytes=3,
            sha256="0" * 64,
            created_at=created_at,
            expires_at=created_at + timedelta(seconds=ttl_seconds) if ttl_seconds else None,
            table=(),
            report=ReadingReport(format="csv"),
        ),
    )


def _run(age_seconds: int = 0, principal: str = "public", status: RunStatus = RunStatus.QUEUED) -> OwnedRun:
    created_at = START - timedelta(seconds=age_seconds)
    run = Run(
        task_execution_id=new_id(),
        task_id="t",
        file_id=new_id(),
        params={"deep": [1, None, {"x": "\u2028"}]},
        status=status,
        created_at=created_at,
        expires_at=created_at + timedelta(seconds=60),
    )
    return OwnedRun(run=run, principal=principal, epoch="e")


async def test_what_was_saved_is_found_as_it_was(state: State) -> None:
    dataset, run = _dataset(), _run()
    await state.add_dataset(dataset)
    await state.save_run(run)
    assert await state.dataset(dataset.dataset.id) == dataset
    assert await state.run(run.run.id) == run
    assert await state.dataset("nonsense") is None
    assert await state.run("nonsense") is None
    assert await state.log(run.run.id) is None


async def test_a_run_changes_and_ends_with_its_log(state: State) -> None:
    run = _run()
    await state.save_run(run)
    assert await state.unfinished_runs() == [run]
    ended = run.model_copy(update={"run": run.run.model_copy(update={"status": RunStatus.COMPLETED})})
    await state.finish_run(ended, b"frames\0\xff", 5)
    assert await state.run(run.run.id) == ended
    assert await state.log(run.run.id) == b"frames\0\xff"
    assert await state.unfinished_runs() == []
    assert await state.counts() == Counts(datasets=0, results=1, logs=1, events=5)
    assert await state.result(run.run.id) is None


async def test_a_small_result_comes_and_goes_with_the_end_of_its_run(state: State) -> None:
    run = _run(status=RunStatus.COMPLETED)
    await state.finish_run(run, b"frames", 1, b'{"found":1}')
    assert await state.result(run.run.id) == b'{"found":1}'
    assert await state.result("nonsense") is None
    await state.remove_run(run.run.id, Removal.EXPIRED)
    assert await state.result(run.run.id) is None


async def test_lists_are_pages_of_ones_own_newest_first(state: State) -> None:
    mine = [_dataset(age_seconds=age // 2, principal="me") for age in range(7)]  # some of the same age
    for dataset in [*mine, _dataset(principal="you")]:
        await state.add_dataset(dataset)
    seen: list[DatasetSummary] = []
    after = None
    while page := await state.datasets("me", 3, after):
        seen += page
        after = page[-1].id
    assert sorted(seen, key=lambda summary: summary.created_at, reverse=True) == seen
    assert {summary.id for summary in seen} == {owned.dataset.id for owned in mine}
    assert len(seen) == 7
    assert mine[0].dataset.summary in seen
    runs = [_run(age_seconds=age) for age in (3, 1, 2)]
    for run in runs:
        await state.save_run(run)
    assert await state.runs("public", 10, None) == [runs[1], runs[2], runs[0]]
    assert await state.runs("nobody", 10, None) == []


async def test_what_is_removed_is_told_from_what_never_was(state: State) -> None:
    dataset, run = _dataset(), _run(status=RunStatus.COMPLETED)
    await state.add_dataset(dataset)
    await state.finish_run(run, b"frames", 1)
    await state.remove_dataset(dataset.dataset.id, Removal.DELETED)
    await state.remove_run(run.run.id, Removal.EXPIRED)
    found = await state.dataset(dataset.dataset.id)
    assert found is not None
    assert found.removed is Removal.DELETED
    kept = await state.run(run.run.id)
    assert kept is not None
    assert kept.removed is Removal.EXPIRED
    assert await state.log(run.run.id) is None
    assert await state.datasets("public", 10, None) == []
    assert await state.runs("public", 10, None) == []
    assert await state.counts() == Counts(datasets=0, results=0, logs=0, events=0)
    await state.forget_removed(START)
    assert await state.dataset(dataset.dataset.id) is not None
    await state.forget_removed(now() + timedelta(seconds=1))
    assert await state.dataset(dataset.dataset.id) is None
    assert await state.run(run.run.id) is None


async def test_what_has_outlived_its_time_is_due(state: State) -> None:
    old, young, eternal = _dataset(age_seconds=60), _dataset(age_seconds=59), _dataset(9999, ttl_seconds=None)
    for dataset in (old, young, eternal):
        await state.add_dataset(dataset)
    run = _run(age_seconds=61)
    await state.save_run(run)
    due = await state.due(START)
    assert due.datasets == (old.dataset.id,)
    assert due.runs == (run.run.id,)
    await state.remove_dataset(old.dataset.id, Removal.EXPIRED)
    assert (await state.due(START)).datasets == ()


async def test_it_is_there_after_opening_again(tmp_path: Path) -> None:
    dataset = _dataset()
    for _ in range(2):
        state = SqlState(tmp_path / "state.sqlite")
        await state.open()
        if await state.dataset(dataset.dataset.id) is None:
            await state.add_dataset(dataset)
        await state.aclose()
    await state.open()
    assert await state.dataset(dataset.dataset.id) == dataset
    await state.aclose()


async def test_the_same_content_is_found_as_long_as_somebody_has_it(state: State) -> None:
    mine, yours = _dataset(principal="me", content="same"), _dataset(principal="you", content="same")
    for dataset in (mine, yours):
        await state.add_dataset(dataset)
    assert await state.dataset_of("other") is None
    for gone in (mine, yours):
        found = await state.dataset_of("same")
        assert found in (mine, yours)
        assert await state.holds_original(gone.dataset.sha256)
        await state.remove_dataset(gone.dataset.id, Removal.DELETED)
    assert await state.dataset_of("same") is None
    assert not await state.holds_original(mine.dataset.sha256)


async def test_what_is_needed_is_what_somebody_has(state: State) -> None:
    kept, gone, run = _dataset(content="kept"), _dataset(content="gone"), _run()
    for dataset in (kept, gone):
        await state.add_dataset(dataset)
    await state.save_run(run)
    await state.remove_dataset(gone.dataset.id, Removal.DELETED)
    needed = await state.needed()
    assert needed.tables == {"kept"}
    assert needed.originals == {kept.dataset.sha256}
    assert needed.results == {run.run.id}


async def test_a_folder_may_be_called_anything(tmp_path: Path) -> None:
    folder = tmp_path / "what?x=1#%41 ä"
    folder.mkdir()
    state = SqlState(folder / "state.sqlite")
    await state.open()
    await state.aclose()
    assert (folder / "state.sqlite").exists()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


async def test_what_was_done_under_a_key_is_remembered_for_its_principal(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = Done("fingerprint", new_id())
    await state.keep_done("ann", "key", done)
    assert await state.done("ann", "key") == done
    assert await state.done("ben", "key") is None
    await state.forget_removed(now() - timedelta(minutes=1))
    assert await state.done("ann", "key") == done
    await state.forget_removed(now() + timedelta(minutes=1))
    assert await state.done("ann", "key") is None
    monkeypatch.setattr("analyzer.state.sql.MOST_DONE", 2)
    for number in range(4):
        await state.keep_done("ann", f"{number}", done)
    assert [await state.done("ann", f"{number}") is not None for number in range(4)] == [False, False, True, True]


async def test_a_dataset_is_replaced_unless_it_is_gone(state: State) -> None:
    kept, gone = _dataset(), _dataset()
    for owned in (kept, gone):
        await state.add_dataset(owned)
    await state.remove_dataset(gone.dataset.id, Removal.DELETED)
    for owned in (kept, gone):
        renamed = owned.model_copy(update={"dataset": owned.dataset.model_copy(update={"filename": "new.csv"})})
        await state.replace_dataset(renamed)
    found, removed = await state.dataset(kept.dataset.id), await state.dataset(gone.dataset.id)
    assert found is not None
    assert found.dataset.filename == "new.csv"
    assert [summary.filename for summary in await state.datasets("public", 9, None)] == ["new.csv"]
    assert removed is not None
    assert removed.dataset.filename == "ä.csv"


async def test_writers_that_come_together_are_committed_together_and_fail_alone(state: State) -> None:
    datasets = [_dataset() for _ in range(300)]
    twin = datasets[7].model_copy(update={"content": "the same id again"})
    writes = [state.add_dataset(owned) for owned in [*datasets, twin]]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert outcomes[:-1] == [None] * 300
    assert isinstance(outcomes[-1], Exception)
    assert (await state.counts()).datasets == 300
    for owned in datasets:
        assert await state.dataset(owned.dataset.id) == owned


async def test_a_run_laid_aside_is_taken_up_once_with_what_was_kept_of_it(state: State) -> None:
    run, other = _run(), _run()
    aside = Aside(b"frames\0", b"sections\xff")
    await state.lay_aside(run, aside)
    await state.save_run(other)
    assert await state.unfinished_runs() == sorted([run, other], key=lambda owned: owned.run.id)
    assert await state.log(run.run.id) == aside.log
    assert await state.take_up(run) == aside
    assert await state.log(run.run.id) is None, "a server that dies from here on must not believe it any more"
    assert await state.take_up(run) is None
    assert await state.take_up(other) is None
    assert (await state.counts()).logs == 0


async def test_leases_are_renewed_of_runs_without_an_end(state: State) -> None:
    living, ended = _run(), _run(status=RunStatus.COMPLETED)
    await state.save_run(living)
    await state.finish_run(ended, b"", 0)
    until = START + timedelta(seconds=7)
    await state.renew_leases(until)
    assert await state.run(living.run.id) == living.model_copy(update={"lease_until": until})
    assert await state.run(ended.run.id) == ended


async def test_when_the_clock_was_moved_what_expires_does_so_later(state: State) -> None:
    dataset, run, eternal = _dataset(), _run(), _dataset(ttl_seconds=None)
    for owned in (dataset, eternal):
        await state.add_dataset(owned)
    await state.save_run(run)
    day = timedelta(days=1)
    await state.postpone(day)
    later = START + timedelta(seconds=61)
    assert await state.due(later) == Due(datasets=(), runs=())
    assert await state.due(later + day) == Due(datasets=(dataset.dataset.id,), runs=(run.run.id,))
    found = await state.dataset(dataset.dataset.id)
    assert found is not None
    assert found.dataset.expires_at == START + timedelta(seconds=60) + day
    await state.save_run(run)  # with the moment it knew before
    (listed,) = await state.runs("public", 9, None)
    assert listed.run.expires_at == START + timedelta(seconds=60) + day
    await state.postpone(-day)
    assert await state.dataset(dataset.dataset.id) == dataset
    assert await state.dataset(eternal.dataset.id) == eternal


async def test_whoever_reads_while_a_dataset_changes_leaves_nothing_old_behind(state: State) -> None:
    owned = _dataset()
    await state.add_dataset(owned)
    for number in range(20):
        renamed = owned.model_copy(update={"dataset": owned.dataset.model_copy(update={"filename": f"{number}.csv"})})
        changing = asyncio.create_task(state.replace_dataset(renamed))
        reading = [asyncio.create_task(state.dataset(owned.dataset.file_id)) for _ in range(3)]
        for _ in range(number):
            await asyncio.sleep(0)
        if number % 3 == 0:
            changing.cancel()  # it is done or not, and what is found says which
        await asyncio.wait([changing, *reading])
        await state.add_dataset(_dataset(principal="another"))  # what was handed in before is written by then
        found = await state.dataset(owned.dataset.file_id)
        listed = (await state.datasets("public", 1, None))[0].filename
        assert found is not None
        assert found.dataset.filename == listed
    await state.remove_dataset(owned.dataset.file_id, Removal.DELETED)
    gone = await state.dataset(owned.dataset.file_id)
    assert gone is not None
    assert gone.removed is Removal.DELETED
