"""What priced platforms cost, and how little of them to read when the month's budget is short.

`budget` of a source is the most that a calendar month may cost, in the currency of its price. Before a window is read, the
platform is asked how much there is (`count`), which is cheap but not free: once the money is used up, not even that is asked.
What fits is read whole. What does not is read in part: the window is cut into sixty slices, these into strata of s neighbours,
and of each stratum one slice drawn at random is read whole; every mention in it then stands for s (its `weight`, the inverse of
the probability with which it was included: Horvitz and Thompson, Journal of the American Statistical Association 47, 1952). Sums
of weights are unbiased for the whole window, and time is covered evenly. The draw depends on the source and the window alone, so
that a window collected twice is the same.

A window is read once it has ended: what had been read whole until then would count beside a sample of the whole.

Looking mentions up again is paid for from the same budget, those first that wait longest, and comes after collecting: it gets
what is unused of the even share for the part of the month that has passed. What that does not reach stays due.

A quiet window leaves its share to look-ups and later windows, and a window in a storm may take ten times its even share. Money is
set aside before it is spent and settled afterwards: a collection that is killed counts as if it had read all that it had set
aside, so that the budget holds whatever happens.
"""

from __future__ import annotations

import hashlib
import math
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.records import Window

SLICES = 60
BURST = 10.0  # times its even share that one window may take
_STRATA = tuple(n for n in range(1, SLICES + 1) if SLICES % n == 0)  # slices in a stratum


@dataclass(frozen=True, slots=True)
class Share:
    """How a window is read: every `weight`-th slice; weight 0: not at all."""

    weight: int
    expected: int  # mentions in the window, as the platform counts them

    @property
    def is_whole(self) -> bool:
        return self.weight == 1


@dataclass(frozen=True, slots=True)
class Forecast:
    """Cost of a month so far and at its end, with the range in which nine of ten such months end."""

    spent: float
    low: float
    high: float
    budget: float

    @property
    def expected(self) -> float:
        return (self.low + self.high) / 2


def share(expected: int, price: float, left: float, windows_left: float) -> Share:
    """How much of a window with `expected` mentions to read.

    Args:
        price: of a mention.
        left: of the month's budget.
        windows_left: windows until the month's end, this one included.

    >>> share(100, 0.005, 50.0, 100).weight, share(10_000, 0.005, 50.0, 100).weight, share(100, 0.005, 0.0, 100).weight
    (1, 10, 0)
    """
    allowed = min(left, BURST * left / max(windows_left, 1.0))
    cost = expected * price
    if cost <= allowed:
        return Share(1, expected)
    fitting = [n for n in _STRATA if cost / n <= allowed]
    return Share(min(fitting) if fitting else 0, expected)


def slices(window: Window, weight: int, source: str) -> list[Window]:
    """The slices of a window to read: of each stratum of `weight` neighbours, one drawn at random."""
    seed = hashlib.sha256(f"{source} {window.key} {weight}".encode()).digest()
    chance = random.Random(seed)
    width = (window.end - window.start) / SLICES
    chosen = [first + chance.randrange(weight) for first in range(0, SLICES, weight)]
    return [Window(window.start + n * width, window.start + (n + 1) * width) for n in chosen]


def windows_left(window: Window, now: datetime) -> float:
    """Windows of this width that the month's budget must still pay for: from this one on, or from now where that is later."""
    start = max(window.start, now)
    return (_next_month(start) - start) / (window.end - window.start)


def month_passed(now: datetime) -> float:
    """The share of the calendar month that has passed.

    >>> month_passed(datetime(2026, 2, 8, tzinfo=UTC))
    0.25
    """
    first = _month(now)
    return (now - first) / (_next_month(now) - first)


def _month(at: datetime) -> datetime:
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next_month(at: datetime) -> datetime:
    return (_month(at) + timedelta(days=32)).replace(day=1)


@dataclass(frozen=True, slots=True)
class Day:
    """What a source has cost on a UTC day."""

    source: str
    at: datetime
    mentions: int
    cost: float


class Ledger:
    """What each source has cost, by day, in one file that all processes share."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=60, isolation_level=None)) as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS spent (source TEXT, day TEXT, mentions INTEGER, cost REAL, PRIMARY KEY (source, day))"
            )
            yield connection

    def add(self, source: str, at: datetime, *, mentions: int, cost: float) -> None:
        """Add to a day; negative values give back what had been set aside."""
        with self._open() as connection:
            connection.execute(
                "INSERT INTO spent VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET mentions = mentions + excluded.mentions, "
                "cost = cost + excluded.cost", [source, f"{at:%Y-%m-%d}", mentions, cost],
            )

    def all(self) -> list[Day]:
        """Every day of every source; looking makes no file."""
        if not self._path.exists():
            return []
        with self._open() as connection:
            rows = connection.execute("SELECT source, day, mentions, cost FROM spent ORDER BY source, day").fetchall()
        return [Day(source, datetime.fromisoformat(day).replace(tzinfo=UTC), *counted) for source, day, *counted in rows]

    def days(self, source: str, month: datetime) -> dict[str, float]:
        """Cost of each day of a month on which there was any."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT day, cost FROM spent WHERE source = ? AND day LIKE ? ORDER BY day", [source, f"{month:%Y-%m}-%"]
            ).fetchall()
        return {str(day): float(cost) for day, cost in rows}

    def spent(self, source: str, month: datetime) -> float:
        """Cost of a month so far."""
        return sum(self.days(source, month).values())


def forecast(days: dict[str, float], budget: float, *, now: datetime) -> Forecast:
    """The month's cost, were its remaining days like those that have passed; never above the budget, which holds.

    The range takes the days as independent and is a normal approximation: 1.645 standard errors to both sides, those of the
    daily mean and of the days to come.
    """
    passed = max(1.0, (now - _month(now)) / timedelta(days=1))
    left = (_next_month(now) - now) / timedelta(days=1)
    values = list(days.values()) + [0.0] * max(0, int(passed) - len(days))
    spent = sum(values)
    mean = spent / passed
    variance = sum((v - mean) ** 2 for v in values) / max(1, len(values) - 1)
    spread = 1.645 * math.sqrt(variance * left * (1 + left / passed))
    most = budget or math.inf
    low, high = spent + max(0.0, mean * left - spread), spent + mean * left + spread
    return Forecast(spent=spent, low=min(low, most), high=min(high, most), budget=budget)
