"""Private conversations of a Page: Messenger, Instagram Direct, and mentions in Instagram stories (Graph API)."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field

from pipelines.errors import SourceUnavailable
from pipelines.graph import HOST, Graph, Page, moment
from pipelines.owned import brand_of
from pipelines.records import Found, Gap, Kind, Media, Mention, Query, Rejected, Window
from pipelines.settings import secret
from pipelines.sources.base import SPAN, Card, Source

_LAG = timedelta(minutes=1)
_STORY_LASTS = timedelta(hours=24)
_MESSAGE = "id,created_time,from,message,attachments{mime_type},story"
_CHANNELS = {"messenger": "facebook", "instagram": "instagram"}


class MetaInboxSource(Source):
    """Lists conversations, the last changed first, with their newest messages. Everything is private; texts only with `text`.

    The list moves while it is read: a conversation that changes meanwhile can be missed. It has then changed in the next
    window, which reads one window further back.
    """

    incremental: ClassVar[bool] = False
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "Messenger and Instagram Direct"
    key_page: ClassVar[str | None] = "https://developers.facebook.com/apps"
    card: ClassVar[Card | None] = Card(
        channel="facebook, instagram", collects="private messages and the brand's replies: number and times, texts if asked for; "
                                                "mentions in Instagram stories, as a link that lasts 24 hours",
        cannot="on Instagram more than the newest 20 messages of a conversation; media of stories are never fetched",
        keys="Page token with pages_messaging and instagram_manage_messages, granted after review",
        limits="200 calls an hour a user of the app", deletion="a story's link ends after 24 hours; unsent messages by webhook",
    )

    token: str = Field(description="Access token of the Page: env:NAME or file:PATH.")
    page_id: str = Field(description="Id of the Page: a number.", pattern=r"^\d+$")
    instagram_id: str = Field(default="", description="Id of the Instagram account that is linked to the Page.")
    app_secret: str = Field(default="", description="Secret of the app, where it asks for proof: env:NAME or file:PATH.")
    platforms: list[Literal["messenger", "instagram"]] = Field(
        default=["messenger", "instagram"], description="Which inboxes: messenger, instagram."
    )
    text: bool = Field(default=False, description="Keep the texts too, redacted, for care alone; otherwise numbers and times.")
    brand: str = Field(default="", description="Key of the brand whose Page this is; default: the only one of your own.")
    window: str = Field(default="15m", pattern=SPAN, description="Width of one collection window: a number and m, h or d.")
    rate: str = Field(default="200/1h", description="Most requests in any span, such as 200/1h; with commas, several.")
    page: int = Field(default=20, ge=1, le=20, description="Conversations a request, and messages of each.")
    base_url: str = Field(default=HOST, description="Address of the platform.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """What was written in the window, one minute late; what the budget does not reach are gaps."""
        graph, span = self._graph(query), Window(window.start - _LAG, window.end - _LAG)
        for platform in self.platforms:
            yield from self._conversations(graph, query, platform, span)

    def fill(self, query: Query, gap: Gap) -> Iterator[Found]:
        """The rest of a list of conversations, or of one conversation."""
        what, platform, node, after = (gap.query.split(" ") + [""] * 3)[:4]
        graph, span = self._graph(query), Window(gap.start, gap.end)
        if what == "messages":
            return self._messages(graph, query, platform, span, node, after)
        return self._conversations(graph, query, platform, span, after=node or None)

    def _graph(self, query: Query) -> Graph:
        proof = secret(self.app_secret) if self.app_secret else None
        return Graph(self, query, token=secret(self.token), base_url=self.base_url, app_secret=proof)

    def _conversations(
        self, graph: Graph, query: Query, platform: str, span: Window, after: str | None = None
    ) -> Iterator[Found]:
        fields = f"id,updated_time,messages.limit({self.page}){{{_MESSAGE}}}"
        pages = graph.pages(self.page_id, "conversations", after=after, platform=platform, fields=fields, limit=self.page)
        for page in pages:
            if page.is_cut:
                yield self.unreached(f"conversations {platform} {page.after or ''}".rstrip(), span)
                return
            for item in page.items:
                try:
                    node, changed = str(item["id"]), moment(item["updated_time"])
                except (KeyError, TypeError, ValueError) as error:
                    yield self._rejected(item, error)
                    continue
                if changed < span.start:
                    return
                if item.get("messages"):
                    found, wide = graph.page(item["messages"]), Window(span.start - (span.end - span.start), span.end)
                    reach = yield from self._within(found, query, platform, node, wide)
                    if reach and found.after:
                        yield from self._messages(graph, query, platform, wide, node, found.after)

    def _messages(self, graph: Graph, query: Query, platform: str, span: Window, node: str, after: str) -> Iterator[Found]:
        try:
            yield from self._older(graph, query, platform, span, node, after)
        except SourceUnavailable as error:
            if error.is_passing or platform != "instagram":
                raise
            reason = "Instagram gives no more than the newest 20 messages of a conversation"
            yield replace(self.unreached(f"messages {platform} {node} {after}", span), reason=reason)

    def _older(self, graph: Graph, query: Query, platform: str, span: Window, node: str, after: str) -> Iterator[Found]:
        for page in graph.pages(node, "messages", after=after, fields=_MESSAGE, limit=self.page):
            if page.is_cut:
                yield self.unreached(f"messages {platform} {node} {page.after}", span)
                return
            reach = yield from self._within(page, query, platform, node, span)
            if not reach:
                return

    def _within(self, page: Page, query: Query, platform: str, node: str, span: Window) -> Generator[Found, None, bool]:
        """The messages of a page that are in the span; returns whether older ones may be, too."""
        oldest = span.end
        for item in page.items:
            found = self._read(item, query, platform, node)
            if isinstance(found, Mention) and found.published_at:
                oldest = min(oldest, found.published_at)
                if not span.start <= found.published_at < span.end:
                    continue
            yield found
        return oldest >= span.start

    def _read(self, item: Any, query: Query, platform: str, node: str) -> Mention | Rejected:
        try:
            author = item.get("from") or {}
            is_own, story = author.get("id") in {self.page_id, self.instagram_id}, (item.get("story") or {}).get("mention")
            kind: Kind = "story" if story else "reply" if is_own else "post"
            written: datetime = moment(item["created_time"])
            return Mention(
                source=self.name, native_id=str(item["id"]), channel=_CHANNELS[platform], visibility="private", kind=kind,
                property="addressed" if story else "own", is_own=is_own, published_at=written, brand=brand_of(self, query),
                text=(item.get("message") or "") if self.text else "", author_id=author.get("id"), thread_id=node,
                expires_at=written + _STORY_LASTS if story else None, media=_media(item, story),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return self._rejected(item, error)

    def _rejected(self, item: Any, error: Exception) -> Rejected:
        which = item.get("id") if isinstance(item, dict) else None
        return self.unreadable(f"the conversation or message {which}", error, item if self.text else "", file=HOST)


def _media(item: dict[str, Any], story: dict[str, Any] | None) -> tuple[Media, ...]:
    """What is attached: of a story the link alone, which the platform lets run out; of the rest the type alone."""
    if story:
        return (Media(type="link", url=story.get("link")),)
    attached = (item.get("attachments") or {}).get("data") or ()
    types = [str(a.get("mime_type") or "").split("/")[0] for a in attached]
    return tuple(Media(type=t if t in ("image", "video", "audio") else "link") for t in types)  # type: ignore[arg-type]
