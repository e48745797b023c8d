"""Writing a table as an uncompressed Arrow IPC file, in batches of bounded size."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from analyzer.models.datasets import ColumnSchema, TableSchema

MIN_BATCH_ROWS = 32_768
MAX_BATCH_ROWS = 1_048_576
MAX_BATCH_BYTES = 64 * 1024 * 1024


class ArrowFile:
    """An Arrow file being written. Batches wait until enough rows are together, so a table has few chunks."""

    def __init__(self, writer: pa.RecordBatchFileWriter, schema: pa.Schema) -> None:
        self.schema = schema
        self.rows = 0
        self._writer = writer
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add a batch of the file's schema."""
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        self._waiting_bytes += batch.nbytes
        self.rows += batch.num_rows
        if self._waiting_rows >= MIN_BATCH_ROWS or self._waiting_bytes >= MAX_BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            table = pa.Table.from_batches(self._waiting, schema=self.schema)
            if len(self._waiting) > 1:
                table = table.combine_chunks()
            self._writer.write_table(table, max_chunksize=MAX_BATCH_ROWS)
            self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0

    @property
    def shape(self) -> TableSchema:
        """Rows and columns of what was written."""
        columns = tuple(ColumnSchema(name=field.name, type=str(field.type)) for field in self.schema)
        return TableSchema(rows=self.rows, columns=columns)


@contextmanager
def arrow_file(target: Path, schema: pa.Schema) -> Iterator[ArrowFile]:
    """Open `target` for writing batches of `schema`. A failure leaves an unfinished file behind for the caller."""
    with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        file = ArrowFile(writer, schema)
        yield file
        file.flush()
