"""Language: clear text is recognised, what is too short to tell is not guessed, and a platform's hint is a hint."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.language import code, identify, triage

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
