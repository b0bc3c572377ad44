"""Bluesky: what a post becomes, sessions that are kept, ids that name nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import collect
from pipelines.errors import AuthFailed
from pipelines.records import Brand, Gap, Media, Mention, Query, Rejected, Window
from pipelines.sealing import Sealer
from pipelines.sources.bluesky import BlueskySource
from tests.conformance.polling import configured, windows
from tests.platforms.base import SECRET, START, Answer
from tests.platforms.bluesky import HANDLE, Platform, did

AT = datetime(2026, 2, 1, 9, 30, tzinfo=UTC)
WINDOW = Window(AT - timedelta(minutes=30), AT + timedelta(minutes=30))
QUERY = Query(brands=(Brand(key="jetblue", name="JetBlue", handles=("jetblue.com",)),))


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)


def source(url: str, **values: Any) -> BlueskySource:
    given = {"handle": HANDLE, "password": "env:PLATFORM_TOKEN", "key": "env:PLATFORM_TOKEN", "rate": ""} | values
    return BlueskySource(kind="bluesky", name="sky", base_url=url, **given)


def post(**more: Any) -> dict[str, Any]:
    return {
        "uri": "at://did:plc:ann/app.bsky.feed.post/3k1", "cid": "c", "indexedAt": "2026-02-01T09:31:00.000Z",
        "author": {"did": "did:plc:ann", "handle": "ann.bsky.social"}, "likeCount": 3, "repostCount": 1, "quoteCount": 2,
        "record": {"text": "Hi @jetblue.com", "createdAt": "2026-02-01T10:30:00+01:00", "langs": ["de", "en"], "reply": {
            "root": {"uri": "at://did:plc:bob/app.bsky.feed.post/3k0"}, "parent": {"uri": "at://did:plc:cy/app.bsky.feed.post/3k9"},
        }},
        "embed": {"$type": "app.bsky.embed.recordWithMedia#view", "record": {}, "media": {
            "images": [{"thumb": "t", "fullsize": "https://cdn.e.org/f", "alt": "a plane"}]}},
    } | more


def test_a_post_becomes_a_mention_whose_ids_name_nobody() -> None:
    undated = post(uri="at://did:plc:ann/app.bsky.feed.post/3k2", record={"text": "x"}, indexedAt=None)
    with Platform(1) as platform:
        platform._search = lambda *_: Answer({"posts": [post(), undated, {"uri": "?"}]})  # type: ignore[method-assign]
        found = list(source(platform.url, queries=["jetblue.com"]).collect(QUERY, WINDOW))
    seal = Sealer(SECRET).seal
    assert found[0] == Mention(
        source="sky", native_id=seal("did:plc:ann/3k1"), channel="bluesky", text="Hi @jetblue.com", published_at=AT,
        kind="reply", property="addressed", brand="jetblue", author_id="did:plc:ann", author_name="ann.bsky.social",
        language="de", url="https://bsky.app/profile/did:plc:ann/post/3k1", thread_id=seal("did:plc:bob/3k0"),
        in_reply_to=seal("did:plc:cy/3k9"), engagement=6,
        media=(Media(type="image", url="https://cdn.e.org/f", alt="a plane"),),
    )
    rejected = [f for f in found if isinstance(f, Rejected)]
    assert len(rejected) == 2
    assert "did:plc" not in repr(rejected)


@pytest.mark.parametrize(
    ("text", "brand"),
    [
        ("Hi @united, late again", "united"), ("(@United.bsky.social)", "united"), ("@united.bsky.social.", "united"),
        ("@unitedway.bsky.social thanks", None), ("@united.com hi", None), ("me@united.com", None), ("united", None),
    ],
)
def test_only_the_whole_handle_of_a_brand_addresses_it(text: str, brand: str | None) -> None:
    query = Query(brands=(Brand(key="united", name="United", handles=("united",)),))
    said = post(record=post()["record"] | {"text": text})
    with Platform(1) as platform:
        platform._search = lambda *_: Answer({"posts": [said]})  # type: ignore[method-assign]
        found = next(iter(source(platform.url, queries=["united OR unitedway"]).collect(query, WINDOW)))
    assert isinstance(found, Mention)
    assert (found.brand, found.property) == (brand, "addressed" if brand else "independent")


def test_without_links_nothing_stored_holds_the_id_of_an_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Platform(4, count=40, hours=1) as platform:
        settings = configured(platform, tmp_path, monkeypatch, links=False)
        platform.show_all()
        assert collect.run(settings, "bluesky", windows(1)[0], now=platform.now).mentions > 10
    stored = b"".join(p.read_bytes() for p in settings.storage.rglob("*") if p.is_file() and p.suffix != ".sqlite")
    assert b"did:plc" not in stored
    assert did("author1").encode() not in stored


def test_a_session_is_kept_and_renewed_without_another_login(tmp_path: Path) -> None:
    with Platform(4, count=40, hours=1) as platform:
        platform.show_all()
        query = Query(brands=QUERY.brands, state=tmp_path)
        for _ in range(8):
            assert [m for m in source(platform.url).collect(query, WINDOW) if isinstance(m, Mention)]
    paths = [r.path.rpartition(".")[2] for r in platform.asked]
    assert paths.count("createSession") == 1
    assert paths.count("refreshSession") >= 1
    kept = (tmp_path / "sky.session").read_text()
    assert "access" not in kept and SECRET not in kept


def test_a_wrong_password_says_so() -> None:
    with Platform(1) as platform, pytest.raises(AuthFailed, match=r"\[sources.sky\]"):
        list(source(platform.url, handle="other.bsky.social").collect(QUERY, WINDOW))


def test_a_second_with_more_posts_than_the_search_gives_is_a_gap() -> None:
    with Platform(4, count=40, hours=1) as platform:
        platform.show_all()
        for one in platform.posts:
            one.at, one.deleted_at = AT, None
        found = list(source(platform.url, page=10).collect(QUERY, WINDOW))
    assert len([f for f in found if isinstance(f, Mention)]) == 20
    assert [(f.query, "one second" in f.reason) for f in found if isinstance(f, Gap)] == [("jetblue", True)]


def test_ids_of_another_key_are_not_taken_for_deleted() -> None:
    with Platform(4, count=10, hours=1) as platform:
        found = list(source(platform.url).look_up(QUERY, [Sealer("other").seal("did:plc:ann/3k1")], now=START))
    assert [type(f) for f in found] == [Rejected]


@given(st.text(min_size=1).filter(lambda t: not any("\ud800" <= c <= "\udfff" for c in t)))
def test_what_is_sealed_comes_back_and_shows_nothing(text: str) -> None:
    sealer = Sealer("key")
    sealed = sealer.seal(text)
    assert sealer.open(sealed) == text
    assert sealed == sealer.seal(text) != Sealer("other").seal(text)
    with pytest.raises(ValueError, match="another key"):
        Sealer("other").open(sealed)


@given(st.text())
def test_what_is_no_seal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="another key"):
        Sealer("key").open(text)
