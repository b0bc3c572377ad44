"""Verdicts move the alert budget: longer where it is not kept, back by itself, never before they were given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import aggregate, backtest, crises, load, publish, verdicts
from pipelines.commands import alerts
from pipelines.detectors.base import Block, bucket_of
from pipelines.detectors.recurrence import Recurrence
from pipelines.settings import Settings
from pipelines.store import open_warehouse
from pipelines.verdicts import Budget, Ledger, sentence, stretch
from tests.listening import settings as configured
from warehouse import actions

COUNTS = st.integers(0, 60)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@given(false=COUNTS, real=COUNTS, watched=st.integers(0, 400), every=st.integers(1, 120))
def test_a_budget_is_lengthened_within_bounds_and_only_where_it_is_not_kept(
    false: int, real: int, watched: int, every: int
) -> None:
    def longer(wrong: int) -> float:
        return float(stretch(np.array([wrong]), np.array([wrong + real]), np.array([float(watched)]), every)[0])

    found = longer(false)
    assert 1.0 <= found <= verdicts.MOST
    assert found <= longer(false + 1) or false + real < verdicts.LEAST
    if false <= watched / every or false + real < verdicts.LEAST:
        assert found == 1.0


def test_it_goes_back_by_itself_after_half_a_year() -> None:
    ledger, told = Ledger(2), []
    one = {"false_page_count": np.array([[9.0], [0.0]]), "judged_page_count": np.array([[9.0], [3.0]])}
    for day in range(181):
        if day == 0:
            ledger.take(one)
        ledger.learn(20_000 + day)
        told.append(ledger.stretch("page", np.full(2, 60.0), 60.0).tolist())
    assert told[0][0] == told[179][0] == pytest.approx(11 / 3) and told[180][0] == 1.0
    assert all(other == 1.0 for _, other in told)


@settings(max_examples=3, deadline=None)
@given(cut=st.integers(1, 4700))
def test_a_verdict_changes_nothing_before_the_midnight_after_it_and_any_cut_gives_the_same(cut: int) -> None:
    block, _ = crises.simulate(1, seed=3)
    given_at = 35 * 96 + 40
    judged = np.zeros(block.counts["mention_count"].shape)
    judged[:, given_at] = 12.0
    told = Block(block.brands, block.first, dict(block.counts) | {"false_page_count": judged, "judged_page_count": judged})
    detector = Recurrence(kind="recurrence", name="r", page_every="7d")
    before, after = (backtest.replay(detector, [b]) for b in (block, told))
    midnight = block.first + 36 * 96
    raised = [[(a.brand, a.onset, a.fired) for a in found if a.fired < midnight] for found in (before, after)]
    assert raised[0] == raised[1] and raised[0]
    pages = [sum(a.page is not None and a.page >= midnight for a in found) for found in (before, after)]
    assert pages[1] < pages[0], "fewer pages afterwards"
    parts = [{name: values[:, part] for name, values in told.counts.items()} for part in (slice(0, cut), slice(cut, None))]
    blocks = [Block(told.brands, told.first, parts[0]), Block(told.brands, told.first + cut, parts[1])]
    assert backtest.replay(detector, blocks) == after


def _alert(connection: object, number: int, brand: str, tier: str, at: datetime, signal: str = "volume") -> str:
    identity = f"00000000-0000-4000-8000-{number:012d}"
    end = at + timedelta(hours=3)
    connection.execute(  # type: ignore[attr-defined]
        "INSERT INTO alerts (alert_id, detector, signal, brand, tier, state, severity, onset_at, fired_at, resolved_at, "
        "window_minutes, observed, expected, low, high, summary, drivers, example_ids) "
        "VALUES (?, 'r', ?, ?, ?, 'resolved', 6, ?, ?, ?, 60, 50, 5, 1, 12, 'Acme', '[]', [])",
        [identity, signal, brand, tier, at, at, end],
    )
    for position, (state, when) in enumerate((("onset", at), ("resolved", end))):
        connection.execute(  # type: ignore[attr-defined]
            "INSERT INTO alert_states VALUES (?, ?, ?, ?, 6, ?, 60, 50, 5, 1, 12, '')", [identity, position, state, tier, when],
        )
    return identity


def _judge(settings: Settings, alert: str, verdict: str, at: datetime) -> None:
    actions.write(settings.storage, actions.made(alert, "verdict", "Ana Lima", verdict, once=at.isoformat(), via="cli", now=at))


def test_verdicts_count_from_when_they_were_given_and_agree_with_what_the_warehouse_says(tmp_path: Path) -> None:
    mine = configured(tmp_path)
    with open_warehouse(mine) as connection:
        made = [_alert(connection, n, "acme", "page", NOW - timedelta(days=20 - 4 * n)) for n in range(3)]
    for number, alert in enumerate(made):
        _judge(mine, alert, "false", NOW - timedelta(hours=9 - number))
    _judge(mine, made[1], "real", NOW - timedelta(hours=1))  # thought better of it
    _judge(mine, made[2], "false", NOW - timedelta(minutes=30))  # said again: no second one
    aggregate.run(mine, now=NOW)
    publish.run(mine, now=NOW)
    load.run_actions(mine, now=NOW)
    with open_warehouse(mine) as connection:
        given_ = verdicts.read(connection)
        assert connection.execute("SELECT false_count, real_count FROM brand_verdicts").fetchall() == [(2, 1)]
    assert [(g.false, g.judged) for g in given_] == [(1, 1), (1, 1), (1, 1), (-1, 0)]
    assert (sum(g.false for g in given_), sum(g.judged for g in given_)) == (2, 3)
    now = bucket_of(NOW)
    counts = verdicts.counted(given_, ("acme", "rival"), now - 96, now)
    assert counts["false_page_count"].sum(axis=1).tolist() == [2.0, 0.0] and counts["judged_page_count"].sum() == 3.0
    until_now = verdicts.counted(given_, ("acme",), now - 96, bucket_of(NOW - timedelta(hours=2)))
    assert until_now["false_page_count"].sum() == 3.0, "it was false until it was called real"


def test_verdicts_on_what_is_not_about_volume_leave_the_budget_of_crises_alone(tmp_path: Path) -> None:
    """A page about unanswered conversations that is called false says nothing about storms; one that a storm is part of does."""
    mine = configured(tmp_path)
    signals = ("service_level", "backlog", "new_topic", "source_silence", "negative_share")
    with open_warehouse(mine) as connection:
        made = [_alert(connection, n, "acme", "watch", NOW - timedelta(days=20 - 3 * n), s) for n, s in enumerate(signals)]
        joined = _alert(connection, 9, "acme", "watch", NOW - timedelta(days=20) + timedelta(hours=1))
    for number, alert in enumerate(made):
        _judge(mine, alert, "false", NOW - timedelta(hours=9 - number))
    aggregate.run(mine, now=NOW)
    publish.run(mine, now=NOW)
    load.run_actions(mine, now=NOW)
    with open_warehouse(mine) as connection:
        found = {str(i) for (i,) in connection.execute("SELECT incident_id FROM incidents WHERE alert_count = 2").fetchall()}
        assert [g.false for g in verdicts.read(connection)] == [1, 1]
    assert found == {made[0]} and joined != made[0]


def test_budgets_are_written_once_and_told_by_the_list_of_alerts(tmp_path: Path) -> None:
    mine = configured(tmp_path)
    found = [("acme", (Budget("page", 60, 90, 4, 5, 2.0), Budget("watch", 14, 14, 0, 0, 8.6)))]
    with open_warehouse(mine) as connection:
        _alert(connection, 1, "acme", "page", NOW)
        verdicts.write(connection, found)
        verdicts.write(connection, found)
        kept = connection.execute("SELECT tier, stretched_days FROM alert_budgets ORDER BY tier").fetchall()
    assert kept == [("page", 90), ("watch", 14)]
    told = alerts.lines(mine, alerts._known(mine, NOW), NOW, everything=True)
    assert any("Acme: The budget is at most one false page in 60 days. Of 5 that were judged" in line for line in told)
    assert any("it is kept to one in 90 days" in line for line in told)


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget("page", 60, 60, 0, 0, 1.0), "None of the last 180 days has been judged"),
        (Budget("page", 60, 60, 1, 1, 1.0), "in the last 180 days 1 was a false alarm: it moves from 3 verdicts on."),
        (Budget("watch", 14, 14, 2, 9, 4.5), "one false watch in 14 days. Of 9 that were judged in the last 180 days 2 were"),
    ],
)
def test_a_budget_in_words(budget: Budget, words: str) -> None:
    assert words in sentence(budget)
