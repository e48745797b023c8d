"""What a worker keeps of large tables while it works on them, and afterwards."""

import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.tables import letting_go, open_table
from analyzer.tables.opening import MAPPED_BYTES, mapped_bytes

ROWS = MAPPED_BYTES // 8 * 3 // 2


def test_little_of_a_large_table_stays_mapped_and_nothing_is_lost(tmp_path: Path) -> None:
    path = str(tmp_path / "table")
    table = pa.table({"a": pa.repeat(1.5, ROWS)})
    with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=ROWS // 4)
    del table
    column = open_table(path).column("a")
    before = mapped_bytes()
    with letting_go(path):
        assert pc.sum(column).as_py() == 1.5 * ROWS
        while mapped_bytes() - before > MAPPED_BYTES:
            time.sleep(0.005)
        assert pc.sum(column[: ROWS // 4]).as_py() == 1.5 * (ROWS // 4)
    assert mapped_bytes() - before < MAPPED_BYTES // 8
    assert pc.sum(column).as_py() == 1.5 * ROWS
