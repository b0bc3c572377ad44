"""Noun phrases as terms of an excess: what people talk about, not how they begin their sentences."""

from __future__ import annotations

from models.terms import SAMPLE, nouns
from pipelines.drivers import Said, _terms

TEXTS = ["They still make us wait at the baggage carousel", "We take the long queue at security again and nobody helps"]


def said(number: int, text: str) -> Said:
    return Said(str(number), text, "x", (), (), f"a{number}", True, False, 0, 0.9)


def test_nouns_and_pairs_of_noun_phrases() -> None:
    found = nouns([*TEXTS, "see https://t.co/x @user"])
    assert {"baggage", "carousel", "baggage carousel", "queue", "long queue", "security"} <= found
    assert not {"make", "wait", "take", "again", "long", "user"} & found
    assert nouns([]) == set()


def test_a_sample_is_read_whatever_the_number_of_texts() -> None:
    texts = ["the queue"] * SAMPLE + ["the carousel"] * SAMPLE
    assert nouns(texts) == {"queue", "carousel"}


def test_terms_are_chosen_among_nouns_where_there_are_any() -> None:
    now = [said(i, TEXTS[i % 2]) for i in range(12)]
    before = [said(100 + i, "lovely crew and a lovely day") for i in range(12)]
    assert {word for term in _terms(now, before, set(), nouns) for word in term.split()} <= {
        "baggage", "carousel", "long", "queue", "security",
    }
    assert _terms(now, before, set(), lambda texts: set()) == _terms(now, before, set())  # no nouns: as without
