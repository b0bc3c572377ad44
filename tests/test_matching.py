"""What is recorded and told when late mentions change what a replay finds: nothing twice, nothing worse kept quiet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import duckdb
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from pipelines import alert, recording
from pipelines.detect import Replay
from pipelines.detectors.base import Evidence, bucket_of, bucket_start
from pipelines.episodes import Episode, Transition
from pipelines.settings import Settings
from pipelines.store import open_warehouse
from tests.listening import settings, store

FIRST = bucket_of(datetime(2026, 3, 13, 12, tzinfo=UTC))


@pytest.fixture(autouse=True)
def _own_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARSHOT_STORAGE", raising=False)


@pytest.fixture
def configured(tmp_path: Path) -> Settings:
    made = settings(tmp_path, notifiers={"inbox": {"kind": "file"}})
    store(made, [])
    return made


def at(bucket: int) -> datetime:
    """Start of a bucket, counted from noon."""
    return bucket_start(FIRST + bucket)


def state(
    name: Literal["onset", "escalated", "resolved"], tier: Literal["page", "watch"], severity: int, bucket: int
) -> Transition:
    found = Evidence(
        tier=tier, signal="volume", window_minutes=60, observed=100, expected=10, low=4, high=18, rarity=5, severity=severity
    )
    return Transition(name, tier, severity, FIRST + bucket, found)


def episode(onset: int, *transitions: Transition) -> Episode:
    return Episode("acme", FIRST + onset, "volume", list(transitions))


def record(configured: Settings, end: int, *episodes: Episode) -> int:
    """A run of detect that finds these episodes in what is sealed before `end`."""
    with open_warehouse(configured) as connection:
        return recorded(connection, configured, end, episodes)


def recorded(connection: duckdb.DuckDBPyConnection, configured: Settings, end: int, episodes: Sequence[Episode]) -> int:
    replay = Replay(("acme",), "sources", "people", list(episodes), [], [], 0, 2, timedelta(hours=2))
    return recording.record(connection, configured, {"recurrence": replay}, FIRST + end)


def states(configured: Settings) -> list[tuple[Any, ...]]:
    """(when the alert began, its state, tier, severity, when it was reached), in buckets since noon."""
    with open_warehouse(configured) as connection:
        rows = connection.execute(
            "SELECT a.onset_at, s.state, s.tier, s.severity, s.reached_at FROM alert_states AS s "
            "INNER JOIN alerts AS a ON a.alert_id = s.alert_id ORDER BY s.reached_at, a.fired_at, s.position"
        ).fetchall()
    return [(bucket_of(onset) - FIRST, *middle, bucket_of(reached) - FIRST) for onset, *middle, reached in rows]


def test_a_watch_that_late_mentions_make_a_page_is_told_as_one(configured: Settings) -> None:
    record(configured, 4, episode(0, state("onset", "watch", 6, 2)))
    page = episode(0, state("onset", "page", 5, 1))
    assert record(configured, 8, page) == 1
    assert states(configured)[1:] == [(0, "escalated", "page", 7, 8)]  # reached when it was found, and worse than before
    assert record(configured, 9, page) == 0
    alert.run(configured, now=at(9))
    assert [text.count('"tier":"page"') for text in told(configured)] == [0, 1]


def told(configured: Settings) -> list[str]:
    return (configured.storage / "alerts.jsonl").read_text(encoding="utf-8").replace('": "', '":"').splitlines()


def test_a_page_that_is_found_a_day_later_is_news_while_it_goes_on(configured: Settings) -> None:
    record(configured, 4, episode(0, state("onset", "watch", 4, 2)))
    alert.run(configured, now=at(4))
    record(configured, 4 + 30 * 4, episode(0, state("onset", "page", 6, 2)))
    alert.run(configured, now=at(4 + 30 * 4))
    assert len(told(configured)) == 2 and '"tier":"page"' in told(configured)[1]


def test_an_onset_that_is_hardly_worse_is_not_told_again(configured: Settings) -> None:
    record(configured, 4, episode(0, state("onset", "watch", 4, 2)))
    assert record(configured, 6, episode(0, state("onset", "watch", 5, 1))) == 0
    assert record(configured, 6, episode(0, state("onset", "watch", 6, 1))) == 1


def test_a_page_stays_one_when_a_replay_finds_less(configured: Settings) -> None:
    record(configured, 4, episode(0, state("onset", "page", 7, 2)))
    record(configured, 20, episode(0, state("onset", "watch", 5, 2), state("resolved", "watch", 5, 18)))
    assert states(configured)[1:] == [(0, "resolved", "page", 7, 19)]


def test_an_open_page_goes_on_when_late_mentions_join_it_to_a_watch_that_is_over(configured: Settings) -> None:
    record(configured, 20, episode(0, state("onset", "watch", 4, 1), state("resolved", "watch", 4, 12)),
           episode(16, state("onset", "page", 7, 17)))
    joined = [state("onset", "watch", 4, 1), state("escalated", "page", 7, 17), state("escalated", "page", 9, 19)]
    record(configured, 20, episode(0, *joined))
    assert states(configured)[3:] == [(16, "escalated", "page", 9, 20)]
    record(configured, 32, episode(0, *joined, state("resolved", "page", 9, 30)))
    assert states(configured)[4:] == [(16, "resolved", "page", 9, 31)]


def test_what_the_first_of_two_joined_alerts_told_is_not_told_again(configured: Settings) -> None:
    record(configured, 20, episode(0, state("onset", "page", 8, 1), state("resolved", "page", 8, 12)),
           episode(16, state("onset", "watch", 4, 17)))
    assert record(configured, 20, episode(0, state("onset", "page", 8, 1))) == 0
    assert record(configured, 30, episode(0, state("onset", "page", 8, 1), state("escalated", "page", 10, 28))) == 1
    assert states(configured)[3:] == [(16, "escalated", "page", 10, 29)]


def test_a_storm_that_was_told_to_be_over_too_early_is_told_again(configured: Settings) -> None:
    record(configured, 14, episode(0, state("onset", "watch", 4, 1), state("resolved", "watch", 4, 12)))
    goes_on = [state("onset", "watch", 4, 1), state("escalated", "page", 8, 9)]
    assert record(configured, 14, episode(0, *goes_on)) == 0  # nothing of it is after what was told
    assert record(configured, 30, episode(0, *goes_on)) == 1
    assert states(configured)[2:] == [(13, "onset", "page", 8, 30)]
    worse = [*goes_on, state("escalated", "page", 10, 32)]
    assert [record(configured, 40, episode(0, *worse)), record(configured, 40, episode(0, *worse))] == [1, 0]
    record(configured, 60, episode(0, *worse, state("resolved", "page", 10, 55)))
    assert states(configured)[3:] == [(13, "escalated", "page", 10, 33), (13, "resolved", "page", 10, 56)]


def test_an_end_that_moves_by_an_hour_is_not_told_again(configured: Settings) -> None:
    record(configured, 14, episode(0, state("onset", "watch", 4, 1), state("resolved", "watch", 4, 12)))
    assert record(configured, 18, episode(0, state("onset", "watch", 4, 1))) == 0
    assert record(configured, 18, episode(0, state("onset", "watch", 4, 1), state("resolved", "watch", 4, 16))) == 0


@st.composite
def replays(draw: st.DrawFn) -> list[tuple[int, list[Episode]]]:
    """Runs at later and later ends; each finds episodes one after the other, which may have nothing to do with the run before."""
    runs = []
    for end in sorted(draw(st.lists(st.integers(4, 120), min_size=1, max_size=5))):
        cuts = sorted(draw(st.lists(st.integers(0, end), max_size=8, unique=True)))
        found = []
        for first, last in pairwise(cuts):
            if draw(st.booleans()) or last - first < 3:
                continue
            severity, tier = draw(st.integers(1, 8)), draw(st.sampled_from(["watch", "page"]))
            steps = [state("onset", tier, severity, first + 1)]  # type: ignore[arg-type]
            if last - first > 4 and draw(st.booleans()):
                steps.append(state("escalated", "page", severity + 2, last - 2))
            found.append(episode(first, *steps, state("resolved", steps[-1].tier, steps[-1].severity, last - 1)))
        if found and draw(st.booleans()):  # the last one goes on
            found[-1].transitions.pop()
        runs.append((end, found))
    return runs


@tries(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=replays())
def test_whatever_replays_find_alerts_do_not_overlap_and_only_move_forward(configured: Settings, runs: Any) -> None:
    with open_warehouse(configured) as connection:
        connection.execute("DELETE FROM alert_states; DELETE FROM alerts;")
        for end, found in runs:
            recorded(connection, configured, end, found)
            assert recorded(connection, configured, end, found) == 0, "the same again is nothing new"
        alerts = connection.execute(
            "SELECT alert_id, onset_at, resolved_at, tier, severity FROM alerts ORDER BY onset_at"
        ).fetchall()
        for (*_, one_ended, _, _), (_, other_onset, *_) in pairwise(alerts):
            assert one_ended is not None and one_ended <= other_onset
        for identity, *_, tier, severity in alerts:
            rows = connection.execute(
                "SELECT state, tier, severity, reached_at FROM alert_states WHERE alert_id = ? ORDER BY position", [identity]
            ).fetchall()
            assert rows[0][0] == "onset" and {row[0] for row in rows[1:-1]} <= {"escalated"}
            assert [row[3] for row in rows] == sorted(row[3] for row in rows)
            assert [(row[1] == "page", row[2]) for row in rows] == sorted((row[1] == "page", row[2]) for row in rows)
            assert rows[-1][1:3] == (tier, severity)


def test_an_alert_ends_with_its_detector_and_not_where_that_only_waits(configured: Settings) -> None:
    open_ = episode(0, state("onset", "watch", 4, 2))
    record(configured, 4, open_)
    with open_warehouse(configured) as connection:
        assert recording.record(connection, configured, {}, FIRST + 5, {"recurrence"}) == 0
        assert recording.record(connection, configured, {}, FIRST + 5) == 1
        ((summary,),) = connection.execute("SELECT summary FROM alerts WHERE state = 'resolved'").fetchall()
    assert summary.startswith("Acme: the detector recurrence no longer watches this")
    assert states(configured)[1:] == [(0, "resolved", "watch", 4, 5)]
