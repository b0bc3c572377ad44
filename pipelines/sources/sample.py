"""Source "sample": four invented airlines, simulated. The demo and the tests run on it; nothing in it is real."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from pydantic import Field, field_validator

from pipelines.errors import SourceError
from pipelines.records import Cursor, Mention, Query, Rejected, Window
from pipelines.sources.base import Card, Source


class Sample(Source):
    """Simulated mentions of four invented airlines: 28 days, and a winter storm on the last.

    Any window can be collected again and gives the same mentions, however time is cut into windows.
    """

    title: ClassVar[str] = "Sample (simulated: four invented airlines, a storm on the last day)"
    card: ClassVar[Card | None] = Card(
        channel="eight", collects="four invented airlines: simulated, and every page says so", cannot="anything real",
        limits="any rate to 10 million mentions", deletion="simulated too",
    )
    incremental: ClassVar[bool] = False
    simulated: ClassVar[bool] = True

    mentions: int = Field(default=20_000, ge=100, le=10_000_000, description="About how many mentions the whole span has.")
    seed: int = Field(default=2007, ge=0, le=2**31, description="Another seed gives another, equally likely history.")
    days: int = Field(default=28, ge=2, le=366, description="How many days the span has; the storm is on the last.")
    start: datetime = Field(
        default=datetime(2026, 1, 17, tzinfo=UTC), description="When the span begins: midnight UTC of its first day."
    )

    @field_validator("start")
    @classmethod
    def _midnight(cls, value: datetime) -> datetime:
        value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        if (value.hour, value.minute, value.second, value.microsecond) != (0, 0, 0, 0):
            raise ValueError("give a day, such as 2026-01-17; the span begins at its midnight in UTC")
        return value

    def period(self) -> tuple[datetime, datetime]:
        """The whole simulated span."""
        return self.start, self.start + timedelta(days=self.days)

    def collect(self, query: Query, window: Window) -> Iterator[Mention | Rejected | Cursor]:
        """Yield what is observed in `window`, of those of the four airlines that are configured (all, if no brand is).

        Raises:
            SourceError: brands are configured, but none of the four airlines.
        """
        from pipelines.simulation import emit
        from pipelines.simulation.world import KEYS, World

        wanted = frozenset(b.key for b in query.brands) & set(KEYS) if query.brands else None
        if wanted is not None and not wanted:
            raise SourceError(
                f"source {self.name or 'sample'!r} only knows the brands {', '.join(KEYS)}; "
                "configure one of them, or copy examples/demo.toml."
            )
        world = World(self.mentions, self.seed, self.days, self.start)
        yield from emit.mentions(world, window, wanted, self.name or emit.SOURCE)
