"""Handles of persons. An organisation's handle stays: it says which brand is meant, and nobody is behind it."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from functools import lru_cache

from pipelines.redaction.common_words import NOT_NAMES
from pipelines.redaction.organisations import BRANCHES, ENDINGS, KNOWN, NOT_ENDINGS, PARTS, WEAK
from pipelines.redaction.spans import Span

# @name, @name@server.example, and @name.bsky.social; on some channels names may hold dots and hyphens as well.
_SERVER = r"(?:@[\w-]+(?:\.[\w-]+)*)*"
_HANDLE = re.compile(rf"@(\w+)((?:(?:\.[\w-]+)*\.bsky\.social\b)?{_SERVER})")
_DOTTED = re.compile(rf"@(\w+(?:[.-]\w+)*)({_SERVER})")
_TAIL = re.compile(rf"\.(?P<word>[a-z\d_]\w*)(?:[.-]\w+)*{_SERVER}")  # of a handle of another channel; no new sentence
_REDDIT = re.compile(r"(?<![\w/@\]])@?/?[uU]/(?P<name>[\w-]{3,20})(?![\w-]|[\w.+%-]*@)")
_DOTTED_CHANNELS = frozenset({"instagram", "threads", "tiktok", "youtube", "snapchat", "bluesky", "mastodon"})
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PLACEHOLDERS = frozenset({"user", "username", "handle", "mention", "anonymous"})  # masked before we saw it
_AIRPORT = re.compile(r"[Ff]ly_?2?(?:[A-Z]{3}|_?[A-Z][a-z]+)$")


def at_handle(text: str, at: int, stay: Container[str], channel: str = "") -> Span | None:
    """The person's handle whose @ is at `text[at]`; None when there is none or it is to stay.

    Args:
        stay: handles of the configured brands, in lower case without @.
    """
    match = (_DOTTED if channel in _DOTTED_CHANNELS else _HANDLE).match(text, at)
    if match is None:
        return None
    name = match.group(1)
    if not match.group(2) and (name.lower() in stay or is_organisation(name)):
        return None
    tail = _TAIL.match(text, match.end()) if channel not in _DOTTED_CHANNELS else None
    end = tail.end() if tail and tail.group("word") not in NOT_NAMES else match.end()
    return None if text[at + 1 : end].lower() in stay else Span(at, end, "HANDLE")


def on_reddit(text: str, stay: Container[str]) -> Iterator[Span]:
    """Persons as Reddit writes them: u/name and /u/name. A word that anybody uses is none ("u/your", for "you or your")."""
    for m in _REDDIT.finditer(text):
        name = m.group("name")
        if name.lower() not in stay and name.lower() not in NOT_NAMES and not is_organisation(name):
            yield Span(m.start(), m.end(), "HANDLE")


def is_glued(word: str, name: str) -> bool:
    """Whether `word@name` is a word and a handle without a space, rather than half of an address: "thanks@jane_doe"."""
    if name.isdigit():
        return len(name) >= 4
    return word in NOT_NAMES and len(name) >= 4 and name.lower() not in NOT_NAMES and not is_organisation(name)


@lru_cache(maxsize=65_536)
def is_organisation(name: str) -> bool:
    """Whether a handle (without @) looks like that of a company, institution or medium rather than a person's.

    >>> [is_organisation(n) for n in ("Uber_Support", "askebay", "FlyTPA", "jane_doe92", "1234")]
    [True, True, True, False, False]
    """
    low = name.lower()
    joined = low.replace("_", "")
    if joined in KNOWN or low in _PLACEHOLDERS:
        return True
    if not any(c.isalpha() for c in low):
        return False
    if (name.isupper() and name.isalpha() and len(name) <= 4) or _AIRPORT.match(name):
        return True
    return _by_parts([p.lower() for p in _PART.findall(name)], joined) or _by_ending(joined)


def _by_parts(parts: list[str], joined: str) -> bool:
    """A word of organisations, two weak ones, or a known name with words of its branches."""
    strong = sum(p in PARTS for p in parts)
    weak = sum(p in WEAK for p in parts)
    if strong > weak or weak > 1:
        return len(parts) > 1
    known = [p for p in parts if p in KNOWN and len(p) > 1]
    return bool(known) and all(p in KNOWN or p in BRANCHES or p in PARTS for p in parts)


def _by_ending(joined: str) -> bool:
    """An all-lower-case name that ends like a desk of a company, or is a known name with a word around it."""
    if joined.endswith(ENDINGS) and not joined.endswith(NOT_ENDINGS) and joined not in ENDINGS:
        return True
    for size in range(2, min(len(joined) - 1, 14)):
        if (joined[:size] in BRANCHES and joined[size:] in KNOWN) or (joined[-size:] in BRANCHES and joined[:-size] in KNOWN):
            return True
    return False
