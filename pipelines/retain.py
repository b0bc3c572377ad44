"""Retention: what has been kept for longer than `[retention] mentions` goes, from landing and from the warehouse.

Age counts from `ingested_at`, when Earshot first stored a mention, not from its publication: an archive of last year that is
imported today stays as long as everything else. Landing files go first and the warehouse last, in one transaction; of a window
the scores go first and the mentions last, by which a later run finds it. So a run that was killed anywhere is finished by the
next one. What was loaded of a window that is gone is forgotten with it: its file may be imported again. Snapshots follow with the
next `publish`, and `erase` writes the warehouse's file anew, so that no byte is left in it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.landing import Landing, file_hash, replacing
from pipelines.settings import Settings, span
from pipelines.store import open_warehouse, warehouse_path
from warehouse import erasure
from warehouse.connection import quoted

log = logging.getLogger(__name__)
Landed = tuple[str, str]  # (source, window key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """What one run removed."""

    mentions: int
    quarantined: int
    files: int  # landing files removed or rewritten


def run(settings: Settings, *, now: datetime) -> Retained:
    """Remove what was stored more than the configured time before `now`.

    Raises:
        WarehouseError: the warehouse is taken for too long.
    """
    if not warehouse_path(settings).exists():
        return Retained(mentions=0, quarantined=0, files=0)
    landing = Landing(settings.storage)
    with open_warehouse(settings) as warehouse:
        cutoff = now - span(settings.retention.mentions)
        warehouse.execute("CREATE TEMP TABLE expired AS SELECT mention_id FROM mentions WHERE ingested_at < ?", [cutoff])
        mentions = _count(warehouse, "SELECT count(*) FROM expired")
        rejects = _expired_rejects(warehouse, cutoff)
        if not mentions and not rejects:
            return Retained(mentions=0, quarantined=0, files=0)
        files = sum(_thin(warehouse, landing, landed) for landed in sorted(set(_holding(warehouse, landing))))
        for source, window in rejects:
            files += _drop_rejects(landing, source, window)
        quarantined = _count(warehouse, f"SELECT count(*) FROM quarantine WHERE quarantined_at < {quoted(cutoff.isoformat())}")
        erasure.ask_rewrite(warehouse_path(settings))
        _forget(warehouse, landing, cutoff)
    log.info("retention removed %d mentions, %d quarantined rows, %d files", mentions, quarantined, files)
    return Retained(mentions=mentions, quarantined=quarantined, files=files)


def _count(warehouse: duckdb.DuckDBPyConnection, query: str) -> int:
    found = warehouse.execute(query).fetchone()
    return int(found[0]) if found else 0


def _expired_rejects(warehouse: duckdb.DuckDBPyConnection, cutoff: datetime) -> list[Landed]:
    query = "SELECT source, file_id FROM quarantine GROUP BY ALL HAVING max(quarantined_at) < ? ORDER BY ALL"
    return [(str(source), str(window)) for source, window in warehouse.execute(query, [cutoff]).fetchall()]


def _holding(warehouse: duckdb.DuckDBPyConnection, landing: Landing) -> Iterator[Landed]:
    """Landed windows that hold an expired mention, found by reading nothing but ids."""
    for source in landing.sources():
        pattern = landing.mentions(source, "*")
        if not any(pattern.parent.glob("window=*.parquet")):
            continue
        query = f"""
            SELECT DISTINCT filename FROM read_parquet({quoted(pattern)}, filename = true, hive_partitioning = false)
            SEMI JOIN expired USING (mention_id)
        """
        for (name,) in warehouse.execute(query).fetchall():
            yield source, Path(name).name.removeprefix("window=").removesuffix(".parquet")


def _thin(warehouse: duckdb.DuckDBPyConnection, landing: Landing, landed: Landed) -> int:
    """Take the expired mentions out of one landed window; a window that is then empty goes as a whole."""
    source, window = landed
    path = landing.mentions(source, window)
    left = _left(warehouse, path)
    scored = list(landing.enrichments(source, window).values())
    manifest = landing.read_manifest(source, window)
    if not left:
        # The manifest first, without which the window does not exist; the mentions last, by which a later run finds the rest.
        gone = [landing.manifest(source, window), landing.quarantine(source, window), *scored, path]
        found = [file for file in gone if file.exists()]
        for file in found:
            file.unlink()
        return len(found)
    with replacing(path) as fresh:
        _take(path, left, fresh)
        for file in scored:
            with replacing(file) as rescored:
                _take(file, _left(warehouse, file), rescored)
        if manifest is not None:
            hashed, kept = file_hash(fresh, landing.quarantine(source, window)), len(left)
            landing.write_manifest(replace(manifest, mentions=kept, rows_in=kept + manifest.rejected, content_hash=hashed))
    return 1 + len(scored)


def _left(warehouse: duckdb.DuckDBPyConnection, path: Path) -> list[int]:
    """Numbers of the rows of a landed file that are not of expired mentions, in order."""
    source = f"read_parquet({quoted(path)}, file_row_number = true, hive_partitioning = false)"
    query = f"SELECT file_row_number FROM {source} ANTI JOIN expired USING (mention_id) ORDER BY 1"
    return [row for (row,) in warehouse.execute(query).fetchall()]


def _take(path: Path, rows: list[int], fresh: Path) -> None:
    """Write these rows of a landed file to another."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.take(pa.array(rows, pa.int64())), fresh, compression="zstd", compression_level=1)


def _drop_rejects(landing: Landing, source: str, window: str) -> int:
    path = landing.quarantine(source, window)
    if not path.exists():
        return 0
    manifest = landing.read_manifest(source, window)
    path.unlink()
    if manifest is not None:
        hashed = file_hash(landing.mentions(source, window), path)
        landing.write_manifest(replace(manifest, rejected=0, rows_in=manifest.mentions, content_hash=hashed))
    return 1


def _forget(warehouse: duckdb.DuckDBPyConnection, landing: Landing, cutoff: datetime) -> None:
    warehouse.execute("BEGIN")
    for table in ("enrichments", "withdrawals", "mentions"):
        warehouse.execute(f"DELETE FROM {table} WHERE mention_id IN (SELECT mention_id FROM expired)")
    warehouse.execute("DELETE FROM quarantine WHERE quarantined_at < ?", [cutoff])
    for source, window in _gone(warehouse, landing):
        warehouse.execute("DELETE FROM loads WHERE source = ? AND file_id = ?", [source, window])
    warehouse.execute("COMMIT")
    warehouse.execute("CHECKPOINT")  # the freed space is used again, and nothing is left in the log


def _gone(warehouse: duckdb.DuckDBPyConnection, landing: Landing) -> list[Landed]:
    """Windows that were loaded and of which nothing is landed any more. One that is being written anew has its mentions still."""
    loaded = warehouse.execute("SELECT source, file_id FROM loads ORDER BY ALL").fetchall()
    landed = {(source, window) for source in landing.sources() for window in landing.windows(source)}
    return [(s, w) for s, w in loaded if (s, w) not in landed and not landing.mentions(s, w).exists()]
