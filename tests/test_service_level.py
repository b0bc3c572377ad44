"""Service level of care: what burns the budget is told, what is usual is not, and an answer never counts before it was given."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from pipelines import detect, history
from pipelines.burn import Burn
from pipelines.detectors.base import Block, bucket_of
from pipelines.detectors.service_level import ServiceLevel
from pipelines.episodes import Episode, Tracker
from pipelines.store import open_warehouse
from tests.listening import QUARTER, START, rhythm, settings, store
from tests.stored import insert, mention

FIRST = bucket_of(START)
AT = 20 * 96 + 40


def care(opened: np.ndarray, missed: np.ndarray | float) -> Block:
    """Conversations of one brand; `missed`: counts or a share. What is missed is answered three hours after it was opened."""
    draw = np.random.default_rng(0)
    late = draw.binomial(opened, missed) if isinstance(missed, float) else np.minimum(missed, opened)
    due, gone = np.zeros_like(opened), np.zeros_like(opened)
    due[4:] = late[:-4]
    gone[12:] = late[:-12]
    counts = {"opened_count": opened, "missed_count": due, "met_count": opened - late, "left_count": gone + opened - late}
    return Block(["acme"], FIRST, {name: values[None].astype(float) for name, values in counts.items()})


def raised(block: Block) -> list[Episode]:
    detector = ServiceLevel(kind="service_level")
    state, tracker = detector.start(block.brands), Tracker(detector, block.brands)
    return [e for piece in block.pieces(7 * 96) for e in tracker.update(piece.first, detector.update(state, piece))]


def missing(start: int, hours: int, share: float, days: int = 24) -> Block:
    opened = rhythm(days, 600)
    late = np.random.default_rng(1).binomial(opened, 0.08)
    late[start:start + hours * 4] = np.round(opened[start:start + hours * 4] * share)
    return care(opened, late)


def test_an_hour_in_which_nobody_answers_is_a_page_that_ends_when_care_is_back() -> None:
    (episode,) = raised(missing(AT, 6, 1.0))
    page = next(t for t in episode.transitions if t.tier == "page")
    assert page.bucket <= FIRST + AT + 12  # the target of an hour, and an hour of it
    assert page.evidence.signal == "service_level" and page.severity >= 6
    assert episode.ended is not None and episode.ended <= FIRST + AT + 24 + 4 + 24 + 8  # six hours later, and two of calm


def test_three_days_somewhat_below_the_objective_are_a_watch_not_a_page() -> None:
    found = raised(missing(16 * 96, 24 * 8, 0.45, days=25))
    assert found and {t.tier for e in found for t in e.transitions} == {"watch"}
    assert found[0].transitions[0].bucket >= FIRST + 16 * 96


@pytest.mark.parametrize("share", [0.05, 0.19, 0.6, 1.0])
def test_what_is_usual_for_a_brand_is_no_news(share: float) -> None:
    assert not [e for e in raised(care(rhythm(60, 600), share)) if e.signal == "service_level"]


def test_nights_without_agents_are_no_page() -> None:
    opened = rhythm(60, 1500)
    hour = np.arange(len(opened)) / 4 % 24
    late = np.where((hour < 7) | (hour >= 20), opened, np.random.default_rng(2).binomial(opened, 0.05))
    assert not [e for e in raised(care(opened, late)) if e.last.tier == "page"]


def test_few_conversations_are_never_judged() -> None:
    opened = np.zeros(24 * 96, dtype=int)
    opened[::16] = 1
    late = np.where(np.arange(len(opened)) >= AT, opened, 0)
    assert not raised(care(opened, late))


def test_a_burn_rate_needs_both_windows() -> None:
    burn = Burn(1, 0.8, 4)
    burn.usual_counts[:] = [[0.0], [100.0]]
    missed = np.array([[0, 0, 9, 9, 9, 9, 0, 0]], dtype=float)
    met = np.array([[9, 9, 0, 0, 0, 0, 9, 9]], dtype=float)
    holds, _ = burn.read(missed, met)
    assert holds[0, 0].tolist() == [False, False, False, False, False, True, False, False]


def test_an_answer_counts_from_when_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One conversation answered after 50 minutes, one after three hours, one never: bucket by bucket."""
    monkeypatch.delenv("EARSHOT_STORAGE", raising=False)
    configured = settings(tmp_path)
    rows = []
    for number, after in enumerate((50, 180, None)):
        asked = {"native_id": f"q{number}", "author_id": f"a{number}", "published_at": START, "observed_at": START}
        rows.append(mention(**asked))
        if after is not None:
            at = START + timedelta(minutes=after)
            reply = {"native_id": f"r{number}", "in_reply_to": f"q{number}", "is_own": True, "published_at": at}
            rows.append(mention(**reply))
    rows.append(mention(native_id="clock", property="independent", published_at=START + timedelta(days=3)))
    with open_warehouse(configured) as connection:
        insert(connection, "mentions", rows)
    store(configured, [])
    with open_warehouse(configured) as connection:
        read = history.read(connection, START + timedelta(days=4), ("acme",), subject="service")
    (block,) = read.blocks()
    counts = {name: np.flatnonzero(values[0]).tolist() for name, values in block.counts.items()}
    row = counts["opened_count"], counts["met_count"], counts["missed_count"], counts["left_count"]
    assert row == ([0], [3], [4], [3, 12, 96])
    assert block.counts["missed_count"][0, 4] == 2
    detect.run(configured, now=START + QUARTER * 400)
