"""What a finder yields: a typed piece of text, by its offsets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

PERSONAL = frozenset({"EMAIL", "PHONE", "PERSON", "ADDRESS", "CARD", "GOVID", "BIRTHDATE", "IP", "HANDLE"})
REFERENCES = frozenset({"CASEREF", "BOOKINGREF", "ORDERREF", "ACCOUNTREF"})


class Span(NamedTuple):
    """`text[start:end]` is personal data or a reference of this type."""

    start: int
    end: int
    type: str


_LETTERS = bytes(code if code > 127 or chr(code).isalpha() else 32 for code in range(256))


def split(text: str) -> list[bytes]:
    """The words of a text, as bytes: that is three times as fast as splitting text, and this is done for each mention.

    >>> split("Hi, it's 2 O'clock: café")
    [b'Hi', b'it', b's', b'O', b'clock', b'caf\\xc3\\xa9']
    """
    return text.encode("utf-8", "surrogatepass").translate(_LETTERS).split()


def as_split(texts: Iterable[str]) -> frozenset[bytes]:
    """Words in the form in which `split` yields them."""
    return frozenset(word for text in texts for word in split(text))


def words(text: str) -> frozenset[str]:
    """The words of a list written as running text."""
    return frozenset(text.split())
