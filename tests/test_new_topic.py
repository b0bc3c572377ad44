"""New topics: words that many use and nobody did before are named; a busy hour about the usual is not."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipelines import detect
from pipelines.novelty import Topic, topics
from pipelines.settings import Settings
from pipelines.store import open_warehouse
from tests.listening import QUARTER, START, Said, rhythm, settings, spread, store

USUAL = ["the queue at the desk was long", "lost my bag again", "seat was fine and the crew friendly", "late by an hour"]
ONSET = START + timedelta(days=12, hours=10)
NOW = START + timedelta(days=13)


@pytest.fixture(autouse=True)
def _own_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARSHOT_STORAGE", raising=False)


def usual(days: float = 13.2) -> list[Said]:
    return [said for n, text in enumerate(USUAL) for said in spread(rhythm(days, 60, n), seed=n, text=text)]


def mould(people: int, start: datetime = ONSET, kind: str = "post") -> list[Said]:
    texts = ["there is mould in my yoghurt", "mould on top, yoghurt of last week", "opened it: mould in the yoghurt"]
    return [
        Said("acme", start + n * QUARTER / 8, f"eater{n}", f"{texts[n % 3]} {chr(97 + n % 26) * 4}", kind=kind)
        for n in range(people)
    ]


def found(configured: Settings, hours: int = 24 * 13) -> list[Topic]:
    with open_warehouse(configured) as connection:
        return topics(connection, int(START.timestamp()) // 3600 + hours)


def test_a_new_topic_is_a_watch_that_names_its_words(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    store(configured, [*usual(), *mould(30)])
    detect.run(configured, now=NOW)
    with open_warehouse(configured) as connection:
        rows = connection.execute(
            "SELECT tier, onset_at, fired_at, observed, expected, summary FROM alerts WHERE signal = 'new_topic'"
        ).fetchall()
    ((tier, onset_at, fired_at, observed, expected, summary),) = rows
    assert tier == "watch" and onset_at <= ONSET < fired_at <= ONSET + timedelta(hours=2)
    assert observed >= 8 and expected < 0.5
    assert "mould" in summary and "yoghurt" in summary and "queue" not in summary


def test_more_of_the_usual_or_few_people_or_reposts_are_no_new_topic(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    counts = np.zeros(int(13.2 * 96), dtype=int)
    counts[12 * 96 + 40:12 * 96 + 52] = 25
    busy = [said for n, text in enumerate(USUAL) for said in spread(counts // 4, seed=100 + n, text=text)]
    one = [Said("acme", said.at, "the same person", said.text) for said in mould(30)]
    store(configured, [*usual(), *busy, *one, *mould(30, kind="repost"), *mould(4)])
    detect.run(configured, now=NOW)
    with open_warehouse(configured) as connection:
        assert not connection.execute("SELECT 1 FROM alerts WHERE signal = 'new_topic'").fetchall()


def test_what_comes_later_never_changes_an_hour_and_a_young_brand_has_no_news(tmp_path: Path) -> None:
    early, late = settings(tmp_path / "early"), settings(tmp_path / "late")
    said = [*usual(), *mould(30)]
    until = ONSET + timedelta(hours=3)
    store(early, [s for s in said if s.at < until])
    store(late, [*said, *mould(200, ONSET + timedelta(hours=5))])
    hours, over = 12 * 24 + 13, int(until.timestamp()) // 3600
    first, second = ([t for t in found(c, n) if over - 24 <= t.hour < over] for c, n in ((early, hours), (late, hours + 8)))
    assert first and first == second
    young = settings(tmp_path / "young")
    store(young, [*usual(0.5), *mould(30, START)])
    assert not found(young, 12)
