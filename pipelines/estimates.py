"""How the sentiment about each brand really divides: shares that explain the model's chances best, instead of counted labels.

A model that was trained where 16% of the texts were negative miscounts where half are. Its chances on a brand's mentions of the
past 28 days show the brand's own shares (`models.priors`). Mentions that name several brands are left out: their chances are
about the whole text. So are the answers of a checkpoint that replaces the head sentiment: what it favours is not known.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pipelines.settings import Settings
from warehouse import build

if TYPE_CHECKING:
    import duckdb

DAYS = 28
LEAST = 100  # mentions: with fewer the interval is too wide to be of use
_STEPS = 40  # chances are summed up in steps of 1/40, so that a million mentions are a few hundred rows
_CHANCES = f"""
    WITH alone AS (
        SELECT m.published_at, e.sentiment, e.p_negative, e.p_neutral, e.p_positive,
            list_distinct(list_append(e.brands, m.brand)) AS brands
        FROM mentions AS m
        INNER JOIN current_enrichments AS e ON e.mention_id = m.mention_id
        WHERE NOT m.is_own AND m.deleted_at IS NULL AND e.model LIKE 'encoder@%' AND e.model NOT LIKE '%+sentiment-%'
            AND e.sentiment <> 'unknown'
            AND m.published_at > (SELECT max(published_at) FROM mentions) - INTERVAL {DAYS} DAY
    )
    SELECT brands[1], sentiment, round(p_negative * {_STEPS}), round(p_neutral * {_STEPS}), round(p_positive * {_STEPS}),
        count(*), min(published_at), max(published_at)
    FROM alone
    WHERE len(brands) = 1
    GROUP BY ALL
    ORDER BY ALL
"""


def refresh(connection: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Compute the estimates of all brands anew where the marts or the settings are others; one transaction.

    Returns:
        Number of brands with an estimate.
    """
    tier = _tier(settings)
    state = hashlib.sha256(f"{build.built(connection)} {tier} {_CHANCES}".encode()).hexdigest()
    if connection.execute("SELECT fingerprint FROM estimate_state").fetchone() == (state,):
        return _known(connection)
    brands: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    if tier:
        for brand, *rest in connection.execute(_CHANCES).fetchall():
            brands[brand].append(tuple(rest))
    rows = [row for brand, found in brands.items() for row in _estimated(brand, found, tier)]
    connection.execute("BEGIN TRANSACTION")
    connection.execute("DELETE FROM sentiment_estimates")
    if rows:
        connection.executemany("INSERT INTO sentiment_estimates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.execute("DELETE FROM estimate_state")
    connection.execute("INSERT INTO estimate_state VALUES (?)", [state])
    connection.execute("COMMIT")
    return _known(connection)


def _tier(settings: Settings) -> str:
    """Of the encoder that gives the sentiment; "" where something else does, whose errors are not known."""
    is_replaced = any(r.head == "sentiment" for r in settings.replaced)
    return settings.models.tier if settings.models.active == "encoder" and not is_replaced else ""


def _known(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("SELECT count(DISTINCT brand) FROM sentiment_estimates").fetchone()
    return int(row[0]) if row else 0


def _estimated(brand: str, found: list[tuple[Any, ...]], tier: str) -> list[tuple[Any, ...]]:
    import numpy as np

    from models import priors, weights
    from models.base import SENTIMENTS

    counts = np.array([row[4] for row in found], dtype=np.float64)
    total = int(counts.sum())
    if total < LEAST:
        return []
    chances = np.array([row[1:4] for row in found]) + 0.01  # a step of 0 is not impossible
    usual = priors.usual(weights.sheet(tier).bias["sentiment"])
    result = priors.estimate(chances / chances.sum(axis=1, keepdims=True), usual, counts)
    since, until = min(row[5] for row in found), max(row[6] for row in found)
    return [
        (
            brand, label, float(sum(row[4] for row in found if row[0] == label)) / total,
            float(result.share[i]), float(result.low[i]), float(result.high[i]), total, since, until,
        )
        for i, label in enumerate(SENTIMENTS)
    ]
