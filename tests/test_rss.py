"""RSS and Atom: read once per change, undated stays undated, a broken feed is said in one sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import collect
from pipelines.errors import AuthFailed, ConfigError, RateLimited, SourceUnavailable
from pipelines.landing import Landing
from pipelines.records import Cursor, Gap, Mention, Query, Rejected, Window
from pipelines.settings import Settings
from pipelines.sources.rss import RssSource
from tests.web import Answer, Request, serving

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(minutes=15), NOW)
RSS = b"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>Air news</title><language>en-US</language>
<item><title>Delta cancels flights</title><link>http://e.org/1</link><guid>g1</guid>
<pubDate>Sat, 31 Jan 2026 10:00:00 GMT</pubDate>
<description>&lt;p&gt;Snow &amp;amp; ice.&lt;/p&gt;&lt;p&gt;More soon.&lt;/p&gt;</description></item>
<item><title>No date</title><link>http://e.org/2</link></item>
<item><title>Odd date</title><guid>g3</guid><pubDate>soon</pubDate></item>
<item><title>Far future</title><guid>g4</guid><pubDate>Sat, 31 Jan 2126 10:00:00 GMT</pubDate></item>
<item><guid>g5</guid><author>Zorvan Quist</author></item>
</channel></rss>"""
ATOM = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Blog</title><id>urn:b</id>
<updated>2026-01-31T09:00:00Z</updated>
<entry><title>Why I fly</title><id>urn:1</id><link href="http://b.org/1"/><author><name>Ann</name></author>
<published>2026-01-30T08:00:00+02:00</published><updated>2026-01-31T09:00:00Z</updated>
<content type="html">&lt;b&gt;Because&lt;/b&gt; of JetBlue</content></entry>
</feed>"""


def collected(
    source: RssSource, cursor: dict[str, str] | None = None
) -> tuple[list[Mention], list[Rejected], dict[str, str] | None]:
    items = list(source.collect(Query(cursors={"": Cursor(values=cursor)} if cursor else {}), WINDOW))
    cursors = [i.values for i in items if isinstance(i, Cursor)]
    return (
        [i for i in items if isinstance(i, Mention)],
        [i for i in items if isinstance(i, Rejected)],
        cursors[-1] if cursors else None,
    )


def feed(*urls: str) -> RssSource:
    return RssSource(kind="rss", name="news", urls=list(urls), longest_wait=0)


def test_entries_become_mentions_and_undated_ones_say_why() -> None:
    with serving(lambda _: Answer(body=RSS)) as url:
        mentions, rejected, _ = collected(feed(url))
    by_id = {m.native_id: m for m in mentions}
    first = by_id["g1"]
    assert first.text == "Delta cancels flights\n\nSnow & ice.\n\nMore soon."
    assert first.published_at == datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert (first.kind, first.url, first.language, first.channel) == ("article", "http://e.org/1", "en", "news")
    assert by_id["http://e.org/2"].published_at is None
    assert by_id["http://e.org/2"].time_note == "no date is given"
    assert by_id["g3"].published_at is None
    assert by_id["g4"].published_at is None
    assert "future" in str(by_id["g4"].time_note)
    assert [r.reason for r in rejected] == ["text is missing"]
    assert "author" in rejected[0].raw and "Quist" not in rejected[0].raw


def test_atom_is_read_and_an_edit_is_a_later_observation() -> None:
    with serving(lambda _: Answer(body=ATOM)) as url:
        mentions, _, _ = collected(feed(url))
    assert [(m.native_id, m.text, m.author_id, m.url) for m in mentions] == [
        ("urn:1", "Why I fly\n\nBecause of JetBlue", "Ann", "http://b.org/1")
    ]
    assert mentions[0].published_at == datetime(2026, 1, 30, 6, tzinfo=UTC)
    assert mentions[0].observed_at == datetime(2026, 1, 31, 9, tzinfo=UTC)


def test_etag_and_last_modified_are_honoured_through_the_cursor() -> None:
    asked: list[dict[str, str]] = []
    stamps = {"etag": '"v1"', "last-modified": "Sat, 31 Jan 2026 10:00:00 GMT"}

    def answer(request: Request) -> Answer:
        asked.append(request.headers)
        return Answer(304) if request.headers.get("if-none-match") == '"v1"' else Answer(body=RSS, headers=stamps)

    with serving(answer) as url:
        first, _, cursor = collected(feed(url))
        again, rejected, kept = collected(feed(url), cursor)
    assert len(first) == 4
    assert (again, rejected) == ([], [])
    assert kept == cursor
    assert asked[1]["if-modified-since"] == stamps["last-modified"]


def test_nothing_new_lands_nothing_and_keeps_the_cursor(tmp_path: Path) -> None:
    changed = True
    with serving(
        lambda r: Answer(body=RSS, headers={"etag": "a"}) if "if-none-match" not in r.headers or changed else Answer(304)
    ) as url:
        settings = Settings(path=tmp_path / "earshot.toml", sources={"news": {"kind": "rss", "urls": [url]}})
        first = collect.run(settings, "news", WINDOW, now=NOW)
        changed = False
        second = collect.run(settings, "news", WINDOW, now=NOW)
    assert (first.rows_in, first.mentions, first.rejected) == (5, 4, 1)
    assert second.window_keys == []
    assert Landing(settings.storage).windows("news") == first.window_keys


def test_a_second_collection_in_the_same_window_does_not_overwrite_the_first(tmp_path: Path) -> None:
    with serving(lambda _: Answer(body=RSS)) as url:
        settings = Settings(path=tmp_path / "earshot.toml", sources={"news": {"kind": "rss", "urls": [url]}})
        keys = [collect.run(settings, "news", WINDOW, now=NOW).window_keys for _ in range(3)]
    assert keys == [["2026-02-01T11:45"], ["2026-02-01T11:45-01"], ["2026-02-01T11:45-02"]]


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><body>Not found</body></html>", b"<rss><channel><item><title>half", b"\xff\xfe\x00 garbage", b'{"json": 1}'],
)
def test_what_is_no_feed_is_said_in_one_sentence(body: bytes) -> None:
    with (
        serving(lambda _: Answer(body=body, headers={"content-type": "text/html"})) as url,
        pytest.raises(SourceUnavailable, match="is not an RSS or Atom feed"),
    ):
        collected(feed(url))


def test_a_feed_that_breaks_off_gives_its_entries_and_is_read_again() -> None:
    """The last entry may be half of one, so it waits too."""
    with serving(lambda _: Answer(body=RSS[: RSS.index(b"Odd date")], headers={"etag": "a"})) as url:
        mentions, _, cursor = collected(feed(url))
    assert {m.native_id for m in mentions} == {"g1", "http://e.org/2"}
    assert "etag" not in str(cursor)  # so that the rest is not lost


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AuthFailed), (403, AuthFailed), (500, SourceUnavailable), (503, SourceUnavailable), (404, SourceUnavailable)],
)
def test_statuses_become_our_errors(status: int, error: type[Exception]) -> None:
    with serving(lambda _: Answer(status)) as url, pytest.raises(error, match=url):
        collected(feed(url))


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"Retry-After": "7"}, 7), ({}, 60), ({"Retry-After": "Wed, 01 Jan 2098 00:00:00 GMT"}, 2e9)]
)
def test_too_many_requests_says_how_long_to_wait(headers: dict[str, str], seconds: float) -> None:
    with serving(lambda _: Answer(429, headers=headers)) as url, pytest.raises(RateLimited) as raised:
        collected(feed(url))
    assert raised.value.retry_after == pytest.approx(seconds, rel=0.3)


def test_one_feed_that_is_down_does_not_hide_the_others() -> None:
    with serving(lambda r: Answer(body=RSS) if r.path == "/good" else Answer(500)) as url:
        mentions, rejected, cursor = collected(feed(f"{url}/bad", f"{url}/good"))
    assert len(mentions) == 4
    assert "status 500" in rejected[0].reason
    assert cursor is not None


def test_nobody_listens_is_unavailable_and_lands_nothing(tmp_path: Path) -> None:
    stanza = {"kind": "rss", "urls": ["http://127.0.0.1:9/feed"], "longest_wait": 0}
    settings = Settings(path=tmp_path / "earshot.toml", sources={"news": stanza})
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        collect.run(settings, "news", WINDOW, now=NOW)
    assert Landing(settings.storage).windows("news") == []
    assert not list(tmp_path.rglob("*.tmp"))


def test_searches_of_google_news_are_feeds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Request] = []
    with serving(lambda r: (asked.append(r), Answer(body=RSS))[1]) as url:
        source = RssSource(kind="rss", name="news", queries=['"US Airways" -baseball'], edition="DE:de", news_url=url)
        mentions, _, _ = collected(source)
    assert len(mentions) == 4
    assert (asked[0].path, asked[0].values) == (
        "/rss/search", {"q": '"US Airways" -baseball', "hl": "de-DE", "gl": "DE", "ceid": "DE:de"}
    )


def test_a_source_without_anything_to_read_is_refused(tmp_path: Path) -> None:
    settings = Settings(path=tmp_path / "earshot.toml", sources={"news": {"kind": "rss"}})
    with pytest.raises(ConfigError, match=r"\[sources.news\] queries.*give urls, queries or both"):
        settings.plugin("sources", "news")


def test_a_feed_that_no_longer_reaches_back_is_a_gap() -> None:
    later = ATOM.replace(b"urn:1", b"urn:9").replace(b"2026-01-30T08:00:00+02:00", b"2026-01-31T08:00:00Z")
    with serving(lambda _: Answer(body=ATOM)) as url:
        _, _, cursor = collected(feed(url))
    assert cursor is not None
    for body, expected in ((later, 1), (ATOM, 0)):
        with serving(lambda _, body=body: Answer(body=body)) as url:
            known = Query(cursors={"": Cursor(values={url: next(iter(cursor.values()))})})
            gaps = [f for f in feed(url).collect(known, WINDOW) if isinstance(f, Gap)]
        assert len(gaps) == expected
    assert datetime(2026, 1, 30, 6, tzinfo=UTC).isoformat() in str(cursor)
