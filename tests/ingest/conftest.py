"""Reading a text in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from analyzer.ingest import ingest
from analyzer.models.datasets import ReadingOptions, ReadingReport

Read = Callable[..., tuple[pa.Table, ReadingReport]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Bytes or text in, the stored table and the report out."""

    def run(content: bytes | str, filename: str = "table.csv", **options: Any) -> tuple[pa.Table, ReadingReport]:
        source, target = tmp_path / "upload", tmp_path / "table.arrow"
        source.write_bytes(content.encode() if isinstance(content, str) else content)
        shape, report = ingest(source, target, filename=filename, options=ReadingOptions(**options))
        with pa.memory_map(str(target)) as mapped:
            table = pa.ipc.open_file(mapped).read_all()
        assert shape.rows == table.num_rows
        assert shape.names == tuple(table.column_names)
        assert [column.type for column in shape.columns] == [str(field.type) for field in table.schema]
        return table, report

    return run
