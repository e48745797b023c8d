"""Workbooks: xlsx, xlsm, xlsb, xls and ods. Cells become texts first, so the rules are those of text files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa
from python_calamine import CalamineWorkbook

from analyzer.errors import EmptyDataset, InvalidParameters
from analyzer.ingest.column_types import Hints, plan_columns
from analyzer.ingest.delimited_opening import fixed_plans
from analyzer.ingest.findings import Findings, shortened
from analyzer.ingest.layout import Layout, find_layout
from analyzer.ingest.limits import Limits
from analyzer.ingest.records import Cells, Record
from analyzer.ingest.reports import column_readings, warn_of_columns
from analyzer.ingest.source import Source
from analyzer.ingest.text_spill import CHUNK_ROWS, TextSpill, text_spill
from analyzer.ingest.typed_table import SpilledTable
from analyzer.ingest.workbook_cells import Place, lost_cells
from analyzer.ingest.workbook_checks import check_workbook, damage_named
from analyzer.ingest.workbook_kinds import CellKinds, LargeDouble, WrittenText
from analyzer.ingest.workbook_numbers import SAFE_INTEGER, exact_numbers
from analyzer.models.datasets import ReadingOptions, ReadingReport, TableSchema

SAMPLE_ROWS = 2_000


def read_workbook(
    source: Source, target: Path, options: ReadingOptions, limits: Limits
) -> tuple[TableSchema, ReadingReport]:
    """Store one sheet of a workbook. Raises EncryptedDocument, UnsafeDocument, EmptyDataset, DecompressionLimit."""
    with source.open_seekable() as stream, text_spill() as spill:
        check_workbook(stream, limits)
        stream.seek(0)
        with damage_named(stream):
            workbook = CalamineWorkbook.from_filelike(stream)
            name, others = _choose_sheet(workbook, options.sheet)
        with damage_named(stream, {"sheet": name}):
            sheet = workbook.get_sheet_by_name(name)
            numbers = exact_numbers(stream, name)
            first_column = (
                sheet.start[1] if sheet.start else 0
            )  # rows come from the first on, cells from this column on
            records = _records(sheet.iter_rows(), options.skip_rows or 0, first_column, numbers)
            opening = list(islice(records, SAMPLE_ROWS))
            if not opening:
                raise EmptyDataset(f"The sheet {name!r} has no cells.", where={"sheet": name})
            layout = find_layout(opening, options.header, limits)
            told = [CellKinds(Hints.of(options).null_tokens) for _ in range(layout.width)]
            lines = _spill_rows(spill, chain(opening, records), layout, told)
        findings = Findings()
        if others:
            findings.warn(f"The sheet {name!r} was read; the workbook also has {', '.join(map(repr, others))}.")
        with damage_named(stream, {"sheet": name}):
            for lost in lost_cells(stream, name, sheet.merged_cell_ranges or (), layout.line):
                findings.warn(lost)
        return _store(spill, lines, layout, told, source, target, options, findings)


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
        first = names[0] if names else ""
        raise EmptyDataset("No sheet of the workbook has cells.", where={"sheet": first})
    return chosen, [name for name in names if name != chosen]


def _records(
    rows: Iterable[Sequence[object]], skipped: int, first_column: int, numbers: Mapping[Place, str]
) -> Iterator[Record]:
    """The rows of a sheet that hold something, but for the first ones; `numbers` are the cells that have more digits
    than the parser gives."""
    numbered = {row for row, _ in numbers}
    for place, row in enumerate(rows):
        if place < skipped:
            continue
        cells: list[str | None] = [cell_text(cell) for cell in row]
        if place in numbered:
            for column, cell in enumerate(row, first_column):
                if type(cell) is float and (place, column) in numbers:
                    cells[column - first_column] = numbers[place, column]
        if any(cells):
            yield Record(cells, place, place + 1, place)


def cell_text(cell: object) -> str | None:
    """A cell as the text it would be in a CSV file; None if it is empty."""
    if type(cell) is str:  # these two first: nearly all cells are
        return WrittenText(cell) if cell else None
    if type(cell) is float:
        if not cell.is_integer():
            return repr(cell)
        return str(int(cell)) if abs(cell) < SAFE_INTEGER else LargeDouble(repr(cell))
    match cell:
        case None:
            return None
        case bool():
            return "true" if cell else "false"
        case datetime():
            return (cell.date() if cell.time() == time() else cell).isoformat()
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
    return str(cell)


def _spill_rows(spill: TextSpill, records: Iterator[Record], layout: Layout, told: Sequence[CellKinds]) -> list[int]:
    """Put the rows of the table on disk, and tell what kinds of cells the columns have; returns the line of each."""
    lines: list[int] = []
    rows = (record for record in records if record.line >= layout.line)
    while chunk := list(islice(rows, CHUNK_ROWS)):
        columns = list(zip(*(_as_wide(record.cells, layout.width) for record in chunk), strict=True))
        spill.add(dict(zip(map(str, range(layout.width)), columns, strict=True)))
        here = [record.line + 1 for record in chunk]
        for kinds, cells in zip(told, columns, strict=True):
            kinds.add(cells, here)
        lines += here
    return lines


def _as_wide(cells: Cells, width: int) -> Cells:
    return cells if len(cells) == width else [*cells[:width], *[None] * (width - len(cells))]


def _store(
    spill: TextSpill,
    lines: list[int],
    layout: Layout,
    told: Sequence[CellKinds],
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
    for name, kinds, plan in zip(layout.header.names, told, plans, strict=True):
        kinds.tell(name, plan, findings)
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
