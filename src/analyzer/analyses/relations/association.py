"""Measures of association from a table of counts, and of numbers in groups."""

import math

import numpy as np
from scipy.special import chdtrc, fdtrc

from analyzer.analyses.relations.levels import Counts, Levels


def cramers_v(table: Counts) -> float:
    """Bias-corrected V (Bergsma 2013) without Yates's correction; NaN where a side has one level."""
    n, (rows, across) = int(table.sum()), table.shape
    if n < 2 or min(rows, across) < 2:
        return math.nan
    phi2 = max(0.0, chi_square(table) / n - (rows - 1) * (across - 1) / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), across - (across - 1) ** 2 / (n - 1)) - 1
    return min(1.0, math.sqrt(phi2 / least)) if least > 1e-12 else math.nan


def chi_square(table: Counts) -> float:
    """Pearson's χ² without a correction."""
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(((table - expected) ** 2 / expected).sum())


def independence(table: Counts) -> float:
    """p of χ² with (rows − 1)(columns − 1) degrees of freedom; NaN where a side has one level."""
    if min(table.shape) < 2:
        return math.nan
    return float(chdtrc((table.shape[0] - 1) * (table.shape[1] - 1), chi_square(table)))


def entropy(counts: Counts) -> float:
    """In nats."""
    p = counts[counts > 0] / counts.sum()
    return max(0.0, -float(np.dot(p, np.log(p))))


def mutual_information(table: Counts) -> float:
    """Σ p log(p / (p_row p_column)), in nats; NaN of nothing."""
    n = int(table.sum())
    if not n:
        return math.nan
    rows, across = np.nonzero(table)
    p = table[rows, across] / n
    outer = table.sum(axis=1)[rows] / n * (table.sum(axis=0)[across] / n)
    return max(0.0, float(np.dot(p, np.log(p) - np.log(outer))))


def theils_u(table: Counts) -> float:
    """U(row | column): the share of the rows' entropy that knowing the column takes away; NaN where it is none."""
    own = entropy(table.sum(axis=1)) if table.size else 0.0
    return min(1.0, mutual_information(table) / own) if own > 0 else math.nan


def correlation_ratio(groups: Levels, numbers: Levels) -> tuple[float, float, int]:
    """η², p of the F test of one-way analysis of variance, and n; NaN where the numbers do not vary."""
    values = numbers.values
    assert values is not None
    both = np.isfinite(values) & (groups.codes < groups.size)
    codes, values = groups.codes[both], values[both]
    n = values.size
    if n < 2 or values.min() == values.max():
        return math.nan, math.nan, n
    moved = np.ldexp(values, -np.frexp(np.abs(values).max())[1])  # about 1, where no difference overflows
    moved -= moved.min()
    moved /= moved.max()
    moved -= moved.mean()
    sizes = np.bincount(codes)
    sums = np.bincount(codes, weights=moved)
    means = sums[sizes > 0] / sizes[sizes > 0]
    total, between = float(np.dot(moved, moved)), float(np.dot(means * means, sizes[sizes > 0]))
    within, k = max(0.0, total - between), means.size
    eta2 = min(1.0, between / total)
    if k < 2 or n <= k:
        return (eta2 if k > 1 else math.nan), math.nan, n
    if within <= 1e-14 * total:
        return 1.0, 0.0, n
    return eta2, float(fdtrc(k - 1, n - k, between / (k - 1) / (within / (n - k)))), n
