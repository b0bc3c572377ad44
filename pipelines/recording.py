"""Records what detectors found: alerts and their states. Only what has changed is written.

- Ids: uuid5 of (detector, brand, signal, onset). The first id that an alert was recorded with stays.
- An episode of a replay *is* a recorded alert of the same detector and brand when their spans overlap (`pipelines.matching`).
- States move forward only, and each is one row of `alert_states`, from which the outbox sends.
- An alert ends where its detector no longer runs or reads what it is about: nobody would see the end of it.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb

from pipelines import expectations, matching, verdicts, wording
from pipelines.detectors.base import BUCKET_MINUTES, bucket_start
from pipelines.drivers import Span, Why, why
from pipelines.episodes import Episode, Transition
from pipelines.matching import FOREVER, Known, Timed, end_of
from pipelines.settings import Settings
from warehouse import similar
from warehouse.similar import Past

if TYPE_CHECKING:
    from pipelines.detect import Replay

log = logging.getLogger(__name__)


def alert_id(detector: str, brand: str, signal: str, onset_at: datetime) -> uuid.UUID:
    """The same for the same episode on every replay."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"earshot:alert:{detector}:{brand}:{signal}:{onset_at.isoformat()}")


class Recorder:
    """Records the episodes of one detector.

    Args:
        connection: warehouse, inside a transaction.
        name: the detector's stanza.
        end: end of the last sealed bucket.
        replay: what the detector found; None: it does not run.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, settings: Settings, name: str, end: datetime, replay: Replay | None = None
    ) -> None:
        self.connection, self.settings, self.name, self.end, self.replay = connection, settings, name, end, replay
        self.counted = replay.counted if replay else ""
        rows = connection.execute(
            "SELECT a.alert_id, a.brand, a.signal, a.onset_at, a.state, a.tier, a.severity, coalesce(a.resolved_at, $forever), "
            "count(s.position), coalesce(max(s.reached_at), max(a.fired_at)) FROM alerts AS a "
            "LEFT JOIN alert_states AS s ON s.alert_id = a.alert_id WHERE a.detector = $name "
            "GROUP BY ALL ORDER BY a.brand, a.onset_at, a.alert_id", {"forever": FOREVER, "name": name},
        ).fetchall()
        self.recorded = [Known(*row) for row in rows]
        self.episodes: list[Episode] = replay.episodes if replay else []
        self.changed = 0

    def record(self) -> None:
        """Add what is new, move forward what has moved, and end what is no longer found."""
        if self.replay is not None:
            for episode in sorted(self.episodes, key=lambda e: (e.brand, e.onset)):
                self._record(episode, self.replay)
        for known in self.recorded:
            if not known.is_over and not known.is_found:
                self._withdraw(known)

    def _record(self, episode: Episode, replay: Replay) -> None:
        onset_at = bucket_start(episode.onset)
        ended_at = FOREVER if episode.ended is None else end_of(episode.last)
        found = [k for k in self.recorded if k.brand == episode.brand and k.overlaps(onset_at, ended_at)]
        over = [k for k in found if k.is_over]
        known = next((k for k in found if not k.is_over), None)  # another open one, which late mentions have joined, is ended
        if known is not None:
            known.is_found = True
            fresh = matching.further(known, over, episode, self.end, replay.escalate_by)
        elif over:
            onset_at = max(onset_at, *(k.ended_at for k in over))
            fresh = matching.rest(onset_at, episode, self.end, replay.resolve_after)
        else:
            fresh = [(t, end_of(t)) for t in episode.transitions]
        if fresh:
            self._write(known or self._begun(episode, onset_at, fresh[0][1]), fresh)

    def _begun(self, episode: Episode, onset_at: datetime, fired_at: datetime) -> Known:
        """A new alert, whose row waits for its first state."""
        identity = alert_id(self.name, episode.brand, episode.signal, onset_at)
        self.connection.execute(
            "INSERT INTO alerts (alert_id, detector, signal, brand, tier, state, severity, onset_at, fired_at, "
            "window_minutes, observed, expected, low, high, summary, drivers, example_ids) "
            "VALUES (?, ?, ?, ?, 'watch', 'onset', 1, ?, ?, 0, 0, 0, 0, 0, '', '[]', [])",
            [identity, self.name, episode.signal, episode.brand, onset_at, fired_at],
        )
        return Known(identity, episode.brand, episode.signal, onset_at, "", "watch", 0, FOREVER, 0, onset_at, True)

    def _write(self, known: Known, fresh: list[Timed]) -> None:
        told: Why | None = None
        for transition, reached_at in fresh:
            known.severity, known.tier = max(known.severity, transition.severity), transition.tier
            told = self._why(transition, known.brand) if transition.state != "resolved" else told
            self._enter(known, self._named(transition, known.brand), reached_at, told)
        self.changed += 1

    def _enter(self, known: Known, transition: Transition, reached_at: datetime, told: Why | None) -> None:
        """One more state: a row of `alert_states`, and the alert's own row."""
        is_over = transition.state == "resolved"
        fresh = None if is_over else told
        drivers = told.drivers if told else []
        over = wording.over(self.settings, known.onset_at, reached_at)
        summary = wording.summary(self.settings, known.brand, transition, known.onset_at, self.counted, drivers)
        if not is_over and drivers:
            summary += self._beside(known, transition, drivers)
        e = transition.evidence
        values = [round(value, 3) for value in (e.observed, e.expected, e.low, e.high)]
        figures = [transition.state, known.tier, known.severity, e.window_minutes, *values]
        self.connection.execute(
            "INSERT INTO alert_states (alert_id, position, state, tier, severity, window_minutes, observed, expected, low, "
            "high, reached_at, summary) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [known.alert_id, known.positions, *figures, reached_at, summary],
        )
        self.connection.execute(
            "UPDATE alerts SET state = ?, tier = ?, severity = ?, window_minutes = ?, observed = ?, expected = ?, low = ?, "
            "high = ?, resolved_at = ?, summary = CASE WHEN ? THEN summary || ' ' || ? ELSE ? END, "
            "drivers = coalesce(?, drivers), example_ids = coalesce(?::UUID[], example_ids), "
            "exposed_ids = coalesce(?::UUID[], exposed_ids), first_id = coalesce(first_id, ?::UUID), "
            "driver_minutes = coalesce(?, driver_minutes) WHERE alert_id = ?",
            [*figures, reached_at if is_over else None, is_over, over, summary, *_stored(fresh), known.alert_id],
        )
        known.positions += 1
        known.state, known.ended_at = transition.state, reached_at if is_over else FOREVER

    def _beside(self, known: Known, transition: Transition, drivers: list[dict[str, Any]]) -> str:
        """Other brands that have an alert now, and the past incident that is most like this one."""
        moved = {
            e.brand for e in self.episodes
            if e.transitions[0].bucket <= transition.bucket and (e.ended is None or e.ended >= transition.bucket)
        }
        others = sorted(moved - {known.brand}) if len(self.settings.brands) > 1 else None
        reasons = similar.reasons(json.dumps(drivers))
        one = Past(
            str(known.alert_id), known.brand, known.signal, known.tier, known.severity, known.onset_at, None, reasons
        )
        past = similar.read(self.connection.execute, known.onset_at)
        return wording.beside(self.settings, others, similar.comparable(one, past))

    def _withdraw(self, known: Known) -> None:
        """End an open alert that this replay does not find: late mentions have raised what is expected, or it is deleted."""
        is_watched = self.replay is not None and known.brand in self.replay.brands
        told = wording.withdrawn(self.settings, known.brand) if is_watched else _left(self.settings, known.brand, self.name)
        at = max(self.end, known.reached_at)
        self.connection.execute(
            "INSERT INTO alert_states SELECT alert_id, ?, 'resolved', tier, severity, ?, window_minutes, observed, expected, "
            "low, high, ? FROM alerts WHERE alert_id = ?",
            [known.positions, at, told, known.alert_id],
        )
        self.connection.execute(
            "UPDATE alerts SET state = 'resolved', resolved_at = ?, summary = ? WHERE alert_id = ?",
            [at, told, known.alert_id],
        )
        known.state, known.ended_at = "resolved", at
        self.changed += 1

    def _named(self, transition: Transition, brand: str) -> Transition:
        """Of a new topic's words, those that name things, where any does."""
        e, until = transition.evidence, bucket_start(transition.bucket + 1)
        if not e.terms or not self._is_read():
            return transition
        rows = self.connection.execute(
            "SELECT text FROM mention_feed WHERE brand = ? AND published_at >= ? AND published_at < ? AND NOT is_own "
            "AND contains(lower(text), ?) ORDER BY published_at, mention_id LIMIT 150",
            [brand, until - timedelta(minutes=e.window_minutes), until, e.terms[0].split()[0]],
        ).fetchall()
        things = _nouns([text for (text,) in rows])
        kept = tuple(term for term in e.terms if term in things)
        return replace(transition, evidence=replace(e, terms=kept or e.terms))

    def _longest_waiting(self, brand: str, until: datetime) -> list[str]:
        """The first messages of the three conversations that have waited longest, of those that are not a day old."""
        rows = self.connection.execute(
            "SELECT first_mention_id::VARCHAR FROM thread_status WHERE brand = ? AND needs_response AND is_start_known "
            "AND opened_at >= ? AND opened_at < ? AND coalesce(first_reply_at >= ?, true) ORDER BY opened_at, thread_id LIMIT 3",
            [brand, until - timedelta(days=1), until, until],
        ).fetchall()
        return [identity for (identity,) in rows]

    def _why(self, transition: Transition, brand: str) -> Why:
        """Drivers over at least the last hour, or since the onset where the detector says what to expect that far back."""
        e, until = transition.evidence, bucket_start(transition.bucket + 1)
        if e.signal in ("service_level", "backlog"):
            return Why([], self._longest_waiting(brand, until))
        if not e.volumes:  # not about how much is said
            return Why([], [])
        wanted = max(60, e.window_minutes, (e.onset + 1) * BUCKET_MINUTES)
        minutes, expected = next(((m, v) for m, v in e.volumes if m >= wanted), e.volumes[-1])
        unit = "author_count" if self.counted == "people" else "mention_count"
        span = Span(brand, until - timedelta(minutes=minutes), until, expected, unit)
        return why(self.connection, span, wording.names(self.settings, brand), nouns=_nouns if self._is_read() else None)

    def _is_read(self) -> bool:
        """Whether a model has read anything: where none does, a parser is not loaded for names of reasons alone (4 s, 300 MB)."""
        return self.connection.execute("SELECT 1 FROM enrichments WHERE model NOT LIKE 'none@%' LIMIT 1").fetchone() is not None


def held(connection: duckdb.DuckDBPyConnection, name: str) -> list[Any]:
    """How much of what a detector found is recorded: differs where alerts or expectations were taken away or put back."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM alerts WHERE detector = $name), (SELECT count(*) FROM alert_states AS s "
        "INNER JOIN alerts AS a ON a.alert_id = s.alert_id WHERE a.detector = $name), count(*), min(bucket_at), max(bucket_at) "
        "FROM expectations", {"name": name},
    ).fetchone()
    return list(row or ())


def _stored(told: Why | None) -> list[Any]:
    """An explanation as columns of `alerts`; None: what is stored stays."""
    if told is None:
        return [None] * 5
    return [json.dumps(told.drivers), told.example_ids, told.exposed_ids, told.first_id, told.minutes]


def _nouns(texts: list[str]) -> set[str]:
    """What may be named as a term; empty, which is anything, where no parser is installed."""
    from models.base import ModelFault
    from models.terms import nouns

    try:
        return nouns(texts)
    except ModelFault as fault:
        log.warning("terms are not chosen among nouns: %s", fault)
        return set()


def _left(settings: Settings, brand: str, detector: str) -> str:
    """Of an open alert whose detector no longer runs, or no longer reads what it is about."""
    return (
        f"{wording.brand_name(settings, brand)}: the detector {detector} no longer watches this: it was switched off, renamed or "
        "put on trial, or what it watched was taken out of the settings."
    )


def _record_shadows(connection: duckdb.DuckDBPyConnection, found: dict[str, list[Episode]]) -> None:
    """Replace what detectors in shadow mode have found, where it differs."""
    fresh = sorted(
        (
            name, e.brand, e.signal, "page" if any(t.tier == "page" for t in e.transitions) else "watch",
            max(t.severity for t in e.transitions), bucket_start(e.onset), bucket_start(e.transitions[0].bucket + 1),
            None if e.ended is None else bucket_start(e.ended + 1),
        )
        for name, episodes in found.items() for e in episodes
    )
    recorded = connection.execute("SELECT * FROM shadow_alerts").fetchall()
    if sorted(recorded) != fresh:
        connection.execute("DELETE FROM shadow_alerts")
        if fresh:
            connection.executemany("INSERT INTO shadow_alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", fresh)


def record(
    connection: duckdb.DuckDBPyConnection, settings: Settings, replays: dict[str, Replay], end: int, waiting: Collection[str] = ()
) -> int:
    """Write everything in one transaction; returns how many alerts are new or have moved.

    Args:
        replays: what each detector found; the first one's expectations and arming are what the pages show.
        end: first bucket that is not sealed.
        waiting: detectors that run, but had nothing to read this time.
    """
    connection.begin()
    try:
        _record_shadows(connection, {name: replay.episodes for name, replay in replays.items() if replay.is_shadow})
        replays = {name: replay for name, replay in replays.items() if not replay.is_shadow}
        with_alerts = connection.execute("SELECT DISTINCT detector FROM alerts WHERE state <> 'resolved' ORDER BY 1").fetchall()
        gone = [name for (name,) in with_alerts if name not in replays and name not in waiting]
        changed = 0
        for name in [*gone, *replays]:
            recorder = Recorder(connection, settings, name, bucket_start(end), replays.get(name))
            recorder.record()
            changed += recorder.changed
        first = next((replay for replay in replays.values() if replay.subject == "brands"), None)
        if first is not None:
            expectations.write(connection, first.brands, first.shown, end, since=first.since)
            expectations.write_arming(connection, settings, first.arming, end)
            verdicts.write(connection, [(arming.brand, arming.budgets) for arming in first.arming])
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return changed
