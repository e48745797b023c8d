"""Blocks of delimited text into columns of text: at once where the block is regular, row by row where it is not."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from analyzer.ingest.layout import REMARKS
from analyzer.ingest.records import RecordReader
from analyzer.ingest.row_fitting import Fitting, TextRows, fit
from analyzer.ingest.text_blocks import STAND_IN, Block, count_lines

MAX_ODD_ROWS = 2_000
"""With more rows of another width in a block, it is read row by row."""


def read_block(block: Block, text: bytes, reader: RecordReader, valued: frozenset[int]) -> TextRows:
    """The rows of a block whose text, repaired, is `text`; every row gets `reader.width` cells or is bad.

    `valued` are the places of columns that hold values and no texts.
    """
    width = reader.width or 1
    if width == 1 and block.last:
        text = text.rstrip(b"\r\n")
    if block.records is None and (rows := _at_once(text, reader, valued, block.last)) is not None:
        return rows
    decoded = text.decode()
    kept = block.records is not None and text == block.text
    records = block.records if kept and block.records is not None else tuple(reader.read(decoded))
    return fit(decoded, records, Fitting(reader.dialect, width, valued), block.last)


def lines_of(rows: TextRows, text: bytes, reader: RecordReader) -> np.ndarray:
    """The line of every row, from 0 at the block's beginning."""
    if rows.lines is not None:
        return rows.lines
    if rows.rows == _all_lines(text):
        return np.arange(rows.rows)
    return np.array([record.line for record in reader.read(text.decode())])


def _all_lines(text: bytes) -> int:
    """How many lines the text has, the last one counted too."""
    return count_lines(text) + (not text.endswith((b"\n", b"\r")))


def _at_once(text: bytes, reader: RecordReader, valued: frozenset[int], last: bool) -> TextRows | None:
    """The rows, read by Arrow; None if it cannot, or if too much about them is odd."""
    delimiter, quote = reader.dialect.delimiter.encode(), reader.dialect.quote.encode()
    if len(delimiter) > 1:
        if STAND_IN in text or (quote and quote in text):
            return None
        text, delimiter = text.replace(delimiter, STAND_IN), STAND_IN
    odd: list[pacsv.InvalidRow] = []

    def set_aside(row: pacsv.InvalidRow) -> str:
        odd.append(row)
        return "error" if last or len(odd) > MAX_ODD_ROWS else "skip"

    try:
        columns = _parse(text, delimiter.decode(), reader.dialect.quote, reader.width or 1, set_aside)
    except pa.ArrowInvalid:
        return None
    if 0 in valued and _any_remark(columns[0]):
        return None
    if not odd:
        return TextRows(columns)
    fitting = Fitting(reader.dialect, len(columns), valued)
    return _spliced(columns, odd, reader, fitting) if len(columns[0]) + len(odd) == _all_lines(text) else None


def _any_remark(cells: pa.StringArray) -> bool:
    """Whether a cell begins as a comment does that is as wide as the table."""
    return any(pc.any(pc.starts_with(cells, mark)).as_py() for mark in REMARKS)


def _parse(
    text: bytes, delimiter: str, quote: str, width: int, set_aside: Callable[[pacsv.InvalidRow], str]
) -> tuple[pa.StringArray, ...]:
    """The columns of a regular text, but for the rows of another width. Empty cells are null, quoted ones are not."""
    names = [str(place) for place in range(width)]
    table = pacsv.read_csv(
        pa.BufferReader(text),
        pacsv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=names),
        pacsv.ParseOptions(
            delimiter=delimiter,
            quote_char=quote or False,
            newlines_in_values=True,
            ignore_empty_lines=width > 1,
            invalid_row_handler=set_aside,
        ),
        pacsv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return tuple(
        column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks) for column in table.columns
    )


def _spliced(
    columns: tuple[pa.StringArray, ...], odd: list[pacsv.InvalidRow], reader: RecordReader, fitting: Fitting
) -> TextRows:
    """The columns with the odd rows, made to fit, at their places. Every row of the block must be one line."""
    delimiter = reader.dialect.delimiter
    for row in odd:
        raw = row.text if len(delimiter) == 1 else row.text.replace(STAND_IN.decode(), delimiter)
        cells = next(reader.read(raw)).cells
        fitting.add(cells, raw, row.number - 1)
    count = len(columns[0])
    regular = np.delete(np.arange(count + len(odd)), [row.number - 1 for row in odd])
    lines = np.concatenate([regular, np.array(fitting.lines, np.int64)])
    order = np.argsort(lines, kind="stable")
    both = [
        pa.concat_arrays([column, fitted]).take(pa.array(order))
        for column, fitted in zip(columns, fitting.columns(), strict=True)
    ]
    places = np.searchsorted(lines[order], np.array(fitting.lines, np.int64))
    return fitting.rows(tuple(both), lines[order], places)
