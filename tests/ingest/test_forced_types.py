"""Types that the user decided: what fits is kept, and what does not is told as it was read."""

from typing import Any

import pytest

from tests.ingest.conftest import Read


@pytest.mark.parametrize(
    ("cells", "values", "dropped"),
    [
        (["1", "0", "1"], [True, False, True], 0),
        (["yes", "no", "maybe"], [True, False, None], 1),
        (["Y", "n", ""], [True, False, None], 0),
        (["true", "0", "T"], [True, False, True], 0),
        (["yes", "no", "1"], [True, False, True], 0),
        (["true", "false", "2"], [True, False, None], 1),
        (["2", "3", "NA"], [None, None, None], 2),
    ],
)
@pytest.mark.parametrize("filename", ["table.csv", "table.json"])
def test_booleans_that_were_asked_for(
    read: Read, cells: list[str], values: list[Any], dropped: int, filename: str
) -> None:
    rows = [f'{{"d":"{cell}","x":1}}' if filename == "table.json" else f"{cell};1\n" for cell in cells]
    text = f"[{','.join(rows)}]" if filename == "table.json" else "d;x\n" + "".join(rows)
    table, report = read(text, filename, types={"d": "boolean"})
    assert table["d"].to_pylist() == values
    told = {coercion.change: coercion.count for coercion in report.coercions if "'NA'" not in coercion.change}
    assert told == ({"not a boolean, read as missing": dropped} if dropped else {})


@pytest.mark.parametrize(
    ("cell", "value", "change"),
    [
        ("1e400", None, "beyond the range of a double, read as missing"),
        ("-1e400", None, "beyond the range of a double, read as missing"),
        ("inf", float("inf"), None),
        ("1e-400", 0.0, "rounded to a double"),
        ("0.1234567890123456789", 0.1234567890123456789, "rounded to a double"),
        ("x", None, "not a number, read as missing"),
    ],
)
def test_numbers_that_were_asked_for(read: Read, cell: str, value: float | None, change: str | None) -> None:
    table, report = read(f"d;x\n{cell};1\n0.5;2\n", types={"d": "number"})
    assert table["d"].to_pylist() == [value, 0.5]
    assert [coercion.change for coercion in report.coercions] == ([change] if change else [])
