"""Hands new and changed incidents to every notifier whose hour has come, and tries again what could not be delivered before.

Follows the asset `alerts`, which `publish` emits after each snapshot. Deliveries wait in an outbox in the warehouse: an incident
reaches each notifier at least once, with a key that lets the receiver drop a second copy. Where the playbook asks for a person
before a message goes to people outside, each such message is a question on Airflow's page, and nothing else waits for its
answer. What was asked, who decided when, or that the time ran out, is in the table `approvals`.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import dag, get_current_context, task, task_group

from dags._assets import ALERTS, SNAPSHOT, WAREHOUSE
from dags._runtime import DEFAULTS, now, settings
from pipelines.errors import ConfigError
from pipelines.settings import span

LONGEST = timedelta(minutes=15)
with suppress(ConfigError):  # the playbook's longest time; each question ends at its own, in the outbox
    LONGEST = max((span(rule.approve) for rule in settings().playbook.values() if rule.approve), default=LONGEST)


@dag(schedule=[ALERTS], doc_md=__doc__, tags=["earshot", "alert"], **DEFAULTS)
def alert() -> None:
    @task(pool=WAREHOUSE, outlets=[SNAPSHOT])
    def notify() -> list[dict[str, str]]:
        from pipelines import alert

        return [{"key": q.key, "subject": q.subject, "body": q.body} for q in alert.deliver(settings(), now=now()).asked]

    @task(pool=WAREHOUSE, outlets=[SNAPSHOT], trigger_rule="all_done")
    def decide(key: str) -> dict[str, Any]:
        from pipelines import alert, approvals

        instance = get_current_context()["ti"]
        answer = instance.xcom_pull(task_ids="ask.approve", map_indexes=instance.map_index) or {}
        person = answer.get("responded_by_user")
        if person:  # without one the time ran out, and the outbox takes its own default
            choice = "approve" if answer["chosen_options"] == ["Approve"] else "reject"
            approvals.answer(settings(), key, choice, person["name"] or person["id"], via="airflow", now=now())
        return {"sent": alert.deliver(settings(), now=now()).sent, "decided_by": person and person["name"]}

    @task_group
    def ask(key: str, subject: str, body: str) -> None:
        approve = ApprovalOperator(task_id="approve", subject=subject, body=body, defaults="Approve", response_timeout=LONGEST)
        # A rejection skips what comes right after it: that is the gate. The decision is written down all the same.
        approve >> EmptyOperator(task_id="gate") >> decide(key)

    ask.expand_kwargs(notify())


alert()
