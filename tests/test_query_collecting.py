"""A brand's query, from earshot.toml to the warehouse: each platform is asked in its own syntax, the same is stored of all."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import collect, governed, load, spending
from pipelines.cli import main
from pipelines.records import Media, Mention, Query, Window
from pipelines.settings import Settings, read
from pipelines.sources.x import XSource
from pipelines.store import warehouse_path
from tests.platforms import bluesky, mastodon, reddit, x
from tests.platforms.base import HOUR, SECRET, START, Base
from tests.web import Answer, serving
from warehouse import connection as backend

QUERY = 'jetblue AND (delay* OR cancel*) NOT "jet blue band"'
MEANT = (
    "JetBlue delayed us by three hours", "Why did you CANCEL my flight, @JetBlue?", "My jetblue flight has a delay, again",
    "Cancelled: #JetBlue 615 to Boston", "The blue jet band saw its JetBlue flight cancelled",
)
NOT_MEANT = (
    "JetBlue was on time", "My train is delayed", "The Jet Blue band had its JetBlue flight cancelled", "jetbluefail: delayed",
    "Undelayed with JetBlue", "A quiet day",
)
WINDOW = Window(START, START + HOUR)


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)
    monkeypatch.setenv("EARSHOT_SALT", "salt")


def posted(platform: Base, texts: tuple[str, ...]) -> Base:
    """The platform with these posts, a minute apart, and no others."""
    for number, (post, text) in enumerate(zip(platform.posts, texts, strict=True)):
        post.text, post.edits, post.deleted_at, post.parent = text, [], None, None
        post.at = START + (number + 1) * timedelta(minutes=1)
    platform.show_all()
    return platform


def settings_of(folder: Path, *platforms: Base, query: str = QUERY) -> Settings:
    """Read from an earshot.toml with one source for each platform."""
    lines = ["[brands.jetblue]", 'name = "JetBlue"', f"query = '{query}'"]
    for platform in platforms:
        stanza = {"kind": platform.kind, "window": "1h"} | platform.stanza() | (platform.searched or {})
        lines += [f"[sources.{platform.kind}]", *(f"{key} = {json.dumps(value)}" for key, value in stanza.items())]
    path = folder / "earshot.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return read(path)


def test_the_query_of_a_brand_is_stored_exactly_from_every_platform(tmp_path: Path) -> None:
    texts = (*MEANT, *NOT_MEANT)
    count = len(texts)
    made = [x.Platform(count=count), bluesky.Platform(count=count), reddit.Platform(count=count), mastodon.Platform(count=count)]
    with made[0], made[1], made[2], made[3]:
        for platform in made:
            posted(platform, texts)
        settings = settings_of(tmp_path, *made)
        for platform in made:
            collect.run(settings, platform.kind, WINDOW, now=platform.now)
            for key in load.waiting(settings, platform.kind):
                load.run(settings, platform.kind, key, now=platform.now)
    with backend.open(warehouse_path(settings), read_only=True) as connection:
        rows = connection.execute("SELECT source, text FROM mentions").fetchall()
    for platform in made:
        assert sorted(text for source, text in rows if source == platform.kind) == sorted(MEANT), platform.kind
    asked = {platform.kind: {r.values["q"] for r in platform.asked if "q" in r.values} for platform in made[1:]}
    assert asked == {"bluesky": {"jetblue"}, "reddit": {"jetblue"}, "mastodon": {"jetblue"}}  # none of them knows delay*
    assert {r.values["query"] for r in made[0].asked} == {'jetblue -"jet blue band"'}


def test_a_search_of_ones_own_is_kept_whole() -> None:
    with x.Platform(count=len(NOT_MEANT)) as platform:
        posted(platform, NOT_MEANT)
        source = XSource(kind="x", name="x", rate="", queries=["jetblue"], **platform_keys(platform))
        found = list(source.collect(Query(expression=QUERY), WINDOW))
    assert {m.text for m in found if isinstance(m, Mention)} == {text for text in NOT_MEANT if "JetBlue" in text.split()}


def platform_keys(platform: Base) -> dict[str, Any]:
    """Keys by which a source of X, or Mastodon, finds its platform."""
    return {"token": "env:PLATFORM_TOKEN", "base_url": platform.url, "page": 10}


def test_what_x_finds_and_the_query_does_not_mean_is_paid_all_the_same(tmp_path: Path) -> None:
    with x.Platform(count=len(MEANT) + len(NOT_MEANT)) as platform:
        posted(platform, (*MEANT, *NOT_MEANT))
        source = XSource(kind="x", name="x", rate="", budget=1000.0, **platform_keys(platform))
        query = Query(expression=QUERY, state=tmp_path / "pace")
        found = list(governed.collect(source, query, WINDOW, now=platform.now))
        counted = source.count(query, WINDOW)
        spent = spending.Ledger(tmp_path / "pace" / "spent.sqlite").spent("x", platform.now)
    assert len(found) == len(MEANT) < (counted or 0)
    assert spent == pytest.approx(source.price * ((counted or 0) + 1))  # the count itself is billed as one


def test_authors_are_asked_of_x_only_where_they_decide_here_what_is_meant() -> None:
    user = {"id": "44", "username": "Ann", "public_metrics": {"followers_count": 12}}
    posts = [
        {"id": str(n), "text": "JetBlue is late", "author_id": author, "created_at": "2026-02-01T09:30:00.000Z"}
        for n, author in ((1, "44"), (2, "45"))
    ]
    asked: list[bool] = []

    def answer(request: Any) -> Answer:
        has_authors = "author_id" in request.values["expansions"].split(",")
        asked.append(has_authors)
        includes = {"users": [user]} if has_authors else {}
        return Answer(body=json.dumps({"data": posts, "includes": includes, "meta": {"result_count": 2}}).encode())

    with serving(answer) as url:
        source = XSource(kind="x", name="x", token="env:PLATFORM_TOKEN", rate="", base_url=url)
        collected = {
            expression: [m.native_id for m in source.collect(Query(expression=expression), WINDOW) if isinstance(m, Mention)]
            for expression in ("jetblue NEAR/2 late from:ann", "jetblue NEAR/2 late", "jetblue from:ann")
        }
    assert asked == [True, False, False]
    assert collected["jetblue NEAR/2 late from:ann"] == ["1"]


def test_x_gives_reposts_cut_off_and_links_shortened() -> None:
    cut = {
        "id": "1", "text": "RT @ann: a long story of how they lost my bag and then, on the very next day, found it in the…",
        "created_at": "2026-02-01T09:30:00.000Z", "referenced_tweets": [{"type": "retweeted", "id": "0"}],
    }
    linked = {
        "id": "2", "text": "Late again https://t.co/k1", "created_at": "2026-02-01T09:31:00.000Z",
        "entities": {"urls": [{"url": "https://t.co/k1", "expanded_url": "https://www.jetblue.com/late"}]},
    }
    page = json.dumps({"data": [cut, linked], "meta": {"result_count": 2}}).encode()
    with serving(lambda _: Answer(body=page)) as url:
        source = XSource(kind="x", name="x", token="env:PLATFORM_TOKEN", rate="", base_url=url)
        found = list(source.collect(Query(expression="jetblue* NEAR/3 bag OR link:jetblue.com"), WINDOW))
    assert [m.native_id for m in found if isinstance(m, Mention)] == ["1", "2"]
    assert getattr(found[1], "media", ()) == (Media(type="link", url="https://www.jetblue.com/late"),)


def test_check_warns_of_a_doubtful_query_and_does_not_fail_for_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "feed.csv").write_text("id,text,created_at\n1,JetBlue is late,2026-02-01T09:00:00Z\n", encoding="utf-8")
    path = tmp_path / "earshot.toml"
    path.write_text(
        '[models]\nactive = "none"\n[brands.jetblue]\nname = "JetBlue"\nquery = "jetblue OR time"\n'
        f'[sources.feed]\nkind = "file"\npath = "{tmp_path / "feed.csv"}"\n', encoding="utf-8",
    )
    assert main(["check", "--config", str(path)]) == 0
    assert "! [brands.jetblue] query: `time` is an ordinary word" in capsys.readouterr().out
