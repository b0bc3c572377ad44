"""Linting, the command, the configuration and the page about queries: what a user sees of them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cli import main
from pipelines.errors import ConfigError
from pipelines.query.dialects import DIALECTS, HACKERNEWS, Dialect, X
from pipelines.query.language import ALIASES, FIELDS, Expression, parse
from pipelines.query.linting import lint
from pipelines.query.matching import matches
from pipelines.settings import read
from tests.querying import expressions, posts

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "queries.md").read_text(encoding="utf-8")


MEANT = "join it by AND to a word that tells what is meant."


@pytest.mark.parametrize(
    ("query", "warnings"),
    [
        ("jetblue NEAR/3 late NOT lang:es", []), ("target flight", []), ("#target", []), ("@target", []), ("de* late", []),
        ("hp", []),
        ("a NOT a", ["it can match nothing: `a` must and must not be there."]),
        ('"us airways" -us', ['it can match nothing: `"us airways"` holds `us`, which must not be there.']),
        ("jetblue lang:en lang:de", ["it can match nothing: a mention has one lang, not `lang:de` and `lang:en`."]),
        ("jetblue lang:pt lang:pt-br", []),
        ("jetblue (late OR (early NOT early))", ["part of it can match nothing: `early` must and must not be there."]),
        ("jetblue NEAR/3 late NOT late", ["it can match nothing: `jetblue NEAR/3 late` holds `late`, which must not be there."]),
        ("target", [f"`target` is an ordinary word that matches far more than is meant: {MEANT}"]),
        ("the OR jetblue", [f"`the` is an ordinary word that matches far more than is meant: {MEANT}"]),
        ("de*", [f"`de*` has fewer than 4 letters beside its * and stands for thousands of words: {MEANT}"]),
        ("NOT jetblue", ["`NOT jetblue` requires no word, hashtag, handle, author or link: it matches almost everything."]),
        ("lang:en", ["`lang:en` requires no word, hashtag, handle, author or link: it matches almost everything."]),
        ("jetblue and delta", ["`and` is a word here; the operator is written AND."]),
        ('jetblue OR "jetblue airways"', ['`"jetblue airways"` adds nothing: `jetblue` finds it already.']),
        ("jetblue NEAR/80 late", ["`jetblue NEAR/80 late` reaches over 80 words, more than most posts have: AND says the same."]),
        ("late NEAR/2 late", ["`late NEAR/2 late` is only fulfilled where `late` stands twice."]),
    ],
)
def test_what_is_doubtful_is_said(query: str, warnings: list[str]) -> None:
    assert [warn.sentence for warn in lint(parse(query))] == warnings


def test_a_query_that_matches_anything_is_called_so() -> None:
    assert "it matches everything: `jetblue` may be there or not." in [w.sentence for w in lint(parse("jetblue OR NOT jetblue"))]


def test_what_a_platform_never_tells_is_warned_of() -> None:
    untold = lint(parse("jetblue lang:en"), HACKERNEWS)
    assert [w.sentence for w in untold] == ["it can match nothing: its mentions never tell `lang:en`."]
    assert lint(parse("jetblue lang:en"), X) == []
    assert [w.kind for w in lint(parse("jetblue channel:reddit"), X)] == ["never"]
    assert lint(parse("(jetblue channel:reddit) OR jetblue"), X) == []


@settings(max_examples=300, deadline=None)
@given(expressions(), st.integers(0, 10**6))
def test_what_is_said_to_match_nothing_matches_nothing(expression: Expression, seed: int) -> None:
    warnings = [warn.sentence for warn in lint(expression)]
    found = [matches(expression, post.text, post.fields) for post in posts(seed, None, glued=True)]
    if any(sentence.startswith("it can match nothing") for sentence in warnings):
        assert not any(found)
    if any(sentence.startswith("it matches everything") for sentence in warnings):
        assert all(found)


CONFIG = """
[brands.united]
name = "United"
query = '@united OR united NEAR/3 flight'
[brands.jetblue]
name = "JetBlue"
handles = ["JetBlue"]
[sources.news]
kind = "rss"
urls = ["http://localhost/feed"]
[sources.hn]
kind = "hackernews"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "earshot.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def test_brands_carry_their_query(config: Path) -> None:
    assert [brand.query for brand in read(config).query.brands] == ["@united OR united NEAR/3 flight", ""]


def test_a_wrong_query_is_named_with_its_stanza(config: Path) -> None:
    config.write_text(CONFIG.replace("NEAR/3", "NEAR"), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read(config)
    assert "[brands.united] query" in str(caught.value)
    assert "character 19: NEAR needs a distance in words, such as NEAR/5." in str(caught.value)


def test_explain_shows_every_source_and_brand(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "explain", "--config", str(config)]) == 0
    text = capsys.readouterr().out
    assert "united: @united OR (united NEAR/3 flight)" in text and "jetblue: jetblue OR @jetblue" in text
    assert "1. united  (6)" in text and "asked: nothing, all of it is collected" in text
    assert main(["query", "explain", "united", "--source", "hn", "--config", str(config)]) == 0
    assert "everything else" not in capsys.readouterr().out


def test_explain_and_lint_say_what_is_wrong(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--config", str(config)]
    assert main(["query", "explain", "delay*", "--platform", "x", *given]) == 1
    assert "✗ X cannot be asked for `delay*`" in capsys.readouterr().out
    assert main(["query", "explain", "a AND", *given]) == 2
    assert "earshot query: query `a AND`: character 3: something is missing after AND." in capsys.readouterr().err
    assert main(["query", "explain", "a", "--source", "no", *given]) == 2
    assert "there is no [sources.no]; there are: news, hn." in capsys.readouterr().err
    assert main(["query", "lint", "late NOT late", *given]) == 1
    assert "✗ it can match nothing: `late` must and must not be there." in capsys.readouterr().out
    assert main(["query", "lint", "lang:en jetblue", *given]) == 0
    assert "✗ Hacker News (Algolia): it can match nothing: its mentions never tell `lang:en`." in capsys.readouterr().out
    assert main(["query", "lint", "jetblue", *given]) == 0
    assert "✓ nothing is doubtful" in capsys.readouterr().out


def test_without_a_configuration_a_query_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["query", "explain", "jetblue", "--platform", "hackernews"]) == 0
    assert "1. jetblue  (7)" in capsys.readouterr().out
    assert main(["query", "lint"]) == 2
    assert "there is no query: give one, or configure a brand in earshot.toml." in capsys.readouterr().err


def rows(heading: str) -> list[list[str]]:
    """Cells of the table of the page whose first column has this heading."""
    table = re.search(rf"^\| {re.escape(heading)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.M)
    assert table, f"docs/queries.md has no table {heading}"
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[1].splitlines()]


def test_the_examples_of_the_page_find_what_it_says() -> None:
    examples = rows("Write")
    assert len(examples) > 10
    for query, finds, misses in examples:
        assert matches(query.strip("`"), finds), query
        assert not matches(query.strip("`"), misses.rstrip("| ")), query


def test_the_fields_of_the_page_are_those_of_the_language() -> None:
    found = {re.findall(r"`(\w+):`", cells[0])[0]: cells[1].rstrip("| ") for cells in rows("Field")}
    assert found == FIELDS
    assert ALIASES["from"] == "author"


def test_the_table_of_the_page_is_what_the_dialects_say() -> None:
    assert [" | ".join(cells).rstrip("| ") for cells in rows("`kind`")] == [_row(dialect) for dialect in DIALECTS.values()]


def _row(dialect: Dialect) -> str:
    joins = {"any": "yes", "words": "between words", "none": "several queries"}[dialect.joins]
    runs, excludes = ", ".join(sorted(dialect.operators)) or "nothing", ", ".join(sorted(dialect.exact)) or "nothing"
    return f"`{dialect.name}` | {runs} | {joins} | {excludes} | {dialect.limit:,}"


def test_the_commands_of_the_page_print_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = re.findall(r"```\n\$ earshot (.*)\n((?:.*\n)+?)```", PAGE)
    assert shown
    for command, output in shown:
        assert main(shlex.split(command)) == 0
        assert capsys.readouterr().out == output


def test_the_configuration_of_the_page_is_valid(tmp_path: Path) -> None:
    toml = re.search(r"```toml\n(.*?)```", PAGE, re.S)
    assert toml
    (tmp_path / "earshot.toml").write_text(toml[1], encoding="utf-8")
    assert read(tmp_path / "earshot.toml").query.brands[0].query.startswith("@united")
