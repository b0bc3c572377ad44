"""Runs the finders over a text, cheapest first, and settles which of two overlapping finds stands.

Most posts hold nothing personal, so each finder runs only where something that it cannot do without is in the text.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from pipelines.redaction import emails, handles, numbers
from pipelines.redaction.addresses import addresses
from pipelines.redaction.names import names
from pipelines.redaction.phones import phones
from pipelines.redaction.references import references, spelled_locators
from pipelines.redaction.spans import PERSONAL, REFERENCES, Span, split

# A link goes on up to a bracket that it did not open, and to a , ; or | before something else: an address, a handle, a number.
_ELSE = r"[\w.+%'’-]{1,64}@[\w-]{1,63}\.\w|@\w|https?://|\+\d|\(?\d{3}\)?[ .-]\d{3}[.-]\d{4}"
_REST = rf"(?:[^\s<>\"(),;|]+|[,;|](?!{_ELSE})|\([^\s<>\"()]*\))+"
_LINK = re.compile(
    rf"(?:https?|ftp)://{_REST}|(?<![\w@.])www\.{_REST}|(?<!\w)(?:spotify|urn|geo):[\w:.%-]+|"
    rf"(?<![\w@.-])(?:[a-z\d-]{{1,63}}\.){{1,4}}[a-z]{{2,12}}/{_REST}"
)
_WEB = re.compile(rf"https?://{_REST}")
_RUN = re.compile(r"\d+")
_WIDE_AT = "\uff20"  # the @ of East Asian keyboards
_ROUNDS = 8
_WORD_BEFORE, _WORD_AFTER = re.compile(r"[^\W\d_]+\Z"), re.compile(r"\w+(?![.@\w-])|\w+(?=[.-](?:\s|\Z))")
_MASKED_CONTACT = re.compile(r"\[(?:EMAIL|PHONE|ADDRESS|CARD)\]")
_CONTACT = frozenset(("PHONE", "EMAIL", "ADDRESS", "CARD"))
_TOKEN = re.compile(r"\[(?:" + "|".join(sorted(PERSONAL | REFERENCES)) + r")\]")


def search(text: str, stay: Container[str] = frozenset(), channel: str = "") -> list[Span]:
    """Personal data and references in `text`, sorted and not overlapping.

    Args:
        stay: handles that are to stay (lower case, without @), beside those of known organisations.
        channel: where the text was published; on some channels handles may hold dots.
    """
    spans = _once(text, stay, channel)
    if all(s.type == "HANDLE" and not text[s.start - 1 : s.start].isalnum() for s in spans):
        return spans  # most posts: nothing, or handles that stand apart and whose tokens change nothing around them
    for _ in range(_ROUNDS):  # a token may give its neighbour away: go on until protecting the result changes nothing
        later = _once(replaced(text, spans), stay, channel)
        if not later:
            break
        spans = sorted(spans + _mapped_back(later, spans))
    return spans


def _once(text: str, stay: Container[str], channel: str) -> list[Span]:
    """One pass: handles and e-mail addresses first; all else in the text without them, so that no name inside a handle counts."""
    at = list(handles.on_reddit(text, stay)) if "u/" in text or "U/" in text else []
    at += _with_at(text, stay, channel) if "@" in text or _WIDE_AT in text else []
    if not at:
        return _rest(text)
    at = settle(text, _lower(text), at)
    later = _rest(replaced(text, at))
    return sorted(at + _mapped_back(later, at)) if later else at


def _rest(text: str) -> list[Span]:
    """What all other finders find."""
    low = _lower(text)
    by_agent = text.startswith(("[HANDLE]", ".[HANDLE]"))  # ".@name" shows a reply to everybody
    found = emails.spoken(text, low)
    written = split(text)
    runs = _RUN.findall(_WEB.sub("/", text) if "://" in text else text)
    masked = {m.start() for m in _MASKED_CONTACT.finditer(text)} if "[" in text else set()
    if runs:
        found += _with_digits(text, low, written, runs, bool(masked), by_customer=not by_agent and text[:1] == "@")
    else:
        found += spelled_locators(text, low)
    contacts = frozenset(masked.union(s.start for s in found if s.type in _CONTACT))
    found += names(text, low, written, by_agent=by_agent, contacts=contacts)
    return settle(text, low, found) if found else found


def _lower(text: str) -> str:
    """Lower case of the same length: where one letter would become two, it stays as it is."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c if len(c.lower()) != 1 else c.lower() for c in text)


def _with_digits(
    text: str, low: str, written: list[bytes], runs: list[str], has_contact: bool, *, by_customer: bool
) -> list[Span]:
    """What is made of digits; `written` are the words of the text, `runs` its unbroken runs of digits."""
    total = sum(map(len, runs))
    words = [word.lower() for word in written]
    more = list(references(text, low, words))
    if total >= 4:
        more += numbers.papers(text, low, total)
        more += numbers.internet(text, low)
    if total >= 7:
        more += numbers.cards(text, low, total)
        more += phones(text, low, by_customer)
    more += addresses(text, low, words, runs)
    if total >= 3:
        more += numbers.births(text, low, has_contact or any(s.type in _CONTACT for s in more))
    return more


def _with_at(text: str, stay: Container[str], channel: str) -> list[Span]:
    """E-mail addresses and handles, one @ after the other."""
    found: list[Span] = []
    text = text.replace(_WIDE_AT, "@")
    at, end = text.find("@"), 0
    while at >= 0:
        span = None
        if at >= end:
            before = text[at - 1] if at else ""
            is_word = before.isalnum() or before in ("_", "-", "+", ".") if before else False
            if is_word or before == " ":
                span = emails.at_sign(text, at, end)
            if span is None and (not is_word or before in ("-", "+", ".") or _is_glued(text, at)):
                span = handles.at_handle(text, at, stay, channel)
        if span is not None:
            found.append(span)
            end = span.end
        at = text.find("@", at + 1)
    return found


def _is_glued(text: str, at: int) -> bool:
    word, name = _WORD_BEFORE.search(text, max(0, at - 16), at), _WORD_AFTER.match(text, at + 1)
    return word is not None and name is not None and handles.is_glued(word.group().lower(), name.group())


def settle(text: str, low: str, found: Iterable[Span]) -> list[Span]:
    """Drop what lies in links or tokens and, of overlapping spans, the one that was found later."""
    taken = bytearray(len(text))
    if "/" in low or "www." in low or ":" in low:
        for m in _LINK.finditer(low):
            taken[m.start() : m.end()] = b"\1" * (m.end() - m.start())
    if "[" in low:
        for m in _TOKEN.finditer(text):
            taken[m.start() : m.end()] = b"\1" * (m.end() - m.start())
    kept: list[Span] = []
    for span in found:
        if taken.find(1, span.start, span.end) < 0:
            kept.append(span)
            taken[span.start : span.end] = b"\1" * (span.end - span.start)
    kept.sort()
    return kept


def replaced(text: str, spans: list[Span]) -> str:
    """The text with a token in the place of each span, such as [PHONE]."""
    parts, at = [], 0
    for start, end, kind in spans:
        parts.append(f"{text[at:start]}[{kind}]")
        at = end
    return "".join(parts) + text[at:]


def _mapped_back(later: list[Span], spans: list[Span]) -> list[Span]:
    """`later`, found in the text in which `spans` are replaced, by their offsets in the text before that."""
    mapped, grown, i = [], 0, 0
    for span in later:
        while i < len(spans) and spans[i].start + grown < span.start:
            grown += len(spans[i].type) + 2 - (spans[i].end - spans[i].start)
            i += 1
        mapped.append(Span(span.start - grown, span.end - grown, span.type))
    return mapped
