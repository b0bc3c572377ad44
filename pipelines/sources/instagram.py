"""An Instagram professional account: comments and replies on its media, and media in which it is tagged (Graph API)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from pipelines.graph import HOST, Graph, Page, moment
from pipelines.owned import brand_of
from pipelines.records import Found, Gap, Media, Mention, Query, Rejected, Window
from pipelines.settings import secret, span
from pipelines.sources.base import SPAN, Card, Source

_LAG = timedelta(minutes=1)  # what was written in the last seconds may not be listed yet
_TAG = "tag:"  # a medium of others is not given by its id, only in the list of tags
_TAGS_BACK = timedelta(days=90)  # how far back a tag is looked for again
_REPLY = "id,text,timestamp,username,like_count,from"
_MEDIUM = "id,caption,timestamp,permalink,media_type,alt_text,like_count,comments_count,username"
_TAGGED = "id,caption,timestamp,permalink,media_type,like_count,comments_count,username"
_TYPES = {"IMAGE": "image", "CAROUSEL_ALBUM": "image", "VIDEO": "video", "REELS": "video"}
_MEDIA_AT_ONCE = 25


class InstagramSource(Source):
    """Lists media with their newest comments, and reads on below those where more was written in the window."""

    incremental: ClassVar[bool] = False
    can_look_up: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "Instagram"
    key_page: ClassVar[str | None] = "https://developers.facebook.com/apps"
    card: ClassVar[Card | None] = Card(
        channel="instagram", collects="comments and replies on the own media, media in which the account is tagged",
        cannot="@mentions in captions and comments of others (their ids come by webhook only), comments on media of others and "
               "below media older than `days`; private messages and story mentions: see meta_inbox",
        keys="Page token with instagram_basic and instagram_manage_comments", limits="200 calls an hour a user of the app",
        deletion="honour deletions: looked up again, absent ones are withdrawn; media are never stored",
    )

    token: str = Field(description="Access token of the Page that the account is linked to: env:NAME or file:PATH.")
    account_id: str = Field(description="Id of the professional account: a number.", pattern=r"^\d+$")
    username: str = Field(description="Handle of the account, without @: by it its own comments are known.")
    app_secret: str = Field(default="", description="Secret of the app, where it asks for proof: env:NAME or file:PATH.")
    brand: str = Field(default="", description="Key of the brand whose account this is; default: the only one of your own.")
    days: int = Field(default=28, ge=1, description="Comments are looked for below media of so many days.")
    replies: str = Field(
        default="6h", pattern=SPAN,
        description="Age of a comment up to which its new replies are seen at once; later ones when it is looked up again.",
    )
    window: str = Field(default="15m", pattern=SPAN, description="Width of one collection window: a number and m, h or d.")
    rate: str = Field(default="200/1h", description="Most requests in any span, such as 200/1h; with commas, several.")
    page: int = Field(default=50, ge=1, le=50, description="Comments a request.")
    base_url: str = Field(default=HOST, description="Address of the platform.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """What was written in the window, one minute late; what the budget does not reach are gaps."""
        reading = _Reading(self, query, Window(window.start - _LAG, window.end - _LAG))
        yield from reading.edge("media", self.account_id)
        yield from reading.edge("tags", self.account_id)

    def fill(self, query: Query, gap: Gap) -> Iterator[Found]:
        """The rest of an edge, from the cursor at which the budget was used up."""
        edge, node, medium, after = (gap.query.split(" ") + [""] * 3)[:4]
        reading = _Reading(self, query, Window(gap.start, gap.end))
        yield from reading.edge(edge, node, medium=medium, after=after or None)

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Comments (with replies), own media and tagged media as they are now; those that are gone are deleted or hidden."""
        reading = _Reading(self, query, None, observed=now)
        tags = {i for i in native_ids if i.startswith(_TAG)}
        ids = [i for i in native_ids if i not in tags]
        fields = f"{_REPLY},parent_id,media{{id}},replies.limit({self.page}){{{_REPLY}}}"
        found = reading.graph.look_up(self.account_id, ids, fields)
        media = reading.graph.look_up(self.account_id, [i for i in ids if i not in found], _MEDIUM)
        for native_id in ids:
            item = found.get(native_id) or media.get(native_id)
            if item is None:
                yield self.gone(native_id, channel="instagram", now=now)
            elif native_id in media:
                yield reading.medium(item)
            else:
                medium = str((item.get("media") or {}).get("id") or "")
                yield reading.comment(item, medium, item.get("parent_id"))
                for reply in (item.get("replies") or {}).get("data") or ():
                    yield reading.comment(reply, medium, native_id)
        yield from self._tags(reading, tags, now)

    def _tags(self, reading: _Reading, wanted: set[str], now: datetime) -> Iterator[Mention | Rejected]:
        after, is_end = None, not wanted
        while not is_end:
            page = reading.graph.page(reading.graph.get(self.account_id, "tags", fields=_TAGGED, limit=self.page, after=after))
            for item in page.items:
                if f"{_TAG}{item.get('id')}" in wanted:
                    wanted.discard(f"{_TAG}{item['id']}")
                    yield reading.tagged(item)
            is_old = bool(page.items) and moment(page.items[-1]["timestamp"]) < now - _TAGS_BACK
            after, is_end = page.after, not wanted or is_old or page.after is None
        for native_id in sorted(wanted):
            yield self.gone(native_id, channel="instagram", now=now)


class _Reading:
    """Reads edges for one window. `observed`: when, where objects are looked up."""

    def __init__(self, source: InstagramSource, query: Query, window: Window | None, observed: datetime | None = None) -> None:
        proof = secret(source.app_secret) if source.app_secret else None
        self.graph = Graph(source, query, token=secret(source.token), base_url=source.base_url, app_secret=proof)
        self._source, self._span, self._observed, self._brand = source, window, observed, brand_of(source, query)
        self._back = {"media": timedelta(days=source.days), "comments": span(source.replies)}

    def edge(
        self, edge: str, node: str, *, medium: str = "", after: str | None = None, reached: datetime | None = None
    ) -> Iterator[Found]:
        """An edge, newest first, down to where nothing of the span can be; `reached`: how far it has been read."""
        comments = f"comments.limit({self._source.page}){{{self._comment_fields}}}"
        fields = {"media": f"{_MEDIUM},{comments}", "tags": _TAGGED, "comments": self._comment_fields, "replies": _REPLY}[edge]
        limit = min(self._source.page, _MEDIA_AT_ONCE) if edge == "media" else self._source.page
        for page in self.graph.pages(node, edge, after=after, fields=fields, limit=limit):
            if page.is_cut:
                if edge != "comments" or self._may_go_on(reached):  # else late replies alone are left: they are looked up later
                    yield self._gap(edge, node, medium, page.after)
                return
            reached = yield from self._items(edge, page, node, medium)
            if not self._may_go_on(reached, self._back.get(edge, timedelta(0))):
                return

    def _may_go_on(self, reached: datetime | None, back: timedelta = timedelta(0)) -> bool:
        """May older items hold something of the span?"""
        assert self._span is not None
        return reached is None or reached >= self._span.start - back

    @property
    def _comment_fields(self) -> str:
        return f"{_REPLY},replies.limit({self._source.page}){{{_REPLY}}}"

    def _items(self, edge: str, page: Page, node: str, medium: str) -> Generator[Found, None, datetime | None]:
        """What a page holds of the span; returns the time that it reaches back to, None where that says nothing."""
        assert self._span is not None
        read: Callable[[Any], Mention | Rejected] = {
            "media": self.medium, "tags": self.tagged, "comments": lambda item: self.comment(item, node),
            "replies": lambda item: self.comment(item, medium, node),
        }[edge]
        oldest = self._span.end
        for item in page.items:
            found = read(item)
            below: list[Found] = []
            if isinstance(found, Mention):
                oldest = min(oldest, found.published_at or oldest)
                below = list(self._below(edge, item, found, medium or node))
            if below or isinstance(found, Rejected) or self._is_within(found):
                yield found
            yield from below
        return oldest if edge != "replies" else None

    def _below(self, edge: str, item: dict[str, Any], found: Mention, medium: str) -> Iterator[Found]:
        """Comments of a medium or replies of a comment that came with it, and those that did not."""
        inner = {"media": "comments", "comments": "replies"}.get(edge)
        if inner is None or not item.get(inner):
            return
        page = self.graph.page(item[inner])
        node, top = found.native_id, found.native_id if edge == "media" else medium
        reached = yield from self._items(inner, page, node, top)
        if page.after and self._may_go_on(reached, self._back.get(inner, timedelta(0))):
            yield from self.edge(inner, node, medium=top, after=page.after, reached=reached)

    def _is_within(self, found: Mention) -> bool:
        assert self._span is not None
        return found.published_at is not None and self._span.start <= found.published_at < self._span.end

    def _gap(self, edge: str, node: str, medium: str, after: str | None) -> Gap:
        assert self._span is not None
        return self._source.unreached(" ".join((edge, node, medium, after or "")).rstrip(), self._span)

    def medium(self, item: Any) -> Mention | Rejected:
        """An own medium as a mention."""
        return self._read(item, is_own=True)

    def tagged(self, item: Any) -> Mention | Rejected:
        """A medium of somebody else in which the account is tagged."""
        return self._read(item, is_own=False, prefix=_TAG)

    def comment(self, item: Any, medium: str, above: str | None = None) -> Mention | Rejected:
        """A comment on a medium, or a reply to a comment."""
        try:
            author = item.get("username") or (item.get("from") or {}).get("username")
            return Mention(
                source=self._source.name, native_id=str(item["id"]), channel="instagram", text=item.get("text") or "",
                published_at=moment(item["timestamp"]), observed_at=self._observed, kind="comment", property="own",
                brand=self._brand, is_own=self._is_own(author), author_id=(item.get("from") or {}).get("id") or author,
                author_name=author, thread_id=medium or None, in_reply_to=str(above or medium) or None,
                engagement=item.get("like_count"),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return self._rejected(item, error)

    def _is_own(self, author: str | None) -> bool:
        return (author or "").lower() == self._source.username.lower().removeprefix("@")

    def _read(self, item: Any, *, is_own: bool, prefix: str = "") -> Mention | Rejected:
        try:
            published, kind = moment(item["timestamp"]), _TYPES.get(str(item.get("media_type")), "image")
            known = [c for c in (item.get("like_count"), item.get("comments_count")) if isinstance(c, int)]
            newest = [moment(c["timestamp"]) for c in (item.get("comments") or {}).get("data", ())[:1]]
            return Mention(
                source=self._source.name, native_id=f"{prefix}{item['id']}", channel="instagram", text=item.get("caption") or "",
                published_at=published, observed_at=self._observed or max([published, *newest]),
                property="own" if is_own else "addressed", brand=self._brand, is_own=is_own, author_id=item.get("username"),
                author_name=item.get("username"), url=item.get("permalink"), engagement=sum(known) if known else None,
                media=(Media(type=kind, url=item.get("permalink"), alt=item.get("alt_text")),),  # type: ignore[arg-type]
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return self._rejected(item, error)

    def _rejected(self, item: Any, error: Exception) -> Rejected:
        which = item.get("id") if isinstance(item, dict) else None
        return self._source.unreadable(f"the medium or comment {which}", error, item, file=HOST)
