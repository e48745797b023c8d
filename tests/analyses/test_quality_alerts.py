"""Every issue there is: a table that raises it, and one close by that does not."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest

from analyzer.analyses.findings.codes import CODES
from tests.analyses.inprocess import run

TASK = "eda_data_quality"
AS_OF = datetime(2024, 6, 1, tzinfo=UTC)


class Pair(NamedTuple):
    """The columns of a table that raises an issue, and those of one that does not."""

    loud: dict[str, Any]
    quiet: dict[str, Any]


def random() -> np.random.Generator:
    return np.random.default_rng(11)


NORMAL = random().normal(size=300)
UNIFORM = random().random(300)
EVEN = np.arange(1000.0) / 7
DAYS = [date(2023, 1, 2) + timedelta(days=day) for day in range(300)]
STEP = np.cumsum(random().normal(size=300))
WAVE = np.sin(np.arange(300) / 12 * 2 * np.pi)
LETTERS = list("abcdefgh")


def texts(*counted: tuple[str | None, int]) -> dict[str, Any]:
    return {"x": pa.array([text for text, count in counted for _ in range(count)], pa.string())}


def hours(*every: int) -> list[datetime]:
    """A moment on each of the next 30 days at each of these hours."""
    start = datetime(2023, 1, 2)  # noqa: DTZ001 - a Monday, by the clock on the wall
    return [start + timedelta(days=day, hours=hour) for day in range(30) for hour in every]


def workdays(*every: int) -> list[datetime]:
    return [moment for moment in hours(*every) if moment.weekday() < 5]


PAIRS: dict[str, Pair] = {
    "empty": Pair({"x": pa.array([], pa.int64())}, {"x": [1]}),
    "duplicates": Pair({"x": [1, 1], "y": ["a", "a"]}, {"x": [1, 1], "y": ["a", "b"]}),
    "near_duplicates": Pair({"x": ["New  York", "new york "]}, {"x": ["New York", "Newyork"]}),
    "duplicate_column": Pair({"x": [1.0, None], "y": [1.0, None]}, {"x": [1.0, None], "y": [None, 1.0]}),
    "missing": Pair({"x": [1.0, None, float("nan")]}, {"x": [1] * 99 + [None]}),
    "all_missing": Pair({"x": pa.nulls(3, pa.float64())}, {"x": [None, 1.0, None]}),
    "constant": Pair({"x": [7, None, 7]}, {"x": [7, 8, 7]}),
    "quasi_constant": Pair({"x": [7] * 95 + [8] * 5}, {"x": [7] * 94 + [8] * 6}),
    "unique": Pair({"x": [3, 1, 2]}, {"x": [3, 1, 2, None]}),
    "unsupported": Pair({"x": [[1], [2, 3]]}, {"x": [1, 2]}),
    "rejected": Pair({"x": pa.nulls(3)}, {"x": [None, 1]}),
    "uniform": Pair({"x": EVEN}, {"x": random().random(1000)}),
    "zeros": Pair({"x": [0, 1, 2, 3]}, {"x": [0] + [1, 2, 3] * 33}),
    "zero_inflated": Pair({"x": [0, 0, 1, 2]}, {"x": [0, 0, 1, 2, 3]}),
    "negatives": Pair({"x": [-1, 1, 2, 3]}, {"x": [-1] + [1, 2, 3] * 33}),
    "positive_only": Pair({"x": [1, 2]}, {"x": [0, 2]}),
    "infinite": Pair({"x": [np.inf, 1.0]}, {"x": [np.inf] + [1.0] * 99}),
    "skewed": Pair({"x": [0.0] * 999 + [1.0]}, {"x": [0.0] * 99 + [1.0]}),
    "skewed_right": Pair({"x": [0, 0, 0, 0, 0, 9]}, {"x": [0, 0, 0, 9, 9, 9]}),
    "skewed_left": Pair({"x": [0, 9, 9, 9, 9, 9]}, {"x": [0, 0, 0, 0, 0, 9]}),
    "heavy_tailed": Pair({"x": [-9, *[0] * 50, 9]}, {"x": NORMAL}),
    "normal": Pair({"x": NORMAL}, {"x": random().random(300)}),
    "not_normal": Pair({"x": random().random(300)}, {"x": NORMAL}),
    "discrete": Pair({"x": [1, 2, 3] * 10}, {"x": [1.5, 2, 3] * 10}),
    "heaping": Pair({"x": [*range(40), *range(40, 200, 10)]}, {"x": [*range(200)]}),
    "bimodal": Pair({"x": np.concatenate((NORMAL - 5, NORMAL + 5))}, {"x": NORMAL}),
    "log_scale": Pair({"x": [0.01, 1.0, 10.0]}, {"x": [0.02, 1.0, 10.0]}),
    "outliers": Pair({"x": [*range(20), 100]}, {"x": [*range(20), 30]}),
    "many_outliers": Pair({"x": [*range(17), 100, 101, 102]}, {"x": [*range(30), 100]}),
    "monotonic_increasing": Pair({"x": [1, 2, 2]}, {"x": [1, 2, 1]}),
    "monotonic_decreasing": Pair({"x": [2, 2, 1]}, {"x": [2, 1, 2]}),
    "high_cardinality": Pair({"x": [f"n{k}" for k in range(51)]}, {"x": [f"n{k}" for k in range(50)]}),
    "imbalance": Pair(texts(("a", 95), ("b", 5)), texts(("a", 80), ("b", 20))),
    "dominant_category": Pair(texts(("a", 7), ("b", 3)), texts(("a", 6), ("b", 4))),
    "outstanding_value": Pair(texts(("a", 3), ("b", 2)), texts(("a", 4), ("b", 3))),
    "attribution": Pair(texts(("a", 4), ("b", 3), *((c, 1) for c in "cde")), texts(*((c, 2) for c in "abcde"))),
    "many_rare_levels": Pair(
        texts(("a", 990), *((f"r{k}", 1) for k in range(10))), texts(*((f"r{k}", 5) for k in range(11)))
    ),
    "constant_length": Pair({"x": ["ab", "cd"]}, {"x": ["ab", "cde"]}),
    "type_date": Pair({"x": ["2024-01-02", "2024-01-03"]}, {"x": ["2024-01-02", "later"]}),
    "type_number": Pair({"x": ["1", "2.5", " 3e4 "]}, {"x": ["1", "a", "b"]}),
    "mixed_types": Pair({"x": ["1", "2", "three"]}, {"x": ["1", "2", "3", "NA"]}),
    "dirty_category": Pair({"x": ["Amsterdam", "Amsterdan", "Oslo"]}, {"x": ["Amsterdam 1", "Amsterdam 2", "Oslo"]}),
    "case_variants": Pair({"x": ["Yes", "yes", "no"]}, {"x": ["yes", "yes", "no"]}),
    "trim_variants": Pair({"x": ["yes", "yes ", "no"]}, {"x": ["yes", "no "]}),
    "padded": Pair({"x": ["yes", " no"]}, {"x": ["yes", "n o"]}),
    "empty_strings": Pair({"x": ["a", "", " "]}, {"x": ["a", "-"]}),
    "disguised_missing": Pair({"x": ["a", "N/A", "-", "?", "null"]}, {"x": ["a", "Nala", "a-b", "really?"]}),
    "replacement_character": Pair({"x": ["M\ufffdnchen"]}, {"x": ["München"]}),
    "high_word_cardinality": Pair(
        {"x": [f"word{k} and" for k in range(1001)]}, {"x": [f"word{k} and" for k in range(900)]}
    ),
    "outstanding_word": Pair({"x": ["the cat", "the dog", "the cow"]}, {"x": ["one cat", "two dogs"]}),
    "future_dates": Pair({"x": [date(2024, 6, 2), date(2020, 1, 1)]}, {"x": [date(2024, 6, 1)]}),
    "placeholder_dates": Pair({"x": [date(1900, 1, 1), date(2020, 1, 1)]}, {"x": [date(1900, 1, 2)]}),
    "high_uniqueness": Pair({"x": DAYS}, {"x": DAYS[:9] * 2}),
    "irregular_intervals": Pair({"x": [*DAYS[:20], date(2024, 1, 1)]}, {"x": DAYS}),
    "weekend_heavy": Pair({"x": [date(2024, 1, 6), date(2024, 1, 7), date(2024, 1, 8)]}, {"x": DAYS}),
    "business_hours": Pair({"x": workdays(9, 16)}, {"x": hours(9, 17)}),
    "high_correlation": Pair({"x": NORMAL, "y": NORMAL + UNIFORM}, {"x": NORMAL, "y": UNIFORM}),
    "similar_distribution": Pair({"x": NORMAL, "y": random().permuted(NORMAL)}, {"x": NORMAL, "y": UNIFORM}),
    "non_stationary": Pair({"t": DAYS, "x": STEP}, {"t": DAYS, "x": NORMAL}),
    "seasonal": Pair({"t": DAYS, "x": WAVE + NORMAL / 4}, {"t": DAYS, "x": NORMAL}),
}

ALSO_LOUD: dict[str, list[dict[str, Any]]] = {
    "missing": [texts(("a", 9), (None, 1))],
    "rejected": [{"x": [{"a": 1}]}],
    "constant": [{"x": [True, True]}, {"x": [date(2020, 1, 1)] * 2}, texts(("a", 2))],
    "quasi_constant": [{"x": [True] * 99 + [False]}, texts(("a", 99), ("b", 1))],
    "uniform": [texts(*((letter, 20) for letter in LETTERS))],
    "imbalance": [{"x": [True] * 95 + [False] * 5}],
    "disguised_missing": [{"x": [-999, -999, *range(50)]}],
    "monotonic_increasing": [{"x": DAYS}],
    "high_correlation": [{"x": LETTERS * 20, "y": [letter.upper() for letter in LETTERS] * 20}],
    "non_stationary": [{"t": DAYS, "x": [Decimal(f"{value:.4f}") for value in STEP]}],
    "placeholder_dates": [{"x": pa.array([0, 10**9, None], pa.timestamp("s", "UTC"))}],
    "duplicates": [{"x": [0.0, -0.0]}, {"x": [None, float("nan")]}, {"x": [None, None], "y": [None, None]}],
}


def codes(columns: dict[str, Any], **params: Any) -> dict[str, dict[str, Any]]:
    result = run(pa.table(columns), TASK, as_of=AS_OF, **params)
    return {issue["code"]: issue for issue in result["issues"]}


@pytest.mark.parametrize("code", sorted(PAIRS))
def test_it_fires(code: str) -> None:
    issue = codes(PAIRS[code].loud).get(code)
    assert issue is not None
    assert issue["severity"] == CODES[code].severity
    assert len(issue["rows"]) <= 10


@pytest.mark.parametrize("code", sorted(PAIRS))
def test_it_stays_quiet(code: str) -> None:
    assert code not in codes(PAIRS[code].quiet)


@pytest.mark.parametrize(("code", "columns"), [(code, one) for code, more in ALSO_LOUD.items() for one in more])
def test_it_fires_here_too(code: str, columns: dict[str, Any]) -> None:
    assert code in codes(columns)


@pytest.mark.parametrize(
    ("code", "columns", "rows"),
    [
        ("missing", {"x": [1.0, None, float("nan")]}, [1, 2]),
        ("missing", {"x": [None] * 20 + [1]}, list(range(10))),
        ("infinite", {"x": [1.0, np.inf]}, [1]),
        ("padded", {"x": ["a", " b", None, "c "]}, [1, 3]),
        ("case_variants", {"x": ["yes", "Yes", "yes"]}, [1]),
        ("disguised_missing", {"x": [5, -999, *range(20), -999]}, [1, 22]),
        ("future_dates", {"x": [date(2020, 1, 1), None, date(2030, 1, 1)]}, [2]),
        ("outliers", {"x": [100, *range(20)]}, [0]),
        ("duplicates", {"x": ["a", "b", "a", "b", "a"]}, [2, 3, 4]),
        ("near_duplicates", {"x": ["a", "b", "A"]}, [2]),
        ("near_duplicates", {"x": ["A", "a", "b", "b", "b"]}, [1]),
        ("near_duplicates", {"x": ["a\u00a0b", "a b", "c", "c\u00a0"]}, [1, 3]),
        ("heaping", {"x": [0] * 30 + [*range(40), *range(40, 200, 10)]}, [40, 50, 60, *range(70, 77)]),
        ("padded", {"x": ["x\u00a0", "x", "\u3000y", "y"]}, [0, 2]),
        ("trim_variants", {"x": ["x\u00a0", "x", "x"]}, [0]),
        ("empty_strings", {"x": ["\u00a0", "x", "\u3000", "\u2003", "\v"]}, [0, 2, 3, 4]),
    ],
)
def test_rows_show_it(code: str, columns: dict[str, Any], rows: list[int]) -> None:
    assert codes(columns)[code]["rows"] == rows


@pytest.mark.parametrize(
    ("code", "columns", "thresholds"),
    [
        ("missing", {"x": [1.0, None]}, {"missing": 0.5}),
        ("high_cardinality", {"x": [f"n{k}" for k in range(51)]}, {"high_cardinality": 51}),
        ("high_correlation", {"x": NORMAL, "y": NORMAL + UNIFORM}, {"correlation": 1.0}),
        ("non_stationary", {"t": DAYS, "x": STEP}, {"stationarity": 1.0}),
        ("outliers", {"x": [*range(20), 100]}, {"outliers": 0.05}),
        ("dirty_category", {"x": ["Amsterdam", "Amsterdan"]}, {"dirty_category": 0.95}),
    ],
)
def test_thresholds_are_parameters(code: str, columns: dict[str, Any], thresholds: dict[str, float]) -> None:
    assert code in codes(columns)
    assert code not in codes(columns, thresholds=thresholds)


def test_zeros_are_no_heap() -> None:
    sizes = np.exp(3 + 2 * NORMAL)
    found = codes({"x": np.where(np.arange(300) % 4 == 0, 0.0, sizes)})
    assert "zeros" in found
    assert "heaping" not in found


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([np.inf, 1.0], pa.float64()),
        ([-np.inf, 1.0], pa.float64()),
        ([date(2020, 1, 1), date(2020, 1, 2)], pa.date32()),
        ([0, 1], pa.timestamp("us", "Europe/Berlin")),
        ([10**18, 10**18 + 1], pa.timestamp("ns")),
        ([6 * 10**17, 0], pa.timestamp("s")),
        ([1, 2], pa.time64("ns")),
        ([0, 86_400_000], pa.date64()),
    ],
)
def test_what_is_nearly_constant_is_so_in_every_kind(values: list[Any], kind: pa.DataType) -> None:
    usual, other = values
    found = codes({"x": pa.array([usual] * 60 + [None, other] + [usual] * 39, kind)})["quasi_constant"]
    assert (found["n"], found["share"]) == (99, 0.99)


def test_three_years_are_no_humps() -> None:
    found = run(pa.table({"year": [2007] * 110 + [2008] * 114 + [2009] * 120}), TASK)["issues"]
    assert "bimodal" not in {issue["code"] for issue in found}


PROFILED = {
    *("constant", "zeros", "high_correlation", "high_cardinality", "unsupported", "duplicates", "near_duplicates"),
    *("skewed", "imbalance", "missing", "infinite", "type_date", "unique", "dirty_category", "constant_length"),
    *("rejected", "uniform", "non_stationary", "seasonal", "empty"),
}
"""The alerts of ydata-profiling 4, in lower case. All of them apply to a table here, so that none is left out."""


def test_every_alert_of_a_profile_is_a_code() -> None:
    assert PROFILED - set(CODES) == set()


def test_large_integers_that_lie_close_together_are_not_all_the_same() -> None:
    found = codes({"x": [2**60 + k for k in range(100)]})
    assert "unique" in found
    assert "quasi_constant" not in found
