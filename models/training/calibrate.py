"""Temperatures, intent thresholds and the confidence below which a text is unknown: all chosen on rows that never trained."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.base import INTENTS, Floats
from models.evaluation.metrics import f1
from models.training.sets import Example

CLASSES = ("sentiment", "emotion")
_HEATS = np.exp(np.linspace(np.log(0.4), np.log(3.0), 81))
_LIMITS = np.arange(0.10, 0.81, 0.02)
_PRIOR, _PRIOR_ROWS = 0.35, 15.0  # a threshold chosen on a handful of rows is drawn towards this


def targets(examples: list[Example], head: str) -> NDArray[np.float64]:
    """True values of a head: class numbers (n), 0 or 1 (n), or n x 11 for intents with NaN where not labelled."""
    if head == "intents":
        return np.array([[e.intents.get(label, np.nan) for label in INTENTS] for e in examples], dtype=np.float64)
    return np.array([getattr(e, head) for e in examples], dtype=np.float64)


def loss(head: str, logits: Floats, goal: NDArray[np.float64]) -> float:
    """Mean negative log likelihood of what is labelled."""
    wide = logits.astype(np.float64)
    if head in CLASSES:
        top = wide.max(axis=1, keepdims=True)
        logs = wide - top - np.log(np.exp(wide - top).sum(axis=1, keepdims=True))
        return float(-logs[np.arange(len(goal)), goal.astype(int)].mean())
    goal = goal.reshape(wide.shape)
    return float(np.nanmean(np.logaddexp(0.0, wide) - goal * wide))


def temperature(head: str, logits: Floats, goal: NDArray[np.float64]) -> float:
    """What to divide the logits of a head by so that its probabilities fit best."""
    return round(float(min(_HEATS, key=lambda heat: loss(head, logits / heat, goal))), 4)


def thresholds(chances: Floats, goal: NDArray[np.float64]) -> dict[str, float]:
    """The probability from which each intent is given: best F1, drawn towards a prior where a label is rare."""
    chosen = {}
    for i, label in enumerate(INTENTS):
        rows = ~np.isnan(goal[:, i])
        true, p = goal[rows, i].astype(np.int64), chances[rows, i]
        scores = np.array([f1(true, (p >= limit).astype(np.int64)) for limit in _LIMITS])
        near = _LIMITS[scores >= scores.max() - 0.01]  # a plateau's middle is steadier than its peak
        n = float(true.sum())
        chosen[label] = round(float((n * np.median(near) + _PRIOR_ROWS * _PRIOR) / (n + _PRIOR_ROWS)), 3)
    return chosen


def confidence(chances: Floats, goal: NDArray[np.float64]) -> float:
    """The highest limit, 0.5 at most, below which the sentiment is right less than half of the time."""
    sure, right = chances.max(axis=1), chances.argmax(axis=1) == goal
    fit = [limit for limit in np.arange(0.36, 0.501, 0.01) if (sure < limit).sum() >= 10 and right[sure < limit].mean() < 0.5]
    return round(float(max(fit, default=0.36)), 2)
