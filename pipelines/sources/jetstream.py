"""Bluesky as it happens: the Jetstream of all posts, filtered here; deletions, edits and closed accounts come with it.

A collection connects where the last one ended, a few seconds earlier, and reads until the end of its window or until it has
caught up with the present. It remembers which posts it took (by sealed ids), since a deletion says no more than an id.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from pydantic import Field

from pipelines.asking import ATTEMPTS, Asking
from pipelines.errors import ConfigError, SourceError, SourceUnavailable
from pipelines.fetching import AGENT, TIMEOUT_SECONDS
from pipelines.query.brands import expression_of
from pipelines.query.matching import Matcher
from pipelines.records import Cursor, Found, Gap, Media, Mention, Query, Rejected, Window
from pipelines.sealing import sealer_of
from pipelines.sources.base import Card, Source

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

_POSTS = "app.bsky.feed.post"
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_REWIND = 5_000_000  # microseconds: servers of the stream differ by about that much
_LATE_START = 60_000_000  # a first event that is later than this after what was asked for: the server keeps no more
_LIVE_SECONDS, _LIVE_PACE = 2.0, 1.5  # caught up: for so long no faster than this against the clock
_BAD_READS = 2  # so often a frame that cannot be read is fetched again
_PAUSE = 0.5  # seconds, times the connections in a row that gave nothing


class JetstreamSource(Source):
    """One query, cursor `time_us`: microseconds since 1970 of the last event, the stream's own (version 1)."""

    title: ClassVar[str] = "Bluesky (stream)"
    card: ClassVar[Card | None] = Card(
        channel="bluesky", collects="all public posts and replies, filtered here; edits, deletions and closed accounts",
        cannot="what is older than the stream keeps (about a day), likes and followers, posts of accounts that come back",
        limits="none documented; a connection reads the posts of the whole network",
        deletion="the stream says at once what was deleted and which account was closed",
    )

    own: list[str] = Field(default=[], description="DIDs of the brand's own accounts: their posts are always kept.")
    key: str = Field(default="", description="Secret that seals ids: env:NAME or file:PATH; left out, one is made and kept.")
    links: bool = Field(default=True, description="Keep links to posts, so that people can answer; a link names the account.")
    base_url: str = Field(default="wss://jetstream2.us-east.bsky.network", description="Address of a Jetstream.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """Posts since the last collection that the query means, and what became of those that were taken before."""
        matcher = Matcher(expression_of(query))
        if not query.expression and not query.brands:
            raise ConfigError(f"[sources.{self.name}] has nothing to look for: configure [brands.*].")
        at = since = int(query.cursor.get("time_us") or _micro(window.start))
        with closing(_Taken(query.state / f"{self.name}.taken.sqlite" if query.state else None)) as taken:
            read = _Reader(self, query, matcher, taken)
            for event in self._events(Asking(self, query, self._meaning), since, _micro(window.end)):
                if isinstance(event, Gap | Rejected):
                    yield event
                    continue
                at = max(at, event["time_us"])
                yield from read(event)
        yield Cursor(values={"time_us": str(at)})

    def _events(self, ask: Asking, since: int, end: int) -> Iterator[dict[str, Any] | Gap | Rejected]:
        """Events from `since` on and before `end`, some of them twice."""
        from websockets.exceptions import ConnectionClosed

        at, fruitless, is_first = since, 0, True
        while True:
            before, live = at, _Live()
            try:
                with ask(lambda: self._connect(at - _REWIND)) as stream:  # noqa: B023
                    while True:
                        event = _event(stream.recv(timeout=TIMEOUT_SECONDS))
                        if event is None and fruitless < _BAD_READS:
                            break
                        if event is None:
                            yield Rejected(source=self.name, file=self.base_url, line=0, reason="a frame cannot be read", raw="")
                            continue
                        moment = event["time_us"]
                        if is_first and moment > since + _LATE_START:
                            yield self._missed(since, min(moment, end))
                        is_first = False
                        if moment >= end or live(moment):
                            return
                        at = max(at, moment)
                        yield event
            except (ConnectionClosed, TimeoutError) as error:
                logging.getLogger(__name__).info("%s: %s; connected again", self.name, type(error).__name__)
            fruitless = 0 if at > before else fruitless + 1
            if fruitless >= ATTEMPTS:
                raise SourceUnavailable(f"[sources.{self.name}]: the stream breaks off again and again; it is asked again later.")
            if ask.is_spent:
                return
            time.sleep(_PAUSE * fruitless)

    def _connect(self, cursor: int) -> ClientConnection:
        from websockets.sync.client import connect

        logging.getLogger("websockets").setLevel(logging.INFO)  # below that it logs what people write
        values = urlencode({"wantedCollections": _POSTS, "cursor": cursor})
        return connect(
            f"{self.base_url.rstrip('/')}/subscribe?{values}", user_agent_header=AGENT, compression=None,
            open_timeout=TIMEOUT_SECONDS, close_timeout=1,
        )

    def _missed(self, since: int, until: int) -> Gap:
        reason = "the stream no longer had what was sent then"
        return Gap(source=self.name, start=_moment(since), end=_moment(until), reason=reason)

    def _meaning(self, error: Exception) -> SourceError | None:
        from websockets.exceptions import InvalidStatus, WebSocketException

        if not isinstance(error, WebSocketException | EOFError) or isinstance(error, InvalidStatus):
            return None  # by its status
        return SourceUnavailable(f"[sources.{self.name}]: no stream ({type(error).__name__}); it is asked again later.")


class _Live:
    """Whether the stream has caught up: it then goes no faster than the clock."""

    def __init__(self) -> None:
        self._began: tuple[float, int] | None = None

    def __call__(self, moment: int) -> bool:
        now = time.monotonic()
        began, first = self._began or (now, moment)
        if self._began and now - began < _LIVE_SECONDS:
            return False
        self._began = now, moment
        return now > began and (moment - first) / 1e6 <= _LIVE_PACE * (now - began)


class _Taken:
    """Which posts were taken, by author; all of it sealed. What is new is written when it is closed, before anything lands."""

    def __init__(self, path: Path | None) -> None:
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._rows: dict[str, str] = {}  # native id -> author
        self._table = sqlite3.connect(path or ":memory:", timeout=60)
        self._table.execute("CREATE TABLE IF NOT EXISTS posts (native_id TEXT PRIMARY KEY, author TEXT) WITHOUT ROWID")
        self._table.execute("CREATE INDEX IF NOT EXISTS by_author ON posts (author)")

    def add(self, native_id: str, author: str) -> None:
        self._rows[native_id] = author

    def __contains__(self, native_id: str) -> bool:
        found = self._table.execute("SELECT 1 FROM posts WHERE native_id = ?", [native_id]).fetchone()
        return native_id in self._rows or found is not None

    def of(self, author: str) -> list[str]:
        """Native ids of the posts of an author."""
        known = [row[0] for row in self._table.execute("SELECT native_id FROM posts WHERE author = ?", [author])]
        return sorted({*known, *(native_id for native_id, other in self._rows.items() if other == author)})

    def close(self) -> None:
        with self._table:
            self._table.executemany("INSERT OR IGNORE INTO posts VALUES (?, ?)", self._rows.items())
        self._table.close()


class _Reader:
    """Events as mentions."""

    def __init__(self, source: JetstreamSource, query: Query, matcher: Matcher, taken: _Taken) -> None:
        self._source, self._matcher, self._taken = source, matcher, taken
        self._seal = sealer_of(source.name, source.key, query).seal

    def __call__(self, event: dict[str, Any]) -> Iterator[Mention | Rejected]:
        try:
            yield from self._read(event, _moment(event["time_us"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            text = _text(event)
            if self._matcher.text(text):  # others are nobody's business here
                yield self._source.unreadable("a post", error, text, file=self._source.base_url, line=0)

    def _read(self, event: dict[str, Any], at: datetime) -> Iterator[Mention]:
        author = event["did"]
        if event.get("kind") == "account" and not event["account"]["active"]:
            for native_id in self._taken.of(self._seal(author)):
                yield self._source.gone(native_id, channel="bluesky", now=at)
        if event.get("kind") != "commit" or event["commit"]["collection"] != _POSTS:
            return
        native_id, operation = self._seal(f"{author}/{event['commit']['rkey']}"), event["commit"]["operation"]
        if operation == "delete":
            if native_id in self._taken:
                yield self._source.gone(native_id, channel="bluesky", now=at)
            return
        mention = self._mention(event, native_id, at, at if operation == "update" else None)
        if mention.is_own or self._matcher.mention(mention) or (operation == "update" and native_id in self._taken):
            self._taken.add(native_id, self._seal(author))
            yield mention

    def _mention(self, event: dict[str, Any], native_id: str, at: datetime, observed: datetime | None) -> Mention:
        author, record, key = event["did"], event["commit"]["record"], event["commit"]["rkey"]
        written = datetime.fromisoformat(record["createdAt"])
        reply, is_own = record.get("reply") or {}, author in self._source.own
        link = f"https://bsky.app/profile/{author}/post/{key}"
        return Mention(
            source=self._source.name, native_id=native_id, channel="bluesky", text=str(record["text"]),
            published_at=min(at, written if written.tzinfo else written.replace(tzinfo=UTC)), observed_at=observed,
            kind="reply" if reply else "post", property="own" if is_own else "independent", is_own=is_own, author_id=author,
            language=next(iter(record.get("langs") or ()), None), url=link if self._source.links else None,
            thread_id=self._id(reply["root"]["uri"]) if reply else native_id,
            in_reply_to=self._id(reply["parent"]["uri"]) if reply else None, media=tuple(_media(record.get("embed") or {})),
        )

    def _id(self, uri: str) -> str:
        account, _, key = uri.removeprefix("at://").split("/")
        return self._seal(f"{account}/{key}")


def _event(frame: str | bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(frame)
        return found if isinstance(found, dict) and isinstance(found["time_us"], int) else None
    except (ValueError, KeyError):
        return None


def _text(event: dict[str, Any]) -> str:
    commit = event.get("commit")
    record = commit.get("record") if isinstance(commit, dict) else None
    return str(record.get("text") or "") if isinstance(record, dict) else ""


def _media(embed: dict[str, Any]) -> Iterator[Media]:
    """What is attached, without addresses: the stream gives none for images and videos."""
    embed = embed.get("media") or embed  # beside a quoted post
    for image in embed.get("images") or ():
        yield Media(type="image", alt=image.get("alt") or None)
    if embed.get("video"):
        yield Media(type="video", alt=embed.get("alt") or None)
    if isinstance(embed.get("external"), dict):
        yield Media(type="link", url=embed["external"].get("uri"), alt=embed["external"].get("title") or None)


def _micro(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(micro: int) -> datetime:
    return _EPOCH + micro * _MICROSECOND
