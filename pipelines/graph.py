"""The Graph API of Meta (Facebook, Instagram, Threads) through facebook-business: requests, pages, errors, usage.

Tokens travel in a header, never in an address. An error is told by its code, not by its status: most limits come as status 400.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipelines.asking import Asker, Asking, read_rates
from pipelines.errors import AuthFailed, RateLimited, SourceError, SourceUnavailable
from pipelines.fetching import AGENT, TIMEOUT_SECONDS, by_status
from pipelines.records import Query

HOST = "https://graph.facebook.com"
_BATCH = 50  # objects looked up in one request
_BUSY = 95  # percent of the platform's own limit: what is left is kept for others who use the same app
_LIMITS = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
_REFUSED = frozenset({3, 10, 102, 190, *range(200, 300)})
_GONE = frozenset({(100, 33), (803, None)})  # error and subcode: no such object, or none that this token may see


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an edge."""

    items: tuple[Any, ...]
    after: str | None  # cursor of the next page; None at the end
    is_cut: bool = False  # nothing was asked: the budget is used up


class _LacksField(Exception):
    """An object has no field of a name that was asked for."""


class Graph:
    """Requests of one collection.

    Args:
        token: the access token itself.
        version: of the API; None: the one that the library is made for.
    """

    def __init__(
        self, source: Asker, query: Query, *, token: str, base_url: str, app_secret: str | None = None, version: str | None = None
    ) -> None:
        from facebook_business.api import FacebookAdsApi
        from facebook_business.session import FacebookSession

        session = FacebookSession(app_secret=app_secret, access_token=token, timeout=TIMEOUT_SECONDS)
        session.GRAPH = base_url.rstrip("/")
        session.requests.params.pop("access_token")
        session.requests.headers["Authorization"] = f"Bearer {token}"
        session.requests.hooks["response"].append(self._remember)
        self._api, self._agent = FacebookAdsApi(session, api_version=version), {"User-Agent": AGENT}
        self._where = f"[sources.{source.name}]"
        self._ask = Asking(source, query, self._meaning)
        self._at_once = min([_BATCH, *(count for count, _ in read_rates(source.rate))] if source.rate else [_BATCH]) - 1
        self._status = 0
        self._headers: Any = {}

    @property
    def is_spent(self) -> bool:
        """Is the budget of this collection used up, or nearly all that the platform allows this app?"""
        return self._ask.is_spent or _usage(self._headers) >= _BUSY

    def get(self, *path: str, **params: Any) -> dict[str, Any]:
        """One object or page. Parameters that are None are left out.

        Raises:
            SourceError: as `Asking` says; SourceUnavailable also for an answer that is no object.
        """
        return self._ask(lambda: self._send("GET", path, {k: v for k, v in params.items() if v is not None}))

    def pages(self, *path: str, after: str | None = None, **params: Any) -> Iterator[Page]:
        """Pages of an edge to its end; the last one is cut where the budget is used up before.

        Args:
            after: cursor of the page at which to go on; None: from the beginning.
        """
        while not self.is_spent:
            page = self.page(self.get(*path, **params, after=after))
            yield page
            after = page.after
            if after is None:
                return
        yield Page((), after, is_cut=True)

    def page(self, found: Any) -> Page:
        """One page as it came, with its items checked.

        Raises:
            SourceUnavailable: it is none.
        """
        items = found.get("data") if isinstance(found, dict) else None
        if not isinstance(items, list):
            raise self._unreadable()
        paging = found.get("paging") or {}
        after = (paging.get("cursors") or {}).get("after") if paging.get("next") else None
        return Page(tuple(items), after)

    def look_up(self, account: str, ids: Sequence[str], fields: str) -> dict[str, dict[str, Any] | None]:
        """Objects by id as they are now, None for those that are gone; those that lack one of the fields are left out.

        Each costs as much as a request of its own.
        The account is asked for too: where it cannot be read, a permission is missing, and nothing is called gone.
        """
        found: dict[str, dict[str, Any] | None] = {}
        for start in range(0, len(ids), self._at_once):
            part = [account, *ids[start : start + self._at_once]]
            asked = [{"method": "GET", "relative_url": f"{i}?fields={fields if n else 'id'}"} for n, i in enumerate(part)]
            answers = self._ask(lambda: self._batch(part, asked), cost=len(part))  # noqa: B023
            found |= {i: body for i, body in answers.items() if i != account}
        return found

    def _batch(self, ids: Sequence[str], asked: list[dict[str, str]]) -> dict[str, dict[str, Any] | None]:
        answers = self._send("POST", (), {"batch": asked, "include_headers": "false"}, kind=list)
        if len(answers) != len(ids):
            raise self._unreadable()
        found: dict[str, dict[str, Any] | None] = {}
        for number, (native_id, answer) in enumerate(zip(ids, answers, strict=True)):
            with suppress(_LacksField):
                found[native_id] = self._part(answer, is_account=number == 0)
        return found

    def _part(self, answer: Any, *, is_account: bool) -> dict[str, Any] | None:
        try:
            code, body = int(answer["code"]), json.loads(answer["body"])
            if code == 200 and "error" not in body:
                return dict(body)
            error = body["error"]
            told = int(error["code"]), error.get("error_subcode")
        except (KeyError, TypeError, ValueError):
            raise self._unreadable() from None
        if is_account and told[0] in (100, 803):
            raise AuthFailed(f"{self._where}: the account cannot be read with this token; check its id and permissions.")
        if told in _GONE:
            return None
        if told[0] == 100:
            raise _LacksField
        raise self._told(error, code)

    def _send(self, method: str, path: Sequence[str], params: dict[str, Any], kind: type = dict) -> Any:
        self._status = 0
        response = self._api.call(method, tuple(path), params=params, headers=self._agent)
        if response.status() >= 400:
            raise by_status(self._where, response.status(), response.headers())
        found = response.json()
        if not isinstance(found, kind):
            raise self._unreadable()
        return found

    def _unreadable(self) -> SourceUnavailable:
        return SourceUnavailable(f"{self._where}: the answer is not what the Graph API gives; it is asked again later.")

    def _remember(self, response: Any, *_: Any, **__: Any) -> None:
        self._status, self._headers = response.status_code, response.headers

    def _meaning(self, error: Exception) -> SourceError | None:
        from facebook_business.exceptions import FacebookRequestError

        if isinstance(error, FacebookRequestError) and error.api_error_code() is not None:
            return self._told(error.body()["error"], self._status)
        if self._status >= 400:  # the library cannot read every error
            return by_status(self._where, self._status, self._headers)
        return self._unreadable() if isinstance(error, FacebookRequestError | AttributeError | TypeError | ValueError) else None

    def _told(self, error: dict[str, Any], status: int) -> SourceError:
        """What an error object of the API means."""
        code = int(error.get("code") or 0)
        if code in _REFUSED:
            hint = "renew the token" if code == 190 else "check the permissions of the token"
            return AuthFailed(f"{self._where}: access is refused (error {code}); {hint}.")
        if code in _LIMITS:
            wait = regain(self._headers)
            message = f"{self._where}: too many requests (error {code}); it is asked again later."
            return RateLimited(message, retry_after=60.0 if wait is None else wait, is_told=wait is not None)
        if code in (1, 2) or error.get("is_transient") is True or status >= 500:
            return SourceUnavailable(f"{self._where}: a passing fault of the platform (error {code}); it is asked again later.")
        hint = "check the ids and permissions"
        return SourceUnavailable(f"{self._where}: the request is refused (error {code}); {hint}.", is_passing=False)


def moment(value: Any) -> datetime:
    """A time of the API: ISO 8601 with +0000, or seconds since 1970.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    found = datetime.fromisoformat(str(value))
    if found.tzinfo is None:
        raise ValueError(f"the time {value!r} has no zone")
    return found.astimezone(UTC)


def regain(headers: Any) -> float | None:
    """Seconds until access is regained, where the platform tells, in X-Business-Use-Case-Usage, in minutes."""
    minutes = [u.get("estimated_time_to_regain_access") for u in _usages(headers)]
    known = [float(m) for m in minutes if isinstance(m, int | float) and m > 0]
    return max(known) * 60 if known else None


def _usage(headers: Any) -> float:
    """Percentage of the platform's limit that is used, by the measure that is nearest to it."""
    names = ("call_count", "total_time", "total_cputime")
    return max((float(u[n]) for u in _usages(headers) for n in names if isinstance(u.get(n), int | float)), default=0.0)


def _usages(headers: Any) -> list[dict[str, Any]]:
    found: list[Any] = []
    for name in ("X-App-Usage", "X-Page-Usage", "X-Business-Use-Case-Usage"):
        with suppress(ValueError, TypeError):
            value = json.loads(headers.get(name) or "{}")
            found += [value] if "call_count" in value else [u for each in value.values() for u in each]
    return [u for u in found if isinstance(u, dict)]
