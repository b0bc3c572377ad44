"""Reddit: what posts and comments become, and how far its listings reach."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipelines.errors import AuthFailed, RateLimited, SourceUnavailable
from pipelines.records import Brand, Cursor, Gap, Media, Mention, Query, Window
from pipelines.sources.reddit import RedditSource
from tests.platforms.base import HOUR, SECRET, START
from tests.platforms.base import Answer as Fixed
from tests.platforms.reddit import Platform

WINDOW = Window(START, START + HOUR)
POST = {
    "name": "t3_1abc", "title": "Lost bag", "selftext": "JetBlue lost it.", "author": "ann", "author_fullname": "t2_9",
    "edited": 1769940000.0, "created_utc": 1769936400.0, "score": 12, "num_comments": 3,
    "permalink": "/r/jetblue/comments/1abc/lost_bag/",
    "url_overridden_by_dest": "https://i.redd.it/1.jpg", "post_hint": "image",
}
COMMENT = {
    "name": "t1_2", "body": "We are sorry.", "author": "JetBlue", "author_fullname": "t2_8", "edited": False,
    "created_utc": 1769937000.0, "score": -2, "link_id": "t3_1abc", "parent_id": "t3_1abc",
    "permalink": "/r/jetblue/comments/1abc/lost_bag/2/",
}


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)
    monkeypatch.setattr("pipelines.asking._FIRST_WAIT", 0.001)


def source(platform: Platform, **more: Any) -> RedditSource:
    return RedditSource(kind="reddit", name="reddit", **(platform.stanza() | {"searches": [], "rate": ""} | more))


def listing(*things: dict[str, Any]) -> Fixed:
    children = [{"kind": thing["name"][:2], "data": thing} for thing in things]
    return Fixed({"kind": "Listing", "data": {"after": None, "children": children}})


def test_posts_and_comments_become_mentions_and_what_is_deleted_does_not() -> None:
    gone = [POST | {"name": "t3_2", "selftext": "[removed]"}, POST | {"name": "t3_3", "removed_by_category": "deleted"}]
    with Platform() as platform:
        answer = platform.answer
        platform.answer = lambda r: answer(r) if "token" in r.path else listing(POST, COMMENT, *gone)  # type: ignore[method-assign]
        found = list(source(platform, comments=False, own=["jetblue"]).collect(Query(), WINDOW))
    post, comment = (item for item in found if isinstance(item, Mention))
    assert (post.native_id, post.thread_id, post.kind) == ("t3_1abc", "t3_1abc", "post")
    assert post.text == "Lost bag\n\nJetBlue lost it."
    assert (post.published_at, post.observed_at) == tuple(datetime(2026, 2, 1, h, tzinfo=UTC) for h in (9, 10))
    assert (post.engagement, post.author_id, post.is_own) == (15, "t2_9", False)
    assert post.media == (Media(type="image", url="https://i.redd.it/1.jpg"),)
    assert post.url == "https://www.reddit.com/r/jetblue/comments/1abc/lost_bag/"
    assert (comment.kind, comment.thread_id, comment.in_reply_to, comment.engagement) == ("comment", "t3_1abc", "t3_1abc", 0)
    assert comment.is_own


@pytest.mark.parametrize("more, brands", [
    ({}, (None, "jetblue")), ({"brand": "jetblue"}, ("jetblue", "jetblue")),
    ({"brand": "jetblue", "matching": True}, (None, "jetblue")),
])
def test_what_stands_in_the_subreddit_of_a_brand_is_about_it(more: dict[str, Any], brands: tuple[str | None, ...]) -> None:
    query = Query(brands=(Brand(key="jetblue", name="JetBlue"), Brand(key="rival", name="Rival", is_competitor=True)))
    things = listing(POST | {"subreddit": "JetBlue"}, COMMENT | {"subreddit": "travel", "body": "JetBlue is sorry."})
    with Platform() as platform:
        answer = platform.answer
        platform.answer = lambda r: answer(r) if "token" in r.path else things  # type: ignore[method-assign]
        stanza = {"comments": False, "own": ["jetblue"], "subreddits": ["r/jetblue"]} | more
        found = list(source(platform, **stanza).collect(query, WINDOW))
    assert tuple(item.brand for item in found if isinstance(item, Mention)) == brands


def test_more_than_reddit_keeps_is_a_gap() -> None:
    with Platform(3, count=1300, hours=1) as platform:
        platform.depth = 1000
        platform.show_all()
        reddit = source(platform, comments=False, page=100)
        found = list(reddit.collect(Query(), WINDOW))
        read = [m for m in found if isinstance(m, Mention)]
        (gap,) = (g for g in found if isinstance(g, Gap))
        assert len(read) == 1000
        assert gap.start == START - timedelta(days=7)
        assert gap.end == min(m.published_at for m in read if m.published_at)
        again = Query(cursors={c.query: c for c in found if isinstance(c, Cursor)})
        assert not [g for g in reddit.collect(again, WINDOW) if isinstance(g, Gap)]


def test_a_limit_says_when_to_come_back() -> None:
    with Platform(broken=Fixed({}, 429)) as platform:
        platform.limit_headers = lambda left, reset: {"x-ratelimit-reset": "400"}  # type: ignore[method-assign]
        with pytest.raises(RateLimited) as raised:
            list(source(platform).collect(Query(), WINDOW))
    assert raised.value.retry_after == 400
    assert len(platform.asked) == 1


def test_a_token_that_is_refused_with_status_200_is_a_refusal() -> None:
    with Platform(broken=Fixed({"error": "invalid_grant"})) as platform, pytest.raises(AuthFailed, match="client_id"):
        list(source(platform).collect(Query(), WINDOW))


def test_a_subreddit_that_does_not_exist_is_said() -> None:
    with Platform() as platform:
        answer, elsewhere = platform.answer, Fixed({}, 302, headers={"Location": "/subreddits/search"})
        platform.answer = lambda r: answer(r) if "token" in r.path else elsewhere  # type: ignore[method-assign]
        with pytest.raises(SourceUnavailable, match="check the subreddits"):
            list(source(platform).collect(Query(), WINDOW))
    assert len(platform.asked) == 2
