"""Class shares of a brand's own mentions, estimated without labels, and chances adapted to them.

A classifier that was trained where 16% of the texts were negative finds too few negative ones where two thirds are. Its
chances still say how well each text fits each class; the shares that explain a whole set of chances best are found by
expectation and maximisation (Saerens, Latinne and Decaestecker, Neural Computation 14, 2002).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Shares = NDArray[np.float64]
CAUTION = 10.0  # texts' worth of trust in the usual shares: a handful of mentions says little about a brand
_ROUNDS = 200
_CLOSE = 1e-5


@dataclass(frozen=True, slots=True)
class Estimate:
    """Shares of k classes with 95% intervals; each of `share`, `low`, `high` has k values between 0 and 1."""

    share: Shares
    low: Shares
    high: Shares
    n: float


def usual(bias: Sequence[float]) -> Shares:
    """The shares that a model was trained with, from what is added to its logits so that no class is favoured.

    >>> usual([0.0, 0.0]).tolist()
    [0.5, 0.5]
    """
    odds = np.exp(-np.array(bias, dtype=np.float64))
    total: Shares = odds / odds.sum()
    return total


def shares(chances: NDArray[np.floating], prior: Shares, weights: Shares | None = None) -> Shares:
    """The shares of the classes among n texts.

    Args:
        chances: n x k, as `Encoder.score` gives them: no class was favoured beforehand.
        prior: k shares that are usual elsewhere (see `usual`).
        weights: n, how many texts each row stands for; None means one.

    Returns:
        k shares that add up to 1; the usual ones without a text.
    """
    p = chances.astype(np.float64)
    counts = np.ones(len(p)) if weights is None else weights
    found = prior
    for _ in range(_ROUNDS):
        before, found = found, (counts @ adapted(p, found) + CAUTION * prior) / (counts.sum() + CAUTION)
        if np.abs(found - before).max() < _CLOSE:
            break
    return found


def adapted(chances: NDArray[np.floating], share: Shares) -> Shares:
    """Chances of each text where the classes have these shares: n x k.

    >>> adapted(np.array([[0.5, 0.5]]), np.array([0.8, 0.2])).tolist()
    [[0.8, 0.2]]
    """
    scaled = chances * share
    total: Shares = scaled / np.maximum(scaled.sum(axis=1, keepdims=True), 1e-12)
    return total


def estimate(
    chances: NDArray[np.floating], prior: Shares, weights: Shares | None = None, *, rounds: int = 200, seed: int = 0
) -> Estimate:
    """Shares with bootstrap intervals: texts are drawn anew `rounds` times, the same for the same seed."""
    counts = np.ones(len(chances)) if weights is None else weights
    n = float(counts.sum())
    found = shares(chances, prior, counts)
    if n < 1:
        return Estimate(found, np.zeros_like(found), np.ones_like(found), n)
    rng = np.random.default_rng(seed)
    draws = np.array([shares(chances, prior, rng.multinomial(int(n), counts / n).astype(np.float64)) for _ in range(rounds)])
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    return Estimate(found, np.minimum(low, found), np.maximum(high, found), n)
