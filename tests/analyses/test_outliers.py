"""Outliers, worked out by hand."""

import numpy as np
import pyarrow as pa
import pytest

from analyzer.analyses.findings import outlying
from tests.analyses.inprocess import run

TASK = "quality_outliers"


def test_the_fences_of_each_method() -> None:
    values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 100, None]
    column = run(pa.table({"x": values, "s": ["a"] * 11}), TASK)["columns"][0]
    assert (column["name"], column["count"], column["missing"]) == ("x", 10, 1)
    # q25 = 3.25, q75 = 7.75; mean = 14.5, s = 30.1523; median = 5.5, mad = 2.5
    assert (column["iqr"]["lower"], column["iqr"]["upper"]) == (-3.5, 14.5)
    assert (column["iqr"]["n"], column["iqr"]["above"], column["iqr"]["share"], column["iqr"]["rows"]) == (
        1,
        1,
        0.1,
        [9],
    )
    assert (column["z"]["n"], column["z"]["upper"]) == (
        0,
        pytest.approx(14.5 + 3 * np.std([*range(1, 10), 100], ddof=1)),
    )
    assert column["modified_z"]["upper"] == pytest.approx(5.5 + 3.5 * 2.5 / 0.6745)
    assert column["modified_z"]["n"] == 1


def test_why_there_are_no_fences() -> None:
    table = pa.table({"c": [1.0] * 4, "i": [1.0, 2.0, 3.0, float("inf")], "one": [1.0, None, None, None]})
    constant, infinite, single = run(table, TASK)["columns"]
    assert {note["reason"] for note in constant["notes"].values()} == {"constant"}
    assert (infinite["z"], infinite["notes"]["z"]["reason"]) == (None, "infinite")
    assert (single["z"], single["notes"]["z"]["reason"]) == (None, "too-few-values")


def test_infinities_lie_beyond_any_fence() -> None:
    values = [*(float(value) for value in range(20)), float("inf"), float("-inf")]
    fences = run(pa.table({"x": values}), TASK)["columns"][0]["iqr"]
    assert (fences["below"], fences["above"], fences["rows"]) == (1, 1, [20, 21])


def test_the_forest_finds_the_row_that_is_far_from_all_others() -> None:
    random = np.random.default_rng(5)
    x = random.normal(size=500)
    y = x + random.normal(scale=0.01, size=500)
    x[77], y[77] = 6.0, -6.0
    forest = run(pa.table({"x": x, "y": y, "c": [1] * 500}), TASK)["forest"]
    assert forest["columns"] == ["x", "y"]
    assert forest["strangest"][0]["row"] == 77
    assert forest["notes"] == {}


def test_of_many_rows_the_forest_takes_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlying, "MAX_FOREST_ROWS", 100)
    forest = run(pa.table({"x": np.random.default_rng(1).normal(size=300)}), TASK, seed=4)["forest"]
    assert (forest["rows"], forest["notes"]["n"]) == (100, {"kind": "sample", "n": 100, "seed": 4})


def test_large_integers_that_lie_close_together_have_fences() -> None:
    fences = run(pa.table({"x": [2**60 + k for k in range(99)] + [2**60 + 10_000]}), TASK)["columns"][0]
    assert (fences["iqr"]["rows"], fences["modified_z"]["rows"]) == ([99], [99])
