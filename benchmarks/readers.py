"""One file read once in a process of its own, so that time, processor time and peak memory are of that alone.

python benchmarks/readers.py duckdb mixed-1m.csv [table.arrow]     # prints JSON; started by benchmarks/ingest.py
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent.parent / "src")]

BLOCK_BYTES = 16 * 1024 * 1024

Read = Callable[[], Any]


def analyzer(path: Path, target: Path) -> Read:
    """CSV to a stored table that can be mapped, with as many threads as Arrow takes by itself."""
    from analyzer.ingest import ingest
    from analyzer.models.datasets import ReadingOptions

    return lambda: ingest(path, target, filename=path.name, options=ReadingOptions())


def analyzer_slot(path: Path, target: Path) -> Read:
    """The same with one thread, as in a worker of the server."""
    import pyarrow as pa

    pa.set_cpu_count(1)
    return analyzer(path, target)


def pyarrow(path: Path, target: Path) -> Read:
    """Into memory; nothing is stored."""
    import pyarrow.csv as pacsv

    return lambda: pacsv.read_csv(path, read_options=pacsv.ReadOptions(block_size=BLOCK_BYTES))


def pyarrow_system(path: Path, target: Path) -> Read:
    """The same with the system's allocator, which can be a good deal faster here than Arrow's own."""
    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())
    return pyarrow(path, target)


def pandas_c(path: Path, target: Path) -> Read:
    import pandas as pd

    return lambda: pd.read_csv(path, engine="c")


def pandas_pyarrow(path: Path, target: Path) -> Read:
    import pandas as pd
    import pyarrow.csv  # noqa: F401 - imported before the clock starts

    return lambda: pd.read_csv(path, engine="pyarrow")


def polars(path: Path, target: Path) -> Read:
    import polars as pl  # type: ignore[import-not-found, unused-ignore]

    return lambda: pl.read_csv(path)


def duckdb(path: Path, target: Path) -> Read:
    import duckdb  # type: ignore[import-not-found, unused-ignore]

    connection = duckdb.connect()
    return lambda: connection.execute("create table t as from read_csv(?)", [str(path)])


def open_ours(path: Path, target: Path) -> Read:
    """The first column of a stored table, as the server opens it."""
    import pyarrow.compute as pc

    from analyzer.tables import open_table

    return lambda: pc.count(open_table(str(path)).column(0))


def open_bare(path: Path, target: Path) -> Read:
    """The same of a bare memory map."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return lambda: pc.count(pa.ipc.open_file(pa.memory_map(str(path))).read_all().column(0))


READERS: dict[str, Callable[[Path, Path], Read]] = {
    "analyzer": analyzer,
    "analyzer, one thread": analyzer_slot,
    "pyarrow.csv": pyarrow,
    "pyarrow.csv, system": pyarrow_system,
    "pandas C": pandas_c,
    "pandas pyarrow": pandas_pyarrow,
    "polars": polars,
    "duckdb": duckdb,
    "open_table": open_ours,
    "bare mmap": open_bare,
}


def peak_mb(pid: str = "self") -> float:
    """The most memory the process has had, in MB; none if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0) / 1024


def main() -> None:
    reader, path = sys.argv[1], Path(sys.argv[2])
    read = READERS[reader](path, Path(sys.argv[3] if len(sys.argv) > 3 else "/dev/null"))
    wall, cpu = time.perf_counter(), time.process_time()
    kept = read()
    figures = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu, "peak_mb": peak_mb()}
    del kept
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
