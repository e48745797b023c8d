"""What a file is, by its first bytes. The name decides nothing here."""

import json
import re
from pathlib import PurePath

from analyzer.errors import UnsupportedFormat
from analyzer.ingest.dialect_detection import explains
from analyzer.ingest.records import LINE_END

SIGNATURES = (
    (b"PK\x03\x04", "zip archive"),
    (b"PK\x05\x06", "zip archive"),
    (b"\x1f\x8b", "gzip file"),
    (b"BZh", "bzip2 file"),
    (b"\xfd7zXZ\x00", "xz file"),
    (b"\x28\xb5\x2f\xfd", "zstandard file"),
    (b"PAR1", "Parquet file"),
    (b"ARROW1", "Arrow file"),
    (b"\xff\xff\xff\xff", "Arrow stream"),
    (b"FEA1", "Feather file of version 1"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "compound document"),
    (b"\x89HDF\r\n\x1a\n", "HDF5 file"),
    (b"\x7fELF", "executable"),
    (b"MZ\x90\x00", "executable"),
    (b"\xca\xfe\xba\xbe", "executable"),
    (b"\xcf\xfa\xed\xfe", "executable"),
    (b"\x93NUMPY", "NumPy file"),
    (b"SQLite format 3\x00", "SQLite database"),
    (b"%PDF-", "PDF document"),
    (b"\x89PNG", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF8", "GIF image"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    (b"Rar!", "RAR archive"),
    (b"RDX2", "R data file"),
    (b"RDX3", "R data file"),
)
MARKUP = (b"<!doctype html", b"<html", b"<head", b"<body", b"<?xml", b"<svg", b"<?php", b"<!--", b"<script",
          b"<table", b"<meta", b"<title", b"<div")  # fmt: skip
TEXT_PICKLES = (b"(dp", b"(lp", b"ccopy_reg\n", b"c__builtin__\n", b"cbuiltins\n", b"cposix\n", b"cos\n")
PICKLE_OPENINGS = tuple(bytes([0x80, version]) for version in range(2, 6))
JSON_NAMES = (".json", ".jsonl", ".ndjson")
LINES_NAMES = (".jsonl", ".ndjson")
AFTER_VALUE = re.compile(r"[ \t]*([\r\n]\s*([\[{]|$)|$)")
LONGEST_TOKEN = len("-Infinity")
PACKED_NAMES = (".gz", ".bz2", ".xz", ".zst", ".zip")
WELL_EXPLAINED = 0.6
"""What a delimited reading of brackets has to score, from 0 to 1, to be believed."""
STRAY_CONTROLS = 8
"""So many control characters are forgiven in any text."""
TEXT_CONTROLS = frozenset(b"\t\n\r\x0b\x0c\x1a\x1b\x1c\x1d\x1e\x1f\x08\x01\x02\x03")


def signature(head: bytes) -> str | None:
    """The name of the binary format these first bytes belong to, or None."""
    for opening, name in SIGNATURES:
        if head.startswith(opening):
            return name
    if head.startswith(PICKLE_OPENINGS) and (head[2:3] in (b"\x95", b"}", b"]", b"c", b"(", b"X", b"K", b"q")):
        return "Python pickle"
    if head.startswith(TEXT_PICKLES) and b"\n" in head[:16]:
        return "Python pickle"
    if head[257:262] == b"ustar":
        return "tar archive"
    return None


def refuse_markup(head: bytes) -> None:
    """Raise UnsupportedFormat for HTML, XML and scripts under the name of a table."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    where = {"offset": len(head) - len(start)}
    if start.startswith(MARKUP):
        raise UnsupportedFormat(
            "The file is a markup document (HTML or XML), not a table.", recognised="markup", where=where
        )
    if start.startswith(b"#!") and b"\n" in start and b"/" in start[: start.index(b"\n")]:
        raise UnsupportedFormat("The file is a script, not a table.", recognised="script", where=where)


def refuse_binary(text: str) -> None:
    """Raise UnsupportedFormat for decoded text that holds control characters no text file has."""
    strange = sum(text.count(chr(code)) for code in range(32) if code not in TEXT_CONTROLS)
    if strange > STRAY_CONTROLS + len(text) // 500:
        first = min(text.index(chr(code)) for code in range(32) if code not in TEXT_CONTROLS and chr(code) in text)
        raise UnsupportedFormat(
            "The file is binary, in no format this server reads.",
            recognised="binary",
            where={"line": len(LINE_END.findall(text, 0, first)) + 1},
        )


def is_json(head: bytes, filename: str, *, whole: bool) -> bool:
    """Whether a text is JSON: by its name, or by an opening bracket that no delimited reading explains better.

    `whole`: the text ends with its `head`.
    """
    if _inner_suffix(filename) in JSON_NAMES:
        return True
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if start[:1] not in (b"[", b"{"):
        return False
    text = start.decode("utf-8", "replace")
    return _begins_as_json(text, whole) or explains(text) < WELL_EXPLAINED


def is_json_lines_name(filename: str) -> bool:
    """Whether by its name every line of a file is a document."""
    return _inner_suffix(filename) in LINES_NAMES


def _inner_suffix(filename: str) -> str:
    """How the name ends, in small letters, without what a compression adds."""
    path = PurePath(filename.lower())
    return (path.with_suffix("") if path.suffix in PACKED_NAMES else path).suffix


def _begins_as_json(text: str, whole: bool) -> bool:
    """Whether a text is a JSON value alone or with another one in the next line, or a value up to where it was cut."""
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        return not whole and (error.pos >= len(text) - LONGEST_TOKEN or error.msg.startswith("Unterminated string"))
    except (ValueError, RecursionError):
        return False
    return AFTER_VALUE.match(text, end) is not None
