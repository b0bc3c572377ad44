"""Stage `alert`: the outbox. Every state of every alert reaches every notifier that wants it at least once, in order.

1. In one transaction, the states that are recorded and not yet in `deliveries` get a row there.
2. The warehouse is closed while messages are sent, each notifier from a thread of its own: one that is slow or fails holds up
   neither the others nor storage. Within an alert, a state is sent only after the one before it was accepted.
3. After each acceptance its row becomes `sent`; a refusal leaves it `pending` with one more attempt and the error.

A process that is killed between 2 and 3 sends again next time: `Alert.key` is the same, and receivers drop the copy.

Not sent, but kept as `skipped` with the reason: states older than a day before the data's watermark, so that loading a long
history does not page anybody about last year, and the end of an alert whose beginning was never sent. Alerts on competitors are
sent only where the detector's stanza says so.
"""

from __future__ import annotations

import fcntl
import json
import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import duckdb

from pipelines import registry, wording
from pipelines.errors import NotifierError
from pipelines.notifiers.base import Notifier
from pipelines.records import Alert
from pipelines.settings import Settings
from pipelines.store import open_warehouse

log = logging.getLogger(__name__)
OLD = timedelta(hours=24)
_GIVES_UP = 3  # refusals in a row after which a notifier is left alone until the next run
_LONGEST_ERROR = 300  # characters
_STATES = """
    SELECT a.alert_id::VARCHAR, a.detector, a.signal, a.brand, s.tier, s.state, s.severity, a.onset_at, a.fired_at, s.reached_at,
        s.observed, s.expected, s.low, s.high, s.window_minutes, s.summary, a.drivers, a.example_ids::VARCHAR[]
    FROM alert_states AS s INNER JOIN alerts AS a ON a.alert_id = s.alert_id
    ORDER BY a.fired_at, a.alert_id, s.position
"""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a run of alert did.

    Attributes:
        sent: messages that were accepted.
        failed: messages that were refused now and will be tried again.
        pending: messages that still wait, the refused ones among them.
    """

    sent: int
    failed: int
    pending: int


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of one attempt; an error of None: accepted."""

    notifier: str
    alert: Alert
    error: str | None


def run(settings: Settings, *, now: datetime) -> Delivered:
    """Send what has not been sent.

    Args:
        now: written as the time of sending.

    Raises:
        WarehouseError: the warehouse cannot be opened.
        ConfigError: a notifier's stanza is wrong.
    """
    notifiers = {name: notifier(settings, name) for name in settings.notifiers}
    if not notifiers:
        return Delivered(0, 0, 0)
    with _alone(settings) as is_alone:
        with open_warehouse(settings) as connection:
            waiting = enqueue(connection, settings, notifiers, now)
        total = sum(len(alerts) for alerts in waiting.values())
        if not is_alone or not total:
            return Delivered(0, 0, total)
        sent = failed = 0
        for outcomes in _sending(notifiers, waiting):
            with open_warehouse(settings) as connection:
                _note(connection, outcomes, now)
            sent += sum(o.error is None for o in outcomes)
            failed += sum(o.error is not None for o in outcomes)
    return Delivered(sent, failed, total - sent)


def notifier(settings: Settings, name: str) -> Notifier:
    """The notifier of stanza [notifiers.name], its relative paths below the storage folder.

    Raises:
        ConfigError: there is no such stanza, or it is wrong.
    """
    return cast(Notifier, settings.plugin("notifiers", name)).located(settings.storage)


def enqueue(
    connection: duckdb.DuckDBPyConnection, settings: Settings, notifiers: dict[str, Notifier], now: datetime
) -> dict[str, list[Alert]]:
    """Put new states into the outbox; gives what waits for each notifier, oldest alert first, states in order."""
    connection.begin()
    try:
        states = read_states(connection, settings)
        rows = connection.execute("SELECT notifier, delivery_key, status, alert_id::VARCHAR FROM deliveries").fetchall()
        known = {(name, key): status for name, key, status, _ in rows}
        told = {(name, identity) for name, _, status, identity in rows if status != "skipped"}
        row = connection.execute("SELECT max(published_at) FROM mentions WHERE published_at <= ?", [now]).fetchone()
        oldest = (row[0] if row and row[0] else now) - OLD
        fresh: list[list[Any]] = []
        for name, wanting in notifiers.items():
            for alert, reached_at in states:
                if (name, alert.key) in known or not _wants(settings, wanting, alert):
                    continue
                reason = _reason_to_skip(alert, reached_at, oldest, (name, alert.alert_id) in told)
                known[name, alert.key] = "skipped" if reason else "pending"
                if not reason:
                    told.add((name, alert.alert_id))
                fresh.append([alert.alert_id, name, alert.state, alert.key, known[name, alert.key], reason, now])
        if fresh:
            connection.executemany(
                "INSERT INTO deliveries (alert_id, notifier, alert_state, delivery_key, status, attempt_count, last_error, "
                "created_at) VALUES (?::UUID, ?, ?, ?, ?, 0, ?, ?)", fresh,
            )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return {name: [alert for alert, _ in states if known.get((name, alert.key)) == "pending"] for name in notifiers}


def read_states(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[tuple[Alert, datetime]]:
    """Every recorded state as what a notifier is handed, with when it was reached, in the order of sending."""
    is_simulated = any(
        registry.load("sources", str(stanza.get("kind"))).simulated for stanza in settings.sources.values()
    )
    found = []
    for row in connection.execute(_STATES).fetchall():
        identity, detector, signal, brand, tier, state, severity, onset_at, fired_at, reached_at, *figures = row
        observed, expected, low, high, window_minutes, summary, drivers, example_ids = figures
        found.append((Alert(
            alert_id=identity, detector=detector, signal=signal, brand=brand, brand_name=wording.brand_name(settings, brand),
            tier=tier, state=state, severity=severity, onset_at=onset_at, fired_at=fired_at,
            resolved_at=reached_at if state == "resolved" else None, observed=observed, expected=expected, low=low, high=high,
            window_minutes=window_minutes, summary=summary, drivers=tuple(json.loads(drivers)), example_ids=tuple(example_ids),
            is_simulated=is_simulated,
        ), reached_at))
    return found


def _wants(settings: Settings, notifier: Notifier, alert: Alert) -> bool:
    if notifier.tier == "page" and alert.tier != "page":
        return False
    if notifier.brands and alert.brand not in notifier.brands:
        return False
    stanza = settings.brands.get(alert.brand)
    is_rival = stanza is not None and stanza.competitor
    return not is_rival or bool(settings.detectors.get(alert.detector, {}).get("competitors", False))


def _reason_to_skip(alert: Alert, reached_at: datetime, oldest: datetime, is_told: bool) -> str | None:
    if reached_at < oldest:
        return "not sent: more than a day older than the newest mention when it was found"
    if alert.state == "resolved" and not is_told:
        return "not sent: nobody was told that it had begun"
    return None


def _sending(notifiers: dict[str, Notifier], waiting: dict[str, list[Alert]]) -> Iterator[list[_Outcome]]:
    """Sends from one thread a notifier; gives the outcomes as they come, several at once where they came together."""
    outcomes: queue.SimpleQueue[_Outcome | None] = queue.SimpleQueue()
    threads = [
        threading.Thread(target=_send_all, args=(name, notifiers[name], alerts, outcomes), name=f"notifier {name}", daemon=True)
        for name, alerts in waiting.items() if alerts
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


def _send_all(name: str, notifier: Notifier, alerts: Sequence[Alert], outcomes: queue.SimpleQueue[_Outcome | None]) -> None:
    """Send in order. After a refusal the alert's later states wait; after three in a row, everything does."""
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
        outcomes.put(_Outcome(name, alert, error))
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


def _note(connection: duckdb.DuckDBPyConnection, outcomes: Sequence[_Outcome], now: datetime) -> None:
    """Write what came of attempts, in one transaction."""
    connection.begin()
    try:
        for outcome in outcomes:
            is_sent = outcome.error is None
            connection.execute(
                "UPDATE deliveries SET status = ?, attempt_count = attempt_count + 1, last_error = ?, sent_at = ? "
                "WHERE notifier = ? AND delivery_key = ? AND alert_id = ?::UUID",
                ["sent" if is_sent else "pending", outcome.error, now if is_sent else None, outcome.notifier, outcome.alert.key,
                 outcome.alert.alert_id],
            )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


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
