"""Hostile texts by the thousand: none crashes or stalls the models, each gets an answer or is unknown, memory stays bounded.

EARSHOT_FUZZ=100000 sets how many (default: 3,000). The texts follow from a seed, so a failure can be seen again.
"""

from __future__ import annotations

import os
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from models import encoder, weights
from models.base import REASONS, Scores
from models.brands import BrandMatcher
from models.topics import TopicFinder
from pipelines.privacy import protect_batch
from pipelines.records import Brand

COUNT = int(os.environ.get("EARSHOT_FUZZ", "3000"))
CHUNK = 1_000
LONGEST = 1_000_000  # characters
PHRASES = (
    "the flight was late and nobody helped me", "why is my bag lost", "thank you great crew", "@united", "@SouthwestAir #fail",
    "united delta", "http://t.co/x", "www.x.com &amp;", "\\u0041 [EMAIL]", "+1 555 010 9999", "me@example.com", "der die das",
    "no es muy", "24.12. £5", "it's",
)
LONG = ("a", "aB1", "ﷺ", "😡", "é", "@", "#", "http://", "&#x41;", "\\u0041", "1", ".", "-1", "a@")
ALPHABETS = {
    "control": "".join(map(chr, [*range(32), *range(127, 160)])),
    "right to left": "ابتثجحخدذרשתאבגדה \u202e\u202b\u202c\u200f\u061c",
    "emoji": "😡😭🤬👍🏽👨‍👩‍👧🇺🇸❤️🔥💩🙏\U0001fae0",
    "zero width": "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e",
    "surrogates": "\ud800\udbff\udc00\udfff a",
    "nul": "\x00\x00\x00ab ",
    "marks": "a\u0301\u0308\u0489\u20dd\u0e33\u1dce",
    "wide": "ＡＢＣ﷽ﷺﬃ①½™㍿漢字かなカナ한국어ไทย",
    "signs": "@#&<>[]{}()\\/\"'`~^|*_-+=%$:;,.!? \t\n\r\u2028\u2029\x85",
    "anything": "",
}


def _character(draw: random.Random) -> str:
    return chr(draw.randrange(0x110000))


def _from(alphabet: str) -> Callable[[random.Random], str]:
    def make(draw: random.Random) -> str:
        size = draw.choice((0, 1, 2, 5, 20, 80, 300))
        return "".join(draw.choice(alphabet) if alphabet else _character(draw) for _ in range(size))

    return make


def _sentence(draw: random.Random) -> str:
    return " ".join(draw.choice(PHRASES) for _ in range(draw.randrange(1, 12)))


def _mixed(draw: random.Random) -> str:
    parts = [_sentence(draw), draw.choice(MAKERS)(draw), _sentence(draw)]
    draw.shuffle(parts)
    return draw.choice(("", " ", "\n", "\x00")).join(parts)


def _broken(draw: random.Random) -> str:
    """A sentence as bytes of which some were lost."""
    raw = bytearray((_sentence(draw) + " é😡ß").encode())
    for _ in range(draw.randrange(1, 6)):
        raw[draw.randrange(len(raw))] = draw.randrange(256)
    return raw.decode("utf-8", draw.choice(("replace", "surrogateescape", "ignore")))


def _long_word(draw: random.Random) -> str:
    return draw.choice(LONG) * draw.choice((50, 500, 5_000))


MAKERS: list[Callable[[random.Random], str]] = [*map(_from, ALPHABETS.values()), _long_word]


def hostile(seed: int, count: int) -> Iterator[str]:
    """`count` texts, about half of them with English in them; every 500th is as long as LONGEST."""
    draw = random.Random(seed)
    for number in range(count):
        if number % 500 == 7:
            piece = draw.choice((_sentence, _long_word, *MAKERS))(draw) or " "
            yield (piece * (LONGEST // len(piece) + 1))[:LONGEST]
        else:
            yield draw.choice((_sentence, _mixed, _mixed, _broken, *draw.sample(MAKERS, 3)))(draw)


def check(scores: Scores, texts: list[str], *, everything: bool) -> None:
    assert len(scores) == len(texts) and set(scores.reason) <= set(REASONS)
    reasons = np.array(scores.reason)
    read = np.isin(reasons, ("", "low_confidence", *(["language"] if everything else [])))
    assert np.allclose(scores.sentiment[read].sum(axis=1), 1, atol=1e-3), "an answer has numbers"
    assert np.isfinite(scores.intents[read]).all() and np.isnan(scores.sentiment[~read]).all()
    labels = np.array(scores.labels())
    assert set(labels[reasons != ""]) <= {"unknown"} and "unknown" not in labels[reasons == ""]


def held() -> float:
    """Most bytes that this process has held at a time."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1.0 if sys.platform == "darwin" else 1024.0)


@pytest.mark.skipif(not (Path(weights.__file__).parent / "weights" / "fast.json").exists(), reason="there are no shipped weights")
@pytest.mark.timeout(max(600, COUNT // 10))
def test_hostile_texts_get_answers_in_bounded_time_and_memory() -> None:
    torch.set_num_threads(1)
    model, topics = encoder.load(), TopicFinder()
    brands = (Brand(key="united", name="United", handles=("united",)), Brand(key="delta", name="Delta", handles=("delta",)))
    matcher = BrandMatcher(brands)
    texts: list[str] = []
    before, done, slowest = 0.0, 0, 0.0
    for number, text in enumerate(hostile(20, COUNT), 1):
        texts.append(text)
        if len(texts) == CHUNK or number == COUNT:
            started = time.process_time()
            everything = done % (10 * CHUNK) == 0
            redacted = [found.text for found in protect_batch(texts, ["x"] * len(texts), brands)]
            check(model.score(redacted, everything=everything), redacted, everything=everything)
            check(model.score(texts[:50]), texts[:50], everything=False)  # as they are: nobody promises redaction
            assert len(matcher.places(texts)) == len(topics.find_all(texts)) == len(texts)
            slowest = max(slowest, time.process_time() - started)
            done += len(texts)
            before = before or held()
            texts.clear()
            if COUNT > 10_000:
                print(f"{done:,} texts, slowest thousand {slowest:.1f} s, {held() / 1e6:.0f} MB", flush=True)
    assert done == COUNT
    assert slowest < 60, "seconds of processor time for a thousand texts"
    # oneDNN keeps at most 1,024 routines of half a megabyte, one for each shape of attention that it has met.
    assert held() - before < 800e6, "bytes beyond those of the first thousand"
