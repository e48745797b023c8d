"""Columns of text into columns of the planned types, exactly, with a note of every cell that is changed."""

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.ingest.column_types import BOOLEANS, ColumnPlan
from analyzer.ingest.date_texts import NAMES, PATTERNS, to_timestamps
from analyzer.ingest.number_texts import PHONE_LIKE, PLAIN_INTEGER, begins_oddly, lossy


@dataclass(frozen=True)
class ChangedCells:
    """What was done to cells, the indices of their rows, and the token where they were read as missing."""

    change: str
    rows: np.ndarray
    token: str | None = None


@dataclass(frozen=True)
class Converted:
    """A column of one block in its type. `misfit`: a cell that does not fit; then the values are worthless."""

    values: pa.Array
    changed: tuple[ChangedCells, ...] = ()
    misfit: str | None = None


def convert(cells: pa.StringArray, plan: ColumnPlan) -> Converted:
    """The cells in the type of the plan. Cells that are null, empty or null tokens become null."""
    if plan.type == "text":
        return _texts(cells, plan)
    if (values := _at_once(cells, plan)) is not None:
        return Converted(values)
    texts = pc.utf8_trim_whitespace(cells)
    missing = pc.is_in(texts, pa.array(("", *plan.null_tokens), pa.string()))
    changed = _missing(texts, pc.and_(missing, pc.not_equal(pc.fill_null(texts, ""), "")))
    texts = pc.if_else(missing, pa.scalar(None, pa.string()), texts)
    values, misfits = _typed(texts, plan)
    if not len(misfits):
        return Converted(values, (*changed, *_rewritten(texts, plan)))
    if not plan.fixed:
        return Converted(values, changed, misfits[0])
    return _by_force(texts, plan, changed)


def _texts(cells: pa.StringArray, plan: ColumnPlan) -> Converted:
    """Text stays as it is, but for null tokens. A column that was empty in the sample must stay so."""
    if not plan.seen and not plan.fixed and cells.null_count < len(cells):
        expected = pa.array(["", None, *plan.null_tokens], pa.string())
        filled = cells.filter(pc.invert(pc.is_in(pc.utf8_trim_whitespace(cells), expected)))
        if len(filled):
            return Converted(cells, misfit=filled[0].as_py())
    if not plan.null_tokens:
        return Converted(cells)
    missing = pc.is_in(cells, pa.array(plan.null_tokens, pa.string()))
    changed = _missing(cells, missing)
    return Converted(pc.if_else(missing, pa.scalar(None, pa.string()), cells) if changed else cells, changed)


def _missing(texts: pa.StringArray, missing: pa.BooleanArray) -> tuple[ChangedCells, ...]:
    """A note for every token that was read as missing."""
    if not pc.any(missing, min_count=0).as_py():
        return ()
    tokens = pc.unique(texts.filter(missing)).to_pylist()
    return tuple(
        ChangedCells(f"{token!r} read as missing", np.flatnonzero(pc.fill_null(pc.equal(texts, token), False)), token)
        for token in tokens
    )


def _at_once(cells: pa.StringArray, plan: ColumnPlan) -> pa.Array | None:
    """The values, if every cell is plainly written; None if it takes a closer look."""
    try:
        match plan.type:
            case "integer" if plan.number_style.is_plain:
                values = pc.cast(cells, pa.int64())
                return None if begins_oddly(cells) else values
            case "number" if plan.number_style.is_plain:
                values = pc.cast(cells, pa.float64())
                return None if begins_oddly(cells) or lossy(cells, values) else values
            case "boolean" if plan.booleans == BOOLEANS[0]:
                return None if pc.min(pc.binary_length(cells)).as_py() == 1 else pc.cast(cells, pa.bool_())
            case "timestamp" if plan.date_style in ("iso", "zoned"):
                return to_timestamps(cells, plan.date_style)
    except pa.ArrowInvalid:
        pass
    return None


def _typed(texts: pa.StringArray, plan: ColumnPlan) -> tuple[pa.Array, list[str]]:
    """Trimmed texts, null where missing, as values of the plan's type; and the texts that do not fit it."""
    match plan.type:
        case "integer":
            plain = plan.number_style.plain(texts)
            wrong = _unlike(texts, plan.number_style.pattern) or _unlike(plain, PLAIN_INTEGER)
            return (texts, wrong) if wrong else _cast(plain, pa.int64())
        case "number":
            wrong = _unlike(texts, plan.number_style.pattern) or _like(texts, PHONE_LIKE)
            if wrong:
                return texts, wrong
            plain = plan.number_style.plain(texts)
            values = pc.cast(plain, pa.float64())
            return values, lossy(plain, values)
        case "boolean":
            return _booleans(texts, plan)
        case _:
            wrong = _unlike(texts, PATTERNS[plan.date_style])
            values = None if wrong else to_timestamps(texts, plan.date_style)
            return (texts, wrong or _no_dates(texts, plan)) if values is None else (values, [])


def _booleans(texts: pa.StringArray, plan: ColumnPlan) -> tuple[pa.Array, list[str]]:
    """The texts as true and false, null where they are neither; and those. Who asked for booleans means any pair."""
    pairs = (*BOOLEANS, ("1", "0")) if plan.fixed else (plan.booleans,)
    lowered = pc.utf8_lower(texts)
    true, false = (pc.is_in(lowered, pa.array(words, pa.string())) for words in zip(*pairs, strict=True))
    known = pc.or_(true, false)
    unknown = pc.and_(pc.invert(known), pc.is_valid(texts))
    return pc.if_else(known, true, pa.scalar(None, pa.bool_())), texts.filter(unknown).to_pylist()


def _cast(texts: pa.StringArray, type_: pa.DataType) -> tuple[pa.Array, list[str]]:
    """The texts as values; and those that are out of the type's range."""
    try:
        return pc.cast(texts, type_), []
    except pa.ArrowInvalid:
        return texts, [text for text in texts.drop_null().to_pylist() if not -(2**63) <= int(text) < 2**63]


def _no_dates(texts: pa.StringArray, plan: ColumnPlan) -> list[str]:
    """The texts that look like dates of the plan's style and are none, such as 2020-02-30."""
    return [text for text in texts.drop_null().to_pylist() if to_timestamps(pa.array([text]), plan.date_style) is None]


def _like(texts: pa.StringArray, pattern: str) -> list[str]:
    found: list[str] = texts.filter(pc.match_substring_regex(texts, pattern)).to_pylist()
    return found


def _unlike(texts: pa.StringArray, pattern: str) -> list[str]:
    found: list[str] = texts.filter(pc.invert(pc.match_substring_regex(texts, pattern))).to_pylist()
    return found


def _rewritten(texts: pa.StringArray, plan: ColumnPlan) -> tuple[ChangedCells, ...]:
    """A note of cells that are stored in another notation than the file's: grouped digits, day-first dates, zones."""
    match plan.type:
        case "integer" | "number" if not plan.number_style.is_plain:
            other = pc.not_equal(plan.number_style.plain(texts), texts)
            return _note(f"read with {plan.number_style}", other)
        case "timestamp" if plan.date_style == "zoned":
            return _note(
                "stored in UTC; the offset is not kept", pc.match_substring_regex(texts, "[+-][0-9:]*[1-9][0-9:]*$")
            )
        case "timestamp" if plan.date_style != "iso":
            return _note(f"read as {NAMES[plan.date_style]}", pc.is_valid(texts))
    return ()


def _note(change: str, mask: pa.BooleanArray) -> tuple[ChangedCells, ...]:
    rows = np.flatnonzero(pc.fill_null(mask, False))
    return (ChangedCells(change, rows),) if len(rows) else ()


def _by_force(texts: pa.StringArray, plan: ColumnPlan, changed: tuple[ChangedCells, ...]) -> Converted:
    """The user decided the type: cells that do not fit it are missing, digits a double cannot keep are rounded."""
    encoded = texts.dictionary_encode()
    forced = [_forced(text, plan) for text in encoded.dictionary.to_pylist()]
    values = pa.array([value for value, _ in forced], plan.arrow_type).take(encoded.indices)
    changes = pa.array([change for _, change in forced], pa.string()).take(encoded.indices)
    notes = [_note(change, pc.equal(changes, change)) for change in pc.unique(changes.drop_null()).to_pylist()]
    return Converted(values, (*changed, *(note for found in notes for note in found)))


def _forced(text: str, plan: ColumnPlan) -> tuple[pa.Scalar | None, str | None]:
    """A text as value of a type that may not fit it, or None; and what that changes."""
    values, wrong = _typed(pa.array([text], pa.string()), plan)
    value = values[0] if values.type == plan.arrow_type and values[0].is_valid else None
    if not wrong:
        return value, None
    if value is None:
        return None, f"not a {plan.type}, read as missing"
    if not math.isfinite(value.as_py()):
        return None, "beyond the range of a double, read as missing"
    return value, "rounded to a double"
