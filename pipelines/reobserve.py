"""Looks mentions up again at certain ages, for edits, deletions and engagement that happened after they were collected.

A mention is due when it has reached one of the ages of `recheck` and has not been observed since then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pipelines.collect import Collected, land
from pipelines.settings import Settings, span
from pipelines.store import translated, warehouse_path
from warehouse import connection as backend

AT_ONCE = 5_000  # mentions of one run; the others stay due


def run(settings: Settings, source_name: str, *, now: datetime) -> Collected:
    """Look up what is due of one source and land what the platform says.

    Raises:
        SourceError: the platform did not answer; nothing has landed and the same is due again.
        WarehouseError: the warehouse is taken for too long.
    """
    source = settings.plugin("sources", source_name)
    ids = due(settings, source_name, [span(age) for age in source.recheck], now=now) if source.can_look_up else []
    if not ids:
        return Collected.of(source_name, [])
    return land(settings, source, lambda query: source.look_up(query, ids, now=now), key=f"{now:%Y-%m-%dT%H:%M:%S}-again")


def due(settings: Settings, source_name: str, ages: Sequence[timedelta], *, now: datetime) -> list[str]:
    """Native ids of the mentions that are due, those that wait longest first."""
    if not warehouse_path(settings).exists() or not ages:
        return []
    query = """
        SELECT native_id, min(m.published_at + a.age) AS due_at
        FROM mentions AS m, (SELECT unnest(?::INTERVAL[]) AS age) AS a
        WHERE m.source = ? AND m.deleted_at IS NULL AND m.published_at + a.age <= ?
            AND coalesce(m.observed_at, m.published_at) < m.published_at + a.age
        GROUP BY native_id ORDER BY due_at, native_id LIMIT ?
    """
    with translated(), backend.open(warehouse_path(settings), read_only=True) as connection:
        rows = connection.execute(query, [list(ages), source_name, now, AT_ONCE]).fetchall()
    return [str(row[0]) for row in rows]
