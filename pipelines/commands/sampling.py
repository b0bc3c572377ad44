"""A first look at what a source gives: a few rows, nothing stored. Used by `try`, `add` and `check`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.records import Cursor, Mention, Query, Rejected, Window
from pipelines.settings import Settings, span

# what every source fills in by itself, or what says nothing about the mapping of its input
_ALWAYS = {
    "source",
    "native_id",
    "channel",
    "kind",
    "property",
    "visibility",
    "is_own",
    "is_automatic",
    "time_note",
    "references",
}


@dataclass(frozen=True)
class Sample:
    """The first rows of a source."""

    mentions: list[Mention]
    rejected: list[Rejected]

    def mapped(self) -> dict[str, float]:
        """Share (0 to 1) of the mentions in which each optional field is filled, for fields filled at least once."""
        shares = {}
        for field in fields(Mention):
            if field.name not in _ALWAYS and self.mentions:
                filled = sum(getattr(m, field.name) not in (None, "", ()) for m in self.mentions)
                if filled:
                    shares[field.name] = filled / len(self.mentions)
        return shares


def latest(source: Any, now: datetime) -> Window:
    """The window in which to look: the last of a source with a fixed period, else the one that has just ended."""
    width = span(source.window)
    period = source.period()
    if period is not None:
        return Window.around(period[1] - timedelta(seconds=1), width)
    around = Window.around(now, width)
    return around if source.incremental else Window(around.start - width, around.start)


def sample(settings: Settings, source: Any, *, limit: int) -> Sample:
    """The first `limit` rows that the source gives for its latest window, as if it were collected for the first time.

    Raises:
        SourceError, InputError, ConfigError: as the source raises them.
    """
    mentions: list[Mention] = []
    rejected: list[Rejected] = []
    query = Query(brands=settings.query.brands)
    for item in source.collect(query, latest(source, datetime.now(UTC))):
        if isinstance(item, Mention):
            mentions.append(item)
        elif isinstance(item, Rejected):
            rejected.append(item)
        elif isinstance(item, Cursor):
            continue
        if len(mentions) + len(rejected) >= limit:
            break
    return Sample(mentions, rejected)
