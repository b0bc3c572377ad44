"""Every check passes on a sound warehouse and finds its own fault; a fault keeps marts and snapshot as they were."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines import aggregate, publish
from pipelines.errors import WarehouseError
from pipelines.settings import Settings
from pipelines.store import open_warehouse
from tests.stored import insert, mention, scores
from warehouse import build, checks, connection, snapshot

NOW = datetime(2026, 4, 2, tzinfo=UTC)
FAULTS = {  # check -> what breaks exactly the rule it guards
    "mention_is_stored_once": "INSERT INTO mentions SELECT * FROM mentions WHERE native_id = '9'",
    "enrichment_is_stored_once": "INSERT INTO enrichments SELECT * FROM enrichments LIMIT 1",
    "no_hugeint": "CREATE TABLE odd AS SELECT sum(rows_in) AS n FROM loads",
    "brand_15min_adds_up": "UPDATE brand_15min SET neutral_count = neutral_count + 1",
    "brand_hourly_adds_up": "UPDATE brand_hourly SET urgent_count = mention_count + 1",
    "model_health_adds_up": "UPDATE model_health_weekly SET neutral_count = neutral_count + 1",
    "counts_agree": "UPDATE brand_hourly SET mention_count = mention_count + 1, unknown_count = unknown_count + 1",
    "loads_add_up": "UPDATE loads SET rows_in = rows_in + 1",
    "no_mention_from_the_future": "UPDATE mentions SET published_at = ingested_at + INTERVAL 3 DAYS WHERE native_id = '9'",
    "deleted_mentions_are_empty": "UPDATE mentions SET text = 'still here' WHERE deleted_at IS NOT NULL",
    "undated_has_a_reason": "UPDATE mentions SET published_at = NULL WHERE native_id = '9'",
    "share_of_voice_adds_up": "UPDATE share_of_voice_daily SET total_count = total_count + 1 WHERE channel = 'x'",
    "thread_is_listed_once": "INSERT INTO thread_status SELECT * FROM thread_status LIMIT 1",
    "response_times_add_up": "UPDATE response_time_daily SET unanswered_count = unanswered_count + 1",
    "advocates_are_authors": "UPDATE advocate_weekly SET replied_recovered = replied_base + 1",
    "feed_is_public": "UPDATE mentions SET visibility = 'private' WHERE native_id = '1'",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(path=tmp_path / "earshot.toml")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with something in every mart. Mention 9 is in none: it names no brand."""
    where = Settings(path=tmp_path_factory.mktemp("sound") / "earshot.toml")
    fill(where)
    aggregate.run(where, now=NOW)
    return where.storage / "warehouse.duckdb"


@pytest.fixture
def warehouse(sound: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connection.open(shutil.copy(sound, tmp_path / "w.duckdb")) as opened:
        yield opened


def fill(settings: Settings) -> None:
    """A small conversation, an advocate, a deleted mention, and a load of them."""
    rows = [
        mention(native_id="1", author_id="ann"), mention(native_id="2", author_id="care", is_own=True, in_reply_to="1",
                                                         published_at=datetime(2026, 1, 5, 9, 10, tzinfo=UTC)),
        mention(native_id="3", author_id="bob", brand="zeta", text="buy it"),
        mention(native_id="8", deleted_at=NOW - timedelta(days=2), text=""), mention(native_id="9", brand=None, text="weather"),
        mention(native_id="1", source="mirror", brand=None, text="weather", is_own=True),
    ]
    with open_warehouse(settings) as opened:
        insert(opened, "mentions", rows)
        insert(opened, "enrichments", [
            scores(rows[0], "negative", intents=["complaint", "needs_response"]),
            scores(rows[2], "positive", intents=["recommendation"]),
        ])
        due = {"kind": "erase", "source": "forum", "due_at": NOW, "mention_count": 1, "open_count": 1, "noted_at": NOW}
        insert(opened, "obligations", [due])
        counts = {"rows_in": 6, "stored": 4, "unchanged": 1, "quarantined": 1}
        insert(opened, "loads", [counts | {"source": "forum", "file_id": "f", "file": "f", "loaded_at": NOW}])


def test_a_sound_warehouse_passes(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert checks.failures(warehouse, "warehouse") == {}
    assert all(warehouse.execute(f"SELECT count(*) FROM {mart}").fetchone() != (0,) for mart in build.marts())


@pytest.mark.parametrize("check", sorted(checks.checks("warehouse")))
def test_a_check_finds_its_fault(warehouse: duckdb.DuckDBPyConnection, check: str) -> None:
    warehouse.execute(FAULTS[check])
    found = checks.failures(warehouse, "warehouse")
    assert list(found) == [check]
    assert found[check][0] >= 1 and found[check][1].startswith("{")


@pytest.mark.parametrize("check, fault", [
    ("brands_are_named_once", "DELETE FROM brands WHERE brand = 'zeta'"),
    ("meta_has_one_row", "INSERT INTO meta FROM meta"),
    ("no_hugeint", "CREATE TABLE odd AS SELECT sum(mention_count) AS n FROM brand_hourly"),
    ("nothing_private", "ALTER TABLE mention_feed ADD COLUMN author_name VARCHAR"),
])
def test_a_check_of_a_snapshot_finds_its_fault(settings: Settings, tmp_path: Path, check: str, fault: str) -> None:
    fill(settings)
    aggregate.run(settings, now=NOW)
    with connection.open(shutil.copy(publish.run(settings, now=NOW).path, tmp_path / "s.duckdb")) as opened:
        assert checks.failures(opened, "snapshot") == {}
        opened.execute(fault)
        assert list(checks.failures(opened, "snapshot")) == [check]


def test_a_check_is_one_select_with_a_reason() -> None:
    for group in ("warehouse", "snapshot"):
        for name, text in checks.checks(group).items():  # type: ignore[arg-type]
            assert text.startswith("-- ") and len(text.split("\n")[0]) > 30, name
            assert [s.type for s in duckdb.extract_statements(text)] == [duckdb.StatementType.SELECT], name


def test_a_fault_keeps_marts_and_snapshot_and_is_told_in_one_sentence(settings: Settings) -> None:
    fill(settings)
    aggregate.run(settings, now=NOW)
    before = publish.run(settings, now=NOW)
    with open_warehouse(settings) as opened:
        counted = opened.execute("FROM brand_15min ORDER BY ALL").fetchall()
        insert(opened, "mentions", [mention(native_id="10", author_id="cat")])
        opened.execute(FAULTS["loads_add_up"])
    with pytest.raises(WarehouseError, match=r"^Checks of the warehouse failed \(loads_add_up: 1, such as \{'source': forum"):
        aggregate.run(settings, now=NOW + timedelta(hours=1))
    with open_warehouse(settings) as opened:
        assert opened.execute("FROM brand_15min ORDER BY ALL").fetchall() == counted
        opened.execute("UPDATE loads SET rows_in = rows_in - 1")
    assert publish.run(settings, now=NOW + timedelta(hours=1)) == publish.Published(before.version, before.path, changed=False)
    assert aggregate.run(settings, now=NOW + timedelta(hours=2)).changed
    after = publish.run(settings, now=NOW + timedelta(hours=2))
    assert after.changed and snapshot.open_current(settings.storage).version == after.version > before.version


@pytest.mark.parametrize("fault, check", [
    ("UPDATE brand_hourly SET engagement = NULL; ALTER TABLE brand_hourly ALTER engagement TYPE HUGEINT", "no_hugeint"),
    ('ALTER TABLE alerts ADD COLUMN "references" VARCHAR', "nothing_private"),
])
def test_a_fault_in_a_snapshot_is_not_published(settings: Settings, fault: str, check: str) -> None:
    fill(settings)
    aggregate.run(settings, now=NOW)
    before = publish.run(settings, now=NOW)
    with open_warehouse(settings) as opened:
        opened.execute(fault)
        opened.execute("INSERT INTO arming VALUES ('acme', 'volume', 'arming', NULL, NULL, 'starts')")
    with pytest.raises(WarehouseError, match=rf"^Checks of the snapshot failed \({check}: 1"):
        publish.run(settings, now=NOW + timedelta(hours=1))
    assert snapshot.current_path(settings.storage) == before.path
    assert sorted(p.name for p in snapshot.serving(settings.storage).iterdir()) == [before.path.name, snapshot.LINK]
