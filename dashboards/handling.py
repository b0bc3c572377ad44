"""Who has an incident, and what can be done about it: the card with the buttons, its sentence, and its lines of the timeline.

An action is a file that the next run takes in. Until then it is read from the folder, shown, and called what it is: being saved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboards import telling, words
from dashboards.incident import Scene
from dashboards.page import Content
from dashboards.query import Row, Snapshot
from warehouse import actions
from warehouse.actions import Action, Standing, standing

SNOOZES = (("1 h", 3600), ("4 h", 14400), ("1 day", 86400))  # seconds
_SAVING = "Being saved: the next run, within minutes, takes it in."


@dataclass(frozen=True, slots=True)
class Handled:
    """What people did about an incident."""

    done: tuple[Action, ...]
    saving: bool  # is any of it not in the snapshot yet?

    @property
    def standing(self) -> Standing:
        return standing(self.done)


def handled(snapshot: Snapshot, incident: str) -> Handled:
    """What the snapshot knows, and what has been done since it was published."""
    rows = snapshot.rows("actions", incident=incident)
    stored = [Action(alert_id=incident, **row) for row in rows]
    storage = snapshot.stored.path.parent.parent
    fresh = [a for a in actions.pending(storage, {a.action_id for a in stored}) if a.alert_id == incident]
    return Handled((*stored, *fresh), bool(fresh))


def said(at: Standing, snapshot: Snapshot, wall: datetime | None = None) -> str:
    """Where an incident stands with people, in one line; "" where nobody has done anything.

    Args:
        wall: hides a snooze that has ended by then.
    """
    now, parts = snapshot.local(snapshot.now), []
    if at.acknowledged_at:
        parts.append(f"{at.acknowledged_by} has it since {words.moment(snapshot.local(at.acknowledged_at), now)}")
    if at.assigned_to:
        parts.append(f"assigned to {at.assigned_to}")
    if at.snoozed_until and (wall is None or at.snoozed_until > wall):
        parts.append(f"snoozed until {words.moment(snapshot.local(at.snoozed_until), now)}")
    if at.verdict:
        parts.append(f"{at.verdict_by} calls it {'a false alarm' if at.verdict == 'false' else 'real'}")
    return " · ".join(parts)


def panel(snapshot: Snapshot, at: Scene) -> Content:
    """The card: who has it, and the buttons. Nothing where there is no incident."""
    if at.alert is None:
        return None
    incident = at.alert["incident_id"]
    found = handled(snapshot, incident)
    line = said(found.standing, snapshot) or ("Nobody has acknowledged it." if at.is_open else "Nobody has judged it.")
    state = [html.Span(line, className="stands"), html.Span(_SAVING, className="saving") if found.saving else None]
    own = [_approval(snapshot, row) for row in snapshot.rows("approvals", incident=incident) if row["choice"] is None]
    fields = html.Div([*_first_groups(found.standing, at.is_open), _verdict(found.standing)], className="fields")
    error = html.P("", className="act-error", role="alert")
    body = html.Div([*own, fields, error, telling.budget(snapshot, at)], className="acting", **{"data-incident": incident})
    return [html.H2("Who has it" if at.is_open else "Was it real?"), html.P(state, role="status", className="state-line"), body]


def _first_groups(at: Standing, is_open: bool) -> list[Content]:
    """Who acts, and what only makes sense while it lasts."""
    name = _field("actor", "Your name", "name", keep=True)
    if not is_open:
        return [name]
    take = _button("Take over" if at.acknowledged_at else "Acknowledge", "acknowledge", primary=not at.acknowledged_at)
    snoozes = [_button(text, "snooze", str(seconds), label=f"Snooze for {text}") for text, seconds in SNOOZES]
    return [
        html.Div([name, take], className="joined"), _group("Snooze for", snoozes),
        html.Div([_field("assignee", "Assign to", "off"), _button("Assign", "assign", source="assignee")], className="joined"),
    ]


def _verdict(at: Standing) -> Content:
    buttons = [
        _button("Real", "verdict", "real", pressed=at.verdict == "real"),
        _button("False alarm", "verdict", "false", pressed=at.verdict == "false"),
    ]
    return _group("Was it real?", buttons)


def _approval(snapshot: Snapshot, row: Row) -> Content:
    """A message that waits for somebody's yes."""
    due = words.moment(snapshot.local(row["due_at"]), snapshot.local(snapshot.now))
    then = "goes out all the same" if row["default_choice"] == "approve" else "stays here"
    text = f"A message to {row['notifiers']}, outside, waits for approval. Without an answer by {due} it {then}."
    buttons = [
        _button("Let it go out", "approve", row["delivery_key"], primary=True),
        _button("Keep it here", "reject", row["delivery_key"]),
    ]
    return html.Div([html.P(text), html.Div(buttons, className="buttons")], className="approval")


def _field(name: str, label: str, complete: str, *, keep: bool = False) -> Content:
    more: dict[str, Any] = {"inputProps": {"maxLength": actions.LONGEST}, "autoComplete": complete}
    if keep:
        more |= {"persistence": True, "persistence_type": "local"}
    return dmc.TextInput(id=name, label=label, size="sm", className="field", **more)


def _group(title: str, buttons: list[Content]) -> Content:
    name = {"aria-label": title}
    parts = [html.Span(title, className="f-label"), html.Div(buttons, className="buttons")]
    return html.Div(parts, className="group", role="group", **name)


def _button(
    text: str, verb: str, value: str = "", *, source: str = "", label: str = "", primary: bool = False,
    pressed: bool | None = None,
) -> Content:
    more = {"data-verb": verb, "data-value": value, "data-source": source}
    if label:
        more["aria-label"] = label
    if pressed is not None:
        more["aria-pressed"] = str(pressed).lower()
    return html.Button(text, type="button", className="act primary" if primary else "act", **more)


def events(snapshot: Snapshot, incident: str) -> list[tuple[datetime, str]]:
    """What people did, as lines of the timeline."""
    lines = []
    for action in handled(snapshot, incident).done:
        what = _told(action, snapshot)
        if what:
            lines.append((action.acted_at, what))
    for row in snapshot.rows("approvals", incident=incident):
        if row["choice"] is not None:
            who = "nobody answered in time" if row["is_timeout"] else row["decided_by"]
            what = "goes out" if row["choice"] == "approve" else "stays here"
            lines.append((row["decided_at"], f"The message to {row['notifiers']} {what}: {who}"))
    return lines


def _told(action: Action, snapshot: Snapshot) -> str:
    who, value = action.actor, action.value or ""
    if action.verb == "snooze":
        until = standing([action]).snoozed_until
        return f"{who} snoozes it until {words.moment(snapshot.local(until), snapshot.local(action.acted_at))}" if until else ""
    return {
        "acknowledge": f"{who} takes it", "assign": f"{who} gives it to {value}",
        "verdict": f"{who} calls it {'a false alarm' if value == 'false' else 'real'}",
    }.get(action.verb, "")


def until(seconds: str, now: datetime) -> str:
    """The end of a snooze of so many seconds, as an action holds it.

    Raises:
        ValueError: it is no number of seconds.
    """
    if not seconds.isdigit() or len(seconds) > 7:
        raise ValueError("a snooze needs the number of seconds that it lasts.")
    return (now + timedelta(seconds=int(seconds))).isoformat()

