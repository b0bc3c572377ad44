"""Collecting within a budget: count first, set the money aside, read whole or a sample, settle. See `spending`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pipelines.errors import ConfigError, SourceError
from pipelines.records import Found, Gap, Mention, Query, Rejected, Window
from pipelines.settings import span
from pipelines.sources.base import Source
from pipelines.spending import Ledger, Share, month_passed, share, slices, windows_left

_DAY = timedelta(days=1)


def collect(source: Source, query: Query, window: Window, *, now: datetime) -> Iterator[Found]:
    """What the budget allows of a window; what it does not allow is a gap, with the platform's own count where there was money
    to ask for it.

    Raises:
        ConfigError: the source can give no past windows or has no price, so that a budget means nothing.
        SourceError: as for `Source.collect`.
    """
    ledger, price = _ledger(source, query), source.price_of(query)
    missed = Gap(
        source=source.name, start=window.start, end=window.end, reason=f"the month's budget of {source.budget:g} is used up",
    )
    if _left(source, ledger, now) <= price:
        yield missed
        return
    count = _count(source, query, window, ledger, now)
    if count is None:
        raise ConfigError(f"[sources.{source.name}] budget: this platform does not tell how much there is; set requests instead.")
    plan = share(count, price, _left(source, ledger, now), windows_left(window, now))
    if plan.weight == 0:
        yield replace(missed, missing=count)
        return
    yield from _settled(_read(source, query, window, plan), ledger, source, query, plan, now)


def fill(source: Source, query: Query, gap: Gap, *, now: datetime) -> Iterator[Found]:
    """A gap, where the money is there and the platform still reaches it; otherwise the same gap again.

    Gaps are filled from what the day has not used of its even share of the month: counting many of them must not use it up.
    """
    ledger, window, price = _ledger(source, query), Window(gap.start, gap.end), source.price_of(query)
    least = price * max(1, gap.missing or 0)  # a count costs about as much as a mention
    if gap.start < now - span(source.backfill) or least > _left_today(source, ledger, now):
        yield gap
        return
    count = _count(source, query, window, ledger, now) or 0
    if count * price > _left_today(source, ledger, now):
        yield replace(gap, missing=count)
        return
    found = source.fill(query, gap) if gap.query else source.collect(query, window)  # without a query: a whole window
    yield from _settled(found, ledger, source, query, Share(1, count), now)


def look_up(source: Source, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
    """Look up as many of the ids as collecting has left money for until now, the first ones; the others stay due.

    What is ahead of the month's even pace is for collecting alone: however much is due, no later window goes short for it.
    Each is booked in full, also one that the platform does not charge for again on the same day.
    """
    ledger, price = _ledger(source, query), source.price_again
    paid, told = native_ids[: max(0, int(_unused(source, ledger, now) / price))], 0
    if not paid:
        return
    ledger.add(source.name, now, mentions=0, cost=len(paid) * price)
    try:
        for item in source.look_up(query, paid, now=now):
            told += 1
            yield item
    except SourceError:
        ledger.add(source.name, now, mentions=0, cost=-max(0, len(paid) - told) * price)  # no answer, no charge
        raise


def _left(source: Source, ledger: Ledger, now: datetime) -> float:
    """Of the month's budget."""
    return source.budget - ledger.spent(source.name, now)


def _left_today(source: Source, ledger: Ledger, now: datetime) -> float:
    """Of the day's even share of what the month had left when the day began."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = ledger.days(source.name, now).get(f"{now:%Y-%m-%d}", 0.0)
    return (_left(source, ledger, now) + today) / windows_left(Window(midnight, midnight + _DAY), midnight) - today


def _unused(source: Source, ledger: Ledger, now: datetime) -> float:
    """Of the budget's even share for the part of the month that has passed; negative where more has been spent."""
    return source.budget * month_passed(now) - ledger.spent(source.name, now)


def _count(source: Source, query: Query, window: Window, ledger: Ledger, now: datetime) -> int | None:
    """The platform's count, with what asking for it did cost booked, also where it failed half-way."""
    before = source.counted
    try:
        return source.count(query, window)
    finally:
        ledger.add(source.name, now, mentions=0, cost=source.counted - before)


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
