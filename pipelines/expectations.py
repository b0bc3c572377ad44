"""Writes what pages show of a detector beside its alerts: the expected range of each bucket, and who is not armed yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from pipelines import wording
from pipelines.detectors.base import BUCKET_SECONDS, Arming, Verdicts, bucket_start
from pipelines.settings import Settings

SHOWN = 28 * 96  # buckets whose expectations are kept
Shown = Sequence[tuple[int, Verdicts]]
_FIGURES = ("observed", "expected", "low", "high")


def write(
    connection: duckdb.DuckDBPyConnection, brands: Sequence[str], shown: Shown, end: int, *, since: int | None = None
) -> None:
    """Replace what differs in `expectations`, from the first bucket that does: usually the newest few.

    Args:
        brands: in the order of the verdicts' rows.
        shown: blocks of verdicts with their first buckets, which cover the last 28 days at least.
        end: first bucket that is not sealed.
        since: `shown` begins with this bucket, and what is stored of those before holds; None: it holds all.
    """
    if since is not None and since >= end:
        return
    fresh = _rows(brands, shown, end)
    if since is not None:
        connection.execute("DELETE FROM expectations WHERE bucket_at < ?", [bucket_start(end - SHOWN)])
        connection.register("fresh_expectations", fresh)
        connection.execute("INSERT INTO expectations FROM fresh_expectations ORDER BY brand, signal, bucket_at")
        connection.unregister("fresh_expectations")
        return
    connection.register("fresh_expectations", fresh)
    try:
        row = connection.execute(
            "SELECT min(bucket_at), (SELECT min(bucket_at) FROM fresh_expectations) FROM ("
            "(FROM fresh_expectations EXCEPT ALL FROM expectations) UNION ALL "
            "(FROM expectations EXCEPT ALL FROM fresh_expectations))"
        ).fetchone()
        if row is not None and row[0] is not None:
            since = row[0] if row[1] is None else max(row[0], row[1])
            connection.execute("DELETE FROM expectations WHERE bucket_at >= ? OR bucket_at < ?", [since, row[1] or since])
            connection.execute(
                "INSERT INTO expectations FROM fresh_expectations WHERE bucket_at >= ? ORDER BY brand, signal, bucket_at", [since]
            )
    finally:
        connection.unregister("fresh_expectations")


def _rows(brands: Sequence[str], shown: Shown, end: int) -> pa.Table:
    """The last 28 days in the columns of `expectations`, three decimals, nothing where nothing could be expected."""
    columns: dict[str, list[Any]] = {name: [] for name in ("brand", "signal", "bucket_at", *_FIGURES)}
    for first, verdicts in shown:
        skip = max(0, end - SHOWN - first)
        for signal, found in verdicts.expected.items():
            rows, buckets = np.nonzero(np.isfinite(found.expected[:, skip:]))
            columns["brand"].append(np.array(brands, dtype=object)[rows])
            columns["signal"].append(np.full(len(rows), signal, dtype=object))
            columns["bucket_at"].append((buckets + skip + first) * BUCKET_SECONDS * 1_000_000)
            for name in _FIGURES:
                columns[name].append(np.round(getattr(found, name)[rows, buckets + skip], 3))
    joined = {name: np.concatenate(parts) if parts else np.array([], dtype=object) for name, parts in columns.items()}
    with np.errstate(invalid="ignore"):
        outside = (joined["observed"] > joined["high"]) | (joined["observed"] < joined["low"])
    arrays = [
        pa.array(joined["brand"], pa.string()), pa.array(joined["signal"], pa.string()),
        pa.array(joined["bucket_at"].astype(np.int64), pa.timestamp("us", tz="UTC")),
        *(pa.array(joined[n].astype(np.float64), pa.float64(), from_pandas=True) for n in _FIGURES),
        pa.array(outside.astype(bool), pa.bool_()),
    ]
    return pa.Table.from_arrays(arrays, names=["brand", "signal", "bucket_at", *_FIGURES, "is_outside"])


def write_arming(connection: duckdb.DuckDBPyConnection, settings: Settings, arming: Sequence[Arming], end: int) -> None:
    """Replace `arming` where it differs."""
    fresh = [wording.arming_row(settings, a, end) for a in sorted(arming, key=lambda a: a.brand)]
    recorded = connection.execute(
        "SELECT brand, signal, state, first_at, armed_at, note FROM arming ORDER BY brand, signal"
    ).fetchall()
    if recorded != fresh:
        connection.execute("DELETE FROM arming")
        if fresh:
            connection.executemany(
                "INSERT INTO arming (brand, signal, state, first_at, armed_at, note) VALUES (?, ?, ?, ?, ?, ?)", fresh
            )
