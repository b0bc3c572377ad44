"""Every five minutes: rebuild the marts, look for what is unusual, and publish a new snapshot for the pages.

The snapshot is published before anybody is alerted, so that whoever gets a message finds it on the page. All three tasks
use the warehouse and therefore take turns with `load` in the pool `warehouse`.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import chain, dag, task

from dags._assets import ALERTS, PUBLISH, SNAPSHOT, WAREHOUSE
from dags._runtime import DEFAULTS, now, settings


@dag(schedule=PUBLISH, max_active_runs=1, doc_md=__doc__, tags=["earshot", "publish"], **DEFAULTS)
def publish() -> None:
    @task(pool=WAREHOUSE)
    def aggregate() -> None:
        from pipelines import aggregate

        aggregate.run(settings(), now=now())

    @task(pool=WAREHOUSE)
    def detect() -> dict[str, Any]:
        from pipelines import detect

        return {"alerts": detect.run(settings(), now=now()).alerts}

    @task(task_id="publish", pool=WAREHOUSE, outlets=[SNAPSHOT, ALERTS])
    def swap() -> str:
        from pipelines import publish

        return str(publish.run(settings(), now=now()).version)

    @task
    def attend() -> list[str]:
        """Tell of sources that bring nothing, whether or not there is anything to publish."""
        from pipelines import attendance

        return attendance.run(settings(), now=now())

    attend()
    chain(aggregate(), detect(), swap())


publish()
