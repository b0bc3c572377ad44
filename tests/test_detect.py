"""Detect on real warehouses: alerts, expectations and arming, recorded once however often it runs."""

from __future__ import annotations

import hashlib
import json
import os
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines import detect, drivers, publish
from pipelines.settings import Settings
from pipelines.store import open_warehouse, warehouse_path
from tests import listening
from tests.listening import QUARTER, START, Said, rhythm, spread, store

DATA = Path(os.environ.get("EARSHOT_DATA", Path(__file__).resolve().parent.parent.parent / "shared" / "data"))
ONSET = 11 * 96 + 40  # bucket, 10:00 on the twelfth day
NOW = START + timedelta(days=12, hours=12)


@pytest.fixture(autouse=True)
def _own_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARSHOT_STORAGE", raising=False)


def settings(folder: Path, **stanzas: Any) -> Settings:
    """Without the detector of new topics, which has its own tests: it finds the words of every crisis too."""
    detectors = {"words": {"kind": "new_topic", "enabled": False}} | stanzas.pop("detectors", {})
    return listening.settings(folder, detectors=detectors, **stanzas)


def ask(configured: Settings, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with open_warehouse(configured) as connection:
        return connection.execute(sql, list(parameters)).fetchall()


def ordinary(days: float = 12.5, brand: str = "acme", seed: int = 1, **fields: Any) -> list[Said]:
    return spread(rhythm(days, 250, seed), brand, 0.3, seed, **fields)


def crisis(brand: str = "acme", hours: int = 5, each: int = 20, start: int = ONSET, **fields: Any) -> list[Said]:
    counts = np.zeros(start + hours * 4, dtype=int)
    counts[start:] = each
    told = {"text": "my flight is cancelled again and nobody answers", "topics": ("cancellation",), "engagement": 3} | fields
    return spread(counts, brand, 0.9, 99, **told)


def alerts(configured: Settings) -> list[dict[str, Any]]:
    with open_warehouse(configured) as connection:
        found = connection.execute("SELECT * FROM alerts ORDER BY fired_at")
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_a_crisis_becomes_one_alert_with_all_that_a_person_needs(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    store(configured, [*ordinary(), *crisis()])
    found = detect.run(configured, now=NOW)
    (alert,) = alerts(configured)
    onset = START + ONSET * QUARTER
    assert (alert["detector"], alert["brand"], alert["tier"], alert["state"]) == ("recurrence", "acme", "page", "resolved")
    assert abs(alert["onset_at"] - onset) <= QUARTER and onset < alert["fired_at"] <= onset + timedelta(hours=1)
    assert alert["resolved_at"] > onset + timedelta(hours=5)
    assert alert["low"] <= alert["expected"] <= alert["high"] < alert["observed"]
    assert alert["severity"] >= 6
    assert all(words in alert["summary"] for words in ("Acme", "times the", "Over since"))
    assert found.alerts == 1 and found.open == 0 and found.armed == 1 and not found.notes
    states = ask(configured, "SELECT position, state, tier FROM alert_states ORDER BY position")
    assert [row[0] for row in states] == list(range(len(states)))
    assert states[0][1] == "onset" and states[-1][1] == "resolved" and states[-1][2] == "page"


def test_drivers_of_a_kind_add_up_to_the_same_excess_and_examples_are_of_the_crisis(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    reposts = crisis(each=2, kind="repost", text="RT cancelled")
    store(configured, [*ordinary(text="good morning from the lounge"), *crisis(), *reposts])
    detect.run(configured, now=NOW)
    (alert,) = alerts(configured)
    parts = json.loads(alert["drivers"])

    def total(kind: str) -> list[float]:
        return [sum(p[name] for p in parts if p["kind"] == kind) for name in ("observed", "expected", "excess")]

    observed, expected, excess = total("channel")
    assert observed - expected == pytest.approx(excess, abs=0.05) and excess > 20
    assert total("topic") == pytest.approx(total("channel"), abs=0.05)
    assert total("term") == pytest.approx(total("channel"), abs=0.05)
    (first,) = [p for p in parts if p["kind"] == "topic" and p["name"] == "cancellation"]
    assert first["excess"] > 0.8 * excess
    assert any("cancelled" in p["name"] or "flight" in p["name"] for p in parts if p["kind"] == "term")
    told = ask(configured, "SELECT text, kind FROM mentions WHERE mention_id = ?", alert["example_ids"][0])
    ((text, kind),) = told
    assert text.startswith("my flight is cancelled again and nobody answers") and kind == "post"


def test_a_second_run_changes_nothing_and_not_one_byte(tmp_path: Path) -> None:
    configured = settings(tmp_path, project={"timezone": "America/New_York"})
    store(configured, [*ordinary(), *crisis(), *ordinary(3, "rival", 2)])
    assert detect.run(configured, now=NOW).alerts == 1
    before = hashlib.sha256(warehouse_path(configured).read_bytes()).hexdigest()
    again = detect.run(configured, now=NOW + timedelta(days=400))
    assert again.alerts == 0 and again.armed == 2
    assert hashlib.sha256(warehouse_path(configured).read_bytes()).hexdigest() == before


def test_running_as_the_data_come_in_ends_where_one_run_at_the_end_does(tmp_path: Path) -> None:
    said = sorted([*ordinary(), *crisis()], key=lambda s: s.at)
    at_once, live = settings(tmp_path / "a"), settings(tmp_path / "b")
    store(at_once, said)
    detect.run(at_once, now=NOW)
    ticks = [START + timedelta(days=11), *(START + ONSET * QUARTER + n * timedelta(minutes=40) for n in range(12)), NOW]
    since = START - QUARTER
    states: list[str] = []
    for tick in ticks:
        store(live, [s for s in said if since <= s.at < tick])
        since = tick
        detect.run(live, now=tick)
        states += [state for (state,) in ask(live, "SELECT state FROM alerts")]
    assert states == sorted(states, key=["onset", "escalated", "resolved"].index)  # forward only
    keep = "SELECT detector, brand, signal, tier, state, onset_at, fired_at, resolved_at, severity FROM alerts"
    assert ask(live, keep) == ask(at_once, keep)
    told = "SELECT position, state, tier, severity, reached_at, observed, expected FROM alert_states ORDER BY position"
    assert ask(live, told) == ask(at_once, told)
    assert ask(live, "SELECT * FROM expectations ORDER BY ALL") == ask(at_once, "SELECT * FROM expectations ORDER BY ALL")


def test_late_mentions_that_move_the_onset_do_not_make_a_second_alert(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    until = START + ONSET * QUARTER + timedelta(hours=3)
    said = [s for s in [*ordinary(), *crisis()] if s.at < until]
    store(configured, said)
    detect.run(configured, now=until)
    ((before, onset_at),) = ask(configured, "SELECT alert_id, onset_at FROM alerts")
    store(configured, crisis(hours=1, start=ONSET - 4, text="this came in late"))
    assert detect.run(configured, now=until).alerts <= 1
    assert ask(configured, "SELECT alert_id, onset_at FROM alerts") == [(before, onset_at)]
    states = [state for (state,) in ask(configured, "SELECT state FROM alert_states ORDER BY position")]
    assert states.count("onset") == 1


@pytest.mark.parametrize("seed", range(3))
def test_however_late_mentions_come_in_no_two_alerts_overlap(tmp_path: Path, seed: int) -> None:
    configured, draw = settings(tmp_path), np.random.default_rng(seed)
    said = [*ordinary(), *crisis(hours=3), *crisis(hours=2, start=ONSET - 3 * 96)]
    order = draw.integers(0, 3, len(said))  # each mention comes in with one of three loads, whenever it was published
    known: list[str] = []
    for batch in range(3):
        store(configured, [s for s, late in zip(said, order, strict=True) if late == batch])
        detect.run(configured, now=NOW)
        found = alerts(configured)
        assert {str(a["alert_id"]) for a in found} >= set(known)  # what was told stays
        known = [str(a["alert_id"]) for a in found]
        for one, other in pairwise(sorted(found, key=lambda a: a["onset_at"])):
            assert one["resolved_at"] is not None and one["resolved_at"] <= other["onset_at"]


def test_a_sample_of_a_large_span_gives_the_same_totals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured = settings(tmp_path)
    store(configured, [*ordinary(channel="forum"), *crisis()])
    onset = START + ONSET * QUARTER
    span = drivers.Span("acme", onset, onset + timedelta(hours=5), 60.0, "author_count")
    told = []
    for limit in (10_000, 100):
        monkeypatch.setattr(drivers, "_READ", limit)
        with open_warehouse(configured) as connection:
            told.append(drivers.why(connection, span, {"acme"}).drivers)
    whole, sample = ({d["name"]: d for d in parts if d["kind"] == "channel"} for parts in told)
    for name in ("observed", "expected"):
        assert sum(d[name] for d in sample.values()) == pytest.approx(sum(d[name] for d in whole.values()), abs=0.3)
    assert sum(d["expected"] for d in whole.values()) == pytest.approx(60.0, abs=0.1)
    assert sample["x"]["observed"] == pytest.approx(whole["x"]["observed"], rel=0.15)


def test_drivers_of_a_sampled_storm_count_as_many_as_they_stand_for(tmp_path: Path) -> None:
    """One in ten was read of the storm, and one in two of the days before: like what is expected, all is told as it was."""
    configured = settings(tmp_path)
    store(configured, [*ordinary(channel="forum"), *crisis()])
    ask(configured, "UPDATE mentions SET weight = CASE channel WHEN 'x' THEN 10 ELSE 2 END RETURNING 1")
    store(configured, [Said("rival", START, "somebody")])  # makes the marts anew
    onset = START + ONSET * QUARTER
    span = drivers.Span("acme", onset, onset + timedelta(hours=5), 120.0, "mention_count")
    with open_warehouse(configured) as connection:
        parts = drivers.why(connection, span, {"acme"}).drivers
    ((counted,),) = ask(
        configured, "SELECT sum(mention_count) FROM brand_15min WHERE brand = 'acme' AND bucket_at >= ? AND bucket_at < ?",
        span.since, span.until,
    )
    for kind in ("channel", "topic", "form", "author"):
        totals = [sum(p[name] for p in parts if p["kind"] == kind) for name in ("observed", "expected", "excess")]
        assert totals == pytest.approx([counted, 120.0, counted - 120.0], abs=0.1), kind
    storm = next(p for p in parts if p["kind"] == "channel" and p["name"] == "x")
    assert (storm["observed"], storm["expected"], storm["squared_weight"]) == (10 * 20 * 20, 0, 100 * 20 * 20)


def test_an_open_alert_that_later_data_does_not_bear_out_is_ended(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    until = START + ONSET * QUARTER + timedelta(hours=1)
    store(configured, [s for s in [*ordinary(), *crisis()] if s.at < until])
    assert detect.run(configured, now=until).open == 1
    ask(configured, "DELETE FROM mentions WHERE text LIKE 'my flight%' RETURNING 1")
    store(configured, [])
    ended = detect.run(configured, now=until)
    assert (ended.alerts, ended.open) == (1, 0)
    assert ask(configured, "SELECT state, resolved_at <= ? FROM alerts", until) == [("resolved", True)]
    assert detect.run(configured, now=until).alerts == 0


def test_nothing_after_now_is_looked_at_and_an_unfinished_bucket_waits(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    store(configured, [*ordinary(), *crisis(), Said("acme", START + timedelta(days=900), "a")])
    now = START + ONSET * QUARTER + timedelta(minutes=14)
    found = detect.run(configured, now=now)
    assert found.sealed_at == START + ONSET * QUARTER and found.open == 0
    (latest,) = ask(configured, "SELECT max(bucket_at) FROM expectations")[0]
    assert latest == START + (ONSET - 1) * QUARTER


def test_expectations_cover_four_weeks_and_what_they_promise(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    store(configured, spread(rhythm(40, 120), "acme", 0.3))
    detect.run(configured, now=START + timedelta(days=60))
    rows = ask(
        configured, "SELECT signal, count(*), min(bucket_at), max(bucket_at), avg(is_outside::INTEGER) FROM expectations "
        "GROUP BY ALL ORDER BY 1"
    )
    assert [row[0] for row in rows] == ["negative_count", "negative_share", "volume"]
    for _, count, first, last, outside in rows:
        assert last - first <= timedelta(days=28) and count <= 28 * 96 and outside < 0.03
    ((observed, mentions),) = ask(
        configured, "SELECT (SELECT sum(observed) FROM expectations WHERE signal = 'volume'), sum(author_count) FROM brand_15min "
        "WHERE bucket_at >= ? AND bucket_at <= ?", rows[2][2], rows[2][3])
    assert observed == mentions


def test_who_is_not_armed_is_named_with_the_date(tmp_path: Path) -> None:
    names = {"acme": "Acme Air", "young": "Young", "silent": "Silent"}
    configured = settings(tmp_path, brands={key: {"name": name} for key, name in names.items()})
    young = [Said("young", s.at + timedelta(days=11), s.author) for s in spread(rhythm(1.4, 900), "young")]
    rare = [Said("rare", START + timedelta(days=n), "somebody") for n in range(12)]
    store(configured, [*ordinary(), *young, *rare])
    found = detect.run(configured, now=NOW)
    rows = {brand: (state, note) for brand, state, note in ask(configured, "SELECT brand, state, note FROM arming")}
    assert rows["acme"][0] == "armed" and "armed since 5 Mar 2026" in rows["acme"][1]
    assert rows["young"] == ("arming", "Young: first mention on 13 Mar 2026; alerts are armed from 16 Mar 2026.")
    assert rows["silent"] == ("no_data", "Silent: no mention yet; alerts cannot be armed.")
    assert rows["rare"][0] == "arming" and "too few" in rows["rare"][1]
    assert found.armed == 1 and len(found.notes) == 3


def test_an_absurd_date_costs_nothing(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    store(configured, [*ordinary(), *crisis(), Said("acme", datetime(1971, 1, 1, tzinfo=UTC), "time traveller")])
    started = time.perf_counter()
    found = detect.run(configured, now=NOW)
    assert time.perf_counter() - started < 10
    assert found.buckets < 20_000 and ask(configured, "SELECT count(*) FROM alerts") == [(1,)]


def test_an_empty_warehouse_is_no_error(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    store(configured, [])
    nothing = detect.Detected(0, 0, 0, ("Acme: no mention yet; alerts cannot be armed.",), 0, None)
    assert detect.run(configured, now=NOW) == nothing


def test_detectors_are_what_the_stanzas_say(tmp_path: Path) -> None:
    stanzas = {"calm": {"kind": "recurrence", "min_mentions": 5000, "min_points": 1}, "keen": {"kind": "recurrence"}}
    configured = settings(tmp_path, detectors=stanzas)
    store(configured, [*ordinary(), *crisis()])
    detect.run(configured, now=NOW)
    assert ask(configured, "SELECT DISTINCT detector FROM alerts") == [("keen",)]
    assert ask(configured, "SELECT count(*) FROM arming") == [(1,)]


@pytest.mark.data
def test_the_airline_week(tmp_path: Path) -> None:
    """Real mentions, 16 to 24 February 2015: the storm is raised on the 22nd or 23rd, nothing before, American is not armed."""
    path = DATA / "streams" / "airline_week.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is not there: set EARSHOT_DATA")
    configured = listening.settings(tmp_path, brands={}, project={"timezone": "America/Los_Angeles"})
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    store(configured, [
        Said(r["brand"], datetime.strptime(r["created_at"], "%Y-%m-%d %H:%M:%S %z"), r["author"], r["text"]) for r in rows
    ])
    found = detect.run(configured, now=datetime(2026, 1, 1, tzinfo=UTC))
    raised = ask(
        configured,
        "SELECT brand, tier, (fired_at AT TIME ZONE 'America/Los_Angeles')::DATE::VARCHAR FROM alerts ORDER BY fired_at",
    )
    storm = {brand for brand, _, day in raised if day in ("2015-02-22", "2015-02-23")}
    assert storm & {"US Airways", "Delta"}
    assert not [day for _, _, day in raised if day < "2015-02-21"]
    assert "American" not in {brand for brand, _, _ in raised}
    assert {tier for _, tier, _ in raised} == {"watch"}  # nothing is scored, and there is a week of history
    named = ask(configured, "SELECT brand, summary FROM alerts WHERE signal = 'new_topic'")
    assert {brand for brand, _ in named} == {"Delta", "Southwest"}
    assert any("fleek" in summary for brand, summary in named if brand == "Delta")
    (note,) = found.notes
    assert note.startswith("American: ") and "22 Feb 2015" in note and note.endswith("alerts are armed from 25 Feb 2015.")


def test_a_text_that_many_accounts_post_counts_once_and_the_alert_says_so(tmp_path: Path) -> None:
    """A raid of one text alone is no page; beside real talk the copies are left out of the count and named."""
    raid, both = settings(tmp_path / "raid"), settings(tmp_path / "both")
    start = START + ONSET * QUARTER
    copied = [
        Said("acme", start + timedelta(seconds=20 * n), f"bot{n}", f"@acme{n} shame on Acme, never buy there again", "negative")
        for n in range(600)
    ]
    store(raid, [*ordinary(), *copied])
    detect.run(raid, now=NOW)
    assert not ask(raid, "SELECT 1 FROM alerts WHERE detector = 'recurrence'")
    store(both, [*ordinary(), *copied, *crisis()])
    detect.run(both, now=NOW)
    ((tier, observed, told),) = ask(
        both, "SELECT a.tier, s.observed, s.summary FROM alerts AS a INNER JOIN alert_states AS s ON s.alert_id = a.alert_id "
        "AND s.position = 0 WHERE a.detector = 'recurrence'"
    )
    assert tier == "page" and observed < 150 and "repeat the text of another and are not counted" in told


def test_a_run_reads_new_buckets_only_and_everything_again_when_something_comes_in_late(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    said = sorted([*ordinary(), *crisis()], key=lambda s: s.at)
    until = START + ONSET * QUARTER + timedelta(hours=1)
    store(configured, [s for s in said if s.at < until])
    first = detect.run(configured, now=until)
    assert first.buckets > 11 * 96 and first.open
    store(configured, [s for s in said if s.at >= until])
    assert detect.run(configured, now=NOW).buckets < 400  # of all detectors together
    assert detect.run(configured, now=NOW).buckets < 400
    store(configured, [Said("acme", START + timedelta(days=2), "late")])
    assert detect.run(configured, now=NOW).buckets > 11 * 96
    (tmp_path / "earshot-data" / "detectors" / "recurrence.npz").write_bytes(b"half a fi")
    assert detect.run(configured, now=NOW).buckets > 11 * 96
    counts = ask(configured, "SELECT count(*), count(DISTINCT alert_id) FROM alerts WHERE detector = 'recurrence'")
    assert counts == [(1, 1)]


def test_a_crisis_and_its_words_are_one_incident(tmp_path: Path) -> None:
    configured = listening.settings(tmp_path)
    store(configured, [*ordinary(text="good morning from the lounge"), *crisis()])
    detect.run(configured, now=NOW)
    publish.run(configured, now=NOW)
    assert ask(configured, "SELECT detector FROM alerts ORDER BY 1") == [("new_topic",), ("recurrence",)]
    assert ask(configured, "SELECT alert_count, tier FROM incidents") == [(2, "page")]


def test_a_storm_whose_negative_half_comes_in_late_pages(tmp_path: Path) -> None:
    """A fast source brings neutral talk, a slow one half an hour later what is negative."""
    configured = settings(tmp_path)
    counts = np.zeros(ONSET + 16, dtype=int)
    counts[ONSET:] = 14
    fast = [*ordinary(), *spread(counts, "acme", 0.0, 98, text="what is going on with the flights today")]
    slow = spread(counts, "acme", 1.0, 97, text="my flight is cancelled again and nobody answers")
    since, lag = START - QUARTER, timedelta(minutes=30)
    tiers = []
    for tick in (START + ONSET * QUARTER + n * timedelta(minutes=30) for n in range(7)):
        arrived = [s for s in fast if since <= s.at < tick] + [s for s in slow if since - lag <= s.at < tick - lag]
        store(configured, arrived)
        since = tick
        detect.run(configured, now=tick)
        tiers += [tier for (tier,) in ask(configured, "SELECT tier FROM alerts WHERE detector = 'recurrence'")]
    assert tiers[0] == "watch" and tiers[-1] == "page", tiers
    told = ask(configured, "SELECT state, tier FROM alert_states ORDER BY position")
    assert told[0] == ("onset", "watch") and ("escalated", "page") in told


@pytest.mark.parametrize("change", [{"enabled": False}, {"shadow": True}])
def test_an_alert_ends_when_its_detector_is_switched_off_or_put_on_trial(tmp_path: Path, change: dict[str, bool]) -> None:
    storms: dict[str, Any] = {"kind": "recurrence"}
    until = START + ONSET * QUARTER + timedelta(hours=1)
    before, after = (settings(tmp_path, detectors={"storms": storms | extra}) for extra in ({}, change))
    store(before, [s for s in [*ordinary(), *crisis()] if s.at < until])
    assert detect.run(before, now=until).open == 1
    assert detect.run(after, now=until).open == 0
    assert "switched off, renamed or put on trial" in ask(before, "SELECT summary FROM alerts")[0][0]
