"""Who lets a message out to people outside, where the playbook asks for a person first.

A question is asked once for each state of an incident. It is answered by an action file, from Airflow's page, from the command
line or from the crisis page: approve or reject. Where nobody answers in time, a page goes out and a watch does not: in a crisis
silence must not be the answer. The table `approvals` keeps what was asked, when, and who decided, or that nobody did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import duckdb

from pipelines import playbook
from pipelines.records import Alert
from pipelines.settings import Settings, span
from warehouse import actions
from warehouse.actions import Action

NOBODY = "nobody: the time ran out"


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked, as Airflow shows it."""

    key: str  # of the message
    subject: str
    body: str


def settle(connection: duckdb.DuckDBPyConnection, done: Sequence[Action], now: datetime) -> None:
    """Take in answers, the first one counts, and the default where the time has run out."""
    answers: dict[str, Action] = {}
    for action in done:
        if action.verb in ("approve", "reject") and action.value:
            answers.setdefault(action.value, action)
    open_ = connection.execute("SELECT delivery_key, due_at, default_choice FROM approvals WHERE choice IS NULL").fetchall()
    for key, due_at, default in open_:
        answer = answers.get(key)
        if answer is not None:
            decided = [answer.verb, answer.actor, answer.acted_at, False]
        elif now >= due_at:
            decided = [default, None, now, True]
        else:
            continue
        connection.execute(
            "UPDATE approvals SET choice = ?, decided_by = ?, decided_at = ?, is_timeout = ? WHERE delivery_key = ?",
            [*decided, key],
        )


def choices(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str | None, str]]:
    """What was decided on each message that was asked about, and by whom."""
    rows = connection.execute("SELECT delivery_key, choice, decided_by FROM approvals").fetchall()
    return {key: (choice, who or NOBODY) for key, choice, who in rows}


def ask(
    connection: duckdb.DuckDBPyConnection, settings: Settings, unasked: Mapping[str, tuple[Alert, list[str]]], now: datetime
) -> tuple[Question, ...]:
    """Put down what must be asked, and give it as questions."""
    zone = ZoneInfo(settings.project.timezone)
    found = []
    for key, (alert, names) in unasked.items():
        rule = playbook.rule(settings.playbook, alert.severity, now.astimezone(zone))
        due_at = now + span(rule.approve if rule and rule.approve else "15m")
        default = "approve" if alert.tier == "page" else "reject"
        connection.execute(
            "INSERT INTO approvals (delivery_key, incident_id, notifiers, asked_at, due_at, default_choice, is_timeout) "
            "VALUES (?, ?::UUID, ?, ?, ?, ?, false)", [key, alert.alert_id, ", ".join(names), now, due_at, default],
        )
        then = "is sent all the same" if default == "approve" else "is not sent"
        found.append(Question(
            key, f"Tell {', '.join(names)}: {alert.brand_name}, severity {alert.severity} of 10?",
            f"{alert.summary}\n\nThe message goes to people outside. Without an answer until "
            f"{due_at.astimezone(zone):%d %b %H:%M} ({settings.project.timezone}) it {then}.",
        ))
    return tuple(found)


def answer(settings: Settings, key: str, choice: str, by: str, *, via: str, now: datetime) -> bool:
    """Write a person's answer down as an action; False where this very answer was given before.

    Args:
        key: of the message.
        choice: approve or reject.
    """
    action = actions.made(key.split(":")[0], choice, by, key, once=via, via=via, now=now)
    return actions.write(settings.storage, action)
