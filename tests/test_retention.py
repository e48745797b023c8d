"""What goes when its time is up, and what stays while somebody uses it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from analyzer import Analyzer, Settings
from analyzer.blobs.local import LocalBlobs
from analyzer.errors import Expired, UnknownDataset
from analyzer.models import RowsWanted, RunStatus, now
from analyzer.retention import SMALL_RESULT_BYTES, Retention
from tests.waiting import Gate, until


async def test_what_has_expired_goes_but_never_from_under_a_run(
    make_settings: Callable[..., Settings], tmp_path: Path, penguins: Path
) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a\n1\n")
    async with Analyzer(make_settings(ttl_seconds=100)) as analyzer:
        used, unused = [await analyzer.add_dataset(path) for path in (penguins, other)]
        gate = Gate(tmp_path / "gate")
        done = await analyzer.submit(used.id, "test_parts")
        async for _ in analyzer.events(done.id):
            pass
        running = await analyzer.submit(used.id, "test_gate", {"gate": str(gate.folder)})
        await gate.reached()
        later = now() + timedelta(seconds=101)
        await analyzer._retention.sweep(later)
        with pytest.raises(Expired, match="Upload the file again"):
            await analyzer.dataset(unused.id)
        with pytest.raises(Expired, match="Start it again"):
            await analyzer.result(done.id)
        assert (await analyzer.dataset(used.id)).rows == 344
        gate.open()
        async for event in analyzer.events(running.id):
            last = event
        assert last.type == "run.completed"
        assert await analyzer.result(running.id)
        await analyzer._retention.sweep(later)
        with pytest.raises(Expired):
            await analyzer.dataset(used.id)
        assert not list((analyzer.settings.data_dir / "tables").iterdir())
        assert not list(analyzer.settings.data_dir.glob("results/*"))
        assert await analyzer._state.result(done.id) is None
        await analyzer._retention.sweep(later + timedelta(days=1))
        with pytest.raises(UnknownDataset):
            await analyzer.dataset(used.id)


async def test_zero_keeps_everything(make_settings: Callable[..., Settings], penguins: Path) -> None:
    async with Analyzer(make_settings(ttl_seconds=0)) as analyzer:
        dataset = await analyzer.add_dataset(penguins)
        assert dataset.expires_at is None
        await analyzer._retention.sweep(now() + timedelta(days=10_000))
        assert await analyzer.dataset(dataset.id) == dataset


async def test_only_large_results_are_files(make_settings: Callable[..., Settings], penguins: Path) -> None:
    settings = make_settings()
    large = "x" * SMALL_RESULT_BYTES
    async with Analyzer(settings) as analyzer:
        dataset = await analyzer.add_dataset(penguins)
        ids = [(await analyzer.submit(dataset.id, "test_parts", {"parts": 1, "text": text})).id for text in ("", large)]
        for run_id in ids:
            assert (await analyzer.outcome(run_id, 30)).status is RunStatus.COMPLETED
    async with Analyzer(settings) as analyzer:
        lines = [(await analyzer.result(run_id))["lines"] for run_id in ids]
        assert lines == [["part 0"], ["part 0" + large]]
        assert [file.name for file in (settings.data_dir / "results").iterdir()] == [ids[1]]


async def test_what_a_crash_left_behind_is_cleared_at_the_start(
    make_settings: Callable[..., Settings], penguins: Path
) -> None:
    settings = make_settings()
    async with Analyzer(settings) as analyzer:
        dataset = await analyzer.add_dataset(penguins)
        orphan = settings.data_dir / "tables" / ("0" * 64)
        orphan.mkdir()
        (orphan / "table").write_bytes(b"half")
    async with Analyzer(settings) as analyzer:
        assert not orphan.exists()
        assert (await analyzer.dataset(dataset.id)).rows == 344
        assert await analyzer.rows(dataset.id, RowsWanted(limit=1))


@pytest.mark.parametrize("by", [timedelta(days=1), timedelta(days=-1)])
async def test_a_clock_that_jumps_makes_nothing_older(
    make_settings: Callable[..., Settings], penguins: Path, monkeypatch: pytest.MonkeyPatch, by: timedelta
) -> None:
    monkeypatch.setattr("analyzer.retention.LONGEST_PAUSE_SECONDS", 0.01)
    swept, real = 0, Retention.sweep

    async def sweep(retention: Retention, moment: datetime) -> None:
        nonlocal swept
        await real(retention, moment)
        swept += 1

    async with Analyzer(make_settings(ttl_seconds=3600)) as analyzer:
        before = await analyzer.add_dataset(penguins)
        run = await analyzer.submit(before.id, "test_parts")
        async for _ in analyzer.events(run.id):
            pass
        for room in ("retention", "shelf", "desk", "state.sql"):
            monkeypatch.setattr(f"analyzer.{room}.now", lambda: now() + by)
        after = await analyzer.add_dataset(penguins)
        monkeypatch.setattr(Retention, "sweep", sweep)
        await until(lambda: swept > 2, "some sweeps")
        hour = timedelta(hours=1)
        for dataset in (before, after):
            expires_at = (await analyzer.dataset(dataset.id)).expires_at
            assert expires_at is not None
            assert timedelta(minutes=-1) < now() + by + hour - expires_at < timedelta(minutes=1)
        assert await analyzer.result(run.id)
        await real(analyzer._retention, now() + by + timedelta(hours=1, seconds=1))
        for dataset in (before, after):
            with pytest.raises(Expired):
                await analyzer.dataset(dataset.id)


async def test_a_clock_that_jumps_while_something_is_stored_makes_it_no_older(
    make_settings: Callable[..., Settings], penguins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = timedelta(days=1)
    async with Analyzer(make_settings(ttl_seconds=3600)) as analyzer:
        keep = LocalBlobs.keep

        async def slowly(blobs: LocalBlobs, key: str, draft: Path) -> None:
            await keep(blobs, key, draft)
            for room in ("retention", "shelf"):
                monkeypatch.setattr(f"analyzer.{room}.now", lambda: now() + day)
            await analyzer._retention.heed_clock()

        monkeypatch.setattr(LocalBlobs, "keep", slowly)
        added = await analyzer.add_dataset(penguins)
        stored = await analyzer.dataset(added.id)
        assert stored.expires_at == added.expires_at == added.created_at + timedelta(hours=1)
        assert added.created_at > now() + day - timedelta(minutes=1)


async def test_what_expires_during_a_download_is_downloaded_to_its_end(
    make_settings: Callable[..., Settings], penguins: Path
) -> None:
    async with Analyzer(make_settings(ttl_seconds=100)) as analyzer:
        dataset = await analyzer.add_dataset(penguins)
        async with analyzer.download(dataset.id, "original") as download:
            await analyzer._retention.sweep(now() + timedelta(seconds=101))
            assert download.path.read_bytes() == penguins.read_bytes()
        await analyzer._retention.sweep(now() + timedelta(seconds=101))
        with pytest.raises(Expired):
            await analyzer.dataset(dataset.id)
        assert not download.path.exists()
