"""Every night: forget mentions that are older than `[retention] mentions` in earshot.toml, in the warehouse and in landing."""

from __future__ import annotations

from airflow.sdk import dag, task

from dags._assets import MAINTAIN, WAREHOUSE
from dags._runtime import DEFAULTS, now, settings


@dag(schedule=MAINTAIN, max_active_runs=1, doc_md=__doc__, tags=["earshot", "maintain"], **DEFAULTS)
def maintain() -> None:
    @task(pool=WAREHOUSE)
    def retain() -> dict[str, int]:
        from pipelines import retain

        kept = retain.run(settings(), now=now())
        return {"mentions": kept.mentions, "files": kept.files}

    retain()


maintain()
