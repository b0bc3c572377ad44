"""Aggregate: makes the marts out of what is loaded, in one transaction, and only when something has changed."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime

from pipelines import estimates, standing
from pipelines.settings import Settings
from pipelines.store import open_warehouse
from warehouse import build

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Aggregated:
    """What aggregating did; `rows` of each mart is empty where nothing had changed."""

    changed: bool
    rows: dict[str, int]
    seconds: float


def run(settings: Settings, *, now: datetime) -> Aggregated:
    """Make all marts and check them.

    Raises:
        WarehouseError: the warehouse is taken or faulty, or a check failed; the marts then stay as they were.
    """
    started = time.monotonic()
    with open_warehouse(settings) as connection:
        standing.keep(connection, settings, now=now)
        timezone = settings.project.timezone
        if build.built(connection) == build.fingerprint(connection, timezone):
            estimates.refresh(connection, settings)  # whoever was killed between the two
            return Aggregated(changed=False, rows={}, seconds=time.monotonic() - started)
        rows = build.build(connection, timezone=timezone, now=now)
        estimates.refresh(connection, settings)
    result = Aggregated(changed=True, rows=rows, seconds=time.monotonic() - started)
    log.info("%d marts made in %.1f s", len(rows), result.seconds)
    return result
