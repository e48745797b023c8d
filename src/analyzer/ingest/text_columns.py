"""Blocks of delimited text into columns of text: at once where the block is regular, row by row where it is not."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from analyzer.ingest.dialect import Dialect
from analyzer.ingest.findings import BadRow
from analyzer.ingest.layout import is_comment
from analyzer.ingest.records import Cells, Record, RecordReader
from analyzer.ingest.text_blocks import STAND_IN, Block

OTHER_DELIMITERS = (",", ";", "\t", "|", " ")


@dataclass(frozen=True)
class TextRows:
    """The rows of a block as columns of text, and what did not fit. Lines count from 0 at the block's beginning.

    `lines` is None where no row needed a second look; `lines_of` then finds out.
    """

    columns: tuple[pa.StringArray, ...]
    lines: np.ndarray | None = None
    padded: tuple[int, ...] = ()
    resplit: tuple[int, ...] = ()
    bad: tuple[BadRow, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return len(self.columns[0])


def read_block(block: Block, text: bytes, reader: RecordReader) -> TextRows:
    """The rows of a block whose text, repaired, is `text`; every row gets `reader.width` cells or is bad."""
    if reader.width == 1 and block.last:
        text = text.rstrip(b"\r\n")
    if block.records is None and (columns := _at_once(text, reader)) is not None:
        return TextRows(columns)
    decoded = text.decode()
    records = block.records if block.records is not None and text == block.text else None
    return _row_by_row(decoded, tuple(reader.read(decoded)) if records is None else records, reader, block.last)


def lines_of(rows: TextRows, text: bytes, reader: RecordReader) -> np.ndarray:
    """The line of every row, from 0 at the block's beginning."""
    if rows.lines is not None:
        return rows.lines
    if rows.rows == text.count(b"\n") + (not text.endswith(b"\n")):
        return np.arange(rows.rows)
    return np.array([record.line for record in reader.read(text.decode())])


def _at_once(text: bytes, reader: RecordReader) -> tuple[pa.StringArray, ...] | None:
    """The columns, if all rows have the right width; None if one has not, or the parser cannot read the block."""
    dialect, width = reader.dialect, reader.width or 1
    delimiter = dialect.delimiter.encode()
    if len(delimiter) > 1:
        if STAND_IN in text or (dialect.quote and dialect.quote.encode() in text):
            return None
        text, delimiter = text.replace(delimiter, STAND_IN), STAND_IN
    names = [str(place) for place in range(width)]
    try:
        table = pacsv.read_csv(
            pa.BufferReader(text),
            pacsv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=names),
            pacsv.ParseOptions(
                delimiter=delimiter.decode(),
                quote_char=dialect.quote or False,
                newlines_in_values=True,
                ignore_empty_lines=width > 1,
                invalid_row_handler=_refuse,
            ),
            pacsv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return tuple(
        column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks) for column in table.columns
    )


def _refuse(_: pacsv.InvalidRow) -> str:
    return "error"


@dataclass
class _Rows:
    """Rows being gathered."""

    cells: list[Cells] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    padded: list[int] = field(default_factory=list)
    resplit: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def _row_by_row(text: str, records: Sequence[Record], reader: RecordReader, last: bool) -> TextRows:
    """The rows of records of any width: short ones padded, others split anew, commented, or bad."""
    width = reader.width or 1
    rows = _Rows()
    footer = _first_of_footer(records, width) if last else len(records)
    for place, record in enumerate(records):
        cells = record.cells
        raw = text[record.start : record.end].rstrip("\r\n")
        if place >= footer or (len(cells) != width and is_comment(cells)):
            rows.left_out.append(raw)
            continue
        if len(cells) != width:
            fitted, kind = _fitted(raw, cells, reader.dialect, width)
            if fitted is None:
                rows.bad.append(BadRow(record.line, raw))
                continue
            if kind is not None:
                getattr(rows, kind).append(len(rows.cells))
            cells = fitted
        rows.cells.append(cells)
        rows.lines.append(record.line)
    columns = zip(*rows.cells, strict=True) if rows.cells else [()] * width
    return TextRows(
        tuple(pa.array(column, pa.string()) for column in columns),
        np.array(rows.lines, np.int64),
        tuple(rows.padded),
        tuple(rows.resplit),
        tuple(rows.bad),
        tuple(rows.left_out),
    )


def _first_of_footer(records: Sequence[Record], width: int) -> int:
    """The index of the first of the rows at the end that hold a single cell where the table has several."""
    place = len(records)
    while (
        width > 1
        and place > 0
        and sum(1 for cell in records[place - 1].cells if cell) <= 1
        and (len(records[place - 1].cells) < width)
    ):
        place -= 1
    return place


def _fitted(raw: str, cells: Cells, dialect: Dialect, width: int) -> tuple[Cells | None, str | None]:
    """A row of the right width out of one of another width, and what was done to it; None: there is no way."""
    if len(cells) > width and not any(cells[width:]):
        return cells[:width], None
    if width > 1 and (len(cells) == 1 or len(cells) > width):
        for other in OTHER_DELIMITERS:
            if other != dialect.delimiter and raw.count(other) == width - 1:
                return [cell.strip(dialect.quote or None) or None for cell in raw.split(other)], "resplit"
    if len(cells) < width:
        return [*cells, *[None] * (width - len(cells))], "padded"
    return None, None
