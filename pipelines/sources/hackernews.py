"""Hacker News: stories and comments that name a brand, through the search service of Algolia. Needs no key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipelines.errors import ConfigError, SourceUnavailable
from pipelines.fetching import client, get, plain_text
from pipelines.records import Cursor, Mention, Query, Rejected, Window
from pipelines.sources.base import Source

if TYPE_CHECKING:
    import httpx

PAGE = 1_000  # hits that one query can give, however many there are
_ITEM = "https://news.ycombinator.com/item?id="


class HackerNewsSource(Source):
    """Asks for one span of time after the other; a span with more hits than a query gives is halved until all are there."""

    incremental: ClassVar[bool] = False
    title: ClassVar[str] = "Hacker News"

    window: str = Field(
        default="1h", pattern=r"^\d+[mhd]$", description="Width of one collection window: a number and m, h or d."
    )
    terms: list[str] = Field(default=[], description="What to search for; default: the names and aliases of all brands.")
    comments: bool = Field(default=True, description="Comments too, not stories alone.")
    base_url: str = Field(default="https://hn.algolia.com/api/v1", description="Address of the search service.")

    def collect(self, query: Query, window: Window) -> Iterator[Mention | Rejected | Cursor]:
        """Stories and comments published in the window, each once however many terms it holds.

        Raises:
            ConfigError: there are neither terms nor brands.
            SourceError: as the base says.
        """
        terms = self.terms or list(dict.fromkeys(t for b in query.brands for t in (b.name, *b.aliases)))
        if not terms:
            raise ConfigError(f"[sources.{self.name}] has nothing to search for: set its terms, or configure [brands.*].")
        start, end = int(window.start.timestamp()), int(window.end.timestamp())
        seen: set[str] = set()
        with client() as http:
            for term in terms:
                for item in self._span(http, term, start, end):
                    key = item.native_id if isinstance(item, Mention) else ""
                    if not key or key not in seen:
                        seen.add(key)
                        yield item

    def _span(self, http: httpx.Client, term: str, start: int, end: int) -> Iterator[Mention | Rejected]:
        """All hits in [start, end), in seconds since 1970."""
        hits, total = self._ask(http, term, start, end)
        if total > len(hits) or len(hits) >= PAGE:
            if end - start > 1:
                middle = (start + end) // 2
                yield from self._span(http, term, start, middle)
                yield from self._span(http, term, middle, end)
                return
            if total > len(hits):
                reason = f"{total - len(hits)} hits for {term!r} in second {start} cannot be asked for: a query gives {PAGE}"
                yield Rejected(source=self.name, file=self.base_url, line=start, reason=reason, raw="")
        for number, hit in enumerate(hits, 1):
            yield self._mention(hit, number)

    def _ask(self, http: httpx.Client, term: str, start: int, end: int) -> tuple[list[Any], int]:
        url = f"{self.base_url.rstrip('/')}/search_by_date"
        params = {
            "query": f'"{term}"', "tags": "(story,comment)" if self.comments else "story", "hitsPerPage": PAGE,
            "numericFilters": f"created_at_i>={start},created_at_i<{end}", "advancedSyntax": "true", "typoTolerance": "false",
        }
        try:
            found = get(http, url, params=params).json()
            return list(found["hits"]), int(found.get("nbHits") or 0)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SourceUnavailable(f"{url}: the answer is not what the search service gives; it is tried again later.") from None

    def _mention(self, hit: Any, number: int) -> Mention | Rejected:
        try:
            return self._read(hit)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            reason = f"a hit cannot be read: {type(error).__name__} {error}"
            return Rejected(source=self.name, file=self.base_url, line=number, reason=reason, raw=str(hit)[:10_000])

    def _read(self, hit: dict[str, Any]) -> Mention:
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
            observed_at=observed if observed and observed.tzinfo and observed > published else None,
            kind="comment" if is_comment else "post", author_id=hit.get("author"), url=f"{_ITEM}{native_id}",
            thread_id=str(story) if story else native_id, in_reply_to=str(parent) if is_comment and parent else None,
            engagement=sum(known) if known else None,
        )
