"""Past incidents that are like one: the same brand first, then by what was said, which signal gave it away, and how bad it was.

Likeness, 0 to 1: half for the reasons that both have (topics, terms and intents that added to the excess; Jaccard), a quarter
for the same signal, a quarter for severities that are the same, a ninth of it less for each point between them. Comparable are
those that share a topic or a term (everybody's crises hold complaints), and of the same brand those with the same signal and a
severity within two points.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

COUNT = 3
_CLOSE = 2  # points of severity
_KINDS = ("topic", "term", "intent")
_PAST = """
    WITH judged AS (
        SELECT coalesce(m.incident_id, a.alert_id) AS incident_id, arg_max(a.value, (a.acted_at, a.action_id)) AS verdict
        FROM actions AS a
        LEFT JOIN incident_alerts AS m ON m.alert_id = a.alert_id
        WHERE a.verb = 'verdict' AND a.value IN ('false', 'real') AND a.alert_id IS NOT NULL
        GROUP BY 1
    ),
    worst AS (
        SELECT
            m.incident_id, arg_max(a.signal, (a.severity, a.alert_id)) AS signal,
            list(a.drivers ORDER BY a.alert_id) AS drivers
        FROM incident_alerts AS m
        INNER JOIN alerts AS a ON a.alert_id = m.alert_id
        GROUP BY m.incident_id
    )
    SELECT
        i.incident_id::VARCHAR, i.brand, w.signal, i.tier, i.severity, i.onset_at, i.resolved_at, w.drivers,
        coalesce(j.verdict, '')
    FROM incidents AS i
    INNER JOIN worst AS w ON w.incident_id = i.incident_id
    LEFT JOIN judged AS j ON j.incident_id = i.incident_id
    WHERE i.onset_at <= $until
    ORDER BY i.onset_at, i.incident_id
"""


@dataclass(frozen=True, slots=True)
class Past:
    """An incident as it is compared."""

    incident_id: str
    brand: str
    signal: str
    tier: str
    severity: int
    onset_at: datetime
    resolved_at: datetime | None
    reasons: frozenset[tuple[str, str]]  # (kind, name)
    verdict: str = ""  # false, real

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it is open."""
        return (self.resolved_at - self.onset_at).total_seconds() if self.resolved_at else None


def read(execute: Callable[..., Any], until: datetime) -> list[Past]:
    """Incidents that began up to `until`, oldest first.

    Args:
        execute: runs a statement on a warehouse or on a snapshot of it.
    """
    rows = execute(_PAST, {"until": until}).fetchall()
    return [
        Past(identity, brand, signal, tier, severity, onset_at, resolved_at, _all_reasons(drivers), verdict)
        for identity, brand, signal, tier, severity, onset_at, resolved_at, drivers, verdict in rows
    ]


def _all_reasons(drivers: list[str]) -> frozenset[tuple[str, str]]:
    found: frozenset[tuple[str, str]] = frozenset()
    return found.union(*(reasons(one) for one in drivers))


def reasons(drivers: str) -> frozenset[tuple[str, str]]:
    """What added to an excess, of the JSON that is stored; what is no such list has no reasons.

    >>> sorted(reasons('[{"kind": "topic", "name": "delay", "observed": 9, "expected": 1}, {"kind": "channel", "name": "x"}]'))
    [('topic', 'delay')]
    """
    try:
        found = json.loads(drivers)
        named = [d for d in found if d["kind"] in _KINDS and d["name"] != "other"]
        return frozenset((str(d["kind"]), str(d["name"])) for d in named if d["observed"] > d["expected"])
    except (TypeError, ValueError, KeyError):
        return frozenset()


def comparable(one: Past, known: Iterable[Past], count: int = COUNT) -> list[Past]:
    """The incidents most like `one` that were over before it began."""
    over = (p for p in known if p.incident_id != one.incident_id and p.resolved_at and p.resolved_at <= one.onset_at)
    found = [p for p in over if _is_like(one, p)]
    return sorted(found, key=lambda p: (p.brand != one.brand, -likeness(one, p), -p.onset_at.timestamp()))[:count]


def likeness(one: Past, other: Past) -> float:
    """How much alike two incidents are, 0 to 1."""
    both, either = one.reasons & other.reasons, one.reasons | other.reasons
    shared = len(both) / len(either) if either else 0.0
    return 0.5 * shared + 0.25 * (one.signal == other.signal) + 0.25 * (1 - abs(one.severity - other.severity) / 9)


def _is_like(one: Past, other: Past) -> bool:
    if any(kind != "intent" for kind, _ in one.reasons & other.reasons):
        return True
    return one.brand == other.brand and one.signal == other.signal and abs(one.severity - other.severity) <= _CLOSE
