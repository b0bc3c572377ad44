"""Intervals and tails against published values and against sums over the exact distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.statistics import count_range, count_rarity, share_rarity, wilson


@pytest.mark.parametrize(
    ("successes", "total", "low", "high"), [(14, 110, 7.7, 20.2), (16, 97, 10.4, 25.1), (25, 97, 18.1, 35.3), (0, 10, 0.0, 27.8)]
)
def test_wilson_gives_the_published_intervals(successes: int, total: int, low: float, high: float) -> None:
    assert wilson(successes, total) == (pytest.approx(low / 100, abs=0.0006), pytest.approx(high / 100, abs=0.0006))


@given(st.integers(0, 200), st.integers(1, 200))
def test_an_interval_holds_its_estimate_and_nothing_impossible(successes: int, total: int) -> None:
    successes = min(successes, total)
    low, high = wilson(successes, total)
    assert 0 <= low <= successes / total + 1e-12 and successes / total - 1e-12 <= high <= 1


def test_nothing_counted_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert count_rarity(0, 5.0, 0.1) == 0.0


def _tail(observed: int, mean: float, dispersion: float) -> float:
    """Chance of `observed` or more by adding up the other side, or this one where it is the smaller."""
    size = 1 / dispersion

    def chance(k: int) -> float:
        logs = math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1)
        return math.exp(logs + size * math.log(size / (size + mean)) + k * math.log(mean / (size + mean)))

    return math.fsum(chance(k) for k in range(observed, observed + 4000))


@given(st.integers(1, 150), st.floats(0.05, 60), st.floats(0.02, 2.0))
def test_count_rarity_is_the_exact_tail(observed: int, mean: float, dispersion: float) -> None:
    tail = _tail(observed, mean, dispersion)
    if tail > 1e-250:
        assert count_rarity(observed, mean, dispersion) == pytest.approx(-math.log10(min(tail, 1.0)), abs=1e-3)


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.05, 0.95), st.floats(1, 500))
def test_share_rarity_is_the_exact_tail(successes: int, total: int, share: float, concentration: float) -> None:
    successes = min(successes, total)
    a, b = share * concentration, (1 - share) * concentration

    def log_beta(x: float, y: float) -> float:
        return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

    tail = math.fsum(
        math.comb(total, k) * math.exp(log_beta(k + a, total - k + b) - log_beta(a, b)) for k in range(successes, total + 1)
    )
    assert share_rarity(successes, total, share, concentration) == pytest.approx(max(0.0, -math.log10(tail)), abs=1e-6)


def test_more_is_rarer() -> None:
    values = [count_rarity(k, 8.0, 0.2) for k in range(9, 200)]
    assert values == sorted(values)


@pytest.mark.parametrize("dispersion", [0.02, 0.3, 1.0])
@pytest.mark.parametrize("mean", [0.3, 1.0, 4.0, 25.0, 400.0])
def test_count_range_holds_about_what_it_promises(mean: float, dispersion: float) -> None:
    draws = np.random.default_rng(1).negative_binomial(1 / dispersion, 1 / (1 + dispersion * mean), 100_000)
    low, high = count_range(np.array([mean]), dispersion)
    assert 0.975 <= np.mean((draws >= low[0]) & (draws <= high[0])) <= 1.0
    assert low[0] <= mean <= high[0]
