"""Takes personal data out of text and names out of authors, before anything is stored or a model sees it.

`protect` puts a typed token ([EMAIL], [PERSON], ...) in the place of each piece of personal data. Case, booking, order and
account references become tokens too, and their values are handed back beside the text for the care team alone. Links, ids,
prices, versions and a brand's own phone lines and handles stay as they are, and so does every byte outside the spans.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from base64 import b32encode
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipelines.errors import ConfigError
from pipelines.records import Brand
from pipelines.redaction.spans import PERSONAL, REFERENCES, Span

__all__ = ["PERSONAL", "REFERENCES", "Protected", "Pseudonymiser", "Span", "find", "protect", "protect_batch"]

_CACHE_LIMIT = 65_536
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}")
_HANDLE = re.compile(r"(?<![\w@/])@\w{1,30}")


class Protected(NamedTuple):
    """Text without personal data, and the references that were in it as (type, value) in the order of the text."""

    text: str
    references: tuple[tuple[str, str], ...]


def find(text: str, brands: Sequence[Brand] = ()) -> list[Span]:
    """Personal data and references in `text`: sorted, not overlapping, offsets into `text`."""
    own = {handle.casefold() for brand in brands for handle in brand.handles}
    spans = [Span(*m.span(), "EMAIL") for m in _EMAIL.finditer(text)] if "@" in text else []
    for m in _HANDLE.finditer(text):
        if m.group()[1:].casefold() not in own and not any(s.start <= m.start() < s.end for s in spans):
            spans.append(Span(*m.span(), "HANDLE"))
    return sorted(spans)


def protect(text: str, brands: Sequence[Brand] = ()) -> Protected:
    """`text` with tokens for personal data and references."""
    return _replace(text, find(text, brands))


def protect_batch(texts: list[str], channels: list[str] | None = None, brands: Sequence[Brand] = ()) -> list[Protected]:
    """`protect` for many texts; `channels` (one a text) tells how handles are written there."""
    return [_replace(text, find(text, brands)) for text in texts]


def _replace(text: str, spans: Iterable[Span]) -> Protected:
    parts, references, at = [], [], 0
    for start, end, kind in spans:
        parts.append(f"{text[at:start]}[{kind}]")
        if kind in REFERENCES:
            references.append((kind, text[start:end]))
        at = end
    return Protected("".join(parts) + text[at:], tuple(references))


class Pseudonymiser:
    """Gives authors ids that are stable, short, and cannot be turned back without the salt.

    >>> p = Pseudonymiser("secret")
    >>> p.author_id("x", "@Name") == p.author_id("x", "NAME ") != p.author_id("youtube", "name")
    True

    Raises:
        ConfigError: the salt is empty.
    """

    def __init__(self, salt: str) -> None:
        if not salt:
            raise ConfigError("[privacy] salt is empty; set it to a reference such as env:EARSHOT_SALT whose value is secret.")
        self._key = salt.encode("utf-8", "surrogatepass")
        self._cache: dict[tuple[str, str], str] = {}

    def author_id(self, channel: str, raw: str) -> str:
        """16 characters for this author of this channel; empty when `raw` holds no name at all.

        Case, a leading @, spaces around it and compatibility forms of letters do not matter.
        """
        known = self._cache.get((channel, raw))
        if known is not None:
            return known
        name = _normal(raw)
        digest = hmac.digest(self._key, f"{channel}\0{name}".encode("utf-8", "surrogatepass"), "sha256")
        made = b32encode(digest[:10]).decode("ascii").lower() if name else ""
        if len(self._cache) >= _CACHE_LIMIT:
            self._cache.clear()
        self._cache[channel, raw] = made
        return made


def _normal(raw: str) -> str:
    """One spelling of an author's name: NFKC, no case, no leading @ or spaces around it."""
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", raw).casefold())
    return name.lstrip("@ \t\r\n").rstrip()
