"""What the documents say is so."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

from analyzer import Settings, create_app
from analyzer.errors import error_classes
from analyzer.models import FINAL_EVENTS

ROOT = Path(__file__).parents[1]
API = (ROOT / "docs/api.md").read_text()
HOUSE = (ROOT / "docs/house.md").read_text()


def test_every_route_is_documented_and_nothing_else(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path))
    served = {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.method != "HEAD" and route.resource is not None
    }
    table = API.partition("## Whose things")[0]
    documented = set()
    for line in table.splitlines():
        if line.startswith("| `"):
            method = ""
            for code in re.findall(r"`([^`]+)`", line.split("|")[1]):
                words = code.split()
                method = words[0] if words[0].isupper() else method
                documented |= {f"{method} {word}" for word in words if word.startswith("/")}
    documented = {entry.replace("/api/run/{id}", "/api/run/{run_id}") for entry in documented}
    assert served == documented


def test_every_error_stands_in_the_reference_as_its_class_says_it() -> None:
    reference = (ROOT / "docs/errors.md").read_text()
    rows = {line for line in reference.splitlines() if line.startswith("| `")}
    classes = list(error_classes())
    expected = {
        f"| `{cls.code}` | {cls.status} | {cls.title}. {' '.join((inspect.getdoc(cls) or '').split())} |"
        for cls in classes
    }
    assert rows == expected, f"missing: {sorted(expected - rows)}; no longer so: {sorted(rows - expected)}"
    places = {line.partition("`")[2].partition("`")[0]: number for number, line in enumerate(reference.splitlines())}
    for chapter in {cls.__module__ for cls in classes}:  # the reference has a chapter for each file of errors
        numbers = sorted(places[cls.code] for cls in classes if cls.__module__ == chapter)
        assert numbers[-1] - numbers[0] == len(numbers) - 1, chapter


def test_every_event_is_documented() -> None:
    for event in FINAL_EVENTS | {
        "run.queued",
        "run.started",
        "result.section",
        "chart",
        "run.progress",
        "output.delta",
        "text.delta",
        "code.delta",
        "run.snapshot",
    }:
        assert f"`{event}`" in API, event


def test_the_analysis_of_the_house_works_as_printed(tmp_path: Path, penguins: Path) -> None:
    program = re.search(r"```python\n(.*?)```", HOUSE, re.DOTALL)
    assert program
    (tmp_path / "missing_share.py").write_text(program[1])
    package = tmp_path / "missing_share-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: missing-share\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[analyzer.analyses]\neda_missing_share = missing_share:analysis\n")
    told = subprocess.run(
        [sys.executable, "-m", "analyzer", "analyze", str(penguins), "--json", "--task", "eda_missing_share"],
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert '"bill_length_mm": 0.00581395' in told.stdout


def test_every_room_stands_on_its_floor() -> None:
    rooms = {path.stem for path in (ROOT / "src/analyzer").iterdir() if path.suffix == ".py" or path.is_dir()}
    floors = HOUSE.partition("```\n__main__")[2].partition("```")[0]
    for room in rooms - {"__init__", "__pycache__", "__main__", "samples", "py"}:
        assert re.search(rf"\b{room}\b", floors), room
