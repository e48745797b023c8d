"""The catalogue: what is in it, and what a broken plug-in does to it."""

import json
import logging
import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import Any

import pyarrow as pa
import pytest

from analyzer import analyses
from analyzer.analyses.findings.codes import CODES
from analyzer.analyses.findings.thresholds import Thresholds
from analyzer.errors import UnknownTask
from tests.analyses.inprocess import published, run

ASKING = ["ask_chart", "ask_explain", "ask_plan", "ask_question", "ask_transform"]
OURS = [
    "compare_drift",
    "eda_association",
    "eda_correlation",
    "eda_data_quality",
    "eda_distribution",
    "eda_full",
    "eda_overview",
    "eda_schema",
    "eda_statistical_summary",
    "quality_duplicates",
    "quality_missing",
    "quality_outliers",
    "ts_overview",
]


def test_every_entry_is_itself() -> None:
    registry = analyses.catalogue()
    assert set(OURS) <= set(registry.ids())
    for task_id in OURS:
        description = registry.find(task_id).describe()
        assert description.task_id == task_id
        assert len(description.description) > 500
        fields = registry.find(task_id).result.model_fields
        assert fields["task_id"].default == task_id
        assert {"schema_version", "methods", "charts"} <= set(fields)
        for schema in (description.parameters, description.result):
            assert json.loads(json.dumps(schema, allow_nan=False))["type"] == "object"


def test_every_eda_task_takes_columns_and_seed() -> None:
    registry = analyses.catalogue()
    for task_id in OURS:
        assert {"columns", "seed"} <= set(registry.find(task_id).params.model_fields)


def test_parameters_are_documented() -> None:
    registry = analyses.catalogue()
    for params in [registry.find(task_id).params for task_id in OURS] + [Thresholds]:
        undocumented = [name for name, field in params.model_fields.items() if not field.description]
        assert undocumented in ([], ["thresholds"])


def test_the_page_lists_every_code_and_every_threshold() -> None:
    page = analyses.catalogue().find("eda_data_quality").page
    assert [code for code in CODES if f"| {code} |" not in page] == []
    used = {code.threshold for code in CODES.values()} | {"rare", "seasonal_share"}
    assert used - {None} == set(Thresholds.model_fields)


@pytest.mark.parametrize("task_id", OURS)
def test_the_server_side_imports_nothing_that_computes(task_id: str) -> None:
    code = f"""
import sys
from analyzer.analyses import catalogue
catalogue().find({task_id!r}).describe()
print([name for name in ("numpy", "pandas", "pyarrow", "scipy", "statsmodels") if name in sys.modules])
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, analyses.GROUP)


def test_broken_plug_ins_are_left_out_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    good = "analyzer.analyses.eda.statistical_summary:analysis"
    found = [
        entry("x_absent", "no_such_package:analysis"),
        entry("x_attribute", "analyzer.registry:nothing"),
        entry("x_wrong", "analyzer.registry:Registry"),
        entry("x_misnamed", good),
        entry("eda_data_quality", good),
    ]
    monkeypatch.setattr(analyses, "entry_points", lambda **_: found)
    with caplog.at_level(logging.WARNING):
        registry = analyses.catalogue()
    assert registry.ids() == [*ASKING, "code", *OURS]
    for one in found:
        assert f"Analysis {one.name} of {one.value} is left out" in caplog.text
    assert registry.find("eda_data_quality").id == "eda_data_quality"


def test_a_working_plug_in_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    class Working:
        id = "x_working"

    def load(_: EntryPoint) -> Any:
        return Working

    monkeypatch.setattr(EntryPoint, "load", load)
    monkeypatch.setattr(analyses, "entry_points", lambda **_: [entry("x_working", "package:analysis")])
    assert analyses.catalogue().ids() == [*ASKING, "code", *OURS, "x_working"]


def test_an_unknown_task_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownTask, match="eda_statistical_summary"):
        analyses.catalogue().find("eda_statistic_summary")


@pytest.mark.parametrize("damage", [{"rows": "3"}, {"rows": None}, {"columns": [{"name": "x"}]}, {"surplus": 1}])
def test_the_published_schema_refuses_what_is_no_result(damage: dict[str, Any]) -> None:
    result = run(pa.table({"x": [1, 2, None]}), "eda_statistical_summary")
    assert published("eda_statistical_summary").is_valid(result)
    assert not published("eda_statistical_summary").is_valid(result | damage)
