"""Google Business Profile: reviews of the brand's own places and the answers to them, through version 4 of its API.

Google ships no description of this version with its client library, so the two calls that are needed are described here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr

from pipelines import reviews
from pipelines.asking import Asking
from pipelines.errors import ConfigError, SourceUnavailable
from pipelines.google import TOKENS, Http, authorised, described, present, refreshed
from pipelines.listings import Listing, Page, read_all
from pipelines.owned import brand_of
from pipelines.records import Found, Mention, Query, Rejected, Window
from pipelines.settings import secret, span
from pipelines.sources.base import SPAN, Card, Source

HOST = "https://mybusiness.googleapis.com"
_REPLY = "/reply"  # added to the name of a review
_STARS = {"ONE": 1.0, "TWO": 2.0, "THREE": 3.0, "FOUR": 4.0, "FIVE": 5.0}
_TRANSLATED, _ORIGINAL = "(Translated by Google)", "(Original)"


class GoogleBusinessSource(Source):
    """Reviews of each place from the newest change down to what is known."""

    can_look_up: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "Google Business reviews"
    key_page: ClassVar[str | None] = "https://developers.google.com/my-business/content/prereqs"
    card: ClassVar[Card | None] = Card(
        channel="google_business", collects="reviews and ratings of own, verified places, and the answers to them",
        cannot="other companies' places", keys="OAuth client and a refresh token of an owner; access is granted on request",
        limits="300 requests a minute", deletion="deleted reviews are looked up again one by one and withdrawn",
    )

    client_id: str = Field(description="Id of the OAuth client: env:NAME or file:PATH.")
    client_secret: str = Field(description="Secret of the OAuth client: env:NAME or file:PATH.")
    refresh_token: str = Field(description="Refresh token of an owner or manager of the places: env:NAME or file:PATH.")
    places: list[str] = Field(description="Names of the places: accounts/NUMBER/locations/NUMBER.")
    brand: str = Field(default="", description="Key of the brand whose places these are; default: the only one of your own.")
    window: str = Field(default="1h", pattern=SPAN, description="Width of one collection window: a number and m, h or d.")
    late: str = Field(default="1d", pattern=SPAN, description="How far each collection looks back for new answers to reviews.")
    page: int = Field(default=50, ge=1, le=50, description="Reviews a request.")
    requests: int = Field(default=200, ge=0, description="Most requests of one collection. 0: no limit.")
    rate: str = Field(default="300/1m", description="Most requests in any span, such as 300/1m; with commas, several.")
    base_url: str = Field(default=HOST, description="Address of the interface.")
    token_url: str = Field(default=TOKENS, description="Address that gives access tokens.")

    _brand: str | None = PrivateAttr(default=None)

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """What is new of each place. At first it reads `backfill` back."""
        if not self.places:
            raise ConfigError(f"[sources.{self.name}] has nothing to read: set its places.")
        ask, client = self._client(query)
        first = window.start - span(self.backfill)
        yield from read_all([
            Listing(source=self.name, key=place, read=partial(self._page, ask, client, place), first=first, late=span(self.late))
            for place in self.places
        ], query, ask)

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Reviews by name, one a request, each with its answer; those beyond the budget stay due."""
        ask, client = self._client(query)
        asked: dict[str, list[str]] = {}
        for native_id in native_ids:
            asked.setdefault(native_id.removesuffix(_REPLY), []).append(native_id)

        def read(name: str) -> Iterator[Mention | Rejected]:
            return self._read(self._review(ask, client, name), now)

        yield from reviews.look_up(self, ask, asked, read, channel="google_business", now=now)

    def _client(self, query: Query) -> tuple[Asking, Any]:
        self._brand = brand_of(self, query)
        values = {name: secret(getattr(self, name)) for name in ("client_id", "client_secret", "refresh_token")}
        http = Http(self.base_url)
        ask = authorised(self, query, http, lambda: refreshed(f"[sources.{self.name}]", self.token_url, **values))
        return ask, described(_DOCUMENT, http, self.base_url).accounts().locations().reviews()

    def _page(self, ask: Asking, client: Any, place: str, token: str | None) -> Page:
        request = client.list(parent=place, pageSize=self.page, orderBy="updateTime desc", pageToken=token)
        page = ask(lambda: _checked(request.execute(num_retries=0), "reviews", "totalReviewCount", "averageRating"))
        found = page.get("reviews") or ()
        items = reviews.listed(found, lambda review: self._read(review, None), lambda m: m.observed_at or m.published_at)
        return Page(items=items, following=page.get("nextPageToken"))

    def _review(self, ask: Asking, client: Any, name: str) -> dict[str, Any] | None:
        """A review, None where it is gone."""
        request = client.get(name=name)
        return ask(lambda: present(lambda: _checked(request.execute(num_retries=0), "name")))

    def _read(self, review: dict[str, Any] | None, observed: datetime | None) -> Iterator[Mention | Rejected]:
        """A review and the answer to it."""
        try:
            yield from () if review is None else self._mentions(review, observed)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            yield self.unreadable("a review", error, review, file=HOST)

    def _mentions(self, review: dict[str, Any], observed: datetime | None) -> list[Mention]:
        name, reply, author = str(review["name"]), review.get("reviewReply"), review.get("reviewer") or {}
        published, changed = (datetime.fromisoformat(review.get(k) or review["createTime"]) for k in ("createTime", "updateTime"))
        found = [Mention(
            source=self.name, native_id=name, channel="google_business", kind="review", property="own", brand=self._brand,
            text=_original(review.get("comment") or ""), rating=_STARS.get(str(review.get("starRating"))),
            published_at=published, observed_at=observed or changed,
            author_name=None if author.get("isAnonymous") else author.get("displayName"), thread_id=name,
        )]
        if reply:
            changed = datetime.fromisoformat(reply["updateTime"])
            found.append(Mention(
                source=self.name, native_id=name + _REPLY, channel="google_business", kind="reply", property="own", is_own=True,
                brand=self._brand, text=_original(reply["comment"]), published_at=changed, observed_at=observed or changed,
                thread_id=name, time_note="time of the last change: Google tells no other", in_reply_to=name,
            ))
        return found


def _original(text: str) -> str:
    """The text as it was written: Google puts its translation before it, or after it.

    >>> _original("(Translated by Google) Late\\n\\n(Original)\\nZu spät")
    'Zu spät'
    >>> _original("Zu spät\\n\\n(Translated by Google)\\nLate")
    'Zu spät'
    """
    if text.startswith(_TRANSLATED) and _ORIGINAL in text:
        return text.partition(_ORIGINAL)[2].strip()
    return text.partition(f"\n\n{_TRANSLATED}")[0].strip()


def _checked(page: Any, *needed: str) -> dict[str, Any]:
    """The answer, where it is one; a place without reviews is an empty object."""
    if not isinstance(page, dict) or ((page or "name" in needed) and not page.keys() & set(needed)):
        raise SourceUnavailable("the answer is not what the API gives; it is asked again later.")
    return page


def _method(name: str, path: str, key: str, gives: str, *others: str) -> dict[str, Any]:
    in_path = {"type": "string", "location": "path", "required": True, "pattern": "^accounts/[^/]+/locations/.+$"}
    in_query = {o: {"type": "integer" if o == "pageSize" else "string", "location": "query"} for o in others}
    return {
        "id": f"mybusiness.accounts.locations.reviews.{name}", "path": path, "httpMethod": "GET", "parameterOrder": [key],
        "parameters": {key: in_path, **in_query}, "response": {"$ref": gives},
    }


_REVIEWS = {"methods": {
    "list": _method("list", "v4/{+parent}/reviews", "parent", "Reviews", "pageSize", "pageToken", "orderBy"),
    "get": _method("get", "v4/{+name}", "name", "Review"),
}}
_DOCUMENT: dict[str, Any] = {
    "kind": "discovery#restDescription", "name": "mybusiness", "version": "v4", "rootUrl": f"{HOST}/", "servicePath": "",
    "schemas": {name: {"id": name, "type": "object"} for name in ("Review", "Reviews")},
    "resources": {"accounts": {"resources": {"locations": {"resources": {"reviews": _REVIEWS}}}}},
}
