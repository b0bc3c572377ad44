"""Enriching a window: every mention gets a row, what nobody scored is not neutral, and nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from models import base
from pipelines import enrich, records
from pipelines.batches import ENRICHMENT_SCHEMA, mention_batch, text_hash
from pipelines.errors import InputError, ModelError
from pipelines.landing import Landing, WindowWriter
from pipelines.records import Media, Mention, mention_id
from pipelines.settings import BrandStanza, Settings, TopicStanza

AT = datetime(2026, 1, 31, 14, 15, tzinfo=UTC)
WINDOW = "2026-01-31T14:15"


def settings_in(folder: Path, **brands: BrandStanza) -> Settings:
    known = {"united": BrandStanza(name="United", handles=["united"]), "delta": BrandStanza(name="Delta", handles=["delta"])}
    return Settings(path=folder / "earshot.toml", brands=known | brands)


def land(settings: Settings, *mentions: Mention) -> None:
    with WindowWriter(Landing(settings.storage), "s", WINDOW) as writer:
        writer.add(mention_batch(mentions, [m.text for m in mentions], [()] * len(mentions), [None] * len(mentions)))
        writer.finish(file="f")


def mention(number: int, text: str, **values: Any) -> Mention:
    return Mention(**{"source": "s", "native_id": str(number), "channel": "x", "text": text, "published_at": AT} | values)


MENTIONS = (
    mention(0, "@united worst flight ever, still on hold", brand="united"),
    mention(1, "United States of America"),
    mention(2, "love the new @Delta lounge, nicer than @united", brand="united"),
    mention(3, "", media=(Media(type="image", url="https://x.y/z.jpg"),), brand="delta"),
    mention(4, "", brand="delta"),
    mention(5, "Mein Flug ist schon wieder verspätet und niemand hilft", brand="delta"),
    mention(6, "gone", brand="delta", deleted_at=AT),
    mention(7, "merci", language="fr", brand="delta"),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = settings_in(tmp_path)
    land(made, *MENTIONS)
    return made


def rows(path: Path) -> list[dict[str, Any]]:
    table = pq.read_table(path)
    assert table.schema.remove_metadata().equals(ENRICHMENT_SCHEMA.remove_metadata())
    return table.to_pylist()


def test_models_and_records_name_the_same_labels() -> None:
    assert base.INTENTS == records.INTENTS
    assert {*base.SENTIMENTS, "unknown"} == set(records.Sentiment.__args__)  # type: ignore[attr-defined]


def test_every_mention_gets_a_row_in_order(settings: Settings) -> None:
    result = enrich.run(settings, "s", WINDOW, now=AT, model="lexicon")
    found = rows(result.path)
    assert [row["mention_id"] for row in found] == [mention_id("s", str(i)) for i in range(len(MENTIONS))]
    assert result.path == Landing(settings.storage).enrichment("lexicon@1", "s", WINDOW)
    assert (result.mentions, result.scored, result.unknown) == (8, 3, 5)
    assert [row["text_hash"] for row in found[:2]] == [text_hash(m.text) for m in MENTIONS[:2]]


def test_unknown_has_a_reason_and_no_numbers(settings: Settings) -> None:
    found = rows(enrich.run(settings, "s", WINDOW, now=AT, model="lexicon").path)
    assert [row["unknown_reason"] for row in found] == [None, None, None, "image_only", "empty", "language", "empty", "language"]
    for row in found:
        known = row["unknown_reason"] is None
        assert (row["sentiment"] == "unknown") != known
        assert (row["p_negative"] is None) != known and (row["intent_scores"] is None) != known
    assert found[0]["sentiment"] == "negative" and "complaint" in found[0]["intents"] and found[0]["topics"] == ["phone_hold"]
    assert set(json.loads(found[0]["intent_scores"])) == set(records.INTENTS)
    assert [row["language"] for row in found[5:8:2]] == ["de", "fr"]


def test_brands_of_text_and_source_without_a_model(settings: Settings) -> None:
    result = enrich.run(settings, "s", WINDOW, now=AT, model="none")
    found = rows(result.path)
    assert [row["brands"] for row in found] == [["united"], [], ["united", "delta"], *[["delta"]] * 5]
    reasons = [row["unknown_reason"] for row in found]
    assert reasons == ["not_scored"] * 3 + ["image_only", "empty", "not_scored", "empty", "not_scored"]
    assert {row["sentiment"] for row in found} == {"unknown"} and {row["language"] for row in found} == {None}
    assert (result.scored, result.unknown) == (0, 3)


def test_the_same_again_does_nothing(settings: Settings) -> None:
    first = enrich.run(settings, "s", WINDOW, now=AT, model="lexicon")
    before = first.path.stat()
    again = enrich.run(settings, "s", WINDOW, now=AT, model="lexicon")
    assert (again.mentions, again.scored, again.unknown) == (first.mentions, first.scored, first.unknown)
    assert (first.path.stat().st_mtime_ns, first.path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_other_input_or_other_brands_are_done_again(settings: Settings, tmp_path: Path) -> None:
    path = enrich.run(settings, "s", WINDOW, now=AT, model="none").path
    first = path.read_bytes()
    more = settings_in(tmp_path, lounge=BrandStanza(name="The Lounge", aliases=["lounge"]))
    assert rows(enrich.run(more, "s", WINDOW, now=AT, model="none").path)[2]["brands"] == ["united", "delta", "lounge"]
    enrich.run(settings, "s", WINDOW, now=AT, model="none")
    assert path.read_bytes() == first  # the same question has the same answer, byte for byte
    land(settings, mention(9, "@delta hello"))
    assert enrich.run(settings, "s", WINDOW, now=AT, model="none").mentions == 1


def test_topics_of_the_users_own_are_found_and_change_what_is_written(settings: Settings) -> None:
    path = enrich.run(settings, "s", WINDOW, now=AT, model="none").path
    assert rows(path)[2]["topics"] == []
    own = {"lounge": TopicStanza(phrases=["Lounge"]), "phone_hold": TopicStanza(phrases=[], replace=True)}
    found = rows(enrich.run(settings.model_copy(update={"topics": own}), "s", WINDOW, now=AT, model="none").path)
    assert found[2]["topics"] == ["lounge"] and found[0]["topics"] == []  # on hold no longer counts


def test_a_damaged_file_is_made_again(settings: Settings) -> None:
    path = enrich.run(settings, "s", WINDOW, now=AT, model="none").path
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    enrich.run(settings, "s", WINDOW, now=AT, model="none")
    assert path.read_bytes() == whole


def test_faults_say_what_to_do(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="not landed"):
        enrich.run(settings, "s", "2026-01-31T14:30", now=AT, model="none")
    monkeypatch.setenv("EARSHOT_WEIGHTS", str(tmp_path / "nowhere"))
    with pytest.raises(ModelError, match="earshot train"):
        enrich.run(settings, "s", WINDOW, now=AT, model="encoder")


def test_batches_do_not_show(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rows(enrich.run(settings, "s", WINDOW, now=AT, model="lexicon").path)
    Landing(settings.storage).enrichment("lexicon@1", "s", WINDOW).unlink()
    monkeypatch.setattr(enrich, "BATCH", 3)
    assert rows(enrich.run(settings, "s", WINDOW, now=AT, model="lexicon").path) == whole


KILLED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tests.test_enrich import settings_in, WINDOW
from pipelines import enrich
enrich.BATCH = 50
print("go", flush=True)
enrich.run(settings_in(Path(sys.argv[1])), "s", WINDOW, now=datetime.now(UTC), model="lexicon")
"""


def test_killed_anywhere_it_leaves_all_or_nothing(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    land(settings, *(mention(i, f"@united flight {i} was late and the crew was rude") for i in range(6_000)))
    path = Landing(settings.storage).enrichment("lexicon@1", "s", WINDOW)
    for wait in (0.0, 0.05, 0.2, 0.4):
        root = Path(__file__).parent.parent
        environment = os.environ | {"PYTHONPATH": str(root)}
        killed = [sys.executable, "-c", KILLED, str(tmp_path)]
        process = subprocess.Popen(killed, stdout=subprocess.PIPE, cwd=root, env=environment)
        assert process.stdout is not None and process.stdout.readline() == b"go\n"
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert not path.exists() or pq.read_metadata(path).num_rows == 6_000
    assert enrich.run(settings, "s", WINDOW, now=AT, model="lexicon").mentions == 6_000
    assert [p.name for p in path.parent.iterdir()] == [path.name]
