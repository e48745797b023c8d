"""Digits in groups: numbers where the groups vary as those of numbers do, identifiers where they do not."""

import pytest

from analyzer.ingest import delimited
from tests.ingest.conftest import Read

IDENTIFIERS = [
    ["192.168.100.101", "192.168.100.102"],
    ["192.168.100.101", "10.100.200.101", "172.160.200.101"],
    ["612 345 678", "612 345 679", "634 000 111"],
    ["101,102,103", "101,102,104", "205,102,104"],
    ["1.100.200", "1.100.201", "1.101.200"],
    ["123'456'789", "987'654'321"],
]


@pytest.mark.parametrize("cells", IDENTIFIERS)
def test_identifiers_stay_text_with_a_warning(read: Read, cells: list[str]) -> None:
    table, report = read("v;x\n" + "".join(f"{cell};1\n" for cell in cells))
    assert table["v"].to_pylist() == cells
    assert ["identifiers" in warning and "`thousands`" in warning for warning in report.warnings] == [True]


def test_a_column_of_telephone_numbers_is_one(read: Read) -> None:
    table, report = read("phone\n612 345 678\n612 345 679\n634 000 111\n")
    assert table.to_pydict() == {"phone": ["612 345 678", "612 345 679", "634 000 111"]}
    assert report.warnings


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1 234 567", "999", "12 345"], [1234567, 999, 12345]),
        (["1.234.567", "3.669.491", "12.345.111"], [1234567, 3669491, 12345111]),
        (["1.234.567,5", "1.669.491,5"], [1234567.5, 1669491.5]),
        (["123'456'789", "1'000"], [123456789, 1000]),
        (["123,456", "234,567"], [123456, 234567]),
        (["-123,456,789", "234,567,123"], [-123456789, 234567123]),
        (["1.234.567"], [1234567]),
    ],
)
def test_numbers_stay_numbers(read: Read, cells: list[str], values: list[float]) -> None:
    assert read("v;x\n" + "".join(f"{cell};1\n" for cell in cells))[0]["v"].to_pylist() == values


@pytest.mark.parametrize(("mark", "cells"), [(" ", IDENTIFIERS[2]), (",", IDENTIFIERS[3]), (".", IDENTIFIERS[4])])
def test_who_says_what_groups_digits_gets_numbers(read: Read, mark: str, cells: list[str]) -> None:
    table, _ = read("v;x\n" + "".join(f"{cell};1\n" for cell in cells), thousands=mark)
    assert table["v"].to_pylist() == [int(cell.replace(mark, "")) for cell in cells]


@pytest.mark.parametrize(
    ("first", "later", "last", "kind"),
    [
        ("999", ["1,234"], [1234], "int64"),
        ("999", ["1,234", "0.5"], [1234, 0.5], "double"),
        ("999", ["1,5"], [1.5], "double"),
        ("999", ["1,5", "1.234,5"], [1.5, 1234.5], "double"),
        ("1,5", ["1.234,5"], [1234.5], "double"),
        ("1,5", ["1 234,5"], [1234.5], "double"),
        ("0.5", ["1,234.5"], [1234.5], "double"),
        ("0.5", ["1'234.5"], [1234.5], "double"),
        ("1,234,567", ["12", "0.5"], [12, 0.5], "double"),
        ("0.5", ["1,5"], None, "string"),
        ("1,5", ["1.234,5", "1 234,5"], None, "string"),
        ("999", ["1,234", "1.234,5"], [1.234, 1234.5], "double"),
        ("999", ["1,234.5", "1.234,5"], None, "string"),
        ("999", ["1,234.5", "x"], None, "string"),
    ],
)
@pytest.mark.parametrize("apart", [0, 5_000])
def test_a_style_shown_late_holds_for_all_cells(
    monkeypatch: pytest.MonkeyPatch,
    read: Read,
    first: str,
    later: list[str],
    last: list[float] | None,
    kind: str,
    apart: int,
) -> None:
    monkeypatch.setattr(delimited, "MIN_BLOCK_BYTES", 4_000)
    monkeypatch.setattr(delimited, "BLOCK_ROWS", 1)
    between = f"a;{first}\n" * apart
    table, report = read("k;x\n" + f"a;{first}\n" * 3_000 + "".join(f"{between}a;{cell}\n" for cell in later))
    assert str(table.schema.field("x").type) == kind
    found = [table["x"][place].as_py() for place in range(3_000 + apart, table.num_rows, 1 + apart)]
    assert found == (last if last is not None else later)
    assert bool(report.warnings) == (last is None or later == ["1,234"])
