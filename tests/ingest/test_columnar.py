"""Parquet and Arrow: kept as they are, where analyses know the type."""

import io
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from analyzer.errors import DecompressionLimit, EmptyDataset, InvalidParameters, ParseError, TooWide
from tests.ingest.conftest import Read

TABLE = pa.table(
    {
        "n": pa.array([2**62, None]),
        "x": pa.array([0.1, 2.0], pa.float32()),
        "d": pa.array([Decimal("1.10"), None]),
        "day": pa.array([date(2020, 1, 5), None]),
        "word": pa.array(["a", "b"]).dictionary_encode(),
        "list": pa.array([[1, 2], None]),
        "record": pa.array([{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
        "bytes": pa.array([b"ok", b"\xff"]),
    }
)


def packed(table: pa.Table, kind: str) -> bytes:
    sink = io.BytesIO()
    if kind == "parquet":
        pq.write_table(table, sink)
    elif kind == "feather":
        feather.write_feather(table, sink, compression="zstd")
    else:
        new = pa.ipc.new_file if kind == "arrow" else pa.ipc.new_stream
        with new(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue()


@pytest.mark.parametrize("kind", ["parquet", "feather", "arrow", "stream"])
def test_types_are_kept_or_made_plain(read: Read, kind: str) -> None:
    table, report = read(packed(TABLE, kind))
    assert table.to_pydict() == {
        "n": [2**62, None],
        "x": pa.array([0.1, 2.0], pa.float32()).to_pylist(),
        "d": [Decimal("1.10"), None],
        "day": [datetime(2020, 1, 5), None],  # noqa: DTZ001
        "word": ["a", "b"],
        "list": ["[1, 2]", None],
        "record.a": [1, 2],
        "record.b": ["x", None],
        "bytes": ["ok", "ff"],
    }
    assert report.format == ("Parquet" if kind == "parquet" else "Arrow")


@pytest.mark.parametrize("kind", ["parquet", "feather", "arrow", "stream"])
@pytest.mark.parametrize("type_", [pa.binary(), pa.large_binary(), pa.binary(2)])
def test_bytes_that_are_no_text_are_told_of(read: Read, kind: str, type_: pa.DataType) -> None:
    table, report = read(packed(pa.table({"b": pa.array([b"ok", None, b"\xff\x00", b"\xfe\x01"], type_)}), kind))
    assert table["b"].to_pylist() == ["ok", None, "ff00", "fe01"]
    told = report.coercions[0]
    assert (told.column, told.count, [sample.text for sample in told.samples]) == ("b", 2, ["ff00", "fe01"])
    assert "hexadecimal" in told.change


def test_a_parquet_bomb_is_refused(read: Read) -> None:
    bomb = packed(pa.table({"a": pa.array(["x" * 1000] * 100_000)}), "parquet")
    assert len(bomb) < 50_000
    with pytest.raises(DecompressionLimit):
        read(bomb)


def test_a_claim_of_many_rows_is_refused_before_decoding(read: Read) -> None:
    with pytest.raises(DecompressionLimit):
        read(packed(pa.table({"a": pa.nulls(300_000_000, pa.int8())}), "parquet"))


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_damage_is_a_parse_error(read: Read, kind: str) -> None:
    with pytest.raises(ParseError):
        read(packed(TABLE, kind)[:-9])


@pytest.mark.parametrize("kind", ["parquet", "feather", "arrow", "stream"])
def test_text_that_is_none_is_damage(read: Read, kind: str) -> None:
    array = pa.array([b"ok", b"\xff\xfe", b"ok"]).view(pa.string())
    with pytest.raises(ParseError, match="UTF8") as caught:
        read(packed(pa.table({"a": array}), kind))
    assert caught.value.more["where"]


def test_no_columns_are_empty(read: Read) -> None:
    with pytest.raises(EmptyDataset):
        read(packed(pa.table({}), "arrow"))


def test_too_many_columns_are_refused(read: Read) -> None:
    with pytest.raises(TooWide):
        read(packed(pa.table({f"x{place}": [1] for place in range(20_001)}), "arrow"))


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_numbers_and_booleans_can_be_asked_for_as_text(read: Read, kind: str) -> None:
    table = pa.table(
        {"n": [7, None], "x": [0.5, 2.0], "d": [Decimal("1.10"), None], "ok": [True, None], "t": ["a", "b"]}
    )
    stored, report = read(packed(table, kind), types={**dict.fromkeys(["n", "d", "ok", "t"], "text"), "x": "number"})
    assert stored.to_pydict() == {
        "n": ["7", None], "x": [0.5, 2.0], "d": ["1.10", None], "ok": ["true", None], "t": ["a", "b"],
    }  # fmt: skip
    assert [column.reason for column in report.columns[:2]] == ["as asked; the file says int64", "as the file says"]


@pytest.mark.parametrize(
    ("types", "message"), [({"zzz": "text"}, "no column 'zzz'"), ({"t": "integer"}, "string in this Parquet file")]
)
def test_types_that_cannot_be_are_refused(read: Read, types: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidParameters, match=message):
        read(packed(pa.table({"t": ["1", "2"]}), "parquet"), types=types)
