"""Metrics of classifiers, each a plain function of true and predicted labels, and an interval for any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Metric = Callable[[Ints, Ints], float]


@dataclass(frozen=True, slots=True)
class Measured:
    """A value with its 95% interval and the number of rows behind it."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}-{self.high:.3f})"


def recall(true: Ints, given: Ints, label: int) -> float:
    """Share of rows with a label that were given it; NaN without such rows."""
    rows = true == label
    return float((given[rows] == label).mean()) if rows.any() else float("nan")


def f1(true: Ints, given: Ints, label: int = 1) -> float:
    """F1 of one label; 0 where it occurs in neither."""
    hits = int(((true == label) & (given == label)).sum())
    total = int((true == label).sum() + (given == label).sum())
    return 2 * hits / total if total else 0.0


def kappa(one: Ints, other: Ints) -> float:
    """Agreement of two readers on 0 or 1 beyond chance (Cohen, 1960); 1 where both always say the same.

    >>> kappa(np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0]))
    0.5
    """
    seen, a, b = float((one == other).mean()), float(one.mean()), float(other.mean())
    chance = a * b + (1 - a) * (1 - b)
    return 1.0 if chance == 1 else (seen - chance) / (1 - chance)


def macro_recall(true: Ints, given: Ints) -> float:
    """Mean recall over the labels that occur; a row given -1 (unknown) counts as wrong.

    >>> macro_recall(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))
    0.75
    """
    return float(np.mean([recall(true, given, label) for label in np.unique(true)]))


def macro_f1(true: Ints, given: Ints) -> float:
    """Mean F1 over the labels that occur in truth."""
    return float(np.mean([f1(true, given, label) for label in np.unique(true)]))


def accuracy(true: Ints, given: Ints) -> float:
    """Share of rows that are right."""
    return float((true == given).mean())


def calibration_error(confidence: NDArray[Any], right: NDArray[np.bool_], bins: int = 15) -> float:
    """Expected calibration error: mean distance of confidence and accuracy over equally wide bins, weighted by rows.

    >>> calibration_error(np.array([0.9, 0.9]), np.array([True, True]))
    0.1
    """
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    total = sum(abs(right[place == b].mean() - confidence[place == b].mean()) * (place == b).mean() for b in np.unique(place))
    return round(float(total), 6)


def calibration_chance(confidence: NDArray[Any], *, rounds: int = 400, seed: int = 0) -> tuple[float, float]:
    """What a head that is as right as it says shows as calibration error on so many rows: its mean, and what 95% stay below.

    The error is a sum of distances, so few rows show some of it whatever the head (Bröcker, Climate Dynamics, 2012).
    """
    rng = np.random.default_rng(seed)
    shown = [calibration_error(confidence, rng.random(len(confidence)) < confidence) for _ in range(rounds)]
    return float(np.mean(shown)), float(np.percentile(shown, 95))


def interval(metric: Metric, true: Ints, given: Ints, *, rounds: int = 1000, seed: int = 0) -> Measured:
    """A metric with its 95% bootstrap interval over rows, the same for the same seed."""
    rng = np.random.default_rng(seed)
    n = len(true)
    draws = []
    for _ in range(rounds):
        rows = rng.integers(0, n, n)
        draws.append(metric(true[rows], given[rows]))
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return Measured(metric(true, given), float(low), float(high), n)
