"""Drift of one column: tests that give a probability, and distances."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, ndtr

from analyzer.analyses.apart.kolmogorov import two_samples
from analyzer.analyses.apart.samples import Levels, Numbers, counted, few_levels
from analyzer.analyses.notes import Reason

Array = npt.NDArray[Any]

SMALL_REFERENCE = 1000
FEW_VALUES = 5
BINNED_ABOVE = 20
LEAST_SPREAD = 0.001
EMPTY_SHARE = 0.0001


class Outcome(NamedTuple):
    """What a method says. A statistic that is None has a `reason`; p is None for distances."""

    method: str
    statistic: float | None
    p: float | None
    reason: Reason | None = None


def outcome(sample: Numbers | Levels, wanted: str) -> Outcome:
    """By the wanted method, or by the rule if it is `auto`. Both sides have a value at least."""
    if isinstance(sample, Numbers):
        few = few_levels(sample, FEW_VALUES)
        if wanted == "auto" and few is not None:
            return _of_levels(few, _rule(few))
        method = _rule(sample) if wanted == "auto" else wanted
        if method == "ks":
            return Outcome("ks", *two_samples(*sample))
        if method == "wasserstein":
            return _finite("wasserstein", wasserstein(sample))
        return _of_levels(_binned(sample), method)
    return _of_levels(sample, _rule(sample) if wanted == "auto" else wanted)


def _rule(sample: Numbers | Levels) -> str:
    """Evidently's: tests for small references, which see too much in large ones, and distances for these."""
    if isinstance(sample, Numbers):
        return "ks" if sample.reference.size <= SMALL_REFERENCE else "wasserstein"
    if sample.reference.sum() > SMALL_REFERENCE:
        return "jensenshannon"
    return "chi2" if sample.reference.size > 2 else "z"


def _of_levels(sample: Levels, method: str) -> Outcome:
    if method == "z":
        return _proportions(sample)
    if method == "chi2":
        return _chi2(sample)
    before, after = sample.reference / sample.reference.sum(), sample.current / sample.current.sum()
    found = jensenshannon(before, after) if method == "jensenshannon" else psi(before, after)
    return _finite(method, found)


def _finite(method: str, distance: float) -> Outcome:
    return Outcome(method, distance, None) if math.isfinite(distance) else Outcome(method, None, None, "overflow")


def _proportions(sample: Levels) -> Outcome:
    """|z| of the two shares of one of two values, by the pooled share."""
    if sample.reference.size > 2:
        return Outcome("z", None, None, "too-many")
    n, m = int(sample.reference.sum()), int(sample.current.sum())
    one, other = int(sample.reference[0]), int(sample.current[0])
    pooled = (one + other) / (n + m)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    z = abs(one / n - other / m) / spread if spread else 0.0
    return Outcome("z", z, float(2 * ndtr(-z)))


def _chi2(sample: Levels) -> Outcome:
    """Pearson's, with the counts of the reference, scaled to the size of the current sample, as what is expected."""
    if sample.reference.size < 2:
        return Outcome("chi2", 0.0, 1.0)
    expected = sample.reference * (sample.current.sum() / sample.reference.sum())
    if not expected.all():  # a new value: infinitely far from what was expected
        return Outcome("chi2", None, 0.0, "infinite")
    statistic = float(((sample.current - expected) ** 2 / expected).sum())
    return Outcome("chi2", statistic, float(chdtrc(expected.size - 1, statistic)))


def jensenshannon(before: Array, after: Array) -> float:
    """√ of Jensen and Shannon's divergence of two distributions, in bits: from 0 to 1."""
    middle = (before + after) / 2
    divergence = sum(
        float(np.sum(side[side > 0] * np.log2(side[side > 0] / middle[side > 0]))) for side in (before, after)
    )
    return math.sqrt(max(0.0, divergence / 2))


def psi(before: Array, after: Array) -> float:
    """Σ (after − before) · ln(after / before); an empty share counts as the least that can be told from nothing."""
    before, after = _filled(before), _filled(after)
    return float(np.sum((after - before) * np.log(after / before)))


def _filled(shares: Array) -> Array:
    least = shares[shares > 0].min()
    return np.where(shares > 0, shares, least / 1e6 if least <= EMPTY_SHARE else EMPTY_SHARE)


def wasserstein(sample: Numbers) -> float:
    """∫ |F − G| over the standard deviation of the reference (ddof 0), that is taken for 0.001 if it is smaller."""
    unit = max(abs(float(line[end])) for line in sample for end in (0, -1))
    if not unit:
        return 0.0
    before, after = sample.reference / unit, sample.current / unit  # nothing overflows
    points = np.sort(np.concatenate((before, after)))
    shares = [line.searchsorted(points[:-1], "right") / line.size for line in (before, after)]
    moved = float(np.dot(np.abs(shares[0] - shares[1]), np.diff(points)))
    return moved / max(float(before.std()), LEAST_SPREAD / unit)


def _binned(sample: Numbers) -> Levels:
    """By value, or in Sturges's bins over both where the reference has more than BINNED_ABOVE distinct ones."""
    if np.count_nonzero(np.diff(sample.reference)) < BINNED_ABOVE:
        return counted(sample, np.union1d(*sample))
    together = np.concatenate(sample)
    unit = max(1.0, float(np.abs(together).max()) / 1e300)  # so that the range is a double too
    edges = np.histogram_bin_edges(together / unit, bins="sturges")
    before, after = (np.histogram(line / unit, edges)[0] for line in sample)
    return Levels(edges[:-1], before, after)
