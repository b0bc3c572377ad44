"""Asking platforms over HTTP: one request, and what may go wrong said as our own errors."""

from __future__ import annotations

import html
import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from pipelines.errors import AuthFailed, RateLimited, SourceUnavailable

if TYPE_CHECKING:
    import httpx

AGENT = "earshot/0.1 (open-source social listening)"
TIMEOUT_SECONDS = 20.0
SIZE_LIMIT = 64 * 2**20  # bytes of one answer
_RETRY_AFTER = 60.0  # seconds, where the platform does not say
_BREAK = re.compile(r"</?(?:p|br|div|li|h[1-6]|tr|blockquote|pre)\b[^>]*>", re.I)
_LINK = re.compile(r"<a\b[^>]*?\bhref=[\"']([^\"']*)[\"'][^>]*>(.*?)</a>", re.I | re.S)
_TAG = re.compile(r"<(?:[a-zA-Z/!][^<>]*)>")


def client() -> httpx.Client:
    """A client with our name, a time limit, and redirects followed. Use it as a context manager."""
    import httpx

    return httpx.Client(follow_redirects=True, timeout=TIMEOUT_SECONDS, headers={"User-Agent": AGENT})


def get(
    client: httpx.Client, url: str, *, params: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    """The answer to one GET, with status 2xx or 304.

    Raises:
        RateLimited: status 429; waits as long as Retry-After says.
        AuthFailed: status 401 or 403.
        SourceUnavailable: any other status, no connection, no answer in time, or one that is too long.
    """
    import httpx

    try:
        with client.stream("GET", url, params=params, headers=headers) as response:
            body = bytearray()
            for block in response.iter_bytes():
                body += block
                if len(body) > SIZE_LIMIT:
                    raise SourceUnavailable(f"{url}: the answer is longer than {SIZE_LIMIT >> 20} MB.")
            _check(url, response)
            plain = {k: v for k, v in response.headers.items() if k not in ("content-encoding", "transfer-encoding")}
            return httpx.Response(response.status_code, headers=plain, content=bytes(body), request=response.request)
    except httpx.TimeoutException:
        raise SourceUnavailable(f"{url}: no answer within {TIMEOUT_SECONDS:g} s; it is tried again later.") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceUnavailable(f"{url}: cannot be reached ({error or type(error).__name__}).") from None


def _check(url: str, response: httpx.Response) -> None:
    status = response.status_code
    if status == 429:
        wait = _wait(response)
        raise RateLimited(f"{url}: too many requests; try again in {wait:g} s.", retry_after=wait)
    if status in (401, 403):
        raise AuthFailed(f"{url}: access is refused ({status}); check the address and the credentials.")
    if status >= 400:
        hint = "it is tried again later" if status >= 500 else "check the address"
        raise SourceUnavailable(f"{url}: answered with status {status}; {hint}.")


def _wait(response: httpx.Response) -> float:
    """Seconds of Retry-After, which is a number or a date; a date counts from the answer's own."""
    value = response.headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value[:6])
    try:
        until, sent = parsedate_to_datetime(value), parsedate_to_datetime(response.headers.get("date", ""))
        return max(0.0, (until - sent).total_seconds())
    except (TypeError, ValueError, IndexError):
        return _RETRY_AFTER


def plain_text(markup: str) -> str:
    """HTML as text: paragraphs apart, the targets of links in place of shortened ones, no tags, entities resolved.

    >>> plain_text('One &amp; two<p>see <a href="https:&#x2F;&#x2F;e.org/long">https://e.o...</a></p>')
    'One & two\\n\\nsee https://e.org/long'
    """
    text = _LINK.sub(lambda m: m[1] if m[2].startswith(("http", "www.")) else m[2], markup)
    text = _TAG.sub("", _BREAK.sub("\n\n", text))
    lines = [" ".join(line.split()) for line in html.unescape(text).replace("\0", "").split("\n")]
    return re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).strip()
