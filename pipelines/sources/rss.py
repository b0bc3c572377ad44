"""News and blogs: RSS and Atom feeds, and searches of Google News, which come as such feeds. Needs no key."""

from __future__ import annotations

import calendar
import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import urlencode, urljoin

from pydantic import Field, ValidationInfo, field_validator

from pipelines.asking import Asking
from pipelines.errors import SourceError, SourceUnavailable
from pipelines.fetching import client, get, plain_text
from pipelines.query.brands import expression_of
from pipelines.query.dialects import GOOGLE_NEWS
from pipelines.query.matching import Matcher
from pipelines.query.searching import search_of
from pipelines.records import Cursor, Found, Gap, Media, Mention, Query, Rejected, Window
from pipelines.rejecting import outline
from pipelines.sources.base import Card, Source
from pipelines.times import Dates

if TYPE_CHECKING:
    import httpx

_Keeps = Callable[[Mention], bool]
_LOG = logging.getLogger(__name__)
_HARMLESS = ("CharacterEncodingOverride", "NonXMLContentType")  # what feedparser notes and reads all the same
_ENDED = re.compile(rb"</(rss|feed|rdf:rdf)\s*>\s*$", re.I)  # else the last entry may be half of one
_MEDIA: dict[str, Literal["image", "video", "audio"]] = {"image": "image", "video": "video", "audio": "audio"}


class RssSource(Source):
    """Reads each feed as a whole when it has changed, told by ETag and Last-Modified. What it gives twice is merged by id."""

    title: ClassVar[str] = "RSS and Atom feeds, Google News"
    card: ClassVar[Card | None] = Card(
        channel="news, blog or as set", collects="entries of feeds; articles that a search of Google News finds",
        cannot="what leaves a feed between two collections (told as a gap), whole articles where the feed has summaries",
        limits="none; feeds that have not changed are not sent again", deletion="feeds do not tell of deletions",
    )

    one_of: ClassVar[tuple[str, ...]] = ("urls", "queries", "news")

    urls: list[str] = Field(default=[], description="Addresses of the feeds.")
    matching: bool = Field(default=False, description="Keep of these feeds only what the brands' queries mean.")
    news: bool = Field(default=False, description="Search Google News too, for what the brands' queries mean.")
    queries: list[str] = Field(
        default=[], validate_default=True, description="Searches in Google News' own syntax, kept whole; instead of the queries."
    )
    edition: str = Field(
        default="US:en", pattern=r"^[A-Z]{2}:[a-z]{2}(-[A-Za-z0-9]+)?$", description="Country and language of Google News."
    )
    channel: str = Field(default="news", description="What the feeds are: news, blog, forum, ...")
    news_url: str = Field(default="https://news.google.com", description="Address of Google News.")

    @field_validator("queries")
    @classmethod
    def _anything(cls, queries: list[str], info: ValidationInfo) -> list[str]:
        if not queries and not info.data.get("urls") and not info.data.get("news"):
            raise ValueError("there is nothing to read; give urls, queries or both, or news = true")
        return queries

    def feeds(self, query: Query) -> dict[str, _Keeps]:
        """Address of everything that is read, and which of its entries are kept."""
        matcher = Matcher(expression_of(query)) if self.matching else None
        found: dict[str, _Keeps] = {url: lambda mention: not matcher or matcher.mention(mention) for url in self.urls}
        if self.news or self.queries:
            search = search_of(GOOGLE_NEWS, query, self.queries, where=f"[sources.{self.name}]")
            found |= {self._searching(text): partial(search.keeps, text) for text in search.texts}
        return found

    def _searching(self, text: str) -> str:
        country, language = self.edition.split(":")
        place = {"hl": f"{language}-{country}" if "-" not in language else language, "gl": country, "ceid": self.edition}
        return f"{self.news_url.rstrip('/')}/rss/search?{urlencode({'q': text} | place)}"

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """Entries of all feeds that changed. Where one of several feeds fails, it is noted and the others are read."""
        marks, feeds = dict(query.cursor), self.feeds(query)
        failed: list[SourceError] = []
        with client() as http:
            ask = Asking(self, query)
            for url, keeps in feeds.items():
                try:
                    for item in self._feed(ask, http, url, marks, Dates(now=window.end)):
                        if not isinstance(item, Mention) or keeps(item):
                            yield item
                except SourceError as error:
                    failed.append(error)
                    yield Rejected(source=self.name, file=url, line=0, reason=str(error), raw="")
        if failed and len(failed) == len(feeds):
            raise failed[0]
        yield Cursor(values=marks)

    def _feed(self, ask: Asking, http: httpx.Client, url: str, marks: dict[str, str], dates: Dates) -> Iterator[Found]:
        known = json.loads(marks.get(url, "{}"))
        read = ask(lambda: self._read(http, url, known))
        if read is None:
            return
        answer, found, broken = read
        entries = found.entries if broken is None or _ENDED.search(answer.content[-200:]) else found.entries[:-1]
        language = str(found.feed.get("language") or "")[:2].lower() or None
        mentions = [self._mention(entry, url, number, language, dates) for number, entry in enumerate(entries, 1)]
        yield from mentions
        dated = sorted(m.published_at for m in mentions if isinstance(m, Mention) and m.published_at)
        last = datetime.fromisoformat(known["newest"]) if "newest" in known else None
        if last and dated and len(dated) == len(mentions) and dated[0] > last:
            reason = "the feed no longer reached back to what was read last: entries between may be missing"
            yield Gap(source=self.name, query=url, start=last, end=dated[0], reason=reason)
        newest = max([*dated[-1:], *([last] if last else [])], default=None)
        mark = {"newest": newest.isoformat()} if newest else {}
        if broken is not None:
            _LOG.warning("%s: broken after %d entries, read again next time%s", url, len(entries), _because(broken))
        else:
            mark |= {n: answer.headers[n] for n in ("etag", "last-modified") if n in answer.headers}
        marks.pop(url, None)
        if mark:
            marks[url] = json.dumps(mark)

    def _read(self, http: httpx.Client, url: str, known: dict[str, str]) -> tuple[httpx.Response, Any, Any] | None:
        """The answer, the feed in it, and where it is broken; None where it has not changed."""
        import feedparser

        stanza = f"[sources.{self.name}]"
        answer = get(http, url, headers=_conditions(known), stanza=stanza)
        if answer.status_code == 304:
            return None
        kind = answer.headers.get("content-type", "application/xml")
        found = feedparser.parse(answer.content, response_headers={"content-type": kind}, resolve_relative_uris=False)
        broken = found.get("bozo_exception") if found.bozo else None
        broken = None if type(broken).__name__ in _HARMLESS else broken
        is_whole = broken is None or _ENDED.search(answer.content[-200:])
        if not found.get("version") or (broken is not None and not (found.entries if is_whole else found.entries[:-1])):
            raise SourceUnavailable(f"{stanza} {url}: is not an RSS or Atom feed that can be read{_because(broken)}.")
        return answer, found, broken

    def _mention(self, entry: Any, url: str, number: int, language: str | None, dates: Dates) -> Mention | Rejected:
        title, body = plain_text(entry.get("title") or ""), plain_text(_body(entry))
        text = title if not body or body == title else f"{title}\n\n{body}".strip()
        media = tuple(_media(entry))
        if not text and not media:
            return Rejected(source=self.name, file=url, line=number, reason="text is missing", raw=str(outline(entry))[:10_000])
        link = urljoin(url, entry["link"]) if entry.get("link") else None
        published, note = dates(_moment(entry, "published") or _moment(entry, "updated"))
        changed, _ = dates(_moment(entry, "updated"))
        made_up = hashlib.sha256(f"{title}\0{body}".encode()).hexdigest()[:32]
        return Mention(
            source=self.name, native_id=str(entry.get("id") or link or made_up), channel=self.channel, text=text,
            published_at=published, time_note=note, observed_at=changed, kind="article", url=link, language=language,
            author_id=entry.get("author") or None, media=media,
        )


def _conditions(known: dict[str, str]) -> dict[str, str]:
    """Headers that ask for the feed only if it has changed since."""
    pairs = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {header: known[name] for name, header in pairs.items() if name in known}


def _because(error: Any) -> str:
    message = error.getMessage() if hasattr(error, "getMessage") else str(error or "")
    return f" ({message})" if message else ""


def _body(entry: Any) -> str:
    contents = [c.get("value") or "" for c in entry.get("content") or ()]
    return str(contents[0] if contents else entry.get("summary") or "")


def _moment(entry: Any, name: str) -> datetime | None:
    """A date as feedparser read it, which is in UTC; None where there is none or it is impossible."""
    found = dict(entry).get(f"{name}_parsed")
    try:
        return datetime.fromtimestamp(calendar.timegm(found), UTC) if found else None
    except (ValueError, OverflowError, OSError):
        return None


def _media(entry: Any) -> Iterator[Media]:
    for enclosure in entry.get("enclosures") or ():
        kind = _MEDIA.get(str(enclosure.get("type") or "").split("/")[0])
        if enclosure.get("href") and kind:
            yield Media(type=kind, url=str(enclosure["href"]))
