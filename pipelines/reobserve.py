"""Looks mentions up again at certain ages, for edits, deletions and engagement that happened after they were collected.

A mention is due when it has reached one of the ages of `recheck` and has not been observed since then, or when the platform's
terms (`refresh_within`) will soon let nobody keep what was seen then. What is withdrawn is not looked up any more.

A platform tells less of a mention that is looked up than of one that is collected. What it cannot tell lands as it is stored: how
many the mention stands for, how many follow its author, that the brand wrote it and which it was. So the newest observation is a
whole one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from pipelines import governed, ledger
from pipelines.collect import Collected, land
from pipelines.records import Found, Mention, Query, Rejected
from pipelines.settings import Settings
from pipelines.store import open_warehouse, transaction, translated, warehouse_path
from warehouse import connection as backend

if TYPE_CHECKING:
    from pipelines.sources.base import Source

AT_ONCE = 5_000  # mentions of one run; the others stay due


def run(settings: Settings, source_name: str, *, now: datetime) -> Collected:
    """Look up what is due of one source, as far as its budget reaches, and land what the platform says.

    Raises:
        SourceError: the platform did not answer; nothing has landed and the same is due again.
        WarehouseError: the warehouse is taken for too long.
    """
    source = settings.plugin("sources", source_name)
    ids = due(settings, source, now=now) if source.can_look_up else []
    if not ids:
        return Collected.of(source_name, [])
    stored = _stored(settings, source_name, ids)

    def give(query: Query) -> Iterator[Found]:
        found = governed.look_up(source, query, ids, now=now) if source.budget else source.look_up(query, ids, now=now)
        return _whole(found, stored)

    return land(settings, source, give, key=f"{now:%Y-%m-%dT%H:%M:%S}-again", now=now)


class _Stored(NamedTuple):
    """What a look-up may not be told."""

    weight: float | None
    author_followers: int | None
    is_own: bool
    brand: str | None


def _stored(settings: Settings, source: str, ids: Sequence[str]) -> dict[str, _Stored]:
    """What is stored of these native ids."""
    query = (
        "SELECT native_id, weight, author_followers, is_own, brand FROM mentions "
        "WHERE source = $source AND native_id IN (SELECT unnest($ids::VARCHAR[]))"
    )
    with translated(), backend.open(warehouse_path(settings), read_only=True) as connection:
        rows = connection.execute(query, {"source": source, "ids": list(ids)}).fetchall()
    return {native_id: _Stored(*values) for native_id, *values in rows}


def _whole(found: Iterable[Mention | Rejected], stored: Mapping[str, _Stored]) -> Iterator[Found]:
    """What was looked up, with what it was not told. A deletion needs nothing: see loads/settled.sql."""
    for item in found:
        known = stored.get(item.native_id) if isinstance(item, Mention) and not item.deleted_at else None
        if isinstance(item, Mention) and known:
            followers = known.author_followers if item.author_followers is None else item.author_followers
            weight = known.weight if item.weight is None else item.weight
            is_own, brand = item.is_own or known.is_own, item.brand or known.brand
            item = replace(item, weight=weight, author_followers=followers, is_own=is_own, brand=brand)
        yield item


def due(settings: Settings, source: Source, *, now: datetime) -> list[str]:
    """Native ids of the mentions that are due, those that wait longest first."""
    if not warehouse_path(settings).exists():
        return []
    with translated(), backend.open(warehouse_path(settings), read_only=True) as connection:
        values = ledger.due_values(source.name, source, now)
        rows = connection.execute(f"SELECT native_id, reached_at FROM ({ledger.DUE})", values).fetchall()
        if source.refresh_within is not None:
            rows += connection.execute(*ledger.refreshing(source.name, source.refresh_within, now)).fetchall()
    waiting: dict[str, datetime] = {}
    for native_id, since in rows:
        waiting[native_id] = min(since, waiting.get(native_id, since))
    return sorted(waiting, key=lambda native_id: (waiting[native_id], native_id))[:AT_ONCE]


def record(settings: Settings, *, now: datetime) -> list[str]:
    """Write down in the ledger what is due; returns the sources that have something to look up.

    Raises:
        WarehouseError: the warehouse is taken for too long.
    """
    names = [name for name in settings.sources if settings.plugin("sources", name).can_look_up]
    if not names or not warehouse_path(settings).exists():
        return []
    with open_warehouse(settings) as connection, transaction(connection):
        ledger.keep(connection, settings, now=now)
    return [name for name in names if due(settings, settings.plugin("sources", name), now=now)]
