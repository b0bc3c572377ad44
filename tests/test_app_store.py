"""App Store: what reviews and answers become, pages and keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.errors import ConfigError, SourceUnavailable
from pipelines.records import Brand, Mention, Query, Rejected, Window
from pipelines.sources.app_store import AppStoreSource
from tests.platforms.app_store import Platform
from tests.platforms.base import HOUR, START, Answer

WINDOW = Window(START, START + HOUR)
OURS = Query(brands=(Brand(key="acme", name="Acme"), Brand(key="rival", name="Rival", is_competitor=True)))


def review(native_id: str, **more: Any) -> dict[str, Any]:
    values = {
        "rating": 1, "title": "Broken", "body": "It crashes.", "reviewerNickname": "ann",
        "createdDate": "2026-02-01T02:00:00-08:00", "territory": "USA",
    }
    link = {"response": {"data": {"type": "customerReviewResponses", "id": f"a-{native_id}"}}}
    return {"type": "customerReviews", "id": native_id, "attributes": values, "relationships": link} | more


def response(native_id: str, state: str) -> dict[str, Any]:
    values = {"responseBody": "Sorry!", "lastModifiedDate": "2026-02-01T03:00:00-08:00", "state": state}
    return {"type": "customerReviewResponses", "id": f"a-{native_id}", "attributes": values}


def source(platform: Platform, **more: Any) -> AppStoreSource:
    return AppStoreSource(kind="app_store", name="apps", **(platform.stanza() | {"rate": ""} | more))


def test_reviews_and_published_answers_become_mentions() -> None:
    page = {
        "data": [review("1"), review("2"), review("3", attributes={"title": "x"})],
        "included": [response("1", "PUBLISHED"), response("2", "PENDING_PUBLISH")], "links": {},
    }
    with Platform(count=0) as platform:
        platform.answer = lambda _: Answer(page)  # type: ignore[method-assign]
        found = list(source(platform).collect(OURS, WINDOW))
    first, reply, second = (item for item in found if isinstance(item, Mention))
    assert (first.native_id, first.text, first.rating, first.author_name) == ("1", "Broken\n\nIt crashes.", 1, "ann")
    assert first.published_at == datetime(2026, 2, 1, 10, tzinfo=UTC)
    assert (reply.native_id, reply.is_own, reply.in_reply_to, reply.thread_id) == ("1:reply", True, "1", "1")
    assert reply.published_at == datetime(2026, 2, 1, 11, tzinfo=UTC)
    assert second.native_id == "2"
    assert {first.brand, reply.brand, second.brand} == {"acme"}  # whatever they say
    assert [item.reason for item in found if isinstance(item, Rejected)] == ["a review cannot be read: KeyError 'createdDate'"]


def test_the_token_goes_nowhere_but_to_the_configured_address() -> None:
    with Platform(3, count=60, hours=1) as platform:
        platform.show_all()
        found = [m for m in source(platform).collect(Query(), WINDOW) if isinstance(m, Mention)]
        assert {m.native_id for m in found} == {p.id for p in platform.visible()}
        assert len(platform.asked) > 3  # though every link leads to another host


def test_a_page_whose_next_cannot_be_asked_for_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.asking._FIRST_WAIT", 0.001)
    with Platform(count=0) as platform:
        page = {"data": [], "links": {"next": "https://elsewhere.example/v2"}}
        platform.answer = lambda _: Answer(page)  # type: ignore[method-assign]
        with pytest.raises(SourceUnavailable, match="no cursor"):
            list(source(platform).collect(Query(), WINDOW))


def test_a_key_that_is_none_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "not a key")
    with Platform(count=0) as platform, pytest.raises(ConfigError, match="not a private key"):
        list(source(platform, key="env:KEY").collect(Query(), WINDOW))
