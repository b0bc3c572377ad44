"""What a name looks like, and how likely a word is one."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from pipelines.redaction.common_words import NOT_NAMES
from pipelines.redaction.first_names import ALSO_WORDS, FIRST_NAMES
from pipelines.redaction.organisations import KNOWN
from pipelines.redaction.spans import Span

UP = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĢĪİĶŁĽĹŃŅŇŐŒŘŚŞŠŢŤŪŮŰŹŻŽ"
LOW = "a-zß-öø-ÿāăąćčďđēęěğģīıķłľĺńņňőœřśşšţťūůűźżž"
CAP = rf"[{UP}](?:['’](?=[{UP}]))?[{LOW}{UP}]{{0,20}}[{LOW}](?:-[{UP}][{LOW}]{{1,20}})?"  # Anna, McKay, O'Neil, Jean-Luc
END = rf"(?![{UP}{LOW}\d_@])"
WORD = re.compile(rf"(?:{CAP}|[{UP}{LOW}]{{2,20}}){END}")
_SURNAME = re.compile(rf" (?:(?:van|von|de|del|della|der|da|dos|di|bin|al|el) ){{0,2}}({CAP}){END}")
_LOWER_SURNAME = re.compile(rf" ([{LOW}]{{2,20}})(?=\s?(?:[,.;/!?\n]|\Z|\d|__))")
_AND = re.compile(rf"(?: and | & | not | or |/|, )({CAP}){END}")
_PARTNERS = 8  # most names that one introduction covers
_MASKED = r"\[(?:EMAIL|PHONE|ADDRESS|CARD)\]|__email__|<email>"
_CONTACT = re.compile(rf"\s?[/,;:|-]?\s?(?:{_MASKED}|\d{{5}})")

SURE, ALSO, UNKNOWN, NONE = 3, 2, 1, 0  # ranks of a word
LONGEST = 64  # letters of a name


def plain(word: str) -> str:
    """Lower case, without accents: the form in which the word lists hold a name. Longer than LONGEST, a word is none, and cut."""
    word = word[:LONGEST]
    if word.isascii():
        return word.lower()
    letters = (c for c in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(c))
    return "".join(letters).replace("ß", "ss").replace("ł", "l")


def rank(word: str) -> int:
    """How likely a word is a person's name.

    SURE: a first name; ALSO: a first name that is something else too; UNKNOWN: on no list; NONE: an ordinary word or a company.
    """
    return _rank(word) if len(word) <= LONGEST else UNKNOWN


@lru_cache(maxsize=65_536)
def _rank(word: str) -> int:
    name = plain(word)
    if name in ALSO_WORDS:
        return ALSO
    if name in FIRST_NAMES:
        return SURE
    return NONE if name.replace("’", "'") in NOT_NAMES or name.rstrip("s") in NOT_NAMES or name in KNOWN else UNKNOWN


def full_name(text: str, start: int, end: int) -> Span:
    """The name at `text[start:end]` with up to three further names behind it."""
    following = _LOWER_SURNAME if text[start].islower() else _SURNAME
    for _ in range(3):
        m = following.match(text, end)
        if m is None or rank(m.group(1)) == NONE:
            break
        end = m.end(1)
    return Span(start, end, "PERSON")


def with_partners(text: str, span: Span) -> list[Span]:
    """The name, and the listed names that follow it: "Anna Novak and Tom"."""
    spans = [span]
    while len(spans) <= _PARTNERS:
        m = _AND.match(text, span.end)
        if m is None or rank(m.group(1)) < ALSO:
            break
        span = full_name(text, m.start(1), m.end(1))
        spans.append(span)
    return spans


def touches_contact(text: str, end: int, contacts: frozenset[int]) -> bool:
    """Whether contact details (which begin at `contacts`) or their masks follow right after `text[:end]`."""
    behind = text[end : end + 3]
    if any(end + gap in contacts and not behind[:gap].strip(" ,/:;-|(\n") for gap in range(4)):
        return True
    return _CONTACT.match(text, end) is not None
