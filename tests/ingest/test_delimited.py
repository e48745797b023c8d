"""Plain CSV: what ends up in the table, and what the report says about it."""

import pickle

import pytest

from analyzer.errors import EmptyDataset, UnsupportedFormat
from tests.ingest.conftest import Read


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_found(read: Read, delimiter: str) -> None:
    table, report = read("name,size\nada,1\nbob,2\n".replace(",", delimiter))
    assert table.to_pydict() == {"name": ["ada", "bob"], "size": [1, 2]}
    assert report.delimiter == delimiter


def test_types_are_as_narrow_as_every_cell_allows(read: Read) -> None:
    table, _ = read(
        "n,x,flag,day,time,text\n1,0.5,true,2020-01-05,2020-01-05T10:00:00Z,a\n,,,,,\n-3,1e5,FALSE,0001-01-01,2020-01-05T10:00:00+02:00,b\n"
    )
    types = [str(field.type) for field in table.schema]
    assert types == ["int64", "double", "bool", "timestamp[us]", "timestamp[us, tz=UTC]", "string"]
    assert table["n"].to_pylist() == [1, None, -3]


@pytest.mark.parametrize(
    "cell",
    [
        "007", "-007", "00.5", "9223372036854775808", "0.1234567890123456789", "9007199254740993.5", "1e400", "1e-400",
        "0x10", "+4915112345678", "2020-02-30", "1_000", "2020-01-01T10:00:00.1234567",
    ],
)  # fmt: skip
@pytest.mark.parametrize("rows", [1, 5000])
def test_what_no_type_keeps_stays_text(read: Read, cell: str, rows: int) -> None:
    ordinary = "2020-01-01" if cell.startswith("2020") else "1"
    table, report = read("id,key\n" + f"{ordinary},k\n" * (rows - 1) + f"{cell},k\n")
    assert table["id"].to_pylist()[-1] == cell
    assert any("id" in warning for warning in report.warnings) or rows == 1


@pytest.mark.parametrize(
    "cell", ["0.1", "1.10", "9007199254740992.0", "0.30000000000000004", "1e22", "1E-5", ".5", "5."]
)
def test_decimals_that_a_double_gives_back_are_numbers(read: Read, cell: str) -> None:
    table, _ = read(f"x,k\n{cell},k\n0.5,k\n")
    assert table["x"].to_pylist() == [float(cell), 0.5]


def test_null_tokens_are_missing_in_number_columns_and_reported(read: Read) -> None:
    table, report = read("x,y\n1,a\nNA,b\n3,c\n")
    assert table["x"].to_pylist() == [1, None, 3]
    assert "NA" in report.null_tokens


def test_headers_become_unique_and_the_report_says_how(read: Read) -> None:
    table, report = read("a,a,,a_2\n1,2,3,4\n")
    assert table.column_names == ["a", "a_3", "column_3", "a_2"]
    assert [column.original_name for column in report.columns] == [None, "a", "", None]


def test_rows_of_another_width_are_counted(read: Read) -> None:
    table, report = read("a,b\n1,2\n3,4,5\n6,7\n")
    assert table["a"].to_pylist() == [1, 6]
    assert report.bad_rows is not None
    assert report.bad_rows.count == 1


def test_a_header_alone_is_a_table_without_rows(read: Read) -> None:
    table, report = read("a,b\n")
    assert table.num_rows == 0
    assert table.column_names == ["a", "b"]
    assert report.warnings


def test_blank_lines_are_missing_cells_only_in_a_single_column(read: Read) -> None:
    assert read("a\n1\n\n3\n\n")[0]["a"].to_pylist() == [1, None, 3]
    assert read("a,b\n1,2\n\n3,4\n\n")[0]["a"].to_pylist() == [1, 3]
    assert read("a\n1\n\n3\nx\n\n")[0]["a"].to_pylist() == ["1", None, "3", "x"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b" \r\n\t\r\n", b"\xef\xbb\xbf"])
def test_nothing_is_an_empty_dataset(read: Read, content: bytes) -> None:
    with pytest.raises(EmptyDataset):
        read(content)


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps({"a": [1, 2]}),
        pickle.dumps({"a": [1, 2]}, protocol=0),
        pickle.dumps([1, 2], protocol=2),
        b"\x89HDF\r\n\x1a\n" + bytes(100),
        b"\x7fELF\x02\x01\x01" + bytes(100),
        b"MZ\x90\x00" + bytes(100),
        b"<!DOCTYPE html><html><body><table><tr><td>1,2</td></tr></table></body></html>",
        b"  <html>a,b</html>",
        b"%PDF-1.7 a,b\n",
        bytes(range(256)) * 20,
    ],
)
def test_what_is_no_table_is_refused_by_content(read: Read, content: bytes) -> None:
    with pytest.raises(UnsupportedFormat):
        read(content, "table.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_the_encoding_is_found(read: Read, encoding: str) -> None:
    table, _ = read("name,n\nGrüße,1\nCafé,2\n".encode(encoding))
    assert table["name"].to_pylist() == ["Grüße", "Café"]


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("cp1250", "Łódź przy ulicy"),
        ("cp1250", "Šťastný víkend"),
        ("iso8859_2", "Žluťoučký kůň"),
        ("iso8859_15", "Œuvre complète, 5 €"),
        ("cp1254", "İstanbul'da güneşli gün"),
        ("cp1252", "größer als 5 € – naïve"),
        ("cp1252", "Foo® «mot» 20°C §5"),
    ],
)
def test_encodings_of_accents_are_told_apart_by_their_words(read: Read, encoding: str, words: str) -> None:
    table, _ = read(("n;t\n" + "".join(f"{n};{words}\n" for n in range(40))).encode(encoding))
    assert set(table["t"].to_pylist()) == {words}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quoted_row", [None, 0, 150_000])
def test_lines_are_counted_and_none_is_lost_between_blocks(read: Read, ending: str, quoted_row: int | None) -> None:
    rows = [f"{number},{'x' * (number % 97)}" for number in range(300_000)]
    rows[299_000] = "1,2,3"
    if quoted_row is not None:
        rows[quoted_row] = f'{quoted_row},"x{ending}y"'
    table, report = read("a,b" + ending + ending.join(rows))
    kept = [number for number in range(300_000) if number != 299_000]
    assert table["a"].to_pylist() == kept
    assert [len(cell or "") for cell in table["b"].to_pylist()[-3:]] == [number % 97 for number in kept[-3:]]
    assert report.bad_rows is not None
    assert report.bad_rows.lines == (299_002 + (quoted_row is not None),)
