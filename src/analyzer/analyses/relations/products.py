"""Pearson's r of every pair of many columns, by matrix products over blocks of rows."""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Column = Callable[[int], Doubles]
"""One of the columns, whole. As in the blocks, NaN and ±∞ are missing."""

LOST_DIGITS = 1e-3
"""A pair whose spread is so small a part of its squares is computed again from its own rows: the centre of the whole
column lies far from the rows that the pair shares."""

MAX_AGAIN_CELLS = 50_000_000
STRIPE_CELLS = 4_000_000


class Pearson(NamedTuple):
    """r and n of each pair, as symmetric matrices; r is NaN below two shared rows and where a side is constant."""

    r: Doubles
    n: Doubles


class _Sums(NamedTuple):
    """Over the rows that a pair shares: their number, Σx, Σx² and Σxy, with x the row's and y the column's of it."""

    n: Doubles
    first: Doubles
    second: Doubles
    mixed: Doubles


def pearson(blocks: Iterable[Doubles], sample: Doubles, column: Column) -> Pearson:
    """Pearson's r over the rows where both are finite.

    `blocks` hold the rows one after the other, as matrices of a row for each column; `sample` holds some of the rows
    from all over. By these the columns are centred and scaled before the products, so that neither large offsets nor
    huge values cost digits.
    """
    with np.errstate(all="ignore"):
        sums = _multiply(blocks, *_centre(sample, column))
        r, lost = _coefficients(sums)
        cells = 0
        for one, two in np.argwhere(lost).tolist():
            cells += int(sums.n[one, two])
            if cells > MAX_AGAIN_CELLS:
                break
            r[one, two] = r[two, one] = pair(column(one), column(two))
    np.fill_diagonal(r, np.where(np.isnan(np.diagonal(r)), np.nan, 1.0))
    return Pearson(r, sums.n)


def pair(one: Doubles, two: Doubles) -> float:
    """r of two columns from their own rows, in two passes."""
    both = np.isfinite(one) & np.isfinite(two)
    sides = []
    for values in (one[both], two[both]):
        if values.size < 2 or values.min() == values.max():
            return math.nan
        moved = np.ldexp(values, -np.frexp(np.abs(values).max())[1])  # about 1, where no difference overflows
        moved -= moved.min()
        moved /= moved.max()
        centred = moved - moved.mean()
        centred -= centred.mean()
        sides.append(centred / math.sqrt(np.dot(centred, centred)))
    return min(1.0, max(-1.0, float(np.dot(*sides))))


def _centre(sample: Doubles, column: Column) -> tuple[Doubles, Doubles]:
    """The mean of each column, and a power of two that brings the deviations from it to about 1; it is in this unit."""
    there = np.isfinite(sample)
    low, high = _ends(sample)
    # Divided by 2⁶⁴, no sum of doubles overflows; nor does half of the mean, however it is rounded.
    half_mean = np.sum(sample * 2.0**-64, axis=1, where=there) / there.sum(axis=1) * 2.0**63
    for place in np.flatnonzero(
        ~(low < high)
    ).tolist():  # constant as far as the sample goes: exactly this must be its centre
        half_mean[place] = low[place] / 2
        low[place], high[place] = np.concatenate(_ends(column(place)[None]))
        if not np.isfinite(half_mean[place]):
            half_mean[place] = low[place] / 2 if np.isfinite(low[place]) else 0.0
    apart = np.where(low < high, high - low, 1.0)
    exponents = np.where(np.isfinite(apart), np.frexp(apart)[1], 1025)
    unit = np.ldexp(1.0, -np.clip(exponents, -1000, None))[:, None]
    return half_mean[:, None] * (2 * unit), unit


def _ends(values: Doubles) -> tuple[Doubles, Doubles]:
    """The least and the largest finite value of each row; ∞ and -∞ where there is none."""
    there = np.isfinite(values)
    low: Doubles = np.min(values, axis=1, where=there, initial=np.inf)
    high: Doubles = np.max(values, axis=1, where=there, initial=-np.inf)
    return low, high


def _multiply(blocks: Iterable[Doubles], mean: Doubles, unit: Doubles) -> _Sums:
    k = mean.size
    sums = _Sums(*np.zeros((4, k, k)))
    for block in blocks:
        there = np.isfinite(block)
        values = block * unit
        values -= mean
        gappy = np.logical_not(there.all(axis=1))
        if gappy.any():
            np.copyto(values, 0.0, where=~there)
            mask = there.astype(np.float64)
            _add_shared(sums, values, mask, gappy)
        _add_whole(sums, values, there, ~gappy)
        sums.mixed[...] += values @ values.T
    return sums


def _add_shared(sums: _Sums, values: Doubles, mask: Doubles, gappy: npt.NDArray[np.bool_]) -> None:
    """Add what the rows that gappy columns have hold in all columns."""
    across = mask[gappy].T
    sums.n[:, gappy] += mask @ across
    sums.first[:, gappy] += values @ across
    sums.second[:, gappy] += (values * values) @ across


def _add_whole(sums: _Sums, values: Doubles, there: npt.NDArray[np.bool_], whole: npt.NDArray[np.bool_]) -> None:
    """Add the same for columns without a gap: every row that the other one has."""
    sums.n[:, whole] += there.sum(axis=1)[:, None]
    sums.first[:, whole] += values.sum(axis=1)[:, None]
    sums.second[:, whole] += np.einsum("ij,ij->i", values, values)[:, None]


def _coefficients(sums: _Sums) -> tuple[Doubles, npt.NDArray[np.bool_]]:
    """r of each pair, and which pairs (above the diagonal) lost digits. Stripe by stripe, to bound the memory."""
    k = sums.n.shape[0]
    r, lost = np.empty((k, k)), np.zeros((k, k), dtype=bool)
    height = max(1, STRIPE_CELLS // max(k, 1))
    for start in range(0, k, height):
        rows = slice(start, start + height)
        n, first, across = sums.n[rows], sums.first[rows], sums.first[:, rows].T
        squares, squares_across = sums.second[rows], sums.second[:, rows].T
        spread, spread_across = squares - first * first / n, squares_across - across * across / n
        r[rows] = (sums.mixed[rows] - first * across / n) / (np.sqrt(spread) * np.sqrt(spread_across))
        known = (squares != 0) & (squares_across != 0) & (n >= 2)
        r[rows][~known] = np.nan
        kept = (spread >= LOST_DIGITS * squares) & (spread_across >= LOST_DIGITS * squares_across)
        lost[rows] = np.triu(~(kept & np.isfinite(r[rows])) & known, k=start + 1)
    return np.clip(r, -1.0, 1.0), lost
