"""Google Play: what reviews and answers become, and the week that it keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import aggregate, collect, load
from pipelines.errors import AuthFailed, ConfigError
from pipelines.records import Brand, Cursor, Gap, Mention, Query, Rejected, Window
from pipelines.settings import Settings
from pipelines.sources.google_play import GooglePlaySource
from pipelines.store import open_warehouse
from tests.platforms.base import HOUR, START, Answer
from tests.platforms.google_play import APP, Platform

WINDOW = Window(START, START + HOUR)
OURS = Query(brands=(Brand(key="acme", name="Acme"), Brand(key="rival", name="Rival", is_competitor=True)))
REVIEW = {
    "reviewId": "r1", "authorName": "Ann", "comments": [
        {"userComment": {
            "text": "Kaputt\tStürzt ab.", "originalText": "", "starRating": 1, "reviewerLanguage": "de", "thumbsUpCount": 3,
            "lastModified": {"seconds": "1769940000", "nanos": 500_000_000},
        }},
        {"developerComment": {"text": "Sorry!", "lastModified": {"seconds": "1769943600"}}},
    ],
}


def source(platform: Platform, **more: Any) -> GooglePlaySource:
    return GooglePlaySource(kind="google_play", name="play", **(platform.stanza() | {"rate": ""} | more))


def test_a_review_and_its_answer_become_mentions() -> None:
    with Platform(count=0) as platform:
        platform.data = lambda _: Answer({"reviews": [REVIEW, {"reviewId": "r2"}], "pageInfo": {}})  # type: ignore[method-assign]
        found = list(source(platform).collect(OURS, WINDOW))
    review, reply = (item for item in found if isinstance(item, Mention))
    assert (review.native_id, review.text, review.kind) == (f"{APP}/r1", "Kaputt\n\nStürzt ab.", "review")
    assert (review.rating, review.language, review.engagement, review.author_name) == (1, "de", 3, "Ann")
    assert review.published_at == review.observed_at == datetime(2026, 2, 1, 10, 0, 0, 500_000, UTC)
    assert (reply.native_id, reply.text, reply.is_own) == (f"{APP}/r1:reply", "Sorry!", True)
    assert (review.brand, reply.brand) == ("acme", "acme")  # whatever they say
    assert reply.in_reply_to == reply.thread_id == review.native_id
    assert [item.reason for item in found if isinstance(item, Rejected)] == ["a review cannot be read: KeyError 'comments'"]


def test_a_pause_longer_than_google_play_keeps_is_a_gap_and_a_quiet_week_is_not() -> None:
    with Platform(2, hours=1) as platform:
        play, cursors, gaps = source(platform), dict[str, Cursor](), list[list[Gap]]()
        for day in (0, 5, 10, 20):
            end = START + HOUR + timedelta(days=day)
            platform.now = end
            found = list(play.collect(Query(cursors=cursors), Window(end - HOUR, end)))
            cursors |= {c.query: c for c in found if isinstance(c, Cursor)}
            gaps.append([g for g in found if isinstance(g, Gap)])
    assert [len(g) for g in gaps] == [0, 0, 0, 1]
    assert (gaps[3][0].start, gaps[3][0].end) == (START + HOUR + timedelta(days=10), START + HOUR + timedelta(days=13))


def test_an_answer_that_was_taken_back_is_gone_and_its_review_is_not() -> None:
    answered = dict(REVIEW, comments=REVIEW["comments"][:1])
    with Platform(count=0) as platform:
        platform.data = lambda _: Answer(answered)  # type: ignore[method-assign]
        found = list(source(platform).look_up(Query(), [f"{APP}/r1", f"{APP}/r1:reply"], now=START))
    states = {m.native_id: m.deleted_at for m in found if isinstance(m, Mention)}
    assert states == {f"{APP}/r1": None, f"{APP}/r1:reply": START}
    assert len(platform.asked) == 2  # a token and one review


def test_a_review_from_the_future_lands_without_a_date_and_holds_nothing_up(tmp_path: Path) -> None:
    late = REVIEW | {"comments": [{"userComment": {"text": "Late", "lastModified": {"seconds": "4102444800"}}}]}
    with Platform(count=0) as platform:
        platform.data = lambda _: Answer({"reviews": [REVIEW, late | {"reviewId": "r2"}]})  # type: ignore[method-assign]
        sources = {"play": {"kind": "google_play", "rate": "", **platform.stanza()}}
        settings = Settings.model_validate({"sources": sources, "path": tmp_path / "earshot.toml"})
        done = collect.run(settings, "play", WINDOW, now=WINDOW.end)
    for key in done.window_keys:
        load.run(settings, "play", key, now=WINDOW.end)
    aggregate.run(settings, now=WINDOW.end)
    with open_warehouse(settings) as warehouse:
        found = warehouse.execute("SELECT text, published_at, observed_at, time_note FROM mentions WHERE native_id LIKE '%r2'")
        assert found.fetchall() == [("Late", None, None, "'2100-01-01 00:00' is in the future")]


def test_a_revoked_account_and_a_key_that_is_none_say_what_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    with Platform(count=0) as platform:
        platform.grants = lambda _: False  # type: ignore[method-assign]
        with pytest.raises(AuthFailed, match="check the credentials"):
            list(source(platform).collect(Query(), WINDOW))
        monkeypatch.setenv("KEY", '{"type": "service_account"}')
        with pytest.raises(ConfigError, match="JSON key file"):
            list(source(platform, key="env:KEY").collect(Query(), WINDOW))
