"""Makes the marts: one SELECT each, all in one transaction, and only when what they are made of has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path

import duckdb

from warehouse import checks
from warehouse.migrate import migrations

FOLDER = Path(__file__).with_name("marts")
# Several marts read these views. Each is computed once, into a temporary table of the same name, which DuckDB finds first.
_DEAR = ("calendar", "thread_mentions", "living_mentions", "threads")


@cache
def marts() -> Mapping[str, str]:
    """Name and SELECT of every mart, by name."""
    return {f.stem: f.read_text(encoding="utf-8") for f in sorted(FOLDER.glob("*.sql"))}


@cache
def _definitions() -> str:
    """Hash of everything that says how the marts are made."""
    texts = [*marts().values(), *(m.sql for m in migrations()), duckdb.__version__]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def fingerprint(connection: duckdb.DuckDBPyConnection, timezone: str) -> str:
    """What the marts would be made of now: the same input and definitions give the same text. One pass over narrow columns."""
    state = connection.execute("""
        SELECT
            (SELECT (count(*), sum(hash(mention_id, content_hash, thread_id, deleted_at))) FROM mentions),
            (SELECT (count(*), sum(hash(mention_id, model, text_hash, sentiment, unknown_reason, enriched_at))) FROM enrichments),
            (SELECT (count(*), sum(hash(source, file_id, rows_in, stored, unchanged, quarantined))) FROM loads),
            (SELECT (count(*), sum(hash(mention_id, brands, erased_at))) FROM withdrawals),
            (SELECT (count(*), sum(hash(kind, source, due_at, mention_count, open_count, done_at))) FROM obligations),
            (SELECT (count(*), sum(hash(source, start_at, end_at, missing_count, filled_at))) FROM gaps),
            (SELECT (count(*), sum(hash(source, is_continuous, answered_at, asked_at))) FROM source_states),
            (SELECT (count(*), sum(hash(source, start_at, end_at, has_landed))) FROM source_windows)
    """).fetchone()
    return hashlib.sha256(f"{_definitions()} {timezone} {state}".encode()).hexdigest()


def built(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Fingerprint of what the marts are made of at present, None where there are none."""
    row = connection.execute("SELECT fingerprint FROM build_state").fetchone()
    return str(row[0]) if row else None


def build(connection: duckdb.DuckDBPyConnection, *, timezone: str, now: datetime) -> dict[str, int]:
    """Make all marts anew and check them; where a check or anything else fails, the old ones stay.

    Args:
        timezone: in which days and weeks begin.
        now: noted as the time of the build.

    Returns:
        Number of rows of each mart.

    Raises:
        WarehouseFault: a check found rows.
    """
    state = fingerprint(connection, timezone)
    try:
        connection.execute("BEGIN TRANSACTION")
        connection.execute("UPDATE project SET timezone = ? WHERE timezone <> ?", [timezone, timezone])
        connection.execute("COMMIT")
        for view in _DEAR:  # outside the transaction: DuckDB reads uncommitted temporary rows very slowly
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {view} AS SELECT * FROM main.{view}")
        connection.execute("BEGIN TRANSACTION")
        for name, select in marts().items():
            connection.execute(f"CREATE OR REPLACE TABLE main.{name} AS {select}")
        connection.execute("DELETE FROM build_state")
        connection.execute("INSERT INTO build_state VALUES (?, ?)", [state, now])
        checks.run(connection, "warehouse")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.TransactionException):  # raised where there is no transaction to undo
            connection.execute("ROLLBACK")
        raise
    finally:
        for view in _DEAR:
            connection.execute(f"DROP TABLE IF EXISTS temp.{view}")
    return {name: _count(connection, name) for name in marts()}


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM main.{table}").fetchone()
    return int(row[0]) if row else 0
