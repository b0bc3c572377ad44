"""Many sources at the same time under a real scheduler: one with wrong credentials fails, the others go on.

EARSHOT_SOURCES=50 takes fifty.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.airflow_rest import Airflow
from pipelines.landing import Landing
from pipelines.processes import ServiceError, together
from pipelines.service import ROOT, environment, prepare, start_airflow
from pipelines.settings import read
from tests.platforms.base import SECRET, START
from tests.platforms.x import Platform
from tests.test_scheduler import SALT, Running, free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SOURCES = int(os.environ.get("EARSHOT_SOURCES", "12"))
CONFIG = """
[project]
storage = "storage"
[brands.jetblue]
name = "JetBlue"
handles = ["JetBlue"]
[models]
active = "lexicon"
[privacy]
salt = "env:EARSHOT_SALT"
"""
STANZA = """
[sources.{name}]
kind = "x"
token = "env:{token}"
page = 10
window = "1h"
rate = "25/1s"
base_url = "{url}"
"""


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform(1, count=30, hours=1) as made:
        made.limit = (10**6, 1.0)  # they share it here, as fifty accounts would not
        made.show_all()
        yield made


def test_many_sources_are_collected_at_the_same_time_and_a_broken_one_stops_no_other(platform: Platform, tmp_path: Path) -> None:
    names = [f"s{number:02d}" for number in range(SOURCES - 1)]
    config = tmp_path / "earshot.toml"
    good = "".join(STANZA.format(name=name, token="PLATFORM_TOKEN", url=platform.url) for name in names)
    config.write_text(CONFIG + good + STANZA.format(name="broken", token="WRONG_TOKEN", url=platform.url), encoding="utf-8")
    home, port = tmp_path / "home", free_port()
    prepare(home)
    secrets = {"EARSHOT_SALT": SALT, "PLATFORM_TOKEN": SECRET, "WRONG_TOKEN": SECRET[::-1]}
    env = environment(home, config, port=port) | secrets | {"AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True"}
    with together(env, home / "logs", ROOT) as services:
        start_airflow(services)
        airflow = Airflow(f"http://localhost:{port}")
        wanted = [f"collect_{name}" for name in (*names, "broken")]
        airflow.wait(wanted, timeout=400, check=services.check)
        running = Running(airflow, services, read(config), config)
        for dag_id in wanted:
            again(lambda: airflow.unpause(dag_id))  # noqa: B023
            again(lambda: airflow.trigger(dag_id, window=f"{START:%Y-%m-%dT%H:%M}"))  # noqa: B023
        landing, key = Landing(running.settings.storage), f"{START:%Y-%m-%dT%H:%M}"
        deadline = time.monotonic() + 800
        while not all(landing.manifest(name, key).exists() for name in names):
            services.check()
            assert time.monotonic() < deadline, f"{sum(landing.manifest(n, key).exists() for n in names)} of {len(names)} landed"
            time.sleep(1.0)
        while not _failed(airflow):
            assert time.monotonic() < deadline, "the broken source did not fail"
            time.sleep(2.0)
    assert {landing.read_manifest(name, key).mentions for name in names} == {len(_in_window(platform))}  # type: ignore[union-attr]
    assert not landing.manifest("broken", key).exists()
    leaked = [path for path in tmp_path.rglob("*") if path.is_file() and _tells(path)]
    assert not leaked, "a secret stands in Airflow's database or logs"


def again(call: Callable[[], object]) -> None:
    """Once more where Airflow was too busy to answer in time."""
    for attempt in range(5):
        try:
            call()
            return
        except ServiceError:
            if attempt == 4:
                raise


def _failed(airflow: Airflow) -> bool:
    """Has the task of the broken source failed for good? Where Airflow is too busy to say, not yet."""
    with contextlib.suppress(ServiceError):
        return bool(airflow.state().failed)
    return False


def _in_window(platform: Platform) -> list[str]:
    late = timedelta(minutes=1)
    return [p.id for p in platform.visible() if START - late <= p.edited_at(platform.now) < START + timedelta(hours=1) - late]


def _tells(path: Path) -> bool:
    content = path.read_bytes()
    return SECRET.encode() in content or SECRET[::-1].encode() in content or json.dumps(SECRET).encode() in content
