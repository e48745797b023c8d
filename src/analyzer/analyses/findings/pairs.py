"""Columns that go together: correlation, association, and equal distributions."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import kolmogorov

from analyzer.analyses.figures import columns
from analyzer.analyses.findings.codes import Issue, issue
from analyzer.analyses.findings.thresholds import Thresholds
from analyzer.analyses.relations import coefficients
from analyzer.analyses.relations.association import cramers_v
from analyzer.analyses.relations.levels import Levels, crossing, levels_of
from analyzer.analyses.relations.table import doubles
from analyzer.picking import picked

Array = npt.NDArray[Any]

MAX_NUMERIC = 500
MAX_CATEGORICAL = 60
MAX_DISTRIBUTIONS = 60
MAX_LEVELS = 50
MAX_ROWS = 100_000
MAX_VALUES = 1000
MAX_ISSUES = 100
LEAST_ROWS = 3
GLANCE = 1000
"""So many numeric and categorical columns from the left are paired, with so many levels at most; correlation takes so
many rows and comparing distributions so many values of each column; so many issues of each code are kept."""


def examine(table: pa.Table, limits: Thresholds, seed: int, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`{rows, numeric, categorical, pairs, notes, issues}`: what was paired, and which pairs go together.

    `known` is `{columns, n, pearson}` of all pairs of numeric columns, where that is computed already.
    """
    rows = _rows(table.num_rows, seed)
    taken = table if rows is None else picked(table, rows)
    plain = {name: columns.plain(taken.column(name)) for name in taken.column_names}
    numeric = [name for name, column in plain.items() if columns.kind_of(column.type) in ("numeric", "decimal")]
    numeric, levels = numeric[:MAX_NUMERIC], _levels(plain)
    found = _strongest(_correlated(taken, numeric, limits, known))
    found += _strongest(_associated(levels, limits))
    lines, drawn = _lines({name: plain[name] for name in numeric[:MAX_DISTRIBUTIONS]}, seed)
    found += _strongest(_alike(lines, limits))
    notes = {} if rows is None else {"rows": {"kind": "sample", "n": rows.size, "seed": seed}}
    if drawn:
        notes["distributions"] = {"kind": "sample", "n": MAX_VALUES, "seed": seed}
    return {
        "rows": taken.num_rows,
        "numeric": len(numeric),
        "categorical": len(levels),
        "pairs": _pairs(len(numeric)) + _pairs(len(levels)),
        "notes": notes,
        "issues": found,
    }


def _pairs(n: int) -> int:
    return n * (n - 1) // 2


def _rows(total: int, seed: int) -> Array | None:
    """A random choice of rows, in the table's order; None: all of them."""
    if total <= MAX_ROWS:
        return None
    return np.sort(np.random.default_rng(seed).choice(total, MAX_ROWS, replace=False))


def _levels(plain: dict[str, pa.ChunkedArray]) -> dict[str, Levels]:
    """The levels of the text and boolean columns with 2 to MAX_LEVELS of them."""
    found: dict[str, Levels] = {}
    for name, column in plain.items():
        if columns.kind_of(column.type) not in ("categorical", "boolean") or len(found) == MAX_CATEGORICAL:
            continue
        # The first rows spare counting all of what is nearly all different.
        few = len(column[:GLANCE].unique()) <= MAX_LEVELS + 1
        levels = levels_of(column, 2, MAX_LEVELS) if few else None
        if levels is not None and levels.size > 1:
            found[name] = levels
    return found


def _strongest(found: Iterator[Issue]) -> list[Issue]:
    return sorted(found, key=lambda one: (-abs(one["value"]), one["column"], one["other"]))[:MAX_ISSUES]


def _correlated(
    taken: pa.Table, names: Sequence[str], limits: Thresholds, known: Mapping[str, Any] | None
) -> Iterator[Issue]:
    if len(names) < 2:
        return
    if known is None or known["columns"] != list(names):
        known = coefficients.listed(coefficients.pearson(taken, names))
    for (one, two), r, n in zip(combinations(names, 2), known["pearson"], known["n"], strict=True):
        if r is not None and abs(r) >= limits.correlation and n >= LEAST_ROWS:
            text = f"Pearson's r with {two!r} is {r:.3f} over {n} rows."
            yield issue("high_correlation", one, limits, other=two, n=n, value=r, message=text)


def _associated(levels: dict[str, Levels], limits: Thresholds) -> Iterator[Issue]:
    for one, two in combinations(levels, 2):
        table = crossing(levels[one], levels[two])
        strength, shared = cramers_v(table), int(table.sum())
        if strength >= limits.correlation:  # NaN is not
            text = f"Cramér's V with {two!r} is {strength:.3f} over {shared} rows."
            yield issue("high_correlation", one, limits, other=two, n=shared, value=strength, message=text)


def _lines(numeric: Mapping[str, pa.ChunkedArray], seed: int) -> tuple[dict[str, Array], bool]:
    """The finite values of each column with enough of them, in order; and whether of some only MAX_VALUES are drawn."""
    drawn = False
    random = np.random.default_rng(seed)
    lines: dict[str, Array] = {}
    for name, column in numeric.items():
        values = doubles(column)
        present = values[np.isfinite(values)]
        if present.size > MAX_VALUES:
            present, drawn = random.choice(present, MAX_VALUES, replace=False), True
        if present.size >= 20 and present.min() < present.max():
            lines[name] = np.sort(present)
    return lines, drawn


def _alike(lines: Mapping[str, Array], limits: Thresholds) -> Iterator[Issue]:
    """Pairs whose distributions the two-sample test of Kolmogorov and Smirnov cannot tell apart."""
    for one, two in combinations(lines, 2):
        p = same_distribution(lines[one], lines[two])
        if p > limits.similar_distribution:
            text = f"Distributed like {two!r}: Kolmogorov and Smirnov's p is {p:.3f}."
            yield issue("similar_distribution", one, limits, other=two, value=p, message=text)


def same_distribution(one: Array, two: Array) -> float:
    """Asymptotic p of the two-sample Kolmogorov–Smirnov test on sorted values (Smirnov 1948, without a correction)."""
    both = np.concatenate((one, two))
    below = one.searchsorted(both, "right") / one.size - two.searchsorted(both, "right") / two.size
    return float(kolmogorov(np.abs(below).max() * np.sqrt(one.size * two.size / (one.size + two.size))))
