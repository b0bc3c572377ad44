"""Marts: tables in, table out (tests/sql/<mart>/<case>), and the same counts as plain Python makes of random mentions."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.records import mention_id
from tests.stored import MENTION, insert, mention, scores
from warehouse import build, connection
from warehouse.migrate import migrate

CASES = sorted(p for p in (Path(__file__).parent / "sql").glob("*/*") if p.is_dir())
NOW = datetime(2026, 3, 1, tzinfo=UTC)
FLAGS = {"is_own", "is_automatic"}
LISTS = {"intents", "topics", "brands"}


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with connection.open(":memory:") as opened:
        migrate(opened)
        yield opened


def table(path: Path) -> tuple[list[dict[str, str]], str]:
    """Rows of a CSV file whose first lines may be comments, and the time zone that a comment names."""
    lines = path.read_text(encoding="utf-8").splitlines()
    zone = next((line.removeprefix("# timezone: ") for line in lines if line.startswith("# timezone: ")), "UTC")
    return list(csv.DictReader(line for line in lines if not line.startswith("#"))), zone


def value(column: str, text: str) -> Any:
    """A field of a case as the warehouse takes it; nothing is null."""
    if column in LISTS:
        return text.split()
    if column in FLAGS:
        return text == "true"
    return text or None


def put(warehouse: duckdb.DuckDBPyConnection, rows: list[dict[str, str]]) -> dict[UUID, str]:
    """Insert the mentions of a case, with scores where it gives a sentiment; returns native ids by mention id."""
    mentions, scored = [], []
    for row in rows:
        text = row.get("text") or ("" if row.get("deleted_at") else "hello")
        text = "" if text == "(none)" else text
        fields = {c: value(c, t) for c, t in row.items()} | {"text": text}
        if fields.get("deleted_at"):  # as the warehouse has it: nobody's, and scored by nothing
            fields |= {"author_id": None, "sentiment": None}
        own = {c: v for c, v in fields.items() if c in MENTION and c != "language" and (c not in ("kind", "property") or v)}
        stored = mention(**own, language=fields.get("platform_language"))
        mentions.append(stored)
        if fields.get("sentiment"):
            given = {c: v for c, v in fields.items() if c in ("unknown_reason", "language", "brand_sentiments") or c in LISTS}
            if fields.get("intent_scores") == "(none)":  # a checkpoint gave the sentiment, nothing the intents
                given["intent_scores"] = None
            scored.append(scores(stored, fields["sentiment"], **given))
    insert(warehouse, "mentions", mentions)
    insert(warehouse, "enrichments", scored)
    return {m["mention_id"]: m["native_id"] for m in mentions}


def put_ledger(warehouse: duckdb.DuckDBPyConnection, case: Path) -> None:
    """Insert what a case gives of withdrawals, obligations and what landing knows."""
    for name in ("withdrawals", "obligations", "gaps", "source_states", "source_windows"):
        if (case / f"{name}.csv").exists():
            rows = [{c: value(c, t) for c, t in row.items()} for row in table(case / f"{name}.csv")[0]]
            if name == "withdrawals":
                rows = [{"mention_id": mention_id(r.pop("source"), r.pop("native_id"))} | r for r in rows]
            insert(warehouse, name, rows)


def shown(field: Any, ids: dict[UUID, str]) -> str:
    """A field of a mart as cases write it."""
    if isinstance(field, bool):
        return str(field).lower()
    if isinstance(field, datetime):
        return field.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(field, list):
        return " ".join(field)
    if isinstance(field, UUID):
        return f"={ids[field]}"
    return "" if field is None else str(field)


@pytest.mark.parametrize("case", CASES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_case(warehouse: duckdb.DuckDBPyConnection, case: Path) -> None:
    rows, zone = table(case / "mentions.csv")
    ids = put(warehouse, rows)
    if (case / "loads.csv").exists():
        loads, _ = table(case / "loads.csv")
        insert(warehouse, "loads", [load | {"file": load["file_id"], "loaded_at": NOW} for load in loads])
    put_ledger(warehouse, case)
    build.build(warehouse, timezone=zone, now=NOW)
    expected, _ = table(case / "expected.csv")
    only = "WHERE hour_at IN (SELECT unnest($1::TIMESTAMPTZ[]))" if "hour_at" in expected[0] else ""  # hours are many
    hours = [[row["hour_at"] for row in expected]] if only else None
    found = warehouse.execute(f"SELECT {', '.join(expected[0])} FROM {case.parent.name} {only}", hours).fetchall()
    got = sorted(tuple(shown(field, ids) for field in row) for row in found)
    assert got == sorted(tuple(row.values()) for row in expected)


def test_every_mart_has_cases() -> None:
    assert {p.parent.name for p in CASES} == set(build.marts())


def test_a_mart_is_one_select_with_a_header_and_reads_no_mart() -> None:
    for name, text in build.marts().items():
        assert text.startswith(f"-- {name}: ") and "-- Grain: " in text and "Owner: " in text
        statements = duckdb.extract_statements(text)
        assert [s.type for s in statements] == [duckdb.StatementType.SELECT]
        read = set(re.findall(r"(?:FROM|JOIN) (\w+)", text))
        assert not read & set(build.marts()), f"{name} reads {read}"


def test_marts_do_not_depend_on_what_is_kept_ready(warehouse: duckdb.DuckDBPyConnection) -> None:
    """The temporary tables are only faster: over the views alone each SELECT gives the same rows."""
    rows, _ = table(Path(__file__).parent / "sql" / "advocate_weekly" / "recovery" / "mentions.csv")
    put(warehouse, rows)
    build.build(warehouse, timezone="UTC", now=NOW)
    for name, select in build.marts().items():
        made = warehouse.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall()
        assert warehouse.execute(f"SELECT * FROM ({select}) ORDER BY ALL").fetchall() == made, name
    assert not warehouse.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()


INTENTS = ("complaint", "churn_risk", "urgent", "recommendation", "warning", "needs_response")
START = datetime(2026, 1, 5, tzinfo=UTC)
ROWS = st.lists(
    st.fixed_dictionaries({
        "brand": st.sampled_from([None, "acme", "zeta"]),
        "also": st.lists(st.sampled_from(["acme", "zeta", "nova"]), max_size=3),
        "minute": st.one_of(st.none(), st.integers(0, 3 * 24 * 60)),
        "author_id": st.sampled_from([None, "ann", "bob", "care"]),
        "is_own": st.booleans(),
        "deleted": st.sampled_from([False, False, False, True]),
        "kind": st.sampled_from(["post", "reply", "repost"]),
        "channel": st.sampled_from(["x", "forum"]),
        "property": st.sampled_from(["own", "addressed", "independent"]),
        "visibility": st.sampled_from(["public", "public", "private"]),
        "sentiment": st.sampled_from([None, "negative", "neutral", "positive", "unknown"]),
        "intents": st.lists(st.sampled_from(INTENTS), unique=True, max_size=3),
        "answers": st.one_of(st.none(), st.integers(0, 30)),
        "is_automatic": st.booleans(),
    }),
    max_size=25,
)


def stored(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Random rows as mentions, each with what Python needs for counting."""
    mentions = []
    for number, row in enumerate(rows):
        at = None if row["minute"] is None else START + timedelta(minutes=row["minute"])
        kept = {c: row[c] for c in ("brand", "author_id", "is_own", "kind", "channel", "property", "visibility", "is_automatic")}
        deleted = {"deleted_at": NOW, "text": "", "author_id": None} if row["deleted"] else {}
        parent = None if row["answers"] is None else str(row["answers"])
        mentions.append(mention(native_id=str(number), published_at=at, in_reply_to=parent, **kept | deleted))
    return mentions


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_counts_are_those_of_plain_python(rows: list[dict[str, Any]]) -> None:
    with connection.open(":memory:") as warehouse:
        migrate(warehouse)
        mentions = stored(rows)
        insert(warehouse, "mentions", mentions)
        insert(warehouse, "enrichments", [
            scores(m, r["sentiment"], intents=r["intents"], brands=r["also"])
            for m, r in zip(mentions, rows, strict=True) if r["sentiment"] and not r["deleted"]
        ])
        build.build(warehouse, timezone="UTC", now=NOW)
        quarters: dict[tuple[str, datetime], list[Any]] = defaultdict(list)
        voices: dict[tuple[str, datetime, str], int] = defaultdict(int)
        for m, r in zip(mentions, rows, strict=True):
            at = m["published_at"]
            if m["is_own"] or at is None or r["deleted"]:
                continue
            for brand in {r["brand"], *(r["also"] if r["sentiment"] else [])} - {None}:
                quarters[brand, at.replace(minute=at.minute // 15 * 15)].append((m, r))
                if m["visibility"] == "public":
                    for channel in (m["channel"], "all"):
                        voices[brand, at.replace(hour=0, minute=0), channel] += 1
        expected = sorted(
            (
                brand, at, len(said), len({m["author_id"] for m, _ in said} - {None}),
                *(sum(r["sentiment"] == s for _, r in said) for s in ("negative", "neutral", "positive", "unknown", None)),
                *(sum(r["sentiment"] is not None and i in r["intents"] for _, r in said) for i in INTENTS[:3]),
                sum(m["kind"] == "repost" for m, _ in said),
            )
            for (brand, at), said in quarters.items()
        )
        got = warehouse.execute(
            "SELECT COLUMNS(c -> c NOT LIKE 'original_%' AND c NOT IN ('needs_response_count', 'copy_count')) FROM brand_15min "
            "ORDER BY brand, bucket_at"
        ).fetchall()
        assert got == expected
        shares = warehouse.execute("SELECT brand, day_at, channel, mention_count FROM share_of_voice_daily").fetchall()
        assert {(b, d, c): n for b, d, c, n in shares} == voices


def top(native_id: str, parents: dict[str, str | None]) -> str:
    """The first message above `native_id`, as far as replies lead; "" in a circle."""
    seen: set[str] = set()
    while parents.get(native_id):
        if native_id in seen:
            return ""
        seen.add(native_id)
        native_id = str(parents[native_id])
    return native_id


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_threads_are_the_chains_of_replies(rows: list[dict[str, Any]]) -> None:
    """Without the brand's posts on top, two mentions share a conversation exactly when replies lead both to the same message."""
    for row in rows:
        row["is_own"] = row["is_own"] and row["answers"] is not None
    with connection.open(":memory:") as warehouse:
        migrate(warehouse)
        mentions = stored(rows)
        insert(warehouse, "mentions", mentions)
        found = dict(warehouse.execute(
            "SELECT native_id, t.thread_id FROM thread_mentions AS t INNER JOIN mentions USING (mention_id)"
        ).fetchall())
        parents = {m["native_id"]: m["in_reply_to"] for m in mentions}
        parents = {child: None if parent == child else parent for child, parent in parents.items()}
        posts = {m["native_id"] for m in mentions if m["is_own"] and parents[m["native_id"]] is None}
        assert set(found) == set(parents)
        for child in parents:
            above = top(child, parents)
            if above and above not in posts:
                assert found[child] == above


def test_a_chain_of_ten_thousand_replies_is_one_thread(warehouse: duckdb.DuckDBPyConnection) -> None:
    insert(warehouse, "mentions", [mention()])
    warehouse.execute(
        "INSERT INTO mentions SELECT * EXCLUDE (i) REPLACE (uuid() AS mention_id, (2 + i)::VARCHAR AS native_id, "
        "(1 + i)::VARCHAR AS in_reply_to) FROM mentions CROSS JOIN range(10000) AS r(i)"
    )
    found = warehouse.execute("SELECT thread_id, count(*) FROM thread_mentions GROUP BY 1").fetchall()
    assert found == [("1", 10001)]
