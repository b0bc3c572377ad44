"""A model without weights: our own valence words, negation, emphasis and emoji, and cue phrases for intents.

It is far less accurate than the encoder and says so in its confidence; it serves tests, first looks and machines without
the backbone. English only.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

import numpy as np
from numpy.typing import NDArray

from models import base, language
from models.base import INTENTS, Scores
from models.phrases import Phrases, word_list, words, words_of

_WORDS = word_list("lexicon")
_VALENCE = {word: float(value) for value, group in _WORDS["valence"].items() for word in group.split()}
_NEGATORS = frozenset(_WORDS["negators"]["words"].split())
_EMPHASIS: dict[str, float] = _WORDS["emphasis"]
_SECOND = frozenset(("you", "your", "you're", "u", "ur", "yours", "you've"))
_ASKING = frozenset((
    "how", "what", "when", "where", "why", "who", "can", "could", "is", "are", "do", "does", "will", "would", "any", "which",
    "should", "did",
))
_MARKS = frozenset(("?", "??", "???", "????", "?!", "!?", "??!", "?!?"))
_TABLE = Phrases([(phrase, label) for label, phrases in _WORDS["cues"].items() for phrase in phrases])
_PLACE = {label: i for i, label in enumerate(INTENTS)}


def valence(tokens: list[str]) -> float:
    """Signed strength of feeling of a text, given as `phrases.words(text)`; 0 where no word of the lexicon occurs.

    >>> valence(["not", "good"]) < 0 < valence(["really", "good"])
    True
    """
    total = 0.0
    for i, token in enumerate(tokens):
        value = _VALENCE.get(token)
        if value is None:
            if token == "but":
                total *= 0.5  # what follows is what is meant
            continue
        before = tokens[max(0, i - 3) : i]
        if before:
            value *= _EMPHASIS.get(before[-1], 1.0)
            if not _NEGATORS.isdisjoint(before):
                value = -0.8 - 0.4 * value if value > 0 else -0.4 * value  # not good is bad, not bad is only fair
        total += value
    if total and tokens[-1][0] == "!":
        total *= 1.15
    return total


def _sentiment(total: float) -> tuple[float, float, float]:
    positive, negative, neutral = exp(0.9 * total), exp(-0.9 * total), 2.2
    whole = positive + negative + neutral
    return negative / whole, neutral / whole, positive / whole


def cues(texts: Sequence[str]) -> NDArray[np.bool_]:
    """n x 11: whether a phrase that suggests the intent stands in the text."""
    found = np.zeros((len(texts), len(INTENTS)), dtype=np.bool_)
    for i, text in enumerate(texts):
        for _, _, label in _TABLE.find(words(text)):
            found[i, _PLACE[label]] = True
    return found


def _intents(tokens: list[str], total: float) -> list[float]:
    chances = [0.05] * len(INTENTS)
    for _, _, label in _TABLE.find(tokens):
        chances[_PLACE[label]] = 0.8
    to_them = not _SECOND.isdisjoint(tokens)
    if not _MARKS.isdisjoint(tokens) and not _ASKING.isdisjoint(tokens):
        chances[_PLACE["request"]] = 0.8
    if total <= -1.5:
        chances[_PLACE["complaint"]] = max(chances[_PLACE["complaint"]], 0.7)
        chances[_PLACE["praise"]] = 0.02
    elif total >= 1.5:
        chances[_PLACE["praise"]] = max(chances[_PLACE["praise"]], 0.7)
        chances[_PLACE["complaint"]] = min(chances[_PLACE["complaint"]], 0.3)
    complaint, request = chances[_PLACE["complaint"]] > 0.5, chances[_PLACE["request"]] > 0.5
    if max(chances[:_PLACE["irrelevant"]]) > 0.5:
        chances[_PLACE["irrelevant"]] = 0.02
    if request or chances[_PLACE["urgent"]] > 0.5 or (complaint and to_them):
        chances[_PLACE["needs_response"]] = 0.8
    return chances


class Lexicon:
    """The lexicon as a `models.base.Model`."""

    name = "lexicon"
    version = "1"

    def score(self, texts: Sequence[str], hints: Sequence[str | None] | None = None) -> Scores:
        """Score texts; those in a language other than English and those without a word are unknown."""
        scores = base.blank(len(texts), heads=False)
        languages, reasons = language.triage(texts, hints, supported=frozenset(("en",)))
        scores.language[:], scores.reason[:] = languages, reasons
        rows = [i for i, reason in enumerate(reasons) if not reason]
        if not rows:
            return scores
        sentiment, intents = [], []
        tokens_of = words_of(texts)
        for i in rows:
            tokens = tokens_of[i]
            total = valence(tokens)
            sentiment.append(_sentiment(total))
            intents.append(_intents(tokens, total))
        scores.sentiment[rows] = sentiment
        scores.intents[rows] = intents
        scores.intent_labels[rows] = scores.intents[rows] > 0.5
        return scores
