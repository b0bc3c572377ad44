"""App Store: reviews of the brand's own apps and the answers to them, through the App Store Connect API.

There is no maintained client library for reviews. Tokens are made here with the key, hold for minutes, and cost no request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, urlparse

from pydantic import Field, PrivateAttr

from pipelines import reviews
from pipelines.asking import Asking
from pipelines.errors import ConfigError, SourceUnavailable
from pipelines.fetching import by_status, client
from pipelines.listings import Listing, Page, read_all
from pipelines.owned import brand_of
from pipelines.records import Found, Mention, Query, Rejected, Window
from pipelines.settings import secret, span
from pipelines.sources.base import SPAN, Card, Source

if TYPE_CHECKING:
    import httpx

HOST = "https://api.appstoreconnect.apple.com"
_LIFE = 15 * 60  # seconds that a token holds; Apple allows 20 minutes
_REPLY = ":reply"  # added to the id of a review
_ASKED = {
    "include": "response", "fields[customerReviewResponses]": "responseBody,lastModifiedDate,state",
    "fields[customerReviews]": "rating,title,body,reviewerNickname,createdDate,territory,response",
}


class AppStoreSource(Source):
    """Reviews of each app in all countries, from the newest down to what is known."""

    can_look_up: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "App Store reviews"
    key_page: ClassVar[str | None] = "https://appstoreconnect.apple.com/access/integrations/api"
    card: ClassVar[Card | None] = Card(
        channel="app_review", collects="reviews of own apps in all countries, and the answers to them",
        cannot="other companies' apps, ratings without a text", keys="App Store Connect key with the role Customer Support",
        limits="3,600 requests an hour", deletion="deleted reviews are looked up again one by one and withdrawn",
    )

    key: str = Field(description="Private key, the .p8 file: file:PATH or env:NAME.")
    key_id: str = Field(description="Id of the key.")
    issuer: str = Field(description="Issuer id of the team.")
    apps: list[str] = Field(description="Apple ids of the apps, such as 1437123456.")
    brand: str = Field(default="", description="Key of the brand whose apps these are; default: the only one of your own.")
    window: str = Field(default="1h", pattern=SPAN, description="Width of one collection window: a number and m, h or d.")
    late: str = Field(default="1d", pattern=SPAN, description="How far each collection looks back for new answers to reviews.")
    page: int = Field(default=200, ge=1, le=200, description="Reviews a request.")
    requests: int = Field(default=500, ge=0, description="Most requests of one collection. 0: no limit.")
    rate: str = Field(default="3600/1h", description="Most requests in any span, such as 3600/1h; with commas, several.")
    base_url: str = Field(default=HOST, description="Address of the interface.")

    _brand: str | None = PrivateAttr(default=None)

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """What is new of each app. At first it reads `backfill` back."""
        if not self.apps:
            raise ConfigError(f"[sources.{self.name}] has nothing to read: set its apps.")
        first = window.start - span(self.backfill)
        with closing(client()) as http:
            ask = self._asking(query, http)
            yield from read_all([
                Listing(source=self.name, key=app, read=partial(self._page, ask, http, app), first=first, late=span(self.late))
                for app in self.apps
            ], query, ask)

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Reviews by id, one a request, each with its answer; those beyond the budget stay due."""
        asked: dict[str, list[str]] = {}
        for native_id in native_ids:
            asked.setdefault(native_id.removesuffix(_REPLY), []).append(native_id)
        with closing(client()) as http:
            ask = self._asking(query, http)
            yield from reviews.look_up(self, ask, asked, partial(self._review, ask, http, now), channel="app_review", now=now)

    def _review(self, ask: Asking, http: httpx.Client, now: datetime, review: str) -> Iterator[Mention | Rejected]:
        answer = ask(partial(self._get, http, f"/v1/customerReviews/{review}", _ASKED))
        if answer:
            yield from self._read(answer["data"], _responses(answer), now)

    def _asking(self, query: Query, http: httpx.Client) -> Asking:
        self._brand, make = brand_of(self, query), self._token_maker()

        def renew() -> None:
            http.headers["Authorization"] = f"Bearer {make()}"

        renew()
        return Asking(self, query, renew=renew)

    def _token_maker(self) -> Callable[[], str]:
        import jwt

        key = secret(self.key)

        def make() -> str:
            now = int(time.time())  # tokens hold by Apple's clock, which is the real one
            claims = {"iss": self.issuer, "iat": now, "exp": now + _LIFE, "aud": "appstoreconnect-v1"}
            try:
                return jwt.encode(claims, key, algorithm="ES256", headers={"kid": self.key_id})
            except (jwt.PyJWTError, ValueError, TypeError):
                raise ConfigError(f"[sources.{self.name}]: the key is not a private key as App Store Connect gives it.") from None

        return make

    def _get(self, http: httpx.Client, path: str, params: dict[str, Any]) -> dict[str, Any] | None:
        """One answer, None where there is nothing of this id."""
        response = http.get(self.base_url.rstrip("/") + path, params=params)
        if response.status_code == 404 and "/customerReviews/" in path:
            return None
        if response.status_code >= 400:
            raise by_status(f"[sources.{self.name}]", response.status_code, response.headers)
        found = response.json()
        if not isinstance(found, dict) or not isinstance(found.get("data"), list if path.endswith("s") else dict):
            raise SourceUnavailable("the answer is not what App Store Connect gives; it is asked again later.")
        return found

    def _page(self, ask: Asking, http: httpx.Client, app: str, token: str | None) -> Page:
        params = {"sort": "-createdDate", "limit": self.page, **_ASKED, **({"cursor": token} if token else {})}
        page = ask(partial(self._get, http, f"/v1/apps/{app}/customerReviews", params)) or {}
        responses = _responses(page)
        items = reviews.listed(page["data"], lambda review: self._read(review, responses, None), lambda m: m.published_at)
        return Page(items=items, following=_following((page.get("links") or {}).get("next")))

    def _read(self, review: Any, responses: dict[str, Any], observed: datetime | None) -> Iterator[Mention | Rejected]:
        """A review and the answer to it."""
        try:
            yield from self._mentions(review, responses, observed)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            yield self.unreadable("a review", error, review, file=HOST)

    def _mentions(self, review: dict[str, Any], responses: dict[str, Any], observed: datetime | None) -> list[Mention]:
        native_id, values = str(review["id"]), review["attributes"]
        published = datetime.fromisoformat(values["createdDate"])
        link = ((review.get("relationships") or {}).get("response") or {}).get("data") or {}
        found = [Mention(
            source=self.name, native_id=native_id, channel="app_review", kind="review", property="own", brand=self._brand,
            text="\n\n".join(part for part in (values.get("title"), values.get("body")) if part), rating=values["rating"],
            published_at=published, observed_at=observed or published, author_name=values.get("reviewerNickname"),
            thread_id=native_id,
        )]
        reply = responses.get(str(link.get("id")))
        if reply and reply.get("state") != "PENDING_PUBLISH":
            changed = datetime.fromisoformat(reply["lastModifiedDate"])
            found.append(Mention(
                source=self.name, native_id=native_id + _REPLY, channel="app_review", kind="reply", property="own", is_own=True,
                brand=self._brand, text=reply["responseBody"], published_at=changed, observed_at=observed or changed,
                thread_id=native_id, time_note="time of the last change: App Store Connect tells no other", in_reply_to=native_id,
            ))
        return found


def _responses(page: dict[str, Any]) -> dict[str, Any]:
    """Answers to reviews, by id."""
    found = page.get("included") or ()
    return {str(i["id"]): i["attributes"] for i in found if isinstance(i, dict) and i.get("type") == "customerReviewResponses"}


def _following(link: str | None) -> str | None:
    """The token of the next page. The link itself is not followed: the token for Apple must go nowhere else."""
    if not link:
        return None
    cursor = parse_qs(urlparse(link).query).get("cursor")
    if not cursor:
        raise SourceUnavailable("the link to the next page holds no cursor; it is asked again later.")
    return cursor[0]
