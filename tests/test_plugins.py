"""Analyses of others: decorated in an embedding program, and installed as a package. The guide's code is what runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer import analysis
from analyzer.plugins import NotImportable

GUIDE = (Path(__file__).parents[1] / "docs/plugins.md").read_text()
MODULE, PROGRAM = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
PACKAGE = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)[0]
SOURCE = str(Path(__file__).parents[1] / "src")
GAPS = "'value': {'bill_length_mm': 2, 'bill_depth_mm': 2, 'flipper_length_mm': 2, 'body_mass_g': 2"


def _run(*arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join((path, SOURCE))}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=90
    )


def test_a_decorated_function_runs_in_workers(tmp_path: Path, penguins: Path) -> None:
    (tmp_path / "my_analyses.py").write_text(MODULE)
    (tmp_path / "program.py").write_text(PROGRAM)
    told = _run(str(tmp_path / "program.py"), str(penguins), str(tmp_path / "data"), path=str(tmp_path))
    assert GAPS in told.stdout, told.stderr


def test_one_in_the_program_itself_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(MODULE)
    told = _run(str(tmp_path / "program.py"), path="")
    assert told.returncode == 1
    assert "stands in the program's __main__, which workers cannot import. Put it at the top level" in told.stderr


def test_one_inside_a_function_is_refused() -> None:
    with pytest.raises(NotImportable, match=r"another function or class of tests\.test_plugins"):

        @analysis("inner")
        def inner(df: object, params: object) -> None: ...


def test_a_package_that_is_installed_joins(tmp_path: Path, penguins: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "installed"
    source.mkdir()
    (source / "my_analyses.py").write_text(MODULE)
    (source / "pyproject.toml").write_text(PACKAGE)
    pip = ("-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation", "--target", str(target))
    installed = _run(*pip, str(source), path="")
    assert installed.returncode == 0, installed.stderr
    told = _run("-m", "analyzer", "analyze", str(penguins), "--task", "my_gaps", "--json", path=str(target))
    assert '"bill_length_mm":2' in told.stdout.replace(" ", ""), told.stderr
