"""Does a mention fulfil a query? This is the meaning of the language; what platforms give is checked against it.

    matches(parse("jetblue NEAR/2 late"), "JetBlue is always late")   ->  True

What is not known of a mention fulfils no field: `lang:en` is false, and `NOT lang:en` true, where nobody says the language.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TypeVar

from pipelines.query import texts
from pipelines.query.language import And, Expression, Field, Handle, Hashtag, Near, Not, Or, Term, parse
from pipelines.records import Mention

Fields = Mapping[str, "str | Iterable[str] | None"]
_OLD_CODES = {"iw": "he", "in": "id", "ji": "yi"}  # language codes that platforms still give
_Spans = list[tuple[int, int]]  # first word and the one behind the last
T = TypeVar("T")


class Text:
    """A text with its fields, read once however many conditions look at it.

    Args:
        raw: the text as it is.
        fields: what else is known: author, to, lang, channel, kind, has, link, and handles and hashtags that the platform
            tells apart from the text; each a value or several, in any case.
    """

    __slots__ = ("_bag", "_handles", "_hosts", "_tags", "_values", "_words", "fields", "plain", "raw")

    def __init__(self, raw: str, fields: Fields | None = None) -> None:
        self.raw = raw
        self.plain = texts.folded(raw)
        self.fields = fields or {}
        self._words: list[str] | None = None
        self._bag: frozenset[str] | None = None
        self._tags: set[str] | None = None
        self._handles: set[str] | None = None
        self._hosts: set[str] | None = None
        self._values: dict[str, frozenset[str]] = {}

    @property
    def words(self) -> list[str]:
        """Its words in order."""
        if self._words is None:
            self._words = texts.words(self.plain)
        return self._words

    @property
    def bag(self) -> frozenset[str]:
        """Its words, each once."""
        if self._bag is None:
            self._bag = frozenset(self.words)
        return self._bag

    @property
    def hashtags(self) -> set[str]:
        """Hashtags in the text and those that the platform lists."""
        if self._tags is None:
            self._tags = texts.hashtags(self.plain) | {tag.lstrip("#") for tag in self.values("hashtags")}
        return self._tags

    @property
    def handles(self) -> set[str]:
        """Accounts in the text and those that the platform lists."""
        if self._handles is None:
            self._handles = texts.handles(self.plain) | self.values("handles")
        return self._handles

    @property
    def hosts(self) -> set[str]:
        """Hosts of links in the text and of those that are attached."""
        if self._hosts is None:
            self._hosts = texts.hosts(self.raw).union(*(texts.hosts(link) or {link} for link in self.values("link")))
        return self._hosts

    def values(self, name: str) -> frozenset[str]:
        """What a field holds, folded and without @ in front."""
        if name not in self._values:
            given = self.fields.get(name)
            some = (given,) if isinstance(given, str) else given or ()
            self._values[name] = frozenset(texts.folded(value.strip()).lstrip("@") for value in some if value)
        return self._values[name]


Test = Callable[[Text], bool]


def matches(expression: Expression | str, text: str, fields: Fields | None = None) -> bool:
    """Does a text with these fields fulfil the expression?

    >>> matches("#late OR (gate NEAR/1 closed)", "The gate was closed", {"lang": "en"})
    True

    Raises:
        ConfigError: the expression is a query that cannot be read.
    """
    return _test(parse(expression) if isinstance(expression, str) else expression)(Text(text, fields))


def fields_of(mention: Mention) -> dict[str, str | Iterable[str] | None]:
    """The fields of a mention, as `matches` takes them."""
    has: set[str] = {medium.type for medium in mention.media}
    if has - {"link"}:
        has.add("media")
    authors = [name for name in (mention.author_id, mention.author_name) if name]
    links = [medium.url for medium in mention.media if medium.type == "link" and medium.url]
    return {
        "author": authors, "lang": mention.language, "channel": mention.channel, "kind": mention.kind, "has": has, "link": links,
    }


class Matcher:
    """An expression, ready for many texts. Texts in which no word of it can occur are passed over without being read.

    Args:
        expression: the expression or query.

    Raises:
        ConfigError: it is a query that cannot be read.
    """

    def __init__(self, expression: Expression | str) -> None:
        self.expression = parse(expression) if isinstance(expression, str) else expression
        self._test = _test(self.expression)
        needles = _needles(self.expression)
        self._needles = re.compile("|".join(map(re.escape, sorted(needles, key=len)))) if needles else None

    def text(self, text: str, fields: Fields | None = None) -> bool:
        """As `matches`."""
        return self._fulfils(Text(text, fields))

    def texts(self, found: Iterable[str]) -> list[bool]:
        """For each text without fields: does it fulfil the expression?"""
        return [self._fulfils(Text(text)) for text in found]

    def mention(self, mention: Mention, more: Fields | None = None) -> bool:
        """Does the mention fulfil the expression? `more`: fields that a mention does not have, such as handles and hashtags."""
        return self._fulfils(Text(mention.text, {**fields_of(mention), **(more or {})}))

    def only(self, found: Iterable[T]) -> Iterator[T]:
        """What a source yields, without the mentions that the query does not mean; a deletion has no text and stays."""
        for item in found:
            if not isinstance(item, Mention) or item.deleted_at is not None or self.mention(item):
                yield item

    def _fulfils(self, text: Text) -> bool:
        is_listed = text.fields.get("hashtags") or text.fields.get("handles")  # then they need not be in the text
        if self._needles and not is_listed and not self._needles.search(text.plain):
            return False
        return self._test(text)


def _test(expression: Expression) -> Test:
    """The expression as one function of a text."""
    match expression:
        case And(items):
            tests = [_test(item) for item in items]
            return lambda text: all(test(text) for test in tests)
        case Or(items):
            tests = [_test(item) for item in items]
            return lambda text: any(test(text) for test in tests)
        case Not(item):
            test = _test(item)
            return lambda text: not test(text)
        case Near(left, right, distance):
            return lambda text: _near(spans(left, text), spans(right, text), distance)
        case Term():
            return _term(expression)
        case Hashtag(name):
            if not name.endswith("*"):
                return lambda text: name in text.hashtags
            return lambda text: any(tag.startswith(name[:-1]) for tag in text.hashtags)
        case Handle(name):
            return lambda text: name in text.handles
        case Field():
            return _field(expression)


def _field(field: Field) -> Test:
    name, value = field.name, field.value
    if name == "lang":
        wanted = _OLD_CODES.get(value, value)
        return lambda text: any(_is_language(spoken, wanted) for spoken in text.values("lang"))
    if name == "link":
        host = value.removeprefix("www.")
        return lambda text: any(found == host or found.endswith(f".{host}") for found in text.hosts)
    if name == "to":
        return lambda text: value in text.values("to") or texts.first_handle(text.plain) == value
    if name == "has" and value == "link":
        return lambda text: "link" in text.values("has") or bool(text.hosts)
    return lambda text: value in text.values(name)


def _is_language(spoken: str, wanted: str) -> bool:
    primary, _, rest = spoken.replace("_", "-").partition("-")
    full = "-".join(filter(None, (_OLD_CODES.get(primary, primary), rest)))
    return full == wanted or full.startswith(f"{wanted}-")


def _term(term: Term) -> Test:
    wanted = term.words
    plain = [word for word in wanted if "*" not in word]
    if len(wanted) == 1 and plain:
        word = wanted[0]
        return lambda text: word in text.bag
    needed = frozenset(plain)
    return lambda text: needed <= text.bag and bool(spans(term, text))


@lru_cache(maxsize=4096)
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, word.split("*"))))


def spans(term: Term | Or, text: Text) -> _Spans:
    """Where a term, or any of its alternatives, stands in a text: (first word, word behind the last), sorted."""
    if isinstance(term, Or):
        return sorted({span for item in term.items if isinstance(item, Term) for span in spans(item, text)})
    words, wanted = text.words, term.words
    found = [i for i, word in enumerate(words) if _is_word(word, wanted[0])]
    return [
        (i, i + len(wanted)) for i in found
        if i + len(wanted) <= len(words) and all(_is_word(words[i + k], wanted[k]) for k in range(1, len(wanted)))
    ]


def _is_word(word: str, wanted: str) -> bool:
    return word == wanted or ("*" in wanted and _pattern(wanted).fullmatch(word) is not None)


def _near(left: _Spans, right: _Spans, distance: int) -> bool:
    """Is there one of each, not overlapping, with at most `distance` words between?"""
    if not left or not right:
        return False
    reach = max(end - start for start, end in right) + distance
    starts = [start for start, _ in right]
    for start, end in left:
        for at in range(bisect_left(starts, start - reach), len(right)):
            if starts[at] > end + distance:
                break
            first, last = right[at]
            if 0 <= first - end <= distance or 0 <= start - last <= distance:
                return True
    return False


def _needles(expression: Expression) -> frozenset[str] | None:
    """Pieces of folded text of which every matching text holds at least one; None where nothing can be said."""
    match expression:
        case And(items):
            known = [found for item in items if (found := _needles(item)) is not None]
            return min(known, key=lambda found: (len(found), -min(map(len, found), default=0))) if known else None
        case Or(items):
            parts = [_needles(item) for item in items]
            return None if None in parts or not parts else frozenset().union(*(part for part in parts if part is not None))
        case Near(left, right, _):
            return _needles(And((left, right)))
        case Term():
            pieces = [piece for word in expression.words for piece in word.split("*")]
            return frozenset({max(pieces, key=len)})
        case Hashtag(name) | Handle(name):
            return frozenset({name.rstrip("*")})
        case _:
            return None
