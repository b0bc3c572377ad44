"""Reads published snapshots: the one place where pages meet data.

`Snapshots(root).current()` gives one `Snapshot`; a page asks it for everything, so that all its numbers have one version.
Rows are cached inside the snapshot, so the cache is keyed by (version, query, parameters) and goes when the version goes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from dashboards import words
from warehouse import snapshot

QUERIES = Path(__file__).parent / "queries"
CACHED = 1024  # results kept for one snapshot

Row = dict[str, Any]


class Outdated(Exception):
    """The snapshot was published by an earlier version and lacks a table or column."""


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand as the pages name it."""

    key: str
    name: str
    is_competitor: bool
    first_at: datetime | None  # its first mention, to the hour


@dataclass(frozen=True, slots=True)
class Meta:
    """What a snapshot says about itself."""

    version: str
    published_at: datetime
    watermark: datetime
    project: str
    zone: ZoneInfo
    is_simulated: bool
    model: str
    target_seconds: int

    @property
    def is_live(self) -> bool:
        return snapshot.is_live(self.published_at, self.watermark, is_simulated=self.is_simulated)

    @property
    def now(self) -> datetime:
        """The moment that pages call now: never the wall clock, so that a snapshot always reads the same."""
        return self.published_at if self.is_live else self.watermark


class Snapshot:
    """One published version, as pages ask it. Safe for threads."""

    def __init__(self, stored: snapshot.Snapshot) -> None:
        self.stored = stored
        self._cache: OrderedDict[tuple[Any, ...], list[Row]] = OrderedDict()
        self._lock = threading.Lock()
        self.meta = self._read_meta()
        self.brands = tuple(
            Brand(r["brand"], words.brand(r["brand"], r["name"]), r["is_competitor"], r["first_at"]) for r in self.rows("brands")
        )
        self.channels = tuple(str(r["channel"]) for r in self.rows("channels"))
        self.sources = tuple(str(r["source"]) for r in self.rows("source_names"))

    @property
    def now(self) -> datetime:
        return self.meta.now

    def brand(self, key: str) -> Brand | None:
        return next((b for b in self.brands if b.key == key), None)

    def local(self, at: datetime) -> datetime:
        """`at` in the page's time zone."""
        return at.astimezone(self.meta.zone)

    def rows(self, name: str, **parameters: Any) -> list[Row]:
        """Rows of queries/<name>.sql. `parameters` are its $names; lists are given as tuples. Do not change what you get."""
        key = (name, *sorted(parameters.items()))
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        found = self._run(name, parameters)
        with self._lock:
            self._cache[key] = found
            while len(self._cache) > CACHED:
                self._cache.popitem(last=False)
        return found

    def _run(self, name: str, parameters: dict[str, Any]) -> list[Row]:
        values = {k: list(v) if isinstance(v, tuple) else v for k, v in parameters.items()}
        try:
            result = self.stored.execute(sql(name), values or None)
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise Outdated(f"the snapshot lacks what queries/{name}.sql reads: {error}") from error
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def _read_meta(self) -> Meta:
        row = self.rows("meta")[0]
        published = row["published_at"].astimezone(UTC)
        watermark = row["watermark"].astimezone(UTC) if row["watermark"] else published
        return Meta(
            version=str(row["version"]), published_at=published, watermark=watermark,
            project=row["project_name"], zone=ZoneInfo(row["timezone"] or "UTC"), is_simulated=bool(row["is_simulated"]),
            model=row["model"] or "none", target_seconds=int(row["first_response_target_seconds"] or 3600),
        )


@cache
def sql(name: str) -> str:
    """Text of queries/<name>.sql."""
    return (QUERIES / f"{name}.sql").read_text(encoding="utf-8")


class Snapshots:
    """Follows the snapshots of a storage folder: each version is read once and shared between threads."""

    def __init__(self, storage: Path) -> None:
        self.storage = storage
        self._lock = threading.Lock()
        self._known: Snapshot | None = None

    def current(self) -> Snapshot | None:
        """The newest snapshot, or None where nothing has been published yet.

        Raises:
            WarehouseFault: there is one, and it cannot be read.
        """
        if snapshot.current_path(self.storage) is None:
            return None
        stored = snapshot.current(self.storage)
        with self._lock:
            if self._known is None or self._known.stored is not stored:
                self._known = Snapshot(stored)  # the old one closes when the last request that reads it ends
            return self._known
