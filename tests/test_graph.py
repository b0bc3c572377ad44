"""The Graph API of Meta: errors by their code and not their status, usage by its headers, what counts as gone."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipelines.errors import AuthFailed, RateLimited, SourceError, SourceUnavailable
from pipelines.records import Brand, Gap, Mention, Query, Window
from pipelines.sources.facebook_page import FacebookPageSource
from pipelines.sources.instagram import InstagramSource
from pipelines.sources.meta_inbox import MetaInboxSource
from pipelines.sources.threads import ThreadsSource
from tests.platforms import facebook_page, instagram, meta_inbox, threads
from tests.platforms.base import HOUR, SECRET, START, Answer, Base, Request

QUERY = Query(brands=(Brand(key="jetblue", name="JetBlue"), Brand(key="rival", name="Rival", is_competitor=True)))
ALL = Window(START, START + 7 * HOUR)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)
    monkeypatch.setattr("pipelines.asking._FIRST_WAIT", 0.01)


def page_source(platform: Base, **more: Any) -> FacebookPageSource:
    return FacebookPageSource.model_validate({"kind": "facebook_page", "name": "our_page"} | platform.stanza() | more)


@pytest.mark.parametrize(("code", "status", "meant"), [
    (190, 400, AuthFailed), (102, 401, AuthFailed), (10, 403, AuthFailed), (200, 400, AuthFailed),
    (4, 400, RateLimited), (17, 400, RateLimited), (32, 403, RateLimited), (613, 400, RateLimited), (80001, 400, RateLimited),
    (2, 500, SourceUnavailable), (100, 400, SourceUnavailable), (190, 200, AuthFailed),
])
def test_an_error_is_what_its_code_says_whatever_its_status(code: int, status: int, meant: type[SourceError]) -> None:
    broken = Answer({"error": {"message": "no", "type": "OAuthException", "code": code}}, status)
    with facebook_page.Platform(broken=broken) as platform, pytest.raises(meant) as raised:
        list(page_source(platform, longest_wait=0).collect(QUERY, ALL))
    assert f"error {code}" in str(raised.value)


def test_a_limit_says_when_access_is_regained() -> None:
    usage = {"999": [{"type": "pages", "call_count": 101, "estimated_time_to_regain_access": 12}]}
    headers = {"X-Business-Use-Case-Usage": json.dumps(usage)}
    broken = Answer({"error": {"code": 80001}}, 400, headers=headers)

    class Busy(facebook_page.Platform):
        def limit_headers(self, left: int, reset: float) -> dict[str, str]:
            return {}

    with Busy(broken=broken) as platform, pytest.raises(RateLimited) as raised:
        list(page_source(platform).collect(QUERY, ALL))
    assert raised.value.retry_after == 12 * 60


def test_where_the_app_is_nearly_used_up_the_rest_is_a_gap() -> None:
    class Busy(facebook_page.Platform):
        def limit_headers(self, left: int, reset: float) -> dict[str, str]:
            return {"X-App-Usage": json.dumps({"call_count": 96, "total_time": 20, "total_cputime": 20})}

    with Busy() as platform:
        platform.now = ALL.end
        found = list(page_source(platform).collect(QUERY, ALL))
    assert len(platform.asked) == 1
    assert any(isinstance(f, Gap) for f in found)


@pytest.mark.parametrize("body", ["not JSON", "[]", '{"posts": []}', "null"])
def test_an_answer_of_another_shape_is_not_an_empty_one(body: str) -> None:
    with facebook_page.Platform(broken=Answer(body=body.encode())) as platform, pytest.raises(SourceUnavailable):
        list(page_source(platform).collect(QUERY, ALL))


def test_a_lost_permission_deletes_nothing() -> None:
    class Unpermitted(facebook_page.Platform):
        def one(self, path: str, values: dict[str, str]) -> Answer:
            return Answer({"error": {"code": 100, "error_subcode": 33}}, 400)

    with Unpermitted() as platform, pytest.raises(AuthFailed):
        list(page_source(platform).look_up(QUERY, ["999_1", "1_2"], now=START))


def test_below_an_own_post_replies_are_linked_and_the_brand_is_known() -> None:
    with facebook_page.Platform(count=60) as platform:
        platform.now = ALL.end + HOUR
        found = [m for m in page_source(platform).collect(QUERY, ALL) if isinstance(m, Mention)]
    by_id = {m.native_id: m for m in found}
    own = [m for m in found if m.is_own and m.kind == "post"]
    assert own
    assert {m.brand for m in found} == {"jetblue"}
    comments = [m for m in found if m.kind == "comment"]
    assert all(m.in_reply_to in by_id and by_id[m.thread_id or ""].kind == "post" for m in comments)
    assert any(by_id[m.in_reply_to or ""].kind == "comment" for m in comments)
    tagged = [m for m in found if m.property == "addressed"]
    assert all(not m.native_id.startswith("999_") for m in tagged)


def test_a_tagged_medium_that_left_the_list_of_tags_is_gone_and_others_are_not() -> None:
    with instagram.Platform(3, count=120) as platform:
        platform.now = ALL.end + HOUR
        source = InstagramSource.model_validate({"kind": "instagram", "name": "ours"} | platform.stanza())
        found = [m for m in source.collect(QUERY, ALL) if isinstance(m, Mention) and m.property == "addressed"]
        assert found
        ids = [m.native_id for m in found]
        post = next(p for p in platform.posts if f"tag:{p.id}" == ids[0])
        post.deleted_at = platform.now
        looked = {m.native_id: m for m in source.look_up(QUERY, ids, now=platform.now) if isinstance(m, Mention)}
    assert [i for i, m in looked.items() if m.deleted_at] == [ids[0]]


def test_private_messages_keep_no_text_unless_asked_and_stories_expire() -> None:
    with meta_inbox.Platform(count=120) as platform:
        platform.now = ALL.end + HOUR
        stanza = {"kind": "meta_inbox", "name": "inbox"} | platform.stanza()
        without = MetaInboxSource.model_validate(stanza | {"text": False})
        found = [m for m in without.collect(QUERY, ALL) if isinstance(m, Mention)]
    assert len(found) == 120
    assert {m.text for m in found} == {""}
    assert {m.visibility for m in found} == {"private"}
    assert any(m.is_own for m in found)
    stories = [m for m in found if m.kind == "story"]
    assert stories
    assert all(m.expires_at == (m.published_at or datetime.max) + timedelta(hours=24) for m in stories)
    assert all(m.media[0].url for m in stories)


def test_what_threads_finds_in_several_ways_is_given_once_as_the_nearest() -> None:
    with threads.Platform(count=120) as platform:
        platform.now = ALL.end + HOUR
        source = ThreadsSource.model_validate({"kind": "threads", "name": "threads"} | platform.stanza())
        found = [m for m in source.collect(QUERY, ALL) if isinstance(m, Mention)]
    assert len({m.native_id for m in found}) == len(found)
    assert {m.property for m in found} == {"own", "addressed", "independent"}
    assert {m.brand for m in found if m.property == "independent"} == {None}
    assert all(request.path.startswith("/v1.0/") for request in platform.asked)


def test_no_token_is_in_an_address() -> None:
    with facebook_page.Platform(count=20) as platform:
        platform.now = ALL.end
        list(page_source(platform).collect(QUERY, ALL))
        asked: list[Request] = platform.asked
    assert asked
    assert all(SECRET not in str(r.values) for r in asked)
