"""Stage `alert`: every state of every incident reaches every notifier that wants it at least once, in order.

1. `outbox.plan`, in one transaction: what is new gets its rows, and what may go now is chosen.
2. The warehouse is closed while messages are sent, each notifier from a thread of its own: one that is slow or fails holds up
   neither the others nor storage. Within an incident, a state is sent only after the one before it was accepted.
3. After each acceptance its row becomes `sent`; a refusal leaves it `pending` with one more attempt and the error.

A process that is killed between 2 and 3 sends again next time: `Alert.key` is the same, and receivers drop the copy.
"""

from __future__ import annotations

import fcntl
import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from pipelines import load, outbox
from pipelines.approvals import Question
from pipelines.errors import NotifierError
from pipelines.notifiers.base import Notifier
from pipelines.outbox import Outcome
from pipelines.records import Alert
from pipelines.settings import Settings
from pipelines.store import open_warehouse

log = logging.getLogger(__name__)
_GIVES_UP = 3  # refusals in a row after which a notifier is left alone until the next run
_LONGEST_ERROR = 300  # characters


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a run of alert did.

    Attributes:
        sent: messages that were accepted.
        failed: messages that were refused now and will be tried again.
        pending: messages that still wait: the refused ones, and those whose hour or whose answer has not come.
        asked: what people must agree to before it goes out.
    """

    sent: int
    failed: int
    pending: int
    asked: tuple[Question, ...] = ()


def run(settings: Settings, *, now: datetime) -> Delivered:
    """Send what has not been sent.

    Args:
        now: decides whose hour has come, and is written as the time of sending.

    Raises:
        WarehouseError: the warehouse cannot be opened.
        ConfigError: a notifier's stanza is wrong.
    """
    notifiers = {name: notifier(settings, name) for name in settings.notifiers}
    if not notifiers:
        return Delivered(0, 0, 0)
    load.run_actions(settings, now=now)
    with _alone(settings) as is_alone:
        with open_warehouse(settings) as connection:
            plan = outbox.plan(connection, settings, notifiers, now)
        sent = failed = 0
        for outcomes in _sending(notifiers, plan.sends if is_alone else {}):
            with open_warehouse(settings) as connection:
                outbox.note(connection, outcomes, now)
            sent += sum(o.error is None for o in outcomes)
            failed += sum(o.error is not None for o in outcomes)
    return Delivered(sent, failed, plan.waiting - sent, plan.asked)


def deliver(settings: Settings, *, now: datetime) -> Delivered:
    """`run`, and a new snapshot where the pages have something new to show: who was told, and what waits for a person."""
    from pipelines import publish

    delivered = run(settings, now=now)
    if delivered.sent or delivered.failed or delivered.asked:
        publish.run(settings, now=now)
    return delivered


def notifier(settings: Settings, name: str) -> Notifier:
    """The notifier of stanza [notifiers.name], its relative paths below the storage folder.

    Raises:
        ConfigError: there is no such stanza, or it is wrong.
    """
    return cast(Notifier, settings.plugin("notifiers", name)).located(settings.storage)


def _sending(notifiers: dict[str, Notifier], sends: dict[str, list[Alert]]) -> Iterator[list[Outcome]]:
    """Sends from one thread a notifier; gives the outcomes as they come, several at once where they came together."""
    outcomes: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
    threads = [
        threading.Thread(target=_send_all, args=(name, notifiers[name], alerts, outcomes), name=f"notifier {name}", daemon=True)
        for name, alerts in sends.items() if alerts
    ]
    for thread in threads:
        thread.start()
    running = len(threads)
    while running:
        come = [outcomes.get()]
        while not outcomes.empty():
            come.append(outcomes.get())
        running -= sum(o is None for o in come)
        noted = [o for o in come if o is not None]
        if noted:
            yield noted


def _send_all(name: str, notifier: Notifier, alerts: Sequence[Alert], outcomes: queue.SimpleQueue[Outcome | None]) -> None:
    """Send in order. After a refusal the incident's later states wait; after three in a row, everything does."""
    blocked: set[str] = set()
    refusals = 0
    for alert in alerts:
        if alert.alert_id in blocked or refusals >= _GIVES_UP:
            continue
        error = _attempt(name, notifier, alert)
        if error is None:
            refusals = 0
        else:
            refusals += 1
            blocked.add(alert.alert_id)
        outcomes.put(Outcome(name, alert, error))
    outcomes.put(None)


def _attempt(name: str, notifier: Notifier, alert: Alert) -> str | None:
    try:
        notifier.send(alert)
    except NotifierError as error:
        log.warning("%s", error)
        return str(error)[:_LONGEST_ERROR]
    except Exception as error:  # whatever a plug-in does wrong must not hold up the others
        log.exception("[notifiers.%s] failed", name)
        return f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
    return None


@contextmanager
def _alone(settings: Settings) -> Iterator[bool]:
    """Whether no other process sends from this storage at the moment; the lock goes with the process, however it ends."""
    settings.storage.mkdir(parents=True, exist_ok=True)
    with (settings.storage / "outbox.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
