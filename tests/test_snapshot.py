"""Snapshots: swapped whole under readers, kept by rule, safe from kill -9, and free of what must not leave the warehouse."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import aggregate, publish
from pipelines.errors import WarehouseError
from pipelines.settings import Settings
from pipelines.store import open_warehouse, warehouse_path
from tests.stored import SEEN, insert, mention, scores
from warehouse import publication, snapshot
from warehouse.connection import WarehouseFault
from warehouse.migrate import migrations

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 4, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECRET = "QX7-PNR-4711"
PUBLISH = """
import sys
from datetime import datetime
from pathlib import Path
from pipelines import aggregate, publish
from pipelines.settings import Settings
settings = Settings(path=Path(sys.argv[1]))
print("ready", flush=True)
aggregate.run(settings, now=datetime.fromisoformat(sys.argv[2]))
publish.run(settings, now=datetime.fromisoformat(sys.argv[2]))
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        path=tmp_path / "earshot.toml", project={"name": "Wings", "timezone": "Europe/Berlin"},
        brands={"acme": {"name": "Acme Air"}, "zeta": {"name": "Zeta", "competitor": True}},
    )


def add(settings: Settings, count: int, first: int = 0, source: str = "forum") -> None:
    """Insert `count` mentions about two brands."""
    rows = [
        mention(source=source, native_id=str(i), text=f"number {i} of many", author_id=f"u{i % 7}", brand=("acme", "nova")[i % 2],
                references=json.dumps([{"type": "BOOKINGREF", "value": SECRET}]), published_at=SEEN - timedelta(minutes=i))
        for i in range(first, first + count)
    ]
    with open_warehouse(settings) as connection:
        insert(connection, "mentions", rows)
        insert(connection, "enrichments", [scores(row, "neutral") for row in rows])


def line(settings: Settings, now: datetime) -> publish.Published:
    """Aggregate and publish."""
    aggregate.run(settings, now=now)
    return publish.run(settings, now=now)


def test_a_snapshot_says_what_it_is(settings: Settings) -> None:
    add(settings, 10)
    published = line(settings, NOW)
    found = snapshot.current(settings.storage)
    assert found.version == published.version and found.path == published.path
    assert found.execute("FROM meta").fetchall() == [
        (published.version, NOW, SEEN, "Wings", "Europe/Berlin", False, "test@1", 3600, migrations()[-1].number)
    ]
    assert found.execute("FROM brands ORDER BY brand").fetchall() == [
        ("acme", "Acme Air", False), ("nova", "nova", False), ("zeta", "Zeta", True)
    ]
    assert found.execute("SELECT count(*), count(DISTINCT brand) FROM mention_feed").fetchone() == (10, 2)


def test_an_unchanged_run_publishes_nothing_and_grows_nothing(settings: Settings) -> None:
    add(settings, 50)
    first = line(settings, NOW)
    size = warehouse_path(settings).stat().st_size
    files = sorted(p.name for p in snapshot.serving(settings.storage).iterdir())
    for later in range(1, 4):
        assert not aggregate.run(settings, now=NOW + later * MINUTE).changed
        again = publish.run(settings, now=NOW + later * MINUTE)
        assert (again.version, again.changed) == (first.version, False)
    assert warehouse_path(settings).stat().st_size == size
    assert sorted(p.name for p in snapshot.serving(settings.storage).iterdir()) == files


@pytest.mark.parametrize("change", [
    "INSERT INTO arming VALUES ('acme', 'volume', 'arming', NULL, NULL, 'starts')",
    "INSERT INTO actions VALUES ('1', NULL, NULL, 'note', 'ann', 'seen', '2026-04-02 00:00:00+00', 'page')",
    "INSERT INTO expectations VALUES ('acme', 'volume', '2026-04-02 00:00:00+00', 1, 1, 0, 2, false)",
])
def test_what_pages_show_beside_the_marts_makes_a_new_version(settings: Settings, change: str) -> None:
    add(settings, 2)
    before = line(settings, NOW)
    with open_warehouse(settings) as connection:
        connection.execute(change)
    assert publish.run(settings, now=NOW + MINUTE).version > before.version
    renamed = settings.model_copy(update={"project": settings.project.model_copy(update={"name": "Other"})})
    assert publish.run(renamed, now=NOW + 2 * MINUTE).changed


def test_versions_move_forward_even_where_the_clock_goes_back(settings: Settings) -> None:
    versions = []
    for step in range(4):
        add(settings, 1, first=step)
        versions.append(line(settings, NOW - step * MINUTE).version)
    assert versions == sorted(set(versions))


def test_nothing_is_published_before_it_is_aggregated(settings: Settings) -> None:
    with pytest.raises(WarehouseError, match="there is nothing to publish yet; run aggregate first"):
        publish.run(settings, now=NOW)
    with pytest.raises(WarehouseFault, match="nothing has been published yet"):
        snapshot.open_current(settings.storage)


def test_an_empty_warehouse_can_be_published(settings: Settings) -> None:
    line(settings, NOW)
    found = snapshot.open_current(settings.storage)
    assert found.execute("SELECT watermark, model, is_simulated FROM meta").fetchall() == [(None, None, False)]
    assert found.execute("SELECT count(*) FROM brand_15min").fetchone() == (0,)


def test_the_watermark_is_the_newest_mention_that_is_not_ahead(settings: Settings) -> None:
    add(settings, 3)
    line(settings, SEEN - MINUTE)  # the newest mention is one minute ahead of this clock
    assert snapshot.open_current(settings.storage).execute("SELECT watermark FROM meta").fetchall() == [(SEEN - MINUTE,)]


def test_made_up_mentions_say_so(settings: Settings) -> None:
    simulated = settings.model_copy(update={"sources": {"demo": {"kind": "sample"}}})
    add(simulated, 2)
    line(simulated, NOW)
    assert snapshot.open_current(settings.storage).execute("SELECT is_simulated FROM meta").fetchall() == [(False,)]
    add(simulated, 2, source="demo")
    line(simulated, NOW + MINUTE)
    assert snapshot.open_current(settings.storage).execute("SELECT is_simulated FROM meta").fetchall() == [(True,)]


def test_references_and_addresses_never_leave_the_warehouse(settings: Settings) -> None:
    add(settings, 30)
    with open_warehouse(settings) as connection:
        connection.execute(
            "INSERT INTO deliveries SELECT uuid(), 'desk', 'onset', 'key-of-desk', 'failed', 1, "
            "'refused by https://hooks.example/TOKEN-0815', ?, NULL", [NOW]
        )
    path = line(settings, NOW).path
    found = snapshot.open_current(settings.storage)
    tables = [t for (t,) in found.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    held = "".join(str(found.execute(f"SELECT t::VARCHAR FROM {t} AS t").fetchall()) for t in tables)
    assert "number 29 of many" in held
    with open_warehouse(settings) as connection:
        left = str(connection.execute("SELECT m::VARCHAR FROM mentions AS m").fetchall())
    for secret in (SECRET, "BOOKINGREF", "TOKEN-0815"):
        assert secret not in held and secret.encode() not in path.read_bytes()
    assert SECRET in left and "BOOKINGREF" in left
    columns = found.execute("SELECT column_name FROM duckdb_columns()").fetchall()
    assert not {"references", "last_error", "author_followers", "raw"} & {c for (c,) in columns}


def test_the_two_newest_and_pinned_ones_stay(settings: Settings) -> None:
    names = []
    folder = snapshot.serving(settings.storage)
    for step in range(5):
        add(settings, 1, first=step)
        names.append(line(settings, NOW + step * MINUTE).version)
        if step == 0:
            pins = {names[0]: (NOW + timedelta(days=7)).isoformat(), "gone": "2020-01-01"}
            (folder / publication.PINS).write_text(json.dumps(pins))
    kept = {p.stem for p in folder.glob("2*.duckdb")}
    assert kept == {names[0], *names[-2:]}
    add(settings, 1, first=9)
    line(settings, NOW + timedelta(days=8))
    assert names[0] not in {p.stem for p in folder.glob("2*.duckdb")}


def test_unreadable_pins_delete_nothing(settings: Settings) -> None:
    for step in range(4):
        add(settings, 1, first=step)
        line(settings, NOW + step * MINUTE)
        (snapshot.serving(settings.storage) / publication.PINS).write_text("{oops")
    assert len(list(snapshot.serving(settings.storage).glob("2*.duckdb"))) == 4


def test_an_open_snapshot_stays_readable_after_it_is_deleted(settings: Settings) -> None:
    add(settings, 5)
    line(settings, NOW)
    held = snapshot.open_current(settings.storage)
    for step in range(1, 4):
        add(settings, 1, first=10 * step)
        line(settings, NOW + step * MINUTE)
    assert not held.path.exists()
    assert held.execute("SELECT count(*), max(text) FROM mention_feed").fetchone() == (5, "number 4 of many")


def test_readers_see_whole_versions_while_thirty_are_published(settings: Settings) -> None:
    """Three threads read all the time: no error, and every answer of one snapshot is about the same version."""
    add(settings, 40)
    line(settings, NOW)
    ended, faults, seen = threading.Event(), [], set()

    def read() -> None:
        while not ended.is_set():
            try:
                held = snapshot.current(settings.storage)
                answers = {held.execute("SELECT version FROM meta").fetchone() for _ in range(3)}
                counted = held.execute("SELECT sum(mention_count)::INTEGER FROM brand_15min").fetchone()
                listed = held.execute("SELECT count(*)::INTEGER FROM mention_feed").fetchone()
                if answers != {(held.version,)} or counted != listed:
                    faults.append(f"mixed: {answers} {held.version} {counted} {listed}")
                seen.add(held.version)
                time.sleep(0.005)
            except Exception as error:
                faults.append(repr(error))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for step in range(1, 31):
            add(settings, 1, first=1000 + step)
            line(settings, NOW + step * MINUTE)
    finally:
        ended.set()
        for reader in readers:
            reader.join()
    assert not faults
    assert len(seen) > 5


def test_a_publisher_killed_at_any_moment_leaves_a_readable_snapshot(settings: Settings, tmp_path: Path) -> None:
    """Real processes, kill -9: the old snapshot or the new one is there, whole, and the next run tidies up."""
    add(settings, 200)
    line(settings, NOW)
    folder = snapshot.serving(settings.storage)
    dice = random.Random(20)
    for step in range(1, 9):
        add(settings, 1, first=1000 * step)
        moment = (NOW + step * MINUTE).isoformat()
        with subprocess.Popen(
            [sys.executable, "-c", PUBLISH, settings.path, moment], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
            time.sleep(dice.uniform(0.0, 0.25))
            process.send_signal(signal.SIGKILL)
        held = snapshot.open_current(settings.storage)
        counted = held.execute("SELECT sum(mention_count)::INTEGER FROM brand_15min").fetchone()
        assert counted == held.execute("SELECT count(*)::INTEGER FROM mention_feed").fetchone()
        assert counted in ((200 + step - 1,), (200 + step,))
        line(settings, NOW + step * MINUTE + timedelta(seconds=30))
        assert snapshot.open_current(settings.storage).execute("SELECT count(*) FROM mention_feed").fetchone() == (200 + step,)
        assert not list(folder.glob(".building-*")) and not list(folder.glob("*.wal"))
