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
    small probabilities keep their digits.
    """
    if widest == 0:
        return 1.0
    m, n = min(m, n), max(m, n)
    places = np.arange(m + 1)
    touched = np.zeros(m + 1)
    for step in range(1, m + n + 1):
        came_up = touched[:-1] * (places[1:] / step)
        touched *= (step - places) / step
        touched[1:] += came_up
        # |i·n − (step − i)·m| >= widest, for i on both sides of the diagonal
        low = (step * m - widest) // (m + n)
        high = -((-step * m - widest) // (m + n))
        touched[: max(0, min(low, m) + 1)] = 1.0
        touched[min(max(high, 0), m + 1) :] = 1.0
    return float(min(1.0, touched[m]))
