"""Forums that run on Discourse: all new posts that everyone may read, one's own forum or another.

Asked through httpx: pydiscourse waits and tries again by itself when a limit is reached, which cannot be switched off, and does
not work without the key of an administrator. The list of latest posts is read, not topics: one request gives fifty posts.
Ids of posts only grow, so the list can be asked for forwards, fifty ids at a time, from where the last collection ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipelines.asking import Asking
from pipelines.errors import AuthFailed, ConfigError, SourceUnavailable
from pipelines.fetching import by_status, client, plain_text
from pipelines.owned import brand_named, brand_of
from pipelines.query.brands import expression_of
from pipelines.query.matching import Matcher
from pipelines.records import Cursor, Found, Mention, Property, Query, Rejected, Window
from pipelines.settings import secret
from pipelines.sources.base import Card, Source

if TYPE_CHECKING:
    import httpx

_IDS = 50  # that one list spans
_LIKE = 2  # id of the action


class DiscourseSource(Source):
    """One query. Its cursor: `last`, up to which id all was read, and while the beginning is not, `back`: where to go on."""

    can_look_up: ClassVar[bool] = True
    title: ClassVar[str] = "Discourse forum"
    card: ClassVar[Card | None] = Card(
        channel="forum", collects="all posts of a forum, or those that name a brand", keys="none where guests may read",
        cannot="private categories and messages, unless the key may read them",
        limits="set by the server; by default 200 requests a minute",
        deletion="looked up again: deleted and hidden ones are withdrawn",
    )

    base_url: str = Field(description="Address of the forum, such as https://meta.discourse.org.")
    key: str = Field(default="", description="API key: env:NAME or file:PATH; without one, what guests may read.")
    user: str = Field(default="system", description="User of the API key.")
    everything: bool = Field(default=False, description="All posts, for a brand's own forum; otherwise those that name a brand.")
    brand: str = Field(default="", description="Key of the brand whose own forum this is; default: the only one of your own.")
    rate: str = Field(default="50/10s,200/1m", description="Most requests in any span, such as 200/1m; with commas, several.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """Posts since the last collection; at the first, those since the start of the window."""
        if not self.everything and not query.brands and not query.expression:
            raise ConfigError(f"[sources.{self.name}] has nothing to look for: configure [brands.*], or set everything = true.")
        matcher = None if self.everything else Matcher(expression_of(query))
        with self._client() as http:
            for item in self._since(_Lists(self, Asking(self, query), http), query, window.start):
                if not matcher or not isinstance(item, Mention) or item.is_own or matcher.mention(item):
                    yield item

    def _since(self, lists: _Lists, query: Query, start: datetime) -> Iterator[Found]:
        kept, newest = query.cursor, lists(None)
        yield from self._mentions(newest, query, observed=None)
        if not newest:
            return
        top, bottom = max(map(_id, newest)), min(map(_id, newest))
        last, back, since = int(kept.get("last", top)), int(kept.get("back", 0)), kept.get("since", "")
        if not kept:
            back, since = bottom - 1, start.isoformat()
        while last < bottom - 1 and not lists.is_spent:
            page = lists(last + _IDS)
            yield from self._mentions([post for post in page if _id(post) > last], query, observed=None)
            last += _IDS
        last = top if last >= bottom - 1 else last
        while back > 0 and not lists.is_spent:
            page = lists(back)
            yield from self._mentions(page, query, observed=None)
            is_done = bool(page) and min(_written(post) for post in page) < datetime.fromisoformat(since)
            back = 0 if is_done else min([back - _IDS + 1, *map(_id, page)]) - 1
        yield Cursor(values={"last": str(last)} | ({"back": str(back), "since": since} if back > 0 else {}))

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Posts by id. One that is refused counts as hidden only if the forum answers otherwise."""
        is_open = False
        with self._client() as http:
            lists = _Lists(self, Asking(self, query), http)
            for native_id in native_ids:
                try:
                    post = lists.post(native_id)
                except AuthFailed:
                    is_open = is_open or bool(lists(None))
                    post = None
                if post is None or post.get("deleted_at") or post.get("user_deleted") or post.get("hidden"):
                    yield self.gone(native_id, channel="forum", now=now)
                else:
                    yield from self._mentions([post], query, observed=now)

    def _client(self) -> httpx.Client:
        http = client()
        if self.key:
            http.headers.update({"Api-Key": secret(self.key), "Api-Username": self.user})
        return http

    def _mentions(self, page: Sequence[Any], query: Query, *, observed: datetime | None) -> Iterator[Mention | Rejected]:
        for post in page:
            try:
                yield self._mention(post, query, observed)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                yield self.unreadable("a post", error, post, file=self.base_url, line=0)

    def _mention(self, post: dict[str, Any], query: Query, now: datetime | None) -> Mention:
        """The id of a topic stands for its thread: the list does not tell the id of a topic's first post."""
        number, topic, writing = int(post["post_number"]), post["topic_id"], brand_named(query, [str(post["username"])])
        parts = [post.get("topic_title") or "" if number == 1 else "", plain_text(post["cooked"])]
        likes = next((int(a.get("count") or 0) for a in post.get("actions_summary") or () if a.get("id") == _LIKE), 0)
        where: Property = "own" if self.everything or writing else "independent"
        is_edited = int(post.get("version") or 1) > 1
        return Mention(
            source=self.name, native_id=str(_id(post)), channel="forum", text="\n\n".join(p for p in parts if p),
            published_at=_written(post), observed_at=now or (datetime.fromisoformat(post["updated_at"]) if is_edited else None),
            kind="post" if number == 1 else "reply", property=where, is_own=bool(writing),
            brand=writing or (brand_of(self, query) if self.everything else None),
            author_id=post["username"], author_name=post.get("name") or None,
            url=f"{self.base_url.rstrip('/')}/t/{topic}/{number}", thread_id=f"topic-{topic}",
            engagement=likes + int(post.get("reply_count") or 0), reach=post.get("reads"),
        )


class _Lists:
    """Lists of posts, and posts."""

    def __init__(self, source: DiscourseSource, ask: Asking, http: httpx.Client) -> None:
        self._url, self._where, self._ask, self._http = source.base_url.rstrip("/"), f"[sources.{source.name}]", ask, http

    @property
    def is_spent(self) -> bool:
        """With the newest list alone nothing would ever be reached: two requests are the least."""
        return self._ask.is_spent and self._ask.sent > 1

    def __call__(self, before: int | None) -> list[dict[str, Any]]:
        """The newest posts with ids up to `before`, newest first."""
        params = {"before": before} if before else {}
        found = self._ask(lambda: self._read(self._http.get(f"{self._url}/posts.json", params=params)))
        posts = found.get("latest_posts") if found else None
        if not isinstance(posts, list) or not all(isinstance(p, dict) and isinstance(p.get("id"), int) for p in posts):
            raise SourceUnavailable(f"{self._where}: the answer is not a list of posts; it is asked again later.")
        return [post for post in posts if not post.get("hidden")]

    def post(self, native_id: str) -> dict[str, Any] | None:
        """One post; None where there is none any more."""
        return self._ask(lambda: self._read(self._http.get(f"{self._url}/posts/{native_id}.json"), absent=(404, 410)))

    def _read(self, response: httpx.Response, absent: tuple[int, ...] = ()) -> dict[str, Any] | None:
        if response.status_code in absent:
            return None
        if response.status_code >= 300:
            raise by_status(self._where, response.status_code, response.headers)
        try:
            found = response.json()
        except ValueError:
            found = None
        if not isinstance(found, dict) or not found.keys() & {"latest_posts", "id"}:
            raise SourceUnavailable(f"{self._where}: the answer is not what Discourse gives; it is asked again later.")
        return found


def _id(post: dict[str, Any]) -> int:
    return int(post["id"])


def _written(post: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(post["created_at"])
