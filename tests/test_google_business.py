"""Google Business Profile: what reviews and answers become."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.errors import SourceUnavailable
from pipelines.records import Brand, Mention, Query, Rejected, Window
from pipelines.sources.google_business import GoogleBusinessSource
from tests.platforms.base import HOUR, SECRET, START, Answer
from tests.platforms.google_business import PLACE, Platform

WINDOW = Window(START, START + HOUR)
OURS = Query(brands=(Brand(key="acme", name="Acme"), Brand(key="rival", name="Rival", is_competitor=True)))
REVIEW = {
    "name": f"{PLACE}/reviews/r1", "reviewId": "r1", "reviewer": {"displayName": "Ann", "isAnonymous": False},
    "starRating": "TWO", "comment": "(Translated by Google) Late\n\n(Original)\nZu spät",
    "createTime": "2026-02-01T10:00:00.123456789Z",
    "updateTime": "2026-02-01T11:00:00Z", "reviewReply": {"comment": "Sorry!", "updateTime": "2026-02-01T12:00:00Z"},
}
RATING = {
    "name": f"{PLACE}/reviews/r2", "reviewer": {"displayName": "A Google user", "isAnonymous": True}, "starRating": "FIVE",
    "createTime": "2026-02-01T09:30:00Z", "updateTime": "2026-02-01T09:30:00Z",
}


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)
    monkeypatch.setattr("pipelines.asking._FIRST_WAIT", 0.001)


def collected(answer: Any) -> list[Any]:
    with Platform(count=0) as platform:
        platform.data = lambda _: Answer(answer)  # type: ignore[method-assign]
        source = GoogleBusinessSource(kind="google_business", name="places", **(platform.stanza() | {"rate": ""}))
        return list(source.collect(OURS, WINDOW))


def test_reviews_answers_and_bare_ratings_become_mentions() -> None:
    found = collected({"reviews": [REVIEW, RATING, {"name": "x"}], "totalReviewCount": 3})
    review, reply, rating = (item for item in found if isinstance(item, Mention))
    assert (review.native_id, review.text, review.rating, review.kind) == (f"{PLACE}/reviews/r1", "Zu spät", 2, "review")
    assert review.published_at == datetime(2026, 2, 1, 10, 0, 0, 123456, UTC)
    assert review.observed_at == datetime(2026, 2, 1, 11, tzinfo=UTC)
    assert (review.author_name, rating.author_name) == ("Ann", None)
    assert (reply.native_id, reply.text, reply.is_own) == (f"{PLACE}/reviews/r1/reply", "Sorry!", True)
    assert reply.in_reply_to == reply.thread_id == review.native_id
    assert (rating.text, rating.rating) == ("", 5)
    assert {review.brand, reply.brand, rating.brand} == {"acme"}  # whatever they say
    assert [item.reason for item in found if isinstance(item, Rejected)] == ["a review cannot be read: KeyError 'createTime'"]


def test_a_place_without_reviews_is_an_empty_object_and_nothing_else() -> None:
    assert not [item for item in collected({}) if isinstance(item, Mention)]
    with pytest.raises(SourceUnavailable, match="not what the API gives"):
        collected({"items": []})
