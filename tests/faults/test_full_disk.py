"""A disk that is full while an upload arrives: the answer says so, and nothing but the upload is lost."""

import errno
import shutil
from pathlib import Path

import pytest

from tests.faults.test_failing_writes import Faults, _served, faults
from tests.waiting import until

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")

__all__ = ["faults"]  # the fixture

WRITES = 400


def _kept(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and "state" not in path.name}


async def test_a_full_disk_is_told_and_costs_the_upload_only(faults: Faults, tmp_path: Path) -> None:
    drafts = tmp_path / "data" / "drafts"
    content = b"a,b\n" + b"1,2\n" * 400_000  # several buffers, so that writing fails at the first and in the middle
    async with _served(faults, tmp_path) as (process, api):
        before = await api.dataset(b"a,b\n1,2\n")
        kept = _kept(tmp_path / "data")
        told = []
        for write in range(1, WRITES):
            faults.plan(write, errno.ENOSPC)
            answer = await api.upload(content + b"%d,0\n" % write)
            if not faults.hit:
                assert answer.status == 201, answer.body
                break
            if answer.status == 201:  # it was full for something that the upload can do without
                await api.ask("DELETE", f"/api/datasets/{answer.json['file_id']}")
            else:
                told.append(answer.problem(507, "storage-full"))
            await until(lambda: not list(drafts.iterdir()), "its draft is gone")
        assert len(told) > 3, "it was full for the draft, the table, and the files they become"
        assert kept <= _kept(tmp_path / "data")
        assert (await api.get(f"/api/datasets/{before}/rows")).json["total"] == 1
        assert (await process.stop()) == 0
