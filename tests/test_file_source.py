"""Files of mentions: formats, mappings, dates, and folders into which files keep dropping."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest

from pipelines import collect, line
from pipelines.errors import ConfigError, InputError
from pipelines.landing import Landing
from pipelines.mapping import Mapping, read_mapping
from pipelines.records import Mention, Query, Rejected, Window
from pipelines.settings import BrandStanza, Settings
from pipelines.sources.file import FileSource

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("EARSHOT_DATA", ROOT.parent / "shared" / "data")) / "streams"
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(minutes=15), NOW)
needs_data = pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is not there: set EARSHOT_DATA to the folder of real data")


def read(path: Path, toml: str | None = None, **brands: BrandStanza) -> tuple[list[Mention], list[Rejected]]:
    """Every row of a file as the source `file` yields it."""
    mapping = path.with_suffix(".map.toml")
    if toml is not None:
        mapping.write_text(toml, encoding="utf-8")
    source = FileSource(kind="file", name="f", path=path, map=mapping if toml is not None else None)
    query = Query(brands=Settings(brands=brands).query.brands)
    items = list(source.collect(query, WINDOW))
    return [i for i in items if isinstance(i, Mention)], [i for i in items if isinstance(i, Rejected)]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(path, (NOW.timestamp() - 60,) * 2)
    return path


def landed(settings: Settings, source: str) -> list[dict[str, Any]]:
    landing = Landing(settings.storage)
    return [
        row
        for key in landing.windows(source)
        for row in pq.read_table(landing.mentions(source, key), partitioning=None).to_pylist()
    ]


ROWS = [
    {"id": "1", "text": "späte Ankunft, wieder", "created_at": "2026-01-31T10:00:00Z", "user": "ann", "likes": "3"},
    {"id": "2", "text": 'she said "no"\nand left', "created_at": "2026-01-31T11:00:00Z", "user": "bob", "likes": ""},
]


def as_csv(delimiter: str) -> str:
    import csv
    import io

    out = io.StringIO()
    writer = csv.DictWriter(out, list(ROWS[0]), delimiter=delimiter, quoting=csv.QUOTE_MINIMAL)
    writer.writeheader()
    writer.writerows(ROWS)
    return out.getvalue()


def as_parquet(path: Path) -> None:
    import pyarrow as pa

    pq.write_table(pa.Table.from_pylist(ROWS), path)


def as_excel(path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(list(ROWS[0]))
    for row in ROWS:
        sheet.append(
            [*list(row.values())[:2], datetime.fromisoformat(row["created_at"]).replace(tzinfo=None), *list(row.values())[3:]]
        )
    book.save(path)


@pytest.mark.parametrize(
    "kind", ["csv", "semicolon", "tsv", "bar", "bom", "jsonl", "json", "pretty", "parquet", "xlsx", "no suffix"]
)
def test_every_format_gives_the_same_mentions(kind: str, tmp_path: Path) -> None:
    contents: dict[str, tuple[str, str]] = {
        "csv": ("a.csv", as_csv(",")),
        "semicolon": ("a.csv", as_csv(";")),
        "tsv": ("a.tsv", as_csv("\t")),
        "bar": ("a.txt", as_csv("|")),
        "bom": ("a.csv", "\ufeff" + as_csv(",")),
        "jsonl": ("a.jsonl", "\n".join(map(json.dumps, ROWS))),
        "json": ("a.json", json.dumps(ROWS)),
        "pretty": ("a.json", json.dumps(ROWS, indent=2)),
        "no suffix": ("export", "\n".join(map(json.dumps, ROWS)) + "\n"),
    }
    if kind in contents:
        path = write(tmp_path / contents[kind][0], contents[kind][1])
    else:
        path = tmp_path / f"a.{kind}"
        (as_parquet if kind == "parquet" else as_excel)(path)
    mentions, rejected = read(path)
    assert rejected == []
    assert [(m.native_id, m.text, m.author_id, m.engagement) for m in mentions] == [
        ("1", "späte Ankunft, wieder", "ann", 3),
        ("2", 'she said "no"\nand left', "bob", None),
    ]
    assert [m.published_at for m in mentions] == [datetime(2026, 1, 31, h, tzinfo=UTC) for h in (10, 11)]


def test_a_wrong_delimiter_or_no_text_column_is_one_sentence_and_not_zero_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id~text~date\n1~hello~2026-01-01\n")
    with pytest.raises(InputError, match=r"no column holds the text .*\[columns\] text"):
        read(path)
    with pytest.raises(InputError, match="no column holds the text"):
        read(write(tmp_path / "b.jsonl", '{"foo": 1}\n'))
    with pytest.raises(InputError, match="has no column 'quote' for the text; its columns are: id, text"):
        read(write(tmp_path / "c.csv", "id,text\n1,a\n"), '[columns]\ntext = "quote"')


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n\n  \n", "is empty"),
        ("a.jsonl", b"not json\n[1]\n", "no line of it is a JSON object"),
        ("a.parquet", b"PAR1 and then nothing", "not a Parquet file"),
        ("a.xlsx", b"PK\x03\x04 and then nothing", "not an Excel file"),
        ("a.csv", "id,text\n".encode("utf-16"), "UTF-16"),
        ("a.gz", b"\x1f\x8b\x08rest", "compressed"),
        ("a.json", b"[1, 2]", "no JSON object"),
        ("a.csv", b"id,t\xe9xt\n", "first line is not utf-8"),
        ("a.xls", b"\xd0\xcf\x11\xe0", "old Excel"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_is_one_sentence(name: str, content: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=reason) as raised:
        read(write(tmp_path / name, content))
    assert "\n" not in str(raised.value)


def test_a_missing_file_and_a_folder_are_one_sentence(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path / "s")
    with pytest.raises(InputError, match="there is no such file"):
        collect.run_file(settings, tmp_path / "none.csv", None, now=NOW)
    with pytest.raises(InputError, match="is a folder"):
        collect.run_file(settings, tmp_path, None, now=NOW)


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ("[columns]\ntxt = 'a'", r"\[columns\] has no key 'txt'; did you mean 'text'"),
        ("[column]\n", "no stanza"),
        ("[constants]\nproperty = 'mine'", "property = 'mine'"),
        ("[dates]\ntimezone = 'Mars'", "not a time zone"),
        ("[file]\nencoding = 'utf-16'", "not an encoding"),
        ("[file]\nencoding = 'klingon'", "not an encoding"),
        ("[values.text]\na = 'b'", "cannot be mapped"),
        ("a = = b", "not valid TOML"),
        ("source = 'a/b'", "source"),
    ],
)
def test_a_mistaken_mapping_names_the_key(toml: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(toml)
    with pytest.raises(ConfigError, match=reason) as raised:
        read_mapping(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value).replace(toml, "")


def test_a_mapping_names_columns_constants_values_and_what_is_own(tmp_path: Path) -> None:
    rows = [
        {
            "n": 1,
            "user": {"name": "ann"},
            "head": "Late",
            "body": "again",
            "when": "24.02.2015 11:35",
            "airline": "US Airways",
            "up": 2,
            "share": "1,000",
            "dir": "in",
        },
        {
            "n": 2,
            "user": {"name": "@DELTA"},
            "head": "",
            "body": "Sorry!",
            "when": "24.02.2015 11:40",
            "airline": "Air Köln",
            "re": 1,
            "dir": "out",
        },
    ]
    toml = """
        [columns]
        id = "n"
        text = ["head", "body"]
        published_at = "when"
        author = "user.name"
        brand = "airline"
        engagement = ["up", "share"]
        in_reply_to = "re"
        [constants]
        channel = "forum"
        property = "addressed"
        [values.brand]
        "us airways" = "usair"
        [dates]
        format = "%d.%m.%Y %H:%M"
        timezone = "America/New_York"
        [own]
        column = "dir"
        values = ["out"]
    """
    path = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)))
    mentions, rejected = read(path, toml)
    assert rejected == []
    first, second = mentions
    assert (first.native_id, first.text, first.author_id, first.brand, first.engagement) == (
        "1",
        "Late\n\nagain",
        "ann",
        "usair",
        1002,
    )
    assert (first.channel, first.property, first.kind, first.thread_id, first.is_own) == (
        "forum",
        "addressed",
        "post",
        "1",
        False,
    )
    assert first.published_at == datetime(2015, 2, 24, 16, 35, tzinfo=UTC)
    assert (second.brand, second.kind, second.in_reply_to, second.thread_id, second.is_own) == (
        "air_koln",
        "reply",
        "1",
        None,
        True,
    )


def test_what_a_brands_account_wrote_is_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,text,author\n1,hi,@DeltaAssist\n2,hi,ann\n")
    mentions, _ = read(path, None, delta=BrandStanza(name="Delta", handles=["@deltaassist"]))
    assert [(m.is_own, m.brand, m.property) for m in mentions] == [(True, "delta", "own"), (False, None, "independent")]


def test_an_author_may_be_an_object(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"id":1,"text":"a","user":{"id_str":"7","name":"Ann"}}\n{"id":2,"text":"b","user":{}}\n')
    assert [m.author_id for m in read(path)[0]] == ["7", None]


def test_inbound_is_understood_without_a_mapping(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl", '{"id":1,"text":"a","inbound":true}\n{"id":2,"text":"b","inbound":false,"in_reply_to":1}\n'
    )
    assert [(m.is_own, m.kind, m.thread_id) for m in read(path)[0]] == [(False, "post", "1"), (True, "reply", None)]


@pytest.mark.parametrize(
    ("written", "wanted", "toml"),
    [
        ("2015-02-16 23:36:05 -0800", "2015-02-17T07:36:05", ""),
        ("Tue Oct 31 22:10:47 +0000 2017", "2017-10-31T22:10:47", ""),
        ("2015-02-16T23:36:05.123Z", "2015-02-16T23:36:05.123", ""),
        ("1424156400", "2015-02-17T07:00:00", ""),
        ("1424156400000", "2015-02-17T07:00:00", ""),
        ("Mon, 02 Feb 2015 10:00:00 +0100", "2015-02-02T09:00:00", ""),
        ("24/02/2015 11:35", "2015-02-24T11:35:00", "[dates]\nday_first = true"),
        ("02/24/2015 11:35 PM", "2015-02-24T23:35:00", "[dates]\nday_first = false"),
        ("1424156400", "2015-02-17T07:00:00", "[dates]\nformat = 'epoch_s'"),
        ("2015-02-16 23:36", "2015-02-16T22:36:00", "[dates]\ntimezone = 'Europe/Berlin'"),
    ],
)
def test_dates_are_read_as_they_are_written(written: str, wanted: str, toml: str, tmp_path: Path) -> None:
    mentions, _ = read(write(tmp_path / "a.csv", f'id,text,created_at\n1,a,"{written}"\n'), toml)
    assert mentions[0].published_at == datetime.fromisoformat(wanted).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("24/02/2015 11:35", "day-first or month-first"),
        ("", "no date"),
        ("soon", "not a date"),
        ("3015-01-01", "future"),
        ("1066-10-14", "before 1990"),
        ("2015-02-30", "not a date"),
        ("9" * 400, "not a date"),
        ("2026-02-05", "future"),
    ],
)
def test_a_date_that_cannot_be_read_is_null_with_the_reason_and_the_text_is_kept(
    written: str, reason: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", f"id,text,created_at\n1,a,{written}\n")
    mentions, rejected = read(path)
    assert rejected == []
    assert (mentions[0].published_at, mentions[0].observed_at) == (None, None)
    assert reason in str(mentions[0].time_note)


def test_touching_a_file_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,text,created_at\n1,a,\n2,b,2026-01-01\n")
    settings = Settings(folder=tmp_path / "s")
    first = collect.run_file(settings, path, None, now=NOW)
    rows = landed(settings, "file")
    os.utime(path, (NOW.timestamp() + 9e6,) * 2)
    assert collect.run_file(settings, path, None, now=NOW + timedelta(days=9)) == first
    assert landed(settings, "file") == rows


def test_equal_texts_without_ids_are_different_mentions_and_halves_agree(tmp_path: Path) -> None:
    rows = ["Thanks!"] * 50 + ["Love it"] * 3
    whole = {m.native_id for m in read(write(tmp_path / "a.csv", "text\n" + "\n".join(rows) + "\n"))[0]}
    assert len(whole) == 53
    again = {m.native_id for m in read(write(tmp_path / "b.csv", "text\n" + "\n".join(rows) + "\n"))[0]}
    assert again == whole


def test_a_row_is_read_by_its_own_columns_whatever_stands_around_it(tmp_path: Path) -> None:
    """The first deletion of a long file stands after many rows without that column; halves read it as the whole does."""
    lines = [json.dumps({"id": n, "text": f"t{n}", "created_at": "2026-01-01"}) for n in range(1_500)]
    lines += [
        json.dumps({"id": 3, "text": "", "created_at": "2026-01-01", "deleted_at": "2026-01-02"}),
        '{"id": "b", "body": "other"}',
    ]
    whole, rejected = read(write(tmp_path / "a.jsonl", "\n".join(lines)))
    half, _ = read(write(tmp_path / "b.jsonl", "\n".join(lines[1_400:])))
    assert rejected == []
    assert [(m.native_id, m.text) for m in whole if m.deleted_at or m.native_id == "b"] == [("3", ""), ("b", "other")]
    assert half == whole[1_400:]


def test_ids_that_a_spreadsheet_rounded_are_refused_instead_of_merged(tmp_path: Path) -> None:
    mentions, rejected = read(
        write(tmp_path / "a.jsonl", '{"id": 567588278875213824, "text": "a"}\n{"id": 5.675882788752138e17, "text": "b"}\n')
    )
    assert [m.native_id for m in mentions] == ["567588278875213824"]
    assert "rounded" in rejected[0].reason


def test_deleted_rows_have_no_text(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        '{"id":1,"text":"secret","created_at":"2026-01-01","deleted_at":"2026-01-02"}\n{"id":2,"created_at":"2026-01-01","deleted_at":true}\n',
    )
    first, second = read(path)[0]
    assert (first.text, first.deleted_at, first.observed_at) == (
        "",
        datetime(2026, 1, 2, tzinfo=UTC),
        datetime(2026, 1, 2, tzinfo=UTC),
    )
    assert second.deleted_at == datetime(2026, 1, 1, tzinfo=UTC)


NEVER_DELETED = [
    "", " ", "NaN", "nan", "NULL", "null", "None", "NaT", "n/a", "N/A", "\\N", "no", "No", "n", "f", "False", "false", "0", "0.0",
    "0000-00-00", "0000-00-00 00:00:00", None, False, 0, 0.0,
]


def test_what_stands_for_no_date_deletes_nothing(tmp_path: Path) -> None:
    rows = [{"id": n, "text": "a", "created_at": "2026-01-01", "deleted_at": said} for n, said in enumerate(NEVER_DELETED)]
    mentions, rejected = read(write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows))))
    assert ({m.deleted_at for m in mentions}, {m.text for m in mentions}, rejected) == ({None}, {"a"}, [])
    assert len(mentions) == len(NEVER_DELETED)


@pytest.mark.parametrize("said", [True, "true", "TRUE", "yes", "1", 1, 1.0, "2026-01-01"])
def test_a_deletion_without_a_date_of_its_own_is_as_old_as_the_row(said: object, tmp_path: Path) -> None:
    row = {"id": 1, "text": "a", "created_at": "2026-01-01", "deleted_at": said}
    (mention,), rejected = read(write(tmp_path / "a.jsonl", json.dumps(row)))
    assert (mention.deleted_at, mention.text, rejected) == (datetime(2026, 1, 1, tzinfo=UTC), "", [])


@pytest.mark.parametrize("said", ["deleted?", "soon", "9999-12-31", "01/02/2026", 7, {}, [1]])
def test_a_deletion_that_cannot_be_read_is_rejected_and_withdraws_nothing(said: object, tmp_path: Path) -> None:
    row = {"id": 1, "text": "a", "created_at": "2026-01-01", "deleted_at": said}
    mentions, rejected = read(write(tmp_path / "a.jsonl", json.dumps(row)))
    assert mentions == [] and rejected[0].reason.startswith("deleted_at: ")


# --- folders -----------------------------------------------------------------------------------------------------------


def folder(tmp_path: Path, **values: Any) -> tuple[Path, Settings]:
    drop = tmp_path / "drop"
    drop.mkdir()
    return drop, Settings(path=tmp_path / "earshot.toml", sources={"drop": {"kind": "file", "path": "drop", **values}})


def test_each_file_of_a_folder_is_landed_once_under_its_own_key(tmp_path: Path) -> None:
    drop, settings = folder(tmp_path)
    write(drop / "a.csv", "id,text\n1,a\n")
    write(drop / "b.jsonl", '{"id": 2, "text": "b"}\n')
    write(drop / "notes.md", "not for us")
    first = collect.run(settings, "drop", WINDOW, now=NOW)
    assert (len(first.window_keys), first.rows_in) == (2, 2)
    assert all(k.startswith("file-") for k in first.window_keys)
    assert collect.run(settings, "drop", WINDOW, now=NOW).window_keys == []
    write(drop / "c.csv", "id,text\n3,c\n")
    (drop / "a.csv").rename(drop / "renamed.csv")
    os.utime(drop / "b.jsonl", (NOW.timestamp() - 30,) * 2)
    assert collect.run(settings, "drop", WINDOW, now=NOW).rows_in == 1
    assert sorted(r["native_id"] for r in landed(settings, "drop")) == ["1", "2", "3"]


def test_a_file_that_is_still_being_written_waits(tmp_path: Path) -> None:
    drop, settings = folder(tmp_path)
    write(drop / "a.csv.part", "id,text\n1,half a li")
    write(drop / ".hidden.csv", "id,text\n1,a\n")
    growing = write(drop / "b.csv", "id,text\n1,half")
    os.utime(growing, (NOW.timestamp() - 1,) * 2)
    assert collect.run(settings, "drop", WINDOW, now=NOW).window_keys == []
    write(growing, "id,text\n1,half of it is not all\n")
    assert collect.run(settings, "drop", WINDOW, now=NOW).rows_in == 1
    assert [r["text"] for r in landed(settings, "drop")] == ["half of it is not all"]


def test_an_unreadable_file_in_a_folder_is_counted_and_blocks_no_other(tmp_path: Path) -> None:
    drop, settings = folder(tmp_path)
    write(drop / "a.parquet", b"PAR1 broken")
    write(drop / "b.csv", "id,text\n1,a\n")
    done = collect.run(settings, "drop", WINDOW, now=NOW)
    assert (done.rows_in, done.mentions, done.rejected) == (2, 1, 1)
    assert collect.run(settings, "drop", WINDOW, now=NOW).window_keys == []


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    settings = Settings(path=tmp_path / "earshot.toml", sources={"drop": {"kind": "file", "path": "nowhere"}})
    with pytest.raises(InputError, match=r"\[sources.drop\] path"):
        collect.run(settings, "drop", WINDOW, now=NOW)


def test_a_corrected_mapping_lands_the_file_again_in_its_place(tmp_path: Path) -> None:
    drop, settings = folder(tmp_path, map="m.toml")
    mapping = tmp_path / "m.toml"
    mapping.write_text('[columns]\nid = "id"\ntext = "text"\n')
    write(drop / "a.csv", "id,text,company\n1,a,Delta\n")
    first = collect.run(settings, "drop", WINDOW, now=NOW)
    mapping.write_text('[columns]\nid = "id"\ntext = "text"\nbrand = "company"\n')
    second = collect.run(settings, "drop", WINDOW, now=NOW)
    assert first.window_keys == second.window_keys
    assert [r["brand"] for r in landed(settings, "drop")] == ["delta"]


# --- large files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_a_large_file_lands_in_parts_with_every_row_once(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.tables.PART_ROWS", 700)
    monkeypatch.setattr("pipelines.workers.possible", lambda: False)
    texts = [f'line "{n}"\nof two' if n % 7 == 0 else f"line {n % 900}" for n in range(2_000)]
    if suffix == "csv":
        content = "text\n" + "".join('"' + t.replace('"', '""') + '"\n' for t in texts)
    else:
        content = "".join(json.dumps({"text": t}) + "\n" for t in texts)
    settings = Settings(folder=tmp_path / "s")
    done = collect.run_file(settings, write(tmp_path / f"a.{suffix}", content), None, now=NOW)
    assert [k[-6:] for k in done.window_keys] == ["-p0000", "-p0001", "-p0002"]
    rows = landed(settings, "file")
    assert sorted(r["text"] for r in rows) == sorted(texts)
    assert len({r["native_id"] for r in rows}) == 2_000  # also where the same row stands in two parts
    one = {m.native_id for m in read(tmp_path / f"a.{suffix}")[0]}
    assert {r["native_id"] for r in rows} == one


def test_two_processes_land_what_one_lands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.tables.PART_ROWS", 1_000)
    path = write(
        tmp_path / "a.jsonl",
        "".join(f'{{"id": {n}, "text": "row {n} of Delta", "at": {1.7e9 + n}}}\n' for n in range(3_500)),
    )
    settings = Settings(folder=tmp_path / "s")
    done = collect.run_file(settings, path, None, now=NOW)
    assert (len(done.window_keys), done.rows_in, done.mentions) == (4, 3_500, 3_500)
    assert collect.run_file(settings, path, None, now=NOW) == done
    monkeypatch.setattr("pipelines.workers.possible", lambda: False)
    settings.storage.joinpath("landing").rename(tmp_path / "two")
    assert collect.run_file(settings, path, None, now=NOW) == done
    for file in (tmp_path / "two").rglob("*.*"):
        assert file.read_bytes() == (settings.storage / "landing" / file.relative_to(tmp_path / "two")).read_bytes()


def test_workers_of_a_killed_process_end_too(tmp_path: Path) -> None:
    lines = "".join(f'{{"id": {n}, "text": "row {n} of Delta is late again"}}\n' for n in range(120_000))
    path = write(tmp_path / "a.jsonl", lines)
    work = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from pipelines import collect
from pipelines.settings import Settings
collect.run_file(Settings(folder=Path(sys.argv[1])), Path(sys.argv[2]), None, now=datetime(2026, 2, 1, tzinfo=UTC))
"""
    process = subprocess.Popen([sys.executable, "-c", work, str(tmp_path / "s"), str(path)], cwd=ROOT)
    workers: list[psutil.Process] = []
    deadline = time.monotonic() + 60
    while len(workers) < 3 and process.poll() is None and time.monotonic() < deadline:  # two, and what watches their resources
        time.sleep(0.05)
        workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert len(workers) >= 2, "it ended before it could be killed"
    assert psutil.wait_procs(workers, timeout=20)[1] == []


# --- real data ---------------------------------------------------------------------------------------------------------


@needs_data
@pytest.mark.parametrize(("name", "rows"), [("airline_week", 14_485), ("care_threads", 5_000)])
def test_real_streams_are_read_whole_by_their_example_mappings(name: str, rows: int) -> None:
    source = FileSource(kind="file", name=name, path=DATA / f"{name}.jsonl", map=ROOT / "examples" / f"{name}.toml")
    items = list(source.collect(Query(), WINDOW))
    mentions = [i for i in items if isinstance(i, Mention)]
    assert len(mentions) == len({m.native_id for m in mentions}) == rows
    assert not [i for i in items if isinstance(i, Rejected)]
    assert all(m.published_at for m in mentions)


def test_the_example_mappings_are_valid() -> None:
    found = [read_mapping(p) for p in sorted((ROOT / "examples").glob("*.toml")) if "columns" in p.read_text()]
    assert {m.source for m in found if isinstance(m, Mapping)} >= {"airline_week", "spotify_care", "care_threads"}


def test_a_folder_that_is_missing_stops_no_other_source(tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS))
    sources = {"gone": {"kind": "file", "path": "nowhere"}, "there": {"kind": "file", "path": "in.jsonl"}}
    settings = Settings.model_validate({"sources": sources, "path": tmp_path / "earshot.toml", "folder": tmp_path / "store"})
    report = line.run(settings, now=NOW, since=NOW, model="none", progress=lambda *_: None)
    assert report.rows_in == len(ROWS)
    assert report.failed_sources == {
        "gone": f"[sources.gone] path = {str(tmp_path / 'nowhere')!r}: there is no such file or folder.",
    }
