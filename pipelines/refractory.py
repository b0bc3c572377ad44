"""Scores with a refractory period: one high score an episode, for whoever sets a threshold without a cool-down of his own.

A raw score is high for as long as a surge lasts, so that every threshold below it rings for hours. Here what is rare enough for
an alert is told in the bucket in which it is seen. What is more common has time: it is told when it has stopped rising (or one
hour after it began to rise), with the height that it reached. For 12 hours after anything was told only what is five times rarer
is told again. All other buckets carry at most half of what they read, below the least height that is ever told.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
FLOOR = 1.25  # log10 hours: what comes more often than every 18 hours is no episode
AT_ONCE = 2.0  # log10 hours: what comes less often than every 100 hours is told without waiting
_AGAIN = 0.7  # log10: five times rarer
_REFRACTORY_HOURS, _RISE_HOURS = 12.0, 1.0
LARGEST = 9.0  # log10 hours that make a score of 1


class Refractory:
    """State of one series between calls.

    Args:
        bucket_seconds: length of a bucket.
    """

    def __init__(self, bucket_seconds: int) -> None:
        self.hold = max(1, round(_REFRACTORY_HOURS * 3600 / bucket_seconds))
        self.longest = max(1, round(_RISE_HOURS * 3600 / bucket_seconds))
        self.told: list[tuple[int, float]] = []  # (bucket, height) within the refractory period
        self.began: int | None = None  # bucket in which the present rise began
        self.crest, self.crest_at = 0.0, 0
        self.now = 0  # buckets read

    def update(self, heights: Array) -> Array:
        """Scores, 0 to 1, of the next buckets.

        Args:
            heights: shape (buckets,), log10 return periods in hours.
        """
        scores = 0.5 * np.minimum(heights, FLOOR)
        for index, height in enumerate(heights.tolist()):
            found = self._next(height)
            if found is not None:
                scores[index] = found
                self.told.append((self.now, found))
                self.began = None
            self.now += 1
        return np.clip(scores / LARGEST, 0.0, 1.0)

    def _next(self, height: float) -> float | None:
        """The height to tell at this bucket, if any."""
        if self.began is None and height < FLOOR:
            return None
        self.told = [(at, told) for at, told in self.told if self.now - at < self.hold]
        least = max((told + _AGAIN for _, told in self.told), default=FLOOR)
        if height >= max(AT_ONCE, least):
            return height
        if self.began is None:
            if height < least:
                return None
            self.began, self.crest, self.crest_at = self.now, height, self.now
        elif height > self.crest:
            self.crest, self.crest_at = height, self.now
        is_over = self.now > self.crest_at or self.now - self.began >= self.longest
        return self.crest if is_over else None
