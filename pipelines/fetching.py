"""Asking platforms over HTTP: one request, and what may go wrong said as our own errors."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from pipelines.errors import AuthFailed, RateLimited, SourceError, SourceUnavailable

if TYPE_CHECKING:
    import httpx
    import requests

AGENT = "earshot/0.1 (open-source social listening)"
TIMEOUT_SECONDS = 20.0
SIZE_LIMIT = 64 * 2**20  # bytes of one answer
_RETRY_AFTER = 60.0  # seconds, where the platform does not say
_RESETS = ("x-rate-limit-reset", "x-ratelimit-reset", "ratelimit-reset")
_BREAK = re.compile(r"</?(?:p|br|div|li|h[1-6]|tr|blockquote|pre)\b[^>]*>", re.I)
_LINK = re.compile(r"<a\b[^>]*?\bhref=[\"']([^\"']*)[\"'][^>]*>(.*?)</a>", re.I | re.S)
_TAG = re.compile(r"<(?:[a-zA-Z/!][^<>]*)>")


def client() -> httpx.Client:
    """A client with our name, a time limit, and redirects followed. Use it as a context manager."""
    import httpx

    return httpx.Client(follow_redirects=True, timeout=TIMEOUT_SECONDS, headers={"User-Agent": AGENT})


def get(
    client: httpx.Client, url: str, *, params: dict[str, Any] | None = None, headers: dict[str, str] | None = None,
    stanza: str = "",
) -> httpx.Response:
    """The answer to one GET, with status 2xx or 304. Errors name the address, and the stanza where it is given.

    Raises:
        RateLimited: status 429; waits as long as Retry-After says.
        AuthFailed: status 401 or 403.
        SourceUnavailable: any other status, no connection, no answer in time, or one that is too long.
    """
    import httpx

    where = f"{stanza} {url}".strip()
    try:
        with client.stream("GET", url, params=params, headers=headers) as response:
            body = bytearray()
            for block in response.iter_bytes():
                body += block
                if len(body) > SIZE_LIMIT:
                    raise SourceUnavailable(f"{where}: the answer is longer than {SIZE_LIMIT >> 20} MB.")
            _check(where, response)
            plain = {k: v for k, v in response.headers.items() if k not in ("content-encoding", "transfer-encoding")}
            return httpx.Response(response.status_code, headers=plain, content=bytes(body), request=response.request)
    except httpx.TimeoutException:
        raise SourceUnavailable(f"{where}: no answer within {TIMEOUT_SECONDS:g} s; it is tried again later.") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceUnavailable(f"{where}: cannot be reached ({error or type(error).__name__}).") from None


def _check(where: str, response: httpx.Response) -> None:
    if response.status_code >= 400:
        raise by_status(where, response.status_code, response.headers)


def by_status(where: str, status: int, headers: Mapping[str, str]) -> SourceError:
    """What an HTTP status of 400 or more means; `where` is an address without secrets, or a stanza."""
    if status == 429:
        wait = _wait({name.lower(): value for name, value in headers.items()})
        message = f"{where}: too many requests; try again in {_RETRY_AFTER if wait is None else wait:g} s."
        return RateLimited(message, retry_after=_RETRY_AFTER if wait is None else wait, is_told=wait is not None)
    if status in (401, 403):
        return AuthFailed(f"{where}: access is refused ({status}); check the address and the credentials.")
    is_passing = status >= 500 or status in (408, 425)
    hint = "it is tried again later" if is_passing else "check the address"
    return SourceUnavailable(f"{where}: answered with status {status}; {hint}.", is_passing=is_passing)


def _wait(headers: dict[str, str]) -> float | None:
    """Seconds to wait: Retry-After, a number or a date, or the reset that some platforms give instead, in seconds since 1970
    or in ISO 8601.

    Dates count from the answer's own; None where the platform says nothing.
    """
    value, sent = headers.get("retry-after", "").strip(), _date(headers.get("date", ""))
    if re.fullmatch(r"\d{1,6}(\.\d+)?", value):
        return float(value)
    until = _date(value) or next((found for name in _RESETS if (found := _reset(headers.get(name, "")))), None)
    return max(0.0, (until - sent).total_seconds()) if until and sent else None


def _date(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value).replace(tzinfo=UTC)
    except (TypeError, ValueError, IndexError):
        return None


def _reset(value: str) -> datetime | None:
    if re.fullmatch(r"\d{9,11}", value):
        return datetime.fromtimestamp(int(value), UTC)
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        return None


def session(base_url: str, *, instead_of: str = "") -> requests.Session:
    """A session with our name and a time limit, for client libraries that take one.

    Args:
        instead_of: address that the library has built in; its requests go to `base_url`.
    """
    import requests
    from requests.adapters import HTTPAdapter

    class Elsewhere(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
            if instead_of and base_url != instead_of and request.url:
                request.url = base_url.rstrip("/") + request.url.removeprefix(instead_of.rstrip("/"))
            options["timeout"] = options.get("timeout") or TIMEOUT_SECONDS
            return super().send(request, *args, **options)

    made = requests.Session()
    made.headers["User-Agent"] = AGENT
    made.mount(instead_of or base_url, Elsewhere())
    return made


def plain_text(markup: str) -> str:
    """HTML as text: paragraphs apart, the targets of links in place of shortened ones, no tags, entities resolved.

    >>> plain_text('One &amp; two<p>see <a href="https:&#x2F;&#x2F;e.org/long">https://e.o...</a></p>')
    'One & two\\n\\nsee https://e.org/long'
    """
    text = _LINK.sub(lambda m: m[1] if m[2].startswith(("http", "www.")) else m[2], markup)
    text = _TAG.sub("", _BREAK.sub("\n\n", text))
    lines = [" ".join(line.split()) for line in html.unescape(text).replace("\0", "").split("\n")]
    return re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).strip()
