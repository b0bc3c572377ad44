"""A LinkedIn Page: the organisation's posts and the comments below them, through the Community Management API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import Field

from pipelines.owned import brand_of
from pipelines.records import Found, Gap, Media, Mention, Query, Rejected, Window
from pipelines.rest import Rest
from pipelines.settings import secret, span
from pipelines.sources.base import SPAN, Card, Source

HOST = "https://api.linkedin.com"
_LAG = timedelta(minutes=1)
_TYPES = {"IMAGE": "image", "VIDEO": "video"}


class LinkedInPageSource(Source):
    """Lists the organisation's posts and reads all comments of those of the last days.

    The order of comments is not documented, so that a list of them is read as a whole or not at all.
    """

    incremental: ClassVar[bool] = False
    can_look_up: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "LinkedIn Page"
    key_page: ClassVar[str | None] = "https://developer.linkedin.com/product-catalog/marketing/community-management-api"
    card: ClassVar[Card | None] = Card(
        channel="linkedin", collects="posts of the own organisation, comments and replies below them",
        cannot="posts of others and mentions (no search); names of commenters; private messages",
        keys="token with r_organization_social, granted after review", limits="by application and day, see the developer portal",
        deletion="looked up again, absent ones are withdrawn; the terms limit how long members' data may be kept",
    )

    token: str = Field(description="Access token of an administrator of the Page: env:NAME or file:PATH. It lasts 60 days.")
    organization_id: str = Field(description="Number of the organisation.", pattern=r"^\d+$")
    brand: str = Field(default="", description="Key of the brand whose Page this is; default: the only one of your own.")
    days: int = Field(default=14, ge=1, description="Comments are looked for below posts of so many days.")
    replies: str = Field(default="2d", pattern=SPAN, description="Age of a comment up to which replies to it are looked for.")
    version: str = Field(default="202606", description="Month of the API's version; each lasts a year.", pattern=r"^20\d{4}$")
    window: str = Field(default="1h", pattern=SPAN, description="Width of one collection window: a number and m, h or d.")
    rate: str = Field(default="100/1m", description="Most requests in any span, such as 100/1m; with commas, several.")
    recheck: list[str] = Field(default=["1d", "7d"], description="Ages at which comments are looked up again, one request each.")
    page: int = Field(default=100, ge=1, le=100, description="Posts or comments a request.")
    base_url: str = Field(default=HOST, description="Address of the platform.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """What was written in the window, one minute late; what the budget does not reach are gaps."""
        with _Organization(self, query) as organization:
            yield from organization.posts(Window(window.start - _LAG, window.end - _LAG), 0)

    def fill(self, query: Query, gap: Gap) -> Iterator[Found]:
        """The rest of the list of posts, or the comments of one."""
        what, _, start = gap.query.partition(" ")
        with _Organization(self, query) as organization:
            if what == "posts":
                yield from organization.posts(Window(gap.start, gap.end), int(start))
            else:
                yield from organization.comments(Window(gap.start, gap.end), what)

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Posts and comments as they are now, one request each."""
        with _Organization(self, query, observed=now) as organization:
            for native_id in native_ids:
                yield organization.by_id(native_id) or self.gone(native_id, channel="linkedin", now=now)


class _Organization:
    """Requests of one collection."""

    def __init__(self, source: LinkedInPageSource, query: Query, observed: datetime | None = None) -> None:
        headers = {
            "Authorization": f"Bearer {secret(source.token)}", "LinkedIn-Version": source.version,
            "X-Restli-Protocol-Version": "2.0.0",
        }
        self._source, self._observed, self._brand = source, observed, brand_of(source, query)
        self._urn = f"urn:li:organization:{source.organization_id}"
        self._rest = Rest(source, query, f"{source.base_url.rstrip('/')}/rest", headers)

    def __enter__(self) -> _Organization:
        return self

    def __exit__(self, *about: Any) -> None:
        self._rest.__exit__(*about)

    def posts(self, window: Window, start: int) -> Iterator[Found]:
        """Posts of the last days, newest first, and the comments below them."""
        first = window.start - timedelta(days=self._source.days)
        while not self._rest.is_spent:
            rows = self._page("posts", start, q="author", author=self._urn, sortBy="CREATED")
            for row in rows:
                post = self._read(self._post, row)
                if isinstance(post, Rejected):
                    yield post
                    continue
                below = list(self.comments(window, post.native_id))
                if below or self._is_within(post, window):
                    yield post
                yield from below
            is_old = any(isinstance(row, dict) and _at(row.get("createdAt") or 0) < first for row in rows[-1:])
            if is_old or len(rows) < self._source.page:
                return
            start += self._source.page
        yield self._source.unreached(f"posts {start}", window)

    def comments(self, window: Window, urn: str) -> Iterator[Found]:
        """Comments below a post or a comment that were written in the window, and those below them."""
        if self._rest.is_spent:
            yield self._source.unreached(urn, window)
            return
        start, is_end = 0, False
        while not is_end:
            rows = self._page(f"socialActions/{quote(urn, safe='')}/comments", start)
            for row in rows:
                found = self._read(self._comment, row)
                if isinstance(found, Rejected) or self._is_within(found, window):
                    yield found
                if isinstance(found, Mention) and self._may_be_answered(row, found, window):
                    yield from self.comments(window, found.native_id)
            is_end, start = len(rows) < self._source.page, start + self._source.page

    def _may_be_answered(self, row: dict[str, Any], comment: Mention, window: Window) -> bool:
        count = (row.get("commentsSummary") or {}).get("aggregatedTotalComments")
        back = span(self._source.replies)
        return bool(count) and comment.published_at is not None and comment.published_at >= window.start - back

    def by_id(self, urn: str) -> Mention | Rejected | None:
        """A post or a comment; None where it is gone."""
        if not urn.startswith("urn:li:comment:"):
            row = self._rest.find(f"posts/{quote(urn, safe='')}")
            return None if row is None else self._read(self._post, row)
        below, _, number = urn.removeprefix("urn:li:comment:(").removesuffix(")").rpartition(",")
        row = self._rest.find(f"socialActions/{quote(below, safe='')}/comments/{number}")
        return None if row is None else self._read(self._comment, row)

    def _page(self, path: str, start: int, **asked: Any) -> list[Any]:
        found = self._rest.find(path, start=start, count=self._source.page, **asked)
        return self._rest.items(found, "elements") if found is not None else []

    def _is_within(self, found: Mention, window: Window) -> bool:
        return found.published_at is not None and window.start <= found.published_at < window.end

    def _read(self, read: Any, row: Any) -> Mention | Rejected:
        try:
            found: Mention = read(row)
            return found
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            which = (row.get("commentUrn") or row.get("id")) if isinstance(row, dict) else None
            return self._source.unreadable(f"the post or comment {which}", error, row, file=HOST)

    def _post(self, row: dict[str, Any]) -> Mention:
        written, changed = _at(row.get("publishedAt") or row["createdAt"]), _at(row.get("lastModifiedAt") or row["createdAt"])
        return Mention(
            source=self._source.name, native_id=str(row["id"]), channel="linkedin", text=row.get("commentary") or "",
            published_at=written, observed_at=self._observed or max(written, changed), property="own", is_own=True,
            brand=self._brand, author_id=self._urn, url=f"https://www.linkedin.com/feed/update/{row['id']}/",
        )

    def _comment(self, row: dict[str, Any]) -> Mention:
        actor, written = str(row["actor"]), _at(row["created"]["time"])
        changed = _at((row.get("lastModified") or row["created"])["time"])
        likes, answers = row.get("likesSummary") or {}, row.get("commentsSummary") or {}
        counts = [likes.get("aggregatedTotalLikes"), answers.get("aggregatedTotalComments")]
        known = [c for c in counts if isinstance(c, int)]
        post = str(row["object"])
        media = [_TYPES.get(str(c.get("type")), "link") for c in row.get("content") or ()]
        return Mention(
            source=self._source.name, native_id=str(row["commentUrn"]), channel="linkedin", kind="comment", property="own",
            text=(row.get("message") or {}).get("text") or "", published_at=written, brand=self._brand,
            observed_at=self._observed or max(written, changed), is_own=actor == self._urn, author_id=actor, thread_id=post,
            in_reply_to=row.get("parentComment") or post, engagement=sum(known) if known else None,
            url=f"https://www.linkedin.com/feed/update/{post}/", media=tuple(Media(type=m) for m in media),  # type: ignore[arg-type]
        )


def _at(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
