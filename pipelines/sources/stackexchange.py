"""Stack Exchange: questions and answers that name a brand, on Stack Overflow and its sister sites.

Asked through httpx: StackAPI fetches the list of all sites whenever it is made, has no time limit, and sleeps by itself, so
that its requests could be neither paced nor counted. The search gives excerpts; what was found is then read by its ids.
"""

from __future__ import annotations

import html
import logging
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, ClassVar

from pydantic import Field

from pipelines.asking import Asking
from pipelines.errors import AuthFailed, RateLimited, SourceUnavailable
from pipelines.fetching import by_status, client, plain_text
from pipelines.query.dialects import STACKEXCHANGE
from pipelines.query.searching import Search, search_of
from pipelines.records import Found, Gap, Mention, Query, Rejected, Window
from pipelines.settings import secret, span
from pipelines.sources.base import SPAN, Card, Source

_PATH = "/2.3"
_DEEPEST = 25  # pages without a key of a user
_LOOKED_UP = 100  # ids a request
_SECONDS = re.compile(r"in (\d+) seconds")
_THROTTLED, _REFUSED = 502, (401, 402, 403, 405, 406)  # error_id


class StackExchangeSource(Source):
    """Asks for spans of time, oldest first."""

    incremental: ClassVar[bool] = False
    can_look_up: ClassVar[bool] = True
    title: ClassVar[str] = "Stack Exchange"
    key_page: ClassVar[str | None] = "https://stackapps.com/apps/oauth/register"
    card: ClassVar[Card | None] = Card(
        channel="stackexchange", collects="questions and answers that the search of each site finds", cannot="comments",
        keys="none; a free key for more", limits="300 requests a day, 10,000 with a key; waits when told to",
        deletion="looked up again: what is absent is withdrawn; texts are CC BY-SA, name the author when showing them",
    )

    sites: list[str] = Field(default=["stackoverflow"], min_length=1, description="Sites, as the interface names them.")
    terms: list[str] = Field(default=[], description="Phrases to search for, kept whole; default: the brands' queries.")
    key: str = Field(default="", description="Key of an application: env:NAME or file:PATH.")
    window: str = Field(default="1h", pattern=SPAN, description="Width of one collection window: a number and m, h or d.")
    late: str = Field(default="30m", description="How far each collection looks back for what was indexed late.", pattern=SPAN)
    page: int = Field(default=100, ge=1, le=100, description="Posts a request.")
    rate: str = Field(default="30/1s,300/1d", description="Most requests in any span; with a key 30/1s,10000/1d.")
    base_url: str = Field(default="https://api.stackexchange.com", description="Address of the platform.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """Posts written in the window and a little before it; what the budget does not reach is a gap."""
        search = self._searching(query)
        with closing(_Asker(self, query)) as ask:
            for what in (f"{site}/{term}" for site in self.sites for term in search.texts):
                yield from self._search(ask, search, what, Window(window.start - span(self.late), window.end))

    def fill(self, query: Query, gap: Gap) -> Iterator[Found]:
        """The span of a gap, for the site and term that missed it."""
        search = self._searching(query)
        with closing(_Asker(self, query)) as ask:
            yield from self._search(ask, search, gap.query, Window(gap.start, gap.end))

    def _searching(self, query: Query) -> Search:
        return search_of(STACKEXCHANGE, query, self.terms, where=f"[sources.{self.name}]", hint="terms")

    def _search(self, ask: _Asker, search: Search, what: str, wanted: Window) -> Iterator[Found]:
        site, _, term = what.partition("/")
        written = f'"{term}"' if term in self.terms else term
        seen: set[str] = set()
        since, latest, number = int(wanted.start.timestamp()), int(wanted.start.timestamp()), 1
        while not ask.is_spent:
            page = ask("search/excerpts", site=site, q=written, fromdate=since, todate=int(wanted.end.timestamp()) - 1,
                       sort="creation", order="asc", page=number, pagesize=self.page)
            ids = [one for item in page["items"] if (one := _native_id(site, item)) and one not in seen]
            seen.update(ids)
            latest = max([latest, *(int(item.get("creation_date") or 0) for item in page["items"])])
            found = self._by_id(ask, ids, observed=None)
            yield from (item for item in found if not isinstance(item, Mention) or search.keeps(term, item))
            if not page.get("has_more"):
                return
            number += 1
            if number > _DEEPEST and latest > since:  # pages end, so go on from the last post
                since, number = latest, 1
        reason, start = f"the {self.requests} requests of this collection were used up", datetime.fromtimestamp(latest, UTC)
        yield Gap(source=self.name, query=what, start=start, end=wanted.end, reason=reason)

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Posts by id; those that the platform no longer gives were deleted."""
        with closing(_Asker(self, query)) as ask:
            known: set[str] = set()
            for mention in self._by_id(ask, native_ids, observed=now):
                known.add(mention.native_id if isinstance(mention, Mention) else mention.raw)
                yield mention
            yield from (self.gone(i, channel="stackexchange", now=now) for i in native_ids if i not in known)

    def _by_id(self, ask: _Asker, native_ids: Sequence[str], *, observed: datetime | None) -> Iterator[Mention | Rejected]:
        groups: dict[tuple[str, str], list[str]] = {}
        for site, kind, number in (native_id.split("/") for native_id in native_ids):
            groups.setdefault((site, kind), []).append(number)
        for (site, kind), numbers in groups.items():
            for start in range(0, len(numbers), _LOOKED_UP):
                ids = ";".join(numbers[start : start + _LOOKED_UP])
                items = ask(f"{kind}/{ids}", site=site, filter="withbody", pagesize=_LOOKED_UP)["items"]
                yield from (self._mention(site, item, observed) for item in items)

    def _mention(self, site: str, item: Any, observed: datetime | None) -> Mention | Rejected:
        native_id = _native_id(site, item) or ""
        try:
            return self._read(site, native_id, item, observed)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            return self.unreadable("a post", error, native_id or item, file=self.base_url, line=0)

    def _read(self, site: str, native_id: str, item: dict[str, Any], now: datetime | None) -> Mention:
        is_answer, owner = item.get("answer_id") is not None, item.get("owner") or {}
        question = f"{site}/questions/{item['question_id']}"
        parts = ["" if is_answer else html.unescape(item.get("title") or ""), plain_text(item["body"])]
        known = [int(item[name]) for name in ("score", "answer_count") if item.get(name) is not None]
        edited = item.get("last_edit_date")
        return Mention(
            source=self.name, native_id=native_id, channel="stackexchange", text="\n\n".join(p for p in parts if p),
            published_at=datetime.fromtimestamp(int(item["creation_date"]), UTC), kind="reply" if is_answer else "post",
            observed_at=now or (datetime.fromtimestamp(int(edited), UTC) if edited else None),
            author_id=f"{site}/{owner['user_id']}" if owner.get("user_id") else None, author_name=owner.get("display_name"),
            url=item.get("link"), thread_id=question, in_reply_to=question if is_answer else None,
            engagement=sum(known) if known else None, reach=item.get("view_count"),
        )


class _Asker:
    """Requests of one collection. Where an answer says `backoff`, that is waited for before anything else is done."""

    def __init__(self, source: StackExchangeSource, query: Query) -> None:
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)  # below that they log addresses, which hold the key
        self._source, self._where = source, f"[sources.{source.name}]"
        self._http, self._ask = client(), Asking(source, query)
        self._key = {"key": secret(source.key)} if source.key else {}

    @property
    def is_spent(self) -> bool:
        return self._ask.is_spent

    def close(self) -> None:
        self._http.close()

    def __call__(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer of a method: an object with `items`."""
        url = f"{self._source.base_url.rstrip('/')}{_PATH}/{method}"
        page = self._ask(lambda: self._checked(self._http.get(url, params=params | self._key)))
        wait = float(page.get("backoff") or 0)
        if wait > self._source.longest_wait:
            raise RateLimited(f"{self._where}: Stack Exchange asks to wait {wait:g} s.", retry_after=wait)
        time.sleep(wait)
        return page

    def _checked(self, response: Any) -> dict[str, Any]:
        try:
            found = response.json()
        except ValueError:
            found = None
        if isinstance(found, dict) and isinstance(found.get("error_id"), int):
            raise self._refused(found)
        if response.status_code >= 400:
            raise by_status(self._where, response.status_code, response.headers)
        if not isinstance(found, dict) or not isinstance(found.get("items"), list):
            raise SourceUnavailable(f"{self._where}: the answer is not what Stack Exchange gives; it is asked again later.")
        return found

    def _refused(self, found: dict[str, Any]) -> Exception:
        """What an error means: it comes with status 400, whatever it is."""
        number, told = found["error_id"], _SECONDS.search(str(found.get("error_message")))
        if number == _THROTTLED:
            wait = float(told[1]) if told else 60.0
            return RateLimited(f"{self._where}: too many requests; try again in {wait:g} s.", retry_after=wait)
        if number in _REFUSED:
            return AuthFailed(f"{self._where}: access is refused (error {number}); check the key.")
        hint = "it is asked again later" if number >= 500 else "check the sites and terms"
        return SourceUnavailable(f"{self._where}: error {number}; {hint}.", is_passing=number >= 500)


def _native_id(site: str, item: Any) -> str | None:
    """The id of a post or excerpt: site, kind as it is asked for, number."""
    if not isinstance(item, dict):
        return None
    for kind in ("answer", "question"):
        if isinstance(item.get(f"{kind}_id"), int):
            return f"{site}/{kind}s/{item[f'{kind}_id']}"
    return None
