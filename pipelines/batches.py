"""Records as Arrow tables: the schemas of landed files, and mentions and rejected rows in them.

Ids are Parquet's UUID type (16 bytes), which DuckDB reads as UUID without converting: ten times faster than text. The
columns `ingested_at`, `quarantined_at` and `enriched_at` are not landed: `load` stamps them, so that landing the same
input again gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipelines.records import Mention, Rejected

_TIME = pa.timestamp("us", tz="UTC")
_TEXTS = pa.list_(pa.string())
MENTION_SCHEMA = pa.schema([
    pa.field("mention_id", pa.uuid(), nullable=False),
    pa.field("source", pa.string(), nullable=False),
    pa.field("native_id", pa.string(), nullable=False),
    pa.field("channel", pa.string(), nullable=False),
    pa.field("kind", pa.string(), nullable=False),
    pa.field("property", pa.string(), nullable=False),
    pa.field("visibility", pa.string(), nullable=False),
    pa.field("is_own", pa.bool_(), nullable=False),
    pa.field("is_automatic", pa.bool_(), nullable=False),
    pa.field("brand", pa.string()),
    pa.field("author_id", pa.string()),
    pa.field("author_followers", pa.int64()),
    pa.field("text", pa.string(), nullable=False),
    pa.field("references", pa.string()),
    pa.field("language", pa.string()),
    pa.field("url", pa.string()),
    pa.field("thread_id", pa.string()),
    pa.field("in_reply_to", pa.string()),
    pa.field("rating", pa.float64()),
    pa.field("engagement", pa.int64()),
    pa.field("reach", pa.int64()),
    pa.field("weight", pa.float64()),
    pa.field("media", pa.string()),
    pa.field("published_at", _TIME),
    pa.field("time_note", pa.string()),
    pa.field("observed_at", _TIME),
    pa.field("expires_at", _TIME),
    pa.field("deleted_at", _TIME),
    pa.field("content_hash", pa.string(), nullable=False),
])
_WEIGHT = MENTION_SCHEMA.names.index("weight") - 1  # in a row, which begins after the id
QUARANTINE_SCHEMA = pa.schema([
    pa.field("source", pa.string(), nullable=False),
    pa.field("file", pa.string(), nullable=False),
    pa.field("file_id", pa.string(), nullable=False),
    pa.field("line", pa.int64(), nullable=False),
    pa.field("reason", pa.string(), nullable=False),
    pa.field("raw", pa.string(), nullable=False),
])
ENRICHMENT_SCHEMA = pa.schema([
    pa.field("mention_id", pa.uuid(), nullable=False),
    pa.field("content_hash", pa.string(), nullable=False),  # of the landed row that was scored; not stored in the warehouse
    pa.field("model", pa.string(), nullable=False),
    pa.field("text_hash", pa.string(), nullable=False),  # text_hash(text)
    pa.field("language", pa.string()),
    pa.field("sentiment", pa.string(), nullable=False),
    pa.field("unknown_reason", pa.string()),
    pa.field("p_negative", pa.float64()),
    pa.field("p_neutral", pa.float64()),
    pa.field("p_positive", pa.float64()),
    pa.field("intents", _TEXTS, nullable=False),
    pa.field("intent_scores", pa.string()),
    pa.field("topics", _TEXTS, nullable=False),
    pa.field("brands", _TEXTS, nullable=False),
    pa.field("brand_sentiments", pa.string()),
    pa.field("entities", pa.string()),
])
WITHDRAWN = "withdrawn"  # time_note of a withdrawn mention without a date, in the place of one that quotes what stood there
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def text_hash(text: str) -> str:
    """Which text was scored: MD5 in hexadecimal, as DuckDB's md5(text) gives it. Not for secrets."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class MentionId:
    """Bytes of `records.mention_id` for many native ids of one source, four times as fast."""

    def __init__(self, source: str) -> None:
        namespace = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8").bytes
        self._prefix = hashlib.sha1(namespace + f"earshot:{source}:".encode(), usedforsecurity=False)

    def __call__(self, native_id: str) -> bytes:
        digest = self._prefix.copy()
        digest.update(native_id.encode())
        value = bytearray(digest.digest()[:16])
        value[6] = value[6] & 0x0F | 0x50
        value[8] = value[8] & 0x3F | 0x80
        return bytes(value)


def microseconds(at: datetime | None) -> int | None:
    """Microseconds since 1970 of an aware datetime.

    Raises:
        ValueError: it has no time zone, so it could mean anything.
    """
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone; a source must give aware datetimes.")
    return round(at.timestamp() * 1_000_000)


def mention_batch(
    mentions: Sequence[Mention],
    texts: Sequence[str],
    references: Sequence[tuple[tuple[str, str], ...]],
    authors: Sequence[str | None],
) -> pa.RecordBatch:
    """Mentions of one source as MENTION_SCHEMA, with the protected texts, references and authors in place of the raw ones.

    A mention that was deleted at the platform lands with what counts need, and nothing of what it said or who said it.
    """
    if not mentions:
        return pa.RecordBatch.from_pylist([], schema=MENTION_SCHEMA)
    source = mentions[0].source
    identify = MentionId(source)
    rows = []
    for m, text, found, author in zip(mentions, texts, references, authors, strict=True):
        published = microseconds(m.published_at)
        observed = published if m.observed_at is None else microseconds(m.observed_at)
        row: tuple[Any, ...]
        place = (source, m.native_id, m.channel, m.kind, m.property, m.visibility, m.is_own, m.is_automatic, m.brand)
        if m.deleted_at is None:
            row = (
                *place, author, m.author_followers, text, _references(found) if found else None, m.language, m.url,
                m.thread_id, m.in_reply_to, m.rating, m.engagement, m.reach, m.weight, _media(m) if m.media else None,
                published, m.time_note, observed, microseconds(m.expires_at), None,
            )
        else:
            row = (
                *place, None, None, "", None, None, None, m.thread_id, m.in_reply_to, None, None, None, m.weight, None,
                published, WITHDRAWN if published is None else m.time_note, observed, None, microseconds(m.deleted_at),
            )
        rows.append(row)
    hashes = [hashlib.blake2b(_ENCODE(_hashed(row)).encode(), digest_size=16).hexdigest() for row in rows]
    ids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([identify(m.native_id) for m in mentions], pa.binary(16)))
    columns = [ids]
    for column, field in zip(zip(*rows, strict=True), list(MENTION_SCHEMA)[1:-1], strict=True):
        columns.append(pa.array(column, field.type))
    columns.append(pa.array(hashes, pa.string()))
    return pa.RecordBatch.from_arrays(columns, schema=MENTION_SCHEMA)


def _hashed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """What the content hash covers: a mention that stands for itself has the hash that it had before there were weights."""
    return row if row[_WEIGHT] is not None else (*row[:_WEIGHT], *row[_WEIGHT + 1 :])


def _references(found: tuple[tuple[str, str], ...]) -> str:
    return _ENCODE([{"type": kind, "value": value} for kind, value in found])


def _media(mention: Mention) -> str:
    return _ENCODE([{"type": m.type, "url": m.url, "alt": m.alt} for m in mention.media])


def quarantine_batch(rejected: Sequence[Rejected], file_id: str) -> pa.RecordBatch:
    """Rejected rows as QUARANTINE_SCHEMA."""
    rows = [(r.source, r.file, file_id, r.line, r.reason, r.raw) for r in rejected]
    columns = list(zip(*rows, strict=True)) or [()] * len(QUARANTINE_SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, QUARANTINE_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=QUARANTINE_SCHEMA)
