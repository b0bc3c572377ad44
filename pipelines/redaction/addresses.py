"""Street addresses and post codes that stand in one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.redaction.spans import Span, as_split

_STREET = (
    r"(?:street|str|st|road|rd|avenue|ave|av|lane|ln|ls|drive|dr|court|ct|crt|place|pl|boulevard|blvd|way|close|"
    r"crescent|cres|terrace|ter|"
    r"gardens|gdns|square|sq|highway|hwy|parkway|pkwy|circle|cir|trail|trl|grove|mews|walk|row|nagar|marg|colony|sector|"
    r"rue|calle|via|strasse|straße|straat|weg|platz)"
)
_STREETS = as_split(_STREET.removeprefix("(?:").removesuffix(")").split("|"))
_CODE_WORDS = as_split(("zip", "zipcode", "post", "postcode", "postal", "pin", "pincode", "address"))
_NUMBERED = re.compile(
    rf"(?<![\w$£€#.,:/-])(?:(?:flat|apt|apartment|unit|suite|"
    rf"house) ?#?\d\w{{0,4}},? )?\d{{1,5}}[a-z]?,? (?:[nsew]\.? )?(?:(?!(?:in|at|on|by|to|the|of|and|is)"
    rf"\b)[a-z.'’-]{{2,20}} ){{1,3}}{_STREET}\b\.?"
    rf"(?:,? (?:apt|apartment|unit|suite|#|"
    rf"flat) ?#?\w{{1,5}})?(?:,\s?[a-z .'’-]{{2,30}}){{0,3}}(?:,?\s?(?:[a-z]{{2}} )?\d{{5}}(?:-\d{{4}})?)?(?!\w)"
)
_TO_ZIP = re.compile(
    r"(?<![\w$£€#.,:/-])\d{1,5} [a-z.'’ -]{3,40},\s?[a-z .'’-]{2,30},\s?(?:[a-z]{2}[, ]{1,2})?\d{5}(?:-\d{4})?(?![\w-])"
)
# United Kingdom, Canada
_POST_CODE = re.compile(r"(?<![\w#@/])(?:[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|[ABCEGHJ-NPRSTVXY]\d[A-Z] \d[A-Z]\d)(?!\w)")
_BEFORE_CODE = re.compile(r"(?<!\w)\d{1,4}[a-z]?,? [a-z][a-z ,.'’-]{4,60}\Z")
_PIN = re.compile(r"[a-z.+-]{4,20}[ ,][a-z., +-]{6,60}[ ,-]\d{6}(?![\w-])")
_PIN_HINT = re.compile(r"(?<![\w-])[1-9]\d{5}(?![\w-])")
_ZIP_SAID = re.compile(
    r"\b(?:zip|zip ?code|post ?code|postal code|pin ?code|pincode)(?: is|:|-|=)?\s{0,2}(?:is )?(\d{5}(?:-\d{4})?|\d{6}|"
    r"[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}|[a-z]\d[a-z] ?\d[a-z]\d)(?!\w)"
)
_SAID = re.compile(
    r"\b(?:my|home|billing|mailing|postal|delivery|shipping|house|street|office) address(?: is|:|"
    r"-)\s{0,2}(\d[^\n!?@]{6,80}|[^\n!?@.]{3,60}\d[^\n!?@.]{0,30})"
)
_SLASHED = re.compile(r"(?<=/)\s?\d{5}\s?(?=/\s?\+?[\d\[])")
_NOT_A_STREET = re.compile(
    r"\d,? (?:\w+ ){0,2}(?:hours?|hrs?|h|minutes?|mins?|days?|weeks?|months?|years?|kms?|miles?|clicks?|steps?|more|"
    r"different|only|next|long|short|easy|"
    r"half|from|but|we|you|i|can|a|this|that|people|ppl|times?|other|same|lines?|doors?|blocks?|star|way|am|pm|or|for|"
    r"my|your|our|their|his|her|it|be|are|was|were|will|so|if|as|with|just|not|no) "
)
_PLACE_WORD = re.compile(
    r"\b(?:area|near|opp|opposite|behind|nagar|colony|road|street|village|dist|district|po|p\.o|post|house|plot|sector|"
    r"phase|town|city|lane|block|y\.o|market|layout|society)\b"
)


def addresses(text: str, low: str, words: list[bytes], runs: list[str]) -> Iterator[Span]:
    """Where somebody lives, as far as a form gives it away: number and street, post codes, "my address is".

    Args:
        low: the text in lower case, of the same length.
        words: its words in lower case.
        runs: its unbroken runs of digits.
    """
    lengths = {len(run) for run in runs}
    if not _STREETS.isdisjoint(words):
        yield from _streets(_NUMBERED, low)
    if 5 in lengths:
        yield from _streets(_TO_ZIP, low)
        for m in _SLASHED.finditer(text) if "/" in text else ():
            yield Span(m.start(), m.end(), "ADDRESS")
    if not _CODE_WORDS.isdisjoint(words):
        for pattern in (_ZIP_SAID, _SAID):
            for m in pattern.finditer(low):
                yield Span(m.start(1), m.end(1), "ADDRESS")
    for m in _POST_CODE.finditer(text):
        before = _BEFORE_CODE.search(low, max(0, m.start() - 70), m.start())
        yield Span(before.start() if before else m.start(), m.end(), "ADDRESS")
    if 6 in lengths:
        yield from _indian(low)


def _streets(pattern: re.Pattern[str], low: str) -> Iterator[Span]:
    for m in pattern.finditer(low):
        if not _NOT_A_STREET.search(m.group()):
            yield Span(m.start(), m.end(), "ADDRESS")


def _indian(low: str) -> Iterator[Span]:
    """Words of a place that end in a six-digit PIN code."""
    for m in _PIN_HINT.finditer(low):
        found = _PIN.search(low, max(0, m.start() - 70), m.end())
        if found and (_PLACE_WORD.search(found.group()) or "," in found.group()):
            yield Span(found.start(), found.end(), "ADDRESS")
