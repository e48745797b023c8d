"""A stored table written in another format, block by block, so that its size does not matter."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from analyzer.models import ExportFormat
from analyzer.tables.moments import far_off_texts, is_far_off

BLOCK_ROWS = 64 * 1024

FORMULA = r"^[=+\-@\t\r]"
"""What spreadsheets take for the beginning of a formula (OWASP, CSV injection)."""


def export(table: pa.Table, target: Path, form: ExportFormat, *, raw: bool) -> None:
    """Write the table to `target`. In CSV, text that looks like a formula gets a `'` in front unless `raw`."""
    WRITERS[form](table, target, raw)


def _write_parquet(table: pa.Table, target: Path, raw: bool) -> None:
    with pq.ParquetWriter(target, table.schema, compression="zstd") as writer:
        for batch in table.to_batches(max_chunksize=BLOCK_ROWS):
            writer.write_batch(batch)


def _write_csv(table: pa.Table, target: Path, raw: bool) -> None:
    fields = zip(table.column_names, table.itercolumns(), strict=True)
    plain = pa.schema([pa.field(_shown(name, raw), _plain_type(column)) for name, column in fields])
    with pacsv.CSVWriter(target, plain) as writer:
        for batch in table.to_batches(max_chunksize=BLOCK_ROWS):
            columns = [_plain(column, type_, raw) for column, type_ in zip(batch.columns, plain.types, strict=True)]
            writer.write_batch(pa.record_batch(columns, schema=plain))


def _plain_type(column: pa.ChunkedArray) -> pa.DataType:
    """The type itself where CSV has a writing for all its values, else text."""
    type_ = column.type
    if pa.types.is_timestamp(type_) and is_far_off(column):
        return pa.string()
    return type_ if pa.types.is_primitive(type_) or pa.types.is_boolean(type_) else pa.string()


def _plain(column: pa.Array, type_: pa.DataType, raw: bool) -> pa.Array:
    if pa.types.is_timestamp(column.type) and type_ == pa.string():
        return far_off_texts(column)
    cells = column.cast(type_)
    if raw or not pa.types.is_string(column.type):
        return cells
    looks = pc.match_substring_regex(cells, FORMULA)
    return pc.if_else(looks, pc.binary_join_element_wise("'", cells, ""), cells)


def _shown(name: str, raw: bool) -> str:
    return name if raw or not name.startswith(("=", "+", "-", "@", "\t", "\r")) else f"'{name}"


WRITERS: dict[ExportFormat, Callable[[pa.Table, Path, bool], None]] = {
    ExportFormat.PARQUET: _write_parquet,
    ExportFormat.CSV: _write_csv,
}
