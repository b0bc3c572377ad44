"""References that a care agent needs: bookings, cases, orders and accounts. They survive as typed tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.redaction.spans import Span

_KINDS = {
    "BOOKINGREF": (
        "bookings?|reservations?|resv?|conf(?:irmation|irm|irmed)?|cnf|pnr|(?:record )?locator|itinerary|e-?tickets?|flight ref(?:erence)?|"
        "conf[. ]?code"
    ),
    "CASEREF": (
        "cases?|claims?|(?:aa |ba |ua )?ref(?:erence|s)?|incident|complain(?:t|s)?|(?:support |trouble |service )?tickets?|sr|service request|"
        "files?|report|docket|enquiry|inquiry|query|request|grievance|feedback id|world ?tracer|"
        "this number|property irregularity report|pir"
    ),
    "ORDERREF": "orders?|tracking|track|shipment|parcel|awb|consignment|invoice|purchase|delivery|package|return|rma|transaction|txn|utr",
    "ACCOUNTREF": (
        "accounts?|acct|acc|a/c|membership|member|customer|client|policy|loyalty|frequent fl[iy]er|ff|ffn|ktn|redress|known traveler|skymiles|"
        "mileage ?plus|mp|aadvantage|rapid rewards|rr|true ?blue|dividend miles|gold(?: div(?:idend)?)?|(?:silver|chairman'?s|platinum)(?: preferred)?|"
        "executive club|avios|bonvoy|smart ?card|iuc|user ?id|username id|spotify i\\.?d\\.?|i\\.d\\.|meter|subscriber|consumer|crn|relationship|"
        "imei|nectar|clubcard|device id|profile id|login id|flying club|elevate|mvp"
    ),
}
_NAMES = list(_KINDS)
_NUMBER_WORD = r"(?:\s{0,2}(?:number|numbers|num|nmbr|no|nr|nbr|code|id|i\.d|ref|reference|locator|digits)\b\.?)"
_LINK = r"(?:\s{0,3}(?:is|was|are|=|:|;|#|-|–|\"|'|“|‘|\(|\[(?![A-Z])|~)){0,4}\s{0,3}"
_KEY = "|".join(f"(?P<{name}>{words})" for name, words in _KINDS.items())
_VALUE = r"(?P<value>[a-z0-9](?:[a-z0-9]|[-/](?=[a-z0-9])){3,29})(?![\w@])"
_SAID = re.compile(rf"(?<![\w\[@#])(?:{_KEY})(?P<word>{_NUMBER_WORD}{{0,2}})(?P<link>{_LINK}){_VALUE}")
_HINTS = re.compile(r"\d{4}|\d[a-zA-Z]|[a-zA-Z]\d|\d-\d{3}|[A-Z]{6}")
_MORE = re.compile(r"(?:\s{1,8}|\s{0,3}(?:[/,;&+]|and)\s{0,3}|\s{0,3}and\s{0,2}:\s{0,2})([a-zA-Z0-9](?:[a-zA-Z0-9]|-(?=[a-zA-Z0-9])){4,24})(?![\w@])")
_AMAZON = re.compile(r"(?<![\w-])\d{3}-\d{7}-\d{7}(?![\w-])")
_UPS = re.compile(r"(?<!\w)1Z[A-Z0-9]{16}(?!\w)")
_TICKET = re.compile(r"(?<![\w$£€.,/:+#-])(?!97[89])\d{13}(?![\w%]|[.,]\d)")
_LOCATOR = re.compile(r"(?<![\w$£€#@/:._-])(?=[A-Z0-9]{6}(?![\w/_-]))(?!N\d|G\d)(?:[A-Z]+\d+[A-Z]|\d+[A-Z]+\d|[A-Z]+\d+[A-Z]+\d)[A-Z0-9]{0,4}(?!\w)")
_TRACER = re.compile(r"(?<!\w)[A-Z]{3}(?:AA|BA|UA|DL|US|WN|B6|VX|AF|LH|KL|IB|EK|QR|AC|AS|NK|F9)\d{5}(?!\w)")
_REWARDS = re.compile(r"-\s?(?:RR|MP|FF)\s?#?\s?(\d{7,12})(?!\w)")
_FLIGHT = re.compile(r"[a-z]{2}\d{1,4}\Z|[a-z]\d[a-z]?\d{1,4}\Z|n\d{1,5}[a-z]{0,2}\Z|\d{1,2}(?:[-/]\d{1,2}){1,2}(?:[-/]\d{2,4})?\Z|(?:19|20)\d\d\Z|\d{1,4}(?:st|nd|rd|th|am|pm|min|mins|hrs?|gb|mb|kb|kg|lbs?|usd|x|k|p|s|ghz|mhz|hz|m|mm|cm|km|hours?|days?|minutes?|weeks?|months?|years?)\Z")
_COPY = 8  # most further values that one keyword introduces


def references(text: str, low: str) -> Iterator[Span]:
    """References by the word before them ("case # 123456"), or by a form that nothing else has.

    Args:
        low: the text in lower case, of the same length.
    """
    if not _HINTS.search(text):
        return
    yield from _said(text, low)
    for pattern, kind in ((_AMAZON, "ORDERREF"), (_UPS, "ORDERREF"), (_TRACER, "CASEREF"), (_LOCATOR, "BOOKINGREF")):
        for m in pattern.finditer(text):
            yield Span(m.start(), m.end(), kind)
    for m in _REWARDS.finditer(text):
        yield Span(m.start(1), m.end(1), "ACCOUNTREF")
    for m in _TICKET.finditer(text):
        yield Span(m.start(), m.end(), "BOOKINGREF")


def _said(text: str, low: str) -> Iterator[Span]:
    for m in _SAID.finditer(low):
        value, kind = m.group("value"), str(m.lastgroup if m.lastgroup in _KINDS else _kind(m))
        explicit = bool(m.group("word").strip() or any(c in m.group("link") for c in "#:=("))
        written = text[m.start("value") : m.end("value")]
        if not _is_reference(value, written, kind, explicit):
            continue
        yield Span(m.start("value"), m.end("value"), kind)
        yield from _more(text, m.end("value"), kind)


def _kind(match: re.Match[str]) -> str:
    return next(name for name in _NAMES if match.group(name) is not None)


def _is_reference(value: str, written: str, kind: str, explicit: bool) -> bool:
    """Whether the thing after a keyword is a reference and not the next word, a flight, a date or an amount."""
    if _FLIGHT.match(value):
        return False
    digits = sum(c.isdigit() for c in value)
    if digits == 0:
        return kind == "BOOKINGREF" and explicit and len(value) == 6 and written.isupper() and written.isalpha()
    if digits == len(value):
        return len(value) >= (4 if explicit else 6)
    return digits >= (1 if explicit else 2) and len(value) >= 5


def _more(text: str, at: int, kind: str) -> Iterator[Span]:
    """Further references in a list: "claims 123456, 123457 and 123458"."""
    for _ in range(_COPY):
        m = _MORE.match(text, at)
        if m is None:
            return
        value = m.group(1)
        digits = sum(c.isdigit() for c in value)
        mixed = len(value) == 6 and kind == "BOOKINGREF" and value not in (value.lower(), value.capitalize())
        if not (digits >= 5 or (digits and 5 <= len(value) <= 8 and kind == "BOOKINGREF") or mixed) or _FLIGHT.match(value.lower()):
            return
        yield Span(m.start(1), m.end(1), kind)
        at = m.end(1)
