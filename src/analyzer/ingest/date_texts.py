"""Dates and times as people write them, brought into ISO 8601, which Arrow reads strictly."""

from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.models.datasets import DateFormat

CLOCK = r"([T ,]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?( ?[AaPp][Mm])?)?"
ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?$"
ZONED = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
YEAR_FIRST = rf"^[0-9]{{4}}[-/.][0-9]{{1,2}}[-/.][0-9]{{1,2}}{CLOCK}$"
YEAR_LAST = rf"^[0-9]{{1,2}}[-/.][0-9]{{1,2}}[-/.][0-9]{{4}}{CLOCK}$"
FIRST_YEAR = pa.scalar(-62_135_596_800_000_000, pa.timestamp("us"))
"""The beginning of year 1; Python has no earlier dates."""

HALF_OF_DAY = r" ?[AaPp][Mm]$"
HOUR = pa.scalar(3_600_000_000, pa.duration("us"))

DateStyle = Literal["iso", "zoned", "ymd", "dmy", "mdy"]
PATTERNS: dict[DateStyle, str] = {
    "iso": ISO,
    "zoned": ZONED,
    "ymd": YEAR_FIRST,
    "dmy": YEAR_LAST,
    "mdy": YEAR_LAST,
}
NAMES: dict[DateStyle, str] = {
    "iso": "in ISO 8601",
    "zoned": "in ISO 8601 with a zone, stored in UTC",
    "ymd": "written year, month, day",
    "dmy": "written day, month, year",
    "mdy": "written month, day, year",
}


def iso(texts: pa.StringArray, style: DateStyle) -> pa.StringArray:
    """Texts of a style in ISO 8601. What was no date does not become one."""
    if style in ("iso", "zoned"):
        return texts
    texts = pc.replace_substring_regex(texts, r"^([0-9])([-/.])", r"0\1\2")
    texts = pc.replace_substring_regex(texts, r"([-/.])([0-9])([-/.])", r"\10\2\3")
    texts = pc.replace_substring_regex(texts, r"([-/.])([0-9])($|[T ,])", r"\10\2\3")
    texts = pc.replace_substring_regex(texts, r"[T ,]+([0-9]:)", r" 0\1")
    texts = pc.replace_substring_regex(texts, r"[T ,]+([0-9])", r" \1")
    if style == "ymd":
        return pc.replace_substring_regex(texts, r"^([0-9]{4})[-/.]([0-9]{2})[-/.]([0-9]{2})", r"\1-\2-\3")
    order = r"\3-\2-\1" if style == "dmy" else r"\3-\1-\2"
    return pc.replace_substring_regex(texts, r"^([0-9]{2})[-/.]([0-9]{2})[-/.]([0-9]{4})", order)


def style_of(texts: pa.StringArray, order: DateFormat | None) -> tuple[DateStyle, bool] | None:
    """The style in which all texts are dates, and whether another would do as well; None if there is none."""
    if _reads(texts, "iso"):
        return "iso", False
    if _reads(texts, "zoned"):
        return "zoned", False
    if order is not None:
        return (order, False) if _reads(texts, order) else None
    if _reads(texts, "ymd"):
        return "ymd", False
    day_first, month_first = _reads(texts, "dmy"), _reads(texts, "mdy")
    if day_first:
        ambiguous = month_first and not bool(pc.all(pc.match_substring(texts, "."), min_count=0).as_py())
        return "dmy", ambiguous
    return ("mdy", False) if month_first else None


def _reads(texts: pa.StringArray, style: DateStyle) -> bool:
    if not pc.all(pc.match_substring_regex(texts, PATTERNS[style]), min_count=0).as_py():
        return False
    return to_timestamps(texts, style) is not None


def _written(texts: pa.StringArray, style: DateStyle) -> pa.TimestampArray | None:
    """Texts of a style other than ISO 8601 as timestamps; None if one of them is no such date."""
    values = to_timestamps(pc.replace_substring_regex(iso(texts, style), HALF_OF_DAY, ""), "iso")
    halved = pc.match_substring_regex(texts, HALF_OF_DAY)
    if values is None or not pc.any(halved, min_count=0).as_py():
        return values
    hours, afternoon = pc.hour(values), pc.match_substring_regex(texts, r"[Pp][Mm]$")
    if pc.any(pc.and_(halved, pc.or_(pc.equal(hours, 0), pc.greater(hours, 12)))).as_py():
        return None
    noon = pc.equal(hours, 12)
    shift = pc.if_else(
        pc.and_(afternoon, pc.invert(noon)), 12, pc.if_else(pc.and_(pc.xor(halved, afternoon), noon), -12, 0)
    )
    return pc.add(values, pc.multiply(shift, HOUR))


def to_timestamps(texts: pa.StringArray, style: DateStyle) -> pa.TimestampArray | None:
    """The texts as timestamps in microseconds (in UTC if zoned); None if one of them is no such date."""
    if style not in ("iso", "zoned"):
        encoded = texts.dictionary_encode()
        values = _written(encoded.dictionary, style)
        return None if values is None else values.take(encoded.indices)
    try:
        values = pc.cast(texts, pa.timestamp("us", "UTC" if style == "zoned" else None))
    except pa.ArrowInvalid:
        return None
    earliest = pc.min(values)
    return None if earliest.is_valid and earliest.value < FIRST_YEAR.value else values
