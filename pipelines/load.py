"""Loads landed windows into the warehouse: one transaction a window, so that a window is loaded or it is not.

A window that was loaded as it is, with the scores that it has, is left alone: the warehouse is not even opened for writing.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines import forgotten
from pipelines.errors import InputError, WarehouseError
from pipelines.landing import Landing, Manifest, file_hash
from pipelines.settings import Settings
from pipelines.store import open_warehouse, translated, warehouse_path
from warehouse import connection as backend
from warehouse import loading

_LOG = logging.getLogger(__name__)
_ACTION = ("action_id", "alert_id", "mention_id", "verb", "actor", "value", "acted_at", "via")
_NEEDED = ("action_id", "verb", "actor", "acted_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What loading a window did. rows_in = stored + unchanged + quarantined."""

    rows_in: int
    stored: int  # inserted, or replaced by a newer version
    unchanged: int  # known already, older than what is known, or twice in the window
    quarantined: int


def run(settings: Settings, source_name: str, window_key: str, *, now: datetime, model: str | None = None) -> Loaded:
    """Merge one landed window, its rejected rows and its scores into the warehouse.

    Args:
        model: load the scores of this model only ("encoder", "lexicon", "none", or name@version); None: of every model.

    Raises:
        InputError: the window has not landed.
        WarehouseError: the warehouse was taken for too long, or a statement failed; nothing of the window is then loaded.
    """
    landing = Landing(settings.storage)
    manifest = landing.read_manifest(source_name, window_key)
    if manifest is None:
        raise InputError(f"{source_name} {window_key}: this window has not landed; collect it first.")
    scores = _scores(landing, source_name, window_key, model)
    before, actions = _looked_up(settings, manifest)
    if before is not None and before.holds(manifest, scores) and not actions:
        return Loaded(rows_in=manifest.rows_in, stored=0, unchanged=manifest.mentions, quarantined=manifest.rejected)
    with open_warehouse(settings) as connection:
        before = _before(loading.read_load(connection, source_name, manifest.file_id))  # another may have loaded it meanwhile
        connection.execute("BEGIN TRANSACTION")
        loaded = _merge(connection, landing, manifest, scores, before, now)
        _merge_actions(connection, actions)
        connection.execute("COMMIT")
    return loaded


def waiting(settings: Settings, source_name: str, *, model: str | None = None) -> list[str]:
    """Keys of landed windows that `run` would have something to do for, in order; the warehouse is read once."""
    landing = Landing(settings.storage)
    loads: dict[str, tuple[str | None, str | None]] = {}
    if warehouse_path(settings).exists():
        with translated(), backend.open(warehouse_path(settings), read_only=True) as connection:
            if _has_loads(connection):
                loads = loading.read_loads(connection, source_name)
    found = []
    for key in landing.windows(source_name):
        manifest, before = landing.read_manifest(source_name, key), _before(loads.get(key))
        if manifest is None or before is None or not before.holds(manifest, _scores(landing, source_name, key, model)):
            found.append(key)
    return found


def due(settings: Settings, source_name: str, landed: Iterable[str]) -> list[str]:
    """Keys to load after a collection, in order: what it landed, and what was landed by one that was killed before it said so.

    Where the warehouse is taken for too long, the others are left to the next collection: asking a platform again may cost.
    """
    try:
        left = waiting(settings, source_name)
    except WarehouseError as error:
        _LOG.warning("%s: windows that were landed before are loaded after a later collection: %s", source_name, error)
        left = []
    return sorted({*landed, *left})


def run_actions(settings: Settings, *, now: datetime) -> int:
    """Store what people did on the pages since the last load; returns how many actions were new."""
    actions = _looked_up(settings, None)[1]
    if not actions:
        return 0
    with open_warehouse(settings) as connection:
        connection.execute("BEGIN TRANSACTION")
        _merge_actions(connection, actions)
        connection.execute("COMMIT")
    return len(actions)


@dataclass(frozen=True, slots=True)
class _Before:
    """What an earlier load of the same window brought."""

    content_hash: str | None
    models: dict[str, str]  # name@version -> hash of the landed file

    def holds(self, manifest: Manifest, scores: dict[str, Path]) -> bool:
        """Is there nothing to load?"""
        return self.content_hash == manifest.content_hash and all(
            self.models.get(name) == file_hash(path) for name, path in scores.items()
        )


def _before(row: tuple[str | None, str | None] | None) -> _Before | None:
    return None if row is None else _Before(row[0], json.loads(row[1] or "{}"))


def _scores(landing: Landing, source: str, window: str, model: str | None) -> dict[str, Path]:
    found = landing.enrichments(source, window)
    return found if model is None else {n: p for n, p in found.items() if model in (n, n.split("@")[0])}


def _looked_up(settings: Settings, manifest: Manifest | None) -> tuple[_Before | None, list[dict[str, Any]]]:
    """What is known of the window, and the actions that are new; reads only: nobody waits and no byte is written."""
    path, row, known = warehouse_path(settings), None, set[str]()
    files = Landing(settings.storage).actions()
    if path.exists() and (manifest or files):
        with translated(), backend.open(path, read_only=True) as connection:
            if _has_loads(connection):
                row = loading.read_load(connection, manifest.source, manifest.file_id) if manifest else None
                known = loading.known_actions(connection) if files else known
    found = (_action(file) for file in files if file.stem not in known)
    return _before(row), [values for values in found if values is not None]


def _has_loads(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'loads'").fetchone()
    return found is not None


def _merge(
    connection: duckdb.DuckDBPyConnection, landing: Landing, manifest: Manifest, scores: dict[str, Path], before: _Before | None,
    now: datetime,
) -> Loaded:
    stored = 0
    source, window = manifest.source, manifest.window
    if before is None or before.content_hash != manifest.content_hash:
        is_relanded = before is not None
        stored = loading.merge_mentions(
            connection, landing.mentions(source, window), struck=forgotten.read(landing), is_relanded=is_relanded, now=now
        )
        rejected = landing.quarantine(source, window)
        loading.merge_quarantine(
            connection, rejected if rejected.exists() else None, source=source, file_id=manifest.file_id,
            is_relanded=is_relanded, now=now,
        )
    hashes = {name: file_hash(path) for name, path in scores.items()}
    known = before.models if before is not None and before.content_hash == manifest.content_hash else {}
    for name, path in scores.items():
        if known.get(name) != hashes[name]:
            loading.merge_enrichments(connection, path, now=now)
    values = {
        "source": source, "file_id": manifest.file_id, "file": manifest.file, "rows_in": manifest.rows_in, "stored": stored,
        "unchanged": manifest.mentions - stored, "quarantined": manifest.rejected, "content_hash": manifest.content_hash,
        "models": json.dumps(known | hashes, sort_keys=True), "now": now,
    }
    loading.write_load(connection, values)
    return Loaded(
        rows_in=manifest.rows_in, stored=stored, unchanged=manifest.mentions - stored, quarantined=manifest.rejected
    )


def _merge_actions(connection: duckdb.DuckDBPyConnection, actions: list[dict[str, Any]]) -> None:
    for values in actions:
        loading.merge_action(connection, values)


def _action(path: Path) -> dict[str, Any] | None:
    """The action in a file <action_id>.json. One that is none is named in the log, passed over, and blocks nothing."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        values = {"action_id": path.stem} | {name: found.get(name) for name in _ACTION if name != "action_id"}
        if any(values[name] is None for name in _NEEDED):
            raise ValueError("a field is missing")
        for name in ("alert_id", "mention_id"):
            values[name] = str(uuid.UUID(values[name])) if values[name] else None
        datetime.fromisoformat(values["acted_at"])
    except (OSError, ValueError, TypeError, AttributeError) as error:
        _LOG.warning("%s: is not an action and is passed over: %s", path, error)
        return None
    return values
