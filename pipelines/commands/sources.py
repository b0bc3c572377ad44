"""All kinds of sources: what each collects and what it cannot, the keys it needs, what it costs, limits and duties."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from textwrap import indent, wrap

from pipelines import registry
from pipelines.sources.base import Card

# Channels for which no interface gives what people say about a brand, and the other ways to hear of it.
ELSEWHERE = {
    "snapchat": Card(
        channel="snapchat", collects="what people report in the intake form (`webhook`, signature form), with its 24-hour clock",
        cannot="mentions of a brand: the Public Profile API gives the statistics of one's own profile only",
        deletion="the report runs out with the snap; `earshot forget --mention` takes it away earlier",
    ),
    "tiktok_mentions": Card(
        channel="tiktok", collects="comments on own videos (`tiktok`); others as an import or a report in the intake form",
        cannot="public videos about a brand: the Research API is for researchers, and we do not scrape",
        deletion="as for `tiktok`",
    ),
}
COLUMNS = ("Source", "Channel", "Collected", "Not collected, and why", "Keys", "Cost", "Limits", "Deletion there")


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
    yield from ELSEWHERE.items()


def table() -> str:
    """The cards as a Markdown table."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    lines += [f"| {' | '.join((f'`{title}`', *_cells(card)))} |" for title, card in cards()]
    return "\n".join(lines) + "\n"


def _cells(card: Card) -> tuple[str, ...]:
    found = (card.channel, card.collects, card.cannot, card.keys, card.cost, card.limits, card.deletion)
    return tuple(value.replace("|", "/") or "-" for value in found)
