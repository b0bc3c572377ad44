"""How many mentions neither of two searches found: the interval holds the truth as often as it says, where it is told at all."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.metrics import COMMON, captured

ROUNDS = 1000


@pytest.mark.parametrize(("truth", "first", "second"), [
    (60, 0.5, 0.5), (60, 0.9, 0.3), (200, 0.2, 0.3), (200, 0.1, 0.8), (1000, 0.2, 0.3), (1000, 0.9, 0.6), (2000, 0.1, 0.15),
])
def test_the_interval_holds_the_truth_in_95_of_100_worlds(truth: int, first: float, second: float) -> None:
    chance, told, held, sums = random.Random(truth), 0, 0, 0.0
    for _ in range(ROUNDS):
        found = [(chance.random() < first, chance.random() < second) for _ in range(truth)]
        counts = (sum(a for a, _ in found), sum(b for _, b in found), sum(a and b for a, b in found))
        estimate = captured(*counts)
        if estimate is None:
            assert counts[2] < COMMON
            continue
        told += 1
        held += estimate.low <= truth <= estimate.high
        sums += estimate.value
    assert told > 0.9 * ROUNDS
    assert 0.90 <= held / told <= 0.99
    assert sums / told == pytest.approx(truth, rel=0.05)


def test_queries_that_find_the_same_more_easily_make_it_a_lower_bound() -> None:
    """A fifth of the mentions is loud and found by both nine times of ten, the rest one time of ten: far more are unseen."""
    chance = random.Random(5)
    odds = [0.9 if chance.random() < 0.2 else 0.1 for _ in range(5000)]
    found = [(chance.random() < p, chance.random() < p) for p in odds]
    estimate = captured(sum(a for a, _ in found), sum(b for _, b in found), sum(a and b for a, b in found))
    assert estimate is not None and estimate.high < 5000


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_it_never_promises_fewer_than_were_seen(only_first: int, only_second: int, both: int) -> None:
    estimate = captured(only_first + both, only_second + both, both)
    if both < COMMON:
        assert estimate is None
        return
    assert estimate is not None
    seen = only_first + only_second + both
    assert estimate.n == seen <= estimate.low <= estimate.value + 1 and estimate.value <= estimate.high
