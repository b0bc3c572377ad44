"""Hands new and changed alerts to every configured notifier, and tries again what could not be delivered before.

Follows the asset `alerts`, which `publish` emits after each snapshot. Deliveries wait in an outbox in the warehouse: an alert
reaches each notifier at least once, with a key that lets the receiver drop a second copy.
"""

from __future__ import annotations

from airflow.sdk import dag, task

from dags._assets import ALERTS, SNAPSHOT, WAREHOUSE
from dags._runtime import DEFAULTS, now, settings


@dag(schedule=[ALERTS], max_active_runs=1, doc_md=__doc__, tags=["earshot", "alert"], **DEFAULTS)
def alert() -> None:
    @task(pool=WAREHOUSE, outlets=[SNAPSHOT])
    def notify() -> dict[str, int]:
        from pipelines import alert, publish

        delivered = alert.run(settings(), now=now())
        if delivered.sent or delivered.failed:
            publish.run(settings(), now=now())  # the pages show who was told
        return {"sent": delivered.sent, "failed": delivered.failed, "pending": delivered.pending}

    notify()


alert()
