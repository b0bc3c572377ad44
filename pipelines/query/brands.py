"""The query of a brand: its own where it is configured, otherwise made of its name, aliases and accounts."""

from __future__ import annotations

from collections.abc import Callable

from pipelines.query.language import NOTHING, Expression, Field, Term, any_of, handle, leaves, parse, term
from pipelines.records import Brand, Query


def expression_of(query: Query) -> Expression:
    """What a source shall collect: the query's own expression, or that of any of its brands.

    Raises:
        ConfigError: a query of a brand cannot be read, or a brand has no name that can be looked for.
    """
    if query.expression:
        return parse(query.expression)
    return any_of(*map(of_brand, query.brands)) if query.brands else NOTHING


def of_brand(brand: Brand) -> Expression:
    """The brand's query, or: its names as phrases, names of several words also written as one, and its accounts.

    `exclude` is no part of it: it takes away single places ("target fixation") and not the mention, which may name the brand
    elsewhere; that is told when brands are matched. A query of one's own may say NOT "target fixation".

    >>> str(of_brand(Brand(key="u", name="US Airways", handles=("USAirways",))))
    '"us airways" OR usairways OR @usairways'
    """
    if brand.query:
        return parse(brand.query)
    names = [found for name in (brand.name, *brand.aliases) if (found := _made(term, name))]
    several = [name.words for name in names if isinstance(name, Term) and len(name.words) > 1 and len(name.text) > 6]
    joined = [term("".join(words)) for words in several]
    return any_of(*names, *joined, *(found for name in brand.handles if (found := _made(handle, name))))


def fields_in(query: Query) -> frozenset[str]:
    """Fields that the query looks at, such as author: a source must give them, or what is filtered here finds too little.

    >>> sorted(fields_in(Query(expression="jetblue NOT from:jetblue lang:en")))
    ['author', 'lang']
    """
    return frozenset(leaf.name for leaf in leaves(expression_of(query)) if isinstance(leaf, Field))


def _made(make: Callable[[str], Expression], text: str) -> Expression | None:
    """The expression, or None where a name has nothing to look for, such as "!!!"."""
    try:
        return make(text.replace("*", " "))
    except ValueError:
        return None
