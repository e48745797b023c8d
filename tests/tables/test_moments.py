"""Moments in pages of rows and in CSV: every digit, and every year."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from analyzer.models import ExportFormat, RowsWanted
from analyzer.tables import export, page

NS = 1_000_000_000


def rows(tmp_path: Path, cells: list[int | None], type_: pa.DataType) -> list[Any]:
    path, column = str(tmp_path / "table"), pa.array(cells, pa.int64())
    table = pa.table({"a": column.cast(pa.int32()).cast(type_) if pa.types.is_time32(type_) else column.cast(type_)})
    with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return [row[0] for row in page(path, RowsWanted(limit=100))["rows"]]


@pytest.mark.parametrize(
    ("type_", "ticks", "told"),
    [
        (pa.timestamp("ns"), 30_123_456_789, "1970-01-01T00:00:30.123456789"),
        (pa.timestamp("ns"), 30_123_456_000, "1970-01-01T00:00:30.123456"),
        (pa.timestamp("ns"), -1, "1969-12-31T23:59:59.999999999"),
        (pa.timestamp("ms"), 30_120, "1970-01-01T00:00:30.120000"),
        (pa.timestamp("us"), 0, "1970-01-01T00:00:00"),
        (pa.timestamp("ns", "UTC"), 1, "1970-01-01T00:00:00.000000001+00:00"),
        (pa.timestamp("us", "Europe/Berlin"), 1, "1970-01-01T01:00:00.000001+01:00"),
        (pa.timestamp("ns", "-02:30"), 1, "1969-12-31T21:30:00.000000001-02:30"),
        (pa.timestamp("s", "Moon/Sea"), 0, "1970-01-01T00:00:00+00:00"),
        (pa.timestamp("s"), 253_402_300_799, "9999-12-31T23:59:59"),
        (pa.timestamp("s"), 253_402_300_800, "+010000-01-01T00:00:00"),
        (pa.timestamp("ms", "Asia/Tokyo"), 253_402_300_799_001, "9999-12-31T23:59:59.001000+00:00"),
        (pa.timestamp("s"), -62_135_596_800, "0001-01-01T00:00:00"),
        (pa.timestamp("us"), -62_135_596_800_000_001, "0000-12-31T23:59:59.999999"),
        (pa.timestamp("s"), -62_167_219_201, "-000001-12-31T23:59:59"),
        (pa.timestamp("s"), 2**63 - 1, "+292277026596-12-04T15:30:07"),
        (pa.timestamp("s", "America/Lima"), -(2**63), "-292277022657-01-27T08:29:52+00:00"),
        (pa.time64("ns"), 1_001, "00:00:00.000001001"),
        (pa.time64("us"), 86_399_999_999, "23:59:59.999999"),
        (pa.time32("s"), 3_661, "01:01:01"),
        (pa.duration("ns"), 1, 1e-09),
        (pa.duration("us"), -1_500_000, -1.5),
        (pa.duration("us"), 2**60 + 1, "1152921504606.846977"),
        (pa.duration("ns"), NS * 10**9 + 1, "1000000000.000000001"),
        (pa.duration("s"), 2**50, 2**50),
    ],
)
def test_a_page_tells_every_digit_and_year(tmp_path: Path, type_: pa.DataType, ticks: int, told: str | float) -> None:
    assert rows(tmp_path, [ticks, None], type_) == [told, None]


@pytest.mark.parametrize(
    ("type_", "ticks", "told"),
    [
        (pa.timestamp("ns"), [1], ["1970-01-01 00:00:00.000000001"]),
        (pa.timestamp("s"), [2**40, 0], ['"+036812-02-20 00:36:16"', '"1970-01-01 00:00:00"']),
        (pa.timestamp("ms"), [-62_167_219_200_001], ['"-000001-12-31 23:59:59.999"']),
        (pa.timestamp("us", "Europe/Berlin"), [2**60], ['"+038504-08-17 21:30:06.846976Z"']),
    ],
)
def test_csv_tells_every_digit_and_year(tmp_path: Path, type_: pa.DataType, ticks: list[int], told: list[str]) -> None:
    target = tmp_path / "table.csv"
    export(pa.table({"a": pa.array(ticks, type_)}), target, ExportFormat.CSV, raw=False)
    assert target.read_text().split("\n") == ['"a"', *told, ""]


def test_a_negative_decimal_is_no_formula(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    export(pa.table({"a": pa.array([-2, 1], pa.decimal128(5, 2))}), target, ExportFormat.CSV, raw=False)
    assert target.read_text().split() == ['"a"', '"-2.00"', '"1.00"']
