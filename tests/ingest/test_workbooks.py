"""Workbooks: sheets, types, and the documents that would harm who reads them."""

import struct
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from analyzer.errors import (
    AnalyzerError,
    DecompressionLimit,
    EmptyDataset,
    EncryptedDocument,
    InvalidParameters,
    UnsafeDocument,
    UnsupportedFormat,
)
from tests.ingest.binary_books import ERROR, FAILED, xls, xlsb
from tests.ingest.conftest import Read
from tests.ingest.test_packed import zipped
from tests.ingest.workbooks import ods, xlsx

DAY = datetime(2020, 1, 5, 10, 30)  # noqa: DTZ001
ROWS: list[list[Any]] = [
    ["name", "n", "x", "ok", "at"],
    ["ada", 1, 0.5, True, DAY],
    ["bob", 2, 1.25, False, DAY],
    [None, None, 3, None, None],
]


def test_a_sheet_is_a_table_with_its_types(read: Read) -> None:
    table, report = read(xlsx({"One": ROWS}), "t.xlsx")
    assert table.to_pydict() == {
        "name": ["ada", "bob", None],
        "n": [1, 2, None],
        "x": [0.5, 1.25, 3.0],
        "ok": [True, False, None],
        "at": [DAY, DAY, None],
    }
    assert report.format == "workbook"


def test_a_sheet_can_be_chosen(read: Read) -> None:
    book = xlsx({"One": ROWS, "Two": [["a"], [5]]})
    table, report = read(book)
    assert table.num_columns == 5
    assert any("'Two'" in warning for warning in report.warnings)
    assert read(book, sheet="Two")[0].to_pydict() == {"a": [5]}
    with pytest.raises(InvalidParameters, match="Three"):
        read(book, sheet="Three")


def test_titles_above_the_table_are_left_out(read: Read) -> None:
    table, report = read(xlsx({"One": [["Report of 2020"], [], ["a", "b", "c"], [1, 2, 3], [4, 5, 6]]}))
    assert table.to_pydict() == {"a": [1, 4], "b": [2, 5], "c": [3, 6]}
    assert report.left_out == ("Report of 2020",)


def test_mixed_cells_keep_their_text(read: Read) -> None:
    table, _ = read(xlsx({"One": [["code", "n"], ["007", 1], [12, 2], ["x", 3]]}))
    assert table["code"].to_pylist() == ["007", "12", "x"]


def test_an_open_document_is_read(read: Read) -> None:
    assert read(ods([["a", "b"], ["x", 1], ["y", 2]]))[0].to_pydict() == {"a": ["x", "y"], "b": [1, 2]}


def test_a_document_that_is_no_workbook_is_refused(read: Read) -> None:
    with pytest.raises(UnsupportedFormat):
        read(zipped(**{"[Content_Types]_xml": b"<Types/>", "word/document_xml": b"<document/>"}))


def test_a_workbook_without_cells_is_empty(read: Read) -> None:
    with pytest.raises(EmptyDataset):
        read(xlsx({"One": []}))


def test_entities_are_unsafe(read: Read) -> None:
    with pytest.raises(UnsafeDocument):
        read(xlsx({"One": ROWS}, prolog='<!DOCTYPE x [<!ENTITY a "aaaa">]>'))


def test_a_password_is_recognised(read: Read) -> None:
    compound = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + "EncryptedPackage".encode("utf-16-le") + bytes(1000)
    with pytest.raises(EncryptedDocument):
        read(compound)


OPEN = b"application/vnd.oasis.opendocument.spreadsheet"


def test_a_password_of_an_open_document_is_recognised(read: Read) -> None:
    manifest = (
        b'<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry>'
    )
    with pytest.raises(EncryptedDocument):
        read(zipped(mimetype=OPEN, **{"META-INF/manifest.xml": manifest, "content.xml": bytes(range(256))}))


def test_a_password_of_an_old_workbook_is_recognised(read: Read) -> None:
    book = xls([["a"], [1.0]], password=struct.pack("<HHH", 0, 0x1234, 0x5678))
    place, scrambled = struct.pack("<4H", 0x0203, 14, 1, 0), struct.pack("<4H", 0x0203, 14, 65_535, 16_383)
    assert place in book
    with pytest.raises(EncryptedDocument):
        read(book.replace(place, scrambled))


def test_a_compound_document_that_is_no_workbook_is_refused(read: Read) -> None:
    with pytest.raises(AnalyzerError) as caught:
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000))
    assert caught.value.status in (415, 422)


def test_two_cells_far_apart_do_not_span_the_memory(read: Read) -> None:
    with pytest.raises(DecompressionLimit):
        read(xlsx({"One": [["a"]]}, XFD1048576='<c r="XFD1048576"><v>1</v></c>'))


def test_a_workbook_bomb_is_refused(read: Read) -> None:
    with pytest.raises(DecompressionLimit):
        read(xlsx({"One": [["a" * 40_000_000]]}))


CALC = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


def test_errors_in_an_open_document_are_told(read: Read) -> None:
    error = (
        f'<table:table-cell {CALC} office:value-type="string" office:string-value="" calcext:value-type="error">'
        "<text:p>#DIV/0!</text:p></table:table-cell>"
    )
    zero = '<table:table-cell office:value-type="float" office:value="0"><text:p>#N/A</text:p></table:table-cell>'
    book = ods([["a", "b"], ["x", 1], ["y", "AN ERROR"], ["z", "A ZERO"]], {"AN ERROR": error, "A ZERO": zero})
    table, report = read(book)
    assert table["b"].to_pylist() == [1, None, 0]
    assert "1 cell holds an error and is read as missing: B3." in report.warnings
    assert "1 cell holds an error and is read as the number that is stored beside it: B4." in report.warnings


@pytest.mark.parametrize("book", [xls, xlsb])
def test_errors_in_a_binary_workbook_are_told(read: Read, book: Callable[[list[list[Any]]], bytes]) -> None:
    table, report = read(book([["a", "b"], [1, 2], [3, ERROR], [FAILED, 6]]))
    assert table.to_pydict() == {"a": [1, 3, None], "b": [2, None, 6]}
    assert "2 cells hold errors and are read as missing: B3, A4." in report.warnings


LARGE: list[list[Any]] = [["a", "n"], ["x", 9007199254740993], ["y", 1234567890123456789], ["z", 5]]


@pytest.mark.parametrize(
    "book", [xlsx({"One": LARGE}), xlsx({"One": [[], *([None, *row] for row in LARGE)]}), ods(LARGE)]
)
def test_large_whole_numbers_keep_every_digit(read: Read, book: bytes) -> None:
    table, report = read(book)
    assert table["n"].to_pylist() == [9007199254740993, 1234567890123456789, 5]
    assert not report.warnings


def test_digits_that_a_double_loses_make_text(read: Read) -> None:
    digits = "0.12345678901234567890"
    table, report = read(xlsx({"One": [["a", "b"], [1, 2]]}, A3=f'<c r="A3"><f>X5</f><v>{digits}</v></c>'))
    assert table["a"].to_pylist() == ["1", digits]
    assert "than a double keeps" in report.warnings[0]


@pytest.mark.parametrize(
    "book",
    [
        xls([["a", "n"], ["x", 2.0**53], ["y", 5.0]]),
        xlsb([["a", "n"], ["x", 2.0**53], ["y", 5.0]]),
        xlsx(
            {"One": [["a", "n"]]},
            A2='<c r="A2"><v>1</v></c><c><v>9007199254740993</v></c>',
            A3='<c r="A3"><v>2</v></c>',
        ),
    ],
)
def test_whole_numbers_that_may_have_been_rounded_are_told(read: Read, book: bytes) -> None:
    table, report = read(book)
    assert table["n"][0].as_py() == 2.0**53
    assert report.warnings == (
        "Column 'n': 1 whole number of 2^53 or more is a double in this workbook and may have been rounded; see row 2.",
    )


def test_texts_that_become_numbers_are_told(read: Read) -> None:
    rows: list[list[Any]] = [[], [], ["a", "n"], ["x", "1E5"], ["y", 2], ["z", "NA"], ["z", "7"]]
    table, report = read(xlsx({"One": rows}))
    assert table["n"].to_pylist() == [1e5, 2, None, 7]
    told = [coercion for coercion in report.coercions if coercion.change == "text in the workbook, read as number"]
    assert [(one.column, one.count, [(s.line, s.text) for s in one.samples]) for one in told] == [
        ("n", 2, [(4, "1E5"), (7, "7")])
    ]
