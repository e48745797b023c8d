"""Where values are missing: together with which others, and hidden behind which stand-ins."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.analyses.figures import columns
from analyzer.analyses.figures.hashing import hashes
from analyzer.analyses.figures.wire import shortened
from analyzer.analyses.findings import dates, mcar, numbers, texts
from analyzer.analyses.findings.look import Look

Array = npt.NDArray[Any]

MAX_PATTERNS = 50
MAX_PAIRED = 200
MAX_PAIRS = 500
MAX_STAND_INS = 20
MAX_TEST_ROWS = 100_000
BLOCK = 1 << 16
"""So many patterns, the most frequent ones, are listed, so many columns from the left paired, and so many pairs kept,
the strongest. Masks are multiplied in blocks of rows in which single precision counts exactly."""


def stand_ins(look: Look) -> list[dict[str, Any]]:
    """`[{value, count}]`: what stands for a missing value, the most frequent ones first."""
    found: list[tuple[int, str]] = []
    if look.is_text:
        mask = look.levels.matching(texts.DISGUISED)
        values, counts = look.levels.values.filter(pa.array(mask)).to_pylist(), look.levels.counts[mask].tolist()
        found = [(count, shortened(value)) for value, count in zip(values, counts, strict=True)]
    elif look.kind == "numeric":
        hits = look.numbers[numbers.placeholders(look)]
        values, counts = np.unique(hits, return_counts=True)
        found = [(count, f"{value:.0f}") for value, count in zip(values.tolist(), counts.tolist(), strict=True)]
    elif look.kind == "datetime" and not pa.types.is_time(look.column.type):
        moments = dates.at(look)
        values, counts = np.unique(moments[dates.placeholders(moments)], return_counts=True)
        found = [(int(count), str(value.astype("datetime64[D]"))) for value, count in zip(values, counts, strict=True)]
    ordered = sorted(found, key=lambda pair: (-pair[0], pair[1]))
    return [{"value": value, "count": count} for count, value in ordered[:MAX_STAND_INS]]


def blanks(look: Look) -> int:
    """How many texts are empty or consist of blanks."""
    return look.levels.weight(look.levels.matching(texts.BLANK)) if look.is_text else 0


def together(table: pa.Table) -> dict[str, Any]:
    """`{complete_rows, empty_rows, patterns, more_patterns, pairs, paired, mcar}` of all columns of a table."""
    masks = {name: _mask(table.column(name)) for name in table.column_names}
    gappy = {name: mask for name, mask in masks.items() if mask.any()}
    patterns, more, complete = _patterns(gappy, table.num_rows)
    empty = int(np.logical_and.reduce(list(masks.values())).sum()) if masks else 0
    partial = {name: mask for name, mask in gappy.items() if not mask.all()}
    return {
        "complete_rows": complete,
        "empty_rows": empty,
        "patterns": patterns,
        "more_patterns": more,
        "paired": min(len(partial), MAX_PAIRED),
        "pairs": _pairs(dict(list(partial.items())[:MAX_PAIRED])),
    }


def _mask(column: pa.ChunkedArray) -> Array:
    """Where a value is missing, NaN included."""
    mask: Array = pc.is_null(columns.plain(column), nan_is_null=True).to_numpy()
    return mask


def _patterns(gappy: dict[str, Array], rows: int) -> tuple[list[dict[str, Any]], int, int]:
    """`[{columns, n, share}]` by falling n, how many are not listed, and the number of rows without a gap."""
    if not gappy or not rows:
        whole = [{"columns": [], "n": rows, "share": 1.0}] if rows else []
        return whole, 0, rows
    names, masks = list(gappy), list(gappy.values())
    words = [_packed(masks[start : start + 63]) for start in range(0, len(masks), 63)]
    key = words[0] if len(words) == 1 else hashes(words, rows)
    _, first, counts = np.unique(key, return_index=True, return_counts=True)
    order = np.lexsort((first, -counts))
    found = [
        {
            "columns": [name for name, mask in zip(names, masks, strict=True) if mask[first[place]]],
            "n": int(counts[place]),
            "share": counts[place] / rows,
        }
        for place in order[:MAX_PATTERNS].tolist()
    ]
    whole_row = [place for place in range(first.size) if not any(mask[first[place]] for mask in masks)]
    return found, max(0, order.size - MAX_PATTERNS), int(counts[whole_row[0]]) if whole_row else 0


def _packed(masks: list[Array]) -> Array:
    """The masks as the bits of one integer for each row."""
    word = np.zeros(masks[0].size, dtype=np.int64)
    for place, mask in enumerate(masks):
        word |= mask.astype(np.int64) << place
    return word


def _pairs(partial: dict[str, Array]) -> list[dict[str, Any]]:
    """`[{column, other, r, n}]`: Pearson's r of being missing, and in how many rows both are; the strongest first."""
    names = list(partial)
    if len(names) < 2:
        return []
    masks = list(partial.values())
    rows = masks[0].size
    both = np.zeros((len(names), len(names)))
    for start in range(0, rows, BLOCK):
        block = np.column_stack([mask[start : start + BLOCK] for mask in masks]).astype(np.float32)
        both += block.T @ block
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
    values = [numbers.doubles(plain[name] if chosen is None else plain[name].take(pa.array(chosen))) for name in names]
    matrix = np.column_stack(values) if values else np.zeros((0, 0))
    found = mcar.little(matrix) | {"columns": names}
    if chosen is not None:
        found["notes"] = {"rows": {"kind": "sample", "n": MAX_TEST_ROWS, "seed": seed}} | found["notes"]
    return found
