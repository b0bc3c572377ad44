"""TikTok: comments on the videos of an own business account, through the Business API (Organic API). Nothing is scraped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from pipelines.errors import AuthFailed, RateLimited, SourceUnavailable
from pipelines.owned import brand_of
from pipelines.records import Found, Gap, Media, Mention, Query, Rejected, Window
from pipelines.rest import Rest
from pipelines.settings import secret, span
from pipelines.sources.base import SPAN, Card, Source

HOST = "https://business-api.tiktok.com"
_LAG = timedelta(minutes=5)  # comments appear after they were moderated
_VIDEO = ["item_id", "create_time", "caption", "share_url", "video_views", "likes", "comments", "shares"]
_REFUSED, _LIMITS = frozenset({40001, 40102, 40104, 40105}), frozenset({40016, 40100, 40133})
_VIDEOS_AT_ONCE = 20
_MAY_HAVE_GONE = 3  # items of a list that may be deleted between two collections


class TikTokSource(Source):
    """Lists own videos and reads the comments of each, newest first, with their replies."""

    incremental: ClassVar[bool] = False
    can_look_up: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "TikTok"
    key_page: ClassVar[str | None] = "https://business-api.tiktok.com/portal"
    card: ClassVar[Card | None] = Card(
        channel="tiktok", collects="comments and replies on the own videos of a business account",
        cannot="videos of others and what is said below them (researchers alone may search): intake form, webhook or import",
        keys="access token of the account, granted after review", limits="10 requests a second",
        deletion="looked up again, absent comments are withdrawn",
    )

    token: str = Field(description="Access token of the account: env:NAME or file:PATH.")
    business_id: str = Field(description="Id of the business account, as it comes with the token.")
    brand: str = Field(default="", description="Key of the brand whose account this is; default: the only one of your own.")
    days: int = Field(default=28, ge=1, description="Comments are looked for below videos of so many days.")
    replies: str = Field(
        default="6h", pattern=SPAN,
        description="Age of a comment up to which its new replies are seen at once; later ones when it is looked up again.",
    )
    window: str = Field(default="1h", pattern=SPAN, description="Width of one collection window: a number and m, h or d.")
    rate: str = Field(default="10/1s", description="Most requests in any span, such as 10/1s; with commas, several.")
    page: int = Field(default=30, ge=1, le=30, description="Comments a request.")
    base_url: str = Field(default=HOST, description="Address of the platform.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """What was written in the window, five minutes late; what the budget does not reach are gaps."""
        with _Account(self, query) as account:
            yield from account.videos(Window(window.start - _LAG, window.end - _LAG))

    def fill(self, query: Query, gap: Gap) -> Iterator[Found]:
        """The rest of a list from where the budget was used up, a little before: items above may have gone since."""
        what, *ids, cursor = gap.query.split(" ")
        with _Account(self, query) as account:
            span_ = Window(gap.start, gap.end)
            if what == "videos":
                yield from account.videos(span_, int(cursor))
            else:
                yield from account.comments(span_, ids, max(0, int(cursor) - _MAY_HAVE_GONE))

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Comments and replies as they are now; those that are not given any more are deleted or hidden."""
        wanted: dict[tuple[str, ...], set[str]] = {}
        for native_id in native_ids:
            wanted.setdefault(tuple(native_id.split("-")[:-1]), set()).add(native_id)
        with _Account(self, query, observed=now) as account:
            found: set[str] = set()
            for place in sorted(wanted, key=len):  # replies come with their comments
                for mention in account.by_id(list(place), sorted(wanted[place])):
                    found.add(mention.native_id if isinstance(mention, Mention) else "")
                    yield mention
            for native_id in sorted(set(native_ids) - found):
                yield self.gone(native_id, channel="tiktok", now=now)


class _Account:
    """Requests of one collection. A comment's place is its video, that of a reply its video and comment."""

    def __init__(self, source: TikTokSource, query: Query, observed: datetime | None = None) -> None:
        self._source, self._observed, self._brand = source, observed, brand_of(source, query)
        self._where, self._read_places = f"[sources.{source.name}]", list[list[str]]()
        address = f"{source.base_url.rstrip('/')}/open_api/v1.3/business"
        self._rest = Rest(source, query, address, {"Access-Token": secret(source.token)}, check=self._check)

    def __enter__(self) -> _Account:
        return self

    def __exit__(self, *about: Any) -> None:
        self._rest.__exit__(*about)

    def _check(self, answer: dict[str, Any]) -> None:
        """Errors come with status 200."""
        code = answer.get("code")
        if code == 0:
            return
        if code in _REFUSED:
            raise AuthFailed(f"{self._where}: access is refused (error {code}); renew the token and check its scopes.")
        if code in _LIMITS:
            raise RateLimited(f"{self._where}: too many requests (error {code}); asked again later.", is_told=False)
        if not isinstance(code, int):
            raise self._rest.unreadable()
        is_passing = code >= 50000
        hint = "it is asked again later" if is_passing else "check the ids"
        raise SourceUnavailable(f"{self._where}: the platform answers with error {code}; {hint}.", is_passing=is_passing)

    def videos(self, window: Window, cursor: int | None = None) -> Iterator[Found]:
        """Own videos of the last days, newest first, and the comments below them."""
        first = window.start - timedelta(days=self._source.days)
        asked = {"fields": json.dumps(_VIDEO), "max_count": min(_VIDEOS_AT_ONCE, self._source.page)}
        while True:
            if self._rest.is_spent:
                yield self._source.unreached(f"videos {cursor or 0}", window)
                return
            data = self._data("video/list/", cursor=cursor, **asked)
            rows = self._rest.items(data, "videos")
            for row in rows:
                video = self._read(self._video, row, [])
                if isinstance(video, Rejected):
                    yield video
                    continue
                below = list(self.comments(window, [video.native_id], 0)) if row.get("comments") else []
                if below or window.start <= _at(row) < window.end:
                    yield video
                yield from below
            if not data.get("has_more") or any(_at(row) < first for row in rows[-1:]):
                return
            cursor = int(data["cursor"])

    def comments(self, window: Window, place: list[str], cursor: int) -> Iterator[Found]:
        """Comments or replies, newest first, and the replies below recent comments."""
        back = window.start - (span(self._source.replies) if len(place) == 1 else timedelta(0))
        reached = window.end
        while True:
            if self._rest.is_spent:
                if reached >= window.start:  # else late replies alone are left: they are looked up later
                    yield self._source.unreached(" ".join(["comments", *place, str(cursor)]), window)
                return
            data = self._listed(place, cursor=cursor)
            rows = self._rest.items(data, "comments")
            for row in rows:
                found = self._read(self._comment, row, place)
                below: list[Found] = []
                is_late = self._rest.is_spent and _at(row) < window.start  # late replies wait until the comment is looked up
                if isinstance(found, Mention) and len(place) == 1 and row.get("replies") and not is_late:
                    below = list(self.comments(window, [*place, str(row["comment_id"])], 0))
                if below or isinstance(found, Rejected) or window.start <= _at(row) < window.end:
                    yield found
                yield from below
            reached = min([reached, *(_at(row) for row in rows[-1:])])
            if not data.get("has_more") or reached < back:
                return
            cursor = int(data["cursor"])

    def by_id(self, place: list[str], ids: list[str]) -> Iterator[Mention | Rejected]:
        """Comments by id (with their replies), or all replies of a comment."""
        if len(place) != 1:
            if place:
                yield from self._replies(place)
            else:
                yield from self._videos_by_id(ids)
            return
        for start in range(0, len(ids), self._source.page):
            part = [i.split("-")[-1] for i in ids[start : start + self._source.page]]
            for row in self._rest.items(self._listed(place, comment_ids=json.dumps(part)), "comments"):
                yield self._read(self._comment, row, place)
                if row.get("replies"):
                    yield from self._replies([*place, str(row["comment_id"])])

    def _replies(self, place: list[str]) -> Iterator[Mention | Rejected]:
        cursor, more = 0, place not in self._read_places
        self._read_places.append(place)
        while more:
            data = self._listed(place, cursor=cursor)
            yield from (self._read(self._comment, row, place) for row in self._rest.items(data, "comments"))
            more, cursor = bool(data.get("has_more")), int(data.get("cursor") or 0)

    def _videos_by_id(self, ids: list[str]) -> Iterator[Mention | Rejected]:
        for start in range(0, len(ids), _VIDEOS_AT_ONCE):
            filters = json.dumps({"video_ids": ids[start : start + _VIDEOS_AT_ONCE]})
            data = self._data("video/list/", fields=json.dumps(_VIDEO), filters=filters, max_count=_VIDEOS_AT_ONCE)
            yield from (self._read(self._video, row, []) for row in self._rest.items(data, "videos"))

    def _listed(self, place: list[str], **asked: Any) -> dict[str, Any]:
        asked |= {"video_id": place[0], "sort_field": "create_time", "sort_order": "desc", "max_count": self._source.page}
        if len(place) == 1:
            return self._data("comment/list/", **asked)
        return self._data("comment/reply/list/", comment_id=place[1], **asked)

    def _data(self, path: str, **asked: Any) -> dict[str, Any]:
        data = self._rest.get(path, business_id=self._source.business_id, **asked).get("data")
        if not isinstance(data, dict):
            raise self._rest.unreadable()
        return data

    def _read(self, read: Any, row: Any, place: list[str]) -> Mention | Rejected:
        try:
            found: Mention = read(row, place)
            return found
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            which = (row.get("comment_id") or row.get("item_id")) if isinstance(row, dict) else None
            return self._source.unreadable(f"the video or comment {which}", error, row, file=HOST)

    def _video(self, row: dict[str, Any], place: list[str]) -> Mention:
        known = [row[n] for n in ("likes", "comments", "shares") if isinstance(row.get(n), int)]
        return Mention(
            source=self._source.name, native_id=str(row["item_id"]), channel="tiktok", text=row.get("caption") or "",
            published_at=_at(row), observed_at=self._observed, property="own", is_own=True, brand=self._brand,
            author_id=self._source.business_id, url=row.get("share_url"), engagement=sum(known) if known else None,
            reach=row.get("video_views"), media=(Media(type="video", url=row.get("share_url")),),
        )

    def _comment(self, row: dict[str, Any], place: list[str]) -> Mention:
        is_own = bool(row.get("owner"))
        known = [row[n] for n in ("likes", "replies") if isinstance(row.get(n), int)]
        return Mention(
            source=self._source.name, native_id="-".join([*place, str(row["comment_id"])]), channel="tiktok",
            text=row.get("text") or "", published_at=_at(row), observed_at=self._observed, kind="comment", property="own",
            is_own=is_own, brand=self._brand, author_id=row.get("user_id") or row.get("unique_identifier"),
            author_name=row.get("username") or row.get("display_name"), thread_id=place[0], in_reply_to="-".join(place),
            engagement=sum(known) if known else None,
        )


def _at(row: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(row["create_time"]), UTC)
