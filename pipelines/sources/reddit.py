"""Reddit: searches and whole subreddits, through prawcore, the part of PRAW that talks to Reddit.

PRAW's own objects ask Reddit again whenever an attribute is missing, unpaced and unseen, so listings are read as they come.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, PrivateAttr

from pipelines.asking import Asking
from pipelines.errors import AuthFailed, ConfigError, RateLimited, SourceError, SourceUnavailable
from pipelines.fetching import AGENT, TIMEOUT_SECONDS, by_status
from pipelines.listings import Listing, Page, read_all
from pipelines.owned import brand_of
from pipelines.query.brands import expression_of
from pipelines.query.dialects import REDDIT
from pipelines.query.matching import Matcher
from pipelines.query.searching import Search, search_of
from pipelines.records import Found, Media, Mention, Query, Rejected, Window
from pipelines.settings import secret, span
from pipelines.sources.base import SPAN, Card, Source

if TYPE_CHECKING:
    import prawcore
    import requests

SITE, API = "https://www.reddit.com", "https://oauth.reddit.com"
_DEPTH = 900  # a listing ends after about 1,000 items, less those that were removed
_SEARCH_DEPTH = 230  # a search after about 250
_LOOKED_UP = 100  # ids a request
_REMOVED = ("[deleted]", "[removed]")
_Keeps = Callable[[Found], bool]


class RedditSource(Source):
    """Reads listings from the newest down to what is known. Reddit keeps about 1,000 of each: what is beyond is a gap."""

    can_look_up: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "Reddit"
    key_page: ClassVar[str | None] = "https://www.reddit.com/prefs/apps"
    card: ClassVar[Card | None] = Card(
        channel="reddit", collects="posts that match a search; all posts and comments of named subreddits",
        cannot="comments elsewhere (search finds posts only), private subreddits, more than the newest 1,000 of a listing",
        keys="id and secret of an app of your own", cost="free; commercial use needs an agreement with Reddit",
        limits="100 requests a minute for each app, as a mean over 10 minutes",
        deletion="deleted posts, comments and authors must be deleted here too: looked up again and withdrawn",
    )

    client_id: str = Field(description="Id of the app: env:NAME or file:PATH.")
    client_secret: str = Field(description="Secret of the app: env:NAME or file:PATH.")
    subreddits: list[str] = Field(default=[], description="Subreddits that are read as a whole, without r/.")
    comments: bool = Field(default=True, description="Comments of these subreddits too.")
    matching: bool = Field(default=False, description="Keep of these subreddits only what the brands' queries mean.")
    searches: list[str] | None = Field(
        default=None, description="Searches in all of Reddit, in its own syntax, kept whole; default: the brands' queries."
    )
    brand: str = Field(default="", description="Key of the brand whose subreddits these are: all that is said there is about it.")
    own: list[str] = Field(default=[], description="Names of the brand's own accounts, without u/.")
    late: str = Field(default="1h", pattern=SPAN, description="How far each collection looks back for what was listed late.")
    agent: str = Field(default=AGENT, description="How the app calls itself; Reddit asks for a name of its own and a contact.")
    page: int = Field(default=100, ge=1, le=100, description="Posts a request.")
    rate: str = Field(default="100/1m", description="Most requests in any span, such as 100/1m; with commas, several.")
    base_url: str = Field(default=API, description="Address of the interface.")
    token_url: str = Field(default=SITE, description="Address that gives access tokens.")

    _brand: str | None = PrivateAttr(default=None)

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """What is new in each search and listing. At first it reads `backfill` back."""
        paths = [*self._listings(query), *self._searches(query)]
        if not paths:
            raise ConfigError(f"[sources.{self.name}] has nothing to read: set subreddits or searches, or configure [brands.*].")
        ask, session = self._session(query)
        first = window.start - span(self.backfill)
        yield from read_all([
            Listing(
                source=self.name, key=f"{path} {search}".strip(), first=first, late=span(self.late),
                read=partial(self._page, ask, session, path, search), depth=_SEARCH_DEPTH if search else _DEPTH,
                keeps=keeps,
            )
            for path, search, keeps in paths
        ], query, ask)

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Posts and comments by full name; those that are deleted or removed, or that Reddit no longer gives, are gone."""
        ask, session = self._session(query)
        for start in range(0, len(native_ids), _LOOKED_UP):
            ids = list(native_ids[start : start + _LOOKED_UP])
            found = ask(lambda: _children(session.request(method="GET", path="api/info", params={"id": ",".join(ids)})))[0]  # noqa: B023
            here = {str(_get(child, "name")): child for child in found}
            for native_id in ids:
                if native_id not in here or _is_removed(here[native_id]):
                    yield self.gone(native_id, channel="reddit", now=now)
                else:
                    yield self._read(here[native_id], observed=now)

    def _listings(self, query: Query) -> Iterator[tuple[str, str, _Keeps]]:
        """Path of each listing, no search, and what is kept of it."""
        matcher = Matcher(expression_of(query)) if self.matching else None
        path = "r/" + "+".join(name.removeprefix("r/") for name in self.subreddits)
        for what in ("new", "comments") if self.comments else ("new",):
            if self.subreddits:
                yield f"{path}/{what}", "", lambda item: not matcher or not isinstance(item, Mention) or matcher.mention(item)

    def _searches(self, query: Query) -> Iterator[tuple[str, str, _Keeps]]:
        """Path, search, and what is kept of it. Each brand has its own, since a search ends after some hundred posts."""
        alone = [query] if query.expression else [replace(query, brands=(brand,)) for brand in query.brands]
        found: dict[str, list[Search]] = {text: [] for text in self.searches or ()}
        for part in alone if self.searches is None else ():
            search = search_of(REDDIT, part, where=f"[sources.{self.name}]", hint="searches")
            for text in search.texts:
                found.setdefault(text, []).append(search)
        for text, means in found.items():
            yield "search", text, partial(_is_meant, text, means)

    def _session(self, query: Query) -> tuple[Asking, prawcore.Session]:
        """Paced requests with an access token, which is renewed when Reddit refuses it."""
        import prawcore

        self._brand = brand_of(self, query)
        requestor = _requestor(f"[sources.{self.name}]")(
            oauth_url=self.base_url.rstrip("/") + "/", reddit_url=self.token_url.rstrip("/"), user_agent=self.agent,
            timeout=TIMEOUT_SECONDS,
        )
        authenticator = prawcore.TrustedAuthenticator(
            client_id=secret(self.client_id), client_secret=secret(self.client_secret), requestor=requestor,
        )
        authorizer = prawcore.ReadOnlyAuthorizer(authenticator=authenticator)
        tokens = Asking(self, query)
        tokens(authorizer.refresh)
        return Asking(self, query, renew=lambda: tokens(authorizer.refresh)), prawcore.session(authorizer=authorizer)

    def _page(self, ask: Asking, session: prawcore.Session, path: str, search: str, token: str | None) -> Page:
        params: dict[str, object] = {"limit": self.page}
        params |= {"q": search, "sort": "new", "t": "all"} if search else {}
        params |= {"after": token} if token else {}
        found, following = ask(lambda: _children(session.request(method="GET", path=path, params=params)))
        items = []
        for number, child in enumerate(found, 1):
            if not _is_removed(child):
                item = self._read(child, number=number)
                items.append((item.published_at if isinstance(item, Mention) else None, item))
        return Page(items=items, following=following)

    def _read(self, child: Any, *, number: int = 1, observed: datetime | None = None) -> Mention | Rejected:
        try:
            return self._mention(child["data"], child["kind"] == "t1", observed)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            return self.unreadable("a post or comment", error, child, file=API, line=number)

    def _mention(self, item: dict[str, Any], is_comment: bool, observed: datetime | None) -> Mention:
        author, edited = item.get("author"), item.get("edited")  # a time, or false, or of old ones true
        author = None if author in (None, *_REMOVED) else str(author)
        parts = [item["body"]] if is_comment else [item["title"], item.get("selftext")]
        counts = [item.get("score"), None if is_comment else item.get("num_comments")]
        known = [max(0, int(c)) for c in counts if c is not None]
        path, is_own = item.get("permalink"), bool(author) and str(author).casefold() in {name.casefold() for name in self.own}
        return Mention(
            source=self.name, native_id=str(item["name"]), channel="reddit", text="\n\n".join(p for p in parts if p),
            kind="comment" if is_comment else "post", published_at=datetime.fromtimestamp(float(item["created_utc"]), UTC),
            observed_at=observed or _moment(edited),
            is_own=is_own, brand=self._brand if is_own or self._is_home(item) else None,
            author_id=(item.get("author_fullname") or author) if author else None, author_name=author,
            url=f"{SITE}{path}" if path else None, thread_id=item.get("link_id") if is_comment else str(item["name"]),
            in_reply_to=item.get("parent_id") if is_comment else None, engagement=sum(known) if known else None,
            media=() if is_comment else _media(item),
        )

    def _is_home(self, item: dict[str, Any]) -> bool:
        """Does it stand in a subreddit that is said to be the brand's?"""
        homes = {name.removeprefix("r/").casefold() for name in self.subreddits} if self.brand and not self.matching else set()
        return str(item.get("subreddit")).casefold() in homes


def _is_meant(text: str, means: Sequence[Search], item: Found) -> bool:
    return not means or not isinstance(item, Mention) or any(search.keeps(text, item) for search in means)


def _requestor(where: str) -> type[prawcore.Requestor]:
    """One request each, its faults as our errors: prawcore then sends nothing again and sleeps for nothing on its own."""
    import prawcore

    class Requestor(prawcore.Requestor):
        def request(self, *args: Any, timeout: float | None = None, **options: Any) -> requests.Response:
            try:
                response = super().request(*args, timeout=timeout, **options)
            except prawcore.RequestException as error:
                kind = type(error.original_exception).__name__
                raise SourceUnavailable(f"{where}: no answer ({kind}); it is asked again later.") from None
            if fault := _fault(where, response):
                raise fault
            response.headers.pop("x-ratelimit-remaining", None)
            return response

    return Requestor


def _fault(where: str, response: requests.Response) -> SourceError | None:
    reset = response.headers.get("x-ratelimit-reset", "")
    if response.status_code == 429 and "retry-after" not in response.headers and reset.isdigit():
        return RateLimited(f"{where}: too many requests; try again in {reset} s.", retry_after=float(reset), is_told=True)
    if response.status_code >= 400:
        return by_status(where, response.status_code, response.headers)
    try:
        found = json.loads(response.content)
    except ValueError:
        found = None
    if response.status_code >= 300 or not isinstance(found, dict):  # a redirect: there is no such subreddit
        message = f"{where}: the answer is not what Reddit gives (status {response.status_code}); check the subreddits."
        return SourceUnavailable(message, is_passing=response.status_code < 300)
    if "error" in found:  # token requests fail with status 200
        return AuthFailed(f"{where}: Reddit gives no access token; check client_id and client_secret.")
    return None


def _children(answer: Any) -> tuple[list[Any], str | None]:
    """Items of a listing and the full name after which it goes on."""
    data = answer.get("data") if isinstance(answer, dict) and answer.get("kind") == "Listing" else None
    if not isinstance(data, dict) or not isinstance(data.get("children"), list):
        raise SourceUnavailable("the answer is not a listing; it is asked again later.")
    return data["children"], data.get("after")


def _get(child: Any, name: str) -> Any:
    data = child.get("data") if isinstance(child, dict) else None
    return data.get(name) if isinstance(data, dict) else None


def _is_removed(child: Any) -> bool:
    """Was it deleted by its author or removed by moderators? What is left of it then is a title without an author."""
    texts = (_get(child, "body"), _get(child, "selftext"))
    return bool(_get(child, "removed_by_category")) or any(text in _REMOVED for text in texts)


def _moment(value: Any) -> datetime | None:
    return datetime.fromtimestamp(float(value), UTC) if value and not isinstance(value, bool) else None


def _media(item: dict[str, Any]) -> tuple[Media, ...]:
    url = item.get("url_overridden_by_dest")
    if not url:
        return ()
    kind: Any = "video" if item.get("is_video") else "image" if item.get("post_hint") == "image" else "link"
    return (Media(type=kind, url=url),)
