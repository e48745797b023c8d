"""What holds of the source as a whole."""

import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import analyzer
from analyzer.errors import AnalyzerError, error_classes
from analyzer.settings import Settings

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(analyzer.__path__, "analyzer.")
    if not module.name.endswith("__main__")
)
THREAD_LOCKS = {"Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore", "Event", "Barrier"}


def test_no_thread_lock_is_constructed() -> None:
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module in ("threading", "multiprocessing", "_thread"):
                assert not THREAD_LOCKS & {name.name for name in node.names}, f"{source}:{node.lineno}"
            if isinstance(node, ast.Attribute) and node.attr in THREAD_LOCKS | {"allocate_lock"}:
                owner = node.value.id if isinstance(node.value, ast.Name) else ""
                assert owner not in ("threading", "multiprocessing", "_thread"), f"{source}:{node.lineno}"


def _imported_by(program: str) -> set[str]:
    told = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(told.stdout.split())


def _not_ours() -> list[str]:
    """What our modules import of others, all together: imported once, it need not be for each of them."""
    return sorted(name for name in _imported_by("import " + ", ".join(MODULES)) if not name.startswith("analyzer"))


@pytest.mark.timeout(300)
def test_every_module_imports_alone() -> None:
    """Each in a child of its own, forked while nothing of ours is imported, so that none leans on another's imports."""
    program = f"""
import contextlib, gc, os, sys, importlib
for name in {_not_ours()!r}:
    with contextlib.suppress(ImportError):  # some import only in their places
        importlib.import_module(name)
gc.freeze()
running = {{}}
def await_one():
    pid, status = os.wait()
    name = running.pop(pid)
    if status:
        sys.exit(name)
for name in {MODULES!r}:
    if len(running) == os.cpu_count():
        await_one()
    pid = os.fork()
    if pid == 0:
        importlib.import_module(name)
        os._exit(0)
    running[pid] = name
while running:
    await_one()
"""
    told = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=280)
    assert told.returncode == 0, told.stderr


def test_the_server_imports_nothing_that_computes() -> None:
    imported = _imported_by(
        "from analyzer.cli import main; from analyzer.analyses import catalogue; import analyzer; "
        "analyzer.create_app(); catalogue().descriptions()"
    )
    assert "aiohttp" in imported
    assert not {"numpy", "pandas", "pyarrow", "scipy", "sklearn", "statsmodels", "rich"} & imported


def test_a_worker_imports_nothing_that_serves() -> None:
    imported = _imported_by("import analyzer.executors.worker")
    assert "pyarrow" in imported
    assert not {"aiohttp", "sqlalchemy", "pydantic_settings", "click", "rich", "uvloop"} & imported


def test_the_front_door_leads_to_everything_it_names() -> None:
    for name in analyzer.__all__:
        assert getattr(analyzer, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        analyzer.nonsense  # noqa: B018


def test_every_error_has_a_code_and_a_page_of_its_own() -> None:
    codes = [cls.code for cls in error_classes()]
    assert len(codes) == len(set(codes)) > 20
    for cls in error_classes():
        assert "__doc__" in vars(cls), cls
        assert 400 <= cls.status < 600
    assert AnalyzerError in list(error_classes())


def test_every_setting_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"`ANALYZER_{name.upper()}`" in readme, name


def test_files_stay_short() -> None:
    for source in SOURCES:
        assert len(source.read_text().splitlines()) <= 340, source
