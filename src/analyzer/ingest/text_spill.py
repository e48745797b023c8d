"""Columns of text on disk, for formats of which the columns and types are known only at the end."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

import pyarrow as pa

CHUNK_ROWS = 65_536


class TextSpill:
    """Chunks of named text columns in a temporary file. A chunk without some column has nulls there."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._starts: list[int] = []
        self.rows = 0

    def add(self, columns: Mapping[str, Sequence[str | None]]) -> None:
        """Append rows."""
        batch = pa.record_batch({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
        self._starts.append(self._file.tell())
        with pa.ipc.new_stream(self._file, batch.schema) as writer:
            writer.write_batch(batch)
        self.rows += batch.num_rows

    def chunks(self, names: Sequence[str]) -> Iterator[list[pa.StringArray]]:
        """The rows from the first on, as these columns."""
        for start in self._starts:
            self._file.seek(start)
            batch = pa.ipc.open_stream(self._file).read_next_batch()
            present = set(batch.schema.names)
            yield [batch[name] if name in present else pa.nulls(batch.num_rows, pa.string()) for name in names]


@contextmanager
def text_spill() -> Iterator[TextSpill]:
    """A spill that is gone when the block ends."""
    with tempfile.TemporaryFile() as file:
        yield TextSpill(file)
