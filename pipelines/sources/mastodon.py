"""Mastodon: posts under hashtags and, where the instance allows it, full-text search, through Mastodon.py.

Ids of posts hold the time of publication (milliseconds since 1970, then 16 bits), also of posts that arrive late from other
servers. So any past span can be asked for by ids, and each collection looks back a little for what arrived late.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field

from pipelines.asking import Asking
from pipelines.errors import ConfigError, SourceError, SourceUnavailable
from pipelines.fetching import AGENT, TIMEOUT_SECONDS, by_status, plain_text, session
from pipelines.owned import brand_named
from pipelines.query.brands import expression_of, of_brand
from pipelines.query.compiling import Compiled, compile_for
from pipelines.query.dialects import MASTODON, MASTODON_HASHTAGS
from pipelines.query.searching import Search, search_of
from pipelines.records import Found, Gap, Media, Mention, Property, Query, Rejected, Window
from pipelines.settings import secret, span
from pipelines.sources.base import SPAN, Card, Source

_SECOND, _MILLISECOND = timedelta(seconds=1), timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TYPES: dict[str, Literal["image", "video", "audio"]] = {"image": "image", "gifv": "video", "video": "video", "audio": "audio"}
_LOOKED_UP = 20  # ids a request
_VERSION = "4.3.0"  # of the interface that is spoken; else the library asks the instance, behind our pace


class MastodonSource(Source):
    """Asks for spans of time: hashtags oldest first by `min_id`, search newest first. Sees what its instance has received."""

    incremental: ClassVar[bool] = False
    can_look_up: ClassVar[bool] = True
    title: ClassVar[str] = "Mastodon"
    card: ClassVar[Card | None] = Card(
        channel="mastodon", collects="public posts under hashtags; full-text search where the instance offers it",
        cannot="posts that never reach the chosen instance, private posts, authors who opted out of search",
        keys="none for hashtags on most instances; access token for search", limits="300 requests in 5 minutes",
        deletion="deleted and hidden posts answer 404: looked up again and withdrawn",
    )

    base_url: str = Field(default="https://mastodon.social", description="Address of the instance.")
    token: str = Field(default="", description="Access token of an application there: env:NAME or file:PATH; search needs one.")
    hashtags: list[str] = Field(
        default=[],
        description="Without #, kept whole; default: names, aliases and handles of all brands, and hashtags of their queries.",
    )
    search: bool = Field(default=False, description="Search texts too, where the instance offers it; needs a token.")
    searches: list[str] = Field(default=[], description="Searches in Mastodon's own syntax, kept whole; instead of the queries.")
    late: str = Field(default="15m", description="How far each collection looks back for posts that arrived late.", pattern=SPAN)
    page: int = Field(default=40, ge=1, le=40, description="Posts a request.")
    rate: str = Field(default="300/5m", description="Most requests in any span, such as 300/5m; with commas, several.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """Posts of the window and of a little before it; what the budget does not reach is a gap."""
        wanted = self._wanted(query)
        client, ask = self._client(query)
        for what in wanted.texts:
            yield from self._span(client, ask, wanted, what, Window(window.start - span(self.late), window.end))

    def fill(self, query: Query, gap: Gap) -> Iterator[Found]:
        """The span of a gap, for the hashtag or search that missed it."""
        wanted = self._wanted(query)
        client, ask = self._client(query)
        yield from self._span(client, ask, wanted, gap.query, Window(gap.start, gap.end))

    def _wanted(self, query: Query) -> Search:
        """Hashtags, as #name, and searches: those of the stanza, or else of the brands."""
        where, own = f"[sources.{self.name}]", [f"#{tag.lstrip('#')}" for tag in self.hashtags] + self.searches
        asked = [Compiled(text, residual=False) for text in own] or [Compiled(f"#{tag}", residual=True) for tag in _tags(query)]
        if self.search and not self.searches:
            asked += search_of(MASTODON, query, where=where, hint="searches").asked
        if not asked:
            raise ConfigError(f"{where} has nothing to look for: set its hashtags, or configure [brands.*].")
        return Search(query, asked)

    def _span(self, client: Any, ask: Asking, search: Search, what: str, wanted: Window) -> Iterator[Found]:
        if what.startswith("#") and " " not in what:
            yield from self._tagged(client, ask, search, what, wanted)
        else:
            yield from self._found(client, ask, search, what, wanted)

    def _client(self, query: Query) -> tuple[Any, Asking]:
        import mastodon

        class Client(mastodon.Mastodon):  # type: ignore[misc]
            def timeline_is_available(self, *_: Any, **__: Any) -> bool:
                return True  # the library would ask the instance, behind our pace; a timeline that is closed says so itself

        logging.getLogger("urllib3").setLevel(logging.INFO)
        http = session(self.base_url)
        statuses: list[tuple[int, dict[str, str]]] = [(0, {})]
        http.hooks["response"].append(lambda response, **_: statuses.append((response.status_code, dict(response.headers))))
        client = Client(
            access_token=secret(self.token) if self.token else None, api_base_url=self.base_url, ratelimit_method="throw",
            request_timeout=TIMEOUT_SECONDS, mastodon_version=_VERSION, version_check_mode="created", session=http,
            user_agent=AGENT,
        )

        def meaning(error: Exception) -> SourceError | None:
            if not isinstance(error, mastodon.MastodonError) or isinstance(error, mastodon.MastodonIllegalArgumentError):
                return None
            where, (status, headers) = f"[sources.{self.name}]", statuses[-1]
            if status >= 400 and not isinstance(error, mastodon.MastodonNetworkError):
                return by_status(where, status, headers)
            return SourceUnavailable(f"{where}: no answer that can be read ({type(error).__name__}); it is asked again later.")

        return client, Asking(self, query, meaning)

    def _tagged(self, client: Any, ask: Asking, search: Search, tag: str, wanted: Window) -> Iterator[Found]:
        """Oldest first: a page may be shorter than asked for, since the instance filters; only an empty one is the end."""
        newest, end = _id_at(wanted.start) - 1, _id_at(wanted.end)
        while not ask.is_spent:
            page = _listed(ask(lambda: client.timeline_hashtag(tag[1:], min_id=newest, max_id=end, limit=self.page)))  # noqa: B023
            ids = [int(post["id"]) for post in page if str(_get(post, "id")).isdigit()]
            if not page:
                return
            if not ids or max(ids) <= newest:
                raise SourceUnavailable(f"[sources.{self.name}]: the instance does not page by ids as Mastodon does.")
            newest = max(ids)
            yield from self._mentions(search.query, page, observed=None, keeps=partial(search.keeps, tag))
        yield self._gap(tag, Window(_time_of(newest), wanted.end))

    def _found(self, client: Any, ask: Asking, search: Search, words: str, wanted: Window) -> Iterator[Found]:
        """Newest first. Bounds count in whole seconds and leave them out, so that they lie a second wider on both sides."""
        seen: set[str] = set()
        oldest = wanted.end
        while not ask.is_spent:
            bounds = {"min_id": _id_at(wanted.start - _SECOND), "max_id": _id_at(oldest + _SECOND)}
            options = {"resolve": False, "result_type": "statuses", "exclude_unreviewed": False, "limit": self.page}
            page = _listed(_get(ask(lambda: client.search_v2(words, **options, **bounds)), "statuses"))  # noqa: B023
            new = [post for post in page if str(_get(post, "id")) not in seen]
            times = [at for post in page if (at := _moment(_get(post, "created_at")))]
            if not new:
                if len(page) >= self.page:  # one second holds more than a page: it is never left
                    yield self._gap(words, Window(wanted.start, oldest))
                return
            seen.update(str(_get(post, "id")) for post in new)
            oldest = min([oldest, *times]).replace(microsecond=0)
            inside = [post for post in new if _within(post, wanted)]
            yield from self._mentions(search.query, inside, observed=None, keeps=partial(search.keeps, words))
        if oldest > wanted.start:
            yield self._gap(words, Window(wanted.start, oldest + _SECOND))

    def _gap(self, what: str, missed: Window) -> Gap:
        reason = f"the {self.requests} requests of this collection were used up" if self.requests else "a second holds too many"
        return Gap(source=self.name, query=what, start=missed.start, end=missed.end, reason=reason)

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Posts by id. One that is missing in a list counts as gone only when it answers 404 by itself."""
        import mastodon

        client, ask = self._client(query)

        def single(native_id: str) -> Any:
            try:
                return client.status(native_id)
            except mastodon.MastodonNotFoundError:
                return None

        for start in range(0, len(native_ids), _LOOKED_UP):
            ids = list(native_ids[start : start + _LOOKED_UP])
            page = _listed(ask(lambda: client.statuses(ids)))  # noqa: B023
            known = {str(_get(post, "id")) for post in page}
            alone = {i: ask(lambda: single(i)) for i in ids if i not in known}  # noqa: B023
            yield from self._mentions(query, [*page, *(post for post in alone.values() if post)], observed=now)
            yield from (self.gone(i, channel="mastodon", now=now) for i, post in alone.items() if not post)

    def _mentions(
        self, query: Query, page: Sequence[Any], *, observed: datetime | None, keeps: Callable[..., bool] = lambda *_: True
    ) -> Iterator[Mention | Rejected]:
        for number, post in enumerate(page, 1):
            try:
                mention = self._mention(post, query, observed)
                if keeps(mention, self._more(post)):
                    yield mention
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                yield self.unreadable("a post", error, post, file=self.base_url, line=number)

    def _more(self, post: Any) -> dict[str, list[str]]:
        """Accounts that the post names, with their servers, and its hashtags."""
        here = urlsplit(self.base_url).hostname
        accounts = [str(m["acct"]) for m in post.get("mentions") or ()]
        full = [account if "@" in account else f"{account}@{here}" for account in accounts]
        return {"handles": full, "hashtags": [str(tag["name"]) for tag in post.get("tags") or ()]}

    def _mention(self, post: Any, query: Query, observed: datetime | None) -> Mention:
        native_id, account, parent = str(post["id"]), post["account"], post.get("in_reply_to_id")
        published = _moment(post["created_at"])
        if published is None:
            raise ValueError(f"created_at is {post['created_at']!r}")
        parts = [post.get("spoiler_text") or "", plain_text(post["content"])]
        counts = [post.get(name) for name in ("favourites_count", "reblogs_count", "replies_count")]
        known = [int(c) for c in counts if c is not None]
        writing = brand_named(query, [str(account["acct"])])
        brand = writing or brand_named(query, [str(m["acct"]) for m in post.get("mentions") or ()])
        belongs: Property = "own" if writing else "addressed" if brand else "independent"
        return Mention(
            source=self.name, native_id=native_id, channel="mastodon", text="\n\n".join(p for p in parts if p),
            published_at=published, observed_at=observed or _moment(post.get("edited_at")), kind="reply" if parent else "post",
            property=belongs, is_own=bool(writing), brand=brand, visibility=_seen_by(post.get("visibility")),
            author_id=account["acct"], author_name=account.get("display_name") or None,
            author_followers=account.get("followers_count"), language=post.get("language"),
            url=post.get("url") or None, thread_id=None if parent else native_id,
            in_reply_to=str(parent) if parent else None, engagement=sum(known) if known else None,
            media=tuple(_media(m) for m in post.get("media_attachments") or ()),
        )


def _tags(query: Query) -> list[str]:
    """Names of all brands as people write them in hashtags, letters and digits alone; and the hashtags of their queries."""
    names = [name for b in query.brands for name in (b.name, *b.aliases, *b.handles)]
    tags = ["".join(c for c in name.lower() if c.isalnum()) for name in names]
    for expression in (of_brand(b) for b in query.brands) if query.brands else (expression_of(query),):
        try:
            tags += [one.text for one in compile_for(MASTODON_HASHTAGS, expression, partial=True)]
        except ConfigError:
            continue  # there is no hashtag in it
    return [tag for tag in dict.fromkeys(tags) if tag]


def _id_at(moment: datetime) -> int:
    """The lowest id of a millisecond (Mastodon's own numbering, Mastodon::Snowflake)."""
    return (moment - _EPOCH) // _MILLISECOND << 16


def _time_of(native_id: int) -> datetime:
    return _EPOCH + (native_id >> 16) * _MILLISECOND


def _listed(page: Any) -> list[Any]:
    if not isinstance(page, list) or not all(isinstance(post, dict) for post in page):
        raise SourceUnavailable("mastodon: the answer is not a list of posts; it is asked again later.")
    return page


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _moment(value: Any) -> datetime | None:
    """A date as the library has read it, or as it was written."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if isinstance(found, datetime) and found.tzinfo else None


def _within(post: Any, wanted: Window) -> bool:
    at = _moment(_get(post, "created_at"))
    return at is None or wanted.start <= at < wanted.end


def _seen_by(visibility: Any) -> Literal["public", "private"]:
    return "public" if visibility in (None, "public", "unlisted") else "private"


def _media(found: Any) -> Media:
    return Media(type=_TYPES.get(str(found.get("type")), "image"), url=found.get("url"), alt=found.get("description"))
