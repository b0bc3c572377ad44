"""The outbox in the warehouse: a row of `deliveries` for each state of an incident and each notifier that wants it.

`plan` brings in what is new, takes in what people did, and says what may be sent now; `note` writes what came of it. Both are one
transaction each. Nothing is ever taken out: a row ends as `sent`, or as `skipped` with its reason.

Not sent, but kept as `skipped`: states older than a day before the data's watermark, so that loading a long history does not
page anybody about last year, and what `routing` finds that nobody needs to be told any more.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from pipelines import approvals, incidents, playbook, registry, routing, wording
from pipelines.approvals import Question
from pipelines.detectors.base import SOURCE
from pipelines.notifiers.base import Notifier
from pipelines.records import Alert
from pipelines.routing import Case, Waiting
from pipelines.settings import Settings, span
from pipelines.store import transaction
from warehouse import links
from warehouse.actions import Action, Standing, standing

OLD = timedelta(hours=24)
_STATES = """
    SELECT s.incident_id::VARCHAR, a.detector, a.signal, i.brand, s.tier, s.state, s.severity, i.onset_at, i.fired_at,
        s.reached_at, t.observed, t.expected, t.low, t.high, t.window_minutes, t.summary, i.alert_count, a.drivers,
        a.example_ids::VARCHAR[]
    FROM incident_states AS s
    INNER JOIN incidents AS i ON i.incident_id = s.incident_id
    INNER JOIN alert_states AS t ON t.alert_id = s.alert_id AND t.position = s.alert_position
    INNER JOIN alerts AS a ON a.alert_id = s.alert_id
    ORDER BY i.fired_at, s.incident_id, s.position
"""
_ACTIONS = """
    SELECT coalesce(m.incident_id, a.alert_id)::VARCHAR, a.action_id, a.verb, a.actor, a.value, a.acted_at, coalesce(a.via, '')
    FROM actions AS a LEFT JOIN incident_alerts AS m ON m.alert_id = a.alert_id
    WHERE a.alert_id IS NOT NULL ORDER BY a.acted_at, a.action_id
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt; an error of None: accepted."""

    notifier: str
    alert: Alert
    error: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now.

    Attributes:
        sends: for each notifier, the oldest incident first and its states in order.
        waiting: how many deliveries are neither sent nor skipped, those of `sends` among them.
        asked: questions that were put to a person by this very plan.
    """

    sends: dict[str, list[Alert]]
    waiting: int
    asked: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """A delivery as stored."""

    key: str
    status: str
    incident_id: str
    created_at: datetime


def plan(connection: duckdb.DuckDBPyConnection, settings: Settings, notifiers: dict[str, Notifier], now: datetime) -> Plan:
    """Bring the outbox up to date and say what may be sent."""
    with transaction(connection):
        incidents.merge(connection, settings, now=now)
        states = read_states(connection, settings)
        _enqueue(connection, settings, notifiers, states, now)
        actions = read_actions(connection)
        approvals.settle(connection, [a for found in actions.values() for a in found], now)
        deciding = _Deciding(connection, settings, [alert for alert, _ in states], actions, now)
        sends = {name: deciding.of(name, notifier) for name, notifier in notifiers.items()}
        asked = approvals.ask(connection, settings, deciding.unasked, now)
    return Plan(sends, deciding.waiting, asked)


def read_states(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[tuple[Alert, datetime]]:
    """Every state of every incident as what a notifier is handed, with when it was reached, in the order of sending."""
    is_simulated = any(
        registry.load("sources", str(stanza.get("kind"))).simulated for stanza in settings.sources.values()
    )
    found = []
    for row in connection.execute(_STATES).fetchall():
        identity, detector, signal, brand, tier, state, severity, onset_at, fired_at, reached_at, *figures = row
        observed, expected, low, high, window_minutes, summary, alert_count, drivers, example_ids = figures
        if state == "resolved" and alert_count > 1:
            summary += f" {alert_count} alerts were told as this one incident. {wording.over(settings, onset_at, reached_at)}"
        found.append((Alert(
            alert_id=identity, detector=detector, signal=signal, brand=brand, brand_name=wording.brand_name(settings, brand),
            tier=tier, state=state, severity=severity, onset_at=onset_at, fired_at=fired_at,
            resolved_at=reached_at if state == "resolved" else None, observed=observed, expected=expected, low=low, high=high,
            window_minutes=window_minutes, summary=summary, drivers=tuple(json.loads(drivers)), example_ids=tuple(example_ids),
            is_simulated=is_simulated,
        ), reached_at))
    return found


def read_actions(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Action]]:
    """What people did, by incident, oldest first."""
    found: dict[str, list[Action]] = {}
    for incident_id, action_id, verb, actor, value, acted_at, via in connection.execute(_ACTIONS).fetchall():
        found.setdefault(incident_id, []).append(Action(
            action_id=action_id, alert_id=incident_id, verb=verb, actor=actor, value=value, acted_at=acted_at, via=via
        ))
    return found


def _enqueue(
    connection: duckdb.DuckDBPyConnection, settings: Settings, notifiers: dict[str, Notifier],
    states: Sequence[tuple[Alert, datetime]], now: datetime,
) -> None:
    """A row for each new state and each notifier that wants it."""
    known = set(connection.execute("SELECT notifier, delivery_key FROM deliveries").fetchall())
    row = connection.execute("SELECT max(published_at) FROM mentions WHERE published_at <= ?", [now]).fetchone()
    oldest = (row[0] if row and row[0] else now) - OLD
    fresh: list[list[Any]] = []
    for name, notifier in notifiers.items():
        for alert, reached_at in states:
            if (name, alert.key) in known or not routing.wants(settings, notifier, alert):
                continue
            is_old = reached_at < oldest
            reason = "not sent: more than a day older than the newest mention when it was found" if is_old else None
            fresh.append([alert.alert_id, name, alert.state, alert.key, "skipped" if is_old else "pending", reason, now])
    if fresh:
        connection.executemany(
            "INSERT INTO deliveries (alert_id, notifier, alert_state, delivery_key, status, attempt_count, last_error, "
            "created_at) VALUES (?::UUID, ?, ?, ?, ?, 0, ?, ?)", fresh,
        )


class _Deciding:
    """Asks `routing` about every notifier and incident, and writes what is skipped."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, settings: Settings, states: list[Alert], actions: dict[str, list[Action]],
        now: datetime,
    ) -> None:
        self.connection, self.settings, self.now = connection, settings, now
        self.zone = ZoneInfo(settings.project.timezone)
        self.by_incident: dict[str, list[Alert]] = {}
        for alert in states:
            self.by_incident.setdefault(alert.alert_id, []).append(alert)
        self.standing = {incident: standing(found) for incident, found in actions.items()}
        self.rows: dict[str, dict[str, _Row]] = {}
        self.told_at: dict[str, datetime] = {}
        for name, *values in connection.execute(
            "SELECT notifier, delivery_key, status, alert_id::VARCHAR, created_at FROM deliveries"
        ).fetchall():
            row = _Row(*values)
            self.rows.setdefault(name, {})[row.key] = row
            self.told_at[row.key] = min(row.created_at, self.told_at.get(row.key, row.created_at))
        self.choices = approvals.choices(connection)
        self.unasked: dict[str, tuple[Alert, list[str]]] = {}  # by key: what must be asked, and who it would go to
        self.waiting = 0

    def of(self, name: str, notifier: Notifier) -> list[Alert]:
        """What this notifier may be sent now."""
        rows, sends = self.rows.get(name, {}), []
        told = {row.incident_id for row in rows.values() if row.status == "sent"}
        open_ = dict.fromkeys(row.incident_id for row in rows.values() if row.status == "pending")
        for incident in (i for i in self.by_incident if i in open_):
            waiting = [
                Waiting(alert, self.told_at[alert.key]) for alert in self.by_incident[incident]
                if alert.key in rows and rows[alert.key].status == "pending"
            ]
            case = Case(
                notifier, self.standing.get(incident, Standing()), self.choices, self.settings.playbook, self.zone, self.now,
                incident in told,
            )
            sends += self._apply(name, notifier, waiting, routing.decide(waiting, case))
        return sends

    def _apply(
        self, name: str, notifier: Notifier, waiting: list[Waiting], decisions: list[routing.Decision]
    ) -> list[Alert]:
        sends = []
        for (alert, decision) in zip((w.alert for w in waiting), decisions, strict=True):
            self.waiting += decision.kind != "skip"
            if decision.kind == "skip":
                self.connection.execute(
                    "UPDATE deliveries SET status = 'skipped', last_error = ? WHERE notifier = ? AND delivery_key = ?",
                    [decision.reason, name, alert.key],
                )
            elif decision.kind == "ask":
                self.unasked.setdefault(alert.key, (alert, []))[1].append(name)
            elif decision.kind == "send":
                assigned = self.standing.get(alert.alert_id, Standing()).assigned_to
                sends.append(alert if notifier.outside else dressed(self.settings, alert, name, self.now, assigned=assigned))
        return sends


def dressed(settings: Settings, alert: Alert, notifier: str, now: datetime, *, assigned: str = "") -> Alert:
    """The alert with what our own people need: who has it, what to do, and links to look at it and to act on it.

    Args:
        assigned: whom somebody gave it to; without one the playbook's owner has it.
    """
    rule = playbook.rule(settings.playbook, alert.severity, now.astimezone(ZoneInfo(settings.project.timezone)))
    found: list[tuple[str, str]] = []
    if settings.links.url:
        base = settings.links.url.rstrip("/")
        claim = links.Claim(alert.alert_id, notifier, now + span(settings.links.valid))
        place = "" if alert.brand.startswith(SOURCE) else f"?alert={alert.alert_id}&brand={alert.brand}"
        found = [
            ("Look at it", f"{base}/crisis{place}"),
            ("Acknowledge, snooze, assign or judge it", f"{base}/act/{links.sign(settings.link_secret, claim)}"),
        ]
    owner = assigned or (rule.owner if rule else "")
    return replace(alert, owner=owner, playbook=rule.text if rule else "", links=tuple(found))


def note(connection: duckdb.DuckDBPyConnection, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Write what came of attempts."""
    with transaction(connection):
        for outcome in outcomes:
            is_sent = outcome.error is None
            connection.execute(
                "UPDATE deliveries SET status = ?, attempt_count = attempt_count + 1, last_error = ?, sent_at = ? "
                "WHERE notifier = ? AND delivery_key = ? AND alert_id = ?::UUID",
                ["sent" if is_sent else "pending", outcome.error, now if is_sent else None, outcome.notifier, outcome.alert.key,
                 outcome.alert.alert_id],
            )
