"""Moments, times of day and durations as texts and numbers that keep every digit, whatever their unit and year.

Years before 1 and after 9999 are written as ISO 8601 expands them: with a sign and six digits or more. So far off no
time zone is known; such moments are told in UTC.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
FRACTION_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799
"""The first second of year 1 and the last one of year 9999, since 1970."""
DAY = 86_400
SECOND_OF_2000 = 946_684_800
CYCLE = 146_097 * DAY


def exact_moments(column: pa.ChunkedArray) -> list[str | float | None] | None:
    """The cells as ISO 8601, durations as seconds; None if the column holds nothing of the kind."""
    type_ = column.type
    if pa.types.is_timestamp(type_):
        zone = _zone(type_.tz)
        return _each(column, pa.int64(), lambda ticks: _moment(ticks, PER_SECOND[type_.unit], zone))
    if pa.types.is_time(type_):
        ticks = pa.int32() if pa.types.is_time32(type_) else pa.int64()
        return _each(column, ticks, lambda ticks: _time(ticks, PER_SECOND[type_.unit]))
    if pa.types.is_duration(type_):
        return _each(column, pa.int64(), lambda ticks: _seconds(ticks, PER_SECOND[type_.unit]))
    return None


def is_far_off(column: pa.ChunkedArray) -> bool:
    """Whether any moment of a column of timestamps lies before year 1 or after year 9999."""
    bounds = pc.min_max(column.cast(pa.int64())).as_py()
    if bounds["min"] is None:
        return False
    first, last = (bounds[end] // PER_SECOND[column.type.unit] for end in ("min", "max"))
    return bool(first < FIRST_SECOND or last > LAST_SECOND)


def far_off_texts(column: pa.Array) -> pa.StringArray:
    """Timestamps as texts as Arrow writes them into CSV, and those that it cannot write too."""
    per_second, zone = PER_SECOND[column.type.unit], "" if column.type.tz is None else "Z"
    texts = column.cast(pa.string()).to_pylist()
    for place, ticks in enumerate(column.cast(pa.int64()).to_pylist()):
        if ticks is not None and not FIRST_SECOND <= ticks // per_second <= LAST_SECOND:
            seconds, fraction = divmod(ticks, per_second)
            digits = FRACTION_DIGITS[column.type.unit]
            texts[place] = _expanded(seconds, " ") + (f".{fraction:0{digits}}" if digits else "") + zone
    return pa.array(texts, pa.string())


def _each(column: pa.ChunkedArray, ticks: pa.DataType, told: Callable[[int], str | float]) -> list[str | float | None]:
    return [None if cell is None else told(cell) for cell in column.cast(ticks).to_pylist()]


def _moment(ticks: int, per_second: int, zone: tzinfo | None) -> str:
    seconds, fraction = divmod(ticks, per_second)
    digits = _fraction(fraction, per_second)
    if zone is not None and not FIRST_SECOND + DAY <= seconds <= LAST_SECOND - DAY:
        zone = UTC  # its local time may be out of reach
    if not FIRST_SECOND <= seconds <= LAST_SECOND:
        return _expanded(seconds, "T") + digits + ("" if zone is None else "+00:00")
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    if zone is None:
        return moment.replace(tzinfo=None).isoformat() + digits
    text = moment.astimezone(zone).isoformat()
    return text[:19] + digits + text[19:]


def _time(ticks: int, per_second: int) -> str:
    seconds, fraction = divmod(ticks, per_second)
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours:02}:{minutes:02}:{seconds % 60:02}" + _fraction(fraction, per_second)


def _fraction(fraction: int, per_second: int) -> str:
    """The part of a second: nothing, six digits, or the nine that nanoseconds need."""
    nanoseconds = fraction * (PER_SECOND["ns"] // per_second)
    if not nanoseconds:
        return ""
    return f".{nanoseconds:09}" if nanoseconds % 1000 else f".{nanoseconds // 1000:06}"


def _seconds(ticks: int, per_second: int) -> str | float:
    """Seconds as a number, or as a text where a double has too few digits."""
    exact = Decimal(ticks) / per_second
    seconds = ticks / per_second
    return seconds if Decimal(repr(seconds)) == exact else format(exact, "f")


def _expanded(seconds: int, separator: str) -> str:
    """A moment of any year, by the seconds since 1970. The calendar repeats itself every 400 years."""
    cycles, within = divmod(seconds - SECOND_OF_2000, CYCLE)
    moment = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=within)
    year = moment.year + 400 * cycles
    written = f"{year:04}" if 0 <= year <= 9999 else f"{year:+07}"
    return f"{written}-{moment:%m-%d}{separator}{moment:%H:%M:%S}"


def _zone(name: str | None) -> tzinfo | None:
    """The time zone of a column; UTC for one that is not known here, as the ticks are in UTC."""
    if name is None:
        return None
    try:
        found: tzinfo = pa.lib.string_to_tzinfo(name)
    except (pa.ArrowException, LookupError, ValueError):
        return UTC
    return found
