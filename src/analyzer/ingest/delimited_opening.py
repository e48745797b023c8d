"""What the first part of a delimited text tells about all of it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import pyarrow as pa

from analyzer.errors import EmptyDataset, InvalidParameters, LineTooLong
from analyzer.ingest.column_types import ColumnPlan, Hints, fix, plan_columns
from analyzer.ingest.dialect import Dialect
from analyzer.ingest.dialect_detection import detect_dialect
from analyzer.ingest.encoding import Encoding, detect_encoding, repaired, utf8_pieces
from analyzer.ingest.layout import Layout, find_layout
from analyzer.ingest.limits import Limits
from analyzer.ingest.recognise import refuse_binary
from analyzer.ingest.records import LINE_END, RecordReader
from analyzer.ingest.source import Source, read_up_to
from analyzer.ingest.text_blocks import count_lines
from analyzer.models.datasets import ReadingOptions

TOLD_DELIMITER = re.compile(r'"?sep=([^\r\n"])"?(?:\r\n?|\n)')
"""The line by which Excel is told the delimiter."""
SAMPLE_BYTES = 256 * 1024
SAMPLE_LINES = 50
SAMPLE_RECORDS = 2_000


@dataclass(frozen=True)
class Opening:
    """How the text is to be read; its data begin `start_bytes` into its UTF-8 form (the mark not counted)."""

    encoding: Encoding
    dialect: Dialect
    layout: Layout
    plans: tuple[ColumnPlan, ...]
    start_bytes: int
    line: int
    row_bytes: int

    @property
    def valued(self) -> frozenset[int]:
        """The places of columns that hold numbers, dates or booleans as far as was looked."""
        return frozenset(place for place, plan in enumerate(self.plans) if plan.type != "text")


@dataclass(frozen=True)
class Sample:
    """The first part of a text in UTF-8 as it stands, and whether the text ends with it."""

    encoding: Encoding
    utf8: bytes
    whole: bool


def read_opening(source: Source, options: ReadingOptions, limits: Limits) -> Opening:
    """Detect what the options leave open. Raises EmptyDataset, UnsupportedFormat, LineTooLong, TooWide."""
    sample = take_sample(source, options, limits)
    text = repaired(sample.utf8)[0].decode()
    if not text.strip():
        raise EmptyDataset("The file is empty or has only blank lines.", where={"line": count_lines(sample.utf8) + 1})
    refuse_binary(text)
    skipped = _end_of_lines(text, options.skip_rows or 0)
    if (told := TOLD_DELIMITER.match(text, skipped)) is not None:
        skipped = told.end()
        options = options if options.delimiter else options.model_copy(update={"delimiter": told[1]})
    dialect = detect_dialect(text[skipped:], options)
    records = list(islice(RecordReader(dialect).read(text[skipped:], last=sample.whole), SAMPLE_RECORDS))
    if not records:
        raise EmptyDataset(
            "Nothing is left after the lines that were to be skipped.", where={"line": count_lines(sample.utf8) + 1}
        )
    layout = find_layout(records, options.header, limits)
    plans = _plans(layout, options, dialect.delimiter)
    before = sample.utf8.decode("utf-8", "surrogateescape")[: skipped + layout.start].encode("utf-8", "surrogateescape")
    row_bytes = len(sample.utf8) // max(1, count_lines(sample.utf8))
    return Opening(sample.encoding, dialect, layout, tuple(plans), len(before), count_lines(before), row_bytes)


def take_sample(source: Source, options: ReadingOptions, limits: Limits) -> Sample:
    """The first part of the text: 256 KiB, or more where lines are long."""
    size = SAMPLE_BYTES
    while True:
        head = source.head(size)
        encoding = detect_encoding(head, options.encoding)
        with source.open() as stream:
            read_up_to(stream, encoding.mark_bytes)
            utf8, _ = next(utf8_pieces(stream, encoding, max(1, len(head) - encoding.mark_bytes)), (b"", 0))
        whole, lines = len(head) < size, count_lines(utf8)
        if lines >= SAMPLE_LINES or (whole and len(utf8) <= limits.max_line_bytes):
            return Sample(encoding, utf8, whole)
        if size > limits.max_line_bytes:
            if lines > 1:
                return Sample(encoding, utf8, whole)
            raise LineTooLong(
                f"The first line is longer than {limits.max_line_bytes:,} bytes.",
                where={"line": 1},
                limit=limits.max_line_bytes,
            )
        size *= 4


def _end_of_lines(text: str, count: int) -> int:
    """Where the line after the first `count` lines begins."""
    place = 0
    for ending in islice(LINE_END.finditer(text), count):
        place = ending.end()
    return place


def _plans(layout: Layout, options: ReadingOptions, delimiter: str) -> list[ColumnPlan]:
    """The types of the columns, as the first rows suggest and the options demand."""
    columns = zip(*layout.rows, strict=True) if layout.rows else [()] * layout.width
    plans = plan_columns([pa.array(column, pa.string()) for column in columns], options, delimiter)
    return fixed_plans(plans, layout.header.names, options)


def fixed_plans(plans: list[ColumnPlan], names: tuple[str, ...], options: ReadingOptions) -> list[ColumnPlan]:
    """The plans with the types the user decided. Raises InvalidParameters for a column that does not exist."""
    require_columns(options.types, names)
    return [
        fix(plan, options.types[name], Hints.of(options)) if name in options.types else replace(plan)
        for name, plan in zip(names, plans, strict=True)
    ]


def require_columns(wanted: Iterable[str], names: Sequence[str]) -> None:
    """Raise InvalidParameters for a column whose type the user decided and that does not exist."""
    unknown = [name for name in wanted if name not in names]
    if unknown:
        shown = ", ".join(names[:20])
        raise InvalidParameters(
            f"There is no column {unknown[0]!r}; the columns are {shown}.",
            errors=[{"pointer": f"/types/{name}", "detail": "no such column"} for name in unknown],
        )
