"""Threads: public posts by keyword, posts that mention the own account, and what is written below its posts (Threads API)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from pipelines.graph import Graph, moment
from pipelines.owned import brand_of
from pipelines.query.brands import expression_of
from pipelines.query.dialects import THREADS
from pipelines.query.language import NOTHING
from pipelines.query.searching import Search, search_of
from pipelines.records import Found, Gap, Media, Mention, Property, Query, Rejected, Window
from pipelines.settings import secret
from pipelines.sources.base import SPAN, Card, Source

HOST = "https://graph.threads.net"
VERSION = "v1.0"
_LAG = timedelta(minutes=15)  # a post can be edited for so long: later it is what it stays
_SECOND = timedelta(seconds=1)
_FIELDS = ("id,text,media_type,permalink,timestamp,username,alt_text,is_reply,is_quote_post,has_replies,root_post{id},"
           "replied_to{id},is_reply_owned_by_me")
_SEARCHED = "id,text,media_type,permalink,timestamp,username,alt_text,is_reply,is_quote_post,has_replies"
_TYPES = {"IMAGE": "image", "CAROUSEL_ALBUM": "image", "VIDEO": "video", "AUDIO": "audio"}


class ThreadsSource(Source):
    """Asks for spans of time, newest first. What is found in several ways counts as the nearest: own, addressed, independent."""

    incremental: ClassVar[bool] = False
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "Threads"
    key_page: ClassVar[str | None] = "https://developers.facebook.com/apps"
    card: ClassVar[Card | None] = Card(
        channel="threads", collects="public posts by keyword, mentions of the own account, replies to its posts",
        cannot="private accounts; words that the platform calls sensitive (it gives nothing); likes and views of others",
        keys="token with threads_basic, threads_keyword_search, threads_manage_mentions, threads_read_replies",
        limits="2,200 searches a day and user", deletion="not told by the interface: erase on request",
    )

    token: str = Field(description="Access token of the user: env:NAME or file:PATH.")
    user_id: str = Field(description="Id of the own account: a number.", pattern=r"^\d+$")
    username: str = Field(description="Handle of the own account, without @.")
    brand: str = Field(default="", description="Key of the brand whose account this is; default: the only one of your own.")
    terms: list[str] = Field(default=[], description="What to search for, kept whole; default: what the brands' queries need.")
    days: int = Field(default=7, ge=0, description="Replies are looked for below own posts of so many days; 0: not at all.")
    window: str = Field(default="1h", pattern=SPAN, description="Width of one collection window: a number and m, h or d.")
    rate: str = Field(default="2200/1d", description="Most requests in any span, such as 2200/1d; with commas, several.")
    page: int = Field(default=100, ge=1, le=100, description="Posts a request.")
    base_url: str = Field(default=HOST, description="Address of the platform.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """What was written in the window, a quarter of an hour late; what the budget does not reach are gaps."""
        reading = _Reading(self, query, Window(window.start - _LAG, window.end - _LAG))
        if self.days:
            yield from reading.own_posts()
        yield from reading.mentions()
        for term in reading.terms:
            yield from reading.search(term)

    def fill(self, query: Query, gap: Gap) -> Iterator[Found]:
        """What a gap lacks: older posts of a list or a search, or the rest of a conversation."""
        what, _, rest = gap.query.partition(" ")
        reading = _Reading(self, query, Window(gap.start, gap.end))
        if what == "below":
            post, _, after = rest.partition(" ")
            return reading.below(post, after or None)
        if what == "posts":
            return reading.own_posts(datetime.fromisoformat(rest) if rest else None)
        return reading.mentions() if what == "mentions" else reading.search(rest)


class _Reading:
    """Reads lists for one span; each post is given once."""

    def __init__(self, source: ThreadsSource, query: Query, span: Window) -> None:
        self._graph = Graph(source, query, token=secret(source.token), base_url=source.base_url, version=VERSION)
        self._source, self._span, self._brand = source, span, brand_of(source, query)
        self._seen: set[str] = set()
        self._search = self._searching(query)

    @property
    def terms(self) -> tuple[str, ...]:
        """What is searched for."""
        return self._search.texts

    def _searching(self, query: Query) -> Search:
        source = self._source
        if not source.terms and expression_of(query) == NOTHING:
            return Search(query, [])  # there is still the own account
        return search_of(THREADS, query, source.terms, where=f"[sources.{source.name}]", hint="terms")

    def own_posts(self, before: datetime | None = None) -> Iterator[Found]:
        """Own posts of the last days, and what was written below them."""
        first, last = self._span.start - timedelta(days=self._source.days), before or self._span.end
        for page in self._listed(("posts",), (self._source.user_id, "threads"), Window(first, last), fields=_FIELDS):
            if isinstance(page, Gap):
                yield self._gap(f"posts {page.end.isoformat()}", self._span.end)
                return
            for item in page:
                found = self._read(item, "own")
                if self._is_new(found):
                    yield found
                if isinstance(found, Mention) and item.get("has_replies") is not False:
                    yield from self.below(found.native_id)

    def below(self, post: str, after: str | None = None) -> Iterator[Found]:
        """The conversation below a post, newest first, with replies to replies."""
        for page in self._graph.pages(post, "conversation", after=after, fields=_FIELDS, limit=self._source.page):
            if page.is_cut:
                yield self._gap(f"below {post} {page.after or ''}".rstrip(), self._span.end)
                return
            found = [self._read(item, "own") for item in page.items]
            yield from (f for f in found if self._is_new(f))
            times = [f.published_at for f in found if isinstance(f, Mention) and f.published_at]
            if times and min(times) < self._span.start:
                return

    def mentions(self) -> Iterator[Found]:
        """Posts that mention the own account."""
        yield from self._span_of(("mentions",), (self._source.user_id, "mentions"), "addressed", fields=_FIELDS)

    def search(self, term: str) -> Iterator[Found]:
        """Public posts that hold a term, as far as they are meant."""
        asked = {"fields": _SEARCHED, "q": term, "search_type": "RECENT"}
        for found in self._span_of(("search", term), ("keyword_search",), "independent", **asked):
            if not isinstance(found, Mention) or self._search.keeps(term, found):
                yield found

    def _span_of(self, what: tuple[str, ...], path: tuple[str, ...], prop: Property, **params: Any) -> Iterator[Found]:
        for page in self._listed(what, path, self._span, **params):
            if isinstance(page, Gap):
                yield page
                return
            found = [self._read(item, prop) for item in page]
            yield from (f for f in found if self._is_new(f))

    def _listed(self, what: tuple[str, ...], path: tuple[str, ...], span: Window, **params: Any) -> Iterator[list[Any] | Gap]:
        """Pages of a list that goes back in time: by their cursors, or where there are none by the time that was reached."""
        after, end = None, span.end
        while True:
            if self._graph.is_spent:
                yield self._gap(" ".join(what), end)
                return
            since, until = int(span.start.timestamp()), int(end.timestamp())
            asked = {"since": since, "until": until, "limit": self._source.page, "after": after} | params
            page = self._graph.page(self._graph.get(*path, **asked))
            yield list(page.items)
            times = [moment(item["timestamp"]) for item in page.items if isinstance(item, dict) and item.get("timestamp")]
            reached, after = min([end, *(t + _SECOND for t in times)]), page.after
            if after is None and (len(page.items) < self._source.page or reached == end):
                return
            if after is None or self._graph.is_spent:
                after, end = None, reached

    def _gap(self, what: str, end: datetime) -> Gap:
        return self._source.unreached(what, Window(self._span.start, end))

    def _is_new(self, found: Mention | Rejected) -> bool:
        if isinstance(found, Rejected):
            return True
        assert found.published_at is not None
        is_new = found.native_id not in self._seen and self._span.start <= found.published_at < self._span.end
        self._seen.add(found.native_id)
        return is_new

    def _read(self, item: Any, prop: Property) -> Mention | Rejected:
        try:
            author, kind = item.get("username"), _TYPES.get(str(item.get("media_type")))
            ours = self._source.username.lower().removeprefix("@")
            is_own = (author or "").lower() == ours or bool(item.get("is_reply_owned_by_me"))
            media = Media(type=kind, url=item.get("permalink"), alt=item.get("alt_text")) if kind else None  # type: ignore[arg-type]
            return Mention(
                source=self._source.name, native_id=str(item["id"]), channel="threads", text=item.get("text") or "",
                published_at=moment(item["timestamp"]), kind="reply" if item.get("is_reply") else "post",
                property="own" if is_own else prop, is_own=is_own, brand=self._brand if is_own or prop != "independent" else None,
                author_id=author, author_name=author, url=item.get("permalink"), media=(media,) if media else (),
                thread_id=(item.get("root_post") or {}).get("id"), in_reply_to=(item.get("replied_to") or {}).get("id"),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            which = item.get("id") if isinstance(item, dict) else None
            return self._source.unreadable(f"the post {which}", error, item, file=HOST)
