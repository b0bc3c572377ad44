"""Mastodon: what a post becomes, search, and a second that holds more than a page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipelines.errors import RateLimited, SourceUnavailable
from pipelines.records import Brand, Gap, Media, Mention, Query, Rejected, Window
from pipelines.sources.mastodon import MastodonSource
from tests.platforms.base import SECRET
from tests.platforms.mastodon import Platform, id_at
from tests.web import Answer, serving

QUERY = Query(brands=(Brand(key="jetblue", name="Jet Blue", handles=("JetBlue",)),))
AT = datetime(2026, 2, 1, 9, 30, tzinfo=UTC)
WINDOW = Window(AT - timedelta(minutes=30), AT + timedelta(minutes=30))


def status(**more: Any) -> dict[str, Any]:
    return {
        "id": str(id_at(AT)), "created_at": "2026-02-01T09:30:00.000Z", "in_reply_to_id": None, "visibility": "unlisted",
        "content": '<p>Thanks <span class="h-card"><a href="https://e.org/@jetblue" class="mention">@<span>jetblue</span></a>'
        '</span> <a href="https://e.org/tags/JetBlue" class="mention hashtag" rel="tag">#<span>JetBlue</span></a></p>',
        "spoiler_text": "Flying", "language": "de", "edited_at": "2026-02-01T10:00:00.000Z", "url": "https://e.org/@ann/1",
        "favourites_count": 3, "reblogs_count": 2, "replies_count": None, "mentions": [{"acct": "jetblue", "id": "7"}],
        "account": {"acct": "ann@other.org", "display_name": "Ann", "followers_count": 12, "id": "9"},
        "media_attachments": [{"id": "1", "type": "gifv", "url": "https://e.org/m.mp4", "description": "a plane"}],
    } | more


def collected(source: MastodonSource) -> list[Any]:
    return list(source.collect(QUERY, WINDOW))


def source(url: str, **values: Any) -> MastodonSource:
    return MastodonSource(kind="mastodon", name="fedi", base_url=url, rate="", **values)


def served(*pages: list[Any]) -> Any:
    waiting = list(pages)
    return lambda _: Answer(body=json.dumps(waiting.pop(0) if waiting else []).encode())


def test_a_post_becomes_a_mention() -> None:
    undated, bare = status(id=str(id_at(AT) + 1), created_at=None), {"id": str(id_at(AT) + 2)}
    with serving(served([status(), undated, bare])) as url:
        found = collected(source(url, hashtags=["jetblue"]))
    assert found[0] == Mention(
        source="fedi", native_id=str(id_at(AT)), channel="mastodon", text="Flying\n\nThanks @jetblue #JetBlue", published_at=AT,
        observed_at=AT + timedelta(minutes=30), property="addressed", brand="jetblue", author_id="ann@other.org",
        author_name="Ann", author_followers=12, language="de", url="https://e.org/@ann/1", thread_id=str(id_at(AT)), engagement=5,
        media=(Media(type="video", url="https://e.org/m.mp4", alt="a plane"),),
    )
    assert [type(f) for f in found[1:]] == [Rejected, Rejected]


def test_what_the_brand_itself_writes_and_private_posts_are_told_apart() -> None:
    own = status(account={"acct": "JetBlue", "followers_count": 5}, visibility="direct", in_reply_to_id="4")
    with serving(served([own])) as url:
        found = collected(source(url, hashtags=["jetblue"]))
    assert [(m.property, m.is_own, m.visibility, m.kind, m.in_reply_to, m.thread_id) for m in found] == [
        ("own", True, "private", "reply", "4", None)
    ]
    assert [m.brand for m in found] == ["jetblue"]


def test_names_of_the_brands_are_looked_for_as_hashtags() -> None:
    asked: list[str] = []
    with serving(lambda request: (asked.append(request.path), Answer(body=b"[]"))[1]) as url:
        assert collected(source(url)) == []
    assert asked == ["/api/v1/timelines/tag/jetblue"]


@pytest.mark.parametrize("size", [7, 40])
def test_search_reads_a_span_to_its_bounds(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)
    with Platform(3, count=150, hours=3) as platform:
        platform.show_all()
        found = source(platform.url, token="env:PLATFORM_TOKEN", searches=["jetblue"], page=size, late="1m")
        mentions = [m for m in found.collect(Query(), Window(AT, AT + timedelta(hours=1))) if isinstance(m, Mention)]
        inside = [p.id for p in platform.visible() if AT - timedelta(minutes=1) <= p.at < AT + timedelta(hours=1)]
    assert sorted(m.native_id for m in mentions) == sorted(inside)


def test_a_second_that_holds_more_than_a_page_of_a_search_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)
    with Platform(3, count=30, hours=1) as platform:
        platform.show_all()
        for post in platform.posts:
            post.at, post.deleted_at = AT, None
        found = list(source(platform.url, token="env:PLATFORM_TOKEN", searches=["jetblue"], page=10).collect(Query(), WINDOW))
    assert len([f for f in found if isinstance(f, Mention)]) == 10
    assert [f.query for f in found if isinstance(f, Gap)] == ["jetblue"]


def test_an_answer_of_another_shape_is_an_error_and_not_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.asking._FIRST_WAIT", 0.01)
    for body in (b'{"posts": []}', b"<html>", b'["x"]', b"3"):
        with serving(lambda _, body=body: Answer(body=body)) as url, pytest.raises(SourceUnavailable):
            collected(source(url, hashtags=["a"]))


def test_a_limit_says_when_it_ends() -> None:
    headers = {"X-RateLimit-Reset": "2098-01-01T00:00:00.000Z", "X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "0"}
    with serving(lambda _: Answer(429, headers=headers)) as url, pytest.raises(RateLimited) as raised:
        collected(source(url, hashtags=["a"]))
    assert raised.value.is_told
    assert raised.value.retry_after > 1e6
