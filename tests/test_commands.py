"""The first five minutes at the command line: every command says what it did and what comes next; no mistake is a traceback."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.web import Answer, serving

ROOT = Path(__file__).resolve().parent.parent
ROWS = [
    {
        "id": "1",
        "text": "@aerolia two hours late again, call me on +1 202 555 0147",
        "created_at": "2026-01-05T10:00:00Z",
        "author": "ann",
    },
    {"id": "2", "text": "Thank you @aerolia, the crew was wonderful!", "created_at": "2026-01-05T10:05:00Z", "author": "ben"},
    {"id": "3", "text": "Nordwind Air lost my bag", "created_at": "2026-01-05T11:00:00Z", "author": "cy"},
]
FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>
<item><guid>n1</guid><title>Aerolia opens a route to Oslo</title><link>http://localhost/n1</link>
<pubDate>Mon, 05 Jan 2026 09:00:00 GMT</pubDate></item></channel></rss>"""


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("EARSHOT_")} | {"PYTHONPATH": str(ROOT)}


def earshot(folder: Path, *args: str, answers: str | None = None) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *args],
        cwd=folder,
        env=environment(),
        input=answers,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in result.stderr, result.stderr
    return result


def done(folder: Path, *args: str, answers: str | None = None) -> str:
    result = earshot(folder, *args, answers=answers)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def refused(folder: Path, *args: str, code: int = 2) -> str:
    """A refusal is one line on standard error."""
    result = earshot(folder, *args)
    assert result.returncode == code, result.stdout + result.stderr
    assert result.stderr.strip().count("\n") == 0, result.stderr
    return result.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with a file of three mentions."""
    (tmp_path / "mentions.jsonl").write_text("\n".join(json.dumps(r) for r in ROWS) + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def started(folder: Path) -> Path:
    done(folder, "init", "--brand", "Aerolia", "--handle", "@aerolia", "--rival", "Nordwind Air", "--yes")
    return folder


@pytest.fixture
def feed() -> Iterator[str]:
    """A real HTTP server with a feed of one entry."""
    with serving(lambda request: Answer(body=FEED, headers={"Content-Type": "application/rss+xml"})) as address:
        yield f"{address}/feed.xml"


def test_from_nothing_to_pages_in_five_commands(folder: Path) -> None:
    """try, init, add, check, run: each names the next; the figures of the last are those of the file."""
    preview = done(folder, "try", "mentions.jsonl", "--model", "lexicon")
    assert "+1 202 555 0147" in preview and "[PHONE]" in preview  # before and after
    assert "3 mentions" in preview and "nothing was stored or sent" in preview and "next: earshot init" in preview
    assert [p.name for p in folder.iterdir()] == ["mentions.jsonl"]
    assert "next: earshot add source" in done(folder, "init", answers="Aerolia\n@aerolia\n\nNordwind Air\n")
    assert "next: earshot check" in done(folder, "add", "source", "file", "--set", "path=mentions.jsonl", "--yes")
    config = (folder / "earshot.toml").read_text(encoding="utf-8").replace('active = "encoder"', 'active = "lexicon"')
    (folder / "earshot.toml").write_text(config, encoding="utf-8")
    checked = done(folder, "check")
    assert "3 rows read: text 100%" in checked and "next: earshot run" in checked
    summary = done(folder, "run")
    assert "3 rows in = 3 stored + 0 unchanged + 0 quarantined" in summary
    assert "Aerolia" in summary and "Nordwind Air" in summary and "next: earshot serve" in summary
    assert (folder / "earshot-data" / "serving" / "current.duckdb").exists()
    assert "nothing new" in done(folder, "run")


def test_init_asks_and_writes_a_commented_file(folder: Path) -> None:
    done(folder, "init", answers='Aerolia "One"\n@aerolia, @aeroliacare\nAerolia Airlines\nNordwind Air, Solmarra\n')
    text = (folder / "earshot.toml").read_text(encoding="utf-8")
    found = tomllib.loads(text)
    assert found["brands"]["aerolia_one"]["name"] == 'Aerolia "One"'
    assert found["brands"]["aerolia_one"]["handles"] == ["@aerolia", "@aeroliacare"]
    assert [b for b, values in found["brands"].items() if values.get("competitor")] == ["nordwind_air", "solmarra"]
    assert text.count("#") >= 8
    assert "exists already" in refused(folder, "init", "--brand", "Other", "--yes")


def test_add_keeps_comments_and_tests_before_it_writes(started: Path, feed: str) -> None:
    path = started / "earshot.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\n# my own note\n", encoding="utf-8")
    shown = done(started, "add", "source", "rss", "--set", f"urls={feed}", "--name", "news", "--yes")
    assert "Aerolia opens a route to Oslo" in shown
    text = path.read_text(encoding="utf-8")
    assert "# my own note" in text and tomllib.loads(text)["sources"]["news"] == {"kind": "rss", "urls": [feed]}
    before = text
    assert "Nothing was written" in refused(
        started, "add", "source", "rss", "--set", "urls=http://127.0.0.1:9/none", "--name", "dead", "--yes"
    )
    assert "exists already" in refused(started, "add", "source", "rss", "--set", f"urls={feed}", "--name", "news", "--yes")
    for more in ([], ["--set", f"urls={feed}"]):
        said = refused(started, "add", "source", "rss", "--set", f"url={feed}", *more, "--yes")
        assert "there is no key 'url'; did you mean 'urls'? allowed: " in said
    assert path.read_text(encoding="utf-8") == before


def test_add_asks_for_what_there_must_be(started: Path, feed: str) -> None:
    """A feed has no field that is always needed, but needs one of three; the first is asked for unless another is given."""
    path = started / "earshot.toml"
    before = path.read_text(encoding="utf-8")
    assert "needs urls or queries or news" in refused(started, "add", "source", "rss", "--yes")
    for answers in ("", "\n"):
        result = earshot(started, "add", "source", "rss", answers=answers)
        assert result.returncode == 2 and result.stderr.count("\n") == 1, result.stderr
    assert path.read_text(encoding="utf-8") == before
    assert "Addresses of the feeds." in done(started, "add", "source", "rss", answers=f"{feed}, {feed}?other\n")
    done(started, "add", "source", "rss", "--name", "search", "--set", "news=true", "--no-test", answers="")
    sources = tomllib.loads(path.read_text(encoding="utf-8"))["sources"]
    assert sources["rss"] == {"kind": "rss", "urls": [feed, f"{feed}?other"]}
    assert sources["search"] == {"kind": "rss", "news": True}


def test_the_examples_of_add_name_fields_that_there_are() -> None:
    from pipelines import registry
    from pipelines.commands import add

    assert add.__doc__
    found = re.findall(r"earshot add (source|notifier) (\w+) --set (\S+)", add.__doc__)
    assert len(found) == 2
    for what, kind, pair in found:
        plugin = registry.load("sources" if what == "source" else "notifiers", kind)
        assert add.answers(plugin, [pair], asking=False)


@contextmanager
def served(folder: Path, command: list[str]) -> Iterator[str]:
    """The address at which `earshot serve ...` shows its pages, until the block ends with Ctrl-C."""
    program = [sys.executable, "-m", "pipelines.cli", *command, "--port", "0"]
    with subprocess.Popen(program, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        first = server.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", first)
        try:
            assert found, first
            yield found[0]
        finally:
            server.send_signal(signal.SIGINT)
        assert server.wait(timeout=20) == 0


def answer(address: str, headers: dict[str, str], data: bytes | None = None) -> tuple[int, str]:
    """Status and body."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, data, headers), timeout=30) as found:
            return found.status, found.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def following(summary: str) -> list[str]:
    """The arguments of the command that a summary gives as the next step."""
    found = re.search(r"^next: earshot (.*?)   ", summary, re.M)
    assert found, summary
    return shlex.split(found[1])


@pytest.mark.parametrize("given", [[], ["--warehouse", "my folder"], ["--config", "others.toml"]])
def test_the_next_step_of_a_run_shows_its_pages(folder: Path, given: list[str]) -> None:
    """As a user would: copy the last line. Without any earshot.toml, too."""
    assert "there is no such file; `earshot init` writes one" in refused(folder, "serve")
    (folder / "others.toml").write_text('[project]\nstorage = "elsewhere"\n', encoding="utf-8")
    summary = done(folder, "run", "--input", "mentions.jsonl", "--model", "none", "--quiet", *given)
    command = following(summary)
    assert command == ["serve", *given]
    with served(folder, command) as address:
        status, body = answer(f"{address}/health", {})
    assert status == 200 and json.loads(body)["status"] == "ok"


def test_pages_answer_under_the_name_that_links_lead_to(started: Path) -> None:
    """Through a proxy that keeps Host, people see the pages and may act; under another name a sentence says why not."""
    config = started / "earshot.toml"
    links = '\n[links]\nurl = "https://Earshot.example.org:8443/"\n'
    config.write_text(config.read_text(encoding="utf-8") + links, encoding="utf-8")
    public = "earshot.example.org:8443"
    with served(started, ["serve", "--allow", "desk"]) as address:
        status, page = answer(f"{address}/crisis", {"Host": public, "Cookie": "earshot-form=mine"})
        ticket = re.search(r'name="ticket" content="([\w-]+)"', page)
        assert status == 200 and ticket
        assert answer(f"{address}/health", {"Host": "desk:8050"})[0] == 200
        status, said = answer(f"{address}/health", {"Host": "other.example.org"})
        assert status == 400 and "--allow NAME" in said and "[links] url" in said
        form = json.dumps({"alert": "none", "verb": "acknowledge", "value": "", "actor": "Ana", "key": "one"}).encode()
        asked = {"Host": public, "Content-Type": "application/json", "X-Earshot-Ticket": ticket[1], "Cookie": "earshot-form=mine"}
        for origin, expected in ((f"https://{public}", 404), ("https://evil.example", 403)):
            status, said = answer(f"{address}/actions", asked | {"Origin": origin}, form)
            assert (status, "no such incident" in said) == (expected, expected == 404)
    config.write_text(config.read_text(encoding="utf-8").replace("Earshot.example.org:8443", "["), encoding="utf-8")
    assert "[links] url = 'https://[/': is not an address" in refused(started, "serve")


def test_try_reads_a_feed(folder: Path, feed: str) -> None:
    assert "Aerolia opens a route to Oslo" in done(folder, "try", feed, "--model", "lexicon")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[project]\nnam = 'x'\n", "[project] has no key 'nam'; did you mean 'name'?"),
        ("[brands.a]\nhandles = []\n", "[brands.a] needs the key 'name'"),
        ("[sources.s]\nkind = 'rs'\n", "[sources.s]: kind = 'rs' is not known; allowed: "),
        ("[sources.s]\nkind = 'sample'\nmentions = 'many'\n", "[sources.s] mentions = 'many'"),
        ("[care]\nfirst_response_target = '1 hour'\n", "write a number and m, h or d, such as 15m"),
        ("[topics.lounge]\n", "[topics.lounge] needs the key 'phrases'"),
        ("[topics.lounge]\nphrases = ['a']\nreplaces = true\n", "[topics.lounge] has no key 'replaces'; did you mean 'replace'?"),
        ("[topics.lounge]\nphrases = ['*ge']\n", "[topics.lounge] phrases = ['*ge']: '*ge' is no phrase; write words"),
        ("[topics.lounge]\nphrases = []\n", "[topics.lounge] phrases = []: there is no phrase; with replace = true that"),
        ("[nonsense]\n", "there is no stanza [nonsense]"),
        ("what is this", "is not valid TOML"),
        ("[project]\ntimezone = 'Mars'\n", "not a time zone"),
    ],
)
def test_a_mistake_in_the_configuration_is_one_sentence_with_stanza_and_key(folder: Path, text: str, said: str) -> None:
    (folder / "earshot.toml").write_text(text, encoding="utf-8")
    for command in ("run", "check"):
        assert said in refused(folder, command)


def test_unreadable_input_is_one_sentence(folder: Path) -> None:
    (folder / "picture.csv").write_bytes(bytes(range(256)) * 20)
    (folder / "columns.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    (folder / "empty.jsonl").write_text("", encoding="utf-8")
    for name in ("missing.csv", "picture.csv", "columns.csv", "empty.jsonl", "."):
        assert name in refused(folder, "run", "--input", name, "--model", "none")
        refused(folder, "try", name)
    assert "--map goes with --input" in refused(folder, "run", "--map", "x.toml")
    assert "there is no command 'rum'" in refused(folder, "rum")


def test_check_fails_where_run_would(started: Path) -> None:
    """No source; a file without text; an address that answers nothing; a warehouse that is no warehouse."""
    assert earshot(started, "check").returncode == 1
    assert "there is no source yet" in refused(started, "run")
    config = started / "earshot.toml"
    base = config.read_text(encoding="utf-8").replace('active = "encoder"', 'active = "none"')
    (started / "wrong.csv").write_text("when;what\n2026-01-01;hello\n", encoding="utf-8")
    for stanza in (
        '[sources.a]\nkind = "file"\npath = "wrong.csv"\n',
        '[sources.a]\nkind = "rss"\nurls = ["http://127.0.0.1:9/x"]\n',
    ):
        config.write_text(base + stanza, encoding="utf-8")
        checked = earshot(started, "check")
        assert checked.returncode == 1 and "✗ source a" in checked.stdout
        assert earshot(started, "run").returncode != 0
    config.write_text(base + '[sources.a]\nkind = "file"\npath = "mentions.jsonl"\n', encoding="utf-8")
    assert earshot(started, "check").returncode == 0
    (started / "earshot-data").mkdir(exist_ok=True)
    (started / "earshot-data" / "warehouse.duckdb").write_text("this is not a database", encoding="utf-8")
    checked = earshot(started, "check")
    assert checked.returncode == 1 and "✗ warehouse" in checked.stdout
    assert "Traceback" not in earshot(started, "run").stderr


def test_schema_covers_every_plug_in_with_its_sentences(folder: Path) -> None:
    from pipelines import registry

    schema = json.loads(done(folder, "schema"))
    for group in ("sources", "detectors", "notifiers"):
        branches = schema["properties"][group]["additionalProperties"]["oneOf"]
        assert {b["properties"]["kind"]["const"] for b in branches} == set(registry.kinds(group))  # type: ignore[arg-type]
        for branch in branches:
            for name, field in branch["properties"].items():
                assert field.get("description", "").endswith("."), f"{group} {branch['title']}.{name} has no sentence"


def test_every_command_explains_itself(folder: Path) -> None:
    from pipelines.cli import COMMANDS

    overview = done(folder)
    for command in COMMANDS:
        assert f"  {command}" in overview
        assert f"usage: earshot {command}" in done(folder, command, "--help")
