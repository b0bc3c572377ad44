"""Incidents: what people are told about. Alerts on one brand that overlap, or follow each other closely, are one incident.

- *onset*: the first alert of a brand that has no open incident. The incident keeps that alert's id.
- *escalated*: a watch has become a page, an alert of it got worse than all before, or one that joins is worse by `escalate_by`
  points at least. Told at once, whatever else is waiting.
- *resolved*: all of its alerts have ended and none has begun for `resolve_after`: what comes within that time joins, silently
  unless it is worse.

Severity, 1 to 10, is the worst of its alerts' so far, which come from the formula in `pipelines/detectors`; 10 is for pages, a
watch has 9 at most. A watch that becomes a page is worse by a point at least, so every escalation has a severity of its own.
Longevity is the time from the first onset to the end.

States are only ever added, in the order in which alerts reached theirs. Merging again adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import duckdb

from pipelines.settings import Settings, span

Tier = Literal["page", "watch"]
_FRESH = """
    SELECT s.alert_id::VARCHAR, s.position, a.brand, s.state, s.tier, s.severity, s.reached_at
    FROM alert_states AS s
    INNER JOIN alerts AS a ON a.alert_id = s.alert_id
    LEFT JOIN incident_alerts AS m ON m.alert_id = s.alert_id
    WHERE s.position >= coalesce(m.state_count, 0)
    ORDER BY s.reached_at, a.fired_at, s.alert_id, s.position
"""
_OPEN = """
    SELECT i.incident_id::VARCHAR, i.brand, i.tier, i.severity,
        (SELECT count(*) FROM incident_states AS s WHERE s.incident_id = i.incident_id), m.alert_id::VARCHAR, t.position, t.state,
        t.reached_at
    FROM incidents AS i
    INNER JOIN incident_alerts AS m ON m.incident_id = i.incident_id
    INNER JOIN alert_states AS t ON t.alert_id = m.alert_id AND t.position = m.state_count - 1
    WHERE i.state <> 'resolved'
    ORDER BY i.incident_id, t.reached_at, m.alert_id
"""


@dataclass(frozen=True, slots=True)
class Event:
    """A state that an alert has reached."""

    alert_id: str
    position: int
    brand: str
    state: str
    tier: Tier
    severity: int
    reached_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """A state of an incident: what people get a message about, and the alert's state that it rests on."""

    incident_id: str
    position: int
    state: str
    tier: Tier
    severity: int
    reached_at: datetime
    alert_id: str
    alert_position: int


@dataclass(slots=True)
class Incident:
    """One that is not over yet: `last` is the newest state of each of its alerts."""

    incident_id: str
    tier: Tier
    severity: int
    states: int  # how many have been told
    last: dict[str, Event] = field(default_factory=dict)

    @property
    def ended(self) -> Event | None:
        """What ended its last alert; None while one of them is open."""
        if any(event.state != "resolved" for event in self.last.values()):
            return None
        return max(self.last.values(), key=lambda e: (e.reached_at, e.alert_id))


class Merger:
    """Takes in alerts' states and gives incidents' states.

    Args:
        by_brand: incidents that are not over yet.
        escalate_by: points of severity by which an alert that joins must be worse than the incident to be told.
        resolve_after: how long after its last alert has ended an incident is over.
    """

    def __init__(self, by_brand: dict[str, Incident], *, escalate_by: int, resolve_after: timedelta) -> None:
        self.by_brand, self.escalate_by, self.resolve_after = by_brand, escalate_by, resolve_after
        self.told: list[Told] = []
        self.members: dict[str, tuple[str, int]] = {}  # alert -> (incident, states taken in)

    def merge(self, events: Iterable[Event], sealed_at: datetime) -> None:
        """Take in states in the order in which they were reached; incidents that ended before `sealed_at` are closed."""
        for event in events:
            self._close(event.brand, event.reached_at)
            incident = self.by_brand.get(event.brand)
            if incident is None:
                if event.position > 0:  # nothing follows the end of an alert, and an incident outlives its alerts
                    continue
                self._open(event)
            else:
                self._take(incident, event)
        for brand in list(self.by_brand):
            self._close(brand, sealed_at)

    def _open(self, event: Event) -> None:
        incident = Incident(event.alert_id, event.tier, _capped(event.severity, event.tier), 0, {event.alert_id: event})
        self.by_brand[event.brand] = incident
        self._tell(incident, "onset", event, event.reached_at)

    def _take(self, incident: Incident, event: Event) -> None:
        joins = event.alert_id not in incident.last
        incident.last[event.alert_id] = event
        self.members[event.alert_id] = (incident.incident_id, event.position + 1)
        if event.state == "resolved":
            return
        least = incident.severity + (self.escalate_by if joins else 1)
        promoted = event.tier == "page" and incident.tier == "watch"
        tier: Tier = "page" if promoted else incident.tier
        severity = _capped(max(event.severity, incident.severity + promoted), tier)
        if promoted or severity >= least:
            incident.severity, incident.tier = severity, tier
            self._tell(incident, "escalated", event, event.reached_at)

    def _close(self, brand: str, at: datetime) -> None:
        incident = self.by_brand.get(brand)
        ended = incident.ended if incident else None
        if incident and ended and ended.reached_at + self.resolve_after <= at:
            self._tell(incident, "resolved", ended, ended.reached_at + self.resolve_after)
            del self.by_brand[brand]

    def _tell(self, incident: Incident, state: str, event: Event, reached_at: datetime) -> None:
        self.told.append(Told(
            incident.incident_id, incident.states, state, incident.tier, incident.severity, reached_at, event.alert_id,
            event.position,
        ))
        self.members[event.alert_id] = (incident.incident_id, event.position + 1)
        incident.states += 1


def _capped(severity: int, tier: Tier) -> int:
    return min(severity, 10 if tier == "page" else 9)


def merge(connection: duckdb.DuckDBPyConnection, settings: Settings, *, now: datetime) -> int:
    """Bring incidents up to date with `alerts` and `alert_states`; returns how many states are new.

    Args:
        connection: the warehouse, inside a transaction.
        now: an incident ends once the data reach beyond its end, at `now` at the latest.
    """
    events = [Event(*row) for row in connection.execute(_FRESH).fetchall()]
    by_brand = _open_incidents(connection)
    if not events and not by_brand:
        return 0
    row = connection.execute("SELECT max(published_at) FROM mentions WHERE published_at <= ?", [now]).fetchone()
    rules = settings.incidents
    merger = Merger(by_brand, escalate_by=rules.escalate_by, resolve_after=span(rules.resolve_after))
    merger.merge(events, row[0] if row and row[0] else now)
    _write(connection, merger, {event.alert_id: event.position + 1 for event in events})
    return len(merger.told)


def _open_incidents(connection: duckdb.DuckDBPyConnection) -> dict[str, Incident]:
    found: dict[str, Incident] = {}
    for row in connection.execute(_OPEN).fetchall():
        incident_id, brand, tier, severity, states, alert_id, position, state, reached_at = row
        incident = found.setdefault(brand, Incident(incident_id, tier, severity, states))
        incident.last[alert_id] = Event(alert_id, position, brand, state, tier, severity, reached_at)
    return found


def _write(connection: duckdb.DuckDBPyConnection, merger: Merger, taken: dict[str, int]) -> None:
    """Write new states and who belongs where; an alert's states that led to nothing count as taken in too."""
    for alert_id, (incident_id, count) in merger.members.items():
        count = max(count, taken.get(alert_id, 0))
        connection.execute("DELETE FROM incident_alerts WHERE alert_id = ?::UUID", [alert_id])
        connection.execute("INSERT INTO incident_alerts VALUES (?::UUID, ?::UUID, ?)", [alert_id, incident_id, count])
    for told in merger.told:
        connection.execute(
            "INSERT INTO incident_states VALUES (?::UUID, ?, ?, ?, ?, ?, ?::UUID, ?)",
            [told.incident_id, told.position, told.state, told.tier, told.severity, told.reached_at, told.alert_id,
             told.alert_position],
        )
