"""The n-th write, sync, rename or unlink in the data folder fails, or is the last thing the server ever does."""

import errno
import json
import mmap
import shutil
import signal
import struct
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from analyzer.retention import SMALL_RESULT_BYTES
from tests.api import Answer, Api
from tests.serverprocess import ServerProcess, server
from tests.waiting import until

SOURCE = Path(__file__).with_name("failing.c")
MOST_CALLS = 400
ERRORS = (errno.EIO, errno.ENOSPC)
KILLS = (3, 9, 20, 34)

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")


class Faults:
    """What is to go wrong in the server."""

    def __init__(self, folder: Path) -> None:
        self._page = folder / "faults"
        self._page.write_bytes(bytes(4096))
        library = folder / "failing.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-w", "-o", library, SOURCE, "-ldl"], check=True)
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAULTS_FOLDER": f"{folder / 'data'}/",
            "FAULTS_CONTROL": str(self._page),
        }
        with self._page.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 4096)

    def plan(self, call: int, error: int) -> None:
        """This call from now on fails with this error; with 0, the process is killed."""
        self._shared[:24] = struct.pack("qqq", call, 0, error)

    @property
    def hit(self) -> bool:
        """Whether it came to that; from now on nothing fails."""
        hits: int = struct.unpack("qqq", self._shared[:24])[1]
        self._shared[:8] = struct.pack("q", 0)
        return bool(hits)


@dataclass
class Told:
    """What the server has said of what it did, and must stand by."""

    datasets: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    results: dict[str, bytes] = field(default_factory=dict)
    logs: dict[str, bytes] = field(default_factory=dict)


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    return Faults(tmp_path)


@asynccontextmanager
async def _served(faults: Faults, tmp_path: Path) -> AsyncIterator[tuple[ServerProcess, Api]]:
    async with (
        server(tmp_path / "data", faults.environment, workers=1) as process,
        aiohttp.ClientSession(process.url) as http,
    ):
        yield process, Api(http)


def _succeeded(answer: Answer, status: int) -> bool:
    """Whether it did; else it must have failed as the server's fault, in words."""
    if answer.status == status:
        return True
    assert answer.status >= 500, (answer.status, answer.body)
    assert answer.json["type"].startswith("/problems/")
    return False


async def _cycle(api: Api, number: int, told: Told) -> None:
    """Upload, run, watch, read, forget: whatever comes of it is whole."""
    uploaded = await api.upload(b"a,b\n%d,x\n" % number)
    if not _succeeded(uploaded, 201):
        return
    dataset = uploaded.json["file_id"]
    told.datasets.add(dataset)
    text = str(number) * (SMALL_RESULT_BYTES if number // 2 % 2 else 1)  # results that are files, and that are none
    body = {"file_id": dataset, "task_id": "test_parts", "params": {"text": text}}
    started = await api.ask("POST", "/api/run", json=body)
    if _succeeded(started, 202):
        await _watch(api, started.json["task_execution_id"], text, told)
    if _succeeded(await api.ask("DELETE", f"/api/datasets/{dataset}"), 204):
        told.removed.add(dataset)


async def _watch(api: Api, run: str, text: str, told: Told) -> None:
    told.runs.add(run)
    events = await api.watch(run)
    if events[-1].type == "run.completed":
        result = await api.get(f"/api/run/{run}/result")
        assert result.json == {"lines": [f"part {part}{text}" for part in range(3)]}
        told.results[run] = result.body
        told.logs[run] = (await api.get(f"/api/run/{run}/events")).body
    else:
        assert events[-1].type == "run.failed"
        assert json.loads(events[-1].data)["error"]["status"] >= 500


async def _check(api: Api, told: Told) -> None:
    """Nothing is half, nothing is lost, nothing has changed."""
    listed = (await api.get("/api/datasets?limit=200")).json["datasets"]
    assert told.datasets - told.removed <= {dataset["file_id"] for dataset in listed} | told.removed
    for dataset in listed:
        assert (await api.get(f"/api/datasets/{dataset['file_id']}/rows")).json["total"] == 1
    runs = (await api.get("/api/runs?limit=200")).json["runs"]
    assert told.runs <= {run["task_execution_id"] for run in runs}
    for run in runs:
        run_id = run["task_execution_id"]
        events = await api.watch(run_id)
        finals = [event.type for event in events if event.type.removeprefix("run.") in _final_states()]
        state = (await api.get(f"/api/run/{run_id}")).json["status"]
        assert finals == [events[-1].type] == [f"run.{state}"]
        if state == "completed":
            assert (await api.get(f"/api/run/{run_id}/result")).status == 200
    for run_id, result in told.results.items():
        assert (await api.get(f"/api/run/{run_id}/result")).body == result
        assert (await api.get(f"/api/run/{run_id}/events")).body == told.logs[run_id]


def _final_states() -> set[str]:
    return {"completed", "failed", "cancelled", "interrupted"}


def _check_folder(folder: Path, told: Told) -> None:
    """After a start nothing is there that nothing points to."""
    assert not list((folder / "drafts").iterdir())
    large = {run for run, result in told.results.items() if len(result) > SMALL_RESULT_BYTES}
    assert {path.name for path in folder.glob("results/*")} >= large


async def test_a_call_that_fails_is_an_error_or_nothing_but_never_half(faults: Faults, tmp_path: Path) -> None:
    told = Told()
    async with _served(faults, tmp_path) as (process, api):
        await _cycle(api, 0, told)
        assert len(told.results) == 1
        for call in range(1, MOST_CALLS):
            faults.plan(call, ERRORS[call % 2])
            await _cycle(api, call, told)
            if not faults.hit:
                break
        else:
            raise AssertionError("it never came to an end")
        assert call > 20, "too few calls to have met what this is about"
        await _check(api, told)
        assert await process.stop() == 0
    async with _served(faults, tmp_path) as (process, api):
        await _check(api, told)
        _check_folder(tmp_path / "data", told)
        kept = {dataset["sha256"] for dataset in (await api.get("/api/datasets?limit=200")).json["datasets"]}
        assert {path.name for path in (tmp_path / "data" / "originals").iterdir()} == kept


async def test_killed_at_any_call_it_starts_again_with_all_it_promised(faults: Faults, tmp_path: Path) -> None:
    told = Told()
    for number, call in enumerate((*KILLS, 0)):
        async with _served(faults, tmp_path) as (process, api):
            await _check(api, told)
            _check_folder(tmp_path / "data", told)
            await _cycle(api, 1000 + number, told)
            if not call:
                break
            faults.plan(call, 0)
            try:
                await _cycle(api, number, told)
            except (aiohttp.ClientError, AssertionError, IndexError):
                await until(lambda process=process: process.process.returncode is not None, "its end")  # type: ignore[misc]
            assert await process.process.wait() == -signal.SIGKILL
            assert faults.hit
    assert len(told.results) >= len(KILLS)
