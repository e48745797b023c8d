"""Ranks of values, and Spearman's coefficient from them."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.int32]  # of a hundred million rows at most, all columns' at once


def dense(values: Doubles) -> Ranks:
    """0 for the smallest value, 1 for the next larger one, and so on; -1 for what is not finite."""
    finite = np.isfinite(values)
    ranks = _ranked(values if finite.all() else values[finite])
    if ranks.size == finite.size:
        return ranks
    found = np.full(finite.size, -1, dtype=np.int32)
    found[finite] = ranks
    return found


def _ranked(present: Doubles) -> Ranks:
    """The same of finite values."""
    ranks = _counted(present)
    if ranks is None:
        order = np.argsort(present)
        line = present[order]
        is_new = line[1:] != line[:-1]
        del line  # of tens of millions of values, one more array of them counts
        ranks = np.zeros(present.size, dtype=np.int32)
        ranks[order[1:]] = np.cumsum(is_new, dtype=np.int32)
    return ranks


def _counted(present: Doubles) -> Ranks | None:
    """The same of whole numbers from a range that is no larger than there are of them; None of others."""
    if not present.size:
        return None
    low, high = float(present.min()), float(present.max())
    if high - low > present.size or (present[:64] != np.rint(present[:64])).any():
        return None
    places = (present - low).astype(np.int64)
    if (places + low != present).any():
        return None
    ranks: Ranks = (np.cumsum(np.bincount(places) > 0, dtype=np.int32) - np.int32(1))[places]
    return ranks


def common(one: Ranks, two: Ranks) -> tuple[Ranks, Ranks]:
    """The ranks of the rows in which both have one."""
    both = (one >= 0) & (two >= 0)
    return (one, two) if both.all() else (one[both], two[both])


def spearman(one: Ranks, two: Ranks) -> float:
    """Spearman's coefficient of two columns given as ranks without missing ones; NaN below 2 and for constants.

    Ranks are taken anew among these rows, equal values share their mean rank, and Pearson's r is taken of that.
    """
    n = one.size
    if n < 2:
        return math.nan
    first, spread_one = _centred(one)
    second, spread_two = _centred(two)
    if not spread_one or not spread_two:
        return math.nan
    r = float(np.dot(first, second)) / math.sqrt(spread_one) / math.sqrt(spread_two)
    return min(1.0, max(-1.0, r))


def _centred(ranks: Ranks) -> tuple[Any, float]:
    """The mean ranks less their mean, and the sum of their squares: (n³ − n − Σ(t³ − t)) / 12 with ties of size t."""
    counts = np.bincount(ranks).astype(np.float64)
    middles = np.cumsum(counts)
    middles -= (counts + ranks.size) * 0.5
    return middles[ranks], float(np.dot(counts, middles * middles))
