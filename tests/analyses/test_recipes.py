"""Every recipe gives what its analysis gives, with nothing of ours."""

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest

from analyzer.analyses.recipes import recipe
from analyzer.comparison import compare
from analyzer.registry import Place
from tests.analyses.inprocess import CATALOGUE, run, schemas_of
from tests.conftest import PENGUINS

WITH_RECIPE = [
    task_id
    for task_id in CATALOGUE.ids()
    if (found := CATALOGUE.find(task_id)).recipe is not None and found.place is Place.SLOT
]

LEAST = {
    "compare_drift": 18,
    "eda_association": 35,
    "eda_correlation": 8,
    "eda_data_quality": 9,
    "eda_distribution": 400,
    "eda_overview": 18,
    "eda_schema": 19,
    "eda_statistical_summary": 67,
    "quality_duplicates": 15,
    "quality_missing": 17,
    "quality_outliers": 42,
    "ts_overview": 91,
}
"""So many figures of three columns a recipe gives at the least."""

FURTHER: dict[str, dict[str, Any]] = {"compare_drift": {"reference": "reference"}}
"""The parameters of analyses that cannot do without."""


def test_our_analyses_have_one() -> None:
    assert set(LEAST) == set(WITH_RECIPE)


@pytest.mark.parametrize("columns", [None, ["sex", "body_mass_g", "species"]])
@pytest.mark.parametrize("task_id", WITH_RECIPE)
def test_a_recipe_gives_the_figures_of_the_penguins(task_id: str, columns: list[str] | None) -> None:
    analysis = CATALOGUE.find(task_id)
    table = pyarrow.csv.read_csv(PENGUINS)
    if task_id.startswith("ts_"):
        moments = pa.array(pd.date_range("2007-01-01", periods=len(table), freq="D"))
        table = table.append_column("day", moments)
    given = FURTHER.get(task_id, {}) | {"columns": columns}
    assert analysis.recipe is not None
    further = {name: table.slice(100, 200) for name in analysis.further(analysis.params(**given))}
    program = analysis.recipe(schemas_of({"df": table, **further}), analysis.params(**given))
    assert "analyzer" not in program
    names: dict[str, Any] = {"df": table.to_pandas(), "pd": pd}
    names |= {name: other.to_pandas() for name, other in further.items()}
    exec(program, names)
    found = compare(run(table, task_id, further, **given), names["result"])
    assert found.differences == []
    assert found.figures >= LEAST[task_id]


AWKWARD = {
    "no rows": {"x": pa.array([], pa.int64()), "s": pa.array([], pa.string())},
    "one row": {"x": [1.5], "s": ["a"], "b": [True]},
    "constants": {"x": [1.5] * 30, "s": ["a"] * 30, "b": [True] * 30},
    "gaps": {"x": [1.5, None, 2.5] * 20, "s": ["a", None, "b"] * 20, "b": [True, None, False] * 20, "n": pa.nulls(60)},
}


@pytest.mark.filterwarnings("ignore")  # of pandas and scipy, that there is nothing to divide by
@pytest.mark.parametrize("table", AWKWARD.values(), ids=AWKWARD)
@pytest.mark.parametrize("task_id", [one for one in WITH_RECIPE if one.startswith(("eda_", "quality_"))])
def test_a_recipe_gives_the_figures_of_little(task_id: str, table: dict[str, Any]) -> None:
    analysis = CATALOGUE.find(task_id)
    arrow = pa.table(table)
    assert analysis.recipe is not None
    names: dict[str, Any] = {"df": arrow.to_pandas(), "pd": pd}
    exec(analysis.recipe(schemas_of({"df": arrow}), analysis.params()), names)
    assert compare(run(arrow, task_id), names["result"]).differences == []


def test_what_a_recipe_is_given_stands_above_it() -> None:
    made = recipe("\nresult = [columns, text]\n", ['a"\n', "b"], text="it's\\")
    names: dict[str, Any] = {"df": pd.DataFrame({'a"\n': [1], "c": [2]})}
    exec(made, names)
    assert names["result"] == [['a"\n'], "it's\\"]
