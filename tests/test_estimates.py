"""What the model's errors hide is estimated, stored once and published; a brand with few mentions has no estimate."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest

from models import weights
from pipelines import aggregate, estimates
from pipelines.settings import Settings
from pipelines.store import open_warehouse
from tests.stored import MENTION, SEEN, insert, mention, scores
from warehouse import build

LABELS = ("negative", "neutral", "positive")


def fill(
    connection: duckdb.DuckDBPyConnection, brand: str, share: list[float], n: int, seed: int, model: str = "encoder@fast-test"
) -> float:
    """n scored mentions of a brand whose sentiment has these shares; returns the true share of negative ones."""
    rng = np.random.default_rng(seed)
    true = rng.choice(3, n, p=share)
    seen = rng.normal(0, 1, (n, 3)) + 1.4 * np.eye(3)[true]
    odds = np.exp(1.4 * seen)
    chances = odds / odds.sum(axis=1, keepdims=True)
    start = MENTION["published_at"]
    rows = [mention(native_id=f"{brand}{i}", brand=brand, published_at=start + timedelta(minutes=i)) for i in range(n)]
    insert(connection, "mentions", rows)
    insert(connection, "enrichments", [
        scores(row, LABELS[int(p.argmax())], model=model, p_negative=float(p[0]),
            p_neutral=float(p[1]), p_positive=float(p[2]))
        for row, p in zip(rows, chances, strict=True)
    ])
    return float((true == 0).mean())


def read(settings: Settings) -> dict[str, tuple[float, float, float, float, int]]:
    with open_warehouse(settings) as connection:
        found = connection.execute(
            "SELECT brand, counted_rate, estimated_rate, low_rate, high_rate, mention_count FROM sentiment_estimates "
            "WHERE sentiment = 'negative'"
        ).fetchall()
    return {brand: tuple(values) for brand, *values in found}  # type: ignore[misc]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(path=tmp_path / "earshot.toml", brands={"acme": {"name": "Acme"}})


def test_the_estimate_is_nearer_than_counting_and_says_how_sure_it_is(settings: Settings) -> None:
    with open_warehouse(settings) as connection:
        actual = fill(connection, "acme", [0.75, 0.2, 0.05], 800, 1)
        fill(connection, "tiny", [0.5, 0.3, 0.2], estimates.LEAST - 1, 2)
    aggregate.run(settings, now=SEEN)
    found = read(settings)
    assert set(found) == {"acme"}, "too few mentions of the other one"
    counted, estimated, low, high, n = found["acme"]
    assert abs(estimated - actual) < abs(counted - actual) / 2 and low <= actual <= high and n == 800


def test_it_is_renewed_with_the_marts_and_after_a_kill_between_the_two(settings: Settings) -> None:
    with open_warehouse(settings) as connection:
        fill(connection, "acme", [0.75, 0.2, 0.05], 300, 1)
    aggregate.run(settings, now=SEEN)
    first = read(settings)
    assert not aggregate.run(settings, now=SEEN).changed and read(settings) == first
    with open_warehouse(settings) as connection:
        fill(connection, "other", [0.2, 0.2, 0.6], 300, 3)
        build.build(connection, timezone=settings.project.timezone, now=SEEN)  # killed after this
    assert not aggregate.run(settings, now=SEEN).changed
    assert set(read(settings)) == {"acme", "other"} and read(settings)["acme"] == first["acme"]


def test_answers_of_a_checkpoint_have_no_estimate(settings: Settings) -> None:
    """What it favours is not known: neither its scores count, nor is anything estimated while it is what gives the sentiment."""
    replaced = {"sentiment": {"kind": "hub", "checkpoint": "./mine"}}
    with_checkpoint = Settings(path=settings.path, brands={"acme": {"name": "Acme"}}, models=replaced)
    with open_warehouse(settings) as connection:
        fill(connection, "acme", [0.75, 0.2, 0.05], 300, 1)
        fill(connection, "other", [0.75, 0.2, 0.05], 300, 2, "encoder@fast-test+emotion-01234567")
        fill(connection, "third", [0.75, 0.2, 0.05], 300, 3, "encoder@fast-test+sentiment-01234567")
    aggregate.run(settings, now=SEEN)
    assert set(read(settings)) == {"acme", "other"}
    assert not aggregate.run(with_checkpoint, now=SEEN).changed and read(with_checkpoint) == {}
    aggregate.run(settings, now=SEEN)
    assert set(read(settings)) == {"acme", "other"}


def test_an_estimate_of_an_older_version_is_made_anew(settings: Settings) -> None:
    """Which knew it by the marts alone, and took a checkpoint's answers for the encoder's."""
    with open_warehouse(settings) as connection:
        fill(connection, "third", [0.75, 0.2, 0.05], 300, 3, "encoder@fast-test+sentiment-01234567")
    aggregate.run(settings, now=SEEN)
    with open_warehouse(settings) as connection:
        connection.execute("UPDATE estimate_state SET fingerprint = (SELECT fingerprint FROM build_state)")
        connection.execute(
            "INSERT INTO sentiment_estimates VALUES ('third', 'negative', 0.7, 0.8, 0.7, 0.9, 300, $seen, $seen)", {"seen": SEEN}
        )
    assert not aggregate.run(settings, now=SEEN).changed and read(settings) == {}


def test_the_usual_shares_are_those_of_the_training_sets() -> None:
    from models.priors import usual

    shares = usual(weights.sheet("fast").bias["sentiment"])
    assert shares.sum() == pytest.approx(1) and shares[0] < min(shares[1:]), "few texts of the training sets are negative"
