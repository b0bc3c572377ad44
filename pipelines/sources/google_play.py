"""Google Play: reviews of the brand's own apps and the answers to them, through the Android Publisher API.

The list holds the reviews that were written or changed during the last week, the newest change first, and tells the time of
the last change only. A review that is older is asked for by its id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr

from pipelines import reviews
from pipelines.asking import Asking
from pipelines.errors import ConfigError, SourceUnavailable
from pipelines.google import Http, ServiceAccount, authorised, present, service
from pipelines.listings import Listing, Page, read_all
from pipelines.owned import brand_of
from pipelines.records import Cursor, Found, Gap, Mention, Query, Rejected, Window
from pipelines.settings import secret, span
from pipelines.sources.base import SPAN, Card, Source

HOST = "https://androidpublisher.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/androidpublisher"
_KEPT = timedelta(days=7)  # how far back the list reaches
_NOTE = "time of the last change: Google Play tells no other"
_REPLY = ":reply"  # added to the id of a review


class GooglePlaySource(Source):
    """Reviews from the newest change down to what is known."""

    can_look_up: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "Google Play reviews"
    key_page: ClassVar[str | None] = "https://play.google.com/console/developers/api-access"
    card: ClassVar[Card | None] = Card(
        channel="app_review", collects="reviews with a text of own apps, and the answers to them",
        cannot="other companies' apps, ratings without a text, reviews of test versions, changes of more than a week ago",
        keys="service account that may reply to reviews", limits="200 requests an hour for each app",
        deletion="deleted reviews are looked up again one by one and withdrawn",
    )

    key: str = Field(description="JSON key file of the service account: file:PATH or env:NAME.")
    apps: list[str] = Field(description="Package names of the apps, such as com.example.app.")
    brand: str = Field(default="", description="Key of the brand whose apps these are; default: the only one of your own.")
    window: str = Field(default="1h", pattern=SPAN, description="Width of one collection window: a number and m, h or d.")
    late: str = Field(default="1d", pattern=SPAN, description="How far each collection looks back for new answers to reviews.")
    page: int = Field(default=100, ge=1, le=100, description="Reviews a request.")
    requests: int = Field(default=50, ge=0, description="Most requests of one collection. 0: no limit.")
    rate: str = Field(default="200/1h", description="Most requests in any span, such as 200/1h; with commas, several.")
    base_url: str = Field(default=HOST, description="Address of the interface.")

    _brand: str | None = PrivateAttr(default=None)

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """What is new of each app; what changed and was not read within a week is a gap."""
        if not self.apps:
            raise ConfigError(f"[sources.{self.name}] has nothing to read: set its apps.")
        ask, client = self._client(query)
        oldest, known = window.end - _KEPT, query.cursor.get("read")
        read = datetime.fromisoformat(known) if known else window.end
        if read < oldest:
            reason = "Google Play keeps the changes of a week, and its reviews were not read for longer"
            yield Gap(source=self.name, start=read, end=oldest, reason=reason)
        first = max(oldest, window.start - span(self.backfill))
        yield from read_all([
            Listing(source=self.name, key=app, read=partial(self._page, ask, client, app), first=first, late=span(self.late))
            for app in self.apps
        ], query, ask)
        if not ask.is_spent:
            yield Cursor(values={"read": max(read, window.end).isoformat()})

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Reviews by id, one a request, each with its answer; those beyond the budget stay due."""
        ask, client = self._client(query)
        asked: dict[tuple[str, str], list[str]] = {}
        for native_id in native_ids:
            app, _, review = native_id.partition("/")
            asked.setdefault((app, review.removesuffix(_REPLY)), []).append(native_id)

        def read(key: tuple[str, str]) -> Iterator[Mention | Rejected]:
            return self._read(key[0], self._review(ask, client, *key), now)

        yield from reviews.look_up(self, ask, asked, read, channel="app_review", now=now)

    def _client(self, query: Query) -> tuple[Asking, Any]:
        self._brand = brand_of(self, query)
        http = Http(self.base_url)
        account = ServiceAccount(f"[sources.{self.name}]", secret(self.key), _SCOPE)
        ask = authorised(self, query, http, account.token)
        return ask, service("androidpublisher", "v3", http, self.base_url)

    def _page(self, ask: Asking, client: Any, app: str, token: str | None) -> Page:
        request = client.reviews().list(packageName=app, maxResults=self.page, token=token)
        page = ask(lambda: _checked(request.execute(num_retries=0), "reviews", "pageInfo", "tokenPagination"))
        items = reviews.listed(page.get("reviews") or (), lambda review: self._read(app, review, None), lambda m: m.published_at)
        return Page(items=items, following=(page.get("tokenPagination") or {}).get("nextPageToken"))

    def _review(self, ask: Asking, client: Any, app: str, review: str) -> dict[str, Any] | None:
        """A review, None where it is gone."""
        request = client.reviews().get(packageName=app, reviewId=review)
        return ask(lambda: present(lambda: _checked(request.execute(num_retries=0), "reviewId")))

    def _read(self, app: str, review: dict[str, Any] | None, observed: datetime | None) -> Iterator[Mention | Rejected]:
        """A review and the last answer to it."""
        try:
            yield from () if review is None else self._mentions(app, review, observed)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            yield self.unreadable("a review", error, review, file=HOST)

    def _mentions(self, app: str, review: dict[str, Any], observed: datetime | None) -> list[Mention]:
        native_id = f"{app}/{review['reviewId']}"
        said = [c["userComment"] for c in review["comments"] if "userComment" in c]
        answers = [c["developerComment"] for c in review["comments"] if "developerComment" in c]
        changed = _moment(said[-1])
        found = [Mention(
            source=self.name, native_id=native_id, channel="app_review", kind="review", property="own", brand=self._brand,
            text=(said[-1].get("originalText") or said[-1]["text"]).replace("\t", "\n\n").strip(),  # between title and text
            published_at=changed, time_note=_NOTE, observed_at=observed or changed, author_name=review.get("authorName") or None,
            language=said[-1].get("reviewerLanguage"), thread_id=native_id, rating=said[-1].get("starRating"),
            engagement=said[-1].get("thumbsUpCount"), url=f"https://play.google.com/store/apps/details?id={app}",
        )]
        if answers:
            changed = _moment(answers[-1])
            found.append(Mention(
                source=self.name, native_id=native_id + _REPLY, channel="app_review", kind="reply", property="own", is_own=True,
                brand=self._brand, text=answers[-1]["text"], published_at=changed, time_note=_NOTE,
                observed_at=observed or changed, thread_id=native_id, in_reply_to=native_id,
            ))
        return found


def _moment(comment: dict[str, Any]) -> datetime:
    at = comment["lastModified"]
    return datetime.fromtimestamp(int(at["seconds"]), UTC) + timedelta(microseconds=int(at.get("nanos") or 0) // 1000)


def _checked(page: Any, *needed: str) -> dict[str, Any]:
    """The answer, where it is one; a list without reviews still says how many there are."""
    if not isinstance(page, dict) or not page.keys() & set(needed):
        raise SourceUnavailable("the answer is not what the Android Publisher API gives; it is asked again later.")
    return page
