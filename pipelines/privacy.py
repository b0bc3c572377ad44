"""Takes personal data out of text and names out of authors, before anything is stored or a model sees it.

`protect` puts a typed token ([EMAIL], [PERSON], ...) in the place of each piece of personal data. Case, booking, order and
account references become tokens too, and their values are handed back beside the text for the care team alone. Links, ids,
prices, versions and a brand's own phone lines and handles stay as they are, and so does every byte outside the spans.
"""

from __future__ import annotations

import hmac
import unicodedata
from base64 import b32encode
from collections.abc import Sequence
from typing import NamedTuple

from pipelines.errors import ConfigError
from pipelines.records import Brand
from pipelines.redaction.search import replaced, search
from pipelines.redaction.spans import PERSONAL, REFERENCES, Span

__all__ = ["PERSONAL", "REFERENCES", "Protected", "Pseudonymiser", "Span", "find", "protect", "protect_batch"]

_CACHE_LIMIT = 65_536

class Protected(NamedTuple):
    """Text without personal data, and the references that were in it as (type, value) in the order of the text."""

    text: str
    references: tuple[tuple[str, str], ...]


def find(text: str, brands: Sequence[Brand] = ()) -> list[Span]:
    """Personal data and references in `text`: sorted, not overlapping, offsets into `text`."""
    return search(text, _handles(brands))


def protect(text: str, brands: Sequence[Brand] = ()) -> Protected:
    """`text` with tokens for personal data and references."""
    return _replace(text, find(text, brands))


def protect_batch(texts: list[str], channels: list[str] | None = None, brands: Sequence[Brand] = ()) -> list[Protected]:
    """`protect` for many texts; `channels` (one a text) tells how handles are written there."""
    stay = _handles(brands)
    if channels is None:
        return [_replace(text, search(text, stay)) for text in texts]
    return [_replace(text, search(text, stay, channel)) for text, channel in zip(texts, channels, strict=True)]


def _handles(brands: Sequence[Brand]) -> frozenset[str]:
    return frozenset(handle.lstrip("@").lower() for brand in brands for handle in brand.handles)


def _replace(text: str, spans: list[Span]) -> Protected:
    if not spans:
        return Protected(text, ())
    references = tuple((kind, text[start:end]) for start, end, kind in spans if kind in REFERENCES)
    return Protected(replaced(text, spans), references)


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
