"""Service level of care: how fast the error budget burns, and how many conversations wait for an answer.

*Service level*: of the conversations that need an answer, which share was not answered within the target
(`[care] first_response_target`), over several windows at once (`pipelines.burn`). An hour in which nearly everything is missed
is a page; six hours, or three days that are worse than the objective, are a watch. Two things must hold besides: the share is at
least twice this brand's usual one, since a brand that always misses its objective learns nothing from an alert, and, but for the
three days, so many missed ones are rarer here than the alert budget says (`pipelines.recurrence`, `pipelines.budget`), since
a night without agents comes every day.

*Backlog*: conversations of the last 24 hours that wait. A watch when there are twice as many as expected and so many are rarer
than the budget says.

A conversation counts where something is decided about it, so what is answered later than a bucket is unanswered at that bucket.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipelines import surge
from pipelines.budget import LEAST, Bar
from pipelines.burn import DAY, RULES, Burn
from pipelines.detectors.base import (
    BUCKET_MINUTES,
    BUCKET_SECONDS,
    Arming,
    Array,
    Block,
    Detector,
    Evidence,
    Subject,
    Verdicts,
    joined,
)
from pipelines.evidence import share_range
from pipelines.recurrence import Readings
from pipelines.recurrence import Recurrence as Engine
from pipelines.statistics import count_range

Mask = NDArray[np.bool_]
_DAYS = 7  # with conversations, before anything is raised
_TIMES = 2.0  # the expected backlog


@dataclass
class State:
    """A fixed number of numbers a brand."""

    brands: tuple[str, ...]
    first: NDArray[np.int64]  # bucket of the first conversation, -1: none yet
    opened: Array  # conversations so far
    waiting: Array  # conversations that wait at the end of the last bucket
    engine: Engine  # return periods of what is missed, then of what waits
    burn: Burn
    page_bar: Bar
    watch_bar: Bar
    highest: Array  # (2, brands): of the unfinished day, what would have been a page and a watch but for its height


class ServiceLevel(Detector):
    """Does care answer in time: burn rate of the error budget, and the backlog?"""

    title: ClassVar[str] = "Service level and backlog of care"
    subject: ClassVar[Subject] = "service"

    objective: float = Field(
        default=0.8, gt=0.0, lt=1.0, description="Share of conversations that should be answered within the target."
    )
    min_count: int = Field(default=12, ge=4, description="Fewest conversations from which anything is judged.")
    page_every: str = Field(
        default="60d", pattern=r"^[1-9]\d*d$", description="The alert budget: at most one false page per brand in this time."
    )
    watch_every: str = Field(
        default="14d", pattern=r"^[1-9]\d*d$", description="At most one watch per brand that is no crisis in this time."
    )

    def start(self, brands: Sequence[str]) -> State:
        count = len(brands)
        return State(
            tuple(brands), np.full(count, -1, dtype=np.int64), np.zeros(count), np.zeros(count),
            Engine(2 * count, BUCKET_SECONDS), Burn(count, self.objective, self.min_count),
            Bar(count, "page", float(self.page_every[:-1])), Bar(count, "watch", float(self.watch_every[:-1])),
            np.zeros((2, count)),
        )

    def update(self, state: State, block: Block) -> Verdicts:
        return joined([self._piece(state, piece) for piece in block.pieces(DAY)])

    def arming(self, state: State) -> list[Arming]:
        return [
            Arming(
                brand=brand, mentions=int(opened), first=int(first) if first >= 0 else None, regular=None, watch=None, page=None
            )
            for brand, first, opened in zip(state.brands, state.first, state.opened, strict=True)
        ]

    def _piece(self, state: State, piece: Block) -> Verdicts:
        brands = len(state.brands)
        opened, left, met, missed = (_counted(piece, f"{name}_count") for name in ("opened", "left", "met", "missed"))
        buckets = np.arange(piece.first, piece.first + piece.width)
        fresh = (state.first < 0) & opened.any(axis=1)
        state.first[fresh] = buckets[(opened[fresh] > 0).argmax(axis=1)]
        state.opened += opened.sum(axis=1)
        balance = state.waiting[:, None] + (opened - left).cumsum(axis=1)
        waiting = np.maximum(balance, 0.0)
        begun = (state.first >= 0)[:, None] & (buckets >= state.first[:, None])
        readings = state.engine.update(piece.first, np.where(np.tile(begun, (2, 1)), np.concatenate((missed, waiting)), np.nan))
        height = np.where(readings.hours >= surge.ARMED_HOURS, surge.heights(readings), 0.0)
        rules, sums = state.burn.read(missed, met)
        known = (state.burn.days >= _DAYS)[:, None]
        usual_waiting = np.nan_to_num(readings.expected[brands:], nan=np.inf)
        grown = (waiting >= self.min_count) & (waiting >= _TIMES * usual_waiting) & known
        found = self._alerts(state, rules & known, grown, height)
        evidence: dict[tuple[int, int], Evidence] = {}
        for row, column in np.argwhere((found > 0).any(axis=0)):
            kind = int((found[:, row, column] > 0).argmax())
            place = int(row), int(column)
            high = float(found[kind, row, column])
            if kind < len(RULES):
                evidence[place] = self._burning(kind, sums[kind, :, row, column], float(state.burn.usual[row]), high)
            else:
                evidence[place] = _backlog(float(waiting[place]), readings, brands + place[0], place[1], high)
        calm = ~(rules.any(axis=0) | grown)
        for place in evidence:
            calm[place] = False
        state.waiting = balance[:, -1]
        if (piece.first + piece.width) % DAY == 0:
            self._learn(state, piece.first // DAY)
        return Verdicts({}, evidence, calm)

    def _alerts(self, state: State, rules: Mask, grown: Mask, height: Array) -> Array:
        """Heights of what is alerted on, 0 where nothing is: the three rules, then the backlog; shape (4, brands, buckets)."""
        brands = len(state.brands)
        missed, waits = height[:brands], height[brands:]
        page, slow, backlog = (np.where(gate, h, 0.0) for gate, h in ((rules[0], missed), (rules[1], missed), (grown, waits)))
        watch = np.maximum(np.maximum(page, slow), backlog)
        state.highest = np.maximum(state.highest, np.stack((page.max(axis=1), watch.max(axis=1))))
        often, seldom = (np.maximum(bar.height, LEAST)[:, None] for bar in (state.watch_bar, state.page_bar))
        found = [np.where(h >= bar, h, 0.0) for h, bar in ((page, seldom), (slow, often), (backlog, often))]
        creeping = np.where(rules[2], np.maximum(missed, 1e-3), 0.0)
        return np.stack((found[0], found[1], creeping, found[2]))

    def _learn(self, state: State, day: int) -> None:
        armed = state.burn.days >= _DAYS
        for bar, highest in ((state.page_bar, state.highest[0]), (state.watch_bar, state.highest[1])):
            bar.learn(day, highest, armed)
        state.highest = np.zeros_like(state.highest)
        state.burn.learn()

    def _burning(self, kind: int, sums: Array, usual: float, height: float) -> Evidence:
        missed, decided = float(sums[0]), float(sums[1])
        low, high = share_range(usual, decided)
        grade = round(np.log10(max(missed, 1.0)))
        return Evidence(
            tier="page" if kind == 0 else "watch", signal="service_level", window_minutes=RULES[kind].long * BUCKET_MINUTES,
            observed=missed / decided, expected=usual, low=low, high=high, rarity=0.0, height=height if height > 0.01 else 0.0,
            severity=int(min(10, 5 + grade) if kind == 0 else min(6, 3 + grade)), onset=RULES[kind].long - 1,
            service=(missed, decided, 1.0 - self.objective),
        )


def _backlog(waiting: float, readings: Readings, row: int, column: int, height: float) -> Evidence:
    expected = float(readings.expected[row, column])
    low, high = count_range(np.array([expected]), 0.15)
    return Evidence(
        tier="watch", signal="backlog", window_minutes=DAY * BUCKET_MINUTES, observed=waiting, expected=expected,
        low=float(low[0]), high=float(high[0]), rarity=0.0, height=height, severity=min(6, surge.severity(height)), onset=3,
    )


def _counted(piece: Block, name: str) -> Array:
    found: Any = piece.counts.get(name)
    return np.zeros((len(piece.brands), piece.width)) if found is None else np.asarray(found)
