"""What each source with a price has cost this month, and what the month will cost."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from pipelines import spending
from pipelines.commands import config
from pipelines.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    config.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """One line a source."""
    lines = report(config.settings(args), now=datetime.now(UTC))
    for line in lines or ["No source has a price: nothing here costs money."]:
        print(line)
    return 0


def report(settings: Settings, *, now: datetime) -> list[str]:
    """Spent, forecast and cap of every source that has a price."""
    lines = []
    ledger = spending.Ledger(settings.storage / "pace" / "spent.sqlite")
    for name in settings.sources:
        source = settings.plugin("sources", name)
        if source.price:
            found = spending.forecast(ledger.days(name, now), source.budget, now=now)
            cap = f"capped at {source.budget:,.2f}" if source.budget else "no cap: set budget in its stanza"
            lines.append(
                f"[sources.{name}] {now:%B %Y}: {found.spent:,.2f} spent; the month will cost {found.low:,.2f} to"
                f" {found.high:,.2f} (90% range), {cap}; {source.price:g} a mention."
            )
    return lines
