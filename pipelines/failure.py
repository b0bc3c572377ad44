"""Tells those of our own people who want it that a task failed for good, with the task, the window and the reason."""

from __future__ import annotations

import logging
import uuid
from datetime import datetime
from zoneinfo import ZoneInfo

from pipelines import hours
from pipelines.errors import EarshotError
from pipelines.notifiers.base import Notifier
from pipelines.records import Alert
from pipelines.settings import Settings

log = logging.getLogger(__name__)
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "earshot:failure")


def message(settings: Settings, *, task: str, window: str | None, reason: object, now: datetime) -> Alert:
    """The failure as an alert of tier "watch".

    Only our own errors are quoted: they are written to be read. The text of any other exception may hold what somebody wrote,
    so it stays in the task's log and the message names its class.
    """
    kind = type(reason).__name__ if reason is not None else "its process ended without a word"
    quoted = str(reason) if isinstance(reason, EarshotError) else f"{kind}; the task's log says more."
    where = f" for window {window}" if window else ""
    return Alert(
        alert_id=str(uuid.uuid5(_NAMESPACE, f"{task}:{window}:{now:%Y-%m-%dT%H}")),
        detector="airflow", signal="failure", brand="", brand_name=settings.project.name, tier="watch", state="onset", severity=3,
        onset_at=now, fired_at=now, resolved_at=None, observed=1.0, expected=0.0, low=0.0, high=0.0, window_minutes=0,
        summary=f"The task {task} failed{where}: {quoted}",
    )  # fmt: skip


def tell(settings: Settings, *, task: str, window: str | None, reason: object, now: datetime) -> list[str]:
    """Send the message to those of our own people who want it; returns the names of the notifiers that took it.

    It is told once only: where all of them are in their quiet hours, it does not wait. A dead notifier is only logged.
    """
    alert = message(settings, task=task, window=window, reason=reason, now=now)
    return send(settings, alert) or send(settings, alert, is_quiet=True)


def listeners(settings: Settings, alert: Alert) -> dict[str, Notifier]:
    """Who is told about ourselves: of our own people those who are told at once, want watches of this severity, and look after
    sources, if they say what they look after."""
    found: dict[str, Notifier] = {}
    for name in settings.notifiers:
        try:
            n = settings.plugin("notifiers", name).located(settings.storage)
        except EarshotError as error:  # a wrong stanza must not keep the others from being told
            log.error("%s", error)
            continue
        cares = not n.brands or "sources" in n.brands
        if cares and n.tier == "watch" and n.severity <= alert.severity and not (n.outside or n.after):
            found[name] = n
    return found


def send(settings: Settings, alert: Alert, *, is_quiet: bool = False) -> list[str]:
    """Hand a message about ourselves to its listeners; returns the names of those that took it.

    Args:
        is_quiet: it goes to those who are in their quiet hours when it is told, not to the others.
    """
    told = []
    for name, notifier in listeners(settings, alert).items():
        local = alert.fired_at.astimezone(ZoneInfo(notifier.timezone or settings.project.timezone))
        if hours.includes(hours.parse_all(notifier.quiet), local) != is_quiet:
            continue
        try:
            notifier.send(alert)
            told.append(name)
        except EarshotError as error:
            log.error("notifier %s did not take %r: %s", name, alert.summary, error)
    return told
