"""The warehouse opens in one place, waits its turn, tells its faults in a sentence, and brings itself up to date."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.errors import WarehouseError
from pipelines.settings import Settings
from pipelines.store import open_warehouse, warehouse_path
from tests.stored import insert, mention, scores
from warehouse import connection as backend
from warehouse.migrate import FOLDER, migrate, migrations, version

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def another_process(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A real process that runs `code`; entered once it has printed a line."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


HOLD = """
import sys, time
from warehouse import connection
with connection.open(sys.argv[1]) as c:
    print("ready", flush=True)
    time.sleep(float(sys.argv[2]))
"""
SPILL = """
import sys, time
from warehouse import connection
with connection.open(sys.argv[1], memory_limit="40MB", threads=1) as c:
    c.execute("CREATE TEMP TABLE t AS SELECT i, 'a secret text ' || hash(i) AS s FROM range(2000000) AS r(i)")
    print("ready", flush=True)
    time.sleep(60)
"""
MERGE = """
import sys
from warehouse import connection
print("ready", flush=True)
for i in range(int(sys.argv[3])):
    with connection.open(sys.argv[1]) as c:
        c.execute("MERGE INTO counters USING (SELECT ? AS k) AS s ON counters.k = s.k "
                  "WHEN MATCHED THEN UPDATE SET n = n + 1 WHEN NOT MATCHED THEN INSERT VALUES (s.k, 1)", [i % 3])
print("done")
"""


def test_a_connection_speaks_utc_and_is_bounded(tmp_path: Path) -> None:
    with backend.open(tmp_path / "new" / "w.duckdb") as connection:
        row = connection.execute(
            "SELECT current_setting('TimeZone'), current_setting('threads'), current_setting('memory_limit'), "
            "('2026-07-01 00:00:00'::TIMESTAMPTZ)::VARCHAR, current_setting('autoinstall_known_extensions')"
        ).fetchone()
    assert row == ("UTC", 2, "667.5 MiB", "2026-07-01 00:00:00+00", False)


def test_who_finds_it_taken_waits_for_its_turn(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with another_process(HOLD, path, 0.7):
        started = time.monotonic()
        with backend.open(path, timeout=30) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert 0.3 < time.monotonic() - started < 15


def test_waiting_ends_with_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with another_process(HOLD, path, 60), pytest.raises(backend.WarehouseLocked) as caught:
        backend.open(path, timeout=0.3)
    assert str(caught.value) == f"{path}: another process has had it open for 0.3 s; stop that process or try again later."


def test_a_reader_of_the_same_process_waits_too(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with backend.open(path), pytest.raises(backend.WarehouseLocked):
        backend.open(path, read_only=True, timeout=0.1)


def test_two_writers_at_once_both_succeed(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with backend.open(path) as connection:
        connection.execute("CREATE TABLE counters (k INTEGER, n INTEGER)")
    with another_process(MERGE, path, "a", 24) as one, another_process(MERGE, path, "b", 24) as two:
        assert [one.communicate(timeout=60)[0], two.communicate(timeout=60)[0]] == ["done\n", "done\n"]
    with backend.open(path, read_only=True) as connection:
        assert connection.execute("FROM counters ORDER BY k").fetchall() == [(0, 16), (1, 16), (2, 16)]


def test_what_a_killed_process_had_spilled_goes_at_the_next_opening(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with another_process(SPILL, path):
        pass
    assert list(tmp_path.glob("w.duckdb.tmp/*")), "the process spilled and was killed"
    backend.open(path).close()
    assert not list(tmp_path.glob("w.duckdb.tmp/*"))


@pytest.mark.parametrize("broken", ["not a database", "a folder", "missing"])
def test_what_cannot_be_opened_says_why_in_one_line(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "w.duckdb"
    if broken == "not a database":
        path.write_bytes(b"SQLite format 3\0" * 999)
    elif broken == "a folder":
        path.mkdir()
    started = time.monotonic()
    with pytest.raises(backend.WarehouseFault) as caught:
        backend.open(path, read_only=broken == "missing")
    assert str(caught.value).startswith(f"{path}: cannot be opened: ") and "\n" not in str(caught.value)
    assert time.monotonic() - started < 5, "only a lock is waited for"


def test_stages_see_our_errors_only(tmp_path: Path) -> None:
    settings = Settings(path=tmp_path / "earshot.toml")
    with pytest.raises(WarehouseError, match=r"^The warehouse failed: Table with name nothing does not exist"), \
            open_warehouse(settings) as connection:
        connection.execute("SELECT * FROM nothing")
    with another_process(HOLD, warehouse_path(settings), 60), pytest.raises(WarehouseError, match="another process"), \
            open_warehouse(settings, timeout=0.2):
        pass


def test_migrating_twice_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with backend.open(path) as connection:
        assert migrate(connection) == migrations()[-1].number == version(connection)
    before = path.read_bytes()
    with backend.open(path) as connection:
        migrate(connection)
    assert path.read_bytes() == before


def test_a_newer_warehouse_is_refused(tmp_path: Path) -> None:
    with backend.open(tmp_path / "w.duckdb") as connection:
        newest = migrate(connection)
        connection.execute("INSERT INTO migrations VALUES (?, 'later', '')", [newest + 1])
        with pytest.raises(backend.WarehouseFault, match=f"has schema {newest + 1}, this Earshot knows {newest}"):
            migrate(connection)


def test_an_edited_migration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("CREATE TABLE a (x INTEGER);")
    with backend.open(tmp_path / "w.duckdb") as connection:
        migrate(connection, tmp_path)
        (tmp_path / "0001_a.sql").write_text("CREATE TABLE a (x BIGINT);")
        with pytest.raises(backend.WarehouseFault, match=r"0001_a\.sql was changed"):
            migrate(connection, tmp_path)


def test_a_failing_migration_leaves_no_trace_and_goes_on_once_mended(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("CREATE TABLE a (x INTEGER);")
    (tmp_path / "0002_b.sql").write_text("CREATE TABLE b (x INTEGER); SELECT nonsense;")
    with backend.open(tmp_path / "w.duckdb") as connection:
        with pytest.raises(backend.WarehouseFault, match=r"0002_b\.sql failed"):
            migrate(connection, tmp_path)
        assert version(connection) == 1
        assert connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall() == [("a",), ("migrations",)]
        (tmp_path / "0002_b.sql").write_text("CREATE TABLE b (x INTEGER);")
        assert migrate(connection, tmp_path) == 2


def test_numbers_of_migrations_are_unique() -> None:
    numbers = [m.number for m in migrations(FOLDER)]
    assert len(numbers) == len(set(numbers))


def test_the_scores_that_count_are_the_newest_that_scored() -> None:
    with backend.open(":memory:") as connection:
        migrate(connection)
        rows = [mention(native_id=n) for n in ("1", "2", "3")]
        insert(connection, "mentions", rows)
        day = [s["enriched_at"].replace(day=d) for s in [scores(rows[0], "x")] for d in (1, 2, 3)]
        insert(connection, "enrichments", [
            scores(rows[0], "negative", model="a@1", enriched_at=day[0]),
            scores(rows[0], "positive", model="b@1", enriched_at=day[1]),
            scores(rows[0], "unknown", model="none@1", unknown_reason="not_scored", enriched_at=day[2]),
            scores(rows[1], "negative", model="a@1", enriched_at=day[0]),
            scores(rows[1], "positive", model="b@1", enriched_at=day[0]),
            scores(rows[2], "unknown", model="none@1", unknown_reason="not_scored", enriched_at=day[0]),
        ])
        found = connection.execute(
            "SELECT native_id, model FROM current_enrichments JOIN mentions USING (mention_id) ORDER BY 1"
        ).fetchall()
    assert found == [("1", "b@1"), ("2", "b@1"), ("3", "none@1")]


def test_authors_are_people_outside() -> None:
    with backend.open(":memory:") as connection:
        migrate(connection)
        insert(connection, "mentions", [
            mention(native_id="1", author_id="a", author_followers=5), mention(native_id="2", author_id="a", author_followers=9),
            mention(native_id="3", author_id="care", is_own=True), mention(native_id="4", author_id=None),
        ])
        assert connection.execute("SELECT author_id, mention_count, follower_count FROM authors").fetchall() == [("a", 2, 9)]
