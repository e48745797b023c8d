"""Damaged files of every format: they are read, or refused with an error that has a name. Nothing else happens."""

import bz2
import gzip
import json
import lzma
import os
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard

from analyzer.errors import AnalyzerError
from analyzer.ingest import Limits, ingest
from analyzer.models.datasets import ReadingOptions
from tests.ingest.test_columnar import packed
from tests.ingest.test_packed import zipped
from tests.ingest.workbooks import ods, xlsx

TEXT = "id,name,price,day\n" + "".join(f'{n},"name, {n}",{n / 7:.3f},2020-01-{n % 28 + 1:02d}\n' for n in range(60))
RECORDS = [{"id": n, "name": f"n {n}", "inner": {"a": n / 7}, "list": [1, None]} for n in range(40)]
TABLE = pa.table({"a": list(range(200)), "b": [f"text {n % 7}" for n in range(200)], "c": [n / 3 for n in range(200)]})
BOOKS = Path(__file__).with_name("books")
FILES: dict[str, bytes] = {
    "csv": TEXT.encode(),
    "utf16": TEXT.encode("utf-16"),
    "json": json.dumps(RECORDS).encode(),
    "jsonl": "\n".join(map(json.dumps, RECORDS)).encode(),
    "xlsx": xlsx({"One": [["a", "b"], *([n, f"x{n}"] for n in range(30))]}),
    "ods": ods([["a", "b"], *([n, f"x{n}"] for n in range(30))]),
    "xls": (BOOKS / "97.xls").read_bytes(),
    "xlsb": (BOOKS / "binary.xlsb").read_bytes(),
    "parquet": packed(TABLE, "parquet"),
    "arrow": packed(TABLE, "arrow"),
    "feather": packed(TABLE, "feather"),
    "gz": gzip.compress(TEXT.encode()),
    "bz2": bz2.compress(TEXT.encode()),
    "xz": lzma.compress(TEXT.encode()),
    "zst": zstandard.compress(TEXT.encode()),
    "zip": zipped(t_csv=TEXT.encode()),
}
MUTATIONS = int(os.environ.get("ANALYZER_TEST_MUTATIONS", "60"))
LIMITS = Limits(max_document_bytes=32 << 20, free_decompressed_bytes=16 << 20)


def _flip(content: bytearray, chance: random.Random) -> None:
    content[chance.randrange(len(content))] = chance.randrange(256)


def _cut(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(len(content)) :]


def _remove(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content))
    del content[start : start + chance.randrange(1, 50)]


def _repeat(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content))
    content[start:start] = content[start : start + chance.randrange(1, 50)] * chance.randrange(1, 20)


def _insert(content: bytearray, chance: random.Random) -> None:
    pieces = (b'"', b"\n", b"\r", b"\0", b",", b"\xff\xfe", b"{", b"[", b"\\", b"1e999", b"\xed\xa0\x80", b"\x1f\x8b")
    start = chance.randrange(len(content))
    content[start:start] = chance.choice(pieces)


STEPS: tuple[Callable[[bytearray, random.Random], None], ...] = (_flip, _cut, _remove, _repeat, _insert)


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The content with one to five things done to it."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5))):
        if changed:
            chance.choice(STEPS)(changed, chance)
    return bytes(changed)


@pytest.mark.parametrize("kind", FILES)
def test_a_damaged_file_is_read_or_refused_by_name(kind: str, tmp_path: Path) -> None:
    chance = random.Random(kind)
    source, target = tmp_path / "upload", tmp_path / "table"
    refusals: list[AnalyzerError] = []
    for _ in range(MUTATIONS):
        source.write_bytes(damaged(FILES[kind], chance))
        try:
            shape, _ = ingest(source, target, filename=f"t.{kind}", options=ReadingOptions(), limits=LIMITS)
        except AnalyzerError as error:
            refusals.append(error)
        else:
            with pa.memory_map(str(target)) as mapped:
                table = pa.ipc.open_file(mapped).read_all()
            table.validate(full=True)
            assert table.num_rows == shape.rows
    assert {error.status for error in refusals} <= {413, 415, 422}
    assert all(error.detail for error in refusals)
    assert [error for error in refusals if not error.more.get("where")] == []
