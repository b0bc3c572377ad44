"""Loading: any order and any repetition give the same tables, a kill leaves all or nothing, nothing new costs no byte."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as runs
from hypothesis import strategies as st

from pipelines import aggregate, collect, load
from pipelines.batches import ENRICHMENT_SCHEMA, mention_batch, quarantine_batch, text_hash
from pipelines.errors import InputError
from pipelines.landing import Landing, WindowWriter, replacing
from pipelines.records import Media, Mention, Rejected, mention_id
from pipelines.settings import Settings
from tests.contents import contents

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
AT = datetime(2026, 1, 31, 14, tzinfo=UTC)
TABLES = ("mentions", "enrichments", "quarantine")


def mention(native_id: str = "1", **values: Any) -> Mention:
    return Mention(**{"source": "s", "native_id": native_id, "channel": "x", "text": "hi", "published_at": AT} | values)


def land(settings: Settings, window: str, mentions: Sequence[Mention], *, rejected: int = 0, model: str | None = "m@1") -> None:
    """Land a window and, unless `model` is None, scores that name the version of each mention."""
    landing = Landing(settings.storage)
    batch = mention_batch(mentions, [m.text for m in mentions], [m.references for m in mentions], [m.author_id for m in mentions])
    with WindowWriter(landing, "s", window) as writer:
        writer.add(batch)
        lines = [Rejected(source="s", file="f", line=n, reason="r", raw="x") for n in range(rejected)]
        writer.reject(quarantine_batch(lines, window))
        writer.finish(file="f")
    if model:
        score(settings, window, batch, model)


def score(settings: Settings, window: str, batch: pa.RecordBatch, model: str) -> None:
    rows = [
        {
            "mention_id": row["mention_id"].bytes,
            "content_hash": row["content_hash"],
            "model": model,
            "text_hash": text_hash(row["text"]),
            "sentiment": "negative",
            "intents": [],
            "topics": [],
            "brands": [row["brand"] or "none"],
        }
        for row in batch.to_pylist()
    ]
    columns = [
        pa.array([row.get(f.name) for row in rows], f.type.storage_type if f.name == "mention_id" else f.type)
        for f in ENRICHMENT_SCHEMA
    ]
    columns[0] = pa.ExtensionArray.from_storage(pa.uuid(), columns[0])
    with replacing(Landing(settings.storage).enrichment(model, "s", window)) as path:
        pq.write_table(pa.table(columns, schema=ENRICHMENT_SCHEMA), path)


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.storage / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.sql(query).fetchall()


def tables(settings: Settings, *names: str) -> dict[str, list[tuple[Any, ...]]]:
    found = contents(settings.storage)
    return {name: found[name] for name in names or TABLES}


def test_a_window_is_loaded_with_its_scores_and_rejects_and_counted(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path)
    land(
        settings, "w", [mention("1", media=(Media(type="image"),)), mention("2", published_at=None, time_note="why")], rejected=3
    )
    done = load.run(settings, "s", "w", now=NOW)
    assert done == load.Loaded(rows_in=5, stored=2, unchanged=0, quarantined=3)
    assert rows(settings, "SELECT rows_in, stored, unchanged, quarantined, file FROM loads") == [(5, 2, 0, 3, "f")]
    assert rows(settings, "SELECT count(*) FROM enrichments JOIN mentions USING (mention_id)") == [(2,)]
    assert rows(settings, "SELECT count(*), count(DISTINCT line) FROM quarantine") == [(3, 3)]
    found = rows(
        settings, "SELECT mention_id, published_at, observed_at, ingested_at, time_note FROM mentions ORDER BY native_id"
    )
    assert found == [(mention_id("s", "1"), AT, AT, NOW, None), (mention_id("s", "2"), None, None, NOW, "why")]


def test_a_window_that_has_not_landed_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has not landed"):
        load.run(Settings(folder=tmp_path), "s", "w", now=NOW)


def test_loading_again_changes_nothing_and_adds_no_byte(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path)
    land(settings, "w", [mention(str(n)) for n in range(500)], rejected=2)
    load.run(settings, "s", "w", now=NOW)
    file = tmp_path / "warehouse.duckdb"
    before, status, loads = tables(settings), file.stat(), rows(settings, "FROM loads")
    again = load.run(settings, "s", "w", now=NOW + timedelta(days=1))
    assert again == load.Loaded(rows_in=502, stored=0, unchanged=500, quarantined=2)
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert (tables(settings), rows(settings, "FROM loads")) == (before, loads)
    assert load.waiting(settings, "s") == []


def test_what_is_not_loaded_yet_is_known(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path)
    land(settings, "a", [mention("1")])
    land(settings, "b", [mention("2")])
    assert load.waiting(settings, "s") == ["a", "b"]
    load.run(settings, "s", "a", now=NOW)
    assert load.waiting(settings, "s") == ["b"]
    land(settings, "a", [mention("1")], model="m@2")
    assert load.waiting(settings, "s") == ["a", "b"]
    assert load.waiting(settings, "s", model="other") == ["b"]


def test_scores_of_another_model_are_added_and_the_accounting_stays(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path)
    land(settings, "w", [mention("1")])
    load.run(settings, "s", "w", now=NOW)
    land(settings, "w", [mention("1")], model="other@7")
    load.run(settings, "s", "w", now=NOW, model="other")
    assert rows(settings, "SELECT model FROM enrichments ORDER BY 1") == [("m@1",), ("other@7",)]
    assert rows(settings, "SELECT stored, unchanged FROM loads") == [(1, 0)]


def test_the_newest_observation_wins_and_null_is_oldest(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path)
    versions = [None, AT, AT + timedelta(hours=2), AT + timedelta(hours=1)]
    for number, observed in enumerate(versions):
        land(settings, f"w{number}", [mention("1", text=f"v{number}", observed_at=observed, published_at=None)])
    counts = [load.run(settings, "s", f"w{n}", now=NOW + timedelta(hours=n)).stored for n in range(4)]
    assert counts == [1, 1, 1, 0]
    assert rows(settings, "SELECT text, ingested_at FROM mentions") == [("v2", NOW)]  # when it was first stored
    assert rows(settings, "SELECT text_hash FROM enrichments") == [(text_hash("v2"),)]


def test_a_deletion_takes_text_references_media_and_scores_of_the_text(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path)
    said = mention("1", text="my secret", references=(("CASEREF", "4711"),), media=(Media(type="image", url="http://secret"),))
    gone = mention("1", text="", deleted_at=AT + timedelta(hours=1), observed_at=AT + timedelta(hours=1))
    land(settings, "a", [said])
    land(settings, "b", [gone], model=None)
    for key in ("a", "b", "a"):
        load.run(settings, "s", key, now=NOW)
    assert rows(settings, 'SELECT text, "references", media, deleted_at IS NOT NULL FROM mentions') == [("", None, None, True)]
    assert rows(settings, "SELECT count(*) FROM enrichments") == [(0,)]


def gone(at: datetime, native_id: str = "1", **values: Any) -> Mention:
    """What a source yields for what its platform no longer gives."""
    undated = {"published_at": None, "time_note": "gone at the platform"}
    return mention(native_id, **{"text": "", "observed_at": at, "deleted_at": at} | undated | values)


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_what_counts_need_survives_a_deletion_that_knows_nothing(order: str, tmp_path: Path) -> None:
    """Whether the deletion or the mention comes first: when and where it was, its thread and the brands that its text named."""
    settings = Settings(folder=tmp_path)
    said = mention(
        "1", channel="youtube", kind="comment", property="own", visibility="private", is_own=True, brand="acme", thread_id="0",
        in_reply_to="0", text="who said this", author_id="ann", author_followers=7, language="en", url="http://u", rating=1.0,
        engagement=3, reach=9, expires_at=AT,
    )
    land(settings, "a", [said])
    land(settings, "b", [gone(AT + timedelta(hours=1))], model=None)
    for key in order:
        load.run(settings, "s", key, now=NOW)
    kept = "channel, kind, property, visibility, is_own, brand, thread_id, in_reply_to, published_at"
    assert rows(settings, f"SELECT {kept} FROM mentions") == [
        ("youtube", "comment", "own", "private", True, "acme", "0", "0", AT)
    ]
    left = "text, author_id, author_followers, language, url, rating, engagement, reach, expires_at"
    assert rows(settings, f"SELECT {left} FROM mentions") == [("", *[None] * 8)]
    assert rows(settings, "SELECT brands, erased_at FROM withdrawals") == [(["acme"], None)]  # a copy is still in landing


def test_a_mention_that_is_seen_again_after_it_was_gone_comes_back(tmp_path: Path) -> None:
    """A suspension that ended. What was seen before it does not count."""
    settings = Settings(folder=tmp_path)
    versions = [mention("1"), gone(AT + timedelta(hours=1)), mention("1", text="back", observed_at=AT + timedelta(hours=2))]
    for order in ([0, 1, 2], [1, 2, 0]):
        settings = Settings(folder=tmp_path / str(order[0]))
        for number in order:
            land(settings, f"w{number}", [versions[number]])
            load.run(settings, "s", f"w{number}", now=NOW)
        assert rows(settings, "SELECT text, deleted_at FROM mentions") == [("back", None)]
        assert rows(settings, "SELECT count(*) FROM enrichments") == [(1,)]
        assert rows(settings, "SELECT count(*) FROM withdrawals") == [(0,)]


def test_a_deletion_of_what_was_never_seen_leaves_nothing_to_erase(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path)
    land(settings, "a", [gone(AT)], model=None)
    done = load.run(settings, "s", "a", now=NOW)
    assert (done.stored, load.run(settings, "s", "a", now=NOW).unchanged) == (1, 1)
    assert rows(settings, "SELECT erased_at, seen_hash FROM withdrawals") == [(NOW, None)]


def test_a_window_that_landed_anew_takes_the_place_of_what_it_was(tmp_path: Path) -> None:
    """Corrected mapping or better redaction: no mixture of old and new rows, whatever their hashes."""
    settings = Settings(folder=tmp_path)
    land(settings, "w", [mention(str(n), text=f"old {n}") for n in range(40)], rejected=2)
    load.run(settings, "s", "w", now=NOW)
    land(settings, "w", [mention(str(n), text=f"new {n}") for n in range(40)], rejected=1)
    assert load.run(settings, "s", "w", now=NOW).stored == 40
    assert rows(settings, "SELECT count(*) FROM mentions WHERE text LIKE 'new%'") == [(40,)]
    assert rows(settings, "SELECT count(*) FROM quarantine") == [(1,)]
    assert rows(settings, "SELECT count(*) FROM enrichments JOIN mentions USING (mention_id) WHERE text_hash = md5(text)") == [
        (40,)
    ]
    assert rows(settings, "SELECT rows_in, stored, unchanged, quarantined FROM loads") == [(41, 40, 0, 1)]


REVISED = AT + timedelta(days=30)


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_an_edited_review_was_published_when_it_was_first_known(order: str, tmp_path: Path) -> None:
    """Its platform tells the time of the last change alone. Whichever version comes first, or both at once."""
    settings = Settings(folder=tmp_path)
    first, second = mention(text="bad", time_note="of the change"), mention(text="good", published_at=REVISED, time_note="of it")
    versions = {"a": first, "b": second}
    for key in order:
        land(settings, key, [versions[key]])
        load.run(settings, "s", key, now=NOW)
    both = Settings(folder=tmp_path / "both")
    land(both, "w", list(versions.values()))
    load.run(both, "s", "w", now=NOW)
    for where in (settings, both):
        assert rows(where, "SELECT text, published_at, time_note, observed_at FROM mentions") == [
            ("good", AT, "of the change", REVISED)
        ]


def test_an_edited_review_keeps_nothing_from_being_published(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path)
    land(settings, "a", [mention(text="bad")])
    load.run(settings, "s", "a", now=AT)
    land(settings, "b", [mention(text="good", published_at=REVISED)])
    load.run(settings, "s", "b", now=REVISED)
    aggregate.run(settings, now=REVISED)


def test_a_date_that_was_corrected_takes_the_place_of_the_wrong_one(tmp_path: Path) -> None:
    """A file under a mapping that says day_first: the earlier time was no time of its publication."""
    settings = Settings(folder=tmp_path)
    for published in (AT, AT + timedelta(days=20)):
        land(settings, "w", [mention(published_at=published)])
        load.run(settings, "s", "w", now=NOW)
    assert rows(settings, "SELECT published_at FROM mentions") == [(AT + timedelta(days=20),)]


# --- threads -----------------------------------------------------------------------------------------------------------


def chain(length: int) -> list[Mention]:
    return [mention(str(n), thread_id="0" if n == 0 else None, in_reply_to=str(n - 1) if n else None) for n in range(length)]


@pytest.mark.parametrize("seed", range(4))
def test_replies_join_the_thread_of_the_first_message_in_whatever_order_they_come(seed: int, tmp_path: Path) -> None:
    settings, replies = Settings(folder=tmp_path), chain(60)
    random.Random(seed).shuffle(replies)
    for number in range(0, 60, 7):
        land(settings, f"w{number}", replies[number : number + 7], model=None)
        load.run(settings, "s", f"w{number}", now=NOW)
    assert rows(settings, "SELECT DISTINCT thread_id FROM mentions") == [("0",)]


def test_a_very_long_thread_and_a_circle_come_to_an_end(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path)
    circle = [mention(a, in_reply_to=b) for a, b in (("a", "b"), ("b", "c"), ("c", "a"), ("self", "self"))]
    land(settings, "w", chain(3_000) + circle, model=None)
    started = time.monotonic()
    load.run(settings, "s", "w", now=NOW)
    assert time.monotonic() - started < 20
    assert rows(settings, "SELECT count(*) FROM mentions WHERE thread_id = '0'") == [(3_000,)]


def test_replies_to_a_message_that_was_never_seen_are_one_thread(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path)
    land(settings, "a", [mention("2", in_reply_to="lost"), mention("3", in_reply_to="2")], model=None)
    land(settings, "b", [mention("4", in_reply_to="lost"), mention("5", thread_id="given", in_reply_to="x")], model=None)
    for key in "ab":
        load.run(settings, "s", key, now=NOW)
    assert rows(settings, "SELECT native_id, thread_id FROM mentions ORDER BY 1") == [
        ("2", "lost"),
        ("3", "lost"),
        ("4", "lost"),
        ("5", "given"),
    ]


# --- any order ---------------------------------------------------------------------------------------------------------

VERSIONS = st.builds(
    mention,
    native_id=st.sampled_from("abcd"),
    text=st.sampled_from(["", "one", "two", "three"]),
    observed_at=st.sampled_from([None, AT, AT + timedelta(hours=1), AT - timedelta(hours=1)]),
    published_at=st.sampled_from([None, AT, AT - timedelta(hours=2), AT + timedelta(hours=2)]),
    time_note=st.sampled_from([None, "of the last change"]),
    brand=st.sampled_from([None, "x", "y"]),
    kind=st.sampled_from(["post", "reply"]),
    author_id=st.sampled_from([None, "ann"]),
    engagement=st.sampled_from([None, 1, 2]),
    deleted_at=st.sampled_from([None, None, None, AT, AT + timedelta(minutes=30)]),
).map(lambda version: version if version.published_at else replace(version, time_note=f"{version.text!r} is no date"))
NEVER = AT - timedelta(days=1)


def known_at(version: Mention) -> datetime:
    """From when an observation speaks; a deletion holds from its own time on at the latest."""
    seen = version.observed_at or version.published_at or NEVER
    return max(seen, version.deleted_at) if version.deleted_at else seen


def is_withdrawn(versions: Sequence[Mention]) -> bool:
    """Plain words: was the newest thing that is known of it that it was deleted? At equal times it was."""
    gone = [known_at(v) for v in versions if v.deleted_at]
    return bool(gone) and max(gone) >= max((known_at(v) for v in versions if not v.deleted_at), default=NEVER)


def loaded(folder: Path, windows: Iterable[tuple[str, Sequence[Mention]]]) -> dict[str, list[tuple[Any, ...]]]:
    settings = Settings(folder=folder)
    for key, mentions in windows:
        land(settings, key, mentions)
        done = load.run(settings, "s", key, now=NOW)
        assert done.rows_in == done.stored + done.unchanged + done.quarantined == len(mentions)
    return tables(settings, "mentions", "enrichments", "withdrawals")


@runs(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=st.lists(VERSIONS, min_size=1, max_size=8), data=st.data())
def test_overlapping_parts_in_any_order_give_the_tables_of_the_whole(
    versions: list[Mention], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cut = data.draw(st.integers(0, len(versions)))
    overlap = data.draw(st.integers(0, len(versions) - cut))
    parts = [("p", versions[: cut + overlap]), ("q", versions[cut:])]
    order = data.draw(st.permutations([*parts, data.draw(st.sampled_from(parts))]))
    folder = tmp_path_factory.mktemp("whole")
    whole = loaded(folder, [("w", versions)])
    assert loaded(tmp_path_factory.mktemp("parts"), order) == whole
    columns = "native_id, deleted_at IS NOT NULL, text, author_id, kind, published_at"
    undated = "deleted_at IS NOT NULL AND published_at IS NULL"
    noted = rows(Settings(folder=folder), f"SELECT DISTINCT time_note FROM mentions WHERE {undated}")
    assert noted in ([], [("withdrawn",)]), "it quotes nothing"
    found = rows(Settings(folder=folder), f"SELECT {columns} FROM mentions")
    for native_id, is_gone, text, author, kind, published_at in found:
        same = [v for v in versions if v.native_id == native_id]
        seen = [v for v in same if not v.deleted_at]
        assert is_gone == is_withdrawn(same)
        if is_gone:
            assert (text, author) == ("", None)
            if seen:  # what it was is as it was seen last
                newest = max(map(known_at, seen))
                assert kind in {v.kind for v in seen if known_at(v) == newest}
        assert published_at == min((v.published_at for v in same if v.published_at), default=None)
    gone = {r[0] for r in found if r[1]}
    assert len(whole["withdrawals"]) == len(gone)


def test_two_overlapping_files_in_either_order_are_the_whole_file(tmp_path: Path) -> None:
    lines = [
        json.dumps(
            {
                "id": n,
                "text": f"text {n}",
                "created_at": f"2026-01-{1 + n % 28:02d}T00:00:00Z",
                "in_reply_to": n - 3 if n % 4 else None,
            }
        )
        for n in range(300)
    ]
    lines[50] = '{"broken'

    def run(name: str, *parts: Sequence[str]) -> dict[str, list[tuple[Any, ...]]]:
        settings = Settings(folder=tmp_path / name)
        settings.storage.mkdir(parents=True)
        (settings.storage / "salt").write_text("same")
        for number, part in enumerate(parts):
            path = tmp_path / f"{name}-{number}.jsonl"
            path.write_text("\n".join(part) + "\n")
            done = collect.run_file(settings, path, None, now=NOW)
            for key in done.window_keys:
                load.run(settings, done.source, key, now=NOW)
        return tables(settings, "mentions", "enrichments")

    whole = run("whole", lines)
    assert len(whole["mentions"]) == 299
    assert run("ab", lines[:200], lines[100:]) == whole
    assert run("ba", lines[100:], lines[:200]) == whole
    assert run("apart", lines[150:], lines[:150], lines[140:160]) == whole


# --- killed ------------------------------------------------------------------------------------------------------------

WORK = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from pipelines import collect, load
from pipelines.settings import Settings
settings = Settings(folder=Path(sys.argv[1]))
done = collect.run_file(settings, Path(sys.argv[2]), None, now=datetime(2026, 2, 1, 12, tzinfo=UTC))
for key in done.window_keys:
    load.run(settings, done.source, key, now=datetime(2026, 2, 1, 12, tzinfo=UTC))
"""


def test_killed_at_any_moment_and_run_again_is_as_if_undisturbed(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(
        "".join(
            json.dumps({"id": n, "text": f"late again {n}", "in_reply_to": n - 1 if n % 3 else None}) + "\n" for n in range(6_000)
        )
        + "broken\n"
    )
    rng, seconds, killed = random.Random(1), 0.0, 0

    def start(folder: Path) -> subprocess.Popen[bytes]:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "salt").write_text("same")
        return subprocess.Popen(
            [sys.executable, "-c", WORK, str(folder), str(path)], env=os.environ | {"PYTHONPATH": str(ROOT)}, cwd=tmp_path
        )

    began = time.monotonic()
    assert start(tmp_path / "whole").wait(60) == 0
    seconds = time.monotonic() - began
    for _ in range(6):
        process = start(tmp_path / "killed")
        try:
            process.wait(rng.uniform(0.3, 1.0) * seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
    assert killed, "every run ended before it could be killed"
    assert start(tmp_path / "killed").wait(60) == 0
    whole, again = Settings(folder=tmp_path / "whole"), Settings(folder=tmp_path / "killed")
    assert tables(again) == tables(whole)
    assert rows(again, "SELECT * EXCLUDE (loaded_at) FROM loads") == rows(whole, "SELECT * EXCLUDE (loaded_at) FROM loads")
    left = [{p.relative_to(s.storage) for p in s.storage.rglob("*.*") if p.suffix != ".wal"} for s in (again, whole)]
    assert left[0] == left[1]  # a log that DuckDB had not yet folded in is all that may remain


# --- actions -----------------------------------------------------------------------------------------------------------


def test_actions_are_stored_once_and_a_broken_file_blocks_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(folder=tmp_path)
    folder = tmp_path / "landing" / "actions"
    folder.mkdir(parents=True)
    action = {
        "action_id": "a1",
        "alert_id": str(mention_id("s", "1")),
        "verb": "acknowledge",
        "actor": "ann",
        "acted_at": NOW.isoformat(),
    }
    (folder / "a1.json").write_text(json.dumps(action))
    (folder / "a2.json").write_text("{broken")
    (folder / "a3.json").write_text(json.dumps(action | {"alert_id": "no uuid"}))
    (folder / "a4.json").write_text(json.dumps(action | {"action_id": "a4", "alert_id": None, "verb": "note", "value": "hi"}))
    assert load.run_actions(settings, now=NOW) == 2
    assert rows(settings, "SELECT action_id, verb, value, acted_at FROM actions ORDER BY 1") == [
        ("a1", "acknowledge", None, NOW),
        ("a4", "note", "hi", NOW),
    ]
    assert "a2.json" in caplog.text
    assert "a3.json" in caplog.text
    land(settings, "w", [mention("1")])
    load.run(settings, "s", "w", now=NOW)
    load.run(settings, "s", "w", now=NOW)
    assert rows(settings, "SELECT count(*) FROM actions") == [(2,)]
