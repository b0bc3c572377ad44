"""What adapting to a brand's own class shares changes, measured on topics that no text of was trained on."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from models import priors
from models.base import SENTIMENTS
from models.encoder import Encoder
from models.evaluation.metrics import Ints, Measured, accuracy, interval, macro_f1
from models.training.sets import Example

SMALLEST = 30  # texts of a topic


def measure(encoder: Encoder, held: list[Example]) -> dict[str, Any]:
    """Sentiment on held-aside topics before and after adapting to each topic's shares.

    Returns:
        topics and texts; `error` of the negative share a topic (mean absolute, in points of 100) when labels are counted and when
        it is estimated; accuracy and macro F1 before and after.
    """
    topics: dict[str, list[Example]] = defaultdict(list)
    for example in held:
        topics[example.topic].append(example)
    large = {topic: rows for topic, rows in sorted(topics.items()) if len(rows) >= SMALLEST}
    usual = priors.usual(encoder.sheet.bias["sentiment"])
    counted, estimated, true, before, after = [], [], [], [], []
    for rows in large.values():
        chances = encoder.chances("sentiment", encoder.logits([e.text for e in rows])["sentiment"])
        goal: Ints = np.array([e.sentiment for e in rows])
        share = priors.shares(chances, usual)
        given, adapted = chances.argmax(axis=1), priors.adapted(chances, share).argmax(axis=1)
        actual = np.bincount(goal, minlength=len(SENTIMENTS)) / len(goal)
        counted.append(100 * abs((given == 0).mean() - actual[0]))
        estimated.append(100 * abs(share[0] - actual[0]))
        true.append(goal)
        before.append(given)
        after.append(adapted)
    goal, plain, new = (np.concatenate(x) for x in (true, before, after))
    return {
        "topics": len(large), "texts": len(goal), "counted": _mean(counted), "estimated": _mean(estimated),
        "before": {"accuracy": interval(accuracy, goal, plain), "macro F1": interval(macro_f1, goal, plain)},
        "after": {"accuracy": interval(accuracy, goal, new), "macro F1": interval(macro_f1, goal, new)},
    }


def _mean(values: list[float]) -> Measured:
    """Mean over topics with its bootstrap interval."""
    rows = np.array(values)
    index = np.arange(len(rows))
    return interval(lambda chosen, _: float(rows[chosen].mean()), index, index)
