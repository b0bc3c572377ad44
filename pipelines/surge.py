"""When return periods are a surge worth an alert, and how bad it is: one rule for counts of every kind.

A surge is as rare as the rarest of its channels, where the quick and the slow ones must be rarer to count for as much: *fast* as
it is, *rise* and *slow* by a factor of 2, *hold* by 3. It must also be large: three times what is expected within 15 minutes or
twice within the hour, or one and a half times over 6 hours, each with a least number of mentions, and still going on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.recurrence import Readings

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
MARGINS = {"rise": 0.3, "hold": 0.5, "slow": 0.3}  # log10 return period that a channel must exceed "fast" by
ARMED_HOURS = 60  # hours of history before anything is a surge
WINDOWS = (15, 60, 360, 1440)
_RATIOS = {15: 3.0, 60: 2.0, 360: 1.5}
_CALM = 1.25  # log10 hours: every 18 hours
_LEAST = {15: 0.5, 60: 1.0, 360: 2.0}  # times `least` mentions
_UNITS = (("hour", 1.0, 36.0), ("day", 24.0, 336.0), ("week", 168.0, 1680.0), ("month", 730.5, 17532.0))  # length, up to: hours


@dataclass(frozen=True, slots=True)
class Surge:
    """Per bucket, shape (rows, buckets)."""

    height: Array  # log10 return period in hours
    is_large: Mask  # enough mentions, and enough above what is expected
    is_armed: Mask
    is_calm: Mask  # back in the ordinary


def weigh(readings: Readings, bucket_seconds: int, least: float) -> Surge:
    """Judge counts by their readings.

    Args:
        bucket_seconds: length of a bucket.
        least: mentions in an hour below which nothing is large.
    """
    height = heights(readings)
    expected = {minutes: in_window(readings, minutes, bucket_seconds) for minutes in WINDOWS}
    with np.errstate(invalid="ignore"):
        large = [
            (readings.counts[m] >= _RATIOS[m] * expected[m]) & (readings.counts[m] >= _LEAST[m] * least) for m in _RATIOS
        ]
        continues = readings.counts[60] >= 1.2 * expected[60]
        calm = ~(readings.counts[60] > _RATIOS[60] * expected[60])
    is_large = (large[0] | large[1] | large[2]) & continues
    return Surge(height, np.asarray(is_large), readings.hours >= ARMED_HOURS, np.asarray(calm & (height < _CALM)))


def heights(readings: Readings) -> Array:
    """log10 return periods in hours, the rarest channel's after its margin; shape (rows, buckets)."""
    found = readings.fast
    for channel, margin in MARGINS.items():
        found = np.maximum(found, getattr(readings, channel) - margin)
    return found


def in_window(readings: Readings, minutes: int, bucket_seconds: int) -> Array:
    """Expected mentions in a window of so many minutes, at least one bucket."""
    return np.asarray(readings.expected * max(1, round(minutes * 60 / bucket_seconds)))


def telling_window(readings: Readings, row: int, column: int, bucket_seconds: int) -> int:
    """The window, in minutes, in which a count is furthest above what is expected, in standard deviations of a Poisson count."""
    def excess(minutes: int) -> float:
        expected = float(in_window(readings, minutes, bucket_seconds)[row, column])
        return (float(readings.counts[minutes][row, column]) - expected) / math.sqrt(max(expected, 1.0))

    return max(WINDOWS[:3], key=excess)


def severity(height: float) -> int:
    """1 to 10: twice the log10 of the return period in hours, so 4 is once in four days, 6 in six weeks, 8 in a year.

    >>> [severity(math.log10(hours)) for hours in (1, 100, 1000, 8766, 1e7)]
    [1, 4, 6, 8, 10]
    """
    return max(1, min(10, round(2.0 * height)))


def in_words(height: float) -> str:
    """A return period as a person says it; beyond ten years nothing is known.

    >>> in_words(2.0), in_words(math.log10(21 * 24)), in_words(9.0)
    ('about once in 4 days', 'about once in 3 weeks', 'less than once in 10 years')
    """
    hours = 10.0 ** min(height, 9.0)
    for unit, length, limit in _UNITS:
        if hours < limit:
            number = max(1, round(hours / length))
            return f"about once in {number} {unit}s" if number > 1 else f"about once in {'an' if unit == 'hour' else 'a'} {unit}"
    years = hours / 8766.0
    return f"about once in {round(years)} years" if years < 10 else "less than once in 10 years"
