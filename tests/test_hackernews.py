"""Hacker News: a burst of any size is read as a whole, each item once, and failures land nothing."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import collect
from pipelines.errors import AuthFailed, ConfigError, RateLimited, SourceUnavailable
from pipelines.landing import Landing
from pipelines.records import Brand, Mention, Query, Rejected, Window
from pipelines.settings import BrandStanza, Settings
from pipelines.sources.hackernews import HackerNewsSource
from tests.web import Answer, Request, serving

START = datetime(2026, 2, 1, 11, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(hours=1))
QUERY = Query(brands=(Brand(key="jetblue", name="JetBlue", aliases=("Jet Blue",)),))
BASE = int(START.timestamp())


def story(number: int, at: int, **more: Any) -> dict[str, Any]:
    return {
        "objectID": str(number),
        "created_at_i": at,
        "title": f"JetBlue {number}",
        "author": "pg",
        "points": 3,
        "num_comments": 2,
        "_tags": ["story"],
        "story_id": number,
    } | more


class Service:
    """Searches like the real one: newest first, at most 1,000 hits a query, however many match."""

    def __init__(self, hits: list[dict[str, Any]], page: int = 1000) -> None:
        self.hits, self.page, self.asked = hits, page, list[dict[str, str]]()

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request.values)
        low, high = map(int, re.findall(r"\d+", request.values["numericFilters"].replace("_i", "")))
        found = sorted((h for h in self.hits if low <= h["created_at_i"] < high), key=lambda h: -h["created_at_i"])
        return Answer(body=json.dumps({"hits": found[: self.page], "nbHits": len(found)}).encode())


def source(url: str, **values: Any) -> HackerNewsSource:
    return HackerNewsSource(kind="hackernews", name="hn", base_url=url, **{"late": "0m"} | values)


def test_stories_and_comments_become_mentions() -> None:
    comment = {
        "objectID": "9",
        "created_at_i": BASE + 5,
        "comment_text": "I &quot;like&quot; <i>JetBlue</i><p>Really.",
        "author": "ann",
        "parent_id": 7,
        "story_id": 5,
        "points": None,
        "_tags": ["comment"],
        "updated_at": "2026-02-01T11:30:00Z",
    }
    service = Service([story(5, BASE, story_text='See <a href="https:&#x2F;&#x2F;e.org">e.org</a>'), comment])
    with serving(service) as url:
        found = {m.native_id: m for m in source(url).collect(QUERY, WINDOW) if isinstance(m, Mention)}
    assert found["5"].text == "JetBlue 5\n\nSee e.org"
    assert (found["5"].engagement, found["5"].thread_id, found["5"].kind) == (5, "5", "post")
    assert found["9"].text == 'I "like" JetBlue\n\nReally.'
    assert (found["9"].thread_id, found["9"].in_reply_to, found["9"].kind) == ("5", "7", "comment")
    assert found["9"].published_at == START + timedelta(seconds=5)
    assert found["9"].observed_at == START + timedelta(minutes=30)
    assert {v["query"] for v in service.asked} == {"jetblue", "jet blue"}


def test_a_burst_beyond_what_a_query_gives_is_read_as_a_whole_and_each_once() -> None:
    hits = [story(n, BASE + n * 3600 // 12_000) for n in range(12_000)]
    service = Service(hits)
    with serving(service) as url:
        found = list(source(url, terms=["JetBlue"]).collect(Query(), WINDOW))
    assert sorted(int(m.native_id) for m in found if isinstance(m, Mention)) == list(range(12_000))
    assert len(found) == 12_000


def test_more_in_one_second_than_a_query_gives_is_recorded_as_a_gap() -> None:
    service = Service([story(n, BASE + 7) for n in range(30)], page=20)
    with serving(service) as url:
        found = list(source(url, terms=["JetBlue"]).collect(Query(), WINDOW))
    gaps = [f for f in found if isinstance(f, Rejected)]
    assert len(found) - len(gaps) == 20
    assert len(gaps) == 1
    assert "10 hits" in gaps[0].reason


def test_nothing_outside_the_window_is_asked_for() -> None:
    with serving(Service([story(1, BASE - 1), story(2, BASE), story(3, BASE + 3599), story(4, BASE + 3600)])) as url:
        found = [m.native_id for m in source(url, terms=["JetBlue"]).collect(Query(), WINDOW) if isinstance(m, Mention)]
    assert sorted(found) == ["2", "3"]


def test_without_anything_to_search_for_it_says_so() -> None:
    with pytest.raises(ConfigError, match=r"\[sources.hn\] has nothing to search for"):
        list(source("http://127.0.0.1:9").collect(Query(), WINDOW))


def test_a_hit_that_cannot_be_read_blocks_no_other(tmp_path: Path) -> None:
    hits = [
        story(1, BASE),
        {"created_at_i": BASE},
        story(2, BASE, title=None),
        story(3, BASE, points="x"),
        story(4, BASE, title="\ud800 half"),
        story(5, BASE),
    ]
    with serving(Service(hits)) as url:
        settings = Settings(
            path=tmp_path / "earshot.toml", sources={"hn": {"kind": "hackernews", "base_url": url, "terms": ["a"]}}
        )
        done = collect.run(settings, "hn", WINDOW, now=WINDOW.end)
    assert (done.rows_in, done.mentions, done.rejected) == (6, 2, 4)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(429, headers={"Retry-After": "9"}), RateLimited),
        (Answer(401), AuthFailed),
        (Answer(403), AuthFailed),
        (Answer(502), SourceUnavailable),
        (Answer(body=b"<html>"), SourceUnavailable),
        (Answer(body=b"[]"), SourceUnavailable),
        (Answer(body=b'{"hits": 3}'), SourceUnavailable),
    ],
)
def test_failures_are_ours_and_land_nothing(answer: Answer, error: type[Exception], tmp_path: Path) -> None:
    with serving(lambda _: answer) as url:
        settings = Settings(
            path=tmp_path / "earshot.toml",
            sources={"hn": {"kind": "hackernews", "base_url": url, "longest_wait": 0}},
            brands={"b": BrandStanza(name="b")},
        )
        with pytest.raises(error) as raised:
            collect.run(settings, "hn", WINDOW, now=WINDOW.end)
    assert getattr(raised.value, "retry_after", 9) == 9
    assert Landing(settings.storage).windows("hn") == []


def test_a_failure_in_the_middle_of_a_burst_loses_nothing_and_costs_one_request(tmp_path: Path) -> None:
    service, count = Service([story(n, BASE + n) for n in range(2_500)]), 0

    def answer(request: Request) -> Answer:
        nonlocal count
        count += 1
        return Answer(500) if count == 3 else service(request)

    with serving(answer) as url:
        settings = Settings(
            path=tmp_path / "earshot.toml", sources={"hn": {"kind": "hackernews", "base_url": url, "terms": ["a"]}}
        )
        assert collect.run(settings, "hn", WINDOW, now=WINDOW.end).mentions == 2_500
    assert count == len(service.asked) + 1


def test_a_window_can_be_collected_again_and_is_the_same(tmp_path: Path) -> None:
    with serving(Service([story(1, BASE)])) as url:
        settings = Settings(
            path=tmp_path / "earshot.toml", sources={"hn": {"kind": "hackernews", "base_url": url, "terms": ["a"]}}
        )
        first = collect.run(settings, "hn", WINDOW, now=WINDOW.end)
        before = Landing(settings.storage).read_manifest("hn", "2026-02-01T11:00")
        assert collect.run(settings, "hn", WINDOW, now=WINDOW.end) == first
        assert Landing(settings.storage).read_manifest("hn", "2026-02-01T11:00") == before
