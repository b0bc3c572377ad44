"""Warns of queries that match nearly everything, or nothing, or hold parts that change nothing: one sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations, product
from typing import Literal

from pipelines.query import texts
from pipelines.query.dialects import Dialect
from pipelines.query.language import SINGLE, And, Expression, Field, Handle, Hashtag, Leaf, Near, Not, Or, Term, leaves

_MOST = 500  # ways to fulfil a query that are looked at
_FAR = 50  # words of a NEAR, from which on few texts are long enough for it to matter
_NAMING = ("author", "to", "link")  # fields that few mentions have in common
_STEM = 4  # letters before a * below which it stands for too many words
Literal_ = tuple[bool, "Leaf | Near"]  # (must it be there?, condition)
Way = frozenset[Literal_]


@dataclass(frozen=True, slots=True)
class Warn:
    """Something about a query that its writer should know."""

    kind: Literal["never", "broad", "idle"]  # can match nothing, matches too much, changes nothing
    sentence: str


def lint(expression: Expression, dialect: Dialect | None = None) -> list[Warn]:
    """What is doubtful about an expression, the worst first; `dialect` adds what its platform never tells.

    >>> [w.sentence for w in lint(And((Term("late"), Not(Term("late")))))]
    ['it can match nothing: `late` must and must not be there.']
    """
    found = list(_words(expression))
    ways = _ways(expression, True)
    if ways is not None:
        found += _impossible(ways, dialect)
        found += _broad([way for way in ways if _contradiction(way, dialect) is None])
    found += _idle(expression)
    order = ("never", "broad", "idle")
    return sorted(dict.fromkeys(found), key=lambda warn: order.index(warn.kind))


def _ways(expression: Expression, wanted: bool) -> list[Way] | None:
    """The ways to fulfil it (its disjunctive normal form); None where there are too many."""
    match expression:
        case Not(item):
            return _ways(item, not wanted)
        case And(items) | Or(items):
            parts = [_ways(item, wanted) for item in items]
            known = [part for part in parts if part is not None]
            if len(known) < len(parts):
                return None
            if isinstance(expression, And) is not wanted:
                joined = [way for part in known for way in part]
                return joined if len(joined) <= _MOST else None
            size = 1
            for part in known:
                size *= len(part)
            return [frozenset().union(*some) for some in product(*known)] if size <= _MOST else None
        case _:
            return [frozenset({(wanted, expression)})]


def _implies(one: Leaf | Near, other: Leaf | Near) -> bool:
    """Does every mention that fulfils the one fulfil the other?"""
    if one == other:
        return True
    if isinstance(one, Near):
        return any(isinstance(side, Term) and _implies(side, other) for side in (one.left, one.right))
    if isinstance(one, Term) and isinstance(other, Term):
        a, b = one.words, other.words
        return any(a[i : i + len(b)] == b for i in range(len(a) - len(b) + 1))
    if isinstance(one, Hashtag) and isinstance(other, Hashtag):
        return other.name.endswith("*") and one.name.rstrip("*").startswith(other.name[:-1])
    return isinstance(one, Field) and isinstance(other, Field) and one.name == other.name == "lang" and (
        one.value.startswith(f"{other.value}-")
    )


def _contradiction(way: Way, dialect: Dialect | None) -> str | None:
    """Why no mention can fulfil all of it."""
    there = [item for wanted, item in way if wanted]
    for item in there:
        for wanted, barred in way:
            if not wanted and _implies(item, barred):
                same = f"`{item}` must and must not be there"
                return same if item == barred else f"`{item}` holds `{barred}`, which must not be there"
    fields = sorted((item for item in there if isinstance(item, Field)), key=str)
    for a, b in combinations(fields, 2):
        if a.name == b.name and a.name in SINGLE and not _implies(a, b) and not _implies(b, a):
            return f"a mention has one {a.name}, not `{a}` and `{b}`"
    return next(filter(None, (_foreign(field, dialect) for field in fields if dialect)), None)


def _foreign(field: Field, dialect: Dialect | None) -> str | None:
    """Why no mention of the platform has this field."""
    if dialect and {field.name, str(field)} & dialect.untold:
        return f"its mentions never tell `{field}`"
    if dialect and dialect.channel and field.name == "channel" and field.value != dialect.channel:
        return f"its mentions are {dialect.channel}, not `{field}`"
    return None


def _impossible(ways: list[Way], dialect: Dialect | None) -> Iterator[Warn]:
    reasons = [_contradiction(way, dialect) for way in ways]
    known = list(dict.fromkeys(reason for reason in reasons if reason))
    if known and all(reasons):
        yield Warn("never", f"it can match nothing: {known[0]}.")
    else:
        for reason in [reason for reason in known if "its mentions are" not in reason][:3]:
            yield Warn("never", f"part of it can match nothing: {reason}.")


def _broad(ways: list[Way]) -> Iterator[Warn]:
    single = [way for way in ways if len(way) == 1]
    for a, b in combinations(single, 2):
        (wanted_a, item_a), (wanted_b, item_b) = *a, *b
        if item_a == item_b and wanted_a != wanted_b:
            yield Warn("broad", f"it matches everything: `{item_a}` may be there or not.")
            return
    for way in ways[:_MOST]:
        anchors = [item for wanted, item in way if wanted and (not isinstance(item, Field) or item.name in _NAMING)]
        shown = " AND ".join(sorted(f"{'' if wanted else 'NOT '}{item}" for wanted, item in way)) or "everything"
        if not anchors:
            yield Warn("broad", f"`{shown}` requires no word, hashtag, handle, author or link: it matches almost everything.")
        elif all(_is_weak(item) for item in anchors):
            yield Warn("broad", f"`{shown}` {_weakness(anchors[0])}: join it by AND to a word that tells what is meant.")


def _is_weak(item: Leaf | Near) -> bool:
    return isinstance(item, Term) and all(_weak_word(word) for word in item.words)


def _weak_word(word: str) -> bool:
    from models.brands import is_ordinary  # has the list of brand names that are words; read only where a query is judged

    if "*" in word:
        return max(map(len, word.split("*"))) < _STEM
    return word in texts.COMMON or is_ordinary(word) or (len(word) == 1 and word.isascii()) or word.isdigit()


def _weakness(item: Leaf | Near) -> str:
    if isinstance(item, Term) and any("*" in word for word in item.words):
        return f"has fewer than {_STEM} letters beside its * and stands for thousands of words"
    return "is an ordinary word that matches far more than is meant"


def _words(expression: Expression) -> Iterator[Warn]:
    for leaf in leaves(expression):
        if isinstance(leaf, Term) and leaf.text in ("and", "or", "not", "near"):
            yield Warn("idle", f"`{leaf.text}` is a word here; the operator is written {leaf.text.upper()}.")


def _idle(expression: Expression) -> Iterator[Warn]:
    match expression:
        case And(items) | Or(items):
            for item in items:
                yield from _idle(item)
            if isinstance(expression, Or):
                yield from _covered(items)
        case Not(item):
            yield from _idle(item)
        case Near(left, right, distance):
            if distance >= _FAR:
                yield Warn("idle", f"`{expression}` reaches over {distance} words, more than most posts have: AND says the same.")
            if left == right:
                yield Warn("idle", f"`{expression}` is only fulfilled where `{left}` stands twice.")


def _covered(items: tuple[Expression, ...]) -> Iterator[Warn]:
    """Alternatives that find nothing which another does not."""
    for a, b in permutations((item for item in items if isinstance(item, Term | Hashtag | Handle | Field)), 2):
        if _implies(a, b) and not (_implies(b, a) and str(a) < str(b)):
            yield Warn("idle", f"`{a}` adds nothing: `{b}` finds it already.")
