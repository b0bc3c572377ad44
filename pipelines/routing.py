"""When a message goes where: quiet hours, snoozes, the chain of those who are told when nobody answers, approval.

One notifier and one incident at a time. States go out in the order in which they were reached: one that waits holds up those
after it, except that a state which may go now takes with it those before it that only wait for an hour of the day.

An acknowledgement or a verdict answers what had been told when it was given, not what is told later: a jump in severity is told
again, to everybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pipelines import hours, playbook
from pipelines.detectors.base import SOURCE
from pipelines.notifiers.base import Notifier
from pipelines.playbook import Rule
from pipelines.records import Alert
from pipelines.settings import Settings, span
from warehouse.actions import Standing


@dataclass(frozen=True, slots=True)
class Waiting:
    """A state that has not been sent; `told_at`: when it was first put into the outbox for anybody."""

    alert: Alert
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of it now, and why where it does not go."""

    kind: Literal["send", "wait", "skip", "ask"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """All that decides, but the states themselves.

    Attributes:
        choices: what was decided on messages to people outside, by key; None while it waits.
        is_told: has this notifier been sent anything about the incident?
    """

    notifier: Notifier
    standing: Standing
    choices: Mapping[str, tuple[str | None, str]]  # key -> (approve, reject or None, who decided)
    rules: Mapping[str, Rule]
    zone: ZoneInfo  # the project's
    now: datetime
    is_told: bool


def wants(settings: Settings, notifier: Notifier, alert: Alert) -> bool:
    """Is this alert for this notifier at all?"""
    if notifier.tier == "page" and alert.tier != "page":
        return False
    about = {alert.brand, "sources"} if alert.brand.startswith(SOURCE) else {alert.brand}
    if alert.severity < notifier.severity or (notifier.brands and about.isdisjoint(notifier.brands)):
        return False
    stanza = settings.brands.get(alert.brand)
    is_rival = stanza is not None and stanza.competitor
    return not is_rival or bool(settings.detectors.get(alert.detector, {}).get("competitors", False))


def decide(waiting: Sequence[Waiting], case: Case) -> list[Decision]:
    """What becomes of each state, in order."""
    obsolete = [_obsolete(w, waiting, case) for w in waiting]
    holds = [_hold(w, case) for w in waiting]
    pressing = max(
        (i for i, w in enumerate(waiting) if not obsolete[i] and not holds[i] and w.alert.state != "resolved"), default=-1
    )
    decisions: list[Decision] = []
    told, blocked = case.is_told, ""
    for i, w in enumerate(waiting):
        decision = _one(w, case, obsolete[i], "" if i < pressing else holds[i], told, blocked)
        if decision.kind in ("wait", "ask"):
            blocked = blocked or decision.reason
        told = told or decision.kind == "send"
        decisions.append(decision)
    return decisions


def _one(w: Waiting, case: Case, obsolete: str, hold: str, told: bool, blocked: str) -> Decision:
    if obsolete:
        return Decision("skip", obsolete)
    if blocked:
        return Decision("wait", blocked)
    if w.alert.state == "resolved" and not told:
        return Decision("skip", "not sent: nobody was told that it had begun")
    if hold:
        return Decision("wait", hold)
    return _approved(w.alert, case)


def _answered(case: Case) -> tuple[datetime, str] | None:
    """When somebody last took it or judged it, and who."""
    at = case.standing
    found = [(t, who) for t, who in ((at.acknowledged_at, at.acknowledged_by), (at.verdict_at, at.verdict_by)) if t]
    return max(found, default=None)


def _obsolete(w: Waiting, waiting: Sequence[Waiting], case: Case) -> str:
    """Why nobody needs to be told this any more, or ""."""
    if w.alert.state == "resolved":
        return ""
    at = case.standing
    if at.verdict == "false" and at.verdict_at and at.verdict_at >= w.told_at:
        return f"not sent: {at.verdict_by} calls it a false alarm"
    if case.notifier.after:
        answered = _answered(case)
        if answered and answered[0] >= w.told_at:
            return f"not sent: {answered[1]} answered before it was due"
        if any(other.alert.state == "resolved" for other in waiting) and case.now < _due(w, case):
            return "not sent: over before it was due"
    return ""


def _due(w: Waiting, case: Case) -> datetime:
    snoozed = case.standing.snoozed_until
    start = max(w.told_at, snoozed) if snoozed and _is_snoozed(w, case) else w.told_at
    return start + span(case.notifier.after)


def _is_snoozed(w: Waiting, case: Case) -> bool:
    """Does the snooze cover this state? It does not cover a jump in severity that came after it."""
    at = case.standing
    return at.snoozed_at is not None and not (w.alert.state == "escalated" and w.told_at > at.snoozed_at)


def _hold(w: Waiting, case: Case) -> str:
    """Which hour it waits for, or ""."""
    notifier, until = case.notifier, case.standing.snoozed_until
    if until is not None and until > case.now and _is_snoozed(w, case):
        return "snoozed"
    if notifier.after and w.alert.state != "resolved" and case.now < _due(w, case):
        return "waits for an acknowledgement"
    local = case.now.astimezone(ZoneInfo(notifier.timezone) if notifier.timezone else case.zone)
    if (w.alert.tier == "watch" or notifier.quiet_pages) and hours.includes(hours.parse_all(notifier.quiet), local):
        return "quiet hours"
    return ""


def _approved(alert: Alert, case: Case) -> Decision:
    """Where people outside read it and the playbook asks: has somebody let it out? The end of an incident is never asked."""
    if not case.notifier.outside or alert.state == "resolved":
        return Decision("send")
    rule = playbook.rule(case.rules, alert.severity, case.now.astimezone(case.zone))
    if alert.key not in case.choices:
        return Decision("ask", "waits for approval") if rule is not None and rule.approve else Decision("send")
    choice, who = case.choices[alert.key]
    if choice is None:
        return Decision("wait", "waits for approval")
    return Decision("send") if choice == "approve" else Decision("skip", f"not sent: rejected by {who}")
