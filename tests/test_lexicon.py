"""The lexicon, phrase tables and contact reasons: what words alone can say, and no more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base import INTENTS, Model
from models.lexicon import Lexicon, cues, valence
from models.phrases import Phrases, word_list, words, words_of
from models.topics import TopicFinder

LEXICON = Lexicon()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I love this airline, best crew ever!", "positive"), ("Worst service, my flight was cancelled again", "negative"),
        ("this is not good", "negative"), ("nothing bad to say, they were great", "positive"),
        ("we land at gate 12 in Denver", "neutral"),
        ("😡😡", "negative"), ("😍", "positive"), ("", "unknown"), ("@united http://t.co/x", "unknown"),
        ("Mein Flug ist schon wieder verspätet und niemand hilft", "unknown"),
    ],
)
def test_obvious_texts_get_obvious_labels(text: str, label: str) -> None:
    assert LEXICON.score([text]).labels() == [label]


def test_it_says_why_it_does_not_know() -> None:
    scores = LEXICON.score(["", "Mon vol est encore en retard et personne ne répond", "late again, thanks"])
    assert scores.reason == ["empty", "language", ""]
    assert np.isnan(scores.sentiment[:2]).all() and not np.isnan(scores.sentiment[2]).any()
    assert scores.sentiment[2].sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("can you help me find my bag?", "request"), ("never again, I am switching to another airline", "churn_risk"),
        ("stay away from this company", "warning"), ("you should add a dark mode", "suggestion"),
        ("we are stranded at the airport with a diabetic child", "urgent"),
        ("going to buy the new one tomorrow", "purchase_intent"),
        ("highly recommend them to everyone", "recommendation"), ("thank you for the great service", "praise"),
        ("unacceptable, still waiting after three hours", "complaint"), ("why is my flight late again?", "needs_response"),
    ],
)
def test_cues_give_intents(text: str, intent: str) -> None:
    assert intent in LEXICON.score([text]).intent_names()[0]


def test_cue_phrases_are_told_by_intent() -> None:
    found = cues(["never again, stay away from them", "the gate is 12"])
    assert [{INTENTS[i] for i in np.flatnonzero(row)} for row in found] == [{"churn_risk", "warning"}, set()]


def test_emphasis_and_contrast_count() -> None:
    assert valence(words("extremely bad")) < valence(words("bad")) < valence(words("slightly bad")) < 0
    assert valence(words("great seats but rude crew and a broken toilet")) < 0


def test_it_is_a_model() -> None:
    assert isinstance(LEXICON, Model)
    assert LEXICON.score([]).labels() == []


def test_a_phrase_table_prefers_the_longest_phrase_and_never_overlaps() -> None:
    table = Phrases({"on hold": 1, "hold": 2, "delay*": 3, "customer serv*": 4, "customer": 5})
    found = table.find(words("on hold with customer service delayed customer hold"))
    assert found == [(0, 2, 1), (3, 2, 4), (5, 1, 3), (6, 1, 5), (7, 1, 2)]


WORD = st.sampled_from(["a", "b", "ab", "abc", "c"])


PHRASE = st.lists(WORD, min_size=1, max_size=3).map(" ".join)


@given(st.lists(WORD, max_size=12), st.dictionaries(PHRASE, st.integers(), max_size=6))
def test_a_phrase_table_finds_what_a_plain_search_finds(tokens: list[str], table: dict[str, int]) -> None:
    expected, i = [], 0
    while i < len(tokens):
        fits = [p for p in table if tokens[i : i + len(p.split())] == p.split()]
        best = max(fits, key=lambda p: len(p.split()), default=None)
        if best is not None:
            expected.append((i, len(best.split()), table[best]))
        i += len(best.split()) if best else 1
    assert Phrases(table).find(tokens) == expected


@given(st.text(st.characters(codec=None), max_size=200))
def test_any_text_gets_an_answer(text: str) -> None:
    scores = LEXICON.score([text])
    assert scores.labels()[0] in ("negative", "neutral", "positive", "unknown")
    assert (scores.labels()[0] == "unknown") == bool(scores.reason[0])


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("my bag is lost", ["baggage"]), ("Cancelled Flight and two hours on hold", ["cancellation", "phone_hold"]),
        ("want my money back", ["refund"]), ("can't log in since the update", ["login", "app"]), ("lovely sunset", []),
        # telecom, energy, banks, shops, deliveries, software and devices
        ("no signal since monday and my contract runs another year", ["outage", "contract"]),
        ("power cut again, and the smart meter is wrong", ["outage", "energy"]),
        ("the ATM ate my debit card", ["banking", "cards_payments"]), ("mortgage paperwork lost, branch closed", ["banking"]),
        ("the parcel never arrived", ["delivery"]), ("I want to return it, it was the wrong size", ["returns", "quality"]),
        ("sold out again", ["stock"]), ("the app keeps crashing and I lost all my progress", ["app", "data_loss"]),
        ("printer jams, driver update did not help", ["hardware", "installation"]),
        ("my account was hacked", ["account", "security_fraud"]),
        ("stranded in Denver without a hotel", ["stranded"]), ("mechanical problems, they say", ["technical_fault"]),
        # words that are not reasons
        ("take off was smooth", []), ("too late now", []), ("we updated the poem", []),
        ("the attendant was rude about my seat", ["staff", "seat"]), ("delayed AGAIN because of snow", ["delay", "weather"]),
    ],
)
def test_contact_reasons(text: str, topics: list[str]) -> None:
    assert TopicFinder().find_all([text]) == [topics]


def test_own_topics_extend_the_taxonomy() -> None:
    finder = TopicFinder({"lounge": ["lounge", "club access"], "delay": ["afternoon tea"]})
    assert finder.find_all(["no club access in the lounge", "afternoon tea was late"]) == [["lounge"], ["delay"]]


def test_own_phrases_replace_ours_and_none_switch_a_topic_off() -> None:
    finder = TopicFinder({"delay": ["Wi-Fi late"], "weather": []}, replaced=["delay", "weather"])
    found = finder.find_all(["delayed by a storm", "the wi-fi late again", "my bag"])
    assert found == [[], ["delay"], ["baggage"]]


def test_every_phrase_of_the_taxonomy_finds_its_topic() -> None:
    """A phrase that is written so that no text can match it would be dead weight; one in two topics gives both."""
    finder = TopicFinder()
    for topic, phrases in word_list("topics").items():
        for phrase in phrases:
            assert topic in finder.find_all([phrase.replace("*", "s")])[0], (topic, phrase)


def test_words_of_reads_each_batch_once_and_never_mixes_batches() -> None:
    first, second = ["one two"], ["three"]
    assert words_of(first) is words_of(first)
    assert words_of(second) == [["three"]]
    assert words_of(first) == [["one", "two"]]
    assert len(INTENTS) == LEXICON.score(first).intents.shape[1]
