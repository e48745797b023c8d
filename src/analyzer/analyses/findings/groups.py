"""Rows that are equal in some columns, group by group."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.analyses.figures import columns
from analyzer.analyses.figures.hashing import hashes, repeated
from analyzer.analyses.figures.wire import shortened
from analyzer.analyses.findings.rows import exact_groups, identities, neighbours

Array = npt.NDArray[Any]

MAX_ROWS = 10


def of_key(table: pa.Table, names: Sequence[str], most: int) -> dict[str, Any]:
    """`{columns, extra_copies, rows_in_groups, groups, rows_with_missing, unique, samples}` of rows equal in these.

    Missing values equal each other. `samples` are the largest groups, `most` of them.
    """
    plain = [columns.plain(table.column(name)) for name in names]
    groups = _groups([column for column in plain if columns.kind_of(column.type) != "unsupported"], table.num_rows)
    sizes = [len(rows) for rows in groups]
    extra = sum(sizes) - len(sizes)
    gone = np.zeros(table.num_rows, dtype=bool)
    for column in plain:
        gone |= pc.is_null(column, nan_is_null=True).to_numpy()
    largest = sorted(groups, key=lambda rows: (-len(rows), int(rows[0])))[:most]
    return {
        "columns": list(names),
        "extra_copies": extra,
        "rows_in_groups": sum(sizes),
        "groups": len(sizes),
        "rows_with_missing": int(gone.sum()),
        "unique": not extra and not gone.any() and table.num_rows > 0,
        "samples": [_sample(table, names, rows) for rows in largest],
    }


def _groups(plain: Sequence[pa.ChunkedArray], rows: int) -> list[Array]:
    """The numbers of the rows of each group of equal ones, each in ascending order."""
    text = [column for column in plain if columns.kind_of(column.type) == "categorical"]
    cells = [identities(column) for column in plain if columns.kind_of(column.type) != "categorical"]
    suspects = repeated(hashes(cells, rows)) if cells else np.arange(rows if text else 0)
    # Text is the dearest to tell apart, so it is only asked where everything else is equal.
    cells = [cell[suspects] for cell in cells]
    cells += [identities(column if suspects.size == rows else column.take(pa.array(suspects))) for column in text]
    again = repeated(hashes(cells, suspects.size))
    suspects, cells = suspects[again], [cell[again] for cell in cells]
    if not suspects.size:
        return []
    order, same = neighbours(exact_groups(cells))
    starts = np.flatnonzero(np.append(True, ~same))
    found = np.split(suspects[order], starts[1:])
    return [rows for rows in found if rows.size > 1]


def _sample(table: pa.Table, names: Sequence[str], rows: Array) -> dict[str, Any]:
    first = int(rows[0])
    values = {name: _shown(table.column(name)[first]) for name in list(names)[:50]}
    return {"n": int(rows.size), "rows": rows[:MAX_ROWS].tolist(), "values": values}


def _shown(cell: pa.Scalar) -> str | None:
    """The cell as text; None where it is missing."""
    value = cell.as_py()
    return None if value is None or value != value else shortened(str(value))
