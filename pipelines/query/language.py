"""The query language: what it consists of, reading it and writing it.

    jetblue AND (delay* OR "lost bag") NOT lang:es
    united NEAR/3 (flight OR gate) AND NOT kind:repost

AND binds tighter than OR, a space means AND, NOT or - excludes, operators are upper case. `str(expression)` is the query
again: `parse(str(e)) == e`. Parsed with Lark (LALR), whose errors carry the place and the tokens that could have stood there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from pipelines.query import texts
from pipelines.records import Kind

HAS = ("media", "image", "video", "audio", "link")
FIELDS = {
    "author": "an account, such as author:jetblue",
    "to": "the account that is answered, such as to:jetblue",
    "lang": "a language code, such as lang:en",
    "channel": "a channel, such as channel:reddit",
    "kind": f"one of {', '.join(get_args(Kind))}",
    "link": "a domain, such as link:example.com",
    "has": f"one of {', '.join(HAS)}",
}
ALIASES = {"from": "author", "language": "lang", "url": "link", "domain": "link", "site": "link"}
SINGLE = ("lang", "channel", "kind")  # a mention has at most one of each
_VALUES = {
    "lang": re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*"),
    "channel": re.compile(r"[a-z0-9_]+"),
    "kind": re.compile("|".join(get_args(Kind))),
    "link": re.compile(r"([\w-]+\.)+\w{2,}"),
    "has": re.compile("|".join(HAS)),
}
_BARE = re.compile(r"[^\s()\"#@:-][^\s()\":]*")
_NAME = re.compile(r"\w+(?:[.-]\w+)*(?:@\w+(?:[.-]\w+)*)?")


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or words in this order. In lower case; * in a word stands for any letters and digits."""

    text: str

    @property
    def words(self) -> tuple[str, ...]:
        """Its words, without accents."""
        return texts.pattern_words(self.text)

    def __str__(self) -> str:
        return self.text if _BARE.fullmatch(self.text) else f'"{self.text}"'


@dataclass(frozen=True, slots=True)
class Hashtag:
    """#name; with * at its end every hashtag that begins so."""

    name: str

    def __str__(self) -> str:
        return f"#{self.name}"


@dataclass(frozen=True, slots=True)
class Handle:
    """An account that the text names."""

    name: str

    def __str__(self) -> str:
        return f"@{self.name}"


@dataclass(frozen=True, slots=True)
class Field:
    """What is known of the mention beside its text."""

    name: str
    value: str

    def __str__(self) -> str:
        return f'{self.name}:"{self.value}"' if re.search(r'[\s()]', self.value) else f"{self.name}:{self.value}"


@dataclass(frozen=True, slots=True)
class Near:
    """Two terms, or groups of alternatives, in any order with at most `distance` words between them."""

    left: Term | Or
    right: Term | Or
    distance: int

    def __str__(self) -> str:
        return f"{_inner(self.left)} NEAR/{self.distance} {_inner(self.right)}"


@dataclass(frozen=True, slots=True)
class Not:
    """What must not be."""

    item: Expression

    def __str__(self) -> str:
        return f"NOT {_inner(self.item)}"


@dataclass(frozen=True, slots=True)
class And:
    """All of them; none at all is what every mention fulfils."""

    items: tuple[Expression, ...]

    def __str__(self) -> str:
        return " AND ".join(_inner(item) for item in self.items) or "(everything)"


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them; none at all is what no mention fulfils."""

    items: tuple[Expression, ...]

    def __str__(self) -> str:
        return " OR ".join(_inner(item) for item in self.items) or "(nothing)"


Leaf = Term | Hashtag | Handle | Field
Expression = Leaf | Near | Not | And | Or
EVERYTHING, NOTHING = And(()), Or(())


def _inner(item: Expression) -> str:
    return f"({item})" if isinstance(item, And | Or | Near) else str(item)


def all_of(*items: Expression) -> Expression:
    """AND of the items, flat, each once; one alone is itself.

    >>> str(all_of(Term("a"), all_of(Term("b"), Term("a"))))
    'a AND b'
    """
    flat = [part for item in items for part in (item.items if isinstance(item, And) else (item,))]
    if NOTHING in flat:
        return NOTHING
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else And(unique)


def any_of(*items: Expression) -> Expression:
    """OR of the items, flat, each once; one alone is itself."""
    flat = [part for item in items for part in (item.items if isinstance(item, Or) else (item,))]
    if EVERYTHING in flat:
        return EVERYTHING
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else Or(unique)


def term(text: str) -> Term:
    """The term that a name or phrase is.

    Raises:
        ValueError: there is no letter, digit or emoji in it, or a * stands alone.
    """
    found = Term(texts.trimmed(texts.lowered(text.replace('"', " "))))
    if not found.words:
        raise ValueError(f"{text!r} has no letter, digit or emoji to look for")
    if any(not word.strip("*") for word in found.words):
        raise ValueError("a * that stands alone would match everything; write it in or at the end of a word")
    return found


def hashtag(name: str) -> Hashtag:
    """The hashtag of that name, with or without #.

    Raises:
        ValueError: it cannot be one.
    """
    plain = texts.folded(name.lstrip("#\uff03"))
    if texts.hashtags(f"#{plain.removesuffix('*')}") != {plain.removesuffix("*")}:
        raise ValueError(f"{name!r} cannot be a hashtag: it has letters, digits and _, and * at most at its end")
    return Hashtag(plain)


def handle(name: str) -> Handle:
    """The account of that name, with or without @.

    Raises:
        ValueError: it cannot be one.
    """
    plain = texts.folded(name.lstrip("@"))
    if not _NAME.fullmatch(plain):
        raise ValueError(f"{name!r} cannot be an account: it has letters, digits, _, and . or - between them")
    return Handle(plain)


def field(name: str, value: str) -> Field:
    """The field of that name or alias.

    Raises:
        ValueError: there is no such field, or it cannot have this value.
    """
    known = ALIASES.get(name.lower(), name.lower())
    if known not in FIELDS:
        hint = "ask for a link as link:example.com" if value.startswith("//") else "put a text with : in quotation marks"
        raise ValueError(f"there is no field {name!r}; there are: {', '.join(FIELDS)} ({hint})")
    plain = texts.folded(" ".join(value.split())).lstrip("@" if known in ("author", "to") else "")
    if not plain or ("*" in plain) or (known in _VALUES and not _VALUES[known].fullmatch(plain)):
        raise ValueError(f"{known}: cannot be {value!r}; it takes {FIELDS[known]}")
    return Field(known, plain)


def leaves(expression: Expression) -> Iterator[Leaf]:
    """The terms, hashtags, handles and fields of an expression, from left to right."""
    if isinstance(expression, And | Or):
        for item in expression.items:
            yield from leaves(item)
    elif isinstance(expression, Not):
        yield from leaves(expression.item)
    elif isinstance(expression, Near):
        yield from leaves(expression.left)
        yield from leaves(expression.right)
    else:
        yield expression


def parse(text: str) -> Expression:
    """The expression that a query is.

    >>> str(parse('JetBlue ("lost bag" OR delay*) -lang:es'))
    'jetblue AND ("lost bag" OR delay*) AND NOT lang:es'

    Raises:
        ConfigError: it cannot be read; one sentence says what is wrong, at which character, and what to write.
    """
    from pipelines.query.syntax import read  # loads the parser only where a query is read

    return read(text)
