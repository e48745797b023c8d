"""Whatever stands in a column, and wherever it changes: no cell is stored as anything but what it says."""

import csv
import io
import tempfile
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.ingest import delimited, delimited_opening, ingest
from analyzer.ingest.column_types import NULL_TOKENS
from analyzer.models.datasets import ReadingOptions
from tests.ingest.conftest import Read

INTEGERS = st.integers(-(2**65), 2**65).map(str) | st.integers(-999, 999).map(str)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=3).map(lambda number: format(number, "f"))
DOUBLES = st.floats(allow_nan=False).map(repr)
MOMENTS = st.datetimes().map(datetime.isoformat)
DAYS = st.dates().map(str)
TOKENS = st.sampled_from(["", "NA", "null", "-", "NaN"])
ODD = st.sampled_from(
    [
        "007", "-01", "+5", "+4915112345", "0x1f", "1e400", "1e-400", "1_0", " 5 ", "5.", ".5", "true", "no",
        "2020-02-30", "1,5", "1.5.2020", "12345678901234567.5", "0.10000000000000000001", "-0", "inf",
    ]
)  # fmt: skip
KINDS = [INTEGERS, DECIMALS, DOUBLES, MOMENTS, DAYS, ODD, TOKENS]
COLUMN = st.sampled_from(KINDS).flatmap(
    lambda usual: st.lists(st.one_of(usual, usual, usual, TOKENS, ODD), min_size=30, max_size=30)
)


@pytest.fixture(autouse=True, scope="module")
def _small_pieces() -> Iterator[None]:
    """Tables of a few rows then have a short sample and many blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "MIN_BLOCK_BYTES", 200)
        patch.setattr(delimited, "BLOCK_ROWS", 1)
        patch.setattr(delimited_opening, "SAMPLE_RECORDS", 4)
        yield


def says(text: str, value: object) -> bool:
    """Whether a stored value is what the text of the cell says."""
    plain = text.strip()
    match value:
        case None:
            return plain == "" or plain in NULL_TOKENS
        case str():
            return value == text
        case bool():
            return plain.lower() in (("true", "yes", "t", "y") if value else ("false", "no", "f", "n"))
        case int():
            return str(value) == plain.removeprefix("+") or plain == "-0"
        case float() if plain in ("inf", "-inf"):
            return repr(value) == plain
        case float():
            digits = len(Decimal(plain).as_tuple().digits)
            return Decimal(f"{value:.{digits - 1}e}") == Decimal(plain) or Decimal(repr(value)) == Decimal(plain)
        case datetime():
            day_first = f"{value.day}.{value.month}.{value.year}"
            return value == datetime.fromisoformat(plain) if plain[4:5] == "-" else plain == day_first
    return False


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(columns=st.lists(COLUMN, min_size=1, max_size=4))
def test_every_cell_is_what_it_says(columns: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow([f"column {place}" for place, _ in enumerate(columns)])
    writer.writerows(zip(*columns, strict=True))
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "a"), Path(folder, "b")
        source.write_bytes(file.getvalue().encode())
        ingest(
            source, target, filename="a.csv", options=ReadingOptions(delimiter=",", quote='"', escape="", header=True)
        )
        table = pa.ipc.open_file(pa.OSFile(str(target))).read_all()
    for name, texts in zip(table.column_names, columns, strict=True):
        stored = table[name].to_pylist()
        assert [text for text, value in zip(texts, stored, strict=True) if not says(text, value)] == [], stored


@pytest.mark.parametrize("space", ["\u00a0", "\u2009", "\u202f"])
def test_digits_grouped_by_any_space_are_numbers(read: Read, space: str) -> None:
    table, report = read(f"k;x\na;1{space}234,5\nb;12{space}345,25\nc;7\n")
    assert table["x"].to_pylist() == [1234.5, 12345.25, 7.0]
    assert any("grouped by ' '" in coercion.change for coercion in report.coercions)


def test_lines_of_two_encodings_are_read_in_their_own(read: Read) -> None:
    table, report = read("name,n\nMüller,1\n".encode() + "Größe,2\n".encode("cp1252") + b"x,3\n" * 40)
    assert table["name"].to_pylist()[:2] == ["Müller", "Größe"]
    assert report.replaced == 2
    assert any("not valid utf-8" in warning for warning in report.warnings)


@pytest.mark.parametrize("name", ["cp437", "cp850"])
def test_accents_of_dos_are_no_japanese(read: Read, name: str) -> None:
    table, report = read("name,n\nMüller,1\nGröße,2\nÄrger,3\n".encode(name))
    assert table["name"].to_pylist() == ["Müller", "Größe", "Ärger"]
    assert any("is a guess" in warning for warning in report.warnings)


def test_numbers_that_a_spreadsheet_shortened_are_doubted(read: Read) -> None:
    table, report = read("id,n\n4.01234E+12,1\n4.01235E+12,2\n")
    assert table["id"].to_pylist() == [4.01234e12, 4.01235e12]
    assert any("'id'" in warning and "shortened" in warning for warning in report.warnings)
    assert not read("x,n\n4.01234E+12,1\n0.5,2\n")[1].warnings
