"""The numbers on the pages against numbers counted from the snapshot in another way, and every figure's limits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import factory
import pytest

from dashboards import incident, shell, words
from dashboards.charts import GRAPH_CONFIG
from dashboards.page import Page, Panel, find, pages
from dashboards.query import Snapshot, Snapshots
from dashboards.view import Allowed, View
from pipelines import recording, wording
from pipelines.settings import Settings
from warehouse import connection, metrics

WALL = datetime(2026, 2, 15, 14, 0, tzinfo=UTC)
WEEK = datetime(2026, 2, 9, tzinfo=UTC)  # start of the seven days that end with END
BUCKETS = 200  # points of one trace


@pytest.fixture(scope="module")
def snapshot(storage: Path) -> Snapshot:
    found = Snapshots(storage).current()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def raw(storage: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same file, asked directly."""
    path = (storage / "serving" / "current.duckdb").resolve()
    with connection.open(path, read_only=True) as db:
        yield db


def _see(snapshot: Snapshot, url: str) -> tuple[Page, View]:
    page = find(url.split("?")[0])
    assert page is not None
    return page, View.read(url, Allowed.on(page.path, page.spans, snapshot))


def _filled(snapshot: Snapshot, url: str) -> dict[str, Any]:
    page, view = _see(snapshot, url)
    return page.fill(view, snapshot)


def _texts(component: Any) -> list[str]:
    """All texts of a component, in order."""
    if component is None or isinstance(component, str | int | float):
        return [] if component is None else [str(component)]
    if isinstance(component, list | tuple):
        return [t for c in component for t in _texts(c)]
    return _texts(getattr(component, "children", None))


def _said(component: Any) -> str:
    """All texts of a component as one, as a reader hears it."""
    return " ".join(" ".join(_texts(component)).split())


def _tile(snapshot: Snapshot, url: str, name: str, slot: str = "tiles") -> list[str]:
    for item in _filled(snapshot, url)[slot].children:
        texts = _texts(item)
        if texts[0] == name:
            return texts
    raise AssertionError(f"{url} has no tile {name}")


def _one(raw: duckdb.DuckDBPyConnection, sql: str, *values: Any) -> tuple[Any, ...]:
    row = raw.execute(sql, list(values)).fetchone()
    assert row is not None
    return row


def test_net_sentiment_mentions_and_complaints(snapshot: Snapshot, raw: duckdb.DuckDBPyConnection) -> None:
    p, n, u, mentions, complaints, read = _one(
        raw, "SELECT sum(positive_count), sum(negative_count), sum(neutral_count), sum(mention_count), sum(complaint_count), "
        "sum(read_count) FROM brand_hourly WHERE brand = 'aerolia' AND bucket_at >= ?", WEEK,
    )
    assert _tile(snapshot, "/", "Net sentiment")[1] == words.signed(100 * (p - n) / (p + n + u))
    assert _tile(snapshot, "/", "Mentions")[1] == f"{mentions:,}"
    assert read < mentions and f"{complaints:,} of {read:,} mentions that could be read" in _tile(snapshot, "/", "Complaints")


def test_a_channel_counts_that_channel_only(snapshot: Snapshot, raw: duckdb.DuckDBPyConnection) -> None:
    (mentions,) = _one(
        raw, "SELECT sum(mention_count) FROM brand_hourly WHERE brand = 'skylark' AND channel = 'x' AND bucket_at >= ?", WEEK
    )
    assert _tile(snapshot, "/?brand=skylark&ch=x", "Mentions")[1] == f"{mentions:,}"


def test_share_of_voice_is_of_the_brands_shown(snapshot: Snapshot, raw: duckdb.DuckDBPyConnection) -> None:
    own, both = _one(
        raw, "SELECT sum(mention_count) FILTER (brand = 'aerolia'), sum(mention_count) FROM brand_hourly "
        "WHERE brand IN ('aerolia', 'skylark') AND bucket_at >= ?", WEEK,
    )
    assert _tile(snapshot, "/?vs=skylark", "Share of voice")[1] == words.percent(own / both, both)


@contextmanager
def _changed(root: Path, *statements: str) -> Iterator[tuple[Snapshot, Callable[..., Any]]]:
    """A small snapshot after these statements, and one to ask it for a number directly."""
    path = factory.snapshot(root, days=15)
    with duckdb.connect(str(path)) as db:
        for statement in statements:
            db.execute(statement)
    found = Snapshots(root).current()
    assert found is not None
    yield found, lambda sql, *values: found.stored.execute(sql, list(values)).fetchone()[0]


def test_what_was_sampled_counts_as_many_as_it_stands_for(tmp_path: Path) -> None:
    """One in ten was read of one channel on the last day: the day is told as it was, not as what the budget let in."""
    day = "bucket_at >= TIMESTAMPTZ '2026-02-15 00:00:00+00' AND channel = 'x' AND brand = 'aerolia'"
    weights = ", ".join(f"{c} = {k} * mention_count" for c, k in (
        ("estimated_count", 10), ("public_estimated_count", 10), ("squared_weight", 100), ("public_squared_weight", 100),
    ))
    with _changed(tmp_path, f"UPDATE brand_hourly SET {weights} WHERE {day}") as (found, ask):
        of = "FROM brand_hourly WHERE brand = 'aerolia' AND bucket_at >= ?"
        collected, estimated = ask(f"SELECT sum(mention_count) {of}", WEEK), ask(f"SELECT sum(estimated_count) {of}", WEEK)
        tile = _tile(found, "/", "Mentions")
        assert tile[1] == f"{estimated:,.0f}" and estimated > 2 * collected
        assert f"estimated from {collected:,} collected" in tile[-1]
        volume = _filled(found, "/")["volume"]
        assert sum(int(r[1].replace(",", "")) for r in volume.rows) == estimated
        assert all(abs(sum(int(v.replace(",", "")) for v in r[2:7]) - int(r[1].replace(",", ""))) <= 3 for r in volume.rows)
        assert "Busiest day: Sun 15 Feb" in volume.takeaway
        assert f"All {estimated:,.0f} are estimated from {collected:,} collected." in volume.takeaway
        drawn = sum(v or 0 for t in volume.figure["data"] if t["type"] == "bar" for v in t["y"])
        assert drawn == pytest.approx(estimated, abs=30)
        everybody = ask("SELECT sum(public_estimated_count) FROM brand_hourly WHERE bucket_at >= ?", WEEK)
        assert _tile(found, "/", "Share of voice")[1] == words.percent(estimated / everybody, 1000)
        narrow = _tile(found, "/", "Share of voice")[2]
        assert "collected" in _tile(found, "/", "Share of voice")[-1] and "collected" in _filled(found, "/")["share"].takeaway
    with _changed(tmp_path / "all") as (whole, _):
        assert "collected" not in _said(_filled(whole, "/")["tiles"]) and "stimated" not in _filled(whole, "/")["volume"].takeaway
        assert narrow != _tile(whole, "/", "Share of voice")[2]


def test_a_sampled_day_stands_out_by_what_it_stands_for_and_less_surely(tmp_path: Path) -> None:
    """One in four was read on the last day: its topics are no fewer than those of the whole days before."""
    read = (
        "UPDATE driver_hourly SET mention_count = mention_count // 4, squared_weight = 4 * estimated_count "
        "WHERE brand = 'skylark' AND bucket_at >= TIMESTAMPTZ '2026-02-14 00:00:00+00'"
    )
    with _changed(tmp_path / "all") as (whole, _), _changed(tmp_path / "part", read) as (found, _):
        one, other = (_filled(s, "/crisis?brand=skylark")["drivers"] for s in (whole, found))
    assert "No topic stands out" in other.takeaway
    assert {row[0]: row[1:4] for row in one.rows} == {row[0]: row[1:4] for row in other.rows}
    wide, narrow = ({row[0]: [int(end.replace(words.MINUS, "-")) for end in row[4:6]] for row in p.rows} for p in (other, one))
    for name, (low, high) in narrow.items():
        assert wide[name][1] - wide[name][0] > 1.5 * (high - low), name


def test_reasons_of_a_sampled_alert_are_as_sure_as_what_was_collected(snapshot: Snapshot) -> None:
    counted = {"observed": 100.0, "expected": 20.0}
    assert incident.half(counted) == pytest.approx(metrics.Z * 11)
    assert incident.half(counted | {"squared_weight": 1000.0}) == pytest.approx(metrics.Z * 1021**0.5)


def test_weights_too_small_to_tell_do_not_fail_the_page(tmp_path: Path) -> None:
    """A snapshot of an earlier version may hold squares that were rounded to nothing."""
    with _changed(tmp_path, "UPDATE brand_hourly SET estimated_count = 0.01, squared_weight = 0") as (found, _):
        assert "nothing to compare with" in _tile(found, "/", "Mentions")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Aerolia: back in the expected range. Over since 3 Feb 2026 12:00, after 3 h. At worst severity 4 of 10.",
         "Back in the expected range"),
        (wording.withdrawn(Settings(), "aerolia"), "With the mentions that came in late this is within the expected range"),
        (recording._left(Settings(), "aerolia", "storm"), "The detector storm no longer watches this: it was switched off"),
        (None, "The alert ends"),
    ],
)
def test_an_alert_that_is_over_says_why(tmp_path: Path, said: str | None, shown: str) -> None:
    """An alert whose detector was switched off is not back in any range."""
    state = (
        "INSERT INTO alert_states (alert_id, position, state, tier, severity, reached_at, summary) "
        "SELECT alert_id, 1, 'resolved', tier, severity, resolved_at, '{}' FROM alerts WHERE state = 'resolved'"
    )
    with _changed(tmp_path, *([state.format(said)] if said else [])) as (found, ask):
        alert = ask("SELECT alert_id::VARCHAR FROM alerts WHERE state = 'resolved'")
        rail = _said(_filled(found, f"/crisis?brand=aerolia&alert={alert}")["rail"])
    assert shown in rail and "Over since" not in rail
    assert ("ack in the" in rail) == shown.startswith("Back")


def test_share_of_voice_leaves_out_private_messages(tmp_path: Path) -> None:
    """A help desk full of tickets is no talk about a brand: only what anybody could read of a rival too is compared."""
    private = "UPDATE brand_hourly SET public_count = 0, public_estimated_count = 0, public_squared_weight = 0"
    with _changed(tmp_path, f"{private} WHERE brand = 'aerolia' AND channel = 'facebook'") as (found, ask):
        own, both, counted = (
            ask(f"SELECT sum({c}) FROM brand_hourly WHERE brand IN ({brands}) AND bucket_at >= ?", WEEK)
            for c, brands in (
                ("public_count", "'aerolia'"), ("public_count", "'aerolia', 'skylark'"), ("mention_count", "'aerolia'"),
            )
        )
        tile = _tile(found, "/?vs=skylark", "Share of voice")
        assert tile[1] == words.percent(own / both, both) and f"of {both:,} public mentions of 2 brands" in tile
        assert _tile(found, "/?vs=skylark", "Mentions")[1] == f"{counted:,}" and counted > own


def test_intents_are_shares_of_what_could_be_read(tmp_path: Path) -> None:
    """Of mentions that no model reads nothing is known: they do not make complaints rare."""
    unread = "UPDATE brand_hourly SET read_count = mention_count * 3 // 5, complaint_count = mention_count // 6"
    with _changed(tmp_path, unread) as (found, ask):
        of = "FROM brand_hourly WHERE brand = 'aerolia' AND bucket_at >= ?"
        complaints, read = ask(f"SELECT sum(complaint_count) {of}", WEEK), ask(f"SELECT sum(read_count) {of}", WEEK)
        assert _tile(found, "/", "Complaints")[1] == words.percent(complaints / read, read)
        [row] = [r for r in _filled(found, "/")["changed"].rows if r[0] == "Complaint"]
        said = "FROM driver_hourly WHERE brand = 'aerolia' AND name = 'complaint' AND bucket_at >= ?"
        assert row[1] == words.percent(ask(f"SELECT sum(mention_count) {said}", WEEK) / read, read)


def test_the_volume_table_adds_up(snapshot: Snapshot) -> None:
    """The rows behind the chart add up to the tile, for every period."""
    for period in ("24h", "7d", "28d"):
        url = f"/?period={period}"
        rows = _filled(snapshot, url)["volume"].rows
        total = sum(int(r[1].replace(",", "")) for r in rows)
        assert _tile(snapshot, url, "Mentions")[1] == f"{total:,}"


def test_care_counts(snapshot: Snapshot, raw: duckdb.DuckDBPyConnection) -> None:
    threads, unanswered, open_, late, in_time, due = _one(
        raw,
        "SELECT count(*), sum((status = 'unanswered')::INT), sum((status <> 'answered')::INT), "
        "sum((status <> 'answered' AND last_inbound_at < $now - INTERVAL 1 HOUR)::INT), "
        "sum((first_response_seconds <= 3600)::INT), "
        "sum((first_response_seconds IS NOT NULL OR opened_at < $now - INTERVAL 1 HOUR)::INT) "
        "FROM thread_status WHERE brand = 'aerolia' AND needs_response AND opened_at >= $week".replace("$now", "?").replace(
            "$week", "?"
        ),
        factory.END,
        factory.END,
        WEEK,
    )
    tile = _tile(snapshot, "/care", "Unanswered")
    assert tile[1] == words.percent(unanswered / threads)
    assert f"of {threads} conversations that need an answer" in tile
    assert _tile(snapshot, "/care", "Open now")[1] == str(open_)
    assert f"{late} are late" in _tile(snapshot, "/care", "Open now")
    assert _tile(snapshot, "/care", "Answered within 60 min")[1] == words.percent(in_time / due)


def test_the_median_counts_those_who_wait(snapshot: Snapshot, raw: duckdb.DuckDBPyConnection) -> None:
    """The median lies above that of the answered alone, and half of the customers have a reply by then."""
    (answered,) = _one(
        raw,
        "SELECT median(first_response_seconds) / 60 FROM thread_status "
        "WHERE brand = 'aerolia' AND needs_response AND opened_at >= ?",
        WEEK,
    )
    shown = _tile(snapshot, "/care", "First reply, median")[1]
    assert shown.endswith(" min")
    assert int(shown.removesuffix(" min")) >= answered


def test_the_queue_is_in_the_order_of_the_clock(snapshot: Snapshot, raw: duckdb.DuckDBPyConnection) -> None:
    rows = raw.execute(
        "SELECT least(last_inbound_at + INTERVAL 1 HOUR, coalesce(expires_at, 'infinity'::TIMESTAMPTZ)) AS due "
        "FROM thread_status WHERE brand = 'aerolia' AND needs_response AND status <> 'answered' "
        "AND opened_at >= ? AND coalesce(expires_at > ?, true)",
        [WEEK, factory.END],
    ).fetchall()
    yesterday = factory.END - timedelta(days=1)
    wanted = sorted((due < yesterday, due) for (due,) in rows)[:8]
    queue = _filled(snapshot, "/care")["queue"][-1]
    shown = [datetime.fromisoformat(item.children[0].dateTime) for item in queue.children]
    assert shown == [due for _, due in wanted]


def test_advocates(snapshot: Snapshot, raw: duckdb.DuckDBPyConnection) -> None:
    advocates, detractors, base, back = _one(
        raw, "SELECT sum(advocate_count), sum(detractor_count), sum(replied_base), sum(replied_recovered) FROM advocate_weekly "
        "WHERE brand = 'aerolia' AND week_at >= ?", datetime(2026, 1, 19, tzinfo=UTC),
    )
    assert _tile(snapshot, "/advocacy", "Advocates")[1] == f"{advocates:,}"
    assert _tile(snapshot, "/advocacy", "Detractors")[1] == f"{detractors:,}"
    proxy = _tile(snapshot, "/advocacy", "Would recommend (proxy)")[1]
    assert proxy == "~ " + words.signed(100 * (advocates - detractors) / (advocates + detractors))
    assert _tile(snapshot, "/advocacy", "Came back after a reply")[1] == words.percent(back / base, base)
    assert "Not proof of cause" in _filled(snapshot, "/advocacy")["recovered"].takeaway


def test_the_crisis_says_what_the_alert_says(snapshot: Snapshot) -> None:
    page, view = _see(snapshot, "/crisis")
    assert (
        page.heading(view, snapshot)
        == "Aerolia: 6.1 times as many mentions as we expect since 06:15; top reason: cancelled flight"
    )
    state = _said(_filled(snapshot, "/crisis")["state"])
    assert "251 mentions in 60 min, where we expect 41 (28 to 57)." in state
    assert "The other brands are as usual: this is about Aerolia." in state
    rows = _filled(snapshot, "/crisis")["drivers"].rows
    assert sum(int(r[3].replace("+", "").replace(words.MINUS, "-")) for r in rows) == 251 - 41


def test_a_quiet_brand_is_called_quiet(snapshot: Snapshot) -> None:
    page, view = _see(snapshot, "/crisis?brand=nordwind")
    assert page.heading(view, snapshot) == "No incident is open for Nordwind"
    assert "There has been none so far." in _texts(_filled(snapshot, "/crisis?brand=nordwind")["state"])


def test_an_incident_of_days_is_shown_up_to_now(tmp_path: Path) -> None:
    """People, reach and conversations since the onset are all of them, and the charts reach the present."""
    onset = factory.END - timedelta(days=4)
    at = f"TIMESTAMPTZ '{onset.isoformat()}'"
    moved = f"UPDATE alerts SET onset_at = {at}, fired_at = {at} WHERE state <> 'resolved'"
    with _changed(tmp_path, moved) as (found, ask):
        of = "FROM mention_feed WHERE brand = 'aerolia' AND NOT is_own AND published_at >= ?"
        people, mentions = ask(f"SELECT count(DISTINCT author_id) {of}", onset), ask(f"SELECT count(*) {of}", onset)
        tile = _tile(found, "/crisis", "People", "facts")
        assert tile[1] == f"{people:,}" and f"behind {mentions:,} public mentions since 11 Feb, 13:40" in tile
        threads = "SELECT count(*) FROM thread_status WHERE brand = 'aerolia' AND needs_response AND opened_at >= ?"
        assert f"of {ask(threads, onset):,} conversations since" in _tile(found, "/crisis", "Not answered yet", "facts")[-1]
        parts = _filled(found, "/crisis")
        assert parts["volume"].rows[-1][0] == "15 Feb, 13:30" and parts["negative"].rows[-1][0] == "15 Feb, 13:30"
        assert 150 < len(parts["volume"].rows) <= BUCKETS
        assert "In its first 24 h the other brands were as usual" in _said(parts["state"])
        assert "In its first 24 h." in _said(parts["others"])


def test_people_of_a_part_are_told_as_such(tmp_path: Path) -> None:
    with _changed(tmp_path, "UPDATE mention_feed SET weight = 10") as (found, ask):
        of = "FROM mention_feed WHERE brand = 'aerolia' AND NOT is_own AND published_at >= ?"
        collected = ask(f"SELECT count(*) {of}", factory.ONSET)
        tile = _tile(found, "/crisis", "People", "facts")
        assert tile[-1] == f"behind {10 * collected:,} public mentions since 06:15, estimated from {collected:,} collected"
        assert "at least: of those collected" in tile
        reach = 10 * ask(f"SELECT sum(reach) {of}", factory.ONSET)
        assert _tile(found, "/crisis", "Reach", "facts")[1] == f"~ {words.compact(reach)}"


def test_a_link_to_an_alert_shows_that_alert(snapshot: Snapshot, raw: duckdb.DuckDBPyConnection) -> None:
    (key,) = _one(raw, "SELECT alert_id::VARCHAR FROM alerts WHERE state = 'resolved'")
    page, view = _see(snapshot, f"/crisis?alert={key}")
    assert page.heading(view, snapshot).startswith("Aerolia: 61 % negative since 3 Feb")
    assert "over: it lasted 3 h" in _texts(_filled(snapshot, f"/crisis?alert={key}")["state"])[0]


def test_arming_is_said_in_words(snapshot: Snapshot) -> None:
    text = _said(_filled(snapshot, "/crisis")["arming"])
    assert "Transpolar, not yet: too few mentions yet; alerts are armed from 20 Feb 2026." in text


def test_too_few_is_never_a_number(tmp_path: Path) -> None:
    """With a handful of mentions, tiles keep their place and say that it is too few."""
    factory.snapshot(tmp_path, scale=0.004, days=28)
    few = Snapshots(tmp_path).current()
    assert few is not None
    assert _tile(few, "/?brand=transpolar", "Net sentiment")[1] == words.NONE
    assert any("too few to say" in t for t in _tile(few, "/?brand=transpolar", "Net sentiment"))
    assert isinstance(_filled(few, "/?brand=transpolar")["net"], Panel)
    assert _filled(few, "/?brand=transpolar")["net"].figure is None


def test_no_replies_in_the_data_is_said_before_any_number(tmp_path: Path) -> None:
    path = factory.snapshot(tmp_path, days=9, scale=0.5)
    with duckdb.connect(str(path)) as db:
        db.execute(
            "UPDATE thread_status SET reply_count = 0, first_reply_at = NULL, first_response_seconds = NULL, "
            "status = 'unanswered'"
        )
    found = Snapshots(tmp_path).current()
    assert found is not None
    assert "This data holds no reply by Aerolia." in _texts(_filled(found, "/care")["silent"])


def _urls(snapshot: Snapshot) -> list[str]:
    found = []
    for page in pages():
        for brand in snapshot.brands:
            found += [f"{page.path}?brand={brand.key}&period={s}" for s in page.spans]
        found += [f"{page.path}?ch=x", f"{page.path}?cmp=off", f"{page.path}?vs="]
    return found


def test_every_figure_is_small_and_named(snapshot: Snapshot) -> None:
    """At most 200 buckets a trace and 60 kB a figure; words for those who do not see it; a table behind it."""
    for url in _urls(snapshot):
        for name, part in _filled(snapshot, url).items():
            if not isinstance(part, Panel) or part.figure is None:
                continue
            longest = max(len(t["x"]) for t in part.figure["data"] if t.get("hoverinfo") != "skip" or "fill" not in t)
            assert longest <= BUCKETS, (url, name, longest)
            assert len(json.dumps(part.figure)) < 60_000, (url, name)
            assert part.takeaway and part.takeaway in part.label, (url, name)
            assert part.rows and all(len(r) == len(part.columns) for r in part.rows), (url, name)


def test_every_graph_has_our_config(snapshot: Snapshot) -> None:
    """No chart may offer to send its data to a cloud."""
    graphs = 0

    def look(component: Any) -> None:
        nonlocal graphs
        if type(component).__name__ == "Graph":
            graphs += 1
            assert component.config == GRAPH_CONFIG
        children = getattr(component, "children", component if isinstance(component, list | tuple) else [])
        for child in children if isinstance(children, list | tuple) else [children]:
            if child is not None and not isinstance(child, str):
                look(child)

    for page in pages():
        view = View.read(page.path, Allowed.on(page.path, page.spans, snapshot))
        look(shell.frame(page, view, snapshot, WALL))
    assert GRAPH_CONFIG["showSendToCloud"] is False
    assert graphs == sum(1 for p in pages() for s in p.slots if s.height)


def test_live_data_that_is_late_says_so(tmp_path: Path) -> None:
    factory.snapshot(tmp_path, scale=0.1, days=9, is_simulated=False)
    found = Snapshots(tmp_path).current()
    assert found is not None
    page, view = _see(found, "/")
    fresh = _said(shell.strips(view, found, WALL))
    late = _said(shell.strips(view, found, WALL + timedelta(hours=2)))
    assert "Out of date" not in fresh
    assert "Out of date. The last update was 2 h 16 ago, at 13:44." in late
    assert "updated 13:44" in shell.as_of(page, view, found)
