"""Tables drawn with bars and rules, as documents, consoles and SAP have them."""

import pytest

from tests.ingest.conftest import Read

TABLE = {"name": ["ada", "bob"], "n": [1, 2], "price": [2.5, 3.5]}
DRAWINGS = {
    "markdown": "| name | n | price |\n|------|--:|:-----:|\n| ada  | 1 |  2.5  |\n| bob  | 2 |  3.5  |\n",
    "markdown without bars at the sides": "name | n | price\n--- | --- | ---\nada | 1 | 2.5\nbob | 2 | 3.5\n",
    "org-mode": "| name | n | price |\r\n|------+---+-------|\r\n| ada | 1 | 2.5 |\r\n| bob | 2 | 3.5 |\r\n",
    "psql": " name | n | price \n------+---+-------\n ada  | 1 |   2.5\n bob  | 2 |   3.5\n(2 rows)\n\n",
    "mysql": "+------+---+-------+\n"
    "| name | n | price |\n+------+---+-------+\n| ada  | 1 |   2.5 |\n| bob  | 2 |   3.5 |\n"
    "+------+---+-------+\n2 rows in set (0.00 sec)\n",
    "a grid": "+------+---+-------+\n"
    "| name | n | price |\n+======+===+=======+\n| ada  | 1 |   2.5 |\n+------+---+-------+\n"
    "| bob  | 2 |   3.5 |\n+------+---+-------+\n",
    "a list of SAP": "List of prices\n\n"
    "---------------\n|name|n|price|\n---------------\n|ada |1|  2.5|\n---------------\n"
    "|name|n|price|\n---------------\n|bob |2|  3.5|\n---------------\n",
}


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_a_drawn_table_is_read_without_its_lines(read: Read, drawing: str) -> None:
    table, report = read(DRAWINGS[drawing])
    assert table.to_pydict() == TABLE
    assert report.header
    assert any("drawn with lines" in warning for warning in report.warnings)


def test_what_stands_around_it_is_told(read: Read) -> None:
    assert read(DRAWINGS["psql"])[1].left_out == ("(2 rows)",)
    _, report = read(DRAWINGS["a list of SAP"])
    assert report.left_out == ("List of prices",)
    assert any("header comes again" in warning for warning in report.warnings)


def test_bars_and_quotes_in_cells_stay(read: Read) -> None:
    table, _ = read('| a | b |\n|---|---|\n| x \\| y | 5" |\n| "z" | w |\n')
    assert table.to_pydict() == {"a": ["x | y", '"z"'], "b": ['5"', "w"]}


def test_a_row_of_dashes_is_a_row(read: Read) -> None:
    table, _ = read("| a | b |\n|---|---|\n| 1 | 2 |\n|--|--|\n| 3 | 4 |\n")
    assert table.to_pydict() == {"a": [1, None, 3], "b": [2, None, 4]}


def test_lines_are_those_of_the_file(read: Read) -> None:
    _, report = read("| a | b |\n|---|---|\n| 1 | 2 |\n| NA | 4 |\n")
    assert [sample.line for coercion in report.coercions for sample in coercion.samples] == [4]


def test_a_large_one_is_read_in_pieces(read: Read) -> None:
    rows = 120_000
    table, _ = read("| a | b |\n|---|---|\n" + "".join(f"| {row} | text {row} |\n" for row in range(rows)))
    assert table["a"].to_pylist() == list(range(rows))
    assert table["b"][rows - 1].as_py() == f"text {rows - 1}"


@pytest.mark.parametrize("text", ["a|b\n1|2\n3|4\n", "a|b\n--|--\n1|2\nand so on\n3|4\n", "x\n---\ny\n---\n"])
def test_what_is_only_delimited_by_bars_is_read_as_such(read: Read, text: str) -> None:
    assert not any("drawn" in warning for warning in read(text)[1].warnings)


def test_how_it_is_to_be_read_can_be_said(read: Read) -> None:
    table, _ = read(DRAWINGS["markdown"], delimiter="|", header=False)
    assert table.num_columns == 5
