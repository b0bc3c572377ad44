"""Model drift: a source on which the model no longer sees what it saw is told once to every notifier of our own
people that is told at once.

Judged on the published snapshot (`warehouse.drift`), so that whoever gets the message finds the strip on the pages. Who took it
is a mark below the storage folder, `drift/<source>.<week>.<notifier>.sent`: a retry sends only what is missing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from pipelines import alert
from pipelines.errors import NotifierError
from pipelines.settings import Settings
from warehouse import drift
from warehouse.drift import Drift

log = logging.getLogger(__name__)
RECENT = timedelta(days=14)  # after a week's end: older drifts are history, and loading it tells nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a run of drift did."""

    drifts: tuple[Drift, ...]  # recent ones
    sent: int  # messages that were taken now
    failed: tuple[str, ...]  # notifiers that did not take one: the next run tries again


def run(settings: Settings, *, now: datetime) -> Told:
    """Tell every notifier of our own people of the recent drifts that it has not been told of.

    Args:
        now: weeks that end after it are not judged.
    """
    drifts = recent(settings, now=now)
    folder = settings.storage / "drift"
    sent, failed, simulated = 0, [], _is_simulated(settings)
    for one in drifts:
        for name in settings.notifiers:
            mark = folder / f"{one.source}.{one.week_at:%Y-%m-%d}.{name}.sent"
            notifier = alert.notifier(settings, name)
            if mark.exists() or notifier.outside or notifier.after:
                continue
            try:
                title, key = f"{settings.project.name}: model drift on {one.source}", f"drift:{one.source}:{one.week_at:%Y-%m-%d}"
                notifier.tell(title, ("Simulated data. " if simulated else "") + message(one), key=key)
                folder.mkdir(parents=True, exist_ok=True)
                mark.touch()
                sent += 1
            except NotifierError as error:
                log.error("notifier %s did not take the drift of %s: %s", name, one.source, error)
                failed.append(name)
    return Told(drifts=tuple(drifts), sent=sent, failed=tuple(failed))


def recent(settings: Settings, *, now: datetime) -> list[Drift]:
    """The drifts of weeks that ended in the last fourteen days of the published data; none before anything is published."""
    from warehouse.snapshot import current_path

    path = current_path(settings.storage)
    if path is None:
        return []
    with duckdb.connect(str(path), read_only=True) as snapshot:
        snapshot.execute("SET TimeZone = 'UTC'")
        return [d for d in found(snapshot, now=now) if d.week_at + drift.WEEK > _end(snapshot, now) - RECENT]


def found(snapshot: duckdb.DuckDBPyConnection, *, now: datetime) -> list[Drift]:
    """All drifts in a snapshot, oldest first."""
    result = snapshot.execute("SELECT * FROM model_health_weekly ORDER BY source, model, week_at")
    names = [column[0] for column in result.description]
    return drift.find([dict(zip(names, row, strict=True)) for row in result.fetchall()], until=_end(snapshot, now))


def message(one: Drift) -> str:
    """What changed, where, and what to do."""
    return (
        f"In the week of {one.week_at:%d %b %Y}: {one.sentence} {one.model} was made for what came before: read some of these "
        "mentions, and see whether the source, its language or the topic has changed before you trust its scores."
    )


def _end(snapshot: duckdb.DuckDBPyConnection, now: datetime) -> datetime:
    row = snapshot.execute("SELECT watermark FROM meta").fetchone()
    return min(row[0], now) if row and row[0] else now


def _is_simulated(settings: Settings) -> bool:
    from pipelines.publish import is_simulated

    return is_simulated(settings, settings.sources)
