"""Health of sources: what a keeper of the sources is told, what not, and that a page is never disturbed by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines import detect, publish
from pipelines.detectors.base import Block, bucket_of
from pipelines.detectors.source_health import SourceHealth
from pipelines.episodes import Episode, Tracker
from pipelines.settings import Settings
from pipelines.store import open_warehouse
from tests.listening import START, rhythm, settings, spread, store

FIRST = bucket_of(START)
BAD = 20 * 96 + 40  # bucket in which something happens, on the 21st day


def source(days: int = 24, per_day: float = 400, **counts: np.ndarray) -> Block:
    """One source in ordinary order, but for the counts given."""
    mentions = counts.get("mention_count", rhythm(days, per_day))[None].astype(float)
    draw = np.random.default_rng(0)
    found = {
        "mention_count": mentions, "arrived_count": mentions, "late_count": draw.binomial(mentions.astype(int), 0.05),
        "duplicate_count": draw.binomial(mentions.astype(int), 0.02), "language_count": draw.binomial(mentions.astype(int), 0.1),
        "rejected_count": draw.binomial(mentions.astype(int), 0.01),
    }
    found |= {name: values[None] for name, values in counts.items() if name != "mention_count"}
    return Block(["source:forum"], FIRST, {name: np.asarray(values, dtype=float) for name, values in found.items()})


def raised(block: Block) -> list[Episode]:
    detector = SourceHealth(kind="source_health")
    state, tracker = detector.start(block.brands), Tracker(detector, block.brands)
    return [e for piece in block.pieces(7 * 96) for e in tracker.update(piece.first, detector.update(state, piece))]


def worse(name: str, share: float, hours: int = 6) -> Block:
    whole = source()
    values = whole.counts[name][0].copy()
    part = slice(BAD, BAD + hours * 4)
    values[part] = np.round(whole.counts["mention_count"][0, part] * share)
    return source(**{name: values})


@pytest.mark.parametrize(("name", "signal"), [
    ("late_count", "source_late"), ("rejected_count", "source_rejected"), ("duplicate_count", "source_duplicates"),
    ("language_count", "source_language"),
])
def test_a_share_that_jumps_is_told_within_hours_and_over_when_it_is_back(name: str, signal: str) -> None:
    (episode,) = raised(worse(name, 0.9))
    first = episode.transitions[0]
    assert (episode.signal, first.tier) == (signal, "watch")
    assert FIRST + BAD <= first.bucket <= FIRST + BAD + 12
    assert first.evidence.expected < 0.2 < first.evidence.observed
    assert episode.ended is not None and episode.ended <= FIRST + BAD + 24 + 96 + 12


def test_a_source_in_ordinary_order_or_with_a_usual_fault_is_quiet() -> None:
    assert not raised(source(60))
    always = source(60).counts["mention_count"][0]
    assert not raised(source(60, late_count=always, language_count=np.round(always * 0.7)))


def test_a_source_that_stops_is_told_though_another_goes_on() -> None:
    two = np.stack((rhythm(24, 400), rhythm(24, 4000, 1))).astype(float)
    two[0, BAD:] = 0
    (episode,) = raised(Block(["source:forum", "source:x"], FIRST, {"mention_count": two}))
    assert (episode.brand, episode.signal, episode.ended) == ("source:forum", "source_silence", None)
    assert episode.transitions[0].bucket <= FIRST + BAD + 40


def test_a_source_that_brings_a_tenth_is_told_within_a_day_and_weekends_are_no_fall() -> None:
    tenth = rhythm(28, 600)
    tenth[BAD:] = np.random.default_rng(1).binomial(tenth[BAD:], 0.1)
    (episode,) = raised(source(mention_count=tenth))
    assert episode.signal == "source_volume" and episode.transitions[0].bucket <= FIRST + BAD + 96
    office = rhythm(60, 600)
    office[(np.arange(len(office)) // 96) % 7 >= 5] //= 8
    assert not raised(source(mention_count=office))


@pytest.fixture
def _own_storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("EARSHOT_STORAGE", raising=False)
    yield


def halves(configured: Settings) -> None:
    """Two weeks of mentions; every second one is of the forum, which stops after twelve days."""
    store(configured, spread(rhythm(14, 300), "acme", 0.3))
    with open_warehouse(configured) as connection:
        connection.execute("UPDATE mentions SET source = 'forum' WHERE hash(mention_id) % 2 = 0")
        connection.execute("DELETE FROM mentions WHERE source = 'forum' AND published_at > ?", [START + timedelta(days=12)])
    store(configured, [])


@pytest.mark.usefixtures("_own_storage")
def test_an_import_or_a_source_that_is_taken_out_is_not_missed(tmp_path: Path) -> None:
    now, live = START + timedelta(days=14), {"forum": {"kind": "webhook", "secret": "env:FORUM"}}
    imported = {"forum": {"kind": "file", "path": "forum.csv"}}
    halves(settings(tmp_path))
    for sources, found in (
        ({}, []), (imported, []), ({"forum": imported["forum"] | {"quiet_after": "6h"}}, [("onset",)]), (live, [("onset",)]),
        (imported, [("resolved",)]),  # what was told before it was an import ends
    ):
        made = settings(tmp_path, sources=sources)
        detect.run(made, now=now)
        with open_warehouse(made) as connection:
            assert connection.execute("SELECT state FROM alerts").fetchall() == found, sources


@pytest.mark.usefixtures("_own_storage")
def test_in_the_line_a_silent_source_is_an_incident_of_its_own_that_says_what_to_do(tmp_path: Path) -> None:
    configured = settings(tmp_path, sources={"forum": {"kind": "webhook", "secret": "env:FORUM"}})
    halves(configured)
    now = START + timedelta(days=14)
    detect.run(configured, now=now)
    with open_warehouse(configured) as connection:
        found: list[Any] = connection.execute("SELECT brand, signal, tier, state, summary, fired_at FROM alerts").fetchall()
        arming = connection.execute("SELECT brand FROM arming").fetchall()
    ((brand, signal, tier, state, summary, fired_at),) = found
    assert (brand, signal, tier, state) == ("source:forum", "source_silence", "watch", "onset")
    assert START + timedelta(days=12) < fired_at < START + timedelta(days=12, hours=12)
    assert summary.startswith("Source forum: no mention in") and "collect Dag" in summary
    assert arming == [("acme",)]  # the pages say of brands, not of sources, whether they are watched
    published = publish.run(configured, now=now)
    assert published.changed
    with open_warehouse(configured) as connection:
        assert connection.execute("SELECT brand, tier FROM incidents").fetchall() == [("source:forum", "watch")]
