"""`analyzer doctor`, run as people run it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import pytest

import analyzer
from analyzer.jail import places
from analyzer.jail.levels import Finding, Layer, LayerReport, Report
from tests.api import Api
from tests.jail.places import Way, served_so

SOURCE = str(Path(analyzer.__file__).parents[1])


def _doctor(*arguments: str, prefix: Sequence[str] = (), **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*prefix, sys.executable, "-W", "error", "-m", "analyzer", "doctor", *arguments],
        check=False,
        env=os.environ | {"PYTHONPATH": SOURCE} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_every_layer_is_told() -> None:
    told = _doctor()
    assert told.stderr == ""
    for layer in Layer:
        assert f" {layer.value} " in told.stdout
    assert "of 3" in told.stdout
    told = _doctor("--json", ANALYZER_JAIL_MIN_LEVEL="3")
    found = json.loads(told.stdout)
    assert set(found["layers"]) == {layer.value for layer in Layer}
    assert found["min_level"] == 3
    assert told.returncode == (0 if found["level"] == 3 else 1)


def test_where_there_are_no_namespaces_it_says_so_and_why() -> None:
    way = Way("as it is, without namespaces", 2, without="namespaces")
    told = _doctor("--json", prefix=way.prefix)
    found = json.loads(told.stdout)
    assert found["level"] == 2
    assert found["layers"]["namespaces"]["finding"] == "failed"
    assert "unshare" in found["layers"]["namespaces"]["why"]
    closed = places.unreachable_for_others()
    if os.getuid() == 0 and closed is not None:
        assert closed in found["layers"]["identity"]["why"]
    told = _doctor(ANALYZER_JAIL_MIN_LEVEL="3", prefix=way.prefix)
    assert told.returncode == 1
    assert "Code is not run here: ANALYZER_JAIL_MIN_LEVEL asks for level 3." in told.stdout


async def test_below_the_least_level_code_is_refused_and_all_else_works(tmp_path: Path) -> None:
    way = Way("as it is, without namespaces", 2, without="namespaces")
    async with served_so(way, tmp_path, jail_min_level=3) as server, aiohttp.ClientSession(server.url) as http:
        api = Api(http)
        file_id = await api.dataset(b"a,b\n1,2\n")
        body = {"file_id": file_id, "task_id": "code", "params": {"code": "1"}}
        problem = (await api.ask("POST", "/api/run", json=body)).problem(503, "jail-unavailable")
        assert "namespaces: failed" in problem["detail"]
        assert (await api.result(await api.start(file_id, "eda_statistical_summary")))["rows"] == 1
        assert (await api.get("/health")).json["system"]["jail"]["level"] == 2


@pytest.mark.parametrize(
    ("missing", "level"),
    [
        ("", 3),
        ("namespaces", 2),
        ("landlock", 2),
        ("identity namespaces", 2),
        ("landlock namespaces", 1),
        ("seccomp", 1),
        ("seccomp identity", 0),
        ("limits", 0),
    ],
)
def test_levels_follow_from_what_is_proved(missing: str, level: int) -> None:
    findings = {layer: Finding.FAILED if layer in missing.split() else Finding.PROVED for layer in Layer}
    assert Report(tuple(LayerReport(layer, finding) for layer, finding in findings.items())).level == level
