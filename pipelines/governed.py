"""Collecting within a budget: count first, set the money aside, read whole or a sample, settle. See `spending`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from pipelines.errors import ConfigError
from pipelines.records import Found, Gap, Mention, Query, Window
from pipelines.sources.base import Source
from pipelines.spending import Ledger, Share, share, slices, windows_left

_LEFTOVER = timedelta(days=1)  # gaps are filled from a day's even share of what the month has left


def collect(source: Source, query: Query, window: Window, *, now: datetime) -> Iterator[Found]:
    """What the budget allows of a window; what it does not allow is a gap with the platform's own count.

    Raises:
        ConfigError: the source can give no past windows or has no price, so that a budget means nothing.
        SourceError: as for `Source.collect`.
    """
    ledger = _ledger(source, query)
    count = source.count(query, window)
    if count is None:
        raise ConfigError(f"[sources.{source.name}] budget: this platform does not tell how much there is; set requests instead.")
    price = source.price_of(query)
    ledger.add(source.name, now, mentions=0, cost=price)  # the count is billed as one
    left = source.budget - ledger.spent(source.name, now)
    plan = share(count, price, left, windows_left(window))
    if plan.weight == 0:
        reason = f"the month's budget of {source.budget:g} is used up"
        yield Gap(source=source.name, start=window.start, end=window.end, reason=reason, missing=count)
        return
    yield from _settled(_read(source, query, window, plan), ledger, source, query, plan, now)


def fill(source: Source, query: Query, gap: Gap, *, now: datetime) -> Iterator[Found]:
    """A gap, where the money is there; otherwise the same gap again."""
    ledger, span, price = _ledger(source, query), Window(gap.start, gap.end), source.price_of(query)
    left = source.budget - ledger.spent(source.name, now)
    allowed = left / max(1.0, windows_left(Window(now, now + _LEFTOVER)))
    if gap.missing is not None and gap.missing * price > allowed:
        yield gap
        return
    count = source.count(query, span) or 0
    ledger.add(source.name, now, mentions=0, cost=price)
    if count * price > allowed:
        yield replace(gap, missing=count)
        return
    found = source.fill(query, gap) if gap.query else source.collect(query, span)  # without a query: a whole window
    yield from _settled(found, ledger, source, query, Share(1, count), now)


def _ledger(source: Source, query: Query) -> Ledger:
    if query.state is None or source.incremental or source.price_of(query) <= 0:
        raise ConfigError(f"[sources.{source.name}] budget: it has no price for a window; set requests instead.")
    return Ledger(query.state / "spent.sqlite")


def _read(source: Source, query: Query, window: Window, plan: Share) -> Iterator[Found]:
    if plan.is_whole:
        yield from source.collect(query, window)
        return
    for part in slices(window, plan.weight, source.name):
        for item in source.collect(query, part):
            yield replace(item, weight=float(plan.weight)) if isinstance(item, Mention) else item


def _settled(
    found: Iterator[Found], ledger: Ledger, source: Source, query: Query, plan: Share, now: datetime
) -> Iterator[Found]:
    """Set aside what reading costs, by the platform's count; afterwards book what it did cost, also for what was not kept."""
    aside, price, before = plan.expected / max(plan.weight, 1), source.price_of(query), source.unkept
    ledger.add(source.name, now, mentions=0, cost=aside * price)
    read = 0
    for item in found:
        read += isinstance(item, Mention)
        yield item
    read += source.unkept - before
    ledger.add(source.name, now, mentions=read, cost=(read - aside) * price)
