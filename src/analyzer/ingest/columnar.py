"""Parquet, Arrow and Feather: tables that know their types already."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analyzer.errors import DecompressionLimit, EmptyDataset, ParseError, TooWide
from analyzer.ingest.arrow_file import arrow_file
from analyzer.ingest.compression import check_proportion
from analyzer.ingest.findings import Findings
from analyzer.ingest.headers import unique_names
from analyzer.ingest.limits import Limits
from analyzer.ingest.source import Source
from analyzer.models.datasets import ColumnReading, ReadingOptions, ReadingReport, TableSchema

BATCH_ROWS = 16_384


def read_parquet(source: Source, target: Path, _: ReadingOptions, limits: Limits) -> tuple[TableSchema, ReadingReport]:
    """Store a Parquet file as an Arrow file. What it claims, and what it becomes, is held against its size."""
    with source.open_seekable() as stream, _damage_named("Parquet"):
        size = stream.seek(0, 2)
        stream.seek(0)
        metadata = pq.ParquetFile(stream).metadata
        sizes = [metadata.row_group(place).total_byte_size for place in range(metadata.num_row_groups)]
        largest = {"row_group": sizes.index(max(sizes))} if sizes else {"offset": 0}
        check_proportion(max(sum(sizes), metadata.num_rows * metadata.num_columns), size, limits, where=largest)
        schema = pq.ParquetFile(stream).schema_arrow
        texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_binary(field.type)]
        file = pq.ParquetFile(stream, read_dictionary=texts)
        return _store(file.schema_arrow, file.iter_batches(BATCH_ROWS), size, source, target, "Parquet", limits)


def read_arrow(source: Source, target: Path, _: ReadingOptions, limits: Limits) -> tuple[TableSchema, ReadingReport]:
    """Store an Arrow file, Arrow stream or Feather file (version 2) as an uncompressed Arrow file."""
    with source.open_seekable() as stream, _damage_named("Arrow"):
        size = stream.seek(0, 2)
        stream.seek(0)
        head = stream.read(6)
        stream.seek(0)
        if head != b"ARROW1":
            reader = pa.ipc.open_stream(stream)
            return _store(reader.schema, map(_valid, reader), size, source, target, "Arrow", limits)
        file = pa.ipc.open_file(stream)
        batches = (_valid(file.get_batch(place)) for place in range(file.num_record_batches))
        return _store(file.schema, batches, size, source, target, "Arrow", limits)


def _valid(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch, if what it says about itself is true; a damaged file would read foreign memory otherwise."""
    batch.validate(full=True)
    return batch


def _store(
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    size: int,
    source: Source,
    target: Path,
    format_: str,
    limits: Limits,
) -> tuple[TableSchema, ReadingReport]:
    """Write the batches in types that every analysis knows, as long as they stay in proportion to the file."""
    flat = flattened(schema)
    if not flat:
        raise EmptyDataset("The file has no columns.")
    if len(flat) > limits.max_columns:
        raise TooWide(
            f"The table has {len(flat):,} columns; the limit is {limits.max_columns:,}.",
            where={"column": limits.max_columns + 1},
            limit=limits.max_columns,
        )
    header = unique_names([field.name for field in flat])
    stored = pa.schema([(name, plain_type(field.type)) for name, field in zip(header.names, flat, strict=True)])
    inflated, findings = 0, Findings()
    with arrow_file(target, stored) as file:
        for batch in batches:
            columns = _columns(batch)
            inflated += sum(map(_plain_bytes, columns))
            check_proportion(inflated, size, limits, where={"row": file.rows + 1})
            plain = [plainly(column, field.type) for column, field in zip(columns, stored, strict=True)]
            file.write(pa.record_batch(plain, schema=stored))
    for original, name in header.renamed:
        findings.warn(f"The column {original!r} became {name!r}.")
    if not file.rows:
        findings.warn("The file holds columns and no rows.")
    readings = tuple(
        ColumnReading(
            name=field.name,
            type=str(field.type),
            reason="as the file says" if field.type == before.type else f"stored plainly; the file says {before.type}",
            original_name=before.name if before.name != field.name else None,
        )
        for field, before in zip(stored, flat, strict=True)
    )
    return file.shape, ReadingReport(
        format=format_, compression=source.compression, columns=readings, warnings=tuple(findings.warnings)
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
def _damage_named(format_: str) -> Iterator[None]:
    """Raise ParseError for whatever Arrow finds wrong with a file."""
    try:
        yield
    except DecompressionLimit:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        what = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        raise ParseError(f"The {format_} file is damaged: {what}", where={"offset": 0}) from error
