"""What a platform is asked, as a tree of its own operators; and how that is written for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.query.dialects import Dialect


@dataclass(frozen=True, slots=True)
class Asked:
    """One operator of the platform with its value."""

    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Without:
    """What the platform is asked to leave out."""

    item: Asked


@dataclass(frozen=True, slots=True)
class Both:
    """All of them; none at all is everything."""

    items: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Any of them; none at all is nothing."""

    items: tuple[Ask, ...]


Ask = Asked | Without | Both | Either
ALL, NONE = Both(()), Either(())


def both(*items: Ask) -> Ask:
    """AND, flat, each once; a AND (a OR b) is a."""
    flat = tuple(dict.fromkeys(part for item in items for part in (item.items if isinstance(item, Both) else (item,))))
    if NONE in flat:
        return NONE
    kept = tuple(item for item in flat if not (isinstance(item, Either) and not set(flat).isdisjoint(item.items)))
    return kept[0] if len(kept) == 1 else Both(kept)


def either(*items: Ask) -> Ask:
    """OR, flat, each once; a OR (a AND b) is a."""
    flat = tuple(dict.fromkeys(part for item in items for part in (item.items if isinstance(item, Either) else (item,))))
    if ALL in flat:
        return ALL
    kept = tuple(item for item in flat if not (isinstance(item, Both) and not set(flat).isdisjoint(item.items)))
    return kept[0] if len(kept) == 1 else Either(kept)


def without(item: Ask) -> Ask:
    """NOT, moved down to the operators, because platforms exclude single operators only."""
    match item:
        case Both(items):
            return either(*map(without, items))
        case Either(items):
            return both(*map(without, items))
        case Without(inner):
            return inner
        case Asked():
            return Without(item)


def operators(ask: Ask) -> Iterator[Asked]:
    """All operators in it, from left to right."""
    match ask:
        case Both(items) | Either(items):
            for item in items:
                yield from operators(item)
        case Without(item):
            yield item
        case Asked():
            yield ask


def is_anchored(ask: Ask, dialect: Dialect) -> bool:
    """Does every way to fulfil it hold an operator that the platform accepts alone?"""
    match ask:
        case Both(items):
            return any(is_anchored(item, dialect) for item in items)
        case Either(items):
            return bool(items) and all(is_anchored(item, dialect) for item in items)
        case Without():
            return False
        case Asked(operator, _):
            return operator in dialect.alone


def tamed(ask: Ask) -> Ask:
    """The same or more, without exclusions as alternatives (`a OR -b`), which no platform takes."""
    match ask:
        case Both(items):
            return both(*map(tamed, items))
        case Either(items):
            return ALL if any(isinstance(item, Without) for item in items) else either(*map(tamed, items))
        case _:
            return ask


def is_expressible(ask: Ask, dialect: Dialect) -> bool:
    """Can the dialect write its conditions and alternatives?"""
    match ask:
        case Both(items):
            return not dialect.single and all(is_expressible(item, dialect) for item in items)
        case Either(items):
            if dialect.joins == "words":
                return all(isinstance(item, Asked) for item in items)
            return dialect.joins == "any" and all(is_expressible(item, dialect) for item in items)
        case _:
            return True


def written(ask: Ask, dialect: Dialect, *, outermost: bool = True) -> str:
    """The query as the platform reads it."""
    match ask:
        case Both(items):
            text = dialect.conjunction.join(written(item, dialect, outermost=False) for item in items)
            return text if outermost else f"({text})"
        case Either(items):
            text = dialect.alternative.join(written(item, dialect, outermost=False) for item in items)
            return text if outermost or dialect.joins == "words" else f"({text})"
        case Without(item):
            return f"{dialect.negation}{written(item, dialect)}"
        case Asked(operator, value):
            return dialect.operators[operator].format(value)
