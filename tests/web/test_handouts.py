"""What is made of a run to take away: its code and its pictures."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api import Api
from tests.conftest import Served


@pytest.mark.parametrize("session", [None, "mine"])
async def test_the_code_of_a_run_runs_by_itself(
    api: Api, served: Served, penguins: Path, tmp_path: Path, session: str | None
) -> None:
    if session:
        api.headers["X-Session-ID"] = session
    dataset = await api.dataset(penguins, 'pen"""\\guins.csv')
    run_id = await api.start(dataset, "eda_statistical_summary")
    await api.result(run_id)
    code = await api.get(f"/api/run/{run_id}/code")
    assert code.status == 200
    assert code.headers["Content-Type"] == "text/x-python; charset=utf-8"
    assert code.headers["X-Content-Type-Options"] == "nosniff"
    assert f"{served.url}/api/datasets/{dataset}/download?format=parquet" in code.body.decode()
    (tmp_path / "again.py").write_bytes(code.body)
    process = await _run(str(tmp_path / "again.py"), ANALYZER_SESSION=session or "")
    assert "43.92192982456" in process


async def test_the_code_as_a_notebook(api: Api, penguins: Path) -> None:
    run_id = await api.start(await api.dataset(penguins), "eda_data_quality", columns=["sex"])
    answer = await api.get(f"/api/run/{run_id}/code?format=ipynb")
    book = answer.json
    assert (book["nbformat"], [cell["cell_type"] for cell in book["cells"]]) == (4, ["markdown", "code", "code"])
    assert "name in ['sex']" in book["cells"][2]["source"]
    again = await api.get(f"/api/run/{run_id}/code?format=ipynb", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


async def test_what_has_no_code_says_so(api: Api, penguins: Path) -> None:
    run_id = await api.start(await api.dataset(penguins), "test_parts")
    (await api.get(f"/api/run/{run_id}/code")).problem(404, "no-code")
    (await api.get(f"/api/run/{run_id}/code?format=r")).problem(422, "invalid-parameters")
    (await api.get(f"/api/run/{'0' * 32}/code")).problem(404, "unknown-run")


async def test_a_chart_as_a_picture(api: Api, penguins: Path) -> None:
    run_id = await api.start(await api.dataset(penguins), "eda_statistical_summary")
    await api.result(run_id)
    drawn = await api.get(f"/api/run/{run_id}/chart/column-2.svg")
    assert drawn.status == 200, drawn.body
    assert drawn.headers["Content-Type"] == "image/svg+xml"
    assert drawn.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert drawn.headers["X-Content-Type-Options"] == "nosniff"
    assert b"bill_length_mm" in drawn.body
    assert (await api.get(f"/api/run/{run_id}/chart/column-2.png")).body.startswith(b"\x89PNG")
    tag = drawn.headers["ETag"]
    assert (await api.get(f"/api/run/{run_id}/chart/column-2.svg", headers={"If-None-Match": tag})).status == 304
    (await api.get(f"/api/run/{run_id}/chart/column-99.svg")).problem(404, "not-found")


async def _run(script: str, **environment: str) -> str:

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, script), env={"PATH": "", **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()
