"""Workbooks as people's programs write them: every format, both counts of days, passwords, merged cells, errors."""

import struct
from datetime import datetime
from pathlib import Path

import pytest

from analyzer.errors import DecompressionLimit, EncryptedDocument, ParseError
from tests.ingest.books.made import NAMES, ROWS
from tests.ingest.conftest import Read
from tests.ingest.test_places import with_member

BOOKS = Path(__file__).with_name("books")


def _moment(cell: object) -> object:
    """A day as it is stored."""
    return cell if cell is None or isinstance(cell, datetime) else datetime.fromisoformat(str(cell))


EXPECTED = {
    "city": [row[0] for row in ROWS],
    "visits": [row[1] for row in ROWS],
    "share": [row[2] for row in ROWS],
    "day": [_moment(row[3]) for row in ROWS],
    "at": [_moment(row[4]) for row in ROWS],
    "open": [row[5] for row in ROWS],
}


@pytest.mark.parametrize("name", ["1900.xlsx", "1904.xlsx", "97.xls", "open.ods", "binary.xlsb"])
def test_every_format_gives_the_same_table(read: Read, name: str) -> None:
    table, report = read((BOOKS / name).read_bytes(), name)
    columns = NAMES[:3] if name == "binary.xlsb" else NAMES
    assert table.to_pydict() == {column: EXPECTED[column] for column in columns}
    assert report.format == "workbook"
    assert report.header


@pytest.mark.parametrize("name", ["1900.xlsx", "1904.xlsx"])
def test_a_merged_title_is_no_column(read: Read, name: str) -> None:
    _, report = read((BOOKS / name).read_bytes(), name)
    assert report.left_out == ("Visits of all cities",)
    assert not [warning for warning in report.warnings if "merged" in warning]


def test_errors_and_merged_cells_are_missing_with_a_warning(read: Read) -> None:
    table, report = read((BOOKS / "1900.xlsx").read_bytes(), sheet="Errors")
    assert table.to_pydict() == {
        "n": [1, 2, 3],
        "quotient": [None, 0.5, 4.0],
        "found": [None, None, 5],
        "pair": ["x", None, "y"],
    }
    assert "3 cells hold errors and are read as missing: B2, C2, C3." in report.warnings
    assert any("1 merged area " in warning and warning.endswith(": D2.") for warning in report.warnings)


def test_a_password_is_asked_for_by_name(read: Read) -> None:
    with pytest.raises(EncryptedDocument) as caught:
        read((BOOKS / "password.xlsx").read_bytes(), "password.xlsx")
    assert caught.value.more["where"]


def _with(content: bytes, place: int, change: bytes) -> bytes:
    return content[:place] + change + content[place + len(change) :]


def test_one_cell_far_away_does_not_span_the_memory(read: Read) -> None:
    book = (BOOKS / "97.xls").read_bytes()
    number = book.index(struct.pack("<HHHH", 0x0203, 14, 3, 2))  # the share in the last row
    far = _with(book, number + 4, struct.pack("<HH", 65_535, 65_535))
    with pytest.raises(DecompressionLimit) as caught:
        read(far, "t.xls")
    assert caught.value.more["where"] == {"offset": 0}


def test_nor_does_one_of_an_xlsb(read: Read) -> None:
    book, sheet = (BOOKS / "binary.xlsb").read_bytes(), "xl/worksheets/sheet1.bin"
    last_row = struct.pack("<BBI", 0x00, 17, 3)
    with pytest.raises(DecompressionLimit) as caught:
        read(with_member(book, sheet, (last_row, struct.pack("<BBI", 0x00, 17, 2**31))), "t.xlsb")
    assert caught.value.more["where"] == {"member": sheet}


def test_a_chain_of_sectors_that_bites_itself_is_damage(read: Read) -> None:
    book = (BOOKS / "97.xls").read_bytes()
    (table,) = struct.unpack_from("<I", book, 76)
    with pytest.raises(ParseError, match="no end"):
        read(_with(book, (table + 1) * 512, struct.pack("<I", 0)), "t.xls")
