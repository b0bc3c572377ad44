"""All kinds of sources: what each collects and what it cannot, the keys it needs, what it costs, limits and duties."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from textwrap import indent, wrap

from pipelines import registry
from pipelines.sources import CARDS
from pipelines.sources.base import Card

COLUMNS = ("Source", "Channel", "Collected", "Not collected, and why", "Keys", "Cost", "Limits", "When something is deleted there")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", nargs="?", help="one kind only")
    parser.add_argument("--markdown", action="store_true", help="as the table that is in the README")


def run(args: argparse.Namespace) -> int:
    """Print them."""
    if args.markdown:
        print(table(), end="")
        return 0
    for title, card in cards():
        if args.kind in (None, title):
            print(title)
            for name, value in zip(COLUMNS[1:], _cells(card), strict=True):
                print(indent("\n".join(wrap(f"{name}: {value}", 100, subsequent_indent="    ")), "  "))
    return 0


def cards() -> Iterator[tuple[str, Card]]:
    """Kind and card of every source, then channels for which there is none, with the other ways to hear of them."""
    for kind in registry.kinds("sources"):
        card = registry.load("sources", kind).card
        if card is not None:
            yield kind, card
    yield from CARDS.items()


def table() -> str:
    """The cards as a Markdown table."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    lines += [f"| {' | '.join((f'`{title}`', *_cells(card)))} |" for title, card in cards()]
    return "\n".join(lines) + "\n"


def _cells(card: Card) -> tuple[str, ...]:
    found = (card.channel, card.collects, card.cannot, card.keys, card.cost, card.limits, card.deletion)
    return tuple(value.replace("|", "/") or "-" for value in found)
