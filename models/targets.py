"""Sentiment towards each brand of a text that names several, where the text says different things about them.

Texts of one brand cost nothing here. The others are parsed (spaCy), split into what they say about each brand
(`models.clauses`), and the parts go through `Model.score` in one batch. Where a text says the same about all its brands,
nothing is given: the sentiment of the text is that of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from models import clauses
from models.base import SENTIMENTS, Model
from models.brands import Found
from models.entities import parsed


@dataclass(frozen=True, slots=True)
class Feeling:
    """Sentiment towards one brand: negative, neutral, positive or unknown, and the chances of the first three."""

    sentiment: str
    chances: tuple[float, float, float]


class _Ask(NamedTuple):
    row: int
    key: str
    text: str
    turned: bool


class Targets:
    """Tells the brands of a text apart; English only.

    Args:
        model: what scores the parts.
    """

    def __init__(self, model: Model) -> None:
        self._model = model

    def score(self, texts: Sequence[str], places: Sequence[Sequence[Found]]) -> list[dict[str, Feeling] | None]:
        """Feelings by brand key for each text; None where the sentiment of the whole text holds for all of its brands.

        Args:
            texts: n texts in English.
            places: n lists of where each names its brands, as `BrandMatcher.places` gives them.
        """
        rows = [i for i, found in enumerate(places) if 1 < len({place.key for place in found}) <= clauses.MOST]
        asks = self._asks(rows, texts, places)
        out: list[dict[str, Feeling] | None] = [None] * len(texts)
        if not asks:
            return out
        scores = self._model.score([ask.text for ask in asks], ["en"] * len(asks))
        for ask, label, reason, chances in zip(asks, scores.labels(), scores.reason, scores.sentiment.tolist(), strict=True):
            if reason in ("", "low_confidence"):
                feelings = out[ask.row] = out[ask.row] or {}
                feelings[ask.key] = _turned(label, chances) if ask.turned else Feeling(label, tuple(chances))
        return out

    def _asks(self, rows: list[int], texts: Sequence[str], places: Sequence[Sequence[Found]]) -> list[_Ask]:
        masks = [clauses.masked(texts[i], places[i]) for i in rows]
        asks = []
        docs = parsed([clauses.readable(text) for text, _ in masks])
        for row, (text, keys), doc in zip(rows, masks, docs, strict=True):
            for brand, said in clauses.parts(text, len(keys), doc).items():
                plain = [part for part in said if not part.turned]
                asks.append(_Ask(row, keys[brand], " ".join(part.text for part in plain or said), not plain))
        return asks


def _turned(label: str, chances: list[float]) -> Feeling:
    """The opposite feeling: what is said for the other side of a comparison."""
    opposite = dict(zip(SENTIMENTS, reversed(SENTIMENTS), strict=True))
    return Feeling(opposite.get(label, label), (chances[2], chances[1], chances[0]))
