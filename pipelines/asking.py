"""Sends the requests of a source: no faster than the platform allows, again where a fault passes, within a budget.

    ask = Asking(source, query)
    page = ask(lambda: client.search(...))

Only the request that failed is sent again, so that a fault in the middle of a collection costs one request and not all that
came before it. How many were sent lately is remembered beside the landing files, where every collection of the same source
counts them, in this process or another.
"""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pipelines.errors import AuthFailed, ConfigError, RateLimited, SourceError, SourceUnavailable
from pipelines.fetching import by_status

if TYPE_CHECKING:
    from pipelines.records import Query

T = TypeVar("T")
Translate = Callable[[Exception], SourceError | None]
ATTEMPTS = 6
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0  # seconds between attempts where the platform does not say; doubled each time
_LEAST_WAIT = 2.0  # seconds: a request that is allowed at once is not refused because the machine is busy
_SLACK = 1.05  # requests travel for different times: the platform may see them closer together than they were sent
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_RATE = re.compile(r"^(\d+)/(\d+)([smhd])$")


class Asker(Protocol):
    """The fields of a source that count here."""

    @property
    def name(self) -> str: ...
    @property
    def rate(self) -> str: ...
    @property
    def requests(self) -> int: ...
    @property
    def longest_wait(self) -> float: ...


class Asking:
    """Requests of one collection of one source.

    Args:
        translate: what an error of the platform's own library means; None: it is told by its HTTP status, if it has one.
        renew: gets a new access token; called once when access is refused.
    """

    def __init__(
        self, source: Asker, query: Query, translate: Translate | None = None, *, renew: Callable[[], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.sent = 0
        self._source, self._translate, self._renew, self._sleep = source, translate, renew, sleep
        self._pace = pace(source.rate, query.state / f"{source.name}.sqlite" if query.state else None)

    @property
    def is_spent(self) -> bool:
        """Is the budget of this collection used up? The source then says where it stopped, by a cursor or a gap."""
        return 0 < self._source.requests <= self.sent

    def __call__(self, request: Callable[[], T], *, cost: int = 1) -> T:
        """What `request` returns; it sends one request, which the platform counts as `cost`.

        Raises:
            AuthFailed: access is refused.
            RateLimited: the platform, or `rate`, asks for a longer wait than `longest_wait`.
            SourceUnavailable: it failed too often.
        """
        renew, wait = self._renew, _FIRST_WAIT
        for attempt in range(1, ATTEMPTS + 1):
            if not self._pace(cost, self._source.longest_wait):
                where, wait = f"[sources.{self._source.name}]", self._source.longest_wait
                raise RateLimited(f"{where}: rate = {self._source.rate!r} is used up; asked again later.", retry_after=wait)
            self.sent += cost
            try:
                return request()
            except Exception as error:
                fault = self._meaning(error)
                if fault is None:
                    raise
            if isinstance(fault, AuthFailed) and renew is not None:
                renew()
                renew = None
                continue
            asked = fault.retry_after if isinstance(fault, RateLimited) and fault.is_told else min(wait, _LONGEST_WAIT)
            is_final = isinstance(fault, AuthFailed) or not getattr(fault, "is_passing", True)
            if is_final or attempt == ATTEMPTS or asked > self._source.longest_wait:
                raise fault
            self._sleep(asked)
            wait *= 2
        raise AssertionError("the last attempt returns or raises")

    def _meaning(self, error: Exception) -> SourceError | None:
        if isinstance(error, SourceError):
            if (stanza := f"[sources.{self._source.name}]") not in str(error):
                error.args = (f"{stanza}: {error}",)
            return error
        return (self._translate and self._translate(error)) or usual(error, f"[sources.{self._source.name}]")


def usual(error: Exception, where: str) -> SourceError | None:
    """What errors of requests, httpx, httplib2 and sockets mean; None for an error that is none of theirs.

    Messages hold no address and no answer: either may carry a key.
    """
    import httpx
    import requests

    response: Any = getattr(error, "response", None)
    if response is None:
        response = getattr(error, "resp", None)  # googleapiclient
    status = getattr(response, "status_code", None) or getattr(response, "status", None)
    if isinstance(status, int) and status >= 400:
        headers = getattr(response, "headers", None)
        return by_status(where, status, headers if headers is not None else response)
    passing = (requests.RequestException, httpx.HTTPError, http.client.HTTPException, json.JSONDecodeError, OSError)
    if isinstance(error, passing):
        return SourceUnavailable(f"{where}: no answer that can be read ({type(error).__name__}); it is asked again later.")
    return None


def pace(rate: str, state: Path | None) -> Callable[[int, float], bool]:
    """A function of a request's cost that returns as soon as it is allowed, False if that takes more seconds than given.

    Args:
        rate: most requests in any span, such as "450/15m", or several, such as "1/1s,300/1d"; "": no limit.
        state: file in which they are counted over all processes; None: in memory.

    Raises:
        ConfigError: `rate` cannot be read.
    """
    if not rate:
        return lambda cost, seconds: True
    return _counted_in(rate, state) if state else _limiter(rate, None)


@lru_cache(maxsize=64)  # a limiter keeps a thread and a connection open
def _counted_in(rate: str, state: Path) -> Callable[[int, float], bool]:
    state.parent.mkdir(parents=True, exist_ok=True)
    return _limiter(rate, state)


def _limiter(rate: str, state: Path | None) -> Callable[[int, float], bool]:
    from pyrate_limiter import InMemoryBucket, Limiter, Rate, SQLiteBucket

    rates = sorted((Rate(count, int(seconds * 1000 * _SLACK)) for count, seconds in read_rates(rate)), key=lambda r: r.interval)
    if state is None:
        limiter = Limiter(InMemoryBucket(rates))
    else:
        limiter = Limiter(SQLiteBucket.init_from_file(rates, db_path=str(state), use_file_lock=True))

    def take(cost: int, seconds: float) -> bool:
        return bool(limiter.try_acquire("request", weight=cost, timeout=max(seconds, _LEAST_WAIT)))

    return take


def read_rates(rate: str) -> list[tuple[int, float]]:
    """Requests and seconds of each limit.

    >>> read_rates("450/15m,10000/1d")
    [(450, 900.0), (10000, 86400.0)]

    Raises:
        ConfigError: it has another form.
    """
    found = [_RATE.match(part.strip()) for part in rate.split(",")]
    if any(match is None or not int(match[1]) or not int(match[2]) for match in found):
        raise ConfigError(f"rate = {rate!r}: write requests and a span, such as 450/15m, or several with commas between them.")
    return [(int(m[1]), float(int(m[2]) * _SECONDS[m[3]])) for m in found if m]
