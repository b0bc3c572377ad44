"""Discourse: what a post becomes, how far back the first collection reads, which posts count as gone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipelines.errors import AuthFailed, ConfigError, SourceUnavailable
from pipelines.records import Brand, Cursor, Mention, Query, Rejected, Window
from pipelines.sources.discourse import DiscourseSource
from tests.platforms.base import SECRET, START
from tests.platforms.discourse import Platform
from tests.web import Answer, serving

AT = datetime(2026, 2, 1, 9, 30, tzinfo=UTC)
WINDOW = Window(AT - timedelta(minutes=30), AT + timedelta(minutes=30))
QUERY = Query(brands=(Brand(key="jetblue", name="JetBlue", handles=("JetBlue",)),))


def source(url: str, **values: Any) -> DiscourseSource:
    return DiscourseSource(kind="discourse", name="forum", base_url=url, **{"rate": "", "longest_wait": 0} | values)


def post(**more: Any) -> dict[str, Any]:
    return {
        "id": 5, "username": "ann", "name": "Ann", "cooked": "<p>JetBlue is late</p>", "created_at": "2026-02-01T09:30:00.000Z",
        "updated_at": "2026-02-01T09:40:00.000Z", "version": 2, "post_number": 1, "topic_id": 7, "topic_title": "Again",
        "reply_count": 2, "reads": 9, "actions_summary": [{"id": 2, "count": 3}, {"id": 4}],
    } | more


def listing(*posts: Any) -> Any:
    return lambda _: Answer(body=json.dumps({"latest_posts": list(posts)}).encode())


def test_posts_become_mentions_and_others_are_left_alone_unless_everything_is_asked_for() -> None:
    own = post(id=4, cooked="<p>Sorry</p>", post_number=2, version=1, username="jetblue")
    other = post(id=2, cooked="<p>Weather</p>", username="bob")
    with serving(listing(post(), own, other, {"id": 3, "cooked": "JetBlue", "created_at": "2026-01-01T00:00:00Z"})) as url:
        some = list(source(url).collect(QUERY, WINDOW))
        everything = list(source(url, everything=True).collect(QUERY, WINDOW))
    assert some[0] == Mention(
        source="forum", native_id="5", channel="forum", text="Again\n\nJetBlue is late", published_at=AT,
        observed_at=AT + timedelta(minutes=10), author_id="ann", author_name="Ann", url=f"{url}/t/7/1", thread_id="topic-7",
        engagement=5, reach=9,
    )
    assert {f.native_id for f in some if isinstance(f, Mention)} == {"5", "4"}
    assert {type(f) for f in some} == {Mention, Rejected, Cursor}
    assert {(f.native_id, f.brand) for f in some if isinstance(f, Mention)} == {("5", None), ("4", "jetblue")}
    assert {m.brand for m in everything if isinstance(m, Mention)} == {"jetblue"}
    said = {(m.native_id, m.property, m.is_own, m.kind) for m in everything if isinstance(m, Mention)}
    assert said == {("5", "own", False, "post"), ("4", "own", True, "reply"), ("2", "own", False, "post")}


def test_the_first_collection_reads_back_to_the_start_of_its_window_and_goes_on_where_its_budget_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)
    cursors: dict[str, Cursor] = {}
    found: set[str] = set()
    with Platform(2, count=200, hours=1) as platform:
        platform.show_all()
        for _ in range(40):
            items = list(source(platform.url, key="env:PLATFORM_TOKEN", requests=2, rate="25/1s", longest_wait=9).collect(
                Query(brands=QUERY.brands, cursors=cursors), Window(START, START + timedelta(hours=1))))
            found |= {m.native_id for m in items if isinstance(m, Mention)}
            cursors = {"": items[-1]}
            if "back" not in items[-1].values:
                break
        assert {p.id for p in platform.visible()} <= found
    assert len(found & platform.old.keys()) < 60  # what is older is not read


def test_a_post_that_is_refused_counts_as_gone_only_if_the_forum_answers() -> None:
    def closed(request: Any) -> Answer:
        return Answer(403)

    def hidden(request: Any) -> Answer:
        return Answer(403) if "/posts/" in request.path else listing(post())(request)

    with serving(closed) as url, pytest.raises(AuthFailed):
        list(source(url).look_up(QUERY, ["8"], now=AT))
    with serving(hidden) as url:
        assert [(m.native_id, m.deleted_at) for m in source(url).look_up(QUERY, ["8"], now=AT)] == [("8", AT)]


def test_an_answer_of_another_shape_is_an_error_and_not_nothing() -> None:
    for body in (b"{}", b"[]", b"<html>", b'{"latest_posts": {}}', b'{"latest_posts": [3]}', b'{"id": 3}'):
        with serving(lambda _, body=body: Answer(body=body)) as url, pytest.raises(SourceUnavailable):
            list(source(url).collect(QUERY, WINDOW))


def test_without_anything_to_look_for_it_says_so() -> None:
    with pytest.raises(ConfigError, match=r"\[sources.forum\] has nothing to look for"):
        list(source("http://127.0.0.1:9").collect(Query(), WINDOW))
