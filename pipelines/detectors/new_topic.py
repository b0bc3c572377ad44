"""A new topic: many people use words about a brand that hardly anybody used before (`pipelines.novelty`).

A watch that names the words, hour by hour, while all of this holds: at least `min_authors` people use the first of them, at least
five times as many as usual, and its z-score is `min_z` or more. Old topics are no news: the last week is looked at, against the
three weeks before each hour. Nothing is remembered from hour to hour, so this has no alert budget but that one number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import Field

from pipelines.detectors.base import Arming, Block, Detector, Evidence, Subject, Verdicts
from pipelines.novelty import HOURS
from pipelines.statistics import count_range

_TIMES = 5.0  # as many as usual


@dataclass
class State:
    """Nothing but the brands."""

    brands: tuple[str, ...]


class NewTopic(Detector):
    """A topic that is new for a brand, named by its words."""

    title: ClassVar[str] = "New topics by their words"
    subject: ClassVar[Subject] = "topics"

    min_authors: int = Field(default=8, ge=5, description="Fewest people in three hours whose words can be a new topic.")
    min_z: float = Field(default=5.0, ge=3.0, description="Least z-score of the log-odds of a term that can be a new topic.")

    def start(self, brands: Sequence[str]) -> State:
        return State(tuple(brands))

    def update(self, state: State, block: Block) -> Verdicts:
        shape = len(state.brands), block.width
        z, authors, expected, mentions = (
            block.counts.get(name, np.zeros(shape)) for name in ("z", "authors", "usual_authors", "usual_mentions")
        )
        evidence = {}
        for row, column in np.argwhere((authors >= self.min_authors) & (authors >= _TIMES * expected) & (z >= self.min_z)):
            place = int(row), int(column)
            usual = float(expected[place])
            low, high = count_range(np.array([usual]), 0.15)
            evidence[place] = Evidence(
                tier="watch", signal="new_topic", window_minutes=HOURS * 60, observed=float(authors[place]), expected=usual,
                low=float(low[0]), high=float(high[0]), rarity=0.0, onset=HOURS * 4 - 1,
                terms=block.words.get((place[0], block.first + place[1]), ()),
                severity=min(6, 3 + round(math.log2(authors[place] / self.min_authors))),
                volumes=((HOURS * 60, float(mentions[place])),),
            )
        calm = np.ones(shape, dtype=bool)
        for place in evidence:
            calm[place] = False
        return Verdicts({}, evidence, calm)

    def arming(self, state: State) -> list[Arming]:
        return [Arming(brand=brand, mentions=0, first=None, regular=None, watch=None, page=None) for brand in state.brands]
