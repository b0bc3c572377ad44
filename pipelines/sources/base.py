"""What a source is: typed fields, `collect`, and where the platform allows it `look_up` and `fill`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr

from pipelines.plugin import Plugin
from pipelines.records import RAW_LIMIT, Found, Gap, Mention, Query, Rejected, Window
from pipelines.rejecting import outline

SPAN = r"^\d+[mhd]$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a user must know of a source before choosing it; the README's table is made of these. One short phrase each."""

    channel: str  # as in `Mention.channel`, or several
    collects: str
    cannot: str  # what cannot be collected, and why
    keys: str = "none"
    cost: str = "free"
    limits: str = ""  # the platform's own, as documented
    deletion: str = ""  # what its terms ask for when something is deleted there, and how we learn of it


class Source(Plugin):
    """Base of all sources. A subclass in `pipelines/sources/<kind>.py` adds its fields and `collect`.

    There are two sorts. One that can give any past window again (`incremental = False`) is asked for spans of time, needs no
    cursor, and is backfilled by itself. One that only gives what is new (`incremental = True`) keeps a cursor for each query.
    """

    incremental: ClassVar[bool] = True  # gives what is new since its cursor; False: any past window, again and again
    simulated: ClassVar[bool] = False  # True: mentions are made up, and every page says so
    can_look_up: ClassVar[bool] = False  # has look_up
    delete_within: ClassVar[timedelta | None] = None  # the terms' time for erasing what the platform deleted; None: 30 days
    refresh_within: ClassVar[timedelta | None] = None  # what is older than this is looked up again or goes; None: stays
    card: ClassVar[Card | None] = None

    window: str = Field(default="15m", description="Width of one collection window: a number and m, h or d.", pattern=SPAN)
    quiet_after: str = Field(
        default="6h", description="How long without a mention before the source counts as silent.", pattern=SPAN
    )
    rate: str = Field(default="", description="Most requests in any span, such as 450/15m; with commas, several.")
    requests: int = Field(
        default=0, ge=0, description="Most requests of one collection; what is left comes with the next ones. 0: no limit."
    )
    budget: float = Field(
        default=0.0, ge=0,
        description="Most that a calendar month may cost, in the currency of the platform's price; what does not fit is sampled. "
        "0: no limit.",
    )
    longest_wait: float = Field(
        default=120.0, ge=0, description="Seconds that a collection waits for a platform before it gives up until its next try."
    )
    backfill: str = Field(
        default="7d", pattern=SPAN,
        description="How far back windows that were missed are collected by themselves, where the platform gives past windows.",
    )
    recheck: list[str] = Field(
        default=["1h", "1d", "7d", "28d"],
        description="Ages at which mentions are looked up again for edits, deletions and engagement, where that can be done.",
    )

    _unkept: int = PrivateAttr(default=0)
    _counted: float = PrivateAttr(default=0.0)

    @property
    def can_fill(self) -> bool:
        """Can a gap be asked for again?"""
        return not self.incremental or type(self).fill is not Source.fill

    def period(self) -> tuple[datetime, datetime] | None:
        """Start and end of everything that this source can ever give; None where it goes on."""
        return None

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """Yield what the platform has for `window`, each mention any number of times, in any order.

        A source that must stop before the end yields a cursor from which it goes on, or a `Gap`, never nothing.

        Raises:
            SourceError: RateLimited, AuthFailed or SourceUnavailable; the window is then not landed and is tried again.
        """
        raise NotImplementedError(f"{type(self).__name__}.collect")

    @property
    def price(self) -> float:
        """Dollars a mention, as the platform lists them; 0 where reading is free or paid by time."""
        return 0.0

    def price_of(self, query: Query) -> float:
        """The same for what a query needs: more where it looks at something that is paid for by itself."""
        return self.price

    @property
    def price_again(self) -> float:
        """Dollars an id that is looked up."""
        return self.price

    @property
    def counted(self) -> float:
        """Dollars that `count` has cost."""
        return self._counted

    @property
    def unkept(self) -> int:
        """Items that were read, and paid, and not given, since the query does not mean them."""
        return self._unkept

    def count(self, query: Query, window: Window) -> int | None:
        """How many mentions the platform has for a window, where asking for that is far cheaper than reading them; else None.

        What several queries of the source find may be counted several times: it is what reading the window would cost.

        Raises:
            SourceError: as for `collect`.
        """
        return None

    def fill(self, query: Query, gap: Gap) -> Iterator[Found]:
        """What was missed in a gap; yields a smaller gap for what is still missing."""
        if self.incremental:
            raise NotImplementedError(f"{type(self).__name__}.fill")
        return self.collect(query, Window(gap.start, gap.end))

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """The mentions of these ids as they are now, observed at `now`; one that is gone comes with `deleted_at`.

        Raises:
            SourceError: as for `collect`.
        """
        raise NotImplementedError(f"{type(self).__name__}.look_up")

    def gone(self, native_id: str, *, channel: str, now: datetime) -> Mention:
        """What `look_up` yields for an id that the platform no longer gives. Its other fields stay as they were stored."""
        return Mention(
            source=self.name, native_id=native_id, channel=channel, text="", published_at=None, observed_at=now, deleted_at=now,
            time_note="gone at the platform",
        )

    def unreadable(self, what: str, error: Exception, raw: Any, *, file: str, line: int = 1) -> Rejected:
        """What is yielded for an item that is not as the platform documents it: it is recorded and blocks no other.

        Args:
            what: the item in words, such as "a post".
            raw: the item, of which the fields and the shapes of their values are kept; text (an id, say) stays as it is.
            file: address that it came from.
        """
        reason = f"{what} cannot be read: {type(error).__name__} {error}"
        kept = raw if isinstance(raw, str) else str(outline(raw))
        return Rejected(source=self.name, file=file, line=line, reason=reason, raw=kept[:RAW_LIMIT])

    def unreached(self, what: str, span: Window) -> Gap:
        """What is yielded for a span when a collection may ask no more; `what`: the query that `fill` asks again."""
        reason = "the requests of this collection were used up"
        return Gap(source=self.name, query=what, start=span.start, end=span.end, reason=reason)
