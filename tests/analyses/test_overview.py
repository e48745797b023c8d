"""The overview and the schema, worked out by hand."""

import datetime

import pyarrow as pa
import pytest

from analyzer.models.datasets import BadRows, CellSample, Coercion, ColumnReading, ReadingReport
from analyzer.registry import Result
from tests.analyses.inprocess import CATALOGUE, run, schema_of, sections_of

TABLE = pa.table(
    {
        "id": [1, 2, 3, 3],
        "key": ["a", "b", "c", "d"],
        "same": ["x", "x", "x", None],
        "none": pa.nulls(4, pa.float64()),
        "real": [0.5, None, 1.5, 2.5],
    }
)

REPORT = ReadingReport(
    format="csv",
    encoding="utf-8",
    columns=(ColumnReading(name="id", type="int64", reason="All are whole numbers.", original_name="Id"),),
    coercions=(Coercion(column="id", change="Read as a number.", count=2, samples=(CellSample(line=2, text="1 "),)),),
    bad_rows=BadRows(count=3, lines=(4,), reason="Too many cells."),
    warnings=("Something.",),
)


def merged(task_id: str) -> Result:
    shape = schema_of(TABLE).model_copy(update={"reading": REPORT, "size_bytes": 77})
    analysis = CATALOGUE.find(task_id)
    result: Result = analysis.merge(sections_of(TABLE, task_id), {"df": shape}, analysis.params())
    return result


def test_the_table_at_a_glance() -> None:
    result = run(TABLE, "eda_overview")
    assert (result["rows"], result["column_count"], result["cells"], result["missing"]) == (4, 5, 20, 6)
    assert (result["complete_rows"], result["empty_rows"], result["missing_share"]) == (0, 0, 0.3)
    assert (result["constant"], result["id_like"], result["empty"]) == (["same"], ["key"], ["none"])
    assert result["kinds"] == {"numeric": 2, "categorical": 2, "empty": 1}
    assert (result["reading"], result["bytes_on_disk"]) == (None, None)
    assert result["duplicates"]["groups"] == 0
    assert result["bytes_in_memory"] == TABLE.nbytes


def test_what_reading_found_is_told() -> None:
    told = merged("eda_overview").model_dump()
    assert told["bytes_on_disk"] == 77
    assert told["reading"] == {
        "format": "csv",
        "encoding": "utf-8",
        "coercions": 2,
        "bad_rows": 3,
        "replaced_bytes": 0,
        "renamed": ["id"],
        "warnings": ["Something."],
    }
    assert told["columns"][0]["reason"] == "All are whole numbers."
    column = merged("eda_schema").model_dump()["columns"][0]
    assert (column["original_name"], column["reason"]) == ("Id", "All are whole numbers.")
    assert column["coercions"] == [{"change": "Read as a number.", "n": 2, "samples": ["1 "]}]


def test_meanings_and_formats() -> None:
    days = [datetime.date(2020, 1, 1 + day % 3) for day in range(60)]
    table = pa.table(
        {
            "identifier": range(60),
            "constant": ["x"] * 60,
            "flag": [0, 1] * 30,
            "count": [*range(30)] * 2,
            "measure": [-1.5, 2.5, 3.5] * 20,
            "category": ["a", "b"] * 30,
            "date": days,
            "moment": pa.array([number * 10**6 for number in range(30)] * 2, pa.timestamp("us")),
            "nothing": pa.nulls(60),
            "other": [[1]] * 60,
            "mail": [f"a{number % 20}@b.example" for number in range(60)],
            "url": [f"https://b.example/{number % 20}" for number in range(60)],
            "uuid": [f"0000000{number % 10}-0000-4000-8000-000000000000" for number in range(60)],
            "ip": [f"10.0.0.{number % 20}" for number in range(60)],
        }
    )
    columns = {column["name"]: column for column in run(table, "eda_schema")["columns"]}
    for name in table.column_names[:-4]:
        assert columns[name]["meaning"] == name
    formats = {name: columns[name]["format"] for name in ("mail", "url", "uuid", "ip", "date", "moment", "category")}
    assert formats == {
        "mail": "email",
        "url": "url",
        "uuid": "uuid",
        "ip": "ip",
        "date": "day",
        "moment": "second",
        "category": None,
    }
    assert (columns["category"]["min"], columns["category"]["max"]) == ("a", "b")
    assert columns["count"]["examples"] == ["0", "1", "2", "3", "4"]
    assert columns["date"]["examples"] == ["2020-01-01", "2020-01-02", "2020-01-03"]


def test_every_null_of_a_schema_says_why() -> None:
    table = pa.table(
        {
            "infinite": [1.0, float("inf")],
            "lists": [[1], [2]],
            "flags": [True, False],
            "bytes": [b"a", b"b"],
            "nothing": pa.nulls(2),
            "text": ["a", "b"],
            "moments": pa.array([1, 2], pa.timestamp("us", "Europe/Berlin")),
        }
    )
    columns = {column["name"]: column for column in run(table, "eda_schema")["columns"]}
    reasons = {name: {key: note["reason"] for key, note in one["notes"].items()} for name, one in columns.items()}
    ends = {"min": "unsupported", "max": "unsupported", "format": "unsupported"}
    assert reasons == {
        "infinite": {"max": "infinite", "format": "unsupported"},
        "lists": {"distinct": "unsupported", **ends},
        "flags": ends,
        "bytes": ends,
        "nothing": {"min": "no-values", "max": "no-values", "format": "no-values"},
        "text": {"format": "nothing-common"},
        "moments": {},
    }


@pytest.mark.parametrize(
    ("values", "kind", "examples"),
    [
        ([1, 2], pa.time64("ns"), ["00:00:00.000000001", "00:00:00.000000002"]),
        ([1, 10**9], pa.timestamp("ns"), ["1970-01-01T00:00:00.000000001", "1970-01-01T00:00:01"]),
        ([0, None, 1], pa.timestamp("s", "Europe/Berlin"), ["1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z"]),
        ([1, 2], pa.date32(), ["1970-01-02", "1970-01-03"]),
    ],
)
def test_examples_are_values_of_the_column(values: list[int | None], kind: pa.DataType, examples: list[str]) -> None:
    (column,) = run(pa.table({"x": pa.array(values, kind)}), "eda_schema")["columns"]
    assert column["examples"] == examples
    assert (column["min"], column["max"]) == (examples[0], examples[-1])
