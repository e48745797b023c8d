"""The issues there are."""

from collections.abc import Sequence
from typing import Any

from analyzer.analyses.findings.thresholds import Thresholds
from analyzer.analyses.issues import Code

Issue = dict[str, Any]
MAX_ROWS = 10


CODES: dict[str, Code] = {
    # the table
    "empty": Code("error", "The table has no rows, or no columns."),
    "duplicates": Code("warning", "Whole rows repeat."),
    "near_duplicates": Code("info", "Rows repeat if case and surrounding or repeated blanks are ignored."),
    "duplicate_column": Code("warning", "The column equals another one, cell by cell."),
    # every kind of column
    "missing": Code("warning", "Cells are missing.", "missing"),
    "all_missing": Code("error", "There is not a single value."),
    "constant": Code("warning", "There is only one distinct value."),
    "quasi_constant": Code("info", "Nearly all values are the same.", "quasi_constant"),
    "unique": Code("info", "Every value occurs once, and none is missing."),
    "unsupported": Code("warning", "Values of this type (lists, structs …) are only counted."),
    "rejected": Code("info", "The column is left out of further analysis: no values, or an unsupported type."),
    "uniform": Code("info", "The values are spread evenly.", "uniform"),
    # numbers
    "zeros": Code("info", "Many values are zero.", "zeros"),
    "zero_inflated": Code("info", "At least half of the values are zero.", "zero_inflated"),
    "negatives": Code("info", "Values are negative.", "negatives"),
    "positive_only": Code("info", "No value is negative or zero."),
    "infinite": Code("error", "Values are infinite.", "infinite"),
    "skewed": Code("warning", "The distribution is extremely skewed.", "skewed"),
    "skewed_right": Code("info", "A long tail towards high values.", "skewed_side"),
    "skewed_left": Code("info", "A long tail towards low values.", "skewed_side"),
    "heavy_tailed": Code("info", "Far more extreme values than a normal distribution has.", "heavy_tailed"),
    "normal": Code("info", "Nothing speaks against a normal distribution.", "normal"),
    "not_normal": Code("info", "The distribution is not normal.", "not_normal"),
    "discrete": Code("info", "Whole numbers that take few distinct values.", "discrete"),
    "heaping": Code(
        "info", "Numbers cluster on multiples of ten other than 0: reported rather than measured.", "heaping"
    ),
    "bimodal": Code("info", "The distribution seems to have two humps.", "bimodality"),
    "log_scale": Code("info", "Positive numbers over orders of magnitude: a logarithmic scale helps.", "log_scale"),
    "outliers": Code("info", "Values lie outside Tukey's fences, 1.5 IQR beyond the quartiles.", "outliers"),
    "many_outliers": Code("warning", "Many values lie outside Tukey's fences.", "many_outliers"),
    "monotonic_increasing": Code("info", "No value is below the one before."),
    "monotonic_decreasing": Code("info", "No value is above the one before."),
    # text
    "high_cardinality": Code("warning", "There are many distinct values.", "high_cardinality"),
    "imbalance": Code("warning", "A few values are much more frequent than the others.", "imbalance"),
    "dominant_category": Code("info", "One value holds most of the column.", "dominant_category"),
    "outstanding_value": Code("info", "The leading value is far ahead of the second.", "outstanding_value"),
    "attribution": Code("info", "The two leading values hold most of the column.", "attribution"),
    "many_rare_levels": Code("info", "Most distinct values are rare.", "rare_levels"),
    "constant_length": Code("info", "All values have the same length."),
    "type_date": Code("warning", "The text reads as dates.", "parsed"),
    "type_number": Code("warning", "The text reads as numbers.", "parsed"),
    "mixed_types": Code("warning", "Numbers and other text are mixed.", "mixed_types"),
    "dirty_category": Code("warning", "Values are so similar that they may be the same, misspelt.", "dirty_category"),
    "case_variants": Code("warning", "Values differ only in upper and lower case."),
    "trim_variants": Code("warning", "Values differ only in blanks around them."),
    "padded": Code("info", "Values begin or end with blanks."),
    "empty_strings": Code("warning", "Values are empty or blank."),
    "disguised_missing": Code("warning", "Values stand for missing ones: NA, -, ?, null, -999 …"),
    "replacement_character": Code("warning", "U+FFFD shows that characters were lost in decoding."),
    "high_word_cardinality": Code("info", "The text has many distinct words.", "words"),
    "outstanding_word": Code("info", "The leading word is far ahead of the second.", "outstanding_word"),
    # moments
    "future_dates": Code("warning", "Moments lie after the run was started, or after `as_of`."),
    "placeholder_dates": Code("warning", "Moments stand for missing ones: 1900-01-01, 1970-01-01 or 9999-12-31."),
    "high_uniqueness": Code("info", "Nearly all moments are distinct: events, not periods.", "high_uniqueness"),
    "irregular_intervals": Code("info", "The gaps between moments vary widely.", "irregular_intervals"),
    "weekend_heavy": Code("info", "Many moments are on weekends.", "weekend_heavy"),
    "business_hours": Code("info", "Nearly all moments are in business hours.", "business_hours"),
    # pairs and series
    "high_correlation": Code("warning", "The column is strongly related to another one.", "correlation"),
    "similar_distribution": Code("info", "The column is distributed like another one.", "similar_distribution"),
    "non_stationary": Code("warning", "In the order of time, the level or spread wanders.", "stationarity"),
    "seasonal": Code("info", "In the order of time, the values repeat with a period.", "seasonal"),
}


def issue(
    code: str,
    column: str | None,
    limits: Thresholds,
    *,
    n: int | None = None,
    share: float | None = None,
    value: float | None = None,
    rows: Sequence[int] = (),
    other: str | None = None,
    message: str | None = None,
) -> Issue:
    """An issue as it goes into the result; `rows` are the numbers of rows that show it."""
    kind = CODES[code]
    return {
        "code": code,
        "severity": kind.severity,
        "column": column,
        "other": other,
        "n": n,
        "share": share,
        "value": value,
        "threshold": getattr(limits, kind.threshold) if kind.threshold else None,
        "rows": list(rows[:MAX_ROWS]),
        "message": message or kind.meaning,
    }


def empty_table(limits: Thresholds) -> Issue:
    """The one issue of a table without rows or columns."""
    return issue("empty", None, limits)
