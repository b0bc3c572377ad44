"""X: what a post becomes, edits, counts and refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import collect, gaps
from pipelines.commands import sampling
from pipelines.errors import RateLimited, SourceUnavailable
from pipelines.landing import Landing
from pipelines.records import Brand, Gap, Media, Mention, Query, Window
from pipelines.sources.x import XSource
from tests.conformance.polling import configured
from tests.platforms.base import HOUR, SECRET, START
from tests.platforms.x import Platform
from tests.web import Answer, serving

QUERY = Query(brands=(Brand(key="jetblue", name="JetBlue", handles=("JetBlue",)),))
WINDOW = Window(START, START + HOUR)
POST = {
    "id": "1815000000000000000", "edit_history_tweet_ids": ["1814999000000000000", "1815000000000000000"],
    "text": "@JetBlue my bag is...", "note_tweet": {"text": "@JetBlue my bag is lost, and this text is a long one"},
    "author_id": "44", "conversation_id": "1814999000000000000", "created_at": "2024-07-21T12:24:55.000Z", "lang": "und",
    "public_metrics": {"like_count": 3, "reply_count": 1, "retweet_count": 2, "quote_count": 0, "impression_count": 900},
    "referenced_tweets": [{"type": "replied_to", "id": "7"}], "attachments": {"media_keys": ["3_1", "3_gone"]},
    "entities": {"mentions": [{"start": 0, "end": 8, "username": "jetblue", "id": "6449282"}]},
}
INCLUDES = {
    "media": [{"media_key": "3_1", "type": "photo", "url": "https://pbs.twimg.com/1.jpg", "alt_text": "A torn bag"}],
    "users": [{"id": "44", "username": "ann", "public_metrics": {"followers_count": 12}}],
}


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)


def source(url: str, **more: Any) -> XSource:
    return XSource(kind="x", name="x", token="env:PLATFORM_TOKEN", base_url=url, rate="", **more)


def test_a_post_becomes_a_mention_with_all_that_x_tells() -> None:
    page = {"data": [POST, {"id": "8"}], "includes": INCLUDES, "meta": {"result_count": 2}}
    with serving(lambda _: Answer(body=json.dumps(page).encode())) as url:
        mention, rejected = source(url, authors=True).collect(QUERY, WINDOW)
    assert isinstance(mention, Mention)
    assert mention.native_id == mention.thread_id == "1814999000000000000"
    assert mention.text == "@JetBlue my bag is lost, and this text is a long one"
    assert mention.published_at == datetime(2024, 7, 21, 12, 20, 57, 307000, UTC)  # of the first version, by its id
    assert mention.observed_at == datetime(2024, 7, 21, 12, 24, 55, tzinfo=UTC)
    assert (mention.kind, mention.in_reply_to, mention.property, mention.is_own) == ("reply", "7", "addressed", False)
    assert (mention.engagement, mention.reach, mention.author_followers, mention.author_name) == (6, 900, 12, "ann")
    assert mention.language is None
    assert mention.media == (Media(type="image", url="https://pbs.twimg.com/1.jpg", alt="A torn bag"),)
    assert "KeyError" in getattr(rejected, "reason", "")


RIVALS = Query(brands=(
    Brand(key="delta", name="Delta", handles=("delta",), is_competitor=True),
    Brand(key="jetblue", name="JetBlue", handles=("JetBlue",)),
))


def test_a_post_is_about_the_brand_that_it_addresses_whatever_other_brands_it_names() -> None:
    other = POST | {"id": "2000", "edit_history_tweet_ids": ["2000"], "entities": {"mentions": [{"username": "delta"}]}}
    own = other | {"id": "3000", "edit_history_tweet_ids": ["3000"], "author_id": "77"}
    page = {"data": [POST, other, own], "meta": {"result_count": 3}}
    with serving(lambda _: Answer(body=json.dumps(page).encode())) as url:
        found = list(source(url, queries=["jetblue"], own=["77"]).collect(RIVALS, WINDOW))
    assert [m.brand for m in found if isinstance(m, Mention)] == ["jetblue", None, "jetblue"]


def test_posts_of_own_accounts_are_own() -> None:
    page = {"data": [POST], "meta": {"result_count": 1}}
    with serving(lambda _: Answer(body=json.dumps(page).encode())) as url:
        (mention,) = source(url, own=["44"]).collect(QUERY, WINDOW)
    assert isinstance(mention, Mention)
    assert mention.is_own


def test_looking_up_ends_with_the_newest_text_under_the_first_id() -> None:
    with Platform(5) as platform:
        platform.now = START + timedelta(days=2)
        edited = [p for p in platform.visible() if p.edits]
        found = list(source(platform.url).look_up(QUERY, [p.id for p in edited], now=platform.now))
    assert edited
    assert {m.native_id: m.text for m in found if isinstance(m, Mention)} == {p.id: p.edits[-1][1] for p in edited}
    assert len(platform.asked) == 2


def test_of_a_window_that_has_not_ended_x_is_asked_for_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Platform(5, hours=1) as platform:
        settings, landing = configured(platform, tmp_path, monkeypatch), Landing(tmp_path / "store")
        platform.now = START + timedelta(minutes=20, seconds=7)
        early = {p.id for p in platform.visible() if p.at < platform.now - timedelta(minutes=2)}
        assert collect.run(settings, "x", WINDOW, now=platform.now).mentions >= len(early) > 0
        assert not gaps.is_sealed(landing, "x", WINDOW), "the rest comes when it has ended"
        asked, query = len(platform.asked), replace(QUERY, now=platform.now)
        ahead = Window(platform.now, platform.now + HOUR / 60)
        assert list(source(platform.url).collect(query, ahead)) == [] and source(platform.url).count(query, ahead) == 0
        assert len(platform.asked) == asked, "there is nothing to ask for"
        platform.show_all()
        assert collect.run(settings, "x", WINDOW, now=platform.now).mentions > len(early)
        assert gaps.is_sealed(landing, "x", WINDOW)


def test_the_first_look_is_at_the_window_that_has_just_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Platform(5, hours=1) as platform:
        settings = configured(platform, tmp_path, monkeypatch)
        assert sampling.latest(settings.plugin("sources", "x"), START + HOUR / 3) == Window(START - HOUR, START)
        platform.now = datetime.now(UTC)
        assert sampling.sample(settings, settings.plugin("sources", "x"), limit=3) == sampling.Sample([], [])
        assert platform.asked


def test_a_count_is_what_reading_would_give() -> None:
    with Platform(5, hours=1) as platform:
        platform.show_all()
        counted = source(platform.url).count(QUERY, WINDOW)
        asked = len(platform.asked)
        read = [m for m in source(platform.url).collect(QUERY, WINDOW) if isinstance(m, Mention)]
    assert counted == len(read) > 0
    assert asked == 1


def test_a_gap_that_x_no_longer_reaches_stays_a_gap_and_holds_up_nothing() -> None:
    gap = Gap(source="x", query='"JetBlue"', start=START, end=START + HOUR, reason="budget")
    with Platform(5, hours=1) as platform:
        platform.now = START + timedelta(days=8)
        assert list(source(platform.url).fill(QUERY, gap)) == [gap]
        platform.now = START + timedelta(days=2)
        found = list(source(platform.url).fill(QUERY, gap))
    assert found
    assert gap not in found


def test_authors_have_their_price() -> None:
    assert source("http://x").price == 0.005
    assert source("http://x", authors=True).price_again == 0.005  # none are asked for
    assert source("http://x", authors=True).price == pytest.approx(0.015)
    assert source("http://x").price_of(Query(expression="jetblue NOT from:jetblue")) == 0.005  # X itself leaves them out
    assert source("http://x").price_of(Query(expression="jetblue NEAR/2 late from:jetblue")) == pytest.approx(0.015)


@pytest.mark.parametrize(("status", "body", "kind", "says"), [
    (402, {"title": "CreditsDepleted"}, SourceUnavailable, "no credits left"),
    (429, {"title": "UsageCapExceeded", "period": "Monthly"}, RateLimited, "used up"),
    (400, {"title": "Invalid Request"}, SourceUnavailable, "7 days"),
    (200, {"data": []}, SourceUnavailable, "form"),
])
def test_refusals_say_what_to_do_and_are_not_tried_again_where_that_is_useless(
    status: int, body: dict[str, Any], kind: type[Exception], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.asking._FIRST_WAIT", 0.001)
    asked: list[int] = []

    def answer(_: Any) -> Answer:
        asked.append(1)
        return Answer(status=status, body=json.dumps(body).encode())

    with serving(answer) as url, pytest.raises(kind, match=says):
        list(source(url).collect(QUERY, WINDOW))
    assert len(asked) == (6 if status == 200 else 1)
