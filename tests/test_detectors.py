"""Return periods in the line, and the rules that every detector keeps: causal, streaming, bounded, deterministic."""

from __future__ import annotations

import csv
import os
import tempfile
import time
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import remembered
from pipelines.detectors.base import COUNTS, Arming, Block, Detector, Verdicts, bucket_of, bucket_start
from pipelines.detectors.recurrence import Recurrence
from pipelines.episodes import Episode, Tracker
from pipelines.registry import kinds, load
from tests.listening import START, rhythm

FIRST = bucket_of(START)
DATA = Path(os.environ.get("EARSHOT_DATA", Path(__file__).resolve().parent.parent.parent / "shared" / "data"))
DETECTORS = [load("detectors", kind) for kind in kinds("detectors")]


def block(
    volume: np.ndarray, negative: np.ndarray | float = 0.3, *, scored: bool = True, reposts: np.ndarray | None = None
) -> Block:
    """Counts of some brands as a block; `negative`: counts, or a share of the volume."""
    volume = np.atleast_2d(np.asarray(volume, dtype=float))
    negatives = np.round(volume * negative) if isinstance(negative, float) else np.atleast_2d(negative).astype(float)
    counts = {name: volume for name in COUNTS} | {
        "negative_count": negatives * scored, "scored_count": volume * scored,
        "repost_count": np.zeros_like(volume) if reposts is None else np.atleast_2d(reposts).astype(float),
        "opened_count": volume, "left_count": np.roll(volume, 3, axis=1), "met_count": volume - negatives,
        "missed_count": negatives,
        "arrived_count": volume, "rejected_count": negatives, "late_count": negatives, "duplicate_count": negatives // 2,
        "language_count": negatives // 3, "z": volume, "authors": volume, "usual_authors": volume / 9, "usual_mentions": volume,
    }
    return Block([f"brand{row}" for row in range(len(volume))], FIRST, counts)


def noisy(days: float, per_day: float, brands: int = 1, seed: int = 0) -> Block:
    """Ordinary business: a daily rhythm and about a third negative."""
    volume = np.stack([rhythm(days, per_day, seed + row) for row in range(brands)])
    return block(volume, np.random.default_rng(seed).binomial(volume, 0.33))


def part(whole: Block, start: int, stop: int) -> Block:
    return Block(whole.brands, whole.first + start, {name: values[:, start:stop] for name, values in whole.counts.items()})


def judge(detector: Detector, *blocks: Block) -> tuple[list[Verdicts], Any, list[Episode]]:
    state, tracker = detector.start(blocks[0].brands), Tracker(detector, blocks[0].brands)
    verdicts, episodes = [], []
    for one in blocks:
        verdicts.append(detector.update(state, one))
        episodes += tracker.update(one.first, verdicts[-1])
    return verdicts, state, episodes


def said(episodes: list[Episode], until: int = 10**9) -> list[tuple[Any, ...]]:
    """What had been announced by the end of bucket `until`."""
    return [
        (e.brand, e.onset, t.state, t.tier, t.severity, t.bucket, t.evidence)
        for e in sorted(episodes, key=lambda e: (e.brand, e.onset)) for t in e.transitions if t.bucket < until
    ]


def same(one: Verdicts, other: Verdicts) -> None:
    for signal, expected in one.expected.items():
        for name in ("observed", "expected", "low", "high"):
            np.testing.assert_array_equal(getattr(expected, name), getattr(other.expected[signal], name))
    assert one.evidence == other.evidence
    np.testing.assert_array_equal(one.calm, other.calm)


def with_bursts(seed: int, days: int = 9) -> Block:
    """Two brands with bursts, a silence and a stretch in which nothing was scored, all at random."""
    draw = np.random.default_rng(seed)
    volume = np.stack([rhythm(days, draw.choice([20, 150, 600]), seed + row) for row in range(2)])
    for _ in range(6):
        row, at = draw.integers(2), draw.integers(0, volume.shape[1] - 20)
        volume[row, at:at + draw.integers(1, 20)] += draw.integers(5, 60)
    silent = draw.integers(0, volume.shape[1] - 60)
    volume[0, silent:silent + 50] = 0
    return block(volume, draw.binomial(volume, 0.4), reposts=draw.binomial(volume, 0.1))


@pytest.mark.parametrize("kind", DETECTORS, ids=lambda k: k.__name__)
class TestEveryDetector:
    @settings(max_examples=12, deadline=None)
    @given(seed=st.integers(0, 10_000), cut=st.integers(300, 9 * 96 - 1), factor=st.sampled_from([0, 1, 7]))
    def test_the_future_never_changes_the_past(self, kind: type[Detector], seed: int, cut: int, factor: int) -> None:
        whole = with_bursts(seed)
        changed = {name: values.copy() for name, values in whole.counts.items()}
        for values in changed.values():
            values[:, cut:] = values[:, cut:][:, ::-1] * factor
        other = Block(whole.brands, whole.first, changed)
        detector = kind(kind="any")
        first, _, episodes = judge(detector, whole)
        second, _, others = judge(detector, other)
        assert said(episodes, FIRST + cut) == said(others, FIRST + cut)
        for signal, expected in first[0].expected.items():
            np.testing.assert_array_equal(expected.expected[:, :cut], second[0].expected[signal].expected[:, :cut])

    @settings(max_examples=12, deadline=None)
    @given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(1, 9 * 96 - 1), max_size=5, unique=True))
    def test_cutting_history_into_other_blocks_changes_nothing(self, kind: type[Detector], seed: int, cuts: list[int]) -> None:
        whole, detector = with_bursts(seed), kind(kind="any")
        edges = [0, *sorted(cuts), whole.width]
        pieces = [part(whole, a, b) for a, b in pairwise(edges)]
        (at_once,), _, episodes = judge(detector, whole)
        in_parts, _, others = judge(detector, *pieces)
        from pipelines.detectors.base import joined

        same(at_once, joined(in_parts))
        assert said(episodes) == said(others)

    def test_bucket_by_bucket_is_the_same_too(self, kind: type[Detector]) -> None:
        whole, detector = with_bursts(5, days=5), kind(kind="any")
        (at_once,), _, episodes = judge(detector, whole)
        _, _, others = judge(detector, *[part(whole, i, i + 1) for i in range(whole.width)])
        assert said(episodes) == said(others)
        assert at_once.calm.shape == (2, whole.width)

    def test_brands_do_not_touch_each_other(self, kind: type[Detector]) -> None:
        both, detector = with_bursts(11), kind(kind="any")
        alone = Block(both.brands[:1], both.first, {name: values[:1] for name, values in both.counts.items()})
        _, _, episodes = judge(detector, both)
        _, _, others = judge(detector, alone)
        assert said([e for e in episodes if e.brand == "brand0"]) == said(others)

    def test_state_does_not_grow_with_history(self, kind: type[Detector]) -> None:
        def size(thing: Any) -> int:
            if isinstance(thing, np.ndarray):
                return thing.size
            if isinstance(thing, tuple | list):
                return sum(size(t) for t in thing)
            return sum(size(v) for v in vars(thing).values()) if hasattr(thing, "__dict__") else 1

        sizes = [size(judge(kind(kind="any"), noisy(days, 200))[1]) for days in (10, 100)]
        assert sizes[0] == sizes[1]

    def test_it_is_fast_enough(self, kind: type[Detector]) -> None:
        """Above 200,000 buckets a second of processor time over its signals, of which every detector has three at least."""
        whole = noisy(40, 300, brands=60)
        started = time.process_time()
        judge(kind(kind="any"), whole)
        assert whole.width * 60 * 3 / (time.process_time() - started) > 200_000


def storm(
    days: int = 20, per_day: float = 300, times: float = 8, hours: int = 6, negative: float = 0.85, seed: int = 3
) -> tuple[Block, int]:
    """Ordinary weeks, then a surge that begins at 10:00 of the last day; its first bucket."""
    volume = rhythm(days, per_day, seed)
    draw = np.random.default_rng(seed)
    bad = draw.binomial(volume, 0.33)
    onset = (days - 1) * 96 + 40
    extra = draw.poisson(per_day / 96 * (times - 1), hours * 4)
    volume[onset:onset + hours * 4] += extra
    bad[onset:onset + hours * 4] += draw.binomial(extra, negative)
    return block(volume, bad), onset


@pytest.mark.parametrize("seed", range(5))
def test_a_storm_is_a_page_within_an_hour(seed: int) -> None:
    whole, onset = storm(seed=seed)
    _, _, episodes = judge(Recurrence(kind="recurrence"), whole)
    found = [t for e in episodes for t in e.transitions if t.tier == "page" and t.bucket >= FIRST + onset]
    assert found and found[0].bucket < FIRST + onset + 4
    (episode,) = [e for e in episodes if e.last.bucket >= FIRST + onset]
    assert abs(episode.onset - FIRST - onset) <= 2  # it says when it began, not when it was found
    assert episode.last.state == "resolved" and found[0].severity >= 5


@pytest.mark.parametrize("seed", range(5))
def test_a_burst_of_praise_is_no_page(seed: int) -> None:
    whole, _ = storm(seed=seed, negative=0.05)
    _, _, episodes = judge(Recurrence(kind="recurrence"), whole)
    assert not [t for e in episodes for t in e.transitions if t.tier == "page"]


def test_volume_alone_is_a_watch_where_nothing_is_scored() -> None:
    whole, onset = storm()
    (verdicts,), _, episodes = judge(Recurrence(kind="recurrence"), block(whole.counts["mention_count"], scored=False))
    assert {t.tier for e in episodes for t in e.transitions} == {"watch"}
    assert any(e.signal == "volume" and abs(e.onset - FIRST - onset) <= 2 for e in episodes)
    assert np.isnan(verdicts.expected["negative_count"].expected).all()


def test_one_post_that_is_passed_on_is_no_page() -> None:
    whole, onset = storm(times=15)
    passed_on = np.zeros_like(whole.counts["mention_count"])
    passed_on[:, onset:onset + 24] = whole.counts["mention_count"][:, onset:onset + 24] * 0.9
    counts = dict(whole.counts) | {"repost_count": passed_on}
    _, _, episodes = judge(Recurrence(kind="recurrence"), Block(whole.brands, FIRST, counts))
    late = [t for e in episodes for t in e.transitions if t.bucket >= FIRST + onset]
    assert late and all(t.tier == "watch" for t in late)


def test_a_jump_of_the_negative_share_alone_is_a_watch() -> None:
    volume = rhythm(20, 800, 4)
    bad = np.random.default_rng(4).binomial(volume, 0.2)
    onset = 19 * 96 + 40
    bad[onset:onset + 24] = np.random.default_rng(5).binomial(volume[onset:onset + 24], 0.7)
    _, _, episodes = judge(Recurrence(kind="recurrence"), block(volume, bad))
    found = [e for e in episodes if e.last.bucket >= FIRST + onset]
    assert found and found[0].transitions[0].tier == "watch" and found[0].signal in ("negative_share", "negative_count")
    assert found[0].transitions[0].bucket < FIRST + onset + 12


def test_quiet_months_stay_quiet() -> None:
    """Twelve brands, two months of business in a weekly rhythm: a fifth of the budget's pages at most, half the watches."""
    volume = np.stack([rhythm(61, per_day, seed) for seed, per_day in enumerate([60, 200, 600, 2000] * 3)])
    weekend = (np.arange(volume.shape[1]) // 96) % 7 >= 5
    volume[:, weekend] = np.random.default_rng(1).binomial(volume[:, weekend], 0.6)
    _, _, episodes = judge(Recurrence(kind="recurrence"), block(volume, np.random.default_rng(2).binomial(volume, 0.33)))
    assert sum(e.last.tier == "page" for e in episodes) <= 12 * 61 / 60 / 5
    assert len(episodes) <= 12 * 61 / 14 / 2


def test_a_known_event_is_expected_until_it_expires_and_is_not_learned() -> None:
    """A launch that triples the talk of three days raises nothing; without a calendar it does, and so does a storm in it."""
    volume = rhythm(30, 600, 2)
    volume[24 * 96:27 * 96] *= 3
    since, until = START + timedelta(days=24), START + timedelta(days=27)
    event = {"what": "launch", "brand": "brand0", "from": since, "to": until, "factor": 3}
    calendar = Recurrence(kind="recurrence", events=[event])  # type: ignore[list-item]
    negative = np.random.default_rng(2).binomial(volume, 0.33)

    def raised(detector: Recurrence, counts: np.ndarray, bad: np.ndarray) -> list[Episode]:
        return [e for e in judge(detector, block(counts, bad))[2] if e.transitions[0].bucket >= FIRST + 24 * 96]

    assert raised(Recurrence(kind="recurrence"), volume, negative)
    assert not raised(calendar, volume, negative)
    (verdicts,), _, _ = judge(calendar, block(volume, negative))
    assert verdicts.expected["volume"].expected[0, 28 * 96:29 * 96].sum() == pytest.approx(600, rel=0.15)
    storm_in_it = volume.copy()
    extra = np.random.default_rng(1).poisson(200, 16)
    at = slice(25 * 96 + 40, 25 * 96 + 56)
    storm_in_it[at] += extra
    bad = negative.copy()
    bad[at] += extra
    (episode, *_) = raised(calendar, storm_in_it, bad)
    assert episode.transitions[0].evidence.event == "launch"


def test_an_event_of_the_calendar_that_never_ends_is_refused() -> None:
    moment = START
    for change in ({"to": moment}, {"to": moment - timedelta(days=1)}, {"from": moment.replace(tzinfo=None)}, {"factor": 0.5}):
        event = {"what": "launch", "brand": "acme", "from": moment, "to": moment + timedelta(days=1)} | change
        with pytest.raises(ValueError, match="events"):
            Recurrence(kind="recurrence", events=[event])  # type: ignore[list-item]


def test_ordinary_nights_and_weekends_are_no_silence() -> None:
    volume = np.stack([rhythm(42, per_day, seed) for seed, per_day in enumerate([25, 60, 200, 600] * 3)])
    hours = np.arange(volume.shape[1]) / 4
    volume[:, (hours % 24 < 6) | (hours // 24 % 7 >= 5)] = 0  # an office that is shut
    _, _, episodes = judge(Recurrence(kind="recurrence"), block(volume))
    assert not [e for e in episodes if e.signal == "silence"]


def test_a_source_that_starts_is_no_crisis() -> None:
    """Four stray mentions, then a hundred an hour from one moment on: nothing for three days, and it says from when."""
    volume = np.zeros(9 * 96, dtype=int)
    volume[[40, 140, 230, 330]] = 1
    volume[5 * 96:] = np.random.default_rng(0).poisson(25, 4 * 96)
    detector = Recurrence(kind="recurrence")
    _, state, episodes = judge(detector, block(volume))
    (arming,) = detector.arming(state)
    assert not episodes
    assert (arming.first, arming.regular) == (FIRST + 40, FIRST + 5 * 96)
    assert arming.watch == FIRST + 8 * 96


def test_history_before_arming_raises_nothing_and_pages_need_a_week() -> None:
    early, _ = storm(days=3)
    assert not judge(Recurrence(kind="recurrence"), early)[2]
    short, onset = storm(days=6)
    tiers = {t.tier for e in judge(Recurrence(kind="recurrence"), short)[2] for t in e.transitions if t.bucket >= FIRST + onset}
    assert tiers == {"watch"}


def test_a_rarely_mentioned_brand_is_armed_after_two_weeks() -> None:
    volume = np.zeros(30 * 96, dtype=int)
    volume[10::24] = 1  # four a day
    volume[29 * 96 + 40:29 * 96 + 48] = 10
    detector = Recurrence(kind="recurrence")
    _, state, episodes = judge(detector, block(volume))
    (arming,) = detector.arming(state)
    assert arming.watch == FIRST + 10 + 14 * 96
    assert len(episodes) == 1 and episodes[0].onset == FIRST + 29 * 96 + 40


def test_a_brand_that_was_silent_for_weeks_starts_anew() -> None:
    volume = np.concatenate((rhythm(20, 300), np.zeros(20 * 96, dtype=int), rhythm(2, 900)))
    detector = Recurrence(kind="recurrence")
    _, state, episodes = judge(detector, block(volume))
    (arming,) = detector.arming(state)
    assert not [e for e in episodes if e.transitions[0].bucket >= FIRST + 40 * 96]
    assert arming.first is not None and arming.first >= FIRST + 40 * 96
    assert arming.watch is not None and arming.watch > FIRST + 42 * 96


def test_an_outage_of_a_source_does_not_lower_what_is_expected() -> None:
    volume = rhythm(24, 600)
    volume[15 * 96:18 * 96] = 0
    (verdicts,), _, episodes = judge(Recurrence(kind="recurrence"), block(volume))
    expected = verdicts.expected["volume"].expected[0]
    assert expected[19 * 96:20 * 96].sum() == pytest.approx(600, rel=0.1)
    (silence,) = [e for e in episodes if e.transitions[0].bucket >= FIRST + 15 * 96]  # and nothing when it comes back
    assert (silence.signal, silence.last.tier, silence.onset) == ("silence", "watch", FIRST + 15 * 96)
    assert silence.transitions[0].bucket < FIRST + 15 * 96 + 24 and FIRST + 18 * 96 <= (silence.ended or 0) < FIRST + 18 * 96 + 24


def test_a_storm_does_not_become_the_new_normal() -> None:
    volume = rhythm(24, 300)
    volume[15 * 96:17 * 96] *= 10
    (verdicts,), _, _ = judge(Recurrence(kind="recurrence"), block(volume))
    assert verdicts.expected["volume"].expected[0, 18 * 96:19 * 96].sum() < 600


def test_a_lasting_change_of_level_is_learned() -> None:
    volume = np.concatenate((rhythm(20, 200), rhythm(40, 600, 1)))
    (verdicts,), _, episodes = judge(Recurrence(kind="recurrence"), block(volume))
    assert verdicts.expected["volume"].expected[0, -96:].sum() == pytest.approx(600, rel=0.15)
    assert not [e for e in episodes if e.ended is None]


def test_the_hour_of_day_is_learned() -> None:
    (verdicts,), _, _ = judge(Recurrence(kind="recurrence"), noisy(28, 600))
    day = verdicts.expected["volume"].expected[0, -96:]
    assert day[15 * 4] > 3 * day[3 * 4]
    found = verdicts.expected["volume"]
    inside = (found.observed[0, 10 * 96:] >= found.low[0, 10 * 96:]) & (found.observed[0, 10 * 96:] <= found.high[0, 10 * 96:])
    assert 0.97 <= inside.mean() <= 1.0


def test_a_model_that_is_switched_on_is_no_crisis() -> None:
    """Nothing scored for two weeks, then everything: negatives go from none to a third."""
    volume = rhythm(20, 600)
    scored = np.arange(len(volume)) >= 14 * 96 + 30
    counts = dict(block(volume).counts)
    counts["negative_count"], counts["scored_count"] = counts["negative_count"] * scored, counts["scored_count"] * scored
    _, _, episodes = judge(Recurrence(kind="recurrence"), Block(["brand0"], FIRST, counts))
    assert not [e for e in episodes if e.signal != "volume" or e.last.tier == "page"]


@pytest.mark.parametrize(
    ("severities", "expected"), [([2], ["onset"]), ([2, 3], ["onset"]), ([2, 4, 5, 6], ["onset", "escalated", "escalated"])]
)
def test_an_open_alert_is_sent_again_when_it_jumps(severities: list[int], expected: list[str]) -> None:
    episodes = track({i * 2: (s, "watch") for i, s in enumerate(severities)}, 8)
    assert [t.state for t in episodes[0].transitions] == expected


def track(evidence: dict[int, tuple[int, str]], width: int) -> list[Episode]:
    """Episodes of one brand whose evidence has these severities and tiers; every other bucket is calm."""
    from pipelines.detectors.base import Evidence

    found = {
        (0, column): Evidence(
            tier=tier, signal="volume", window_minutes=60, observed=9, expected=1, low=0, high=3, rarity=5,  # type: ignore[arg-type]
            severity=severity,
        )
        for column, (severity, tier) in evidence.items()
    }
    calm = np.ones((1, width), dtype=bool)
    calm[0, list(evidence)] = False
    return Tracker(Recurrence(kind="recurrence"), ["acme"]).update(FIRST, Verdicts({}, found, calm))


def test_an_alert_ends_after_two_calm_hours_and_a_weak_echo_is_not_raised() -> None:
    episodes = track({10: (4, "watch"), 17: (4, "watch"), 30: (4, "watch"), 60: (4, "watch")}, 100)
    assert [(e.transitions[0].bucket - FIRST, e.last.state, e.last.bucket - FIRST) for e in episodes] == [
        (10, "resolved", 25), (60, "resolved", 68),  # the one at 30 came within six hours of the first one's end
    ]


def test_a_page_never_waits_for_a_watch_to_cool_down() -> None:
    episodes = track({10: (4, "watch"), 25: (5, "page")}, 60)
    assert [e.transitions[0].tier for e in episodes] == ["watch", "page"]
    (episode,) = track({10: (6, "watch"), 12: (5, "page")}, 20)
    assert [(t.state, t.tier, t.severity) for t in episode.transitions][1] == ("escalated", "page", 7)


@pytest.mark.data
def test_false_alarms_on_real_counts_are_moderate() -> None:
    """Five stock tickers, 53 days each: most labelled windows hit, and at most about two alarms a month outside them."""
    folder = DATA / "nab"
    if not folder.exists():
        pytest.skip(f"{folder} is not there: set EARSHOT_DATA")
    import json

    windows, ignored = (json.loads((folder / name).read_text()) for name in ("combined_windows.json", "dont_care_windows.json"))
    hit = outside = total = 0
    months = 0.0
    for path in sorted(folder.glob("*.csv")):
        with path.open() as file:
            rows = [(datetime.fromisoformat(r["timestamp"] + "+00:00"), float(r["value"])) for r in csv.DictReader(file)]
        first = bucket_of(rows[0][0])
        volume = np.zeros((1, bucket_of(rows[-1][0]) - first + 1))
        for at, value in rows:
            volume[0, bucket_of(at) - first] += value
        counts = block(volume, scored=False).counts
        _, _, episodes = judge(Recurrence(kind="recurrence", unit="mentions"), Block([path.stem], first, counts))
        fired = [bucket_start(e.transitions[0].bucket + 1) for e in episodes]
        key = next(k for k in windows if k.endswith(path.name))
        spans = [[datetime.fromisoformat(t.split(".")[0] + "+00:00") for t in pair[:2]] for pair in windows[key]]
        known = ignored.get(key, [])
        excused = spans + [[datetime.fromisoformat(t.split(".")[0] + "+00:00") for t in pair[:2]] for pair in known]
        hit += sum(any(a <= at <= b for at in fired) for a, b in spans)
        total += len(spans)
        outside += sum(not any(a <= at <= b for a, b in excused) for at in fired)
        months += volume.shape[1] / 96 / 30.44
    assert hit >= 12 and total == 17
    assert outside / months <= 2.5


def test_arming_is_told_for_every_brand() -> None:
    detector = Recurrence(kind="recurrence")
    _, state, _ = judge(detector, block(np.stack([rhythm(8, 300), np.zeros(8 * 96, dtype=int)])))
    armed, never = detector.arming(state)
    assert isinstance(armed, Arming) and armed.page is not None and armed.page <= FIRST + 8 * 96
    assert (never.first, never.watch, never.mentions) == (None, None, 0)


@pytest.mark.parametrize("kind", DETECTORS, ids=lambda k: k.__name__)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(1, 9 * 96 - 1))
def test_a_restart_at_any_bucket_gives_identical_alerts(kind: type[Detector], seed: int, cut: int) -> None:
    """State and open episodes, written to a file and read back, go on as if nothing had happened."""
    whole, detector = with_bursts(seed), kind(kind="any")
    (at_once,), _, episodes = judge(detector, whole)
    state, tracker = detector.start(whole.brands), Tracker(detector, whole.brands)
    before = detector.update(state, part(whole, 0, cut))
    found = tracker.update(whole.first, before)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.npz"
        remembered.save(path, remembered.Memory(cut, "", remembered.arrays(state), remembered.tracks(tracker)))
        memory = remembered.load(path)
    assert memory is not None
    again, later = detector.start(whole.brands), Tracker(detector, whole.brands)
    remembered.restore(again, memory.state)
    open_ = remembered.resume(later, memory.tracks)
    after = detector.update(again, part(whole, cut, whole.width))
    found = [e for e in found if e.ended is not None] + open_ + later.update(whole.first + cut, after)
    from pipelines.detectors.base import joined

    same(at_once, joined([before, after]))
    assert said(found) == said(episodes)
