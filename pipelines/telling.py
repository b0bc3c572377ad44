"""Which mentions tell most about an excess: those that most people may have seen, and the first one of what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import duckdb

OTHER = "other"
COUNT = 3
_LOOKED_AT = 200  # mentions among which near-copies are looked for
_FEED = """
    FROM mention_feed
    WHERE brand = ? AND published_at >= ? AND published_at < ? AND NOT is_own AND kind <> 'repost' AND text <> ''
"""
Where = tuple[str, datetime, datetime]  # brand, since, until
_HOLDS = {
    "topic": "list_contains(topics, ?)", "intent": "list_contains(intents, ?)",
    "term": "contains(regexp_replace(lower(text), '\\W+', ' ', 'g'), ?)",
}


def exposed(connection: duckdb.DuckDBPyConnection, where: Where) -> list[str]:
    """The mentions with the greatest reach, or engagement where no reach is known; no reposts, no near-copies, none unseen."""
    rows = connection.execute(
        f"""
        SELECT mention_id::VARCHAR
        FROM (
            SELECT mention_id, left(lower(text), 60) AS likeness,
                row_number() OVER (ORDER BY coalesce(reach, engagement) DESC, engagement DESC, mention_id) AS place
            {_FEED} AND coalesce(reach, engagement, 0) > 0
            QUALIFY place <= {_LOOKED_AT}
        )
        QUALIFY row_number() OVER (PARTITION BY likeness ORDER BY place) = 1
        ORDER BY place LIMIT {COUNT}
        """, where,
    ).fetchall()
    return [identity for (identity,) in rows]


def first(connection: duckdb.DuckDBPyConnection, where: Where, drivers: Sequence[dict[str, Any]]) -> str | None:
    """The earliest mention of what adds most to the excess, a negative one where there is any."""
    found = reason(drivers)
    if found is None:
        return None
    kind, name = found
    row = connection.execute(
        f"SELECT mention_id::VARCHAR {_FEED} AND {_HOLDS[kind]} "
        "ORDER BY (sentiment IS DISTINCT FROM 'negative')::INTEGER, published_at, mention_id LIMIT 1", [*where, name],
    ).fetchone()
    return row[0] if row else None


def reason(drivers: Sequence[dict[str, Any]]) -> tuple[str, str] | None:
    """The kind and name of the largest part of an excess, a topic before a term before an intent; None: nothing is named."""
    for kind in ("topic", "term", "intent"):
        named = [d for d in drivers if d["kind"] == kind and d["name"] != OTHER and d["excess"] > 0]
        if named:
            best = max(named, key=lambda d: float(d["excess"]))
            return kind, str(best["name"])
    return None
