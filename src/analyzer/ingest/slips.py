"""Which few cells keep a column from being one of numbers or of dates."""

from typing import get_args

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.ingest.date_texts import NAMES, PATTERNS, DateStyle, to_timestamps
from analyzer.ingest.number_texts import PLAIN
from analyzer.models.datasets import DateFormat

EXCEPTIONS = 0.05
"""At most so many of the cells of a column that would be a number or a date without them are slips."""

SLIPPED: tuple[tuple[str, str, DateStyle | None], ...] = (
    ("numbers", PLAIN.pattern, None),
    ("dates", PATTERNS["iso"], "iso"),
    *((f"dates {NAMES[style]}", PATTERNS[style], style) for style in get_args(DateFormat)),
)
"""What most cells of a column may be: what they look like, and the style in which they are dates."""


def slips(texts: pa.StringArray) -> str | None:
    """Which few cells keep a column from being one of numbers or of dates."""
    most = int(EXCEPTIONS * len(texts))
    for what, pattern, style in SLIPPED:
        alike = pc.match_substring_regex(texts, pattern)
        others = texts.filter(pc.invert(alike)).to_pylist() if pc.mean(alike).as_py() >= 1 - EXCEPTIONS else None
        if others is not None and style is not None:
            others += _no_dates(texts.filter(alike), style, most)
        if others and len(others) <= most:
            return (
                f"all but {len(others):,} of the {len(texts):,} cells that were looked at first are {what}; "
                f"{others[0][:60]!r} is not, so the column stays text"
            )
    return None


def _no_dates(texts: pa.StringArray, style: DateStyle, most: int) -> list[str]:
    """The texts that are no dates of a style, found by halving; of more than `most`, as many as show that."""
    if not len(texts) or to_timestamps(texts, style) is not None:
        return []
    if len(texts) == 1:
        return [texts[0].as_py()]
    half = len(texts) // 2
    found = _no_dates(texts[:half], style, most)
    return found if len(found) > most else found + _no_dates(texts[half:], style, most)
