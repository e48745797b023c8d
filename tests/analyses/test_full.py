"""Everything in one run is what each says alone."""

from datetime import UTC, datetime
from typing import Any

import pyarrow.csv
import pytest

from analyzer.analyses.eda.full import MEMBERS, ORDER, FullParams, parts, settle
from tests.analyses.inprocess import CATALOGUE, run, schema_of
from tests.api import Api
from tests.conftest import PENGUINS

AS_OF = "2026-01-01T00:00:00Z"


@pytest.mark.parametrize("columns", [None, ["sex", "body_mass_g"]])
def test_each_result_is_that_of_a_run_alone(columns: list[str] | None) -> None:
    table = pyarrow.csv.read_csv(PENGUINS)
    full = run(table, "eda_full", columns=columns, seed=3, as_of=AS_OF)
    assert list(full["results"]) == list(MEMBERS)
    for task_id, member in MEMBERS.items():
        given: dict[str, Any] = {"columns": columns, "seed": 3, "as_of": AS_OF}
        own = {name: value for name, value in given.items() if name in member.params.model_fields}
        assert full["results"][task_id] == run(table, task_id, **own), task_id


def test_the_cheapest_parts_come_first() -> None:
    found = parts({"df": schema_of(pyarrow.csv.read_csv(PENGUINS))}, FullParams())
    tasks = list(dict.fromkeys(part.name.partition(": ")[0] for part in found))
    assert tasks == [task_id for task_id in ORDER if task_id in MEMBERS]
    assert len({part.name for part in found}) == len(found)


def test_everything_of_one_table_is_in_it() -> None:
    of_one_table = {
        task_id
        for task_id in CATALOGUE.ids()
        if task_id.startswith(("eda_", "quality_", "ts_")) and task_id != "eda_full"
    }
    assert set(MEMBERS) == of_one_table


def test_the_moment_it_looks_from_is_settled_once() -> None:
    settled = settle(FullParams())
    assert settled.as_of is not None
    assert settled.as_of.tzinfo is UTC
    fixed = FullParams(as_of=datetime(2020, 1, 1, tzinfo=UTC))
    assert settle(fixed) is fixed


async def test_its_report_and_charts_show_all_of_it(api: Api) -> None:
    run_id = await api.start(await api.dataset(PENGUINS), "eda_full")
    result = await api.result(run_id)
    page = (await api.get(f"/api/run/{run_id}/report.html")).body.decode()
    for task_id in MEMBERS:
        assert f"<h2>{CATALOGUE.find(task_id).title}</h2>" in page
    name = result["charts"][0]["name"]
    assert (await api.get(f"/api/run/{run_id}/chart/{name}.svg")).status == 200
