"""Gaps that stay or are large: told once by the sources' watch, and by `earshot check` as long as they are open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import aggregate, attendance, gaps, publish
from pipelines.commands import check
from pipelines.landing import Landing
from pipelines.records import Gap
from pipelines.settings import Settings
from pipelines.store import open_warehouse
from tests.receiver import Receiver, receiving
from tests.stored import insert, mention

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({
        "sources": {"news": {"kind": "rss", "quiet_after": "90d", "urls": ["http://127.0.0.1:1/feed"]}},
        "path": tmp_path / "earshot.toml", "folder": tmp_path / "store",
        "notifiers": {"desk": {"kind": "apprise", "url": "env:DESK_URL"}},
    })


def gap(hours: float, missing: int | None = None) -> Gap:
    start = NOW - timedelta(hours=hours)
    return Gap(source="news", start=start, end=start + HOUR, reason="the feed no longer reaches back", missing=missing)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> object:
    with receiving() as receiver:
        monkeypatch.setenv("DESK_URL", receiver.url)
        yield receiver


def test_a_gap_that_stays_for_a_day_is_told_once(settings: Settings, desk: Receiver) -> None:
    landing = Landing(settings.storage)
    gaps.note(landing, "news", [gap(30)], now=NOW - 23 * HOUR)
    assert attendance.run(settings, now=NOW) == [] == check.missing(settings, now=NOW)
    later = NOW + 2 * HOUR
    (said,) = attendance.run(settings, now=later)
    assert said == (
        "The source news has a gap from 09 March 06:00 to 09 March 07:00 UTC, with an unknown number of mentions, open since "
        "09 March 13:00: the feed no longer reaches back. The platform does not give it again."
    )
    assert len(desk.accepted) == 1
    assert attendance.run(settings, now=later + HOUR) == [] and len(desk.accepted) == 1
    assert check.missing(settings, now=later + HOUR) == [said], "check says it as long as it is open"
    (noted,) = gaps.open_ones(landing, "news")
    gaps.fill(landing, "news", noted, [], now=later)
    assert check.missing(settings, now=later + HOUR) == []


def test_what_is_left_of_a_gap_is_not_told_anew(settings: Settings, desk: Receiver) -> None:
    landing = Landing(settings.storage)
    gaps.note(landing, "news", [gap(30, 50)], now=NOW - 30 * HOUR)
    assert len(attendance.run(settings, now=NOW)) == 1
    (noted,) = gaps.open_ones(landing, "news")
    gaps.fill(landing, "news", noted, [gap(29.5, 20)], now=NOW)
    assert attendance.run(settings, now=NOW + HOUR) == []


def test_where_nobody_takes_the_message_it_is_told_again(settings: Settings, desk: Receiver) -> None:
    gaps.note(Landing(settings.storage), "news", [gap(30, 50)], now=NOW - 30 * HOUR)
    desk.status = 500
    assert len(attendance.run(settings, now=NOW)) == 1
    desk.status = 200
    assert len(attendance.run(settings, now=NOW + HOUR)) == 1
    assert attendance.run(settings, now=NOW + 2 * HOUR) == [] and len(desk.accepted) == 1


def test_a_large_gap_is_told_at_once_and_a_small_one_is_not(settings: Settings, desk: Receiver) -> None:
    rows = [mention(native_id=str(n), source="news", published_at=NOW - n * HOUR) for n in range(24 * 10)]  # 24 a day
    with open_warehouse(settings) as warehouse:
        insert(warehouse, "mentions", rows)
    aggregate.run(settings, now=NOW)
    publish.run(settings, now=NOW)
    landing = Landing(settings.storage)
    gaps.note(landing, "news", [gap(5, 2)], now=NOW)
    assert attendance.run(settings, now=NOW) == []
    gaps.note(landing, "news", [gap(3, 3)], now=NOW)
    (said,) = attendance.run(settings, now=NOW)
    assert "a gap from 10 March 09:00" in said and "which lacks 3 mentions" in said


def test_several_gaps_are_one_sentence_and_what_is_long_past_is_none(settings: Settings, desk: Receiver) -> None:
    landing = Landing(settings.storage)
    gaps.note(landing, "news", [gap(24 * 40, 1000), gap(60, 40), gap(50)], now=NOW - 30 * HOUR)
    (said,) = attendance.run(settings, now=NOW)
    assert "has 2 gaps from 08 March 00:00 to 08 March 11:00 UTC, which lack at least 40 mentions" in said
