"""Cards, bank accounts, papers of identity, IP addresses and birth dates: what is mostly digits and nobody else's business."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from pipelines.redaction.spans import Span

_CARD = re.compile(r"(?<![\w.#/])(?:\d{4}[ -]?){3}\d{1,7}(?![\w/])|(?<![\w.#/])\d{4}[ -]?\d{6}[ -]?\d{5}(?![\w/])")
_CARD_START = re.compile(r"4|5[0-8]|2[2-7]|3[0-9]|6[0245]")
_CARD_SAID = re.compile(
    r"(?:credit|debit|bank|visa|master ?card|amex|atm) ?(?:card)?(?: ?(?:number|num|no|nr))?\W{0,4}(?:is|"
    r"was)?\W{0,3}(\d(?:[ -]?\d){11,18})(?!\w)"
)
_IBAN = re.compile(  # in small letters each group but the first holds a digit, so that no word after it counts
    r"(?<!\w)(?:[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?|"
    r"[a-z]{2}\d{2} ?[a-z\d]{4}(?: ?(?=[a-z]{0,3}\d)[a-z\d]{4}){1,6}(?: ?(?=[a-z]{0,2}\d)[a-z\d]{1,3})?)(?!\w)"
)
_SSN = re.compile(r"(?<![\w.-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])")
_PART_BEFORE = re.compile(r"\b(?:dpci|sku|item|model|upc|tcin|part|product)(?: ?(?:number|no|#))?\W{0,3}\Z")
_NINO = re.compile(r"(?<!\w)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} \d{2} \d{2} ?[A-D](?!\w)")
_PAN = re.compile(r"(?<!\w)[A-Z]{3}[PCHABGJLFT][A-Z]\d{4}[A-Z](?!\w)")
_AADHAAR = re.compile(r"(?<![\w-])(?<!\d )[2-9]\d{3}([ -])\d{4}\1\d{4}(?![\w-])(?! \d)")
_CPF = re.compile(r"(?<!\w)\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)")
_GOVID_SAID = re.compile(
    r"\b(?:ssn|social security|social insurance|nino|national insurance|passport|aa?dh?aa?r|driv(?:er|ing)'?s? licen[cs]e|"
    r"licen[cs]e(?= no| number| #)|nric|cpf|curp|cnic|bvn|personnummer|tax id|national id|id card|identity card|government id|"
    r"nhs number|ni number|(?P<short>sin|pan|dni|nie|nin|tin))(?: ?(?:card|number|num|no|nr|id))*\W{0,4}(?:is|was|:)?\W{0,3}"
    r"(?P<value>[a-z]{0,4}[ -]?\d(?:[ .-]?\d){4,17}(?: ?[a-z]{1,2})?|[a-z0-9]{6,20})(?!\w)"
)
_IPV4 = re.compile(r"(?<![\w.:/-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}(?:[0-9a-fA-F]{1,4}|(?<=::))(?![\w:])")
_VERSION_BEFORE = re.compile(
    r"(?:(?:\bv|version|versions|ver|build|firmware|software|release|patch|beta|alpha|drivers?|\bapps?|client|\bos|ios|android|macos|windows|"
    r"chrome|firefox|safari|edge|itunes|spotify|skype|office|java|flash|kernel|bios|running)\.?[\s:=(,#-]{0,3}(?:is |of )?|"
    r"(?:updat|upgrad|downgrad)\w{0,4}[^.!?\n]{0,16}\s)\Z"
)
_VERSION_AFTER = re.compile(r"\s?(?:version|update|build|release|firmware|beta|patch|app\b)")
_ADDRESS_BEFORE = re.compile(
    r"\b(?:ips?|ipv4|address(?:es)?|ping\w*|server|host|dns|router|gateway|subnet|logged in|login|log ?in|blocked)\b"
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DATE = (
    rf"(?:\d{{1,2}}[/.\- ]\d{{1,2}}[/.\- ](?:\d\d|19\d\d|20\d\d)(?!\d)|(?:19|"
    rf"20)\d\d[/.\- ]\d{{1,2}}[/.\- ]\d{{1,2}}(?!\d)|\d{{1,2}}(?:st|nd|rd|"
    rf"th)?[ -](?:of )?{_MONTH}[ ,.-]{{1,2}}\d{{2,4}}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{2,4}})"
)
_BIRTH_SAID = re.compile(
    rf"\b(?:dob|d\.o\.b\.?|date of birth|birth ?date|my birth ?day|(?:i was|i'm|i am|was) born|fecha de nacimiento|"
    rf"né\(?e?\)? le|geboren|geburtsdatum)\W{{0,4}}(?:is|was|on|in|am)?\W{{0,3}}({_DATE})(?!\w)"
)
_BIRTH_WORDS = ("birth", "born", "dob", "d.o.b", "nacimiento", "gebor", "geburt", "né")
_BIRTH_YEAR = re.compile(
    r"(?<![\w/.-])\d{1,2}([/.-])\d{1,2}\1(?:19[2-9]\d|200\d)(?![\w/-])|(?<![\w/.-])19[2-9]\d([/.-])\d{1,2}\2\d{1,2}(?![\w/-])"
)
_ONLY_A_DATE = re.compile(rf"\s*(?:(?:@\w+|\[HANDLE\])\s*){{0,9}}({_DATE})[\s.!,)]*\Z", re.IGNORECASE)


def luhn(digits: str) -> bool:
    """Whether the check digit of a card number is right.

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    values = [int(c) for c in reversed(digits)]
    return (sum(values[::2]) + sum(v * 2 - 9 * (v > 4) for v in values[1::2])) % 10 == 0


def cards(text: str, low: str, total: int) -> Iterator[Span]:
    """Payment cards (by their check digit, or because the text says so) and international bank account numbers.

    Args:
        total: how many digits the text holds.
    """
    if total < 10:
        return
    for m in _CARD.finditer(text):
        digits = re.sub(r"\D", "", m.group())
        grouped = len(digits) < 17 or not m.group().isdigit()  # 18 digits in one piece are the id of a post
        if 14 <= len(digits) <= 19 and grouped and _CARD_START.match(digits) and luhn(digits):
            yield Span(m.start(), m.end(), "CARD")
    for m in _CARD_SAID.finditer(low) if "card" in low or "visa" in low or "amex" in low else ():
        yield Span(m.start(1), m.end(1), "CARD")
    for m in _IBAN.finditer(text):
        joined = m.group().replace(" ", "")
        if int("".join(str(int(c, 36)) for c in joined[4:] + joined[:4])) % 97 == 1:
            yield Span(m.start(), m.end(), "CARD")


def papers(text: str, low: str, total: int) -> Iterator[Span]:
    """Numbers of social security, passports, tax and identity cards."""
    for pattern in (_NINO, _PAN, _SSN, _AADHAAR, _CPF) if total >= 9 else (_NINO, _PAN) if total >= 4 else ():
        for m in pattern.finditer(text):
            if pattern is not _SSN or (m.group(1) == "-" and not _PART_BEFORE.search(low, max(0, m.start() - 16), m.start())):
                yield Span(m.start(), m.end(), "GOVID")
    for m in _GOVID_SAID.finditer(low) if total >= 5 else ():
        is_word = m.group("short") is not None and not text[m.start() : m.end("short")].isupper()  # Polish "dni", Spanish "sin"
        if not is_word and sum(c.isdigit() for c in m.group("value")) >= 5:
            yield Span(m.start("value"), m.end("value"), "GOVID")


def internet(text: str, low: str) -> Iterator[Span]:
    """IPv4 and IPv6 addresses; four numbers with dots are a version where the text speaks of one."""
    for m in _IPV4.finditer(text) if text.count(".") >= 3 else ():
        parts = [int(part) for part in m.group().split(".")]
        if max(parts) <= 255:
            before = low[max(0, m.start() - 28) : m.start()]
            said = _VERSION_BEFORE.search(before) or _VERSION_AFTER.match(low, m.end())
            is_version = bool(said) or (parts[0] < 10 and parts[1] <= 30)
            if not is_version or _ADDRESS_BEFORE.search(before):
                yield Span(m.start(), m.end(), "IP")
    for m in _IPV6.finditer(text) if "::" in text or text.count(":") >= 7 else ():
        if any(c.isdigit() for c in m.group()) and len(m.group()) > 4:
            try:
                ipaddress.IPv6Address(m.group())
            except ValueError:
                continue
            yield Span(m.start(), m.end(), "IP")


def births(text: str, low: str, gives_details: bool) -> Iterator[Span]:
    """Dates of birth: said to be one, or a date that is the whole answer.

    Args:
        gives_details: the writer gives an e-mail address, a phone number or the like: then a date in a year long past is one too.
    """
    for m in _BIRTH_SAID.finditer(low) if any(word in low for word in _BIRTH_WORDS) else ():
        yield Span(m.start(1), m.end(1), "BIRTHDATE")
    for m in _BIRTH_YEAR.finditer(text) if gives_details else ():
        yield Span(m.start(), m.end(), "BIRTHDATE")
    only = _ONLY_A_DATE.match(text) if text.rstrip(" .!,)\n")[-1:].isdigit() else None
    if only:
        yield Span(only.start(1), only.end(1), "BIRTHDATE")
