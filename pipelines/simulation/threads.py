"""One brand's block of hours as arrays: the conversations that begin in it, and everything that follows from them.

A cell depends on (world, brand, block) alone, so any window can be made without what came before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.simulation import service
from pipelines.simulation.vocabulary import (
    CHANNELS,
    FLAG,
    LANGUAGE_SHARES,
    LANGUAGES,
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    TOPIC_SHARES,
    TOPICS,
)
from pipelines.simulation.world import AIRLINES, HOUR, LOOKBACK_HOURS, STEP, World, script, volume

Ints = NDArray[np.int64]
Array = NDArray[Any]

ROOT, AUTO, AGENT, CHASE, FOLLOW, AGENT2, CLOSE, PEER, COPY, REPOST, EDIT, DELETE, OWN = range(13)
THANKS, DETAILS, ANGRY = range(3)  # what the customer says after the first reply
ORDINAL = {ROOT: 0, AUTO: 1, AGENT: 2, CHASE: 3, FOLLOW: 4, AGENT2: 5, CLOSE: 6, EDIT: 0, DELETE: 0, OWN: 0}
FIRST_PEER, FIRST_COPY, FIRST_REPOST, ORDINALS = 8, 32, 64, 1024
OWN_ROOT = 1 << 21  # own posts are numbered from here

_X, _FACEBOOK, _INSTAGRAM, _SNAPCHAT, _YOUTUBE, _REDDIT, _FORUM, _REVIEW = range(8)
_CAN_BE_URGENT = [
    TOPICS.index(t)
    for t in ("delay", "cancellation", "rebooking", "baggage", "app", "boarding", "phone_hold", "stranded", "accessibility")
]
PLACE_OWN, PLACE_ADDRESSED, PLACE_INDEPENDENT = range(3)


@dataclass(frozen=True, slots=True)
class Roots:
    """Conversations, one row each (times in seconds since the world began)."""

    at: Ints
    seed: NDArray[np.uint64]
    channel: Array
    place: Array  # own, addressed, independent
    story: Array  # expires after 24 h
    language: Array
    sentiment: Array
    topic: Array
    flags: Array
    episode: Array  # index into the script, -1 for ordinary
    author: Array
    follow: Array  # THANKS, DETAILS, ANGRY


@dataclass(frozen=True, slots=True)
class Cell:
    """One brand's block of hours: conversations, and all observations that come of them in order of time."""

    brand: int
    block: int
    roots: Roots
    at: Ints  # observed, seconds since the world began
    kind: Array
    root: Array
    ordinal: Array
    author: Array


@lru_cache(maxsize=256)
def cell(world: World, brand: int, block: int) -> Cell:
    """The cell of one brand's block of `world.block_hours` hours, 0 being the first of the world."""
    rng = np.random.default_rng([world.seed, brand, block])
    roots = _roots(world, brand, block * world.block_hours, rng)
    events = _Events(len(roots.at))
    _care(world, brand, roots, rng, events)
    _crowd(world, roots, rng, events)
    _changes(roots, rng, events)
    _own_posts(world, brand, block * world.block_hours, rng, events)
    return events.sealed(world, brand, block, roots)


class _Events:
    """Collects observations; `sealed` puts them in order."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.parts: list[tuple[Ints, int, Array, Array, Array]] = []

    def add(self, kind: int, rows: Array, at: Array, ordinal: Array | int, author: Array | int = -1) -> None:
        shape = len(rows)
        if shape:
            self.parts.append(
                (
                    np.asarray(at, np.int64),
                    kind,
                    np.asarray(rows, np.int32),
                    np.broadcast_to(np.asarray(ordinal, np.int16), (shape,)),
                    np.broadcast_to(np.asarray(author, np.int32), (shape,)),
                )
            )

    def sealed(self, world: World, brand: int, block: int, roots: Roots) -> Cell:
        self.add(ROOT, np.arange(self.count), roots.at, 0)
        if not self.parts:
            empty = np.zeros(0, np.int64)
            return Cell(brand, block, roots, empty, empty, empty, empty, empty)
        at = np.concatenate([p[0] for p in self.parts])
        kind = np.concatenate([np.full(len(p[0]), p[1], np.int8) for p in self.parts])
        row, ordinal, author = (np.concatenate([p[i] for p in self.parts]) for i in (2, 3, 4))
        begun = at if len(roots.at) == 0 else np.where(kind == OWN, at, roots.at[np.where(kind == OWN, 0, row)])
        keep = np.flatnonzero((at < begun + LOOKBACK_HOURS * HOUR) & (at < world.hours * HOUR))
        keep = keep[np.lexsort((kind[keep], ordinal[keep], row[keep], at[keep]))]
        return Cell(brand, block, roots, at[keep], kind[keep], row[keep], ordinal[keep], author[keep])


def _choose(rng: np.random.Generator, shares: Array, count: int) -> Array:
    """`count` draws of an index with these shares."""
    return np.searchsorted(np.cumsum(shares) / np.sum(shares), rng.random(count), side="right").astype(np.int8)


def _choose_rows(rng: np.random.Generator, cumulative: Array) -> Array:
    """One draw for each row of cumulative shares: shape (n, k) -> (n,)."""
    return np.asarray((rng.random(len(cumulative))[:, None] >= cumulative[:, :-1]).sum(axis=1), np.int8)


def _roots(world: World, brand: int, first_hour: int, rng: np.random.Generator) -> Roots:
    expected = volume(world, brand, first_hour, min(world.block_hours, world.hours - first_hour))
    counts = rng.poisson(expected.rate)
    part, step = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), counts.shape[1])
    n = len(part)
    at = first_hour * HOUR + step * STEP + rng.integers(0, STEP, n)
    episode = np.array([-1, *expected.episodes], np.int8)[part]
    seed = rng.integers(0, 2**63, n, dtype=np.uint64)
    crowd = max(400, int(world.mentions * AIRLINES[brand].weight * 0.45))
    author = (crowd * rng.random(n) ** 1.7).astype(np.int32)
    sentiment = _sentiment(world, brand, episode, author, rng)
    kinds = np.array([0, *(1 + ["storm", "echo", "campaign", "outage"].index(script(world)[i].kind) for i in expected.episodes)])[
        part
    ]
    topic = _choose_rows(rng, TOPIC_SHARES[kinds, sentiment])
    channel = _choose_rows(rng, CHANNELS.cumulative[np.where(kinds == 0, sentiment, 3 + (kinds == 3))])
    luck = rng.random(n)
    story = (channel == _SNAPCHAT) | ((channel == _INSTAGRAM) & (luck < 0.34))
    place = np.full(n, PLACE_OWN, np.int8)
    place[(channel == _SNAPCHAT) | (channel == _REVIEW) | story | (channel == _X)] = PLACE_ADDRESSED
    place[(channel == _REDDIT) | (channel == _FORUM) | ((channel == _X) & (luck < 0.27))] = PLACE_INDEPENDENT
    language = _choose(rng, LANGUAGE_SHARES[brand], n)
    flags = _flags(sentiment, kinds, topic, author, rng)
    image_only = rng.random(n) < np.where(story, 0.22, np.where((channel == _INSTAGRAM) | (channel == _FACEBOOK), 0.035, 0.0))
    flags |= np.where(image_only, FLAG["image_only"], 0)
    language[channel == _FORUM] = LANGUAGES.index("en")
    irrelevant = (rng.random(n) < 0.25) & (sentiment == NEUTRAL) & (place == PLACE_INDEPENDENT) & (episode < 0) & (brand == 2)
    flags |= np.where(irrelevant, FLAG["irrelevant"], 0)
    return Roots(at, seed, channel, place, story, language, sentiment, topic, flags, episode, author, np.zeros(n, np.int8))


def temper(author: Array) -> Array:
    """How somebody is disposed: 0 advocate, 1 detractor, 2 neither. It stays with the author."""
    draw = (author.astype(np.uint64) * np.uint64(2654435761) + np.uint64(97)) >> np.uint64(7)
    part = draw % np.uint64(100)
    return np.where(part < 7, 0, np.where(part < 16, 1, 2))


def _sentiment(world: World, brand: int, episode: Array, author: Array, rng: np.random.Generator) -> Array:
    mood = np.array([AIRLINES[brand].mood, *(e.mood for e in script(world))])[episode + 1]
    disposition = temper(author)[:, None]
    tilt = np.where(disposition == 0, [0.35, 0.8, 2.6], np.where(disposition == 1, [1.7, 0.75, 0.3], [1.0, 1.0, 1.0]))
    mood = mood * tilt
    return _choose_rows(rng, np.cumsum(mood, axis=1) / mood.sum(axis=1, keepdims=True))


def _flags(sentiment: Array, kinds: Array, topic: Array, author: Array, rng: np.random.Generator) -> Array:
    """Bits of what else a message says; see vocabulary.FLAG."""
    n = len(sentiment)
    negative, neutral, positive = sentiment == NEGATIVE, sentiment == NEUTRAL, sentiment == POSITIVE
    storm, disposition = kinds == 1, temper(author)
    luck = rng.random((6, n))
    flags = np.zeros(n, np.int32)
    for name, chosen in (
        ("request", negative & (luck[0] < 0.45) | neutral & (luck[0] < 0.66)),
        ("churn_risk", negative & (luck[1] < np.where(disposition == 1, 0.22, 0.10))),
        ("warning", negative & (luck[2] < np.where(disposition == 1, 0.20, 0.06))),
        ("urgent", negative & (luck[3] < np.where(storm, 0.26, 0.07)) | neutral & (luck[3] < 0.03)),
        ("recommendation", positive & (luck[4] < np.where(disposition == 0, 0.60, 0.18))),
        ("purchase_intent", neutral & (luck[0] >= 0.66) & (luck[0] < 0.80) & ~storm),
        ("suggestion", neutral & (luck[0] >= 0.80) & (luck[0] < 0.88) & ~storm),
        ("personal", luck[5] < np.where(negative, 0.05, 0.015)),
        ("reference", (luck[5] > 0.90) & (negative | neutral)),
    ):
        flags |= np.where(chosen, FLAG[name], 0)
    asks = (flags & FLAG["request"]) > 0
    flags &= ~np.where(neutral & ~asks, FLAG["urgent"], 0).astype(np.int32)
    hurry = np.isin(topic, _CAN_BE_URGENT)
    flags &= ~np.where(~hurry, FLAG["urgent"], 0).astype(np.int32)
    flags &= ~np.where((flags & FLAG["warning"]) > 0, FLAG["churn_risk"], 0).astype(np.int32)
    return flags


def _care(world: World, brand: int, roots: Roots, rng: np.random.Generator, events: _Events) -> None:
    """Automatic replies, agents' replies, and what the customer says in between and afterwards."""
    n = len(roots.at)
    luck = rng.random((8, n))
    delay, second, answered, automatic = service.first_replies(world, brand, roots, rng)
    reply = roots.at + delay
    rows = np.flatnonzero(automatic)
    events.add(AUTO, rows, roots.at[rows] + 3 + (luck[6][rows] * 50).astype(int), ORDINAL[AUTO])
    rows = np.flatnonzero(answered)
    events.add(AGENT, rows, reply[rows], ORDINAL[AGENT])

    talks = (roots.channel != _REVIEW) & ~roots.story & ((roots.flags & FLAG["image_only"]) == 0)
    unhappy = roots.sentiment == NEGATIVE
    patience = 1500 + (luck[0] * luck[0] * 30000).astype(int)
    chase = talks & (roots.place != PLACE_INDEPENDENT) & (roots.sentiment != POSITIVE) & (luck[1] < np.where(unhappy, 0.24, 0.1))
    chase &= ~answered | (patience < delay - 60)
    rows = np.flatnonzero(chase)
    events.add(CHASE, rows, (roots.at + patience)[rows], ORDINAL[CHASE])

    slow = np.clip(delay / (6 * HOUR), 0, 1)  # late answers win fewer people back
    follow = np.where(luck[2] < 0.46 - 0.22 * slow, THANKS, np.where(luck[2] < 0.74, DETAILS, ANGRY))
    roots.follow[:] = np.where(unhappy, follow, np.where(follow == ANGRY, THANKS, follow))
    speaks = answered & talks & (luck[3] < np.where(roots.sentiment == POSITIVE, 0.12, 0.44))
    again = reply + 90 + (service.lognormal(rng, 900.0, 1.1, n)).astype(int)
    rows = np.flatnonzero(speaks)
    events.add(FOLLOW, rows, again[rows], ORDINAL[FOLLOW])

    more = speaks & (roots.follow != THANKS) & (luck[4] < 0.66)
    then = again + second
    rows = np.flatnonzero(more)
    events.add(AGENT2, rows, then[rows], ORDINAL[AGENT2])
    last = then + 60 + (service.lognormal(rng, 1200.0, 1.0, n)).astype(int)
    rows = np.flatnonzero(more & (luck[5] < 0.42))
    events.add(CLOSE, rows, last[rows], ORDINAL[CLOSE])


def _crowd(world: World, roots: Roots, rng: np.random.Generator, events: _Events) -> None:
    """Other people: comments, the same words again, reposts."""
    n = len(roots.at)
    crowd = max(400, int(world.mentions * 0.3))
    storm = roots.episode == 0
    textless = (roots.flags & (FLAG["image_only"] | FLAG["irrelevant"])) > 0
    open_to_all = ~roots.story & (roots.channel != _REVIEW) & ~textless
    talk = np.array([0.16, 0.22, 0.10, 0.0, 0.16, 0.85, 0.75, 0.0])[roots.channel] * open_to_all
    _many(PEER, FIRST_PEER, rng.poisson(talk), FIRST_COPY, 2400.0, 1.2, roots, rng, events, crowd)
    copies = (roots.channel == _X) & open_to_all & (rng.random(n) < np.where(storm, 0.07, 0.03))
    _many(COPY, FIRST_COPY, np.where(copies, rng.geometric(0.55, n), 0), FIRST_REPOST, 3600.0, 1.1, roots, rng, events, crowd)
    passed_on = (roots.channel == _X) & open_to_all & (rng.random(n) < np.where(storm, 0.24, 0.13))
    widest = int(np.clip(world.mentions / 3000, 5, 400))  # a small crowd carries nothing far
    far = rng.pareto(1.6, n) * np.where(storm, 1.3, 0.8) + 1
    reposts = np.where(passed_on, np.minimum(far, np.where(storm, min(3 * widest, 400), widest)), 0).astype(int)
    _many(REPOST, FIRST_REPOST, reposts, ORDINALS, 2700.0, 1.3, roots, rng, events, crowd)


def _many(
    kind: int,
    first: int,
    counts: Array,
    end: int,
    median: float,
    spread: float,
    roots: Roots,
    rng: np.random.Generator,
    events: _Events,
    crowd: int,
) -> None:
    counts = np.minimum(counts, end - first)
    rows = np.repeat(np.arange(len(counts)), counts)
    ordinal = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts) + first
    at = roots.at[rows] + 30 + service.lognormal(rng, median, spread, len(rows)).astype(int)
    others = (crowd * rng.random(len(rows)) ** 1.3).astype(np.int32)
    events.add(kind, rows, at, ordinal, others + (others == roots.author[rows]))


def _changes(roots: Roots, rng: np.random.Generator, events: _Events) -> None:
    """Edits and deletions: later observations of the same mention."""
    n = len(roots.at)
    luck = rng.random(n)
    editable = np.array([0, 1, 1, 0, 1, 1, 1, 1], bool)[roots.channel] & ~roots.story & ((roots.flags & FLAG["image_only"]) == 0)
    rows = np.flatnonzero(editable & (luck < 0.035))
    events.add(EDIT, rows, roots.at[rows] + 60 + service.lognormal(rng, 2400.0, 1.3, len(rows)).astype(int), 0)
    rows = np.flatnonzero((luck > 0.982) & ~roots.story)
    events.add(DELETE, rows, roots.at[rows] + 120 + service.lognormal(rng, 7200.0, 1.4, len(rows)).astype(int), 0)


def _own_posts(world: World, brand: int, first_hour: int, rng: np.random.Generator, events: _Events) -> None:
    """What the airline publishes itself; the root number holds the occasion (0 ordinary, else 1 + episode) and channel."""
    hours = first_hour + np.arange(min(world.block_hours, world.hours - first_hour))
    of_day = (world.epoch // HOUR + hours) % 24
    rate = np.where((of_day >= 8) & (of_day < 19), 0.16, 0.01)
    occasion = np.zeros(len(hours), np.int64)
    for i, e in enumerate(script(world)):
        if e.brand == brand and e.kind != "echo":
            during = (hours * HOUR > e.start) & (hours * HOUR < e.end)
            rate = np.where(during, 0.25 if e.kind == "campaign" else 0.9, rate)
            occasion = np.where(during, 1 + i, occasion)
    each = np.minimum(rng.poisson(rate * min(1.0, world.mentions / 15_000)), 6)
    which = np.repeat(np.arange(len(hours)), each)
    at = hours[which] * HOUR + rng.integers(0, HOUR, len(which))
    channel = rng.choice(np.array([_X, _X, _FACEBOOK, _INSTAGRAM, _YOUTUBE]), len(which))
    events.add(OWN, OWN_ROOT + (np.arange(len(which)) * 16 + occasion[which]) * 8 + channel, at, 0)
