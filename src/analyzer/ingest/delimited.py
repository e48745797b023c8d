"""CSV, TSV and other delimited text.

The file is read in blocks into columns of text, and each column is converted to the type that a sample suggested. Where
a later block contradicts the sample, the file is read once more with that column as text, so nothing is lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.csv as pacsv

from analyzer.errors import EmptyDataset, ParseError
from analyzer.ingest.arrow_file import arrow_file
from analyzer.ingest.column_types import ColumnPlan, as_text, convert, guess
from analyzer.ingest.dialect import Dialect, detect_dialect, has_header, rows_of
from analyzer.ingest.encoding import Encoding, blocks_of_utf8, detect_encoding
from analyzer.ingest.headers import Header, numbered, unique_names
from analyzer.ingest.recognise import refuse_binary
from analyzer.models.datasets import BadRows, ColumnReading, ReadingOptions, ReadingReport, TableSchema

SAMPLE_BYTES = 256 * 1024
BLOCK_BYTES = 16 * 1024 * 1024
SAMPLE_ROWS = 2_000


@dataclass
class Text:
    """A delimited text as detection understood it."""

    source: Path
    encoding: Encoding
    dialect: Dialect
    header: Header
    has_header: bool
    header_reason: str
    plans: list[ColumnPlan]
    bad: list[int] = field(default_factory=list)


def read_delimited(source: Path, target: Path, options: ReadingOptions) -> tuple[TableSchema, ReadingReport]:
    """Store the delimited text `source` as an Arrow file."""
    text = _understand(source, options)
    while True:
        text.bad.clear()
        schema = pa.schema([(name, plan.arrow_type) for name, plan in zip(text.header.names, text.plans, strict=True)])
        with arrow_file(target, schema) as file:
            contradicted = False
            for batch in _batches(text):
                columns = [convert(column, plan) for column, plan in zip(batch.columns, text.plans, strict=True)]
                for place, column in enumerate(columns):
                    if column.misfits:
                        text.plans[place] = as_text(text.plans[place], column.misfit)
                        contradicted = True
                if not contradicted:
                    file.write(pa.record_batch([column.values for column in columns], schema=schema))
        if not contradicted:
            return file.shape, _report(text, file.shape)


def _understand(source: Path, options: ReadingOptions) -> Text:
    """Encoding, dialect, header and types, from the first part of the file."""
    with source.open("rb") as stream:
        head = stream.read(SAMPLE_BYTES)
    encoding = detect_encoding(head, options.encoding)
    with source.open("rb") as stream:
        stream.seek(encoding.mark_bytes)
        sample = next(blocks_of_utf8(stream, encoding, SAMPLE_BYTES)).decode()
    if not sample.strip():
        raise EmptyDataset("The file is empty or has only blank lines.")
    refuse_binary(sample)
    whole_lines = sample[: sample.rfind("\n") + 1] if len(head) == SAMPLE_BYTES and "\n" in sample else sample
    dialect = detect_dialect(whole_lines, options.delimiter)
    return _plan(source, encoding, dialect, rows_of(whole_lines, dialect.delimiter)[:SAMPLE_ROWS], options)


def _plan(source: Path, encoding: Encoding, dialect: Dialect, rows: list[list[str]], options: ReadingOptions) -> Text:
    """Header and column types from the first rows."""
    first, width = rows[0], len(rows[0])
    columns = [pa.array([row[place] for row in rows[1:] if len(row) == width], pa.string()) for place in range(width)]
    plans = [guess(column, options.null_tokens) for column in columns]
    found, reason = has_header(first, [plan.type != "text" for plan in plans])
    if options.header is not None:
        found, reason = options.header, "as asked"
    header = unique_names(first) if found else numbered(width)
    return Text(source, encoding, dialect, header, found, reason, plans)


def _batches(text: Text) -> Iterator[pa.RecordBatch]:
    """The rows below the header as batches of text columns; rows of another width are noted in `text.bad`."""

    def refuse(row: pacsv.InvalidRow) -> str:
        text.bad.append(row.number or 0)
        return "skip"

    with text.source.open("rb") as stream:
        stream.seek(text.encoding.mark_bytes)
        utf8 = cast("BinaryIO", _Blocks(blocks_of_utf8(stream, text.encoding, BLOCK_BYTES)))
        try:
            yield from pacsv.open_csv(
                utf8,
                pacsv.ReadOptions(
                    use_threads=False,
                    block_size=BLOCK_BYTES,
                    column_names=list(text.header.names),
                    skip_rows_after_names=int(text.has_header),
                ),
                pacsv.ParseOptions(
                    delimiter=text.dialect.delimiter, newlines_in_values=True, invalid_row_handler=refuse
                ),
                pacsv.ConvertOptions(
                    column_types=dict.fromkeys(text.header.names, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV file" in str(error):
                return
            raise ParseError(str(error), where={}) from error


class _Blocks:
    """An iterator of blocks, as the file object that Arrow wants."""

    closed = False

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def read(self, size: int) -> bytes:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._rest = block
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return False


def _report(text: Text, shape: TableSchema) -> ReadingReport:
    """What was decided, changed and lost."""
    warnings = [] if shape.rows else ["The file holds a header and no rows."]
    warnings += [f"Column {original!r} is called {name!r}." for original, name in text.header.renamed]
    warnings += [
        f"Column {name!r}: {plan.warning}."
        for name, plan in zip(text.header.names, text.plans, strict=True)
        if plan.warning
    ]
    if text.bad:
        warnings.append(f"{len(text.bad)} rows do not have {len(shape.columns)} cells and were left out.")
    return ReadingReport(
        format="delimited text",
        encoding=text.encoding.name,
        delimiter=text.dialect.delimiter,
        quote=text.dialect.quote,
        confidence=min(text.encoding.confidence, text.dialect.confidence),
        header=text.has_header,
        header_reason=text.header_reason,
        null_tokens=tuple(sorted({token for plan in text.plans for token in plan.null_tokens})),
        columns=tuple(
            ColumnReading(
                name=name,
                type=str(plan.arrow_type),
                reason=plan.reason,
                original_name=original if original not in (None, name) else None,
            )
            for name, original, plan in zip(text.header.names, text.header.originals, text.plans, strict=True)
        ),
        bad_rows=BadRows(count=len(text.bad), lines=tuple(text.bad[:1000]), reason="another number of cells")
        if text.bad
        else None,
        warnings=tuple(warnings),
    )
