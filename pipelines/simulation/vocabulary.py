"""Channels, languages, topics and flags, with how often each occurs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
NEGATIVE, NEUTRAL, POSITIVE = range(3)
SENTIMENTS = ("negative", "neutral", "positive")
LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl")
LANGUAGE_SHARES = np.array([
    [0.80, 0.075, 0.03, 0.04, 0.02, 0.02, 0.015],
    [0.80, 0.11, 0.03, 0.02, 0.01, 0.015, 0.015],
    [0.70, 0.03, 0.03, 0.12, 0.06, 0.05, 0.01],
    [0.77, 0.05, 0.08, 0.03, 0.02, 0.04, 0.01],
])  # fmt: skip
FLAG = {
    name: 1 << i for i, name in enumerate((
        "request", "churn_risk", "warning", "urgent", "recommendation", "purchase_intent", "suggestion", "personal", "reference",
        "image_only", "irrelevant",
    ))
}  # fmt: skip

TOPICS = (
    "cancellation", "delay", "rebooking", "refund", "baggage", "seat", "staff", "food", "app", "phone_hold", "price", "loyalty",
    "stranded", "boarding", "cabin", "connectivity", "route", "accessibility", "general",
)  # fmt: skip


class _Channels:
    names = ("x", "facebook", "instagram", "snapchat", "youtube", "reddit", "forum", "app_review")
    shares = np.array([
        [0.37, 0.19, 0.07, 0.03, 0.03, 0.11, 0.07, 0.13],  # negative
        [0.38, 0.17, 0.10, 0.03, 0.04, 0.15, 0.11, 0.02],  # neutral
        [0.26, 0.16, 0.20, 0.07, 0.08, 0.08, 0.05, 0.10],  # positive
        [0.53, 0.19, 0.08, 0.05, 0.02, 0.08, 0.03, 0.02],  # when something breaks
        [0.22, 0.22, 0.26, 0.09, 0.13, 0.05, 0.03, 0.00],  # when something is launched
    ])  # fmt: skip
    cumulative = np.cumsum(shares, axis=1) / shares.sum(axis=1, keepdims=True)


CHANNELS = _Channels()

# By situation (usual, storm, echo, campaign, outage), then sentiment: weights of topics.
_WEIGHTS: tuple[tuple[str, str, str], ...] = (
    (
        "delay 17 cancellation 6 baggage 13 refund 11 phone_hold 9 rebooking 6 seat 8 staff 7 food 4 app 9 price 8 loyalty 3"
        " boarding 4 cabin 5 connectivity 3 accessibility 2 general 3",
        "baggage 17 seat 9 app 12 price 9 rebooking 12 route 9 loyalty 6 accessibility 6 delay 5 refund 7 food 3 connectivity 3 "
        "boarding 4 general 9",
        "staff 27 delay 9 food 5 app 7 seat 5 price 7 cabin 7 baggage 5 rebooking 5 boarding 4 connectivity 2 route 5 loyalty 3"
        " accessibility 4 general 9",
    ),
    (
        "cancellation 27 delay 15 rebooking 15 stranded 18 phone_hold 14 baggage 7 refund 4",
        "cancellation 20 delay 20 rebooking 30 refund 15 baggage 5 stranded 10",
        "staff 70 rebooking 30",
    ),
    ("delay 48 cancellation 22 rebooking 14 phone_hold 10 stranded 6", "delay 55 cancellation 20 rebooking 25", "staff 100"),
    ("price 60 route 40", "route 55 price 30 general 15", "route 55 price 28 general 17"),
    ("app 62 boarding 18 phone_hold 20", "app 100", "staff 100"),
)


def _shares() -> Array:
    table = np.zeros((len(_WEIGHTS), 3, len(TOPICS)))
    for s, row in enumerate(_WEIGHTS):
        for m, weights in enumerate(row):
            parts = weights.split()
            for topic, weight in zip(parts[::2], parts[1::2], strict=True):
                table[s, m, TOPICS.index(topic)] = float(weight)
    table = np.cumsum(table, axis=2)
    return np.asarray(table / table[:, :, -1:])


TOPIC_SHARES = _shares()  # cumulative: (situation, sentiment, topic)
