"""Correlation: worked out by hand, and against pandas, scipy and statsmodels."""

import math
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analyzer.analyses.eda import correlation
from analyzer.analyses.relations import coefficients, ranks, significance
from analyzer.analyses.relations.concordance import inversions, kendall
from analyzer.analyses.relations.products import pair, pearson
from analyzer.errors import InvalidParameters
from tests.analyses.inprocess import run, sections_of

TASK = "eda_correlation"


def only(x: list[Any], y: list[Any], **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = run(pa.table({"x": x, "y": y}), TASK, **params)["pairs"][0]
    return found


def test_by_hand() -> None:
    found = only([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])  # Σdxdy = 8, Σdx² = Σdy² = 10; 8 of 10 pairs of rows agree
    assert found["pearson"]["value"] == pytest.approx(0.8)
    assert found["spearman"]["value"] == pytest.approx(0.8)  # 1 − 6 · 4 / (5 · 24)
    assert found["kendall"]["value"] == pytest.approx(0.6)  # (8 − 2) / 10
    t = 0.8 * math.sqrt(3 / 0.36)
    assert found["pearson"]["p"] == pytest.approx(2 * stats.t.sf(t, 3))
    assert found["kendall"]["p"] == pytest.approx(2 * (1 + 4 + 9) / 120)  # permutations of 5 with at most 2 inversions
    half = 1.959963984540054 / math.sqrt(2)
    assert found["pearson"]["ci95"] == pytest.approx(
        [math.tanh(math.atanh(0.8) - half), math.tanh(math.atanh(0.8) + half)]
    )
    assert (found["n"], found["notes"]) == (5, {})


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([1.0, 2.0, 3.0], [5.0, 5.0, 5.0], "constant"),
        ([1.0, None, 3.0], [None, 2.0, None], "too-few-values"),
        ([1.0, None, 3.0], [1.0, 2.0, None], "too-few-values"),
        ([0.1, 0.1, None, 9e9], [1.0, 2.0, 3.0, None], "constant"),  # constant in the rows they share
        ([math.inf, 1.0, 2.0], [1.0, 3.0, math.nan], "too-few-values"),
    ],
)
def test_undefined_says_why(x: list[Any], y: list[Any], reason: str) -> None:
    found = only(x, y)
    assert [found[method] for method in ("pearson", "spearman", "kendall")] == [None] * 3
    for method in ("pearson", "spearman", "kendall"):
        assert found["notes"][method] == {"kind": "undefined", "reason": reason}


def test_two_rows_are_certain_of_nothing() -> None:
    found = only([1, 2], [4, 3])
    assert found["pearson"]["value"] == pytest.approx(-1.0)
    assert (found["pearson"]["p"], found["pearson"]["ci95"]) == (1.0, None)


def test_pairs_stand_by_strength_and_columns_know_theirs() -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=300)
    table = pa.table({"a": x, "b": random.normal(size=300), "c": -x + random.normal(size=300) / 5, "k": np.zeros(300)})
    result = run(table, TASK, pairs=4)
    sizes = [abs(pair["pearson"]["value"]) for pair in result["pairs"] if pair["pearson"]]
    assert sizes == sorted(sizes, reverse=True)
    assert (result["pairs"][0]["column"], result["pairs"][0]["other"]) == ("a", "c")
    assert len(result["pairs"]) == 4
    by_name = {column["name"]: column for column in result["columns"]}
    assert (by_name["a"]["strongest"], by_name["c"]["strongest"], by_name["k"]["strongest"]) == ("c", "a", None)
    assert result["tested"] == {"pearson": 3, "spearman": 3, "kendall": 3}
    matrix = result["matrices"]["pearson"]
    assert matrix[0][2] == matrix[2][0] == result["pairs"][0]["pearson"]["value"]
    assert [matrix[k][k] for k in range(4)] == [1.0, 1.0, 1.0, 1.0]
    assert matrix[0][3] is None


def test_methods_may_be_chosen_and_columns_are_checked() -> None:
    table = pa.table({"x": [1, 2, 4, 3], "y": [1, 3, 2, 9], "c": ["a", "b", "a", "b"]})
    result = run(table, TASK, methods=["kendall"], columns=["y", "x"])
    assert [column["name"] for column in result["columns"]] == ["x", "y"]
    assert result["pairs"][0]["pearson"] is None
    assert set(result["matrices"]) == {"kendall"}
    with pytest.raises(InvalidParameters, match="nope"):
        run(table, TASK, columns=["nope"])


values = st.one_of(st.none(), st.integers(-4, 4).map(float), st.floats(-1e6, 1e6, allow_subnormal=False))


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(values, values, values), min_size=1, max_size=45), offset=st.sampled_from([0.0, 1e5]))
def test_any_numbers_as_the_references_have_it(rows: list[tuple[float | None, ...]], offset: float) -> None:
    frame = pd.DataFrame(rows, columns=["x", "y", "z"], dtype=float).round(3) + offset
    result = run(pa.Table.from_pandas(frame, preserve_index=False), TASK)
    tests = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}
    intervals = {"pearson": lambda n: 1 / math.sqrt(n - 3)}
    found = {(pair["column"], pair["other"]): pair for pair in result["pairs"]}
    for method, test in tests.items():
        p = {}
        for couple in combinations("xyz", 2):
            both = frame[list(couple)].dropna()
            pair = found[couple]
            assert pair["n"] == len(both)
            if len(both) < 2 or both.nunique().min() < 2:
                assert pair[method] is None
                continue
            expected = test(both[couple[0]], both[couple[1]])
            assert pair[method]["value"] == pytest.approx(expected.statistic, rel=1e-7, abs=1e-9)
            if abs(expected.statistic) < 1 - 1e-9:
                assert pair[method]["p"] == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)
                p[couple] = pair[method]["p"]
                if method in intervals and len(both) > 3:
                    ends = expected.confidence_interval(0.95)
                    assert pair[method]["ci95"] == pytest.approx([ends.low, ends.high], rel=1e-6, abs=1e-9)
        if p and len(p) == result["tested"][method]:
            q = dict(zip(p, multipletests(list(p.values()), method="fdr_bh")[1], strict=True))
            assert {couple: found[couple][method]["p_adjusted"] for couple in p} == pytest.approx(q, rel=1e-12)


@settings(max_examples=100, deadline=None)
@given(line=st.lists(st.integers(0, 60), min_size=1, max_size=300))
def test_inversions_as_counted_one_by_one(line: list[int]) -> None:
    expected = sum(one > two for place, one in enumerate(line) for two in line[place + 1 :])
    assert inversions(np.array(line)) == expected


def test_kendall_is_exact_on_many_rows() -> None:
    random = np.random.default_rng(2)
    x = random.integers(0, 500, 20_000)
    y = x // 9 + random.integers(0, 60, 20_000)
    expected = stats.kendalltau(x, y)
    found = kendall(ranks.dense(x.astype(float)), ranks.dense(y.astype(float)))
    assert found.tau == pytest.approx(expected.statistic, rel=1e-12)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)


@pytest.mark.parametrize("scale", [1.0, 1e200, 1e-200])
@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_products_are_right_to_the_last_digits(scale: float, offset: float) -> None:
    random = np.random.default_rng(3)
    matrix = (random.normal(size=(7, 600)).round(3) * 64 + offset) * scale
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    matrix[2] = 0.1
    matrix[3, 5:] = np.nan
    matrix[4, 0], matrix[5, 0] = 1e12 * scale, np.nan  # an outlier that the rows of some pairs do not have
    found = pearson(np.array_split(matrix, 5, axis=1), matrix[:, ::9], matrix.__getitem__)
    for one, two in combinations(range(7), 2):
        expected = pair(matrix[one], matrix[two])
        assert found.r[one, two] == pytest.approx(expected, rel=1e-11, abs=1e-12, nan_ok=True), (one, two)
        assert found.n[one, two] == np.count_nonzero(np.isfinite(matrix[one]) & np.isfinite(matrix[two]))
    if scale == 1.0 and not offset:
        reference = pd.DataFrame(matrix.T).corr().to_numpy()
        assert list(found.r.diagonal()) == pytest.approx(list(reference.diagonal()), nan_ok=True)
        assert np.allclose(found.r, reference, rtol=1e-12, atol=1e-12, equal_nan=True)


def test_a_wide_table_gives_its_matrix_as_an_arrow_file() -> None:
    frame = pd.DataFrame(np.random.default_rng(4).normal(size=(50, 70)), columns=[f"x{k}" for k in range(70)])
    frame.iloc[:9, 3] = np.nan
    table = pa.Table.from_pandas(frame, preserve_index=False)
    (attachment,) = sections_of(table, TASK)[0].attachments
    stored = pa.ipc.open_file(attachment.content).read_all().to_pandas()
    r = stored[stored["(method)"] == "pearson"].set_index("(column)").drop(columns="(method)")
    assert np.allclose(r, frame.corr(), rtol=1e-12, atol=1e-12)
    result = run(table, TASK, pairs=5)
    assert (result["matrices"], result["attachment"]) == (None, attachment.name)
    drawn = {one["name"]: one["spec"]["data"]["values"] for one in result["charts"]}["pearson"]
    cells = {(cell["column"], cell["other"]): cell["pearson"] for cell in drawn}
    assert len(cells) == 40 * 40
    assert cells["x3", "x39"] == pytest.approx(frame["x3"].corr(frame["x39"]), rel=1e-12)
    pairs = frame.corr().where(np.triu(np.ones((70, 70), bool), 1)).stack().dropna()
    best = sorted(pairs.index, key=lambda couple: -abs(pairs[couple]))[:5]
    assert [(one["column"], one["other"]) for one in result["pairs"]] == best
    tested = [
        stats.pearsonr(frame[a][both], frame[b][both]).pvalue
        for a, b in pairs.index
        if (both := frame[[a, b]].notna().all(axis=1)) is not None
    ]
    q = dict(zip(pairs.index, multipletests(tested, method="fdr_bh")[1], strict=True))
    for one in result["pairs"]:
        assert one["pearson"]["p_adjusted"] == pytest.approx(q[one["column"], one["other"]], rel=1e-9)
    far = next(one for one in run(table, TASK, pairs=2415)["pairs"] if one["other"] == "x69")
    assert far["notes"]["kendall"] == {"kind": "undefined", "reason": "too-many"}


def test_more_rows_than_the_bound_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coefficients, "KENDALL_CELLS", 10)
    random = np.random.default_rng(5)
    x = random.normal(size=3000)
    table = pa.table({"x": x, "y": x + random.normal(size=3000)})
    result = run(table, TASK, seed=7)
    assert result["notes"] == {"kendall": {"kind": "sample", "n": 1000, "seed": 7}}
    rows = np.sort(np.random.default_rng(7).choice(3000, 1000, replace=False))
    expected = stats.kendalltau(x[rows], table["y"].to_numpy()[rows]).statistic
    assert result["pairs"][0]["kendall"]["value"] == pytest.approx(expected, rel=1e-12)


def test_work_by_rank_is_dealt_out_without_changing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame(np.random.default_rng(6).normal(size=(40, 5)), columns=list("abcde"))
    table = pa.Table.from_pandas(frame, preserve_index=False)
    whole = run(table, TASK)
    monkeypatch.setattr(correlation, "ROW_PAIRS_PER_PART", 100)
    assert [section.name for section in sections_of(table, TASK)] == [
        "pearson",
        *(f"ranks {k} of 4" for k in range(1, 5)),
    ]
    assert run(table, TASK) == whole


def test_adjusted_p_as_statsmodels_has_it() -> None:
    p = np.random.default_rng(7).random(200) ** 3
    assert significance.adjusted(p) == pytest.approx(multipletests(p, method="fdr_bh")[1], rel=1e-13)
    p[::7] = np.nan
    there = ~np.isnan(p)
    assert significance.adjusted(p)[there] == pytest.approx(multipletests(p[there], method="fdr_bh")[1], rel=1e-13)


@pytest.mark.parametrize(
    "values",
    [
        [3.0, -2, 3, math.nan, 7, -2, math.inf],
        [2.0**53 + 2, 2.0**53, 2.0**53 + 4, 2.0**53],
        [0.1, 1.1, 0.1, 2.1],
        [0.5, 1, 2, 0.5],
        [1e308, -1e308, 0, 1e308],
        [-0.0, 0.0, 1],
        [5.0],
        [math.nan],
        [],
    ],
)
def test_dense_ranks_are_those_of_pandas_counted_or_sorted(values: list[float]) -> None:
    line = np.array(values, dtype=float)
    known = pd.Series(np.where(np.isfinite(line), line, np.nan)).rank(method="dense").fillna(0) - 1
    assert ranks.dense(line).tolist() == known.tolist()
    several = np.concatenate((np.arange(100.0), line))  # whole numbers at first
    known = pd.Series(np.where(np.isfinite(several), several, np.nan)).rank(method="dense").fillna(0) - 1
    assert ranks.dense(several).tolist() == known.tolist()


@pytest.mark.parametrize("first", [2**60, -(2**62), 2**63 - 100])
def test_large_integers_that_lie_close_together(first: int) -> None:
    table = pa.table({"id": [None, *(first + k for k in range(99))], "y": range(100)})
    pair = run(table, TASK, methods=["pearson", "spearman", "kendall"])["pairs"][0]
    for method in ("pearson", "spearman", "kendall"):
        assert pair[method]["value"] == pytest.approx(1.0)
    unsigned = pa.table({"id": pa.array([2**63 + k for k in range(100)], pa.uint64()), "y": range(100)})
    assert run(unsigned, TASK)["pairs"][0]["pearson"]["value"] == pytest.approx(1.0)
