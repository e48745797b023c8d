"""Parquet, Arrow and Feather: tables that know their types already."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analyzer.errors import EmptyDataset, InvalidParameters, ParseError, TooWide
from analyzer.ingest.arrow_file import arrow_file
from analyzer.ingest.compression import check_proportion
from analyzer.ingest.delimited_opening import require_columns
from analyzer.ingest.findings import MAX_SAMPLES, Change, Findings, shortened
from analyzer.ingest.headers import unique_names
from analyzer.ingest.limits import Limits
from analyzer.ingest.source import Source
from analyzer.models.datasets import CellSample, ColumnReading, ColumnType, ReadingOptions, ReadingReport, TableSchema

KINDS: dict[ColumnType, Callable[[pa.DataType], bool]] = {
    "text": pa.types.is_string,
    "integer": pa.types.is_integer,
    "number": lambda type_: pa.types.is_floating(type_) or pa.types.is_decimal(type_),
    "boolean": pa.types.is_boolean,
    "timestamp": pa.types.is_timestamp,
}
"""Which types of a file are what is asked for already."""
BATCH_ROWS = 16_384
PARQUET_END_BYTES = 8
ARROW_END_BYTES = 10
"""What follows the footer: its length in four bytes, and the format's name."""


def read_parquet(
    source: Source, target: Path, options: ReadingOptions, limits: Limits
) -> tuple[TableSchema, ReadingReport]:
    """Store a Parquet file as an Arrow file. What it claims, and what it becomes, is held against its size."""
    with source.open_seekable() as stream:
        size = stream.seek(0, 2)
        footer = {"offset": _footer_start(stream, size, PARQUET_END_BYTES)}
        with _damage_named("Parquet", footer):
            metadata = pq.ParquetFile(stream).metadata
            sizes = [metadata.row_group(place).total_byte_size for place in range(metadata.num_row_groups)]
            largest = {"row_group": sizes.index(max(sizes))} if sizes else footer
            check_proportion(max(sum(sizes), metadata.num_rows * metadata.num_columns), size, limits, where=largest)
            schema = pq.ParquetFile(stream).schema_arrow
            texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_binary(field.type)]
            file = pq.ParquetFile(stream, read_dictionary=texts)
            schema = file.schema_arrow
        return _store(schema, _of_row_groups(file), size, source, target, options, "Parquet", limits, footer)


def _footer_start(stream: BinaryIO, size: int, end_bytes: int) -> int:
    """Where the footer begins, as the last bytes of the file tell; where it should end, if they tell nothing."""
    end = max(0, size - end_bytes)
    stream.seek(end)
    length = int.from_bytes(stream.read(4), "little")
    stream.seek(0)
    return end - length if length <= end else end


def _of_row_groups(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    for place in range(file.num_row_groups):
        with _damage_named("Parquet", {"row_group": place}):
            for batch in file.iter_batches(BATCH_ROWS, row_groups=[place]):
                batch.validate(full=True)  # the library does not look whether text is text
                yield batch


def read_arrow(
    source: Source, target: Path, options: ReadingOptions, limits: Limits
) -> tuple[TableSchema, ReadingReport]:
    """Store an Arrow file, Arrow stream or Feather file (version 2) as an uncompressed Arrow file."""
    with source.open_seekable() as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        is_stream = stream.read(6) != b"ARROW1"
        stream.seek(0)
        described = {"offset": 0 if is_stream else _footer_start(stream, size, ARROW_END_BYTES)}
        with _damage_named("Arrow", described):
            reader = pa.ipc.open_stream(stream) if is_stream else pa.ipc.open_file(stream)
            schema = reader.schema
        batches = iter(reader) if is_stream else map(reader.get_batch, range(reader.num_record_batches))
        return _store(schema, _valid(batches), size, source, target, options, "Arrow", limits, described)


def _valid(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches, if what they say of themselves is true; a damaged file would read foreign memory otherwise."""
    for place in count():
        with _damage_named("Arrow", {"record_batch": place}):
            if (batch := next(batches, None)) is None:
                return
            batch.validate(full=True)
        yield batch


def _store(
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    size: int,
    source: Source,
    target: Path,
    options: ReadingOptions,
    format_: str,
    limits: Limits,
    described: Mapping[str, int],
) -> tuple[TableSchema, ReadingReport]:
    """Write the batches in types that every analysis knows, as long as they stay in proportion to the file.

    Raises InvalidParameters where a type is asked for that a column cannot be stored in. `described` is the place of
    the schema in the file.
    """
    flat = flattened(schema)
    if not flat:
        raise EmptyDataset("The file has no columns.", where=described)
    if len(flat) > limits.max_columns:
        raise TooWide(
            f"The table has {len(flat):,} columns; the limit is {limits.max_columns:,}.",
            where={"column": limits.max_columns + 1},
            limit=limits.max_columns,
        )
    header = unique_names([field.name for field in flat])
    plainest = {name: plain_type(field.type) for name, field in zip(header.names, flat, strict=True)}
    stored = pa.schema(_types_asked(plainest, options.types, format_))
    inflated, findings = 0, Findings()
    with arrow_file(target, stored) as file:
        for batch in batches:
            where = {"row": file.rows + 1}
            with _damage_named(format_, where):
                columns = _columns(batch)
                inflated += sum(map(_plain_bytes, columns))
                check_proportion(inflated, size, limits, where=where)
                plain = [plainly(column, type_) for column, type_ in zip(columns, plainest.values(), strict=True)]
                plain = [cells.cast(field.type) for cells, field in zip(plain, stored, strict=True)]
                made = pa.record_batch(plain, schema=stored)
            for field, column, texts in zip(stored, columns, plain, strict=True):
                _note_bytes(field.name, column, texts, findings)
            file.write(made)
    for original, name in header.renamed:
        findings.warn(f"The column {original!r} became {name!r}.")
    if not file.rows:
        findings.warn("The file holds columns and no rows.")
    readings = tuple(
        ColumnReading(
            name=field.name,
            type=str(field.type),
            reason=_reason(field.type, before.type, asked=field.type != plainest[field.name]),
            original_name=before.name if before.name != field.name else None,
        )
        for field, before in zip(stored, flat, strict=True)
    )
    return file.shape, ReadingReport(
        format=format_,
        compression=source.compression,
        columns=readings,
        coercions=findings.coercions,
        warnings=tuple(findings.warnings),
    )


def _types_asked(
    plainest: Mapping[str, pa.DataType], asked: Mapping[str, ColumnType], format_: str
) -> dict[str, pa.DataType]:
    """The types of the columns: the file's, but for numbers and booleans that are asked for as text."""
    require_columns(asked, tuple(plainest))
    types = dict(plainest)
    for name, wanted in asked.items():
        if KINDS[wanted](types[name]):
            continue
        if wanted != "text" or pa.types.is_temporal(types[name]):
            raise InvalidParameters(
                f"Column {name!r} is {types[name]} in this {format_} file and cannot be read as {wanted}; only numbers "
                f"and booleans can be, as text. Leave it out of `types`.",
                errors=[{"pointer": f"/types/{name}", "detail": f"{types[name]} cannot be read as {wanted}"}],
            )
        types[name] = pa.string()
    return types


def _reason(type_: pa.DataType, before: pa.DataType, *, asked: bool) -> str:
    if type_ == before:
        return "as the file says"
    return f"{'as asked' if asked else 'stored plainly'}; the file says {before}"


def _note_bytes(name: str, column: pa.Array, texts: pa.Array, findings: Findings) -> None:
    """Note the cells of bytes that are no text, and so are stored as their hexadecimal digits."""
    column = column.storage if isinstance(column.type, pa.BaseExtensionType) else column
    if pa.types.is_dictionary(column.type) and _is_binary(column.type.value_type):
        column = column.dictionary_decode()
    if not _is_binary(column.type):
        return
    changed = np.flatnonzero(pc.not_equal(pc.cast(column, pa.binary()), pc.cast(texts, pa.binary())).fill_null(False))
    if len(changed):
        shown = (shortened(texts[row].as_py()) for row in changed[:MAX_SAMPLES].tolist())
        samples = tuple(CellSample(line=None, text=text) for text in shown)
        findings.add_change(name, Change("bytes that are no text, stored as hexadecimal digits", len(changed), samples))


def _is_binary(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(type_)
        or pa.types.is_large_binary(type_)
        or pa.types.is_fixed_size_binary(type_)
        or pa.types.is_binary_view(type_)
    )


def flattened(schema: pa.Schema) -> list[pa.Field]:
    """The columns of a table of which the records are taken apart, one level deep."""
    return [
        pa.field(f"{field.name}.{inner.name}", inner.type) if pa.types.is_struct(field.type) else field
        for field in schema
        for inner in (field.type if pa.types.is_struct(field.type) else [field])
    ]


def _columns(batch: pa.RecordBatch) -> list[pa.Array]:
    """The columns of a batch, records taken apart."""
    return [
        inner
        for column in batch.columns
        for inner in (column.flatten() if pa.types.is_struct(column.type) else [column])
    ]


def _plain_bytes(column: pa.Array) -> int:
    """What a column will take once its dictionary is spelt out."""
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    if not (pa.types.is_string(column.type.value_type) or pa.types.is_binary(column.type.value_type)):
        return 8 * len(column)
    lengths = pc.binary_length(column.dictionary).take(column.indices)
    return int(pc.sum(lengths).as_py() or 0) + 4 * len(column)


def plain_type(type_: pa.DataType) -> pa.DataType:
    """The type a column is stored in: no dictionaries, no nesting, dates as timestamps."""
    if pa.types.is_dictionary(type_):
        return plain_type(type_.value_type)
    if pa.types.is_date(type_):
        return pa.timestamp("us")
    if isinstance(type_, pa.BaseExtensionType):
        return plain_type(type_.storage_type)
    keeps = pa.types.is_primitive(type_) or pa.types.is_decimal(type_)
    return type_ if keeps and not pa.types.is_float16(type_) else pa.float32() if keeps else pa.string()


def plainly(column: pa.Array, type_: pa.DataType) -> pa.Array:
    """The column in its plain type; nested values and bytes that are no text as JSON."""
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if type_ == pa.string() and not _is_text(column.type):
        return pa.array([None if cell is None else _as_text(cell) for cell in column.to_pylist()], pa.string())
    try:
        return pc.cast(column, type_)
    except pa.ArrowInvalid:
        return pa.array([None if cell is None else _as_text(cell) for cell in column.to_pylist()], type_)


def _is_text(type_: pa.DataType) -> bool:
    return any(
        test(type_)
        for test in (
            pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null,
            pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view,
        )
    )  # fmt: skip


def _as_text(value: object) -> str:
    """A nested value as JSON; bytes as text, or in hexadecimal where they are none."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.hex()
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


@contextmanager
def _damage_named(format_: str, where: Mapping[str, int]) -> Iterator[None]:
    """Raise ParseError for whatever Arrow finds wrong at a place of a file."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        what = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        raise ParseError(f"The {format_} file is damaged: {what}", where=where) from error
