"""Every asset, pool and schedule of the Dags, once. Not a Dag file itself (see .airflowignore)."""

from __future__ import annotations

from airflow.sdk import Asset, CronPartitionTimetable

from pipelines.errors import ConfigError
from pipelines.records import WINDOW_KEY
from pipelines.settings import span

MENTIONS = Asset(name="mentions", uri="earshot://landing/mentions", group="earshot")  # keyed by window
LOADED = Asset(name="loaded", uri="earshot://warehouse/mentions", group="earshot")  # keyed by window
SNAPSHOT = Asset(name="snapshot", uri="earshot://serving/current", group="earshot")
ALERTS = Asset(name="alerts", uri="earshot://warehouse/alerts", group="earshot")

WAREHOUSE = "warehouse"  # pools: the slots are in pools.json
INFERENCE = "inference"

EVERY_DAY = "0 0 * * *"
PUBLISH = "*/5 * * * *"
MAINTAIN = "30 3 * * *"
ERASE = "40 * * * *"  # soon after `reobserve` has landed what is gone, and after `maintain`
DIGEST = "0 7 * * 1"  # in the project's time zone: anywhere on earth the week must be over
EPOCH_WEEK = "0 0 * * 4"  # windows are aligned to 1970-01-01, which was a Thursday


def cron(width: str) -> str:
    """The cron line whose ticks are the starts of aligned windows of `width`.

    >>> cron("15m"), cron("6h"), cron("7d")
    ('*/15 * * * *', '0 */6 * * *', '0 0 * * 4')

    Raises:
        ConfigError: cron cannot say it: windows must divide an hour or a day, or be a day or a week.
    """
    minutes = int(span(width).total_seconds()) // 60
    if minutes == 7 * 1440:
        return EPOCH_WEEK
    if minutes == 1440:
        return EVERY_DAY
    if minutes and 60 % minutes == 0:
        return f"*/{minutes} * * * *" if minutes < 60 else "0 * * * *"
    if minutes and minutes % 60 == 0 and 1440 % minutes == 0:
        return f"0 */{minutes // 60} * * *"
    raise ConfigError(f"window = {width!r}: under Airflow a window divides an hour or a day, or is 1d or 7d.")


def windows(width: str) -> CronPartitionTimetable:
    """One run for each window just ended; its partition key is the window's key."""
    return CronPartitionTimetable(cron(width), timezone="UTC", run_offset=-1, key_format=WINDOW_KEY)
