"""Reads listings that give the newest first, each time from the top down to where an earlier collection stopped.

A collection whose budget ends on the way keeps the token of the next page and goes on there the next time, before it looks at
what came meanwhile. So nothing is lost and no page is read twice. The state of each listing is a `Cursor`:

    done      all that is older is known
    top       newest time seen since the way down began; becomes `done` at its end
    following token of the next page, where the way down was interrupted
    reached   time of the last item seen on the way down
    count     items seen on it
    again     the way down began anew, since the platform no longer knew the token
    turn      of the listing among those of its source: the one that waits longest comes first
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipelines.asking import Asking
from pipelines.errors import SourceUnavailable
from pipelines.records import Cursor, Found, Gap, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a listing: what it gives, each with the time by which the platform sorts it, and the token of the next."""

    items: Sequence[tuple[datetime | None, Found]]
    following: str | None = None  # None: the listing ends here


class Expired(Exception):
    """The platform no longer knows the token of a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A listing and how it is read.

    Args:
        source: name of the stanza.
        key: names it among those of the source.
        read: gives the page of a token, None: the first; one request. May raise Expired.
        first: how far back it is read where nothing is known of it yet.
        late: how much older than what is known an item may be that is new: indexed late, or published in the same second.
        depth: a listing that ends after so many items was cut off by the platform; 0: it gives all there is.
        keeps: is what it gives meant? What is not counts for the way down and is not given.
    """

    source: str
    key: str
    read: Callable[[str | None], Page]
    first: datetime
    late: timedelta
    depth: int = 0
    keeps: Callable[[Found], bool] = lambda _: True


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    done: datetime
    top: datetime | None = None
    following: str | None = None
    reached: datetime | None = None
    count: int = 0
    is_again: bool = False

    @classmethod
    def of(cls, cursor: Cursor | None, first: datetime) -> _State:
        values = cursor.values if cursor else {}
        top, reached = (datetime.fromisoformat(values[k]) if values.get(k) else None for k in ("top", "reached"))
        return cls(
            done=datetime.fromisoformat(values["done"]) if values.get("done") else first, top=top, reached=reached,
            following=values.get("following") or None, count=int(values.get("count") or 0),
            is_again="again" in values,
        )

    def after(self, page: Page) -> _State:
        times = [at for at, _ in page.items if at is not None]
        return replace(
            self, top=max([t for t in (self.top, *times) if t is not None], default=None), following=page.following,
            reached=times[-1] if times else self.reached, count=self.count + len(page.items),
        )

    def ended(self) -> _State:
        return _State(done=max(self.done, self.top or self.done))

    def cursor(self, key: str, turn: int) -> Cursor:
        times = {name: at.isoformat() for name in ("done", "top", "reached") if (at := getattr(self, name)) is not None}
        more = {"following": self.following, "count": str(self.count)} if self.following else {}
        again = {"again": "yes"} if self.is_again else {}
        return Cursor(query=key, values=times | more | again | {"turn": str(turn)})


def read_all(listings: Sequence[Listing], query: Query, ask: Asking) -> Iterator[Found]:
    """What is new in all listings, as far as the budget goes; a cursor for each that was asked.

    Raises:
        SourceError: as `read` does; SourceUnavailable also for a listing that gives the same page again and again.
    """
    turns = {listing.key: _turn(query, listing.key) for listing in listings}
    ended: dict[str, _State] = {}
    for listing in sorted(listings, key=lambda one: turns[one.key]):
        if not ask.is_spent:
            ended[listing.key] = yield from _read(listing, query.cursors.get(listing.key), ask)
    if ask.is_spent:  # those that were not asked come first the next time
        turns |= {key: max(turns.values()) + number for number, key in enumerate(ended, 1)}
    yield from (state.cursor(key, turns[key]) for key, state in ended.items())


def _turn(query: Query, key: str) -> int:
    return int(query.cursors[key].values.get("turn") or 0) if key in query.cursors else 0


def _read(listing: Listing, cursor: Cursor | None, ask: Asking) -> Generator[Found, None, _State]:
    state = _State.of(cursor, listing.first)
    is_resumed = state.following is not None
    while not ask.is_spent:
        page = _page(listing, state.following)
        is_lost = page is None or (is_resumed and page == Page(items=[]))  # what the token stood for is gone
        if is_lost and state.following and not state.is_again:
            state, is_resumed = replace(state, following=None, count=0, is_again=True), False
            continue
        page = page or Page(items=[])
        if page.following and page.following == state.following:
            where = f"[sources.{listing.source}]: {listing.key}"
            raise SourceUnavailable(f"{where} gives the same page again and again; it is asked again later.")
        yield from (item for _, item in page.items if listing.keeps(item))
        state = state.after(page)
        is_down = state.reached is not None and state.reached < state.done - listing.late
        if state.following and not is_down:
            continue
        is_cut = is_lost or (listing.depth and state.count >= listing.depth)
        if is_cut and (state.reached is None or state.reached > state.done):
            yield _gap(listing, state)
        state, was_resumed, is_resumed = state.ended(), is_resumed, False
        if not was_resumed:
            break  # else it is read once more from the top: something may have come since the interruption
    return state


def _page(listing: Listing, token: str | None) -> Page | None:
    try:
        return listing.read(token)
    except Expired:
        return None


def _gap(listing: Listing, state: _State) -> Gap:
    end = state.reached or state.done
    reason = f"{listing.key} shows its newest {state.count} only: what is older than {end:%Y-%m-%d %H:%M} is out of reach"
    return Gap(source=listing.source, query=listing.key, start=min(state.done, end), end=end, reason=reason)
