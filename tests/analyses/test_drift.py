"""Drift: worked out by hand, against scipy, and what must hold of any two tables."""

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analyzer.analyses.apart.alerts import CODES
from analyzer.analyses.apart.kolmogorov import EXACT_UP_TO, exact_p, two_samples
from analyzer.errors import InvalidParameters
from analyzer.verification import verify
from tests.analyses.inprocess import CATALOGUE, run
from tests.analyses.nasty import TABLES

TASK = "compare_drift"
random = np.random.default_rng(6)


def drift(before: pa.Table, after: pa.Table, **params: Any) -> dict[str, Any]:
    return run(after, TASK, {"reference": before}, reference="reference", **params)


def only(before: Any, after: Any, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = drift(pa.table({"x": before}), pa.table({"x": after}), **params)["columns"][0]
    return found


def codes(before: pa.Table, after: pa.Table, **params: Any) -> set[str]:
    return {one["code"] for one in drift(before, after, **params)["issues"]}


# --- methods, by hand -------------------------------------------------------------------------------------------------


def test_distribution_functions_half_apart() -> None:
    found = only([1.0, 2, 3, 4, 5, 6], [4.0, 5, 6, 7, 8, 9])
    # Of the 924 paths from (0, 0) to (6, 6) C(12, 3) touch the line 3 above the diagonal, as many the one below it,
    # and C(12, 0) first the one and then the other, or the other way round.
    assert (found["method"], found["statistic"], found["drifted"]) == ("ks", 0.5, False)
    assert found["p"] == pytest.approx(2 * (math.comb(12, 3) - math.comb(12, 0)) / math.comb(12, 6), rel=1e-12)


def test_counts_that_are_twice_what_was_expected() -> None:
    before = ["a"] * 50 + ["b"] * 30 + ["c"] * 20
    after = ["a"] * 10 + ["b"] * 6 + ["c"] * 4 + ["c"] * 20
    # 40 values: 20, 12 and 8 were expected, 10, 6 and 24 came: 100/20 + 36/12 + 256/8 = 40
    found = only(before, after)
    assert (found["method"], found["statistic"], found["drifted"]) == ("chi2", pytest.approx(40.0), True)
    assert found["p"] == pytest.approx(math.exp(-20.0))  # of two degrees of freedom


def test_two_shares_by_the_pooled_one() -> None:
    found = only([True] * 50 + [False] * 50, [True] * 70 + [False] * 30)
    # 0.2 / √(0.6 · 0.4 · 2/100)
    assert (found["method"], found["statistic"]) == ("z", pytest.approx(0.2 / math.sqrt(0.0048)))
    assert (found["p"], found["drifted"]) == (pytest.approx(2 * stats.norm.sf(0.2 / math.sqrt(0.0048))), True)


def test_a_few_numbers_are_counted() -> None:
    assert only([1, 2, 1, 2] * 9, [2, 1, 2] * 9)["method"] == "z"
    assert only([1, 2, 3] * 9, [4, 5, 3] * 9)["method"] == "chi2"
    assert only([1, 2, 3] * 9, [4, 5, 6] * 9)["method"] == "ks"  # six in both together


def test_large_references_are_told_by_distance() -> None:
    before, after = np.arange(2000.0), np.arange(2000.0) + 100
    found = only(before, after)
    spread = math.sqrt((2000**2 - 1) / 12)  # of 0 … 1999
    assert (found["method"], found["statistic"]) == ("wasserstein", pytest.approx(100 / spread))
    assert (found["p"], found["threshold"], found["drifted"]) == (None, 0.1, True)
    assert only(before, before + 200)["drifted"] is True
    assert only(before, before + 10)["drifted"] is False
    assert only([7.0] * 900 + [*range(200)], [7.0] * 5 + [9.0])["method"] == "wasserstein"


def test_the_boundary_is_a_thousand_values_that_are_there() -> None:
    after = list(range(50))
    assert only([*range(1000), None, None], after)["method"] == "ks"
    assert only(list(range(1001)), after)["method"] == "wasserstein"


def test_nothing_in_common_is_a_distance_of_one() -> None:
    found = only(["a"] * 2000, ["b"] * 10)
    assert (found["method"], found["statistic"], found["drifted"]) == ("jensenshannon", pytest.approx(1.0), True)
    same = only(["a", "b"] * 1000, ["b", "a"] * 3)
    assert (same["statistic"], same["drifted"]) == (0.0, False)


def test_halves_and_quarters_by_psi() -> None:
    found = only(["a", "b"] * 8, ["a", "b", "b", "b"] * 4, categorical_test="psi")
    assert found["statistic"] == pytest.approx(-0.25 * math.log(0.5) + 0.25 * math.log(1.5))
    new = only(["a"] * 10, ["b"] * 10, categorical_test="psi")
    assert new["statistic"] == pytest.approx(2 * (1 - 0.0001) * math.log(1 / 0.0001))


def test_a_new_value_is_infinitely_far() -> None:
    found = only(["a", "b", "c"] * 3, ["a", "b", "d"] * 3)
    assert (found["statistic"], found["p"], found["drifted"]) == (None, 0.0, True)
    assert found["notes"]["statistic"]["reason"] == "infinite"


def test_texts_are_told_by_their_lengths() -> None:
    before = [f"{k:04}" for k in range(100)]
    assert only(before, [f"{k:04}" for k in range(5000, 5100)])["drifted"] is False
    longer = only(before, [f"{k:09}" for k in range(100)])
    assert (longer["reference_kind"], longer["drifted"]) == ("text", True)
    assert longer["delta"]["lengths.mean"] == 5.0


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ([1, 2], ["a", "b"], "different-kinds"),
        ([True, False], [1, 2], "different-kinds"),
        (["a", "b"], [b"a", b"b"], "different-kinds"),
        ([None, None], [1, 2], "no-values"),
        ([math.inf], [1.0], "no-values"),
        ([[1], [2]], [[1], [3]], "not-tested"),
        (pa.array([1, 2], pa.date32()), pa.array([1, 3], pa.date32()), "not-tested"),
    ],
)
def test_what_is_not_tested_says_why(before: Any, after: Any, reason: str) -> None:
    result = drift(pa.table({"x": before}), pa.table({"x": after}))
    (found,) = result["columns"]
    assert (found["drifted"], found["method"], found["notes"]["drifted"]["reason"]) == (None, None, reason)
    assert (result["drifted"], result["tested_columns"]) == (None, 0)


def test_z_of_more_than_two_values_is_not_defined() -> None:
    found = only(["a", "b", "c"], ["a", "b", "c"], categorical_test="z")
    assert (found["statistic"], found["drifted"]) == (None, None)
    assert {found["notes"][name]["reason"] for name in ("statistic", "drifted")} == {"too-many"}


# --- against scipy ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "n"), [(1, 1), (1, 9), (7, 5), (40, 40), (100, 37), (500, 211)])
def test_the_path_count_is_scipys(m: int, n: int) -> None:
    for _ in range(5):
        one, other = np.sort(random.normal(size=m)), np.sort(random.normal(random.choice([0, 1]), size=n))
        distance, p = two_samples(one, other)
        expected = stats.ks_2samp(one, other, method="exact")
        assert distance == pytest.approx(expected.statistic)
        assert p == pytest.approx(expected.pvalue, rel=1e-10)


def test_small_probabilities_keep_their_digits() -> None:
    assert exact_p(60, 60, 3600) == pytest.approx(2 / math.comb(120, 60), rel=1e-12)
    assert exact_p(30, 70, 2100) == pytest.approx(2 / math.comb(100, 30), rel=1e-12)


def test_of_many_values_it_is_the_limit() -> None:
    one, other = np.sort(random.normal(size=EXACT_UP_TO + 1)), np.sort(random.normal(0.05, size=900))
    expected = stats.ks_2samp(one, other)
    assert two_samples(one, other) == pytest.approx((expected.statistic, expected.pvalue))


@pytest.mark.parametrize("numeric_test", ["ks", "wasserstein", "jensenshannon", "psi"])
@pytest.mark.parametrize("categorical_test", ["chi2", "jensenshannon", "psi"])
def test_named_tests_are_those_of_the_reference(numeric_test: str, categorical_test: str) -> None:
    before = pa.table({"x": random.normal(size=300), "k": random.integers(0, 9, 300), "c": list("abcab") * 60})
    after = pa.table({"x": random.normal(1, 2, size=200), "k": random.integers(3, 12, 200), "c": list("aabcd") * 40})
    given = {"reference": "r", "numeric_test": numeric_test, "categorical_test": categorical_test}
    result = run(after, TASK, {"reference": before}, **given)
    compared = verify(TASK, {"df": after, "reference": before}, CATALOGUE.find(TASK).params(**given), result)
    assert compared.differences == []
    assert {column["method"] for column in result["columns"]} == {numeric_test, categorical_test}


# --- laws -------------------------------------------------------------------------------------------------------------

VALUES = st.lists(st.floats(-1e6, 1e6) | st.none() | st.integers(-3, 3).map(float), min_size=1, max_size=40)


@given(VALUES, st.sampled_from(["auto", "ks", "wasserstein", "jensenshannon", "psi"]))
@settings(max_examples=40, deadline=None)
def test_nothing_is_apart_from_itself(values: list[float | None], numeric_test: str) -> None:
    column = pa.array(values, pa.float64())
    found = only(column, column, numeric_test=numeric_test)
    assert found["statistic"] in (0.0, None)
    assert found["drifted"] in (False, None)
    assert all(delta in (0, 0.0, None) for delta in found["delta"].values())


@given(VALUES, VALUES)
@settings(max_examples=40, deadline=None)
def test_drift_by_ks_is_the_same_both_ways_and_in_any_order(one: list[Any], other: list[Any]) -> None:
    there = only(pa.array(one, pa.float64()), pa.array(other, pa.float64()), numeric_test="ks")
    back = only(pa.array(other[::-1], pa.float64()), pa.array(one, pa.float64()), numeric_test="ks")
    assert (there["statistic"], there["p"]) == (back["statistic"], pytest.approx(back["p"]))
    for name, delta in there["delta"].items():
        if delta is not None and name != "sum":  # of which the order of adding changes the last digit
            assert delta == pytest.approx(-back["delta"][name], abs=1e-6)


@pytest.mark.parametrize("name", TABLES)
def test_comes_through(name: str) -> None:
    table = TABLES[name]
    found = drift(table.slice(table.num_rows // 2), table)
    assert found["rows"] == table.num_rows
    assert [column["name"] for column in found["columns"]] == table.column_names
    other = TABLES["mixed types"].rename_columns([*table.column_names, *(f"more {k}" for k in range(9))][:9])
    drift(other, table)
    drift(table, other)


# --- figures ----------------------------------------------------------------------------------------------------------


def test_whole_numbers_decimals_and_moments_differ_exactly() -> None:
    huge = only(pa.array([2**62, 0]), pa.array([2**62 + 3, 0]))
    assert huge["delta"]["max"] == 3
    moments = only(pa.array([0, 10], pa.timestamp("ns")), pa.array([1_500_000_000, 10], pa.timestamp("ns")))
    assert moments["delta"]["max"] == pytest.approx(1.5 - 1e-8)
    days = only(pa.array([0, 10], pa.date32()), pa.array([0, 12], pa.date32()))
    assert days["delta"]["max"] == days["delta"]["span_seconds"] == 2 * 86400
    times = only(pa.array([0, 60], pa.time32("s")), pa.array([0, 90], pa.time32("s")))
    assert times["delta"]["max"] == 30
    wide = (Decimal("0.01"), Decimal("123456789012345678901234567890123456.78"))
    decimals = only(*(pa.array([value], pa.decimal128(38, 2)) for value in wide))
    assert decimals["delta"]["max"] == "123456789012345678901234567890123456.77"


@pytest.mark.parametrize(("unit", "before", "after", "delta"), [("ns", 1, 2, 1e-9), ("us", 1, 100_000, 0.099999)])
def test_moments_differ_by_every_digit(unit: Any, before: int, after: int, delta: float) -> None:
    first = int(np.datetime64("2024-01-01", unit).astype(np.int64))
    found = only(*(pa.array([first + ticks], pa.timestamp(unit)) for ticks in (before, after)))
    assert found["delta"]["max"] == found["delta"]["mean"] == delta


def test_figures_of_both_sides_stand_beside_each_other() -> None:
    found = only([1.0, 2.0, 3.0, None], [2.0, 3.0, 4.0, 5.0])
    assert (found["reference"]["mean"], found["current"]["mean"], found["delta"]["mean"]) == (2.0, 3.5, 1.5)
    assert (found["reference"]["missing_share"], found["delta"]["missing_share"]) == (0.25, -0.25)
    assert found["histogram"]["edges"][0] == 1.0
    assert sum(found["histogram"]["reference"]) == sum(found["histogram"]["current"]) == pytest.approx(1.0)


def test_the_pictures_of_drifted_columns_come_first() -> None:
    same, moved = random.normal(size=99), random.normal(size=99)
    found = drift(
        pa.table({"a": same, "b": moved, "c": ["u", "v"] * 49 + ["u"]}), pa.table({"a": same, "b": moved + 9})
    )
    assert [chart["title"] for chart in found["charts"]] == ["b", "a"]


# --- issues -----------------------------------------------------------------------------------------------------------

X = list(range(100))
SAME = pa.table({"x": X, "c": ["a", "b", "c", "d"] * 25})
FIRING: dict[str, tuple[pa.Table, pa.Table, dict[str, Any]]] = {
    "dataset_drift": (SAME, pa.table({"x": [value + 50 for value in X], "c": ["a"] * 100}), {}),
    "column_removed": (SAME, SAME.select(["x"]), {}),
    "type_changed": (SAME, pa.table({"x": [float(value) for value in X], "c": SAME.column("c")}), {}),
    "column_drift": (SAME, pa.table({"x": [value + 50 for value in X], "c": SAME.column("c")}), {}),
    "new_values": (SAME, pa.table({"x": X, "c": ["a", "b", "c", "e"] * 25}), {}),
    "out_of_range": (SAME, pa.table({"x": [*X[:99], 100], "c": SAME.column("c")}), {}),
    "missing_more": (SAME, pa.table({"x": [None] * 6 + X[6:], "c": SAME.column("c")}), {}),
    "column_added": (SAME.select(["x"]), SAME, {}),
    "columns_moved": (SAME, SAME.select(["c", "x"]), {}),
    "lost_values": (SAME, pa.table({"x": X, "c": ["a", "b", "c", "c"] * 25}), {}),
}
SILENT: dict[str, tuple[pa.Table, pa.Table, dict[str, Any]]] = {
    "dataset_drift": (SAME, FIRING["column_drift"][1], {"drift_share": 0.6}),
    "column_removed": (SAME, SAME.select(["x"]), {"columns": ["x"]}),
    "type_changed": (SAME, SAME.slice(50), {}),
    "column_drift": (SAME, pa.table({"x": [value + 1 for value in X], "c": SAME.column("c")}), {}),
    "new_values": (SAME, FIRING["lost_values"][1], {}),
    "out_of_range": (SAME, pa.table({"x": [*X[:99], 99], "c": SAME.column("c")}), {}),
    "missing_more": (SAME, pa.table({"x": [None] * 5 + X[5:], "c": SAME.column("c")}), {}),
    "column_added": (SAME, SAME.select(["x"]), {}),
    "columns_moved": (SAME, pa.table({"new": X, "x": X, "c": SAME.column("c")}), {}),
    "lost_values": (SAME, SAME.take(pa.array(X[::-1])), {}),
}


def test_every_code_is_on_the_page() -> None:
    page = CATALOGUE.find(TASK).page
    assert [code for code, kind in CODES.items() if f"| {code} | {kind.severity} |" not in page] == []


@pytest.mark.parametrize("code", CODES)
def test_it_fires(code: str) -> None:
    before, after, params = FIRING[code]
    assert code in codes(before, after, **params)


@pytest.mark.parametrize("code", CODES)
def test_it_does_not_fire(code: str) -> None:
    before, after, params = SILENT[code]
    assert code not in codes(before, after, **params)


def test_issues_name_the_rows_and_the_figures() -> None:
    before, after, _ = FIRING["new_values"]
    (new,) = [one for one in drift(before, after)["issues"] if one["code"] == "new_values"]
    assert (new["column"], new["n"], new["share"], new["rows"]) == ("c", 25, 0.25, [*range(3, 43, 4)])
    before, after, _ = FIRING["out_of_range"]
    (outside,) = [one for one in drift(before, after)["issues"] if one["code"] == "out_of_range"]
    assert (outside["n"], outside["rows"]) == (1, [99])


def test_which_columns_came_and_went() -> None:
    found = drift(pa.table({"a": [1], "b": [2], "c": ["x"]}), pa.table({"d": [1.5], "a": [1.5], "b": [3]}))
    assert found["changes"] == [
        {"column": "d", "change": "added", "before": None, "after": "double"},
        {"column": "a", "change": "type", "before": "int64", "after": "double"},
        {"column": "c", "change": "removed", "before": "string", "after": None},
    ]


def test_a_column_of_either_can_be_chosen_and_no_other() -> None:
    before, after = pa.table({"a": [1, 2], "b": [2, 3]}), pa.table({"a": [1, 2], "c": [3, 4]})
    found = drift(before, after, columns=["a", "b"])
    assert [one["column"] for one in found["changes"]] == ["b"]
    assert [one["name"] for one in found["columns"]] == ["a"]
    with pytest.raises(InvalidParameters, match="no column 'd'"):
        drift(before, after, columns=["d"])


def test_large_integers_that_lie_close_together() -> None:
    before, after = [2**60 + 5] * 30, [2**60 + k % 3 for k in range(30)]
    assert only(before, after)["drifted"] is True
    issues = drift(pa.table({"x": before}), pa.table({"x": [2**60 + 5, 2**60 + 6]}))["issues"]
    assert [one["rows"] for one in issues if one["code"] == "out_of_range"] == [[1]]


def test_of_numbers_out_of_range_those_that_are_not_there_have_no_share() -> None:
    issues = drift(pa.table({"x": [1.0, 2.0]}), pa.table({"x": [10.0, math.nan, math.nan, None]}))["issues"]
    assert [(one["n"], one["share"]) for one in issues if one["code"] == "out_of_range"] == [(1, 1.0)]
