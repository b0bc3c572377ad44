"""Sentiment by brand from landed text to the marts: enriched once, loaded once, and null where one sentiment holds for all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines import enrich, load
from pipelines.settings import Settings
from pipelines.store import open_warehouse
from tests.test_enrich import WINDOW, land, mention, settings_in

NOW = datetime(2026, 2, 1, tzinfo=UTC)
MENTIONS = (
    mention(0, "@united lost my bag and ruined the trip, but @delta was amazing and so kind to us", brand="united"),
    mention(1, "@united worst flight ever, still on hold", brand="united"),
    mention(2, "@united @delta you are both terrible, shame on you", brand="united"),
    mention(3, "Ich fliege nie wieder mit @united, aber @delta war einfach wunderbar und sehr freundlich", brand="united"),
    mention(4, "so much better than @united, thank you!", brand="delta"),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = settings_in(tmp_path)
    land(made, *MENTIONS)
    return made


def by_brand(settings: Settings) -> dict[tuple[str, str], str]:
    with open_warehouse(settings) as connection:
        rows = connection.execute("""
            SELECT m.native_id, b.brand, b.sentiment FROM brand_mentions AS b JOIN mentions AS m ON m.mention_id = b.mention_id
        """).fetchall()
    return {(native_id, brand): sentiment for native_id, brand, sentiment in rows}


@pytest.mark.slow
def test_each_brand_has_its_own_sentiment_and_a_rerun_changes_nothing(settings: Settings) -> None:
    path = enrich.run(settings, "s", WINDOW, now=NOW, model="encoder").path
    found = [json.loads(text) if text else None for text in pq.read_table(path)["brand_sentiments"].to_pylist()]
    assert [feelings is not None for feelings in found] == [True, False, False, False, False]
    assert found[0] is not None and found[0]["delta"]["p_positive"] > 0.5 > found[0]["united"]["p_positive"]
    assert sum(found[0]["united"][name] for name in ("p_negative", "p_neutral", "p_positive")) == pytest.approx(1, abs=0.001)
    first = load.run(settings, "s", WINDOW, now=NOW)
    told = by_brand(settings)
    assert (told["0", "united"], told["0", "delta"]) == ("negative", "positive")
    assert told["2", "united"] == told["2", "delta"] == "negative"
    assert (first.stored, first.unchanged) == (5, 0)

    whole = path.read_bytes()
    path.unlink()  # as a run that was killed leaves it
    enrich.run(settings, "s", WINDOW, now=NOW, model="encoder")
    assert path.read_bytes() == whole
    assert load.run(settings, "s", WINDOW, now=NOW).stored == 0 and by_brand(settings) == told


def test_files_without_sentiment_by_brand_are_read_as_before(settings: Settings) -> None:
    """What other models write, and what was written before: the mention's sentiment is that of all its brands."""
    path = enrich.run(settings, "s", WINDOW, now=NOW, model="lexicon").path
    assert pq.read_table(path)["brand_sentiments"].null_count == len(MENTIONS)
    load.run(settings, "s", WINDOW, now=NOW)
    told = by_brand(settings)
    assert told["0", "united"] == told["0", "delta"]
    assert set(told) == {(i, brand) for i in "0234" for brand in ("united", "delta")} | {("1", "united")}
