"""Who there is, what happens when, and how much is said at any moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.records import Brand, Window

Floats = NDArray[np.float64]
HOUR = 3600
STEP = 300  # seconds: intensity is constant within a step
STEPS = HOUR // STEP
NIGHT = 0.9  # a lasting episode is talked about at night as at an hour of this relative volume
LOOKBACK_HOURS = 48  # nothing follows from a mention later than this


@dataclass(frozen=True, slots=True)
class Airline:
    """An invented airline: how it is called, how much people talk about it, and in what mood."""

    key: str
    name: str
    handle: str
    care: str  # handle of its care team
    code: str  # prefix of flight numbers
    is_competitor: bool
    weight: float  # share of the conversation on ordinary days
    mood: tuple[float, float, float]  # negative, neutral, positive share of what customers start
    hubs: tuple[str, ...]
    median_reply: float  # minutes to a first response by day
    exclude: tuple[str, ...] = ()


AIRLINES = (
    Airline(
        "kestravia",
        "Kestravia",
        "Kestravia",
        "KestraviaCare",
        "KV",
        False,
        0.36,
        (0.40, 0.33, 0.27),
        ("Dublin", "Manchester", "Hamburg"),
        38.0,
    ),
    Airline(
        "fjordalis",
        "Fjordalis",
        "FlyFjordalis",
        "FjordalisHelp",
        "FJ",
        True,
        0.24,
        (0.33, 0.35, 0.32),
        ("Oslo", "Bergen", "Hamburg"),
        24.0,
    ),
    Airline(
        "solmarra",
        "Solmarra",
        "SolmarraAir",
        "SolmarraAir",
        "SM",
        True,
        0.18,
        (0.39, 0.31, 0.30),
        ("Madrid", "Porto", "Palermo"),
        75.0,
        ("solmarra beach", "solmarra bay"),
    ),
    Airline(
        "peppijet",
        "Peppijet",
        "Peppijet",
        "AskPeppijet",
        "PJ",
        True,
        0.22,
        (0.47, 0.31, 0.22),
        ("Budapest", "Bristol", "Lyon"),
        110.0,
    ),
)
KEYS = tuple(a.key for a in AIRLINES)

Event = Literal["storm", "echo", "campaign", "outage"]


@dataclass(frozen=True, slots=True)
class Episode:
    """Something that happens to one brand: `gain` times the ordinary volume is said on top of it at its height."""

    kind: Event
    brand: int
    start: int  # seconds since the world began
    end: int
    gain: float
    ramp: float  # seconds until about two thirds of the height
    decay: float | None  # seconds until it has fallen to about a third; None: it does not fall
    mood: tuple[float, float, float]
    reason: str


@dataclass(frozen=True, slots=True)
class World:
    """Everything that decides what is said: equal worlds are equal to the last letter."""

    mentions: int
    seed: int
    days: int
    start: datetime

    @property
    def end(self) -> datetime:
        return self.start + timedelta(days=self.days)

    @property
    def hours(self) -> int:
        return self.days * 24

    @property
    def block_hours(self) -> int:
        """Hours that are made at once: many where little is said, as making a block has a cost of its own."""
        hourly = self.mentions / (self.hours * len(AIRLINES))
        return 24 if hourly < 60 else 6 if hourly < 600 else 1

    @property
    def blocks(self) -> int:
        return -(-self.hours // self.block_hours)

    @property
    def epoch(self) -> int:
        """Unix time of the start."""
        return int(self.start.timestamp())

    @property
    def whole(self) -> Window:
        return Window(self.start, self.end)


DEFAULT_START = datetime(2026, 1, 17, tzinfo=UTC)  # a Saturday; the storm is on Friday, 13 February 2026


def default(mentions: int = 20_000, seed: int = 2007, days: int = 28, start: datetime = DEFAULT_START) -> World:
    """The world of the demo, or another seed, size or span of it."""
    return World(mentions, seed, days, start)


def brands() -> tuple[Brand, ...]:
    """The four airlines as the configuration would give them."""
    return tuple(
        Brand(
            key=a.key,
            name=a.name,
            handles=tuple(dict.fromkeys((a.handle, a.care))),
            exclude=a.exclude,
            is_competitor=a.is_competitor,
        )
        for a in AIRLINES
    )


@lru_cache(maxsize=8)
def script(world: World) -> tuple[Episode, ...]:
    """What happens: a new route in week 2 (good news), a rival's outage in week 3, the storm on the last day."""
    day = 24 * HOUR
    end = world.days * day
    onset = end - day + 9 * HOUR + 40 * 60
    cancelled = "winter storm: most flights cancelled, passengers kept waiting on board and in terminals"
    episodes = [
        Episode("storm", 0, onset, end, 8.2, 2100.0, None, (0.885, 0.095, 0.02), cancelled),
        Episode("echo", 1, onset + 40 * 60, end, 0.55, 5400.0, None, (0.62, 0.31, 0.07), "winter storm: delays"),
        Episode("echo", 2, onset + 90 * 60, end, 0.15, 5400.0, None, (0.55, 0.36, 0.09), "winter storm: delays"),
        Episode("echo", 3, onset + 60 * 60, end, 0.50, 5400.0, None, (0.66, 0.28, 0.06), "winter storm: delays"),
    ]
    if world.days >= 7:
        launch = int(world.days * 0.36) * day + 10 * HOUR
        over, route = min(launch + 2 * day, onset), "a new route and a week of low fares"
        episodes.append(Episode("campaign", 0, launch, over, 2.3, 1800.0, 16000.0, (0.07, 0.25, 0.68), route))
        outage = int(world.days * 0.65) * day + 14 * HOUR + 1500
        over, down = min(outage + 14 * HOUR, onset), "check-in and app down for an afternoon"
        episodes.append(Episode("outage", 3, outage, over, 4.6, 900.0, 12000.0, (0.80, 0.185, 0.015), down))
    return tuple(episodes)


# Share of a day's mentions by hour, in the airline's own time (all four live within an hour of UTC).
_BY_HOUR = np.array([14, 9, 7, 7, 11, 22, 38, 54, 64, 66, 64, 62, 62, 60, 59, 62, 68, 75, 78, 74, 66, 56, 42, 26], float)
_BY_WEEKDAY = np.array([1.12, 0.95, 0.94, 1.0, 1.2, 0.82, 0.97])  # Monday to Sunday
_BY_HOUR /= _BY_HOUR.mean()
_BY_WEEKDAY /= _BY_WEEKDAY.mean()


def rhythm(world: World, first_hour: int, hours: int) -> Floats:
    """Ordinary volume in each step, relative to an average one: shape (hours * STEPS,)."""
    seconds = world.epoch + first_hour * HOUR + (np.arange(hours * STEPS) + 0.5) * STEP
    at = seconds / HOUR
    hour = at % 24
    low = hour.astype(int)
    shape = _BY_HOUR[low] * (1 - (hour - low)) + _BY_HOUR[(low + 1) % 24] * (hour - low)
    weekday = ((seconds // 86400).astype(int) + 3) % 7  # 1970-01-01 was a Thursday
    result: Floats = shape * _BY_WEEKDAY[weekday]
    return result


def excess(episode: Episode, first_hour: int, base: Floats) -> Floats:
    """What the episode adds in each step, on the scale of `base`; a lasting one keeps people awake at night."""
    at = first_hour * HOUR + (np.arange(len(base)) + 0.5) * STEP
    since = at - episode.start
    active = (since >= 0) & (at < episode.end)
    since = np.where(active, since, 0.0)
    height = 1 - np.exp(-since / episode.ramp)
    if episode.decay is not None:
        height = height * np.exp(-np.maximum(since - episode.ramp, 0) / episode.decay)
    level = np.maximum(base, NIGHT) if episode.decay is None else base
    result: Floats = np.where(active, episode.gain * height * level, 0.0)
    return result


# Mentions (replies, reposts and all) that come of one conversation, measured; see tests/test_simulation.py.
_PER_ROOT: dict[str, float] = {"usual": 2.01, "storm": 2.12, "echo": 2.05, "campaign": 1.72, "outage": 2.16}


@lru_cache(maxsize=8)
def scale(world: World) -> float:
    """Conversations per step at relative volume 1, so that the whole has about `world.mentions` mentions."""
    base = rhythm(world, 0, world.hours)
    total = base.sum() * _PER_ROOT["usual"]
    for e in script(world):
        total += AIRLINES[e.brand].weight * excess(e, 0, base).sum() * _PER_ROOT[e.kind]
    return float(world.mentions / total)


@dataclass(frozen=True, slots=True)
class Volume:
    """Expected conversations of one brand in each step: rows are the ordinary part and each active episode."""

    rate: Floats  # (1 + episodes, steps)
    episodes: tuple[int, ...]  # indexes into script(world), one for each row but the first


def volume(world: World, brand: int, hour: int, hours: int) -> Volume:
    """Expected conversations of one brand in `hours` hours from `hour` on."""
    base = rhythm(world, hour, hours)
    rows: list[Any] = [base]
    active: list[int] = []
    for i, e in enumerate(script(world)):
        if e.brand == brand and e.start < (hour + hours) * HOUR and e.end > hour * HOUR:
            rows.append(excess(e, hour, base))
            active.append(i)
    return Volume(np.array(rows) * (scale(world) * AIRLINES[brand].weight), tuple(active))


def storm_onset(world: World) -> datetime:
    """When the storm begins."""
    return world.start + timedelta(seconds=script(world)[0].start)
