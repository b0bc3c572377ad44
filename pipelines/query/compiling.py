"""Compiles an expression into what a platform is asked, and says what is left to filter here.

Every mention that the expression means is found by at least one of the compiled queries, as far as the platform does what
its documentation says (`Plan.gaps` names where it may not). Where they find more, `residual` is true and the answers are
filtered with `matching.Matcher`. A bound from above is taken together with one from below for what is negated:
upper(NOT e) = NOT lower(e), so that an exclusion is only pushed where the platform excludes no more than we mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.errors import ConfigError
from pipelines.query import texts
from pipelines.query.asking import ALL, NONE, Ask, Asked, both, either, is_anchored, operators, tamed, without, written
from pipelines.query.brands import expression_of
from pipelines.query.dialects import Dialect
from pipelines.query.language import NOTHING, And, Expression, Field, Handle, Hashtag, Leaf, Near, Not, Or, Term, any_of, leaves
from pipelines.query.splitting import Splitter
from pipelines.records import Query

_RESERVED = frozenset(("and", "or", "not", "near"))


@dataclass(frozen=True, slots=True)
class Compiled:
    """One query for the platform; empty text means: collect everything."""

    text: str
    residual: bool  # True: what it finds must be filtered with `matching.Matcher`


@dataclass(frozen=True, slots=True)
class Part:
    """Where one condition of the expression is decided."""

    text: str
    at_platform: bool
    here: bool
    why: str  # empty, or why it is decided here


@dataclass(frozen=True, slots=True)
class Plan:
    """How an expression is run at a platform."""

    dialect: Dialect
    expression: Expression
    queries: tuple[Compiled, ...]
    parts: tuple[Part, ...]
    gaps: tuple[str, ...]  # mentions that the expression means and the platform may not give


def compile_for(dialect: Dialect, query: Query | Expression, *, partial: bool = False) -> list[Compiled]:
    """What to ask the platform; no query at all where no mention of it can be meant. Arguments and errors as for `plan`.

    >>> from pipelines.query.dialects import X
    >>> from pipelines.query.language import parse
    >>> compile_for(X, parse('(jetblue OR "jet blue") NEAR/3 late NOT kind:repost'))
    [Compiled(text='(jetblue OR "jet blue") late -is:retweet', residual=True)]
    """
    return list(plan(dialect, query, partial=partial).queries)


def plan(dialect: Dialect, query: Query | Expression, *, partial: bool = False) -> Plan:
    """Compile a query and explain it.

    Args:
        dialect: the platform.
        query: an expression, or what a source is asked to collect.
        partial: leave out alternatives that the platform cannot be asked for, and name them in `gaps`, instead of refusing.

    Raises:
        ConfigError: the platform cannot be asked for it, because nothing in it can be searched for or a phrase is too long.
    """
    expression = expression_of(query) if isinstance(query, Query) else query
    if not dialect.searches:
        parts = tuple(Part(str(leaf), False, True, "") for leaf in dict.fromkeys(leaves(expression)))
        return Plan(dialect, expression, (Compiled("", True),), parts, ())
    translator = _Translator(dialect)
    gaps = _gaps(dialect, expression)
    wanted = expression
    if partial and isinstance(expression, Or):
        unasked = [item for item in expression.items if not is_anchored(tamed(translator.upper(item)), dialect)]
        wanted = any_of(*(item for item in expression.items if item not in unasked))
        gaps += tuple(f"{item} is left out: {dialect.title} cannot be asked for it" for item in unasked)
    upper = translator.upper(wanted)
    ask = tamed(upper)
    if ask == NONE and wanted != NOTHING:
        return Plan(dialect, expression, (), translator.parts(expression, []), gaps)
    if not is_anchored(ask, dialect):
        raise _unaskable(expression, translator)
    splitter = Splitter(dialect)
    asks = list(dict.fromkeys(splitter.split(ask)))
    residual = ask != translator.lower(wanted) or bool(splitter.dropped)
    queries = tuple(Compiled(written(one, dialect), residual) for one in asks)
    return Plan(dialect, expression, queries, translator.parts(expression, asks), gaps)


class _Translator:
    """Our conditions as operators of one platform."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def upper(self, expression: Expression) -> Ask:
        """What the platform can be asked and every match of the expression fulfils."""
        match expression:
            case And(items):
                return both(*map(self.upper, items))
            case Or(items):
                return either(*map(self.upper, items))
            case Not(item):
                return without(self.lower(item))
            case Near(left, right, _):
                return both(self.upper(left), self.upper(right))
            case _:
                return self.asked(expression)

    def lower(self, expression: Expression) -> Ask:
        """What the platform can be asked and nothing but matches of the expression fulfils."""
        match expression:
            case And(items):
                return both(*map(self.lower, items))
            case Or(items):
                return either(*map(self.lower, items))
            case Not(item):
                return without(self.upper(item))
            case Near():
                return NONE
            case _:
                return self.asked(expression) if self.is_exact(expression) else NONE

    def is_exact(self, leaf: Leaf) -> bool:
        """Does the platform find for it exactly what we mean?"""
        exact, ask = self.dialect.exact, self.asked(leaf)
        if isinstance(leaf, Field):
            if leaf.name == "channel":
                return self.dialect.channel is not None
            return {leaf.name, f"{leaf.name}:{leaf.value}"} & exact != set() and isinstance(ask, Asked) and "-" not in leaf.value
        is_plain = isinstance(leaf, Term) and "*" not in leaf.text
        return is_plain and not texts.is_spaceless(str(leaf)) and isinstance(ask, Asked) and ask.operator in exact

    def asked(self, leaf: Leaf) -> Ask:
        """What the platform is asked for it; everything where it knows nothing of the kind."""
        match leaf:
            case Term():
                return self._term(leaf)
            case Hashtag(name):
                if "hashtag" in self.dialect.operators and not name.endswith("*"):
                    return Asked("hashtag", name)
                return self._term(Term(name)) if "word" in self.dialect.operators else ALL
            case Handle(name):
                return self._handle(name)
            case Field():
                return self._field(leaf)

    def _handle(self, name: str) -> Ask:
        if "handle" in self.dialect.operators and re.fullmatch(self.dialect.account, name):
            return Asked("handle", name)
        local, _, server = name.partition("@")
        spelled = [Asked("phrase", name)] if server and "phrase" in self.dialect.operators else []
        return either(self._term(Term(local)), *spelled)

    def _field(self, field: Field) -> Ask:
        known, name, value = self.dialect.operators, field.name, field.value
        if name == "channel" and self.dialect.channel is not None:
            return ALL if value == self.dialect.channel else NONE
        if name == "lang":
            code = self.dialect.languages.get(value.partition("-")[0])
            return Asked("lang", code) if code else ALL
        if name in ("has", "kind"):
            return Asked(f"{name}:{value}", value) if f"{name}:{value}" in known else ALL
        if name not in known or (name != "link" and not re.fullmatch(self.dialect.account, value)):
            return ALL
        # A text that begins with a handle is addressed to it, whether or not the platform calls it an answer.
        return either(Asked("to", value), Asked("handle", value)) if name == "to" else Asked(name, value)

    def _term(self, term: Term) -> Ask:
        if "word" not in self.dialect.operators:
            return ALL
        written_words = texts.written_words(term.text)
        is_searchable = "*" not in term.text and ("emoji" in self.dialect.operators or not texts.has_emoji(term.text))
        if len(written_words) == 1 or not is_searchable or "phrase" not in self.dialect.operators:
            return both(*map(self._piece, term.text.split()))
        phrase = Asked("phrase", " ".join(written_words))
        return either(phrase, Asked("phrase", term.text)) if self._is_glued(term.text) else phrase

    def _piece(self, piece: str) -> Ask:
        """What stands between two spaces: its words, or the whole where the platform does not part it."""
        parted = both(*map(self._word, texts.written_words(piece)))
        return either(Asked("word", piece), parted) if self._is_glued(piece) and "*" not in piece else parted

    def _is_glued(self, text: str) -> bool:
        return bool(self.dialect.glue) and re.search(rf"\w[{re.escape(self.dialect.glue)}]\w", text) is not None

    def _word(self, word: str) -> Ask:
        known, bare = self.dialect.operators, texts.folded(word)
        if "*" in word:
            stem = word.removesuffix("*")
            return Asked("prefix", stem) if "prefix" in known and "*" not in stem and len(stem) > 2 else ALL
        if texts.has_emoji(word):
            return Asked("emoji", word) if "emoji" in known else ALL
        if bare in _RESERVED:
            return Asked("phrase", word) if "phrase" in known else ALL
        if len(bare) < self.dialect.shortest or (self.dialect.drops_common and bare in texts.DROPPED):
            return ALL
        forms = (word,) if self.dialect.finds_accents else (word, bare)
        return either(*(Asked("word", form) for form in forms))

    def parts(self, expression: Expression, asks: list[Ask]) -> tuple[Part, ...]:
        """Where each condition is decided, in the order in which they are written."""
        asked = {operator for ask in asks for operator in operators(ask)}
        excluded = set(_excluded(expression, False))
        return tuple(self._part(one, asked, excluded) for one in dict.fromkeys(_conditions(expression)))

    def _part(self, condition: Near | Leaf, asked: set[Asked], excluded: set[Leaf]) -> Part:
        title = self.dialect.title
        if isinstance(condition, Near):
            return Part(str(condition), False, True, f"{title} knows no NEAR")
        ask = self.asked(condition)
        if ask in (ALL, NONE) and isinstance(condition, Field) and condition.name == "channel" and self.dialect.channel:
            return Part(str(condition), True, False, f"every mention of {title} is {self.dialect.channel}")
        if ask in (ALL, NONE):
            return Part(str(condition), False, True, f"{title} does not search for it")
        if not any(operator in asked for operator in operators(ask)):
            if condition in excluded and not self.is_exact(condition):
                return Part(str(condition), False, True, f"{title} finds more: excluding it there would take away too much")
            return Part(str(condition), False, True, "its alternatives cannot be asked for, or the query would be too long")
        if self.is_exact(condition):
            return Part(str(condition), True, False, "")
        return Part(str(condition), True, True, f"{title} may find more")


def _conditions(expression: Expression) -> Iterator[Near | Leaf]:
    match expression:
        case And(items) | Or(items):
            for item in items:
                yield from _conditions(item)
        case Not(item):
            yield from _conditions(item)
        case Near():
            yield from leaves(expression)
            yield expression
        case _:
            yield expression


def _excluded(expression: Expression, is_excluded: bool) -> Iterator[Leaf]:
    """Conditions that must not be fulfilled."""
    match expression:
        case And(items) | Or(items):
            for item in items:
                yield from _excluded(item, is_excluded)
        case Not(item):
            yield from _excluded(item, not is_excluded)
        case _ if is_excluded:
            yield from leaves(expression)


def _unaskable(expression: Expression, translator: _Translator) -> ConfigError:
    """Names the first alternative in which there is nothing to search for."""
    dialect = translator.dialect
    alternatives = expression.items if isinstance(expression, Or) else (expression,)
    first = next((a for a in alternatives if not is_anchored(tamed(translator.upper(a)), dialect)), expression)
    takes = ", ".join(kind for kind in ("word", "phrase", "hashtag", "handle", "author") if kind in dialect.operators)
    return ConfigError(
        f"{dialect.title} cannot be asked for `{first}`: join it by AND to what it searches for (one of: {takes})"
        + (f", or keep it from there with NOT channel:{dialect.channel}." if dialect.channel else ".")
    )


def _gaps(dialect: Dialect, expression: Expression) -> tuple[str, ...]:
    """What the platform may leave out though it was asked, in words."""
    found = list(dialect.gaps)
    terms = [leaf for leaf in leaves(expression) if isinstance(leaf, Term)]
    if dialect.glue and terms:
        found.append("words that a dot, an apostrophe or _ joins without a space are one word to it")
    if not dialect.finds_accents and terms:
        found.append("a word asked for without accents may not be found where it is written with them")
    if any(texts.is_spaceless(term.text) for term in terms):
        found.append("it cuts text without spaces between its words (Chinese, Japanese, Thai) by rules of its own")
    return tuple(found)
