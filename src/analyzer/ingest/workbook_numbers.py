"""Numbers of a sheet with the digits that stand in the file, where a double, which the parser makes, has fewer."""

import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from analyzer.ingest.number_texts import keeps_digits
from analyzer.ingest.workbook_cells import OFFICE, PIECE_BYTES, Place, member_of, open_cells
from analyzer.ingest.workbook_checks import OPEN_DOCUMENT, column_number

LONG = (
    rb"[-+]?(?:[0-9]{16,}\.?[0-9]*|0\.[0-9]{18,}|(?=[0-9.]{19})[1-9][0-9]*\.[0-9]+)"  # more digits than doubles keep
    rb"(?:[eE][-+]?[0-9]{1,3})?"
)
LONG_VALUE = re.compile(rb"<(?:\w+:)?v>\s*(" + LONG + rb")\s*</")
LONG_OPEN_VALUE = re.compile(rb"\bvalue=[\"']" + LONG + rb"[\"']")
LONG_TEXT = re.compile(LONG.decode())
CELL_END = re.compile(rb"</(?:\w+:)?c>")
CELL_NAME = re.compile(rb"\sr=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
LONGEST_CELL_BYTES = 16 * 1024
SAFE_INTEGER = 2**53
"""From here on, not every whole number is a double."""


def exact_numbers(stream: BinaryIO, sheet: str) -> dict[Place, str]:
    """Numbers of an xlsx or ods sheet as they are written, by row and column from 0.

    They are those that a double changes, and whole numbers so large that it could. Binary workbooks hold doubles, so
    there are none. The stream must have been checked.
    """
    stream.seek(0)
    if not zipfile.is_zipfile(stream):
        return {}
    with zipfile.ZipFile(stream) as archive:
        found = _of_open_sheet(archive, sheet) if OPEN_DOCUMENT in archive.namelist() else _of_xlsx(archive, sheet)
        return {place: text for place, text in found if _needs_digits(text)}


def _needs_digits(text: str) -> bool:
    value = float(text)
    return abs(value) >= SAFE_INTEGER or not keeps_digits(text, value)


def _of_open_sheet(archive: zipfile.ZipFile, sheet: str) -> Iterator[tuple[Place, str]]:
    for place, cell in open_cells(archive, sheet, LONG_OPEN_VALUE):
        text = cell.get(f"{OFFICE}value", "")
        if cell.get(f"{OFFICE}value-type") == "float" and LONG_TEXT.fullmatch(text):
            yield place, text


def _of_xlsx(archive: zipfile.ZipFile, sheet: str) -> Iterator[tuple[Place, str]]:
    member = member_of(archive, sheet)
    if member is None:
        return
    rest = b""
    with archive.open(member) as file:
        while piece := file.read(PIECE_BYTES):
            text = rest + piece
            ends = [found.end() for found in CELL_END.finditer(text, max(0, len(text) - LONGEST_CELL_BYTES))]
            end = ends[-1] if ends else 0
            text, rest = text[:end], text[end:]
            yield from _of_cells(text)


def _of_cells(text: bytes) -> Iterator[tuple[Place, str]]:
    """The long numbers in the XML of cells; what has no place of its own is left out."""
    for value in LONG_VALUE.finditer(text):
        near = max(0, value.start() - LONGEST_CELL_BYTES)
        opening = max(text.rfind(mark, near, value.start()) for mark in (b"<c ", b":c ", b"<c>", b":c>"))
        name = CELL_NAME.search(text, opening + 2, text.find(b">", opening + 2)) if opening >= 0 else None
        if name is not None:
            yield (int(name[2]) - 1, column_number(name[1]) - 1), value[1].decode()
