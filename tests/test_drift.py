"""Drift of a model: a change of language or label mix is told once, by what people read; natural variation is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from dashboards import shell
from dashboards.page import find as page_at
from dashboards.query import Snapshots
from dashboards.view import Allowed, View
from pipelines import aggregate, digest, drift, publish
from pipelines.settings import Settings
from pipelines.store import open_warehouse
from tests.stored import insert, mention, scores
from warehouse import drift as judged

START = datetime(2026, 1, 5, tzinfo=UTC)
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
SHARES = dict(zip(
    (count for count, _, _ in judged.SHARES),
    (0.04, 0.05, 0.02, 0.35, 0.35, 0.30, 0.30, 0.20, 0.15, 0.05, 0.03, 0.05, 0.04, 0.04, 0.06, 0.10, 0.40), strict=True,
))


def simulated(
    seed: int, weeks: int, *, size: float = 400, swing: float = 0.15, since: int = 10**6, change: dict[str, float] | None = None
) -> list[dict[str, Any]]:
    """Simulated weeks: counts vary by a third, the odds of shares by `swing` (log scale); from week `since` on `change` holds."""
    random, rows = np.random.default_rng(seed), []
    for i in range(weeks):
        p = {c: 1 / (1 + (1 - v) / v * np.exp(-random.normal(0, swing))) for c, v in SHARES.items()}
        p |= (change or {}) if i >= since else {}
        n = int(random.negative_binomial(10, 10 / (10 + size)))
        row = {c: int(random.binomial(n, p[c])) for c, whole, _ in judged.SHARES if whole == "mention_count"}
        scored = max(0, n - sum(row.values()))
        read = scored + row["low_confidence_count"]
        mix = np.array([p["negative_count"], p["neutral_count"], p["positive_count"]])
        labels = random.multinomial(scored, mix / mix.sum())
        row |= dict(zip(("negative_count", "neutral_count", "positive_count"), labels.tolist(), strict=True))
        row |= {c: int(random.binomial(read, p[c])) for c, whole, _ in judged.SHARES if whole == "read_count"}
        confidence = 0.75 + random.normal(0, 0.008) + random.normal(0, 0.15 / max(1, scored) ** 0.5) + p.get("confidence", 0.0)
        rows.append(row | {
            "source": "forum", "model": "test@1", "week_at": START + i * judged.WEEK, "mention_count": n, "read_count": read,
            "scored_count": scored, "confidence": confidence, "confidence_deviation": 0.15,
        })
    return rows


@pytest.mark.parametrize(("size", "most"), [(120, 4), (400, 2), (3000, 2)])
def test_natural_variation_over_200_weeks_raises_next_to_nothing(size: int, most: int) -> None:
    """Ten streams of 200 weeks in which nothing changes but what weeks do by themselves: at most `most` alarms in 2,000 weeks."""
    assert sum(len(judged.find(simulated(seed, 200, size=size), until=NEVER)) for seed in range(10)) <= most


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"language_count": 0.3}, "language"), ({"negative_count": 2.0}, "negative"), ({"complaint_count": 0.7}, "complaints"),
        ({"low_confidence_count": 0.4}, "unclear"), ({"confidence": -0.12}, "mean confidence"),
    ],
)
def test_a_change_is_told_once_in_its_week(change: dict[str, float], what: str) -> None:
    for seed in range(5):
        found = judged.find(simulated(seed, 30, swing=0.1, since=20, change=change), until=NEVER)
        assert [d.week_at for d in found] == [START + 20 * judged.WEEK], found
        assert what in found[0].sentence and "n = " in found[0].sentence and " to " in found[0].sentence


@given(st.integers(0, 10**6), st.integers(20, 95), st.integers(1, 8))
@tries(max_examples=30, deadline=None)
def test_small_weeks_and_first_weeks_are_not_judged(seed: int, size: int, weeks: int) -> None:
    """Below a hundred mentions nothing is told, however different; nor is anything in the first two weeks."""
    few = [row | {"mention_count": min(99, row["mention_count"])} for row in simulated(seed, weeks, size=20, swing=3.0)]
    few = [row | {k: min(99, row[k]) for k in ("read_count", "scored_count")} for row in few]
    assert judged.find(few, until=NEVER) == []
    assert judged.find(simulated(seed, 2, size=1000, swing=3.0), until=NEVER) == []


def test_a_week_that_is_not_over_waits_and_another_model_begins_anew() -> None:
    rows = simulated(1, 30, since=20, change={"language_count": 0.5})
    assert judged.find(rows, until=START + 20.8 * judged.WEEK) == []
    assert len(judged.find(rows, until=START + 21 * judged.WEEK)) == 1
    renewed = [row | {"model": "test@2"} if i >= 20 else row for i, row in enumerate(rows)]
    assert judged.find(renewed, until=NEVER) == []


LATE = START + 6 * judged.WEEK  # the week in which German comes


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Seven weeks of a forum, 120 mentions each and a last one; in the seventh two in five are in a language that is not read."""
    folder = tmp_path_factory.mktemp("drift")
    made = Settings.model_validate({
        "path": folder / "earshot.toml", "brands": {"acme": {"name": "Acme"}},
        "notifiers": {"inbox": {"kind": "file"}, "blocked": {"kind": "file", "path": "blocked/inbox.jsonl"},
                      "agency": {"kind": "file", "path": "agency.jsonl", "outside": True},
                      "deputy": {"kind": "file", "path": "deputy.jsonl", "after": "15m"}},
    })
    mentions, said = [], []
    for number in range(7 * 120 + 1):
        week, place = divmod(number, 120)
        at = START + week * judged.WEEK + place * timedelta(hours=1)
        mentions.append(mention(native_id=str(number), published_at=at))
        is_german = week == 6 and place % 5 < 2
        sentiment = "unknown" if is_german else ("negative", "neutral", "positive")[number % 3]
        reason, language = ("language", "de") if is_german else (None, "en")
        said.append(scores(mentions[-1], sentiment, unknown_reason=reason, language=language))
    with open_warehouse(made) as connection:
        insert(connection, "mentions", mentions)
        insert(connection, "enrichments", said)
    now = LATE + judged.WEEK + timedelta(hours=2)
    aggregate.run(made, now=now)
    publish.run(made, now=now)
    return made


def inbox(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_notifier_is_told_once(settings: Settings) -> None:
    storage, now = settings.storage, LATE + judged.WEEK + timedelta(hours=3)
    (storage / "blocked").write_text("a file where a folder should be", encoding="utf-8")
    first = drift.run(settings, now=now)
    assert (len(first.drifts), first.sent, first.failed) == (1, 1, ("blocked",))
    (storage / "blocked").unlink()
    assert (drift.run(settings, now=now).sent, drift.run(settings, now=now).sent) == (1, 0)
    assert not (storage / "agency.jsonl").exists() and not (storage / "deputy.jsonl").exists()
    for path in (storage / "alerts.jsonl", storage / "blocked/inbox.jsonl"):
        [told] = inbox(path)
        assert told["key"] == "drift:forum:2026-02-16" and "in a language that the model does not read was 40%" in told["text"]
        assert "after 0% in the weeks before (n = 480)" in told["text"]


def test_the_digest_of_that_week_says_so_and_no_other(settings: Settings) -> None:
    from warehouse import connection

    with connection.open((settings.storage / "serving/current.duckdb").resolve(), read_only=True) as snapshot:
        snapshot.execute("SET TimeZone = 'UTC'")
        assert "Model drift\n- Of what forum gave" in digest.compose(snapshot, settings, LATE, LATE + judged.WEEK)
        assert "Model drift" not in digest.compose(snapshot, settings, LATE - judged.WEEK, LATE)


def test_every_page_says_so(settings: Settings) -> None:
    snapshot, page = Snapshots(settings.storage).current(), page_at("/care")
    assert snapshot is not None and page is not None
    view = View.read("/care", Allowed.on(page.path, page.spans, snapshot))
    strips = shell.strips(view, snapshot, snapshot.now)
    [strip] = [s for s in strips if s.className == "strip drift"]
    assert strip.children[0].children == "Model drift on Forum."
    assert "was 40%" in strip.children[2]


def test_old_drifts_are_history(settings: Settings) -> None:
    """Who loads a long history is not told about last year."""
    later = LATE + judged.WEEK + timedelta(days=20)
    with open_warehouse(settings) as connection:
        insert(connection, "mentions", [mention(native_id="late", published_at=later)])
    aggregate.run(settings, now=later)
    publish.run(settings, now=later)
    assert drift.run(settings, now=later).drifts == ()
