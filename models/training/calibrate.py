"""Temperatures, intent thresholds and the confidence below which a text is unknown: all chosen on rows that never trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.base import INTENTS, Floats
from models.encoder import CLASSES, calibrated
from models.evaluation.metrics import f1
from models.training.sets import Example

_HEATS = np.exp(np.linspace(np.log(0.4), np.log(3.0), 81))
_LIMITS = np.arange(0.04, 0.81, 0.01)
_PRIOR_ROWS = 15.0  # with so many rows that have a label, the two ways to choose its threshold weigh the same


def targets(examples: list[Example], head: str) -> NDArray[np.float64]:
    """True values of a head: class numbers (n), 0 or 1 (n), or n x 11 for intents with NaN where not labelled."""
    if head == "intents":
        return np.array([[e.intents.get(label, np.nan) for label in INTENTS] for e in examples], dtype=np.float64)
    return np.array([getattr(e, head) for e in examples], dtype=np.float64)


def balance(counts: NDArray[np.int64]) -> list[float]:
    """What to add to the logits of classes that were trained in these shares, so that each is as likely before reading.

    A rule that takes the likeliest class is best for the mean recall over classes when no class is favoured beforehand. Posts
    about companies, and a crisis above all, hold far more negative texts than the 16% of the training sets.

    >>> balance(np.array([100, 100]))
    [0.0, 0.0]
    """
    shift = -np.log(counts / counts.sum())
    return [round(float(x), 4) for x in shift - shift.mean() + 0.0]


def temperature(head: str, logits: Floats, goal: NDArray[np.float64], bias: Sequence[float] | None = None) -> float:
    """What to divide the (shifted) logits of a head by: its confidence is then right as often as it says, on average."""
    return round(float(min(_HEATS, key=lambda heat: _excess(head, calibrated(head, logits, heat, bias), goal))), 4)


def _excess(head: str, chances: Floats, goal: NDArray[np.float64]) -> float:
    """How far the mean confidence is from the share that is right; for intents the mean negative log likelihood, because most
    of their labels are rare and nearly always right.
    """
    if head in CLASSES:
        return abs(float(chances.max(axis=1).mean() - (chances.argmax(axis=1) == goal).mean()))
    goal = goal.reshape(chances.shape)
    if head == "intents":
        p = np.clip(chances.astype(np.float64), 1e-7, 1 - 1e-7)
        return float(-np.nanmean(goal * np.log(p) + (1 - goal) * np.log1p(-p)))
    return abs(float(np.maximum(chances, 1 - chances).mean() - ((chances >= 0.5) == (goal == 1)).mean()))


def thresholds(chances: Floats, goal: NDArray[np.float64]) -> dict[str, float]:
    """The probability from which each intent is given.

    Best F1 where a label is frequent. Where it is rare that is mostly chance, and the threshold moves to the one that gives
    the label as often as it occurs.
    """
    chosen = {}
    for i, label in enumerate(INTENTS):
        rows = ~np.isnan(goal[:, i])
        true, p = goal[rows, i].astype(np.int64), chances[rows, i]
        scores = np.array([f1(true, (p >= limit).astype(np.int64)) for limit in _LIMITS])
        near = _LIMITS[scores >= scores.max() - 0.01]  # a plateau's middle is steadier than its peak
        n = int(true.sum())
        as_often = float(np.sort(p)[-n]) if n else 0.5
        chosen[label] = round(float((n * np.median(near) + _PRIOR_ROWS * as_often) / (n + _PRIOR_ROWS)), 3)
    return chosen


def confidence(chances: Floats, goal: NDArray[np.float64]) -> float:
    """The highest limit, 0.45 at most, below which the sentiment is right less than half of the time."""
    sure, right = chances.max(axis=1), chances.argmax(axis=1) == goal
    fit = [limit for limit in np.arange(0.36, 0.451, 0.01) if (sure < limit).sum() >= 10 and right[sure < limit].mean() < 0.5]
    return round(float(max(fit, default=0.36)), 2)
