"""What a finder yields: a typed piece of text, by its offsets."""

from __future__ import annotations

from typing import NamedTuple

PERSONAL = frozenset({"EMAIL", "PHONE", "PERSON", "ADDRESS", "CARD", "GOVID", "BIRTHDATE", "IP", "HANDLE"})
REFERENCES = frozenset({"CASEREF", "BOOKINGREF", "ORDERREF", "ACCOUNTREF"})


class Span(NamedTuple):
    """`text[start:end]` is personal data or a reference of this type."""

    start: int
    end: int
    type: str


def words(text: str) -> frozenset[str]:
    """The words of a list written as running text."""
    return frozenset(text.split())
