"""One numeric column in the order of time."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import stdtr

from analyzer.analyses.figures import columns, dates
from analyzer.analyses.findings.series import seasonality
from analyzer.analyses.notes import Reason, undefined
from analyzer.analyses.relations.table import doubles
from analyzer.analyses.series import memory
from analyzer.analyses.series.stationarity import adf, kpss
from analyzer.analyses.series.stl import seasonal_and_trend

Array = npt.NDArray[np.float64]
Ticks = npt.NDArray[np.int64]
Found = dict[str, Any]

LEAST = 20
MAX_VALUES = 10_000
MAX_POINTS = 400
BOX_LAGS = 10
MAX_PERIOD = 1000
ROUNDING = 1e-20  # a share of the variance below this is none
FIGURES = ("trend", "adf", "kpss", "verdict", "acf", "ljung_box", "seasonality")


class Wanted(NamedTuple):
    """What the parameters say, and the calendar's period, if the step of the moments has one."""

    lags: int
    alpha: float
    period: int | None
    of_calendar: int | None


def describe(column: pa.ChunkedArray, time: pa.ChunkedArray, wanted: Wanted) -> tuple[Found, Found | None]:
    """The series as it goes into the result, without its name; and points of it to draw, if it has any."""
    time = columns.plain(time)
    clock = dates.Clock(time.type)
    ticks, values = in_time(column, time)
    drawn = _points(ticks, values, clock) if values.size else None
    days = (ticks - ticks[:1]).view(np.uint64) / clock.ticks_per_day  # the difference may be wider than int64 reaches
    return {"count": values.size, **_described(days, values, wanted)}, drawn


def _described(days: Array, values: Array, wanted: Wanted) -> Found:
    whole = values.size
    found: Found = {"notes": {}}
    days, values = days[-MAX_VALUES:], values[-MAX_VALUES:]
    reason: Reason | None = "too-few-values" if values.size < LEAST else None
    if reason is None and values.min() == values.max():
        reason = "constant"
    if reason:
        found["notes"] = {name: undefined(reason) for name in FIGURES}
        return found | dict.fromkeys(FIGURES)
    if whole > MAX_VALUES:
        found["notes"] = {name: {"kind": "sample", "n": MAX_VALUES, "seed": None} for name in FIGURES}
    return found | _figures(days, values, wanted, found["notes"])


def in_time(column: pa.ChunkedArray, time: pa.ChunkedArray) -> tuple[Ticks, Array]:
    """The moments, as ticks, and the finite values; the mean of those that share a moment."""
    values = doubles(column)
    known = pc.is_valid(time).to_numpy()
    ticks, values = dates.ticks(time), values[known]
    finite = np.isfinite(values)
    ticks, values = ticks[finite], values[finite]
    if not (ticks[1:] >= ticks[:-1]).all():
        order = np.argsort(ticks, kind="stable")
        ticks, values = ticks[order], values[order]
    first = np.append(True, ticks[1:] != ticks[:-1]) if ticks.size else np.zeros(0, dtype=bool)
    if not first.all():
        starts = np.flatnonzero(first)
        counts = np.diff(np.append(starts, ticks.size))
        ticks, values = ticks[starts], np.add.reduceat(values / np.repeat(counts, counts), starts)
    return ticks, values


def _figures(days: Array, values: Array, wanted: Wanted, notes: Found) -> Found:
    exponent = math.frexp(float(np.abs(values).max()))[1]
    line = np.ldexp(values, -exponent)  # about 1, where nothing overflows; no figure below but the slope has a unit
    line -= np.median(line)
    unit = float(np.abs(line).max())
    line = line / unit
    n, lags = line.size, min(wanted.lags, line.size // 2 - 1)
    r = memory.autocorrelation(line, lags)
    tested, level = adf(line), kpss(line)
    notes |= {name: undefined("singular") for name, test in (("adf", tested), ("kpss", level)) if test is None}
    verdict = None
    if tested is None or level is None:
        notes["verdict"] = undefined("singular")
    else:
        verdict = _verdict(tested.p < wanted.alpha, level.p >= wanted.alpha)
    found: Found = {
        "trend": _trend(days, line, (unit, exponent), notes),
        "adf": tested and tested._asdict(),
        "kpss": level and level._asdict(),
        "verdict": verdict,
        "acf": {
            "values": r.tolist(),
            "bounds": memory.bartlett(r, n).tolist(),
            "partial": memory.partial(r).tolist(),
        },
        "ljung_box": memory.ljung_box(r, n, min(BOX_LAGS, lags))._asdict(),
    }
    return found | {"seasonality": _seasonality(line, wanted, notes)}


def _trend(days: Array, line: Array, unit: tuple[float, int], notes: Found) -> Found | None:
    """Least squares on time, and Student's t of the slope; the line's unit is `unit[0]` · 2 ** `unit[1]`."""
    x = days - days.mean()
    y = line - line.mean()
    xx, xy, yy = float(x @ x), float(x @ y), float(y @ y)
    slope = xy / xx
    with np.errstate(over="ignore"):
        in_units = float(np.ldexp(slope * unit[0], unit[1]))
    if not math.isfinite(in_units):
        notes["trend"] = undefined("overflow")
        return None
    left = y - slope * x
    unexplained = float(left @ left)
    free = line.size - 2
    t = slope / math.sqrt(unexplained / free / xx) if unexplained else math.copysign(math.inf, slope)
    return {"slope_per_day": in_units, "r2": 1 - unexplained / yy, "p": float(2 * stdtr(free, -abs(t)))}


def _verdict(by_adf: bool, by_kpss: bool) -> str:
    """What both tests say together: each alone takes one answer for granted."""
    if by_adf and by_kpss:
        return "stationary"
    if by_adf:
        return "stationary in differences"
    return "stationary around a trend" if by_kpss else "not stationary"


def _seasonality(line: Array, wanted: Wanted, notes: Found) -> Found | None:
    period, source = _period(line, wanted)
    if period is None:
        notes["seasonality"] = undefined("no-period")
        return None
    seasonal, trend = seasonal_and_trend(line, period)
    left = line - seasonal - trend
    rounding = ROUNDING * float(np.var(line))

    def strength(part: Array) -> float:
        whole = float(np.var(part + left))
        return max(0.0, 1 - float(np.var(left)) / whole) if whole > rounding else 0.0

    return {"period": period, "source": source, "strength": strength(seasonal), "trend_strength": strength(trend)}


def _period(line: Array, wanted: Wanted) -> tuple[int | None, str]:
    """The period to look for: the given one, else the calendar's, else the strongest one; seen twice at least."""
    longest = min(line.size // 2, MAX_PERIOD)
    if wanted.period is not None:
        return (wanted.period if wanted.period <= longest else None), "given"
    if wanted.of_calendar is not None and wanted.of_calendar <= longest:
        return wanted.of_calendar, "calendar"
    p, share, strongest = seasonality(line)
    period = round(strongest)
    return (period, "found") if p <= wanted.alpha and share >= 0.1 and 2 <= period <= longest else (None, "found")


def _points(ticks: Ticks, values: Array, clock: dates.Clock) -> Found:
    """At most MAX_POINTS of them to draw: means of equally many neighbours, at the first of their moments."""
    size = -(-values.size // MAX_POINTS)
    starts = np.arange(0, values.size, size)
    counts = np.diff(np.append(starts, values.size))
    means = np.add.reduceat(values / np.repeat(counts, counts), starts)
    return {"moments": [clock.text(tick) for tick in ticks[starts].tolist()], "values": means.tolist()}
