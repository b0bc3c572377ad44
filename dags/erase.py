"""Every hour: of what was withdrawn, leave no copy anywhere: landing files, scores, snapshots, notes, the warehouse's own file.

Withdrawn is what a platform deleted, what somebody asked us to forget (`earshot forget`), and what a platform's terms let nobody
keep any longer. Where nothing was withdrawn since the last run, and nothing was forgotten by `maintain`, the warehouse is only
read. The ledger (table `obligations`) says what was due and when it was done.
"""

from __future__ import annotations

from airflow.sdk import dag, task

from dags._assets import ERASE, WAREHOUSE
from dags._runtime import DEFAULTS, now, settings


@dag(schedule=ERASE, max_active_runs=1, doc_md=__doc__, tags=["earshot", "maintain"], **DEFAULTS)
def erase() -> None:
    @task(task_id="erase", pool=WAREHOUSE)
    def leave_nothing() -> dict[str, int]:
        from pipelines import erase

        erased = erase.run(settings(), now=now())
        return {"withdrawn": erased.withdrawn, "mentions": erased.mentions, "files": erased.files, "snapshots": erased.snapshots}

    leave_nothing()


erase()
