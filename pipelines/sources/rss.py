"""News and blogs: RSS and Atom feeds. Needs no key."""

from __future__ import annotations

import calendar
import hashlib
import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import urljoin

from pydantic import Field

from pipelines.errors import SourceError, SourceUnavailable
from pipelines.fetching import client, get, plain_text
from pipelines.records import Cursor, Media, Mention, Query, Rejected, Window
from pipelines.sources.base import Source
from pipelines.times import Dates

if TYPE_CHECKING:
    import httpx

_LOG = logging.getLogger(__name__)
_HARMLESS = ("CharacterEncodingOverride", "NonXMLContentType")  # what feedparser notes and reads all the same
_ENDED = re.compile(rb"</(rss|feed|rdf:rdf)\s*>\s*$", re.I)  # else the last entry may be half of one
_MEDIA: dict[str, Literal["image", "video", "audio"]] = {"image": "image", "video": "video", "audio": "audio"}


class RssSource(Source):
    """Reads each feed as a whole when it has changed, told by ETag and Last-Modified. What it gives twice is merged by id."""

    title: ClassVar[str] = "RSS and Atom feeds"

    urls: list[str] = Field(description="Addresses of the feeds.", min_length=1)
    channel: str = Field(default="news", description="What the feeds are: news, blog, forum, ...")

    def collect(self, query: Query, window: Window) -> Iterator[Mention | Rejected | Cursor]:
        """Entries of all feeds that changed. Where one of several feeds fails, it is noted and the others are read."""
        marks = dict(query.cursor)
        failed: list[SourceError] = []
        with client() as http:
            for url in self.urls:
                try:
                    yield from self._feed(http, url, marks, Dates(now=window.end))
                except SourceError as error:
                    failed.append(error)
                    yield Rejected(source=self.name, file=url, line=0, reason=str(error), raw="")
        if len(failed) == len(self.urls):
            raise failed[0]
        yield Cursor(values=marks)

    def _feed(self, http: httpx.Client, url: str, marks: dict[str, str], dates: Dates) -> Iterator[Mention | Rejected]:
        import feedparser

        answer = get(http, url, headers=_conditions(marks.get(url)))
        if answer.status_code == 304:
            return
        kind = answer.headers.get("content-type", "application/xml")
        found = feedparser.parse(answer.content, response_headers={"content-type": kind}, resolve_relative_uris=False)
        broken = found.get("bozo_exception") if found.bozo else None
        is_broken = broken is not None and type(broken).__name__ not in _HARMLESS
        entries = found.entries if not is_broken or _ENDED.search(answer.content[-200:]) else found.entries[:-1]
        if not found.get("version") or (is_broken and not entries):
            raise SourceUnavailable(f"{url}: is not an RSS or Atom feed that can be read{_because(broken)}.")
        language = str(found.feed.get("language") or "")[:2].lower() or None
        for number, entry in enumerate(entries, 1):
            yield self._mention(entry, url, number, language, dates)
        if is_broken:
            _LOG.warning("%s: broken after %d entries, read again next time%s", url, len(entries), _because(broken))
            marks.pop(url, None)
        else:
            marks[url] = json.dumps({n: answer.headers[n] for n in ("etag", "last-modified") if n in answer.headers})

    def _mention(self, entry: Any, url: str, number: int, language: str | None, dates: Dates) -> Mention | Rejected:
        title, body = plain_text(entry.get("title") or ""), plain_text(_body(entry))
        text = title if not body or body == title else f"{title}\n\n{body}".strip()
        media = tuple(_media(entry))
        if not text and not media:
            return Rejected(source=self.name, file=url, line=number, reason="text is missing", raw=str(dict(entry))[:10_000])
        link = urljoin(url, entry["link"]) if entry.get("link") else None
        published, note = dates(_moment(entry, "published") or _moment(entry, "updated"))
        changed, _ = dates(_moment(entry, "updated"))
        made_up = hashlib.sha256(f"{title}\0{body}".encode()).hexdigest()[:32]
        return Mention(
            source=self.name, native_id=str(entry.get("id") or link or made_up), channel=self.channel, text=text,
            published_at=published, time_note=note, observed_at=changed, kind="article", url=link, language=language,
            author_id=entry.get("author") or None, media=media,
        )


def _conditions(mark: str | None) -> dict[str, str]:
    """Headers that ask for the feed only if it has changed since."""
    known = json.loads(mark) if mark else {}
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
