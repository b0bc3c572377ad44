"""The page of the sources: its numbers are those of the snapshot, every state has its words, and what is empty says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import factory
import pytest
from conftest import served
from test_page_browser import _opened
from test_page_numbers import _said, _see, _texts, _tile

from dashboards.page import Panel
from dashboards.query import Snapshot, Snapshots
from warehouse import connection, metrics

UNTIL = factory.END.replace(minute=0)
SINCE = UNTIL - timedelta(days=1)


@pytest.fixture(scope="module")
def snapshot(storage: Path) -> Snapshot:
    found = Snapshots(storage).current()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def raw(storage: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connection.open((storage / "serving" / "current.duckdb").resolve(), read_only=True) as db:
        yield db


def part(snapshot: Snapshot, name: str, url: str = "/sources") -> Any:
    page, view = _see(snapshot, url)
    return page.fill(view, snapshot)[name]


def row(snapshot: Snapshot, source: str) -> list[str]:
    """The cells of a source's row, as a reader hears them."""
    (_, _, scrolled) = part(snapshot, "each")
    body = scrolled.children.children[1]
    for line in body.children:
        cells = [_said(cell) for cell in line.children]
        if _texts(line.children[0])[0] == source:
            return cells
    raise AssertionError(f"no row {source}")


def test_every_source_has_a_row_and_the_worst_stand_first(snapshot: Snapshot) -> None:
    (_, _, scrolled) = part(snapshot, "each")
    names = [_texts(line.children[0])[0] for line in scrolled.children.children[1].children]
    assert names == ["mastodon", "forum", "reviews", "x_search", "fediverse", "surveys", "old_feed"]


@pytest.mark.parametrize(("source", "said"), [
    ("mastodon", "▲ Fails since 10:40: [sources.mastodon]: the server does not answer (503)."),
    ("forum", "○ Quiet since 14 Feb, 17:40: longer than 6 h"), ("x_search", "● Brings mentions, last at 13:20"),
    ("surveys", "■ Gives nothing new by itself: a file, or a fixed span of time"),
    ("reviews", "… Not collected yet: earshot run or its Dag does it"),
    ("old_feed", "– No longer configured: what it brought stays"),
])
def test_each_state_has_its_words(snapshot: Snapshot, source: str, said: str) -> None:
    assert row(snapshot, source)[0] == f"{source} {said}"


def test_the_share_of_the_last_day_is_counted_with_its_base_or_says_why_not(
    snapshot: Snapshot, raw: duckdb.DuckDBPyConnection
) -> None:
    asked = (
        "SELECT sum(received_count), sum(missing_count) FROM completeness_hourly "
        "WHERE source = ? AND hour_at >= ? AND hour_at < ?"
    )
    received, missing = raw.execute(asked, ["x_search", SINCE, UNTIL]).fetchone() or (0, 0)
    whole = received + missing
    totals = [
        raw.execute(asked, ["x_search", SINCE - weeks * timedelta(days=7), UNTIL - weeks * timedelta(days=7)]).fetchone()[0]  # type: ignore[index]
        for weeks in range(1, 5)
    ]
    assert missing == 400
    usual = f"usually {sum(totals) / 4:,.0f} ({min(totals):,} to {max(totals):,})"
    fewer = ", so fewer than in any of these weeks" if received < min(totals) else ""
    share = f"{100 * received / whole:.0f} % {received:,} of {whole:,} that are known of"
    assert row(snapshot, "x_search")[2] == f"{share}; {usual}{fewer}"
    assert "— not known: 4 hours not collected since" in row(snapshot, "mastodon")[2]
    assert "— not known: 1 hour in windows that have not landed" in row(snapshot, "fediverse")[2]
    assert row(snapshot, "surveys")[2] == "— no hour of the last 24 is told"
    assert "so fewer than in any of these weeks" in row(snapshot, "forum")[2]


def test_gaps_duties_costs_and_shares_are_those_of_the_snapshot(snapshot: Snapshot, raw: duckdb.DuckDBPyConnection) -> None:
    cells = row(snapshot, "x_search")
    assert cells[3] == "1: 400 mentions 06:00 to 08:00; the month's budget of 90 is used up"
    assert cells[4] == "24 withdrawn, 40 erased 120 to look up again by 18:40"
    since = factory.END - timedelta(days=7)
    (week,) = raw.execute("SELECT sum(cost) FROM source_costs WHERE day_at > ?", [since]).fetchone() or (0,)
    assert cells[5] == f"35.20 the month ends at 66.10 to 70.90 (90 % range); cap 90.00; {week:.2f} in the last 7 days"
    assert cells[6] == "2.0 % 403 of 20,563 rows"
    unread, mentions = raw.execute(
        "SELECT sum(language_count), sum(mention_count) FROM source_15min WHERE source = 'x_search' AND bucket_at > ?",
        [since],
    ).fetchone() or (0, 0)
    assert cells[7].endswith(f"{unread} of {mentions:,} mentions")
    late = row(snapshot, "mastodon")
    assert late[3].startswith("1: an unknown number of mentions 13 Feb, 22:00")
    assert "37 to look up again overdue since 11:40" in late[4] and late[5] == "free"


def test_tiles_are_sums_of_the_rows(snapshot: Snapshot) -> None:
    assert _tile(snapshot, "/sources", "Bring mentions")[1:] == ["2 of 4", "", "▲", "1 fails · 1 is quiet", "sources that go on"]
    assert _tile(snapshot, "/sources", "Known to be missing")[1] == "at least 400"
    assert _tile(snapshot, "/sources", "Duties overdue")[1] == "37"


@pytest.mark.parametrize(("url", "source", "hours"), [
    ("/sources?period=24h", "x_search", 24), ("/sources?period=48h&src=fediverse", "fediverse", 48),
    ("/sources", "x_search", 7 * 24),
])
def test_the_chart_shows_every_hour_of_the_chosen_source(
    snapshot: Snapshot, raw: duckdb.DuckDBPyConnection, url: str, source: str, hours: int
) -> None:
    panel = part(snapshot, "hours", url)
    assert isinstance(panel, Panel) and panel.figure is not None and panel.title.startswith(source)
    period = _see(snapshot, url)[1].period(snapshot)
    counted = raw.execute(
        "SELECT received_count FROM completeness_hourly WHERE source = ? AND hour_at >= ? AND hour_at < ? ORDER BY hour_at",
        [source, period.start, period.until],
    ).fetchall()
    assert hours - 24 < len(counted) <= hours
    line = panel.figure["data"][2]
    assert line["y"] == [count for (count,) in counted]
    assert len(panel.rows) == len(counted)


def test_hours_that_nobody_asked_for_are_a_gap_in_the_line_and_no_zero(snapshot: Snapshot) -> None:
    panel = part(snapshot, "hours", "/sources?period=24h&src=mastodon")
    assert panel.figure["data"][2]["y"][-3:] == [None] * 3 and "not collected yet" in panel.rows[-1]


def test_what_neither_of_two_sources_found_has_an_interval_or_too_little_in_common(snapshot: Snapshot) -> None:
    said = _said(part(snapshot, "overlap"))
    found = metrics.captured(3360, 4032, 900)
    assert found is not None
    assert f"{found.value:,.0f} ({found.low:,.0f} to {found.high:,.0f})" in said
    assert "fediverse and forum Mastodon 28 3,360 4,032 3 too few in common needs 7" in said
    assert "usually more than this says" in said and "independently" in said


def test_an_empty_page_says_what_to_do(tmp_path: Path) -> None:
    factory.snapshot(tmp_path, scale=0)
    found = Snapshots(tmp_path).current()
    assert found is not None
    page, view = _see(found, "/sources")
    filled = page.fill(view, found)
    said = {name: _said(content.notice if isinstance(content, Panel) else content) for name, content in filled.items()}
    assert "There is no source yet. Add one: earshot add source KIND" in said["each"]
    assert "No source has a gap." in said["gaps"] and "No source has brought anything yet." in said["hours"]
    assert "No two sources watch the same channel" in said["overlap"]
    assert "no source that goes on has been collected" in said["tiles"] and "no gap is open" in said["tiles"]


def test_a_reader_chooses_a_source_and_can_share_what_he_sees(browser: Any, address: str) -> None:
    with _opened(browser, address) as watched:
        watched.open("/sources")
        watched.drawn()
        watched.posts = 0
        watched.tab.get_by_role("textbox", name="Source").click()
        watched.tab.get_by_role("option", name="fediverse").click()
        watched.until("document.querySelector('#sources-hours-title').innerText.startsWith('fediverse')")
        assert watched.tab.evaluate("location.search") == "?src=fediverse" and watched.posts == 1
        watched.tab.go_back()
        watched.until("document.querySelector('#sources-hours-title').innerText.startsWith('x_search')")
        watched.open("/sources?src=mastodon&period=24h")
        assert watched.text("#sources-hours-title").startswith("mastodon")
        watched.open("/sources?src=nobody")
        assert "not understood and is left out: src" in watched.text("main")
        watched.tab.get_by_role("link", name="Care", exact=True).click()
        watched.until("location.pathname === '/care' && location.search === ''")
        assert watched.wrong == []


def test_a_snapshot_without_sources_is_whole_in_the_browser(browser: Any, tmp_path: Path) -> None:
    factory.snapshot(tmp_path, scale=0)
    with served(tmp_path) as empty, _opened(browser, empty, width=360, height=800) as watched:
        watched.open("/sources")
        assert watched.tab.evaluate("document.documentElement.scrollWidth") <= 360
        assert watched.wrong == []
