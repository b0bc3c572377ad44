"""Erasure: of what was withdrawn, no copy is left anywhere.

`load` withdraws what a platform deleted at once (see warehouse/withdrawing.py). This stage withdraws what people asked us to
forget and what a platform's terms let nobody keep any longer, and then removes every copy:

1. actions about it; rows of tables that are its own, its id in lists (examples of alerts), rejected rows that quote it;
2. snapshots, also those that a shared link keeps: their figures stay, their quotes go;
3. landed files: the row stays with what counts need, blank;
4. the warehouse's file is written anew, since DuckDB leaves deleted bytes where they were.

Only then `withdrawals.erased_at` is set, so whoever was killed before does it all again; a note beside the file sees to the last
step. Where nothing was withdrawn since the last time, the warehouse is only read, briefly.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import duckdb

from pipelines import blanking, copies, forgotten, ledger
from pipelines.blanking import Blanked
from pipelines.landing import Landing, sweep
from pipelines.settings import Settings
from pipelines.store import open_warehouse, transaction, translated, warehouse_path
from warehouse import connection as backend
from warehouse import erasure, loading, withdrawing

log = logging.getLogger(__name__)
_AHEAD = timedelta(hours=2)  # before a platform's time ends: this stage runs every hour
_UNTOUCHED = timedelta(hours=1)  # a file that was begun and not written to since was left behind


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What a run did."""

    withdrawn: int = 0  # mentions that it withdrew itself: by request, or because their time had ended
    mentions: int = 0  # of which the copies are gone now
    files: int = 0  # landed files that were rewritten or removed
    snapshots: int = 0  # that were rewritten


def run(settings: Settings, *, now: datetime, names: Sequence[str] | None = None) -> Erased:
    """Erase whatever is withdrawn and may have a copy.

    Args:
        names: of a request that has just come: a forgotten author's name or id at the platform, to be found in rejected rows too.
            Everything is then looked through, also what has landed and was not loaded.

    Raises:
        WarehouseError: the warehouse is taken for too long.
    """
    path, landing = warehouse_path(settings), Landing(settings.storage)
    if not path.exists():
        return Erased()
    sweep(landing, before=now - _UNTOUCHED)
    if names is None and not _is_needed(settings, landing, now=now):
        return Erased()
    with open_warehouse(settings) as warehouse:
        with transaction(warehouse):
            withdrawn = _withdraw(warehouse, settings, landing, now=now)
            ledger.keep(warehouse, settings, now=now)
        erased = _erase(warehouse, settings, landing, names, now=now)
    with translated():
        if erasure.is_rewrite_asked(path):
            erasure.rewrite(path)
    log.info("erased %d mentions: %d files, %d snapshots", erased.mentions, erased.files, erased.snapshots)
    return Erased(withdrawn=withdrawn, mentions=erased.mentions, files=erased.files, snapshots=erased.snapshots)


def _is_needed(settings: Settings, landing: Landing, *, now: datetime) -> bool:
    path = warehouse_path(settings)
    if erasure.is_rewrite_asked(path):
        return True
    with translated(), backend.open(path, read_only=True) as warehouse:
        if not warehouse.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'obligations'").fetchone():
            return True
        if warehouse.execute("SELECT 1 FROM withdrawals WHERE erased_at IS NULL LIMIT 1").fetchone():
            return True
        found = [*_expired(settings, now), *_forgotten(landing)]
        return any(warehouse.execute(f"{ids} LIMIT 1").fetchone() for ids, _ in found) or ledger.is_behind(
            warehouse, settings, now=now
        )


def _expired(settings: Settings, now: datetime) -> list[tuple[str, datetime]]:
    """For each source with such terms: a SELECT of the mentions that may not be kept any longer, and as of when they go."""
    found = []
    for name in settings.sources:
        within = settings.plugin("sources", name).refresh_within
        if within is not None:
            until = (now + _AHEAD - within).isoformat()
            query = f"SELECT mention_id FROM mentions WHERE source = {backend.quoted(name)} AND deleted_at IS NULL"
            found.append((f"{query} AND {ledger.FETCHED} <= {backend.quoted(until)}::TIMESTAMPTZ", now))
    return found


def _forgotten(landing: Landing) -> list[tuple[str, datetime]]:
    """A SELECT of the stored mentions that requests are about, and when the last of these was made."""
    asked, query = forgotten.read(landing), "SELECT mention_id FROM mentions WHERE deleted_at IS NULL"
    found = []
    for column, wanted in (("mention_id", asked.mentions), (withdrawing.AUTHOR, asked.authors)):
        if wanted:  # what earlier requests were about is withdrawn already
            listed = ", ".join(backend.quoted(str(key)) for key in wanted)
            found.append((f"{query} AND {column} IN ({listed})", max(wanted.values())))
    return found


def _withdraw(warehouse: duckdb.DuckDBPyConnection, settings: Settings, landing: Landing, *, now: datetime) -> int:
    found = [*_expired(settings, now), *_forgotten(landing)]
    return sum(loading.withdraw(warehouse, ids, at=at, now=now) for ids, at in found)


def _erase(
    warehouse: duckdb.DuckDBPyConnection, settings: Settings, landing: Landing, names: Sequence[str] | None, *, now: datetime
) -> Erased:
    rows = warehouse.execute("SELECT mention_id FROM withdrawals WHERE erased_at IS NULL").fetchall()
    pending = {UUID(str(mention_id)) for (mention_id,) in rows}
    if not pending and names is None:
        return Erased()
    copies.gather(warehouse, landing, forgotten.read(landing), names or ())
    quotes, withdrawn = copies.texts(warehouse), copies.deletions(warehouse)
    windows, rejects = copies.windows(warehouse, landing), copies.rejects(warehouse, landing)
    erasure.ask_rewrite(warehouse_path(settings))
    removed = list(copies.actions(landing, pending, quotes))
    for file in removed:
        file.unlink(missing_ok=True)
    with transaction(warehouse):
        erasure.scrub(warehouse, pending, quotes)
        copies.blank_quarantine(warehouse)
    with translated():
        snapshots = erasure.scrub_snapshots(settings.storage, pending, quotes)
    blanked = [blanking.blank_rejects(landing, landed, rows) for landed, rows in sorted(rejects.items())]
    blanked += [blanking.blank(landing, landed, withdrawn) for landed in windows]  # last: they tell what to look for elsewhere
    blanked += [blanking.blank_stray(landing, file, withdrawn) for file in copies.scores(warehouse, landing)]
    with transaction(warehouse):
        _note(warehouse, blanked)
        warehouse.execute(
            "UPDATE withdrawals SET erased_at = ?, seen_hash = CASE WHEN seen_hash LIKE '-%' THEN seen_hash "
            "WHEN seen_hash IS NOT NULL THEN 'z' END WHERE erased_at IS NULL", [now],
        )  # 'z': no longer of the text, and behind no other
        ledger.keep(warehouse, settings, now=now)
    files = len(removed) + sum(one.files for one in blanked)
    return Erased(mentions=len(pending), files=files, snapshots=snapshots)


def _note(warehouse: duckdb.DuckDBPyConnection, blanked: Sequence[Blanked]) -> None:
    """The blanked files are those that were loaded: nothing is to be loaded again."""
    for one in blanked:
        row = loading.read_load(warehouse, *one.landed)
        if row is None or row[0] != one.content[0]:
            continue
        models = json.loads(row[1] or "{}")
        for name, (before, after) in one.models.items():
            if models.get(name) == before:
                models[name] = after
        warehouse.execute(
            "UPDATE loads SET content_hash = ?, models = ? WHERE source = ? AND file_id = ?",
            [one.content[1], json.dumps(models, sort_keys=True), *one.landed],
        )
