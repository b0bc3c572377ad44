"""Withdraws mentions: what they said goes, and when, where and about which brands something was said stays, for counts.

A mention is withdrawn when it was deleted at the platform, when the platform no longer shows it (its author is protected or
suspended), when somebody asked for it, or when the platform's terms let us keep it no longer. An observation of the living
mention that is older than the withdrawal never brings it back; a newer one does, as where a suspension has ended. What was
withdrawn by request stays withdrawn: every observation that comes later is struck before it counts.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_PREFIX = "earshot:forgotten:"
AUTHOR = f"sha256('{_PREFIX}' || author_id)"  # `digest` in SQL


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What must never be stored again, each with the time of the request.

    Attributes:
        authors: by `digest` of the pseudonym, so that the pseudonym itself is nowhere.
    """

    authors: Mapping[str, datetime] = field(default_factory=dict)
    mentions: Mapping[uuid.UUID, datetime] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.authors or self.mentions)


NOTHING = Forgotten()


def digest(author_id: str) -> str:
    """What stands for a forgotten author: SHA-256 in hexadecimal. Only who has the salt can tell whose it is."""
    return hashlib.sha256(f"{_PREFIX}{author_id}".encode()).hexdigest()


def strike(connection: duckdb.DuckDBPyConnection, forgotten: Forgotten) -> None:
    """Turn what was forgotten among the rows of `incoming` into withdrawals."""
    if not forgotten:
        return
    connection.execute("CREATE OR REPLACE TEMP TABLE forgotten (mention_id UUID, author VARCHAR, requested_at TIMESTAMPTZ)")
    rows = [[str(m), None, at] for m, at in forgotten.mentions.items()] + [[None, a, at] for a, at in forgotten.authors.items()]
    connection.executemany("INSERT INTO forgotten VALUES (?, ?, ?)", rows)
    connection.execute(
        f"""
        UPDATE incoming SET
            deleted_at = found.requested_at, content_hash = md5(incoming.mention_id::VARCHAR), author_id = NULL,
            author_followers = NULL, text = '', "references" = NULL, language = NULL, url = NULL, rating = NULL,
            engagement = NULL, reach = NULL, media = NULL, expires_at = NULL
        FROM (
            SELECT i.mention_id, min(f.requested_at) AS requested_at
            FROM (SELECT mention_id, {AUTHOR} AS author FROM incoming) AS i
            INNER JOIN forgotten AS f
                ON f.mention_id = i.mention_id OR f.author = i.author
            GROUP BY i.mention_id
        ) AS found
        WHERE incoming.mention_id = found.mention_id AND incoming.deleted_at IS NULL
        """
    )


def settle(connection: duckdb.DuckDBPyConnection, settled: str, kept: str, *, is_relanded: bool, now: datetime) -> bool:
    """Put into `incoming`, in the place of all rows of a mention that is or was withdrawn, the one that they come to.

    Args:
        settled: the statement loads/settled.sql.
        kept: the statement loads/withdrawals.sql.

    Returns:
        Whether there was any.
    """
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE concerned AS
        SELECT mention_id FROM incoming WHERE deleted_at IS NOT NULL
        UNION
        SELECT mention_id FROM withdrawals SEMI JOIN incoming USING (mention_id)
        """
    )
    found = connection.execute("SELECT count(*) FROM concerned").fetchone()
    if not found or not found[0]:
        return False
    connection.execute(settled, {"is_relanded": is_relanded})
    connection.execute(kept, {"now": now})
    connection.execute(
        "DELETE FROM withdrawals WHERE mention_id IN (SELECT mention_id FROM settled WHERE deleted_at IS NULL)"
    )
    connection.execute("DELETE FROM incoming WHERE mention_id IN (SELECT mention_id FROM concerned)")
    connection.execute(
        "INSERT INTO incoming BY NAME SELECT * EXCLUDE (known_at, seen_at, seen_hash, is_first, is_changed), true AS is_settled "
        "FROM settled WHERE is_changed"
    )
    return True


def take(connection: duckdb.DuckDBPyConnection, ids: str, at: datetime) -> None:
    """Make `incoming` of stored mentions that are to be withdrawn as of `at`.

    Args:
        ids: a SELECT of their `mention_id`.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE incoming AS
        SELECT
            * EXCLUDE (ingested_at)
            REPLACE (greatest(observed_at, $at) AS observed_at, $at AS deleted_at, md5(mention_id::VARCHAR) AS content_hash),
            true AS is_held, false AS is_settled
        FROM mentions
        WHERE deleted_at IS NULL AND mention_id IN ({ids})
        """,
        {"at": at},
    )


def drop_scores(connection: duckdb.DuckDBPyConnection) -> None:
    """Scores of what was withdrawn go."""
    connection.execute("DELETE FROM enrichments WHERE mention_id IN (SELECT mention_id FROM withdrawals)")


def name_brands(connection: duckdb.DuckDBPyConnection, file: str) -> None:
    """Keep which brands a withdrawn mention had named, from scores that come after its withdrawal."""
    connection.execute(
        """
        UPDATE withdrawals SET brands = list_sort(list_distinct(list_concat(withdrawals.brands, scored.brands)))
        FROM (
            SELECT mention_id, content_hash, any_value(brands) AS brands
            FROM read_parquet($file, hive_partitioning = false)
            GROUP BY mention_id, content_hash
        ) AS scored
        WHERE withdrawals.mention_id = scored.mention_id AND ltrim(withdrawals.seen_hash, '-') = scored.content_hash
        """,
        {"file": file},
    )
