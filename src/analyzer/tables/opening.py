"""Opening a stored table."""

from functools import lru_cache

import pyarrow as pa


@lru_cache(maxsize=4)
def open_table(path: str) -> pa.Table:
    """The table of an Arrow file, memory-mapped. The last few stay open, since parts of one run come in a row."""
    with pa.memory_map(path) as source:
        return pa.ipc.open_file(source).read_all()
