"""How sure a coefficient of correlation is: p, confidence interval, and p for many of them at once."""

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

Array = npt.NDArray[np.float64]

Z95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""


def p_of_r(r: Array, n: Array) -> Array:
    """Two-sided p of Pearson's or Spearman's coefficient by Student's t with n − 2 degrees of freedom; 1 for n = 2."""
    with np.errstate(all="ignore"):
        t = np.abs(r) * np.sqrt((n - 2) / ((1 - r) * (1 + r)))
        p: Array = 2 * stdtr(np.maximum(n - 2, 1), -t)
    p[n == 2] = 1.0
    p[np.isnan(r)] = np.nan
    return p


def pearson_interval(r: Array, n: Array) -> Array:
    """95 % by Fisher's z (1921): tanh(atanh r ± z / √(n − 3)). NaN up to n = 3."""
    return _interval(r, np.sqrt(1 / _above(n, 3)))


def spearman_interval(r: Array, n: Array) -> Array:
    """95 % by Fisher's z with Bonett and Wright's (2000) variance (1 + r² / 2) / (n − 3). NaN up to n = 3."""
    return _interval(r, np.sqrt((1 + r * r / 2) / _above(n, 3)))


def kendall_interval(tau: Array, n: Array) -> Array:
    """95 % by Fisher's z with the variance 0.437 / (n − 4) of Fieller, Hartley and Pearson 1957. NaN up to n = 4."""
    return _interval(tau, np.sqrt(0.437 / _above(n, 4)))


def _above(n: Array, least: int) -> Array:
    return np.where(n > least, n - least, np.nan)


def _interval(r: Array, error: Array) -> Array:
    """`[low, high]` for each coefficient."""
    with np.errstate(divide="ignore"):
        z = np.arctanh(r)
    return np.tanh(np.stack((z - Z95 * error, z + Z95 * error), axis=-1))


def adjusted(p: Array) -> Array:
    """The p of Benjamini and Hochberg 1995: the false discovery rate at which each would just be taken for real.

    NaN stays NaN and is not counted.
    """
    found = np.full(p.shape, np.nan)
    told = np.flatnonzero(~np.isnan(p))
    falling = told[np.argsort(-p[told], kind="stable")]
    ranks = np.arange(falling.size, 0, -1)
    found[falling] = np.minimum(1.0, np.minimum.accumulate(p[falling] * falling.size / ranks))
    return found
