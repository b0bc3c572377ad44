"""Class shares that are estimated without labels, and calibration: what must hold for any chances."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models import priors
from models.evaluation.plot import draw, reliability
from models.training import calibrate

EVEN = np.full(3, 1 / 3)
CHANCES = arrays(np.float64, st.tuples(st.integers(1, 40), st.just(3)), elements=st.floats(0.01, 1.0)).map(
    lambda a: a / a.sum(axis=1, keepdims=True)
)


def drawn(share: list[float], n: int, seed: int, spread: float = 1.6) -> tuple[np.ndarray, np.ndarray]:
    """n texts whose classes have these shares, and what a perfectly calibrated reader without a favourite says of them."""
    rng = np.random.default_rng(seed)
    true = rng.choice(3, n, p=share)
    seen = rng.normal(0, 1, (n, 3)) + spread * np.eye(3)[true]
    odds = np.exp(spread * seen)
    return odds / odds.sum(axis=1, keepdims=True), true


def test_shares_far_from_equal_ones_are_found() -> None:
    for seed, share in enumerate(([0.8, 0.15, 0.05], [0.05, 0.25, 0.7], [1 / 3, 1 / 3, 1 / 3])):
        chances, true = drawn(share, 3_000, seed)
        actual = np.bincount(true, minlength=3) / len(true)
        assert np.abs(priors.shares(chances, EVEN) - actual).max() < 0.03
    chances, true = drawn([0.8, 0.15, 0.05], 3_000, 9)
    counted = np.bincount(chances.argmax(axis=1), minlength=3) / len(true)
    actual = np.bincount(true, minlength=3) / len(true)
    assert np.abs(priors.shares(chances, EVEN) - actual).max() < np.abs(counted - actual).max() / 2, "counting is further off"
    fitted = priors.adapted(chances, priors.shares(chances, EVEN)).argmax(axis=1)
    assert (fitted == true).mean() > (chances.argmax(axis=1) == true).mean()


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    inside = 0
    for seed in range(60):
        chances, _ = drawn([0.6, 0.3, 0.1], 300, seed)
        found = priors.estimate(chances, EVEN, rounds=100)
        inside += bool(found.low[0] <= 0.6 <= found.high[0])
    assert 50 <= inside <= 60


@settings(max_examples=50, deadline=None)
@given(CHANCES, st.randoms())
def test_shares_are_shares_and_know_no_order(chances: np.ndarray, rng: object) -> None:
    share = priors.shares(chances, EVEN)
    assert np.isclose(share.sum(), 1) and (share > 0).all()
    assert np.allclose(priors.shares(chances[::-1], EVEN), share, atol=1e-6)
    assert np.allclose(priors.shares(chances[:, ::-1], EVEN), share[::-1], atol=1e-3)
    doubled = priors.shares(chances, EVEN, np.full(len(chances), 2.0))
    assert np.allclose(doubled, priors.shares(np.concatenate([chances, chances]), EVEN), atol=1e-6)
    adapted = priors.adapted(chances, share)
    assert np.allclose(adapted.sum(axis=1), 1)


def test_without_a_text_nothing_is_known() -> None:
    found = priors.estimate(np.empty((0, 3)), EVEN)
    assert np.allclose(found.share, 1 / 3) and (found.low == 0).all() and (found.high == 1).all() and found.n == 0


def test_confidence_is_right_as_often_as_it_says_after_calibration() -> None:
    chances, true = drawn([0.2, 0.4, 0.4], 4_000, 3)
    loud = (3.0 * np.log(chances)).astype(np.float32)  # a model that is three times too sure
    shift = calibrate.balance(np.array([200, 400, 400]))
    heat = calibrate.temperature("sentiment", loud, true.astype(float), shift)
    fitted = calibrate.calibrated("sentiment", loud, heat, shift)
    assert abs(fitted.max(axis=1).mean() - (fitted.argmax(axis=1) == true).mean()) < 0.01 and heat > 2
    assert shift[0] > shift[1] == shift[2]


def test_the_picture_has_a_point_a_bin_and_no_script() -> None:
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.4, 1, 500).astype(np.float32)
    picture = draw({"irony": reliability(sure, rng.uniform(size=500) < sure)})
    assert picture.count("<circle") == 10 and "<script" not in picture and "irony" in picture
