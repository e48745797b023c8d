"""Association: worked out by hand, and against scipy and scikit-learn."""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from sklearn.metrics import mutual_info_score

from tests.analyses.inprocess import run

TASK = "eda_association"


def only(one: Any, two: Any, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = run(pa.table({"a": one, "b": two}), TASK, **params)["pairs"][0]
    return found


def test_the_same_twice() -> None:
    found = only(["x", "y"] * 50, [True, False] * 50)
    assert found["kinds"] == "categories"
    assert found["cramers_v"] == pytest.approx(1.0)  # with Yates's correction it would be 0.98
    assert found["mutual_information"] == pytest.approx(math.log(2))
    assert (found["theils_u"], found["theils_u_reverse"]) == pytest.approx((1.0, 1.0))
    assert found["p"] == pytest.approx(stats.chi2.sf(100, 1))
    assert (found["strength"], found["n"], found["notes"]) == (pytest.approx(1.0), 100, {})


def test_knowing_more_does_not_work_both_ways() -> None:
    found = only(["a", "b", "c", "d"] * 25, ["x", "x", "y", "y"] * 25)
    assert found["theils_u"] == pytest.approx(0.5)  # of log 4, log 2 is known
    assert found["theils_u_reverse"] == pytest.approx(1.0)


def test_variance_between_groups_by_hand() -> None:
    found = only(["g", "g", "h", "h"], [1.0, 3.0, 5.0, 7.0])  # 16 of 20 lie between
    assert (found["kinds"], found["eta_squared"]) == ("category and numbers", pytest.approx(0.8))
    assert found["strength"] == pytest.approx(math.sqrt(0.8))
    assert found["p"] == pytest.approx(stats.f_oneway([1, 3], [5, 7]).pvalue)
    assert found["cramers_v"] is None
    assert "cramers_v" not in found["notes"]  # it does not apply


@pytest.mark.parametrize(
    ("one", "two", "figure", "reason"),
    [
        (["x"] * 9, ["a", "b", "c"] * 3, "cramers_v", "constant"),
        (["x", "y", "x"] * 3, [5.0] * 9, "eta_squared", "constant"),
        (["x", None, "y"], [None, 1.0, None], "eta_squared", "too-few-values"),
        ([f"t{number}" for number in range(10)], ["x", "y"] * 5, "cramers_v", "too-few-values"),
    ],
)
def test_undefined_says_why(one: Any, two: Any, figure: str, reason: str) -> None:
    found = only(one, two)
    assert (found[figure], found["strength"]) == (None, None)
    assert found["notes"][figure] == {"kind": "undefined", "reason": reason}


def test_as_many_categories_as_numbers_leave_nothing_to_test() -> None:
    found = only(["a", "b", "c", "d"], [1.0, 2.0, 3.0, 4.0])
    assert (found["eta_squared"], found["p"]) == (1.0, None)
    assert found["notes"] == {"p": {"kind": "undefined", "reason": "too-few-values"}}


def test_numbers_are_cut_at_quantiles() -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=500)
    y = x + random.normal(size=500)
    found = only(x, y, bins=4)
    edges = [np.quantile(side, [0.25, 0.5, 0.75]) for side in (x, y)]
    codes = [np.searchsorted(edge, side) for edge, side in zip(edges, (x, y), strict=True)]
    assert found["mutual_information"] == pytest.approx(mutual_info_score(*codes), rel=1e-9)
    assert found["strength"] == pytest.approx(math.sqrt(1 - math.exp(-2 * found["mutual_information"])), rel=1e-12)


def test_what_is_left_out_says_why_and_the_strongest_come_first() -> None:
    table = pa.table(
        {
            "id": [f"r{k}" for k in range(300)],
            "a": [k % 3 for k in range(300)],
            "b": [str(k % 3) for k in range(300)],
            "c": [str(k % 7) for k in range(300)],
            "l": [[k] for k in range(300)],
        }
    )
    result = run(table, TASK)
    assert result["left_out"] == [{"name": "id", "reason": "too-many-levels"}, {"name": "l", "reason": "unsupported"}]
    assert (result["pairs"][0]["column"], result["pairs"][0]["other"]) == ("a", "b")
    assert result["columns"][0]["strongest"] == "b"
    assert result["tested"] == 3
    assert len(run(table, TASK, pairs=2)["pairs"]) == 2


@pytest.mark.parametrize(("values", "levels"), [([7.0] * 10, 1), ([0] + [1] * 9, 2), ([0, 1], 2), ([*range(100)], 10)])
def test_levels_are_bins_that_hold_values(values: Any, levels: int) -> None:
    assert run(pa.table({"a": [*values, None]}), TASK, bins=10)["columns"][0]["levels"] == levels


def test_large_integers_that_lie_close_together() -> None:
    found = only([2**60 + k for k in range(100)], range(100))
    assert found["theils_u"] == pytest.approx(1.0)
    groups = only([2**60 + k // 50 for k in range(100)], ["a"] * 50 + ["b"] * 50)
    assert groups["eta_squared"] == pytest.approx(1.0)
