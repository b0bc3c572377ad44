"""Listings that give the newest first: whatever comes and goes between and during collections, nothing is lost unseen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.asking import Asking
from pipelines.errors import SourceUnavailable
from pipelines.listings import Expired, Listing, Page, read_all
from pipelines.records import Cursor, Gap, Mention, Query
from pipelines.sources.base import Source

START = datetime(2026, 2, 1, tzinfo=UTC)
LATE = timedelta(minutes=10)


@dataclass
class Platform:
    """A listing of posts by number, in pages of three, that follow a post; at most `depth` of them."""

    depth: int = 10_000
    posts: list[int] = field(default_factory=list)  # minutes after START, oldest first
    gone: set[int] = field(default_factory=set)
    asked: int = 0
    forgets: bool = False  # answers a token of a post that is gone with an error, not with an empty page

    def read(self, ask: Asking, token: str | None) -> Page:
        return ask(lambda: self._page(token))

    def _page(self, token: str | None) -> Page:
        self.asked += 1
        shown = [n for n in range(len(self.posts)) if n not in self.gone][::-1][: self.depth]
        if token is not None:
            if int(token) not in shown:
                if self.forgets:
                    raise Expired
                return Page(items=[])
            shown = shown[shown.index(int(token)) + 1 :]
        items = [(self.at(n), self._post(n)) for n in shown[:3]]
        return Page(items=items, following=str(shown[2]) if len(shown) > 3 else None)

    def _post(self, number: int) -> Mention:
        return Mention(source="s", native_id=str(number), channel="c", text="t", published_at=self.at(number))

    def at(self, number: int) -> datetime:
        return START + timedelta(minutes=self.posts[number])


def collected(platforms: list[Platform], cursors: dict[str, Cursor], budget: int) -> tuple[list[set[int]], list[Gap]]:
    """One collection; it changes the cursors. What it found of each platform, and its gaps."""
    query, ask = Query(cursors=cursors), Asking(Source(kind="s", name="s", requests=budget), Query())
    seen: list[set[int]] = [set() for _ in platforms]
    listings = []
    for number, platform in enumerate(platforms):
        def read(token: str | None, platform: Platform = platform, number: int = number) -> Page:
            page = platform.read(ask, token)
            seen[number] |= {int(item.native_id) for _, item in page.items if isinstance(item, Mention)}
            return page

        listings.append(Listing(source="s", key=str(number), read=read, first=START, late=LATE, depth=platform.depth))
    found = list(read_all(listings, query, ask))
    cursors |= {c.query: c for c in found if isinstance(c, Cursor)}
    assert budget == 0 or ask.sent <= budget
    return seen, [g for g in found if isinstance(g, Gap)]


@settings(max_examples=100, deadline=None)
@given(
    rounds=st.lists(st.tuples(st.integers(0, 14), st.lists(st.integers(0, 60), max_size=3)), min_size=1, max_size=8),
    budget=st.integers(1, 4), forgets=st.booleans(),
)
def test_whatever_comes_and_goes_between_collections_all_that_remains_is_seen(
    rounds: list[tuple[int, list[int]]], budget: int, forgets: bool
) -> None:
    platform, cursors, seen = Platform(forgets=forgets), dict[str, Cursor](), set[int]()
    gaps: list[Gap] = []
    clock = 0
    for new, deleted in rounds:
        for _ in range(new):
            clock += 1 if len(platform.posts) % 3 else 0  # some in the same minute
            platform.posts.append(clock)
        platform.gone |= set(deleted)
        (found,), said = collected([platform], cursors, budget)
        seen, gaps = seen | found, gaps + said
    for _ in range(60):
        (found,), said = collected([platform], cursors, budget)
        seen, gaps = seen | found, gaps + said
    missed = set(range(len(platform.posts))) - platform.gone - seen
    assert all(any(gap.start <= platform.at(n) <= gap.end for gap in gaps) for n in missed)
    if not any(deleted for _, deleted in rounds):
        assert not missed
        assert not gaps


def test_pages_are_read_once_however_small_the_budget() -> None:
    platform, cursors = Platform(posts=list(range(300))), dict[str, Cursor]()
    rounds = 0
    while not cursors or cursors["0"].values.get("following"):
        collected([platform], cursors, 2)
        rounds += 1
    assert platform.asked <= 100 + 5  # the ten minutes that are looked at again
    assert rounds == pytest.approx(50, abs=2)


def test_a_listing_that_is_cut_off_is_a_gap() -> None:
    platform, cursors = Platform(posts=list(range(10)), depth=30), dict[str, Cursor]()
    assert collected([platform], cursors, 0)[1] == []
    platform.posts += range(100, 160)
    (found,), (gap,) = collected([platform], cursors, 0)
    assert found == set(range(40, 70))
    assert (gap.start, gap.end) == (START + timedelta(minutes=9), platform.at(40))
    assert collected([platform], cursors, 0)[1] == []


def test_a_listing_that_is_never_done_does_not_starve_the_others() -> None:
    busy, calm, cursors = Platform(), Platform(posts=[1, 2]), dict[str, Cursor]()
    for minute in range(3):
        busy.posts += [minute * 60] * 100
        found = collected([busy, calm], cursors, 2)[0]
        if found[1]:
            return
    raise AssertionError("the second listing was never asked")


def test_a_platform_that_pages_in_circles_is_a_fault() -> None:
    ask = Asking(Source(kind="s", name="s"), Query())
    listing = Listing(source="s", key="k", read=lambda _: Page(items=[], following="same"), first=START, late=LATE)
    with pytest.raises(SourceUnavailable, match="again and again"):
        list(read_all([listing], Query(), ask))
