"""Blanks rows of landed files: the row stays, for counts and for the accounting; what it said and who said it goes.

The files of a window are rewritten beside and renamed, scores first and mentions last: while a window's mentions still hold
something, a later run finds it and does it all again.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.batches import MENTION_SCHEMA, WITHDRAWN, microseconds
from pipelines.landing import Landing, file_hash, replacing

BLANK = "[ERASED]"
_STAMP = b"earshot"
_NOTHING: dict[str, Any] = {  # what a withdrawn mention does not have
    "author_id": None, "author_followers": None, "text": "", "references": None, "language": None, "url": None, "rating": None,
    "engagement": None, "reach": None, "media": None, "expires_at": None,
}
_UNSCORED: dict[str, Any] = {
    "text_hash": "", "language": None, "sentiment": "unknown", "unknown_reason": "empty", "p_negative": None, "p_neutral": None,
    "p_positive": None, "intents": [], "intent_scores": None, "topics": [], "brand_sentiments": None, "entities": None,
}
Withdrawn = Mapping[bytes, datetime]  # mention_id -> deleted_at
Landed = tuple[str, str]  # (source, window key)


@dataclass(frozen=True, slots=True)
class Blanked:
    """One window that was rewritten: its content hash, and the hash of each model's file, before and after."""

    landed: Landed
    content: tuple[str, str]
    models: dict[str, tuple[str, str]] = field(default_factory=dict)
    files: int = 1


def blank(landing: Landing, landed: Landed, withdrawn: Withdrawn) -> Blanked:
    """Blank the withdrawn mentions of one window, and what models said about them."""
    source, window = landed
    path, manifest, scored = landing.mentions(*landed), landing.read_manifest(*landed), landing.enrichments(*landed)
    before = {name: file_hash(file) for name, file in scored.items()}
    with replacing(path) as fresh:
        _rewrite(path, fresh, lambda table: _without(table, withdrawn))
        content = file_hash(fresh, landing.quarantine(*landed))
        for file in scored.values():
            blank_scores(file, withdrawn, content=content)
        if manifest is not None:
            landing.write_manifest(replace(manifest, content_hash=content))
    models = {name: (before[name], file_hash(file)) for name, file in scored.items()}
    return Blanked((source, window), (manifest.content_hash if manifest else "", content), models, files=1 + len(scored))


def blank_scores(path: Path, withdrawn: Collection[bytes], *, content: str | None = None) -> None:
    """Blank what one model said of withdrawn mentions.

    Args:
        content: hash of the mentions that the file now belongs to, so that they need not be scored again; None: as before.
    """
    with replacing(path) as fresh:
        _rewrite(path, fresh, lambda table: _without_scores(table, withdrawn), content=content)


def blank_stray(landing: Landing, path: Path, withdrawn: Collection[bytes]) -> Blanked:
    """Blank a file of scores whose window is blank already."""
    landed = path.parent.name.removeprefix("source="), path.stem.removeprefix("window=")
    name, before, manifest = path.parent.parent.name.removeprefix("model="), file_hash(path), landing.read_manifest(*landed)
    blank_scores(path, withdrawn)
    content = manifest.content_hash if manifest else ""
    return Blanked(landed, (content, content), {name: (before, file_hash(path))})


def blank_rejects(landing: Landing, landed: Landed, rows: Collection[int]) -> Blanked:
    """Blank what rejected rows of a window said; `rows` are their numbers in the file, from 0."""
    path, manifest = landing.quarantine(*landed), landing.read_manifest(*landed)
    scored, wanted, seen = landing.enrichments(*landed), frozenset(rows), 0
    before = {name: file_hash(file) for name, file in scored.items()}

    def without(table: pa.Table) -> pa.Table:
        nonlocal seen
        mask = pa.array([seen + i in wanted for i in range(table.num_rows)])
        seen += table.num_rows
        return _put(table, mask, {"raw": BLANK, "reason": BLANK})

    with replacing(path) as fresh:
        _rewrite(path, fresh, without)
        content = file_hash(landing.mentions(*landed), fresh)
        for file in scored.values():
            blank_scores(file, (), content=content)
        if manifest is not None:
            landing.write_manifest(replace(manifest, content_hash=content))
    models = {name: (before[name], file_hash(file)) for name, file in scored.items()}
    return Blanked(landed, (manifest.content_hash if manifest else "", content), models)


def _rewrite(path: Path, fresh: Path, change: Callable[[pa.Table], pa.Table], *, content: str | None = None) -> None:
    """Write `path` to `fresh`, one row group after the other, with the columns that it has: it may be of an earlier version."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file, ExitStack() as stack:
        schema = file.schema_arrow.remove_metadata()
        out = stack.enter_context(pq.ParquetWriter(fresh, schema, compression="zstd", compression_level=1))
        for number in range(file.num_row_groups):
            out.write_table(change(file.read_row_group(number)))
        stamp = json.loads((file.metadata.metadata or {}).get(_STAMP, b"null"))
        if stamp is not None:
            out.add_key_value_metadata({_STAMP.decode(): json.dumps(stamp | ({"input": content} if content else {}))})


def _mask(table: pa.Table, ids: Collection[bytes]) -> pa.Array:
    import pyarrow.compute as pc

    found = table["mention_id"].combine_chunks()
    storage = found.storage if isinstance(found, pa.ExtensionArray) else found
    return pc.is_in(storage, value_set=pa.array(list(ids), pa.binary(16)))


def _without(table: pa.Table, withdrawn: Withdrawn) -> pa.Table:
    import pyarrow.compute as pc

    mask = pc.and_(_mask(table, withdrawn), pc.is_null(table["deleted_at"]).combine_chunks())
    ids = [one.as_py().bytes if hit else b"" for one, hit in zip(table["mention_id"], mask.to_pylist(), strict=True)]
    deleted = pa.array([microseconds(withdrawn[i]) if i else None for i in ids], MENTION_SCHEMA.field("deleted_at").type)
    hashes = pa.array([_hash(i) if i else None for i in ids], pa.string())
    notes = pc.if_else(pc.is_null(table["published_at"]), WITHDRAWN, table["time_note"]).combine_chunks()
    return _put(table, mask, _NOTHING | {"deleted_at": deleted, "content_hash": hashes, "time_note": notes})


def _without_scores(table: pa.Table, ids: Collection[bytes]) -> pa.Table:
    mask = _mask(table, ids)
    hashes = pa.array([_hash(one.as_py().bytes) for one in table["mention_id"]], pa.string())
    return _put(table, mask, _UNSCORED | {"content_hash": hashes})


def _hash(identity: bytes) -> str:
    """Stands for the content of a withdrawn mention: MD5 of its id as text, as DuckDB's md5(mention_id::VARCHAR) gives it."""
    return hashlib.md5(str(uuid.UUID(bytes=identity)).encode(), usedforsecurity=False).hexdigest()


def _put(table: pa.Table, mask: pa.Array, values: Mapping[str, Any]) -> pa.Table:
    """The table with other values where `mask` holds."""
    for name, value in values.items():
        place = table.schema.get_field_index(name)
        if place < 0:
            continue
        column = table[name].combine_chunks()
        if isinstance(value, list):
            pairs = zip(column.to_pylist(), mask.to_pylist(), strict=True)
            changed = pa.array([value if hit else old for old, hit in pairs], column.type)
        else:
            changed = _chosen(mask, value if isinstance(value, pa.Array) else pa.scalar(value, column.type), column)
        table = table.set_column(place, table.schema.field(name), changed)
    return table


def _chosen(mask: pa.Array, value: Any, column: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.if_else(mask, value, column)
