"""Many people at once, as the benchmark of that name lets them come. What it measures is not judged here."""

import json
import subprocess
import sys
from pathlib import Path

CROWD = Path(__file__).parents[1] / "benchmarks/crowd.py"


def test_two_hundred_people_get_their_own_numbers_or_are_told_to_come_back() -> None:
    told = subprocess.run([sys.executable, str(CROWD)], check=False, capture_output=True, text=True, timeout=100)
    assert told.returncode == 0, told.stderr
    seen = json.loads(told.stdout)
    assert set(seen["uploads"]) <= {"201", "429"}
    assert set(seen["runs"]) <= {"202", "429"}
    assert sum(seen["uploads"].values()) == 200
    assert seen["refused_without_retry_after"] == 0
    assert seen["results"] == seen["runs"]["202"] > 50
    assert seen["wrong"] == []
    assert seen["health_answers"] > 10
    assert not seen["health_failed"]
    assert seen["exit_status"] == 0
