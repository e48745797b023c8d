"""Every alert of every analysis has a table that makes it fire, and one that does not."""

import importlib
import pkgutil
from collections.abc import Collection, Iterator

import analyzer.analyses
from analyzer.analyses.apart import alerts as apart
from analyzer.analyses.findings import codes as findings
from analyzer.analyses.issues import Code
from analyzer.analyses.series import alerts as series
from tests.analyses import test_drift, test_quality_alerts, test_series
from tests.analyses.inprocess import CATALOGUE

Alerts = Collection[str]

LISTS: dict[str, tuple[Alerts, Alerts, Alerts]] = {
    "compare_drift": (apart.CODES, test_drift.FIRING, test_drift.SILENT),
    "eda_data_quality": (findings.CODES, test_quality_alerts.PAIRS, test_quality_alerts.PAIRS),
    "ts_overview": (series.CODES, test_series.FIRING, test_series.SILENT),
}
"""The alerts of each analysis that has some, those that a test makes fire, and those that a test keeps quiet."""


def lists_of_alerts() -> Iterator[dict[str, Code]]:
    """Every table of alerts that stands in a module of the catalogue."""
    path = analyzer.analyses.__path__
    for module in pkgutil.walk_packages(path, "analyzer.analyses."):
        for found in vars(importlib.import_module(module.name)).values():
            if isinstance(found, dict) and any(isinstance(one, Code) for one in found.values()):
                yield found


def test_every_list_of_alerts_is_tried() -> None:
    known = {id(codes) for codes, _, _ in LISTS.values()}
    assert [sorted(found) for found in lists_of_alerts() if id(found) not in known] == []
    with_issues = {task_id for task_id in CATALOGUE.ids() if "issues" in CATALOGUE.find(task_id).result.model_fields}
    assert with_issues == set(LISTS)


def test_every_alert_is_made_to_fire_and_kept_quiet() -> None:
    for task_id, (codes, firing, silent) in LISTS.items():
        assert set(firing) == set(silent) == set(codes), task_id
