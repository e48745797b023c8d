"""The contract of every blob store."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from analyzer.blobs.base import BlobMissing, Blobs
from analyzer.blobs.local import LocalBlobs
from analyzer.errors import StorageFull


@pytest.fixture(params=["local"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return LocalBlobs(tmp_path)


async def test_what_is_put_is_there_until_it_is_deleted(blobs: Blobs) -> None:
    await blobs.put("results/a", b"content")
    assert await blobs.get("results/a") == b"content"
    assert blobs.local("results/a").read_bytes() == b"content"
    await blobs.delete("results/a")
    await blobs.delete("results/a")
    with pytest.raises(BlobMissing):
        await blobs.get("results/a")


async def test_a_draft_becomes_a_blob(blobs: Blobs) -> None:
    draft = blobs.draft()
    draft.write_bytes(b"table")
    await blobs.keep("datasets/x/table", draft)
    await blobs.put("datasets/x/original", b"file")
    await blobs.put("datasets/y/original", b"file")
    assert not draft.exists()
    assert await blobs.groups("datasets") == {"x", "y"}
    await blobs.delete("datasets/x")
    assert await blobs.groups("datasets") == {"y"}
    assert await blobs.groups("nothing") == set()


async def test_a_new_start_clears_the_drafts_and_nothing_else(tmp_path: Path) -> None:
    blobs = await asyncio.to_thread(LocalBlobs, tmp_path)
    blobs.draft().write_bytes(b"half a file")
    await blobs.put("results/a", b"content")
    again = await asyncio.to_thread(LocalBlobs, tmp_path)
    assert await again.get("results/a") == b"content"
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"a"}


async def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = await asyncio.to_thread(LocalBlobs, tmp_path)

    def full(file: int, content: memoryview) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StorageFull):
        await blobs.put("results/a", b"content")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_many_are_put_at_once_and_each_is_told_what_became_of_its_own(tmp_path: Path) -> None:
    blobs = await asyncio.to_thread(LocalBlobs, tmp_path)
    (tmp_path / "in-the-way").mkdir()
    puts = [blobs.put(f"results/{number}", b"%d" % number) for number in range(50)]
    outcomes = await asyncio.gather(*puts[:20], blobs.put("in-the-way", b"no"), *puts[20:], return_exceptions=True)
    assert isinstance(outcomes.pop(20), IsADirectoryError)
    assert outcomes == [None] * 50
    assert [await blobs.get(f"results/{number}") for number in range(50)] == [b"%d" % n for n in range(50)]
    assert await blobs.groups("drafts") == set()


async def test_who_leaves_takes_nobody_along(tmp_path: Path) -> None:
    blobs = await asyncio.to_thread(LocalBlobs, tmp_path)
    leaves, stays = (asyncio.create_task(blobs.put(f"results/{name}", b"content")) for name in "ab")
    await asyncio.sleep(0)
    leaves.cancel()
    await stays
    assert await blobs.get("results/b") == b"content"
