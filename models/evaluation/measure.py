"""Everything that a model card says in numbers, measured on sets that the model did not train on.

Thresholds and temperatures were chosen on the same held-out rows. Where that would flatter a figure, it is measured by
choosing on one half of the rows and measuring on the other, both ways round.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.base import INTENTS, SENTIMENTS, Floats
from models.encoder import CLASSES, Encoder, calibrated, exclusive
from models.evaluation.metrics import (
    Ints,
    Measured,
    accuracy,
    calibration_chance,
    calibration_error,
    f1,
    interval,
    kappa,
    macro_f1,
    macro_recall,
)
from models.evaluation.plot import reliability
from models.phrases import words
from models.training import calibrate
from models.training.sets import Example, fold, key, labels_read, read

_NEGATED = re.compile(r"\b(?:not|never|no|nothing|without|\w+n't|cant|dont|wont|didnt)\b", re.IGNORECASE)
MULTILINGUAL = ("arabic", "english", "french", "german", "hindi", "italian", "portuguese", "spanish")


def halves(examples: list[Example]) -> list[NDArray[np.bool_]]:
    """The rows of each of two halves; near-copies are in the same one."""
    one = np.array([fold(e.text, 10) % 2 == 0 for e in examples])
    return [one, ~one]


def crossed(
    head: str, logits: Floats, goal: NDArray[np.float64], parts: list[NDArray[np.bool_]], bias: Sequence[float] | None = None
) -> Floats:
    """Probabilities of each part with the temperature that fits the other parts."""
    out = np.empty_like(logits)
    for rows in parts:
        out[rows] = calibrated(head, logits[rows], calibrate.temperature(head, logits[~rows], goal[~rows], bias), bias)
    return out


def sureness(head: str, chances: Floats, goal: NDArray[np.float64]) -> tuple[Floats, NDArray[np.bool_]]:
    """How sure a head was of each answer, and whether it was right: one value a row, or a label where they are many."""
    if head in CLASSES:
        return chances.max(axis=1), chances.argmax(axis=1) == goal
    known = ~np.isnan(goal.reshape(chances.shape))
    p, y = chances[known], goal.reshape(chances.shape)[known]
    return np.maximum(p, 1 - p), (p >= 0.5) == (y == 1)


def _calibration(head: str, chances: Floats, goal: NDArray[np.float64]) -> dict[str, Any]:
    confidence, right = sureness(head, chances, goal)
    mean, most = calibration_chance(confidence)
    shown = f"{calibration_error(confidence, right):.3f} (chance {mean:.3f}, below {most:.3f})"
    return {"calibration error": shown, "reliability": reliability(confidence, right)}


def sentiment(encoder: Encoder, held: list[Example]) -> dict[str, Any]:
    """Sentiment on held rows: figures with intervals, and slices by length, negation and named users."""
    texts = [e.text for e in held]
    true: Ints = calibrate.targets(held, "sentiment").astype(np.int64)
    logits = encoder.logits(texts)["sentiment"]
    given = encoder.chances("sentiment", logits).argmax(axis=1)
    chances = crossed("sentiment", logits, true.astype(np.float64), halves(held), encoder.sheet.bias.get("sentiment"))
    sizes = np.array([len(words(text)) for text in texts])
    slices = {
        "up to 8 words": sizes <= 8, "9 to 20 words": (sizes > 8) & (sizes <= 20), "more than 20 words": sizes > 20,
        "with a negation": np.array([bool(_NEGATED.search(text)) for text in texts]),
        "names two users or more": np.array([text.count("@") >= 2 for text in texts]),
        "with a question": np.array(["?" in text for text in texts]),
    }
    reasons = encoder.score(texts).reason
    return {
        "macro recall": interval(macro_recall, true, given), "macro F1": interval(macro_f1, true, given),
        "accuracy": interval(accuracy, true, given), **_calibration("sentiment", chances, true.astype(np.float64)),
        "unknown": {why: reasons.count(why) / len(reasons) for why in ("language", "low_confidence", "empty")},
        "recall": {label: float((given[true == i] == i).mean()) for i, label in enumerate(SENTIMENTS)},
        "slices": {name: interval(macro_recall, true[rows], given[rows]) for name, rows in slices.items() if rows.sum() >= 50},
    }


def other_heads(encoder: Encoder, held: dict[str, list[Example]]) -> dict[str, dict[str, Any]]:
    """Emotion, irony and offensive on their held rows."""
    out: dict[str, dict[str, Any]] = {}
    for head, metric in (("emotion", macro_f1), ("irony", f1), ("offensive", macro_f1)):
        goal = calibrate.targets(held[head], head)
        logits = encoder.logits([e.text for e in held[head]])[head]
        given = logits.argmax(axis=1) if head == "emotion" else (logits[:, 0] >= 0).astype(np.int64)
        name = "F1 (irony)" if head == "irony" else "macro F1"
        chances = crossed(head, logits, goal, halves(held[head]), encoder.sheet.bias.get(head))
        out[head] = {name: interval(metric, goal.astype(np.int64), given), **_calibration(head, chances, goal)}
    return out


def intents(encoder: Encoder, held: list[Example], complaints: list[Example]) -> tuple[dict[str, Any], Measured]:
    """Intents on held rows, thresholds chosen on the other half of both sets: F1 of each label and their mean, and macro F1 of
    the label `complaint` on the complaint set.
    """
    both = [*held, *complaints]
    logits, goal, place = encoder.logits([e.text for e in both])["intents"], calibrate.targets(both, "intents"), len(held)
    chances, given = _given(logits, goal, halves(both))
    column = INTENTS.index("complaint")
    alone = interval(macro_f1, goal[place:, column].astype(np.int64), given[place:, column])
    return _by_intent(chances[:place], goal[:place], given[:place]), alone


def folded(logits: Floats, goal: NDArray[np.float64], parts: list[NDArray[np.bool_]]) -> dict[str, Any]:
    """F1 of each intent and their mean, where temperature and thresholds of each part of the rows fit the other parts.

    Args:
        logits: n x 11.
        goal: n x 11 of 0 and 1.
        parts: which rows each part has; together all rows, each once.
    """
    chances, given = _given(logits, goal, parts)
    each = [_mean_f1(goal[rows].astype(np.int64), given[rows]) for rows in parts]
    return {**_by_intent(chances, goal, given), "parts": each}


def _given(logits: Floats, goal: NDArray[np.float64], parts: list[NDArray[np.bool_]]) -> tuple[Floats, Ints]:
    """Probabilities and labels of each part with the temperature and the thresholds that fit the other parts."""
    chances, given = crossed("intents", logits, goal, parts), np.zeros(goal.shape, dtype=np.int64)
    for rows in parts:
        chosen = calibrate.thresholds(chances[~rows], goal[~rows])
        given[rows] = exclusive(chances[rows], np.array([chosen[label] for label in INTENTS], dtype=np.float32))
    return chances, given


def _mean_f1(true: Ints, given: Ints) -> float:
    return float(np.mean([f1(true[:, i], given[:, i]) for i in range(len(INTENTS))]))


def _by_intent(chances: Floats, goal: NDArray[np.float64], given: Ints) -> dict[str, Any]:
    true, index = goal.astype(np.int64), np.arange(len(goal))
    return {
        "macro F1": interval(lambda rows, _: _mean_f1(true[rows], given[rows]), index, index),
        **_calibration("intents", chances, goal),
        "labels": {label: interval(f1, true[:, i], given[:, i]) for i, label in enumerate(INTENTS)},
        "positives": dict(zip(INTENTS, true.sum(axis=0).tolist(), strict=True)),
    }


def agreement(data: Path) -> dict[str, Any]:
    """How well the labels that were read for this project agree with those of the labelled posts, on posts that have both."""
    again = labels_read("again")
    rows = [r for r in read(data / "intents/train.jsonl") if key(r["text"]) in again]
    first, second = (
        np.array([[int(label in labels) for label in INTENTS] for labels in both])
        for both in ([r["labels"] for r in rows], [again[key(r["text"])] for r in rows])
    )
    kappas = [kappa(first[:, i], second[:, i]) for i in range(len(INTENTS))]
    mean = float(np.mean([f1(first[:, i], second[:, i]) for i in range(len(INTENTS))]))
    return {"posts": len(rows), "macro F1": mean, "kappa": dict(zip(INTENTS, kappas, strict=True))}


def languages(encoder: Encoder, data: Path) -> dict[str, dict[str, Any]]:
    """Each language: share that is scored rather than unknown, and macro recall if it all were scored all the same."""
    out: dict[str, dict[str, Any]] = {}
    for name in MULTILINGUAL:
        rows = read(data / f"multilingual/{name}_val.jsonl")
        texts, true = [r["text"] for r in rows], np.array([SENTIMENTS.index(r["label"]) for r in rows])
        given = encoder.chances("sentiment", encoder.logits(texts)["sentiment"]).argmax(axis=1)
        scored = np.array([reason == "" for reason in encoder.score(texts).reason])
        out[name] = {"scored": float(scored.mean()), "if scored": interval(macro_recall, true, given)}
    return out


def speed(encoder: Encoder, texts: list[str], clock: Callable[[], float]) -> dict[str, float]:
    """Texts a second with all heads, language and duplicates included, on this machine as busy as it is."""
    encoder.score(texts[:200])
    started = clock()
    encoder.score(texts)
    return {"texts": float(len(texts)), "per second": len(texts) / (clock() - started), "cores": float(encoder.workers)}
