"""When the mentions of landed windows were published and seen.

Which windows belong to a day is what `reprocess` works on when a new model or rule is applied to the past.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from pipelines.landing import Landing
from pipelines.records import WINDOW_KEY
from pipelines.settings import Settings


def first_published(path: Path) -> datetime | None:
    """The earliest `published_at` of a landed file, from its footer; None where no row has one or the file is gone."""
    import pyarrow.parquet as pq

    if not path.exists():
        return None
    footer = pq.read_metadata(path)
    column = footer.schema.to_arrow_schema().get_field_index("published_at")
    found = [footer.row_group(i).column(column).statistics for i in range(footer.num_row_groups)]
    firsts = [s.min for s in found if s is not None and s.has_min_max]
    return min(firsts).astimezone(UTC) if firsts else None


def newest_seen(landing: Landing, source: str, windows: Iterable[str], *, until: datetime) -> datetime | None:
    """The latest `observed_at` in landed windows that is not after `until`; None where no mention has one."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    newest: datetime | None = None
    for window in windows:
        seen = pq.ParquetFile(landing.mentions(source, window)).read(["observed_at"])["observed_at"]
        last = pc.max(pc.filter(seen, pc.less_equal(seen, until))).as_py()
        newest = max((at for at in (newest, last) if at is not None), default=None)
    return newest


def day_of(landing: Landing, source: str, window: str) -> str | None:
    """The UTC day, such as "2026-01-31", that a landed window begins on; for an input file that of its earliest mention."""
    try:
        return datetime.strptime(window, WINDOW_KEY).strftime("%Y-%m-%d")
    except ValueError:
        first = first_published(landing.mentions(source, window))
        return first.strftime("%Y-%m-%d") if first else None


def on_day(settings: Settings, key: str) -> list[tuple[str, str]]:
    """(source, window key) of everything landed that begins on the day in `key` ("2026-01-31" or a longer window key)."""
    landing = Landing(settings.storage)
    pairs = [(source, window) for source in landing.sources() for window in landing.windows(source)]
    return [(source, window) for source, window in pairs if day_of(landing, source, window) == key[:10]]
