"""What is looked at before a workbook is opened, and where it is damaged if that fails."""

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import BinaryIO
from xml.parsers import expat

from python_calamine import CalamineError, PasswordError

from analyzer.errors import DecompressionLimit, EncryptedDocument, ParseError, UnsafeDocument, UnsupportedFormat
from analyzer.ingest.binary_sheets import xls_cells, xls_is_encrypted, xlsb_cells
from analyzer.ingest.limits import Limits
from analyzer.ingest.source import read_up_to

PIECE_BYTES = 1024 * 1024
ZIP = b"PK\x03\x04"
XML_ENDINGS = (".xml", ".rels")
OPEN_DOCUMENT = "content.xml"
MAIN_MEMBERS = ("xl/workbook.xml", "xl/workbook.bin", OPEN_DOCUMENT)
ENTITY = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
BINARY_SHEET = re.compile(r"xl/worksheets/[^/]+\.bin")
CELL_PLACE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
REPEATED = re.compile(rb'number-(?:rows|columns)-repeated="([0-9]+)"')
MAX_CELLS = 200_000_000
"""How many cells, filled or not, a sheet may span: calamine keeps a place for each."""
MAX_REPEATS = 50_000_000
MANIFEST, ENCRYPTION = "META-INF/manifest.xml", b":encryption-data"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
DAMAGED = (
    CalamineError, zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError,
)  # fmt: skip


def check_workbook(stream: BinaryIO, limits: Limits) -> None:
    """Look for what would harm the parser: passwords, entities, sheets that span the impossible."""
    stream.seek(0)
    if stream.read(len(ZIP)) != ZIP:
        _check_compound(stream, limits)
        return
    with damage_named(stream), zipfile.ZipFile(stream) as archive:
        _refuse_encrypted(archive)
        for entry in archive.infolist():
            where = {"member": entry.filename}
            if entry.file_size > limits.max_document_bytes:
                raise DecompressionLimit(
                    f"{entry.filename!r} in the workbook inflates to {entry.file_size:,} bytes.",
                    limit=limits.max_document_bytes,
                    where=where,
                )
            if entry.filename.endswith(XML_ENDINGS):
                with damage_named(stream, where):
                    _check_member(archive, entry)
            if BINARY_SHEET.fullmatch(entry.filename):
                with damage_named(stream, where):
                    cells = xlsb_cells(archive.read(entry))
                if cells > MAX_CELLS:
                    raise _too_many_cells(repr(entry.filename), where)
            # calamine reads on for ever where a table of an open document has no end
            if entry.filename == OPEN_DOCUMENT and (broken := _malformed(archive, entry)) is not None:
                raise ParseError(
                    f"The workbook is damaged: the XML of {entry.filename!r} breaks off or breaks its rules.",
                    where=where | {"offset": broken},
                )


def _check_compound(stream: BinaryIO, limits: Limits) -> None:
    stream.seek(0)
    if (place := read_up_to(stream, limits.max_line_bytes).find(ENCRYPTED)) >= 0:
        raise EncryptedDocument("The workbook is protected by a password.", where={"offset": place})
    with damage_named(stream):
        encrypted, cells = xls_is_encrypted(stream), xls_cells(stream)
    if encrypted:
        raise EncryptedDocument("The workbook is protected by a password.", where={"offset": 0})
    if cells > MAX_CELLS:
        raise _too_many_cells("The largest sheet of the workbook", {"offset": 0})


def _refuse_encrypted(archive: zipfile.ZipFile) -> None:
    """Raise EncryptedDocument for an open document that says so: its members are no XML then."""
    if MANIFEST not in archive.namelist():
        return
    with archive.open(MANIFEST) as file:
        encrypted = ENCRYPTION in file.read(PIECE_BYTES)
    if encrypted:
        raise EncryptedDocument("The workbook is protected by a password.", where={"member": MANIFEST})


def _check_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Read through one XML member, for entities and for the places of its cells."""
    rows, columns, repeats, before = 0, 0, 0, b""
    is_sheet = entry.filename.startswith("xl/worksheets/")
    with archive.open(entry) as member:
        while piece := member.read(PIECE_BYTES):
            text = before[-64:] + piece
            if ENTITY.search(text):
                raise UnsafeDocument(
                    f"{entry.filename!r} in the workbook declares XML entities.", where={"member": entry.filename}
                )
            if is_sheet:
                for letters, row in set(CELL_PLACE.findall(text)) if len(piece) < PIECE_BYTES else _extremes(text):
                    rows, columns = max(rows, int(row)), max(columns, column_number(letters))
            elif entry.filename == OPEN_DOCUMENT:
                repeats += sum(count for count in map(int, REPEATED.findall(text)) if count < 16_384)
            before = piece
    if rows * columns > MAX_CELLS or repeats > MAX_REPEATS:
        raise _too_many_cells(repr(entry.filename), {"member": entry.filename})


def _too_many_cells(what: str, where: Mapping[str, object]) -> DecompressionLimit:
    return DecompressionLimit(f"{what} spans more than {MAX_CELLS:,} cells.", limit=MAX_CELLS, where=where)


def _extremes(text: bytes) -> Iterable[tuple[bytes, bytes]]:
    """The places of all cells, each column and each row only once."""
    places = CELL_PLACE.findall(text)
    return chain(dict(places).items(), ((places[0][0], row) for row in {row for _, row in places}))


def column_number(letters: bytes) -> int:
    """The number of a column, from 1, by its letters."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


@contextmanager
def damage_named(stream: BinaryIO, where: Mapping[str, object] | None = None) -> Iterator[None]:
    """Raise what is wrong with a workbook in our words, and say where: at `where`, unless its XML tells better."""
    try:
        yield
    except DAMAGED as error:
        text = str(error)
        if isinstance(error, PasswordError) or "password" in text.lower() or "encrypt" in text.lower():
            raise EncryptedDocument("The workbook is protected by a password.", where={"offset": 0}) from error
        place = _damaged_xml(stream)
        if place is None and "Cannot detect file format" in text:
            raise UnsupportedFormat(
                "This is a document of an office suite, but no workbook.",
                recognised="office document",
                where=_main_part(stream),
            ) from error
        place = place or where or _main_part(stream)
        raise ParseError(f"The workbook is damaged: {text[:300]}", where=place) from error
    except BaseException as panic:
        if type(panic).__name__ != "PanicException":  # calamine's, which has no other name and is no Exception
            raise
        raise ParseError(
            "The workbook is damaged: one part of it says something that another part contradicts.",
            where=where or _main_part(stream),
        ) from panic


def _damaged_xml(stream: BinaryIO) -> Mapping[str, object] | None:
    """The first member that cannot be inflated, or whose XML breaks off or breaks its rules, and at which byte."""
    try:
        with zipfile.ZipFile(stream) as archive:
            for entry in archive.infolist():
                if entry.filename.endswith(XML_ENDINGS) and (broken := _malformed(archive, entry)) is not None:
                    return {"member": entry.filename, "offset": broken}
    except (zipfile.BadZipFile, OSError, ValueError):
        return None
    return None


def _malformed(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int | None:
    """Where the XML of a member is not well-formed; None if it is."""
    parser, read = expat.ParserCreate(), 0
    try:
        with archive.open(entry) as member:
            while piece := member.read(PIECE_BYTES):
                parser.Parse(piece)
                read += len(piece)
        parser.Parse(b"", True)
    except expat.ExpatError:
        return max(0, parser.ErrorByteIndex)
    except DAMAGED:
        return read
    return None


def _main_part(stream: BinaryIO) -> Mapping[str, object]:
    """Where to look for damage that has no better place: the member that lists the sheets, or the end or beginning."""
    stream.seek(0)
    is_zip = stream.read(len(ZIP)) == ZIP
    try:
        with zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return {"offset": stream.seek(0, 2) if is_zip else 0}
    return {"member": next((name for name in MAIN_MEMBERS if name in names), names[0] if names else "")}
