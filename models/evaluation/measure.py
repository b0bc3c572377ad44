"""Everything that a model card says in numbers, measured on sets that the model did not train on.

Thresholds and temperatures were chosen on the same held-out rows. Where that would flatter a figure, it is measured by
choosing on one half of the rows and measuring on the other, both ways round.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.base import INTENTS, SENTIMENTS, Floats
from models.encoder import CLASSES, Encoder, calibrated, exclusive
from models.evaluation.metrics import Ints, Measured, accuracy, calibration_error, f1, interval, macro_f1, macro_recall
from models.evaluation.plot import reliability
from models.phrases import words
from models.training import calibrate
from models.training.sets import Example, fold, read

_NEGATED = re.compile(r"\b(?:not|never|no|nothing|without|\w+n't|cant|dont|wont|didnt)\b", re.IGNORECASE)
MULTILINGUAL = ("arabic", "english", "french", "german", "hindi", "italian", "portuguese", "spanish")


def halves(examples: list[Example]) -> NDArray[np.bool_]:
    """True for the rows of one half; near-copies are in the same one."""
    return np.array([fold(e.text, 10) % 2 == 0 for e in examples])


def crossed(encoder: Encoder, head: str, logits: Floats, goal: NDArray[np.float64], half: NDArray[np.bool_]) -> Floats:
    """Probabilities of each half with the temperature that fits the other half."""
    bias = encoder.sheet.bias.get(head)
    out = np.empty_like(logits)
    for rows in (half, ~half):
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
    return {"calibration error": calibration_error(confidence, right), "reliability": reliability(confidence, right)}


def sentiment(encoder: Encoder, held: list[Example]) -> dict[str, Any]:
    """Sentiment on held rows: figures with intervals, and slices by length, negation and named users."""
    texts = [e.text for e in held]
    true: Ints = calibrate.targets(held, "sentiment").astype(np.int64)
    logits = encoder.logits(texts)["sentiment"]
    given = encoder.chances("sentiment", logits).argmax(axis=1)
    chances = crossed(encoder, "sentiment", logits, true.astype(np.float64), halves(held))
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
        chances = crossed(encoder, head, logits, goal, halves(held[head]))
        out[head] = {name: interval(metric, goal.astype(np.int64), given), **_calibration(head, chances, goal)}
    return out


def intents(encoder: Encoder, held: list[Example]) -> dict[str, Any]:
    """Intents on held rows, thresholds chosen on the other half: F1 of each label and their mean."""
    goal = calibrate.targets(held, "intents")
    logits = encoder.logits([e.text for e in held])["intents"]
    half = halves(held)
    chances = crossed(encoder, "intents", logits, goal, half)
    given = np.zeros(goal.shape, dtype=np.int64)
    for rows in (half, ~half):
        chosen = calibrate.thresholds(chances[~rows], goal[~rows])
        given[rows] = exclusive(chances[rows], np.array([chosen[label] for label in INTENTS], dtype=np.float32))
    true = goal.astype(np.int64)
    labels = {label: interval(f1, true[:, i], given[:, i]) for i, label in enumerate(INTENTS)}
    index = np.arange(len(true))

    def mean(rows: Ints, _: Ints) -> float:
        return float(np.mean([f1(true[rows, i], given[rows, i]) for i in range(len(INTENTS))]))

    return {
        "macro F1": interval(mean, index, index), **_calibration("intents", chances, goal), "labels": labels,
        "positives": dict(zip(INTENTS, true.sum(axis=0).tolist(), strict=True)),
    }


def complaints(encoder: Encoder, held: list[Example]) -> Measured:
    """Macro F1 of the label `complaint` on the held fifth of the complaint set."""
    true = np.array([e.intents["complaint"] for e in held])
    limit = encoder.sheet.thresholds["complaint"]
    chances = encoder.chances("intents", encoder.logits([e.text for e in held])["intents"])
    return interval(macro_f1, true, (chances[:, INTENTS.index("complaint")] >= limit).astype(np.int64))


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
