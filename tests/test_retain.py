"""Retention takes what is too old from landing and warehouse alike, keeps the rest, and survives being killed anywhere."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines import collect, enrich, load, retain
from pipelines.landed import on_day
from pipelines.landing import Landing, file_hash
from pipelines.records import Window
from pipelines.settings import Settings, read

CONFIG = """
[project]
storage = "storage"
[brands.kestravia]
name = "Kestravia"
[sources.sample]
kind = "sample"
mentions = 400
days = 3
window = "1d"
[models]
active = "lexicon"
[retention]
mentions = "30d"
"""
LIVING = "mentions WHERE deleted_at IS NULL"  # the others have no scores
DAYS = ("2026-01-17T00:00", "2026-01-18T00:00", "2026-01-19T00:00")
STORED = datetime(2026, 2, 1, tzinfo=UTC)  # the first day is stored now, the others ten days later
LATER = STORED + timedelta(days=10)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    config = tmp_path / "earshot.toml"
    config.write_text(CONFIG, encoding="utf-8")
    settings = read(config)
    for key in DAYS:
        now = STORED if key == DAYS[0] else LATER
        collect.run(settings, "sample", Window.of(key, timedelta(days=1)), now=now)
        enrich.run(settings, "sample", key, now=now)
        load.run(settings, "sample", key, now=now)
    return settings


def ids(settings: Settings, table: str) -> set[str]:
    with duckdb.connect(str(settings.storage / "warehouse.duckdb"), read_only=True) as warehouse:
        return {str(row[0]) for row in warehouse.execute(f"SELECT mention_id FROM {table}").fetchall()}


def landed_ids(settings: Settings) -> set[str]:
    files = [f for f in (settings.storage / "landing").rglob("window=*.parquet") if "quarantine" not in str(f)]
    return {str(value) for file in files for value in pq.read_table(file, partitioning=None)["mention_id"].to_pylist()}


def test_nothing_goes_before_its_time(settings: Settings) -> None:
    before = ids(settings, "mentions")
    assert retain.run(settings, now=STORED + timedelta(days=30)) == retain.Retained(mentions=0, quarantined=0, files=0)
    assert ids(settings, "mentions") == before == landed_ids(settings)


def test_what_is_too_old_goes_everywhere_and_the_rest_stays(settings: Settings) -> None:
    before = ids(settings, "mentions")
    removed = retain.run(settings, now=STORED + timedelta(days=30, seconds=1))
    left = ids(settings, "mentions")
    assert removed.mentions == len(before) - len(left) > 0 and left
    assert left == landed_ids(settings)
    assert ids(settings, "enrichments") == ids(settings, LIVING)
    assert ids(settings, "withdrawals") == left - ids(settings, LIVING)
    assert Landing(settings.storage).windows("sample") == list(DAYS[1:])
    assert retain.run(settings, now=STORED + timedelta(days=30, seconds=1)).mentions == 0


def test_what_stays_can_be_loaded_again_and_is_unchanged(settings: Settings) -> None:
    retain.run(settings, now=STORED + timedelta(days=30, seconds=1))
    left = ids(settings, "mentions")
    for key in DAYS[1:]:
        enrich.run(settings, "sample", key, now=LATER)
        loaded = load.run(settings, "sample", key, now=LATER)
        assert loaded.stored == 0 and loaded.rows_in == loaded.unchanged + loaded.quarantined
    assert ids(settings, "mentions") == left


def test_a_window_of_which_only_a_part_is_too_old_is_rewritten(settings: Settings) -> None:
    """As where half of a window had been stored before, from an overlapping input."""
    landing = Landing(settings.storage)
    with duckdb.connect(str(settings.storage / "warehouse.duckdb")) as warehouse:
        warehouse.execute("UPDATE mentions SET ingested_at = ? WHERE hash(native_id) % 2 = 0", [STORED])
    retain.run(settings, now=STORED + timedelta(days=30, seconds=1))
    assert landed_ids(settings) == ids(settings, "mentions")
    assert ids(settings, "enrichments") == ids(settings, LIVING)
    for key in landing.windows("sample"):
        manifest = landing.read_manifest("sample", key)
        assert manifest is not None and manifest.mentions == pq.read_metadata(landing.mentions("sample", key)).num_rows


class Killed(BaseException):
    """Nothing catches it."""


@pytest.mark.parametrize("renames", range(5))
def test_a_run_that_was_killed_between_two_files_is_finished_by_the_next(
    settings: Settings, renames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of each window is too old: its scores, its manifest and its mentions are written anew."""
    landing, now, done = Landing(settings.storage), STORED + timedelta(days=30, seconds=1), list[Path]()
    with duckdb.connect(str(settings.storage / "warehouse.duckdb")) as warehouse:
        warehouse.execute("UPDATE mentions SET ingested_at = ? WHERE hash(native_id) % 2 = 0", [STORED])
    rename = Path.replace

    def until(self: Path, target: Path) -> Path:
        if len(done) == renames:
            raise Killed
        done.append(Path(target))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", until)
    with pytest.raises(Killed):
        retain.run(settings, now=now)
    monkeypatch.undo()
    retain.run(settings, now=now)
    assert landed_ids(settings) == ids(settings, "mentions")
    assert ids(settings, "enrichments") == ids(settings, LIVING)
    for key in landing.windows("sample"):
        manifest, file = landing.read_manifest("sample", key), landing.mentions("sample", key)
        assert manifest is not None and manifest.mentions == pq.read_metadata(file).num_rows
        assert manifest.content_hash == file_hash(file, landing.quarantine("sample", key))


def test_a_file_whose_mentions_have_gone_can_be_imported_again(settings: Settings, tmp_path: Path) -> None:
    file, now = tmp_path / "old.csv", LATER
    file.write_text("id,text,date\n1,Kestravia was late,2025-01-05T09:00:00Z\n", encoding="utf-8")
    for _ in range(2):
        landed = collect.run_file(settings, file, None, now=now)
        assert [load.run(settings, landed.source, key, now=now).stored for key in landed.window_keys] == [1]
        assert len(ids(settings, "mentions WHERE source = 'file'")) == 1
        now += timedelta(days=31)
        retain.run(settings, now=now)
        assert not ids(settings, "mentions") and not landed_ids(settings)
    with duckdb.connect(str(settings.storage / "warehouse.duckdb"), read_only=True) as warehouse:
        assert warehouse.execute("SELECT * FROM loads").fetchall() == []


def test_a_run_that_was_killed_after_the_files_is_finished_by_the_next(settings: Settings, tmp_path: Path) -> None:
    now = STORED + timedelta(days=30, seconds=1)
    copy = tmp_path / "warehouse-before"
    shutil.copy2(settings.storage / "warehouse.duckdb", copy)
    retain.run(settings, now=now)
    wanted = ids(settings, "mentions")
    shutil.copy2(copy, settings.storage / "warehouse.duckdb")  # as if the warehouse had never been reached
    retain.run(settings, now=now)
    assert ids(settings, "mentions") == wanted == landed_ids(settings)


def test_without_a_warehouse_there_is_nothing_to_do(tmp_path: Path) -> None:
    config = tmp_path / "earshot.toml"
    config.write_text(CONFIG, encoding="utf-8")
    assert retain.run(read(config), now=LATER).mentions == 0
    assert not (tmp_path / "storage").exists()


def test_landed_windows_are_found_by_the_day_they_begin_on(settings: Settings) -> None:
    assert on_day(settings, DAYS[1]) == [("sample", DAYS[1])]
    assert on_day(settings, "2026-03-01T00:00") == []
    landing = Landing(settings.storage)
    file = landing.mentions("archive", "file-00ff")
    file.parent.mkdir(parents=True)
    shutil.copy2(landing.mentions("sample", DAYS[2]), file)
    manifest = landing.read_manifest("sample", DAYS[2])
    assert manifest is not None
    from dataclasses import replace

    landing.write_manifest(replace(manifest, source="archive", window="file-00ff"))
    first = min(at for at in pq.read_table(file, partitioning=None)["published_at"].to_pylist() if at)
    assert ("archive", "file-00ff") in on_day(settings, first.astimezone(UTC).strftime("%Y-%m-%dT%H:%M"))
