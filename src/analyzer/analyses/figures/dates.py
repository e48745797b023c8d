"""The figures of dates, moments and times of day, from their integers."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.analyses.figures import ordered as sorting
from analyzer.analyses.figures.moments import exact_sum
from analyzer.analyses.figures.wire import Figures, unknown

Array = npt.NDArray[Any]

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
QUARTILES = {"q25": (1, 4), "q50": (1, 2), "q75": (3, 4)}
DAY = 86400
LAST_DAY = 2_932_896 * DAY  # of four digits' years
NAMED = (("day", DAY), ("hour", 3600), ("minute", 60), ("second", 1))
FARTHEST = 2**63 - 1  # before its negative there is only what numpy takes for no moment
FINER = (("millisecond", 10**3), ("microsecond", 10**6), ("nanosecond", 10**9))


class Clock:
    """How integers of one Arrow type are moments: ticks since 1970, or since midnight for times of day."""

    def __init__(self, kind: pa.DataType) -> None:
        self.per_second = 1 if pa.types.is_date(kind) else PER_SECOND[kind.unit]
        self.ticks_per_day = DAY * self.per_second
        self._unit: Any = "s" if pa.types.is_date(kind) else kind.unit
        self.is_date, self._is_time = pa.types.is_date(kind), pa.types.is_time(kind)
        self._suffix = "Z" if pa.types.is_timestamp(kind) and kind.tz else ""

    def text(self, tick: int) -> str:
        """ISO 8601; in UTC with a `Z` where the column has a time zone, without one where it has none."""
        if self.is_date:
            return str(np.datetime64(tick // DAY, "D"))
        moment = str(np.datetime64(tick, self._unit))
        if "." in moment:
            moment = moment.rstrip("0").rstrip(".")
        return moment.partition("T")[2] if self._is_time else moment + self._suffix

    def seconds(self, ticks: int) -> float:
        return ticks / self.per_second


def ticks(column: pa.ChunkedArray) -> Array:
    """The present values as int64: seconds for dates, otherwise the type's own unit."""
    kind = column.type
    if pa.types.is_date32(kind) or pa.types.is_time32(kind):
        column = column.cast(pa.int32())
    values: Array = column.drop_null().cast(pa.int64()).to_numpy()
    if pa.types.is_date32(kind):
        return values * DAY
    return values // 1000 if pa.types.is_date64(kind) else values


def distances(line: Array) -> Array:
    """Between neighbours of ascending ticks, as uint64: those of nanoseconds may be wider than int64 reaches."""
    return np.diff(line.view(np.uint64))


def summary(column: pa.ChunkedArray, bins: int) -> Figures:
    """Every figure of a date, timestamp or time column. Without any value, only `count` and `missing` are there."""
    figures: Figures = {"count": len(column) - column.null_count, "missing": column.null_count, "notes": {}}
    if not figures["count"]:
        return figures
    clock = Clock(column.type)
    given = ticks(column)
    line = sorting.in_order(given)
    low, high = line.item(0), line.item(-1)
    distinct, _ = sorting.distinct_and_modes(line)
    figures |= {
        "min": clock.text(low),
        "max": clock.text(high),
        "mean": clock.text(exact_sum(line) // line.size),
        **{name: clock.text(_quantile(line, *share)) for name, share in QUARTILES.items()},
        "span_seconds": clock.seconds(high - low),
        "resolution": _resolution(line, clock),
        "distinct": distinct,
        "monotonicity": sorting.direction(given, distinct),
        "histogram": _histogram(line, clock, bins),
    }
    gaps = _gaps(line, clock) if distinct > 1 else unknown(("gaps",), "too-few-values")
    figures["notes"] |= gaps.pop("notes", {})
    return figures | gaps


def _quantile(line: Array, over: int, under: int) -> int:
    """Type 7 in whole ticks, rounded down."""
    rank, rest = divmod((line.size - 1) * over, under)
    low: int = line.item(rank)
    return low + (line.item(rank + 1) - low) * rest // under if rest else low


def _resolution(line: Array, clock: Clock) -> str:
    """The coarsest unit of which every value is a multiple."""
    units = [(name, seconds * clock.per_second) for name, seconds in NAMED]
    units += [(name, clock.per_second // parts) for name, parts in FINER if parts <= clock.per_second]
    # A few values rule out most units at once.
    return next(name for name, size in units if not ((line[:64] % size).any() or (line % size).any()))


def _gaps(line: Array, clock: Clock) -> Figures:
    """The distances between neighbouring distinct moments, in seconds, and where the largest one is."""
    widths = distances(line)
    widest = int(widths.argmax())
    widths = widths[widths > 0]
    return {
        "gaps": {
            "min_seconds": clock.seconds(int(widths.min())),
            "median_seconds": float(np.median(widths)) / clock.per_second,
            "mean_seconds": clock.seconds(line.item(-1) - line.item(0)) / widths.size,
            "std_seconds": float(widths.std(ddof=1)) / clock.per_second if widths.size > 1 else 0.0,
            "max_seconds": clock.seconds(line.item(widest + 1) - line.item(widest)),
            "largest": {"after": clock.text(line.item(widest)), "before": clock.text(line.item(widest + 1))},
        }
    }


def _histogram(line: Array, clock: Clock, bins: int) -> dict[str, Any]:
    low, high = line.item(0), line.item(-1)
    if clock.is_date:
        whole = _days(low, high, sorting.bin_edges(line, bins).size - 1)
    elif low == high:
        whole = np.array([max(low - 1, -FARTHEST), min(high + 1, FARTHEST)])
    else:
        inner = sorting.bin_edges(line, bins)[1:-1].tolist()
        whole = np.array([low, *map(math.floor, inner), high])
    return {"edges": [clock.text(edge) for edge in whole.tolist()], "counts": sorting.bin_counts(line, whole)}


def _days(low: int, high: int, most: int) -> Array:
    """Bins of equally many whole days, `most` of them at most, the last one up to the next day; none ends in 10000."""
    days = (high - low) // DAY + 1
    size = -(-days // most)
    edges = low + size * DAY * np.arange(-(-days // size) + 1)
    return edges - max(0, edges.item(-1) - max(high, LAST_DAY))
