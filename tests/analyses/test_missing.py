"""Missing values, worked out by hand."""

import math

import numpy as np
import pyarrow as pa
import pytest

from analyzer.analyses.findings import mcar
from tests.analyses.inprocess import run

TASK = "quality_missing"


def test_patterns_pairs_and_rows_are_counted() -> None:
    table = pa.table({"a": [1, None, None, 4, None], "b": [None, None, None, 4.0, math.nan], "c": [1, 2, 3, 4, None]})
    result = run(table, TASK)
    assert [(one["name"], one["missing"], one["share"]) for one in result["columns"]] == [
        ("a", 3, 0.6),
        ("b", 4, 0.8),
        ("c", 1, 0.2),
    ]
    assert (result["missing"], result["cells"], result["complete_rows"], result["empty_rows"]) == (8, 15, 1, 1)
    assert [(pattern["columns"], pattern["n"]) for pattern in result["patterns"]] == [
        (["a", "b"], 2),
        (["b"], 1),
        ([], 1),
        (["a", "b", "c"], 1),
    ]
    # φ from the 2 × 2 tables: a and b (3·1 − 0·1) / √(3·2·4·1), a and c (1·2 − 0·2) / √(3·2·1·4)
    r = {(pair["column"], pair["other"]): (pair["r"], pair["n"]) for pair in result["pairs"]}
    assert r["a", "b"] == (pytest.approx(3 / math.sqrt(24)), 3)
    assert r["a", "c"] == (pytest.approx(2 / math.sqrt(24)), 1)
    assert r["b", "c"] == (pytest.approx(1 / math.sqrt(16)), 1)


@pytest.mark.parametrize("columns", [63, 64, 130])
def test_more_columns_than_bits_make_the_same_patterns(columns: int) -> None:
    table = pa.table({f"c{place}": [None, 1, None if place % 2 else 1] for place in range(columns)})
    patterns = run(table, TASK)["patterns"]
    assert [len(pattern["columns"]) for pattern in patterns] == [columns, 0, columns // 2]


def test_stand_ins_are_found_and_counted() -> None:
    table = pa.table(
        {
            "text": ["NA", "n/a", "NA", "-", "?", "ok", "", "  ", None, "unknown"] * 3,
            "number": [float(value) for value in range(27)] + [-999.0] * 3,
            "date": pa.array(["1900-01-01", "2020-05-05", "2021-05-05"] * 10).cast(pa.date32()),
        }
    )
    text, number, date = run(table, TASK)["columns"]
    assert text["disguised"][0] == {"value": "NA", "count": 6}
    assert {entry["value"] for entry in text["disguised"]} == {"NA", "n/a", "-", "?", "unknown"}
    assert (text["missing"], text["blank"]) == (3, 6)
    assert number["disguised"] == [{"value": "-999", "count": 3}]
    assert date["disguised"] == [{"value": "1900-01-01", "count": 10}]
    assert number["blank"] == date["blank"] == 0


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_stand_ins_are_found_among_texts_that_all_differ(kind: pa.DataType) -> None:
    """The same as among categories, which are counted first."""
    values = [f"name {number}" for number in range(200)] + [
        "  ",
        "",
        "\t",
        "NaN ",
        " n/a",
        "-",
        "-",
        None,
        "née",
        "Nora",
    ]
    chunks = [values[:50], [], [None], values[50:]]
    text = pa.chunked_array([pa.array(chunk, pa.string()) for chunk in chunks]).cast(kind)
    (found,) = run(pa.table({"text": text}), TASK)["columns"]
    assert (found["kind"], found["missing"], found["blank"]) == ("text", 2, 3)
    assert {entry["value"]: entry["count"] for entry in found["disguised"]} == {"NaN ": 1, " n/a": 1, "-": 2}


def test_every_stand_in_among_many_texts_is_counted() -> None:
    values = [f"name {number}" for number in range(100_504)] + ["n/a", "", " ", "-", "n/a"]
    (found,) = run(pa.table({"text": values}), TASK)["columns"]
    assert found["blank"] == 2
    assert found["disguised"] == [{"value": "n/a", "count": 2}, {"value": "-", "count": 1}]


def test_every_stand_in_among_many_categories_is_counted() -> None:
    values = [f"{number}" for number in range(100_504)] * 3 + ["n/a", "", " ", "-", "n/a"]
    (found,) = run(pa.table({"text": values}), TASK)["columns"]
    assert (found["kind"], found["blank"]) == ("categorical", 2)
    assert found["disguised"] == [{"value": "n/a", "count": 2}, {"value": "-", "count": 1}]


WHITE = [letter for letter in map(chr, range(0x110000)) if letter.isspace()]


@pytest.mark.parametrize("others", [["a"], [f"a{number}" for number in range(200)]])
def test_all_that_unicode_calls_white_is_blank(others: list[str]) -> None:
    values = others + WHITE + [f"{white}n/a{white}" for white in WHITE]
    (found,) = run(pa.table({"text": values}), TASK)["columns"]
    assert found["blank"] == len(WHITE)
    assert found["disguised"][0]["count"] == 1
    assert len(found["disguised"]) == 20


def test_littles_test_by_hand() -> None:
    """x is there always, y in the first four rows.

    Anderson (1957) gives the estimates in closed form: μx and σxx from all rows, y by regression on x over the rows
    with both: slope 2.2, as Σ(x − 2.5)(y − 5.5) = 11 and Σ(x − 2.5)² = 5.
    """
    x, y = np.array([1, 2, 3, 4, 8, 9.0]), np.array([2, 5, 6, 9, np.nan, np.nan])
    found = mcar.little(np.stack([x, y]))
    mean_x, var_x = 27 / 6, 175 / 6 - 4.5**2
    slope = 11 / 5
    residual = ((y[:4] - 5.5 - slope * (x[:4] - 2.5)) ** 2).mean()
    cov = np.array([[var_x, slope * var_x], [slope * var_x, residual + slope**2 * var_x]])
    mean = np.array([mean_x, 5.5 + slope * (mean_x - 2.5)])
    both, alone = np.array([2.5, 5.5]) - mean, 8.5 - mean_x
    expected = 4 * both @ np.linalg.inv(cov) @ both + 2 * alone**2 / var_x
    assert found["statistic"] == pytest.approx(expected, rel=1e-6)
    assert (found["df"], found["patterns"], found["rows"]) == (1, 2, 6)
    assert found["p"] == pytest.approx(math.erfc(math.sqrt(expected / 2)), rel=1e-6)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"a": [1, 2, 3], "b": [4, 5, 7]}, "no-missing"),
        ({"a": [1, None, 3]}, "too-few-values"),
        ({"a": [1, 2, 3, 4, None], "b": [2, 4, 6, 8, 10], "c": [1, 5, 2, 2, 9]}, "singular"),
    ],
)
def test_why_there_is_no_test(columns: dict[str, list[int | None]], reason: str) -> None:
    found = run(pa.table(columns), TASK)["mcar"]
    assert (found["statistic"], found["df"], found["p"]) == (None, None, None)
    assert found["notes"]["p"]["reason"] == reason


def test_too_many_patterns_are_not_tested() -> None:
    random = np.random.default_rng(1)
    columns = {f"c{place}": pa.array(random.normal(size=600), mask=random.random(600) < 0.5) for place in range(12)}
    found = run(pa.table(columns), TASK)
    assert found["mcar"]["notes"]["p"]["reason"] == "too-many-patterns"
    assert (len(found["patterns"]), sum(pattern["n"] for pattern in found["patterns"]) < 600) == (50, True)
    assert found["more_patterns"] > 0
