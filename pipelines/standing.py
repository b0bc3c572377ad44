"""Brings what landing knows of the sources into the warehouse: gaps, who answers, what it costs, which windows landed.

The tables are small and are replaced in one transaction. Times that move with every collection are kept to the hour, so that an
hour in which nothing happened changes nothing and no mart is made anew for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb

from pipelines import attendance, gaps, spending
from pipelines.landing import Landing
from pipelines.records import WINDOW_KEY, Window
from pipelines.settings import Settings, span
from pipelines.store import transaction

if TYPE_CHECKING:
    from pipelines.sources.base import Source

REACH = timedelta(days=35)  # windows: one week, and the four before that tell what is usual
GRACE = timedelta(hours=1)  # at most, until a window that has ended must have landed
Row = tuple[Any, ...]


def keep(connection: duckdb.DuckDBPyConnection, settings: Settings, *, now: datetime) -> None:
    """Replace the tables; the caller has the warehouse open for writing."""
    landing, ledger = Landing(settings.storage), spending.Ledger(settings.storage / "pace" / "spent.sqlite")
    sources = {name: settings.plugin("sources", name) for name in settings.sources}
    found: dict[str, list[Row]] = {
        "gaps": [row for name, source in sources.items() for row in _gaps(landing, name, source)],
        "source_states": [_state(landing, ledger, name, source, now) for name, source in sources.items()],
        "source_costs": [(day.source, day.at, day.mentions, day.cost) for day in ledger.all()],
        "source_windows": [
            row for name, source in sources.items() for row in _windows(landing, name, source, _landed(connection, name), now)
        ],
    }
    with transaction(connection):
        for table, rows in found.items():
            replace(connection, table, rows)


def replace(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row]) -> None:
    """Put these rows in the place of a table's; a table that holds just them is left alone."""
    if Counter(connection.execute(f"FROM {table}").fetchall()) == Counter(rows):
        return
    connection.execute(f"DELETE FROM {table}")
    if rows:
        import pyarrow as pa

        names = [str(name) for name, *_ in connection.execute(f"DESCRIBE {table}").fetchall()]
        types = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
        connection.register("standing", types)
        connection.execute(f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(names)} FROM standing")
        connection.unregister("standing")


def _gaps(landing: Landing, name: str, source: Source) -> Iterator[Row]:
    for noted in gaps.read(landing, name):
        gap = noted.gap
        can_fill = source.can_fill
        yield (
            name, gap.query, gap.start, gap.end, gap.reason, gap.missing, can_fill, noted.noticed_at, noted.filled_at,
        )


def _state(landing: Landing, ledger: spending.Ledger, name: str, source: Source, now: datetime) -> Row:
    found = attendance.read(landing, name)
    goes_on = source.period() is None and source.kind != "file"
    hour = _hour(now)
    cost: Row = (None, None, None, None, None)
    if source.price:
        told = spending.forecast(ledger.days(name, now), source.budget, now=hour)
        cost = (source.price, source.budget or None, told.spent, told.low, told.high)
    allowed = span(source.quiet_after)
    return (
        name, source.kind, _word(found, allowed, goes_on=goes_on, now=now), goes_on, found and found.began_at,
        found.answered_at and _hour(found.answered_at) if found else None, found and found.brought_at,
        found and found.failing_at, (found.error or None) if found else None, int(allowed.total_seconds()),
        hour if goes_on and found else None, *cost,
    )


def _word(found: attendance.Attendance | None, allowed: timedelta, *, goes_on: bool, now: datetime) -> str:
    if found is None:
        return "waiting"
    if found.failing_at is not None:
        return "failing"
    if not goes_on:
        return "whole"
    return "quiet" if now - found.quiet_since > allowed else "bringing"


def _landed(connection: duckdb.DuckDBPyConnection, name: str) -> set[datetime]:
    """Windows that are known to have landed whole: they stay so, and their manifests need not be read again."""
    rows = connection.execute("SELECT start_at FROM source_windows WHERE source = ? AND has_landed", [name]).fetchall()
    return {start for (start,) in rows}


def _windows(landing: Landing, name: str, source: Source, known: set[datetime], now: datetime) -> Iterator[Row]:
    """The windows that should have landed by `now`, from the first that did; of a source that is asked for spans of time."""
    if source.incremental or source.period() is not None:
        return
    width = span(source.window)
    keys = {key for key in landing.windows(name) if len(key) == len(now.strftime(WINDOW_KEY))}
    if not keys:
        return
    latest = now - min(width, GRACE)
    window = Window.around(max(Window.of(min(keys), width).start, now - REACH), width)
    while window.end <= latest:
        whole = window.start in known or (window.key in keys and gaps.is_sealed(landing, name, window))
        yield name, window.start, window.end, whole
        window = Window(window.end, window.end + width)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
