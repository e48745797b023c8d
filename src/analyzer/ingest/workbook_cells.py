"""What a sheet loses when it is read as a table: errors of formulas, and what merged cells would repeat."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import BinaryIO
from xml.etree import ElementTree

from analyzer.ingest.findings import MAX_SAMPLES

PIECE_BYTES = 1024 * 1024
LONGEST_TAG_BYTES = 512
ERROR_CELL = re.compile(rb'<(?:\w+:)?c\b(?=[^>]*\st="e")[^>]*\sr="([A-Z]{1,3}[0-9]{1,7})"[^>]*>')
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
Place = tuple[int, int]


def lost_cells(stream: BinaryIO, sheet: str, merged: Sequence[tuple[Place, Place]], table_line: int) -> Iterator[str]:
    """Sentences about what is lost of this sheet; `merged` are its areas, and the table begins in `table_line`.

    Only xlsx tells which cells are errors. The stream must have been checked.
    """
    count, places = _errors(stream, sheet)
    if count:
        what = "1 cell holds an error and is" if count == 1 else f"{count:,} cells hold errors and are"
        yield f"{what} read as missing{_first(count, places)}."
    areas = [area for area in merged if area[1][0] >= table_line]
    if areas:
        first = [_name(area[0]) for area in areas[:MAX_SAMPLES]]
        yield (
            f"{len(areas):,} merged {'area' if len(areas) == 1 else 'areas'} of the table: only the first cell of each "
            f"has the value, the others are missing{_first(len(areas), first)}."
        )


def _errors(stream: BinaryIO, sheet: str) -> tuple[int, list[str]]:
    """How many cells are errors, and where the first ones are."""
    stream.seek(0)
    if not zipfile.is_zipfile(stream):
        return 0, []
    count, places = 0, list[str]()
    with zipfile.ZipFile(stream) as archive:
        member = _member_of(archive, sheet)
        if member is None:
            return 0, []
        rest = b""
        with archive.open(member) as file:
            while piece := file.read(PIECE_BYTES):
                text = rest + piece
                cut = text.rfind(b"<", len(text) - LONGEST_TAG_BYTES)
                text, rest = (text[:cut], text[cut:]) if cut > 0 else (text, b"")
                found = ERROR_CELL.findall(text)
                count += len(found)
                places += [place.decode() for place in found[: MAX_SAMPLES - len(places)]]
    return count, places


def _member_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The member of an xlsx file that holds the sheet; None where there is none."""
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - entities were refused before
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    except (KeyError, ElementTree.ParseError):
        return None
    wanted = next((entry.get(RELATION) for entry in book.iter() if entry.get("name") == sheet), None)
    target = next((entry.get("Target", "") for entry in relations if entry.get("Id") == wanted), "")
    member = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    return member if member in archive.namelist() else None


def _name(place: Place) -> str:
    """The name of a cell, as B7."""
    row, column = place
    letters, column = "", column + 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row + 1}"


def _first(count: int, places: Sequence[str]) -> str:
    return f": {', '.join(places)}" + (", …" if count > len(places) else "")
