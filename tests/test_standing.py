"""What landing knows comes into the warehouse, and from there into what is published."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines import aggregate, attendance, collect, gaps, publish, spending
from pipelines.errors import SourceUnavailable
from pipelines.landing import Landing
from pipelines.records import Gap, Window
from pipelines.settings import Settings
from pipelines.store import open_warehouse
from tests.platforms.base import HOUR, SECRET, START
from tests.platforms.x import Platform
from tests.stored import insert, mention

NOW = START + timedelta(days=2)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    x = {"kind": "x", "token": "env:PLATFORM_TOKEN", "window": "1h", "budget": 50.0}
    feed = {"kind": "rss", "urls": ["http://127.0.0.1:1/feed"]}
    return Settings.model_validate({
        "sources": {"paid": x, "feed": feed, "old": {"kind": "sample"}, "new": feed},
        "path": tmp_path / "earshot.toml", "folder": tmp_path / "store",
    })


def rows(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    with open_warehouse(settings) as warehouse:
        warehouse.execute("SET TimeZone = 'UTC'")
        return warehouse.execute(sql).fetchall()


def test_the_state_of_every_configured_source(settings: Settings) -> None:
    landing = Landing(settings.storage)
    attendance.note(landing, "paid", now=NOW - timedelta(minutes=40), mentions=3)
    attendance.note(landing, "feed", now=NOW - timedelta(hours=30), mentions=1)
    attendance.note(landing, "feed", now=NOW - timedelta(hours=2), error=SourceUnavailable("feed: refused."))
    aggregate.run(settings, now=NOW + timedelta(minutes=7))
    found = rows(settings, "SELECT source, state, answered_at, error, budget, spent FROM source_states ORDER BY source")
    assert found == [
        ("feed", "failing", NOW - timedelta(hours=30), "feed: refused.", None, None), ("new", "waiting", None, None, None, None),
        ("old", "waiting", None, None, None, None), ("paid", "bringing", NOW - timedelta(hours=1), None, 50.0, 0.0),
    ]
    attendance.note(landing, "feed", now=NOW, mentions=0)
    attendance.note(landing, "old", now=NOW, mentions=10)
    aggregate.run(settings, now=NOW + timedelta(minutes=7))
    states = dict(rows(settings, "SELECT source, state FROM source_states"))
    assert (states["feed"], states["old"]) == ("quiet", "whole")


def test_gaps_and_costs_are_those_of_landing_and_follow_it(settings: Settings) -> None:
    landing = Landing(settings.storage)
    lost = Gap(source="paid", query="acme", start=NOW - 5 * HOUR, end=NOW - 4 * HOUR, reason="used up", missing=40)
    gaps.note(landing, "paid", [lost], now=NOW)
    ledger = spending.Ledger(settings.storage / "pace" / "spent.sqlite")
    ledger.add("paid", NOW, mentions=400, cost=2.0)
    aggregate.run(settings, now=NOW)
    asked = "SELECT source, query, start_at, missing_count, is_fillable, filled_at FROM gaps"
    assert rows(settings, asked) == [("paid", "acme", lost.start, 40, True, None)]
    assert rows(settings, "SELECT * FROM source_costs") == [("paid", NOW.replace(hour=0), 400, 2.0)]
    ((spent, low, high),) = rows(settings, "SELECT spent, forecast_low, forecast_high FROM source_states WHERE source = 'paid'")
    told = spending.forecast({"x": 2.0}, 50.0, now=NOW)
    assert (spent, low, high) == (2.0, told.low, told.high)
    (noted,) = gaps.open_ones(landing, "paid")
    gaps.fill(landing, "paid", noted, [], now=NOW + HOUR)
    assert aggregate.run(settings, now=NOW + HOUR).changed
    assert rows(settings, asked)[0][-1] == NOW + HOUR
    with duckdb.connect(str(publish.run(settings, now=NOW + HOUR).path), read_only=True) as published:
        assert published.execute("SELECT count(*) FROM gaps").fetchone() == (1,)
        assert published.execute("SELECT count(*) FROM source_costs").fetchone() == (1,)


def test_looking_makes_no_ledger(settings: Settings) -> None:
    free = settings.model_copy(update={"sources": {"feed": settings.sources["feed"]}})
    aggregate.run(free, now=NOW)
    assert not (settings.storage / "pace").exists()


def test_an_hour_in_which_nothing_happens_changes_nothing(settings: Settings) -> None:
    landing = Landing(settings.storage)
    attendance.note(landing, "feed", now=NOW, mentions=1)
    with open_warehouse(settings) as warehouse:
        insert(warehouse, "mentions", [mention(source="feed", published_at=NOW - HOUR)])
    assert aggregate.run(settings, now=NOW + timedelta(minutes=1)).changed
    first = publish.run(settings, now=NOW + timedelta(minutes=1))
    attendance.note(landing, "feed", now=NOW + timedelta(minutes=15))
    assert not aggregate.run(settings, now=NOW + timedelta(minutes=16)).changed
    assert publish.run(settings, now=NOW + timedelta(minutes=16)).version == first.version
    attendance.note(landing, "feed", now=NOW + timedelta(minutes=65))
    assert aggregate.run(settings, now=NOW + timedelta(minutes=66)).changed, "an hour more is watched"


def test_windows_that_should_have_landed_and_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A collection that was left out is a window that is missing, until it is made up for; one before its end is not whole."""
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)
    with Platform(3, count=200, hours=10) as platform:
        settings = Settings.model_validate({
            "brands": {"jetblue": {"name": "JetBlue"}},
            "sources": {"good": {"kind": "x", "backfill": "1h", **platform.stanza()}},
            "path": tmp_path / "earshot.toml", "folder": tmp_path / "store",
        })

        def hour(number: int, late: timedelta = timedelta(minutes=2)) -> datetime:
            window = Window(START + number * HOUR, START + (number + 1) * HOUR)
            platform.now, now = window.end + timedelta(minutes=2), window.end + late
            collect.run(settings, "good", window, now=now)
            return now

        hour(0)
        hour(3)
        now = hour(4, -timedelta(minutes=30))
        hours = f"date_diff('hour', TIMESTAMPTZ '{START.isoformat()}', start_at)"
        asked = f"SELECT {hours}, has_landed FROM source_windows ORDER BY start_at"
        aggregate.run(settings, now=now + 2 * HOUR)
        assert rows(settings, asked) == [(0, True), (1, False), (2, True), (3, True), (4, False)]
        hour(4)
        hour(5)
        aggregate.run(settings, now=START + 7 * HOUR)
        assert rows(settings, asked) == [(0, True), (1, False), (2, True), (3, True), (4, True), (5, True)]
