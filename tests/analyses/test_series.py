"""Values in time: worked out by hand, against statsmodels, and what must hold of any series."""

import datetime as dt
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.seasonal import STL
from statsmodels.tsa.stattools import adfuller

from analyzer.analyses.series import line as lines
from analyzer.analyses.series.alerts import CODES
from analyzer.analyses.series.memory import autocorrelation, ljung_box, partial
from analyzer.analyses.series.stationarity import adf, kpss, mackinnon_p
from analyzer.analyses.series.stl import seasonal_and_trend
from analyzer.errors import InvalidParameters
from analyzer.verification import verify
from tests.analyses.inprocess import CATALOGUE, run
from tests.analyses.nasty import TABLES

TASK = "ts_overview"
START = dt.datetime(2024, 1, 1)  # noqa: DTZ001 - tables have moments without a zone
random = np.random.default_rng(11)
NOISE = random.normal(size=200)
WALK = random.normal(size=200).cumsum()


def days(n: int, **columns: Any) -> pa.Table:
    return pa.table({"t": [START + dt.timedelta(days=k) for k in range(n)], **columns})


def index_of(moments: Any) -> dict[str, Any]:
    found: dict[str, Any] = run(pa.table({"t": moments}), TASK)["index"]
    return found


def only(values: Any, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = run(days(len(values), x=values), TASK, **params)["columns"][0]
    return found


# --- the index --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moments", "label", "period"),
    [
        (pd.date_range("2024-01-01", periods=30, freq="D"), "day", 7),
        (pd.date_range("2024-01-01", periods=30, freq="15min"), "15 minutes", None),
        (pd.date_range("2024-01-01", periods=30, freq="h"), "hour", 24),
        (pd.date_range("2024-01-07", periods=30, freq="7D"), "week", 52),
        (pd.date_range("2024-01-01", periods=30, freq="MS"), "month", 12),
        (pd.date_range("2023-01-31", periods=30, freq="ME"), "month", 12),
        (pd.date_range("2024-01-15", periods=30, freq="91D"), "13 weeks", None),
        (pd.date_range("2024-02-01", periods=30, freq=pd.DateOffset(months=3)), "quarter", 4),
        (pd.date_range("2000-06-30", periods=30, freq=pd.DateOffset(years=1)), "year", None),
        (pd.date_range("2024-01-01", periods=30, freq="B"), "business day", 5),
        (pd.date_range("2024-01-01", periods=30, freq="250ms"), "0.25 seconds", None),
    ],
)
def test_steps_have_names(moments: pd.DatetimeIndex, label: str, period: int | None) -> None:
    found = index_of(pa.array(moments))
    assert (found["frequency"]["label"], found["frequency"]["share"]) == (label, 1.0)
    assert (found["frequency"]["period"], found["missing_moments"], found["gaps"]) == (period, 0, [])


def test_gaps_duplicates_and_order_by_hand() -> None:
    moments = [START + dt.timedelta(days=k) for k in (0, 1, 2, 6, 7, 7, 9)] + [None]
    found = index_of(moments)
    assert (found["count"], found["missing"], found["distinct"], found["duplicates"]) == (7, 1, 6, 1)
    assert (found["frequency"]["label"], found["frequency"]["share"]) == ("day", 0.6)
    assert (found["missing_moments"], found["order"]) == (4, "increasing")
    assert found["gaps"] == [
        {"after": "2024-01-03T00:00:00", "before": "2024-01-07T00:00:00", "missing": 3},
        {"after": "2024-01-08T00:00:00", "before": "2024-01-10T00:00:00", "missing": 1},
    ]
    steps = np.array([1, 1, 4, 1, 2])
    assert found["step_cv"] == pytest.approx(steps.std(ddof=1) / steps.mean())
    assert found["span_seconds"] == 9 * 86400


def test_a_month_that_is_missing_is_one() -> None:
    found = index_of(pa.array([dt.date(2024, month, 1) for month in (1, 2, 3, 5, 6)]))
    assert (found["frequency"]["label"], found["missing_moments"]) == ("month", 1)


def test_the_column_of_time_is_the_first_that_never_falls() -> None:
    falling = [START - dt.timedelta(days=k) for k in range(30)]
    table = days(30, x=random.normal(size=30)).add_column(0, "born", pa.array(falling))
    assert run(table, TASK)["index"]["name"] == "t"
    assert run(table, TASK, time="born")["index"]["name"] == "born"
    assert run(table.select(["born", "x"]), TASK)["index"]["order"] == "strictly decreasing"
    with pytest.raises(InvalidParameters, match="no dates"):
        run(table, TASK, time="x")
    with pytest.raises(InvalidParameters, match="no column 'y'"):
        run(table, TASK, time="y")


def test_gaps_wider_than_int64_reaches() -> None:
    far = [np.datetime64(day, "ns") for day in ("1700-01-01", "2200-01-01", "2200-01-02")]
    found = index_of(pa.array(far))
    steps = np.array([182_621, 1])
    assert found["step_cv"] == pytest.approx(steps.std(ddof=1) / steps.mean())
    assert (found["frequency"]["label"], found["missing_moments"]) == ("day", 182_620)
    assert index_of(pa.array([1 - 2**63, 2**63 - 2, 2**63 - 1], pa.timestamp("ns")))["missing_moments"] == 2**64 - 4


def test_a_line_over_more_than_int64_reaches() -> None:
    ticks = np.linspace(-9.2e18, 9.2e18, 30).astype(np.int64)
    days_apart = (ticks[1].item() - ticks[0].item()) / 864e11
    noise = np.tile([1.0, -1.0, -1.0, 1.0, 0.0], 6)
    found = run(pa.table({"t": pa.array(ticks, pa.timestamp("ns")), "x": np.arange(30) * 2.0 + noise}), TASK)
    assert found["columns"][0]["trend"]["slope_per_day"] == pytest.approx(2 / days_apart, rel=1e-2)


@pytest.mark.parametrize(
    ("unit", "ticks", "n", "step"),
    [
        ("ms", 10, 200, 0.01),
        ("ms", 100, 200, 0.1),
        ("us", 1000, 200, 0.001),
        ("us", 1, 200, 1e-6),
        ("ns", 100, 500, 1e-7),
        ("ns", 1, 500, 1e-9),
    ],
)
def test_steps_of_less_than_a_second_are_exact(unit: Any, ticks: int, n: int, step: float) -> None:
    first = int(np.datetime64("2024-01-01", unit).astype(np.int64))
    regular = index_of(pa.array(first + ticks * np.arange(n), pa.timestamp(unit)))
    assert (regular["frequency"]["step"], regular["frequency"]["share"]) == (step, 1.0)
    assert (regular["frequency"]["label"], regular["missing_moments"]) == (f"{step:g} seconds", 0)
    gappy = index_of(pa.array(first + ticks * np.append(np.arange(n), n + 5), pa.timestamp(unit)))
    assert (gappy["frequency"]["step"], gappy["missing_moments"], gappy["gaps"][0]["missing"]) == (step, 5, 5)


def test_one_moment_has_no_step() -> None:
    found = index_of([START, START])
    assert (found["frequency"], found["missing_moments"], found["duplicates"]) == (None, None, 1)
    assert found["notes"]["frequency"]["reason"] == "too-few-values"


# --- series -----------------------------------------------------------------------------------------------------------


def test_a_line_by_hand() -> None:
    noise = np.tile([1.0, -1.0, -1.0, 1.0], 6)  # without any slope of its own
    found = only(np.arange(24) * 2.0 + noise)["trend"]
    assert found["slope_per_day"] == pytest.approx(2.0)
    explained = 4 * (24**2 - 1) / 12
    assert found["r2"] == pytest.approx(explained / (explained + 1))


def test_autocorrelation_by_hand() -> None:
    r = autocorrelation(np.array([1.0, 2, 3, 4, 5]), 4)
    assert r == pytest.approx([1, 0.4, -0.1, -0.4, -0.4])  # Σ (−2 … 2)² = 10; then 4, −1, −4, −4
    assert partial(r)[:3] == pytest.approx([1, 0.4, (-0.1 - 0.16) / (1 - 0.16)])
    box = ljung_box(r, 5, 2)
    assert box.statistic == pytest.approx(5 * 7 * (0.16 / 4 + 0.01 / 3))


def test_dickey_and_fuller_of_a_short_line() -> None:
    line = np.array([0.0, 1, 0, 1, 1, 0, 0, 1, 0, 1])
    found = adf(line)
    assert found is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it will give back one day
        statistic, p, lags, n, critical, *_ = adfuller(line, autolag="AIC")
    assert (found.lags, found.n) == (lags, n)
    assert (found.statistic, found.p) == pytest.approx((statistic, p), rel=1e-10)
    assert found.critical == pytest.approx(critical)


def test_p_of_mackinnon_at_its_ends_and_at_the_published_values() -> None:
    assert (mackinnon_p(3.0), mackinnon_p(-20.0)) == (1.0, 0.0)
    for tau, p in ((-3.43, 0.01), (-2.86, 0.05), (-2.57, 0.10)):  # of many values
        assert mackinnon_p(tau) == pytest.approx(p, abs=2e-3)


def test_the_level_test_by_hand() -> None:
    line = np.array([1.0, -1.0] * 10)
    found, moved = kpss(line), kpss(-line * 3 + 7)
    assert found is not None
    assert moved is not None
    # Of one lag: s₀ = 1 − 19/10, s₁ = −19/10; 1.1447 · (19/9)^⅔ · 20^⅓ = 5.1.
    # Partial sums are 1, 0, 1, 0 …: η = 10/400.
    assert (found.lags, moved.lags) == (5, 5)
    products = [-19.0, 18.0, -17.0, 16.0, -15.0, 14.0, -13.0, 12.0, -11.0, 10.0, -9.0, 8.0, -7.0, 6.0][: found.lags]
    weighed = sum((1 - k / (found.lags + 1)) * product for k, product in enumerate(products, start=1))
    assert found.statistic == pytest.approx(10 / 400 / ((20 + 2 * weighed) / 20))


def test_the_verdicts() -> None:
    assert only(NOISE)["verdict"] == "stationary"
    assert only(WALK.cumsum())["verdict"] == "not stationary"


def test_what_repeats_and_how_strongly() -> None:
    weeks = np.sin(np.arange(200) * 2 * np.pi / 7) * 5 + NOISE * 0.1
    found = only(weeks)["seasonality"]
    assert (found["period"], found["source"]) == (7, "calendar")
    assert found["strength"] > 0.99
    other = np.sin(np.arange(200) * 2 * np.pi / 13) * 5 + NOISE * 0.1
    assert only(other, period=13)["seasonality"]["source"] == "given"
    table = pa.table({"t": [START + dt.timedelta(hours=5 * k) for k in range(200)], "x": other})
    found = run(table, TASK)["columns"][0]["seasonality"]
    assert (found["period"], found["source"]) == (13, "found")


@pytest.mark.parametrize(
    ("values", "figure", "reason"),
    [
        (list(range(19)), "adf", "too-few-values"),
        ([7.0] * 30, "acf", "constant"),
        ([2.0 * k for k in range(50)], "adf", "singular"),
        ([1.0, -1.0] * 30, "verdict", "singular"),
    ],
)
def test_what_is_null_says_why(values: Any, figure: str, reason: str) -> None:
    found = only(values)
    assert (found[figure], found["notes"][figure]) == (None, {"kind": "undefined", "reason": reason})


def test_without_a_period_there_is_no_season() -> None:
    table = pa.table({"t": [START + dt.timedelta(hours=5 * k) for k in range(200)], "x": NOISE})
    found = run(table, TASK)["columns"][0]
    assert (found["seasonality"], found["notes"]["seasonality"]["reason"]) == (None, "no-period")
    assert only(NOISE, period=150)["notes"]["seasonality"]["reason"] == "no-period"


def test_of_many_values_the_last_ones_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_VALUES", 100)
    found = only(NOISE)
    assert (found["count"], found["notes"]["adf"]) == (200, {"kind": "sample", "n": 100, "seed": None})
    assert found["acf"] == only(NOISE[100:])["acf"]


def test_equal_moments_are_averaged_and_the_order_is_that_of_time() -> None:
    twice = days(60, x=NOISE[:60])
    shuffled = pa.concat_tables([twice, twice]).take(pa.array(random.permutation(120)))
    assert run(shuffled, TASK, time="t")["columns"][0] == only(NOISE[:60])


# --- against statsmodels, and laws ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_as_statsmodels_has_it(seed: int) -> None:
    drawn = np.random.default_rng(seed)
    n = int(drawn.choice([20, 33, 120, 500]))
    series = {
        "noise": drawn.normal(size=n) + drawn.choice([0, 1e9]),
        "walk": drawn.normal(size=n).cumsum(),
        "week": np.sin(np.arange(n) * 2 * np.pi / 7) + drawn.normal(size=n),
        "whole": drawn.integers(0, 9, n),
        "gaps": pa.array(drawn.normal(size=n), mask=drawn.random(n) < 0.2),
    }
    table = days(n, **series)
    params = CATALOGUE.find(TASK).params(period=6)
    result = run(table, TASK, period=6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compared = verify(TASK, {"df": table}, params, result)
    assert compared.differences == []
    assert compared.figures > 100


@pytest.mark.parametrize(
    ("n", "period"), [(20, 2), (21, 2), (41, 20), (59, 20), (60, 7), (98, 7), (365, 12), (999, 333)]
)
def test_seasons_are_as_statsmodels_has_them(n: int, period: int) -> None:
    """With cycles that are whole or not, and windows that are wider than the series or not."""
    line = NOISE.repeat(5)[:n] + np.sin(np.arange(n) * 2 * np.pi / period) + np.linspace(0, 3, n)
    parts = STL(line, period=period).fit()
    seasonal, trend = seasonal_and_trend(line, period)
    np.testing.assert_allclose(seasonal, parts.seasonal, rtol=0, atol=1e-11)
    np.testing.assert_allclose(trend, parts.trend, rtol=0, atol=1e-11)


@given(st.lists(st.integers(-50, 50), min_size=25, max_size=60), st.sampled_from([-3.0, 0.5, 1e6]))
@settings(max_examples=40, deadline=None)
def test_tests_do_not_know_units_and_places(values: list[int], unit: float) -> None:
    one, other = only(np.array(values, dtype=float)), only(np.array(values) * unit + 1e4 * unit)
    assert (one["verdict"], one["notes"]) == (other["verdict"], other["notes"])
    for test in ("adf", "kpss", "ljung_box"):
        if one[test] is not None:
            assert one[test]["statistic"] == pytest.approx(other[test]["statistic"], rel=1e-6)
    if one["acf"] is not None:
        assert np.abs(one["acf"]["values"]).max() == 1.0
        assert one["acf"]["partial"][1] == one["acf"]["values"][1]


@pytest.mark.parametrize("name", TABLES)
def test_comes_through(name: str) -> None:
    table = TABLES[name]
    assert run(table, TASK)["rows"] == table.num_rows
    if table.num_rows:
        timed = days(table.num_rows).append_column("odd", pa.nulls(table.num_rows))
        for place, column in enumerate(table.columns):
            timed = timed.append_column(f"c{place}", column)
        assert run(timed, TASK)["index"]["name"] == "t"


# --- issues -----------------------------------------------------------------------------------------------------------

WEEKS = np.sin(np.arange(200) * 2 * np.pi / 7) + NOISE * 0.1
STEADY = days(200, x=NOISE)
FIRING: dict[str, pa.Table] = {
    "no_time": pa.table({"x": NOISE}),
    "unordered": STEADY.take(pa.array([1, 0, *range(2, 200)])),
    "missing_times": pa.table({"t": [None, *STEADY["t"].to_pylist()[1:]], "x": NOISE}),
    "duplicate_times": pa.concat_tables([STEADY.slice(0, 1), STEADY]),
    "gaps": pa.concat_tables([STEADY.slice(0, 50), STEADY.slice(60)]),
    "irregular": pa.table({"t": [START + dt.timedelta(days=k * k) for k in range(30)], "x": NOISE[:30]}),
    "non_stationary": days(200, x=WALK.cumsum()),
    "trend": days(200, x=NOISE + np.arange(200)),
    "seasonal": days(200, x=WEEKS),
    "autocorrelated": days(200, x=WALK),
}

SILENT: dict[str, pa.Table] = {
    "no_time": pa.table({"t": [START] + [None] * 199, "x": NOISE}),
    "unordered": FIRING["duplicate_times"],
    "missing_times": days(200, x=[None, *NOISE[1:]]),
    "duplicate_times": pa.concat_tables([STEADY.slice(0, 1), STEADY.slice(1)]),
    "gaps": pa.table({"t": pa.array(pd.bdate_range(START, periods=200)), "x": NOISE}),
    "irregular": FIRING["gaps"],
    "non_stationary": days(200, x=WALK / 10 + NOISE),
    "trend": days(200, x=NOISE + np.arange(200) / 500),
    "seasonal": days(200, x=WEEKS / 10 + NOISE),
    "autocorrelated": days(199, x=np.diff(WALK)),
}


def codes(table: pa.Table, **params: Any) -> set[str]:
    return {one["code"] for one in run(table, TASK, **params)["issues"]}


def test_every_code_is_on_the_page() -> None:
    page = CATALOGUE.find(TASK).page
    assert [code for code, kind in CODES.items() if f"| {code} | {kind.severity} |" not in page] == []


@pytest.mark.parametrize("code", CODES)
def test_it_fires(code: str) -> None:
    assert code in codes(FIRING[code])


@pytest.mark.parametrize("code", CODES)
def test_it_does_not_fire(code: str) -> None:
    assert code not in codes(SILENT[code])


def test_of_noise_by_days_there_is_nothing_to_say() -> None:
    assert codes(STEADY) == set()


def test_thresholds_decide() -> None:
    assert "seasonal" not in codes(FIRING["seasonal"], strength=1.0)
    assert "autocorrelated" not in codes(FIRING["seasonal"], alpha=1e-300)
    assert "non_stationary" in codes(FIRING["non_stationary"], alpha=0.02)
