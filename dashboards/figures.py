"""Numbers that more than one page shows, from rows of a snapshot to estimates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboards.query import Row, Snapshot
from dashboards.view import Period, View
from warehouse import metrics

HISTORY = timedelta(days=28)  # from which the usual swing of days is learnt
COUNTS = ("mentions", "positive", "negative", "neutral", "unknown", "unscored", "complaints", "reposts", "reach")


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted for a brand in some span of time."""

    mentions: int = 0
    positive: int = 0
    negative: int = 0
    neutral: int = 0
    unknown: int = 0
    unscored: int = 0
    complaints: int = 0
    reposts: int = 0
    reach: int = 0

    @property
    def scored(self) -> int:
        return self.positive + self.negative + self.neutral

    @property
    def net(self) -> metrics.Estimate | None:
        return metrics.net(self.positive, self.negative, self.neutral)

    @property
    def complaining(self) -> metrics.Estimate | None:
        """Share of complaints among what a model has read."""
        return metrics.share(self.complaints, self.mentions - self.unscored)

    @classmethod
    def total(cls, rows: Iterable[Row]) -> Counts:
        found = list(rows)
        return cls(**{name: sum(int(r[name]) for r in found) for name in COUNTS})


def series(snapshot: Snapshot, view: View, brands: Sequence[str], start: datetime, until: datetime, grain: str) -> list[Row]:
    """Counts of brands per bucket of local time, without empty buckets."""
    return snapshot.rows(
        "counts", brands=tuple(brands), start=start, until=until, grain=grain, zone=snapshot.meta.zone.key, channel=view.channel
    )


def moments(period: Period) -> list[datetime]:
    """Starts of all buckets of the period, in naive local time."""
    step = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}[period.span.grain]
    at, found = period.start.replace(tzinfo=None), []
    while at < period.until.replace(tzinfo=None):
        found.append(at)
        at += step
    return found


def comparable(snapshot: Snapshot, view: View, period: Period, brand: str) -> str:
    """Why the period before says nothing, or "" when it can be compared with."""
    if not view.compare:
        return "comparison is off"
    known = snapshot.brand(brand)
    if known is None or known.first_at is None:
        return "nothing before"
    first = snapshot.local(known.first_at)
    if first > period.before_start + timedelta(hours=1):
        return f"nothing before {first.day} {first:%b}"
    return ""


def swing(snapshot: Snapshot, view: View, brand: str, period: Period) -> float:
    """How much more than chance this brand's days differ by themselves, over the four weeks before the period."""
    rows = series(snapshot, view, [brand], period.start - HISTORY, period.start, "day")
    known = snapshot.brand(brand)
    if known is None or known.first_at is None:
        return 1.0
    first = snapshot.local(max(known.first_at, period.start - HISTORY)).replace(tzinfo=None)
    counts = {r["at_local"]: int(r["mentions"]) for r in rows}
    days = (period.start.replace(tzinfo=None) - first).days
    start = period.start.replace(tzinfo=None, hour=0)
    full = [counts.get(start - timedelta(days=i + 1), 0) for i in range(max(0, days))]
    return metrics.dispersion(full)
