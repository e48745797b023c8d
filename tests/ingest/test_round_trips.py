"""Any table of texts, written in any dialect, comes back as it was."""

import csv
import io
import tempfile
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.ingest import delimited, ingest
from analyzer.models.datasets import ReadingOptions

CONTROLS = "\ufeff" + "".join(map(chr, [*range(9), 11, 12, *range(14, 32), 127]))
CELLS = st.text(st.characters(codec="utf-8", exclude_characters=CONTROLS), max_size=12)
AWKWARD = st.sampled_from(
    ["", "a,b", 'say "hi"', "two\nlines", "x;y", "tab\there", "'", '"', "\\", "é", "007", "NA", " a "]
)
ROWS = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(CELLS | AWKWARD, min_size=width, max_size=width), min_size=1, max_size=12)
)


def write(
    rows: list[list[str]], delimiter: str, quote: str, line_end: str, quoting: Literal[0, 1], escape: bool
) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(
        file,
        delimiter=delimiter,
        quotechar=quote,
        lineterminator=line_end,
        quoting=quoting,
        doublequote=not escape,
        escapechar="\\" if escape else None,
    )
    width = len(rows[0])
    writer.writerow([f"column {place}" for place in range(width)])
    writer.writerows(rows)
    return file.getvalue()


def read(content: bytes, **options: object) -> list[list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "a"), Path(folder, "b")
        source.write_bytes(content)
        ingest(source, target, filename="a.csv", options=ReadingOptions.model_validate(options))
        table = pa.ipc.open_file(pa.OSFile(str(target))).read_all()
    return [[cell or "" for cell in row] for row in zip(*table.to_pydict().values(), strict=True)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=ROWS,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quote=st.sampled_from(['"', "'"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
def test_quoted_tables_of_texts_come_back(
    rows: list[list[str]], delimiter: str, quote: str, line_end: str, encoding: str
) -> None:
    text = write(rows, delimiter, quote, line_end, csv.QUOTE_ALL, escape=False)
    types = {f"column {place}": "text" for place in range(len(rows[0]))}
    options = {"delimiter": delimiter, "quote": quote, "header": True, "types": types, "null_tokens": ()}
    assert read(text.encode(encoding), **options) == rows


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, delimiter=st.sampled_from([",", ";", "||", "::", "§"]), escape=st.booleans())
def test_tables_in_odd_dialects_come_back(rows: list[list[str]], delimiter: str, escape: bool) -> None:
    quote, inner = '"', ('\\"' if escape else '""')

    def cell(text: str) -> str:
        text = text.replace("\\", "\\\\") if escape else text
        return quote + text.replace(quote, inner) + quote

    names = [f"column {place}" for place in range(len(rows[0]))]
    text = "".join(delimiter.join(map(cell, row)) + "\n" for row in [names, *rows])
    options = {"delimiter": delimiter, "quote": quote, "header": True, "types": dict.fromkeys(names, "text")}
    options["escape"] = "\\" if escape else ""
    assert read(text.encode(), **options, null_tokens=()) == rows


@pytest.mark.parametrize("block_bytes", [200, 8_000_000])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("escape", [False, True])
def test_dialects_are_detected(
    monkeypatch: pytest.MonkeyPatch, block_bytes: int, delimiter: str, quote: str, line_end: str, escape: bool
) -> None:
    monkeypatch.setattr(delimited, "MIN_BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(delimited, "BLOCK_ROWS", 1)
    rows = [[f"name {n}", f"it {quote}is{quote} {n}{delimiter} so", f"two{line_end}lines", f"{n}.5"] for n in range(30)]
    text = write(rows, delimiter, quote, line_end, csv.QUOTE_MINIMAL, escape)
    assert [row[:3] for row in read(text.encode())] == [row[:3] for row in rows]
