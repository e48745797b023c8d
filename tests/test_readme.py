"""What the README says one can do is done here, as it stands there."""

import asyncio
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.settings import Settings
from tests.serverprocess import server

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SAID_OTHERWISE = {
    "data_dir": "the user's data directory",
    "workers": "the cores",
    "allowed_hosts": "the bound host and loopback",
    "cors_origins": "none",
    "max_concurrent_tasks_each": "all",
    "max_queued_tasks_each": "all",
}


def _block(heading: str, language: str) -> str:
    section = README.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found, heading
    return found[1]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_screen_of_curl_works_as_printed(tmp_path: Path) -> None:
    screen = _block("One screen of curl", "bash")
    async with server(tmp_path / "data") as process:
        here = screen.replace("http://127.0.0.1:8000", process.url)
        assert here != screen
        shell = await asyncio.create_subprocess_exec(
            *("bash", "-euc", here), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = (content.decode() for content in await shell.communicate())
    assert (shell.returncode, err) == (0, "")
    assert "event: run.completed" in out
    assert '"message":"Currently processing' in out
    assert '"task_id": "eda_statistical_summary"' in out
    assert '"task_id": "eda_data_quality"' in out


def test_the_library_program_works_as_printed(tmp_path: Path) -> None:
    program = _block("As a library", "python").replace("/tmp/analyses", str(tmp_path))
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], check=True, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert told.stderr == ""
    assert told.stdout.splitlines()[-1] == "43.9219298245614"
    assert len([line for line in program.splitlines() if line.strip()]) <= 11


def test_the_commands_work_as_printed(tmp_path: Path) -> None:
    commands = [line.removeprefix("$ ") for line in _block("At the command line", "console").splitlines()]
    here = [command for command in commands if "--server" not in command]
    assert len(here) == 5
    penguins = ROOT / "src/analyzer/samples/penguins.csv"
    shutil.copy(penguins, tmp_path / "table.csv")
    for command in here:
        ours = command.replace("analyzer ", f"{sys.executable} -m analyzer ", 1)
        ours = ours.replace("src/analyzer/samples/penguins.csv", str(penguins))
        told = subprocess.run(ours.split(), check=True, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert "eda_data_quality" in told.stdout or "report" in command
    assert "body_mass_g" in (tmp_path / "table-report.html").read_text()


def test_the_settings_table_is_what_the_settings_are() -> None:
    for name, field in Settings.model_fields.items():
        default = SAID_OTHERWISE.get(name) or (
            f"{field.default:g}" if isinstance(field.default, float) else str(field.default)
        )
        assert f"| `ANALYZER_{name.upper()}` | {default} | {field.description} |" in README, name


def test_its_links_lead_somewhere() -> None:
    for text in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text.read_text()):
            assert (text.parent / target).exists(), f"{text.name}: {target}"
