"""Snapshots: none, one, many that swap under readers, and the real one that the line publishes."""

from __future__ import annotations

import re
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import factory
import pytest

from dashboards import shell
from dashboards.page import pages
from dashboards.query import QUERIES, Snapshots, sql
from dashboards.view import Allowed, View
from warehouse import connection

WALL = datetime(2026, 2, 15, 14, 0, tzinfo=UTC)


def test_no_snapshot_is_none(tmp_path: Path) -> None:
    assert Snapshots(tmp_path).current() is None


def test_a_version_is_read_once_and_the_next_replaces_it(tmp_path: Path) -> None:
    factory.snapshot(tmp_path, "v1", days=9, scale=0.2)
    snapshots = Snapshots(tmp_path)
    first = snapshots.current()
    assert first is not None
    assert snapshots.current() is first
    factory.snapshot(tmp_path, "v2", days=9, scale=0.2)
    second = snapshots.current()
    assert second is not None
    assert (first.meta.version, second.meta.version) == ("v1", "v2")


def test_rows_are_cached_by_their_parameters(storage: Path) -> None:
    snapshot = Snapshots(storage).current()
    assert snapshot is not None
    once = snapshot.rows("replies", brand="aerolia")
    assert snapshot.rows("replies", brand="aerolia") is once
    assert snapshot.rows("replies", brand="nordwind") is not once


def test_now_is_the_end_of_history(tmp_path: Path) -> None:
    """Old and simulated data is looked at from its own end; live data from its publication."""
    published = factory.END.replace(minute=44)
    for name, meta, now in (
        ("a", {"is_simulated": True}, factory.END), ("b", {"is_simulated": False}, published),
        ("c", {"is_simulated": False, "published_at": datetime(2030, 1, 1, tzinfo=UTC)}, factory.END),
    ):
        root = tmp_path / name
        factory.snapshot(root, name, scale=0, **meta)
        snapshot = Snapshots(root).current()
        assert snapshot is not None
        assert snapshot.now == now


def _one_page(snapshots: Snapshots, number: int) -> str:
    page = pages()[number % len(pages())]
    snapshot = snapshots.current()
    assert snapshot is not None
    view = View.read(page.path, Allowed.on(page.path, page.spans, snapshot))
    values = str(shell.updates(page, view, snapshot, WALL))
    mixed = set(re.findall(r"Aerolia (v\d+)", values)) - {snapshot.meta.version}
    assert not mixed, f"{page.key} of {snapshot.meta.version} shows {mixed}"
    return snapshot.meta.version


def test_readers_never_fail_and_never_mix_while_snapshots_swap(tmp_path: Path) -> None:
    """Eight threads read pages while thirty versions swap, old files being deleted: no error, one version a page."""
    made = factory.snapshot(tmp_path / "made", "v0", days=9, scale=0.2)
    folder = tmp_path / "serving"
    folder.mkdir()
    files: list[Path] = []
    for i in range(30):
        path = folder / f"v{i}.duckdb"
        shutil.copy(made, path)
        with duckdb.connect(str(path)) as db:  # every version names itself where pages show it
            db.execute("UPDATE meta SET version = ?", [f"v{i}"])
            db.execute("UPDATE brands SET name = name || ' v' || ?", [str(i)])
        files.append(path)
    factory.swap(files[0])
    snapshots, seen, errors, stop = Snapshots(tmp_path), set(), [], threading.Event()

    def read(number: int) -> None:
        while not stop.is_set():
            try:
                seen.add(_one_page(snapshots, number))
            except Exception as error:
                errors.append(error)
                return
            number += 1

    threads = [threading.Thread(target=read, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for i, path in enumerate(files[1:], 1):
        factory.swap(path)
        if i > 1:
            files[i - 2].unlink()
        stop.wait(0.1)
    stop.set()
    for thread in threads:
        thread.join()
    assert not errors, errors[0]
    assert len(seen) > 3


def _columns(path: Path) -> dict[str, list[tuple[str, str]]]:
    with connection.open(path, read_only=True) as db:
        rows = db.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns ORDER BY table_name, column_name"
        ).fetchall()
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in rows:
        found.setdefault(table, []).append((column, kind))
    return found


def test_the_line_publishes_what_the_pages_read(tmp_path: Path, storage: Path) -> None:
    """A snapshot that the real stages publish has all tables and columns of the factory, with the same types."""
    from pipelines import aggregate, detect, publish
    from pipelines.settings import Settings

    config = tmp_path / "earshot.toml"
    config.write_text("", encoding="utf-8")
    settings = Settings(path=config)
    for stage in (aggregate, detect, publish):
        stage.run(settings, now=WALL)
    real = _columns((settings.storage / "serving" / "current.duckdb").resolve())
    made = _columns((storage / "serving" / "current.duckdb").resolve())
    for table, columns in made.items():
        assert set(columns) <= set(real.get(table, [])), table
    snapshot = Snapshots(settings.storage).current()
    assert snapshot is not None
    for page in pages():  # an empty warehouse, no brands: every page still says something
        assert shell.updates(page, View.read(page.path, Allowed.on(page.path, page.spans, snapshot)), snapshot, WALL)


@pytest.mark.parametrize("name", sorted(p.stem for p in QUERIES.glob("*.sql")))
def test_every_query_has_a_reader(name: str) -> None:
    """A query that nobody asks for is dead weight."""
    code = "".join(p.read_text(encoding="utf-8") for p in QUERIES.parent.rglob("*.py"))
    assert f'"{name}"' in code
    assert sql(name)
