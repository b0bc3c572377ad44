"""Every Monday: the past week of each own brand, any drift of a model, once to every notifier; and the Alert Lab's figures."""

from __future__ import annotations

from contextlib import suppress

from airflow.sdk import CronTriggerTimetable, dag, task

from dags._assets import DIGEST, WAREHOUSE
from dags._runtime import DEFAULTS, now, settings
from pipelines.errors import ConfigError

ZONE = "UTC"
with suppress(ConfigError):  # where weeks end at midnight
    ZONE = settings().project.timezone
MONDAY = CronTriggerTimetable(DIGEST, timezone=ZONE)


@dag(schedule=MONDAY, max_active_runs=1, doc_md=__doc__, tags=["earshot", "digest"], **DEFAULTS)
def digest() -> None:
    @task
    def tell() -> dict[str, object]:
        from airflow.sdk.exceptions import AirflowSkipException

        from pipelines import digest
        from pipelines.errors import InputError, NotifierError

        try:
            told = digest.run(settings(), now=now())
        except InputError as nothing:  # in the first days there is no whole week to tell of
            raise AirflowSkipException(str(nothing)) from None
        if told.failed:
            raise NotifierError(f"the digest of {told.week} was not taken by: {', '.join(told.failed)}.")
        return {"week": told.week, "sent": told.sent}

    @task
    def drift() -> dict[str, object]:
        """Where a model no longer sees what it saw: told once, by itself."""
        from pipelines import drift
        from pipelines.errors import NotifierError

        told = drift.run(settings(), now=now())
        if told.failed:
            raise NotifierError(f"a model's drift was not taken by: {', '.join(told.failed)}.")
        return {"drifts": len(told.drifts), "sent": told.sent}

    @task(pool=WAREHOUSE)
    def lab() -> dict[str, int]:
        """Every rule over simulated crises and the brands' own history; the next publish shows it."""
        from pipelines import lab

        kept = lab.keep(settings(), now=now())
        return {"rules": kept.rules, "brands": kept.brands, "verdicts": kept.verdicts}

    tell()
    drift()
    lab()


digest()
