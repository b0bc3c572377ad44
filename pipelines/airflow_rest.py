"""Talks to a running Airflow over its REST interface: unpause, backfill, trigger, and how far everything is."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipelines.processes import ServiceError

FINISHED = {"success", "failed"}  # of a run
FAILED = {"failed", "upstream_failed"}  # of a task
PAGE = 100


@dataclass(frozen=True)
class Run:
    """One Dag run."""

    dag_id: str
    run_id: str
    window: str  # partition key, empty where the Dag has none
    state: str


@dataclass
class State:
    """How far all Dags are at one moment."""

    runs: list[Run] = field(default_factory=list)
    tasks: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)  # (dag id, task id) -> states
    active: list[tuple[str, str]] = field(default_factory=list)  # (task id, window) that run now
    failed: list[str] = field(default_factory=list)  # "dag.task [window]"
    tries: dict[str, tuple[str, int]] = field(default_factory=dict)  # task instance id -> (task id, number of its last try)

    def of(self, prefix: str) -> list[Run]:
        """Runs of the Dags whose id begins so."""
        return [run for run in self.runs if run.dag_id.startswith(prefix)]

    def done(self, prefix: str) -> bool:
        """Has it runs, and are all of them finished?"""
        runs = self.of(prefix)
        return bool(runs) and all(run.state in FINISHED for run in runs)


class Airflow:
    """A running Airflow.

    Args:
        url: such as "http://localhost:8080".
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._token = ""

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self._token}"} if self._token else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def _must(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        try:
            return self._call(method, f"/api/v2{path}", body)
        except urllib.error.HTTPError as error:
            said = error.read()[:300].decode(errors="replace")
            raise ServiceError(f"Airflow refused {method} {path}: {error.code} {said}") from None
        except (OSError, ValueError) as error:
            raise ServiceError(f"Airflow does not answer at {self.url}: {error}.") from None

    def wait(self, dags: list[str], *, timeout: float = 120.0, check: Callable[[], None] = lambda: None) -> None:
        """Wait until it answers and knows these Dags.

        Raises:
            ServiceError: not within `timeout` seconds, or a Dag file has an import error.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            check()
            time.sleep(0.5)
            try:
                self._token = self._token or self._call("GET", "/auth/token")["access_token"]
                known = {dag["dag_id"] for dag in self._call("GET", f"/api/v2/dags?limit={PAGE}")["dags"]}
                if known >= set(dags):
                    return
                errors = self._call("GET", "/api/v2/importErrors")["import_errors"]
            except (OSError, KeyError, ValueError):
                continue
            if errors:
                raise ServiceError(f"{errors[0]['filename']}: {errors[0]['stack_trace'].strip().splitlines()[-1]}")
        raise ServiceError(f"Airflow was not ready within {timeout:.0f} s.")

    def unpause(self, dag_id: str) -> None:
        """Let a Dag run."""
        self._must("PATCH", f"/dags/{dag_id}", {"is_paused": False})

    def widen(self, pool: str, slots: int) -> None:
        """Give a pool so many slots."""
        self._must("PATCH", f"/pools/{pool}?update_mask=slots", {"pool": pool, "slots": slots, "include_deferred": False})

    def backfill(self, dag_id: str, first: datetime, last: datetime, *, at_once: int) -> None:
        """Run a Dag for each window that starts between `first` and `last`, both included; the newest window last."""
        wanted = {"dag_id": dag_id, "from_date": first.isoformat(), "to_date": last.isoformat(), "max_active_runs": at_once}
        self._must("POST", "/backfills", wanted)

    def trigger(self, dag_id: str, *, window: str | None = None) -> None:
        """Run a Dag now, for a window where it has windows."""
        self._must("POST", f"/dags/{dag_id}/dagRuns", {"logical_date": None, "partition_key": window})

    def _pages(self, path: str, key: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self._must("GET", f"{path}?limit={PAGE}&offset={len(found)}")
            found += page[key]
            if not page[key] or len(found) >= page["total_entries"]:
                return found

    def state(self) -> State:
        """How far everything is."""
        runs = self._pages("/dags/~/dagRuns", "dag_runs")
        windows = {(run["dag_id"], run["dag_run_id"]): run.get("partition_key") or "" for run in runs}
        state = State([Run(r["dag_id"], r["dag_run_id"], r.get("partition_key") or "", r["state"]) for r in runs])
        for one in self._pages("/dags/~/dagRuns/~/taskInstances", "task_instances"):
            dag_id, task_id, status = one["dag_id"], one["task_id"].rpartition(".")[2], one["state"] or "none"
            window = windows.get((dag_id, one["dag_run_id"]), "")
            state.tries[one["id"]] = (task_id, one["try_number"])
            state.tasks.setdefault((dag_id, task_id), Counter())[status] += 1
            if status == "running":
                state.active.append((task_id, window))
            if status in FAILED:
                state.failed.append(f"{dag_id}.{task_id} {window}".strip())
        state.failed += [f"{run.dag_id} {run.window}".strip() for run in state.runs if run.state == "failed"]
        return state
