"""Columns that go together: correlation, association, and equal distributions."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import kolmogorov

from analyzer.analyses.figures import categories, columns
from analyzer.analyses.findings.codes import Issue, issue
from analyzer.analyses.findings.numbers import doubles
from analyzer.analyses.findings.thresholds import Thresholds

Array = npt.NDArray[Any]

MAX_NUMERIC = 500
MAX_CATEGORICAL = 60
MAX_DISTRIBUTIONS = 60
MAX_LEVELS = 50
MAX_ROWS = 100_000
MAX_VALUES = 1000
MAX_ISSUES = 100
"""So many numeric and categorical columns from the left are paired, with so many levels at most; correlation takes so
many rows and comparing distributions so many values of each column; so many issues of each code are kept."""


def examine(table: pa.Table, limits: Thresholds, seed: int) -> dict[str, Any]:
    """`{rows, numeric, categorical, pairs, notes, issues}`: what was paired, and which pairs go together."""
    rows = _rows(table.num_rows, seed)
    taken = table if rows is None else table.take(pa.array(rows))
    plain = {name: columns.plain(taken.column(name)) for name in taken.column_names}
    numeric = [name for name, column in plain.items() if columns.kind_of(column.type) in ("numeric", "decimal")]
    numeric, levels = numeric[:MAX_NUMERIC], _levels(plain)
    values = [doubles(plain[name]) for name in numeric]
    found = _strongest(_correlated(numeric, values, limits))
    found += _strongest(_associated(levels, limits))
    found += _strongest(_alike(numeric[:MAX_DISTRIBUTIONS], values, limits, seed))
    return {
        "rows": taken.num_rows,
        "numeric": len(numeric),
        "categorical": len(levels),
        "pairs": _pairs(len(numeric)) + _pairs(len(levels)),
        "notes": {} if rows is None else {"rows": {"kind": "sample", "n": rows.size, "seed": seed}},
        "issues": found,
    }


def _pairs(n: int) -> int:
    return n * (n - 1) // 2


def _rows(total: int, seed: int) -> Array | None:
    """A random choice of rows, in the table's order; None: all of them."""
    if total <= MAX_ROWS:
        return None
    return np.sort(np.random.default_rng(seed).choice(total, MAX_ROWS, replace=False))


def _levels(plain: dict[str, pa.ChunkedArray]) -> dict[str, Array]:
    """Codes from 0, -1 where missing, of the text and boolean columns with 2 to MAX_LEVELS levels."""
    found: dict[str, Array] = {}
    for name, column in plain.items():
        if columns.kind_of(column.type) not in ("categorical", "boolean") or len(found) == MAX_CATEGORICAL:
            continue
        if 2 <= len(categories.counted(column).values) <= MAX_LEVELS:
            encoded = column.dictionary_encode()
            found[name] = np.concatenate([chunk.indices.fill_null(-1).to_numpy() for chunk in encoded.chunks])
    return found


def _strongest(found: Iterator[Issue]) -> list[Issue]:
    return sorted(found, key=lambda one: (-abs(one["value"]), one["column"], one["other"]))[:MAX_ISSUES]


def _correlated(names: Sequence[str], values: Sequence[Array], limits: Thresholds) -> Iterator[Issue]:
    if len(names) < 2:
        return
    strength, n = pearson(np.column_stack(values))
    near = np.argwhere(np.triu(np.abs(strength) >= limits.correlation, k=1))  # NaN is never near
    for one, two in near.tolist():
        r, shared = float(strength[one, two]), int(n[one, two])
        text = f"Pearson's r with {names[two]!r} is {r:.3f} over {shared} rows."
        yield issue("high_correlation", names[one], limits, other=names[two], n=shared, value=r, message=text)


def pearson(values: Array) -> tuple[Array, Array]:
    """r and n of each pair of columns, over the rows where both are there; NaN below 3 rows and for constants.

    Each column is centred and scaled before the products, so that large offsets do not cancel digits away.
    """
    there = np.isfinite(values)
    with np.errstate(all="ignore"):
        count = np.maximum(there.sum(axis=0), 1)
        centred = np.where(there, values, 0.0)
        centred = np.where(there, values - centred.sum(axis=0) / count, 0.0)
        largest = np.abs(centred).max(axis=0, initial=0.0)
        centred /= np.where(largest > 0, largest, 1.0)
        mask = there.astype(np.float64)
        n = mask.T @ mask
        sums, squares = centred.T @ mask, (centred * centred).T @ mask
        shared = centred.T @ centred - sums * sums.T / n
        spread = squares - sums * sums / n
        spread[spread <= 1e-13 * squares] = np.nan  # nothing but rounding is left of a constant
        r = shared / np.sqrt(spread * spread.T)
    r[n < 3] = np.nan
    return np.clip(r, -1.0, 1.0), n


def _associated(levels: dict[str, Array], limits: Thresholds) -> Iterator[Issue]:
    for one, two in combinations(levels, 2):
        strength = cramers_v(levels[one], levels[two])
        if strength is not None and strength >= limits.correlation:
            shared = int(np.count_nonzero((levels[one] >= 0) & (levels[two] >= 0)))
            text = f"Cramér's V with {two!r} is {strength:.3f} over {shared} rows."
            yield issue("high_correlation", one, limits, other=two, n=shared, value=strength, message=text)


def cramers_v(one: Array, two: Array) -> float | None:
    """Bias-corrected V (Bergsma 2013) without Yates's correction; None where a side has one level.

    The sides are codes from 0; rows with -1 on either are left out.
    """
    both = (one >= 0) & (two >= 0)
    one, two = one[both].astype(np.int64), two[both].astype(np.int64)
    n = one.size
    if n < 2:
        return None
    table = np.bincount(one * (two.max() + 1) + two, minlength=(one.max() + 1) * (two.max() + 1))
    table = table.reshape(one.max() + 1, two.max() + 1)
    table = table[table.any(axis=1)][:, table.any(axis=0)]
    rows, across = table.shape
    if rows < 2 or across < 2:
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi2 = float(((table - expected) ** 2 / expected).sum()) / n
    phi2 = max(0.0, phi2 - (rows - 1) * (across - 1) / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), across - (across - 1) ** 2 / (n - 1)) - 1
    return min(1.0, float(np.sqrt(phi2 / least))) if least > 0 else None


def _alike(names: Sequence[str], values: Sequence[Array], limits: Thresholds, seed: int) -> Iterator[Issue]:
    """Pairs whose distributions the two-sample test of Kolmogorov and Smirnov cannot tell apart."""
    random = np.random.default_rng(seed)
    lines: dict[str, Array] = {}
    for name, column in zip(names, values, strict=False):
        present = column[~np.isnan(column)]
        if present.size > MAX_VALUES:
            present = random.choice(present, MAX_VALUES, replace=False)
        if present.size >= 20 and present.min() < present.max():
            lines[name] = np.sort(present)
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
