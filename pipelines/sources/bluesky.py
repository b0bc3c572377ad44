"""Bluesky: search of posts and posts by id, through the atproto library; each call of it here is one request.

The search orders by `sortAt`, the earlier of when a post says that it was written and when it was indexed, and its cursor may end
before the posts do. So when it ends, the search goes on from the oldest post, until nothing new comes. Of the library, its
models of answers are left aside (one post of another shape would lose the page) and so is its own renewal of sessions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from pydantic import Field

from pipelines.asking import Asking
from pipelines.errors import AuthFailed, SourceError, SourceUnavailable
from pipelines.fetching import AGENT, TIMEOUT_SECONDS
from pipelines.landing import replacing
from pipelines.owned import brand_named
from pipelines.query import texts
from pipelines.query.dialects import BLUESKY
from pipelines.query.searching import Search, search_of
from pipelines.records import Found, Gap, Media, Mention, Property, Query, Rejected, Window
from pipelines.sealing import Sealer, sealer_of
from pipelines.settings import secret, span
from pipelines.sources.base import SPAN, Card, Source

_SECOND = timedelta(seconds=1)
_POSTS = "app.bsky.feed.post"
_COUNTS = ("likeCount", "repostCount", "replyCount", "quoteCount")
_LOOKED_UP = 25  # ids a request


class BlueskySource(Source):
    """Asks for spans of time, newest first. Ids are sealed, since they begin with the author's (see `pipelines.sealing`)."""

    incremental: ClassVar[bool] = False
    can_look_up: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "Bluesky (search)"
    key_page: ClassVar[str | None] = "https://bsky.app/settings/app-passwords"
    card: ClassVar[Card | None] = Card(
        channel="bluesky", collects="public posts and replies that the search finds", keys="handle and app password",
        cannot="posts dated long before they were sent (the jetstream source has them), direct messages",
        limits="3,000 requests in 5 minutes; 300 logins a day",
        deletion="looked up again: what is absent twice is withdrawn; the jetstream source learns of it at once",
    )

    handle: str = Field(description="Handle of the account that searches, such as name.bsky.social.")
    password: str = Field(description="App password of that account: env:NAME or file:PATH.")
    queries: list[str] = Field(default=[], description="Searches of Bluesky itself, kept whole; default: the brands' queries.")
    key: str = Field(default="", description="Secret that seals ids: env:NAME or file:PATH; left out, one is made and kept.")
    links: bool = Field(default=True, description="Keep links to posts, so that people can answer; a link names the account.")
    late: str = Field(default="15m", description="How far each collection looks back for posts that arrived late.", pattern=SPAN)
    page: int = Field(default=100, ge=1, le=100, description="Posts a request.")
    rate: str = Field(default="3000/5m", description="Most requests in any span, such as 3000/5m; with commas, several.")
    base_url: str = Field(default="https://bsky.social", description="Address of the account's server.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """Posts of the window and of a little before it; what the budget does not reach is a gap."""
        search = self._searching(query)
        with closing(_Asker(self, query)) as asker:
            for words in search.texts:
                yield from self._search(asker, search, words, Window(window.start - span(self.late), window.end))

    def fill(self, query: Query, gap: Gap) -> Iterator[Found]:
        """The span of a gap, for the search that missed it."""
        search = self._searching(query)
        with closing(_Asker(self, query)) as asker:
            yield from self._search(asker, search, gap.query, Window(gap.start, gap.end))

    def _searching(self, query: Query) -> Search:
        return search_of(BLUESKY, query, self.queries, where=f"[sources.{self.name}]")

    def _search(self, asker: _Asker, search: Search, words: str, wanted: Window) -> Iterator[Found]:
        from atproto import models

        read = _Reader(self, search.query)
        seen: set[str] = set()
        until, oldest, cursor, before = wanted.end, wanted.end, None, 0
        while not asker.ask.is_spent:
            page = asker("app.bsky.feed.searchPosts", models.AppBskyFeedSearchPosts.Params(
                q=words, sort="latest", since=_written(wanted.start), until=_written(until), limit=self.page, cursor=cursor,
            ))
            new = [post for post in page["posts"] if str(_get(post, "uri")) not in seen]
            seen.update(str(_get(post, "uri")) for post in new)
            oldest = min([oldest, *(at for post in new if (at := _sorted_at(post)))])
            yield from read.mentions(new, observed=None, keeps=partial(search.keeps, words))
            cursor = page.get("cursor") if page["posts"] else None
            if cursor:
                continue
            if len(seen) == before:  # from the oldest post on nothing new has come
                if len(page["posts"]) >= self.page:
                    yield self._gap(words, Window(wanted.start, oldest), "one second holds more posts than the search gives")
                return
            before, until = len(seen), min(until, oldest.replace(microsecond=0) + _SECOND)
            if until <= wanted.start:
                return
        if oldest > wanted.start:
            missed = Window(wanted.start, min(wanted.end, oldest + _SECOND))
            yield self._gap(words, missed, f"the {self.requests} requests of this collection were used up")

    def _gap(self, words: str, missed: Window, reason: str) -> Gap:
        return Gap(source=self.name, query=words, start=missed.start, end=missed.end, reason=reason)

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Posts by id. What an answer leaves out is asked for once more: absent twice, it is gone."""
        from atproto import models

        read, known = _Reader(self, query), dict[str, str]()
        for native_id in native_ids:
            try:
                known[_uri(read.sealer.open(native_id))] = native_id
            except ValueError as error:
                reason = f"an id cannot be looked up: {error}; give [sources.{self.name}] the key it had then"
                yield Rejected(source=self.name, file=self.base_url, line=0, reason=reason, raw=native_id)
        uris = list(known)
        with closing(_Asker(self, query)) as asker:
            for start in range(0, len(uris), _LOOKED_UP):
                missing = uris[start : start + _LOOKED_UP]
                for _ in range(2):
                    params = models.AppBskyFeedGetPosts.Params(uris=missing)
                    posts = asker("app.bsky.feed.getPosts", params)["posts"] if missing else []
                    yield from read.mentions(posts, observed=now)
                    missing = [uri for uri in missing if uri not in {_get(post, "uri") for post in posts}]
                yield from (self.gone(known[uri], channel="bluesky", now=now) for uri in missing)


class _Asker:
    """Requests as one account, whose session is kept from one collection to the next: logins are few a day."""

    def __init__(self, source: BlueskySource, query: Query) -> None:
        from atproto import Client, Request

        self._source, self._where = source, f"[sources.{source.name}]"
        self._password = secret(source.password)
        self._request = Request(timeout=TIMEOUT_SECONDS)
        self._client = Client(source.base_url, request=self._request)
        self._file = query.state / f"{source.name}.session" if query.state else None
        self._seal = Sealer(self._password)  # the session at rest is of use only to who knows the password
        self.ask = Asking(source, query, self._meaning, renew=self._renew)
        self._login = Asking(source, query, self._meaning)
        self._session = self._kept()

    def close(self) -> None:
        self._request.close()

    def __call__(self, method: str, params: Any) -> dict[str, Any]:
        """The answer to a request, an object with `posts`."""
        if not self._session:
            self._renew()
        return self.ask(lambda: self._checked("posts", lambda: self._client.invoke_query(
            method, params=params, headers={"Authorization": f"Bearer {self._session['accessJwt']}", "User-Agent": AGENT},
        )))

    def _renew(self) -> None:
        """A new session: by the token for that, where there is one that holds, or by the password."""
        refresh = self._session.get("refreshJwt")
        self._session = {}
        if refresh:
            headers = {"Authorization": f"Bearer {refresh}", "User-Agent": AGENT}
            try:
                found = self._login(lambda: self._checked("accessJwt", lambda: self._client.invoke_procedure(
                    "com.atproto.server.refreshSession", headers=headers)))
                return self._keep(found)
            except AuthFailed:
                pass
        data = {"identifier": self._source.handle, "password": self._password}
        self._keep(self._login(lambda: self._checked("accessJwt", lambda: self._client.invoke_procedure(
            "com.atproto.server.createSession", content=json.dumps(data).encode(),
            headers={"Content-Type": "application/json", "User-Agent": AGENT}))))

    def _kept(self) -> dict[str, str]:
        try:
            return dict(json.loads(self._seal.open(self._file.read_text(encoding="utf-8")))) if self._file else {}
        except (OSError, ValueError):
            return {}

    def _keep(self, found: dict[str, Any]) -> None:
        self._session = {name: str(found[name]) for name in ("accessJwt", "refreshJwt") if found.get(name)}
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self._file) as temporary:
                temporary.write_text(self._seal.seal(json.dumps(self._session)), encoding="utf-8")

    def _checked(self, needed: str, request: Callable[[], Any]) -> dict[str, Any]:
        """The answer, where it is an object with what is needed in it."""
        try:
            found = request().content
        except ValueError as error:  # of the JSON parser
            found = type(error).__name__
        if not isinstance(found, dict) or not isinstance(found.get(needed), list if needed == "posts" else str):
            raise SourceUnavailable(f"{self._where}: the answer is not what Bluesky gives; it is asked again later.")
        return found

    def _meaning(self, error: Exception) -> SourceError | None:
        from atproto import exceptions

        if not isinstance(error, exceptions.AtProtocolError):
            return None
        response = getattr(error, "response", None)
        said = getattr(getattr(response, "content", None), "error", "")
        if said in ("ExpiredToken", "InvalidToken"):  # with status 400
            return AuthFailed(f"{self._where}: access is refused ({said}); check the handle and the app password.")
        if response is None:
            return SourceUnavailable(f"{self._where}: no answer ({type(error).__name__}); it is asked again later.")
        return None  # by its status


class _Reader:
    """Posts as mentions."""

    def __init__(self, source: BlueskySource, query: Query) -> None:
        self._source, self.sealer = source, sealer_of(source.name, source.key, query)
        self._query = query

    def mentions(
        self, posts: Sequence[Any], *, observed: datetime | None, keeps: Callable[..., bool] = lambda *_: True
    ) -> Iterator[Mention | Rejected]:
        for number, post in enumerate(posts, 1):
            try:
                mention = self._mention(post, observed)
                if keeps(mention, {"hashtags": [str(tag) for tag in post["record"].get("tags") or ()]}):
                    yield mention
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                text = str(_get(_get(post, "record"), "text"))  # without the author
                reason = f"a post cannot be read: {type(error).__name__}"
                yield Rejected(source=self._source.name, file=self._source.base_url, line=number, reason=reason, raw=text)

    def _mention(self, post: Any, observed: datetime | None) -> Mention:
        record, author, at = post["record"], post["author"], _sorted_at(post)
        if at is None:
            raise ValueError("it has no date")
        text, reply, native_id = str(record["text"]), record.get("reply") or {}, self._id(post["uri"])
        known = [int(post[name]) for name in _COUNTS if post.get(name) is not None]
        writing = brand_named(self._query, [str(author.get("handle"))])
        called = texts.handles(texts.folded(text))
        brand = writing or brand_named(self._query, called | {name.removesuffix(".bsky.social") for name in called})
        belongs: Property = "own" if writing else "addressed" if brand else "independent"
        link = f"https://bsky.app/profile/{author['did']}/post/{post['uri'].rpartition('/')[2]}"
        return Mention(
            source=self._source.name, native_id=native_id, channel="bluesky", text=text, published_at=at, observed_at=observed,
            kind="reply" if reply else "post", property=belongs, is_own=bool(writing), brand=brand, author_id=author["did"],
            author_name=author.get("handle"), language=next(iter(record.get("langs") or ()), None),
            url=link if self._source.links else None, thread_id=self._id(reply["root"]["uri"]) if reply else native_id,
            in_reply_to=self._id(reply["parent"]["uri"]) if reply else None, engagement=sum(known) if known else None,
            media=(*_media(post.get("embed") or {}), *_links(record)),
        )

    def _id(self, uri: str) -> str:
        """The id of at://ACCOUNT/app.bsky.feed.post/KEY: both parts, sealed."""
        account, kind, key = uri.removeprefix("at://").split("/")
        if kind != _POSTS:
            raise ValueError("it is no post")
        return self.sealer.seal(f"{account}/{key}")


def _uri(native_id: str) -> str:
    account, key = native_id.split("/")
    return f"at://{account}/{_POSTS}/{key}"


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sorted_at(post: Any) -> datetime | None:
    """When the post was written or indexed, whichever is earlier; what it says itself may be anything."""
    found = []
    for value in (_get(_get(post, "record"), "createdAt"), _get(post, "indexedAt")):
        try:
            moment = datetime.fromisoformat(str(value))
            found.append(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except ValueError:
            continue
    return min(found, default=None)


def _links(record: dict[str, Any]) -> Iterator[Media]:
    """Where links in the text lead to: the text shows them shortened."""
    for facet in record.get("facets") or ():
        for feature in facet.get("features") or ():
            if feature.get("uri"):
                yield Media(type="link", url=feature["uri"])


def _media(embed: dict[str, Any]) -> Iterator[Media]:
    embed = embed.get("media") or embed  # beside a quoted post
    for image in embed.get("images") or ():
        yield Media(type="image", url=image.get("fullsize"), alt=image.get("alt") or None)
    if embed.get("playlist"):
        yield Media(type="video", url=embed["playlist"], alt=embed.get("alt") or None)
    if isinstance(embed.get("external"), dict):
        yield Media(type="link", url=embed["external"].get("uri"), alt=embed["external"].get("title") or None)
