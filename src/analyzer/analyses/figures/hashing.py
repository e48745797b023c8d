"""64-bit hashes of cells and texts, to find in one sort which of millions may be equal; others see whether they are."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Array = npt.NDArray[Any]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX = np.uint64(0xBF58476D1CE4E5B9)
BLOCK = 1 << 16
TEXTS = 1 << 18
CACHED_TEXTS = 1 << 13
WORD = 8
KEPT = np.array([(1 << 8 * size) - 1 for size in range(WORD + 1)], dtype=np.uint64)
"""Masks that keep the first so many bytes of a word."""


def hashes(cells: Sequence[Array], rows: int) -> Array:
    """One hash for each row of some columns of 64-bit integers: equal where the rows are."""
    key = np.zeros(rows, dtype=np.uint64)
    for cell in cells:
        mix(key, cell)
    return key


def mix(key: Array, cell: Array) -> None:
    """Take one more column of 64-bit integers into the hashes, block by block."""
    for start in range(0, key.size, BLOCK):
        block = slice(start, start + BLOCK)
        key[block] = _mixed(key[block], cell[block].view(np.uint64))


def repeated(key: Array) -> Array:
    """The numbers of the rows whose hash occurs more than once, in ascending order."""
    line = np.sort(key)
    again = line[1:][line[1:] == line[:-1]]
    if not again.size:
        return np.zeros(0, np.int64)
    found = pc.is_in(pa.array(key), value_set=pa.array(again))
    return np.flatnonzero(found.to_numpy(zero_copy_only=False))


def text_hashes(column: pa.ChunkedArray, most_bytes: int) -> Array | None:
    """One hash for each present value of a string or binary column; None where one is longer than `most_bytes`.

    Eight bytes of many values are taken at once, which is some five times faster than a table of values; of a block of
    rows at a time, as what is made of them on the way takes several times their memory.
    """
    key = np.zeros(len(column) - column.null_count, dtype=np.uint64)
    done = 0
    for start in range(0, len(column), TEXTS):
        for chunk in column.slice(start, TEXTS).chunks:
            starts, sizes, text = bytes_of(chunk.drop_null())
            if sizes.max(initial=0) > most_bytes:
                return None
            key[done : done + sizes.size] = _hashed(starts, sizes, text)
            done += sizes.size
    return key


def bytes_of(chunk: pa.Array) -> tuple[Array, Array, Array]:
    """Where each value starts, how many bytes it has, and the bytes, with a word to spare at the end."""
    large = pa.types.is_large_string(chunk.type) or pa.types.is_large_binary(chunk.type)
    _, offsets, text = chunk.buffers()
    places = np.frombuffer(offsets, np.int64 if large else np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
    begin, end = (int(places[0]), int(places[-1])) if len(chunk) else (0, 0)
    spare = np.zeros(end - begin + WORD, dtype=np.uint8)
    if end > begin:
        spare[:-WORD] = np.frombuffer(text, np.uint8)[begin:end]
    return places[:-1].astype(np.int64) - begin, np.diff(places).astype(np.int64), spare


def _hashed(starts: Array, sizes: Array, text: Array) -> Array:
    """One hash for each value, made of its own bytes alone: the same whatever stands beside it in its chunk.

    A block of them at a time, so that what is made on the way stays in the cache.
    """
    words = np.ndarray(text.size - WORD + 1, dtype=np.uint64, buffer=text, strides=(1,))  # one at every byte
    key = sizes.astype(np.uint64)
    for start in range(0, key.size, CACHED_TEXTS):
        first, size, part = (every[start : start + CACHED_TEXTS] for every in (starts, sizes, key))
        least, most = int(size.min()), int(size.max())
        for done in range(0, most, WORD):
            if done + WORD <= least:  # all of them have the whole word
                part[:] = _mixed(part, words[first + done])
                continue
            more = slice(None) if done < least else np.flatnonzero(size > done)
            word = words[first[more] + done] & KEPT[np.minimum(size[more] - done, WORD)]
            part[more] = _mixed(part[more], word)
    return key


def _mixed(key: Array, more: Array) -> Array:
    """Spreads what is put in over all bits (the finaliser of Steele, Lea and Flood's SplitMix, 2014, shortened)."""
    key = (key ^ more) * GOLDEN
    key = (key ^ (key >> np.uint64(29))) * MIX
    key ^= key >> np.uint64(32)
    return key
