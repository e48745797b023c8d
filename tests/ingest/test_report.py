"""What the report says: decisions, changes with their lines, and rows kept aside."""

import csv
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from analyzer.errors import InvalidParameters, LineTooLong, TooWide
from analyzer.ingest import Limits, bad_rows_file, ingest
from analyzer.models.datasets import ReadingOptions, ReadingReport
from tests.ingest.conftest import Read


def change(report: ReadingReport, column: str) -> tuple[int, list[tuple[int | None, str]]]:
    found = next(coercion for coercion in report.coercions if coercion.column == column)
    return found.count, [(sample.line, sample.text) for sample in found.samples]


def day(year: int, month: int, date: int) -> datetime:
    return datetime(year, month, date)  # noqa: DTZ001


def test_null_tokens_are_listed_with_their_lines(read: Read) -> None:
    table, report = read('id,n,note\n1,5,"two\nlines"\n2,NA,NA\n3,7,x\n4,NA,y\n')
    assert table["n"].to_pylist() == [5, None, 7, None]
    assert table["note"].to_pylist() == ["two\nlines", None, "x", "y"]
    assert change(report, "n") == (2, [(4, "NA"), (6, "NA")])
    assert report.null_tokens == ("NA",)


def test_a_token_in_text_stays_text_where_nothing_shows_that_it_means_missing(read: Read) -> None:
    table, _ = read("country,n\nNA,1\nDE,2\n")
    assert table["country"].to_pylist() == ["NA", "DE"]
    assert read("country,n\nNA,1\nDE,2\n", null_tokens=("NA",))[0]["country"].to_pylist() == [None, "DE"]


def test_long_rows_are_kept_aside_with_their_lines(read: Read, tmp_path: Path) -> None:
    table, report = read("a,b\n1,2\n3,4,5\n6,7\n8,9,10,11\n" + "1,1\n" * 30)
    assert table["a"].to_pylist()[:2] == [1, 6]
    assert report.bad_rows is not None
    assert (report.bad_rows.count, report.bad_rows.lines) == (2, (3, 5))
    with bad_rows_file(tmp_path / "table.arrow").open(newline="") as file:
        assert list(csv.reader(file)) == [["line", "row"], ["3", "3,4,5"], ["5", "8,9,10,11"]]


def test_short_rows_are_filled_up(read: Read) -> None:
    table, report = read("a,b,c\n1,2,3\n4,5\n6,7,8\n")
    assert table["c"].to_pylist() == [3, None, 8]
    assert change(report, "") == (1, [(3, "")])


def test_a_row_in_another_dialect_is_read_in_its_own(read: Read) -> None:
    table, report = read("a,b,c\n1,x,3\n4;y;6\n7,z,9\n")
    assert table.to_pydict() == {"a": [1, 4, 7], "b": ["x", "y", "z"], "c": [3, 6, 9]}
    assert change(report, "")[0] == 1


def test_an_unclosed_quote_costs_its_row_only(read: Read) -> None:
    table, report = read('a,b\n1,"x\n2,y\n3,"z"\n')
    assert table.to_pydict() == {"a": [1, 2, 3], "b": ['"x', "y", "z"]}
    assert change(report, "") == (1, [(2, "")])


def test_an_unclosed_quote_in_a_large_file_costs_its_row_only(read: Read) -> None:
    rows = [f'{n},"x, {n}"' for n in range(150_000)]
    rows[70_000] = '70000,"x'
    table, report = read("a,b\n" + "\n".join(rows) + "\n")
    assert change(report, "") == (1, [(70_002, "")])
    assert table.num_rows == 150_000
    assert table["b"].to_pylist()[69_999:70_002] == ["x, 69999", '"x', "x, 70001"]


def test_a_long_row_among_stray_quotes_is_read(read: Read) -> None:
    table, _ = read('a,b\n1,5" wide\n2,"' + "x" * 500_000 + '"\n3,' + "y" * 5_000_000 + '\n4,"z\n')
    assert [len(cell) for cell in table["b"].to_pylist()] == [7, 500_000, 5_000_000, 2]


def test_odd_rows_of_a_large_file_keep_their_places(read: Read) -> None:
    rows = [f'{n},"x {n}",{n / 8}' for n in range(700_000)]
    for place, row in {5: "5,short", 6: "6;x 6;0.75", 7: "7,a,b,c", 100_000: "100000", 300_000: "# remark"}.items():
        rows[place] = row
    table, report = read("n,x,y\n" + "\n".join(rows) + "\n")
    assert table["n"].to_pylist() == [n for n in range(700_000) if n not in (7, 300_000)]
    assert table["x"].to_pylist()[4:8] == ["x 4", "short", "x 6", "x 8"]
    assert report.bad_rows is not None
    assert report.bad_rows.lines == (9,)
    assert report.left_out == ("# remark",)
    counts = {coercion.change[:7]: (coercion.count, coercion.samples[0].line) for coercion in report.coercions}
    assert counts == {"missing": (2, 7), "split a": (1, 8)}


def test_titles_comments_and_footers_are_left_out(read: Read) -> None:
    text = "Report\nof 2020\n\na,b,c\n1,2,3\n# a remark\n4,5,6\n\nSource: us\n"
    table, report = read(text)
    assert table.to_pydict() == {"a": [1, 4], "b": [2, 5], "c": [3, 6]}
    assert report.left_out == ("Report", "of 2020", "# a remark", "Source: us")
    assert report.table_line == 4
    assert not report.warnings


def test_rows_above_the_table_are_not_dropped_without_a_word(read: Read) -> None:
    table, report = read("a,b\n1\n1,2,3\n1,2,3,4,5\n")
    assert table.num_rows == 1
    assert any("2 lines from line 1 on above the table" in warning for warning in report.warnings), report.warnings
    assert len(report.left_out) == 3


def test_a_second_header_row_is_joined(read: Read) -> None:
    table, report = read("name,length,weight\ntext,m,kg\na,1,2\nb,3,4\nc,5,6\n")
    assert table.column_names == ["name text", "length m", "weight kg"]
    assert report.header_reason is not None
    assert "2 rows of names" in report.header_reason


def test_headers_that_look_like_formulas_are_kept(read: Read) -> None:
    assert read("=1+1,@x,+y\n1,2,3\n4,5,6\n", header=True)[0].column_names == ["=1+1", "@x", "+y"]


@pytest.mark.parametrize(
    ("cells", "values", "style"),
    [
        (["1,5", "2,25", "-0,5"], [1.5, 2.25, -0.5], "','"),
        (["1.234,5", "12,25", "7,0"], [1234.5, 12.25, 7.0], "'.'"),
        (["1,234.5", "12.25", "7"], [1234.5, 12.25, 7.0], "','"),
        (["1 234,5", "12,25", "7,1"], [1234.5, 12.25, 7.1], "' '"),
        (["1'234.5", "12.25", "7"], [1234.5, 12.25, 7.0], "'"),
        (["1,234,567", "12", "7,000"], [1234567, 12, 7000], "','"),
    ],
)
def test_numbers_in_the_styles_people_use(read: Read, cells: list[str], values: list[float], style: str) -> None:
    table, report = read("k;x\n" + "".join(f"a;{cell}\n" for cell in cells))
    assert table["x"].to_pylist() == values
    assert style in report.columns[1].reason
    assert change(report, "x")[0] >= 1


def test_one_column_with_decimal_commas_tells_about_the_others(read: Read) -> None:
    table, _ = read("a;b\n1,5;1.234\n2,5;5.678\n")
    assert table.to_pydict() == {"a": [1.5, 2.5], "b": [1234, 5678]}


def test_a_doubtful_comma_is_reported(read: Read) -> None:
    table, report = read("a;b\nx;1,234\ny;5,678\n")
    assert table["b"].to_pylist() == [1234, 5678]
    assert any("decimal" in warning for warning in report.warnings)
    assert read("a;b\nx;1,234\ny;5,678\n", decimal=",")[0]["b"].to_pylist() == [1.234, 5.678]


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["31/12/2020", "1/2/2020"], day(2020, 12, 31)),
        (["12/31/2020", "1/2/2020"], day(2020, 12, 31)),
        (["05.01.2020", "06.01.2020"], day(2020, 1, 5)),
        (["2020/1/5", "2020/12/31"], day(2020, 1, 5)),
        (["9999-12-31", "0001-01-01"], day(9999, 12, 31)),
        (["1/15/2020 12:05 AM", "1/16/2020 3:04 PM"], datetime(2020, 1, 15, 0, 5)),  # noqa: DTZ001
        (["1/15/2020 3:04:05 PM", "1/16/2020 12:04:05 PM"], datetime(2020, 1, 15, 15, 4, 5)),  # noqa: DTZ001
        (["5/1/2020 9:05", "31/1/2020 23:59:59"], datetime(2020, 1, 5, 9, 5)),  # noqa: DTZ001
    ],
)
def test_dates_in_the_orders_people_use(read: Read, cells: list[str], first: datetime) -> None:
    table, _ = read("k,d\n" + "".join(f"a,{cell}\n" for cell in cells))
    assert table["d"].to_pylist()[0] == first


def test_a_doubtful_order_of_day_and_month_is_reported(read: Read) -> None:
    text = "k,d\na,5/1/2020\nb,6/1/2020\n"
    table, report = read(text)
    assert table["d"].to_pylist()[0] == day(2020, 1, 5)
    assert any("date_format" in warning for warning in report.warnings)
    assert read(text, date_format="mdy")[0]["d"].to_pylist()[0] == day(2020, 5, 1)


def test_a_later_date_decides_the_order(read: Read) -> None:
    table, _ = read("k,d\n" + "a,5/1/2020\n" * 5_000 + "b,1/31/2020\n")
    assert table["d"].to_pylist()[0] == day(2020, 5, 1)


def test_a_later_decimal_makes_whole_numbers_numbers(read: Read) -> None:
    table, _ = read("k,d\n" + "a,5\n" * 5_000 + "b,0.5\n")
    assert table["d"].to_pylist()[-2:] == [5.0, 0.5]


def test_a_column_that_begins_empty_gets_its_type_later(read: Read) -> None:
    table, _ = read("k,d,e\n" + "a,,\n" * 50_000 + "b,0.5,\n")
    assert table["d"].to_pylist()[-1] == 0.5
    assert table["e"].null_count == 50_001


def test_a_column_of_null_tokens_alone_is_missing(read: Read) -> None:
    table, report = read("a,b,c\n1,NA,x\n2,NA,y\n")
    assert table["b"].to_pylist() == [None, None]
    assert change(report, "b") == (2, [(2, "NA"), (3, "NA")])


def test_the_line_that_tells_excel_the_delimiter_is_heard(read: Read) -> None:
    assert read("sep=^\na^b\n1^2,5\n")[0].to_pydict() == {"a": [1], "b": [2.5]}


def test_mixed_columns_keep_their_text(read: Read) -> None:
    table, report = read("k,d\n" + "a,5\n" * 5_000 + "b,five\n")
    assert table["d"].to_pylist()[-2:] == ["5", "five"]
    assert any("'five'" in warning for warning in report.warnings)


def test_asked_types_rule_and_what_does_not_fit_is_reported(read: Read) -> None:
    text = "id,n\n007,1\n008,x\n"
    table, report = read(text, types={"id": "integer", "n": "number"})
    assert table.to_pydict() == {"id": [None, None], "n": [1.0, None]}
    assert change(report, "n") == (1, [(3, "x")])
    with pytest.raises(InvalidParameters, match="'m'"):
        read(text, types={"m": "text"})


def test_every_override_rules(read: Read) -> None:
    text = "junk\nmore\na|b\n1|x'y\n2|?\n"
    table, report = read(text, skip_rows=2, delimiter="|", header=False, null_tokens=("?",), quote="")
    assert table.to_pydict() == {"column_1": ["a", "1", "2"], "column_2": ["b", "x'y", None]}
    assert report.header is False
    with pytest.raises(ValueError, match="klingon"):
        read(text, encoding="klingon")
    assert read("a,b\né,1\n".encode("cp850"), encoding="cp850")[0]["a"].to_pylist() == ["é"]


def test_broken_utf8_is_counted_and_read_as_windows_1252(read: Read) -> None:
    table, report = read(b"a,b\n" + "grün,1\n".encode() * 20 + b"gr\xfcn,2\n")
    assert set(table["a"].to_pylist()) == {"grün"}
    assert report.encoding == "utf-8"
    assert report.replaced == 1


def test_too_many_columns_are_refused(read: Read) -> None:
    with pytest.raises(TooWide) as caught:
        read(",".join(f"x{n}" for n in range(100_000)) + "\n" + ",".join("1" * 100_000) + "\n")
    assert caught.value.more["where"] == {"line": 1}


@pytest.mark.parametrize("before", ["", "a,b\n" + "1,2\n" * 300_000])
def test_a_line_that_never_ends_is_refused(read: Read, before: str) -> None:
    with pytest.raises(LineTooLong) as caught:
        read(before + "x" * 40_000_000)
    assert caught.value.more["where"]["line"] == before.count("\n") + 1


def test_limits_are_parameters(tmp_path: Path) -> None:
    source = tmp_path / "upload"
    source.write_text("a,b,c\n1,2,3\n")
    with pytest.raises(TooWide):
        ingest(source, tmp_path / "t", filename="t", options=ReadingOptions(), limits=Limits(max_columns=2))


def test_a_stream_is_read_like_a_file(tmp_path: Path) -> None:
    source = tmp_path / "upload"
    source.write_bytes(b"a,b\n" + b"1,x\n" * 1000 + b"1.5,y\n")
    with source.open("rb") as stream:
        shape, _ = ingest(stream, tmp_path / "t", filename="t.csv", options=ReadingOptions())
    assert shape.rows == 1001
    assert shape.columns[0].type == "double"


def test_a_table_maps_without_copying(tmp_path: Path) -> None:
    source, target = tmp_path / "upload", tmp_path / "t"
    source.write_bytes(b"a,b\n" + b"1,0.5\n" * 300_000)
    ingest(source, target, filename="t.csv", options=ReadingOptions())
    before = pa.total_allocated_bytes()
    with pa.memory_map(str(target)) as mapped:
        table = pa.ipc.open_file(mapped).read_all()
        assert pa.total_allocated_bytes() == before
        assert all(chunk.to_numpy(zero_copy_only=True).sum() > 0 for chunk in table["b"].chunks)
        assert table["a"].num_chunks <= 10


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("rows", [2, 60_000])
def test_a_table_inside_quoted_lines_is_read(read: Read, mark: str, rows: int) -> None:
    lines = ['"n;town;""remark; long"""', *(f'"{n};Łódź;""a; b"""' for n in range(rows))]
    text = mark + "\r\n".join(lines) + "\r\n"
    table, report = read(text)
    assert table.column_names == ["n", "town", "remark; long"]
    assert (table["n"][-1].as_py(), table["town"][-1].as_py(), table.num_rows) == (rows - 1, "Łódź", rows)
    assert any("in quotes as a whole" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    "text",
    [
        '"Doe, Jane"\n"Roe, Jo"\n"Poe, Al"\n',
        '"place"\n"52.1,13.4,30"\n"52.2,13.3,31"\n',
        '"a, b, c"\n"one, two, three"\n',
    ],
)
def test_a_column_of_quoted_texts_stays_one(read: Read, text: str) -> None:
    assert read(text)[0].num_columns == 1


def test_rows_of_quoted_cells_are_no_quoted_lines(read: Read) -> None:
    table, report = read('"a","b","c"\n"1","2","x, y"\n')
    assert table.to_pydict() == {"a": [1], "b": [2], "c": ["x, y"]}
    assert not [warning for warning in report.warnings if "quotes" in warning]


def test_rows_that_end_with_a_delimiter_leave_the_names_where_they_stand(read: Read) -> None:
    table, report = read("a,b,c\n1,2,3,\n4,5,6,\n")
    assert table.to_pydict() == {"a": [1, 4], "b": [2, 5], "c": [3, 6], "column_4": [None, None]}
    assert "the last one, which is empty, was taken to have no name" in report.warnings[0]


def test_a_column_before_the_named_ones_is_told_of(read: Read) -> None:
    table, report = read("a,b\nr1,1,\nr2,3,4\n")
    assert table.to_pydict() == {"column_1": ["r1", "r2"], "a": [1, 3], "b": [None, 4]}
    assert "the first one was, as row names are, taken to have no name" in report.warnings[0]


@pytest.mark.parametrize(
    ("value", "slip", "what"),
    [
        ("12", "abc", "numbers"),
        ("2024-01-31", "2024-02-30", "dates"),
        ("1.5", "1,5", "numbers"),
        ("13/02/2020", "02/13/2020", "dates written day, month, year"),
        ("02/13/2020", "13/02/2020", "dates written month, day, year"),
        ("13/02/2020", "x", "dates written day, month, year"),
        ("2020/02/13", "2020/13/02", "dates written year, month, day"),
    ],
)
@pytest.mark.parametrize("place", [0, 7])
def test_a_slip_that_makes_a_column_text_is_named(read: Read, value: str, slip: str, what: str, place: int) -> None:
    cells = [value] * 30
    cells[place] = slip
    table, report = read("a;b\n" + "".join(f"{number};{cell}\n" for number, cell in enumerate(cells)))
    assert table["b"].to_pylist() == cells
    assert report.warnings == (
        (
            f"Column 'b': all but 1 of the 30 cells that were looked at first are {what}; {slip!r} is not, "
            "so the column stays text."
        ),
    )


def test_a_column_of_words_and_numbers_is_text_without_a_word(read: Read) -> None:
    assert not read("a,b\n" + "".join(f"{number},{number if number % 10 else 'x'}\n" for number in range(40)))[
        1
    ].warnings


def test_quotes_that_are_not_doubled_are_told_of_with_their_lines(read: Read) -> None:
    table, report = read('a,b\n1,"x ""y"" z"\n2,"x\ny"\n3,"a "b" c"\n4,6" pipe\n5,"x"y\n')
    assert table["b"].to_pylist() == ['x "y" z', "x\ny", 'a "b" c', '6" pipe', '"x"y']
    assert change(report, "") == (2, [(5, ""), (7, "")])
    assert "not doubled" in report.coercions[0].change


def test_points_that_may_group_digits_are_told_of(read: Read) -> None:
    table, report = read("a;b\n1.234;x\n2.000;y\n;z\n")
    assert table["a"].to_pylist() == [1.234, 2.0, None]
    assert report.warnings == ("Column 'a': points could group digits as well; set `thousands` if they do.",)
    assert read("a;b\n1.234;x\n2.000;y\n", thousands=".")[0]["a"].to_pylist() == [1234, 2000]


@pytest.mark.parametrize("content", ["a;b\n1.234;x\n2.5;y\n", "a;b\n0.123;x\n1.234;y\n", "a,b\n1.234,x\n2.000,y\n"])
def test_points_that_can_only_be_decimal_marks_are_not(read: Read, content: str) -> None:
    assert not read(content)[1].warnings


def test_points_are_no_decimal_marks_where_another_column_has_commas_for_that(read: Read) -> None:
    table, report = read("a;b\n1.234;1,5\n2.000;2,25\n")
    assert table.to_pydict() == {"a": [1234, 2000], "b": [1.5, 2.25]}
    assert not report.warnings


def test_the_first_cell_that_makes_a_column_text_is_named_with_its_line(read: Read) -> None:
    rows = [f"{number},{number}" for number in range(3_000_000)]
    rows[1_200_000] = "1,abc"
    rows[1_500_000] = "1,0.5"
    rows[2_600_000] = "1,xyz"
    table, report = read("n,x\n" + "\n".join(rows) + "\n")
    assert [str(field.type) for field in table.schema] == ["int64", "string"]
    assert report.warnings == (
        "Column 'x': 'abc' in line 1,200,002 cannot be stored as integer exactly, so the column stays text.",
    )


def test_a_column_that_begins_empty_gets_the_type_of_what_comes(read: Read) -> None:
    rows = [f"{number}," for number in range(2_000_000)]
    rows[1_900_000] = "1,7"
    table, report = read("n,x\n" + "\n".join(rows) + "\n")
    assert str(table.schema.field("x").type) == "int64"
    assert table["x"].null_count == 1_999_999
    assert not report.warnings
