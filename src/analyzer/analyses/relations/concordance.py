"""Kendall's tau-b, exact, in O(n log n)."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Array = npt.NDArray[np.int64]

BASE_BITS = 6
"""Within blocks of so many bits every pair is compared, as that is faster than counting through further levels."""

MOST_EXACT = 33
"""Without ties, p is exact up to so many values: scipy's limit."""


class Kendall(NamedTuple):
    """Kendall's tau-b over n pairs of values, and its two-sided p. NaN where they are not defined."""

    tau: float
    p: float
    n: int


def kendall(one: npt.NDArray[np.integer], two: npt.NDArray[np.integer]) -> Kendall:
    """Tau-b of two columns given as dense ranks, from 0 and without gaps, -1 where a value is missing.

    Ties are handled as in Kendall 1945. p is exact (the distribution of inversions, Kendall 1970) where there are no
    ties and at most MOST_EXACT values, otherwise normal with the variance that ties leave (as scipy.stats.kendalltau).
    """
    both = (one >= 0) & (two >= 0)
    one, two = one[both].astype(np.int64), two[both].astype(np.int64)
    n = one.size
    if n < 2:
        return Kendall(math.nan, math.nan, n)
    ties_one, ties_two = _Ties(np.bincount(one)), _Ties(np.bincount(two))
    pairs = n * (n - 1) // 2
    if pairs in (ties_one.pairs, ties_two.pairs):
        return Kendall(math.nan, math.nan, n)
    width = int(two.max()) + 1
    line = np.sort(one * width + two)
    runs = np.flatnonzero(np.concatenate(([True], line[1:] != line[:-1], [True])))
    joint = _Ties(np.diff(runs)).pairs
    discordant = inversions(line % width)
    difference = pairs - ties_one.pairs - ties_two.pairs + joint - 2 * discordant
    tau = difference / math.sqrt(pairs - ties_one.pairs) / math.sqrt(pairs - ties_two.pairs)
    return Kendall(min(1.0, max(-1.0, tau)), _p(n, difference, discordant, ties_one, ties_two), n)


class _Ties:
    """What the sizes of groups of equal values add up to."""

    def __init__(self, sizes: Array) -> None:
        sizes = sizes[sizes > 1].astype(np.float64)
        pairs = sizes * (sizes - 1)
        self.pairs = int(pairs.sum()) // 2
        self.triples = float((pairs * (sizes - 2)).sum())
        self.weight = float((pairs * (2 * sizes + 5)).sum())


def _p(n: int, difference: int, discordant: int, one: _Ties, two: _Ties) -> float:
    pairs = n * (n - 1) // 2
    if not (one.pairs or two.pairs) and (n <= MOST_EXACT or min(discordant, pairs - discordant) <= 1):
        return _exact_p(n, min(discordant, pairs - discordant))
    m = n * (n - 1.0)
    variance = (m * (2 * n + 5) - one.weight - two.weight) / 18 + 2.0 * one.pairs * two.pairs / m
    if n > 2:
        variance += one.triples * two.triples / (9 * m * (n - 2))
    return float(2 * ndtr(-abs(difference) / math.sqrt(variance)))


def _exact_p(n: int, inversions: int) -> float:
    """Twice the share of the permutations of n that have at most so many inversions; 1 in the middle."""
    if 4 * inversions >= n * (n - 1):
        return 1.0
    if n > MOST_EXACT:  # at most one inversion: 1 + (n − 1) permutations, one without
        return 2.0 * math.exp(math.log(n if inversions else 1) - math.lgamma(n + 1))
    ways = [1] + [0] * inversions
    for size in range(2, n + 1):
        ways = [sum(ways[max(0, total - size + 1) : total + 1]) for total in range(inversions + 1)]
    return 2 * sum(ways) / math.factorial(n)


def inversions(line: Array) -> int:
    """How many pairs of places hold a larger value before a smaller one, of values from 0.

    The places are put in the order of their values and then parted bit by bit of their number, highest first: in each
    block of places the right half's come in front of the left half's as often as there are inversions between the
    halves. Padded to a power of two, the blocks of a level are the rows of a matrix.
    """
    bits = max(BASE_BITS, (line.size - 1).bit_length())
    keys = np.sort((line.astype(np.int64) << bits) | np.arange(line.size))
    places = np.arange(1 << bits, dtype=np.int32)
    places[: line.size] = keys & ((1 << bits) - 1)
    found = 0
    for bit in range(bits - 1, BASE_BITS - 1, -1):
        half, blocks = 1 << bit, 1 << (bits - bit - 1)
        is_right = (places & half) != 0
        left = np.flatnonzero(~is_right)
        # A left one at place k of its block has k minus its rank among the left ones in front of it from the right.
        found += int(left.sum()) - half * half * blocks * (blocks - 1) - blocks * (half * (half - 1) // 2)
        parted = np.empty((blocks, 2, half), dtype=np.int32)
        parted[:, 0] = places[left].reshape(blocks, half)
        parted[:, 1] = places[np.flatnonzero(is_right)].reshape(blocks, half)
        places = parted.reshape(-1)
    return found + _within(places)


def _within(places: npt.NDArray[np.int32]) -> int:
    """Inversions inside the smallest blocks: places in the order of their values, each compared with all others."""
    rows = np.ascontiguousarray((places & ((1 << BASE_BITS) - 1)).astype(np.uint8).reshape(-1, 1 << BASE_BITS).T)
    return sum(int(np.count_nonzero(rows[:-gap] > rows[gap:])) for gap in range(1, 1 << BASE_BITS))
