"""Scores and stores mentions: `process` follows the landed windows, `reprocess` does the same for days of the past.

`enrich` writes a file of scores beside each landed file (pool `inference`: one model in memory at a time), `load` merges
both into the warehouse (pool `warehouse`: one writer at a time). Runs keep the window's key. Dags that follow data cannot be
backfilled, so a new model is applied to old days by unpausing `reprocess` and
`airflow backfill create --dag-id reprocess --from-date ... --to-date ...`.
"""

from __future__ import annotations

from airflow.sdk import PartitionedAssetTimetable, dag, get_current_context, task, task_group

from dags._assets import INFERENCE, LOADED, MENTIONS, WAREHOUSE, windows
from dags._runtime import DEFAULTS, WINDOW, now, settings, window_key

Landed = list[tuple[str, str]]  # (source, window key)


@task(pool=INFERENCE)
def enrich() -> Landed:
    """Score what the triggering events name; without events, everything landed for this run's day."""
    from pipelines import enrich, landed

    events = get_current_context()["triggering_asset_events"][MENTIONS]
    found = [(e.extra["source"], key) for e in events for key in e.extra["windows"]]
    found = found or landed.on_day(settings(), window_key())
    for source, key in found:
        enrich.run(settings(), source, key, now=now())
    return found


@task(pool=WAREHOUSE, outlets=[LOADED])
def load(landed: Landed) -> dict[str, int]:
    """Merge landed mentions and their scores into the warehouse, one window after the other."""
    from pipelines import load

    loaded = [load.run(settings(), source, key, now=now()) for source, key in landed]
    return {name: sum(getattr(one, name) for one in loaded) for name in ("rows_in", "stored", "unchanged", "quarantined")}


@task_group
def score_and_store() -> None:
    load(enrich())


@dag(schedule=PartitionedAssetTimetable(assets=MENTIONS), params=WINDOW, doc_md=__doc__, tags=["earshot", "process"], **DEFAULTS)
def process() -> None:
    score_and_store()


@dag(schedule=windows("1d"), params=WINDOW, is_paused_upon_creation=True, doc_md=__doc__, tags=["earshot", "process"], **DEFAULTS)
def reprocess() -> None:
    score_and_store()


process()
reprocess()
