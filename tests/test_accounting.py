"""rows_in = stored + unchanged + quarantined, for every input; what is wrong with one row never touches another."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines import collect, load
from pipelines.errors import InputError
from pipelines.landing import Landing
from pipelines.records import RAW_LIMIT
from pipelines.settings import Settings

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Store:
    """A warehouse to ask; open only while it answers."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "warehouse.duckdb"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.sql(query).fetchall()


def landed(folder: Path, path: Path) -> collect.Collected:
    """Land one file, and see that its manifests and files add up."""
    config = Settings(folder=folder)
    done = collect.run_file(config, path, None, now=NOW)
    landing = Landing(config.storage)
    files = [(landing.mentions(done.source, k), landing.quarantine(done.source, k)) for k in done.window_keys]
    counts = [sum(pq.read_metadata(f).num_rows for f in found if f.exists()) for found in zip(*files, strict=True)]
    assert counts == [done.mentions, done.rejected]
    assert done.rows_in == done.mentions + done.rejected
    return done


def stored(folder: Path, path: Path) -> tuple[load.Loaded, Store]:
    """Land and load one file; what the load says, and the warehouse."""
    config, done, store = Settings(folder=folder), landed(folder, path), Store(folder)
    loads = [load.run(config, done.source, key, now=NOW) for key in done.window_keys]
    total = load.Loaded(**{f: sum(getattr(one, f) for one in loads) for f in load.Loaded.__slots__})
    assert (total.rows_in, total.quarantined) == (done.rows_in, done.rejected)
    assert total.rows_in == total.stored + total.unchanged + total.quarantined
    sums = store.rows("SELECT sum(rows_in), sum(stored + unchanged + quarantined), sum(quarantined) FROM loads")
    assert sums == [(total.rows_in, total.rows_in, store.rows("SELECT count(*) FROM quarantine")[0][0])]
    return total, store


def good(number: int) -> str:
    return json.dumps({"id": f"g{number}", "text": f"Flight {number} is late", "created_at": "2026-01-31T10:00:00Z", "likes": 1})


# name -> (the line, what its reason says; None: it is stored all the same)
BROKEN: dict[str, tuple[bytes, str | None]] = {
    "cut off": (b'{"id": "b", "text": "half', "not valid JSON"),
    "no JSON": (b"Traceback (most recent call last):", "not valid JSON"),
    "empty": (b"", "empty"),
    "list": (b'["a", "b"]', "not an object"),
    "number": (b"42", "not an object"),
    "null": (b"null", "not an object"),
    "deep": (b"[" * 100_000, "too deep"),
    "no text": (b'{"id": "b1"}', "text is missing"),
    "blank text": (b'{"id": "b2", "text": "  \\n "}', "text is missing"),
    "text is a number": (b'{"id": "b3", "text": 7}', "text is a number"),
    "text is a list": (b'{"id": "b4", "text": ["a"]}', "text is a list"),
    "id is an object": (b'{"id": {"a": 1}, "text": "x"}', "id is an object"),
    "id is true": (b'{"id": true, "text": "x"}', "id is true or false"),
    "endless id": (b'{"id": ' + b"9" * 5_000 + b', "text": "x"}', "not valid JSON"),
    "NUL": (b'{"id": "b5", "text": "a\x00b"}', "not valid JSON"),
    "escaped NUL": (b'{"id": "b6", "text": "a\\u0000b"}', "NUL"),
    "half a character": (b'{"id": "b7", "text": "a\\ud83db"}', "half of a character"),
    "latin-1": ('{"id": "b8", "text": "später"}'.encode("latin-1"), "not valid UTF-8: byte 0xe4 at position 25"),
    "1 MB": (b'{"id": "b9", "text": "' + b"x" * 1_000_000 + b'"}', "1,000,000 characters"),
    "long link": (b'{"id": "b10", "text": "x", "url": "' + b"x" * 5_000 + b'"}', "url has 5,000 characters"),
    "wrong kind": (b'{"id": "b11", "text": "x", "kind": "poem"}', "kind is 'poem'"),
    "absurd date": (b'{"id": "k1", "text": "x", "created_at": "9999-99-99"}', None),
    "date of another type": (b'{"id": "k2", "text": "x", "created_at": {"$date": 1}}', None),
    "date in the future": (b'{"id": "k3", "text": "x", "created_at": "2262-04-12"}', None),
    "not a number": (b'{"id": "k4", "text": "x", "likes": NaN, "created_at": Infinity}', None),
    "huge number": (b'{"id": "k5", "text": "x", "likes": 1e300, "created_at": 1e300}', None),
    "text that spells an escape": (b'{"id": "k6", "text": "write \\\\u0000 and \\\\ud800"}', None),
    "emoji in halves": (b'{"id": "k7", "text": "\\ud83d\\ude00"}', None),
    "without id": (b'{"text": "x"}', None),
}


def test_ten_thousand_lines_with_five_percent_broken(tmp_path: Path) -> None:
    rng = random.Random(3)
    lines = [good(n).encode() for n in range(10_000)]
    kinds = [k for k in BROKEN if k != "1 MB"]
    where = rng.sample(range(10_000), 500)
    for at in where:
        lines[at] = BROKEN["1 MB" if at == where[0] else rng.choice(kinds)][0]
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    total, store = stored(tmp_path, path)
    assert total.rows_in == 10_000
    untouched = {f"g{n}" for n in range(10_000)} - {f"g{at}" for at in where}
    found = {row[0] for row in store.rows("SELECT native_id FROM mentions")}
    assert untouched <= found
    assert not {f"g{at}" for at in where} & found
    assert {line - 1 for (line,) in store.rows("SELECT line FROM quarantine")} <= set(where)


@pytest.mark.parametrize("kind", BROKEN)
def test_each_kind_of_broken_line_has_its_reason_and_leaves_its_neighbours(kind: str, tmp_path: Path) -> None:
    line, reason = BROKEN[kind]
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\n".join([good(1).encode(), line, good(2).encode()]) + b"\n")
    total, store = stored(tmp_path, path)
    assert total.rows_in == 3
    assert store.rows("SELECT count(*) FROM mentions WHERE native_id IN ('g1', 'g2')") == [(2,)]
    rejected = store.rows("SELECT file, line, reason, raw FROM quarantine")
    if reason is None:
        assert rejected == []
    else:
        assert [r[:2] for r in rejected] == [("in.jsonl", 2)]
        assert reason in rejected[0][2]
        assert len(rejected[0][3]) <= RAW_LIMIT
        shaped = re.sub(r"[a-z]", "x", re.sub(r"\d", "9", line[:10].decode(errors="replace")), flags=re.IGNORECASE)
        assert rejected[0][3][:10] == shaped or re.match(r"(id|text): ", rejected[0][3])


CSV_BROKEN: dict[str, tuple[bytes, str | None, int]] = {  # line, reason, rows it counts as
    "short": (b"b,x", "has 2 fields where the header has 3", 1),
    "unquoted commas": (b"b,late, again, as ever,2026-01-31", "has 5 fields", 1),
    "blank": (b"", "empty", 1),
    "junk": (b"-- total: 3 rows --", "has 1 fields", 1),
    "unclosed quote": (b'b,"never closed,2026-01-31', "never closed", 1),
    "quote in the middle": (b'b,"he said "no" to me",2026-01-31', "quotes are wrong", 1),
    "latin-1": ("b,später,2026-01-31".encode("latin-1"), "not valid UTF-8", 1),
    "NUL": (b"b,a\x00b,2026-01-31", "NUL", 1),
    "long field": (b"b," + b"x" * 200_000 + b",2026-01-31", "200,000 characters", 1),
    "no text": (b"b,,2026-01-31", "text is missing", 1),
    "inches": (b'b,a 5" pipe,2026-01-31', None, 1),
    "several lines": (b'b,"one\r\ntwo\n\nthree",2026-01-31', None, 1),
    "two unclosed": (b'b,"one,2026-01-31\nc,"two,2026-01-31', "never closed", 2),
    "epoch": (b"b,x,1424156400", None, 1),
    "no date": (b"b,x,", None, 1),
}


@pytest.mark.parametrize("kind", CSV_BROKEN)
def test_a_broken_csv_row_never_swallows_or_blocks_its_neighbours(kind: str, tmp_path: Path) -> None:
    line, reason, rows = CSV_BROKEN[kind]
    before = b"id,text,created_at\n" + b"".join(b'p%d,"before, quoted",2026-01-31\n' % n for n in range(300))
    after = b"".join(b'a%d,"after, quoted ""so""",2026-01-31\n' % n for n in range(300))
    path = tmp_path / "in.csv"
    path.write_bytes(before + line + b"\n" + after)
    total, store = stored(tmp_path, path)
    assert total.rows_in == 600 + rows
    assert total.quarantined == (0 if reason is None else rows)
    assert store.rows("SELECT count(*) FROM mentions WHERE native_id ~ '^[pa][0-9]+$'") == [(600,)]
    found = store.rows("SELECT line, reason FROM quarantine ORDER BY line")
    assert [line_number for line_number, _ in found] == [302 + n for n in range(len(found))]
    assert all(reason in why for _, why in found if reason)


def test_dates_that_cannot_be_read_are_null_and_never_the_files_time(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("id,text,created_at\n" + "".join(f"{n},text {n},24/02/2015 11:35\n" for n in range(500)))
    total, store = stored(tmp_path, path)
    assert total.stored == 500
    assert store.rows("SELECT count(*) FROM mentions WHERE published_at IS NULL AND time_note LIKE '%day-first%'") == [(500,)]


def test_an_id_twice_in_a_file_is_one_mention_and_one_unchanged_row(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    rows = [
        {"id": "1", "text": "old", "created_at": "2026-01-01", "edited_at": "2026-01-02"},
        {"id": "1", "text": "older", "created_at": "2026-01-01"},
    ]
    path.write_text("".join(json.dumps(r) + "\n" for r in [*rows, rows[0]]))
    total, store = stored(tmp_path, path)
    assert (total.rows_in, total.stored, total.unchanged) == (3, 1, 2)
    assert store.rows("SELECT text FROM mentions") == [("old",)]


NOBODY = re.compile("jane|doe|roe|example|555|42011", re.IGNORECASE)  # any piece of the person in the rows below
PRIVATE: dict[str, tuple[str, str]] = {  # name of the file, its content; one row of it is rejected
    "unclosed JSON": ("in.jsonl", '{"text": "a"}\n{"id": 2, "author": "janedoe92", "text": "write to jane.roe@example.com\n'),
    "no text": ("in.jsonl", '{"id":"17","author":"janedoe92","author_name":"Jane Doe","customer":"Jane Doe","text":""}\n'),
    "nested author": ("in.jsonl", '{"id":"17","user":{"name":"Jane Doe","screen_name":"janedoe92"},"text":""}\n'),
    "behind escapes": ("in.jsonl", '{"id":"17","text":"a\\n212-555-0123\\n@jane_doe\\tjane.roe@example.com","kind":"poem"}\n'),
    "behind NUL": ("in.jsonl", '{"id":"17","text":"a\\u0000212-555-0123\\u0000jane.roe@example.com"}\n'),
    "behind half a character": ("in.jsonl", '{"id":"17","text":"a\\ud83d212-555-0123\\ud83djane.roe@example.com"}\n'),
    "CSV without a text": ("in.csv", "id,author_name,author,text,created_at\n17,Jane Doe,janedoe92,,2024-05-01\n"),
    "CSV with a field too many": (
        "in.csv", "id,url,mail,author,text\n17,https://x.com/a/status/1,jane.roe@example.com,Jane Doe,it is late, again\n",
    ),
}


@pytest.mark.parametrize("kind", PRIVATE)
def test_quarantined_rows_hold_no_personal_data(kind: str, tmp_path: Path) -> None:
    name, content = PRIVATE[kind]
    path = tmp_path / name
    path.write_text(content)
    total, store = stored(tmp_path, path)
    ((raw, reason),) = store.rows("SELECT raw, reason FROM quarantine")
    assert total.quarantined == 1 and raw and not NOBODY.search(raw + reason)


def test_a_rejected_row_shows_what_was_read_of_it_and_a_broken_one_its_shape(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text('id,author,url,text\n17,Jane Doe,https://x.com/a,\n18,Jane Doe,"b,c\n')
    _, store = stored(tmp_path, path)
    raws = store.rows("SELECT raw FROM quarantine ORDER BY line")
    assert raws == [("id: 17\nurl: https://x.com/a\ntext: ",), ('99,xxxx xxx,"x,x',)]


def _accounted(folder: Path, name: str, content: bytes) -> None:
    """Any bytes at all: one clear sentence, or rows that add up."""
    path = folder / name
    path.write_bytes(content)
    try:
        done = landed(folder / "store", path)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        if name.endswith(".jsonl"):
            assert done.rows_in == content.count(b"\n") + (not content.endswith(b"\n"))


TOKENS = st.sampled_from(
    [
        b'"',
        b",",
        b";",
        b"\n",
        b"\r\n",
        b"\t",
        b"|",
        b"id",
        b"text",
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b"a",
        b'"text": "a"',
        b'{"text": "ok"}',
        b"\\ud800",
        b"\\u0000",
        b"1e999",
        b"null",
        b"\xf0\x9f\x98\x80",
        b" ",
        b"'",
        b"\\",
        b"2026-01-01",
        b"NaN",
    ]
)


@FEW
@given(parts=st.lists(TOKENS, max_size=60))
@pytest.mark.parametrize(
    ("name", "head"),
    [("in.csv", b"id,text,created_at\n"), ("in.jsonl", b'{"text": "first"}\n'), ("in.json", b'[{"text": "first"},'), ("in", b"")],
)
def test_any_bytes_give_rows_that_add_up_or_one_sentence(name: str, head: bytes, parts: list[bytes], tmp_path: Path) -> None:
    _accounted(tmp_path, name, head + b"".join(parts))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)
FIELDS = st.sampled_from(
    [
        "id",
        "text",
        "created_at",
        "author",
        "likes",
        "rating",
        "kind",
        "url",
        "media",
        "deleted_at",
        "in_reply_to",
        "is_own",
        "brand",
        "lang",
    ]
)


@FEW
@given(rows=st.lists(st.dictionaries(FIELDS, VALUES, max_size=6), min_size=1, max_size=8))
def test_json_of_any_types_adds_up(rows: list[dict[str, object]], tmp_path: Path) -> None:
    _accounted(tmp_path, "in.jsonl", "".join(json.dumps(r) + "\n" for r in [{"text": "first"}, *rows]).encode())
