"""X (Twitter): recent search of API v2, through tweepy. Priced by the post: set `requests`, and look at `earshot forecast`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from pipelines.asking import Asking
from pipelines.errors import ConfigError, SourceUnavailable
from pipelines.fetching import session
from pipelines.records import Found, Gap, Kind, Media, Mention, Query, Rejected, Window
from pipelines.settings import secret
from pipelines.sources.base import Card, Source

HOST = "https://api.twitter.com"
_LAG = timedelta(minutes=1)  # the platform refuses spans that end in the last seconds, and indexes late
_FIELDS = ["author_id", "conversation_id", "created_at", "edit_history_tweet_ids", "entities", "in_reply_to_user_id", "lang",
           "public_metrics", "referenced_tweets", "attachments"]
_MEDIA = ["alt_text", "type", "url", "preview_image_url"]
_TYPES = {"photo": "image", "video": "video", "animated_gif": "video"}
_LOOKED_UP = 100  # ids a request


class XSource(Source):
    """Asks for spans of time, newest first. Author objects cost more than posts and are asked for only with `authors`."""

    incremental: ClassVar[bool] = False
    can_look_up: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "X (Twitter)"
    key_page: ClassVar[str | None] = "https://developer.x.com/en/portal/dashboard"
    card: ClassVar[Card | None] = Card(
        channel="x", collects="posts and replies of the last 7 days that match the query", keys="bearer token",
        cannot="older posts, protected accounts, direct messages (other access)", cost="about $0.005 a post, $0.010 an author",
        limits="450 requests in 15 minutes; queries of 512 characters",
        deletion="honour deleted, edited, protected and suspended: looked up again, absent ones are withdrawn",
    )

    token: str = Field(description="Bearer token of the app: env:NAME or file:PATH.")
    queries: list[str] = Field(default=[], description="Search rules of X itself; default: names and handles of all brands.")
    authors: bool = Field(default=False, description="Ask for authors too (names, followers): costs up to three times as much.")
    rate: str = Field(default="450/15m", description="Most requests in any span, such as 450/15m; with commas, several.")
    page: int = Field(default=100, ge=10, le=100, description="Posts a request.")
    base_url: str = Field(default=HOST, description="Address of the platform.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """Posts whose span, one minute late, is the window; what the budget does not reach is a gap."""
        rules = self.queries or _rules(query)
        if not rules:
            raise ConfigError(f"[sources.{self.name}] has nothing to search for: set its queries, or configure [brands.*].")
        span = Window(window.start - _LAG, window.end - _LAG)
        ask, client = Asking(self, query), self._client()
        for rule in rules:
            yield from self._search(ask, client, rule, span)

    def fill(self, query: Query, gap: Gap) -> Iterator[Found]:
        """The span of a gap, for the rule that missed it."""
        yield from self._search(Asking(self, query), self._client(), gap.query, Window(gap.start, gap.end))

    def _client(self) -> Any:
        import tweepy

        logging.getLogger("tweepy").setLevel(logging.INFO)  # below that it logs the token
        client = tweepy.Client(secret(self.token), return_type=dict)
        client.session = session(self.base_url, instead_of=HOST)
        client.user_agent = client.session.headers["User-Agent"]
        return client

    def _search(self, ask: Asking, client: Any, rule: str, span: Window) -> Iterator[Found]:
        options: dict[str, Any] = {
            "start_time": span.start, "end_time": span.end, "max_results": self.page, "tweet_fields": _FIELDS,
            "media_fields": _MEDIA, "expansions": ["attachments.media_keys", *(["author_id"] if self.authors else [])],
            "user_fields": ["public_metrics", "username"] if self.authors else None,
        }
        token, oldest = None, span.end
        while True:
            if ask.is_spent:
                if oldest > span.start:
                    reason = f"the {self.requests} requests of this collection were used up"
                    yield Gap(source=self.name, query=rule, start=span.start, end=oldest, reason=reason)
                return
            page = ask(lambda: _checked(client.search_recent_tweets(rule, next_token=token, **options)))  # noqa: B023
            for item in self._mentions(page, observed=None):
                if isinstance(item, Mention) and item.published_at:
                    oldest = min(oldest, item.published_at + timedelta(seconds=1))
                yield item
            token = page.get("meta", {}).get("next_token")
            if not token:
                return

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Posts by id; those that the platform no longer gives are deleted, or their authors protected or suspended."""
        ask, client = Asking(self, query), self._client()
        options = {"tweet_fields": _FIELDS, "media_fields": _MEDIA, "expansions": ["attachments.media_keys"]}
        for start in range(0, len(native_ids), _LOOKED_UP):
            ids = list(native_ids[start : start + _LOOKED_UP])
            page = ask(lambda: _checked(client.get_tweets(ids, **options)))  # noqa: B023
            yield from self._mentions(page, observed=now)
            gone = {str(e.get("resource_id")) for e in page.get("errors", ()) if _is_gone(e)}
            for native_id in ids:
                if native_id in gone:
                    yield self.gone(native_id, channel="x", now=now)

    def _mentions(self, page: dict[str, Any], *, observed: datetime | None) -> Iterator[Mention | Rejected]:
        included = page.get("includes") or {}
        media = {m.get("media_key"): m for m in included.get("media") or ()}
        users = {u.get("id"): u for u in included.get("users") or ()}
        for number, post in enumerate(page.get("data") or (), 1):
            try:
                yield self._mention(post, media, users, observed)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                reason = f"a post cannot be read: {type(error).__name__} {error}"
                yield Rejected(source=self.name, file=HOST, line=number, reason=reason, raw=str(post)[:10_000])

    def _mention(
        self, post: dict[str, Any], media: dict[Any, Any], users: dict[Any, Any], observed: datetime | None
    ) -> Mention:
        counts, author = post.get("public_metrics") or {}, users.get(post.get("author_id")) or {}
        known = [counts[name] for name in ("like_count", "reply_count", "retweet_count", "quote_count") if name in counts]
        refers = {r["type"]: r["id"] for r in post.get("referenced_tweets") or ()}
        kind: Kind = "repost" if "retweeted" in refers else "reply" if "replied_to" in refers else "post"
        keys = (post.get("attachments") or {}).get("media_keys") or ()
        versions = post.get("edit_history_tweet_ids") or [post["id"]]  # an edit is a post of its own; the first id stays ours
        return Mention(
            source=self.name, native_id=str(versions[0]), channel="x", text=post["text"], kind=kind,
            published_at=datetime.fromisoformat(post["created_at"]), observed_at=observed,
            author_id=post.get("author_id"), author_name=author.get("username"),
            author_followers=(author.get("public_metrics") or {}).get("followers_count"),
            language=post.get("lang") if post.get("lang") not in (None, "und") else None,
            url=f"https://x.com/i/status/{post['id']}", thread_id=post.get("conversation_id"),
            in_reply_to=refers.get("replied_to"), engagement=sum(known) if known else None,
            reach=counts.get("impression_count"), media=tuple(_media(media[key]) for key in keys if key in media),
        )


def _rules(query: Query) -> list[str]:
    """One rule a brand: its name and aliases as phrases, and its handles."""
    found = []
    for brand in query.brands:
        parts = [f'"{name}"' for name in (brand.name, *brand.aliases)] + [f"@{handle}" for handle in brand.handles]
        found.append(" OR ".join(dict.fromkeys(parts)))
    return found


def _checked(page: Any) -> dict[str, Any]:
    """The answer, where it is one: an object with `data`, `meta` or `errors`."""
    if not isinstance(page, dict) or not page.keys() & {"data", "meta", "errors"}:
        raise SourceUnavailable("x: the answer is not what recent search gives; it is asked again later.")
    return page


def _is_gone(error: Any) -> bool:
    kind = str(error.get("type", ""))
    return kind.endswith(("resource-not-found", "not-authorized-for-resource"))


def _media(found: dict[str, Any]) -> Media:
    kind: Any = _TYPES.get(str(found.get("type")), "image")
    return Media(type=kind, url=found.get("url") or found.get("preview_image_url"), alt=found.get("alt_text"))
