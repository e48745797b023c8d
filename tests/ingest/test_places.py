"""Where a file is damaged, or why it is no table: every refusal names the place as closely as it can be known."""

import io
import tarfile
import zipfile
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer.errors import AnalyzerError
from tests.ingest.conftest import Read
from tests.ingest.test_columnar import TABLE, packed
from tests.ingest.test_packed import zipped
from tests.ingest.workbooks import ods, xlsx

PARQUET, ARROW = packed(TABLE, "parquet"), packed(TABLE, "arrow")
BOOK = xlsx({"One": [["a", "b"], [1, 2]]})
SHEET, LAST_CELL = "xl/worksheets/sheet1.xml", b'<c r="B2"><v>2</v></c>'
OPEN = ods([["a"], [1]])


def in_tar(content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        entry = tarfile.TarInfo("t.csv")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def member(book: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return archive.read(name)


def with_member(book: bytes, name: str, change: tuple[bytes, bytes]) -> bytes:
    """The archive with something replaced in one of its members."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as before, zipfile.ZipFile(file, "w") as after:
        for entry in before.infolist():
            content = before.read(entry)
            after.writestr(entry.filename, content.replace(*change) if entry.filename == name else content)
    return file.getvalue()


def in_groups() -> bytes:
    """A Parquet file of three row groups, the second of them damaged."""
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, pa.schema([("a", pa.int64())]), use_dictionary=False, compression="zstd") as writer:
        for start in (0, 1000, 2000):
            writer.write_table(pa.table({"a": range(start, start + 1000)}))
    content = bytearray(sink.getvalue())
    column = pq.ParquetFile(sink).metadata.row_group(1).column(0)
    start = column.data_page_offset
    content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    return bytes(content)


def in_batches() -> bytes:
    """An Arrow stream of three batches, cut off in the third."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, pa.schema([("a", pa.int64())])) as writer:
        for _ in range(3):
            writer.write_batch(pa.record_batch({"a": pa.array(range(1000))}))
    return sink.getvalue()[:-1000]


def footer(content: bytes, end_bytes: int) -> int:
    """Where the footer of a Parquet or Arrow file begins."""
    end = len(content) - end_bytes
    return end - int.from_bytes(content[end : end + 4], "little")


PLACES: dict[str, tuple[bytes, str, dict[str, Any]]] = {
    "no bytes": (b"", "empty-dataset", {"offset": 0}),
    "blank lines": (b"\n\r\n  \n", "empty-dataset", {"line": 4}),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(99), "unsupported-format", {"offset": 0}),
    "a tar archive": (in_tar(b"a,b\n1,2\n"), "unsupported-format", {"offset": 0}),
    "markup": (b"\xef\xbb\xbf\n <html>", "unsupported-format", {"offset": 5}),
    "a script": (b"#!/bin/sh\necho 1,2\n", "unsupported-format", {"offset": 0}),
    "binary": (b"a,b\n1,2\n" + bytes(range(4, 8)) * 9, "unsupported-format", {"line": 3}),
    "too wide": (b",".join(b"x" for _ in range(20_001)) + b"\n1\n", "too-wide", {"line": 1}),
    "white space as JSON": (b" \n ", "empty-dataset", {"offset": 3}),
    "JSON without rows": (b' {"a": []} ', "empty-dataset", {"offset": 11}),
    "a single value": (b" 5", "not-a-table", {"offset": 1}),
    "an object without a table": (b'\n{"a": 1}', "not-a-table", {"offset": 1}),
    "a list of numbers": (b"[1, 2]", "not-a-table", {"row": 1}),
    "an odd element among objects": (b'[{"a": 1}, {"a": 2}, 3, 4]', "not-a-table", {"row": 3}),
    "an odd element among lists": (b'[["a"], [1], {}]', "not-a-table", {"row": 3}),
    "an odd line": (b'{"a": 1}\n{"a": 2}\n[3]\n', "not-a-table", {"row": 3}),
    "an odd element of `data`": (
        b'{"columns": ["a"], "data": [[1], 2]}',
        "not-a-table",
        {"key": "data", "row": 2},
    ),
    "an archive cut off": (
        zipped(t_csv=b"a,b\n1,2\n")[:-30],
        "unsupported-format",
        {"offset": len(zipped(t_csv=b"a,b\n1,2\n")) - 30},
    ),
    "an archive of two": (zipped(t_csv=b"a\n1\n", u_csv=b"a\n1\n"), "invalid-parameters", {"offset": 82}),
    "an archive with a damaged member": (
        with_member(zipped(t_csv=b"a\n1\n"), "t.csv", (b"a\n", b"b\n")).replace(b"b\n1", b"a\n1", 1),
        "parse-error",
        {"offset": 39},
    ),
    "a Parquet file cut off": (PARQUET[:-9], "parse-error", {"offset": len(PARQUET) - 17}),
    "a Parquet footer": (
        PARQUET[: footer(PARQUET, 8)] + b"\xff" * 20 + PARQUET[footer(PARQUET, 8) + 20 :],
        "parse-error",
        {"offset": footer(PARQUET, 8)},
    ),
    "a Parquet row group": (in_groups(), "parse-error", {"row_group": 1}),
    "an Arrow file cut off": (ARROW[:-9], "parse-error", {"offset": len(ARROW) - 19}),
    "an Arrow file without columns": (
        packed(pa.table({}), "arrow"),
        "empty-dataset",
        {"offset": footer(packed(pa.table({}), "arrow"), 10)},
    ),
    "an Arrow stream cut off": (in_batches(), "parse-error", {"record_batch": 2}),
    "a workbook without cells": (xlsx({"One": []}), "empty-dataset", {"sheet": "One"}),
    "a sheet's XML": (
        with_member(BOOK, SHEET, (b"</sheetData>", b"</sheet>")),
        "parse-error",
        {"member": SHEET, "offset": member(BOOK, SHEET).index(b"</sheetData>") + 2},
    ),
    "a sheet's XML cut off": (
        with_member(BOOK, SHEET, (LAST_CELL + b"</row></sheetData></worksheet>", b"<c")),
        "parse-error",
        {"member": SHEET, "offset": member(BOOK, SHEET).index(LAST_CELL)},
    ),
    "a sheet that is not there": (
        BOOK.replace(SHEET.encode(), b"xl/worksheets/sheet2.xml"),
        "parse-error",
        {"member": "xl/workbook.xml"},
    ),
    "an open document": (
        with_member(OPEN, "content.xml", (b"</table:table>", b"")),
        "parse-error",
        {"member": "content.xml", "offset": member(OPEN, "content.xml").index(b"</table:table>") + 2},
    ),
    "a letter of an office suite": (
        zipped(**{"[Content_Types]_xml": b"<Types/>", "word/document_xml": b"<document/>"}),
        "unsupported-format",
        {"member": "[Content_Types].xml"},
    ),
}


@pytest.mark.parametrize("what", PLACES)
def test_a_refusal_names_its_place(read: Read, what: str) -> None:
    content, code, where = PLACES[what]
    with pytest.raises(AnalyzerError) as caught:
        read(content, "t.json" if "JSON" in what or "value" in what else "t.csv")
    assert (caught.value.code, caught.value.more["where"]) == (code, where)
