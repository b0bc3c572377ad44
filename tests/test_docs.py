"""What the documentation says is so: the walk-through works as written, commands and stanzas exist, pictures are there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import registry
from pipelines.cli import COMMANDS
from pipelines.commands import sources
from tests.web import Answer, Request, serving

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
INCIDENTS = {
    "incidents": [
        {"id": "i1", "name": "Booking is slow", "created_at": "2026-01-05T10:00:00Z", "shortlink": "http://localhost/i1"}
    ]
}
# What `pipelines/sources/statuspage.py` would be, without writing into the repository: a second folder on the package's path.
RUNNER = """
import sys, pipelines.sources
pipelines.sources.__path__.append(sys.argv[1])
from pipelines.cli import main
sys.exit(main(sys.argv[2:]))
"""


def block(name: str) -> str:
    """The code block of the README below `<!-- test: name -->`."""
    found = re.search(rf"<!-- test: {name} -->\n```\w+\n(.*?)```", README, re.S)
    assert found, f"README.md has no block marked {name}"
    return found.group(1)


@pytest.fixture
def status_page() -> Iterator[str]:
    """A real HTTP server that answers as a status page does."""

    def answer(request: Request) -> Answer:
        return Answer(200 if request.path == "/api/v2/incidents.json" else 404, json.dumps(INCIDENTS).encode())

    with serving(answer) as address:
        yield address


def test_the_walk_through_adds_a_working_source(status_page: str, tmp_path: Path) -> None:
    """The file and the stanza as printed, with the address of a local server: check sees it, run stores its incident."""
    import duckdb

    code, stanza = block("source"), block("stanza")
    assert code.count("\n") <= 30
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "statuspage.py").write_text(code, encoding="utf-8")
    brands = '[brands.a]\nname = "Aerolia"\n[models]\nactive = "none"\n'
    (tmp_path / "earshot.toml").write_text(brands + stanza.replace("https://status.example.org", status_page), encoding="utf-8")
    for command in (["check"], ["run", "--quiet"]):
        result = subprocess.run(
            [sys.executable, "-c", RUNNER, str(tmp_path / "plugins"), *command],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert result.returncode == 0, result.stdout + result.stderr
    with duckdb.connect(str(tmp_path / "earshot-data" / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.sql("SELECT native_id, text, is_own FROM mentions").fetchall() == [("i1", "Booking is slow", True)]


def test_every_command_source_and_target_that_is_named_exists() -> None:
    for command in re.findall(r"earshot (\w+)", re.sub(r"```python.*?```", "", README, flags=re.S)):
        if command in ("add", "try", "init", "check", "run", "serve", "evaluate", "redact", "score", "train", "schema"):
            assert command in COMMANDS
    found = re.search(r"<!-- sources -->\n(.*?)<!-- /sources -->", README, re.S)
    assert found and found[1] == sources.table(), "the table of sources is not that of `earshot sources --markdown`"
    assert sorted(kind for kind, _ in sources.cards() if kind not in sources.ELSEWHERE) == registry.kinds("sources")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make (\w+)", README):
        assert re.search(rf"^{target}:", makefile, re.M), f"make {target} is not in the Makefile"


def test_make_evaluate_asks_for_the_folder_of_the_sets() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("DATA", "EARSHOT_DATA", "MAKEFLAGS")}

    def make(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    without = make("evaluate")
    assert without.returncode == 2 and "make evaluate DATA=" in without.stdout and "Traceback" not in without.stderr
    assert 'earshot evaluate --data "my sets"' in make("--dry-run", "evaluate", "DATA=my sets").stdout
    assert "make evaluate" in make("help").stdout


def test_every_link_and_picture_leads_somewhere() -> None:
    for page in (
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        *(f"models/cards/{p.name}" for p in (ROOT / "models/cards").glob("*.md")),
    ):
        text = (ROOT / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if not target.startswith("http"):
                assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}, which is not there"


def test_examples_are_valid_configurations() -> None:
    from pipelines.mapping import read_mapping
    from pipelines.settings import read

    configurations = [p for p in (ROOT / "examples").glob("*.toml") if "[project]" in p.read_text(encoding="utf-8")]
    assert configurations
    for path in configurations:
        assert read(path).brands
    for path in (p for p in (ROOT / "examples").glob("*.toml") if p not in configurations):
        read_mapping(path)


def test_the_repository_says_nothing_of_the_place_where_it_was_made() -> None:
    """No path of a machine, no package index, and nothing left open."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    machine = str(ROOT.parent) + "/"
    for name in filter(None, files):
        path = ROOT / name
        if path.suffix in (".png", ".safetensors") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        assert machine not in text or name == "tests/test_docs.py", f"{name} names a path of this machine"
        if path.suffix in (".py", ".sql") and name != "tests/test_docs.py":
            assert not re.search(r"\b(TODO|FIXME|XXX)\b", text), f"{name} leaves something open"
