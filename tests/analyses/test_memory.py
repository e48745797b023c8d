"""What looks at all columns of a table together takes memory by the row, however many columns there are."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from analyzer.analyses.findings import groups, missingness, rows
from analyzer.analyses.findings.thresholds import Thresholds

ROWS, COLUMNS = 400_000, 40
BYTES_PER_ROW = 80
"""A hash, its sort, and one column as it is compared; all columns together would be 320."""

WHOLE: dict[str, Callable[[pa.Table], dict[str, Any]]] = {
    "duplicates": lambda table: rows.examine(table, Thresholds()),
    "groups": lambda table: groups.of_key(table, table.column_names, 10),
    "patterns": missingness.together,
}


@pytest.fixture(scope="module", params=["all different", "all twice"])
def table(request: pytest.FixtureRequest) -> pa.Table:
    random = np.random.default_rng(1)
    columns: dict[str, Any] = {}
    for place in range(COLUMNS):
        values = random.integers(0, 10**9, ROWS)
        if request.param == "all twice":
            values[ROWS // 2 :] = values[: ROWS // 2]
        columns[f"x{place}"] = pa.array(values, mask=values % 50 == place)
    return pa.table(columns)


@pytest.mark.parametrize("what", WHOLE)
def test_memory_is_that_of_few_columns(table: pa.Table, what: str) -> None:
    tracemalloc.start()
    try:
        WHOLE[what](table)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert taken < BYTES_PER_ROW * ROWS
