"""What is counted over all cells of a table."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.analyses.figures import columns

Array = npt.NDArray[Any]


def count_rows(table: pa.Table) -> dict[str, int]:
    """`{complete_rows, empty_rows, bytes_in_memory}`."""
    any_gap = np.zeros(table.num_rows, dtype=bool)
    all_gaps = np.full(table.num_rows, bool(table.num_columns))
    for name in table.column_names:
        column = columns.plain(table.column(name))
        if not column.null_count and not pa.types.is_floating(column.type):
            all_gaps[:] = False
            continue
        mask = pc.is_null(column, nan_is_null=True).to_numpy()
        any_gap |= mask
        all_gaps &= mask
    return {
        "complete_rows": table.num_rows - int(any_gap.sum()),
        "empty_rows": int(all_gaps.sum()),
        "bytes_in_memory": table.nbytes,
    }
