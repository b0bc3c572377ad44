"""The ledger of obligations: what platforms' terms and people's requests oblige us to, by when, and whether it was done.

    recheck    mentions that have reached an age at which they are looked up again
    refresh    mentions that must be seen again, or go, since the platform's terms let nobody keep older copies
    erase      withdrawn mentions of which there may still be a copy

`owed` says what is open now, from the data alone. `keep` writes it into the table `obligations`: what is new, and what is no
longer open and therefore done. A run that was killed has thus forgotten nothing, and nothing is called done that is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import duckdb

from pipelines.settings import Settings, span
from pipelines.store import translated, warehouse_path
from warehouse import connection as backend

if TYPE_CHECKING:
    from pipelines.sources.base import Source

GRACE = timedelta(hours=6)  # after a mention has reached an age, until it must have been looked up
LATEST = timedelta(days=30)  # for erasing, where the platform's terms name no time: a month at most (GDPR, article 12)
EARLY = 0.2  # of the time in which a mention must be seen again: how long before its end that begins
KEPT = timedelta(days=400)  # what was done stays in the ledger
FETCHED = "greatest(coalesce(observed_at, published_at), ingested_at)"  # when the platform last gave it to us


@dataclass(frozen=True, slots=True, order=True)
class Owed:
    """What is to be done for `count` mentions of a source by `due_at`."""

    kind: str
    source: str
    due_at: datetime
    count: int


def owed(connection: duckdb.DuckDBPyConnection, settings: Settings, *, now: datetime) -> list[Owed]:
    """Everything that is open now."""
    sources = {name: settings.plugin("sources", name) for name in settings.sources}
    found = [*_erasures(connection, sources)]
    for name, source in sources.items():
        found += _rechecks(connection, name, source, now)
        found += _refreshes(connection, name, source, now)
    return sorted(found)


def overdue(settings: Settings, *, now: datetime) -> list[Owed]:
    """What should have been done by now; reads only."""
    if not warehouse_path(settings).exists():
        return []
    with translated(), backend.open(warehouse_path(settings), read_only=True) as connection:
        return [one for one in owed(connection, settings, now=now) if one.due_at < now] if _has_table(connection) else []


def keep(connection: duckdb.DuckDBPyConnection, settings: Settings, *, now: datetime) -> None:
    """Bring the table up to date."""
    if not is_behind(connection, settings, now=now):
        return
    connection.execute("CREATE OR REPLACE TEMP TABLE owed (kind VARCHAR, source VARCHAR, due_at TIMESTAMPTZ, open_count INTEGER)")
    rows = [[one.kind, one.source, one.due_at, one.count] for one in owed(connection, settings, now=now)]
    if rows:
        connection.executemany("INSERT INTO owed VALUES (?, ?, ?, ?)", rows)
    connection.execute(
        """
        MERGE INTO obligations USING owed
        ON obligations.kind = owed.kind AND obligations.source = owed.source AND obligations.due_at = owed.due_at
        WHEN MATCHED AND (obligations.open_count <> owed.open_count OR obligations.done_at IS NOT NULL) THEN UPDATE SET
            mention_count = CASE
                WHEN obligations.done_at IS NULL THEN greatest(obligations.mention_count, owed.open_count)
                ELSE obligations.mention_count + owed.open_count
            END,
            open_count = owed.open_count, done_at = NULL
        WHEN NOT MATCHED THEN INSERT (kind, source, due_at, mention_count, open_count, noted_at)
        VALUES (owed.kind, owed.source, owed.due_at, owed.open_count, owed.open_count, $now)
        """,
        {"now": now},
    )
    connection.execute(
        "UPDATE obligations SET open_count = 0, done_at = ? "
        "WHERE done_at IS NULL AND (kind, source, due_at) NOT IN (SELECT (kind, source, due_at) FROM owed)", [now]
    )
    connection.execute("DELETE FROM obligations WHERE done_at < ?", [now - KEPT])


def is_behind(connection: duckdb.DuckDBPyConnection, settings: Settings, *, now: datetime) -> bool:
    """Would `keep` change anything?"""
    rows = connection.execute("SELECT kind, source, due_at, open_count FROM obligations WHERE done_at IS NULL").fetchall()
    return sorted(Owed(*row) for row in rows) != owed(connection, settings, now=now)


def _has_table(connection: duckdb.DuckDBPyConnection) -> bool:
    return connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'obligations'").fetchone() is not None


def _erasures(connection: duckdb.DuckDBPyConnection, sources: dict[str, Source]) -> Iterator[Owed]:
    rows = connection.execute(
        "SELECT m.source, date_trunc('hour', w.withdrawn_at), count(*) FROM withdrawals AS w "
        "INNER JOIN mentions AS m ON m.mention_id = w.mention_id WHERE w.erased_at IS NULL GROUP BY ALL"
    ).fetchall()
    for name, hour, count in rows:
        within = sources[name].delete_within if name in sources else None
        yield Owed("erase", name, hour + (within or LATEST), count)


def _rechecks(connection: duckdb.DuckDBPyConnection, name: str, source: Source, now: datetime) -> Iterator[Owed]:
    if not source.can_look_up or not source.recheck:
        return
    query = f"""
        SELECT date_trunc('hour', greatest(reached_at, ingested_at)) + INTERVAL 1 HOUR, count(*)
        FROM ({DUE}) GROUP BY ALL
    """
    for hour, count in connection.execute(query, due_values(name, source, now)).fetchall():
        yield Owed("recheck", name, hour + GRACE, count)


def _refreshes(connection: duckdb.DuckDBPyConnection, name: str, source: Source, now: datetime) -> Iterator[Owed]:
    if source.refresh_within is None:
        return
    query, values = refreshing(name, source.refresh_within, now)
    counted = f"SELECT date_trunc('hour', until_at), count(*) FROM ({query}) GROUP BY ALL"
    for hour, count in connection.execute(counted, values).fetchall():
        yield Owed("refresh", name, hour, count)


def refreshing(name: str, within: timedelta, now: datetime) -> tuple[str, dict[str, object]]:
    """A SELECT of the native ids of a source that must be seen again soon, each with when its time ends, and its parameters."""
    query = f"""
        SELECT native_id, {FETCHED} + $within AS until_at FROM mentions
        WHERE source = $source AND deleted_at IS NULL AND {FETCHED} + $within <= $until
    """
    return query, {"within": within, "source": name, "until": now + within * EARLY}


# Mentions that have reached an age since they were seen last, with the first such moment. A parameter each: due_values().
DUE = """
    SELECT m.native_id, any_value(m.ingested_at) AS ingested_at, min(m.published_at + a.age) AS reached_at
    FROM mentions AS m, (SELECT unnest($ages::INTERVAL[]) AS age) AS a
    WHERE m.source = $source AND m.deleted_at IS NULL AND m.published_at + a.age <= $now
        AND coalesce(m.observed_at, m.published_at) < m.published_at + a.age
    GROUP BY m.native_id
"""


def due_values(name: str, source: Source, now: datetime) -> dict[str, object]:
    """The parameters of DUE."""
    return {"ages": [span(age) for age in source.recheck], "source": name, "now": now}
