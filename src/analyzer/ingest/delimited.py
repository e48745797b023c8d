"""CSV, TSV and every other delimited text.

A sample tells encoding, dialect, layout and types. Then the file is read in blocks: each becomes columns of text and
then of the planned types, several at once in threads (Arrow works without the interpreter's lock). Where a cell does
not fit its column's plan, the plan is widened and the file is read once more, so nothing is lost.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.ingest.arrow_file import arrow_file
from analyzer.ingest.column_types import ColumnPlan, Hints, replan
from analyzer.ingest.conversion import ChangedCells, convert
from analyzer.ingest.delimited_opening import Opening, read_opening
from analyzer.ingest.drawn_tables import DELIMITER, QUOTE, drawn_table
from analyzer.ingest.encoding import Encoding, repaired, utf8_pieces
from analyzer.ingest.findings import MAX_SAMPLES, BadRow, Change, Findings, shortened
from analyzer.ingest.limits import Limits
from analyzer.ingest.quoted_lines import within_quotes
from analyzer.ingest.records import RecordReader
from analyzer.ingest.reports import column_readings, warn_of_columns
from analyzer.ingest.row_fitting import TextRows
from analyzer.ingest.source import Source, read_up_to
from analyzer.ingest.text_blocks import Block, cut
from analyzer.ingest.text_columns import lines_of, read_block
from analyzer.models.datasets import CellSample, ReadingOptions, ReadingReport, TableSchema

MIN_BLOCK_BYTES = 8 * 1024 * 1024
MAX_BLOCK_BYTES = 32 * 1024 * 1024
BLOCK_ROWS = 1_000
"""A block of a wide table is larger, so that it has at least about so many rows."""
THREADS = 2
MAX_PASSES = 8
BAD_REASON = "The row has more cells than the table has columns."


@dataclass(frozen=True)
class TypedBlock:
    """A block's columns in their types, what was changed, and the plans of columns that a cell contradicted.

    It may have to wait for the blocks before it, so it keeps neither the text nor the cells as text: `rows` is without
    columns.
    """

    line: int
    columns: tuple[pa.Array, ...]
    rows: TextRows
    changes: tuple[tuple[int, Change], ...] = ()
    contradicted: dict[int, ColumnPlan] = field(default_factory=dict)
    replaced: int = 0


def read_delimited(
    source: Source, target: Path, options: ReadingOptions, limits: Limits
) -> tuple[TableSchema, ReadingReport]:
    """Store the delimited text in `source` as an Arrow file at `target`."""
    source, options, remarks = _without_drawing(source, options)
    opening = read_opening(source, options, limits)
    plans = list(opening.plans)
    for _ in range(MAX_PASSES):
        findings = Findings()
        findings.warnings += remarks
        shape, contradicted = _read_through(source, target, opening, plans, findings, Hints.of(options), limits)
        if not contradicted:
            return shape, _report(opening, plans, shape, findings, source)
    raise AssertionError("a plan is widened at most to grouped digits, to number and to text")


def _without_drawing(source: Source, options: ReadingOptions) -> tuple[Source, ReadingOptions, list[str]]:
    """The text without what is drawn around its cells or lines, how that is to be read, and what to say of it."""
    if (drawn := drawn_table(source, options)) is not None:
        remarks = ["The table was drawn with lines; they and the blanks around its cells were left out."]
        if drawn[1]:
            remarks.append("The header comes again within the table; it was left out there.")
        return drawn[0], options.model_copy(update={"delimiter": DELIMITER, "quote": QUOTE}), remarks
    if (inside := within_quotes(source, options)) is not None:
        return inside, options, ["Every line stood in quotes as a whole; the table inside them was read."]
    return source, options, []


def _read_through(
    source: Source,
    target: Path,
    opening: Opening,
    plans: list[ColumnPlan],
    findings: Findings,
    hints: Hints,
    limits: Limits,
) -> tuple[TableSchema, bool]:
    """Read the whole file by the plans. If a cell contradicts one, widen that plan; the table is then worthless."""
    names = opening.layout.header.names
    schema = pa.schema([(name, plan.arrow_type) for name, plan in zip(names, plans, strict=True)])
    contradicted = False
    with arrow_file(target, schema) as file, source.open() as stream:
        for typed in _typed_blocks(stream, opening, plans, hints, limits, findings):
            for place, plan in typed.contradicted.items():
                contradicted = True
                if not (plans[place].type == "text" and plans[place].seen):  # else a block before this one said so
                    plans[place] = plan
            if not contradicted:
                file.write(pa.record_batch(list(typed.columns), schema=schema))
                _note(typed, names, findings, target)
    return file.shape, contradicted


def _typed_blocks(
    stream: BinaryIO, opening: Opening, plans: list[ColumnPlan], hints: Hints, limits: Limits, findings: Findings
) -> Iterator[TypedBlock]:
    """The blocks of the file in order, converted in threads.

    Whatever the size of the file: beside the piece being cut and the one behind it, THREADS + 1 are in memory at most.
    """
    reader = RecordReader(opening.dialect, opening.layout.width)
    read_up_to(stream, opening.encoding.mark_bytes)
    size = min(max(MIN_BLOCK_BYTES, BLOCK_ROWS * opening.row_bytes), MAX_BLOCK_BYTES)
    pieces = _skip(utf8_pieces(stream, opening.encoding, size), opening.start_bytes, findings)
    waiting: deque[Future[TypedBlock]] = deque()
    with ThreadPoolExecutor(THREADS, thread_name_prefix="ingest") as threads:
        for block in cut(pieces, reader, opening.line, limits):
            waiting.append(threads.submit(_typed, block, reader, opening.valued, tuple(plans), hints))
            if len(waiting) > THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _skip(pieces: Iterator[tuple[bytes, int]], count: int, findings: Findings) -> Iterator[bytes]:
    """The pieces without their first `count` bytes; characters replaced in them are counted."""
    for piece, replaced in pieces:
        findings.replaced += replaced
        if count >= len(piece):
            count -= len(piece)
            continue
        yield piece[count:] if count else piece
        count = 0


def _typed(
    block: Block, reader: RecordReader, valued: frozenset[int], plans: Sequence[ColumnPlan], hints: Hints
) -> TypedBlock:
    """One block in the planned types."""
    text, replaced = repaired(block.text)
    rows = read_block(block, text, reader, valued)
    columns, changes, contradicted = [], [], {}
    for place, (cells, plan) in enumerate(zip(rows.columns, plans, strict=True)):
        converted = convert(cells, plan)
        columns.append(converted.values)
        if converted.misfit is not None:
            row = pc.index(pc.utf8_trim_whitespace(cells), converted.misfit).as_py()
            line = block.line + int(lines_of(rows, text, reader)[row]) + 1
            where = f" in line {line:,}" if row >= 0 else ""  # of a number that was grouped, the misfit is not
            contradicted[place] = replan(plan, cells, converted.misfit, hints, where)
        changes += [(place, _change(changed, cells, rows, block, text, reader)) for changed in converted.changed]
    return TypedBlock(block.line, tuple(columns), replace(rows, columns=()), tuple(changes), contradicted, replaced)


def _change(
    changed: ChangedCells, cells: pa.StringArray, rows: TextRows, block: Block, text: bytes, reader: RecordReader
) -> Change:
    """A change with its first cells and where they stand."""
    lines = lines_of(rows, text, reader)
    samples = tuple(
        CellSample(line=block.line + int(lines[row]) + 1, text=shortened(cells[row].as_py()))
        for row in changed.rows[:MAX_SAMPLES].tolist()
    )
    return Change(changed.change, len(changed.rows), samples, changed.token)


def _note(typed: TypedBlock, names: Sequence[str], findings: Findings, target: Path) -> None:
    """Add what reading a block did to the findings."""
    findings.replaced += typed.replaced
    for place, change in typed.changes:
        findings.add_change(names[place], change)
    rows = typed.rows
    for indices, what in (
        (rows.padded, "missing at the end of a short row"),
        (rows.resplit, "split at another delimiter than the other rows"),
        (rows.misquoted, "a quote is not closed or not doubled, and was kept as it stands"),
    ):
        if indices and rows.lines is not None:
            lines = [typed.line + int(rows.lines[row]) + 1 for row in indices[:MAX_SAMPLES]]
            samples = tuple(CellSample(line=line, text="") for line in lines)
            findings.add_change("", Change(what, len(indices), samples))
    findings.add_bad_rows([BadRow(typed.line + row.line + 1, row.text) for row in rows.bad], target)
    for line in rows.left_out:
        findings.leave_out(line)


def _report(
    opening: Opening, plans: Sequence[ColumnPlan], shape: TableSchema, findings: Findings, source: Source
) -> ReadingReport:
    """What was decided, changed and lost."""
    layout, dialect, encoding = opening.layout, opening.dialect, opening.encoding
    _warn(findings, encoding, shape)
    if layout.remark is not None:
        findings.warn(layout.remark)
    warn_of_columns(findings, layout.header, plans)
    findings.warn_of_rows_above(layout.preamble)
    preamble = tuple(shortened(dialect.delimiter.join(cell or "" for cell in row.cells)) for row in layout.preamble)
    return ReadingReport(
        format="delimited text",
        compression=source.compression,
        encoding=encoding.name,
        replaced=findings.replaced,
        delimiter=dialect.delimiter,
        quote=dialect.quote,
        escape=dialect.escape or None,
        confidence=min(encoding.confidence, dialect.confidence),
        header=layout.has_header,
        header_reason=layout.reason,
        table_line=layout.table_line,
        left_out=(*preamble, *findings.left_out),
        null_tokens=tuple(sorted(findings.null_tokens)),
        columns=column_readings(layout.header, plans),
        coercions=findings.coercions,
        bad_rows=findings.bad_rows(BAD_REASON),
        warnings=tuple(findings.warnings),
    )


def _warn(findings: Findings, encoding: Encoding, shape: TableSchema) -> None:
    """Warn of what concerns the file as a whole."""
    if not shape.rows:
        findings.warn("The file holds a header and no rows.")
    if findings.replaced:
        bytes_are = "byte is" if findings.replaced == 1 else "bytes are"
        findings.warn(f"{findings.replaced:,} {bytes_are} not valid {encoding.name}; see `replaced`.")
    if findings.bad_count:
        rows_were = (
            "row does not fit the table and was" if findings.bad_count == 1 else "rows do not fit the table and were"
        )
        findings.warn(f"{findings.bad_count:,} {rows_were} kept aside.")
    if encoding.confidence < 1:
        findings.warn(f"The encoding {encoding.name} is a guess; set `encoding` if letters are wrong.")
