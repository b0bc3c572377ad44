"""Tells the people behind the configured notifiers that a task failed for good, with the task, the window and the reason."""

from __future__ import annotations

import logging
import uuid
from datetime import datetime

from pipelines.errors import EarshotError
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
    """Send the message through every notifier of our own people; returns the names of those that took it.

    Who is only told when nobody answers, and people outside, are left alone. A dead notifier is only logged.
    """
    return send(settings, message(settings, task=task, window=window, reason=reason, now=now))


def send(settings: Settings, alert: Alert) -> list[str]:
    """Hand a message about ourselves to every notifier of our own people; returns the names of those that took it."""
    told = []
    for name in settings.notifiers:
        try:
            notifier = settings.plugin("notifiers", name).located(settings.storage)
            if notifier.outside or notifier.after:
                continue
            notifier.send(alert)
            told.append(name)
        except EarshotError as error:
            log.error("notifier %s did not take %r: %s", name, alert.summary, error)
    return told
