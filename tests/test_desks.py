"""Help desks and own properties: what is kept of private texts, whose replies are whose, channels, errors that mislead."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.errors import AuthFailed, RateLimited, SourceError, SourceUnavailable
from pipelines.records import Brand, Cursor, Gap, Mention, Query, Window
from pipelines.registry import load
from tests.conformance.polling import platform_of
from tests.platforms import chatwoot, salesforce, tiktok, zendesk
from tests.platforms.base import HOUR, SECRET, START, Answer, Base, Post, Request

QUERY = Query(brands=(Brand(key="jetblue", name="JetBlue"), Brand(key="rival", name="Rival", is_competitor=True)))
ALL = Window(START, START + 7 * HOUR)
DESKS = ["chatwoot", "salesforce", "zendesk"]


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)
    monkeypatch.setattr("pipelines.asking._FIRST_WAIT", 0.01)


def source_of(platform: Base, **more: Any) -> Any:
    stanza = {"kind": platform.kind, "name": "ours"} | platform.stanza() | more
    return load("sources", platform.kind).model_validate(stanza)


def collected(platform: Base, **more: Any) -> list[Mention]:
    platform.now = ALL.end + HOUR
    return [m for m in source_of(platform, **more).collect(QUERY, ALL) if isinstance(m, Mention) and not m.deleted_at]


@pytest.mark.parametrize("kind", DESKS)
def test_by_default_a_desk_gives_numbers_and_times_and_no_text(kind: str) -> None:
    with platform_of(kind)(count=60) as platform:
        found = collected(platform, text=False)
        assert len(found) > 40
        assert {m.text for m in found} == {""}
        assert {(m.visibility, m.property, m.brand) for m in found} == {("private", "own", "jetblue")}
        assert {m.kind for m in found} == {"ticket", "reply"}
        assert {m.is_own for m in found} == {True, False}
        assert all(m.author_name is None and m.thread_id for m in found)
        if kind == "salesforce":
            assert not any("Body" in r.values.get("q", "") or "Subject" in r.values.get("q", "") for r in platform.asked)


@pytest.mark.parametrize("kind", DESKS)
def test_a_channel_is_one_that_can_be_told_from_social_ones(kind: str) -> None:
    known = {"email", "phone", "chat", "web", "sms", "whatsapp", "x", "facebook", "instagram", "other"}
    with platform_of(kind)() as platform:
        channels = {m.channel for m in collected(platform)}
    assert channels <= known
    assert len(channels) > 1


def test_zendesk_tells_agents_friends_in_copy_and_triggers_apart() -> None:
    with zendesk.Platform() as platform:
        found = {m.native_id: m for m in collected(platform)}
    by_author = {m.author_id: m.is_own for m in found.values()}
    assert by_author["1"] and not by_author["2"]
    assert all(not m.is_own for m in found.values() if m.kind == "ticket")
    assert any(m.is_automatic for m in found.values())
    assert all(m.references == (("case", m.thread_id),) for m in found.values())
    assert not any(m.text == "internal" for m in found.values())


def test_zendesk_goes_on_in_the_middle_of_a_page_when_its_budget_was_used_up() -> None:
    class Patient(zendesk.Platform):
        limit = (10_000, 1.0)

    with Patient(count=120) as platform:
        platform.now = ALL.end + HOUR
        source, cursors, seen = source_of(platform, requests=3), dict[str, Cursor](), set[str]()
        for _ in range(60):
            before = dict(cursors)
            for item in source.collect(Query(brands=QUERY.brands, cursors=cursors), ALL):
                if isinstance(item, Cursor):
                    cursors = {item.query: item}
                elif isinstance(item, Mention):
                    seen.add(item.native_id)
            if cursors == before:
                break
        missing = {i for i, text in platform.expected().items() if text is not None} - seen
    assert not missing


def test_salesforce_counts_the_email_that_opened_a_case_once_and_leaves_internal_comments_out() -> None:
    class Opened(salesforce.Platform):
        def _record(self, post: Post) -> dict[str, Any]:
            row = super()._record(post)
            if post.id == self.posts[1].id:  # came by e-mail, with the case
                row |= {"Incoming": True, "CreatedDate": row["Parent"]["CreatedDate"]}
            return row | {"IsPublished": int(post.id) % 4 != 0}

    with Opened() as platform:
        found = {m.native_id for m in collected(platform)}
        first = platform.native(platform.posts[1])
        internal = {platform.native(p) for p in platform.posts if platform.object(p) == "CaseComment" and int(p.id) % 4 == 0}
    assert first.startswith("02s") and first not in found
    assert internal and not internal & found


def test_salesforce_says_when_the_requests_of_the_organisation_are_used_up() -> None:
    class Used(salesforce.Platform):
        def answer(self, request: Request) -> Answer:
            if request.path.endswith("token"):
                return super().answer(request)
            return Answer([{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}], 403)

    with Used() as platform, pytest.raises(RateLimited):
        collected(platform)


def test_salesforce_calls_nothing_deleted_when_it_may_read_nothing_any_more() -> None:
    class Blind(salesforce.Platform):
        def _matches(self, where: str, at: str, native_id: str) -> bool:
            return False

    with Blind() as platform, pytest.raises(AuthFailed):
        platform.now = ALL.end
        list(source_of(platform).look_up(QUERY, ["500000000010000AAA"], now=platform.now))


def test_a_chatwoot_conversation_that_moves_while_the_list_is_read_is_not_lost() -> None:
    class Moving(chatwoot.Platform):
        """Somebody writes again in the conversation on top of page 2, after page 1 was read."""

        is_moved = False

        def answer(self, request: Request) -> Answer:
            answer = super().answer(request)
            if request.path.endswith("conversations") and not self.is_moved and self.now > START + HOUR:
                self.is_moved = True
                rows = sorted((p for p in self.visible() if not p.parent), key=self._active, reverse=True)
                moved = rows[chatwoot.AT_ONCE]
                self.posts.append(Post(id="99999", text="JetBlue once more", at=self.now, parent=moved.id))
                self.now = self.now + HOUR / 60
            return answer

    with Moving(count=240, hours=1) as platform:
        source, seen = source_of(platform), set[str]()
        for hour in range(3):
            window = Window(START + hour * HOUR, START + (hour + 1) * HOUR)
            platform.now = max(platform.now, window.end + HOUR / 30)
            seen |= {m.native_id for m in source.collect(QUERY, window) if isinstance(m, Mention)}
        truth = {i for i, text in platform.expected().items() if text is not None}
    assert platform.is_moved
    assert truth <= seen


@pytest.mark.parametrize(("code", "meant"), [
    (40105, AuthFailed), (40001, AuthFailed), (40100, RateLimited), (50000, SourceUnavailable), (40002, SourceUnavailable),
    (None, SourceUnavailable),
])
def test_tiktok_says_errors_with_status_200(code: int | None, meant: type[SourceError]) -> None:
    broken = Answer({"code": code, "message": "no", "data": {}})
    with tiktok.Platform(broken=broken) as platform, pytest.raises(meant):
        list(source_of(platform, longest_wait=0).collect(QUERY, ALL))


def test_a_brand_that_is_not_configured_is_an_error_that_names_it() -> None:
    with chatwoot.Platform() as platform, pytest.raises(Exception, match=r"\[sources.ours\] brand = 'acme'"):
        collected(platform, brand="acme")


def test_of_several_own_brands_none_is_guessed() -> None:
    two = Query(brands=(Brand(key="one", name="One"), Brand(key="two", name="Two")))
    with chatwoot.Platform(count=20) as platform:
        platform.now = datetime(2026, 2, 2, tzinfo=UTC)
        found = [m for m in source_of(platform).collect(two, ALL) if isinstance(m, Mention | Gap)]
    assert found
    assert {m.brand for m in found if isinstance(m, Mention)} <= {None}
