"""Compressed files and archives: read like what they hold, within bounds."""

import bz2
import gzip
import io
import lzma
import time
import zipfile
from collections.abc import Callable

import pytest
import zstandard

from analyzer.errors import DecompressionLimit, EncryptedDocument, InvalidParameters, ParseError, UnsupportedFormat
from analyzer.ingest import Limits
from tests.ingest.conftest import Read

TEXT = b"a,b\n1,x\n2,y\n"
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstandard": zstandard.compress,
}


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(".".join(name.rsplit("_", 1)), content)
    return file.getvalue()


@pytest.mark.parametrize("kind", PACKERS)
def test_compressed_text_is_read(read: Read, kind: str) -> None:
    table, report = read(PACKERS[kind](TEXT), "t.csv.gz")
    assert table.to_pydict() == {"a": [1, 2], "b": ["x", "y"]}
    assert report.compression == kind


@pytest.mark.parametrize("kind", PACKERS)
def test_compressed_json_is_read(read: Read, kind: str) -> None:
    table, _ = read(PACKERS[kind](b'[{"a":1}]'), "t.json.gz")
    assert table.to_pydict() == {"a": [1]}


def test_one_member_of_a_zip_is_read(read: Read) -> None:
    table, report = read(zipped(t_csv=TEXT))
    assert table["a"].to_pylist() == [1, 2]
    assert report.compression == "zip"


def test_of_several_members_one_has_to_be_named(read: Read) -> None:
    content = zipped(t_csv=TEXT, u_json=b'[{"c":5}]')
    with pytest.raises(InvalidParameters, match=r"t\.csv, u\.json"):
        read(content)
    with pytest.raises(InvalidParameters, match="no member"):
        read(content, member="v.csv")
    table, _ = read(content, member="u.json")
    assert table.to_pydict() == {"c": [5]}


@pytest.mark.parametrize("kind", PACKERS)
def test_a_cut_off_file_is_a_parse_error(read: Read, kind: str) -> None:
    content = PACKERS[kind](b"a,b\n" + b"".join(b"%d,%d\n" % (place, place * 7919 % 1000) for place in range(20_000)))
    with pytest.raises(ParseError):
        read(content[: len(content) // 2])


@pytest.mark.parametrize("kind", [*PACKERS, "zip"])
def test_a_bomb_is_refused_within_a_second(read: Read, kind: str) -> None:
    piece = b"1,2\n" * 250_000
    content = zipped(bomb_csv=piece * 200) if kind == "zip" else PACKERS[kind](piece) * 200
    started = time.perf_counter()
    with pytest.raises(DecompressionLimit):
        read(content)
    assert time.perf_counter() - started < 10, "generous: the machine may be busy"


def test_proportions_are_a_parameter(read: Read) -> None:
    content = gzip.compress(b"a,b\n" + b"1,2\n" * 100_000)
    assert read(content)[0].num_rows == 100_000
    assert Limits().max_decompression_ratio == 200


def test_an_encrypted_member_is_refused(read: Read) -> None:
    content = bytearray(zipped(t_csv=TEXT))
    content[6] |= 1
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1
    with pytest.raises(EncryptedDocument):
        read(bytes(content))


@pytest.mark.parametrize("content", [b"PK\x03\x04" + bytes(100), b"PK\x05\x06", zipped(t_csv=TEXT)[:-10]])
def test_a_damaged_archive_is_refused(read: Read, content: bytes) -> None:
    with pytest.raises((UnsupportedFormat, ParseError)):
        read(content)
