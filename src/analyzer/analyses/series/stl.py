"""Season and trend by loess (STL): Cleveland, Cleveland, McRae & Terpenning 1990, Journal of Official Statistics 6:3.

Without weights against outliers, as here, every loess of equidistant values is a fixed weighted sum of its neighbours,
so one convolution stands for all of them but those near the ends. Fifty times as fast as to weigh the neighbours of
each value anew, and equal but for rounding.
"""

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

SEASONAL = 7  # cycles that are smoothed over
STEPS = 5


def seasonal_and_trend(line: Array, period: int) -> tuple[Array, Array]:
    """Both parts of the series, which has at least two periods; the windows are those that the authors recommend."""
    size = line.size
    low_pass = Loess(size, _odd(period + 1))
    trending = Loess(size, _odd(math.ceil(1.5 * period / (1 - 1.5 / SEASONAL))))
    cycles, more = divmod(size, period)
    longer, shorter = Loess(cycles + 1, SEASONAL, beyond=1), Loess(cycles, SEASONAL, beyond=1)
    seasonal, trend = np.zeros(size), np.zeros(size)
    grid, smooth = np.zeros((cycles + 1, period)), np.zeros((cycles + 3, period))
    for _ in range(STEPS):
        # A column of the grid holds the same place of every cycle; the first ones hold one more.
        grid.reshape(-1)[:size] = line - trend
        if more:
            smooth[:, :more] = longer(grid[:, :more].T).T
        smooth[:-1, more:] = shorter(grid[:-1, more:].T).T
        spread = smooth.reshape(-1)[: size + 2 * period]
        level = low_pass(_averages(_averages(_averages(spread, period), period), 3))
        seasonal = spread[period : period + size] - level
        trend = trending(line - seasonal)
    return seasonal, trend


def _odd(width: int) -> int:
    return width + 1 - width % 2


def _averages(values: Array, width: int) -> Array:
    """Of every so many neighbours."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    averages: Array = (sums[width:] - sums[:-width]) / width
    return averages


class Loess:
    """Local lines through the nearest `width` (odd) of `size` values at 1, 2, 3 …, weighted by their distance."""

    def __init__(self, size: int, width: int, beyond: int = 0) -> None:
        """`beyond`: at so many places before the first and after the last value there are smooth ones as well."""
        self._width, reach = width, width // 2
        is_short = width >= size  # then each place has weights of its own
        self._ends = _weights(np.arange(1 - beyond, (size + beyond if is_short else reach) + 1), size, width)
        self._within = None if is_short else _weights(np.array([reach + 1]), size, width)[0]

    def __call__(self, values: Array) -> Array:
        """Smooth values of each line along the last axis."""
        if self._within is None:
            return values @ self._ends.T
        start = values[..., : self._width] @ self._ends.T
        end = (values[..., : -self._width - 1 : -1] @ self._ends.T)[..., ::-1]
        within = np.empty(values.size)
        within[: values.size - self._width + 1] = np.convolve(values.reshape(-1), self._within, "valid")
        inner = within.reshape(values.shape)[..., : values.shape[-1] - self._width + 1]
        return np.concatenate((start, inner, end), axis=-1)


def _weights(places: Array | npt.NDArray[np.int_], size: int, width: int) -> Array:
    """For each place, what the first `width` values weigh, or all, if there are fewer."""
    x, near = places[:, None].astype(np.float64), np.arange(1.0, min(size, width) + 1)
    distance = np.abs(near - x)
    reach = np.maximum(x - 1, near[-1] - x) + max(0, (width - size) // 2)
    weights = np.where(distance <= 0.999 * reach, (1 - (distance / reach) ** 3) ** 3, 0.0)
    weights[distance <= 0.001 * reach] = 1.0
    weights /= weights.sum(axis=1, keepdims=True)
    centre = weights @ near[:, None]
    off = near - centre
    spread = (weights * off**2).sum(axis=1, keepdims=True)
    is_sloped = np.sqrt(spread) > 0.001 * (size - 1)  # else so near to one place that there is no line through them
    tilted: Array = weights * np.where(is_sloped, 1 + off * (x - centre) / np.where(is_sloped, spread, 1.0), 1.0)
    return tilted
