"""Has what a model says of a source changed beyond chance? Judged week by week against the four weeks before.

A week is judged when it is over and both it and the weeks before hold enough mentions. Shares are compared by Newcombe's
interval, mean confidence by the normal one. Weeks differ by more than chance: every interval is wider by what weeks usually
differ (`SWING`), and by as much again as these weeks before differ among themselves (quasi-likelihood: the square root of
Pearson's statistic over its degrees of freedom, McCullagh and Nelder 1989). What is left after correcting for all comparisons of
a week (Benjamini-Hochberg, `LEVEL`) is a drift only where it is large enough to matter. One drift is told once: the weeks that
are compared with it are not judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from warehouse import metrics
from warehouse.metrics import Change, Estimate

Row = Mapping[str, Any]  # of model_health_weekly
WEEKS = 4  # before, that a week is compared with
FEWEST_WEEKS = 2  # of those, that have enough mentions
FEWEST = 100  # mentions, in a week
LEVEL = 0.01
SWING = 0.2  # standard deviation from week to week of the logarithm of a share's odds, where nothing has changed
SWING_CONFIDENCE = 0.01  # the same of mean confidence
POINTS = 0.10  # of a share: less is not told
CONFIDENCE = 0.05  # of mean confidence
WEEK = timedelta(days=7)
_SLACK = timedelta(hours=12)  # clocks change
# Count, of which count it is a share, and how it reads.
SHARES = (
    ("language_count", "mention_count", "in a language that the model does not read"),
    ("low_confidence_count", "mention_count", "too unclear to score"),
    ("nothing_count", "mention_count", "without a text to read"),
    ("negative_count", "scored_count", "negative"), ("neutral_count", "scored_count", "neutral"),
    ("positive_count", "scored_count", "positive"), ("complaint_count", "read_count", "complaints"),
    ("request_count", "read_count", "requests"), ("praise_count", "read_count", "praise"),
    ("recommendation_count", "read_count", "recommendations"), ("warning_count", "read_count", "warnings"),
    ("churn_risk_count", "read_count", "wanting to leave"), ("purchase_intent_count", "read_count", "wanting to buy"),
    ("suggestion_count", "read_count", "suggestions"), ("urgent_count", "read_count", "urgent"),
    ("irrelevant_count", "read_count", "irrelevant"), ("needs_response_count", "read_count", "needing an answer"),
)


@dataclass(frozen=True, slots=True)
class Drift:
    """One source whose week differs from the weeks before in what one model says of it: the largest difference stands for it."""

    source: str
    model: str
    week_at: datetime
    what: str  # how the share reads; "mean confidence"
    now: Estimate
    before: Estimate
    change: Change

    @property
    def sentence(self) -> str:
        """What changed, with its interval and bases."""
        figures = (
            f"{_percent(self.now.value)} ({_percent(self.now.low)} to {_percent(self.now.high)}, n = {self.now.n:,}), after "
            f"{_percent(self.before.value)} in the weeks before (n = {self.before.n:,})"
        )
        if self.what == "mean confidence":
            return f"The model's mean confidence on {self.source} was {figures}."
        return f"Of what {self.source} gave, the share {self.what} was {figures}."


def find(rows: Sequence[Row], *, until: datetime) -> list[Drift]:
    """Every drift, oldest first.

    Args:
        rows: of model_health_weekly.
        until: weeks that end later are not over, and not judged.
    """
    ordered = sorted(rows, key=lambda r: (r["source"], r["model"], r["week_at"]))
    found = []
    for _, group in groupby(ordered, key=lambda r: (r["source"], r["model"])):
        weeks, told = list(group), None
        for week in weeks:
            at = week["week_at"]
            if at + WEEK - _SLACK > until or (told is not None and at - told < (WEEKS + 1) * WEEK - _SLACK):
                continue
            before = [w for w in weeks if timedelta() < at - w["week_at"] < WEEKS * WEEK + _SLACK]
            if (drift := _judged(week, before)) is not None:
                told = at
                found.append(drift)
    return sorted(found, key=lambda d: (d.week_at, d.source))


def _judged(week: Row, before: Sequence[Row]) -> Drift | None:
    """The largest difference of a week that is neither chance nor small."""
    seen = []
    for count, whole, what in SHARES:
        base = [w for w in before if w[whole] >= FEWEST]
        if week[whole] >= FEWEST and len(base) >= FEWEST_WEEKS:
            seen.append((what, POINTS, *_share(week, base, count, whole)))
    base = [w for w in before if w["scored_count"] >= FEWEST]
    if week["scored_count"] >= FEWEST and len(base) >= FEWEST_WEEKS:
        seen.append(("mean confidence", CONFIDENCE, *_mean(week, base)))
    real = [
        (abs(change.value) / least, what, now, then, change)
        for (what, least, now, then, _), change in zip(seen, metrics.judge([s[4] for s in seen], LEVEL), strict=True)
        if change.real and abs(change.value) >= least
    ]
    if not real:
        return None
    _, what, now, then, change = max(real, key=lambda r: r[0])
    return Drift(week["source"], week["model"], week["week_at"], what, now, then, change)


def _share(week: Row, base: Sequence[Row], count: str, whole: str) -> tuple[Estimate, Estimate, Change]:
    n = sum(w[whole] for w in base)
    now, then = metrics.share(week[count], week[whole]), metrics.share(sum(w[count] for w in base), n)
    if now is None or then is None:
        raise ValueError("a share needs observations")
    spread = max(then.value * (1 - then.value), 1 / n)
    pearson = sum((w[count] - w[whole] * then.value) ** 2 / (w[whole] * spread) for w in base)
    usual = SWING * then.value * (1 - then.value)
    return now, then, _widened(metrics.change(now, then), pearson, usual, len(base))


def _mean(week: Row, base: Sequence[Row]) -> tuple[Estimate, Estimate, Change]:
    n = sum(w["scored_count"] for w in base)
    mean = sum(w["confidence"] * w["scored_count"] for w in base) / n
    deviation = math.sqrt(sum(w["confidence_deviation"] ** 2 * w["scored_count"] for w in base) / n) or 1e-6
    now = _normal(week["confidence"], week["confidence_deviation"], week["scored_count"])
    then = _normal(mean, deviation, n)
    pearson = sum(w["scored_count"] * ((w["confidence"] - mean) / deviation) ** 2 for w in base)
    return now, then, _widened(metrics.change(now, then), pearson, SWING_CONFIDENCE, len(base))


def _normal(mean: float, deviation: float, n: int) -> Estimate:
    half = metrics.Z * deviation / math.sqrt(n)
    return Estimate(mean, mean - half, mean + half, n)


def _widened(change: Change, pearson: float, usual: float, weeks: int) -> Change:
    """The change with its interval as much wider as weeks differ by themselves.

    Args:
        pearson: statistic of the weeks before.
        usual: standard deviation from week to week.
        weeks: before.
    """
    by = math.sqrt(max(1.0, pearson / (weeks - 1)))
    more = metrics.Z * usual * math.sqrt(1 + 1 / weeks)
    low = change.value - math.hypot(by * (change.value - change.low), more)
    high = change.value + math.hypot(by * (change.high - change.value), more)
    towards_zero = change.value - low if change.value > 0 else high - change.value
    return Change(change.value, low, high, metrics.two_sided(change.value, towards_zero))


def _percent(share: float) -> str:
    return f"{max(0.0, share):.0%}"
