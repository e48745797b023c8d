"""Two datasets in one run."""

from pathlib import Path
from typing import Any

import pytest

from tests.api import Api


@pytest.fixture
def rows(penguins: Path) -> list[bytes]:
    return penguins.read_bytes().splitlines(keepends=True)


async def test_a_dataset_is_compared_with_another_one(api: Api, rows: list[bytes]) -> None:
    before, now = await api.dataset(b"".join(rows)), await api.dataset(b"".join(rows[:200]), "now.csv")
    run_id = await api.start(now, "compare_drift", reference=before)
    result = await api.result(run_id)
    assert (result["rows"], result["reference_rows"]) == (199, 344)
    sections = [frame for frame in await api.watch(run_id) if frame.type == "result.section"]
    assert len(sections) >= len(result["columns"])
    code = (await api.get(f"/api/run/{run_id}/code")).body.decode()
    assert before in code
    assert now in code
    assert "Drift" in (await api.get(f"/api/run/{run_id}/report.html")).body.decode()
    assert (await api.get(f"/api/run/{run_id}/chart/{result['charts'][0]['name']}.svg")).status == 200


async def test_the_reference_is_authorised_like_the_dataset(api: Api, rows: list[bytes]) -> None:
    mine = await api.dataset(b"".join(rows))
    stranger = Api(api.http, {"X-Session-ID": "somebody"})
    foreign = await stranger.dataset(b"".join(rows))
    for reference in (foreign, "0" * 32):
        body: dict[str, Any] = {"file_id": mine, "task_id": "compare_drift", "params": {"reference": reference}}
        (await api.ask("POST", "/api/run", json=body)).problem(404, "unknown-dataset")
    body["params"] = {}
    problem = (await api.ask("POST", "/api/run", json=body)).problem(422, "invalid-parameters")
    assert problem["errors"][0]["pointer"] == "/params/reference"


async def test_what_only_the_reference_has_may_be_named(api: Api, rows: list[bytes]) -> None:
    now, before = await api.dataset(b"a\n1\n2\n"), await api.dataset(b"a,b\n1,2\n2,3\n")
    assert (await api.result(await api.start(now, "compare_drift", reference=before, columns=["b"])))["changes"] == [
        {"column": "b", "change": "removed", "before": "int64", "after": None}
    ]
    body = {"file_id": now, "task_id": "compare_drift", "params": {"reference": before, "columns": ["c"]}}
    problem = (await api.ask("POST", "/api/run", json=body)).problem(422, "invalid-parameters")
    assert problem["errors"][0]["pointer"] == "/params/columns/0"
