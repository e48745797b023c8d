"""What a sheet loses when it is read as a table: errors of formulas, and what merged cells would repeat."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import BinaryIO
from xml.etree import ElementTree

from analyzer.ingest.binary_sheets import xls_errors, xlsb_errors, xlsb_sheets
from analyzer.ingest.findings import MAX_SAMPLES
from analyzer.ingest.workbook_checks import OPEN_DOCUMENT

PIECE_BYTES = 1024 * 1024
LONGEST_TAG_BYTES = 512
ERROR_CELL = re.compile(rb'<(?:\w+:)?c\b(?=[^>]*\st="e")[^>]*\sr="([A-Z]{1,3}[0-9]{1,7})"[^>]*>')
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
TABLE, OFFICE = (f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("table", "office"))
CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
ERROR_MARK = re.compile(rb'value-type="error"|>#[A-Z/0!?]+<|>Err:[0-9]+<')
ERROR_TEXT = re.compile(r"#(DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!)|Err:[0-9]{3}")
LOST, KEPT = "missing", "the number that is stored beside it"
Place = tuple[int, int]


def lost_cells(stream: BinaryIO, sheet: str, merged: Sequence[tuple[Place, Place]], table_line: int) -> Iterator[str]:
    """Sentences about what is lost of this sheet; `merged` are its areas, and the table begins in `table_line`.

    The stream must have been checked.
    """
    for read_as, (count, places) in _errors(stream, sheet).items():
        if count:
            what = "1 cell holds an error and is" if count == 1 else f"{count:,} cells hold errors and are"
            yield f"{what} read as {read_as}{_first(count, places)}."
    areas = [area for area in merged if area[1][0] >= table_line]
    if areas:
        first = [_name(area[0]) for area in areas[:MAX_SAMPLES]]
        yield (
            f"{len(areas):,} merged {'area' if len(areas) == 1 else 'areas'} of the table: only the first cell of each "
            f"has the value, the others are missing{_first(len(areas), first)}."
        )


def _errors(stream: BinaryIO, sheet: str) -> dict[str, tuple[int, list[str]]]:
    """How many cells are errors, and where the first ones are, by what the parser makes of them."""
    stream.seek(0)
    if not zipfile.is_zipfile(stream):
        found = xls_errors(stream, sheet)
    else:
        with zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
            if "xl/workbook.bin" in names:
                listed = xlsb_sheets(archive.read("xl/workbook.bin"))
                member = _related(archive, "xl/_rels/workbook.bin.rels", listed.get(sheet))
                found = xlsb_errors(archive.read(member)) if member is not None else []
            elif OPEN_DOCUMENT in names:
                errors = list(_errors_of_open_sheet(archive, sheet))
                return {kind: _told([place for place, as_kind in errors if as_kind == kind]) for kind in (LOST, KEPT)}
            else:
                return {LOST: _errors_of_xlsx(archive, sheet)}
    return {LOST: _told(found)}


def _told(found: Sequence[Place]) -> tuple[int, list[str]]:
    return len(found), [_name(place) for place in found[:MAX_SAMPLES]]


def _errors_of_xlsx(archive: zipfile.ZipFile, sheet: str) -> tuple[int, list[str]]:
    count, places = 0, list[str]()
    member = member_of(archive, sheet)
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


def _errors_of_open_sheet(archive: zipfile.ZipFile, sheet: str) -> Iterator[tuple[Place, str]]:
    """The cells of an OpenDocument sheet that show an error, and what they are read as."""
    for place, cell in open_cells(archive, sheet, ERROR_MARK):
        if (read_as := _error(cell)) is not None:
            yield place, read_as


def open_cells(
    archive: zipfile.ZipFile, sheet: str, mark: re.Pattern[bytes]
) -> Iterator[tuple[Place, ElementTree.Element]]:
    """The cells of an OpenDocument sheet and their places; none where nothing in the document is like the mark.

    Of cells that are repeated, only the first one comes.
    """
    with archive.open(OPEN_DOCUMENT) as file:
        if not any(mark.search(piece) for piece in iter(lambda: file.read(PIECE_BYTES), b"")):
            return
    row = column = 0
    is_here, table = False, None
    with archive.open(OPEN_DOCUMENT) as file, suppress(ElementTree.ParseError, ValueError):  # the parser forgives more
        for event, element in ElementTree.iterparse(file, ("start", "end")):  # noqa: S314 - entities were refused
            kind = element.tag.removeprefix(TABLE)
            if event == "start":
                if kind == "table":
                    row, is_here, table = 0, element.get(f"{TABLE}name") == sheet, element
                column = 0 if kind == "table-row" else column
                continue
            if kind in ("table-cell", "covered-table-cell"):
                if is_here:
                    yield (row, column), element
                column += int(element.get(f"{TABLE}number-columns-repeated", 1))
            elif kind == "table-row":
                row += int(element.get(f"{TABLE}number-rows-repeated", 1))
                if table is not None:
                    table.clear()  # or all rows would stay in memory


def _error(cell: ElementTree.Element) -> str | None:
    """What is read of a cell that shows an error: nothing, or a number that some programs write beside it."""
    if cell.get(f"{OFFICE}value-type") == "float":
        return KEPT if ERROR_TEXT.fullmatch("".join(cell.itertext())) else None
    return LOST if cell.get(f"{CALC}value-type") == "error" else None


def member_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The member of an xlsx file that holds the sheet; None where there is none."""
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - entities were refused before
    except (KeyError, ElementTree.ParseError):
        return None
    wanted = next((entry.get(RELATION) for entry in book.iter() if entry.get("name") == sheet), None)
    return _related(archive, "xl/_rels/workbook.xml.rels", wanted)


def _related(archive: zipfile.ZipFile, relations: str, wanted: str | None) -> str | None:
    """The member that a workbook calls by this id; None where there is none."""
    try:
        entries = ElementTree.fromstring(archive.read(relations))  # noqa: S314 - entities were refused before
    except (KeyError, ElementTree.ParseError):
        return None
    target = next((entry.get("Target", "") for entry in entries if entry.get("Id") == wanted), "")
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
