"""`analyzer doctor`, run as people run it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import analyzer
from analyzer.jail.levels import Finding, Layer, LayerReport, Report

SOURCE = str(Path(analyzer.__file__).parents[1])


def _doctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "analyzer", "doctor", *arguments],
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
