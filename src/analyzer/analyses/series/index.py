"""The moments of a table: their step, and where one or more are missing."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import types

from analyzer.analyses.figures import columns, dates
from analyzer.analyses.figures.ordered import direction
from analyzer.analyses.notes import undefined

Array = npt.NDArray[Any]

MAX_GAPS = 10
NAMED = ((604_800, "week"), (86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
PERIODS = {"minute": 60, "hour": 24, "day": 7, "business day": 5, "week": 52, "month": 12, "quarter": 4}
"""After how many steps a year, a week, a day or an hour comes round again."""


class Frequency(NamedTuple):
    """The most common step: so many of its `unit` (seconds, months or business days), and the share that it has."""

    unit: str
    step: int | float
    share: float
    places: Array  # of the distinct moments, as whole numbers from any origin
    width: int  # of a step, between places

    @property
    def label(self) -> str:
        if self.unit == "month":
            return {1: "month", 3: "quarter", 12: "year"}.get(int(self.step), f"{self.step} months")
        if self.unit == "business day":
            return "business day" if self.step == 1 else f"{self.step} business days"
        size, name = next(((size, name) for size, name in NAMED if self.step % size == 0), (1, "second"))
        count = self.step / size
        return name if count == 1 else f"{count:g} {name}s"


def column_of_time(table: pa.Table, wanted: str | None) -> str | None:
    """The wanted one, else the first column of dates or moments that never falls, else the first that has any."""
    if wanted is not None:
        return wanted
    found: list[str] = [name for name in table.column_names if _tells_time(columns.plain(table.column(name)))]
    for name in found:
        moments = dates.ticks(columns.plain(table.column(name)))
        if (moments[1:] >= moments[:-1]).all():
            return name
    return found[0] if found else None


def _tells_time(column: pa.ChunkedArray) -> bool:
    return bool(types.is_date(column.type) or types.is_timestamp(column.type)) and column.null_count < len(column)


def describe(column: pa.ChunkedArray) -> dict[str, Any]:
    """The index as it goes into the result. There is a value at least."""
    column = columns.plain(column)
    clock = dates.Clock(column.type)
    given = dates.ticks(column)
    count, line = given.size, _distinct(given)
    order = direction(given, line.size)
    del given  # of many millions of moments, one more array of them counts
    found: dict[str, Any] = {
        "type": str(column.type),
        "count": count,
        "missing": column.null_count,
        "first": clock.text(line.item(0)),
        "last": clock.text(line.item(-1)),
        "span_seconds": clock.seconds(line.item(-1) - line.item(0)),
        "distinct": line.size,
        "duplicates": count - line.size,
        "order": order,
    }
    frequency = frequency_of(line, clock)
    if frequency is None:
        names = ("frequency", "step_cv", "missing_moments")
        return found | dict.fromkeys(names) | {"gaps": [], "notes": dict.fromkeys(names, undefined("too-few-values"))}
    steps = dates.distances(line)
    cv = float(steps.std(ddof=1) / steps.mean()) if steps.size > 1 else 0.0
    return found | {
        "frequency": {
            "label": frequency.label,
            "unit": frequency.unit,
            "step": frequency.step,
            "share": frequency.share,
            "period": PERIODS.get(frequency.label),
        },
        "step_cv": cv,
        **_gaps(line, frequency, clock),
        "notes": {},
    }


def _distinct(given: Array) -> Array:
    """In ascending order. numpy's unique looks values up one by one, and takes ten times as long."""
    rising = bool((given[1:] >= given[:-1]).all())
    line = given if rising else np.sort(given)
    kept: Array = line[np.append(True, line[1:] != line[:-1])]
    return kept


def frequency_of(line: Array, clock: dates.Clock) -> Frequency | None:
    """Of distinct moments in ascending order: in seconds, unless months or business days say more."""
    if line.size < 2:
        return None
    found = [_by_step("second", line, clock.per_second)]
    if (line % clock.ticks_per_day == line[0] % clock.ticks_per_day).all():
        days = line // clock.ticks_per_day
        found += [*_months(days), *_business_days(days)]
    return max(found, key=lambda one: one.share)


def _by_step(unit: str, places: Array, per_unit: int = 1) -> Frequency:
    """Of places in ascending order, `per_unit` of them a unit: whole numbers, as doubles round what lies close."""
    steps = dates.distances(places)
    steps.sort()
    starts = np.append(0, np.flatnonzero(steps[1:] != steps[:-1]) + 1)
    counts = np.diff(starts, append=steps.size)
    most = int(counts.argmax())
    width = steps.item(starts[most])
    step = width / per_unit if width % per_unit else width // per_unit
    return Frequency(unit, step, counts.item(most) / steps.size, places, width)


def _months(days: Array) -> Sequence[Frequency]:
    """Where all moments are on the same day of a month, or on its last one."""
    moments = days.astype("datetime64[D]")
    months = moments.astype("datetime64[M]")
    of_month = (moments - months.astype("datetime64[D]")).astype(np.int64)
    left = ((months + 1).astype("datetime64[D]") - moments).astype(np.int64)
    return [_by_step("month", months.astype(np.int64))] if len({*of_month}) == 1 or (left == 1).all() else []


def _business_days(days: Array) -> Sequence[Frequency]:
    """Where no moment is on a Saturday or Sunday."""
    moments = days.astype("datetime64[D]")
    if not np.is_busday(moments).all():
        return []
    return [_by_step("business day", np.busday_count(moments[0], moments))]


def _gaps(line: Array, frequency: Frequency, clock: dates.Clock) -> dict[str, Any]:
    """How many moments are missing between the first and the last one, and the widest gaps, the first ones first."""
    lost = dates.distances(frequency.places)
    one = frequency.width - frequency.width // 2  # from so far on it is taken for one step, and from one more for two
    np.maximum(lost, one, out=lost)
    lost -= one
    lost //= frequency.width
    least = np.partition(lost, -MAX_GAPS)[-MAX_GAPS] if lost.size > MAX_GAPS else 0
    wide = np.flatnonzero(lost >= max(least, 1))
    widest = wide[np.argsort(-lost[wide], kind="stable")[:MAX_GAPS]]
    return {
        "missing_moments": int(lost.sum()),
        "gaps": [
            {
                "after": clock.text(line.item(place)),
                "before": clock.text(line.item(place + 1)),
                "missing": lost.item(place),
            }
            for place in widest.tolist()
        ],
    }
