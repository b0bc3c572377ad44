"""How often a series by itself brings a surge like the one now: return periods, for many series of counts at once.

1. **Level**: what a bucket is expected to hold, an exponentially weighted mean (half-life 3 days). Counts enter it cut off at
   four standard deviations, so that a crisis does not become the new normal.
2. **Statistics**, each a logarithm, each with its own eye: the last 15 minutes and the last hour against the level; a scan, the
   Poisson log-likelihood ratio of the best window of up to 6 hours; geometric means over 15, 30 and 60 minutes, which one busy
   bucket cannot lift; and 6 and 24 hours for what burns slowly.
3. **Return period**: the largest value of each hour is kept for 21 days, as a count of hours by size. A value that has been
   reached n times in m hours returns every m/n hours; beyond the tenth largest, Hill's estimate of the tail, shrunk towards a
   prior, extrapolates (Weissman 1978). An hour is remembered as no rarer than once in 21 days: one huge event must not
   make the next one look ordinary.
4. **Channels**: averages of log10 return periods in hours. *fast* (15 minutes, hour, scan); *rise* (geometric means of 15 and 30
   minutes); *hold* (of the hour); *slow* (6 and 24 hours).

What is learned is learned when a UTC hour is over, so within an hour nothing looks ahead, and cutting the same buckets into
other pieces gives the same numbers to the last bit: counts and logarithms are rounded to binary fractions, whose sums are exact.

State is a fixed number of bytes a series; all work on a bucket is a fixed number of array operations over all series.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
HOUR = 3600
STATISTICS = ("ratio15", "ratio60", "scan", "spread15", "spread30", "spread60", "ratio360", "ratio1440")
CHANNELS = {
    "fast": ("ratio15", "ratio60", "scan"), "rise": ("spread15", "spread30"), "hold": ("spread60",),
    "slow": ("ratio360", "ratio1440"),
}
_SCAN = (5, 15, 30, 60, 180, 360)  # minutes
_TOLD = (15, 60, 360, 1440)  # windows whose counts are told
_MEMORY = 504  # hours
_TOP = 10  # hours above which the tail is extrapolated
_PRIOR_TAIL, _PRIOR_WEIGHT, _LEAST_TAIL = 0.4, 10.0, 0.05  # tail index that is assumed, worth how many hours; the lightest tail
_LEAST_HOURS = 24  # before a return period is given
_LARGEST = 9.0  # log10 hours: more is not said
_HALF_LIFE = 72.0  # hours
_OUTLIER = 4.0  # standard deviations
_SILENCE = 30.0  # mentions: that many are missed by chance once in e**30
_SETTLED = 6  # hours before outliers can be told
_SOFTEN = 3.0  # mentions added to both sides of a ratio
_LOWEST = 0.02  # mentions a bucket that are always thought possible
_BINS = 128
_WIDTHS = np.array([0.125 if name == "scan" else 0.0625 for name in STATISTICS])[:, None, None]  # of a bin, natural log
_STATE = (
    "past", "logs", "hour", "peak", "total", "weight", "square", "level", "deviation", "silence", "age", "ring", "above",
)
_EXACT = 2.0**20  # logarithms are multiples of its inverse, counts of 1/1024


@dataclass(frozen=True, slots=True)
class Readings:
    """Per bucket, shape (rows, buckets): log10 return periods in hours by channel, 0.0 where none can be given yet."""

    fast: Array
    rise: Array
    hold: Array
    slow: Array
    counts: Mapping[int, Array]  # mentions in the window of 15, 60, 360 or 1440 minutes that ends with the bucket
    expected: Array  # per bucket, nan where no hour has been learned yet
    deviation: Array  # of a bucket from what is expected, inf where not known
    hours: Array  # that had been learned before


class Recurrence:
    """State and arithmetic for `rows` series.

    Args:
        rows: number of series.
        bucket_seconds: length of a bucket. What is called an hour here is as many whole buckets as fit into one, at least one.
    """

    def __init__(self, rows: int, bucket_seconds: int) -> None:
        self.seconds = bucket_seconds
        self.per_hour = max(1, HOUR // bucket_seconds)
        self.block_hours = self.per_hour * bucket_seconds / HOUR  # 1.0, unless buckets are longer or do not divide an hour
        windows = {minutes: self._buckets(minutes) for minutes in (*_SCAN, 1440)}
        self.windows = sorted(set(windows.values()))
        self.size = self.windows[-1]
        self.scans = sorted({windows[minutes] for minutes in _SCAN})
        self.w15, self.w30, self.w60, self.w360, self.w1440 = (windows[minutes] for minutes in (15, 30, 60, 360, 1440))
        self.past = np.zeros((self.size, rows))  # counts of the last day by bucket number modulo a day
        self.logs = np.zeros((self.w60, rows))  # logarithms of count against level, of the last hour
        self.sums = {w: np.zeros(rows) for w in self.windows}  # of counts over each window
        self.log_sums = {w: np.zeros(rows) for w in {self.w15, self.w30, self.w60}}
        self.hour = np.full((self.per_hour, rows), np.nan)  # counts of the unfinished hour
        self.peak = np.zeros((len(STATISTICS), rows))  # largest values in the unfinished hour
        self.total, self.weight, self.square = np.zeros(rows), np.zeros(rows), np.zeros(rows)  # of the level
        self.level = np.full(rows, np.nan)  # expected count per bucket
        self.deviation = np.full(rows, np.inf)
        self.silence = np.zeros(rows)  # mentions that were expected since the last one
        self.age = np.zeros(rows, dtype=np.int64)  # hours learned
        self.ring = np.zeros((_MEMORY, len(STATISTICS), rows), dtype=np.uint8)  # bin of each hour's largest value
        self.above = np.zeros((len(STATISTICS), rows, _BINS + 1), dtype=np.int16)  # hours that reached each bin
        self._at = (np.arange(len(STATISTICS) * rows) * (_BINS + 1)).reshape(len(STATISTICS), rows)  # of bin 0 in `above`, flat
        self._edge, self._number, self._tail = (np.zeros((len(STATISTICS), rows)) for _ in range(3))
        self._refresh(np.ones((len(STATISTICS), rows), dtype=bool))

    def _buckets(self, minutes: int) -> int:
        return max(1, round(minutes * 60 / self.seconds))

    def saved(self) -> dict[str, NDArray[Any]]:
        """All state, by name, as `restore` takes it back."""
        found = {name: getattr(self, name).copy() for name in _STATE}
        for name, sums in (("sums", self.sums), ("log_sums", self.log_sums)):
            found |= {f"{name}{w}": values.copy() for w, values in sums.items()}
        return found

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on where the engine that was saved had come to.

        Raises:
            ValueError: the state is of another number of series or another length of bucket.
        """
        if {n: v.shape for n, v in state.items()} != {n: v.shape for n, v in self.saved().items()}:
            raise ValueError("the state is of other series or of another length of bucket")
        for name in _STATE:
            setattr(self, name, state[name].copy())
        for sums, name in ((self.sums, "sums"), (self.log_sums, "log_sums")):
            for w in sums:
                sums[w] = state[f"{name}{w}"].copy()
        self._refresh(np.ones(self._edge.shape, dtype=bool))

    def forget(self, rows: NDArray[np.bool_]) -> None:
        """Start anew for these series."""
        fresh = Recurrence(int(rows.sum()), self.seconds).saved()
        for name in _STATE:
            place = (..., rows, slice(None)) if name == "above" else (..., rows)
            getattr(self, name)[place] = fresh[name]
        for sums in (self.sums, self.log_sums):
            for values in sums.values():
                values[rows] = 0.0
        self._refresh(np.broadcast_to(rows, self._edge.shape))

    # -- reading -------------------------------------------------------------------------------------------------------

    def update(self, first: int, counts: Array) -> Readings:
        """Read the next buckets and learn from the hours that end in them.

        Args:
            first: number of the first bucket since 1970, the one after the last that was read, or any to begin with.
            counts: shape (rows, buckets); nan is a bucket that was not observed.
        """
        parts: list[Array] = []
        start, width = 0, counts.shape[1]
        while start < width:
            into = (first + start) % self.per_hour
            stop = min(width, start + self.per_hour - into)
            parts.append(self._piece(first + start, into, np.asarray(counts[:, start:stop].T, dtype=np.float64)))
            if into + stop - start == self.per_hour:
                self._learn(first + stop - 1)
            start = stop
        found = np.concatenate(parts, axis=1) if parts else np.zeros((len(CHANNELS) + len(_TOLD) + 3, 0, len(self.level)))
        fast, rise, hold, slow, *told, expected, deviation, hours = (field.T for field in found)
        return Readings(fast, rise, hold, slow, dict(zip(_TOLD, told, strict=True)), expected, deviation, hours)

    def _piece(self, first: int, into: int, counts: Array) -> Array:
        """The fields of `Readings` for buckets within one hour, shape (fields, buckets, rows)."""
        width = len(counts)
        self.hour[into:into + width] = counts
        known = np.round(np.nan_to_num(counts) * 1024.0) / 1024.0
        level = np.maximum(self.level, _LOWEST)
        logs = np.nan_to_num(np.round(np.log((known + 1.0) / (level + 1.0)) * _EXACT) / _EXACT)
        buckets = np.arange(first, first + width)
        sums = _slide(self.sums, self.past, buckets, known)
        log_sums = _slide(self.log_sums, self.logs, buckets, logs)
        values = self._values(level, sums, log_sums)
        self.peak = np.maximum(self.peak, values.max(axis=1))
        periods = self._periods(values)
        channels = [periods[[STATISTICS.index(name) for name in names]].mean(axis=0) for names in CHANNELS.values()]
        told = [sums[self._buckets(minutes)] for minutes in _TOLD]
        shape = (width, len(self.level))
        still = [np.broadcast_to(value, shape) for value in (self.level, self.deviation, self.age.astype(np.float64))]
        return np.stack([*channels, *told, *still])

    def _values(self, level: Array, sums: Mapping[int, Array], log_sums: Mapping[int, Array]) -> Array:
        """Statistics, shape (statistics, buckets, rows), at least 0; 0 where there is no level yet."""
        def ratio(w: int) -> Array:
            return np.asarray(np.log((sums[w] + _SOFTEN) / (level * w + _SOFTEN)))

        best = np.zeros_like(sums[self.w15])
        for w in self.scans:
            mean, count = level * w, sums[w]
            best = np.fmax(best, np.where(count > mean, count * np.log(np.maximum(count, mean) / mean) - (count - mean), 0.0))
        spreads = [log_sums[w] / w for w in (self.w15, self.w30, self.w60)]
        slow = [ratio(w) for w in (self.w360, self.w1440)]
        values = np.stack([ratio(self.w15), ratio(self.w60), np.log1p(2.0 * best), *spreads, *slow])
        return np.asarray(np.nan_to_num(np.maximum(values, 0.0)))

    def _periods(self, values: Array) -> Array:
        """log10 of the return period in hours, same shape as `values`."""
        scaled = values / _WIDTHS
        low = np.minimum(scaled.astype(np.int64), _BINS - 1)
        part = np.minimum(scaled - low, 1.0)
        low += self._at[:, None]
        above = self.above.reshape(-1)
        reached, further = above.take(low), above.take(low + 1)
        body = self._log_hours - np.log10(np.maximum(reached + part * (further - reached), 1.0))
        tail = self._edge_period[:, None] + (values - self._edge[:, None]) * self._slope[:, None]
        periods = np.where(values > self._edge[:, None], np.minimum(tail, _LARGEST), body)
        return np.asarray(np.where(self.age >= _LEAST_HOURS, np.maximum(periods, 0.0), 0.0))

    # -- learning ------------------------------------------------------------------------------------------------------

    def _learn(self, last: int) -> None:
        """An hour is over: its largest values and its counts become history."""
        observed = np.isfinite(self.hour) & ~self._is_cut_off()
        ready = np.isfinite(self.level) & observed.any(axis=0)
        self._remember(last // self.per_hour % _MEMORY, ready)
        cap = np.where(self.age >= _SETTLED, np.nan_to_num(self.level) + _OUTLIER * self.deviation, np.inf)
        counts = np.where(observed, np.minimum(np.nan_to_num(self.hour), cap), 0.0)
        number = observed.sum(axis=0)
        decay = np.where(number > 0, 0.5 ** (self.block_hours / _HALF_LIFE), 1.0)
        center = np.where(ready, self.level, counts.sum(axis=0) / np.maximum(number, 1))
        self.total = decay * self.total + counts.sum(axis=0)
        self.weight = decay * self.weight + number
        self.square = decay * self.square + np.where(observed, np.square(counts - center), 0.0).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            self.level = np.where(self.weight > 0, self.total / self.weight, np.nan)
            self.deviation = np.sqrt(np.maximum(self.square / self.weight, self.level))
        self.hour = np.full_like(self.hour, np.nan)
        self.peak = np.zeros_like(self.peak)

    def _is_cut_off(self) -> NDArray[np.bool_]:
        """Silent for so long that chance cannot be the reason: the hour says nothing about what is usual."""
        heard = np.nan_to_num(self.hour).sum(axis=0) > 0
        missed = np.isfinite(self.hour).sum(axis=0) * np.nan_to_num(self.level)
        self.silence = np.where(heard, 0.0, self.silence + missed)
        return np.asarray(self.silence > _SILENCE)

    def _remember(self, slot: int, ready: NDArray[np.bool_]) -> None:
        """Count the hour in, and the one that is 21 days old out: only bins between the two change."""
        new = np.minimum((np.minimum(self.peak, self._cap) / _WIDTHS[:, 0]).astype(np.int64), _BINS - 1)
        old = np.where(self.age >= _MEMORY, self.ring[slot].astype(np.int64), -1)
        old = np.where(ready, old, new)
        self.ring[slot] = np.where(ready, new, self.ring[slot])
        length = np.abs(new - old).reshape(-1)
        begin = (self._at + np.minimum(new, old) + 1).reshape(-1)
        within = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
        changed = np.repeat(begin, length) + within
        self.above.reshape(-1)[changed] += np.repeat(np.sign(new - old).reshape(-1), length).astype(np.int16)
        young = self.age <= 3 * _TOP
        self.age = self.age + ready
        self._refresh((np.maximum(new, old) * _WIDTHS[:, 0] >= self._edge - _WIDTHS[:, 0]) | young)

    def _refresh(self, changed: NDArray[np.bool_]) -> None:
        """The tail beyond the tenth largest hour, from the hours that reached each bin; `changed`: (statistics, rows)."""
        hours = np.minimum(self.age, _MEMORY)
        kinds, rows = np.nonzero(changed)
        above = self.above[kinds, rows]
        is_tail = above < np.clip(hours // 3, 2, _TOP)[rows, None]
        edge = np.maximum(_BINS - is_tail.sum(axis=1), 0)  # bin of the tenth largest
        each = np.arange(len(edge))
        at, over = above[each, edge], above[each, edge + 1]
        excess = np.where(is_tail, above, 0).sum(axis=1) * _WIDTHS[kinds, 0, 0]
        tail = (excess + _PRIOR_TAIL * _PRIOR_WEIGHT) / (np.maximum(at - 1, 0) + _PRIOR_WEIGHT)
        self._edge[kinds, rows] = (edge + 0.5) * _WIDTHS[kinds, 0, 0]
        self._number[kinds, rows] = np.maximum(0.5 * (at + over), 1.0)
        self._tail[kinds, rows] = np.maximum(tail, _LEAST_TAIL)
        self._log_hours = np.log10(np.maximum(hours, 1) * self.block_hours)
        self._edge_period = self._log_hours - np.log10(self._number)
        self._slope = 1.0 / (self._tail * math.log(10.0))
        cap = self._edge + (math.log10(_MEMORY * self.block_hours) - self._edge_period) / self._slope
        self._cap = np.where(hours >= _LEAST_HOURS, np.maximum(cap, self._edge), np.inf)


def _slide(sums: dict[int, Array], past: Array, buckets: Whole, fresh: Array) -> dict[int, Array]:
    """Sums over the windows that end with each bucket, shape (buckets, rows); moves `sums` and `past` on."""
    size, width, found = len(past), len(fresh), {}
    for w in sums:
        gone = np.zeros_like(fresh)
        inside = min(w, width)
        gone[:inside] = past[(buckets[:inside] - w) % size]
        gone[inside:] = fresh[:width - inside]
        found[w] = sums[w] + np.cumsum(fresh - gone, axis=0)
        sums[w] = found[w][-1]
    kept = slice(max(0, width - size), width)
    past[buckets[kept] % size] = fresh[kept]
    return found
