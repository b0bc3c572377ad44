"""Numbers that more than one page shows, from rows of a snapshot to estimates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from dashboards import words
from dashboards.query import Row, Snapshot
from dashboards.view import Period, View
from warehouse import metrics

HISTORY = timedelta(days=28)  # from which the usual swing of days is learnt


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted for a brand in some span of time: of what was collected, and what that is estimated to stand for.

    `squared` are sums of the squares of weights. `public` leaves private messages out, `read` what no model could read.
    """

    mentions: int = 0
    positive: int = 0
    negative: int = 0
    neutral: int = 0
    unknown: int = 0
    unscored: int = 0
    read: int = 0
    complaints: int = 0
    reposts: int = 0
    reach: int = 0
    public: int = 0
    estimated: float = 0
    estimated_positive: float = 0
    estimated_negative: float = 0
    estimated_neutral: float = 0
    estimated_unknown: float = 0
    estimated_unscored: float = 0
    estimated_public: float = 0
    squared: float = 0
    squared_public: float = 0

    @property
    def scored(self) -> int:
        return self.positive + self.negative + self.neutral

    @property
    def net(self) -> metrics.Estimate | None:
        return metrics.net(self.positive, self.negative, self.neutral)

    @property
    def complaining(self) -> metrics.Estimate | None:
        """Share of complaints among what a model has read."""
        return metrics.share(self.complaints, self.read)

    @property
    def effective(self) -> float:
        """How many mentions that stand for themselves say as much."""
        return metrics.effective(self.estimated, self.squared)

    @classmethod
    def total(cls, rows: Iterable[Row]) -> Counts:
        found = list(rows)
        return cls(**{f.name: sum(r[f.name] for r in found) for f in fields(cls)})


def sampled(estimated: float, collected: int) -> str:
    """A note on a count of which only a part was collected, "" where all of it was.

    >>> sampled(10_000.2, 1000), sampled(7.0, 7)
    ('estimated from 1,000 collected', '')
    """
    return "" if round(estimated) == collected else f"estimated from {words.count(collected)} collected"


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
    counts = {r["at_local"]: round(r["estimated"]) for r in rows}
    days = (period.start.replace(tzinfo=None) - first).days
    start = period.start.replace(tzinfo=None, hour=0)
    full = [counts.get(start - timedelta(days=i + 1), 0) for i in range(max(0, days))]
    return metrics.dispersion(full)
