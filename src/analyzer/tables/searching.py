"""Texts that contain another, in capitals or not."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

CAPITALS = 0x20
"""The bit in which a capital letter of ASCII differs from a small one."""


def contains(texts: pa.ChunkedArray, value: str) -> pa.ChunkedArray:
    """Where the value stands in the texts; null where there is none."""
    if not value or not value.isascii():  # only Arrow knows the capitals of all alphabets
        return pc.match_substring(texts, value, ignore_case=True)
    return pa.chunked_array([_contains(chunk, value.lower().encode()) for chunk in texts.chunks], pa.bool_())


def _contains(texts: pa.StringArray, value: bytes) -> pa.BooleanArray:
    """Looks through the letters of all texts at once, which takes half the time of looking through each."""
    _, borders, letters = texts.buffers()
    found = np.zeros(len(texts), bool)
    if letters is not None:
        ends = np.frombuffer(borders, np.int32)[texts.offset : texts.offset + len(texts) + 1]
        content = np.frombuffer(letters, np.uint8)[: ends[-1]]
        hits = np.flatnonzero(_equal(content[ends[0] : max(ends[0], ends[-1] - len(value) + 1)], value[0]))
        hits += ends[0]
        for place, letter in enumerate(value[1:], 1):
            hits = hits[_equal(content[hits + place], letter)]
        rows = np.searchsorted(ends, hits, side="right") - 1
        found[rows[hits + len(value) <= ends[rows + 1]]] = True
    return pa.array(found, mask=~np.asarray(texts.is_valid())) if texts.null_count else pa.array(found)


def _equal(letters: np.ndarray, letter: int) -> np.ndarray:
    equal: np.ndarray = (letters | CAPITALS if chr(letter).isalpha() else letters) == letter
    return equal
