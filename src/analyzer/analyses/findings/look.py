"""A column under examination, and the issues that are raised about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.analyses.figures import categories, columns
from analyzer.analyses.figures.hashing import bytes_of, repeated, text_hashes
from analyzer.analyses.figures.wire import Figures
from analyzer.analyses.findings.blanks import FIRST_BYTES
from analyzer.analyses.findings.codes import MAX_ROWS, Issue, issue
from analyzer.analyses.findings.thresholds import Thresholds

Array = npt.NDArray[Any]

MAX_LEVELS = 100_000
"""Distinct texts that are looked at one by one; of more, the first ones in the table's order."""


@dataclass(frozen=True)
class Look:
    """One column with its figures; what is expensive is worked out on first use and kept."""

    name: str
    column: pa.ChunkedArray  # plain: no dictionaries, no extension types
    kind: str
    figures: Figures
    levels: Levels
    rare: int  # of all distinct texts, how many are rarer than `limits.rare`
    limits: Thresholds
    as_of: np.datetime64

    @classmethod
    def at(
        cls,
        name: str,
        column: pa.ChunkedArray,
        limits: Thresholds,
        as_of: np.datetime64,
        known: Mapping[str, Any] | None = None,
    ) -> Look:
        """Takes the column's figures, `known` from its summary or not. Nothing about its type raises."""
        column = columns.plain(column)
        counted = categories.Counted(pa.array([], pa.large_string()), np.zeros(0, np.int64))
        if columns.kind_of(column.type) == "categorical":
            counted = categories.counted(column)
        if known is not None:
            kind, figures = known["kind"], dict(known)
        elif columns.kind_of(column.type) == "categorical":
            kind, figures = columns.level_summary(counted, column.null_count, top=2)
        else:
            kind, figures = columns.summary(column, top=2, bins=50)
        rare = int(np.count_nonzero(counted.counts < limits.rare * figures["count"]))
        return cls(name, column, kind, figures, Levels.first(counted), rare, limits, as_of)

    @property
    def is_text(self) -> bool:
        return self.kind in ("categorical", "text") and not categories.is_binary(self.column.type)

    @cached_property
    def numbers(self) -> Array:
        """The numbers as doubles, NaN where missing; one for each row."""
        column = self.column.cast(pa.int64()) if pa.types.is_duration(self.column.type) else self.column
        doubles: Array = column.cast(pa.float64(), safe=False).to_numpy()
        return doubles

    def issue(self, code: str, **more: Any) -> Issue:
        """An issue about this column; `rows` is a mask over its rows."""
        mask = more.pop("rows", None)
        return issue(code, self.name, self.limits, rows=() if mask is None else first_rows(mask), **more)

    def counted_issue(self, code: str, n: int, rows: Any = None) -> Issue:
        """An issue about `n` of the column's present values."""
        return self.issue(code, n=n, share=n / self.figures["count"], rows=rows)

    def of_levels(self, code: str, mask: Array) -> Issue:
        """An issue about the values whose levels the mask marks."""
        wanted = self.levels.values.filter(pa.array(mask))[:1000]
        rows = pc.is_in(self.column.cast(pa.large_string()), value_set=wanted)
        return self.counted_issue(code, self.levels.weight(mask), rows.to_numpy())


BLANK = ord(" ")
LOST = "\ufffd"

Borders = Callable[[Array, Array], Array]
BORDERS: dict[str, Borders] = {}
"""By pattern, which texts may match it, as their first and last bytes tell: that spares most of them the search."""


def any_of(letters: str, blanks: Sequence[int] = FIRST_BYTES) -> Array:
    """A table of the 256 bytes: true for those of these letters, and for those of blanks."""
    table = np.zeros(256, dtype=bool)
    table[[*letters.encode(), *blanks]] = True
    return table


@dataclass(frozen=True)
class Levels:
    """Distinct texts and how often each occurs."""

    values: pa.Array
    counts: Array
    _matching: dict[str, Array] = field(default_factory=dict)

    @classmethod
    def first(cls, counted: categories.Counted) -> Levels:
        """The first MAX_LEVELS of a text column; none of a binary one."""
        values, counts = counted
        if categories.is_binary(values.type):
            values, counts = pa.array([], pa.large_string()), counts[:0]
        return cls.of(values[:MAX_LEVELS], counts[:MAX_LEVELS])

    @classmethod
    def of(cls, values: pa.Array, counts: Array) -> Levels:
        """Every one of these texts."""
        return cls(values.cast(pa.large_string()), counts)

    def matching(self, pattern: str) -> Array:
        """Which levels match this RE2 pattern."""
        if pattern not in self._matching:
            possible = BORDERS.get(pattern)
            self._matching[pattern] = self._matched(pattern, None if possible is None else possible(*self._borders))
        return self._matching[pattern]

    def _matched(self, pattern: str, possible: Array | None) -> Array:
        if possible is None or 2 * np.count_nonzero(possible) > possible.size:
            return as_mask(pc.match_substring_regex(self.values, pattern))
        mask = possible.copy()
        mask[possible] = as_mask(pc.match_substring_regex(self.values.filter(pa.array(possible)), pattern))
        return mask

    @cached_property
    def _borders(self) -> tuple[Array, Array]:
        return borders_of(self.values)

    @cached_property
    def lost(self) -> Array:
        """Which levels have a character that decoding lost."""
        return as_mask(pc.match_substring(self.values, LOST))

    def weight(self, mask: Array) -> int:
        """How many values have one of the marked levels."""
        return int(self.counts[mask].sum())

    @cached_property
    def in_other_case(self) -> Array:
        """Which levels are a more frequent one in other case."""
        return self.minor_variants(pc.utf8_lower(self.values))

    def minor_variants(self, keys: pa.Array) -> Array:
        """Which levels share their key with a more frequent one."""
        minor = np.zeros(len(keys), dtype=bool)
        if keys.equals(self.values):  # all different
            return minor
        key = text_hashes(pa.chunked_array([keys]), categories.HASHED_BYTES)
        alike = np.arange(len(keys)) if key is None else repeated(key)  # no others can share one
        groups = keys.take(pa.array(alike)).dictionary_encode().indices.to_numpy()
        order = np.lexsort((-self.counts[alike], groups))
        minor[alike[order[1:]]] = groups[order[1:]] == groups[order[:-1]]
        return minor


def borders_of(values: pa.Array) -> tuple[Array, Array]:
    """The first and the last byte of each text; of an empty one, a blank."""
    starts, sizes, text = bytes_of(values)
    ends = np.maximum(starts + sizes - 1, 0)
    return np.where(sizes > 0, text[starts], BLANK), np.where(sizes > 0, text[ends], BLANK)


def as_mask(values: pa.Array | pa.ChunkedArray) -> Array:
    """Arrow booleans as a numpy mask; null is False."""
    known = pc.fill_null(values, False)
    mask: Array = known.to_numpy() if isinstance(known, pa.ChunkedArray) else known.to_numpy(zero_copy_only=False)
    return mask


def first_rows(mask: Array) -> list[int]:
    """The numbers of the first marked rows, at most MAX_ROWS; stops looking as soon as it has them."""
    found: list[int] = []
    for start in range(0, mask.size, 1 << 16):
        found += (np.flatnonzero(mask[start : start + (1 << 16)]) + start).tolist()
        if len(found) >= MAX_ROWS:
            break
    return found[:MAX_ROWS]
