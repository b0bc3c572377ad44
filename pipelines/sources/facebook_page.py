"""A Facebook Page: its posts, visitors' posts, posts that tag it, and all comments, through the Graph API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from pipelines.errors import SourceUnavailable
from pipelines.graph import HOST, Graph, moment
from pipelines.owned import brand_of
from pipelines.records import Found, Gap, Kind, Media, Mention, Query, Rejected, Window
from pipelines.settings import secret
from pipelines.sources.base import SPAN, Card, Source

_LAG = timedelta(minutes=1)  # what was written in the last seconds may not be listed yet
_SECOND = timedelta(seconds=1)
_ATTACHED = "attachments{media_type,unshimmed_url}"
_POST = ("id,message,story,created_time,updated_time,from,permalink_url,shares,comments.limit(0).summary(true),"
         f"reactions.limit(0).summary(true),{_ATTACHED}")
_COMMENT = "id,message,created_time,from,parent{id},permalink_url,like_count,comment_count,attachment{type,url}"
_TYPES = {"photo": "image", "album": "image", "sticker": "image", "video": "video", "video_inline": "video"}


class FacebookPageSource(Source):
    """Lists posts newest first and reads the comments of those in which something happened in the window, oldest first."""

    incremental: ClassVar[bool] = False
    can_look_up: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "Facebook Page"
    key_page: ClassVar[str | None] = "https://developers.facebook.com/apps"
    card: ClassVar[Card | None] = Card(
        channel="facebook", collects="the own Page: posts, visitors' posts, posts that tag it, comments and replies",
        cannot="other Pages, groups and profiles (no interface for them); names of people who have not allowed it; comments "
               "below posts older than `days`; private messages: see meta_inbox",
        keys="Page token with pages_read_engagement and pages_read_user_content", limits="200 calls an hour a user of the app",
        deletion="honour deletions: looked up again, absent ones are withdrawn",
    )

    token: str = Field(description="Access token of the Page: env:NAME or file:PATH.")
    page_id: str = Field(description="Id of the Page: a number.", pattern=r"^\d+$")
    app_secret: str = Field(default="", description="Secret of the app, where it asks for proof: env:NAME or file:PATH.")
    brand: str = Field(default="", description="Key of the brand whose Page this is; default: the only one of your own.")
    days: int = Field(default=28, ge=1, description="Comments are looked for below posts of so many days.")
    tagged: bool = Field(default=True, description="Posts of others that tag the Page, too.")
    window: str = Field(default="15m", pattern=SPAN, description="Width of one collection window: a number and m, h or d.")
    rate: str = Field(default="200/1h", description="Most requests in any span, such as 200/1h; with commas, several.")
    page: int = Field(default=100, ge=1, le=100, description="Posts or comments a request.")
    base_url: str = Field(default=HOST, description="Address of the platform.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """What was written in the window, one minute late; what the budget does not reach are gaps."""
        graph, span = self._graph(query), Window(window.start - _LAG, window.end - _LAG)
        for edge in ("feed", "tagged") if self.tagged else ("feed",):
            yield from self._posts(graph, query, edge, span)

    def fill(self, query: Query, gap: Gap) -> Iterator[Found]:
        """What a gap lacks: the rest of a list of posts, or the comments of one post."""
        what, _, where = gap.query.partition(" ")
        graph, span = self._graph(query), Window(gap.start, gap.end)
        if what == "comments":
            yield from self._comments(graph, query, where, span)
        else:
            yield from self._posts(graph, query, what, span, before=datetime.fromisoformat(where) if where else None)

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Posts and comments by id; those that the platform no longer gives are deleted or hidden."""
        graph, brand = self._graph(query), brand_of(self, query)
        comments = [i for i in native_ids if not i.startswith(f"{self.page_id}_")]
        found = graph.look_up(self.page_id, comments, _COMMENT)
        posts = graph.look_up(self.page_id, [i for i in native_ids if i not in found], _POST)
        if unclear := len(set(native_ids) - found.keys() - posts.keys()):
            raise SourceUnavailable(f"[sources.{self.name}]: {unclear} ids are neither posts nor comments of the platform's.")
        for native_id, item in (found | posts).items():
            if item is None:
                yield self.gone(native_id, channel="facebook", now=now)
            else:
                yield self._read(self._comment if native_id in found else self._post, item, brand, observed=now)

    def _graph(self, query: Query) -> Graph:
        proof = secret(self.app_secret) if self.app_secret else None
        return Graph(self, query, token=secret(self.token), base_url=self.base_url, app_secret=proof)

    def _posts(self, graph: Graph, query: Query, edge: str, span: Window, before: datetime | None = None) -> Iterator[Found]:
        """Posts of an edge, newest first, and the comments below those in which something happened since the span began."""
        oldest = before
        since = int((span.start - timedelta(days=self.days)).timestamp())
        until = int(before.timestamp()) if before else None
        for page in graph.pages(self.page_id, edge, fields=_POST, limit=self.page, since=since, until=until):
            if page.is_cut:
                rest = f"{edge} {oldest.isoformat()}" if oldest else edge
                yield self.unreached(rest, span)
                return
            for item in page.items:
                post = self._read(self._post, item, brand_of(self, query))
                if isinstance(post, Rejected) or post.published_at is None:
                    yield post
                    continue
                oldest = min(oldest or post.published_at + _SECOND, post.published_at + _SECOND)
                changed = post.observed_at or post.published_at
                if post.published_at < span.end and changed >= span.start:
                    yield post
                    if edge == "feed" and item.get("comments", {}).get("summary", {}).get("total_count") != 0:
                        yield from self._comments(graph, query, post.native_id, span)

    def _comments(self, graph: Graph, query: Query, post: str, span: Window) -> Iterator[Found]:
        reached, brand = span.start, brand_of(self, query)
        since = int((span.start - _SECOND).timestamp())
        asked: dict[str, Any] = {"fields": _COMMENT, "filter": "stream", "order": "chronological", "since": since}
        for page in graph.pages(post, "comments", limit=self.page, **asked):
            if page.is_cut:
                yield self.unreached(f"comments {post}", Window(reached, span.end))
                return
            for item in page.items:
                found = self._read(self._comment, item, brand, post=post)
                if isinstance(found, Mention) and found.published_at:
                    if found.published_at >= span.end:
                        return
                    reached = max(reached, found.published_at)
                    if found.published_at < span.start:
                        continue
                yield found

    def _read(self, read: Any, item: Any, brand: str | None, observed: datetime | None = None, **more: str) -> Mention | Rejected:
        try:
            found: Mention = read(item, brand, observed, **more)
            return found
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            which = item.get("id") if isinstance(item, dict) else None
            return self.unreadable(f"the post or comment {which}", error, item, file=HOST)

    def _post(self, post: dict[str, Any], brand: str | None, observed: datetime | None) -> Mention:
        author, published = post.get("from") or {}, moment(post["created_time"])
        is_own, changed = author.get("id") == self.page_id, moment(post.get("updated_time") or post["created_time"])
        shares = (post.get("shares") or {}).get("count")
        counts = [shares, *((post.get(n) or {}).get("summary", {}).get("total_count") for n in ("comments", "reactions"))]
        attached = (post.get("attachments") or {}).get("data") or ()
        return self._mention(
            post, author, is_own=is_own, brand=brand, kind="post", published_at=published,
            observed_at=observed or (changed if changed > published else None), engagement=_sum(counts),
            media=tuple(_media(a.get("media_type"), a.get("unshimmed_url")) for a in attached),
        )

    def _comment(self, comment: dict[str, Any], brand: str | None, observed: datetime | None, post: str | None = None) -> Mention:
        author, attached = comment.get("from") or {}, comment.get("attachment")
        post = post or f"{self.page_id}_{comment['id'].split('_')[0]}"  # the id of a comment begins with that of its post
        above = (comment.get("parent") or {}).get("id") or post
        return self._mention(
            comment, author, is_own=author.get("id") == self.page_id, brand=brand, kind="comment",
            published_at=moment(comment["created_time"]), observed_at=observed, thread_id=post, in_reply_to=above,
            engagement=_sum([comment.get("like_count"), comment.get("comment_count")]),
            media=(_media(attached.get("type"), attached.get("url")),) if attached else (),
        )

    def _mention(self, item: dict[str, Any], author: dict[str, Any], *, is_own: bool, kind: Kind, **fields: Any) -> Mention:
        text = item.get("message") or ""
        is_tag = kind == "post" and not is_own and not str(item["id"]).startswith(f"{self.page_id}_")
        return Mention(
            source=self.name, native_id=str(item["id"]), channel="facebook", text=text, kind=kind,
            property="addressed" if is_tag else "own", is_own=is_own, author_id=author.get("id"), author_name=author.get("name"),
            url=item.get("permalink_url"), **fields,
        )


def _sum(counts: Sequence[Any]) -> int | None:
    known = [c for c in counts if isinstance(c, int)]
    return sum(known) if known else None


def _media(kind: Any, url: Any) -> Media:
    found: Any = _TYPES.get(str(kind), "link")
    return Media(type=found, url=url)
