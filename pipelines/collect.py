"""Collects a window of a source, or a file, and lands it: redacted, pseudonymised, whole or not at all."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import attendance, forgotten, gaps, governed
from pipelines.errors import SourceError
from pipelines.landed import newest_seen
from pipelines.landing import Landing, Manifest, WindowWriter
from pipelines.protector import BATCH_ROWS, Protector, write
from pipelines.records import Cursor, Found, Gap, Mention, Query, Rejected, Window
from pipelines.settings import Settings, span
from pipelines.times import AHEAD

if TYPE_CHECKING:
    from pipelines.sources.base import Source

MISSED_AT_ONCE = 24  # windows that were missed before and are made up for in one collection
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What a collection landed. rows_in = mentions + rejected."""

    source: str
    window_keys: list[str]
    rows_in: int
    mentions: int
    rejected: int

    @classmethod
    def of(cls, source: str, manifests: Iterable[Manifest]) -> Collected:
        """The sum of landed windows."""
        found = list(manifests)
        return cls(
            source=source, window_keys=[m.window for m in found], rows_in=sum(m.rows_in for m in found),
            mentions=sum(m.mentions for m in found), rejected=sum(m.rejected for m in found),
        )


def run(settings: Settings, source_name: str, window: Window, *, now: datetime) -> Collected:
    """Collect one window of a configured source, then what is left of its gaps. A source that has nothing new lands nothing.

    Gaps and then cursors are saved last: killed anywhere before, the next collection asks for the same again.

    Raises:
        SourceError: the platform did not give what was asked; nothing has landed, the cursors are as they were.
        ConfigError: the source or its secrets are not configured as they must be.
    """
    landing = Landing(settings.storage)
    try:
        collected, newest = _run(settings, source_name, window, landing, now=now)
    except Exception as error:
        attendance.note(landing, source_name, now=now, error=error)
        raise
    attendance.note(landing, source_name, now=now, mentions=collected.mentions, newest_at=newest)
    return collected


def _run(
    settings: Settings, source_name: str, window: Window, landing: Landing, *, now: datetime
) -> tuple[Collected, datetime | None]:
    """What was collected, and when the newest of it was seen; None of files and events, each of which is given once."""
    from pipelines.sources.file import FileSource
    from pipelines.sources.webhook import WebhookSource

    source = settings.plugin("sources", source_name)
    query = replace(_query(settings, landing, source_name), now=now)
    if isinstance(source, FileSource):
        return _run_folder(settings, source.below(settings.path.parent), landing, query.cursor, now=now), None
    protector = _protector(settings, landing)
    before = gaps.open_ones(landing, source_name)
    landed = _window(source, query, landing, protector, window, now=now)
    landed += _missed(source, query, landing, protector, window, now=now)
    still = gaps.open_ones(landing, source_name)
    waiting = [noted for noted in before if noted in still]
    collected = Collected.of(source_name, landed + _fill(source, query, landing, protector, waiting, now=now))
    if isinstance(source, WebhookSource):
        return collected, None
    return collected, newest_seen(landing, source_name, collected.window_keys, until=now)


def _query(settings: Settings, landing: Landing, source_name: str) -> Query:
    """What a source is asked, with what it wanted back."""
    return replace(settings.query, cursors=landing.read_cursors(source_name), state=settings.storage / "pace")


def _protector(settings: Settings, landing: Landing) -> Protector:
    return Protector(settings.query.brands, settings.salt, forgotten.read(landing))


def _window(
    source: Source, query: Query, landing: Landing, protector: Protector, window: Window, *, now: datetime
) -> list[Manifest]:
    """Land one window; then keep its gaps and cursors.

    With a budget it waits for the window's end: what had landed whole until then would count beside a sample of the whole.
    """
    sealed = source.incremental or window.end <= now
    if source.budget and not sealed:
        return []
    key = _key(landing, source.name, window) if source.incremental else window.key
    found = governed.collect(source, query, window, now=now) if source.budget else source.collect(query, window)
    found = _dated(found, now)
    manifest, said = _land(found, landing, protector, source.name, key, keep_empty=not source.incremental, sealed=sealed)
    gaps.note(landing, source.name, said.gaps, now=now)
    if sealed and not source.incremental:
        gaps.supersede(landing, source.name, window, said.gaps, now=now)
    landing.write_cursors(source.name, said.cursors)
    return [manifest] if manifest else []


def _missed(
    source: Source, query: Query, landing: Landing, protector: Protector, window: Window, *, now: datetime
) -> list[Manifest]:
    """Collect windows in which nothing ran, the oldest first. What fails is missed still, and does not spoil the collection.

    The newest window alone looks for them: a run over many windows would read the past once for each.
    """
    landed: list[Manifest] = []
    is_newest = now - window.end < window.end - window.start
    if is_newest and not source.incremental and source.period() is None:
        for one in gaps.missed(landing, source.name, window, reach=span(source.backfill))[:MISSED_AT_ONCE]:
            try:
                landed += _window(source, query, landing, protector, one, now=now)
            except SourceError as error:
                _LOG.warning("%s: the window %s is missed still: %s", source.name, one.key, error)
                break
    return landed


def land(
    settings: Settings, source: Source, give: Callable[[Query], Iterable[Found]], *, key: str, now: datetime
) -> Collected:
    """Land what a source gives beside its windows under a key of its own.

    Raises:
        SourceError: the platform did not give what was asked; nothing has landed.
    """
    landing = Landing(settings.storage)
    found = _dated(give(_query(settings, landing, source.name)), now)
    manifest, _ = _land(found, landing, _protector(settings, landing), source.name, key, keep_empty=False, sealed=True)
    return Collected.of(source.name, [manifest] if manifest else [])


def _fill(
    source: Source, query: Query, landing: Landing, protector: Protector, waiting: Sequence[gaps.Noted], *, now: datetime
) -> list[Manifest]:
    """Ask again for the spans that were missed before. What fails stays a gap, and does not spoil the collection."""
    landed = []
    for noted in waiting if source.can_fill else ():
        try:
            found = governed.fill(source, query, noted.gap, now=now) if source.budget else source.fill(query, noted.gap)
            found = _dated(found, now)
            manifest, said = _land(found, landing, protector, source.name, noted.key, keep_empty=True, sealed=True)
        except SourceError as error:
            _LOG.warning("%s: the gap from %s stays: %s", source.name, noted.gap.start, error)
            break
        gaps.fill(landing, source.name, noted, said.gaps, now=now)
        landed += [manifest] if manifest else []
    return landed


def run_file(settings: Settings, path: Path, mapping: Path | None, *, now: datetime, source: str | None = None) -> Collected:
    """Land one file; what has landed of it before, by the same settings, is not read again.

    Args:
        mapping: a mapping file; None: columns are known by their names.
        source: the source that its ids belong to; default: as the mapping says, else "file".

    Raises:
        InputError: the file cannot be read at all or no column holds the text.
        ConfigError: the mapping cannot be used.
    """
    from pipelines import parts
    from pipelines.mapping import Mapping, read_mapping

    found = read_mapping(mapping) if mapping else Mapping()
    name = source or found.source or "file"
    return Collected.of(name, parts.land_file(settings, path, found, source=name, now=now))


def _run_folder(settings: Settings, source: Any, landing: Landing, cursor: dict[str, str], *, now: datetime) -> Collected:
    """Land each new file under its own key. The cursor is saved after each, so a kill costs one file at most."""
    from pipelines import parts
    from pipelines.errors import InputError

    landed: list[Manifest] = []
    mapping = source.mapping()
    for file in source.pending(cursor, now=now):
        try:
            if file.is_new:
                landed += parts.land_file(settings, file.path, mapping, source=source.name, now=now)
        except InputError as error:
            if file.path == source.path:
                raise
            landed.append(parts.land_unreadable(settings, file.path, str(error), source=source.name))
        cursor = {**cursor, **file.mark}
        landing.write_cursors(source.name, [Cursor(values=cursor)])
    return Collected.of(source.name, landed)


def _key(landing: Landing, source: str, window: Window) -> str:
    """The window's key. An incremental source gives nothing twice, so a second collection in it gets a key of its own."""
    key, count = window.key, 0
    while landing.manifest(source, key).exists():
        count += 1
        key = f"{window.key}-{count:02d}"
    return key


@dataclass(slots=True)
class _Said:
    """What a source said beside its mentions."""

    cursors: list[Cursor] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


def _dated(found: Iterable[Found], now: datetime) -> Iterator[Found]:
    """What lies further ahead of `now` than the clock of a platform may is no date: it is left out, with the reason."""
    latest = now + AHEAD
    for item in found:
        if isinstance(item, Mention):
            if item.observed_at and item.observed_at > latest:
                item = replace(item, observed_at=None)
            if item.published_at and item.published_at > latest:
                item = replace(item, published_at=None, time_note=f"'{item.published_at:%Y-%m-%d %H:%M}' is in the future")
        yield item


def _land(
    found: Iterable[Found], landing: Landing, protector: Protector, source: str, key: str, *, keep_empty: bool, sealed: bool
) -> tuple[Manifest | None, _Said]:
    mentions: list[Mention] = []
    rejected: list[Rejected] = []
    said = _Said()
    with WindowWriter(landing, source, key) as writer:
        for item in found:
            if isinstance(item, Mention):
                mentions.append(item)
            elif isinstance(item, Rejected):
                rejected.append(item)
            elif isinstance(item, Gap):
                said.gaps.append(item)
            else:
                said.cursors.append(item)
            if len(mentions) + len(rejected) >= BATCH_ROWS:
                write(writer, protector, mentions, rejected, key)
        write(writer, protector, mentions, rejected, key)
        if not keep_empty and not writer.mention_count and not writer.rejected_count:
            return None, said
        return writer.finish(file=source, made_with=protector.made_with, sealed=sealed), said
