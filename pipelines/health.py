"""Whether a source is well, judged by its own past: shares of what is wrong, and how little it delivers.

Both learn a UTC day at a time, when it is over, so nothing looks ahead and any cut of the same buckets gives the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
DAY = 96  # buckets
WINDOWS = (4, DAY)  # buckets: an hour for sources that deliver much, a day for the others
_DECAY = 0.5 ** (1 / 7)  # half-life of the usual shares: a week
_LEAST_DAYS = 3  # with anything to count
_MEMORY = 28  # days
_FALL_DAYS = 7  # of history
_FALL = 1 / 3  # of what is expected in a day: more is no fall
_BELOW = 0.5  # times the least day of four weeks


class Shares:
    """Shares of several kinds of `rows` series, each against its usual one, over an hour and over a day.

    Args:
        least: observations below which no share is judged.
        points: by how much a share must exceed the usual, 0 to 1.
    """

    def __init__(self, kinds: int, rows: int, least: int, points: float) -> None:
        self.least, self.points = least, points
        self.usual_counts = np.zeros((2, kinds, rows))  # counted and whole, exponentially weighted
        self.days = np.zeros((kinds, rows))
        self.today = np.zeros((2, kinds, rows))
        self.past = np.zeros((2, kinds, rows, DAY - 1))

    @property
    def usual(self) -> Array:
        """Usual shares, shape (kinds, rows), nan where nothing is known yet."""
        counted, whole = self.usual_counts
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where((whole >= self.least) & (self.days >= _LEAST_DAYS), counted / whole, np.nan)

    def read(self, counts: Array) -> tuple[Mask, Array]:
        """The next buckets, all of one day: where a share is out of the ordinary, shape (windows, kinds, rows, buckets), and the
        sums over each window, shape (windows, 2, kinds, rows, buckets).

        Args:
            counts: shape (2, kinds, rows, buckets): what is wrong, and of how many.
        """
        width = counts.shape[-1]
        extended = np.concatenate((self.past, counts), axis=3)
        total = np.concatenate((np.zeros((*extended.shape[:3], 1)), extended.cumsum(axis=3)), axis=3)
        ends = np.arange(DAY, DAY + width)
        sums = np.stack([total[..., ends] - total[..., ends - w] for w in WINDOWS])
        self.today += counts.sum(axis=3)
        self.past = extended[..., -(DAY - 1):]
        with np.errstate(invalid="ignore"):
            high = sums[:, 0] >= (self.usual[..., None] + self.points) * sums[:, 1]
        return (sums[:, 1] >= self.least) & (sums[:, 0] >= 8) & high, sums

    def learn(self) -> None:
        """A day is over."""
        seen = self.today[1] > 0
        self.usual_counts = np.where(seen, self.usual_counts * _DECAY, self.usual_counts) + self.today
        self.days += seen
        self.today = np.zeros_like(self.today)


class Fall:
    """Of `rows` series: does the last day bring far less than expected, and than any day of four weeks?

    Args:
        least: expected mentions in a day below which nothing is judged.
    """

    def __init__(self, rows: int, least: float) -> None:
        self.least = least
        self.lowest = np.ones((_MEMORY, rows))  # least share of what was expected, of each day
        self.today = np.ones(rows)
        self.days = np.zeros(rows, dtype=np.int64)

    def read(self, counts: Array, expected: Array) -> Mask:
        """The next buckets of one day: the last 24 hours' mentions and how many were expected (nan: not known), as `counts`."""
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(expected >= self.least, counts / expected, 1.0)
        limit = np.minimum(_FALL, _BELOW * self.lowest.min(axis=0))[:, None]
        self.today = np.minimum(self.today, share.min(axis=1))
        return np.asarray((share < limit) & (self.days >= _FALL_DAYS)[:, None])

    def learn(self, day: int, counts: NDArray[Any]) -> None:
        """A day is over; `counts`, shape (rows,): whose history it is. A day that fell itself is remembered as the limit."""
        floor = np.minimum(_FALL, _BELOW * self.lowest.min(axis=0))
        self.lowest[day % _MEMORY] = np.where(counts, np.maximum(self.today, floor), 1.0)
        self.today = np.ones_like(self.today)
        self.days = self.days + counts
