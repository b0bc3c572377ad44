"""Every hour: look mentions up again at certain ages, for edits, deletions and engagement that came after they were collected.

`due` writes into the ledger what is due; then each source that has something is asked by a task of its own, which only reads the
warehouse and lands what the platform says. `process` loads it, and `erase` removes what was deleted.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from dags._assets import MENTIONS, WAREHOUSE, windows
from dags._runtime import DEFAULTS, now, settings


@dag(schedule=windows("1h"), max_active_runs=1, doc_md=__doc__, tags=["earshot", "reobserve"], **DEFAULTS)
def reobserve() -> None:
    @task(pool=WAREHOUSE)
    def due() -> list[str]:
        from pipelines import reobserve

        return reobserve.record(settings(), now=now())

    @task(outlets=[MENTIONS])
    def look_up(source: str) -> dict[str, Any]:
        from pipelines import reobserve

        landed = reobserve.run(settings(), source, now=now())
        if not landed.window_keys:
            raise AirflowSkipException("nothing is due any more")
        found = {"source": source, "windows": landed.window_keys, "mentions": landed.mentions, "rejected": landed.rejected}
        get_current_context()["outlet_events"][MENTIONS].extra = found
        return found

    look_up.expand(source=due())


reobserve()
