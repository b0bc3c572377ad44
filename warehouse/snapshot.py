"""Reads published snapshots: immutable files in `<storage>/serving/` and a link to the newest.

Readers resolve the link and open that file: it never changes under them, and on Linux it stays readable even after it has
been deleted. `publication` writes them.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from warehouse import connection
from warehouse.connection import WarehouseFault

LINK = "current.duckdb"
LIVE = timedelta(days=2)  # data whose newest mention is older than this at publication is history: its own end is "now"


def is_live(published_at: datetime, watermark: datetime, *, is_simulated: bool) -> bool:
    """Whether a snapshot tells all until it was published, however quiet the last hours were."""
    return not is_simulated and published_at - watermark < LIVE


class Snapshot:
    """One version, open for reading. Any number of threads may use it: each gets its own cursor."""

    def __init__(self, path: Path, *, timeout: float = 5.0) -> None:
        self.path = path
        self.version = path.stem
        self.connection = connection.open(path, read_only=True, timeout=timeout)
        self._local = threading.local()

    def execute(self, sql: str, parameters: Any = None) -> duckdb.DuckDBPyConnection:
        """Run one statement on this thread's cursor, which is returned with the result in it."""
        cursor = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self.connection.cursor()
            cursor.execute("SET TimeZone = 'UTC'")
        return cursor.execute(sql, parameters)


def serving(storage: Path) -> Path:
    """Folder of the snapshots."""
    return storage / "serving"


def current_path(storage: Path) -> Path | None:
    """The newest snapshot's file, None where nothing has been published."""
    try:
        return (serving(storage) / LINK).resolve(strict=True)
    except OSError:
        return None


def open_current(storage: Path) -> Snapshot:
    """Open the newest snapshot. Where it is replaced and deleted between looking and opening, look again.

    Raises:
        WarehouseFault: nothing has been published, or the file cannot be read.
    """
    for attempt in range(5):
        path = current_path(storage)
        if path is None:
            raise WarehouseFault(f"{serving(storage)}: nothing has been published yet; `earshot run` does it.")
        try:
            return Snapshot(path)
        except WarehouseFault:
            if attempt == 4 or current_path(storage) == path:
                raise
    raise AssertionError("unreachable")


_open: dict[Path, Snapshot] = {}
_lock = threading.Lock()


def current(storage: Path) -> Snapshot:
    """The newest snapshot, opened once a version and shared by all threads; the old one closes when nobody holds it.

    Raises:
        WarehouseFault: as `open_current`.
    """
    with _lock:
        known = _open.get(storage)
        if known is None or known.path != current_path(storage):
            known = _open[storage] = open_current(storage)
        return known
