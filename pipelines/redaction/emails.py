"""E-mail addresses, also when they are written to hide from machines: "sam (at) example (dot) com"."""

from __future__ import annotations

import re

from pipelines.redaction.common_words import NOT_NAMES
from pipelines.redaction.organisations import KNOWN
from pipelines.redaction.spans import Span

_LOCAL_MAX = 64  # longest part before the @ that a mail server accepts
_LOCAL = re.compile(r"[\w.+%'’=-]*\Z")
_DOMAIN = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_PROVIDERS = (
    "gmail|googlemail|yahoo|ymail|rocketmail|hotmail|outlook|live|msn|aol|icloud|me|mac|gmx|web|mail|yandex|proton|protonmail|"
    "btinternet|rediffmail|comcast|verizon|sbcglobal|att|qq|163|orange|wanadoo|free|libero|t-online"
)
_PROVIDER = re.compile(rf" ?(?:{_PROVIDERS})(?:\.[a-z]{{2,4}}){{0,2}}\b(?!\.?\w)", re.IGNORECASE)
_WORD_BEFORE = re.compile(r"[\w.+-]*[\w+-]\Z")
_SPOKEN = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64} ?(?:[(\[{<] ?at ?[)\]}>]|\bat\b|@) ?"
    r"[\w-]{1,63}(?: ?(?:[(\[{<] ?dot ?[)\]}>]|\bdot\b|\.) ?[\w-]{2,63}){1,4}", re.IGNORECASE,
)
_TOP_LEVEL = re.compile(r"(?:com?|net|org|edu|gov|info|biz|io|me|[a-z]{2})\Z", re.IGNORECASE)
_BRACKETED = re.compile(r"[(\[{<] ?(?:at|dot) ?[)\]}>]")
_HIDDEN = re.compile(r"[(\[{<] ?at ?[)\]}>]|[(\[{<] ?dot ?[)\]}>]|\bdot\b", re.IGNORECASE)


def at_sign(text: str, at: int, since: int) -> Span | None:
    """The address whose @ is at `text[at]` and that begins at `since` or later; None when there is none."""
    local = _LOCAL.search(text, max(since, at - _LOCAL_MAX), at)
    start = local.start() if local else at
    while start < at and text[start] in ".'’=-%":
        start += 1
    domain = _DOMAIN.match(text, at + 1)
    if start < at:
        if domain is not None and any(c.isalpha() for c in domain.group()):
            return Span(start, domain.end(), "EMAIL")
        provider = _PROVIDER.match(text, at + 1)
        return Span(start, provider.end(), "EMAIL") if provider and text[at + 1 : at + 2] != " " else None
    return _spaced(text, at, since)


def _spaced(text: str, at: int, since: int) -> Span | None:
    """`sam @ gmail.com`, `sam @gmail.com`: only with a mail provider, because "@ target.com" may be a place."""
    provider = _PROVIDER.match(text, at + 1) if text[at - 1 : at] == " " else None
    if provider is None or "." not in provider.group():
        return None
    before = _WORD_BEFORE.search(text, max(since, at - 1 - _LOCAL_MAX), at - 1)
    return Span(before.start(), provider.end(), "EMAIL") if before else None


def spoken(text: str, low: str) -> list[Span]:
    """Addresses with "at" or "dot" in words; `low` is the text in lower case."""
    if "dot" not in low and "at)" not in low and "at]" not in low and "at}" not in low and "at >" not in low:
        return []
    return [Span(m.start(), m.end(), "EMAIL") for m in _SPOKEN.finditer(text) if _is_address(m.group().lower())]


def _is_address(written: str) -> bool:
    """Whether "x at y dot com" is an address, not a place in the net ("only at Target dot com")."""
    if not (_HIDDEN.search(written) and _TOP_LEVEL.search(written)):
        return False
    if _BRACKETED.search(written) or "@" in written:
        return True
    local, _, host = written.partition(" at ")
    name = host.split()[0].split(".")[0]
    return local not in NOT_NAMES and (name not in KNOWN or _PROVIDER.match(name) is not None)
