"""Kolmogorov and Smirnov's test of two samples."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

EXACT_UP_TO = 10_000
"""Above so many values in one of the samples p is that of the limit."""


def two_samples(one: Array, other: Array) -> tuple[float, float]:
    """D, the largest distance between the distribution functions of two sorted samples, and its two-sided p.

    p is exact up to EXACT_UP_TO values; above, that of one sample of the harmonic size (Hodges 1958).
    """
    m, n = one.size, other.size
    points = np.concatenate((one, other))
    below_one, below_other = (line.searchsorted(points, "right").astype(np.int64) for line in (one, other))
    widest = int(np.abs(below_one * n - below_other * m).max())
    distance = widest / (m * n)
    if max(m, n) <= EXACT_UP_TO:
        return distance, exact_p(m, n, widest)
    from scipy.stats import kstwo  # takes half a second to import, and few samples need it

    return distance, float(kstwo.sf(distance, round(m * n / (m + n))))


def exact_p(m: int, n: int, widest: int) -> float:
    """The probability of a distance of `widest` / mn or more between samples of m and n values without ties.

    Every order of the m + n values is a path from (0, 0) to (m, n), and all are equally likely. `touched[i]` is the
    share of the paths to (i, step − i) that have been that far from the diagonal: a sum of positive terms, so that
    small probabilities keep their digits. Only places nearer to it than that have to be computed.
    """
    if widest == 0:
        return 1.0
    m, n = min(m, n), max(m, n)
    places = np.arange(m + 1.0)
    touched = np.ones(m + 2)  # of place −1, where no path comes from, to m
    touched[:2] = 0.0
    for step in range(1, m + n + 1):
        # Places from `low` down and from `high` up are as far apart as |i·n − (step − i)·m| >= widest.
        low = (step * m - widest) // (m + n)
        high = -((-step * m - widest) // (m + n))
        start, stop = max(low + 1, 0), min(high, m + 1)
        share = places[start:stop] / step
        came_up = touched[start:stop] * share
        inside = touched[start + 1 : stop + 1]
        inside *= 1 - share
        inside += came_up
        if 0 <= low <= m:
            touched[low + 1] = 1.0
    return float(min(1.0, touched[m + 1]))
