"""Counting the values of text columns, whichever way is taken."""

import math
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pytest

from analyzer.analyses.figures import categories, hashing
from analyzer.analyses.findings.look import Levels
from analyzer.analyses.findings.texts import words_of
from tests.analyses.inprocess import run

MANY = 12 * categories.PROBED


def numbered(*more: str | None) -> list[str | None]:
    """Many different texts of several lengths, and a few more."""
    return [*(f"{'é' * (number % 7)}{number}" for number in range(MANY)), *more]


def chunked(values: Sequence[str | None], type_: pa.DataType) -> pa.ChunkedArray:
    third = len(values) // 3
    pieces = values[:third], values[third : 2 * third], values[2 * third :]
    return pa.chunked_array([pa.array(piece).cast(type_) for piece in pieces]).slice(5)


@pytest.mark.parametrize("type_", [pa.string(), pa.large_string(), pa.binary()], ids=str)
@pytest.mark.parametrize(
    "more",
    [(), ("7", "7", None, "é8", ""), ("x" * 64, "x" * 63, "x" * 64), ("x" * 65, "x" * 65), ("\0", "\0\0", "\0")],
    ids=["distinct", "few repeated", "long", "too long to hash", "zero bytes"],
)
def test_mostly_distinct_values_are_counted_like_any(more: Sequence[str | None], type_: pa.DataType) -> None:
    column = chunked(numbered(*more), type_)
    values, counts = categories.counted(column)
    expected = Counter(value for value in column.to_pylist() if value is not None)
    assert list(zip(values.to_pylist(), counts.tolist(), strict=True)) == list(expected.items())


def test_a_text_is_the_same_in_every_chunk_whatever_else_is_there() -> None:
    short = [str(number) for number in range(MANY)]
    column = pa.chunked_array([short, ["x" * 60, "7", "12345", ""], [""]])
    values, counts = categories.counted(column)
    assert dict(zip(values.to_pylist(), counts.tolist(), strict=True)) == Counter(column.to_pylist())


def test_values_that_only_seem_distinct_are_counted_too() -> None:
    column = chunked([str(number % (2 * categories.PROBED)) for number in range(MANY)], pa.string())
    values, counts = categories.counted(column)
    assert dict(zip(values.to_pylist(), counts.tolist(), strict=True)) == Counter(column.to_pylist())


def test_equal_hashes_of_different_values_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    column = chunked(numbered("7", "é8"), pa.string())
    right = categories.counted(column)
    monkeypatch.setattr(hashing, "_mixed", lambda key, more: (key ^ more) & 0xFF)
    wrong = categories.counted(column)
    assert (wrong.values.to_pylist(), wrong.counts.tolist()) == (right.values.to_pylist(), right.counts.tolist())


def test_of_a_hundred_thousand_ties_the_smallest_are_shown() -> None:
    table = pa.table({"text": [f"{number:06d}" for number in reversed(range(2 * MANY))] + ["last"]})
    column = run(table, "eda_statistical_summary")["columns"][0]
    assert [entry["value"] for entry in column["top"]] == [f"{number:06d}" for number in range(10)]
    assert column["entropy"] == pytest.approx(math.log2(2 * MANY + 1), rel=1e-12)
    assert column["lengths"] == {"min": 4, "max": 6, "mean": (12 * MANY + 4) / (2 * MANY + 1), "median": 6.0}


def test_words_are_told_apart_by_blanks_of_any_kind_and_not_by_case() -> None:
    column = pa.chunked_array([[" Of  the\tOF ", "of\u00a0x", "", "  ", "the", "the"]])
    totals, several = words_of(Levels.first(categories.counted(column)))
    assert (sorted(totals.tolist()), several) == ([1, 3, 3], True)
    assert not words_of(Levels.first(categories.counted(pa.chunked_array([["a ", " b"]]))))[1]
