"""Workbooks: xlsx, xlsm, xlsb, xls and ods. Cells become texts first, so the rules are those of text files."""

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from analyzer.errors import (
    DecompressionLimit,
    EmptyDataset,
    EncryptedDocument,
    InvalidParameters,
    ParseError,
    UnsafeDocument,
    UnsupportedFormat,
)
from analyzer.ingest.column_types import Hints, plan_columns
from analyzer.ingest.delimited_opening import fixed_plans
from analyzer.ingest.findings import Findings, shortened
from analyzer.ingest.layout import Layout, find_layout
from analyzer.ingest.limits import Limits
from analyzer.ingest.records import Cells, Record
from analyzer.ingest.reports import column_readings, warn_of_columns
from analyzer.ingest.source import Source, read_up_to
from analyzer.ingest.text_spill import CHUNK_ROWS, TextSpill, text_spill
from analyzer.ingest.typed_table import SpilledTable
from analyzer.models.datasets import ReadingOptions, ReadingReport, TableSchema

SAMPLE_ROWS = 2_000
PIECE_BYTES = 1024 * 1024
ENTITY = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
CELL_PLACE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
REPEATED = re.compile(rb'number-(?:rows|columns)-repeated="([0-9]+)"')
MAX_CELLS = 200_000_000
"""How many cells, filled or not, a sheet may span: calamine keeps a place for each."""
MAX_REPEATS = 50_000_000
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def read_workbook(
    source: Source, target: Path, options: ReadingOptions, limits: Limits
) -> tuple[TableSchema, ReadingReport]:
    """Store one sheet of a workbook. Raises EncryptedDocument, UnsafeDocument, EmptyDataset, DecompressionLimit."""
    with source.open_seekable() as stream, text_spill() as spill:
        _check(stream, limits)
        stream.seek(0)
        with _damage_named():
            workbook = CalamineWorkbook.from_filelike(stream)
            name, others = _choose_sheet(workbook, options.sheet)
            sheet = workbook.get_sheet_by_name(name)
            first_line = (sheet.start[0] if sheet.start else 0) + 1
            records = _records(islice(sheet.iter_rows(), options.skip_rows or 0, None), first_line)
            opening = list(islice(records, SAMPLE_ROWS))
            if not opening:
                raise EmptyDataset(f"The sheet {name!r} has no cells.")
            layout = find_layout(opening, options.header, limits)
            lines = _spill_rows(spill, chain(opening, records), layout)
        findings = Findings()
        if others:
            findings.warn(f"The sheet {name!r} was read; the workbook also has {', '.join(map(repr, others))}.")
        return _store(spill, lines, layout, source, target, options, findings)


def _check(stream: BinaryIO, limits: Limits) -> None:
    """Look for what would harm the parser: passwords, entities, sheets that span the impossible."""
    stream.seek(0)
    if stream.read(4) != b"PK\x03\x04":
        stream.seek(0)
        if ENCRYPTED in read_up_to(stream, limits.max_line_bytes):
            raise EncryptedDocument("The workbook is protected by a password.", where={"offset": 0})
        return
    with _damage_named(), zipfile.ZipFile(stream) as archive:
        for entry in archive.infolist():
            if entry.file_size > limits.max_document_bytes:
                raise DecompressionLimit(
                    f"{entry.filename!r} in the workbook inflates to {entry.file_size:,} bytes.",
                    limit=limits.max_document_bytes,
                    where={"member": entry.filename},
                )
            if entry.filename.endswith((".xml", ".rels")):
                _check_member(archive, entry, limits)


def _check_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: Limits) -> None:
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
                    rows, columns = max(rows, int(row)), max(columns, _column_number(letters))
            elif entry.filename == "content.xml":
                repeats += sum(count for count in map(int, REPEATED.findall(text)) if count < 16_384)
            before = piece
    if rows * columns > MAX_CELLS or repeats > MAX_REPEATS:
        raise DecompressionLimit(
            f"{entry.filename!r} in the workbook spans too many cells.",
            limit=MAX_CELLS,
            where={"member": entry.filename},
        )


def _extremes(text: bytes) -> Iterable[tuple[bytes, bytes]]:
    """The places of all cells, each column and each row only once."""
    places = CELL_PLACE.findall(text)
    return chain(dict(places).items(), ((places[0][0], row) for row in {row for _, row in places}))


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _choose_sheet(workbook: CalamineWorkbook, wanted: str | None) -> tuple[str, list[str]]:
    """The sheet that was asked for, or the first one with cells; and the names of the others."""
    names = workbook.sheet_names
    if wanted is not None and wanted not in names:
        raise InvalidParameters(
            f"The workbook has no sheet {wanted!r}; it has {', '.join(map(repr, names))}.",
            errors=[{"pointer": "/sheet", "detail": "no such sheet"}],
        )
    chosen = wanted or next((name for name in names if workbook.get_sheet_by_name(name).height), None)
    if chosen is None:
        raise EmptyDataset("No sheet of the workbook has cells.")
    return chosen, [name for name in names if name != chosen]


def _records(rows: Iterable[Sequence[object]], first_line: int) -> Iterator[Record]:
    """The rows of a sheet that hold something."""
    for place, row in enumerate(rows):
        cells = [cell_text(cell) for cell in row]
        if any(cells):
            yield Record(cells, place, place + 1, first_line + place - 1)


def cell_text(cell: object) -> str | None:
    """A cell as the text it would be in a CSV file; None if it is empty."""
    match cell:
        case None | "":
            return None
        case bool():
            return "true" if cell else "false"
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
        case datetime():
            return (cell.date() if cell.time() == time() else cell).isoformat()
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
    return str(cell)


def _spill_rows(spill: TextSpill, records: Iterator[Record], layout: Layout) -> list[int]:
    """Put the rows of the table on disk; returns the line of each."""
    lines: list[int] = []
    rows = (record for record in records if record.line >= layout.line)
    while chunk := list(islice(rows, CHUNK_ROWS)):
        columns = zip(*(_as_wide(record.cells, layout.width) for record in chunk), strict=True)
        spill.add(dict(zip(map(str, range(layout.width)), columns, strict=True)))
        lines += [record.line + 1 for record in chunk]
    return lines


def _as_wide(cells: Cells, width: int) -> Cells:
    return cells if len(cells) == width else [*cells[:width], *[None] * (width - len(cells))]


def _store(
    spill: TextSpill,
    lines: list[int],
    layout: Layout,
    source: Source,
    target: Path,
    options: ReadingOptions,
    findings: Findings,
) -> tuple[TableSchema, ReadingReport]:
    """Give the columns types, and store them."""
    keys = [str(place) for place in range(layout.width)]
    empty = [pa.array([], pa.string())] * layout.width
    plans = plan_columns([cells[:SAMPLE_ROWS] for cells in next(spill.chunks(keys), empty)], options)
    plans = fixed_plans(plans, layout.header.names, options)
    table = SpilledTable(spill, keys, layout.header.names, plans, Hints.of(options), lines.__getitem__)
    shape = table.store(target, findings)
    if not shape.rows:
        findings.warn("The sheet holds a header and no rows.")
    warn_of_columns(findings, layout.header, plans)
    findings.warn_of_rows_above(layout.preamble)
    return shape, ReadingReport(
        format="workbook",
        compression=source.compression,
        header=layout.has_header,
        header_reason=layout.reason,
        table_line=layout.table_line,
        left_out=tuple(shortened(" ".join(filter(None, record.cells))) for record in layout.preamble),
        null_tokens=tuple(sorted(findings.null_tokens)),
        columns=column_readings(layout.header, plans),
        coercions=findings.coercions,
        warnings=tuple(findings.warnings),
    )


@contextmanager
def _damage_named() -> Iterator[None]:
    """Raise what is wrong with a workbook in our words."""
    try:
        yield
    except PasswordError as error:
        raise EncryptedDocument("The workbook is protected by a password.", where={"offset": 0}) from error
    except (
        CalamineError,
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        EOFError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        text = str(error)
        if "password" in text.lower() or "encrypt" in text.lower():
            raise EncryptedDocument("The workbook is protected by a password.", where={"offset": 0}) from error
        if "Cannot detect file format" in text:
            raise UnsupportedFormat(
                "This is a document of an office suite, but no workbook.", recognised="office document"
            ) from error
        raise ParseError(f"The workbook is damaged: {text[:300]}", where={"offset": 0}) from error
