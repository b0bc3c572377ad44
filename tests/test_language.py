"""Language: clear text is recognised, what is too short to tell is not guessed, and a platform's hint is a hint."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.language import _COMMON, _ENGLISH, _FOREIGN, code, identify, triage

DATA = Path(os.environ.get("EARSHOT_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))


@pytest.mark.parametrize(
    ("text", "hint", "expected"),
    [
        ("My flight was late and they didn't care", None, "en"), ("Mein Flug ist schon wieder verspätet", None, "de"),
        ("Le vol est en retard et personne ne répond", None, "fr"), ("gracias por nada, otra vez sin maletas", None, "es"),
        ("Привет, как дела?", None, "ru"), ("شكرا جزيلا لكم", None, "ar"),
        ("ok thx", None, None), ("ok thx", "en", "en"), ("merci", "fr", "fr"), ("lol", None, None), ("😡😡😡", None, None),
        ("", None, None),
        ("@user http://t.co/x #Berlin", "de", None), ("My flight was late and they didn't care about it", "de", "en"),
        ("Mein Flug ist schon wieder verspätet", "en", "de"), ("gut", "und", None),
    ],
)
def test_identify(text: str, hint: str | None, expected: str | None) -> None:
    assert identify([text], [hint]) == [expected]


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("en-GB", "en"), ("pt_BR", "pt"), ("EN", "en"), ("und", None), ("zxx", None), ("", None), (None, None), ("12", None)],
)
def test_codes(tag: str | None, expected: str | None) -> None:
    assert code(tag) == expected


def test_triage_tells_empty_from_unsupported() -> None:
    texts = [
        "", "  \u200b ", "@united https://x.y", "😡", "ok", "[HANDLE] [EMAIL]", "Mein Flug ist schon wieder verspätet",
        "it was late and you know it", "Kaha par hai", "sent",
    ]
    _, reasons = triage(texts, None, supported=frozenset(("en",)))
    assert reasons == ["empty", "empty", "empty", "", "", "empty", "language", "", "language", ""]


@pytest.mark.parametrize(
    "text",
    [
        "kya hua bhai, aaj bhi nahi aaya", "yaar flight phir se late hai, kuch karo",
        "bhai pls talk to me, main aapse baat karna chahti hun", "Keine Ahnung.", "nichts", "Suppe schlürfen",
        "poxa que saudade", "ma davvero?", "kaise ho", "bora assistir",
    ],
)
def test_short_and_mixed_texts_of_other_languages_are_unknown(text: str) -> None:
    assert triage([text], None, supported=frozenset(("en",)))[1] == ["language"]


@pytest.mark.parametrize(
    "text",
    [
        "need to chat with an actual human ASAP", "flights still going to DAL?", "@JetBlue im still waiting??? No answer!!",
        "Ouch!", "Don’t 😂😂", "the café at gate B12 was closed", "Los Angeles to Las Vegas, two hours late",
        "i rlly need someone to call me back",
    ],
)
def test_short_english_is_scored(text: str) -> None:
    assert triage([text], None, supported=frozenset(("en",)))[1] == [""]


def test_no_word_is_of_two_minds() -> None:
    """What makes a text English makes it no other language."""
    assert not (_ENGLISH | _COMMON) & _FOREIGN
    assert all(word == word.lower() for word in _COMMON | _FOREIGN)


@given(st.text(st.characters(codec=None), max_size=300))
def test_any_text_gets_an_answer(text: str) -> None:
    assert identify([text])[0] is None or 2 <= len(identify([text])[0] or "") <= 3


@pytest.mark.data
@pytest.mark.skipif(not (DATA / "multilingual").is_dir(), reason="needs the labelled sets: set EARSHOT_DATA")
@pytest.mark.parametrize(
    ("name", "expected", "share"),
    [("english", "en", 0.97), ("french", "fr", 0.95), ("spanish", "es", 0.93), ("italian", "it", 0.88), ("arabic", "ar", 0.95)],
)
def test_real_tweets(name: str, expected: str, share: float) -> None:
    lines = (DATA / f"multilingual/{name}_val.jsonl").read_text(encoding="utf-8").splitlines()
    found = identify([json.loads(line)["text"] for line in lines])
    assert sum(x == expected for x in found) >= share * len(found)
    assert sum(x not in (expected, None) for x in found) <= 0.03 * len(found)  # no answer rather than a wrong one


# The 105 of 324 lines of hindi_val.jsonl, from 1, that are English throughout or hold no word at all, as we read them.
HINDI_VAL_IN_ENGLISH = frozenset((
    1, 2, 4, 13, 14, 15, 21, 23, 24, 26, 31, 32, 33, 34, 36, 38, 43, 45, 47, 48, 55, 56, 63, 70, 71, 73, 77, 79, 80, 81, 83,
    85, 87, 95, 96, 103, 104, 106, 109, 122, 129, 140, 141, 142, 149, 150, 151, 153, 156, 161, 165, 166, 167, 176, 181, 182,
    183, 185, 187, 199, 207, 208, 209, 215, 216, 220, 226, 230, 234, 235, 238, 239, 242, 243, 244, 245, 246, 248, 254, 255,
    257, 263, 265, 266, 268, 270, 271, 273, 275, 277, 278, 280, 283, 284, 289, 296, 297, 298, 300, 302, 303, 307, 308, 320,
    323,
))


def scored(path: str) -> list[bool]:
    lines = (DATA / path).read_text(encoding="utf-8").splitlines()
    return [not reason for reason in triage([json.loads(line)["text"] for line in lines], None, supported=frozenset(("en",)))[1]]


@pytest.mark.data
@pytest.mark.skipif(not (DATA / "multilingual").is_dir(), reason="needs the labelled sets: set EARSHOT_DATA")
def test_other_languages_are_not_scored_as_english() -> None:
    """Validation parts, the lines that are English or emoji in truth among them (most of what German still has)."""
    shares = {}
    for name in ("french", "spanish", "italian", "german", "portuguese", "arabic"):
        found = scored(f"multilingual/{name}_val.jsonl")
        shares[name] = sum(found) / len(found)
    assert max(shares.values()) <= 0.06 and sum(shares.values()) <= 0.13, shares
    hindi = [s for i, s in enumerate(scored("multilingual/hindi_val.jsonl"), 1) if i not in HINDI_VAL_IN_ENGLISH]
    assert sum(hindi) <= 0.08 * len(hindi)


@pytest.mark.data
@pytest.mark.skipif(not (DATA / "multilingual").is_dir(), reason="needs the labelled sets: set EARSHOT_DATA")
@pytest.mark.parametrize(
    ("path", "share"),
    [("multilingual/english_val.jsonl", 0.99), ("tweeteval/sentiment_val.jsonl", 0.99), ("streams/airline_week.jsonl", 0.995),
     ("intents/train.jsonl", 0.965)],  # where one line in thirty is in another language
)
def test_english_is_scored(path: str, share: float) -> None:
    found = scored(path)
    assert sum(found) >= share * len(found)
