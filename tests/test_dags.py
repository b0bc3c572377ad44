"""The Dags as Airflow sees them: what they are called, when they run, what they follow, and that parsing them is light."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.service import ROOT, environment, prepare

CONFIG = """
[project]
storage = "storage"
timezone = "America/Los_Angeles"
[brands.kestravia]
name = "Kestravia"
handles = ["kestravia"]
[sources.sample]
kind = "sample"
mentions = 100
days = 2
window = "1d"
[models]
active = "lexicon"
[notifiers.inbox]
kind = "file"
"""
SNAPSHOT = """
import json, sys
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.sdk.definitions.asset import BaseAsset
from pipelines.service import ROOT

def told(schedule):
    if isinstance(schedule, str):
        return schedule
    if isinstance(schedule, list):
        return ["follows", *[asset.name for asset in schedule]]
    condition = getattr(schedule, "asset_condition", None)
    if condition:
        return ["follows each window of", condition.name]
    if not hasattr(schedule, "key_format"):
        return [schedule.expression, str(schedule.timezone)]
    return [schedule.expression, schedule.key_format, schedule.run_offset]

def parts(task):
    return [task.pool, task.owner, task.retries, sorted(task.upstream_task_ids), sorted(o.name for o in task.outlets)]

bag = BundleDagBag(dag_folder=ROOT, bundle_path=ROOT, bundle_name="earshot")
dags = {
    dag_id: {
        "schedule": told(dag.schedule),
        "tags": sorted(dag.tags),
        "doc": bool(dag.doc_md),
        "paused": bool(dag.is_paused_upon_creation),
        "at_once": dag.max_active_runs,
        "catchup": dag.catchup,
        "tasks": {task.task_id: parts(task) for task in dag.tasks},
    }
    for dag_id, dag in sorted(bag.dags.items())
}
banned = "torch transformers spacy pandas dash plotly duckdb pyarrow sklearn numpy".split()
heavy = [module for module in banned if module in sys.modules]
print("@@" + json.dumps({"errors": bag.import_errors, "dags": dags, "heavy": heavy}))
"""
DEFAULT, WAREHOUSE, INFERENCE = "default_pool", "warehouse", "inference"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("airflow")
    prepare(folder)
    return folder


@pytest.fixture(scope="module")
def parsed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What parsing gives for CONFIG."""
    config = tmp_path_factory.mktemp("parsed") / "earshot.toml"
    config.write_text(CONFIG, encoding="utf-8")
    return dict(python(SNAPSHOT, environment(home, config)))


@pytest.fixture
def env(home: Path, tmp_path: Path) -> dict[str, str]:
    config = tmp_path / "earshot.toml"
    config.write_text(CONFIG, encoding="utf-8")
    return environment(home, config)


def python(code: str, env: dict[str, str]) -> Any:
    """Run code in a process of its own, so that it sees only what it imports itself; gives what it printed after @@."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.rpartition("@@")[2])


def test_every_dag_has_the_schedule_pools_and_assets_that_the_design_gives_it(parsed: dict[str, Any]) -> None:
    found = parsed
    assert found["errors"] == {}
    key = "%Y-%m-%dT%H:%M"
    assert {name: dag["schedule"] for name, dag in found["dags"].items()} == {
        "alert": ["follows", "alerts"],
        "collect_sample": ["0 0 * * *", key, -1],
        "digest": ["0 7 * * 1", "America/Los_Angeles"],
        "erase": "40 * * * *",
        "maintain": "30 3 * * *",
        "process": ["follows each window of", "mentions"],
        "publish": "*/5 * * * *",
        "reobserve": ["0 * * * *", key, -1],
        "reprocess": ["0 0 * * *", key, -1],
    }
    score = {
        "score_and_store.enrich": [INFERENCE, "earshot", 3, [], []],
        "score_and_store.load": [WAREHOUSE, "earshot", 3, ["score_and_store.enrich"], ["loaded"]],
    }
    assert {name: dag["tasks"] for name, dag in found["dags"].items()} == {
        "alert": {
            "notify": [WAREHOUSE, "earshot", 3, [], ["snapshot"]],
            "ask.approve": [DEFAULT, "earshot", 3, ["notify"], []],
            "ask.gate": [DEFAULT, "earshot", 3, ["ask.approve"], []],
            "ask.decide": [WAREHOUSE, "earshot", 3, ["ask.gate", "notify"], ["snapshot"]],
        },
        "collect_sample": {"land": [DEFAULT, "earshot", 3, [], ["mentions"]]},
        "digest": {
            "tell": [DEFAULT, "earshot", 3, [], []], "drift": [DEFAULT, "earshot", 3, [], []],
            "lab": ["warehouse", "earshot", 3, [], []],
        },
        "erase": {"erase": [WAREHOUSE, "earshot", 3, [], []]},
        "maintain": {"retain": [WAREHOUSE, "earshot", 3, [], []]},
        "process": score,
        "publish": {
            "attend": ["default_pool", "earshot", 3, [], []],
            "aggregate": [WAREHOUSE, "earshot", 3, [], []],
            "detect": [WAREHOUSE, "earshot", 3, ["aggregate"], []],
            "publish": [WAREHOUSE, "earshot", 3, ["detect"], ["alerts", "snapshot"]],
        },
        "reobserve": {"due": [WAREHOUSE, "earshot", 3, [], []], "look_up": [DEFAULT, "earshot", 3, ["due"], ["mentions"]]},
        "reprocess": score,
    }


def test_every_dag_is_tagged_documented_and_never_catches_up_by_itself(parsed: dict[str, Any]) -> None:
    for name, dag in parsed["dags"].items():
        assert "earshot" in dag["tags"] and len(dag["tags"]) >= 2, name
        assert dag["doc"] and not dag["catchup"], name
        assert dag["paused"] == (name == "reprocess"), name


def test_parsing_loads_nothing_heavy(parsed: dict[str, Any]) -> None:
    assert parsed["heavy"] == []


def test_airflow_lists_no_import_errors(env: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "dags", "list-import-errors", "--output", "json"],
        env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "No data found" in done.stdout or json.loads(done.stdout) == []


def test_before_init_there_is_nothing_to_collect_and_no_error(env: dict[str, str], tmp_path: Path) -> None:
    found = python(SNAPSHOT, env | {"EARSHOT_CONFIG": str(tmp_path / "absent.toml")})
    assert found["errors"] == {} and not [d for d in found["dags"] if d.startswith("collect_")]


def test_a_mistake_in_the_configuration_is_one_import_error_that_names_the_key(env: dict[str, str]) -> None:
    config = Path(env["EARSHOT_CONFIG"])
    config.write_text(CONFIG.replace("mentions = 100", "mentons = 100"), encoding="utf-8")
    found = python(SNAPSHOT, env)
    assert [Path(file).name for file in found["errors"]] == ["collect.py"]
    assert "mentons" in next(iter(found["errors"].values())) and "[sources.sample]" in next(iter(found["errors"].values()))
    assert {"process", "publish", "alert"} <= set(found["dags"]), "what has been collected is still processed"


def test_every_pool_that_a_task_names_exists_and_is_as_narrow_as_promised(env: dict[str, str], parsed: dict[str, Any]) -> None:
    pools = json.loads((ROOT / "dags" / "pools.json").read_text(encoding="utf-8"))
    named = {task[0] for dag in parsed["dags"].values() for task in dag["tasks"].values()} - {DEFAULT}
    assert named == set(pools) and pools["warehouse"]["slots"] == pools["inference"]["slots"] == 1
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "pools", "list", "--output", "json"],
        env=env, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert {p["pool"]: p["slots"] for p in json.loads(done.stdout)}.items() >= {("warehouse", "1"), ("inference", "1")}


@pytest.mark.parametrize(
    ("width", "expected"),
    [("1m", "*/1 * * * *"), ("15m", "*/15 * * * *"), ("60m", "0 * * * *"), ("1h", "0 * * * *"), ("6h", "0 */6 * * *"),
     ("24h", "0 0 * * *"), ("1d", "0 0 * * *"), ("7d", "0 0 * * 4")],
)  # fmt: skip
def test_windows_that_cron_can_say(width: str, expected: str) -> None:
    from dags._assets import cron

    assert cron(width) == expected


@pytest.mark.parametrize("width", ["7m", "90m", "5h", "2d", "0m", "14d"])
def test_windows_that_cron_cannot_say_are_refused_in_words(width: str) -> None:
    from dags._assets import cron
    from pipelines.errors import ConfigError

    with pytest.raises(ConfigError, match="1d or 7d"):
        cron(width)


def test_every_tick_of_the_schedule_is_the_start_of_an_aligned_window() -> None:
    from datetime import UTC, datetime

    from airflow.timetables.trigger import CronPartitionTimetable

    from dags._assets import cron
    from pipelines.records import WINDOW_KEY, Window
    from pipelines.settings import span

    for width in ("15m", "6h", "1d", "7d"):
        timetable = CronPartitionTimetable(cron(width), timezone="UTC", run_offset=-1, key_format=WINDOW_KEY)
        first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 20, tzinfo=UTC)
        keys = [info.partition_key for info in timetable.iter_partition_dagrun_infos(earliest=first, latest=last)]
        assert keys and all(Window.around(Window.of(key, span(width)).start, span(width)).key == key for key in keys if key)


def test_retries_follow_our_errors() -> None:
    from airflow.sdk import RetryAction

    from dags._runtime import OurErrors
    from pipelines.errors import AuthFailed, ConfigError, RateLimited, SourceUnavailable

    policy = OurErrors()
    waiting = policy.evaluate(RateLimited("slow down", retry_after=300), 1, 3)
    assert (waiting.action, waiting.retry_delay) == (RetryAction.RETRY, timedelta(seconds=300))
    assert policy.evaluate(SourceUnavailable("down"), 1, 3).action == RetryAction.DEFAULT
    assert {policy.evaluate(e, 1, 3).action for e in (AuthFailed("no"), ConfigError("typo"))} == {RetryAction.FAIL}


def test_dag_files_stay_thin() -> None:
    for file in (ROOT / "dags").glob("*.py"):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 60, file.name


def test_a_failed_task_is_told_to_every_notifier_without_quoting_strangers(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from pipelines.errors import AuthFailed
    from pipelines.failure import message, tell
    from pipelines.settings import read

    config = tmp_path / "earshot.toml"
    config.write_text(CONFIG, encoding="utf-8")
    settings, now = read(config), datetime(2026, 1, 2, tzinfo=UTC)
    refused: dict[str, Any] = {"task": "collect_x.land", "window": "2026-01-01T00:00", "reason": AuthFailed("x: token refused")}
    assert tell(settings, **refused, now=now) == ["inbox"]
    assert "token refused" in (settings.storage / "alerts.jsonl").read_text(encoding="utf-8")
    ours = message(settings, **refused, now=now)
    assert "collect_x.land" in ours.summary and "2026-01-01T00:00" in ours.summary and "token refused" in ours.summary
    theirs = message(settings, task="t", window=None, reason=ValueError("my card is 4111"), now=now)
    assert "4111" not in theirs.summary and "ValueError" in theirs.summary


RUN_ONE = """
import json, sys, warnings
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from pipelines.service import ROOT
bag = BundleDagBag(dag_folder=ROOT, bundle_path=ROOT, bundle_name="earshot")
from airflow.dag_processing.bundles.manager import DagBundlesManager
DagBundlesManager().sync_bundles_to_db()
sync_bag_to_db(bag, "earshot", None)
states = {}
for dag_id, conf in json.loads(sys.argv[1] if len(sys.argv) > 1 else "[]"):
    run = bag.dags[dag_id].test(run_conf=conf)
    states[dag_id] = [str(run.state), {t.task_id: str(t.state) for t in run.get_task_instances()}]
print("@@" + json.dumps(states))
"""


def test_every_dag_runs_to_its_end_without_a_scheduler(env: dict[str, str]) -> None:
    day = "2026-01-17T00:00"
    window = {"window": day}
    wanted = [["collect_sample", window], ["reprocess", window], ["reobserve", {}], ["maintain", {}], ["erase", {}]]
    wanted += [["publish", {}], ["alert", {}], ["digest", {}]]
    code = f"import sys; sys.argv = ['', {json.dumps(json.dumps(wanted))}]\n{RUN_ONE}"
    found = python(code, env)
    assert {name: state for name, (state, _) in found.items()} == dict.fromkeys((name for name, _ in wanted), "success")
    storage = Path(env["EARSHOT_CONFIG"]).parent / "storage"
    import duckdb

    with duckdb.connect(str((storage / "serving" / "current.duckdb").resolve()), read_only=True) as snapshot:
        assert snapshot.execute("SELECT sum(mention_count) > 0 FROM brand_hourly").fetchall() == [(True,)]
    assert [p.name for p in (storage / "landing" / "manifests" / "source=sample").iterdir()] == [f"window={day}.json"]


FOLDER = """
[project]
storage = "storage"
[sources.folder]
kind = "file"
path = "in"
"""


def test_what_a_killed_try_had_landed_is_loaded_after_its_retry(home: Path, tmp_path: Path) -> None:
    """It was killed at its second file. The retry finds that one alone new, and names both."""
    from datetime import UTC, datetime

    from pipelines import collect, load
    from pipelines.records import Window
    from pipelines.settings import read

    config = tmp_path / "earshot.toml"
    config.write_text(FOLDER, encoding="utf-8")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("id,text,date\n1,first,2026-01-05T09:00:00Z\n", encoding="utf-8")
    settings = read(config)
    day = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC))
    landed = collect.run(settings, "folder", day, now=day.end).window_keys
    for second in ("2,second,2026-01-05T10:00:00Z", None):  # and once more with nothing new at all
        if second:
            (tmp_path / "in" / "b.csv").write_text(f"id,text,date\n{second}\n", encoding="utf-8")
        wanted = json.dumps(json.dumps([["collect_folder", {"window": day.key}]]))
        told = "print('@@' + json.dumps(run.get_task_instances()[0].xcom_pull()))"
        told = python(f"import sys; sys.argv = ['', {wanted}]\n{RUN_ONE}\n{told}", environment(home, config))
        assert len(landed) == 1 and told["windows"] == load.waiting(settings, "folder") and len(told["windows"]) == 2
        assert told["mentions"] == (1 if second else 0)


def test_what_a_platform_deleted_is_found_and_erased_by_the_dags(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mapped task for each source looks up again over HTTP; `erase` leaves nothing; the ledger says so."""
    from datetime import UTC, datetime

    from pipelines.settings import read
    from pipelines.store import open_warehouse
    from tests.conformance.polling import load_all, poll, windows
    from tests.platforms.base import SECRET
    from tests.platforms.x import Platform

    config = tmp_path / "earshot.toml"
    with Platform(3, count=40, hours=2) as platform:
        stanza = {"kind": "x", "window": "1h"} | platform.stanza()
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in stanza.items())
        project = '[project]\nstorage = "storage"\n[brands.jetblue]\nname = "JetBlue"\n[sources.x]\n'
        config.write_text(project + lines, encoding="utf-8")
        monkeypatch.setenv("PLATFORM_TOKEN", SECRET)
        settings = read(config)
        for window in windows(platform.hours):
            poll(settings, platform, window)
        load_all(settings, platform)
        platform.now = datetime.now(UTC)
        code = f"import sys; sys.argv = ['', {json.dumps(json.dumps([['reobserve', {}]]))}]\n{RUN_ONE}"
        env = environment(home, config) | {"PLATFORM_TOKEN": SECRET}
        assert python(code, env)["reobserve"] == ["success", {"due": "success", "look_up": "success"}]
        load_all(settings, platform)
        assert python(code.replace("reobserve", "erase"), env)["erase"][0] == "success"
        visible = {post.id for post in platform.visible()}
    with open_warehouse(settings) as warehouse:
        query = "SELECT native_id, text, erased_at FROM mentions LEFT JOIN withdrawals USING (mention_id)"
        rows = warehouse.execute(query).fetchall()
        gone = [row for row in rows if row[0] not in visible]
        assert gone and all(text == "" and erased_at is not None for _, text, erased_at in gone)
        assert all(text for native_id, text, _ in rows if native_id in visible)
        done = warehouse.execute("SELECT DISTINCT kind FROM obligations WHERE open_count = 0 AND done_at IS NOT NULL ORDER BY 1")
        assert done.fetchall() == [("erase",), ("recheck",)]


ASKING = """
[notifiers.partner]
kind = "file"
path = "partner.jsonl"
outside = true
[playbook.always]
owner = "Ana"
approve = "15m"
"""
# What Airflow's own page does with an answer, while dag.test() keeps the parked task waiting for one.
ANSWERED = """
import json, sys, threading, time
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.models.hitl import HITLDetail
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import handle_event_submit
from airflow.triggers.base import TriggerEvent
from airflow.utils import timezone
from airflow.utils.session import create_session
from pipelines.service import ROOT

def answer(option):
    for _ in range(600):
        time.sleep(0.2)
        with create_session() as session:
            parked = session.query(TaskInstance).filter_by(dag_id="alert", state="awaiting_input").first()
            if parked is None:
                continue
            detail = session.query(HITLDetail).filter_by(ti_id=parked.id).one()
            detail.chosen_options, detail.params_input, detail.responded_at = [option], {}, timezone.utcnow()
            detail.responded_by = {"id": "bo", "name": "Bo"}
            handle_event_submit(TriggerEvent(detail.as_resume_event_payload()), task_instance=parked, session=session)
            return

bag = BundleDagBag(dag_folder=ROOT, bundle_path=ROOT, bundle_name="earshot")
DagBundlesManager().sync_bundles_to_db()
sync_bag_to_db(bag, "earshot", None)
threading.Thread(target=answer, args=(sys.argv[1],), daemon=True).start()
run = bag.dags["alert"].test()
print("@@" + json.dumps([str(run.state), {f"{t.task_id} {t.map_index}": str(t.state) for t in run.get_task_instances()}]))
"""


@pytest.mark.parametrize(("option", "sent"), [("Approve", ["onset"]), ("Reject", [])])
def test_a_person_decides_on_airflows_page_and_it_is_written_down(env: dict[str, str], option: str, sent: list[str]) -> None:
    from datetime import UTC, datetime

    from pipelines import aggregate
    from pipelines.settings import read
    from pipelines.store import open_warehouse
    from tests.test_alert import keys, record

    config = Path(env["EARSHOT_CONFIG"])
    config.write_text(CONFIG + ASKING, encoding="utf-8")
    settings, now = read(config), datetime.now(UTC)
    record(settings, 1, [("onset", "page", 8, now)], brand="kestravia")
    aggregate.run(settings, now=now)
    state, tasks = python(f"import sys; sys.argv = ['', {option!r}]\n{ANSWERED}", env)
    assert state == "success"
    assert tasks.pop("ask.gate 0") in ("success", "skipped")  # a scheduler skips it after a rejection, dag.test() does not
    assert tasks == {"notify -1": "success", "ask.approve 0": "success", "ask.decide 0": "success"}
    assert [key.split(":")[1] for key in keys(settings.storage / "partner.jsonl")] == sent
    assert len(keys(settings.storage / "alerts.jsonl")) == 1, "our own people do not wait"
    with open_warehouse(settings) as connection:
        found = connection.execute("SELECT choice, decided_by, is_timeout, decided_at > asked_at FROM approvals").fetchall()
    assert found == [(option.lower(), "Bo", False, True)]
