"""The month's budget holds, a short one gives a fair sample, and what was not read is known with the platform's count."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import collect, gaps, governed, reobserve, spending
from pipelines.commands.budget import report
from pipelines.errors import ConfigError, SourceError
from pipelines.landing import Landing
from pipelines.records import Gap, Mention, Query, Window
from pipelines.settings import Settings
from pipelines.store import warehouse_path
from tests.conformance.polling import configured, load_all, poll, windows
from tests.platforms.base import START, Answer
from tests.platforms.x import Platform
from warehouse import connection as backend

HOUR = Window(START, START + timedelta(hours=1))
WEIGHTS = [n for n in range(1, 61) if 60 % n == 0]


def ledger(settings: Settings) -> spending.Ledger:
    return spending.Ledger(settings.storage / "pace" / "spent.sqlite")


@given(st.sampled_from(WEIGHTS), st.integers(0, 10_000))
def test_one_slice_of_each_stratum_is_read_and_the_same_one_again(weight: int, hours: int) -> None:
    window = Window(START + timedelta(hours=hours), START + timedelta(hours=hours + 1))
    chosen = spending.slices(window, weight, "x")
    assert chosen == spending.slices(window, weight, "x")
    minutes = [int((w.start - window.start).total_seconds() // 60) for w in chosen]
    assert [m // weight for m in minutes] == list(range(60 // weight))


@given(st.integers(0, 10**7), st.floats(0.0001, 1), st.floats(0, 10**6), st.floats(1, 3000))
def test_no_window_takes_more_than_is_left_or_than_its_burst(expected: int, price: float, left: float, windows: float) -> None:
    share = spending.share(expected, price, left, windows)
    if share.weight:
        assert expected * price / share.weight <= min(left, spending.BURST * left / windows) + 1e-9
    assert share.weight in (0, *WEIGHTS)


def test_weights_add_up_to_the_whole_window_on_average() -> None:
    minutes = Counter({n: n % 7 + (40 if 20 <= n < 25 else 0) for n in range(60)})
    totals = []
    for number in range(2000):
        window = Window(START + timedelta(hours=number), START + timedelta(hours=number + 1))
        read = spending.slices(window, 6, "x")
        totals.append(6 * sum(minutes[int((w.start - window.start).total_seconds() // 60)] for w in read))
    assert sum(totals) / len(totals) == pytest.approx(minutes.total(), rel=0.05)


def test_a_short_budget_gives_a_sample_whose_weights_say_what_it_stands_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Platform(3, count=600, hours=1) as platform:
        settings = configured(platform, tmp_path, monkeypatch, budget=30.0)
        platform.show_all()
        source = settings.plugin("sources", "x")
        query = Query(brands=settings.query.brands, state=tmp_path / "pace")
        wide = Window(START, START + timedelta(hours=2))
        found = [m for m in governed.collect(source, query, wide, now=platform.now) if isinstance(m, Mention)]
        weight = found[0].weight
        assert weight and weight > 1 and {m.weight for m in found} == {weight}
        assert 400 < weight * len(found) < 800
        spent = spending.Ledger(tmp_path / "pace" / "spent.sqlite").spent("x", platform.now)
        assert spent == pytest.approx(source.price * (len(found) + 1))


def test_without_money_nothing_is_read_and_the_gap_knows_how_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Platform(3, count=50, hours=1) as platform:
        settings = configured(platform, tmp_path, monkeypatch, budget=0.02)  # pays for a count
        platform.show_all()
        window = Window(START, START + timedelta(hours=2))
        assert collect.run(settings, "x", window, now=platform.now).mentions == 0
        (noted,) = gaps.open_ones(Landing(settings.storage), "x")
        assert (noted.gap.missing, noted.gap.reason) == (len(platform.visible()), "the month's budget of 0.02 is used up")
        assert collect.run(settings, "x", window, now=platform.now).mentions == 0
        assert len(gaps.open_ones(Landing(settings.storage), "x")) == 1, "the gap stays until there is money"


def test_without_money_nothing_is_counted_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Platform(3, count=50, hours=1) as platform:
        settings = configured(platform, tmp_path, monkeypatch, budget=0.02)
        spent = ledger(settings)
        for hour in range(6):
            platform.now = START + timedelta(hours=hour + 1, minutes=2)
            window = Window(START + timedelta(hours=hour), START + timedelta(hours=hour + 1))
            collect.run(settings, "x", window, now=platform.now)
        assert spent.spent("x", START) <= 0.02
        assert 0 < len(platform.asked) <= 4
        assert {noted.gap.missing for noted in gaps.open_ones(Landing(settings.storage), "x")} > {None}


def test_counting_has_a_price_of_its_own_for_each_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Platform(3, count=50, hours=1) as platform:
        rules = ['"JetBlue"', '"JetBlue" post']
        settings = configured(platform, tmp_path, monkeypatch, budget=1000.0, authors=True, queries=rules)
        platform.show_all()
        read = collect.run(settings, "x", Window(START, START + timedelta(hours=2)), now=platform.now).rows_in
        assert read > 0
        assert ledger(settings).spent("x", platform.now) == pytest.approx(2 * 0.005 + read * 0.015)


def test_a_window_is_paid_for_by_the_month_in_which_it_is_collected() -> None:
    window, hour = Window(datetime(2026, 1, 31, 23, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)), timedelta(hours=1)
    assert spending.windows_left(window, window.start) == 1
    assert spending.windows_left(window, window.end) == 28 * 24
    assert spending.windows_left(Window(window.start - 9 * hour, window.start - 8 * hour), window.start - 5 * hour) == 6


def test_what_is_looked_up_is_paid_for_and_ends_with_the_even_share_until_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Platform(3, count=40, hours=2) as platform:
        free = configured(platform, tmp_path, monkeypatch)
        for window in windows(platform.hours):
            poll(free, platform, window)
        load_all(free, platform)
        settings, now = configured(platform, tmp_path, monkeypatch, budget=0.25, authors=True), START + timedelta(days=2)
        due, platform.now, spent = len(reobserve.due(settings, settings.plugin("sources", "x"), now=now)), now, ledger(settings)
        platform.broken = Answer({}, 400)
        with pytest.raises(SourceError):
            reobserve.run(settings, "x", now=now)
        assert spent.spent("x", now) == 0
        platform.broken = None
        assert reobserve.run(settings, "x", now=now).rows_in == 4
        assert spent.spent("x", now) == pytest.approx(0.02)
        load_all(settings, platform)
        asked = len(platform.asked)
        assert reobserve.run(settings, "x", now=now).rows_in == 0
        assert len(platform.asked) == asked
        assert len(reobserve.due(settings, settings.plugin("sources", "x"), now=now)) == due - 4 > 0, "they stay due"


def test_looking_up_leaves_every_day_of_the_month_its_collecting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day, days = timedelta(days=1), 27
    with Platform(3, count=20 * days, hours=24 * days) as platform:
        monkeypatch.setattr(Platform, "limit", (1000, 1.0))
        budget = 2 * days * 21 * 0.005  # twice what the posts and a count a day cost; looking up four times would take five
        settings = configured(platform, tmp_path, monkeypatch, budget=budget, window="1d", page=100, rate="")
        landing, spent, again = Landing(settings.storage), ledger(settings), Counter[int]()
        for number in range(days):
            poll(settings, platform, Window(START + number * day, START + (number + 1) * day))
            load_all(settings, platform)
            again[number // 7] += reobserve.run(settings, "x", now=platform.now).rows_in
        read = [key for key in landing.windows("x") if "again" not in key]
        weights = {w for key in read for w in pq.ParquetFile(landing.mentions("x", key)).read()["weight"].to_pylist()}
        assert (len(read), weights, gaps.open_ones(landing, "x")) == (days, {None}, []), "every day is read whole"
        assert min(again.values()) > 60, "each week has its look-ups"
        assert 0.9 * budget < spent.spent("x", START) <= budget, "of what collecting leaves"


def stored_weights(settings: Settings) -> list[float | None]:
    with backend.open(warehouse_path(settings), read_only=True) as connection:
        return [weight for (weight,) in connection.execute("SELECT weight FROM mentions").fetchall()]


def test_a_window_that_has_not_ended_waits_so_that_its_sample_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Platform(3, count=600, hours=1) as platform:
        settings, landing = configured(platform, tmp_path, monkeypatch, budget=150.0), Landing(tmp_path / "store")
        platform.now = START + timedelta(minutes=40)
        assert collect.run(settings, "x", HOUR, now=platform.now).window_keys == [] and platform.asked == []
        late = HOUR.end + timedelta(minutes=2)
        spent = ledger(settings)
        spent.add("x", platform.now, mentions=0, cost=150.0)
        collect.run(settings, "x", HOUR, now=platform.now)
        assert gaps.read(landing, "x") == [], "nor is it a gap"
        spent.add("x", platform.now, mentions=0, cost=-150.0)
        platform.now = late
        read = collect.run(settings, "x", HOUR, now=late).mentions
        load_all(settings, platform)
        assert stored_weights(settings) == [2.0] * read and read > 0


def test_a_gap_is_over_when_its_window_is_collected_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Platform(3, count=600, hours=1) as platform:
        settings, landing = configured(platform, tmp_path, monkeypatch, budget=150.0, rate=""), Landing(tmp_path / "store")
        monkeypatch.setattr(Platform, "limit", (1000, 1.0))
        platform.now, spent = HOUR.end + timedelta(minutes=2), ledger(settings)
        spent.add("x", platform.now, mentions=0, cost=150.0)
        collect.run(settings, "x", HOUR, now=platform.now)
        (noted,) = gaps.open_ones(landing, "x")
        collect.run(settings, "x", HOUR, now=platform.now + timedelta(minutes=1))
        assert gaps.open_ones(landing, "x") == [noted], "it lacks the same still"
        spent.add("x", platform.now, mentions=0, cost=-150.0)
        found = collect.run(settings, "x", HOUR, now=platform.now + timedelta(minutes=2))
        assert (found.window_keys, gaps.open_ones(landing, "x")) == ([HOUR.key], [])
        load_all(settings, platform)
        assert set(stored_weights(settings)) == {2.0}, "nothing whole lies beside the sample"


def test_a_gap_is_counted_once_and_many_do_not_use_up_the_month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Platform(3, count=50, hours=1) as platform:
        settings, landing = configured(platform, tmp_path, monkeypatch, budget=5.0, rate=""), Landing(tmp_path / "store")
        platform.now, hour = START + timedelta(hours=6, minutes=2), timedelta(hours=1)
        monkeypatch.setattr(Platform, "limit", (1000, 1.0))
        large = Gap(source="x", start=START, end=START + 2 * hour, reason="r")
        small = [Gap(source="x", start=START - n * hour, end=START - (n - 1) * hour, reason="r") for n in range(1, 45)]
        gaps.note(landing, "x", [large, *small], now=platform.now)
        for _ in range(2):
            collect.run(settings, "x", Window(START + 5 * hour, START + 6 * hour), now=platform.now)
        counts = [r.values["start_time"] for r in platform.asked if r.path.endswith("counts/recent")]
        assert counts.count("2026-02-01T08:59:00Z") == 1
        (left,) = [n.gap for n in gaps.open_ones(landing, "x") if n.gap.start == START]
        assert left.missing and left.missing * 0.005 > 5.0 / 28
        assert 0.1 < ledger(settings).spent("x", platform.now) < 5.0 / 28 + 0.01, "a day's even share"


def test_a_collection_that_breaks_off_counts_as_if_it_had_read_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Platform(3, count=50, hours=1) as platform:
        settings = configured(platform, tmp_path, monkeypatch, budget=1000.0)
        platform.show_all()
        source = settings.plugin("sources", "x")
        query = Query(brands=settings.query.brands, state=tmp_path / "pace")
        begun = governed.collect(source, query, Window(START, START + timedelta(hours=2)), now=platform.now)
        next(begun)
        del begun
        ledger = spending.Ledger(tmp_path / "pace" / "spent.sqlite")
        assert ledger.spent("x", platform.now) == pytest.approx((len(platform.visible()) + 1) * source.price)


def test_a_budget_where_there_is_no_price_is_one_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Platform(1, count=5, hours=1) as platform:
        settings = configured(platform, tmp_path, monkeypatch, budget=1.0)
        source = settings.plugin("sources", "x")
        with pytest.raises(ConfigError, match=r"\[sources.x\] budget: it has no price for a window; set requests instead"):
            list(governed.collect(source, Query(), HOUR, now=START))


def test_the_forecast_lies_around_the_truth_and_under_the_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 4, 16, tzinfo=UTC)  # fifteen days have passed, fifteen are left
    steady = {f"2026-04-{day:02d}": 2.0 + day % 2 for day in range(1, 16)}
    found = spending.forecast(steady, 0.0, now=now)
    assert found.low < 2 * found.spent < found.high
    assert spending.forecast(steady, 50.0, now=now).high == 50.0
    with Platform(1, count=5, hours=1) as platform:
        settings = configured(platform, tmp_path, monkeypatch, budget=50.0)
        (line,) = report(settings, now=now)
    assert line.startswith("[sources.x] April 2026: 0.00 spent;") and "capped at 50.00" in line


def test_a_gap_for_want_of_money_is_filled_when_the_next_month_has_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Platform(3, count=20, hours=1) as platform:
        settings = configured(platform, tmp_path, monkeypatch, budget=5.0, backfill="40d")
        platform.show_all()
        source = settings.plugin("sources", "x")
        query = Query(brands=settings.query.brands, state=tmp_path / "pace")
        gap = Gap(source="x", start=START, end=START + timedelta(hours=2), reason="r", missing=20)
        ledger = spending.Ledger(tmp_path / "pace" / "spent.sqlite")
        ledger.add("x", platform.now, mentions=0, cost=5.0)
        assert list(governed.fill(source, query, gap, now=platform.now)) == [gap]
        later = platform.now + timedelta(days=32)
        short = configured(platform, tmp_path, monkeypatch, budget=5.0).plugin("sources", "x")
        assert list(governed.fill(short, query, gap, now=later)) == [gap] and platform.asked == [], "X no longer reaches it"
        assert sum(isinstance(m, Mention) for m in governed.fill(source, query, gap, now=later)) == len(platform.visible())
