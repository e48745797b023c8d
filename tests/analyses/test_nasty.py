"""Every analysis on every table of the nasty ones."""

import pytest

from analyzer.verification import verify
from tests.analyses.inprocess import CATALOGUE, run
from tests.analyses.nasty import TABLES

TASKS = [
    "eda_association",
    "eda_correlation",
    "eda_distribution",
    "eda_overview",
    "eda_schema",
    "quality_duplicates",
    "quality_missing",
    "quality_outliers",
    "ts_overview",
]


@pytest.mark.parametrize("task_id", TASKS)
@pytest.mark.parametrize("name", TABLES)
def test_comes_through(task_id: str, name: str) -> None:
    """`run` holds what comes out against its schema, strict JSON and what charts promise; warnings are errors."""
    table = TABLES[name]
    assert run(table, task_id)["rows"] == table.num_rows


@pytest.mark.parametrize("task_id", TASKS)
def test_the_same_seed_gives_the_same(task_id: str) -> None:
    assert run(TABLES["outlier"], task_id, seed=3) == run(TABLES["outlier"], task_id, seed=3)


@pytest.mark.parametrize("task_id", ["eda_association", "eda_correlation"])
@pytest.mark.parametrize("name", TABLES)
def test_other_libraries_agree(task_id: str, name: str) -> None:
    table = TABLES[name]
    comparison = verify(task_id, {"df": table}, CATALOGUE.find(task_id).params(), run(table, task_id))
    assert comparison.differences == []
