"""X (Twitter): recent search of API v2, through tweepy. Priced by the post: set `requests`, and look at `earshot budget`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from pipelines.asking import Asking
from pipelines.errors import RateLimited, SourceError, SourceUnavailable
from pipelines.fetching import session
from pipelines.owned import brand_named, brand_writing
from pipelines.query.dialects import X
from pipelines.query.searching import Search, search_of
from pipelines.records import Found, Gap, Kind, Media, Mention, Query, Rejected, Window
from pipelines.settings import secret
from pipelines.sources.base import SPAN, Card, Source

HOST = "https://api.twitter.com"
_LAG = timedelta(minutes=1)  # the platform refuses spans that end in the last seconds, and indexes late
_FIELDS = ["author_id", "conversation_id", "created_at", "edit_history_tweet_ids", "entities", "lang", "note_tweet",
           "public_metrics", "referenced_tweets", "attachments"]
_MEDIA = ["alt_text", "type", "url", "preview_image_url"]
_COUNTS = ("like_count", "reply_count", "retweet_count", "quote_count")
_TYPES = {"photo": "image", "video": "video", "animated_gif": "video"}
_POST, _AUTHOR, _COUNT = 0.005, 0.010, 0.005  # dollars
_LOOKED_UP = 100  # ids a request
_EPOCH, _SNOWFLAKES = 1_288_834_974_657, 1 << 40  # ids hold their time, in milliseconds from here; the first ones did not
_MONTHLY = 86_400.0  # seconds until it is worth asking again once a month's posts are used up


class _Refused(SourceUnavailable):
    """X cannot answer the question, now or later."""


class XSource(Source):
    """Asks for spans of time, newest first. Author objects cost more than posts: see `authors`."""

    incremental: ClassVar[bool] = False
    can_look_up: ClassVar[bool] = True
    delete_within: ClassVar[timedelta | None] = timedelta(hours=24)  # developer agreement, after a request by X or its user
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "X (Twitter)"
    key_page: ClassVar[str | None] = "https://developer.x.com/en/portal/dashboard"
    card: ClassVar[Card | None] = Card(
        channel="x", collects="posts and replies of the last 7 days that match the query", keys="bearer token",
        cannot="older posts, protected accounts, direct messages (other access)",
        cost="priced by what is read: about $0.005 a post, $0.010 an author, $0.005 a count; looking up again is reading",
        limits="450 requests in 15 minutes; queries of 512 characters",
        deletion="honour deleted, edited, protected and suspended: looked up again, absent ones are withdrawn",
    )

    token: str = Field(description="Bearer token of the app: env:NAME or file:PATH.")
    queries: list[str] = Field(default=[], description="Search rules of X itself, kept whole; default: the brands' queries.")
    own: list[str] = Field(default=[], description="Ids of the brand's own accounts, whose posts are not the public's.")
    authors: bool = Field(
        default=False,
        description="Ask for authors too (names, followers), for up to three times the price. A query that needs them does so.",
    )
    rate: str = Field(default="450/15m", description="Most requests in any span, such as 450/15m; with commas, several.")
    backfill: str = Field(
        default="6d", pattern=SPAN, description="How far back missed windows are collected by themselves; X reaches back 7 days.",
    )
    page: int = Field(default=100, ge=10, le=100, description="Posts a request.")
    base_url: str = Field(default=HOST, description="Address of the platform.")

    @property
    def price(self) -> float:
        """Dollars a post, as X lists them: the post, and the author where the stanza asks for it."""
        return _POST + (_AUTHOR if self.authors else 0.0)

    def price_of(self, query: Query) -> float:
        """With the author also where the query needs it."""
        return _POST + (_AUTHOR if self.authors or self._searching(query).looks_at("author") else 0.0)

    @property
    def price_again(self) -> float:
        """Looking up asks for no authors."""
        return _POST

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """Posts whose span, one minute late, is the window; what the budget does not reach is a gap.

        Of a window that has not ended yet, what is there by now.
        """
        ask, client, span, search = self._asking(query), self._client(), _late(window, query.now), self._searching(query)
        for rule in search.texts:
            yield from self._search(ask, client, rule, span, search)

    def count(self, query: Query, window: Window) -> int:
        """Posts of a window, by one request a rule; a post that several rules find counts for each, as it is billed."""
        ask, client, span, total = self._asking(query), self._client(), _late(window, query.now), 0
        for rule in self._searching(query).texts if span.start < span.end else ():
            options: dict[str, Any] = {"start_time": span.start, "end_time": span.end, "granularity": "day"}
            while True:
                page = ask(lambda: _checked(client.get_recent_tweets_count(rule, **options), "meta"))  # noqa: B023
                self._counted += _COUNT
                total += int(page["meta"]["total_tweet_count"])
                if not (token := page["meta"].get("next_token")):
                    break
                options["next_token"] = token
        return total

    def fill(self, query: Query, gap: Gap) -> Iterator[Found]:
        """The span of a gap, for the rule that missed it; one that X no longer reaches stays, and holds up no other."""
        span, search = Window(gap.start, gap.end), self._searching(query)
        try:
            yield from self._search(self._asking(query), self._client(), gap.query, span, search)
        except _Refused:
            yield gap

    def _searching(self, query: Query) -> Search:
        return search_of(X, query, self.queries, where=f"[sources.{self.name}]")

    def _asking(self, query: Query) -> Asking:
        return Asking(self, query, self._meaning)

    def _meaning(self, error: Exception) -> SourceError | None:
        """What is special here: used-up months and credits, and questions that X refuses to read."""
        status = getattr(getattr(error, "response", None), "status_code", None)
        where = f"[sources.{self.name}]"
        if status == 402:
            return SourceUnavailable(f"{where}: the account has no credits left; buy some at {self.key_page}.", is_passing=False)
        if status == 429 and "UsageCapExceeded" in getattr(getattr(error, "response", None), "text", ""):
            return RateLimited(f"{where}: the posts of this month are used up at X.", retry_after=_MONTHLY, is_told=True)
        if status == 400:
            return _Refused(
                f"{where}: X cannot read the question (400): a rule is wrong or longer than 512 characters, or the span lies "
                "more than 7 days back; shorten the rule or give up the span.", is_passing=False,
            )
        return None

    def _client(self) -> Any:
        import tweepy

        logging.getLogger("tweepy").setLevel(logging.INFO)  # below that it logs the token
        client = tweepy.Client(secret(self.token), return_type=dict)
        client.session = session(self.base_url, instead_of=HOST)
        client.user_agent = client.session.headers["User-Agent"]
        return client

    def _search(self, ask: Asking, client: Any, rule: str, span: Window, search: Search) -> Iterator[Found]:
        has_authors = self.authors or search.looks_at("author")  # by their names it is decided here what is meant
        options: dict[str, Any] = {
            "start_time": span.start, "end_time": span.end, "max_results": self.page, "tweet_fields": _FIELDS,
            "media_fields": _MEDIA, "expansions": ["attachments.media_keys", *(["author_id"] if has_authors else [])],
            "user_fields": ["public_metrics", "username"] if has_authors else None,
        }
        token, oldest = None, span.end
        while span.start < span.end:
            if ask.is_spent:
                if oldest > span.start:
                    reason = f"the {self.requests} requests of this collection were used up"
                    yield Gap(source=self.name, query=rule, start=span.start, end=oldest, reason=reason)
                return
            page = ask(lambda: _checked(client.search_recent_tweets(rule, next_token=token, **options), "meta"))  # noqa: B023
            for item in self._mentions(page, search.query, observed=None):
                if isinstance(item, Mention) and not (_is_cut(item) or search.keeps(rule, item)):
                    self._unkept += 1
                    continue
                yield item
            oldest = min([oldest, *_ends(page)])
            token = page["meta"].get("next_token")
            if not token:
                return

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Posts by id; those that the platform no longer gives are deleted, or their authors protected or suspended.

        An edited post is a new one to X: where an id turns out not to be the newest version, the newest is asked for too.
        """
        ask, client = self._asking(query), self._client()
        newest: dict[str, str] = {}  # newest id -> ours, the first
        for start in range(0, len(native_ids), _LOOKED_UP):
            asked = {native_id: native_id for native_id in native_ids[start : start + _LOOKED_UP]}
            yield from self._versions(ask, client, asked, newest, query, now)
        waiting = list(newest.items())
        for start in range(0, len(waiting), _LOOKED_UP):
            yield from self._versions(ask, client, dict(waiting[start : start + _LOOKED_UP]), {}, query, now)

    def _versions(
        self, ask: Asking, client: Any, asked: dict[str, str], newest: dict[str, str], query: Query, now: datetime
    ) -> Iterator[Mention | Rejected]:
        """Look up ids (asked id -> ours). Versions that are outdated go into `newest`, by the id to ask instead."""
        options = {"tweet_fields": _FIELDS, "media_fields": _MEDIA, "expansions": ["attachments.media_keys"]}
        page = ask(lambda: _checked(client.get_tweets(list(asked), **options), "data", "errors"))
        current = []
        for post in page.get("data") or ():
            last = (post.get("edit_history_tweet_ids") or [post.get("id")])[-1]
            if last != post.get("id") and last not in asked:
                newest[last] = asked.get(post.get("id"), post.get("id"))
            else:
                current.append(post)
        yield from self._mentions(page | {"data": current}, query, observed=now)
        gone = {str(e.get("resource_id")) for e in page.get("errors") or () if _is_gone(e)}
        for native_id in gone & asked.keys():
            yield self.gone(asked[native_id], channel="x", now=now)

    def _mentions(self, page: dict[str, Any], query: Query, *, observed: datetime | None) -> Iterator[Mention | Rejected]:
        included = page.get("includes") or {}
        media = {m.get("media_key"): m for m in included.get("media") or ()}
        users = {u.get("id"): u for u in included.get("users") or ()}
        handles = {handle.casefold() for brand in query.brands for handle in brand.handles if not brand.is_competitor}
        for number, post in enumerate(page.get("data") or (), 1):
            try:
                yield self._mention(post, media, users.get(post.get("author_id")) or {}, query, handles, observed)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                yield self.unreadable("a post", error, post, file=HOST, line=number)

    def _mention(
        self, post: dict[str, Any], media: dict[Any, Any], author: dict[str, Any], query: Query, handles: set[str],
        observed: datetime | None,
    ) -> Mention:
        counts = post.get("public_metrics") or {}
        known = [counts[name] for name in _COUNTS if name in counts]
        refers = {r["type"]: r["id"] for r in post.get("referenced_tweets") or ()}
        kind: Kind = "repost" if "retweeted" in refers else "reply" if "replied_to" in refers else "post"
        keys = (post.get("attachments") or {}).get("media_keys") or ()
        created = datetime.fromisoformat(post["created_at"])
        versions = post.get("edit_history_tweet_ids") or [post["id"]]  # an edit is a post of its own; the first id stays ours
        first, thread = str(versions[0]), post.get("conversation_id")
        is_edited = first != post["id"]
        names = {str(m.get("username")).casefold() for m in (post.get("entities") or {}).get("mentions") or ()}
        username = str(author.get("username")).casefold()
        is_own = post.get("author_id") in self.own or username in handles
        return Mention(
            source=self.name, native_id=first, channel="x", text=(post.get("note_tweet") or {}).get("text") or post["text"],
            kind=kind, published_at=_published(first) or created if is_edited else created,
            observed_at=observed or (created if is_edited else None),
            property="addressed" if names & handles else "independent",
            is_own=is_own, brand=brand_writing(query, username) if is_own else brand_named(query, names & handles),
            author_id=post.get("author_id"), author_name=author.get("username"),
            author_followers=(author.get("public_metrics") or {}).get("followers_count"),
            language=post.get("lang") if post.get("lang") not in (None, "und") else None,
            url=f"https://x.com/i/status/{post['id']}", thread_id=first if thread in versions else thread,
            in_reply_to=refers.get("replied_to"), engagement=sum(known) if known else None,
            reach=counts.get("impression_count"), media=(*(_media(media[key]) for key in keys if key in media), *_links(post)),
        )


def _late(window: Window, now: datetime | None) -> Window:
    """The span to ask for: up to a minute ago where the window has not ended; it is empty where it lies ahead."""
    end = min(window.end, now or window.end).replace(microsecond=0)
    return Window(window.start - _LAG, end - _LAG)


def _published(native_id: str) -> datetime | None:
    """When a post was published, by its id."""
    number = int(native_id)
    return datetime.fromtimestamp(((number >> 22) + _EPOCH) / 1000, UTC) if number > _SNOWFLAKES else None


def _ends(page: dict[str, Any]) -> Iterator[datetime]:
    """Ends of spans, in whole seconds, that would hold what is older than each post of a page, and the post again."""
    for post in page.get("data") or ():
        try:
            yield datetime.fromisoformat(post["created_at"]).replace(microsecond=0) + timedelta(seconds=1)
        except (KeyError, TypeError, ValueError):
            continue  # it is rejected where it is read


def _is_cut(mention: Mention) -> bool:
    """A repost of a long post: X searches the whole text and gives its beginning, by which nothing can be decided here."""
    return mention.kind == "repost" and mention.text.endswith("…")


def _checked(page: Any, *needed: str) -> dict[str, Any]:
    """The answer, where it is one: an object with at least one of the keys."""
    if not isinstance(page, dict) or not page.keys() & set(needed):
        raise SourceUnavailable("the answer is not of the documented form; it is asked again later.")
    return page


def _is_gone(error: Any) -> bool:
    kind = str(error.get("type", ""))
    return kind.endswith(("resource-not-found", "not-authorized-for-resource"))


def _links(post: dict[str, Any]) -> Iterator[Media]:
    """Where the short links in the text lead to, but for those to the post's own media."""
    for link in (post.get("entities") or {}).get("urls") or ():
        if link.get("expanded_url") and not link.get("media_key"):
            yield Media(type="link", url=link["expanded_url"])


def _media(found: dict[str, Any]) -> Media:
    kind: Any = _TYPES.get(str(found.get("type")), "image")
    return Media(type=kind, url=found.get("url") or found.get("preview_image_url"), alt=found.get("alt_text"))
