"""The promise of the alert budget, kept on simulated brands on which nothing bad happens."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.budget import LEAST, Bar, simulated_height
from pipelines.crises import FIRST, ordinary
from pipelines.detectors.base import Block
from pipelines.detectors.recurrence import Recurrence
from pipelines.episodes import Tracker

BRANDS, DAYS = 40, 182


def restless_brands(seed: int) -> Block:
    """Forty brands, six months of ordinary business: rhythms, restless hours, bursts of every size."""
    negative, volume = [], []
    for row in range(BRANDS):
        draw = np.random.default_rng([seed, row])
        bad, other = ordinary(draw, DAYS)
        negative.append(draw.poisson(bad))
        volume.append(negative[-1] + draw.poisson(other))
    mentions = np.array(volume, dtype=float)
    counts = {name: mentions for name in ("mention_count", "author_count", "scored_count")}
    counts |= {"negative_count": np.array(negative, dtype=float), "repost_count": np.zeros_like(mentions)}
    return Block([f"brand{row}" for row in range(BRANDS)], FIRST, counts)


@pytest.mark.slow
def test_false_pages_and_watches_come_as_often_as_the_budget_says() -> None:
    """At least eight of ten brands between half and twice the budget: a page in thirty days, a watch in fourteen."""
    block, detector = restless_brands(7), Recurrence(kind="recurrence", name="r", page_every="30d", page_after="7d")
    state, tracker, pages = detector.start(block.brands), Tracker(detector, block.brands), np.zeros(BRANDS)
    watches = np.zeros(BRANDS)
    episodes = []
    for piece in block.pieces(7 * 96):
        episodes += tracker.update(piece.first, detector.update(state, piece))
    for episode in episodes:
        is_page = any(t.tier == "page" for t in episode.transitions)
        (pages if is_page else watches)[block.brands.index(episode.brand)] += 1
    realised = pages / ((DAYS - 7) / 30)
    assert ((realised >= 0.5) & (realised <= 2.0)).mean() >= 0.8
    assert 0.6 <= realised.mean() <= 1.6
    watched = watches / ((DAYS - 7) / 14)
    assert ((watched >= 0.5) & (watched <= 2.0)).mean() >= 0.8
    assert 0.6 <= watched.mean() <= 1.6


def test_a_larger_budget_is_a_lower_bar_and_what_comes_every_day_is_never_an_alert() -> None:
    heights = [simulated_height("page", days) for days in (1, 7, 30, 60, 365)]
    assert heights == sorted(heights) and heights[0] == LEAST


def test_the_bar_follows_a_brands_own_history_and_survives_a_restart() -> None:
    draw = np.random.default_rng(0)
    calm, wild = Bar(1, "page", 30), Bar(1, "page", 30)
    for day in range(180):
        calm.learn(day, draw.exponential(0.2, 1), np.ones(1, dtype=bool))
        wild.learn(day, draw.exponential(1.0, 1), np.ones(1, dtype=bool))
        if day == 90:
            again = Bar(1, "page", 30)
            again.restore(wild.saved())
            wild = again
    assert LEAST <= calm.height[0] < wild.height[0]
    often = (draw.exponential(1.0, 20_000) >= wild.height[0]).mean() * 30
    assert 0.3 < often < 3.0
    wild.forget(np.ones(1, dtype=bool))
    assert wild.height[0] == wild.start
