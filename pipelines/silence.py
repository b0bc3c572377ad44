"""How long nobody has said anything, and whether that is usual: a quiet source is not good news.

A brand is silent when at least 20 mentions were expected since the last one, and the silence is an hour longer than twice the
longest that ended within the last four weeks. Nights and weekends are among those, so they do not alarm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.detectors.base import BUCKET_MINUTES, Evidence
from pipelines.statistics import count_range

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
_DAYS = 28
_LEAST_DAYS = 7  # of history
_MISSED = 20.0  # mentions
_HOUR = 4  # buckets


class Silence:
    """State of `rows` series of quarter-hours."""

    def __init__(self, rows: int) -> None:
        self.quiet = np.zeros(rows, dtype=np.int64)  # buckets since the last mention
        self.missed = np.zeros(rows)  # mentions expected since
        self.longest = np.zeros((_DAYS, rows), dtype=np.int64)  # silence that ended on each day
        self.today = np.zeros(rows, dtype=np.int64)
        self.heard = np.zeros(rows, dtype=bool)  # anything today
        self.days = np.zeros(rows, dtype=np.int64)  # on which anything was heard

    def read(self, mentions: Array, expected: Array) -> tuple[Mask, NDArray[np.int64], Array]:
        """The next buckets, shape (rows, buckets): is it silent, for how many buckets, and how many mentions are missing.

        Args:
            expected: mentions a bucket, nan where not known; rounded to 1/1024, so that sums are exact however one cuts.
        """
        columns = np.arange(1, mentions.shape[1] + 1)
        some = mentions > 0
        latest = np.maximum.accumulate(np.where(some, columns, 0), axis=1)
        quiet = np.where(latest > 0, columns - latest, self.quiet[:, None] + columns)
        total = np.cumsum(np.round(np.nan_to_num(expected) * 1024.0) / 1024.0, axis=1)
        until = np.where(latest > 0, np.take_along_axis(total, np.maximum(latest - 1, 0), axis=1), -self.missed[:, None])
        missed = np.where(some, 0.0, total - until)
        before = np.concatenate((self.quiet[:, None], quiet[:, :-1]), axis=1)
        self.today = np.maximum(self.today, np.where(some, before, 0).max(axis=1))
        usual = np.maximum(self.longest.max(axis=0), self.today)[:, None]
        is_silent = (missed >= _MISSED) & (quiet >= 2 * usual + _HOUR) & (self.days >= _LEAST_DAYS)[:, None]
        self.quiet, self.missed, self.heard = quiet[:, -1], missed[:, -1], self.heard | some.any(axis=1)
        return is_silent, quiet, missed

    def learn(self, day: int, counts: Mask) -> None:
        """A day is over; `counts`, shape (rows,): whose history it is."""
        self.longest[day % _DAYS] = self.today
        self.today = np.zeros_like(self.today)
        self.days = self.days + (counts & self.heard)
        self.heard = np.zeros_like(self.heard)

    def forget(self, rows: Mask) -> None:
        """Start anew for these series."""
        for values in (self.quiet, self.missed, self.today, self.heard, self.days):
            values[rows] = 0
        self.longest[:, rows] = 0


def told(length: int, missed: float) -> Evidence:
    """A watch on a silence of `length` buckets in which so many mentions were expected."""
    low, high = count_range(np.array([missed]), 0.15)
    return Evidence(
        tier="watch", signal="silence", window_minutes=length * BUCKET_MINUTES, observed=0.0, expected=missed, low=float(low[0]),
        high=float(high[0]), rarity=0.0, severity=3, onset=length - 1, volumes=((length * BUCKET_MINUTES, missed),),
    )
