"""The demo: the whole line on simulated mentions, under a real Airflow, then the pages.

    python -m pipelines.demo            until Ctrl-C
    python -m pipelines.demo --once     ends after the summary: 0, or 1 where anything failed

A backfill of the collecting Dag runs window by window; `process` follows each window that landed; then the marts are built,
the crisis is looked for, a snapshot is published and the alert is handed over. Everything said in it is simulated.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from pipelines.airflow_rest import Airflow, State
from pipelines.errors import ConfigError, EarshotError
from pipelines.processes import ServiceError, Services, check_ports, together
from pipelines.records import Window
from pipelines.service import AIRFLOW_PORT, HOME, PAGES_PORT, ROOT, environment, prepare, say, start_airflow, start_pages
from pipelines.settings import Settings, read, span

STAGES = (("collect_", "land", "collect"), ("process", "enrich", "score"), ("process", "load", "store"))
STORAGE = ROOT / "earshot-data" / "demo"
AT_ONCE = 2  # windows that are collected at the same time
TIMEOUT = 15 * 60.0  # seconds after which something must be wrong
POLL = 1.5


def fresh_start(home: Path) -> None:
    """Forget what an earlier demo left, so that every demo shows the same. Touches only the demo's own folders."""
    shutil.rmtree(STORAGE, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)
    if not (HOME / "fresh" / "airflow.db").exists():
        prepare()
    home.mkdir(parents=True)
    shutil.copy2(HOME / "fresh" / "airflow.db", home / "airflow.db")


def windows(settings: Settings, name: str) -> list[Window]:
    """All windows of a source that has a fixed period, in order."""
    source = settings.plugin("sources", name)
    period = source.period()
    if period is None:
        raise ConfigError(f"{settings.path}: [sources.{name}] has no end; a demo needs a source with a fixed period.")
    found = [Window.around(period[0], span(source.window))]
    while found[-1].end < period[1]:
        found.append(Window(found[-1].end, found[-1].end + (found[-1].end - found[-1].start)))
    return found


class Progress:
    """Shows how far the stages are: one changing line on a terminal, a line now and then elsewhere."""

    def __init__(self, storage: Path, wanted: int) -> None:
        self.storage, self.wanted = storage, wanted
        self.started = self.shown_at = time.monotonic()
        self.terminal = sys.stdout.isatty()
        self.shown = ""

    def seconds(self) -> float:
        """Seconds since the demo began."""
        return time.monotonic() - self.started

    def landed(self) -> int:
        """Mentions that lie in the landing area by now."""
        manifests = (self.storage / "landing" / "manifests").glob("source=*/window=*.json")
        return sum(int(json.loads(path.read_text(encoding="utf-8"))["mentions"]) for path in manifests)

    def show(self, text: str, *, always: bool = False) -> None:
        """Say it, unless it was just said."""
        if not self.terminal and not always and (text == self.shown or time.monotonic() - self.shown_at < 5):
            return
        self.shown, self.shown_at = text, time.monotonic()
        line = f"{self.seconds():5.0f} s  {text}"
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write(f"\r\x1b[K{line[:width]}{chr(10) if always else ''}")
        else:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def windows(self, state: State) -> None:
        """Which stage is at which window, how many are done of how many, and the mentions so far."""
        parts = []
        for prefix, task, verb in STAGES:
            done = sum(states["success"] for (dag, t), states in state.tasks.items() if dag.startswith(prefix) and t == task)
            at = min((window for t, window in state.active if t == task), default="")
            parts.append(f"{verb} {done}/{self.wanted}{f' ({at[:16]})' if at else ''}")
        again = sum(states["up_for_retry"] for states in state.tasks.values())
        waiting = f"   {again} failed, to be tried again" if again else ""
        self.show(f"{'   '.join(parts)}   {self.landed():,} simulated mentions{waiting}")


def wait_for(
    airflow: Airflow, services: Services, progress: Progress, prefixes: tuple[str, ...], runs: int, *, title: str = ""
) -> State:
    """Wait until the Dags of these prefixes have at least so many runs, all finished.

    Raises:
        ServiceError: a process ended, or it takes far too long.
    """
    while progress.seconds() < TIMEOUT:
        services.check()
        state = airflow.state()
        if title:
            active = [task for task, _ in state.active]
            progress.show(f"{title}{': ' + active[0] if active else ''}")
        else:
            progress.windows(state)
        done = all(len(state.of(prefix)) >= runs and state.done(prefix) for prefix in prefixes)
        if done or state.failed:  # failed for good, after its retries: what should follow it never comes
            return state
        time.sleep(POLL)
    raise ServiceError(f"the demo was not done after {TIMEOUT / 60:.0f} minutes: see Airflow's pages and {services.logs}.")


def drive(settings: Settings, airflow: Airflow, services: Services, progress: Progress) -> State:
    """Backfill every source, let the rest of the line follow, publish, alert; returns how everything ended."""
    collectors = [f"collect_{name}" for name in settings.sources]
    progress.show("starting Airflow: scheduler, Dag processor, pages", always=True)
    airflow.wait([*collectors, "process", "publish", "alert"], check=services.check)
    for dag_id in (*collectors, "process", "alert"):
        airflow.unpause(dag_id)
    airflow.widen("inference", AT_ONCE)  # two models in memory: loading one takes as long as using it
    for name, dag_id in zip(settings.sources, collectors, strict=True):
        found = windows(settings, name)
        progress.show(f"backfill of {dag_id}: {len(found)} windows from {found[0].key} to {found[-1].key} UTC", always=True)
        airflow.backfill(dag_id, found[0].start, found[-1].start, at_once=AT_ONCE)
    state = wait_for(airflow, services, progress, ("collect_", "process"), progress.wanted)
    if state.failed:
        return state
    progress.windows(airflow.state())
    progress.show(f"{progress.landed():,} simulated mentions collected, scored and stored", always=True)
    airflow.unpause("publish")
    airflow.trigger("publish")
    state = wait_for(airflow, services, progress, ("publish", "alert"), 1, title="marts, detection, snapshot, alerts")
    progress.show("snapshot published, alerts delivered", always=True)
    _keep_lab(settings)
    progress.show("every alert rule tried on simulated crises and on this history: see the Alert Lab", always=True)
    return state


def _keep_lab(settings: Settings) -> None:
    """What a weekly task does, so that the page has something on it."""
    from pipelines import lab, publish

    now = datetime.now(UTC)
    lab.keep(settings, now=now)
    publish.run(settings, now=now)


def run(arguments: argparse.Namespace) -> int:
    """The demo from its first line to its exit code."""
    check_ports(arguments.port, arguments.airflow_port)
    os.environ["EARSHOT_STORAGE"] = str(STORAGE)
    settings = read(arguments.config)
    home = HOME / "demo"
    fresh_start(home)
    say(f"Earshot's demo: {settings.project.name}. Everything in it is simulated.")
    wanted = sum(len(windows(settings, name)) for name in settings.sources)
    progress = Progress(settings.storage, wanted)
    env = environment(home, arguments.config, port=arguments.airflow_port)
    env["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] = "True"  # each is started when its turn has come
    with together(env, home / "logs", ROOT) as services:
        start_airflow(services)
        state = drive(settings, Airflow(f"http://localhost:{arguments.airflow_port}"), services, progress)
        from pipelines.demo_summary import summary  # DuckDB and the simulator: only now

        text, problems = summary(settings, state, seconds=progress.seconds(), logs=services.logs)
        say(text)
        if arguments.once or state.failed:
            return 1 if problems else 0
        start_pages(services, settings, arguments.port)
        say(f"Pages: http://localhost:{arguments.port}   Airflow: http://localhost:{arguments.airflow_port}   Ctrl-C ends both.")
        try:
            while True:
                services.check()
                time.sleep(1)
        except KeyboardInterrupt:
            say("\nEnding Airflow and the pages.")
            return 0


def main(argv: list[str] | None = None) -> int:
    """Parse, run, and turn our errors into one sentence and code 2; Ctrl-C ends with 130, or 0 once the pages were up."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.demo", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--config", type=Path, default=ROOT / "examples" / "demo.toml", help="which earshot.toml to show")
    parser.add_argument("--once", action="store_true", help="end after the summary")
    parser.add_argument("--port", type=int, default=PAGES_PORT, help="port of the pages")
    parser.add_argument("--airflow-port", type=int, default=AIRFLOW_PORT, help="port of Airflow's own pages")
    arguments = parser.parse_args(argv)
    try:
        return run(arguments)
    except EarshotError as error:
        sys.stderr.write(f"\n{error}\n")
        return 2
    except KeyboardInterrupt:
        say("\nEnded.")
        return 130


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
