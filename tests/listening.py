"""A warehouse with made-up or real counts in it, for tests of detection and alerting: real tables, real marts."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipelines import aggregate
from pipelines.settings import Settings
from pipelines.store import open_warehouse

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True)
class Said:
    """A mention as tests need it; sentiment None: no model has read it."""

    brand: str
    at: datetime
    author: str | None
    text: str = "words"
    sentiment: str | None = None
    channel: str = "x"
    engagement: int = 0
    topics: tuple[str, ...] = ()
    kind: str = "post"


def settings(folder: Path, **stanzas: object) -> Settings:
    """Settings whose storage is in `folder`."""
    return Settings.model_validate({"brands": {"acme": {"name": "Acme"}}, **stanzas, "path": folder / "earshot.toml"})


def store(configured: Settings, said: Iterable[Said]) -> None:
    """Put mentions into the warehouse, keeping what is there, and aggregate."""
    rows = list(said)
    ids = [uuid.uuid5(uuid.NAMESPACE_URL, f"{s.brand}{s.at}{s.author}{s.text}{i}").bytes.hex() for i, s in enumerate(rows)]
    moments = pa.array([s.at for s in rows], pa.timestamp("us", tz="UTC"))
    mentions = pa.table({
        "mention_id": ids, "channel": [s.channel for s in rows], "brand": [s.brand for s in rows],
        "author_id": pa.array([s.author for s in rows], pa.string()), "text": [s.text for s in rows], "at": moments,
        "engagement": [s.engagement for s in rows], "sentiment": pa.array([s.sentiment for s in rows], pa.string()),
        "topics": pa.array([list(s.topics) for s in rows], pa.list_(pa.string())), "kind": [s.kind for s in rows],
    })
    with open_warehouse(configured) as connection:
        connection.register("said", mentions)
        connection.execute(
            "INSERT INTO mentions (mention_id, source, native_id, channel, kind, property, visibility, is_own, is_automatic, "
            "brand, author_id, text, engagement, published_at, observed_at, ingested_at, content_hash) "
            "SELECT mention_id::UUID, 'test', mention_id, channel, kind, 'independent', 'public', false, false, brand, "
            "author_id, text, engagement, \"at\", \"at\", \"at\", '' FROM said"
        )
        connection.execute(
            "INSERT INTO enrichments (mention_id, model, text_hash, sentiment, p_negative, intents, intent_scores, topics, "
            "brands, enriched_at) SELECT mention_id::UUID, 'test@1', '', sentiment, (sentiment = 'negative')::DOUBLE, [], "
            "'{\"complaint\":0.050,\"needs_response\":0.050}', topics, [brand], \"at\" "
            "FROM said WHERE sentiment IS NOT NULL"
        )
    aggregate.run(configured, now=START)


def rhythm(days: float, per_day: float, seed: int = 0) -> np.ndarray:
    """Poisson counts for every quarter of an hour from START on: quiet nights, busy afternoons."""
    hours = np.arange(int(days * 96)) / 4
    shape = 1 + 0.7 * np.sin((hours - 9) / 24 * 2 * np.pi)
    return np.random.default_rng(seed).poisson(per_day / 96 * shape)


def spread(counts: np.ndarray, brand: str = "acme", negative: float | None = None, seed: int = 0, **fields: object) -> list[Said]:
    """One mention by a new author for each count; `negative` is the share of negative ones, None: nothing is scored.

    A `text` gets a made-up word at its end, so that no two are alike.
    """
    draw = np.random.default_rng(seed)
    text = str(fields.pop("text", ""))
    said = []
    for bucket, count in enumerate(counts):
        for number in range(int(count)):
            at = START + bucket * QUARTER + timedelta(seconds=int(draw.integers(0, 900)))
            mood = None if negative is None else "negative" if draw.random() < negative else "neutral"
            told = {"text": f"{text} {''.join(chr(97 + int(d)) for d in f'{bucket:06}{number:04}')}"} if text else {}
            author = f"{brand}-{seed}-{bucket}-{number}"
            said.append(Said(brand, at, author, sentiment=mood, **told, **fields))  # type: ignore[arg-type]
    return said
