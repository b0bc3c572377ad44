"""What a model is: text in, scores out. Nothing here needs torch, so any stage may import it.

Scores are columns (numpy arrays with one row a text), because a window has tens of thousands of mentions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SENTIMENTS = ("negative", "neutral", "positive")
# The same labels in the same order as pipelines.records.INTENTS; models may not import pipelines, a test compares.
INTENTS = (
    "complaint", "request", "praise", "recommendation", "warning", "churn_risk", "purchase_intent", "suggestion",
    "urgent", "irrelevant", "needs_response",
)
EMOTIONS = ("anger", "joy", "optimism", "sadness")
# Why a text has no sentiment; "" means that it has one. `not_scored` is written when no model is active.
REASONS = ("", "empty", "image_only", "language", "low_confidence", "not_scored")


class ModelFault(Exception):
    """A model cannot be loaded or run: weights are missing, have the wrong hash, or do not fit. Says what to do."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What a model says about n texts. A row whose `reason` is not "" is unknown: its numbers are not to be used.

    Attributes:
        sentiment: n x 3, probabilities in the order of SENTIMENTS; NaN where there was nothing to score.
        intents: n x 11, one probability a label in the order of INTENTS; NaN likewise.
        intent_labels: n x 11 booleans, true where the probability passed that label's threshold.
        emotion: n x 4 in the order of EMOTIONS, or None where the model has no such head.
        irony: n, or None.
        offensive: n, or None.
        language: n ISO 639-1 codes, None where it cannot be told.
        reason: n of REASONS.
    """

    sentiment: Floats
    intents: Floats
    intent_labels: NDArray[np.bool_]
    emotion: Floats | None
    irony: Floats | None
    offensive: Floats | None
    language: list[str | None]
    reason: list[str]

    def __len__(self) -> int:
        return len(self.reason)

    def labels(self) -> list[str]:
        """One of negative, neutral, positive, unknown for each text."""
        best = np.nan_to_num(self.sentiment, nan=-1.0).argmax(axis=1).tolist()
        return ["unknown" if reason else SENTIMENTS[i] for i, reason in zip(best, self.reason, strict=True)]

    def intent_names(self) -> list[list[str]]:
        """The labels above their thresholds for each text; a text of unknown sentiment may still have some."""
        names: list[list[str]] = [[] for _ in self.reason]
        for row, column in zip(*(where.tolist() for where in np.nonzero(self.intent_labels)), strict=True):
            names[row].append(INTENTS[column])
        return names


def blank(n: int, *, heads: bool) -> Scores:
    """Scores of n texts about which nothing is known yet: NaN everywhere, language None, reason ""."""

    def empty(*shape: int) -> Floats:
        return np.full((n, *shape), np.nan, dtype=np.float32)

    return Scores(
        sentiment=empty(len(SENTIMENTS)), intents=empty(len(INTENTS)), intent_labels=np.zeros((n, len(INTENTS)), dtype=np.bool_),
        emotion=empty(len(EMOTIONS)) if heads else None, irony=empty() if heads else None, offensive=empty() if heads else None,
        language=[None] * n, reason=[""] * n,
    )


@runtime_checkable
class Model(Protocol):
    """Anything that scores texts. One instance is loaded once in a process and used for every window."""

    name: str
    version: str

    def score(self, texts: Sequence[str], hints: Sequence[str | None] | None = None) -> Scores:
        """Score texts of any content and length; never raises because of a text.

        Args:
            texts: n texts, redacted or not.
            hints: n languages as the platform states them (ISO 639-1), None where it does not.
        """
        ...


def identity(model: Model) -> str:
    """`name@version`, which is part of the path and of the key of every score."""
    return f"{model.name}@{model.version}"


def rows(scores: Scores, model: str) -> Iterator[dict[str, Any]]:
    """Scores as one JSON-ready object a text, as `earshot score` writes them (without the id).

    A text in which there was nothing to score is unknown, has even chances for every class and none for any label.
    """
    names = scores.intent_names()
    for i, reason in enumerate(scores.reason):
        yield {
            "sentiment": _named(SENTIMENTS, scores.sentiment[i], 0.3333),
            "intents": _named(INTENTS, scores.intents[i], 0.0),
            "intent_labels": names[i],
            "emotion": None if scores.emotion is None else _named(EMOTIONS, scores.emotion[i], 0.25),
            "irony": None if scores.irony is None else _number(scores.irony[i], 0.0),
            "offensive": None if scores.offensive is None else _number(scores.offensive[i], 0.0),
            "language": scores.language[i],
            "unknown": bool(reason),
            "reason": reason or None,
            "model": model,
        }


def _named(labels: tuple[str, ...], values: Floats, otherwise: float) -> dict[str, float]:
    return {label: _number(value, otherwise) for label, value in zip(labels, values, strict=True)}


def _number(value: Any, otherwise: float) -> float:
    return otherwise if np.isnan(value) else round(float(value), 4)
