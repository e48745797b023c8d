"""Duplicates, worked out by hand."""

import pyarrow as pa
import pytest

from analyzer.errors import InvalidParameters
from analyzer.models import ColumnReading, ReadingReport
from tests.analyses.inprocess import CATALOGUE, run, schema_of, sections_of

TASK = "quality_duplicates"

TABLE = pa.table(
    {
        "id": [1, 2, 2, 3, 3, 3, None],
        "name": ["a", "b", "b", "c", "C ", "c", "d"],
        "copy": [1, 2, 2, 3, 3, 3, None],
    }
)


def test_three_ways_near_ones_and_columns() -> None:
    result = run(TABLE, TASK)
    assert result["exact"] == {"extra_copies": 2, "rows_in_groups": 4, "groups": 2}
    assert result["near"] == {"extra_copies": 3, "rows_in_groups": 5, "groups": 2}
    assert result["columns"] == [{"column": "copy", "other": "id"}]
    assert result["keys"][0]["samples"] == [
        {"n": 2, "rows": [1, 2], "values": {"id": "2", "name": "b", "copy": "2"}},
        {"n": 2, "rows": [3, 5], "values": {"id": "3", "name": "c", "copy": "3"}},
    ]


def test_keys_are_counted_each() -> None:
    table = TABLE.append_column("row", pa.array(range(7)))
    whole, by_id, by_both, by_row = run(table, TASK, keys=[["id"], ["name", "id"], ["row"]], samples=1)["keys"]
    assert (whole["extra_copies"], whole["unique"]) == (0, False)
    assert (by_id["extra_copies"], by_id["rows_in_groups"], by_id["groups"]) == (3, 5, 2)
    assert (by_id["rows_with_missing"], by_id["unique"]) == (1, False)
    assert by_id["samples"] == [{"n": 3, "rows": [3, 4, 5], "values": {"id": "3"}}]
    assert (by_both["columns"], by_both["extra_copies"]) == (["name", "id"], 2)
    assert (by_row["extra_copies"], by_row["unique"], by_row["samples"]) == (0, True, [])


def test_a_thousand_equal_rows() -> None:
    result = run(pa.table({"a": [1] * 1000}), TASK)
    assert result["exact"] == {"extra_copies": 999, "rows_in_groups": 1000, "groups": 1}


def test_headers_that_are_the_same_once_folded_or_were_in_the_file() -> None:
    table = pa.table({name: [place] for place, name in enumerate(("Name", "name ", "x", "x_2", "--", "y"))})
    assert [one["columns"] for one in run(table, TASK)["headers"]] == [["Name", "name "]]
    read = [ColumnReading(name="x", type="int64", reason="", original_name=None)]
    read.append(ColumnReading(name="x_2", type="int64", reason="", original_name="x"))
    shape = schema_of(table).model_copy(update={"reading": ReadingReport(format="csv", columns=tuple(read))})
    analysis = CATALOGUE.find(TASK)
    result = analysis.merge(sections_of(table, TASK), {"df": shape}, analysis.params())
    assert [(one.name, one.columns) for one in result.headers] == [("Name", ["Name", "name "]), ("x", ["x", "x_2"])]


@pytest.mark.parametrize(
    ("names", "same"),
    [
        (["\u0915\u093f", "\u0915\u093e"], False),  # two vowels on one consonant
        (["cafe\u0301", "cafe"], False),
        (["caf\u00e9", "cafe"], False),
        (["cafe\u0301", "CAF\u00c9"], True),
        (["Stra\u00dfe", "STRASSE"], True),
        (["x\u00b2", "x 2"], True),
    ],
)
def test_headers_are_compared_with_their_marks(names: list[str], same: bool) -> None:
    table = pa.table({name: [place] for place, name in enumerate(names)})
    assert [one["columns"] for one in run(table, TASK)["headers"]] == ([names] if same else [])


def test_keys_of_lists_are_not_compared() -> None:
    table = pa.table({"a": [[1], [1]], "b": [1, 2], "c": [1, 1]})
    whole, *keys = run(table, TASK, keys=[["a"], ["a", "b"], ["b"]])["keys"]
    assert (whole["extra_copies"], whole["unique"], whole["notes"]) == (0, True, {})
    assert (keys[2]["extra_copies"], keys[2]["unique"], keys[2]["notes"]) == (0, True, {})
    for key in keys[:2]:
        nothing = ("extra_copies", "rows_in_groups", "groups", "unique")
        assert {name: key[name] for name in nothing} == dict.fromkeys(nothing)
        assert key["notes"] == {name: {"kind": "undefined", "reason": "unsupported"} for name in nothing}
        assert key["samples"] == []
    (whole,) = run(table.select(["a"]), TASK)["keys"]
    assert (whole["extra_copies"], whole["unique"]) == (None, None)


@pytest.mark.parametrize("keys", [[[]], [["nobody"]]])
def test_keys_that_are_none_are_refused(keys: list[list[str]]) -> None:
    with pytest.raises(InvalidParameters):
        run(TABLE, TASK, keys=keys)
