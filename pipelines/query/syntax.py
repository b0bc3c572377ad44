"""Reads a query: grammar, and one sentence for every way in which a query can be wrong."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from pipelines.errors import ConfigError
from pipelines.query import language
from pipelines.query.language import Expression, Near, Not, Or, Term, all_of, any_of

LONGEST, DEEPEST, FARTHEST = 20_000, 60, 100  # characters of a query, open brackets, words of a NEAR
_GRAMMAR = r"""
start: either
?either: both (_OR both)*
?both: excluded (_AND? excluded)*
?excluded: _NOT excluded -> negated
         | _MINUS item -> negated
         | near
?near: item
     | item NEAR item -> near
?item: WORD -> word
     | QUOTED -> quoted
     | FIELDED -> fielded
     | "(" either ")"
_OR.3: /OR(?![^\s()"])/
_AND.3: /AND(?![^\s()"])/
_NOT.3: /NOT(?![^\s()"])/
NEAR.3: /NEAR(\/\d*)?(?![^\s()"])/
_MINUS.3: /-(?=[^\s)-])/
FIELDED.2: /[A-Za-z_]+:"[^"]*"/
QUOTED.2: /"[^"]*"/
WORD: /[^\s()"-][^\s()"]*/
%ignore /\s+/
"""
_CURLY = str.maketrans("“”„‟«»", '""""""')
_NAMES = {"_OR": "OR", "_AND": "AND", "_NOT": "NOT", "_MINUS": "-", "RPAR": ")", "LPAR": "("}


class _Fault(Exception):
    """What is wrong with a part of a query, and where it begins (from 0)."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


class _Builder(Transformer[Token, Expression]):
    """Makes expressions of what the grammar found."""

    def start(self, items: list[Any]) -> Expression:
        return items[0]  # type: ignore[no-any-return]

    def either(self, items: list[Any]) -> Expression:
        return any_of(*items)

    def both(self, items: list[Any]) -> Expression:
        return all_of(*items)

    def negated(self, items: list[Any]) -> Expression:
        return Not(items[0])

    def near(self, items: list[Any]) -> Expression:
        left, token, right = items
        at = token.start_pos or 0
        distance = token.partition("/")[2]
        if not distance:
            raise _Fault("NEAR needs a distance in words, such as NEAR/5", at)
        if int(distance[:9]) > FARTHEST:
            raise _Fault(f"NEAR reaches {FARTHEST} words at most; use AND for anything farther", at)
        for side in (left, right):
            if not isinstance(side, Term) and not (isinstance(side, Or) and all(isinstance(i, Term) for i in side.items)):
                raise _Fault(f"NEAR takes a word, a phrase or such joined by OR in brackets, not {side}", at)
        return Near(left, right, int(distance))

    def word(self, items: list[Any]) -> Expression:
        token = items[0]
        return _made(token, str(token))

    def quoted(self, items: list[Any]) -> Expression:
        token = items[0]
        return _at(token, language.term, token[1:-1])

    def fielded(self, items: list[Any]) -> Expression:
        token = items[0]
        name, _, value = token.partition(":")
        return _at(token, language.field, name, value[1:-1])


def _made(token: Token, text: str) -> Expression:
    """What a word without quotation marks is, told by its first character or a colon."""
    name, colon, value = text.partition(":")
    if text[0] in "#\uff03" and len(text) > 1:
        return _at(token, language.hashtag, text)
    if text[0] == "@" and len(text) > 1:
        return _at(token, language.handle, text)
    if colon and re.fullmatch("[A-Za-z_]+", name):
        return _at(token, language.field, name, value)
    return _at(token, language.term, text)


def _at(token: Token, make: Any, *values: str) -> Expression:
    try:
        return make(*values)  # type: ignore[no-any-return]
    except ValueError as error:
        raise _Fault(str(error), token.start_pos or 0) from None


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="basic", maybe_placeholders=False)


def read(text: str) -> Expression:
    """As `language.parse`."""
    plain = text.translate(_CURLY)
    try:
        _measure(plain)
        return _Builder().transform(_parser().parse(plain))
    except _Fault as fault:
        raise _error(text, str(fault), fault.at) from None
    except VisitError as error:
        if isinstance(error.orig_exc, _Fault):
            raise _error(text, str(error.orig_exc), error.orig_exc.at) from None
        raise
    except UnexpectedInput as error:
        raise _error(text, *_unexpected(error, plain)) from None


def _measure(text: str) -> None:
    if not text.strip():
        raise ConfigError("the query is empty; write at least one word.")
    if len(text) > LONGEST:
        raise _Fault(f"it has {len(text):,} characters; {LONGEST:,} is the most: make several brands of it", LONGEST)
    if text.count('"') % 2:
        raise _Fault("this quotation mark has no second one", text.rindex('"'))
    outside = re.sub(r'"[^"]*"', lambda m: "_" * len(m[0]), text)
    _brackets(outside)
    if re.search(rf"(?:NOT\s+){{{DEEPEST},}}", outside):
        raise _Fault(f"more than {DEEPEST} NOT follow each other", 0)


def _brackets(outside: str) -> None:
    open_brackets: list[int] = []
    for at, character in enumerate(outside):
        if character == "(":
            open_brackets.append(at)
        elif character == ")" and not open_brackets:
            raise _Fault("this ) closes no (", at)
        elif character == ")":
            open_brackets.pop()
        if len(open_brackets) > DEEPEST:
            raise _Fault(f"more than {DEEPEST} brackets are open at once", at)
    if open_brackets:
        raise _Fault("this ( is never closed", open_brackets[-1])


def _unexpected(error: UnexpectedInput, text: str) -> tuple[str, int]:
    at = error.pos_in_stream or 0
    if isinstance(error, UnexpectedCharacters):
        return f"{text[at]!r} stands for nothing here; put it in quotation marks or leave it out", at
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        name = error.token.type
        found = _NAMES.get(name, str(error.token))
        if name == "RPAR":
            return "something is missing before this )", at
        if name == "NEAR" and error.token.start_pos and "_AND" in error.accepts:
            return "NEAR stands between two words or groups; join further ones with AND", at
        if name in ("_OR", "_AND", "NEAR"):
            return f"something is missing before {found} (in lower case or quotation marks it is a word)", at
        return f"{found} cannot stand here", at
    last = re.findall(r"\S+", text)[-1]
    return f"something is missing after {last}", text.rfind(last)


def _error(text: str, message: str, at: int) -> ConfigError:
    shown = text if len(text) <= 60 else f"{text[max(0, at - 30) : at + 30]}"
    cut = ("..." if len(text) > 60 and at > 30 else "", "..." if len(text) > at + 30 and len(text) > 60 else "")
    return ConfigError(f"query `{cut[0]}{shown}{cut[1]}`: character {at + 1}: {message}.")
