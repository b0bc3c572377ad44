"""What a count is expected to be at each quarter of an hour: a level times an hour-of-day factor, for many series at once.

Everything is learned a UTC day at a time, after that day is over: within a day the baseline stands still, so expectations
cannot look ahead, and cutting the day into other pieces changes nothing. Per series it keeps a few sums a fixed number of
hours and scales wide, whatever the length of history.

- **Level**: exponentially weighted count per bucket, half-life a week by default.
- **Hour factor**: of the 24 hours, with a four times longer half-life, smoothed over neighbours and shrunk towards 1. How far
  it is trusted (not, half, fully) is chosen by what would have predicted the past days better, because hour factors
  learned from little history do more harm than good.
- **Dispersion**: how much more than Poisson the count varies, per window length, from the errors of past expectations, shrunk
  towards a prior. Errors between days count in, so a lively Monday widens the range instead of alarming.
- **Robustness**: counts enter winsorised at four standard deviations; a silence that chance cannot explain is missing data, not
  evidence of calm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
DAY = 96  # buckets
TRUST = (0.0, 0.5, 1.0)  # exponents of the hour factor that compete
_SHRINK = 30.0  # mentions' worth of "every hour is alike"
_PRIOR_DISPERSION = 0.15
_PRIOR_DAYS = 2.0  # how many days of own errors weigh as much as the prior
_LEAST_DISPERSION = 0.02
_OUTLIER = 4.0  # standard deviations
_SETTLED = 3.0  # days before outliers can be told
_IMPOSSIBLE_SILENCE = 20.0  # expected mentions in a run of empty buckets: by chance once in e**20


class Baseline:
    """State and arithmetic for `rows` series.

    Args:
        rows: number of series.
        half_life: of the level, in days.
        scales: window lengths, in buckets, for which dispersion is learned.
    """

    def __init__(self, rows: int, half_life: float, scales: tuple[int, ...]) -> None:
        self.scales = scales
        self.decay, self.slow_decay = 0.5 ** (1 / half_life), 0.5 ** (1 / (4 * half_life))
        self.recent = np.zeros((2, rows, 24))  # counts and buckets by hour, level's half-life
        self.shape = np.zeros((2, rows, 24))  # the same with the long half-life
        self.errors = np.zeros((2, rows, len(scales)))  # squared errors beyond Poisson, squared expectations
        self.loss = np.zeros((len(TRUST), rows))  # Poisson deviance of past days under each trust
        self.days = np.zeros(rows)  # days learned
        self._refresh()

    def expect(self, hours: NDArray[np.int64]) -> Array:
        """Expected count per bucket, shape (rows, len(hours)), nan where no day has been learned."""
        return np.asarray(self._hourly[:, hours])

    @property
    def dispersion(self) -> Array:
        """Shape (rows, scales): variance is mean + dispersion * mean**2."""
        return np.asarray(self._dispersion)

    def forget(self, rows: Mask) -> None:
        """Start anew for these series."""
        for table in (self.recent, self.shape, self.errors, self.loss):
            table[:, rows] = 0.0
        self.days[rows] = 0.0
        self._refresh()

    def learn(self, counts: Array, exposed: Mask, hours: NDArray[np.int64], windows: tuple[Array, Array]) -> None:
        """Take in one finished day.

        Args:
            counts: shape (rows, 96).
            exposed: which buckets count, same shape.
            hours: hour of day of each bucket.
            windows: counts and expectations summed over each scale, shape (scales, rows, 96), nan where not known.
        """
        expected = self.expect(hours)
        exposed = exposed & ~_impossible_silence(counts, expected)
        capped = self._winsorised(counts, expected)
        self._score_trust(capped, exposed, hours)
        self._learn_errors(windows, exposed)
        sums = np.stack((np.where(exposed, capped, 0.0), exposed.astype(np.float64)))
        by_hour = np.zeros((2, counts.shape[0], 24))
        for hour in range(24):
            by_hour[:, :, hour] = sums[:, :, hours == hour].sum(axis=2)
        seen = exposed.any(axis=1)
        for table, decay in ((self.recent, self.decay), (self.shape, self.slow_decay)):
            table[:, seen] = table[:, seen] * decay + by_hour[:, seen]
        self.days += exposed.mean(axis=1)
        self._refresh()

    def _refresh(self) -> None:
        """Expectations by hour and dispersions that hold until the next day is learned."""
        counts, buckets = (0.25 * np.roll(t, 1, 1) + 0.5 * t + 0.25 * np.roll(t, -1, 1) for t in self.shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = self.shape[0].sum(axis=1) / self.shape[1].sum(axis=1)
            rate = (counts + _SHRINK) / (buckets + _SHRINK / mean[:, None])
            self._factors = np.stack([_normal(rate**trust) for trust in TRUST])
            best = np.where(self.loss.any(axis=0), self.loss.argmin(axis=0), 1)
            chosen = np.take_along_axis(self._factors, best[None, :, None], axis=0)[0]
            self._levels = self.recent[0].sum(axis=1) / (self._factors * self.recent[1]).sum(axis=2)
            level = np.take_along_axis(self._levels, best[None, :], axis=0)[0]
            learned = self.shape[1].sum(axis=1)[:, None] > 0
            self._hourly = np.where(learned, level[:, None] * np.nan_to_num(chosen, nan=1.0), np.nan)
            self._hourly = np.where(learned & (mean == 0)[:, None], 0.0, self._hourly)
        squares = np.nan_to_num(self._hourly**2).mean(axis=1)[:, None] * DAY * np.square(np.array(self.scales, dtype=np.float64))
        weight = _PRIOR_DAYS * squares + 1e-12
        dispersion = (self.errors[0] + _PRIOR_DISPERSION * weight) / (self.errors[1] + weight)
        self._dispersion = np.maximum(dispersion, _LEAST_DISPERSION)

    def _winsorised(self, counts: Array, expected: Array) -> Array:
        limit = expected + _OUTLIER * np.sqrt(expected + self._dispersion[:, :1] * expected**2) + 2.0
        return np.where((self.days >= _SETTLED)[:, None] & (counts > limit), limit, counts)

    def _score_trust(self, counts: Array, exposed: Mask, hours: NDArray[np.int64]) -> None:
        ready = self.days >= 1.0
        if not ready.any():
            return
        for index in range(len(TRUST)):
            expected = np.maximum((self._levels[index][:, None] * self._factors[index])[:, hours], 1e-6)
            deviance = np.where(exposed, expected - counts * np.log(expected), 0.0).sum(axis=1)
            usable = ready & np.isfinite(deviance)
            self.loss[index, usable] = self.loss[index, usable] * self.slow_decay + deviance[usable]

    def _learn_errors(self, windows: tuple[Array, Array], exposed: Mask) -> None:
        ready = self.days >= 2.0
        for index in range(len(self.scales)):
            counts, expected = windows[0][index], windows[1][index]
            use = exposed & np.isfinite(expected) & ready[:, None]
            mean = np.where(use, expected, 0.0)
            deviation = np.sqrt(mean + self._dispersion[:, index, None] * mean**2)
            error = np.minimum(np.abs(np.where(use, counts - mean, 0.0)), _OUTLIER * deviation)
            self.errors[:, :, index] *= self.slow_decay
            self.errors[0, :, index] += (error**2 - mean).sum(axis=1)
            self.errors[1, :, index] += (mean**2).sum(axis=1)


def _normal(rate: Array) -> Array:
    return np.asarray(rate / rate.mean(axis=1, keepdims=True))


def _impossible_silence(counts: Array, expected: Array) -> Mask:
    """Buckets in runs of zeros so long that the series must have been cut off."""
    silent = np.zeros(counts.shape, dtype=bool)
    empty_expected = np.nan_to_num(np.where(counts == 0, expected, 0.0)).sum(axis=1)
    for row in np.nonzero(empty_expected >= _IMPOSSIBLE_SILENCE)[0]:
        edges = np.flatnonzero(np.diff(np.concatenate(([0], (counts[row] == 0).astype(np.int8), [0]))))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            silent[row, start:stop] = np.nansum(expected[row, start:stop]) >= _IMPOSSIBLE_SILENCE
    return silent
