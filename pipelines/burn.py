"""Burn rates of a service level over several windows at once, as site reliability engineers alert on them.

The objective says which share of conversations must be answered within the target; the rest is the error budget. A burn rate
is the share that was missed over the share that may be: at 1 the budget is just used up. Each rule asks for a high rate over a
long window, so that it matters, and over a short one, so that it is still going on (Google, *The Site Reliability Workbook*,
chapter 5: 14.4 over an hour, 6 over six hours, 1 over three days, the short window being a twelfth of the long one; here it is
a quarter of an hour at least, the length of a bucket).

Objectives of care are far below the 99.9% those rates were made for: with 80%, everything missed is a rate of 5. So a rule asks
for no more than a share of all (`most`), or it could never hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
DAY = 96  # buckets
_DECAY = 0.5 ** (1 / 7)  # half-life of the usual share: a week
_TIMES = 2.0  # the usual share of what is missed: less is no news


@dataclass(frozen=True, slots=True)
class Rule:
    """Both windows must burn this fast; `most` is the share missed that is always enough."""

    long: int  # buckets
    short: int
    rate: float
    most: float

    def share(self, objective: float) -> float:
        """Share missed from which the rule holds.

        >>> round(RULES[0].share(0.8), 2), round(RULES[0].share(0.99), 3), round(RULES[2].share(0.8), 2)
        (0.9, 0.144, 0.2)
        """
        return min(self.most, self.rate * (1.0 - objective))


RULES = (Rule(4, 1, 14.4, 0.9), Rule(24, 2, 6.0, 0.75), Rule(288, 24, 1.0, 0.6))  # fast, slow, creeping
_REACH = RULES[-1].long - 1


class Burn:
    """State of `rows` brands.

    Args:
        objective: share of conversations that must be answered within the target.
        least: conversations in the long window below which nothing is judged; a quarter of it in the short one.
    """

    def __init__(self, rows: int, objective: float, least: int) -> None:
        self.objective, self.least = objective, least
        self.past = np.zeros((2, rows, _REACH))  # missed and decided conversations of the buckets before
        self.today = np.zeros((2, rows))
        self.usual_counts = np.zeros((2, rows))
        self.days = np.zeros(rows)  # with anything decided

    @property
    def usual(self) -> Array:
        """Usual share of what is missed, nan while nothing is known."""
        missed, decided = self.usual_counts
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(decided > 0, missed / decided, np.nan)

    def read(self, missed: Array, met: Array) -> tuple[Mask, Array]:
        """The next buckets of one day, shape (rows, buckets): which rules hold, shape (rules, rows, buckets), and the missed and
        decided conversations of each rule's long window, shape (rules, 2, rows, buckets)."""
        width = missed.shape[1]
        counts = np.stack((missed, missed + met))
        extended = np.concatenate((self.past, counts), axis=2)
        total = np.concatenate((np.zeros((2, len(missed), 1)), extended.cumsum(axis=2)), axis=2)
        ends = np.arange(_REACH + 1, _REACH + 1 + width)
        holds, sums = [], []
        for rule in RULES:
            long, short = (total[:, :, ends] - total[:, :, ends - w] for w in (rule.long, rule.short))
            share = rule.share(self.objective)
            with np.errstate(invalid="ignore"):
                news = long[0] >= _TIMES * self.usual[:, None] * long[1]
            burns = (long[0] >= share * long[1]) & (short[0] >= share * short[1])
            holds.append(burns & news & (long[1] >= self.least) & (short[1] >= max(1, self.least // 4)))
            sums.append(long)
        self.past = extended[:, :, -_REACH:]
        self.today += counts.sum(axis=2)
        return np.stack(holds), np.stack(sums)

    def learn(self) -> None:
        """A day is over."""
        seen = self.today[1] > 0
        self.usual_counts = np.where(seen, self.usual_counts * _DECAY, self.usual_counts) + self.today
        self.days += seen
        self.today = np.zeros_like(self.today)
