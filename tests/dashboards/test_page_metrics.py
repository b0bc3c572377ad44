"""Intervals and verdicts: published values, coverage by simulation, and properties that must hold for any counts."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse import metrics

COUNTS = st.integers(0, 5000)


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [(14, 110, 0.077, 0.202), (16, 97, 0.104, 0.251), (25, 97, 0.181, 0.353), (0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0)],
)
def test_wilson_gives_published_intervals(count: int, n: int, low: float, high: float) -> None:
    found = metrics.share(count, n)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-4), pytest.approx(high, abs=6e-4))


@pytest.mark.parametrize(("p", "n", "u", "value"), [(80, 20, 100, 30.0), (35, 6, 59, 29.0), (0, 5, 0, -100.0)])
def test_net_sentiment_golden_vectors(p: int, n: int, u: int, value: float) -> None:
    found = metrics.net(p, n, u)
    assert found is not None
    assert found.value == pytest.approx(value)


def test_a_weighted_share_is_as_sure_as_its_effective_number_says() -> None:
    """Mentions that each stand for ten give the share and the interval of as many that stand for one; unequal, less."""
    plain, tenfold = metrics.share(200, 1000), metrics.weighted_share(2000, 10_000, 100_000)
    assert plain and tenfold
    assert tenfold.n == plain.n == 1000
    assert (tenfold.value, tenfold.low, tenfold.high) == pytest.approx((plain.value, plain.low, plain.high))
    few = metrics.weighted_share(1000, 2000, 1000 + 10 * 100**2)  # a thousand of ours; ten of theirs, each for a hundred
    assert few and (few.value, few.n) == (0.5, 40) and few.high - few.low > 0.28
    assert metrics.weighted_share(0, 0, 0) is None


def test_a_ratio_of_estimates_is_no_surer_than_what_was_collected() -> None:
    whole, part = metrics.ratio(10_000, 5000), metrics.ratio(10_000, 5000, sizes=(100, 50))
    few = metrics.ratio(100, 50)
    assert whole and part and few
    assert part.value == whole.value and part.high / part.low == pytest.approx(few.high / few.low)
    assert part.low < whole.low < whole.high < part.high
    swinging = metrics.ratio(10_000, 5000, swing=400, sizes=(100, 50))  # days differ more by themselves than by sampling
    assert swinging and swinging.high > part.high


def test_newcombe_gives_the_published_difference() -> None:
    """56/70 against 48/80: Newcombe 1998, table II, method 10: 0.0524 to 0.3339."""
    a, b = metrics.share(56, 70), metrics.share(48, 80)
    assert a and b
    found = metrics.change(a, b)
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))


def test_net_interval_covers_the_truth() -> None:
    """95 % intervals hold the true value in about 95 of 100 samples, for few and skewed mentions too."""
    source = random.Random(11)
    for n, shares in ((60, (0.2, 0.5, 0.3)), (400, (0.05, 0.15, 0.8))):
        truth, held = 100 * (shares[0] - shares[1]), 0
        for _ in range(1500):
            sample = source.choices("pnu", shares, k=n)
            found = metrics.net(sample.count("p"), sample.count("n"), sample.count("u"))
            assert found is not None
            held += found.low <= truth <= found.high
        assert 0.935 <= held / 1500 <= 0.975


def test_seed_survey_changes_are_not_real() -> None:
    """27 of 110 to 16 of 97 looked like a shift to its authors; it is within chance."""
    before, now = metrics.share(27, 110), metrics.share(16, 97)
    assert before and now
    assert not metrics.judge([metrics.change(now, before)])[0].real


def test_many_comparisons_ask_for_more() -> None:
    """A change that stands alone is real; the same one among many that are nothing is not."""
    a, b, c = metrics.share(60, 200), metrics.share(42, 200), metrics.share(50, 200)
    assert a and b and c
    alone, nothing = metrics.change(a, b), metrics.change(c, c)
    assert metrics.judge([alone])[0].real
    assert not metrics.judge([alone, *[nothing] * 20])[0].real


@given(COUNTS, COUNTS, COUNTS)
def test_net_stays_in_its_range(p: int, n: int, u: int) -> None:
    found = metrics.net(p, n, u)
    assert (found is None) == (p + n + u == 0)
    if found:
        assert -100 <= found.low <= found.value <= found.high <= 100
        mirrored = metrics.net(n, p, u)
        assert mirrored is not None
        assert mirrored.value == -found.value
        assert mirrored.low == pytest.approx(-found.high, abs=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_judging_never_marks_a_greater_p_before_a_smaller(ps: list[float]) -> None:
    judged = metrics.judge([metrics.Change(1, 0.1, 2, p) for p in ps])
    real, chance = [c.p for c in judged if c.real], [c.p for c in judged if not c.real]
    assert not real or max(real) <= min(chance, default=1)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5), st.integers(0, 5)), max_size=30))
def test_waiting_curve_only_rises(times: list[tuple[int, int, int]]) -> None:
    steps = metrics.waiting(times)
    shares = [s.share for s in steps]
    assert shares == sorted(shares)
    assert all(-1e-9 <= s.low <= s.share <= s.high <= 1 + 1e-9 for s in steps)


def test_waiting_without_censoring_is_the_plain_share() -> None:
    steps = metrics.waiting([(5, 1, 0), (10, 1, 0), (20, 2, 0)])
    assert [round(s.share, 6) for s in steps] == [0.25, 0.5, 1.0]
    assert metrics.waited(steps, 0.5)[0] == 10


def test_those_who_still_wait_count() -> None:
    """Half of the answered within 10 minutes is not half of the customers when most still wait."""
    steps = metrics.waiting([(10, 3, 0), (60, 1, 0), (60, 0, 12)])
    assert metrics.waited(steps, 0.5)[0] is None
    assert metrics.waited(steps, 0.1)[0] == 10


def test_ratio_allows_for_days_that_swing() -> None:
    calm, wild = metrics.ratio(130, 100), metrics.ratio(130, 100, swing=9)
    assert calm and wild
    assert calm.low > 1 > wild.low
    assert metrics.ratio(5, 0) is None and metrics.ratio(5, 2, sizes=(0, 2)) is None


@pytest.mark.parametrize(("count", "n", "worth"), [(5, 19, False), (10, 30, False), (100, 400, True)])
def test_too_few_is_said(count: int, n: int, worth: bool) -> None:
    assert metrics.enough(metrics.share(count, n)) is worth


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0.0, 3.69), (3, 0.62, 8.77), (10, 4.80, 18.39), (50, 37.11, 65.92)])
def test_byar_is_close_to_the_exact_interval_of_a_count(count: int, low: float, high: float) -> None:
    found = metrics.rate(count, 1.0)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, abs=0.06), pytest.approx(high, abs=0.06))
    assert metrics.rate(count, 0.0) is None


@given(st.lists(st.integers(0, 500), max_size=60))
def test_a_median_lies_within_its_interval_and_few_values_have_none(values: list[int]) -> None:
    found = metrics.middle(values)
    assert (found is None) == (len(values) < 6)
    if found is not None:
        assert min(values) <= found.low <= found.value <= found.high <= max(values)
