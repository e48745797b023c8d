"""Texts whose delimiter is easily mistaken."""

from typing import Any

import pytest

from tests.ingest.conftest import Read

Columns = dict[str, list[Any]]


def lines(row: str, count: int = 20) -> str:
    """So many rows; in each `{n}` is its number, from 0, and `{n+100}` that plus 100."""
    return "".join(row.replace("{n+100}", str(n + 100)).replace("{n}", str(n)) + "\n" for n in range(count))


@pytest.mark.parametrize(
    ("text", "names", "second"),
    [
        (lines("{n+100} 200"), ["column_1", "column_2"], (101, 200)),
        ("x y\n" + lines("{n+100} 200"), ["x", "y"], (101, 200)),
        (lines("{n} 200"), ["column_1", "column_2"], (1, 200)),
        (lines("{n} 2 3", 100), ["column_1", "column_2", "column_3"], (1, 2, 3)),
        ("x y z\n" + lines("{n}.25 2.00 3.00", 100), ["x", "y", "z"], (1.25, 2.0, 3.0)),
        ("x y z\n1.25 2.00 3.00\n2.25 2.00 3.00\n", ["x", "y", "z"], (2.25, 2.0, 3.0)),
    ],
)
def test_blanks_separate_numbers(read: Read, text: str, names: list[str], second: tuple[float, ...]) -> None:
    table, report = read(text)
    assert table.column_names == names
    assert tuple(column[1].as_py() for column in table.columns) == second
    assert not report.warnings


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1 234", "12 345", "999", "1 234 567"], [1234, 12345, 999, 1234567]),
        (["1 234,5", "12 345,25", "999"], [1234.5, 12345.25, 999.0]),
        (["1,5", "2,5", "3,25"], [1.5, 2.5, 3.25]),
        (["-1,5", "1.234,5", "3"], [-1.5, 1234.5, 3.0]),
    ],
)
def test_one_column_of_numbers_stays_one(read: Read, cells: list[str], values: list[float]) -> None:
    table, report = read("x\n" + "".join(f"{cell}\n" for cell in cells))
    assert table.to_pydict() == {"x": values}
    assert not report.left_out


@pytest.mark.parametrize("name", ["note", "a note"])
def test_one_column_of_texts_stays_one(read: Read, name: str) -> None:
    cells = ["hello, world", "foo", "bar", "more"]
    assert read(f"{name}\n" + "".join(f"{cell}\n" for cell in cells))[0].to_pydict() == {name: cells}


@pytest.mark.parametrize("text", ["1,5\n2,5\n3,25\n", "1,5,7\n2,5,7\n", "1,234,567\n2,345,678\n"])
def test_commas_without_a_name_above_them_separate_columns(read: Read, text: str) -> None:
    assert read(text)[0].num_columns == text.splitlines()[0].count(",") + 1


@pytest.mark.parametrize("delimiter", ["||", ";;", "::", "|~|", "|#|", "~|~", "^^"])
@pytest.mark.parametrize("width", [2, 3, 5])
def test_delimiters_of_several_characters(read: Read, delimiter: str, width: int) -> None:
    names = [f"name {place}" for place in range(width)]
    rows = [[str(n), *[f"user {n}"] * (width - 1)] for n in range(200)]
    table, report = read("".join(f"{delimiter.join(cells)}\n" for cells in [names, *rows]))
    assert report.delimiter == delimiter
    assert table.column_names == names
    assert table.to_pylist()[7] == dict(zip(names, [7, *["user 7"] * (width - 1)], strict=True))


def test_a_delimiter_of_several_characters_may_stand_in_quotes(read: Read) -> None:
    assert read('a||b\n1||"x||y"\n2||z\n')[0].to_pydict() == {"a": [1, 2], "b": ["x||y", "z"]}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a,,b\n1,,2\n3,,4\n", {"a": [1, 3], "column_2": [None, None], "b": [2, 4]}),
        ("a|b|c\n1||2\n3||4\n", {"a": [1, 3], "b": [None, None], "c": [2, 4]}),
        ("a|b\n#|#\n~|~\n", {"a": ["#", "~"], "b": ["#", "~"]}),
    ],
)
def test_one_character_twice_has_an_empty_cell_between(read: Read, text: str, values: Columns) -> None:
    assert read(text)[0].to_pydict() == values


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("mac\n", "00:11:22:33:44:{n}"),
        ("", "00:11:22:33:44:{n}"),
        ("mac\n", "0a:bb:cc:dd:ee:{n}"),
        ("", "0a:bb:cc:dd:ee:{n}"),
        ("ip\n", "2001:0:0:1:2:{n}"),
        ("ratio\n", "1:{n}"),
    ],
)
def test_addresses_and_ratios_are_one_cell(read: Read, name: str, cell: str) -> None:
    cells = [cell.replace("{n}", str(n)) for n in range(60, 90)]
    table, report = read(name + "".join(f"{cell}\n" for cell in cells))
    assert table.to_pydict() == {name.strip() or "column_1": cells}
    assert not report.left_out
