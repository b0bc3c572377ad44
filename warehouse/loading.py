"""Merges one landed window into the base tables. One MERGE a table, in `loads/*.sql`; the caller holds the transaction."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from warehouse import withdrawing
from warehouse.withdrawing import NOTHING, Forgotten

FOLDER = Path(__file__).with_name("loads")
_LONGEST_CHAIN = 2**24  # replies below one another; also what ends a circle of them
_LINKED = "coalesce(thread_id, in_reply_to) <> native_id"


@cache
def statement(name: str) -> str:
    """The MERGE in loads/<name>.sql."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def _count(connection: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any] | None = None) -> int:
    row = connection.execute(sql, values or {}).fetchone()
    return int(row[0]) if row else 0


def merge_mentions(
    connection: duckdb.DuckDBPyConnection, file: Path, *, struck: Forgotten = NOTHING, is_relanded: bool, now: datetime
) -> int:
    """Merge a Parquet file of mentions of one source; returns how many rows were inserted or updated.

    Replies join the thread of what they answer, whether that was loaded before or comes later. What was scored for a text
    that is no longer there goes. Leaves the temporary table `incoming`.

    Args:
        struck: what people asked us to forget: it is stored as withdrawn.
    """
    connection.execute(
        # files that landed in earlier versions have no weight
        "CREATE OR REPLACE TEMP TABLE incoming AS SELECT *, deleted_at IS NULL AS is_held, false AS is_settled FROM ("
        "SELECT * FROM read_parquet($file, hive_partitioning = false) "
        "UNION ALL BY NAME SELECT NULL::DOUBLE AS weight WHERE false)",
        {"file": str(file)},
    )
    withdrawing.strike(connection, struck)
    return _merge_incoming(connection, is_relanded=is_relanded, now=now)


def withdraw(connection: duckdb.DuckDBPyConnection, ids: str, *, at: datetime, now: datetime) -> int:
    """Withdraw stored mentions as of `at`, as if the platform had deleted them then; returns how many there were.

    Args:
        ids: a SELECT of their `mention_id`.
    """
    withdrawing.take(connection, ids, at)
    return _merge_incoming(connection, is_relanded=False, now=now)


def _merge_incoming(connection: duckdb.DuckDBPyConnection, *, is_relanded: bool, now: datetime) -> int:
    is_withdrawing = withdrawing.settle(
        connection, statement("settled"), statement("withdrawals"), is_relanded=is_relanded, now=now
    )
    _take_newest(connection)
    is_linked = _count(connection, f"SELECT count(*) FROM (SELECT 1 FROM incoming WHERE {_LINKED} LIMIT 1)") > 0
    if is_linked:
        _find_threads(connection)
    known = _count(connection, "SELECT count(*) FROM mentions SEMI JOIN incoming USING (mention_id)")
    if known and not is_relanded:
        _keep_published(connection)
    stored = _count(connection, statement("mentions"), {"is_relanded": is_relanded, "now": now})
    if known and stored:
        connection.execute(
            """
            DELETE FROM enrichments USING (
                SELECT mention_id, md5(text) AS text_hash FROM mentions SEMI JOIN incoming USING (mention_id)
            ) AS kept
            WHERE enrichments.mention_id = kept.mention_id AND enrichments.text_hash <> kept.text_hash
            """
        )
    if is_withdrawing:
        withdrawing.drop_scores(connection)
    if is_linked:
        _join_threads(connection)
    return stored


def _take_newest(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave the newest observation of each incoming mention, with the earliest time at which any says that it was published."""
    if not _count(connection, "SELECT count(*) - count(DISTINCT mention_id) FROM incoming"):
        return
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE incoming AS
        SELECT
            * EXCLUDE (published)
            REPLACE (
                published."at" AS published_at,
                CASE WHEN published IS NULL THEN time_note ELSE published.note END AS time_note
            )
        FROM (
            SELECT
                *,
                min({'at': published_at, 'note': time_note}) FILTER (WHERE published_at IS NOT NULL)
                    OVER (PARTITION BY mention_id) AS published
            FROM incoming
            QUALIFY row_number() OVER (
                PARTITION BY mention_id ORDER BY observed_at DESC NULLS LAST, content_hash DESC
            ) = 1
        )
        """
    )


def _keep_published(connection: duckdb.DuckDBPyConnection) -> None:
    """Where a mention was known to be published earlier than an incoming observation says, that stays.

    Some platforms tell of a review only when it was changed last. A null is later than any time, so a known time stays too.
    """
    connection.execute(
        """
        UPDATE incoming SET published_at = mentions.published_at, time_note = mentions.time_note
        FROM mentions
        WHERE mentions.mention_id = incoming.mention_id AND NOT incoming.is_settled AND mentions.published_at IS NOT NULL
            AND (mentions.published_at, mentions.time_note) < (incoming.published_at, incoming.time_note)
        """
    )


def _find_threads(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the first message of its conversation into `thread_id` of every incoming reply.

    A link leads from a message to its thread or to what it answers. Links are followed by doubling: after n rounds a chain
    of 2^n replies has been walked. What is in the warehouse already leads to its first message in one step.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE links AS
        SELECT native_id, coalesce(thread_id, in_reply_to) AS target, mention_id FROM incoming WHERE {_LINKED}
        """
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE known_links AS
        SELECT mentions.native_id, mentions.thread_id AS target
        FROM mentions
        WHERE mentions.source = (SELECT any_value(source) FROM incoming)
            AND mentions.native_id IN (SELECT target FROM links)
            AND mentions.native_id NOT IN (SELECT native_id FROM links)
            AND mentions.thread_id <> mentions.native_id
        """
    )
    reach = 1
    while reach < _LONGEST_CHAIN:
        moved = _count(
            connection,
            """
            UPDATE links SET target = onward.target
            FROM (SELECT native_id, target FROM links UNION ALL SELECT native_id, target FROM known_links) AS onward
            WHERE links.target = onward.native_id AND links.target <> onward.target
            """,
        )
        if not moved:
            break
        reach *= 2
    connection.execute(
        "UPDATE incoming SET thread_id = links.target FROM links WHERE incoming.mention_id = links.mention_id"
    )


def _join_threads(connection: duckdb.DuckDBPyConnection) -> None:
    """Messages that were loaded before and hang on an incoming one get its first message too."""
    connection.execute(
        """
        UPDATE mentions SET thread_id = links.target
        FROM links
        WHERE mentions.source = (SELECT any_value(source) FROM incoming)
            AND mentions.thread_id = links.native_id AND links.target <> links.native_id
        """
    )


def merge_enrichments(connection: duckdb.DuckDBPyConnection, file: Path, *, now: datetime) -> int:
    """Merge what one model says; returns how many rows were inserted or updated."""
    if _count(connection, "SELECT count(*) FROM withdrawals"):
        withdrawing.name_brands(connection, str(file))
    return _count(connection, statement("enrichments"), {"file": str(file), "now": now})


def merge_quarantine(
    connection: duckdb.DuckDBPyConnection, file: Path | None, *, source: str, file_id: str, is_relanded: bool, now: datetime
) -> None:
    """Merge rejected rows; of a window that landed anew, rows that are no longer rejected go."""
    if is_relanded:
        connection.execute("DELETE FROM quarantine WHERE source = ? AND file_id = ?", [source, file_id])
    if file is not None:
        connection.execute(statement("quarantine"), {"file": str(file), "now": now})


def write_load(connection: duckdb.DuckDBPyConnection, values: dict[str, Any]) -> None:
    """Keep the row accounting of one window; keys as the parameters of loads/loads.sql."""
    connection.execute(statement("loads"), values)


def read_load(connection: duckdb.DuckDBPyConnection, source: str, file_id: str) -> tuple[str | None, str | None] | None:
    """(content_hash, models) of the last load of a window; None where it was never loaded."""
    found = connection.execute("SELECT content_hash, models FROM loads WHERE source = ? AND file_id = ?", [source, file_id])
    row = found.fetchone()
    return (row[0], row[1]) if row else None


def read_loads(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, tuple[str | None, str | None]]:
    """All windows of a source: key -> (content_hash, models)."""
    rows = connection.execute("SELECT file_id, content_hash, models FROM loads WHERE source = ?", [source]).fetchall()
    return {file_id: (content_hash, models) for file_id, content_hash, models in rows}


def known_actions(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Ids of the actions that are stored."""
    return {row[0] for row in connection.execute("SELECT action_id FROM actions").fetchall()}


def merge_action(connection: duckdb.DuckDBPyConnection, values: dict[str, Any]) -> None:
    """Store one action; keys as the columns of `actions`."""
    connection.execute(statement("actions"), values)
