"""Ours beside a reference: what counts as equal, and what does not."""

import math
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analyzer.comparison import compare

INFINITE = {"mean": None, "notes": {"mean": {"kind": "undefined", "reason": "infinite"}}}

SAME: list[tuple[Any, Any]] = [
    (1, 1),
    (1, np.int64(1)),
    (1.0, 1),
    (1, 1.0 + 1e-12),
    (0.3, 0.1 + 0.2),
    ("a", "a"),
    (True, np.bool_(True)),
    (None, None),
    ({"mean": 1.0, "more": 2}, {"mean": 1.0}),
    ([1, [2.0]], (1, np.array([2.0]))),
    (INFINITE, {"mean": math.inf}),
    (INFINITE, {"mean": math.nan}),
    (None, pd.NA),
    (str(2**70), 2**70),
    ("1.50", Decimal("1.5")),
    ("0.1", 0.1),
    ("2020-01-01", date(2020, 1, 1)),
    ("2020-01-01T00:00:00Z", pd.Timestamp("2020-01-01T01:00:00+01:00")),
    ([{"name": "a", "n": 1}, {"name": "b", "n": 2}], {"b": {"n": 2}}),
]

DIFFERENT: list[tuple[Any, Any]] = [
    (1, 2),
    (2**52, 2**52 + 1),
    (1.0, 1.0 + 1e-8),
    (1.0, math.nan),
    (None, 1.0),
    (1.0, None),
    (1, True),
    ("a", "b"),
    ("1", True),
    ({}, {"mean": 1.0}),
    ([1], [1, 2]),
    (1, [1]),
    ({"mean": None, "notes": {"std": {}}}, {"mean": math.nan}),
    (str(2**70), 2**70 + 1),
    ("one", 1),
    ("2020-01-01", date(2020, 1, 2)),
    ([{"name": "a", "n": 1}], {"b": {"n": 2}}),
]


@pytest.mark.parametrize(("ours", "expected"), SAME)
def test_equal(ours: Any, expected: Any) -> None:
    found = compare(ours, expected)
    assert found.differences == []
    assert found.figures > 0


@pytest.mark.parametrize(("ours", "expected"), DIFFERENT)
def test_different(ours: Any, expected: Any) -> None:
    assert len(compare(ours, expected).differences) == 1


def test_a_difference_has_a_place() -> None:
    found = compare({"columns": [{"name": "a", "a/b": 1.0}]}, {"columns": [{"name": "a", "a/b": 1.1}]})
    assert [one.place for one in found.differences] == ["/columns/0/a~1b"]
    assert found.figures == 2
    assert found.largest == pytest.approx(0.1 / 1.1)


def test_a_tolerance_is_for_one_figure() -> None:
    ours, expected = {"aic": 1.0, "mean": 1.0}, {"aic": 1.001, "mean": 1.001}
    assert [one.place for one in compare(ours, expected, {"aic": 1e-2}).differences] == ["/mean"]


def test_what_is_small_beside_the_data_is_rounding() -> None:
    ours, expected = {"name": "a", "mean": 1e-9, "skewness": 1e-9}, {"name": "a", "mean": 2e-9, "skewness": 2e-9}
    assert [one.place for one in compare(ours, expected, scales={"a": 1e6}).differences] == ["/skewness"]
    assert len(compare(ours, expected, scales={"a": 1.0}).differences) == 2


@pytest.mark.parametrize(("ours", "same"), [(1e-323, True), (1e-320, False)])
def test_the_last_bits_that_doubles_have_are_rounding(ours: float, *, same: bool) -> None:
    told, expected = ({"columns": [{"name": "x", "sum": value}]} for value in (ours, 0.0))
    assert (compare(told, expected, scales={"x": 5e-324}).differences == []) == same
