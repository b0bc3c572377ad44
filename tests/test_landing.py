"""Landing: whole windows or none, the same bytes for the same input, nothing personal where a mention was deleted."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.batches import MENTION_SCHEMA, MentionId, mention_batch, quarantine_batch, text_hash
from pipelines.landing import Landing, WindowWriter, replacing
from pipelines.records import Cursor, Media, Mention, Rejected, mention_id

AT = datetime(2026, 1, 31, 14, 15, tzinfo=UTC)


def mention(native_id: str = "1", **values: object) -> Mention:
    return Mention(**{"source": "s", "native_id": native_id, "channel": "x", "text": "hi", "published_at": AT} | values)  # type: ignore[arg-type]


def batch(*mentions: Mention):  # type: ignore[no-untyped-def]
    return mention_batch(mentions, [m.text for m in mentions], [m.references for m in mentions], [m.author_id for m in mentions])


def land(landing: Landing, *mentions: Mention, rejected: int = 0, window: str = "w"):  # type: ignore[no-untyped-def]
    with WindowWriter(landing, "s", window) as writer:
        writer.add(batch(*mentions))
        writer.reject(
            quarantine_batch([Rejected(source="s", file="f", line=i, reason="r", raw="x") for i in range(rejected)], window)
        )
        return writer.finish(file="f")


def test_mention_ids_are_those_of_the_contract() -> None:
    for native in ("1", "ключ", "a" * 300, ""):
        assert uuid.UUID(bytes=MentionId("quelle ü")(native)) == mention_id("quelle ü", native)


def test_a_landed_window_reads_back_as_it_was_written(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    manifest = land(
        landing, mention(author_id="a", media=(Media(type="image", alt="a cat"),), references=(("CASEREF", "4711"),)), rejected=2
    )
    table = pq.read_table(landing.mentions("s", "w"))
    assert table.schema.equals(MENTION_SCHEMA)
    row = table.to_pylist()[0]
    assert row["mention_id"] == mention_id("s", "1")
    assert row["published_at"] == row["observed_at"] == AT
    assert row["references"] == '[{"type":"CASEREF","value":"4711"}]'
    assert row["media"] == '[{"type":"image","url":null,"alt":"a cat"}]'
    assert (manifest.rows_in, manifest.mentions, manifest.rejected) == (3, 1, 2)
    assert landing.read_manifest("s", "w") == manifest
    assert landing.windows("s") == ["w"]


def test_the_same_input_lands_as_the_same_bytes(tmp_path: Path) -> None:
    first = land(Landing(tmp_path / "a"), mention("1"), mention("2", text="ho"), rejected=1)
    second = land(Landing(tmp_path / "b"), mention("1"), mention("2", text="ho"), rejected=1)
    assert first == second
    third = land(Landing(tmp_path / "c"), mention("1"), mention("2", text="hu"), rejected=1)
    assert third.content_hash != first.content_hash


def test_every_field_counts_in_the_content_hash() -> None:
    changes = {
        "text": "x",
        "engagement": 1,
        "rating": 2.5,
        "url": "u",
        "brand": "b",
        "observed_at": datetime(2027, 1, 1, tzinfo=UTC),
        "is_own": True,
    }
    hashes = {batch(mention(**{k: v}))["content_hash"][0].as_py() for k, v in changes.items()} | {
        batch(mention())["content_hash"][0].as_py()
    }
    assert len(hashes) == len(changes) + 1


def test_a_deleted_mention_lands_without_text_references_and_media() -> None:
    row = batch(mention(text="mine", deleted_at=AT, references=(("CASEREF", "1"),), media=(Media(type="image"),))).to_pylist()[0]
    assert (row["text"], row["references"], row["media"]) == ("", None, None)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        batch(mention(published_at=datetime(2026, 1, 1)))


def test_a_window_that_fails_half_way_is_absent(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    land(landing, mention("1"), rejected=1)
    with pytest.raises(RuntimeError), WindowWriter(landing, "s", "w") as writer:
        writer.add(batch(mention("2")))
        raise RuntimeError
    assert landing.windows("s") == []  # it is collected again
    assert not list(tmp_path.rglob("*.tmp"))


def test_landing_again_without_rejected_rows_removes_the_old_ones(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    land(landing, mention("1"), rejected=1)
    land(landing, mention("1"))
    assert not landing.quarantine("s", "w").exists()


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    stale = tmp_path / ".f.json.999999999.tmp"
    stale.write_text("half")
    foreign = tmp_path / ".f.json.1.tmp"  # process 1 lives
    foreign.write_text("theirs")
    with replacing(tmp_path / "f.json") as temporary:
        temporary.write_text("whole")
    assert (tmp_path / "f.json").read_text() == "whole"
    assert not stale.exists()
    assert foreign.exists()


def test_cursors_and_enrichments_are_found_again(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    assert landing.read_cursors("s") == {}
    landing.write_cursors("s", [Cursor(values={"etag": "1"}), Cursor(query="b", values={"id": "2"}, version=2)])
    landing.write_cursors("s", [Cursor(values={"etag": "3"})])
    found = landing.read_cursors("s")
    assert (found[""].values, found["b"].values, found["b"].version) == ({"etag": "3"}, {"id": "2"}, 2)
    path = landing.enrichment("encoder@2", "s", "2026-01-31T14:15")
    path.parent.mkdir(parents=True)
    path.touch()
    assert landing.enrichments("s", "2026-01-31T14:15") == {"encoder@2": path}
    assert landing.enrichments("s", "2026-01-31T14:30") == {}


def test_text_hash_is_duckdbs_md5() -> None:
    import duckdb

    assert duckdb.execute("SELECT md5('grüße')").fetchone() == (text_hash("grüße"),)
