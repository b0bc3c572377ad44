"""References that a care agent needs: bookings, cases, orders and accounts. They survive as typed tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.redaction.spans import Span, as_split

_KINDS = {
    "BOOKINGREF": (
        "bookings?|reservations?|resv?|conf(?:irmation|irm|irmed)?|cnf|pnr|(?:record )?locator|itinerary|e-?tickets?|"
        "flight ref(?:erence)?|"
        "conf[. ]?code"
    ),
    "CASEREF": (
        "cases?|claims?|(?:aa |ba |ua )?ref(?:erence|s)?|incident|complain(?:t|s)?|(?:support |trouble |"
        "service )?ticket|sr|service request|"
        "files?|report|docket|enquiry|inquiry|query|request|grievance|feedback id|world ?tracer|"
        "this number|property irregularity report|pir|(?:bag(?:gage)? )?tag|voucher|receipt|interaction|chat|application|"
        "registration"
    ),
    "ORDERREF": "orders?|tracking|track|shipment|parcel|awb|consignment|invoice|purchase|delivery|package|return|rma|"
    "transaction|txn|utr",
    "ACCOUNTREF": (
        "accounts?|acct|acc|a/c|membership|member|customer|client|policy|loyalty|frequent fl[iy]er|ff|ffn|ktn|redress|"
        "known traveler|skymiles|"
        "mileage ?plus|mp|aadvantage|rapid rewards|(?:sw)?rr|true ?blue|dividend miles|gold(?: div(?:idend)?)?|(?:silver|"
        "chairman'?s|platinum)(?: preferred)?|"
        "executive club|avios|bonvoy|smart ?card|iuc|user ?id|username id|spotify i\\.?d\\.?|i\\.d\\.|meter|subscriber|"
        "consumer|crn|relationship|"
        "imei|nectar|clubcard|device id|profile id|login id|flying club|elevate|mvp"
    ),
}
_NAMES = list(_KINDS)
_NUMBER_WORD = r"(?:\s{0,2}(?:number|numbers|num|nmbr|no|nr|nbr|code|id|i\.d|ref|reference|locator|digits)\b\.?)"
_LINK = r"(?:\s{0,3}(?:is|was|are|=|:|;|#|-|–|\"|'|“|‘|\(|\[(?![A-Z])|~)){0,4}\s{0,3}"
_KEY = "|".join(f"(?P<{name}>{words})" for name, words in _KINDS.items())
_SAID = re.compile(rf"(?<![\w\[@#])(?:{_KEY})(?![a-z])(?P<word>{_NUMBER_WORD}{{0,2}})(?P<link>{_LINK})\Z")
_SAID_WITHIN = 48  # characters before a value in which its keyword stands
_SAID_LETTERS = re.compile(rf"(?<![\w\[@#])(?:{_KINDS['BOOKINGREF']})(?![a-z]){_NUMBER_WORD}{{0,2}}{_LINK}\Z")
_VALUE = re.compile(r"(?<![\w$£€₹@/.])(?=[a-zA-Z]{0,12}-?\d)[a-zA-Z0-9](?:[a-zA-Z0-9]|-(?=[a-zA-Z0-9])){3,29}(?![\w@])")
_LETTERS = re.compile(r"(?<![\w@/.])[A-Z]{6}(?![\w@])")
_MORE = re.compile(r"\s{0,3}(?:[/,;&+]|and\b(?:\s?:)?)?\s{0,8}\Z")
_AMAZON = re.compile(r"(?:\d{3}-)?\d{7}-\d{7}\Z")
_UPS = re.compile(r"1Z[A-Z0-9]{16}\Z")
_TRACER = re.compile(r"[A-Z]{3}(?:AA|BA|UA|DL|US|WN|B6|VX|AF|LH|KL|IB|EK|QR|AC|AS|NK|F9)\d{5}\Z")
_LOCATOR = re.compile(r"(?!N\d|G\d|(?:19|20)\d\d[A-Z])(?:[A-Z]+\d+[A-Z]|\d+[A-Z]+\d)[A-Z0-9]*\Z")
_TICKET = re.compile(r"(?!97[89])\d{13}\Z")
_NOT_A_TICKET = re.compile(r" times?\b|[%.,]\d")
_REWARDS = re.compile(r"-\s?(?:rr|mp|ff)\s?#?\s?\Z")
_FLIGHT = re.compile(
    r"[a-z]{2}\d{1,4}\Z|[a-z]\d[a-z]?\d{1,4}\Z|n\d{1,5}[a-z]{0,2}\Z|\d{1,2}(?:-\d{1,2}){1,2}(?:-\d{2,4})?\Z|(?:19|20)\d\d\Z|"
    r"\d{1,4}-?(?:st|nd|rd|th|am|pm|min|mins|hrs?|gb|mb|kb|kg|lbs?|usd|x|k|p|s|ghz|mhz|hz|m|mm|cm|km|hours?|days?|"
    r"minutes?|weeks?|months?|years?)\Z"
)
_KEY_WORDS = as_split(("""
swrr booking bookings reservation reservations res resv conf confirmation confirm confirmed cnf pnr locator itinerary ticket
tickets eticket flight case cases claim claims ref refs reference incident complain complaint complaints sr service file files
report docket enquiry inquiry query request grievance feedback tracer number pir tag voucher receipt interaction chat
application registration order orders tracking track shipment parcel awb consignment invoice purchase delivery package return
rma transaction txn utr account accounts acct acc a membership member customer client policy loyalty flyer flier ff ffn ktn
redress traveler skymiles mileage mileageplus mp aadvantage rewards rr blue trueblue miles gold silver chairman platinum club
avios bonvoy card smartcard iuc userid user id i d meter subscriber consumer crn relationship imei nectar clubcard device
profile login elevate mvp no nbr code mo
""",))


def references(text: str, low: str, words: list[bytes]) -> Iterator[Span]:
    """References by the word before them ("case # 123456"), or by a form that nothing else has.

    Args:
        low: the text in lower case, of the same length.
        words: its words in lower case.
    """
    said = not _KEY_WORDS.isdisjoint(words)
    last: Span | None = None
    for m in _VALUE.finditer(text):
        value = m.group()
        kind = _by_form(value, low, m.start(), m.end())
        if kind is None and said:
            kind = _by_keyword(value, low, m.start()) or _by_list(value, text, m.start(), last)
        if kind is not None:
            last = Span(m.start(), m.end(), kind)
            yield last
            yield from _letters_after(text, last)
    if said:
        yield from spelled_locators(text, low)


def spelled_locators(text: str, low: str) -> Iterator[Span]:
    """Booking codes of letters alone: "confirmation code KARAAX"."""
    if not ("conf" in low or "book" in low or "locat" in low or "pnr" in low or "reserv" in low):
        return
    for m in _LETTERS.finditer(text):
        before = _SAID_LETTERS.search(low, max(0, m.start() - _SAID_WITHIN), m.start())
        if before and _is_explicit(before.group()):
            yield Span(m.start(), m.end(), "BOOKINGREF")


def _by_form(value: str, low: str, start: int, end: int) -> str | None:
    """The kind of reference that has this very form."""
    if value.isdigit():
        if len(value) == 13 and _TICKET.match(value) and not _NOT_A_TICKET.match(low, end):
            return "BOOKINGREF"
        return "ACCOUNTREF" if 7 <= len(value) <= 12 and _REWARDS.search(low, max(0, start - 6), start) else None
    if len(value) == 6:
        return "BOOKINGREF" if _LOCATOR.match(value) else None
    if _AMAZON.match(value) or _UPS.match(value):
        return "ORDERREF"
    return "CASEREF" if _TRACER.match(value) else None


def _by_keyword(value: str, low: str, start: int) -> str | None:
    """The kind that the words before it say: "case #", "booking code is"."""
    m = _SAID.search(low, max(0, start - _SAID_WITHIN), start)
    if m is None:
        return None
    kind = next(name for name in _NAMES if m.group(name) is not None)
    explicit = bool(m.group("word").strip()) or _is_explicit(m.group("link"))
    return kind if _is_reference(value.lower(), kind, explicit) else None


def _is_explicit(link: str) -> bool:
    return any(c in link for c in "#:=(\"'“‘") or any(w in link for w in ("code", "number", " no", "locator", "pnr", " id"))


def _is_reference(value: str, kind: str, explicit: bool) -> bool:
    """Whether the thing after a keyword is a reference and not a flight, a date or an amount."""
    if _FLIGHT.match(value):
        return False
    digits = sum(c.isdigit() for c in value)
    if digits == len(value):
        return len(value) >= (4 if explicit else 6)
    return digits >= (1 if explicit or (kind == "BOOKINGREF" and len(value) == 6) else 2) and len(value) >= 5


def _by_list(value: str, text: str, start: int, last: Span | None) -> str | None:
    """The kind of the reference before it in a list: "claims 123456, 123457 and 123458"."""
    if last is None or start - last.end > 12 or not _MORE.match(text[last.end : start].lower()):
        return None
    digits = sum(c.isdigit() for c in value)
    fits = digits >= 5 or (last.type == "BOOKINGREF" and digits and len(value) == 6)
    return last.type if fits and not _FLIGHT.match(value.lower()) else None


def _letters_after(text: str, last: Span) -> Iterator[Span]:
    """A booking code of six letters right after another reference of its kind: "T2RF14 / BAKYSX"."""
    if last.type != "BOOKINGREF":
        return
    m = _LETTERS.search(text, last.end, last.end + 16)
    if m and _MORE.match(text[last.end : m.start()].lower()):
        yield Span(m.start(), m.end(), "BOOKINGREF")
