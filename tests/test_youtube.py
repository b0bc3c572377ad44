"""YouTube: what comments and videos become, quotas, and answers that do not come with their thread."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.errors import RateLimited, SourceUnavailable
from pipelines.records import Brand, Cursor, Media, Mention, Query, Rejected, Window
from pipelines.sources.youtube import YouTubeSource
from tests.platforms.base import HOUR, SECRET, START
from tests.web import Answer, Request, serving

WINDOW = Window(START, START + HOUR)
COMMENT: dict[str, Any] = {
    "kind": "youtube#comment", "id": "UgzAAAAAAAAAAAAAAAAAAA4AaABAg",
    "snippet": {
        "channelId": "UCjetblue", "videoId": "dQw4w9WgXcQ", "textDisplay": "Lost my bag", "authorDisplayName": "@ann",
        "authorChannelId": {"value": "UCann"}, "likeCount": 4,
        "publishedAt": "2026-02-01T08:00:00Z", "updatedAt": "2026-02-01T08:30:00Z",
    },
}
OWN = {"parentId": COMMENT["id"], "authorChannelId": {"value": "UCjetblue"}, "textDisplay": "Sorry!"}
REPLY: dict[str, Any] = {
    "id": "UgzAAAAAAAAAAAAAAAAAAA4AaABAg.9xyz",
    "snippet": COMMENT["snippet"] | OWN,
}
OURS = Query(brands=(Brand(key="jetblue", name="JetBlue"), Brand(key="rival", name="Rival", is_competitor=True)))
THREAD: dict[str, Any] = {
    "id": COMMENT["id"], "snippet": {"topLevelComment": COMMENT, "totalReplyCount": 1}, "replies": {"comments": [REPLY]},
}
VIDEO = {
    "id": {"kind": "youtube#video", "videoId": "abcdefghijk"},
    "snippet": {"channelId": "UCbob", "channelTitle": "Bob", "title": "JetBlue review", "description": "It was late.",
                "publishedAt": "2026-02-01T08:00:00Z"},
}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)
    monkeypatch.setattr("pipelines.asking._FIRST_WAIT", 0.001)


def source(url: str, **more: Any) -> YouTubeSource:
    return YouTubeSource(kind="youtube", name="yt", key="env:PLATFORM_TOKEN", base_url=url, **({"rate": ""} | more))


def page(*items: Any) -> Answer:
    return Answer(body=json.dumps({"kind": "list", "items": items}).encode())


def test_comments_and_answers_become_mentions() -> None:
    asked: list[Request] = []
    broken = {"id": "broken", "snippet": {"topLevelComment": {"id": "b", "snippet": {"authorDisplayName": "Jane Doe"}}}}
    with serving(lambda request: asked.append(request) or page(THREAD, broken)) as url:  # type: ignore[func-returns-value]
        found = list(source(url, channels=["UCjetblue"]).collect(OURS, WINDOW))
    mention, reply = (item for item in found if isinstance(item, Mention))
    assert (mention.text, mention.kind, mention.property, mention.is_own) == ("Lost my bag", "comment", "own", False)
    assert (mention.author_id, mention.author_name, mention.engagement) == ("UCann", "@ann", 4)
    assert (mention.brand, reply.brand) == ("jetblue", "jetblue")  # whatever they say
    assert mention.published_at == datetime(2026, 2, 1, 8, tzinfo=UTC)
    assert mention.observed_at == datetime(2026, 2, 1, 8, 30, tzinfo=UTC)
    assert mention.url == f"https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc={COMMENT['id']}"
    assert (reply.thread_id, reply.in_reply_to, reply.is_own) == (COMMENT["id"], COMMENT["id"], True)
    (rejected,) = (item for item in found if isinstance(item, Rejected))
    assert "cannot be read" in rejected.reason
    assert "'authorDisplayName': 'xxxx xxx'" in rejected.raw  # whose it is, nobody can tell from quarantine
    assert SECRET not in str([(r.path, r.values) for r in asked])  # the key goes in a header


def test_videos_of_a_search_become_mentions_and_cost_a_hundred_units() -> None:
    asked: list[Request] = []
    with serving(lambda request: asked.append(request) or page(VIDEO)) as url:  # type: ignore[func-returns-value]
        youtube = source(url, searches=["JetBlue"], rate="150/1d", longest_wait=0.1)
        (mention,) = (m for m in youtube.collect(Query(), WINDOW) if isinstance(m, Mention))
        with pytest.raises(RateLimited, match="used up"):
            list(source(url, searches=["JetBlue", "Jet Blue"], rate="150/1d", longest_wait=0.1).collect(Query(), WINDOW))
    assert (mention.native_id, mention.text, mention.kind) == ("abcdefghijk", "JetBlue review\n\nIt was late.", "post")
    assert mention.media == (Media(type="video", url="https://www.youtube.com/watch?v=abcdefghijk"),)
    assert len(asked) == 2


def test_answers_that_do_not_come_with_their_thread_are_read_once() -> None:
    asked: list[str] = []

    def answer(request: Request) -> Answer:
        asked.append(request.path.rsplit("/", 1)[1])
        if "parentId" in request.values:
            return page(REPLY, REPLY | {"id": f"{COMMENT['id']}.two"})
        return page(THREAD | {"snippet": THREAD["snippet"] | {"totalReplyCount": 2}})

    with serving(answer) as url:
        youtube, cursors = source(url, channels=["UCjetblue"]), dict[str, Cursor]()
        for _ in range(2):
            found = list(youtube.collect(Query(cursors=cursors), WINDOW))
            cursors |= {c.query: c for c in found if isinstance(c, Cursor)}
    assert asked == ["commentThreads", "comments", "commentThreads"]


@pytest.mark.parametrize(("reason", "kind", "says"), [
    ("quotaExceeded", RateLimited, "quota of today"), ("commentsDisabled", SourceUnavailable, "disabled"),
])
def test_refusals_that_are_no_matter_of_access_say_what_they_are(reason: str, kind: type[Exception], says: str) -> None:
    error = {"error": {"code": 403, "errors": [{"reason": reason}]}}
    with serving(lambda _: Answer(status=403, body=json.dumps(error).encode())) as url, pytest.raises(kind, match=says):
        list(source(url, channels=["UCjetblue"]).collect(Query(), WINDOW))


def test_an_answer_without_items_is_a_fault() -> None:
    with serving(lambda _: Answer(body=b'{"kind": "list"}')) as url, pytest.raises(SourceUnavailable, match="not a list"):
        list(source(url, channels=["UCjetblue"]).collect(Query(), WINDOW))
