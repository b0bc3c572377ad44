"""Stack Exchange: what a post becomes, what errors mean, where pages end."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipelines.errors import AuthFailed, RateLimited, SourceError, SourceUnavailable
from pipelines.records import Gap, Mention, Query, Rejected, Window
from pipelines.sources.stackexchange import StackExchangeSource
from tests.platforms.base import SECRET
from tests.platforms.stackexchange import Platform
from tests.web import Answer, Request, serving

AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
WINDOW = Window(AT, AT + timedelta(hours=1))
SECONDS = int(AT.timestamp()) + 60


def source(url: str, **values: Any) -> StackExchangeSource:
    given = {"terms": ["JetBlue"], "rate": "", "longest_wait": 0, "late": "0m"} | values
    return StackExchangeSource(kind="stackexchange", name="se", base_url=url, **given)


def answering(**by_method: Any) -> Any:
    def answer(request: Request) -> Answer:
        found = next(items for name, items in by_method.items() if name in request.path)
        return Answer(body=json.dumps({"items": found, "has_more": False}).encode())

    return answer


def test_questions_and_answers_become_mentions() -> None:
    excerpts = [{"question_id": 7, "creation_date": SECONDS}, {"question_id": 7, "answer_id": 9, "creation_date": SECONDS}]
    owner = {"user_id": 3, "display_name": "Ann"}
    question = {"question_id": 7, "title": "Is &quot;it&quot; late?", "body": "<p>JetBlue</p>", "creation_date": SECONDS,
                "owner": owner, "score": 2, "answer_count": 1, "view_count": 50, "link": "https://e.org/q/7"}
    reply = {"question_id": 7, "answer_id": 9, "body": "<p>Yes</p>", "creation_date": SECONDS, "last_edit_date": SECONDS + 60,
             "owner": {"display_name": "gone"}, "score": -1}
    with serving(answering(excerpts=excerpts, questions=[question, {"question_id": 8}], answers=[reply])) as url:
        found = list(source(url).collect(Query(), WINDOW))
    at = AT + timedelta(minutes=1)
    assert found[0] == Mention(
        source="se", native_id="stackoverflow/questions/7", channel="stackexchange", text='Is "it" late?\n\nJetBlue',
        published_at=at, author_id="stackoverflow/3", author_name="Ann", url="https://e.org/q/7", engagement=3, reach=50,
        thread_id="stackoverflow/questions/7",
    )
    assert isinstance(found[1], Rejected)
    assert found[2] == Mention(
        source="se", native_id="stackoverflow/answers/9", channel="stackexchange", text="Yes", published_at=at, kind="reply",
        observed_at=at + timedelta(minutes=1), author_name="gone", thread_id="stackoverflow/questions/7",
        in_reply_to="stackoverflow/questions/7", engagement=-1,
    )


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error_id": 502, "error_message": "too many requests, more requests available in 41123 seconds"}, RateLimited),
        ({"error_id": 405, "error_name": "key_required"}, AuthFailed),
        ({"error_id": 400, "error_name": "bad_parameter"}, SourceUnavailable),
        ({"error_id": 500, "error_name": "internal_error"}, SourceUnavailable),
        ({"items": None}, SourceUnavailable),
        ([], SourceUnavailable),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_errors_are_known_by_their_id_whatever_the_status(body: Any, status: int, error: type[SourceError]) -> None:
    with serving(lambda _: Answer(status, body=json.dumps(body).encode())) as url, pytest.raises(error) as raised:
        list(source(url).collect(Query(), WINDOW))
    assert getattr(raised.value, "retry_after", 41123) == 41123


def test_pages_end_and_the_search_goes_on_from_the_last_post(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)
    with Platform(2, count=130, hours=1) as platform:
        platform.show_all()
        platform.chance.random = lambda: 1.0  # type: ignore[method-assign]
        asking = source(platform.url, key="env:PLATFORM_TOKEN", page=2, rate="25/1s", longest_wait=9)
        found = list(asking.collect(Query(), WINDOW))
        assert {m.native_id for m in found if isinstance(m, Mention)} == {platform._id(p) for p in platform.visible()}
    assert not [f for f in found if isinstance(f, Gap)]
    assert max(int(r.values.get("page", 1)) for r in platform.asked) == 25


@pytest.mark.parametrize(("longest", "outcome"), [(10, "waits"), (1, "gives up")])
def test_backoff_is_waited_for(longest: float, outcome: str) -> None:
    with serving(lambda _: Answer(body=b'{"items": [], "has_more": false, "backoff": 2}')) as url:
        began = time.monotonic()
        if outcome == "waits":
            assert list(source(url, longest_wait=longest).collect(Query(), WINDOW)) == []
            assert time.monotonic() - began >= 2
        else:
            with pytest.raises(RateLimited):
                list(source(url, longest_wait=longest).collect(Query(), WINDOW))
