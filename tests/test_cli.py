"""The command line, run as people run it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PLUGIN, Served
from tests.waiting import alive, family, until

ENVIRONMENT = os.environ | {"PYTHONPATH": PLUGIN, "COLUMNS": "100"}


async def _analyzer(*arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "analyzer", *arguments),
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    assert "most recent call last" not in err.decode() or "test_broken" in arguments
    return process.returncode, out.decode(), err.decode()


async def test_analyze_shows_tables(penguins: Path) -> None:
    status, out, _ = await _analyzer("analyze", str(penguins))
    assert status == 0
    assert "344 rows × 8 columns" in out
    assert "bill_length_mm" in out
    assert "43.92" in out
    assert "completeness" in out
    assert "high_correlation" in out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("far", [False, True])
async def test_analyze_gives_json_here_and_from_a_server(penguins: Path, served: Served, far: bool) -> None:
    there = ("--server", served.url) if far else ()
    status, out, err = await _analyzer("analyze", str(penguins), "--json", "--task", "eda_statistical_summary", *there)
    assert (status, err) == (0, "")
    (result,) = json.loads(out).values()
    assert result["rows"] == 344
    assert result["columns"][2]["mean"] == 43.9219298245614


async def test_a_failed_analysis_is_told_by_the_status(penguins: Path) -> None:
    status, out, err = await _analyzer(
        "analyze", str(penguins), "--task", "test_broken", "--task", "test_parts", "--json"
    )
    assert status == 1
    assert list(json.loads(out)) == ["test_parts"]
    assert "test_broken: The run failed" in err
    assert "the secret of the worker" in err, "here the log is at hand"


async def test_what_cannot_be_begun_is_named(penguins: Path, tmp_path: Path, unused_tcp_port: int) -> None:
    empty = tmp_path / "empty.csv"
    empty.touch()
    for arguments, name in (
        (("analyze", "nowhere.csv"), "nowhere.csv"),
        (("analyze", str(empty)), "empty"),
        (("analyze", str(penguins), "--task", "eda_statistical_sumary"), "eda_statistical_summary"),
        (("analyze", str(penguins), "--server", f"http://127.0.0.1:{unused_tcp_port}"), str(unused_tcp_port)),
        (("analyze", str(penguins), "--task", "test_trouble"), "kind"),
        (("serve", "--workers", "0"), "workers"),
    ):
        status, out, err = await _analyzer(*arguments)
        assert (status, out) == (2, "")
        assert name in err


async def test_tasks_lists_the_catalogue(served: Served) -> None:
    for there in ((), ("--server", served.url)):
        status, out, _ = await _analyzer("tasks", *there)
        assert status == 0
        assert "eda_statistical_summary" in out
        _, out, _ = await _analyzer("tasks", "--json", *there)
        assert {"eda_statistical_summary", "eda_data_quality"} <= {task["task_id"] for task in json.loads(out)}


async def test_help_helps() -> None:
    for command in ((), ("serve",), ("analyze",), ("tasks",)):
        status, out, _ = await _analyzer(*command, "--help")
        assert status == 0
        assert "Usage:" in out
    assert (await _analyzer("--version"))[1].startswith("analyzer, version 0.")


async def test_ctrl_c_stops_an_analysis_and_leaves_nothing(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a\n1\n")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "analyzer", "analyze", str(table), "--task", "test_endless"),
        env=ENVIRONMENT | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    await until(lambda: list(tmp_path.glob("endless-*")), "the analysis has begun")
    children = family(process.pid)
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 2
    assert "Stopped" in err.decode()
    assert "Traceback" not in err.decode()
    await until(lambda: not any(alive(pid) for pid in children), "no orphan")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("analyzer-")]
