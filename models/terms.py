"""Which words name things: the nouns of noun phrases, for saying what an excess is about.

The parser reads a bounded, even sample, so that the cost does not grow with the number of mentions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from models.entities import parsed

SAMPLE = 150  # texts that are parsed
_LIMIT = 500  # characters of each
_NOISE = re.compile(r"https?://\S+|[@<\[{]\S+|&\w+;")
_KEPT = frozenset(("NOUN", "PROPN", "ADJ"))


def nouns(texts: Sequence[str]) -> set[str]:
    """Lower-case words, and pairs of neighbours, that stand in noun phrases of a sample of English texts.

    A word by itself is a noun or a name; a pair may begin with an adjective ("long queue").
    """
    step = max(1, -(-len(texts) // SAMPLE))
    found: set[str] = set()
    for doc in parsed([_NOISE.sub(" ", text[:_LIMIT]) for text in texts[::step]]):
        for chunk in doc.noun_chunks:
            kept = [token for token in chunk if token.pos_ in _KEPT]
            found |= {token.lower_ for token in kept if token.pos_ != "ADJ"}
            found |= {f"{a.lower_} {b.lower_}" for a, b in pairwise(kept) if b.i == a.i + 1 and b.pos_ != "ADJ"}
    return found
