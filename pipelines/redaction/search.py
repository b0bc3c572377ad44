"""Runs the finders over a text, cheapest first, and settles which of two overlapping finds stands."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from pipelines.redaction import emails, handles, numbers
from pipelines.redaction.addresses import addresses
from pipelines.redaction.names import names
from pipelines.redaction.phones import phones
from pipelines.redaction.references import references
from pipelines.redaction.spans import PERSONAL, Span

_LINK = re.compile(r"(?:https?|ftp)://[^\s<>\"]+|(?<![\w@.])www\.[^\s<>\"]+|(?<![\w@.-])(?:[\w-]{1,63}\.){1,4}[a-z]{2,12}/[^\s<>\"]+|(?<!\w)(?:spotify|urn|tel|geo):[\w:.-]+", re.IGNORECASE)
_LONG = re.compile(r"\d(?:[ ().\-/–]{0,3}\d){5}")  # phones, cards, papers, addresses with a code, dates
_SHORT = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{2}|\d (?:\w+ ){1,3}(?:st|rd|ave|ln|dr|ls|road|street|lane|way)|\d[A-Z]{2}\b|\d{5}")
_TOKEN = re.compile(r"\[(?:" + "|".join(sorted(PERSONAL | {"CASEREF", "BOOKINGREF", "ORDERREF", "ACCOUNTREF"})) + r")\]")


def search(text: str, stay: Container[str] = frozenset(), channel: str = "") -> list[Span]:
    """Personal data and references in `text`, sorted and not overlapping.

    Args:
        stay: handles that are to stay (lower case, without @), beside those of known organisations.
        channel: where the text was published; on some channels handles may hold dots.
    """
    low = text.lower()
    if len(low) != len(text):  # one letter became two: offsets would no longer fit
        low = "".join(c if len(c.lower()) != 1 else c.lower() for c in text)
    at = _with_at(text, stay, channel) if "@" in text or "@" in text else []
    by_agent = text.startswith("[HANDLE]") or (bool(at) and at[0].start <= 1 and at[0].type == "HANDLE")
    found = [*at, *emails.spoken(text, low)]
    found += references(text, low)
    if _has_digits(text):
        by_customer = not by_agent and text[:1] == "@"
        for finder in (numbers.papers, numbers.cards, numbers.births):
            found += finder(text, low)
        found += phones(text, low, by_customer)
        found += addresses(text, low)
    if text.count(".") >= 3 or text.count(":") >= 2:
        found += numbers.internet(text, low)
    contacts = tuple(s for s in found if s.type in ("PHONE", "EMAIL", "ADDRESS", "CARD"))
    found += names(text, low, by_agent=by_agent, contacts=contacts)
    return settle(text, found) if found else found


def _has_digits(text: str) -> bool:
    return bool(_LONG.search(text) or _SHORT.search(text))


def _with_at(text: str, stay: Container[str], channel: str) -> list[Span]:
    """E-mail addresses and handles, one @ after the other."""
    found: list[Span] = []
    at, end = text.find("@"), 0
    while at >= 0:
        span = None
        if at >= end:
            before = text[at - 1 : at]
            span = emails.at_sign(text, at) if before and (before.isalnum() or before in "_-+. ") else None
            if span is None and not (before.isalnum() or before == "_"):
                span = handles.at_handle(text, at, stay, channel)
        if span is not None:
            found.append(span)
            end = span.end
        at = text.find("@", at + 1)
    return found


def settle(text: str, found: Iterable[Span]) -> list[Span]:
    """Drop what lies in links or tokens and, of overlapping spans, the one that was found later."""
    taken = [Span(m.start(), m.end(), "") for pattern in (_LINK, _TOKEN) for m in pattern.finditer(text)]
    kept: list[Span] = []
    for span in found:
        if not any(span.start < t.end and t.start < span.end for t in taken):
            kept.append(span)
            taken.append(span)
    return sorted(kept)
