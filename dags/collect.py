"""Collects mentions: one Dag for each `[sources.*]` stanza of earshot.toml, one run for each window of time just ended.

A run redacts, pseudonymises and lands its window as one immutable file and then emits the asset `mentions` under the
window's key, which starts `process`. It names every window that waits to be loaded, also those of a try that
was killed. A source that can give past windows again is backfilled with
`airflow backfill create --dag-id collect_<source> --from-date ... --to-date ...`.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from dags._assets import MENTIONS, windows
from dags._runtime import CONFIG, DEFAULTS, WINDOW, now, settings, window_key


def collector(name: str, source: Any) -> None:
    """The Dag of one source. A source that only gives what is new keeps a cursor, so its runs take turns."""

    @dag(
        dag_id=f"collect_{name}",
        schedule=windows(source.window),
        params=WINDOW,
        max_active_runs=1 if source.incremental else 4,
        doc_md=__doc__,
        tags=["earshot", "collect", source.kind],
        **DEFAULTS,
    )
    def collect() -> None:
        @task(outlets=[MENTIONS])
        def land() -> dict[str, Any]:
            from pipelines import collect, load
            from pipelines.records import Window
            from pipelines.settings import span

            window, period = Window.of(window_key(), span(source.window)), source.period()
            if period and not (window.end > period[0] and window.start < period[1]):
                raise AirflowSkipException("the source has nothing at that time")
            landed = collect.run(settings(), name, window, now=now())
            keys = load.due(settings(), name, landed.window_keys)
            if not keys:
                raise AirflowSkipException("nothing new")
            found = {"source": name, "windows": keys, "mentions": landed.mentions, "rejected": landed.rejected}
            get_current_context()["outlet_events"][MENTIONS].extra = found
            return found

        land()

    collect()


if CONFIG.exists():  # before `earshot init` there is nothing to collect
    configured = settings()
    for stanza in configured.sources:
        collector(stanza, configured.plugin("sources", stanza))
