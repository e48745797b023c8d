"""Rows that are equal in some columns, group by group."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.analyses.figures import columns
from analyzer.analyses.figures.hashing import repeated
from analyzer.analyses.figures.wire import shortened, unknown
from analyzer.analyses.findings.rows import groups_of, identities_of, row_hashes

Array = npt.NDArray[Any]

MAX_ROWS = 10


def of_key(
    table: pa.Table, names: Sequence[str], most: int, *, whole: bool = False, none: bool = False
) -> dict[str, Any]:
    """`{columns, extra_copies, rows_in_groups, groups, rows_with_missing, unique, samples, notes}` of rows equal in
    these.

    Missing values equal each other. `samples` are the largest groups, `most` of them. Lists and their like are not
    compared: they are left out of `whole` rows, and no other key has them. It may be known that there are `none`.
    """
    plain = [columns.plain(table.column(name)) for name in names]
    comparable = [column for column in plain if columns.kind_of(column.type) != "unsupported"]
    compared = len(comparable) == len(plain) or (whole and bool(comparable))
    order, starts, sizes = (np.zeros(0, np.int64),) * 3 if none or not compared else _groups(comparable, table.num_rows)
    gone = np.zeros(table.num_rows, dtype=bool)
    for column in plain:
        if column.null_count or pa.types.is_floating(column.type):
            gone |= pc.is_null(column, nan_is_null=True).to_numpy()
    largest = np.lexsort((order[starts], -sizes))[:most]
    extra = int(sizes.sum()) - sizes.size
    counts = {
        "extra_copies": extra,
        "rows_in_groups": int(sizes.sum()),
        "groups": sizes.size,
        "unique": not extra and not gone.any() and table.num_rows > 0,
    }
    told: dict[str, Any] = counts | {"notes": {}} if compared else unknown(tuple(counts), "unsupported")
    return {
        "columns": list(names),
        **told,
        "rows_with_missing": int(gone.sum()),
        "samples": [_sample(table, names, order[starts[one] : starts[one] + sizes[one]]) for one in largest],
    }


def _groups(plain: Sequence[pa.ChunkedArray], rows: int) -> tuple[Array, Array, Array]:
    """Rows, equal ones together and in ascending order; where groups of several start, and their sizes."""
    text = [column for column in plain if columns.kind_of(column.type) == "categorical"]
    others = [column for column in plain if columns.kind_of(column.type) != "categorical"]
    # Text is the dearest to tell apart, so it is only asked where everything else is equal.
    suspects = repeated(row_hashes(others)) if others else np.arange(rows if text else 0)
    if not suspects.size:
        return suspects, suspects, suspects
    order, same = groups_of([partial(identities_of, column, suspects) for column in plain], suspects.size)
    starts = np.flatnonzero(np.append(True, ~same))
    sizes = np.diff(np.append(starts, order.size))
    return suspects[order], starts[sizes > 1], sizes[sizes > 1]


def _sample(table: pa.Table, names: Sequence[str], rows: Array) -> dict[str, Any]:
    first = int(rows[0])
    values = {name: _shown(table.column(name)[first]) for name in list(names)[:50]}
    return {"n": int(rows.size), "rows": rows[:MAX_ROWS].tolist(), "values": values}


def _shown(cell: pa.Scalar) -> str | None:
    """The cell as text; None where it is missing."""
    value = cell.as_py()
    return None if value is None or value != value else shortened(str(value))
