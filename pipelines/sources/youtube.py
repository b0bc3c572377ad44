"""YouTube: comments of channels and videos, and videos that a search finds, through google-api-python-client.

Every request costs units of a daily quota: one for comments, a hundred for a search. Threads come newest first, by the time of
their first comment; an answer to an older thread does not move it. So each collection looks back a while, and reads the
answers of threads that have more of them than last time and than come with the thread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr

from pipelines.asking import Asking
from pipelines.errors import ConfigError, SourceError, SourceUnavailable
from pipelines.google import Http, meaning, reasons, service
from pipelines.listings import Expired, Listing, Page, read_all
from pipelines.owned import brand_of
from pipelines.query.dialects import YOUTUBE
from pipelines.query.searching import Search, search_of
from pipelines.records import Cursor, Found, Media, Mention, Property, Query, Rejected, Window
from pipelines.settings import secret, span
from pipelines.sources.base import SPAN, Card, Source

HOST = "https://youtube.googleapis.com"
_SEARCH_COST = 100
_LOOKED_UP = 50  # ids a request
_REMEMBERED = 2_000  # threads whose answers have been read
_REPLIES = "replies"  # key of the cursor that says which
_VIDEO = re.compile(r"[\w-]{11}")  # ids of comments are longer


class YouTubeSource(Source):
    """Threads of each channel and video, newest first, with their answers; videos of each search."""

    can_look_up: ClassVar[bool] = True
    refresh_within: ClassVar[timedelta | None] = timedelta(days=30)  # developer policies: refresh or delete stored data
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "YouTube"
    key_page: ClassVar[str | None] = "https://console.cloud.google.com/apis/credentials"
    card: ClassVar[Card | None] = Card(
        channel="youtube", collects="comments and answers on all videos of named channels, or on named videos; videos by search",
        cannot="comments on videos that are not named, comments held for review, private videos", keys="API key",
        limits="10,000 units a day: a page of comments costs 1, a search 100",
        deletion="stored data must be renewed or deleted within 30 days: looked up again, what is gone is withdrawn",
    )

    key: str = Field(description="API key: env:NAME or file:PATH.")
    channels: list[str] = Field(default=[], description="Ids of the brand's own channels: comments on all their videos are read.")
    brand: str = Field(default="", description="Key of the brand whose channels these are; default: the only one of your own.")
    videos: list[str] = Field(default=[], description="Ids of other videos whose comments are read.")
    search: bool = Field(default=False, description="Search videos by the brands' queries; each search costs 100 units a time.")
    searches: list[str] = Field(default=[], description="Searches in YouTube's own syntax, kept whole; instead of the queries.")
    late: str = Field(default="1d", pattern=SPAN, description="How long a thread is looked at again for new answers.")
    page: int = Field(default=100, ge=1, le=100, description="Comments a request.")
    rate: str = Field(default="10000/1d", description="Most units in any span, such as 10000/1d; with commas, several.")
    base_url: str = Field(default=HOST, description="Address of the interface.")

    _brand: str | None = PrivateAttr(default=None)

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """What is new below each channel and video and in each search. At first it reads `backfill` back."""
        ask, client = self._client(query)
        first, answers = window.start - span(self.backfill), _Answers.of(query.cursors.get(_REPLIES))
        search = self._searching(query)
        if not (self.channels or self.videos or search.texts):
            raise ConfigError(f"[sources.{self.name}] has nothing to read: set its channels, videos or searches.")
        threads = partial(self._threads, ask, client, answers)
        reads: dict[str, Callable[[str | None], Page]] = {
            **{f"channel {c}": partial(threads, "own", {"allThreadsRelatedToChannelId": c}) for c in self.channels},
            **{f"video {v}": partial(threads, "independent", {"videoId": v}) for v in self.videos},
            **{f"search {s}": partial(self._found, ask, client, s, first) for s in search.texts},
        }
        keeps = {f"search {text}": partial(_is_meant, search, text) for text in search.texts}
        yield from self._answers(ask, client, answers)  # those that wait since the last collection
        yield from read_all([
            Listing(
                source=self.name, key=key, read=read, first=first, late=span("1h" if key in keeps else self.late),
                keeps=keeps.get(key, lambda _: True),
            )
            for key, read in reads.items()
        ], query, ask)
        yield from self._answers(ask, client, answers)
        yield answers.cursor()

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Comments, threads and videos by id, and answers that are new in these threads; absent ones are gone."""
        ask, client = self._client(query)
        videos = [i for i in native_ids if _VIDEO.fullmatch(i)]
        replies = [i for i in native_ids if "." in i]
        threads = [i for i in native_ids if "." not in i and not _VIDEO.fullmatch(i)]
        answers = _Answers()
        for part in _parts(videos):
            yield from self._looked_up(ask, client.videos().list(part="snippet,statistics", id=part), part, self._video, now)
        for part in _parts(replies):
            yield from self._looked_up(ask, client.comments().list(part="snippet", id=part, textFormat="plainText"), part,
                                       self._comment, now)
        for part in _parts(threads):
            request = client.commentThreads().list(part="snippet,replies", id=part, textFormat="plainText", maxResults=100)
            items = ask(lambda: self._items(request))[0]  # noqa: B023
            yield from self._absent(items, part, now)
            for item in items:
                yield from self._thread(item, answers, observed=now)
        yield from self._answers(ask, client, answers, now, is_whole=True)

    def _searching(self, query: Query) -> Search:
        if not self.search and not self.searches:
            return Search(query, [])
        return search_of(YOUTUBE, query, self.searches, where=f"[sources.{self.name}]", hint="searches")

    def _client(self, query: Query) -> tuple[Asking, Any]:
        self._brand, where = brand_of(self, query), f"[sources.{self.name}]"
        http = Http(self.base_url, {"X-Goog-Api-Key": secret(self.key)})
        usual = meaning(where)

        def means(error: Exception) -> SourceError | None:
            if "commentsDisabled" in reasons(error):
                return SourceUnavailable(f"{where}: comments are disabled on one of its videos; take it out.", is_passing=False)
            return usual(error)

        return Asking(self, query, means), service("youtube", "v3", http, self.base_url)

    def _items(self, request: Any, token: str | None = None) -> tuple[list[Any], str | None]:
        """Items of a page and the token of the next."""
        from googleapiclient.errors import HttpError

        try:
            page = request.execute(num_retries=0)
        except HttpError as error:
            if error.resp.status == 400 and token:
                raise Expired from None
            if "commentNotFound" in reasons(error):  # a thread that is gone has no answers
                return [], None
            raise
        if not isinstance(page, dict) or not isinstance(page.get("items"), list):
            raise SourceUnavailable(f"[sources.{self.name}]: the answer is not a list of items; it is asked again later.")
        return page["items"], page.get("nextPageToken")

    def _threads(
        self, ask: Asking, client: Any, answers: _Answers, place: Property, of: dict[str, str], token: str | None
    ) -> Page:
        request = client.commentThreads().list(
            part="snippet,replies", order="time", textFormat="plainText", maxResults=self.page, pageToken=token, **of,
        )
        found, following = ask(lambda: self._items(request, token))
        items: list[tuple[datetime | None, Found]] = []
        for item in found:
            first, *replies = self._thread(item, answers, place=place)
            at = first.published_at if isinstance(first, Mention) else None
            items += [(at, first), *((at, reply) for reply in replies)]
        return Page(items=items, following=following)

    def _thread(
        self, item: Any, answers: _Answers, *, place: Property | None = None, observed: datetime | None = None
    ) -> Iterator[Mention | Rejected]:
        """The first comment of a thread and the answers that come with it; whether there are more goes into `answers`."""
        first = self._read(self._comment, _get(item, "snippet", "topLevelComment"), observed, place=place)
        yield first
        total, given = _get(item, "snippet", "totalReplyCount") or 0, _get(item, "replies", "comments") or []
        for reply in given:
            yield self._read(self._comment, reply, observed, place=place)
        if isinstance(first, Mention):
            answers.note(first.native_id, total, [str(_get(reply, "id")) for reply in given])

    def _answers(
        self, ask: Asking, client: Any, answers: _Answers, observed: datetime | None = None, *, is_whole: bool = False
    ) -> Iterator[Mention | Rejected]:
        """All answers of the threads that wait for it, as far as the budget goes."""
        for thread in list(answers.waiting):
            token = answers.waiting[thread] or None
            while is_whole or not ask.is_spent:
                request = client.comments().list(
                    part="snippet", parentId=thread, textFormat="plainText", maxResults=self.page, pageToken=token,
                )
                try:
                    items, token = ask(lambda: self._items(request, token))  # noqa: B023
                except Expired:
                    token = answers.waiting[thread] = ""
                    continue
                for item in items:
                    yield self._read(self._comment, item, observed)
                answers.waiting[thread] = token or ""
                if not token:
                    del answers.waiting[thread]
                    break

    def _found(self, ask: Asking, client: Any, search: str, first: datetime, token: str | None) -> Page:
        request = client.search().list(
            part="snippet", q=search, type="video", order="date", maxResults=min(50, self.page), pageToken=token,
            publishedAfter=first.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        found, following = ask(lambda: self._items(request, token), cost=_SEARCH_COST)
        read = [self._read(self._video, item, None) for item in found]
        return Page(items=[(v.published_at if isinstance(v, Mention) else None, v) for v in read], following=following)

    def _looked_up(self, ask: Asking, request: Any, ids: Sequence[str], read: Any, now: datetime) -> Iterator[Mention | Rejected]:
        items = ask(lambda: self._items(request))[0]
        yield from self._absent(items, ids, now)
        yield from (self._read(read, item, now) for item in items)

    def _absent(self, items: Sequence[Any], ids: Sequence[str], now: datetime) -> Iterator[Mention]:
        here = {str(_get(item, "id")) for item in items}
        yield from (self.gone(native_id, channel="youtube", now=now) for native_id in ids if native_id not in here)

    def _read(self, read: Callable[..., Mention], item: Any, observed: datetime | None, **more: Any) -> Mention | Rejected:
        try:
            return read(item, observed, **more)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return self.unreadable("a comment or video", error, item, file=HOST)

    def _comment(self, item: dict[str, Any], observed: datetime | None, place: Property | None = None) -> Mention:
        values, native_id = item["snippet"], str(item["id"])
        author, video = _get(values, "authorChannelId", "value"), values.get("videoId")
        published, parent = datetime.fromisoformat(values["publishedAt"]), values.get("parentId")
        changed = datetime.fromisoformat(values.get("updatedAt") or values["publishedAt"])
        place = place or ("own" if values.get("channelId") in self.channels else "independent")
        thread, is_own = native_id.partition(".")[0], author in self.channels
        return Mention(
            source=self.name, native_id=native_id, channel="youtube", text=values["textDisplay"], kind="comment", property=place,
            published_at=published, observed_at=observed or (changed if changed > published else None),
            is_own=is_own, brand=self._brand if is_own or place == "own" else None,
            author_id=author, author_name=values.get("authorDisplayName"),
            url=f"https://www.youtube.com/watch?v={video}&lc={native_id}" if video else None, thread_id=thread,
            in_reply_to=parent or (thread if thread != native_id else None), engagement=values.get("likeCount"),
        )

    def _video(self, item: dict[str, Any], observed: datetime | None) -> Mention:
        values, counts, channel = item["snippet"], item.get("statistics") or {}, item["snippet"].get("channelId")
        native_id = str(_get(item, "id", "videoId") or item["id"])  # search wraps it
        known = [int(counts[name]) for name in ("likeCount", "commentCount") if counts.get(name) is not None]
        url, views = f"https://www.youtube.com/watch?v={native_id}", counts.get("viewCount")
        text = "\n\n".join(part for part in (values["title"], values.get("description")) if part)
        return Mention(
            source=self.name, native_id=native_id, channel="youtube", text=text,
            published_at=datetime.fromisoformat(values["publishedAt"]), observed_at=observed, is_own=channel in self.channels,
            brand=self._brand if channel in self.channels else None,
            author_id=channel, author_name=values.get("channelTitle"), url=url, thread_id=native_id,
            language=values.get("defaultLanguage"), engagement=sum(known) if known else None,
            reach=None if views is None else int(views), media=(Media(type="video", url=url),),
        )


@dataclass
class _Answers:
    """Which threads have more answers than come with them: those that were read, and those that wait, with their next page."""

    known: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, cursor: Cursor | None) -> _Answers:
        values = cursor.values if cursor else {}
        return cls(json.loads(values.get("known", "{}")), json.loads(values.get("waiting", "{}")))

    def note(self, thread: str, total: int, given: Sequence[str]) -> None:
        """A thread has so many answers, of which these came with it."""
        if total <= len(given):
            return
        seen = f"{total} {max(given, default='')}"
        if self.known.pop(thread, None) != seen:
            self.waiting[thread] = ""
        self.known[thread] = seen

    def cursor(self) -> Cursor:
        kept = dict(list(self.known.items())[-_REMEMBERED:])
        return Cursor(query=_REPLIES, values={"known": json.dumps(kept), "waiting": json.dumps(self.waiting)})


def _is_meant(search: Search, text: str, item: Found) -> bool:
    return not isinstance(item, Mention) or search.keeps(text, item)


def _parts(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _LOOKED_UP):
        yield list(ids[start : start + _LOOKED_UP])


def _get(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
