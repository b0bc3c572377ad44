"""Intervals and tails for counts and shares, in plain Python and numpy.

Every number on a page carries its uncertainty; these are the formulas, each with its reference. Tails are given as
`-log10(p)`, called *rarity*: 3 means one chance in a thousand. They are exact for the model named, which is never exactly
the world: a detector must not print them as if they were.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from warehouse import metrics

Array = NDArray[np.float64]
_TINY = 1e-300


def wilson(successes: int, total: int) -> tuple[float, float]:
    """Wilson's 95% interval of a proportion, as the pages show it; (0, 1) where nothing was counted.

    >>> [round(100 * bound, 1) for bound in wilson(14, 110)]
    [7.7, 20.2]
    """
    found = metrics.share(successes, total)
    return (found.low, found.high) if found else (0.0, 1.0)


def count_rarity(observed: float, mean: float, dispersion: float) -> float:
    """-log10 of the chance of `observed` or more, for a negative binomial of variance `mean + dispersion * mean**2`.

    >>> round(count_rarity(10, 2.0, 0.0), 2), round(count_rarity(10, 2.0, 0.5), 2)
    (4.33, 2.23)
    """
    if observed <= 0 or mean <= 0:
        return 0.0 if observed <= 0 else math.inf
    size = 1.0 / max(dispersion, 1e-7)
    return -_log10_beta(observed, size, mean / (mean + size))


def share_rarity(successes: int, total: int, share: float, concentration: float) -> float:
    """-log10 of the chance of `successes` or more of `total`, for a beta-binomial of mean `share`.

    `concentration` is the sum of the two parameters: the smaller, the more shares vary from hour to hour by themselves.

    >>> round(share_rarity(18, 20, 0.5, 1e9), 2), round(share_rarity(18, 20, 0.5, 20.0), 2)
    (3.7, 2.31)
    """
    if successes <= 0:
        return 0.0
    share = min(max(share, 1e-6), 1 - 1e-6)
    alpha, beta = share * concentration, (1 - share) * concentration
    first = (
        math.lgamma(total + 1) - math.lgamma(successes + 1) - math.lgamma(total - successes + 1)
        + _log_beta(successes + alpha, total - successes + beta) - _log_beta(alpha, beta)
    )
    j = np.arange(successes, total, dtype=np.float64)
    steps = (total - j) * (j + alpha) / ((j + 1) * (total - j - 1 + beta))
    ratio = 1.0 + float(np.cumprod(steps).sum())
    return max(0.0, -(first + math.log(ratio)) / math.log(10))


def count_range(mean: Array, dispersion: Array | float, level: float = 0.99) -> tuple[Array, Array]:
    """Bounds, whole numbers, that hold a negative binomial count with about chance `level`.

    Gamma approximation with Wilson and Hilferty's cube root (1931): within one count of the exact bound for means above 0.2.

    Args:
        mean: expected counts, any shape; nan stays nan.
        dispersion: as in `count_rarity`, of the same shape or one number.
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    safe = np.maximum(mean, 1e-9)
    shape = safe / (1.0 + dispersion * safe)
    spread = 1.0 / (9.0 * shape)
    high = safe * np.maximum(1.0 - spread + z * np.sqrt(spread), 0.0) ** 3
    low = safe * np.maximum(1.0 - spread - z * np.sqrt(spread), 0.0) ** 3
    return np.floor(low + 0.5), np.maximum(np.ceil(high - 0.5), np.ceil(mean))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _log10_beta(a: float, b: float, x: float) -> float:
    """log10 of the regularised incomplete beta function I_x(a, b), accurate where it is tiny."""
    if x <= 0:
        return -math.inf
    if x >= 1:
        return 0.0
    front = a * math.log(x) + b * math.log1p(-x) - _log_beta(a, b)
    if x < (a + 1) / (a + b + 2):
        return (front + math.log(_beta_fraction(a, b, x) / a)) / math.log(10)
    other = math.exp(front) * _beta_fraction(b, a, 1 - x) / b
    return math.log10(max(1.0 - other, _TINY))


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function by Lentz's method (DLMF 8.17.22)."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, 2000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1.0 + step * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + step / c
            c = c if abs(c) > _TINY else _TINY
            value *= c * d
        if abs(c * d - 1.0) < 1e-12:
            break
    return value
