"""Rows for tests of the warehouse: what a mention and its scores look like when only some of their fields matter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import duckdb

from pipelines.records import INTENTS, mention_id

SEEN = datetime(2026, 4, 1, tzinfo=UTC)
MENTION: dict[str, Any] = {
    "source": "forum", "native_id": "1", "channel": "x", "kind": "post", "property": "addressed", "visibility": "public",
    "is_own": False, "is_automatic": False, "brand": "acme", "author_id": None, "author_followers": None, "text": "hello",
    "references": None, "language": None, "url": None, "thread_id": None, "in_reply_to": None, "rating": None, "engagement": None,
    "reach": None, "weight": None,
    "media": None, "published_at": datetime(2026, 1, 5, 9, tzinfo=UTC), "time_note": None, "observed_at": SEEN,
    "ingested_at": SEEN, "expires_at": None, "deleted_at": None,
}
SCORES: dict[str, Any] = {
    "model": "test@1", "language": "en", "unknown_reason": None, "p_negative": 0.2, "p_neutral": 0.3, "p_positive": 0.5,
    "intents": [], "topics": [], "brands": [], "brand_sentiments": None, "entities": None,
    "enriched_at": SEEN,
}


def mention(**fields: Any) -> dict[str, Any]:
    """A row of `mentions`; an undated one says why."""
    row = MENTION | fields
    if row["published_at"] is None:
        row["time_note"] = "missing"
    row["mention_id"] = mention_id(row["source"], row["native_id"])
    row["content_hash"] = hashlib.sha256(json.dumps(row, default=str).encode()).hexdigest()
    return row


def scores(of: dict[str, Any], sentiment: str, **fields: Any) -> dict[str, Any]:
    """A row of `enrichments` for the mention `of`; what could be read has a score for each intent."""
    row = SCORES | {"mention_id": of["mention_id"], "text_hash": hashlib.md5(of["text"].encode()).hexdigest()} | fields
    is_read = row["unknown_reason"] in (None, "low_confidence")
    chances = json.dumps({i: 0.8 if i in row["intents"] else 0.05 for i in INTENTS}, separators=(",", ":"))
    return {"sentiment": sentiment, "intent_scores": chances if is_read else None} | row


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows by column name."""
    connection.execute("BEGIN TRANSACTION")
    for row in rows:
        columns = ", ".join(f'"{c}"' for c in row)
        connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
    connection.execute("COMMIT")
