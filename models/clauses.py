"""Which words of a text speak about which of its brands: clauses, contrasts, comparisons and switches.

A text is cut where a contrast begins (but, while, whereas ...) and where a brand becomes the subject of a clause of its own
(dependency parse by spaCy). A part belongs to the brands it names, "you" to the brand that is addressed; a part without
either goes on about the same brand. What relates two brands is turned into a plain statement about each: of "switched from
A to B", "A is worse" and "B is better"; of "A is nicer than B", "A is nicer", and the opposite of it for B.

Masked, brands stand as «0», «1» ...: the encoder never sees their names, so a name has no feeling of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from models.brands import Found
from models.relations import UNLIKE, WORSE, Part, about, related

LIMIT = 1_000  # characters that are parsed
MOST = 6  # brands; a text that lists more than these tells nothing about each
# Names that the parser knows as names. They stand for the brands while it reads.
_STANDINS = ("Toyota", "Samsung", "Nokia", "Volvo", "Siemens", "Nestle", "Pfizer", "Adidas", "Lufthansa", "Unilever")
_CONTRAST = frozenset(("but", "while", "whilst", "whereas", "though", "although", "however", "yet", "meanwhile", "instead"))
_NO_CUT = frozenset((
    "than", "that", "if", "whether", "as", "like", "when", "how", "why", "unlike", "what", "which", "who", "for",
    "with", "of", "by", "to",
))
_JOINS = frozenset(("cc", "mark", "so", "then", "even"))  # dependencies and words that belong to the clause they introduce
_ENDS = frozenset((".", "!", "?", ";", "...", "…", "-", "--", "—", "–", "!!", "!!!", "??"))
_YOU = re.compile(r"\b(?:you|your|yours|you're|youre|u|ur|y'all|yall)\b")
_LEAD = re.compile(r"(?:(?:[\s.,:&+/-]|\band\b|\bRT\b)*@(?:«\d+»|\w+))+")
_VOCATIVE = re.compile(
    r"(?:^|[,.!?]\s*)(?:(?:hey|dear|hi|yo|sorry|thanks|thank you|thx|bye|goodbye|congrats|well done|come on)\s+)?"
    r"@?«(\d+)»\s*(?=[,!?.:]|$)"
)


def masked(text: str, places: Iterable[Found]) -> tuple[str, list[str]]:
    """The text with its brands as «0», «1» (@«0» where a handle stands) ..., and the keys that these stand for."""
    keys: list[str] = []
    out, at = [], 0
    for place in sorted(places, key=lambda place: (place.start, -place.end)):
        if place.start < at:
            continue
        if place.key not in keys:
            keys.append(place.key)
        sign = "@" if text[place.start] == "@" else ""
        out += [_plain(text[at : place.start]), f"{sign}«{keys.index(place.key)}»"]
        at = place.end
    return ("".join(out) + _plain(text[at:]))[:LIMIT], keys


def _plain(text: str) -> str:
    for name in _STANDINS:
        text = text.replace(name, name.lower())
    return text.translate(str.maketrans("«»’\n", "<>'."))


def readable(text: str) -> str:
    """A masked text as the parser is to read it."""
    return re.sub(r"@?«(\d+)»", lambda m: _STANDINS[int(m[1]) % len(_STANDINS)], text)


def parts(text: str, count: int, doc: Any) -> dict[int, list[Part]]:
    """What a masked text says about each of its `count` brands; {} where it says the same about all.

    Args:
        doc: `readable(text)` as spaCy parsed it.
    """
    addressed = _addressed(text)
    found: dict[int, list[Part]] = {brand: [] for brand in range(count)}
    last = addressed
    for unit in _units(doc):
        told = _told(unit, addressed, last)
        for brand, part in told:
            found[brand].append(part)
        last = _onward(told) or last
    kept = {brand: list(dict.fromkeys(said)) for brand, said in found.items() if said}
    return kept if len({tuple(said) for said in kept.values()}) > 1 else {}


def _onward(told: Sequence[tuple[int, Part]]) -> list[int]:
    """Whom the words that follow are about: after a comparison or a switch, the one it speaks for."""
    favoured = [brand for brand, part in told if part != WORSE and not part.turned]
    return list(dict.fromkeys(favoured or [brand for brand, _ in told]))


def _brands(text: str) -> list[int]:
    return list(dict.fromkeys(int(n) for n in re.findall(r"«(\d+)»", text)))


def _addressed(text: str) -> list[int]:
    """The brands that "you" means: those whose handles open the text, or else the one that is called by its name."""
    lead = _LEAD.match(text)
    found = _brands(lead[0]) if lead else []
    return found or list(dict.fromkeys(int(n) for n in _VOCATIVE.findall(text)))[:1]


def _units(doc: Any) -> list[str]:
    """The text in parts, masked again."""
    cuts = {0, *(sent.start for sent in doc.sents)}
    for token in doc:
        if token.i and (_turns(token) or token.nbor(-1).text in _ENDS):
            cuts.add(token.i)
        if token.text in _STANDINS and (start := _clause_start(token)):
            cuts.add(start)
    order = [*sorted(cut for cut in cuts if cut < len(doc)), len(doc)]
    spans = [doc[a:b].text for a, b in pairwise(order)]
    return _joined([re.sub("|".join(_STANDINS), lambda m: f"«{_STANDINS.index(m[0])}»", span) for span in spans])


def _turns(token: Any) -> bool:
    """Whether a contrast begins here; "instead of" relates what stands on its two sides, and cuts nothing."""
    return token.lower_ in _CONTRAST and not (token.lower_ == "instead" and token.doc[token.i + 1 :][:1].text == "of")


def _clause_start(token: Any) -> int:
    """Where the clause begins of which a brand is the subject; 0 where it is not."""
    noun = token
    while noun.dep_ in ("compound", "poss", "nmod", "amod") and noun.head.i > noun.i:
        noun = noun.head
    verb = noun.head
    if noun.dep_ not in ("nsubj", "nsubjpass") or verb.dep_ not in ("ROOT", "conj", "parataxis", "ccomp", "advcl"):
        return 0
    # In a question the verb or its auxiliary comes first: "Is A better than B?"
    start = min(int(noun.left_edge.i), int(verb.i), *(int(word.i) for word in verb.children if word.dep_ in ("aux", "auxpass")))
    while start and (before := noun.doc[start - 1]).lower_ not in _NO_CUT and {before.dep_, before.lower_} & _JOINS:
        start -= 1
    return 0 if start and noun.doc[start - 1].lower_ in _NO_CUT else start


def _joined(spans: list[str]) -> list[str]:
    """Parts with "unlike B" alone, or without a word, go with the next one."""
    out: list[str] = []
    held = ""
    for span in spans:
        span, held = f"{held} {span}".strip(), ""
        rest = UNLIKE.sub("", span.lower())
        if not re.search(r"[^\W\d_]{2}", rest):
            held = span
        else:
            out.append(span)
    if held and out:
        out[-1] += f" {held}"
    return out or [held]


def _told(unit: str, addressed: list[int], last: list[int]) -> list[tuple[int, Part]]:
    """What one part of a text says about which brand."""
    low = unit.lower()
    named = _brands(low)
    if not named:
        owners = addressed if _YOU.search(low) and addressed else last
        return [(brand, about(unit)) for brand in owners]
    if told := related(low, named, addressed, last):
        return told
    if len(named) > 1 and (pieces := _pieces(unit)):
        return [pair for piece in pieces for pair in _told(piece, addressed, last)]
    if addressed and _YOU.search(low):
        named = list(dict.fromkeys([*named, *addressed]))
    return [(brand, about(unit)) for brand in named]


def _pieces(unit: str) -> list[str]:
    """A part that names several brands, cut at "and", "or" or a comma between two of them, if each piece says something."""
    places = list(re.finditer(r"«\d+»", unit))
    cuts = []
    for before, after in pairwise(places):
        between = list(re.finditer(r",\s*(?:and |so |then )?|\b(?:and|so|then)\b", unit[before.end() : after.start()]))
        if between and len(re.findall(r"[^\W\d_]{3,}", unit[before.end() : after.start()])) > 1:
            cuts.append(before.end() + between[0].start())
    edges = [0, *cuts, len(unit)]
    return [unit[a:b].strip(" ,") for a, b in pairwise(edges)] if cuts else []
