"""The summary against pandas and scipy."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

import analyzer
from tests.analyses.inprocess import run

PENGUINS = Path(analyzer.__file__).parent / "samples" / "penguins.csv"
TASK = "eda_statistical_summary"
QUANTILES = {"q01": 0.01, "q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95, "q99": 0.99}


def expected_of(values: pd.Series) -> dict[str, Any]:
    """What pandas and scipy say of finite doubles, at least four of them."""
    std = values.std()
    half = stats.t.ppf(0.975, len(values) - 1) * values.sem()
    return {
        "count": len(values),
        "sum": values.sum(),
        "mean": values.mean(),
        "std": std,
        "variance": values.var(),
        "sem": values.sem(),
        "ci95": [values.mean() - half, values.mean() + half],
        "min": values.min(),
        "max": values.max(),
        "range": values.max() - values.min(),
        **{name: values.quantile(share) for name, share in QUANTILES.items()},
        "iqr": stats.iqr(values),
        "mad": stats.median_abs_deviation(values),
        "trimmed_mean": stats.trim_mean(values, 0.1),
        "skewness": values.skew(),
        "kurtosis": values.kurt(),
        "cv": std / values.mean() if values.mean() else None,
        "zeros": int((values == 0).sum()),
        "negatives": int((values < 0).sum()),
        "infinities": 0,
        "distinct": values.nunique(),
        "modes": values.mode()[:10].tolist(),
    }


def assert_same(found: dict[str, Any], expected: dict[str, Any], absolute: float = 0.0) -> None:
    for name, value in expected.items():
        assert found[name] == (None if value is None else pytest.approx(value, rel=1e-9, abs=absolute)), name


def test_penguins_numbers() -> None:
    result = run(pyarrow.csv.read_csv(PENGUINS), TASK)
    frame = pd.read_csv(PENGUINS)
    assert [column["name"] for column in result["columns"]] == list(frame.columns)
    numeric = [column for column in result["columns"] if column["kind"] == "numeric"]
    assert len(numeric) == 5
    for column in numeric:
        values = frame[column["name"]]
        assert column["missing"] == values.isna().sum()
        assert_same(column, expected_of(values.dropna().astype(float)), absolute=1e-15)
        edges, counts = column["histogram"]["edges"], column["histogram"]["counts"]
        assert counts == np.histogram(values.dropna(), bins=edges)[0].tolist()
        assert sum(counts) == column["count"]
        assert column["monotonicity"] == ("increasing" if values.is_monotonic_increasing else "none")


def test_penguins_text() -> None:
    result = run(pyarrow.csv.read_csv(PENGUINS), TASK)
    frame = pd.read_csv(PENGUINS, keep_default_na=False)
    columns = {column["name"]: column for column in result["columns"]}
    for name in ("species", "island", "sex"):
        values, column = frame[name], columns[name]
        counts = values.value_counts()
        assert column["kind"] == "categorical"
        assert {entry["value"]: entry["count"] for entry in column["top"]} == counts.to_dict()
        assert [entry["count"] for entry in column["top"]] == sorted(counts, reverse=True)
        p = counts / counts.sum()
        assert column["entropy"] == pytest.approx(stats.entropy(counts, base=2), rel=1e-12)
        assert column["gini"] == pytest.approx(1 - (p**2).sum(), rel=1e-12)
        assert column["imbalance"] == pytest.approx(1 - stats.entropy(counts, base=2) / math.log2(len(p)), rel=1e-9)
        assert column["mode_share"] == pytest.approx(p.max())
        lengths = values.str.len()
        assert column["lengths"] == pytest.approx(
            {"min": lengths.min(), "max": lengths.max(), "mean": lengths.mean(), "median": lengths.median()}
        )


moderate = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda number: round(number, 3))
cells = st.one_of(moderate, st.sampled_from([0.0, -0.0, 1.0, 2.0]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(values=st.lists(st.one_of(cells, st.none(), st.just(math.nan)), max_size=60), offset=st.sampled_from([0.0, 1e9]))
def test_any_doubles(values: list[float | None], offset: float) -> None:
    shifted = [None if value is None else value + offset for value in values]
    column = run(pa.table({"x": pa.array(shifted, pa.float64())}), TASK)["columns"][0]
    series = pd.Series(shifted, dtype=float).dropna()
    assert (column["count"], column["missing"]) == (len(series), len(values) - len(series))
    if len(series) < 4:
        return
    # What is left of a near-constant or an antisymmetric column is rounding, in pandas as much as here.
    scale = series.abs().max()
    expected = expected_of(series)
    spread = series.max() - series.min()
    if spread < 1e-6 * scale:
        expected = {name: expected[name] for name in ("count", "min", "max", "distinct", "modes", "zeros", "q50")}
    delicate = {name: expected.pop(name, None) for name in ("skewness", "kurtosis", "cv")}
    assert_same(column, expected, absolute=1e-14 * max(scale, scale**2) * max(len(series), 1))
    for name in ("skewness", "kurtosis"):
        value = delicate[name]
        if value is not None:
            expect = None if math.isnan(value) else pytest.approx(value, rel=1e-6, abs=1e-6)
            assert column[name] == expect, name


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3), st.none()), max_size=40))
def test_any_integers_are_exact(values: list[int | None]) -> None:
    column = run(pa.table({"x": pa.array(values, pa.int64())}), TASK)["columns"][0]
    present = sorted(value for value in values if value is not None)
    assert column["missing"] == len(values) - len(present)
    if not present:
        assert column["kind"] == "empty"
        return
    assert int(column["sum"]) == sum(present)
    assert column["mean"] == sum(present) / len(present)
    assert (int(column["min"]), int(column["max"])) == (present[0], present[-1])
    assert int(column["range"]) == present[-1] - present[0]
    assert column["distinct"] == len(set(present))
    most = max(present.count(value) for value in present)
    modes = sorted({value for value in present if present.count(value) == most})
    assert [int(mode) for mode in column["modes"]] == modes[:10]
    assert sum(column["histogram"]["counts"]) == len(present)
    assert all(isinstance(column[name], str) == (abs(int(column[name])) > 2**53) for name in ("min", "max", "sum"))


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.one_of(
            st.floats(width=64), st.sampled_from([math.inf, -math.inf, 5e-324, 1.7e308, -1.7e308, 0.0]), st.none()
        ),
        max_size=30,
    )
)
def test_nothing_breaks_strict_json(values: list[float | None]) -> None:
    column = run(pa.table({"x": pa.array(values, pa.float64())}), TASK)["columns"][0]
    present = sorted(value for value in values if value is not None and not math.isnan(value))
    assert column["count"] == len(present)
    nulls = {name for name, value in column.items() if value is None}
    assert nulls == {name for name, note in column["notes"].items() if note["kind"] == "undefined"}
    if not present:
        return
    assert column["infinities"] == sum(map(math.isinf, present))
    assert column["distinct"] == len(set(present))
    for name, extreme in (("min", present[0]), ("max", present[-1])):
        assert column[name] == (None if math.isinf(extreme) else extreme)
    if column["histogram"]:
        edges = column["histogram"]["edges"]
        assert sorted(set(edges)) == edges
        assert sum(column["histogram"]["counts"]) == column["count"] - column["infinities"]


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e12, 1e15])
def test_large_offsets_cost_no_digits(offset: float) -> None:
    noise = np.round(np.random.default_rng(3).normal(size=2000) * 64) / 8  # exact at every offset
    column = run(pa.table({"x": noise + offset}), TASK)["columns"][0]
    series = pd.Series(noise)
    for name, expected in (("std", series.std()), ("variance", series.var()), ("sem", series.sem())):
        assert column[name] == pytest.approx(expected, rel=1e-12), name
    assert column["skewness"] == pytest.approx(series.skew(), rel=1e-9)
    assert column["kurtosis"] == pytest.approx(series.kurt(), rel=1e-9)


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e-20, 1e100, 1e300])
def test_shape_does_not_depend_on_scale(scale: float) -> None:
    values = np.random.default_rng(4).gamma(2.0, size=500)
    column = run(pa.table({"x": values * scale}), TASK)["columns"][0]
    assert column["skewness"] == pytest.approx(pd.Series(values).skew(), rel=1e-6)
    assert column["kurtosis"] == pytest.approx(pd.Series(values).kurt(), rel=1e-6)
    assert column["mean"] == pytest.approx(values.mean() * scale, rel=1e-6)
    assert column["std"] == pytest.approx(values.std(ddof=1) * scale, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(ticks=st.lists(st.one_of(st.integers(-(10**15), 10**15), st.none()), min_size=1, max_size=40))
def test_any_moments(ticks: list[int | None]) -> None:
    column = run(pa.table({"t": pa.array(ticks, pa.timestamp("us"))}), TASK)["columns"][0]
    series = pd.Series(pd.to_datetime(pd.Series(ticks, dtype="Int64"), unit="us")).dropna()
    if series.empty:
        assert column["kind"] == "empty"
        return
    tick = pd.Timedelta("1us")
    for name, expected in (("min", series.min()), ("max", series.max()), ("mean", series.mean())):
        assert abs(pd.Timestamp(column[name]) - expected) <= tick, name
    for name in ("q25", "q50", "q75"):
        expected = pd.Timestamp(np.quantile(np.array(series, "datetime64[ns]").astype("int64"), QUANTILES[name]).item())
        assert abs(pd.Timestamp(column[name]) - expected) <= tick, name
    assert column["distinct"] == series.nunique()
    assert sum(column["histogram"]["counts"]) == len(series)
    gaps = pd.Series(sorted(set(series))).diff().dropna().dt.total_seconds()
    if len(gaps):
        assert column["gaps"]["max_seconds"] == pytest.approx(gaps.max())
        assert column["gaps"]["median_seconds"] == pytest.approx(gaps.median())
        assert pd.Timestamp(column["gaps"]["largest"]["after"]) in set(series)
    else:
        assert column["notes"]["gaps"]["reason"] == "too-few-values"


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.one_of(st.sampled_from("abcdé"), st.text(max_size=5), st.none()), max_size=60),
    top=st.integers(1, 5),
)
def test_any_text(values: list[str | None], top: int) -> None:
    column = run(pa.table({"s": pa.array(values, pa.string())}), TASK, top=top)["columns"][0]
    present = [value for value in values if value is not None]
    assert column["count"] == len(present)
    if not present:
        assert column["kind"] == "empty"
        return
    ranked = sorted({(-present.count(value), value.encode()) for value in present})[:top]
    assert [(-entry["count"], entry["value"].encode()) for entry in column["top"]] == ranked
    assert column["lengths"]["mean"] == pytest.approx(sum(map(len, present)) / len(present))
    assert column["lengths"]["median"] == np.median([len(value) for value in present])


def test_ten_thousand_categories() -> None:
    names = [f"name {number % 10_000:05}" for number in range(30_001)]
    column = run(pa.table({"s": names}), TASK, top=3)["columns"][0]
    assert (column["kind"], column["distinct"]) == ("categorical", 10_000)
    assert column["top"] == [
        {"value": "name 00000", "count": 4},
        {"value": "name 00001", "count": 3},
        {"value": "name 00002", "count": 3},
    ]
    assert column["entropy"] == pytest.approx(stats.entropy(pd.Series(names).value_counts(), base=2), rel=1e-12)
