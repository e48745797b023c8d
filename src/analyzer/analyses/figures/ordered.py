"""What sorted numbers give almost for free: quantiles, distinct values, modes, spread, trimmed mean, bins."""

import math
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.analyses.figures.wire import number

Array = npt.NDArray[Any]
MAX_MODES = 10
HALVES = 2.0**51  # below it, doubles know halves


def in_order(values: Array) -> Array:
    """The values sorted; NaN last. Integers of a small range are counted, which is ten times faster than comparing."""
    if values.dtype.kind == "f" or values.size < 2:
        return np.sort(values)
    low, high = int(values.min()), int(values.max())
    if high - low > values.size:
        return np.sort(values)
    counts = np.bincount((values - values.dtype.type(low)).astype(np.intp))
    return np.repeat(np.arange(low, high + 1, dtype=values.dtype), counts)


def quantile(ordered: Array, share: float, origin: float = 0) -> float:
    """Linear interpolation between the two nearest ranks (type 7 of Hyndman and Fan 1996), less the origin."""
    place = (ordered.size - 1) * share
    rank = int(place)
    low = ordered.item(rank) - origin
    if place == rank:
        return float(low)
    return between(low, ordered.item(rank + 1) - origin, place - rank)


def between(low: float, high: float, share: float) -> float:
    """The point that far on the way from low to high; ±∞ where that is the only sensible answer."""
    if low == high:
        return float(low)
    gap = high - low
    if math.isinf(gap) and not (math.isinf(low) or math.isinf(high)):
        return low * (1 - share) + high * share
    # Leaving from the nearer end keeps the result inside and the same as numpy's to the last bit.
    return float(low + gap * share if share < 0.5 or math.isinf(low) else high - gap * (1 - share))


def iqr(ordered: Array) -> float:
    """The distance between the quartiles."""
    origin = _origin(ordered)
    return quantile(ordered, 0.75, origin) - quantile(ordered, 0.25, origin)


def _origin(ordered: Array) -> int:
    """From where distances are taken: of large integers that lie close together doubles would leave nothing."""
    return 0 if ordered.dtype.kind == "f" else ordered.item(0)


def median_distance(ordered: Array) -> float:
    """The median of |x − median|, found in the sorted values without computing the distances."""
    n, origin = ordered.size, _origin(ordered)
    centre = quantile(ordered, 0.5, origin)
    lower = _kth_distance(ordered, origin, centre, (n + 1) // 2)
    return lower if n % 2 else between(lower, _kth_distance(ordered, origin, centre, n // 2 + 1), 0.5)


def _kth_distance(ordered: Array, origin: int, centre: float, k: int) -> float:
    """The k-th smallest |x − centre|: the k values nearest to the centre are neighbours, so bisect for the first."""

    def item(place: int) -> float:
        found: float = ordered.item(place) - origin
        return found

    low, high = 0, ordered.size - k
    while low < high:
        middle = (low + high) // 2
        if centre - item(middle) > item(middle + k) - centre:
            low = middle + 1
        else:
            high = middle
    return float(max(centre - item(low), item(low + k - 1) - centre))


def distinct_and_modes(ordered: Array) -> tuple[int, list[int | float | str]]:
    """How many different values there are, and the most frequent ones in ascending order, at most MAX_MODES."""
    same = ordered[1:] == ordered[:-1]
    repeats = int(np.count_nonzero(same))
    distinct = ordered.size - repeats
    if not repeats:
        modes = ordered[:MAX_MODES]
    elif repeats < distinct:  # only what repeats is looked at, which in most columns of doubles is little
        places = np.flatnonzero(same)
        modes = ordered[places[_longest(np.flatnonzero(places[1:] - places[:-1] > 1), places.size)]]
    else:
        modes = ordered[_longest(np.flatnonzero(~same), ordered.size)]
    return distinct, [number(mode + 0) for mode in modes.tolist() if math.isfinite(mode)]


def _longest(inner: Array, size: int) -> Array:
    """Where the longest runs end, at most MAX_MODES, of places that fall into runs with these ends and the last one."""
    ends = np.empty(inner.size + 1, np.intp)
    ends[:-1], ends[-1] = inner, size - 1
    lengths = ends.copy()
    lengths[1:] -= ends[:-1]
    lengths[0] += 1
    longest: Array = ends[np.flatnonzero(lengths == lengths.max())[:MAX_MODES]]
    return longest


def direction(given: Array, distinct: int) -> str:
    """How the values run in the table's order, NaN left out; `strictly` where none repeats."""
    if distinct == 1:
        return "constant"
    # A look at the beginning spares the rest in nearly every column.
    for size in (64, given.size):
        head = given[:size]
        head = head[head == head] if head.dtype.kind == "f" else head
        rising, falling = bool((head[1:] >= head[:-1]).all()), bool((head[1:] <= head[:-1]).all())
        if not (rising or falling):
            return "none"
    strictly = "strictly " if distinct == head.size else ""
    return f"{strictly}{'increasing' if rising else 'decreasing'}"


def bin_edges(ordered: Array, most: int, *, centred: bool = False) -> Array:
    """Equal bins over finite values: Freedman and Diaconis 1981, or Sturges 1926 where the IQR is zero; 1 to `most`.

    A constant lies in the middle of one bin. Bins are never narrower than doubles can tell apart, and for integers
    never narrower than 1. Where that is their width, they may be `centred` on the integers, one for each.
    """
    low, high = float(ordered[0]), float(ordered[-1])
    if low == high:
        half = max(0.5, float(np.spacing(abs(low))))
        return np.array([low - half, high + half]).clip(-sys.float_info.max, sys.float_info.max)
    extent = high / 2 - low / 2  # half of it, which cannot overflow
    wanted = _wanted_bins(ordered, extent)
    if ordered.dtype.kind != "f":
        if centred and math.ceil(wanted) >= 2 * extent and 2 * extent < most and max(-low, high) < HALVES:
            return np.arange(low - 0.5, high + 1)
        wanted = min(wanted, 2 * extent)
    count = max(1, math.ceil(min(wanted, most)))
    steps = np.arange(count + 1) / count
    edges = low + (high - low) * steps if math.isfinite(high - low) else low * (1 - steps) + high * steps
    edges[-1] = high
    return edges if (edges[1:] > edges[:-1]).all() else np.unique(edges)


def _wanted_bins(ordered: Array, half_extent: float) -> float:
    n = ordered.size
    width = 2.0 * iqr(ordered) / n ** (1 / 3)
    if math.isinf(width):
        half_iqr = quantile(ordered, 0.75) / 2 - quantile(ordered, 0.25) / 2
        return float(half_extent / half_iqr / 2 * n ** (1 / 3))
    return 2 * (half_extent / width) if width > 0 else math.log2(n) + 1


def bin_counts(ordered: Array, edges: Array) -> list[int]:
    """How many values lie in each bin: from its lower edge up to, not including, its upper one; the last has both."""
    inner = np.searchsorted(ordered, edges[1:-1], side="left").tolist()
    return [upper - lower for lower, upper in pairwise([0, *inner, ordered.size])]
