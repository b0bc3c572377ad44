"""The ledger: what is due is written down, done in time by looking up and erasing, and warned of where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import collect, erase, ledger, line, reobserve, summary
from pipelines.commands import check
from pipelines.records import Window
from pipelines.settings import Settings
from tests.conformance.polling import configured, load_all, platform_of, poll, windows
from tests.platforms import x
from tests.platforms.base import HOUR, START, Answer, Post, Request
from tests.test_erase import places


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.storage / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.sql(query).fetchall()


@pytest.fixture
def platform(request: pytest.FixtureRequest) -> Iterator[Any]:
    with platform_of(request.param)(3, count=40, hours=2) as running:
        yield running


def collected(platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = configured(platform, tmp_path, monkeypatch)
    for window in windows(platform.hours):
        poll(settings, platform, window)
    load_all(settings, platform)
    return settings


def look_up(settings: Settings, platform: Any, now: datetime) -> list[str]:
    """An hour of the Dags `reobserve`, `process` and `erase`."""
    platform.now = now
    due = reobserve.record(settings, now=now)
    for name in due:
        reobserve.run(settings, name, now=now)
    load_all(settings, platform)
    return due


@pytest.mark.parametrize("platform", ["x"], indirect=True)
def test_what_a_platform_deleted_is_found_erased_and_written_down(
    platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = collected(platform, tmp_path, monkeypatch)
    now = START + timedelta(days=2)
    platform.now = now
    visible = {post.id for post in platform.visible()}
    texts = [text for native_id, text in rows(settings, "SELECT native_id, text FROM mentions") if native_id not in visible]
    assert texts, "the platform deletes some"
    assert ledger.overdue(settings, now=START + timedelta(hours=5)) == []
    assert {(o.kind, o.source) for o in ledger.overdue(settings, now=now)} == {("recheck", "x")}
    assert look_up(settings, platform, now) == ["x"]
    erased = erase.run(settings, now=now + timedelta(minutes=40))
    assert erased.mentions == len(texts)
    held = rows(settings, "SELECT text FROM mentions")
    assert all((text,) not in held for text in texts)
    assert all(places(settings.storage, f"'{text}'") == [] for text in texts)
    counts = "sum(mention_count), sum(open_count), bool_and(done_at IS NOT NULL)"
    found = rows(settings, f"SELECT kind, {counts} FROM obligations GROUP BY kind")
    total = rows(settings, "SELECT count(*) FROM mentions")[0][0]
    assert sorted(found) == [("erase", len(texts), 0, True), ("recheck", total, 0, True)]
    due = rows(settings, "SELECT due_at FROM obligations WHERE kind = 'erase'")
    assert due == [(now.replace(minute=0, second=0) + timedelta(hours=24),)], "X names a time"
    assert look_up(settings, platform, now + timedelta(hours=1)) == []


@pytest.mark.parametrize("platform", ["youtube"], indirect=True)
def test_what_may_be_kept_for_30_days_is_seen_again_or_goes(
    platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = collected(platform, tmp_path, monkeypatch)
    for days in (2, 9, 29):
        look_up(settings, platform, START + timedelta(days=days))
        erase.run(settings, now=START + timedelta(days=days))
    living = rows(settings, "SELECT count(*) FROM mentions WHERE deleted_at IS NULL")[0][0]
    assert living > 10
    renewing = START + timedelta(days=29 + 25)
    assert look_up(settings, platform, renewing) == ["youtube"], "no age is left, and yet they must be seen again"
    for days in (0, 6):  # the time of the copies of day 29 ends in between
        assert erase.run(settings, now=renewing + timedelta(days=days)).withdrawn == 0
    gone = renewing + timedelta(days=30)
    assert erase.run(settings, now=gone - timedelta(hours=4)).withdrawn == 0
    erased = erase.run(settings, now=gone - timedelta(hours=1))  # nobody could look them up: they go before their time ends
    assert erased.withdrawn == erased.mentions == living
    assert rows(settings, "SELECT count(*) FROM mentions WHERE text <> '' OR author_id IS NOT NULL") == [(0,)]
    assert rows(settings, "SELECT count(*) FROM obligations WHERE kind = 'refresh' AND done_at > due_at") == [(0,)]


class WithAuthors(x.Platform):
    """Tells a search, which asks for it, who wrote a post; a look-up does not ask."""

    def _search(self, values: dict[str, str], found: list[Post]) -> Answer:
        answer = super()._search(values, found)
        names = {post.author: "JetBlue" if post.author == "author3" else post.author for post in self.posts}
        users = [{"id": i, "username": name, "public_metrics": {"followers_count": 12}} for i, name in names.items()]
        return Answer(answer.value | {"includes": {"users": users}})


def test_what_a_look_up_is_not_told_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many posts one of a sample stands for, how many follow its author, and that the brand wrote it."""
    with WithAuthors(3, count=600, hours=1) as platform:
        settings = configured(platform, tmp_path, monkeypatch, budget=90.0, authors=True)
        platform.show_all()
        collect.run(settings, "x", Window(START, START + 2 * HOUR), now=platform.now)
        load_all(settings, platform)
        told = "SELECT native_id, weight, author_followers, is_own, brand FROM mentions WHERE deleted_at IS NULL ORDER BY 1"
        before = rows(settings, told)
        assert {(weight > 1, followers) for _, weight, followers, *_ in before} == {(True, 12)}
        assert {own for *_, own, _ in before} == {True, False}
        assert {brand for *_, own, brand in before if own} == {"jetblue"}
        for post in platform.posts:
            post.likes += 5
        assert look_up(settings, platform, START + timedelta(days=2)) == ["x"]
        seen = rows(settings, "SELECT count(*), min(engagement) >= 5 FROM mentions WHERE observed_at >= '2026-02-03'")
        assert seen[0][0] >= len(before) and seen[0][1], "all were looked up"
        after = rows(settings, told)
        assert after and set(after) <= set(before)


@pytest.mark.parametrize("platform", ["x"], indirect=True)
def test_check_warns_of_what_is_overdue(platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = collected(platform, tmp_path, monkeypatch)
    assert check.duties(settings, now=START + timedelta(hours=3)) == []
    (warning,) = check.duties(settings, now=START + timedelta(days=1))
    assert warning.startswith("x: ") and "should have been looked up again" in warning and "01 Feb" in warning


def test_without_a_warehouse_nothing_is_due(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path / "none")
    now = START
    assert ledger.overdue(settings, now=now) == [] and reobserve.record(settings, now=now) == []
    assert erase.run(settings, now=now) == erase.Erased()
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("platform", ["x"], indirect=True)
def test_a_run_without_airflow_looks_up_and_erases_too(platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = collected(platform, tmp_path, monkeypatch)
    now = START + timedelta(days=2, minutes=20)  # in the middle of a window
    platform.now = now
    visible = {post.id for post in platform.visible()}
    report = line.run(settings, now=now, since=now - timedelta(hours=1), model="none", progress=lambda *_: None)
    assert not report.failed_sources and report.erased > 0
    kept = {native_id for (native_id,) in rows(settings, "SELECT native_id FROM mentions WHERE deleted_at IS NULL")}
    assert kept <= visible and rows(settings, "SELECT count(*) FROM withdrawals WHERE erased_at IS NULL") == [(0,)]
    said = summary.lines(settings, report, seconds=1.0)
    assert f"{report.erased} mentions that were withdrawn are erased everywhere; figures leave them out" in said
    with duckdb.connect(str((settings.storage / "serving" / "current.duckdb").resolve()), read_only=True) as snapshot:
        assert snapshot.execute("SELECT sum(withdrawn_count) FROM withdrawn_daily").fetchall() == [(report.erased,)]


class Unsearchable(x.Platform):
    """Gives posts by id, and refuses to search."""

    def answer(self, request: Request) -> Answer:
        is_down = self.now > START + timedelta(days=1) and request.path != "/2/tweets"
        return Answer({"title": "Invalid"}, 400) if is_down else super().answer(request)


def test_deletions_are_found_also_where_nothing_can_be_collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Unsearchable(3, count=40, hours=2) as platform:
        settings = collected(platform, tmp_path, monkeypatch)
        platform.now = now = START + timedelta(days=2)
        report = line.run(settings, now=now, since=now - timedelta(hours=1), model="none", progress=lambda *_: None)
        assert "cannot read the question" in report.failed_sources["x"]
        assert report.erased > 0
