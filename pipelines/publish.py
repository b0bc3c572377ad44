"""Publish: puts marts, alerts and what pages must know about them into a new snapshot and makes it the current one."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines import incidents, load, registry
from pipelines.errors import WarehouseError
from pipelines.settings import Settings, span
from pipelines.store import open_warehouse, transaction
from warehouse import build, migrate, publication, snapshot

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Published:
    """The current snapshot; `changed` is false where it already held everything and was left as it is."""

    version: str
    path: Path
    changed: bool


def run(settings: Settings, *, now: datetime) -> Published:
    """Publish, unless the current snapshot holds just this already.

    Raises:
        WarehouseError: nothing has been aggregated, the warehouse is taken or faulty, or a check failed; the snapshot that
            was current stays current.
    """
    load.run_actions(settings, now=now)
    with open_warehouse(settings) as connection:
        if build.built(connection) is None:
            raise WarehouseError(f"{settings.storage}: there is nothing to publish yet; run aggregate first.")
        with transaction(connection):
            incidents.merge(connection, settings, now=now)
        about, brands = _about(settings, connection, now), _brands(settings)
        current = snapshot.current_path(settings.storage)
        content = publication.fingerprint(connection, about, brands)
        if current and current.stem.endswith(f"-{content}"):
            return Published(version=current.stem, path=current, changed=False)
        version = publication.next_version(current.stem if current else None, content, now)
        path = publication.write(connection, settings.storage, version, about, brands, now=now)
    log.info("published %s", version)
    return Published(version=version, path=path, changed=True)


def _about(settings: Settings, connection: duckdb.DuckDBPyConnection, now: datetime) -> dict[str, Any]:
    """The row of `meta` but version and time of publishing."""
    newest = connection.execute("SELECT max(last_published_at) FROM source_health").fetchone()
    model = connection.execute(
        "SELECT model FROM enrichments WHERE unknown_reason IS DISTINCT FROM 'not_scored' "
        "GROUP BY model ORDER BY max(enriched_at) DESC, model DESC LIMIT 1"
    ).fetchone()
    delivered = connection.execute("SELECT DISTINCT source FROM source_health WHERE mention_count > 0").fetchall()
    return {
        "watermark": min(newest[0], now) if newest and newest[0] else None,  # a platform's clock may be ahead of ours
        "project_name": settings.project.name,
        "timezone": settings.project.timezone,
        "is_simulated": is_simulated(settings, [str(source) for (source,) in delivered]),
        "model": model[0] if model else None,
        "first_response_target_seconds": int(span(settings.care.first_response_target).total_seconds()),
        "schema_version": migrate.migrations()[-1].number,
    }


def is_simulated(settings: Settings, sources: Iterable[str]) -> bool:
    """Is any of these sources made up? One that is no longer configured is judged by the connector of its name."""
    known = registry.kinds("sources")
    for name in sources:
        if name in settings.sources:
            if settings.plugin("sources", name).simulated:
                return True
        elif name in known and registry.load("sources", name).simulated:
            return True
    return False


def _brands(settings: Settings) -> list[tuple[str, str, bool]]:
    return [(key, brand.name, brand.competitor) for key, brand in settings.brands.items()]
