"""The sample source: any window again and again, however time is cut, and nothing in it that could be real."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines import records
from pipelines.errors import ConfigError, SourceError
from pipelines.records import Brand, Mention, Query, Window
from pipelines.settings import read
from pipelines.simulation import world as worlds
from pipelines.sources.sample import Sample

ROOT = Path(__file__).resolve().parent.parent
START = datetime(2026, 1, 17, tzinfo=UTC)
SPAN = timedelta(days=28)
NAMES = [a.key for a in worlds.AIRLINES]


def sample(**fields: Any) -> Sample:
    return Sample(**{"kind": "sample", "name": "sample", "mentions": 6000} | fields)


def collected(source: Sample, window: Window, query: Query | None = None) -> list[Mention]:
    found = list(source.collect(query or Query(), window))
    assert all(isinstance(m, Mention) for m in found)
    return found  # type: ignore[return-value]


def cut(start: datetime, end: datetime, width: timedelta) -> list[Window]:
    count = -(-(end - start) // width)
    return [Window(start + i * width, min(start + (i + 1) * width, end)) for i in range(count)]


def key(m: Mention) -> tuple[str, str, str]:
    return (m.native_id, str(m.observed_at), m.text)


@pytest.fixture(scope="module")
def everything() -> list[Mention]:
    return collected(sample(), Window(START, START + SPAN))


@pytest.fixture(scope="module")
def demo() -> list[Mention]:
    """The history that the demo shows."""
    configured = read(ROOT / "examples" / "demo.toml")
    source = configured.plugin("sources", "sample")
    return collected(source, Window(*source.period()), configured.query)


def test_says_that_it_is_simulated(everything: list[Mention]) -> None:
    assert Sample.simulated and "simulated" in Sample.title.lower()
    assert all(m.url is not None and m.url.startswith("https://sample.invalid/") for m in everything)


def test_same_seed_same_history_other_seed_another(everything: list[Mention]) -> None:
    again = collected(sample(), Window(START, START + SPAN))
    assert again == everything
    other = collected(sample(seed=1), Window(START, START + timedelta(days=3)))
    long = [m.text for m in other if len(m.text) > 60 and m.kind != "reply"]
    assert len(set(long) & {m.text for m in everything}) < 0.02 * len(long)


@pytest.mark.parametrize("width", [timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(hours=17)])
def test_any_cut_gives_each_observation_once(everything: list[Mention], width: timedelta) -> None:
    source = sample()
    parts = [collected(source, w) for w in cut(START, START + SPAN, width)]
    assert Counter(map(key, itertools.chain(*parts))) == Counter(map(key, everything))


def test_quarter_hours_of_the_storm_give_its_day_once(everything: list[Mention]) -> None:
    source, first = sample(), START + timedelta(days=27)
    parts = [collected(source, w) for w in cut(first, START + SPAN, timedelta(minutes=15))]
    wanted = [m for m in everything if m.observed_at is not None and m.observed_at >= first]
    assert Counter(map(key, itertools.chain(*parts))) == Counter(map(key, wanted))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-3600, 29 * 86400), min_size=2, max_size=6).map(sorted), st.integers(0, 10**6 - 1))
def test_windows_with_any_edges_hold_what_was_observed_in_them(everything: list[Mention], edges: list[int], micros: int) -> None:
    source = sample()
    moments = [START + timedelta(seconds=s, microseconds=micros) for s in edges]
    for window in itertools.starmap(Window, itertools.pairwise(moments)):
        wanted = [m for m in everything if m.observed_at is not None and window.start <= m.observed_at < window.end]
        assert Counter(map(key, collected(source, window))) == Counter(map(key, wanted))


def test_nothing_outside_the_span() -> None:
    assert collected(sample(), Window(START - timedelta(days=9), START)) == []
    assert collected(sample(), Window(START + SPAN, START + SPAN + timedelta(days=9))) == []


@pytest.mark.parametrize(("mentions", "days"), [(2000, 28), (20_000, 28), (40_000, 5)])
def test_about_as_many_mentions_as_asked_for(mentions: int, days: int) -> None:
    found = collected(sample(mentions=mentions, days=days), Window(START, START + timedelta(days=days)))
    once = {m.native_id for m in found}
    assert len(once) == pytest.approx(mentions, rel=0.12)


def test_only_configured_brands() -> None:
    query = Query(brands=(Brand(key="kestravia", name="Kestravia"), Brand(key="mine", name="Mine")))
    found = collected(sample(), Window(START, START + timedelta(days=2)), query)
    assert {m.brand for m in found} == {"kestravia"}
    with pytest.raises(SourceError, match=r"only knows the brands kestravia.*demo\.toml"):
        collected(sample(), Window(START, START + SPAN), Query(brands=(Brand(key="mine", name="Mine"),)))


@pytest.mark.parametrize(
    ("stanza", "says"),
    [
        ("mentions = 20_000_000", "mentions = 20000000"),
        ("start = 2026-01-17T10:00:00Z", "midnight"),
        ("dayz = 3", "did you mean 'days'"),
    ],
)
def test_wrong_fields_are_named(tmp_path: Path, stanza: str, says: str) -> None:
    path = tmp_path / "earshot.toml"
    path.write_text(f'[sources.sample]\nkind = "sample"\n{stanza}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"\[sources\.sample\]") as caught:
        read(path)
    assert says in str(caught.value)


def test_start_may_be_a_date_in_toml(tmp_path: Path) -> None:
    path = tmp_path / "earshot.toml"
    path.write_text('[sources.sample]\nkind = "sample"\nstart = 2025-11-03\ndays = 3\n', encoding="utf-8")
    source = read(path).plugin("sources", "sample")
    assert source.period() == (datetime(2025, 11, 3, tzinfo=UTC), datetime(2025, 11, 6, tzinfo=UTC))


def test_demo_configures_the_simulators_airlines() -> None:
    found = {b.key: b for b in read(ROOT / "examples" / "demo.toml").query.brands}
    for known in worlds.brands():
        assert found[known.key].name == known.name
        assert found[known.key].is_competitor == known.is_competitor
        assert set(known.handles) <= set(found[known.key].handles)
        assert found[known.key].exclude == known.exclude
    assert [b.key for b in found.values() if not b.is_competitor] == ["kestravia"]


def test_fields_are_valid(demo: list[Mention]) -> None:
    kinds, properties = get_args(records.Kind), get_args(records.Property)
    for m in demo:
        assert m.published_at is not None and m.observed_at is not None and m.published_at <= m.observed_at
        assert m.published_at.tzinfo is UTC and m.kind in kinds and m.property in properties
        assert m.brand in NAMES or m.brand is None
        assert m.author_id and m.author_name and "  " not in m.text and m.text == m.text.strip()
        assert m.rating is None or (m.channel == "app_review" and 1 <= m.rating <= 5)
        assert (m.engagement or 0) >= 0 and (m.reach or 0) >= 0 and (m.author_followers or 0) >= 0
        assert m.text or m.deleted_at or m.media, "only images and deleted mentions have no text"
        assert not re.search(r"[\[\]{}|]|[^.]\.\.[A-Za-z]|,\.|\?\.(?!\.\.)", m.text), m.text
        assert m.channel != "x" or len(m.text) <= 320


def test_channels_languages_and_kinds_are_all_there(demo: list[Mention]) -> None:
    assert {m.channel for m in demo} == {"x", "facebook", "instagram", "snapchat", "youtube", "reddit", "forum", "app_review"}
    assert {m.kind for m in demo} == {"post", "reply", "repost", "comment", "review", "story"}
    assert {m.property for m in demo if m.channel == "x"} == {"own", "addressed", "independent"}
    assert {m.property for m in demo if m.channel in ("reddit", "forum")} == {"independent"}
    assert {m.property for m in demo if m.channel == "app_review"} == {"addressed"}
    assert {m.language for m in demo} == {"en", "de", "fr", "es", "pt", "it", "nl", None}
    assert any(m.is_automatic for m in demo) and all(m.is_own for m in demo if m.is_automatic)
    assert any(m.is_own and m.kind == "post" for m in demo)
    assert {m.author_id for m in demo if m.is_own} == {h for a in worlds.AIRLINES for h in (a.handle, a.care)}
    assert not {m.author_id for m in demo if not m.is_own} & {h for a in worlds.AIRLINES for h in (a.handle, a.care)}


def test_stories_expire_exactly_a_day_after_publishing(demo: list[Mention]) -> None:
    stories = [m for m in demo if m.kind == "story"]
    assert {m.channel for m in stories} == {"instagram", "snapchat"}
    assert all(m.expires_at == m.published_at + timedelta(hours=24) for m in stories if m.published_at)
    assert all(m.media for m in stories)
    assert all(m.expires_at is None for m in demo if m.kind != "story")


def test_replies_come_after_what_they_answer(demo: list[Mention]) -> None:
    published = {m.native_id: m.published_at for m in demo}
    answered = 0
    for m in demo:
        if m.in_reply_to is None:
            continue
        before = published[m.in_reply_to]
        assert m.thread_id == m.in_reply_to
        assert before is not None and m.published_at is not None and before < m.published_at
        answered += m.is_own
    assert answered > 1000


def test_edits_and_deletions_are_later_observations_of_the_same_mention(demo: list[Mention]) -> None:
    seen: dict[str, list[Mention]] = {}
    for m in demo:
        seen.setdefault(m.native_id, []).append(m)
    changed = [sorted(v, key=lambda m: str(m.observed_at)) for v in seen.values() if len(v) > 1]
    assert len(changed) > 100
    for first, second in changed:
        assert first.observed_at == first.published_at == second.published_at
        assert second.observed_at is not None and first.observed_at is not None and second.observed_at > first.observed_at
        if second.deleted_at:
            assert second.text == "" and second.media == () and second.deleted_at == second.observed_at
        else:
            assert second.text != first.text and first.text in second.text
        assert (first.author_id, first.thread_id, first.brand) == (second.author_id, second.thread_id, second.brand)
    assert sum(1 for m in demo if m.deleted_at) > 50


PHONES = re.compile(r"\+?\(?\d[\d ()-]{8,}\d")
ADDRESSES = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def test_nothing_that_could_reach_a_person(demo: list[Mention]) -> None:
    """Telephone numbers are 555-01xx, addresses are in example domains, links in .invalid ones."""
    phones = addresses = 0
    for m in demo:
        for found in PHONES.findall(m.text):
            phones += 1
            assert re.search(r"555[ -]01\d\d$", found), m.text
        for found in ADDRESSES.findall(m.text):
            addresses += 1
            assert found.lower().endswith(("@example.com", "@example.org", "@example.net")), m.text
        assert not re.search(r"https?://(?!sample\.invalid)", m.text)
    assert phones > 20 and addresses > 40


def test_references_for_care_occur(demo: list[Mention]) -> None:
    codes = [m for m in demo if re.search(r"\b(?:[Bb]ooking|PNR|ref|Buchung|Reserva)\b", m.text)]
    assert len(codes) > 200
