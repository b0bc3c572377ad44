"""The line as its users run it: through the command line, killed, repeated, in halves, and beside another writer."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.contents import contents

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("EARSHOT_DATA", ROOT.parent / "shared" / "data"))
AIRLINES = DATA / "streams" / "airline_week.jsonl"
needs_data = pytest.mark.skipif(
    not AIRLINES.exists(), reason=f"{AIRLINES} is not there: set EARSHOT_DATA to the folder of real data"
)


def command(source: Path, storage: Path, *extra: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "pipelines.cli",
        "run",
        "--input",
        str(source),
        "--warehouse",
        str(storage),
        "--model",
        "lexicon",
        *extra,
    ]


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("EARSHOT_STORAGE")} | {
        "PYTHONPATH": str(ROOT),
        "EARSHOT_SALT": "salt",
    }


def earshot(source: Path, storage: Path, *extra: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(source, storage, *extra), cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of simulated mentions as a file, with a few broken rows."""
    from pipelines.simulation.export import write_jsonl

    path = tmp_path_factory.mktemp("stream") / "mentions.jsonl"
    write_jsonl(path, 3000, seed=7)
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[100] = lines[100][:-10]
    lines[2000] = json.dumps({"id": "no text"})
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def undisturbed(stream: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    storage = tmp_path_factory.mktemp("undisturbed")
    _same_salt(storage)
    result = earshot(stream, storage, folder=storage)
    assert result.returncode == 0, result.stderr
    return storage


def _same_salt(storage: Path) -> None:
    """Pseudonyms depend on the salt: stores that are compared share one."""
    storage.mkdir(parents=True, exist_ok=True)
    (storage / "salt").write_text("one salt for all", encoding="utf-8")


def test_killed_at_random_moments_and_run_again_holds_what_an_undisturbed_run_holds(
    stream: Path, undisturbed: Path, tmp_path: Path
) -> None:
    """SIGKILL to the whole process group at eight random moments, then one full run (`make bench-kill` does thirty)."""
    kills = int(os.environ.get("EARSHOT_KILLS", "8"))
    _same_salt(tmp_path / "store")
    started = time.monotonic()
    whole = tmp_path / "timing"
    _same_salt(whole)
    earshot(stream, whole, folder=tmp_path)
    length = time.monotonic() - started
    rng = random.Random(5)
    stopped = 0
    for _ in range(kills):
        process = subprocess.Popen(
            command(stream, tmp_path / "store"),
            cwd=tmp_path,
            env=environment(),
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(timeout=rng.uniform(0.1, length))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            stopped += 1
    assert stopped >= 1, "the run always finished before it could be killed: the test shows nothing"
    result = earshot(stream, tmp_path / "store", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert contents(tmp_path / "store") == contents(undisturbed)


def test_running_again_changes_nothing_and_adds_no_byte(stream: Path, undisturbed: Path) -> None:
    before = {p: p.stat().st_size for p in undisturbed.rglob("*") if p.is_file()}
    result = earshot(stream, undisturbed, folder=undisturbed)
    assert result.returncode == 0, result.stderr
    assert {p: p.stat().st_size for p in undisturbed.rglob("*") if p.is_file()} == before


def test_two_overlapping_halves_in_either_order_give_the_tables_of_the_whole(
    stream: Path, undisturbed: Path, tmp_path: Path
) -> None:
    """All but what names the files. Loaded backwards, alerts keep what they said when they were raised: nobody's page is
    rewritten after the fact."""
    lines = stream.read_text(encoding="utf-8").splitlines()
    halves = {"a": lines[:1800], "b": lines[1200:]}
    for order in ("ab", "ba"):
        storage = tmp_path / order
        _same_salt(storage)
        for part in order:
            file = tmp_path / f"{part}.jsonl"
            file.write_text("\n".join(halves[part]) + "\n", encoding="utf-8")
            result = earshot(file, storage, folder=tmp_path)
            assert result.returncode == 0, result.stderr
        told = {"alerts", "alert_states", "incident_alerts", "incident_states"}
        skip = frozenset({"quarantine", "source_health"} | (set() if order == "ab" else told))
        assert contents(storage, skip=skip) == contents(undisturbed, skip=skip)


@pytest.fixture(scope="module")
def airline_week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real week, run with the lexicon."""
    storage = tmp_path_factory.mktemp("airline")
    result = earshot(AIRLINES, storage, "--map", str(ROOT / "examples" / "airline_week.toml"), folder=storage)
    assert result.returncode == 0, result.stderr
    return storage


def asked(storage: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(storage / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("SET TimeZone = 'America/Los_Angeles'")  # the file's own zone: its days begin there
        return connection.execute(sql).fetchall()


@needs_data
def test_the_airline_week_is_in_the_warehouse_once(airline_week: Path) -> None:
    """14,485 real mentions: each once, and per brand and day as many as in the file, in the marts too."""
    rows = [json.loads(line) for line in AIRLINES.read_text(encoding="utf-8").splitlines()]
    assert asked(airline_week, "SELECT count(*), count(DISTINCT native_id) FROM mentions") == [(14485, 14485)]
    wanted: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row["brand"].lower().replace(" ", "_"), row["created_at"][:10])
        wanted[key] = wanted.get(key, 0) + 1
    stored = asked(airline_week, "SELECT brand, strftime(published_at, '%Y-%m-%d'), count(*) FROM mentions GROUP BY ALL")
    counted = asked(
        airline_week, "SELECT brand, strftime(bucket_at, '%Y-%m-%d'), sum(mention_count)::INT FROM brand_15min GROUP BY ALL"
    )
    assert {(b, d): n for b, d, n in stored} == {(b, d): n for b, d, n in counted} == wanted


@needs_data
def test_the_airline_week_alerts_on_the_storm_and_on_nothing_before(airline_week: Path) -> None:
    """The storm of 22 and 23 February is raised, 17 to 20 February is quiet, and American is a source that starts."""
    alerts = asked(airline_week, "SELECT brand, strftime(fired_at, '%m-%d') FROM alerts ORDER BY 2")
    assert {b for b, day in alerts if day in ("02-22", "02-23")} & {"us_airways", "delta"}
    assert not [a for a in alerts if a[1] <= "02-20"]
    assert "american" not in {b for b, _ in alerts}
    american = "SELECT DISTINCT state, note FROM arming WHERE brand = 'american' AND signal = 'volume'"
    [(state, note)] = asked(airline_week, american)
    assert state == "arming" and "armed from" in note
