"""The line under a real scheduler: keyed runs follow each other, a killed task is repaired by its retry, two writers finish.

One Airflow (scheduler with LocalExecutor, Dag processor, API server on free ports) serves the whole module. What it stores is
compared, by content, with what the same stages store without Airflow.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest

from pipelines import line
from pipelines.airflow_rest import Airflow, State
from pipelines.demo import windows
from pipelines.processes import Services, family, together
from pipelines.service import ROOT, environment, prepare, start_airflow
from pipelines.settings import Settings, read

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
CONFIG = """
[project]
storage = "storage"
[brands.kestravia]
name = "Kestravia"
handles = ["kestravia", "kestraviacare"]
[sources.calm]
kind = "sample"
mentions = 600
days = 3
window = "1d"
[sources.rough]
kind = "sample"
mentions = 3000
days = 3
seed = 5
window = "1d"
[models]
active = "lexicon"
[privacy]
salt = "env:EARSHOT_SALT"
"""
SALT = "a-salt-for-this-test"


@dataclass
class Running:
    """An Airflow that serves one configuration."""

    airflow: Airflow
    services: Services
    settings: Settings
    config: Path

    def state(self) -> State:
        self.services.check()
        return self.airflow.state()

    def until(self, done: Callable[[State], bool], what: str, timeout: float = 120.0) -> State:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            state = self.state()
            if done(state):
                return state
            time.sleep(0.3)
        pytest.fail(f"{what} did not happen: {self.state()}\n{tail(self.services.logs / 'scheduler.log')}")


def tail(file: Path) -> str:
    return "\n".join(file.read_text(encoding="utf-8", errors="replace").splitlines()[-30:])


def free_port() -> int:
    """A port with room for the log server, which listens 713 above."""
    for _ in range(50):
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            with contextlib.suppress(OSError, OverflowError):
                other.bind(("127.0.0.1", port + 713))
                return port
    raise AssertionError("no free port")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("scheduler")
    config = folder / "earshot.toml"
    config.write_text(CONFIG, encoding="utf-8")
    home, port = folder / "home", free_port()
    prepare(home)
    env = environment(home, config, port=port) | {"EARSHOT_SALT": SALT, "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True"}
    with together(env, home / "logs", ROOT) as services:
        start_airflow(services)
        airflow = Airflow(f"http://localhost:{port}")
        airflow.wait(["collect_calm", "collect_rough", "process"], check=services.check)
        for dag_id in ("collect_calm", "collect_rough", "process"):
            airflow.unpause(dag_id)
        yield Running(airflow, services, read(config), config)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The same two sources through the same stages, without Airflow."""
    config = tmp_path_factory.mktemp("undisturbed") / "earshot.toml"
    config.write_text(CONFIG, encoding="utf-8")
    settings = read(config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARSHOT_SALT", SALT)
        now = datetime(2026, 3, 1, tzinfo=UTC)
        line.run(settings, now=now, since=now, model=None, progress=lambda stage, window: None)
    yield settings


def content(settings: Settings, table: str, source: str, leave: str) -> list[Any]:
    """All rows of one source, without the columns that say when we did something, in a fixed order."""
    where = f"source = '{source}'"
    if table == "enrichments":
        where = f"mention_id IN (SELECT mention_id FROM mentions WHERE {where})"
    query = f"SELECT * EXCLUDE ({leave}) FROM {table} WHERE {where} ORDER BY ALL"
    for _ in range(100):  # a writer may have it for a moment
        try:
            with duckdb.connect(str(settings.storage / "warehouse.duckdb"), read_only=True) as warehouse:
                warehouse.execute("SET TimeZone = 'UTC'")
                return warehouse.execute(query).fetchall()
        except duckdb.IOException:
            time.sleep(0.1)
    raise AssertionError("the warehouse was never free")


def same(one: Settings, other: Settings, source: str) -> None:
    for table, leave in (("mentions", "ingested_at"), ("enrichments", "enriched_at")):
        found, wanted = content(one, table, source, leave), content(other, table, source, leave)
        assert len(wanted) > 100
        assert found == wanted, f"{table} of {source} differ"


def backfill(running: Running, source: str) -> list[str]:
    """Start a backfill of all windows of a source; returns their keys."""
    found = windows(running.settings, source)
    running.airflow.backfill(f"collect_{source}", found[0].start, found[-1].start, at_once=3)
    return [window.key for window in found]


def tasks_running(running: Running) -> dict[str, psutil.Process]:
    """The processes that run task instances, by instance id: below a worker of the scheduler, which names them so."""
    found = {}
    for process in family(running.services.running["scheduler"].pid):
        with contextlib.suppress(psutil.Error):
            name, _, instance = " ".join(process.cmdline()).strip().partition(" -- ")
            if name == "airflow worker" and len(instance) == 36:
                found[instance] = process
    return found


def kill_one_of_each(running: Running, wanted: set[str], timeout: float = 90.0) -> None:
    """Kill the first running task of each name, by its process id."""
    killed: dict[str, str] = {}
    spared: set[str] = set()
    deadline = time.monotonic() + timeout
    while set(killed.values()) != wanted and time.monotonic() < deadline:
        for instance, process in tasks_running(running).items():
            if instance in killed or instance in spared:
                continue
            task_id, _ = running.airflow.state().tries[instance]
            if task_id in wanted - set(killed.values()) and process.is_running():
                process.kill()
                killed[instance] = task_id
            else:
                spared.add(instance)
        time.sleep(0.02)
    assert set(killed.values()) == wanted, f"only reached {killed}"


def test_three_partitions_become_three_keyed_runs_and_the_tables_of_a_run_without_airflow(
    running: Running, undisturbed: Settings
) -> None:
    keys = backfill(running, "calm")
    assert len(keys) == 3
    state = running.until(lambda s: len(s.of("process")) >= 3 and s.done("process"), "processing three windows")
    assert set(keys) <= {run.window for run in state.of("collect_calm")}  # and today's scheduled one, which is skipped
    assert sorted(run.window for run in state.of("process")) == keys
    assert not state.failed
    assert {run.state for run in state.runs} == {"success"}
    same(running.settings, undisturbed, "calm")
    loads = content(running.settings, "loads", "calm", "loaded_at, content_hash, models")
    assert len(loads) == 3
    assert all(rows_in == stored + unchanged + rejected for *_, rows_in, stored, unchanged, rejected in loads)


def test_a_task_killed_by_its_process_id_is_repaired_by_its_retry(running: Running, undisturbed: Settings) -> None:
    before = len(running.state().of("process"))
    backfill(running, "rough")
    wanted = {"land", "enrich", "load"}
    kill_one_of_each(running, wanted)
    state = running.until(lambda s: len(s.of("process")) >= before + 3 and s.done("process"), "recovering", timeout=150)
    assert not state.failed
    assert {task_id for task_id, count in state.tries.values() if count >= 2} == wanted
    same(running.settings, undisturbed, "rough")
    assert not list(running.settings.storage.rglob("*.tmp")), "the retry removes what the killed task left"


def test_the_command_line_writes_beside_airflow_and_both_finish(running: Running, tmp_path: Path) -> None:
    table = tmp_path / "complaints.csv"
    rows = [f"{n},Kestravia lost my bag number {n},2026-01-18T10:00:00Z" for n in range(200)]
    table.write_text("\n".join(["id,text,date", *rows, ""]), encoding="utf-8")
    before = len(running.state().of("process"))
    running.airflow.trigger("collect_rough", window="2026-01-18T00:00")
    running.airflow.trigger("collect_calm", window="2026-01-19T00:00")
    command = [sys.executable, "-m", "pipelines.cli", "run", "--config", str(running.config), "--input", str(table), "--quiet"]
    env = running.services.env
    beside = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert beside.returncode == 0, beside.stdout + beside.stderr
    state = running.until(lambda s: len(s.of("process")) >= before + 2 and s.done("process"), "processing beside it")
    assert not state.failed
    with duckdb.connect(str(running.settings.storage / "warehouse.duckdb"), read_only=True) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM mentions WHERE text LIKE '%lost my bag number%'").fetchone() == (200,)


STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
time.sleep(600)
"""
LEADER = """
import os, sys, time
from pathlib import Path
from pipelines.processes import together
folder = Path(sys.argv[1])
with together(os.environ | {"PYTHONPATH": sys.argv[2]}, folder, folder) as services:
    services.grace = 1.0
    services.start("one", "stubborn")
    services.start("two", "stubborn")
    time.sleep(1.5)
    print(*[p.pid for p in services.running.values()], flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_running_whatever_ends_us(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "stubborn.py").write_text(STUBBORN, encoding="utf-8")
    command = [sys.executable, "-c", LEADER, str(tmp_path), str(ROOT)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        everybody = {p for pid in process.stdout.readline().split() for p in family(int(pid))}
        assert len(everybody) == 4
        process.send_signal(number)
        time.sleep(0.5)
        process.send_signal(number)  # impatience changes nothing
        process.wait(timeout=60)
    assert not psutil.wait_procs(everybody, timeout=5)[1]
