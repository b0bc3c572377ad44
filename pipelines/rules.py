"""Alert rules as the vendors of listening tools document them: baselines to compare a detector with.

Each says, for every quarter of an hour, whether it would ring, from volume alone and nothing later. None of the documents
gives a false-alarm rate; what these rules cost and find is measured by `earshot backtest --compare`. Where a document names
several sensitivities, the middle one is taken; after ringing, a rule is silent for its cool-down, an hour unless it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import ConfigError

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
HOUR, DAY, WEEK = 4, 96, 672  # buckets


@dataclass(frozen=True, slots=True)
class Rule:
    """One vendor's rule.

    Attributes:
        says: the rule in words.
        rings: volumes of shape (brands, buckets) -> where it would ring.
        cool_down: buckets of silence after ringing.
    """

    name: str
    says: str
    rings: Callable[[Array], Mask]
    cool_down: int = HOUR

    def alerts(self, volume: Array) -> Iterator[tuple[int, int]]:
        """(row, bucket) of each alert."""
        for row, rung in enumerate(self.rings(volume)):
            silent_until = 0
            for bucket in np.flatnonzero(rung).tolist():
                if bucket >= silent_until:
                    yield row, bucket
                    silent_until = bucket + self.cool_down


def _sums(volume: Array, width: int, ago: int = 0) -> Array:
    """Sum over the `width` buckets that end `ago` buckets before each one, itself included; nan where history is too short."""
    total = np.concatenate((np.zeros((len(volume), 1)), volume.cumsum(axis=1)), axis=1)
    found = np.full(volume.shape, np.nan)
    if volume.shape[1] >= width + ago:
        found[:, width + ago - 1:] = total[:, width:total.shape[1] - ago] - total[:, :total.shape[1] - width - ago]
    return found


def _meltwater(volume: Array) -> Mask:
    return np.asarray((_sums(volume, HOUR) > 2 * _sums(volume, 12 * HOUR, HOUR) / 12) & (_sums(volume, HOUR) >= 10))


def _socialmetrix(volume: Array) -> Mask:
    hours = _sums(volume, HOUR)
    mean, square = _sums(volume, WEEK) / (WEEK / HOUR), _sums(np.nan_to_num(hours) ** 2, WEEK) / WEEK
    found = _sums(volume, DAY) / 24 > mean + 2.0 * np.sqrt(np.maximum(square - mean**2, 0.0))
    found[:, np.arange(volume.shape[1]) % HOUR != HOUR - 1] = False  # checked hourly
    return np.asarray(found)


def _salesforce(volume: Array) -> Mask:
    before = np.stack([_sums(volume, HOUR, weeks * WEEK) for weeks in (1, 2, 3, 4)])
    return np.asarray(_sums(volume, HOUR) > 1.5 * np.maximum(before.max(axis=0), 5.0))


def _agility(volume: Array) -> Mask:
    return np.asarray(_sums(volume, HOUR) > 1.5 * _sums(volume, WEEK, HOUR) / (WEEK / HOUR))


def _mutualmind(volume: Array) -> Mask:
    return np.asarray((volume > 2 * _sums(volume, 6 * HOUR, 1) / (6 * HOUR)) & (volume > 0))


def _wizikey(volume: Array) -> Mask:
    return np.asarray(_sums(volume, DAY) > 2.5 * _sums(volume, WEEK, DAY) / 7)


def _pivony(volume: Array) -> Mask:
    hour = _sums(volume, HOUR) > 2 * _sums(volume, DAY, HOUR) / 24
    day = _sums(volume, DAY) > 1.5 * _sums(volume, WEEK, DAY) / 7
    week = _sums(volume, WEEK) > 1.3 * _sums(volume, 4 * WEEK, WEEK) / 4
    found = hour | day | week
    found[:, np.arange(volume.shape[1]) % (2 * HOUR) != 2 * HOUR - 1] = False  # checked every two hours
    return np.asarray(found)


RULES = {
    rule.name: rule
    for rule in (
        Rule("meltwater", "the last hour is more than twice the mean hour of the 12 before", _meltwater),
        Rule("socialmetrix", "the mean of 24 hours exceeds that of 7 days by 2 standard deviations", _socialmetrix, DAY),
        Rule("salesforce", "the last hour is 1.5 times the same hour of each of the last 4 weeks", _salesforce),
        Rule("agility", "the last hour is more than 150% of the hourly mean of 7 days", _agility),
        Rule("mutualmind", "the last bucket is more than twice the mean of the last 6 hours", _mutualmind),
        Rule("wizikey", "the last day is more than 2.5 times the mean day of the 7 before", _wizikey, DAY),
        Rule("pivony", "an hour against 24, a day against 7 or a week against 4 is too high", _pivony, 2 * HOUR),
    )
}


def rule(name: str) -> Rule:
    """The rule of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in RULES:
        raise ConfigError(f"there is no rule {name!r}; there are: {', '.join(RULES)}.")
    return RULES[name]
