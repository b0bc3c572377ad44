"""Writes snapshots: built beside, checked, flushed to disk, and only then does the link change, in one step.

Whoever is killed in between leaves the snapshot that was current, and a file that the next publisher removes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from warehouse import build, checks
from warehouse.connection import quoted
from warehouse.snapshot import LINK, serving

log = logging.getLogger(__name__)

Brands = Sequence[tuple[str, str, bool]]  # key, name, is_competitor
PINS = "pins.json"  # {"<version>": "<ISO time until which it is kept>"}
KEPT = 2
_BUILDING = ".building-"
_STAMP = "%Y%m%dT%H%M%S%f"
_META = {
    "version": "VARCHAR", "published_at": "TIMESTAMPTZ", "watermark": "TIMESTAMPTZ", "project_name": "VARCHAR",
    "timezone": "VARCHAR", "is_simulated": "BOOLEAN", "model": "VARCHAR", "first_response_target_seconds": "INTEGER",
    "schema_version": "INTEGER",
}
# Tables that are copied as they are, with what stays behind: an error text may hold the address of a receiver.
_COPIED: Mapping[str, Sequence[str]] = {
    "alerts": (), "alert_states": (), "incidents": (), "incident_alerts": (), "expectations": (), "arming": (), "actions": (),
    "approvals": (), "sentiment_estimates": (), "backtests": (), "backtest_alerts": (), "alert_budgets": (),
    "gaps": (), "source_states": (), "source_costs": (),
    "deliveries": ("last_error", "delivery_key"),
}


def fingerprint(warehouse: duckdb.DuckDBPyConnection, about: Mapping[str, Any], brands: Brands) -> str:
    """What a snapshot would hold now, in 12 hexadecimal digits; the time of publishing is no part of it."""
    sums = ", ".join(f"(SELECT (count(*), sum(hash({table}))) FROM {table})" for table in _COPIED)
    state = warehouse.execute(f"SELECT {sums}").fetchone()
    text = f"{build.built(warehouse)} {_META} {_COPIED} {sorted(about.items())} {brands} {state}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def next_version(current: str | None, content: str, now: datetime) -> str:
    """A name for a snapshot: sorts after `current` even where the clock went back, and ends in what it holds.

    >>> next_version(None, "0123456789ab", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    '20260102T030405000000-0123456789ab'
    >>> next_version("20260102T030405000000-0", "f", datetime(2025, 1, 1, tzinfo=UTC))
    '20260102T030405000001-f'
    """
    at = now.astimezone(UTC)
    with suppress(ValueError):  # the first snapshot, or one that somebody named by hand
        last = datetime.strptime((current or "").split("-")[0], _STAMP).replace(tzinfo=UTC)
        at = max(at, last + timedelta(microseconds=1))
    return f"{at.strftime(_STAMP)}-{content}"


def write(
    warehouse: duckdb.DuckDBPyConnection, storage: Path, version: str, about: Mapping[str, Any], brands: Brands, *, now: datetime
) -> Path:
    """Build the snapshot `version`, check it and make it the current one.

    The warehouse must be open for writing, which keeps every other publisher out.

    Raises:
        WarehouseFault: a check failed, or nothing has been aggregated; the current snapshot stays.
    """
    folder = serving(storage)
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    building = folder / f"{_BUILDING}{version}.duckdb"
    warehouse.execute(f"ATTACH {quoted(building)} AS snapshot")
    try:
        _fill(warehouse, {"version": version, "published_at": now} | dict(about), brands)
        checks.run(warehouse, "snapshot")
    except BaseException:
        _detach(warehouse)
        _sweep(folder)
        raise
    _detach(warehouse)
    _flush(building)
    path = folder / f"{version}.duckdb"
    building.replace(path)
    _swap(folder, path.name)
    _prune(folder, now)
    return path


def _fill(warehouse: duckdb.DuckDBPyConnection, about: Mapping[str, Any], brands: Brands) -> None:
    name = warehouse.execute("SELECT current_database()").fetchone()
    source = '"' + str(name[0] if name else "").replace('"', '""') + '"'
    warehouse.execute("BEGIN TRANSACTION")
    warehouse.execute("USE snapshot")
    for mart in build.marts():
        warehouse.execute(f"CREATE TABLE {mart} AS SELECT * FROM {source}.main.{mart}")
    for table, left_out in _COPIED.items():
        rest = f"EXCLUDE ({', '.join(left_out)})" if left_out else ""
        warehouse.execute(f"CREATE TABLE {table} AS SELECT * {rest} FROM {source}.main.{table}")
    warehouse.execute(f"CREATE TABLE meta ({', '.join(f'{c} {t}' for c, t in _META.items())})")
    warehouse.execute(f"INSERT INTO meta VALUES ({', '.join('?' * len(_META))})", [about[c] for c in _META])
    warehouse.execute("CREATE TABLE brands (brand VARCHAR NOT NULL, name VARCHAR NOT NULL, is_competitor BOOLEAN NOT NULL)")
    for brand in brands:
        warehouse.execute("INSERT INTO brands VALUES (?, ?, ?)", list(brand))
    warehouse.execute(
        "INSERT INTO brands SELECT DISTINCT brand, brand, false FROM brand_hourly WHERE brand NOT IN (SELECT brand FROM brands)"
    )
    warehouse.execute("COMMIT")


def _detach(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Leave the snapshot, which writes it out in full: afterwards it is one file without a log beside it."""
    with suppress(duckdb.TransactionException):
        warehouse.execute("ROLLBACK")
    home = warehouse.execute(
        "SELECT database_name FROM duckdb_databases() WHERE NOT internal AND database_name <> 'snapshot' LIMIT 1"
    ).fetchone()
    warehouse.execute(f'USE "{home[0] if home else "memory"}"')
    warehouse.execute("DETACH snapshot")


def _flush(path: Path) -> None:
    for target in (path, path.parent):
        handle = os.open(target, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _swap(folder: Path, name: str) -> None:
    fresh = folder / f"{_BUILDING}link"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(name)
    fresh.replace(folder / LINK)
    _flush(folder)


def _sweep(folder: Path) -> None:
    """Remove what a killed publisher left behind."""
    for left in folder.glob(f"{_BUILDING}*"):
        left.unlink(missing_ok=True)


def _prune(folder: Path, now: datetime) -> None:
    """Delete snapshots but the newest two and those that a shared link pins. Whoever has one open keeps it."""
    versions = sorted(p for p in folder.glob("*.duckdb") if p.name != LINK and not p.name.startswith("."))
    try:
        pins = {str(v): datetime.fromisoformat(str(until)) for v, until in json.loads((folder / PINS).read_text("utf-8")).items()}
    except FileNotFoundError:
        pins = {}
    except (OSError, ValueError, AttributeError) as error:
        log.warning("%s cannot be read (%s): no snapshot is deleted", folder / PINS, error)
        return
    for path in versions[:-KEPT]:
        until = pins.get(path.stem)
        if until is None or (until if until.tzinfo else until.replace(tzinfo=UTC)) < now:
            path.unlink(missing_ok=True)
