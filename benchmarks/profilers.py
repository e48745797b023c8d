"""The same figures by other libraries; `benchmarks/catalogue.py` starts this in the peers' environments.

python benchmarks/profilers.py TABLE.parquet REPEATS MATRIX.npy WHAT…     # prints JSON

Printed is {what: [[seconds, processor seconds]]}. Each finds the table in memory already, in the form it likes best,
and is timed from there to its figures.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

Work = Callable[[], Any]


def pandas_describe(path: str) -> Work:
    import pandas as pd

    frame = pd.read_parquet(path)
    return lambda: frame.describe(include="all")


def pandas_corr(path: str) -> Work:
    import pandas as pd

    frame = pd.read_parquet(path)
    return lambda: frame.corr(numeric_only=True).to_numpy()


def polars_describe(path: str) -> Work:
    import polars as pl  # of the peers' environment

    frame = pl.read_parquet(path)
    describe: Work = frame.describe
    return describe


def duckdb_summarize(path: str) -> Work:
    import duckdb
    import pyarrow.parquet as pq

    connection = duckdb.connect()
    connection.register("given", pq.read_table(path))
    connection.execute("CREATE TABLE own AS SELECT * FROM given")
    return lambda: connection.execute("SUMMARIZE own").fetchall()


def _ydata(path: str, *, minimal: bool, page: bool = False) -> Work:
    """The figures as objects of Python, or the page for which people start it."""
    import pandas as pd
    from ydata_profiling import ProfileReport  # type: ignore[import-not-found]

    frame = pd.read_parquet(path)

    def profile() -> Any:
        report = ProfileReport(frame, minimal=minimal, progress_bar=False)
        return report.to_html() if page else report.get_description()

    return profile


WHATS: dict[str, Callable[[str], Work]] = {
    "pandas describe": pandas_describe,
    "pandas corr": pandas_corr,
    "polars describe": polars_describe,
    "DuckDB SUMMARIZE": duckdb_summarize,
    "ydata minimal": lambda path: _ydata(path, minimal=True),
    "ydata minimal's page": lambda path: _ydata(path, minimal=True, page=True),
    "ydata full": lambda path: _ydata(path, minimal=False),
    "ydata full's page": lambda path: _ydata(path, minimal=False, page=True),
}


def main() -> None:
    path, repeats, matrix, *whats = sys.argv[1:]
    warnings.simplefilter("ignore")
    found: dict[str, list[tuple[float, float]]] = {}
    for what in whats:
        work = WHATS[what](path)
        for _ in range(int(repeats)):
            began = time.perf_counter(), time.process_time()
            figures = work()
            found.setdefault(what, []).append((time.perf_counter() - began[0], time.process_time() - began[1]))
        if what == "pandas corr":
            import numpy as np

            np.save(matrix, figures)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
