"""Numeric columns of a table that a datetime column puts in order: do they wander, do they repeat?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.analyses.figures import columns, dates
from analyzer.analyses.findings.codes import Issue, issue
from analyzer.analyses.findings.thresholds import Thresholds
from analyzer.analyses.series.stationarity import adf

Array = npt.NDArray[Any]

NUMBERS = ("numeric", "decimal")

LEAST = 30
MAX_VALUES = 1000
MAX_COLUMNS = 50
"""A series needs so many values; of more, the last ones are taken, as a thinned series would be another one. So many
numeric columns from the left are tested."""


def examine(table: pa.Table, limits: Thresholds) -> dict[str, Any]:
    """`{ordered_by, tested, notes, issues}`; `ordered_by` is null where no datetime column orders the table."""
    by = ordering(table)
    found: dict[str, Any] = {"ordered_by": by, "tested": 0, "notes": {}, "issues": []}
    if by is None:
        return found
    names = [name for name in table.column_names if columns.kind_of(columns.plain(table.column(name)).type) in NUMBERS]
    for name in names[:MAX_COLUMNS]:
        line = _line(table.column(name))
        if line is None:
            continue
        found["tested"] += 1
        if line.size == MAX_VALUES:
            found["notes"][name] = {"kind": "sample", "n": MAX_VALUES, "seed": None}
        found["issues"] += _issues(name, line, limits)
    return found


def ordering(table: pa.Table) -> str | None:
    """The first datetime column without gaps whose values never fall and mostly rise; None without one."""
    for name in table.column_names:
        column = columns.plain(table.column(name))
        if columns.kind_of(column.type) != "datetime" or column.null_count or len(column) < LEAST:
            continue
        if pa.types.is_time(column.type):
            continue
        ticks = dates.ticks(column)
        if (ticks[1:] >= ticks[:-1]).all() and np.count_nonzero(ticks[1:] != ticks[:-1]) * 2 > ticks.size - 1:
            return str(name)
    return None


def _line(column: pa.ChunkedArray) -> Array | None:
    """The last MAX_VALUES present, finite values, scaled to at most 1; None where they are too few or constant."""
    tail = columns.plain(column)
    tail = tail.cast(pa.int64()) if pa.types.is_duration(tail.type) else tail
    values = tail.slice(max(0, len(tail) - 4 * MAX_VALUES)).drop_null()
    doubles = pc.cast(values, pa.float64(), safe=False).to_numpy()
    doubles = doubles[np.isfinite(doubles)][-MAX_VALUES:]
    if doubles.size < LEAST or doubles.min() == doubles.max():
        return None
    line: Array = doubles / np.abs(doubles).max()
    return line


def _issues(name: str, line: Array, limits: Thresholds) -> Iterator[Issue]:
    tested = adf(line)
    if tested is not None and tested.p >= limits.stationarity:
        yield issue("non_stationary", name, limits, n=line.size, value=tested.p)
    p, share, period = seasonality(line)
    if p <= limits.seasonal and share >= limits.seasonal_share:
        text = f"A period of about {period:.1f} rows holds {share:.0%} of the power."
        yield issue("seasonal", name, limits, n=line.size, share=share, value=p, message=text)


def seasonality(line: Array) -> tuple[float, float, float]:
    """p, share and period of the strongest one in the periodogram of the differences (Fisher's g test, 1929).

    Differences, because a wandering level would look like a long period. A period is seen at least three times.
    """
    power = np.abs(np.fft.rfft(np.diff(line) - np.diff(line).mean())) ** 2
    power = power[3 : (line.size - 1) // 2]
    if power.size < 3 or not power.sum() > 0:
        return 1.0, 0.0, 0.0
    strongest = int(power.argmax())
    share = float(power[strongest] / power.sum())
    p = min(1.0, power.size * (1 - share) ** (power.size - 1))  # the leading term of Fisher's sum, an upper bound
    return p, share, (line.size - 1) / (strongest + 3)
