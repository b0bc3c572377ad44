"""The stream of Bluesky: where it ends, what it no longer has, what an event becomes."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.records import Brand, Cursor, Gap, Media, Mention, Query, Rejected, Window
from pipelines.sealing import Sealer
from pipelines.sources.jetstream import JetstreamSource
from tests.platforms.base import HOUR, SECRET, START
from tests.platforms.bluesky import did
from tests.platforms.jetstream import Platform, micro

SEAL = Sealer(SECRET).seal
AT = START + timedelta(minutes=30)


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)


def query(state: Path | None = None, since: datetime | None = None) -> Query:
    cursors = {"": Cursor(values={"time_us": str(micro(since))})} if since else {}
    return Query(brands=(Brand(key="jetblue", name="JetBlue"),), state=state, cursors=cursors)


def source(platform: Any, **values: Any) -> JetstreamSource:
    return JetstreamSource(kind="jetstream", name="stream", base_url=platform.url, key="env:PLATFORM_TOKEN", **values)


def commit(text: str, **record: Any) -> dict[str, Any]:
    written = {"text": text, "createdAt": "2026-02-01T09:29:00Z", "langs": ["de"]} | record
    inner = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": "3k1", "record": written}
    return {"did": "did:plc:ann", "time_us": micro(AT), "kind": "commit", "commit": inner}


def read(platform: Any, *events: Any, **values: Any) -> list[Any]:
    platform.events = list(events)
    platform.now = AT + HOUR
    return list(source(platform, **values).collect(query(), Window(AT - timedelta(minutes=1), AT + timedelta(minutes=1))))


def test_an_event_becomes_a_mention() -> None:
    uris = {"root": {"uri": "at://did:plc:bob/app.bsky.feed.post/1"}, "parent": {"uri": "at://did:plc:cy/app.bsky.feed.post/2"}}
    embed = {"images": [{"image": {}, "alt": "a plane"}]}
    with Platform() as platform:
        found = read(platform, commit("Hello JetBlue", reply=uris, embed=embed))
    assert found[0] == Mention(
        source="stream", native_id=SEAL("did:plc:ann/3k1"), channel="bluesky", text="Hello JetBlue",
        published_at=datetime(2026, 2, 1, 9, 29, tzinfo=UTC), kind="reply", author_id="did:plc:ann", language="de",
        url="https://bsky.app/profile/did:plc:ann/post/3k1", thread_id=SEAL("did:plc:bob/1"), in_reply_to=SEAL("did:plc:cy/2"),
        media=(Media(type="image", alt="a plane"),),
    )


def test_what_no_brand_is_named_in_is_left_alone_unless_the_brand_wrote_it() -> None:
    with Platform() as platform:
        assert [type(f) for f in read(platform, commit("Hello"))] == [Cursor]
        own = read(platform, commit("Hello"), own=["did:plc:ann"])
        unreadable = read(platform, commit("JetBlue", createdAt=None), commit("nobody", createdAt=None))
    assert {(f.property, f.is_own) for f in own if isinstance(f, Mention)} == {("own", True)}
    assert {f.raw for f in unreadable if isinstance(f, Rejected)} == {"JetBlue"}


def test_a_frame_that_stays_unreadable_is_noted_and_the_rest_is_read() -> None:
    with Platform() as platform:
        found = read(platform, {"time_us": micro(AT), "did": "x"}, commit("JetBlue"))
        assert len([f for f in found if isinstance(f, Mention)]) == 1
        found = read(platform, {"time_us": micro(AT) - 1, "kind": 3, "did": None}, Odd(time_us=micro(AT)), commit("JetBlue"))
    assert [type(f) for f in found] == [Rejected, Mention, Cursor]
    assert len(platform.asked) == 1 + 4  # progress, then three times nothing new


class Odd(dict[str, Any]):
    """An event whose frame has no time in it."""

    def items(self) -> Any:
        return {}.items()


def test_a_collection_ends_when_it_has_caught_up_with_the_present() -> None:
    with Platform(1, count=20, hours=1) as platform:
        platform.show_all()
        began = time.monotonic()
        found = list(source(platform).collect(query(), Window(START, START + timedelta(days=30))))
    assert time.monotonic() - began < 30
    assert int(found[-1].values["time_us"]) >= micro(platform.now) - 60_000_000


def test_what_the_stream_no_longer_has_is_a_gap() -> None:
    with Platform(1, count=20, hours=1) as platform:
        platform.show_all()
        platform.keeps = AT
        found = list(source(platform).collect(query(since=START), Window(AT, AT + timedelta(minutes=10))))
    gaps = [f for f in found if isinstance(f, Gap)]
    assert [(g.start, AT <= g.end <= AT + timedelta(minutes=1)) for g in gaps] == [(START, True)]


def test_what_is_remembered_of_posts_names_nobody(tmp_path: Path) -> None:
    with Platform(1, count=40, hours=1) as platform:
        platform.show_all()
        assert len(list(source(platform).collect(query(tmp_path), Window(START, START + HOUR)))) > 10
    stored = (tmp_path / "stream.taken.sqlite").read_bytes()
    assert SEAL(did("author1")).encode() in stored
    assert b"did:plc" not in stored
