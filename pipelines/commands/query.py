"""Explain a query: what it means, what each platform is asked and what is filtered here. Or warn of what is doubtful in it.

QUERY is text in the query language (docs/queries.md) or the key of a brand; without it all brands of earshot.toml are meant.
"""

from __future__ import annotations

import argparse

from pipelines.commands import config
from pipelines.errors import ConfigError, InputError
from pipelines.query.brands import of_brand
from pipelines.query.compiling import Part, Plan, plan
from pipelines.query.dialects import DIALECTS, Dialect, dialect_of
from pipelines.query.language import Expression, parse
from pipelines.query.linting import Warn, lint
from pipelines.settings import Settings

_SHOWN = 20  # queries of a platform that are printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    chosen = parser.add_subparsers(dest="verb", metavar="ACTION", required=True)
    verbs = {"explain": "what each platform is asked, and what is filtered here", "lint": "warn of what is doubtful"}
    for verb, text in verbs.items():
        sub = chosen.add_parser(verb, help=text, description=text)
        config.add_arguments(sub)
        sub.add_argument("query", nargs="?", metavar="QUERY", help="a query, or the key of a brand (default: every brand)")
        sub.add_argument("--source", metavar="NAME", help="a source of earshot.toml")
        sub.add_argument("--platform", metavar="KIND", choices=sorted(DIALECTS), help=f"one of {', '.join(sorted(DIALECTS))}")


def run(args: argparse.Namespace) -> int:
    """Explain or lint. Exit code 1 where a query can match nothing, or a platform cannot be asked for it."""
    settings = config.settings(args, optional=True)
    failed = False
    dialects = _dialects(settings, args)
    for name, expression in _wanted(settings, args.query):
        print(f"{name}: {expression}")
        if args.verb == "lint":
            failed |= _lint(expression, dialects)
            continue
        for dialect in dialects or [dialect_of("local")]:
            failed |= _explain(expression, dialect)
    return int(failed)


def _wanted(settings: Settings, query: str | None) -> list[tuple[str, Expression]]:
    brands = {brand.key: brand for brand in settings.query.brands}
    if query is None and not brands:
        raise InputError("there is no query: give one, or configure a brand in earshot.toml.")
    if query is None:
        return [(key, of_brand(brand)) for key, brand in brands.items()]
    return [(query, of_brand(brands[query]))] if query in brands else [("query", parse(query))]


def _dialects(settings: Settings, args: argparse.Namespace) -> list[Dialect]:
    """Those asked for; otherwise those of the configured sources."""
    if args.source is not None:
        if args.source not in settings.sources:
            there = ", ".join(settings.sources) or "none"
            raise ConfigError(f"{settings.path}: there is no [sources.{args.source}]; there are: {there}.")
        return [dialect_of(str(settings.sources[args.source].get("kind")))]
    if args.platform is not None:
        return [DIALECTS[args.platform]]
    kinds = dict.fromkeys(dialect_of(str(stanza.get("kind"))).name for stanza in settings.sources.values())
    return [DIALECTS[kind] for kind in kinds]


def _explain(expression: Expression, dialect: Dialect) -> bool:
    print(f"\n{dialect.title} ({dialect.searched}):")
    try:
        found = plan(dialect, expression)
    except ConfigError as error:
        print(f"  ✗ {error}")
        return True
    print("\n".join(f"  {line}" for line in lines(found)))
    return False


def lines(found: Plan) -> list[str]:
    """A plan in words: the queries, then where each condition is decided, then what the platform may leave out."""
    if not found.dialect.searches:
        return ["asked: nothing, all of it is collected", "filtered here: the whole query"]
    if not found.queries:
        return ["asked: nothing, because none of its mentions can be meant"]
    count = len(found.queries)
    out = [f"asked: {count} quer{'y' if count == 1 else 'ies'}, each of at most {found.dialect.limit:,} characters"]
    out += [f"  {number}. {query.text}  ({len(query.text)})" for number, query in enumerate(found.queries[:_SHOWN], 1)]
    if count > _SHOWN:
        out.append(f"  ... and {count - _SHOWN} more")
    out += [f"at the platform: {_where(part)}" for part in found.parts if part.at_platform and not part.here]
    out += [f"at the platform and again here: {_where(part)}" for part in found.parts if part.at_platform and part.here]
    out += [f"here: {_where(part)}" for part in found.parts if not part.at_platform]
    exact = not any(query.residual for query in found.queries)
    out.append(f"filtered here: {'no, the platform finds exactly what is meant' if exact else 'yes'}")
    return out + [f"may be missed: {gap}" for gap in found.gaps]


def _where(part: Part) -> str:
    return f"{part.text} ({part.why})" if part.why else part.text


def _lint(expression: Expression, dialects: list[Dialect]) -> bool:
    """Print the warnings, those about one platform with its name; true where the query can match nothing at all."""
    shown = warnings(expression, dialects)
    for warn in shown:
        print(f"  {'✗' if warn.kind == 'never' else '!'} {warn.sentence}")
    if not shown:
        print("  ✓ nothing is doubtful")
    return any(warn.sentence.startswith("it can match nothing") for warn in shown)


def warnings(expression: Expression, dialects: list[Dialect]) -> list[Warn]:
    """What is doubtful about a query, and then what is so at single platforms, which these sentences begin with."""
    general = lint(expression)
    known = {warn.sentence for warn in general}
    special = [(dialect.title, warn) for dialect in dialects for warn in lint(expression, dialect) if warn.sentence not in known]
    return general + [Warn(warn.kind, f"{title}: {warn.sentence}") for title, warn in special]
