"""Issues that text columns can have."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.analyses.findings.blanks import LAST_BYTES, spaced
from analyzer.analyses.findings.codes import Issue
from analyzer.analyses.findings.look import BORDERS, Levels, Look, any_of, as_mask

Array = npt.NDArray[Any]

DISGUISED = spaced(
    r"(?i)^\s*(n\.?/?a\.?|nan|null|none|nil|missing|unknown|undefined|not available|\?+|-+|\.+|#n/a|#null!|-9+)\s*$"
)
BLANK = spaced(r"^\s*$")
NUMBER = spaced(r"^\s*[+-]?(\d+([.,]\d+)?|[.,]\d+)([eE][+-]?\d+)?\s*$")
DATE = spaced(
    r"^\s*(\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})?)?"
    r"|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\d{4}/\d{1,2}/\d{1,2})\s*$"
)
PADDED = spaced(r"^\s+\S|\S\s+$")

_STAND_INS, _NUMERALS = any_of("nNmMuU?-.#"), any_of("0123456789+-.,")
_BLANKS, _BLANK_ENDS = any_of(""), any_of("", LAST_BYTES)
BORDERS.update(
    {
        DISGUISED: lambda first, last: _STAND_INS[first],
        BLANK: lambda first, last: _BLANKS[first],
        NUMBER: lambda first, last: _NUMERALS[first],
        DATE: lambda first, last: _NUMERALS[first],
        PADDED: lambda first, last: _BLANKS[first] | _BLANK_ENDS[last],
    }
)


BLOCK = 1 << 18
MAX_COMPARED = 100
MAX_COMPARED_LENGTH = 100
MAX_WORDED = 10_000
"""So many levels are compared for similarity, the most frequent ones; so many are split into words, the first ones."""


def possible_stand_ins(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values of a text column that are blank or stand for a missing one; a block of rows at a time."""
    blocks = [column.slice(start, BLOCK) for start in range(0, len(column), BLOCK)]
    kept = [_stand_ins(chunk.drop_null()) for block in blocks for chunk in block.chunks]
    return pa.chunked_array(kept, pa.large_string())


def _stand_ins(chunk: pa.Array) -> pa.Array:
    one_by_one = Levels.of(chunk, np.ones(len(chunk), dtype=np.int64))
    return one_by_one.values.filter(pa.array(one_by_one.matching(BLANK) | one_by_one.matching(DISGUISED)))


def issues(look: Look) -> Iterator[Issue]:
    """How the levels are distributed, what they read as, and where they disagree with each other."""
    yield from _distribution(look)
    yield from _leaders(look)
    yield from _reading(look)
    yield from _blemishes(look)
    if look.kind == "categorical":
        yield from _similar(look)
    yield from _words(look)


def _distribution(look: Look) -> Iterator[Issue]:
    figures, limits = look.figures, look.limits
    if figures["distinct"] > limits.high_cardinality:
        yield look.issue("high_cardinality", n=figures["distinct"], share=figures["distinct"] / figures["count"])
    if figures["imbalance"] > limits.imbalance:
        yield look.issue("imbalance", value=figures["imbalance"])
    if figures["distinct"] > 1 and figures["lengths"]["min"] == figures["lengths"]["max"]:
        yield look.issue("constant_length", n=figures["lengths"]["min"])
    if figures["distinct"] >= 10 and look.rare / figures["distinct"] > limits.rare_levels:
        yield look.issue("many_rare_levels", n=look.rare, share=look.rare / figures["distinct"])


def _leaders(look: Look) -> Iterator[Issue]:
    figures, limits, top = look.figures, look.limits, look.figures["top"]
    if len(top) < 2:
        return
    first, second = top[0]["count"], top[1]["count"]
    if first / figures["count"] >= limits.dominant_category:
        yield look.counted_issue("dominant_category", first)
    if first / second >= limits.outstanding_value:
        yield look.issue("outstanding_value", n=first, value=first / second)
    if figures["distinct"] >= 5 and (first + second) / figures["count"] > limits.attribution:
        yield look.counted_issue("attribution", first + second)


def _reading(look: Look) -> Iterator[Issue]:
    """What the values read as, leaving aside those that stand for missing ones."""
    levels, limits = look.levels, look.limits
    meant = ~(levels.matching(DISGUISED) | levels.matching(BLANK))
    total = levels.weight(meant)
    if not total:
        return
    dates, numbers = levels.matching(DATE) & meant, levels.matching(NUMBER) & meant
    if levels.weight(dates) / total >= limits.parsed:
        yield look.of_levels("type_date", dates)
    numeric = levels.weight(numbers) / total
    if numeric >= limits.parsed:
        yield look.of_levels("type_number", numbers)
    if min(numeric, 1 - numeric) > limits.mixed_types:
        yield look.of_levels("mixed_types", minority(levels))


def minority(levels: Levels) -> Array:
    """The levels that are numbers among other text, or other text among numbers, whichever is rarer."""
    meant = ~(levels.matching(DISGUISED) | levels.matching(BLANK))
    numbers = levels.matching(NUMBER) & meant
    return numbers if levels.weight(numbers) * 2 <= levels.weight(meant) else meant & ~numbers


def _blemishes(look: Look) -> Iterator[Issue]:
    levels = look.levels
    marks = {
        "case_variants": levels.in_other_case,
        "trim_variants": levels.minor_variants(pc.utf8_trim_whitespace(levels.values)),
        "padded": levels.matching(PADDED),
        "empty_strings": levels.matching(BLANK),
        "disguised_missing": levels.matching(DISGUISED),
        "replacement_character": levels.lost,
    }
    for code, mask in marks.items():
        if mask.any():
            yield look.of_levels(code, mask)


def _similar(look: Look) -> Iterator[Issue]:
    pairs = similar_pairs(look.levels, look.limits.dirty_category)
    if pairs:
        shown = ", ".join(f"{rare!r} and {frequent!r}" for frequent, rare in pairs[:3])
        rare_ones = pc.is_in(look.levels.values, value_set=pa.array([rare for _, rare in pairs], pa.large_string()))
        yield look.of_levels("dirty_category", as_mask(rare_ones)) | {"message": f"These may be the same: {shown}."}


def similar_pairs(levels: Levels, least: float) -> list[tuple[str, str]]:
    """Pairs of levels (frequent, rare) at least this alike, that differ in more than case, blanks or digits."""
    leading = np.argsort(-levels.counts, kind="stable")[:MAX_COMPARED]
    texts = [text for text in levels.values.take(leading).to_pylist() if 4 <= len(text) <= MAX_COMPARED_LENGTH]
    bare = [(text, skeleton) for text in texts if len(skeleton := _skeleton(text)) >= 4]
    pairs = combinations(bare, 2)
    return [(frequent, rare) for (frequent, one), (rare, two) in pairs if one != two and _alike(one, two, least)]


def _skeleton(text: str) -> str:
    """The text without what other issues speak of (case, blanks), and without digits, which number things."""
    return "".join(letter for letter in text.casefold() if not letter.isspace() and not letter.isdigit())


def _alike(one: str, two: str, least: float) -> bool:
    """Ratcliff and Obershelp's ratio, after the two upper bounds that are cheaper."""
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    return matcher.real_quick_ratio() >= least and matcher.quick_ratio() >= least and matcher.ratio() >= least


def _words(look: Look) -> Iterator[Issue]:
    totals, several = words_of(look.levels)
    if totals.size > look.limits.words:
        yield look.issue("high_word_cardinality", n=totals.size)
    if totals.size < 2 or not several:
        return
    second, first = np.sort(totals)[-2:].tolist()
    if first / second >= look.limits.outstanding_word:
        yield look.issue("outstanding_word", n=first, value=first / second)


def words_of(levels: Levels) -> tuple[Array, bool]:
    """How often each distinct word, in lower case, occurs; and whether a text has several."""
    texts = pc.utf8_lower(pc.utf8_slice_codeunits(levels.values[:MAX_WORDED], 0, 1000))
    split = pc.utf8_split_whitespace(texts)
    words, texts_of_words = split.flatten(), pc.list_parent_indices(split).to_numpy()
    there = as_mask(pc.not_equal(words, ""))  # blanks at the ends leave nothing beside them
    words, texts_of_words = words.filter(pa.array(there)), texts_of_words[there]
    encoded = words.dictionary_encode()
    weights = levels.counts[texts_of_words]
    totals = np.bincount(encoded.indices.to_numpy(), weights=weights, minlength=len(encoded.dictionary))
    several = bool((texts_of_words[1:] == texts_of_words[:-1]).any())
    return totals.astype(np.int64), several
