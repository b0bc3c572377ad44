"""Hacker News: stories and comments that name a brand, through the search service of Algolia. Needs no key.

What was deleted or killed is told by the official interface alone; it is asked when mentions are looked up again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipelines.asking import Asking
from pipelines.errors import SourceUnavailable
from pipelines.fetching import client, get, plain_text
from pipelines.query.dialects import HACKERNEWS
from pipelines.query.searching import Search, search_of
from pipelines.records import Found, Gap, Mention, Query, Rejected, Window
from pipelines.settings import span
from pipelines.sources.base import SPAN, Card, Source

if TYPE_CHECKING:
    import httpx

PAGE = 1_000  # hits that one query can give, however many there are
_ITEM = "https://news.ycombinator.com/item?id="


class HackerNewsSource(Source):
    """Asks for one span of time after the other; a span with more hits than a query gives is halved until all are there."""

    incremental: ClassVar[bool] = False
    can_look_up: ClassVar[bool] = True
    title: ClassVar[str] = "Hacker News"
    card: ClassVar[Card | None] = Card(
        channel="hackernews", collects="stories and comments that name a brand", cannot="votes on comments",
        limits="none documented; 1,000 hits a query: spans are halved until all are there",
        deletion="looked up again: what is deleted or dead there is withdrawn",
    )

    window: str = Field(default="1h", pattern=SPAN, description="Width of one collection window: a number and m, h or d.")
    terms: list[str] = Field(default=[], description="Phrases to search for, kept whole; default: the brands' queries.")
    comments: bool = Field(default=True, description="Comments too, not stories alone.")
    late: str = Field(default="10m", description="How far each collection looks back for what was indexed late.", pattern=SPAN)
    rate: str = Field(default="10000/1h", description="Most requests in any span, such as 10000/1h; with commas, several.")
    base_url: str = Field(default="https://hn.algolia.com/api/v1", description="Address of the search service.")
    items_url: str = Field(default="https://hacker-news.firebaseio.com/v0", description="Address of the official interface.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """Stories and comments published in the window and a little before it, each once however many terms it holds.

        Raises:
            ConfigError: there are neither terms nor brands, or their queries cannot be asked for.
            SourceError: as the base says.
        """
        search = self._searching(query)
        seen: set[str] = set()
        with client() as http:
            ask = Asking(self, query)
            for term in search.texts:
                for item in self._span(ask, http, search, term, Window(window.start - span(self.late), window.end)):
                    key = item.native_id if isinstance(item, Mention) else ""
                    if not key or key not in seen:
                        seen.add(key)
                        yield item

    def fill(self, query: Query, gap: Gap) -> Iterator[Found]:
        """The span of a gap, for the term that missed it."""
        search = self._searching(query)
        with client() as http:
            yield from self._span(Asking(self, query), http, search, gap.query, Window(gap.start, gap.end))

    def _searching(self, query: Query) -> Search:
        return search_of(HACKERNEWS, query, self.terms, where=f"[sources.{self.name}]", hint="terms")

    def _span(self, ask: Asking, http: httpx.Client, search: Search, term: str, wanted: Window) -> Iterator[Found]:
        """All hits of a span. One that a query cannot give is halved, the earlier half first."""
        written = f'"{term}"' if term in self.terms else term
        waiting = [(int(wanted.start.timestamp()), int(wanted.end.timestamp()))]
        while waiting and not ask.is_spent:
            start, end = waiting.pop()
            hits, total = self._hits(ask, http, query=written, advancedSyntax="true", typoTolerance="false",
                                     numericFilters=f"created_at_i>={start},created_at_i<{end}")
            if (total > len(hits) or len(hits) >= PAGE) and end - start > 1:
                middle = (start + end) // 2
                waiting += [(middle, end), (start, middle)]
                continue
            if total > len(hits):
                reason = f"{total - len(hits)} hits for {term!r} in second {start} cannot be asked for: a query gives {PAGE}"
                yield Rejected(source=self.name, file=self.base_url, line=start, reason=reason, raw="")
            for number, hit in enumerate(hits, 1):
                item = self._mention(hit, number, None)
                if not isinstance(item, Mention) or search.keeps(term, item):
                    yield item
        for start, end in waiting:  # each half by itself, so that filling them goes on from there
            reason = f"the {self.requests} requests of this collection were used up"
            missed = Window(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
            yield Gap(source=self.name, query=term, start=missed.start, end=missed.end, reason=reason)

    def _hits(self, ask: Asking, http: httpx.Client, **params: Any) -> tuple[list[dict[str, Any]], int]:
        url = f"{self.base_url.rstrip('/')}/search_by_date"
        tags = "(story,comment)" if self.comments else "story"
        params |= {"tags": ",".join(filter(None, [tags, params.pop("author", "")])), "hitsPerPage": PAGE}

        def request() -> tuple[list[dict[str, Any]], int]:
            try:
                found = get(http, url, params=params, stanza=f"[sources.{self.name}]").json()
                return list(found["hits"]), int(found.get("nbHits") or 0)
            except (ValueError, KeyError, TypeError, AttributeError):
                where = f"[sources.{self.name}] {url}"
                raise SourceUnavailable(f"{where}: the answer is not what the search service gives; asked again later.") from None

        return ask(request)

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Items by id: whether they are still there, by the official interface, and what they say, by the search service."""
        with client() as http:
            ask = Asking(self, query)
            for number, native_id in enumerate(native_ids, 1):
                item = self._item(ask, http, native_id)
                if item is None or item.get("deleted") or item.get("dead"):
                    yield self.gone(native_id, channel="hackernews", now=now)
                    continue
                written = f"created_at_i={item.get('time')}"
                hits, _ = self._hits(ask, http, query="", author=f"author_{item.get('by')}", numericFilters=written)
                found = next((hit for hit in hits if str(hit.get("objectID")) == native_id), None)
                yield self._mention(found or _as_hit(item), number, now)

    def _item(self, ask: Asking, http: httpx.Client, native_id: str) -> dict[str, Any] | None:
        url = f"{self.items_url.rstrip('/')}/item/{native_id}.json"

        def request() -> dict[str, Any] | None:
            try:
                found = get(http, url, stanza=f"[sources.{self.name}]").json()
            except ValueError:
                found = "unreadable"
            if not isinstance(found, dict | None):
                raise SourceUnavailable(f"[sources.{self.name}] {url}: the answer is not an item; it is asked again later.")
            return found

        return ask(request)

    def _mention(self, hit: Any, number: int, observed: datetime | None) -> Mention | Rejected:
        try:
            return self._read(hit, observed)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            return self.unreadable("a hit", error, hit, file=self.base_url, line=number)

    def _read(self, hit: dict[str, Any], now: datetime | None) -> Mention:
        native_id = str(hit["objectID"])
        is_comment = "comment" in (hit.get("_tags") or ()) or hit.get("comment_text") is not None
        published = datetime.fromtimestamp(int(hit["created_at_i"]), UTC)
        parts = [hit.get("comment_text")] if is_comment else [hit.get("title"), hit.get("story_text")]
        text = "\n\n".join(plain_text(p) for p in parts if p)
        if not text:
            raise ValueError("it has no text")
        counts = [hit.get("points"), None if is_comment else hit.get("num_comments")]
        known = [int(c) for c in counts if c is not None]
        changed = hit.get("updated_at")
        observed = datetime.fromisoformat(changed) if changed else None
        story, parent = hit.get("story_id"), hit.get("parent_id")
        return Mention(
            source=self.name, native_id=native_id, channel="hackernews", text=text, published_at=published,
            observed_at=now or (observed if observed and observed.tzinfo and observed > published else None),
            kind="comment" if is_comment else "post", author_id=hit.get("author"), url=f"{_ITEM}{native_id}",
            thread_id=str(story) if story else None if is_comment else native_id,
            in_reply_to=str(parent) if is_comment and parent else None,
            engagement=sum(known) if known else None,
        )


def _as_hit(item: dict[str, Any]) -> dict[str, Any]:
    """An item of the official interface, which does not tell the story of a comment, as the search service writes it."""
    is_comment = item.get("type") == "comment"
    return {
        "objectID": str(item["id"]), "created_at_i": item.get("time"), "author": item.get("by"), "parent_id": item.get("parent"),
        "title": item.get("title"), "comment_text" if is_comment else "story_text": item.get("text"),
        "points": item.get("score"), "num_comments": item.get("descendants"),
    }
