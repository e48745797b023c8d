"""Where values are missing: together with which others, and hidden behind which stand-ins."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.analyses.figures import categories, columns
from analyzer.analyses.figures.hashing import hashes
from analyzer.analyses.findings import dates, mcar, numbers, texts
from analyzer.analyses.findings.look import Levels, Look
from analyzer.picking import picked, picked_of

Array = npt.NDArray[Any]

MAX_PATTERNS = 50
MAX_PAIRED = 200
MAX_PAIRS = 500
MAX_STAND_INS = 20
MAX_TEST_ROWS = 100_000
BLOCK = 1 << 16
SLICE = 1 << 20
BLOCK_CELLS, LEAST_ROWS = 1 << 24, 1 << 16
"""So many patterns, the most frequent ones, are listed, so many columns from the left paired, and so many pairs kept,
the strongest. Masks are made of so
many cells at once, and multiplied in blocks of rows in which single precision counts exactly."""


def in_text(column: pa.ChunkedArray, *, few_levels: bool) -> dict[str, Any]:
    """`{blank, disguised}` of a plain text column: among its distinct values if they are few, else row by row.

    Most rows that differ are neither, and to count them would take longer than to look at each.
    """
    values, counts = categories.counted(column if few_levels else texts.possible_stand_ins(column))
    levels = Levels.of(values, counts)
    disguised = levels.matching(texts.DISGUISED)
    found = levels.values.filter(pa.array(disguised))
    return {
        "blank": levels.weight(levels.matching(texts.BLANK)),
        "disguised": categories.most_frequent(found, levels.counts[disguised], MAX_STAND_INS),
    }


def stand_ins(look: Look) -> list[dict[str, Any]]:
    """`[{value, count}]`: what numbers or moments stand for a missing one, the most frequent ones first."""
    found: list[tuple[int, str]] = []
    if look.kind == "numeric":
        hits = look.numbers[numbers.placeholders(look)]
        values, counts = np.unique(hits, return_counts=True)
        found = [(count, f"{value:.0f}") for value, count in zip(values.tolist(), counts.tolist(), strict=True)]
    elif look.kind == "datetime" and not pa.types.is_time(look.column.type):
        moments = dates.at(look)
        values, counts = np.unique(moments[dates.placeholders(moments)], return_counts=True)
        found = [(int(count), str(value.astype("datetime64[D]"))) for value, count in zip(values, counts, strict=True)]
    ordered = sorted(found, key=lambda pair: (-pair[0], pair[1]))
    return [{"value": value, "count": count} for count, value in ordered[:MAX_STAND_INS]]


def together(table: pa.Table) -> dict[str, Any]:
    """`{complete_rows, empty_rows, patterns, more_patterns, pairs, paired}` of all columns of a table.

    Block after block of rows is looked at, and what was counted in each is added up.
    """
    names, rows = table.column_names, table.num_rows
    gone = {name: _missing(table.column(name)) for name in names}
    gappy = [name for name in names if gone[name]]
    paired = [name for name in gappy if gone[name] < rows][:MAX_PAIRED]
    both = np.zeros((len(paired), len(paired)))
    complete = empty = 0
    seen: list[Array] = []
    height = max(LEAST_ROWS, BLOCK_CELLS // max(len(gappy), 1))
    for start in range(0, rows if gappy else 0, height):
        masks = [_mask(table.column(name).slice(start, height)) for name in gappy]
        seen.append(_kinds(masks) + np.array([[0], [start], [0]]))
        complete += int(np.count_nonzero(~np.logical_or.reduce(masks)))
        empty += int(np.count_nonzero(np.logical_and.reduce(masks))) if len(gappy) == len(names) else 0
        _add_pairs(both, [mask for name, mask in zip(gappy, masks, strict=True) if name in paired])
    patterns, more = _patterns(table, gappy, seen)
    return {
        "complete_rows": complete if gappy else rows,
        "empty_rows": empty,
        "patterns": patterns,
        "more_patterns": more,
        "paired": len(paired),
        "pairs": _pairs(paired, both, rows),
    }


def _missing(column: pa.ChunkedArray) -> int:
    """How many values are missing, NaN included."""
    if not pa.types.is_floating(columns.plain(column).type):
        return int(column.null_count)
    return sum(int(np.count_nonzero(_mask(column.slice(start, SLICE)))) for start in range(0, len(column), SLICE))


def _mask(column: pa.ChunkedArray) -> Array:
    """Where a value is missing, NaN included."""
    mask: Array = pc.is_null(columns.plain(column), nan_is_null=True).to_numpy()
    return mask


def _kinds(masks: list[Array]) -> Array:
    """A row each for the keys of the different patterns, the first rows that have them, and how many do."""
    words = [_packed(masks[start : start + 63]) for start in range(0, len(masks), 63)]
    key = words[0] if len(words) == 1 else hashes(words, masks[0].size).view(np.int64)
    encoded = pa.array(key).dictionary_encode()
    codes = encoded.indices.to_numpy()
    first = np.empty(len(encoded.dictionary), dtype=np.int64)
    first[codes[::-1]] = np.arange(codes.size)[::-1]  # of those with the same code the last one written stays
    return np.stack((encoded.dictionary.to_numpy(), first, np.bincount(codes)))


def _patterns(table: pa.Table, gappy: list[str], seen: list[Array]) -> tuple[list[dict[str, Any]], int]:
    """`[{columns, n, share}]` by falling n, and how many are not listed, from what was seen in each block."""
    rows = table.num_rows
    if not seen:
        return ([{"columns": [], "n": rows, "share": 1.0}] if rows else []), 0
    keys, firsts, counts = np.concatenate(seen, axis=1)
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    firsts, totals = firsts[first], np.zeros(first.size, dtype=np.int64)
    np.add.at(totals, which, counts)
    order = np.lexsort((firsts, -totals))
    listed = order[:MAX_PATTERNS]
    shown = picked(table.select(gappy), firsts[listed])
    masks = {name: _mask(shown.column(name)) for name in gappy}
    found = [
        {
            "columns": [name for name in gappy if masks[name][number]],
            "n": int(totals[place]),
            "share": int(totals[place]) / rows,
        }
        for number, place in enumerate(listed.tolist())
    ]
    return found, order.size - len(found)


def _packed(masks: list[Array]) -> Array:
    """The masks as the bits of one integer for each row."""
    word = np.zeros(masks[0].size, dtype=np.int64)
    for place, mask in enumerate(masks):
        word |= mask.astype(np.int64) << place
    return word


def _add_pairs(both: Array, masks: list[Array]) -> None:
    """Add in how many rows each two of them are true."""
    for start in range(0, masks[0].size if len(masks) > 1 else 0, BLOCK):
        block = np.stack([mask[start : start + BLOCK] for mask in masks]).astype(np.float32)
        both += block @ block.T


def _pairs(names: list[str], both: Array, rows: int) -> list[dict[str, Any]]:
    """`[{column, other, r, n}]`: Pearson's r of being missing, and in how many rows both are; the strongest first."""
    if len(names) < 2:
        return []
    each = np.diag(both)
    spread = each * (rows - each)
    r = (rows * both - np.outer(each, each)) / np.sqrt(np.outer(spread, spread))
    one, two = np.triu_indices(len(names), k=1)
    strength = r[one, two].clip(-1.0, 1.0)
    order = np.lexsort((two, one, -np.abs(strength)))[:MAX_PAIRS]
    return [
        {
            "column": names[one[place]],
            "other": names[two[place]],
            "r": float(strength[place]),
            "n": int(both[one[place], two[place]]),
        }
        for place in order.tolist()
    ]


def tested(table: pa.Table, seed: int) -> dict[str, Any]:
    """Little's test over the numeric columns; of many rows, those drawn with the seed."""
    plain = {name: columns.plain(table.column(name)) for name in table.column_names}
    names = [name for name, column in plain.items() if columns.kind_of(column.type) in ("numeric", "decimal")]
    names = names[: mcar.MAX_COLUMNS]
    chosen: Array | None = None
    if table.num_rows > MAX_TEST_ROWS:
        chosen = np.sort(np.random.default_rng(seed).choice(table.num_rows, MAX_TEST_ROWS, replace=False))
    values = [numbers.doubles(plain[name] if chosen is None else picked_of(plain[name], chosen)) for name in names]
    found = mcar.little(np.stack(values) if values else np.zeros((0, 0))) | {"columns": names}
    if chosen is not None:
        found["notes"] = {"rows": {"kind": "sample", "n": MAX_TEST_ROWS, "seed": seed}} | found["notes"]
    return found
