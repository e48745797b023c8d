"""Reading: the bytes of an uploaded file become an Arrow file and a report of what that changed and lost."""

from pathlib import Path

from analyzer.drafts import bad_rows_file
from analyzer.errors import EmptyDataset, UnsupportedFormat
from analyzer.ingest.columnar import read_arrow, read_parquet
from analyzer.ingest.compression import unpacked
from analyzer.ingest.delimited import read_delimited
from analyzer.ingest.json_tables import read_json
from analyzer.ingest.limits import DEFAULT_LIMITS, Limits
from analyzer.ingest.recognise import is_json, is_json_lines_name, refuse_markup, signature
from analyzer.ingest.source import Origin, Source
from analyzer.ingest.spreadsheets import read_workbook
from analyzer.models.datasets import ReadingOptions, ReadingReport, TableSchema

__all__ = ["DEFAULT_LIMITS", "Limits", "bad_rows_file", "ingest"]

FORMATS = {
    "Parquet file": read_parquet,
    "Arrow file": read_arrow,
    "Arrow stream": read_arrow,
    "zip archive": read_workbook,
    "compound document": read_workbook,
}
HEAD_BYTES = 64 * 1024


def ingest(
    source: Origin, target: Path, *, filename: str, options: ReadingOptions, limits: Limits = DEFAULT_LIMITS
) -> tuple[TableSchema, ReadingReport]:
    """Store the table in a file at `target`, as an uncompressed Arrow IPC file that can be memory-mapped.

    `source` is a path, or a seekable stream that may still be growing; `filename` is what the user called it. Rows that
    did not fit the table are then in `bad_rows_file(target)`. Raises the upload errors (EmptyDataset, ParseError,
    UnsupportedFormat, DecompressionLimit, …), each with the place in `where`, and InvalidParameters; what is then at
    `target` is worthless.
    """
    bytes_ = Source(source)
    if not bytes_.head(1):
        raise EmptyDataset("The file has no bytes.", where={"offset": 0})
    bytes_ = unpacked(bytes_, options.member, limits)
    head = bytes_.head(HEAD_BYTES)
    found = signature(head)
    if found in FORMATS:
        return FORMATS[found](bytes_, target, options, limits)
    if found is not None:
        raise UnsupportedFormat(
            f"The content is a {found}, which this server does not read.", recognised=found, where={"offset": 0}
        )
    refuse_markup(head)
    name = bytes_.inner_name or filename
    if is_json(head, name, whole=len(head) < HEAD_BYTES):
        return read_json(bytes_, target, options, limits, named_lines=is_json_lines_name(name))
    return read_delimited(bytes_, target, options, limits)
