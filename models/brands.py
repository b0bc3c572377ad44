"""Which brands a text names: by handle, hashtag, name and alias, with exclusions, and with care where a name is a word.

A name such as JetBlue counts wherever it stands. A name that is an ordinary word (united, delta, target) counts as handle or
hashtag, beside a word of its trade ("United flight", "on Delta flight 12"), or written as a name; never inside an exclusion
("united states") or a longer name ("Manchester United"). What stays doubtful is asked of a `Resolver` (spaCy) if there is one.

Case, accents, the kind of apostrophe and the kind and number of spaces do not count, as they do not in queries: what a brand's
query collects shall not lose its brand here. Names inside links and domains do not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
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
_HANDLE = re.compile(r"\w+(?:[.-]\w+)*(?:@\w+(?:[.-]\w+)*)?")
_TAG = re.compile(r"\w+")
# The beginning of a link, a domain or a path; a full stop before a capital ends a sentence.
_LINK = re.compile(r"[^\w/]*(?:\w+://|(?i:www)\.|/\w+/|[\w.-]*\w\.[a-z]{2,}(?:[/:?#]|\W*$))")
_LONGEST = 500  # characters of a link that are looked at on each side of a name
_EXTRA = re.compile("[\u0300-\u036f]|(?<= ) ")


def _bare(code: int) -> str:
    """A character without its accent, an apostrophe as ', a space as " "; as it is where that would not be one character."""
    char = chr(code)
    bare = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", char))
    return " " if char.isspace() else bare if len(bare) == 1 else char


# No letter beyond these has an accent that comes off.
_FOLDED = {code: bare for code in range(0x3001) if (bare := _bare(code)) != chr(code)} | {ord(sign): "'" for sign in "’‘ʼ′`´＇"}
_FOLDED |= {ord("\u2010"): "-", ord("\u2011"): "-", ord("＃"): "#"}


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
            names = [_term(n) for n in (brand.name, *brand.aliases) if n.strip()]
            excluded = tuple(_term(phrase) for phrase in brand.exclude)
            for handle in brand.handles:
                self._handles.setdefault(_term(handle.lstrip("@")), brand.key)
                self._tags.setdefault(_term(handle.lstrip("@")), brand.key)
            for name in names:
                ordinary = " " not in name and (is_ordinary(name) or any(name in phrase for phrase in excluded))
                for form in {name, name.replace(" ", "-"), name.replace(" ", "") if len(name) > 6 else name}:
                    needles.setdefault(form, _Needle(form, brand.key, ordinary))
                self._tags.setdefault(re.sub(r"[\W_]+", "", name), brand.key)
            phrases = {*excluded, *(p for name in names for p in HOMONYMS.get(name, ()))}
            self._exclude[brand.key] = tuple({form for p in phrases for form in (p, p.replace(" ", "-"))})
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
        text = text[:LIMIT].replace("İ", "I")  # the one letter that is longer in lower case
        low = _folded(text)
        if "  " not in low and (low.isascii() or not _EXTRA.search(low)):
            return self._look(text, low)
        drop = [-1, *(place.start() for place in _EXTRA.finditer(low)), len(low)]
        spans = [(a + 1, b) for a, b in pairwise(drop)]
        sure, doubtful = self._look("".join([text[a:b] for a, b in spans]), "".join([low[a:b] for a, b in spans]))
        if not sure and not doubtful:
            return sure, doubtful
        kept = [*chain.from_iterable(range(a, b) for a, b in spans), len(low)]
        return _moved(sure, kept), _moved(doubtful, kept)

    def _look(self, text: str, low: str) -> tuple[list[Found], list[Found]]:
        sure: list[Found] = []
        doubtful: list[Found] = []
        if "@" in low or "#" in low:
            self._marked(low, sure)
        if self._quick is None or self._quick.search(low):
            self._named(text, low, sure, doubtful)
        known = {place.key for place in sure}
        return sure, [place for place in doubtful if place.key not in known]

    def _marked(self, low: str, sure: list[Found]) -> None:
        """Handles and hashtags; of a handle with a domain or server, the longest part that is known."""
        for sign, table, pattern in (("@", self._handles, _HANDLE), ("#", self._tags, _TAG)):
            at = low.find(sign)
            while at >= 0:
                name = pattern.match(low, at + 1)
                if name and not (at and low[at - 1].isalnum()):
                    word = name[0]
                    while sign == "@" and word not in table and (cut := max(map(word.rfind, "@.-"))) > 0:
                        word = word[:cut]
                    key = table.get(word) or (self._by_tag(word) if sign == "#" else None)
                    if key:
                        sure.append(Found(key, at, at + 1 + len(word)))
                at = low.find(sign, at + 1)

    def _by_tag(self, word: str) -> str | None:
        """#jetbluefail names JetBlue; #targeted names nothing."""
        return next((self._tags[tag] for tag in self._long_tags if word.startswith(tag)), None)

    def _named(self, text: str, low: str, sure: list[Found], doubtful: list[Found]) -> None:
        taken: list[tuple[int, int]] = []
        for needle in self._needles:
            at = low.find(needle.text)
            while at >= 0:
                end = at + len(needle.text)
                if _is_word(text, low, at, end) and not (taken and any(a <= at < b for a, b in taken)):
                    taken.append((at, end))
                    if not self._excluded(text, low, at, end, needle.key):
                        verdict = _weigh(text, low, at, end) if needle.ordinary else 1
                        if verdict:
                            (sure if verdict > 0 else doubtful).append(Found(needle.key, at, end))
                at = low.find(needle.text, end)

    def _excluded(self, text: str, low: str, at: int, end: int, key: str) -> bool:
        for phrase in self._exclude[key]:
            place = low.find(phrase, max(0, at - len(phrase)), end + len(phrase))
            if place >= 0 and place <= at and place + len(phrase) >= end and _is_word(text, low, place, place + len(phrase)):
                return True
        return False


def keys(places: Sequence[Found]) -> tuple[str, ...]:
    """The brands of some places, each once, in order of first appearance."""
    return tuple(dict.fromkeys(place.key for place in places)) if places else ()


def _start(place: Found) -> int:
    return place.start


def _folded(text: str) -> str:
    """The form in which names are looked for; each character stays where it is."""
    low = text.lower()
    return low if low.isascii() and low.isprintable() and "`" not in low else low.translate(_FOLDED)


def _term(text: str) -> str:
    """A name or phrase in the form in which texts are compared."""
    return " ".join(_folded(unicodedata.normalize("NFC", text.replace("İ", "I"))).split())


def _moved(places: list[Found], kept: list[int]) -> list[Found]:
    """Places in what was kept of a text as places in the text."""
    return [Found(place.key, kept[place.start], kept[place.end]) for place in places]


def _is_word(text: str, low: str, at: int, end: int) -> bool:
    """Whether [at, end) stands by itself: not inside a word, a handle, a hashtag, a domain or a link."""
    before, after = low[at - 1 : at], low[end : end + 1]
    if before.isalnum() or after.isalnum() or after == "_":
        return False
    if before and before in "_@#" and (at < 2 or low[at - 2] not in ". "):
        return False
    if not ((before and before in "/.-") or (after and after in "/.-")):
        return True
    if after == "." and text[end + 1 : end + 2].islower():
        return False
    if before == "." and text[at].islower() and low[at - 2 : at - 1].isalnum():
        return False
    start, stop = low.rfind(" ", max(0, at - _LONGEST), at) + 1, low.find(" ", end, end + _LONGEST)
    return not _LINK.match(text[start or max(0, at - _LONGEST) : stop if stop >= 0 else end + _LONGEST])


def _weigh(text: str, low: str, at: int, end: int) -> int:
    """1: an ordinary word used as a name; -1: doubtful; 0: just the word."""
    before, after = _before(text, at), _after(text, end)
    capital = text[at].isupper()
    if after.lower() in TRADE or before.lower() in _FLY or (before.lower() in _BEFORE and (capital or after == "")):
        return 1
    if "-" in (text[at - 1 : at], text[end : end + 1]) and (joined := _across(text, at, end)):
        return -1 if capital and joined.isupper() else 0  # Delta-8 is none; United-Continental may be one
    if not capital:
        return -1 if _near_trade(low, at, end) else 0
    shouting = text[at:end].isupper() and end - at > 2 and sum(c.isupper() for c in text) > sum(c.islower() for c in text)
    if shouting or _goes_on(text, end, after) or _began_earlier(text, at, before):
        return -1
    plain = not _SENTENCE.search(text[max(0, at - 60) : at]) or text[end : end + 2] in ("'s", "’s") or _near_trade(low, at, end)
    return 1 if plain else -1


def _across(text: str, at: int, end: int) -> str:
    """The letter that a hyphen joins to a place: the first of the word after it, or of the one before; "" where none is."""
    if text[end : end + 1] == "-" and text[end + 1 : end + 2].isalnum():
        return text[end + 1]
    return _before(text, at)[:1] if text[at - 1 : at] == "-" and text[at - 2 : at - 1].isalnum() else ""


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
