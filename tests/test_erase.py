"""Erasure: of what was withdrawn no byte is left in the storage folder, and whatever counts need stays."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines import aggregate, collect, enrich, erase, ledger, load, publish, retain
from pipelines.blanking import BLANK
from pipelines.cli import main
from pipelines.landing import Landing
from pipelines.privacy import Pseudonymiser
from pipelines.records import mention_id
from pipelines.settings import Settings, read
from pipelines.store import open_warehouse
from tests.contents import contents
from warehouse import connection, erasure, migrate

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
AT = datetime(2026, 1, 31, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECRET = "Kestravia lost my violin called Ludovica and nobody answers"
OTHER = "Kestravia was on time, thank you so much for the good flight"
CONFIG = """
[project]
storage = "storage"
[brands.kestravia]
name = "Kestravia"
[models]
active = "lexicon"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "earshot.toml").write_text(CONFIG, encoding="utf-8")
    return read(tmp_path / "earshot.toml")


def post(native_id: str, text: str, author: str = "Ann", **values: Any) -> dict[str, Any]:
    return {"id": native_id, "text": text, "author_id": author, "created_at": AT.isoformat(), "channel": "forum"} | values


def gone(native_id: str, at: datetime = AT + HOUR) -> dict[str, Any]:
    return post(native_id, "", deleted_at=at.isoformat())


def give(settings: Settings, name: str, rows: Sequence[dict[str, Any] | str], *, now: datetime = NOW) -> None:
    """Collect, score and load a file of posts of the forum."""
    path = settings.path.parent / f"{name}.jsonl"
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows), encoding="utf-8")
    for key in collect.run_file(settings, path, None, now=now, source="forum").window_keys:
        enrich.run(settings, "forum", key, now=now)
        load.run(settings, "forum", key, now=now)
    path.unlink()


def show(settings: Settings, *, now: datetime = NOW) -> None:
    """Marts and a snapshot."""
    aggregate.run(settings, now=now)
    publish.run(settings, now=now)


def places(storage: Path, *needles: str) -> list[str]:
    """Files that hold one of the needles: in their bytes, or, where those are compressed, in what they say."""
    found = []
    for path in sorted(p for p in storage.rglob("*") if p.is_file() and not p.is_symlink()):
        said = [path.read_bytes()]
        if path.suffix == ".parquet":
            said.append(repr(pq.read_table(path, partitioning=None).to_pylist()).encode())
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as opened:
                tables = opened.execute("SELECT table_name FROM duckdb_tables()").fetchall()
                said += [repr(opened.execute(f'FROM "{table}"').fetchall()).encode() for (table,) in tables]
        if any(needle.encode() in one for needle in needles for one in said):
            found.append(str(path.relative_to(storage)))
    return found


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.storage / "warehouse.duckdb"), read_only=True) as opened:
        opened.execute("SET TimeZone = 'UTC'")
        return opened.sql(query).fetchall()


def pseudonym(settings: Settings, author: str, channel: str = "forum") -> str:
    return Pseudonymiser(settings.salt).author_id(channel, author)


def everywhere(settings: Settings) -> tuple[str, str]:
    """Put one mention wherever a mention can be: its text and the pseudonym of its author."""
    give(settings, "first", [
        post("post-0001", SECRET, references=None), post("post-0002", OTHER, author="Bob", in_reply_to="post-0001"),
        post("post-0003", OTHER, author="Cat"), post("post-0001", SECRET, kind="poem"), '{"broken',
    ])
    show(settings)
    liked = post("post-0001", SECRET, likes=7, observed_at=(AT + HOUR / 2).isoformat())
    give(settings, "again", [liked, post("post-0004", OTHER)])
    one, two = (str(mention_id("forum", native_id)) for native_id in ("post-0001", "post-0002"))
    with open_warehouse(settings) as warehouse:
        warehouse.execute(
            "INSERT INTO alerts BY NAME SELECT uuid() AS alert_id, 'seasonal' AS detector, 'volume' AS signal, "
            "'kestravia' AS brand, 'watch' AS tier, 'resolved' AS state, 3 AS severity, $at AS onset_at, $at AS fired_at, "
            "60 AS window_minutes, 9.0 AS observed, 1.0 AS expected, 0.0 AS low, 2.0 AS high, 'more than usual' AS summary, "
            "'[]' AS drivers, [$one::UUID, $two::UUID] AS example_ids", {"at": AT, "one": one, "two": two},
        )
    did = {"actor": "Eve", "acted_at": NOW.isoformat()}
    label = did | {"verb": "correct_label", "value": "negative", "mention_id": one}
    note, kept = did | {"verb": "note", "value": f"says: {SECRET}"}, did | {"verb": "note", "value": "call the airport"}
    for name, values in (("a1", label), ("a2", note), ("a3", kept)):
        path = Landing(settings.storage).root / "actions" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(values | {"action_id": name}), encoding="utf-8")
    load.run_actions(settings, now=NOW)
    show(settings, now=NOW + HOUR)
    return SECRET, pseudonym(settings, "Ann")


def test_of_what_a_platform_deleted_no_byte_is_left_and_the_rest_is_as_it_was(settings: Settings) -> None:
    needles = everywhere(settings)
    before = places(settings.storage, *needles)
    assert {Path(p).suffix for p in before} == {".parquet", ".duckdb", ".json"}, "there is something to find"
    assert any(p.startswith("serving") for p in before) and any("quarantine" in p for p in before)
    accounts = rows(settings, "SELECT file_id, rows_in, stored, unchanged, quarantined FROM loads ORDER BY 1")
    give(settings, "gone", [gone("post-0001")])
    assert places(settings.storage, SECRET) != [], "loading alone cannot reach files"
    assert erase.run(settings, now=NOW + HOUR).mentions == 1
    assert places(settings.storage, SECRET, "Ludovica") == []
    author = places(settings.storage, pseudonym(settings, "Ann"))
    assert rows(settings, "SELECT native_id FROM mentions WHERE author_id IS NOT NULL ORDER BY 1") == [
        ("post-0002",), ("post-0003",), ("post-0004",)
    ]
    assert author, "another post of the same author is none of this"
    assert rows(settings, "SELECT published_at, channel, deleted_at IS NOT NULL FROM mentions WHERE native_id = 'post-0001'") == [
        (AT, "forum", True)
    ]
    assert rows(settings, "SELECT brands, erased_at FROM withdrawals") == [(["kestravia"], NOW + HOUR)]
    assert rows(settings, "SELECT len(example_ids) FROM alerts") == [(1,)]
    assert rows(settings, "SELECT action_id FROM actions") == [("a3",)]
    assert rows(settings, "SELECT count(*) FROM enrichments") == [(3,)]
    assert set(accounts) <= set(rows(settings, "SELECT file_id, rows_in, stored, unchanged, quarantined FROM loads"))


QUOTED = "my violin called Ludovica"  # where a date or a number belongs


def test_what_reasons_and_notes_quote_goes_too(settings: Settings) -> None:
    """A mapping that takes the text for the date, and rows that were rejected with a reason that quotes them."""
    give(settings, "first", [
        post("post-0001", QUOTED, created_at=QUOTED), post("post-0002", "x", weight="post-0001"), post("post-0003", OTHER),
        post("post-0004", "x", weight=OTHER[:30]),
    ])
    assert rows(settings, "SELECT time_note FROM mentions WHERE native_id = 'post-0001'") == [
        (f"'{QUOTED}' is not a date that we can read",)
    ]
    reasons = "SELECT reason FROM quarantine ORDER BY line"
    assert rows(settings, reasons) == [(f"weight is {w!r}, which is no number of 0 or more",) for w in ("post-0001", OTHER[:30])]
    show(settings)
    give(settings, "gone", [gone("post-0001")])
    erase.run(settings, now=NOW)
    assert places(settings.storage, "Ludovica") == []
    assert rows(settings, reasons)[0] == (BLANK,), "it quoted the id"
    assert rows(settings, reasons)[1] != (BLANK,)
    assert rows(settings, "SELECT time_note FROM mentions WHERE deleted_at IS NOT NULL") == [(None,)]  # the deletion was dated


def test_a_withdrawn_mention_without_a_date_says_so_and_quotes_nothing(settings: Settings) -> None:
    give(settings, "first", [post("post-0001", SECRET, created_at="Ludovica")])
    give(settings, "gone", [post("post-0001", "", created_at="Ludovica", deleted_at=NOW.isoformat())])
    erase.run(settings, now=NOW)
    assert rows(settings, "SELECT time_note FROM mentions") == [("withdrawn",)]
    assert places(settings.storage, "Ludovica") == []


def test_reasons_and_notes_are_protected_like_any_text(settings: Settings) -> None:
    mail = "ann.marsh@example.com"
    give(settings, "first", [
        post("1", "x", created_at=f"{'see below ' * 3}{mail}"), post("2", "x", weight=mail), post("3", "x", deleted_at=mail),
        post("4", "x", created_at=f"{'see below ' * 5}{mail}"),
    ])
    assert places(settings.storage, "ann.marsh") == []
    (shown,), (hidden,) = rows(settings, "SELECT time_note FROM mentions ORDER BY native_id")
    assert "[EMAIL]" in shown and hidden == "a value of 73 characters is not a date that we can read"
    assert {"[EMAIL]" in reason for (reason,) in rows(settings, "SELECT reason FROM quarantine")} == {True}


def test_nothing_is_scored_or_loaded_again_for_it(settings: Settings) -> None:
    everywhere(settings)
    give(settings, "gone", [gone("post-0001")])
    erase.run(settings, now=NOW)
    assert load.waiting(settings, "forum") == []
    landing = Landing(settings.storage)
    for key in landing.windows("forum"):
        for path in landing.enrichments("forum", key).values():
            before = path.stat().st_mtime_ns
            enrich.run(settings, "forum", key, now=NOW)
            assert path.stat().st_mtime_ns == before
        assert load.run(settings, "forum", key, now=NOW).stored == 0


def test_blanked_windows_that_are_loaded_again_change_nothing(settings: Settings) -> None:
    """As after a kill between the files and the warehouse's note of them, or where the warehouse is made anew from landing."""
    everywhere(settings)
    give(settings, "gone", [gone("post-0001")])
    erase.run(settings, now=NOW)
    whole = contents(settings.storage)
    with open_warehouse(settings) as warehouse:
        warehouse.execute("UPDATE loads SET content_hash = 'as it was before', models = '{}'")
    keys = Landing(settings.storage).windows("forum")
    for key in keys:
        assert load.run(settings, "forum", key, now=NOW).stored == 0
    assert contents(settings.storage) == whole
    (settings.storage / "warehouse.duckdb").unlink()
    for key in reversed(keys):
        load.run(settings, "forum", key, now=NOW)
    kept = "native_id, channel, published_at, deleted_at IS NOT NULL, text"
    assert rows(settings, f"SELECT {kept} FROM mentions WHERE native_id = 'post-0001'") == [("post-0001", "forum", AT, True, "")]
    assert rows(settings, "SELECT brands, erased_at FROM withdrawals") == [(["kestravia"], NOW)]


def test_where_nothing_was_withdrawn_nothing_is_written(settings: Settings) -> None:
    everywhere(settings)
    give(settings, "gone", [gone("post-0001")])
    erase.run(settings, now=NOW)
    before = {p: p.stat().st_mtime_ns for p in settings.storage.rglob("*") if p.is_file()}
    assert erase.run(settings, now=NOW + HOUR) == erase.Erased()
    assert {p: p.stat().st_mtime_ns for p in settings.storage.rglob("*") if p.is_file()} == before


def test_snapshots_keep_their_names_links_and_figures(settings: Settings) -> None:
    everywhere(settings)
    files = sorted(p.name for p in (settings.storage / "serving").glob("*.duckdb"))
    current = (settings.storage / "serving" / "current.duckdb").resolve()

    def figures() -> Any:
        with duckdb.connect(str(current), read_only=True) as snapshot:
            return snapshot.execute("SELECT brand, mention_count, negative_count FROM brand_15min").fetchall()

    before = figures()
    give(settings, "gone", [gone("post-0001")])
    assert erase.run(settings, now=NOW).snapshots == 2
    assert sorted(p.name for p in (settings.storage / "serving").glob("*.duckdb")) == files
    assert figures() == before
    show(settings)
    assert (settings.storage / "serving" / "current.duckdb").resolve() != current


def test_a_copy_that_lands_later_is_erased_too(settings: Settings) -> None:
    """The same old post in another window: nothing of it is stored, and its file is blanked."""
    everywhere(settings)
    give(settings, "gone", [gone("post-0001")])
    erase.run(settings, now=NOW)
    give(settings, "late", [post("post-0001", SECRET), post("post-0009", OTHER)])
    assert rows(settings, "SELECT text FROM mentions WHERE native_id = 'post-0001'") == [("",)]
    assert places(settings.storage, SECRET) != []
    erase.run(settings, now=NOW + HOUR)
    assert places(settings.storage, SECRET) == []
    assert rows(settings, "SELECT brands FROM withdrawals") == [(["kestravia"],)]


def test_scores_that_were_being_made_meanwhile_are_found(settings: Settings) -> None:
    everywhere(settings)
    landing = Landing(settings.storage)
    files = [p for key in landing.windows("forum") for p in landing.enrichments("forum", key).values()]
    stale = next(p for p in files if pq.read_metadata(p).num_rows == 3)
    copy = settings.path.parent / "stale.parquet"
    shutil.copy2(stale, copy)
    give(settings, "gone", [gone("post-0001")])
    erase.run(settings, now=NOW)
    shutil.copy2(copy, stale)  # what a slow scorer puts there
    give(settings, "more", [gone("post-0003")])
    erase.run(settings, now=NOW)
    scored = pq.read_table(stale, partitioning=None).to_pylist()
    assert [r["sentiment"] for r in scored if r["mention_id"] == mention_id("forum", "post-0001")] == ["unknown"]


def test_files_that_landed_in_an_earlier_version_are_blanked_too(settings: Settings) -> None:
    """They lack a column that came later."""
    give(settings, "first", [post("post-0001", SECRET), post("post-0002", OTHER)])
    (key,) = Landing(settings.storage).windows("forum")
    path = Landing(settings.storage).mentions("forum", key)
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.drop_columns(["expires_at"]), path)
    give(settings, "gone", [gone("post-0001")])
    erase.run(settings, now=NOW)
    assert places(settings.storage, SECRET) == []
    assert pq.read_table(path, partitioning=None)["text"].to_pylist() == ["", OTHER]


def test_what_was_collected_before_a_kill_is_swept(settings: Settings) -> None:
    everywhere(settings)
    left = Landing(settings.storage).mentions("forum", "w").with_name(".window=w.parquet.999999999.tmp")
    left.write_text(SECRET)
    os.utime(left, (NOW.timestamp() - 7200,) * 2)
    erase.run(settings, now=NOW)
    assert not left.exists()


def test_retention_leaves_no_byte_in_the_warehouse_either(settings: Settings) -> None:
    give(settings, "first", [post("post-0001", SECRET)])
    retain.run(settings, now=NOW + timedelta(days=401))
    erase.run(settings, now=NOW + timedelta(days=401))
    assert places(settings.storage, SECRET, pseudonym(settings, "Ann")) == []


# --- the ledger --------------------------------------------------------------------------------------------------------


def test_an_erasure_is_due_from_the_deletion_on_and_done_when_nothing_is_left(settings: Settings) -> None:
    give(settings, "first", [post("post-0001", SECRET), post("post-0002", SECRET)])
    give(settings, "gone", [gone("post-0001"), gone("post-0002")])
    late = NOW + timedelta(days=31)
    assert ledger.overdue(settings, now=NOW) == []
    assert [(o.kind, o.source, o.count) for o in ledger.overdue(settings, now=late)] == [("erase", "forum", 2)]
    erase.run(settings, now=late)
    assert ledger.overdue(settings, now=late) == []
    assert rows(settings, "SELECT kind, source, due_at, mention_count, open_count, done_at FROM obligations") == [
        ("erase", "forum", NOW + ledger.LATEST, 2, 0, late)
    ]


# --- killed ------------------------------------------------------------------------------------------------------------

WORK = """
import sys
from datetime import datetime
from pathlib import Path
from pipelines import erase
from pipelines.settings import read
print("ready", flush=True)
erase.run(read(Path(sys.argv[1])), now=datetime.fromisoformat(sys.argv[2]))
"""


def test_killed_at_any_moment_the_next_run_finishes(settings: Settings, tmp_path: Path) -> None:
    """SIGKILL at random moments, over and over from the same state; `EARSHOT_KILLS` asks for more."""
    everywhere(settings)
    give(settings, "gone", [gone("post-0001")])
    start = tmp_path / "start"
    shutil.copytree(settings.storage, start, symlinks=True)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WORK, str(settings.path), NOW.isoformat()]

    def work(seconds: float | None) -> float:
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stdout.readline()
            began = time.monotonic()
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
            process.wait()
        return time.monotonic() - began

    length = work(None)
    whole, rng = contents(settings.storage), random.Random(1)
    done = "SELECT kind, mention_count, open_count, done_at IS NOT NULL, erased_at IS NOT NULL FROM obligations, withdrawals"
    assert rows(settings, done) == [("erase", 1, 0, True, True)]
    assert places(settings.storage, SECRET) == []
    moments = sorted(rng.uniform(0.0, length) for _ in range(int(os.environ.get("EARSHOT_KILLS", "6"))))
    for number, moment in enumerate(moments):
        shutil.rmtree(settings.storage)
        shutil.copytree(start, settings.storage, symlinks=True)
        work(moment)
        for key in load.waiting(settings, "forum") if number % 2 else ():  # as a run does: files that changed are loaded first
            enrich.run(settings, "forum", key, now=NOW)
            load.run(settings, "forum", key, now=NOW)
        erase.run(settings, now=NOW)
        assert places(settings.storage, SECRET) == [], f"killed after {moment:.2f} of {length:.2f} s"
        assert contents(settings.storage) == whole
        assert rows(settings, done) == [("erase", 1, 0, True, True)]
        assert not erasure.is_rewrite_asked(settings.storage / "warehouse.duckdb")


# --- requests ----------------------------------------------------------------------------------------------------------


def forget(settings: Settings, *arguments: str) -> int:
    return main(["forget", "--config", str(settings.path), *arguments])


@pytest.mark.parametrize("name", ["Ann", "@ann", "ANN "])
def test_a_forgotten_author_is_nowhere_and_stays_out(settings: Settings, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """However the name is written. What comes again, and what they write later, stays out; what others write stays."""
    needles = everywhere(settings)
    give(settings, "second", [post("post-0005", f"{OTHER} again", author="Bob"), '{"id": 1, "author": "@Ann", "text": "broken'])
    assert forget(settings, "--author", name, "--channel", "forum") == 0
    assert "2 mentions withdrawn" in capsys.readouterr().out
    assert places(settings.storage, *needles, "Ludovica", "@Ann") == []
    give(settings, "again", [post("post-0001", SECRET), post("post-0006", SECRET), post("post-0007", OTHER, author="Bob")])
    assert places(settings.storage, *needles) == [], "struck before it lands"
    living = rows(settings, "SELECT native_id FROM mentions WHERE deleted_at IS NULL ORDER BY 1")
    assert living == [("post-0002",), ("post-0003",), ("post-0005",), ("post-0007",)]
    assert rows(settings, "SELECT count(*) FROM withdrawals") == [(3,)]
    assert forget(settings, "--author", name, "--channel", "forum") == 0
    assert "asked for before" in capsys.readouterr().out


def test_a_forgotten_author_whom_only_a_reason_names_is_nowhere(settings: Settings) -> None:
    give(settings, "first", [post("1", OTHER), post("2", "x", weight="Ludovica Marsh")])
    with open_warehouse(settings) as warehouse:
        warehouse.execute("UPDATE quarantine SET raw = 'cut off'")
    assert forget(settings, "--author", "Ludovica Marsh", "--channel", "forum") == 0
    assert places(settings.storage, "Ludovica") == []


def test_one_forgotten_mention_stays_out_even_where_a_newer_version_comes(settings: Settings) -> None:
    everywhere(settings)
    assert forget(settings, "--mention", "post-0001") == 0
    assert places(settings.storage, SECRET) == []
    give(settings, "newer", [post("post-0001", SECRET, observed_at=(NOW + HOUR).isoformat()), post("post-0008", OTHER)])
    assert places(settings.storage, SECRET) == []
    assert rows(settings, "SELECT count(*) FROM mentions WHERE deleted_at IS NULL AND native_id = 'post-0001'") == [(0,)]
    assert rows(settings, "SELECT author_id IS NOT NULL FROM mentions WHERE native_id = 'post-0008'") == [(True,)]


def test_what_had_landed_before_the_request_and_is_loaded_after_it_stays_out(settings: Settings) -> None:
    give(settings, "first", [post("post-0001", SECRET), post("post-0002", OTHER, author="Bob")])
    path = settings.path.parent / "waiting.jsonl"
    path.write_text(json.dumps(post("post-0003", f"{SECRET} still")) + "\n", encoding="utf-8")
    (key,) = collect.run_file(settings, path, None, now=NOW, source="forum").window_keys
    file = Landing(settings.storage).mentions("forum", key)
    copy = settings.path.parent / "copy.parquet"
    shutil.copy2(file, copy)
    assert forget(settings, "--author", "Ann", "--channel", "forum") == 0
    assert places(settings.storage, SECRET) == [], "what has landed is looked through too"
    shutil.copy2(copy, file)  # what a collector puts there that had begun before
    load.run(settings, "forum", key, now=NOW)
    assert rows(settings, "SELECT text FROM mentions WHERE native_id = 'post-0003'") == [("",)]
    erase.run(settings, now=NOW)
    assert places(settings.storage, SECRET) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--author", "Nobody", "--channel", "forum"), "nothing by 'Nobody' is stored"),
        (("--author", "Ann", "--channel", "x"), "there are: forum"),
        (("--author", "@", "--channel", "forum"), "nothing by '@'"),
        (("--author", "Ann"), "needs --channel"),
        (("--mention", "post-9999"), "there is no mention 'post-9999'"),
    ],
)
def test_a_request_that_matches_nothing_is_refused_in_a_sentence(
    settings: Settings, arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    give(settings, "first", [post("post-0001", SECRET)])
    before = contents(settings.storage)
    assert forget(settings, *arguments) == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
    assert contents(settings.storage) == before and not (settings.storage / "landing" / "forgotten").exists()


# --- the file ----------------------------------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from warehouse import connection
path, count = Path(sys.argv[1]), 0
while not path.with_name("stop").exists():
    with connection.open(path) as warehouse:
        warehouse.execute("INSERT INTO noted VALUES (?, ?)", [sys.argv[2], count])
    count += 1
print(count)
"""


def test_no_writer_loses_a_row_while_the_file_is_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with connection.open(path) as warehouse:
        warehouse.execute("CREATE TABLE noted (writer VARCHAR, number INTEGER)")
        warehouse.execute("CREATE VIEW told AS SELECT count(*) AS rows FROM noted")
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [subprocess.Popen([*command, name], env=env, stdout=subprocess.PIPE, text=True) for name in "abc"]
    for _ in range(12):
        erasure.rewrite(path)
    (tmp_path / "stop").touch()
    counts = [int(writer.communicate()[0]) for writer in writers]
    assert all(writer.returncode == 0 for writer in writers) and sum(counts) > 0
    with connection.open(path, read_only=True) as warehouse:
        found = warehouse.execute("SELECT writer, count(DISTINCT number), count(*) FROM noted GROUP BY 1 ORDER BY 1").fetchall()
        assert found == [(name, count, count) for name, count in zip("abc", counts, strict=True) if count]
        assert warehouse.execute("FROM told").fetchall() == [(sum(counts),)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["stop", "warehouse.duckdb"]


def test_what_was_deleted_before_there_was_erasure_is_erased_after_the_upgrade(settings: Settings, tmp_path: Path) -> None:
    """A warehouse whose deleted mention still has an author and a link, and whose landed file has the text."""
    give(settings, "first", [post("post-0001", SECRET), post("post-0002", OTHER, author="Bob")])
    old = tmp_path / "migrations"
    old.mkdir()
    for file in migrate.FOLDER.glob("*.sql"):
        if int(file.name[:4]) < 70:
            shutil.copy2(file, old)
    file = settings.storage / "warehouse.duckdb"
    with connection.open(file) as warehouse:
        warehouse.execute(f"COPY mentions TO '{tmp_path}/mentions.parquet'")
    file.unlink()
    with connection.open(file) as warehouse:
        migrate.migrate(warehouse, old)
        columns = [c[0] for c in warehouse.execute("DESCRIBE mentions").fetchall()]
        listed = ", ".join(f'"{c}"' for c in columns)
        warehouse.execute(f"INSERT INTO mentions ({listed}) SELECT {listed} FROM '{tmp_path}/mentions.parquet'")
        warehouse.execute("UPDATE mentions SET deleted_at = ?, text = '' WHERE native_id = 'post-0001'", [NOW])
    assert places(settings.storage, pseudonym(settings, "Ann")) != []
    erase.run(settings, now=NOW + HOUR)
    assert places(settings.storage, SECRET, pseudonym(settings, "Ann")) == []
    assert rows(settings, "SELECT native_id, text <> '' FROM mentions ORDER BY 1") == [("post-0001", False), ("post-0002", True)]
