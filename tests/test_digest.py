"""The weekly digest: right figures, told once to each notifier, retried where it was not taken."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from pipelines import digest, line
from pipelines.errors import InputError
from pipelines.settings import Settings, read

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CONFIG = """
[project]
name = "Airlines"
storage = "storage"
[brands.kestravia]
name = "Kestravia"
handles = ["kestravia", "kestraviacare"]
[brands.solmarra]
name = "Solmarra"
competitor = true
[sources.sample]
kind = "sample"
mentions = 3000
days = 16
window = "7d"
[models]
active = "lexicon"
[notifiers.inbox]
kind = "file"
[notifiers.blocked]
kind = "file"
path = "blocked/inbox.jsonl"
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Sixteen simulated days, published; one of the two notifiers cannot write."""
    folder = tmp_path_factory.mktemp("digest")
    (folder / "earshot.toml").write_text(CONFIG, encoding="utf-8")
    found = read(folder / "earshot.toml")
    line.run(found, now=NOW, since=NOW, model=None, progress=lambda stage, window: None)
    return found


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines() if '"digest:' in text]


def test_the_last_whole_week_is_told_once_to_each_notifier(settings: Settings) -> None:
    storage = settings.storage
    blocked = storage / "blocked"
    if blocked.exists():
        for file in blocked.iterdir():
            file.unlink()
        blocked.rmdir()
    blocked.write_text("a file where a folder should be", encoding="utf-8")
    first = digest.run(settings, now=NOW)
    assert (first.week, first.sent, first.failed) == ("2026-01-26", ["inbox"], ["blocked"])
    blocked.unlink()
    second = digest.run(settings, now=NOW + timedelta(hours=1))
    assert (second.sent, second.failed) == (["blocked"], [])
    third = digest.run(settings, now=NOW + timedelta(hours=2))
    assert (third.sent, third.failed) == ([], [])
    for path in (storage / "alerts.jsonl", blocked / "inbox.jsonl"):
        [told] = lines(path)
        assert told["key"] == "digest:2026-01-26" and told["text"] == first.text


def test_its_figures_are_those_of_the_mentions(settings: Settings) -> None:
    with duckdb.connect(str(settings.storage / "warehouse.duckdb"), read_only=True) as connection:
        count = connection.execute(
            """SELECT count(*) FROM mentions LEFT JOIN enrichments USING (mention_id)
               WHERE (brand = 'kestravia' OR list_contains(brands, 'kestravia')) AND NOT is_own AND deleted_at IS NULL
               AND published_at >= TIMESTAMPTZ '2026-01-26 00:00:00+00' AND published_at < TIMESTAMPTZ '2026-02-02 00:00:00+00'"""
        ).fetchone()
    text = digest.run(settings, now=NOW).text
    assert count and f"- {count[0]:,} mentions, " in text
    assert "Simulated data" in text and "Kestravia" in text and "Solmarra" not in text
    assert " to " in text.split("Net sentiment")[1].splitlines()[0] or "too few" in text


def test_share_of_voice_is_public_and_a_sample_counts_as_what_it_stands_for(settings: Settings, tmp_path: Path) -> None:
    copy = shutil.copy((settings.storage / "serving" / "current.duckdb").resolve(), tmp_path / "copy.duckdb")
    start, end = datetime(2026, 1, 26, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC)
    with duckdb.connect(str(copy)) as snapshot:
        snapshot.execute("SET TimeZone = 'UTC'")
        snapshot.execute("DELETE FROM brand_hourly WHERE bucket_at >= ? AND bucket_at < ?", [start, end])
        for brand, mentions, public, weight in (("kestravia", 600, 100, 1.0), ("solmarra", 40, 40, 10.0)):
            snapshot.execute(
                """INSERT INTO brand_hourly (brand, bucket_at, mention_count, negative_count, neutral_count, positive_count,
                       public_count, estimated_count, public_estimated_count, squared_weight, public_squared_weight)
                   VALUES ($brand, $at, $n, 0, $n, 0, $public, $n * $w, $public * $w, $n * $w * $w, $public * $w * $w)""",
                {"brand": brand, "at": start, "n": mentions, "public": public, "w": weight},
            )
        text = digest.compose(snapshot, settings, start, end)
        assert "- 600 mentions, " in text
        assert "- Share of voice 20% (" in text and "of 500 public mentions (estimated from 140 collected)." in text
        snapshot.execute("UPDATE brand_hourly SET estimated_count = 6000 WHERE brand = 'kestravia' AND bucket_at = ?", [start])
        assert "- 6,000 mentions (estimated from 600 collected), " in digest.compose(snapshot, settings, start, end)


def test_before_the_first_whole_week_is_over_there_is_nothing_to_tell(settings: Settings) -> None:
    with pytest.raises(InputError, match="first whole week is not over"):
        digest.run(settings, now=datetime(2026, 1, 18, tzinfo=UTC))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Honolulu", "Pacific/Auckland"])
def test_on_monday_morning_the_week_that_has_just_ended_is_told_wherever_that_is(zone: str) -> None:
    """The newest mention is an hour old; winter and summer."""
    for monday in (datetime(2026, 2, 16, 7, tzinfo=ZoneInfo(zone)), datetime(2026, 6, 15, 7, tzinfo=ZoneInfo(zone))):
        week = _week(datetime(2025, 12, 1, tzinfo=UTC), monday - timedelta(hours=1), zone, monday)
        assert week[1] == monday.replace(hour=0) and week[1].date() - week[0].date() == timedelta(days=7)


def test_a_week_is_told_from_the_first_that_the_data_covers_whole() -> None:
    now = datetime(2026, 2, 16, 7, tzinfo=UTC)
    for first in (datetime(2026, 2, 15, 20, tzinfo=UTC), datetime(2026, 2, 10, tzinfo=UTC)):
        with pytest.raises(InputError, match="first whole week is not over"):
            _week(first, now, "UTC", now)
    assert _week(datetime(2026, 2, 9, 3, tzinfo=UTC), now, "UTC", now)[0] == datetime(2026, 2, 9, tzinfo=UTC)


def test_a_quiet_sunday_night_does_not_lose_the_week() -> None:
    """Live data is complete until it was published; of a file, or of simulated data, nobody knows what comes after its end."""
    first, now = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 2, 16, 7, tzinfo=UTC)
    quiet, before = datetime(2026, 2, 15, 18, tzinfo=UTC), datetime(2026, 2, 9, tzinfo=UTC)
    assert _week(first, quiet, "UTC", now)[0] == before
    assert _week(first, quiet, "UTC", now, published=quiet + timedelta(hours=2))[1] == before
    assert _week(first, quiet, "UTC", now, simulated=True)[1] == before
    assert _week(first, quiet - timedelta(days=2), "UTC", now)[1] == before


def test_weeks_that_a_notifier_missed_are_told_in_order_and_no_others(settings: Settings, tmp_path: Path) -> None:
    shutil.copytree(settings.storage / "serving", tmp_path / "storage" / "serving", symlinks=True)
    (tmp_path / "earshot.toml").write_text(CONFIG, encoding="utf-8")
    own = read(tmp_path / "earshot.toml")
    current = (own.storage / "serving" / "current.duckdb").resolve()
    with duckdb.connect(str(current)) as snapshot:  # three weeks more
        snapshot.execute("INSERT INTO brand_hourly (brand, bucket_at) VALUES ('kestravia', TIMESTAMPTZ '2026-02-23 01:00:00+00')")
    blocked = own.storage / "blocked"
    first = digest.run(own, now=datetime(2026, 2, 3, tzinfo=UTC))
    assert (first.week, first.sent) == ("2026-01-26", ["inbox", "blocked"])  # of what was before it began nothing is told
    shutil.rmtree(blocked)
    blocked.write_text("a file where a folder should be", encoding="utf-8")
    late = digest.run(own, now=datetime(2026, 2, 17, tzinfo=UTC))
    assert (late.week, late.sent, late.failed) == ("2026-02-09", ["inbox"], ["blocked"])
    blocked.unlink()
    assert digest.run(own, now=datetime(2026, 2, 24, tzinfo=UTC)).sent == ["inbox", "blocked"]
    missed = ["2026-02-02", "2026-02-09", "2026-02-16"]
    assert [told["key"] for told in lines(blocked / "inbox.jsonl")] == [f"digest:{week}" for week in missed]
    told = [told["key"] for told in lines(own.storage / "alerts.jsonl")]
    assert told == [f"digest:{week}" for week in ("2026-01-26", *missed)]


def _week(
    first: datetime, last: datetime, zone: str, now: datetime, published: datetime | None = None, simulated: bool = False
) -> tuple[datetime, datetime]:
    """The last whole week of a snapshot with these first and last mentions."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE TABLE brand_hourly AS SELECT unnest([?, ?]::TIMESTAMPTZ[]) AS bucket_at", [first, last])
        meta = [published or now, last, simulated]
        connection.execute("CREATE TABLE meta AS SELECT ? AS published_at, ? AS watermark, ? AS is_simulated", meta)
        return digest._weeks(connection, ZoneInfo(zone), now)[-1]
