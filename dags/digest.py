"""Every Monday: the past week of each own brand in a few sentences, sent once to every notifier."""

from __future__ import annotations

from airflow.sdk import dag, task

from dags._assets import DIGEST
from dags._runtime import DEFAULTS, now, settings


@dag(schedule=DIGEST, max_active_runs=1, doc_md=__doc__, tags=["earshot", "digest"], **DEFAULTS)
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

    tell()


digest()
