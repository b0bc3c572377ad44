"""The past, or simulated crises, through a detector or a vendor's rule: what it would have raised, and how good that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

from pipelines.crises import Event
from pipelines.detectors.base import BUCKET_MINUTES, Block, Detector
from pipelines.episodes import Tracker
from pipelines.errors import ConfigError
from pipelines.registry import kinds, load
from pipelines.rules import RULES, Rule
from pipelines.settings import Settings

BUCKETS_A_MONTH = 96 * 30.44


@dataclass(frozen=True, slots=True)
class Alerted:
    """One alert; buckets are counted since 1970. `page` is when it became a page, None: it stayed a watch."""

    brand: str
    onset: int
    fired: int
    ended: int | None
    page: int | None
    severity: int  # at its worst, 0 where a rule has none


@dataclass(frozen=True, slots=True)
class Quality:
    """How a rule did on events that are known."""

    crises: int
    recall: float  # share of crises with an alert between onset and end
    recall_hour: float  # share with one within an hour
    paged: float  # share that became a page
    precision: float  # share of alerts that are about a crisis
    delay_minutes: float | None  # median of the crises found
    false_per_brand_month: float
    false_pages_per_brand_month: float

    def rounded(self) -> dict[str, Any]:
        """As written into files and compared by tests."""
        return {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(self).items()}


def candidate(settings: Settings | None, name: str, **options: Any) -> Detector | Rule:
    """A stanza of earshot.toml, a kind of detector with its defaults, or a vendor's rule.

    Args:
        options: fields of a detector that replace those of its stanza, such as page_every.

    Raises:
        ConfigError: there is nothing of that name.
    """
    if name in RULES:
        return RULES[name]
    if settings is not None and name in settings.detectors:
        detector: Detector = settings.plugin("detectors", name)
        return detector.model_copy(update=options) if options else detector
    if name in kinds("detectors"):
        fresh: Detector = load("detectors", name)(kind=name, name=name, **options)
        return fresh
    known = [*(settings.detectors if settings else ()), *kinds("detectors"), *RULES]
    raise ConfigError(f"there is no rule {name!r}; there are: {', '.join(dict.fromkeys(known))}.")


def replay(rule: Detector | Rule, blocks: Iterable[Block]) -> list[Alerted]:
    """Everything that a rule raises on consecutive blocks of the same brands, oldest first."""
    given = list(blocks)
    if not given:
        return []
    found = _rung(rule, given) if isinstance(rule, Rule) else _detected(rule, given)
    return sorted(found, key=lambda a: (a.fired, a.brand))


def _rung(rule: Rule, blocks: Sequence[Block]) -> list[Alerted]:
    if any(a.first + a.width != b.first for a, b in pairwise(blocks)):
        raise ConfigError(f"the rule {rule.name!r} needs a history without months of silence; name a span with --from and --to.")
    volume = np.concatenate([block.counts["mention_count"] for block in blocks], axis=1)
    first, brands = blocks[0].first, blocks[0].brands
    return [Alerted(brands[row], first + at, first + at, first + at, first + at, 0) for row, at in rule.alerts(volume)]


def _detected(detector: Detector, blocks: Sequence[Block]) -> list[Alerted]:
    state, tracker = detector.start(blocks[0].brands), Tracker(detector, blocks[0].brands)
    episodes = []
    for block in blocks:
        episodes += tracker.update(block.first, detector.update(state, block))
    return [
        Alerted(
            e.brand, e.onset, e.transitions[0].bucket, e.ended, next((t.bucket for t in e.transitions if t.tier == "page"), None),
            max(t.severity for t in e.transitions),
        )
        for e in episodes
    ]


@dataclass(frozen=True, slots=True)
class Tally:
    """Alerts set against what really happened, as counts.

    Attributes:
        delays: minutes from the onset to the end of the bucket that gave it away, one for each crisis that was found.
        paged: crises that became a page.
        told: alerts about a crisis.
        false: alerts about none; a watch on a harmless event, such as a source that stops, is neither right nor wrong.
    """

    crises: int
    delays: tuple[int, ...]
    paged: int
    told: int
    false: tuple[Alerted, ...]

    @property
    def false_pages(self) -> int:
        return sum(a.page is not None for a in self.false)


def tally(alerts: Sequence[Alerted], events: Sequence[Event], first: int) -> Tally:
    """Count alerts against events, of every brand that was watched, whose buckets count from `first`."""
    crises = [event for event in events if event.is_crisis]
    delays: list[int] = []
    paged = 0
    told: set[Alerted] = set()
    for crisis in crises:
        hits = [a for a in alerts if a.brand == crisis.brand and _during(a, crisis, first)]
        told.update(hits)
        if hits:
            delays.append((max(min(a.fired for a in hits) - first - crisis.onset, 0) + 1) * BUCKET_MINUTES)
        paged += any(a.page is not None for a in hits)
    harmless = [event for event in events if not event.is_crisis]
    noted = {a for a in alerts if a.page is None and any(a.brand == e.brand and _during(a, e, first) for e in harmless)}
    return Tally(len(crises), tuple(delays), paged, len(told), tuple(a for a in alerts if a not in told and a not in noted))


def quality(alerts: Sequence[Alerted], events: Sequence[Event], first: int, buckets: int) -> Quality:
    """Compare alerts with what really happened. A watch on a harmless event, such as a source that stops, is neither right nor
    wrong; a page on one is wrong.

    Args:
        events: one or more a brand, of every brand that was watched.
        first: bucket from which the events count.
        buckets: how many buckets each brand was watched.
    """
    found = tally(alerts, events, first)
    crises, delays = max(found.crises, 1), found.delays
    months = len({event.brand for event in events}) * buckets / BUCKETS_A_MONTH
    return Quality(
        found.crises, len(delays) / crises, sum(d <= 60 for d in delays) / crises, found.paged / crises,
        found.told / max(found.told + len(found.false), 1), float(median(delays)) if delays else None,
        len(found.false) / months, found.false_pages / months,
    )


def _during(alert: Alerted, event: Event, first: int) -> bool:
    """Raised within the event, or raised before it and still open when it became a page within it."""
    moments = [alert.fired] if alert.page is None else [alert.fired, alert.page]
    return any(event.onset <= at - first < event.end for at in moments)
