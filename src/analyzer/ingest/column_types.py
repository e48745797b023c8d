"""Which type a column of text has.

A column gets a type only if every cell in it can be stored in that type exactly; otherwise it stays text. The plan is
made on a sample; conversion checks every cell, and where a later cell contradicts the plan, `replan` makes a wider one.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.ingest.date_texts import NAMES, DateStyle, style_of
from analyzer.ingest.number_texts import PHONE_LIKE, PLAIN, STYLES, NumberStyle, begins_oddly, lossy, name_things
from analyzer.ingest.slips import slips
from analyzer.models.datasets import ColumnType, DateFormat, ReadingOptions

NULL_TOKENS = (
    "NA", "N/A", "n/a", "na", "#N/A", "NaN", "nan", "-nan", "NULL", "null", "Null", "None", "none", "NaT", "<NA>",
    "\\N", "-", "--", "?", ".", "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?",
    "(null)", "missing", "Missing",
)  # fmt: skip
"""Cells that mean `missing` where the rest of the column is no text."""

BOOLEANS = (("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"))
NUMERAL = re.compile(r"[0-9]|[Ii]nf")
DATE_OPENING = re.compile(r"[0-9]+[-/.]")
LEADING_ZERO = r"^[+-]?0[0-9]"
DIGITS = r"^[+-]?[0-9]+$"
SHORTENED = r"^[0-9](\.[0-9]{1,5})?E\+(1[1-9]|[2-9][0-9])$"
"""How Excel shows, and then writes, numbers of twelve digits and more."""
POINTED = r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$"
IDENTIFIERS = "the groups of digits are alike, as in identifiers; set `thousands` if each cell is one number"

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
}


@dataclass(frozen=True)
class Hints:
    """What holds for all columns of a file: what means missing, and how its numbers and dates are written."""

    null_tokens: tuple[str, ...] = NULL_TOKENS
    decimal: str | None = None
    thousands: str | None = None
    date_format: DateFormat | None = None

    @classmethod
    def of(cls, options: ReadingOptions) -> "Hints":
        tokens = NULL_TOKENS if options.null_tokens is None else options.null_tokens
        return cls(tokens, options.decimal, options.thousands, options.date_format)

    @cached_property
    def missing(self) -> pa.StringArray:
        """The empty text and the null tokens, for looking texts up."""
        return pa.array(("", *self.null_tokens), pa.string())

    @property
    def styles(self) -> Iterable[NumberStyle]:
        """The ways numbers may be written."""
        if self.decimal is None and self.thousands is None:
            return (PLAIN, *STYLES)
        if self.thousands is not None:
            return (NumberStyle(self.decimal or ("," if self.thousands == "." else "."), self.thousands),)
        return tuple(style for style in (PLAIN, *STYLES) if style.decimal == self.decimal)


@dataclass(frozen=True)
class ColumnPlan:
    """What a column is to become, why, how its cells are written, and which of them mean `missing`.

    `seen`: it held something in the sample. `fixed`: the user asked for the type. `doubt`: it could be read otherwise.
    """

    type: ColumnType
    reason: str
    null_tokens: tuple[str, ...] = ()
    number_style: NumberStyle = PLAIN
    date_style: DateStyle = "iso"
    booleans: tuple[str, str] = BOOLEANS[0]
    seen: bool = True
    fixed: bool = False
    warning: str | None = None
    doubt: str | None = None
    tokens_found: tuple[str, ...] = field(default=(), compare=False)

    @property
    def arrow_type(self) -> pa.DataType:
        if self.type == "timestamp" and self.date_style == "zoned":
            return pa.timestamp("us", "UTC")
        return ARROW_TYPES[self.type]


def guess(cells: pa.StringArray, hints: Hints) -> ColumnPlan:
    """The narrowest type that holds every one of these cells exactly; text where there is none."""
    texts = pc.utf8_trim_whitespace(cells.drop_null() if cells.null_count else cells)
    missing = pc.is_in(texts, hints.missing)
    found: tuple[str, ...] = ()
    if _any(missing):
        found = tuple(token for token in pc.unique(texts.filter(missing)).to_pylist() if token)
        texts = texts.filter(pc.invert(missing))
    if not len(texts):
        return ColumnPlan("text", "no cell holds anything", hints.null_tokens, seen=False, tokens_found=found)
    for attempt in (_number, _boolean, _timestamp):
        if (plan := attempt(texts, hints)) is not None:
            return replace(plan, null_tokens=hints.null_tokens, tokens_found=found)
    return replace(_text(texts), tokens_found=found)


def _number(texts: pa.StringArray, hints: Hints) -> ColumnPlan | None:
    """A plan for whole numbers or numbers, in the first style that fits all; for text, if they are identifiers."""
    if not NUMERAL.search(texts[0].as_py()):
        return None
    for style in hints.styles:
        if not style.is_plain and not _all(pc.match_substring_regex(texts, style.pattern)):
            continue
        if style.thousands and hints.thousands is None and name_things(texts, style):
            return ColumnPlan("text", IDENTIFIERS, warning=IDENTIFIERS)
        plan = _number_in(style.plain(texts), style)
        if plan is not None:
            return replace(plan, doubt=_doubt(texts, style))
    return None


def _number_in(texts: pa.StringArray, style: NumberStyle) -> ColumnPlan | None:
    """A plan for texts that are plain numbers now and were written in a style."""
    if begins_oddly(texts) and (
        not _all(pc.match_substring_regex(texts, PLAIN.pattern)) or _any(pc.match_substring_regex(texts, PHONE_LIKE))
    ):
        return None
    if _cast(texts, pa.int64()) is not None:
        return ColumnPlan("integer", _reason("integer", style), number_style=style)
    values = _cast(texts, pa.float64())
    if values is None or lossy(texts, values):
        return None
    return ColumnPlan("number", _reason("number", style), number_style=style)


def _doubt(texts: pa.StringArray, style: NumberStyle) -> str | None:
    """What else numbers of this style could mean: `1,234` is 1234 or 1.234."""
    if style == NumberStyle(".", ",") and _all(pc.match_substring_regex(texts, NumberStyle(",", "").pattern)):
        return "commas could be decimal marks as well; set `decimal` if they are"
    if style.is_plain and _all(pc.match_substring_regex(texts, SHORTENED)):
        return "a spreadsheet may have shortened longer numbers to these; of identifiers the digits are lost"
    return None


def _boolean(texts: pa.StringArray, _: Hints) -> ColumnPlan | None:
    """A plan for true and false, in one of the usual pairs of words; both letters must occur for t/f and y/n."""
    words = pc.unique(pc.utf8_lower(texts))
    if len(words) > 2:
        return None
    present = set(words.to_pylist())
    for pair in BOOLEANS:
        if present == set(pair) or (pair == BOOLEANS[0] and present <= set(pair)):
            return ColumnPlan("boolean", f"every cell is {pair[0]} or {pair[1]}", booleans=pair)
    return None


def _timestamp(texts: pa.StringArray, hints: Hints) -> ColumnPlan | None:
    """A plan for dates and times."""
    if not DATE_OPENING.match(texts[0].as_py()):
        return None
    found = style_of(texts, hints.date_format)
    if found is None:
        return None
    style, ambiguous = found
    doubt = "day and month could be the other way round; set `date_format` if they are" if ambiguous else None
    return ColumnPlan("timestamp", f"every cell is a date or time {NAMES[style]}", date_style=style, doubt=doubt)


def _text(texts: pa.StringArray) -> ColumnPlan:
    """A plan for text, which says so where the cells look like numbers that no number type keeps."""
    if _any(pc.match_substring_regex(texts, LEADING_ZERO)) and _all(pc.match_substring_regex(texts, DIGITS)):
        reason = "leading zeros belong to identifiers, and numbers would lose them"
    elif _all(pc.match_substring_regex(texts, DIGITS)):
        reason = "the digits are too many for a whole number of 64 bits, or a phone number"
    elif _all(pc.match_substring_regex(texts, PLAIN.pattern)):
        reason = "the numbers have more digits, or are larger or smaller, than a double keeps"
    elif (few := slips(texts)) is not None:
        reason = few
    else:
        return ColumnPlan("text", "the cells are text")
    return ColumnPlan("text", reason, warning=reason)


def replan(plan: ColumnPlan, cells: pa.StringArray, misfit: str, hints: Hints, where: str = "") -> ColumnPlan:
    """A plan that holds what the old one did and these cells too, of which `misfit` is one that did not fit.

    `where` it stands is told behind it, as in ` in line 7`.
    """
    decided = plan.type == "number" or (plan.number_style.thousands and not plan.doubt)
    new = guess(cells, replace(hints, decimal=plan.number_style.decimal) if decided else hints)
    if not plan.seen and new.seen:
        return new
    if (wider := _wider_number(plan, new)) is not None:
        return wider
    if plan.type == new.type == "timestamp" and plan.doubt and not new.doubt:
        return new
    reason = f"{misfit[:60]!r}{where} cannot be stored as {plan.type} exactly, so the column stays text"
    return ColumnPlan("text", reason, warning=reason)


def _wider_number(old: ColumnPlan, new: ColumnPlan) -> ColumnPlan | None:
    """A plan for the numbers of two plans, if one style fits both.

    Whole numbers without groups are of every style; where the commas in them are in doubt, the new ones decide.
    """
    if not {old.type, new.type} <= {"integer", "number"}:
        return None
    was, is_now = old.number_style, new.number_style
    if old.type != "integer" or (was.thousands and not old.doubt):
        if was.decimal != is_now.decimal or (was.thousands and is_now.thousands not in ("", was.thousands)):
            return None
        is_now = replace(is_now, thousands=is_now.thousands or was.thousands)
    kind: ColumnType = "integer" if old.type == new.type == "integer" else "number"
    if (kind, is_now) == (old.type, was):
        return None
    reason = _reason(kind, is_now)
    return replace(
        new, type=kind, number_style=is_now, reason=reason, doubt=new.doubt if old.type == "integer" else None
    )


def _reason(kind: ColumnType, style: NumberStyle) -> str:
    what = "a whole number" if kind == "integer" else "a number"
    return f"every cell is {what}" + ("" if style.is_plain else f", {style}")


def fix(plan: ColumnPlan, wanted: ColumnType, hints: Hints) -> ColumnPlan:
    """The plan for a column whose type the user decided."""
    if plan.type == wanted:
        return replace(plan, fixed=True, reason="as asked")
    tokens = () if wanted == "text" else hints.null_tokens
    style: DateStyle = hints.date_format or "iso"
    return ColumnPlan(
        wanted, "as asked", tokens, next(iter(hints.styles)), style, fixed=True, tokens_found=plan.tokens_found
    )


def plan_columns(
    columns: Sequence[pa.StringArray], options: ReadingOptions, delimiter: str | None = None
) -> list[ColumnPlan]:
    """Plans for the columns of a sample. What one column shows about the file helps to read the others."""
    hints = Hints.of(options)
    plans = [guess(column, hints) for column in columns]
    if options.decimal is None and options.thousands is None and any(map(_shows_decimal_comma, plans)):
        comma = replace(hints, decimal=",")
        _guess_again(plans, columns, comma, lambda plan: plan.type == "number" and plan.number_style.decimal == ".")
    if options.date_format is None and (order := _order_shown(plans)) is not None:
        ordered = replace(hints, date_format=order)
        _guess_again(plans, columns, ordered, lambda plan: plan.type == "timestamp" and plan.doubt is not None)
    if delimiter == ";" and options.decimal is None and options.thousands is None:
        plans = [_points_doubted(plan, column, hints) for plan, column in zip(plans, columns, strict=True)]
    tokens = options.null_tokens if options.null_tokens is not None else _tokens_shown(plans)
    return [replace(plan, null_tokens=tokens) if plan.type == "text" and plan.seen else plan for plan in plans]


def _points_doubted(plan: ColumnPlan, cells: pa.StringArray, hints: Hints) -> ColumnPlan:
    """The plan, in doubt if every cell is written like `1.234`: who separates by semicolons may group digits so."""
    if plan.type != "number" or not plan.number_style.is_plain:
        return plan
    texts = pc.utf8_trim_whitespace(cells)
    if not _all(pc.or_(pc.match_substring_regex(texts, POINTED), pc.is_in(texts, hints.missing))):
        return plan
    return replace(plan, doubt="points could group digits as well; set `thousands` if they do")


def _guess_again(
    plans: list[ColumnPlan],
    columns: Sequence[pa.StringArray],
    hints: Hints,
    concerned: Callable[[ColumnPlan], bool],
) -> None:
    """Replace plans that are concerned by what the hints say, where that works out to the same type."""
    for place, (plan, column) in enumerate(zip(plans, columns, strict=True)):
        if concerned(plan) or (plan.doubt and plan.type in ("integer", "number")):
            again = guess(column, hints)
            if again.type != "text":
                plans[place] = again


def _shows_decimal_comma(plan: ColumnPlan) -> bool:
    return plan.type == "number" and plan.number_style.decimal == ","


def _order_shown(plans: Sequence[ColumnPlan]) -> DateFormat | None:
    """The order of day and month in columns where there is no doubt about it."""
    certain = {plan.date_style for plan in plans if plan.type == "timestamp" and not plan.doubt}
    if ("dmy" in certain) == ("mdy" in certain):
        return None
    return "dmy" if "dmy" in certain else "mdy"


def _tokens_shown(plans: Sequence[ColumnPlan]) -> tuple[str, ...]:
    """What means `missing` in columns of numbers, dates or booleans means it in the text columns of the file too."""
    return tuple(
        sorted({token for plan in plans if plan.type != "text" or not plan.seen for token in plan.tokens_found})
    )


def _cast(texts: pa.StringArray, type_: pa.DataType) -> pa.Array | None:
    try:
        return pc.cast(texts, type_)
    except pa.ArrowInvalid:
        return None


def _all(mask: pa.BooleanArray) -> bool:
    return bool(pc.all(mask, min_count=0).as_py())


def _any(mask: pa.BooleanArray) -> bool:
    return bool(pc.any(mask, min_count=0).as_py())
