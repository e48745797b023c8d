"""Which type a column of text has, and its conversion without losing a digit.

A column gets a type only if every cell in it can be stored in that type exactly; otherwise it stays text. The guess is
made on a sample; `convert` checks every cell and says which do not fit, so that a wrong guess is noticed and corrected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.models.datasets import ColumnType

NULL_TOKENS = (
    "NA", "N/A", "n/a", "na", "#N/A", "NaN", "nan", "-nan", "NULL", "null", "Null", "None", "none", "NaT", "<NA>",
    "\\N", "-", "--", "?", ".",
    "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?", "(null)", "missing", "Missing",
)  # fmt: skip
"""Cells that mean `missing` where the rest of the column is no text."""

INTEGER = r"^-?(0|[1-9][0-9]{0,18})$"
NUMBER = r"^-?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$|^-?([Ii]nf|Infinity)$"
TIMESTAMP = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?$"
ZONED_TIMESTAMP = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})$"
)
BOOLEAN = r"^(?i:true|false)$"
LEADING_ZERO = r"^[+-]?0[0-9]"
DIGITS = r"^[+-]?[0-9]+$"
SAFE_DIGITS = 15
"""Decimal digits that every double keeps."""

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
}


@dataclass(frozen=True)
class ColumnPlan:
    """What a column is to become, why, and which of its cells mean `missing`."""

    type: ColumnType
    reason: str
    null_tokens: tuple[str, ...] = ()
    zoned: bool = False
    warning: str | None = None

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.timestamp("us", "UTC") if self.zoned else ARROW_TYPES[self.type]


@dataclass(frozen=True)
class Converted:
    """A column of one block: its values, and how many cells do not fit the type exactly, with the first of them."""

    values: pa.Array
    misfits: int = 0
    misfit: str | None = None


def guess(cells: pa.StringArray, null_tokens: Sequence[str] | None = None) -> ColumnPlan:
    """The narrowest type that holds every cell of the sample exactly; text where there is none."""
    texts = pc.utf8_trim_whitespace(cells)
    tokens = NULL_TOKENS if null_tokens is None else tuple(null_tokens)
    empty = pc.equal(texts, "")
    meaning_missing = pc.and_(pc.is_in(texts, pa.array(tokens, pa.string())), pc.invert(empty))
    seen = tuple(sorted(pc.unique(texts.filter(meaning_missing)).to_pylist()))
    texts = texts.filter(pc.invert(pc.or_(empty, meaning_missing))).drop_null()
    if not len(texts):
        return ColumnPlan("text", "no cell holds anything", seen)
    candidates: tuple[tuple[ColumnType, str, str], ...] = (
        ("boolean", BOOLEAN, "every cell is true or false"),
        ("integer", INTEGER, "every cell is a whole number"),
        ("number", NUMBER, "every cell is a number"),
        ("timestamp", TIMESTAMP, "every cell is a date or a time in ISO 8601"),
        ("timestamp", ZONED_TIMESTAMP, "every cell is a time with a zone in ISO 8601, stored in UTC"),
    )
    for type_, pattern, reason in candidates:
        if _all(pc.match_substring_regex(texts, pattern)):
            plan = ColumnPlan(type_, reason, seen, zoned=pattern is ZONED_TIMESTAMP)
            converted = convert(texts, plan)
            return plan if not converted.misfits else as_text(plan, converted.misfit)
    return _text(texts, null_tokens)


def _text(texts: pa.StringArray, null_tokens: Sequence[str] | None) -> ColumnPlan:
    """A column of text: say so where it looks like numbers that no number type keeps."""
    kept = tuple(null_tokens or ())
    if _all(pc.match_substring_regex(texts, DIGITS)):
        if _any(pc.match_substring_regex(texts, LEADING_ZERO)):
            reason = "digits with leading zeros are identifiers, and numbers would lose the zeros"
            return ColumnPlan("text", reason, kept, warning=reason)
        reason = "digits that are no plain 64-bit whole numbers"
        return ColumnPlan("text", reason, kept, warning=reason)
    return ColumnPlan("text", "the cells are text", kept)


def as_text(plan: ColumnPlan, misfit: str | None) -> ColumnPlan:
    """The plan for a column of which one cell turned out not to fit: all of it stays text."""
    shown = "a cell" if misfit is None else repr(misfit[:60])
    reason = f"{shown} cannot be stored as {plan.type} exactly, so the column stays text"
    return ColumnPlan("text", reason, warning=reason)


def convert(cells: pa.StringArray, plan: ColumnPlan) -> Converted:
    """The cells of one block in the type of the plan. Empty cells and null tokens become null."""
    texts = cells if plan.type == "text" else pc.utf8_trim_whitespace(cells)
    missing = pc.is_in(texts, pa.array(("", *plan.null_tokens), pa.string()))
    texts = pc.if_else(missing, pa.scalar(None, pa.string()), texts)
    match plan.type:
        case "text":
            return Converted(texts)
        case "integer":
            return _cast(texts, INTEGER, pa.int64())
        case "number":
            return _numbers(texts)
        case "boolean":
            return _cast(texts, BOOLEAN, pa.bool_())
        case "timestamp":
            return _cast(texts, ZONED_TIMESTAMP if plan.zoned else TIMESTAMP, plan.arrow_type)


def _cast(texts: pa.StringArray, pattern: str, type_: pa.DataType) -> Converted:
    """Texts of the given pattern as values of the type."""
    wrong = texts.filter(pc.invert(pc.match_substring_regex(texts, pattern)))
    if len(wrong):
        return Converted(texts, len(wrong), wrong[0].as_py())
    try:
        return Converted(pc.cast(texts, type_))
    except pa.ArrowInvalid:
        wrong = [text for text in texts.drop_null().to_pylist() if not _casts(text, type_)]
        return Converted(texts, len(wrong), wrong[0])


def _casts(text: str, type_: pa.DataType) -> bool:
    """Whether one text is a value of the type."""
    try:
        pa.scalar(text).cast(type_)
    except pa.ArrowInvalid:
        return False
    return True


def _numbers(texts: pa.StringArray) -> Converted:
    """Texts as doubles, if each double gives back all digits of its text."""
    converted = _cast(texts, NUMBER, pa.float64())
    if converted.misfits:
        return converted
    doubtful = pc.or_(pc.greater(pc.binary_length(texts), SAFE_DIGITS), pc.match_substring_regex(texts, "[eE]"))
    long, values = texts.filter(doubtful), converted.values.filter(doubtful)
    reprinted = pc.equal(pc.cast(values, pa.string()), long)
    unequal = pc.invert(reprinted)
    lossy = [
        text
        for text, value in zip(long.filter(unequal).to_pylist(), values.filter(unequal).to_pylist(), strict=True)
        if not keeps_digits(text, value)
    ]
    return Converted(converted.values, len(lossy), lossy[0] if lossy else None)


def keeps_digits(text: str, value: float) -> bool:
    """Whether a double, printed with as many digits as the text of a number has, gives back that number."""
    if "inf" in text.lower():
        return True
    exact = Decimal(text)
    if value in (float("inf"), float("-inf")):
        return False
    digits = max(len(exact.normalize().as_tuple().digits), 1)
    return Decimal(repr(value)) == exact or (digits <= 17 and Decimal(format(value, f".{digits - 1}e")) == exact)


def _all(mask: pa.BooleanArray) -> bool:
    return bool(pc.all(mask, min_count=0).as_py())


def _any(mask: pa.BooleanArray) -> bool:
    return bool(pc.any(mask, min_count=0).as_py())
