"""Which brands a text names: by handle, hashtag, name and alias, with exclusions, and with care where a name is a word.

A name such as JetBlue counts wherever it stands. A name that is an ordinary word (united, delta, target) counts as handle or
hashtag, beside a word of its trade ("United flight", "on Delta flight 12"), or written as a name; never inside an exclusion
("united states") or a longer name ("Manchester United"). What stays doubtful is asked of a `Resolver` (spaCy) if there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from models.phrases import word_list

LIMIT = 10_000  # characters of a text that are looked at


class BrandLike(Protocol):
    """What the matcher needs to know of a brand; `pipelines.records.Brand` is one."""

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def handles(self) -> tuple[str, ...]: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...
    @property
    def exclude(self) -> tuple[str, ...]: ...


class Found(NamedTuple):
    """One place in a text that names a brand, [start, end) in characters."""

    key: str
    start: int
    end: int


class Resolver(Protocol):
    """Says of doubtful places whether they name an organisation."""

    def is_organisation(self, places: Sequence[tuple[str, int, int]]) -> list[bool]:
        """For each (text, start, end): true where that part of the text is the name of an organisation or product."""
        ...


_LISTS = word_list("brands")
# Brand names that are words of the language as well. A name with an exclusion of its own counts as one, too.
ORDINARY = frozenset(_LISTS["ordinary"].split())
HOMONYMS: dict[str, list[str]] = _LISTS["homonyms"]
TRADE = frozenset(_LISTS["trade"].split())
_FLY = frozenset(("fly", "flying", "flew", "flown"))
_BEFORE = _FLY | frozenset((
    "via", "thanks", "thank", "hey", "dear", "hi", "hello", "yo", "boycott", "tweet", "tweeted", "called", "calling", "contacted",
    "switch", "switching",
))
_PLAIN = frozenset((
    "the", "a", "an", "my", "your", "our", "this", "that", "and", "or", "but", "on", "with", "to", "at", "from", "for", "by",
    "of", "in", "is", "are", "was", "i", "we", "you", "it", "so", "if", "when", "why", "how", "what", "thanks", "hey",
))
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_STOP = re.compile(r"[.!?\n@#,]")
_SENTENCE = re.compile(r"(?:^|[.!?:;\n\"“”(…-]|@\w+|\bRT\b)\s*$")


@dataclass(frozen=True, slots=True)
class _Needle:
    text: str  # lower case
    key: str
    ordinary: bool


def is_ordinary(name: str) -> bool:
    """Whether a name is one word, and that word has another meaning."""
    return name.lower() in ORDINARY


class BrandMatcher:
    """Finds brands in texts; one instance serves all windows.

    Args:
        brands: what to look for.
        resolver: decides the doubtful places; without one they do not count.
    """

    def __init__(self, brands: Iterable[BrandLike], resolver: Resolver | None = None) -> None:
        self._resolver = resolver
        self._handles: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._exclude: dict[str, tuple[str, ...]] = {}
        needles: dict[str, _Needle] = {}
        for brand in brands:
            names = [n.strip().lower() for n in (brand.name, *brand.aliases) if n.strip()]
            excluded = tuple(phrase.lower() for phrase in brand.exclude)
            for handle in brand.handles:
                self._handles.setdefault(handle.lstrip("@").lower(), brand.key)
                self._tags.setdefault(handle.lstrip("@").lower(), brand.key)
            for name in names:
                ordinary = " " not in name and (is_ordinary(name) or any(name in phrase for phrase in excluded))
                for form in {name, name.replace(" ", "-"), name.replace(" ", "") if len(name) > 6 else name}:
                    needles.setdefault(form, _Needle(form, brand.key, ordinary))
                self._tags.setdefault(re.sub(r"[\W_]+", "", name), brand.key)
            self._exclude[brand.key] = tuple({*excluded, *(p for name in names for p in HOMONYMS.get(name, ()))})
        # Longest first: "united airlines" takes its place before "united" can.
        self._needles = sorted(needles.values(), key=lambda needle: -len(needle.text))
        self._long_tags = sorted((tag for tag in self._tags if len(tag) > 4 and tag not in ORDINARY), key=len, reverse=True)
        self._quick = re.compile("|".join(re.escape(n.text) for n in self._needles)) if len(self._needles) > 80 else None

    def match(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[tuple[str, ...]]:
        """The keys of the brands that each text names, each once, in order of first appearance.

        Args:
            texts: n texts.
            languages: n languages where known; the resolver reads English, and is not asked about any other.
        """
        return [keys(places) for places in self.places(texts, languages)]

    def places(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[list[Found]]:
        """All places of each text that name a brand, in order; arguments as for `match`."""
        found: list[list[Found]] = []
        doubts: list[tuple[int, Found]] = []
        for i, text in enumerate(texts):
            sure, doubtful = self._find(text)
            found.append(sure)
            if doubtful and self._resolver and (languages is None or languages[i] in (None, "en")):
                doubts += [(i, place) for place in doubtful]
        if doubts and self._resolver:
            answers = self._resolver.is_organisation([(texts[i][:LIMIT], place.start, place.end) for i, place in doubts])
            for (i, place), answer in zip(doubts, answers, strict=True):
                if answer:
                    found[i].append(place)
        for places in found:
            if len(places) > 1:
                places.sort(key=_start)
        return found

    def find(self, text: str) -> list[Found]:
        """All places of `text` that name a brand, in order."""
        sure, doubtful = self._find(text)
        if doubtful and self._resolver:
            answers = self._resolver.is_organisation([(text[:LIMIT], p.start, p.end) for p in doubtful])
            sure += [place for place, answer in zip(doubtful, answers, strict=True) if answer]
        return sorted(sure, key=_start)

    def _find(self, text: str) -> tuple[list[Found], list[Found]]:
        text = text[:LIMIT]
        low = text.lower()
        if len(low) != len(text):  # one letter (capital I with a dot) is longer in lower case
            text = text.replace("İ", "I")
            low = text.lower()
        sure: list[Found] = []
        doubtful: list[Found] = []
        if "@" in low or "#" in low:
            self._marked(low, sure)
        if self._quick is None or self._quick.search(low):
            self._named(text, low, sure, doubtful)
        known = {place.key for place in sure}
        return sure, [place for place in doubtful if place.key not in known]

    def _marked(self, low: str, sure: list[Found]) -> None:
        """Handles and hashtags."""
        for sign, table in (("@", self._handles), ("#", self._tags)):
            at = low.find(sign)
            while at >= 0:
                end = at + 1
                while end < len(low) and (low[end].isalnum() or low[end] == "_"):
                    end += 1
                if end > at + 1 and not (at and low[at - 1].isalnum()):
                    word = low[at + 1 : end]
                    key = table.get(word) or (self._by_tag(word) if sign == "#" else None)
                    if key:
                        sure.append(Found(key, at, end))
                at = low.find(sign, end)

    def _by_tag(self, word: str) -> str | None:
        """#jetbluefail names JetBlue; #targeted names nothing."""
        return next((self._tags[tag] for tag in self._long_tags if word.startswith(tag)), None)

    def _named(self, text: str, low: str, sure: list[Found], doubtful: list[Found]) -> None:
        taken: list[tuple[int, int]] = []
        for needle in self._needles:
            at = low.find(needle.text)
            while at >= 0:
                end = at + len(needle.text)
                if _is_word(low, at, end) and not (taken and any(a <= at < b for a, b in taken)):
                    taken.append((at, end))
                    if not self._excluded(low, at, end, needle.key):
                        verdict = _weigh(text, low, at, end) if needle.ordinary else 1
                        if verdict:
                            (sure if verdict > 0 else doubtful).append(Found(needle.key, at, end))
                at = low.find(needle.text, end)

    def _excluded(self, low: str, at: int, end: int, key: str) -> bool:
        for phrase in self._exclude[key]:
            place = low.find(phrase, max(0, at - len(phrase)), end + len(phrase))
            if place >= 0 and place <= at and place + len(phrase) >= end and _is_word(low, place, place + len(phrase)):
                return True
        return False


def keys(places: Sequence[Found]) -> tuple[str, ...]:
    """The brands of some places, each once, in order of first appearance."""
    return tuple(dict.fromkeys(place.key for place in places)) if places else ()


def _start(place: Found) -> int:
    return place.start


def _is_word(low: str, at: int, end: int) -> bool:
    """Whether [at, end) stands by itself: not inside a word, a handle, a hashtag, a domain or a path."""
    if at and (low[at - 1].isalnum() or (low[at - 1] in "_@#/.-" and (at < 2 or low[at - 2] not in ". \n"))):
        return False
    if end < len(low):
        after = low[end]
        if after.isalnum() or after == "_" or after == "/":
            return False
        if after in ".-" and end + 1 < len(low) and low[end + 1].isalnum():
            return False
    return True


def _weigh(text: str, low: str, at: int, end: int) -> int:
    """1: an ordinary word used as a name; -1: doubtful; 0: just the word."""
    before, after = _before(text, at), _after(text, end)
    capital = text[at].isupper()
    if after.lower() in TRADE or before.lower() in _FLY or (before.lower() in _BEFORE and (capital or after == "")):
        return 1
    if not capital:
        return -1 if _near_trade(low, at, end) else 0
    shouting = text[at:end].isupper() and end - at > 2 and sum(c.isupper() for c in text) > sum(c.islower() for c in text)
    if shouting or _goes_on(text, end, after) or _began_earlier(text, at, before):
        return -1
    plain = not _SENTENCE.search(text[max(0, at - 60) : at]) or text[end : end + 2] in ("'s", "’s") or _near_trade(low, at, end)
    return 1 if plain else -1


def _goes_on(text: str, end: int, after: str) -> bool:
    """Whether this looks like the beginning of a longer name: United Arab ..."""
    return text[end : end + 1] == " " and after[:1].isupper() and not after.isupper() and after.lower() not in _PLAIN


def _began_earlier(text: str, at: int, before: str) -> bool:
    """Whether this looks like the end of a longer name: Leeds United."""
    if not before[:1].isupper() or before.lower() in _PLAIN or text[at - 1] != " ":
        return False
    return not _SENTENCE.search(text[max(0, at - 60) : at - len(before) - 1])


def _before(text: str, at: int) -> str:
    """The word before a place, or "" where a sentence, a handle or the text begins there."""
    found = list(_WORD.finditer(text, max(0, at - 40), at))
    if not found or _STOP.search(text, found[-1].end(), at):
        return ""
    start = found[-1].start()
    return "" if start and text[start - 1] in "@#_" else found[-1][0]


def _after(text: str, end: int) -> str:
    """The word after a place, or "" where a clause or the text ends, or a possessive stands."""
    word = _WORD.search(text, end, end + 40)
    if word is None or _STOP.search(text, end, word.start()) or text[end : end + 2] in ("'s", "’s"):
        return ""
    return word[0]


def _near_trade(low: str, at: int, end: int) -> bool:
    return any(word in TRADE for word in _WORD.findall(low[max(0, at - 40) : end + 40]))
