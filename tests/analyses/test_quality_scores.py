"""Scores, duplicates and the tests behind the issues, against worked examples and the reference libraries."""

import builtins
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import analyzer
from analyzer.analyses.figures import hashing
from analyzer.analyses.findings import look, pairs, rows, series, texts
from analyzer.analyses.findings.codes import CODES
from analyzer.analyses.findings.thresholds import Thresholds
from tests.analyses.inprocess import run, sections_of

TASK = "eda_data_quality"
PENGUINS = Path(analyzer.__file__).parent / "samples" / "penguins.csv"


def scores(result: dict[str, Any]) -> dict[str, float | None]:
    return {one["dimension"]: one["score"] for one in result["dimensions"]}


def test_scores_by_hand() -> None:
    table = pa.table(
        {
            "n": [1.0, None, float("inf"), 1.0],
            "s": ["yes", "Yes", "N/A", "yes"],
            "t": [date(2020, 1, 1), date(2030, 1, 1), None, date(2020, 1, 1)],
        }
    )
    result = run(table, TASK, as_of=datetime(2024, 1, 1, tzinfo=UTC))
    assert scores(result) == pytest.approx(
        {
            "completeness": 1 - 2 / 12,
            "uniqueness": 1 - 1 / 4,
            "validity": 1 - 2 / 10,  # the infinity and N/A
            "consistency": 1 - 1 / 10,  # Yes beside yes
            "timeliness": 1 - 1 / 3,
        }
    )
    assert result["overall"]["score"] == pytest.approx(sum(filter(None, scores(result).values())) / 5)
    assert all(one["formula"] and len(one["inputs"]) == 2 for one in result["dimensions"])


def test_formulas_and_inputs_give_the_score() -> None:
    for one in run(pyarrow.csv.read_csv(PENGUINS), TASK)["dimensions"]:
        if one["score"] is None:
            assert one["notes"]["score"]["reason"] == "no-moments"
            continue
        left, formula = one["inputs"], one["formula"].replace("−", "-")
        assert one["score"] == pytest.approx(eval(formula, {}, left)), one["dimension"]


@pytest.mark.parametrize("table", [pa.table({}), pa.table({"x": pa.array([], pa.int64())})])
def test_nothing_to_judge(table: pa.Table) -> None:
    result = run(table, TASK)
    assert set(scores(result).values()) == {None}
    assert result["overall"] == {
        "score": None,
        "formula": "the mean of the scores that are not null",
        "notes": {"score": {"kind": "undefined", "reason": "no-rows"}},
    }
    assert [issue["code"] for issue in result["issues"]] == ["empty"]


def test_a_thousand_equal_rows_are_counted_in_three_ways() -> None:
    exact = run(pa.table({"x": [1] * 1000, "y": ["a"] * 1000}), TASK)["duplicates"]["exact"]
    assert exact == {"extra_copies": 999, "rows_in_groups": 1000, "groups": 1}


cell = st.one_of(st.none(), st.sampled_from([0.0, -0.0, 1.0, float("nan"), float("inf")]))
row = st.tuples(cell, st.sampled_from(["a", "A", None]), st.sampled_from([1, 2**62, None]))


@settings(max_examples=100, deadline=None)
@given(st.lists(row, max_size=12))
def test_duplicates_are_those_of_pandas(cells: list[tuple[Any, Any, Any]]) -> None:
    x, s, n = (list(column) for column in zip(*cells, strict=True)) if cells else ([], [], [])
    table = pa.table({"x": pa.array(x, pa.float64()), "s": pa.array(s, pa.string()), "n": pa.array(n, pa.int64())})
    exact = rows.examine(table, Thresholds())["exact"]
    frame = pd.DataFrame({"x": pd.Series(x, dtype=float), "s": s, "n": pd.Series(n, dtype="Int64")})
    every, extra = frame.duplicated(keep=False), frame.duplicated()
    groups = int((every & ~extra).sum())
    assert exact == {"extra_copies": extra.sum(), "rows_in_groups": every.sum(), "groups": groups}


def test_rows_that_only_share_a_hash_are_no_duplicates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "MIX", np.uint64(0))
    exact = rows.examine(pa.table({"x": [1, 2, 3, 2]}), Thresholds())["exact"]
    assert exact == {"extra_copies": 1, "rows_in_groups": 2, "groups": 1}


def test_duplicates_are_found_across_chunks() -> None:
    text = pa.chunked_array([["a", "b"], ["b", "c "], [], ["C", None, None]])
    found = rows.examine(pa.table({"s": text}), Thresholds())
    assert found["exact"] == {"extra_copies": 2, "rows_in_groups": 4, "groups": 2}
    assert found["near"] == {"extra_copies": 3, "rows_in_groups": 6, "groups": 3}
    assert found["issues"][0]["rows"] == [2, 6]


def test_near_duplicates_count_beside_exact_ones() -> None:
    found = run(pa.table({"s": ["New York", "new  york ", "Oslo", "Oslo"]}), TASK)["duplicates"]
    assert found["exact"]["extra_copies"] == 1
    assert found["near"]["extra_copies"] == 2


def test_same_distribution_is_the_asymptotic_test() -> None:
    random = np.random.default_rng(7)
    one, two = np.sort(random.normal(size=300)), np.sort(random.normal(0.1, size=400))
    d = stats.ks_2samp(one, two).statistic
    assert pairs.same_distribution(one, two) == pytest.approx(stats.kstwobign.sf(d * np.sqrt(300 * 400 / 700)))


@pytest.mark.parametrize("size", [20, 300])
def test_normality_is_that_of_scipy(size: int) -> None:
    values = np.random.default_rng(8).gamma(8.0, size=size)
    thresholds = {"normal": 0.0, "not_normal": 1.0}
    issues = run(pa.table({"x": values}), TASK, thresholds=thresholds)["issues"]
    found = {issue["code"]: issue["value"] for issue in issues}
    assert found["normal"] == found["not_normal"] == pytest.approx(stats.normaltest(values).pvalue, rel=1e-9)


def test_uniformity_is_that_of_scipy() -> None:
    counts = [30, 25, 33, 28]
    text = [letter for letter, n in zip("abcd", counts, strict=True) for _ in range(n)]
    issues = run(pa.table({"x": text}), TASK, thresholds={"uniform": 0.0})["issues"]
    found = {issue["code"]: issue["value"] for issue in issues}
    assert found["uniform"] == pytest.approx(stats.chisquare(counts).pvalue)


DAYS = [date(2020, 1, 1) + timedelta(days=day) for day in range(1500)]


def test_series_are_bounded_and_say_so() -> None:
    walk = np.cumsum(np.random.default_rng(9).normal(size=1500))
    result = run(pa.table({"t": DAYS, "x": walk}), TASK)
    assert result["series"]["ordered_by"] == "t"
    assert result["series"]["notes"]["x"] == {"kind": "sample", "n": 1000, "seed": None}
    assert run(pa.table({"t": [*DAYS[1:], DAYS[0]], "x": walk}), TASK)["series"]["ordered_by"] is None


def test_stationarity_is_tested_without_statsmodels(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name.startswith("statsmodels"):
            raise ImportError(name)
        return genuine(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    walk = np.cumsum(np.random.default_rng(9).normal(size=100))
    found = series.examine(pa.table({"t": DAYS[:100], "x": walk}), Thresholds())
    assert found["notes"] == {}
    assert "non_stationary" in {issue["code"] for issue in found["issues"]}


def test_a_season_is_found_with_its_period() -> None:
    wave = np.sin(np.arange(365) * 2 * np.pi / 7)
    p, share, period = series.seasonality(wave)
    assert p < 1e-6
    assert share > 0.9
    assert period == pytest.approx(7, rel=0.02)


def test_correlation_of_many_rows_takes_a_sample_by_seed() -> None:
    random = np.random.default_rng(10)
    table = pa.table({"x": random.random(pairs.MAX_ROWS + 1), "y": random.random(pairs.MAX_ROWS + 1)})
    first = run(table, TASK, seed=1)
    assert first["correlation"]["notes"]["rows"] == {"kind": "sample", "n": pairs.MAX_ROWS, "seed": 1}
    assert first | {"as_of": 0} == run(table, TASK, seed=1) | {"as_of": 0}


@pytest.mark.parametrize(("rows", "drawn"), [(pairs.MAX_VALUES, False), (pairs.MAX_VALUES + 1, True)])
def test_distributions_of_many_values_are_compared_by_some(rows: int, drawn: bool) -> None:
    random = np.random.default_rng(10)
    table = pa.table({"x": random.random(rows), "y": random.random(rows)})
    notes = run(table, TASK, seed=3)["correlation"]["notes"]
    sample = {"kind": "sample", "n": pairs.MAX_VALUES, "seed": 3}
    assert notes == ({"distributions": sample} if drawn else {})


def test_texts_beyond_the_bound_make_scores_estimates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "MAX_LEVELS", 2)
    result = run(pa.table({"s": ["a", " b", "c", "N/A", None]}), TASK)
    found = {one["dimension"]: one for one in result["dimensions"]}
    for dimension, score in (("validity", 1.0), ("consistency", 0.75)):
        assert found[dimension]["score"] == score
        assert found[dimension]["notes"]["score"] == {"kind": "estimate", "bound": 0.5}
    assert found["completeness"]["notes"] == {}


def test_rare_levels_are_counted_beyond_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "MAX_LEVELS", 10)
    table = pa.table({"x": ["often"] * 2000 + [f"once {number}" for number in range(30)]})
    (found,) = (one for one in run(table, TASK)["issues"] if one["code"] == "many_rare_levels")
    assert (found["n"], found["share"]) == (30, 30 / 31)


near_matches = st.text(st.sampled_from("nNaA?-.#+019,/ \t\n\u00a0\u2028éx"), max_size=5)


@settings(deadline=None)
@given(
    st.lists(near_matches, unique=True, min_size=1),
    st.sampled_from([texts.DISGUISED, texts.BLANK, texts.NUMBER, texts.DATE, texts.PADDED]),
)
def test_what_ends_of_texts_rule_out_does_not_match(found: list[str], pattern: str) -> None:
    values = pa.array([*found, *(f"w{place}" for place in range(99))], pa.large_string())
    levels = look.Levels(values, np.ones(len(values), np.int64))
    assert levels.matching(pattern).tolist() == pc.match_substring_regex(values, pattern).to_pylist()


nasty = st.one_of(
    st.lists(st.one_of(st.none(), st.floats()), min_size=40, max_size=40).map(
        lambda cells: pa.array(cells, pa.float64())
    ),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=40, max_size=40).map(pa.array),
    st.lists(st.one_of(st.none(), st.text(max_size=6)), min_size=40, max_size=40).map(
        lambda cells: pa.array(cells, pa.string())
    ),
    st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62)), min_size=40, max_size=40).map(
        lambda cells: pa.array(cells, pa.timestamp("us", "Europe/Berlin"))
    ),
)


@settings(max_examples=40, deadline=None)
@given(columns=st.lists(nasty, max_size=4))
def test_nothing_breaks_it(columns: list[pa.Array]) -> None:
    result = run(pa.table({"t": DAYS[:40]} | {f"c{place}": column for place, column in enumerate(columns)}), TASK)
    assert result["series"]["ordered_by"] == "t"
    for one in result["dimensions"]:
        assert one["score"] is None or 0 <= one["score"] <= 1
        assert (one["score"] is None) == (one["notes"].get("score", {}).get("kind") == "undefined")
    assert {issue["code"] for issue in result["issues"]} <= set(CODES)


def test_charts() -> None:
    table = pa.table({"full": [1, 2], "half": [1, None], "t": [date(2020, 1, 1), date(2020, 1, 2)]})
    result = run(table, TASK)
    charts = {chart["name"]: chart["spec"]["data"]["values"] for chart in result["charts"]}
    assert [row["name"] for row in charts["scores"]] == [one["dimension"] for one in result["dimensions"]]
    assert [row["score"] for row in charts["scores"]] == [one["score"] for one in result["dimensions"]]
    assert charts["missing"][0] == {"name": "half", "missing": 0.5}


def test_parts_and_order() -> None:
    table = pa.table({"a": [1, 1], "duplicates": ["x", "x"]})
    names = [section.name for section in sections_of(table, TASK, columns=["duplicates"])]
    assert names == ["duplicates", "all columns: duplicates", "all columns: correlation", "all columns: series"]
    issues = run(table, TASK)["issues"]
    rank = {"error": 0, "warning": 1, "info": 2}
    keys = [(rank[one["severity"]], one["code"], one["column"] or "", one["other"] or "") for one in issues]
    assert keys == sorted(keys)
    assert len({one["code"] for one in issues}) > 2


def test_every_arrow_type_is_examined() -> None:
    from tests.analyses.test_summary_cases import TYPES

    columns = {str(place): pa.concat_arrays([column] * 2) for place, (column, *_) in enumerate(TYPES)}
    for column in columns.values():
        result = run(pa.table({"x": column}), TASK)
        assert result["duplicates"]["compared"] == int("unsupported" not in {one["code"] for one in result["issues"]})
        assert all(one["rows"] == sorted(one["rows"]) for one in result["issues"])
