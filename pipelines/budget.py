"""The alert budget: from "at most one false page per brand in N days" to the height at which a brand is paged.

A surge's height (`pipelines.surge`) already allows for how restless a brand is. What height comes once in N days when nothing
is wrong was measured on simulated brands of many kinds (`tests/test_budget.py` measures it again), and is where a new brand
begins. From then on each brand's own highest surge of every day, over half a year, takes over: its tenth highest days,
and beyond them an exponential tail, say what comes once in N days *here*. All days count, the bad ones too: what the budget
limits is how often a person is called. A day with a page is of the pages' budget only, not of the watches'.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LEAST = 1.38  # log10 hours: what comes every day is never an alert, whatever the budget
_DAYS = 180
_TOP = 10
_STARTING = 30.0  # days of own history that weigh as much as the simulated brands
_TAIL = 1.0 / math.log(10.0)  # of heights that are log10 of true return periods
# height = at + (log10(days) - log10(every)) / slope: what simulated brands reach once in so many days
_SIMULATED = {"page": (1.7, 10.5, 0.555), "watch": (1.7, 6.3, 0.55)}


def simulated_height(tier: str, days: float) -> float:
    """The height that a simulated brand without a crisis reaches once in so many days.

    >>> round(simulated_height("page", 60), 2), round(simulated_height("watch", 14), 2)
    (3.06, 2.33)
    """
    at, every, slope = _SIMULATED[tier]
    return max(LEAST, at + math.log10(days / every) / slope)


class Bar:
    """The height above which a brand is alerted on, for `rows` brands and one tier; it moves at midnight UTC only.

    Args:
        tier: "page" or "watch".
        days: the budget, one alert in so many days.
    """

    def __init__(self, rows: int, tier: str, days: float) -> None:
        self.start, self.days, self.slope = simulated_height(tier, days), days, _SIMULATED[tier][2]
        self.highest = np.zeros((_DAYS, rows))  # of each day
        self.age = np.zeros(rows, dtype=np.int64)  # days in it
        self.height = np.full(rows, self.start)

    def learn(self, day: int, highest: Array, counts: NDArray[np.bool_], stretch: Array | float = 1.0) -> None:
        """A day is over.

        Args:
            day: its number since 1970.
            highest: shape (rows,), the highest surge of each brand that would have been an alert but for its height, else 0.
            counts: shape (rows,), which brands were armed all day.
            stretch: shape (rows,), by how much verdicts lengthen the budget (`pipelines.verdicts`).
        """
        slot = day % _DAYS
        self.highest[slot] = np.where(counts, highest, self.highest[slot])
        self.age = self.age + counts
        known = np.minimum(self.age, _DAYS)
        ordered = -np.sort(-self.highest, axis=0)[:_TOP]
        top = np.clip(known // 3, 1, _TOP)
        edge = np.take_along_axis(ordered, (top - 1)[None], axis=0)[0]
        excess = np.where(np.arange(_TOP)[:, None] < top, ordered - edge, 0.0).sum(axis=0)
        tail = (excess + _TAIL * _TOP) / (top - 1 + _TOP)
        rank = np.maximum(known, 1) / (self.days * stretch)  # how many of its days should lie above
        beyond = edge + tail * np.log(np.maximum(top / rank, 1e-9))
        place = np.clip(np.round(rank).astype(np.int64) - 1, 0, _TOP - 1)
        own = np.where(rank <= top, np.maximum(beyond, 0.0), np.take_along_axis(ordered, place[None], axis=0)[0])
        weight = known / (known + _STARTING)
        start = self.start + np.log10(stretch) / self.slope
        self.height = np.maximum(LEAST, weight * own + (1.0 - weight) * start)

    def forget(self, rows: NDArray[np.bool_]) -> None:
        """Start anew for these brands."""
        self.highest[:, rows], self.age[rows], self.height[rows] = 0.0, 0, self.start

    def saved(self) -> dict[str, NDArray[Any]]:
        """All state, by name, as `restore` takes it back."""
        return {"highest": self.highest.copy(), "age": self.age.copy(), "height": self.height.copy()}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Go on where the bar that was saved had come to."""
        self.highest, self.age, self.height = (state[name].copy() for name in ("highest", "age", "height"))
