"""What every task needs: settings, retries decided by our own errors, the window of a run, the message on failure."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import BaseNotifier, Param, RetryDecision, RetryPolicy, get_current_context

from pipelines import errors
from pipelines.settings import Settings, read

CONFIG = Path(os.environ.get("EARSHOT_CONFIG") or Path(__file__).parents[1] / "earshot.toml")
FINAL = (errors.ConfigError, errors.InputError, errors.AuthFailed, errors.ModelError)  # a person must act: no retry
WINDOW = {"window": Param(None, type=["null", "string"], description="Window key, such as 2026-01-31T14:15, of a manual run.")}


class OurErrors(RetryPolicy):
    """Wait as long as a platform asks, fail at once where a person must act, otherwise the task's own delays."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        if isinstance(exception, errors.RateLimited):
            return RetryDecision.retry(timedelta(seconds=exception.retry_after), str(exception))
        return RetryDecision.fail(str(exception)) if isinstance(exception, FINAL) else RetryDecision.default()


class TellOwner(BaseNotifier):
    """A task failed for good: say which, for which window, through every configured notifier."""

    def notify(self, context: Any) -> None:
        from pipelines import failure

        run, task = context["dag_run"], f"{context['ti'].dag_id}.{context['ti'].task_id}"
        failure.tell(settings(), task=task, window=run.partition_key, reason=context.get("exception"), now=now())


WAITS = {"retry_delay": timedelta(seconds=10), "retry_exponential_backoff": True, "max_retry_delay": timedelta(minutes=10)}
POLICY = {"owner": "earshot", "retries": 3, "retry_policy": OurErrors(), "on_failure_callback": TellOwner()}
DEFAULTS: dict[str, Any] = {"catchup": False, "default_args": WAITS | POLICY}


def settings() -> Settings:
    """earshot.toml as it is when a task runs."""
    return read(CONFIG)


def now() -> datetime:
    """The one place where the Dags read the clock; the stages are handed the time."""
    return datetime.now(UTC)


def window_key() -> str:
    """The window of this run: its partition key, or the parameter of a manual run."""
    context = get_current_context()
    key = context["dag_run"].partition_key or context["params"].get("window")
    if not key:
        raise errors.ConfigError("this run has no window: give it a partition key or the parameter window.")
    return str(key)
