"""Reading: the bytes of an uploaded file become an Arrow file and a report of what that changed and lost."""

from pathlib import Path

from analyzer.errors import EmptyDataset, UnsupportedFormat
from analyzer.ingest.delimited import read_delimited
from analyzer.ingest.limits import DEFAULT_LIMITS, Limits
from analyzer.ingest.recognise import refuse_markup, signature
from analyzer.ingest.source import Source
from analyzer.models.datasets import ReadingOptions, ReadingReport, TableSchema

HEAD_BYTES = 4096


def ingest(
    source: Path, target: Path, *, filename: str, options: ReadingOptions, limits: Limits = DEFAULT_LIMITS
) -> tuple[TableSchema, ReadingReport]:
    """Store the table in the file `source` at `target`, as an uncompressed Arrow IPC file that can be memory-mapped.

    `filename` is what the user called it. Raises EmptyDataset, UnsupportedFormat, ParseError and the other upload
    errors; what is then at `target` is worthless.
    """
    with source.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        raise EmptyDataset(f"{filename!r} has no bytes.")
    if (found := signature(head)) is not None:
        raise UnsupportedFormat(f"{filename!r} is a {found}, which this server does not read.", recognised=found)
    refuse_markup(head)
    return read_delimited(Source(source), target, options, limits)
