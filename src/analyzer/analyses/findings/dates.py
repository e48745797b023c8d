"""Issues that columns of dates and moments can have."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.analyses.figures.dates import Clock, ticks
from analyzer.analyses.findings.codes import Issue
from analyzer.analyses.findings.look import Look, as_mask
from analyzer.analyses.findings.numbers import order

Array = npt.NDArray[Any]

BLOCK = 1 << 20
PLACEHOLDERS = tuple(np.datetime64(day, "D") for day in ("1900-01-01", "1970-01-01", "9999-12-31"))


def issues(look: Look) -> Iterator[Issue]:
    """Future and placeholder moments, their rhythm, and their order."""
    figures, limits = look.figures, look.limits
    if not pa.types.is_time(look.column.type):
        moments = at(look)
        for code, mask in (("future_dates", future(moments, look.as_of)), ("placeholder_dates", placeholders(moments))):
            if mask.any():
                yield look.counted_issue(code, int(np.count_nonzero(mask)), mask)
        yield from _calendar(look, moments)
    distinct = figures["distinct"] / figures["count"]
    if figures["count"] >= 10 and distinct >= limits.high_uniqueness:
        yield look.issue("high_uniqueness", n=figures["distinct"], share=distinct)
    if figures["distinct"] >= 10:
        unevenness = figures["gaps"]["std_seconds"] / figures["gaps"]["mean_seconds"]
        if unevenness > limits.irregular_intervals:
            yield look.issue("irregular_intervals", value=unevenness)
    yield from order(look)


def at(look: Look) -> Array:
    """The moments to the second, in UTC where they have a zone; NaT where missing; one for each row."""
    moments = np.full(len(look.column), np.datetime64("NaT", "s"))
    seconds = ticks(look.column) // Clock(look.column.type).per_second
    moments[as_mask(pc.is_valid(look.column))] = seconds.view("datetime64[s]")
    return moments


def occurrences(column: pa.ChunkedArray, moment: str) -> int:
    """How often a moment occurs that is given as it is among the figures; a block of rows at a time."""
    day = "1970-01-01T" if pa.types.is_time(column.type) else ""
    unit: Any = "s" if pa.types.is_date(column.type) else column.type.unit
    tick = np.datetime64(day + moment.removesuffix("Z"), unit).astype(np.int64)
    blocks = (ticks(column.slice(start, BLOCK)) for start in range(0, len(column), BLOCK))
    return sum(int(np.count_nonzero(block == tick)) for block in blocks)


def future(moments: Array, as_of: np.datetime64) -> Array:
    """Which moments lie after `as_of`, and are not a placeholder for the end of time."""
    later: Array = (moments > as_of) & ~placeholders(moments)
    return later


def placeholders(moments: Array) -> Array:
    """Which moments are midnight of a day that stands for a missing one."""
    return np.isin(moments, np.array(PLACEHOLDERS, "datetime64[s]"))


def _calendar(look: Look, moments: Array) -> Iterator[Issue]:
    """Weekends and business hours, in UTC where the column has a zone, else by the clock it was written by."""
    days = moments.astype("datetime64[D]")
    weekday = (days.view(np.int64) + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
    present = ~np.isnat(moments)
    weekend = present & (weekday >= 5)
    n = int(np.count_nonzero(weekend))
    if n / look.figures["count"] > look.limits.weekend_heavy:
        yield look.counted_issue("weekend_heavy", n, weekend)
    if look.figures["resolution"] == "day":
        return
    hour = (moments - days).astype("timedelta64[h]").view(np.int64)
    n = int(np.count_nonzero(present & (weekday < 5) & (hour >= 9) & (hour < 17)))
    if n / look.figures["count"] >= look.limits.business_hours:
        yield look.counted_issue("business_hours", n)
