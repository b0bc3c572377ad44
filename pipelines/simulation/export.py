"""Simulated mentions as JSON lines, with the column names that `earshot run --input` guesses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from pipelines.records import Mention
from pipelines.simulation import emit
from pipelines.simulation.world import World, default

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_CHUNK = 2000


def write_jsonl(path: Path | str, mentions: int, seed: int = 2007) -> int:
    """Write a file of exactly `mentions` rows: 28 days with the storm at their end; memory stays flat.

    Rows are observations: an edited or deleted mention has a second row with the same id and a later `observed_at`.

    Returns:
        The number of rows, which is `mentions`.
    """
    world, surplus = _fitting(mentions, seed)
    # What is too much is left out at the beginning: the storm stays whole.
    lines = (_ENCODE(row_of(m)) for m in islice(emit.mentions(world, world.whole), surplus, None))
    with Path(path).open("w", encoding="utf-8") as file:
        return _write(file, lines)


def _fitting(mentions: int, seed: int) -> tuple[World, int]:
    """A world with at least this many observations, hardly more, and how many more: chance decides what a world has."""
    asked = mentions * 1.01 + 2 * mentions**0.5
    for attempt in range(20):
        world = default(max(int(asked), 1), seed)
        found = emit.count(world)
        if mentions <= found and (found <= mentions * 1.02 + 20 or attempt > 4):
            break
        asked *= (mentions * 1.008 + 10) / found
    return world, found - mentions


def _write(file: Any, lines: Iterator[str]) -> int:
    written = 0
    while chunk := list(islice(lines, _CHUNK)):
        file.write("\n".join(chunk) + "\n")
        written += len(chunk)
    return written


def row_of(m: Mention) -> dict[str, Any]:
    """One row; what is not known is left out."""
    assert m.published_at is not None
    row: dict[str, Any] = {
        "id": m.native_id,
        "text": m.text,
        "created_at": m.published_at.isoformat(),
        "author": m.author_id,
        "author_name": m.author_name,
        "channel": m.channel,
        "kind": m.kind,
        "property": m.property,
        "url": m.url,
    }
    if m.observed_at is not None and m.observed_at != m.published_at:
        row["observed_at"] = m.observed_at.isoformat()
    if m.is_own:
        row["is_own"], row["is_automatic"] = True, m.is_automatic
    for name, value in (
        ("brand", m.brand),
        ("language", m.language),
        ("followers", m.author_followers),
        ("thread_id", m.thread_id),
        ("in_reply_to", m.in_reply_to),
        ("rating", m.rating),
        ("likes", m.engagement),
        ("reach", m.reach),
    ):
        if value is not None:
            row[name] = value
    if m.expires_at is not None:
        row["expires_at"] = m.expires_at.isoformat()
    if m.deleted_at is not None:
        row["deleted_at"] = m.deleted_at.isoformat()
    if m.media:
        row["media"] = [{"type": x.type, "url": x.url} for x in m.media]
    return row
