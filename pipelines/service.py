"""Runs Airflow and the pages as processes of this machine: their settings, their start, and that all of them end.

    python -m pipelines.service prepare              Airflow's database and pools (part of `make setup`)
    python -m pipelines.service up --config FILE     scheduler, Airflow's pages and dashboards until Ctrl-C (`make up`)

Airflow is configured by environment variables only, keeps its files in `airflow-home/`, and calls nobody outside.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from pipelines.errors import ConfigError, EarshotError
from pipelines.processes import ServiceError, Services, check_ports, together
from pipelines.settings import Settings, read
from warehouse import links

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "airflow-home"
PAGES_PORT = 8050
AIRFLOW_PORT = 8080


def say(text: str) -> None:
    """One line on standard output, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def environment(home: Path, config: Path, *, port: int = AIRFLOW_PORT, parallelism: int = 4) -> dict[str, str]:
    """What Airflow needs to know, as environment variables.

    Args:
        home: folder for Airflow's database and logs.
        config: the earshot.toml that the Dags read.
        port: of Airflow's pages and of the address at which tasks report.
        parallelism: tasks at the same time.
    """
    kind = "airflow.dag_processing.bundles.local.LocalDagBundle"
    bundle = {"name": "earshot", "classpath": kind, "kwargs": {"path": str(ROOT)}}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    wanted = {
        "CORE__DAGS_FOLDER": str(ROOT),
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": str(parallelism),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",  # the pages listen on this machine only
        "CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{port}/execution/",
        "CORE__FERNET_KEY": "",
        "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}?timeout=30",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__BASE_URL": f"http://localhost:{port}",
        "API__WORKERS": "1",
        "API__SECRET_KEY": secrets.token_hex(16),
        "API_AUTH__JWT_SECRET": secrets.token_hex(32),  # shared by the processes that are started together
        "LOGGING__LOGGING_LEVEL": "WARNING",
        "LOGGING__WORKER_LOG_SERVER_PORT": str(port + 713),  # 8793 beside 8080, as Airflow has it
        "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    ours = {"AIRFLOW_HOME": str(home), "EARSHOT_CONFIG": str(config.resolve()), "PATH": programs}
    quiet = {"PYTHONWARNINGS": "ignore", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "SCARF_ANALYTICS": "false"}
    return os.environ | {f"AIRFLOW__{key}": value for key, value in wanted.items()} | ours | quiet


def airflow(*arguments: str, env: dict[str, str]) -> str:
    """Run one Airflow command to its end and give what it printed.

    Raises:
        ServiceError: it failed; the message carries its last line.
    """
    done = subprocess.run([sys.executable, "-m", "airflow", *arguments], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise ServiceError(f"airflow {' '.join(arguments[:2])} failed: {last}")
    return done.stdout


def prepare(home: Path = HOME) -> None:
    """Create or migrate Airflow's database in `home`, and a fresh copy of it that each demo starts from."""
    fresh = home / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    for place in (fresh, home):
        place.mkdir(parents=True, exist_ok=True)
        if place == home and not (home / "airflow.db").exists():
            shutil.copy2(fresh / "airflow.db", home / "airflow.db")
            continue
        env = environment(place, ROOT / "earshot.toml")
        airflow("db", "migrate", env=env)
        airflow("pools", "import", str(ROOT / "dags" / "pools.json"), env=env)


def start_airflow(services: Services) -> None:
    """Start Airflow: its pages first, because tasks report to them."""
    for name in ("api-server", "scheduler", "dag-processor"):
        services.start(name, "airflow", name)


def page_arguments(settings: Settings, port: int, names: Sequence[str] = ()) -> list[str]:
    """Arguments of `python -m dashboards`: the storage, the port, and the names under which the pages may be asked for.

    Args:
        names: beside localhost and the host of [links] url, to which links in messages lead.

    Raises:
        ConfigError: [links] url cannot be read.
    """
    url = settings.links.url
    try:
        host = urlsplit(url).hostname
    except ValueError:
        example = "https://earshot.example.org"
        raise ConfigError(f"{settings.path}: [links] url = {url!r}: is not an address; write one such as {example}.") from None
    known = [host, *names] if host else names
    return ["--storage", str(settings.storage), "--port", str(port), *(f"--allow={name}" for name in known)]


def start_pages(services: Services, settings: Settings, port: int) -> None:
    """Start the dashboards on the published snapshots."""
    services.start("pages", "dashboards", *page_arguments(settings, port))


def up(config: Path, port: int, airflow_port: int) -> None:
    """Run everything for one configuration until Ctrl-C.

    Raises:
        ConfigError: the configuration is wrong or a port is taken.
        ServiceError: a process ended by itself.
    """
    settings = read(config)
    check_ports(port, airflow_port)
    if not (HOME / "airflow.db").exists():
        prepare()
    env = environment(HOME, config, port=airflow_port) | {links.VARIABLE: settings.link_secret}  # the pages check what we sign
    with together(env, HOME / "logs", ROOT) as services:
        start_airflow(services)
        start_pages(services, settings, port)
        sources = ", ".join(settings.sources) or "no source yet: `earshot add source KIND`"
        say(f"Listening for {settings.project.name} ({sources}).")
        say(f"Pages: http://localhost:{port}   Airflow: http://localhost:{airflow_port}   Ctrl-C ends everything.")
        while True:
            services.check()
            time.sleep(1)


def main(argv: list[str] | None = None) -> int:
    """`prepare` or `up`; our errors become one sentence and code 2."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.service", description="Airflow and the pages on this machine.")
    parser.add_argument("what", choices=["prepare", "up"])
    parser.add_argument("--config", type=Path, default=Path("earshot.toml"))
    parser.add_argument("--port", type=int, default=PAGES_PORT, help="port of the pages")
    parser.add_argument("--airflow-port", type=int, default=AIRFLOW_PORT, help="port of Airflow's own pages")
    arguments = parser.parse_args(argv)
    try:
        if arguments.what == "prepare":
            prepare()
        else:
            up(arguments.config, arguments.port, arguments.airflow_port)
    except EarshotError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        say("\nEnded.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
