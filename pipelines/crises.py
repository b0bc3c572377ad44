"""Bundled simulated crises: counts of invented brands over seven weeks, and what really happened to them. All simulated.

Ordinary business is what real counts look like: a daily and a weekly rhythm, restless hours, and bursts of every size with a
heavy tail, several a week, most of them not about anything bad. On top of that each brand has one event:

- *storm*: eight times the volume within an hour, 85% negative, for half a day;
- *recall*: five times within half an hour, 90% negative, fading over two days;
- *influencer*: fifteen times within a quarter of an hour, 75% negative, a third of it reposts, over in hours;
- *slow burn*: rises over two days to four times, 80% negative;
- *surge of negative authors*: five times the usual negative authors at once, for three hours;
- *bot raid*: twenty times, nearly all of it copies by few accounts: no reason to call a person;
- *outage*: a source is silent for twelve hours and comes back: no reason either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.detectors.base import Block

Array = NDArray[np.float64]
DAYS = 49
FIRST = 20_500 * 96  # bucket: a Monday's midnight, UTC
CRISES = ("storm", "recall", "influencer", "slow_burn", "negative_authors")
HARMLESS = ("bot_raid", "outage")
KINDS = (*CRISES, *HARMLESS)


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to one brand; buckets count from the first of the block."""

    brand: str
    kind: str
    onset: int
    end: int

    @property
    def is_crisis(self) -> bool:
        return self.kind in CRISES


def simulate(brands: int = 6, seed: int = 1) -> tuple[Block, tuple[Event, ...]]:
    """Counts and events of `brands` brands of each kind, the same for the same seed."""
    names, events, tables = [], [], []
    for index, kind in enumerate(kind for kind in KINDS for _ in range(brands)):
        draw = np.random.default_rng([seed, index])
        negative, other = ordinary(draw, DAYS)
        onset = int(draw.integers(30 * 96, (DAYS - 4) * 96))
        reposts, copies = np.zeros_like(other), np.zeros_like(other)
        length = _happen(kind, draw, onset, (negative, other, reposts, copies))
        names.append(f"{kind}-{index % brands + 1}")
        events.append(Event(names[-1], kind, onset, onset + length))
        tables.append(_counted(draw, negative, other, reposts, copies))
    counts = {name: np.stack([table[name] for table in tables]) for name in tables[0]}
    return Block(names, FIRST, counts), tuple(events)


def ordinary(draw: np.random.Generator, days: int) -> tuple[Array, Array]:
    """Expected negative and other mentions a bucket of a brand on which nothing bad happens, shape (days * 96,)."""
    size = days * 96
    hours = np.arange(size) / 4
    rate = np.exp(draw.uniform(np.log(2.0), np.log(40.0)))
    daily = 1 + draw.uniform(0.3, 0.8) * np.sin((hours - 9) / 24 * 2 * np.pi)
    weekend = np.where(hours // 24 % 7 >= 5, draw.uniform(0.6, 1.0), 1.0)
    mood, steps = np.zeros(size // 4), draw.normal(0.0, draw.uniform(0.1, 0.3), size // 4)
    for hour in range(1, len(mood)):
        mood[hour] = 0.8 * mood[hour - 1] + steps[hour]
    level = rate * daily * weekend * np.repeat(np.exp(mood - mood.var() / 2), 4)
    share = float(np.clip(draw.beta(8, 18), 0.1, 0.6))
    negative, other = level * share, level * (1 - share)
    for _ in range(draw.poisson(draw.uniform(0.3, 1.0) * days)):
        at, length = int(draw.integers(0, size)), draw.uniform(4, 24)
        shape = rate * (draw.pareto(1.8) + 0.5) * draw.uniform(1, 3) * np.exp(-np.arange(min(100, size - at)) / length)
        bad = draw.beta(2, 3)
        negative[at:at + len(shape)] += shape * bad
        other[at:at + len(shape)] += shape * (1 - bad)
    return negative, other


def _happen(kind: str, draw: np.random.Generator, onset: int, layers: tuple[Array, Array, Array, Array]) -> int:
    """Add an event to the expected mentions; gives its length in buckets."""
    negative, other, reposts, copies = layers
    usual = float((negative + other)[onset - 7 * 96:onset].mean())
    after = np.arange(4 * 96)
    rise, length, times, bad = {
        "storm": (4, 48, 8.0, 0.85), "recall": (2, 192, 5.0, 0.9), "influencer": (1, 24, 15.0, 0.75),
        "slow_burn": (192, 288, 4.0, 0.8), "negative_authors": (1, 12, 0.0, 1.0), "bot_raid": (1, 12, 20.0, 0.6),
    }.get(kind, (1, 48, 0.0, 0.0))
    shape = np.minimum((after + 1) / rise, 1.0) * np.where(after < length, np.exp(-np.maximum(after - rise, 0) / length), 0.0)
    part = slice(onset, onset + min(length, len(negative) - onset))
    shape = shape[:part.stop - part.start]
    if kind == "outage":
        negative[part], other[part] = 0.0, 0.0
    elif kind == "negative_authors":
        negative[part] += 4.0 * float(negative[onset - 7 * 96:onset].mean()) * shape
    elif kind == "bot_raid":
        copies[part] += (times - 1) * usual * shape
    else:
        extra = (times - 1) * usual * shape
        originals = 0.67 if kind == "influencer" else 1.0
        negative[part] += extra * bad * originals
        other[part] += extra * (1 - bad) * originals
        reposts[part] += extra * (1 - originals)
    return length


def _counted(draw: np.random.Generator, negative: Array, other: Array, reposts: Array, copies: Array) -> dict[str, Array]:
    bad, good = draw.poisson(negative), draw.poisson(other)
    passed_on, copied = draw.poisson(reposts), draw.poisson(copies)
    mentions = bad + good + passed_on + copied
    by_copies = np.minimum(copied, 5)  # few accounts
    found = {
        "mention_count": mentions, "author_count": bad + good + passed_on + by_copies,
        "negative_count": bad + draw.binomial(passed_on, 0.75) + draw.binomial(copied, 0.6), "scored_count": mentions,
        "repost_count": passed_on + copied, "urgent_count": draw.binomial(bad, 0.1),
    }
    return {name: values.astype(np.float64) for name, values in found.items()}
