"""Rows that are not like the others: which are read, which are kept aside, and which are no rows."""

from typing import Any

import pytest

from tests.ingest.conftest import Read

NOTES = "id,note\n" + "".join(f"{n},n{n}\n" for n in range(40))


@pytest.mark.parametrize(
    ("row", "last"),
    [
        ("40,hello, world", None),
        ("40,hello; world, x", None),
        ("new section", ("new section", None)),
        ("new;section", ("new;section", None)),
        ("40;hello", ("40", "hello")),
    ],
)
def test_a_row_is_split_at_another_delimiter_only_into_values_like_those_above(
    read: Read, row: str, last: tuple[str, ...] | None
) -> None:
    table, report = read(NOTES + row + "\n40,x\n")
    assert table["note"].to_pylist()[:40] == [f"n{n}" for n in range(40)]
    if last is None:
        assert table.num_rows == 41
        assert str(table.schema.field("id").type) == "int64"
        assert report.bad_rows is not None
        assert report.bad_rows.lines == (42,)
    else:
        assert (str(table["id"][40]), table["note"][40].as_py()) == last


@pytest.mark.parametrize(
    ("row", "read_as"),
    [("x y z", ["x y z", None, None]), ("x 5 z", ["x", 5, "z"]), ("x;y;z", ["x;y;z", None, None])],
)
def test_blanks_separate_only_where_values_show_it(read: Read, row: str, read_as: list[Any]) -> None:
    table, _ = read("a,n,b\n" + "k,1,l\n" * 20 + f"{row}\nk,1,l\n")
    assert [column[20].as_py() for column in table.columns] == read_as


@pytest.mark.parametrize("every", [2, 3, 5])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("key", ["{n}", "k{n}"])
def test_delimiters_that_are_not_quoted_cost_their_rows_and_no_names(
    read: Read, every: int, first: int, key: str
) -> None:
    rows = [f"{key.replace('{n}', str(n))},u{n},{'hello, world' if n % every == first else 'hi'}\n" for n in range(100)]
    table, report = read("id,name,note\n" + "".join(rows))
    assert table.column_names == ["id", "name", "note"]
    assert table["name"].to_pylist() == [f"u{n}" for n in range(100) if n % every != first]
    assert report.bad_rows is not None
    assert report.bad_rows.lines == tuple(n + 2 for n in range(100) if n % every == first)


def test_a_line_above_a_table_without_names_is_told_of(read: Read) -> None:
    table, report = read("size\n" + "1;2;3\n4;5;6\n" * 10)
    assert table.column_names == ["column_1", "column_2", "column_3"]
    assert report.warnings == ("No row names the columns; line 1 above the table was left out: 'size'.",)


@pytest.mark.parametrize("rows", [1, 2, 50])
@pytest.mark.parametrize("mark", ["#", "//", "%", "--"])
def test_a_comment_as_wide_as_the_table_stands_above_its_names(read: Read, rows: int, mark: str) -> None:
    remark = f"{mark} exported 2024, by me"
    table, report = read(f"{remark}\n{remark}\na,b\n" + "1,2\n" * rows)
    assert table.to_pydict() == {"a": [1] * rows, "b": [2] * rows}
    assert report.left_out == (remark, remark)
    assert not report.warnings


@pytest.mark.parametrize("rows", [2, 5_000, 2_000_000])
def test_a_comment_as_wide_as_the_table_is_no_row(read: Read, rows: int) -> None:
    table, report = read("a,b\n" + "1,2\n" * rows + "# remark, here\n3,4\n")
    assert table.num_rows == rows + 1
    assert [str(field.type) for field in table.schema] == ["int64", "int64"]
    assert report.left_out == ("# remark, here",)
    assert not report.warnings


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("# id,name\nada,berlin\nbob,rome\n", ["# id", "name"], 2),
        ("#id,name\n1,berlin\n2,rome\n", ["#id", "name"], 2),
        ("# id,name\n1,berlin\n2,rome\n", ["# id", "name"], 2),
        ("tag,name\n# one,berlin\ntwo,rome\n", ["tag", "name"], 2),
        ("n,name\n1,berlin\n#N/A,rome\n--,oslo\n", ["n", "name"], 3),
    ],
)
def test_what_only_looks_like_a_comment_is_kept(read: Read, text: str, names: list[str], rows: int) -> None:
    table, _ = read(text)
    assert table.column_names == names
    assert table.num_rows == rows


@pytest.mark.parametrize(
    ("row", "notes", "kept"),
    [
        ("4,5,6", "\nSource: bla, bla 2020\n", 0),
        ("4,5,6", "\nSource: bla, 2020\nRevised, again\n", 0),
        ("4,5,6", "\nSource: bla, bla 2020\n\nPage 1\n", 0),
        ("ada,oslo,x", "\nSource: bla, bla 2020\n", 0),
        ("4,5,6", "\n7,8\n", 1),
        ("4,5,6", "Source: bla, bla 2020\n", 1),
        ("ada,oslo,x", "\nbob,5\n", 1),
    ],
)
def test_notes_behind_a_blank_line_are_no_rows(read: Read, row: str, notes: str, kept: int) -> None:
    table, report = read("a,b,c\n" + f"{row}\n" * 30 + notes)
    assert table.num_rows == 30 + kept
    assert list(report.left_out) == ([] if kept else [line for line in notes.splitlines() if line])
