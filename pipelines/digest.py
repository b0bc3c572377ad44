"""The weekly digest: what changed for each of one's own brands, in sentences with intervals, sent once to every notifier inside.

A week is Monday to Monday in the project's time zone and is told when it is over. What was composed is kept in
`digests/<week>.txt` below the storage folder, and who took it in a mark beside it: a retry sends only what is missing, and the
key lets a receiver drop a second copy. A notifier that missed weeks since the last one it took gets them too, oldest first.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import duckdb

from pipelines import alert, drift
from pipelines.errors import InputError, NotifierError
from pipelines.landing import replacing
from pipelines.settings import Settings
from warehouse import metrics

log = logging.getLogger(__name__)
_LATE = 4  # weeks before the last one that are still told where they were missed
_COUNTS = """
    SELECT coalesce(sum(mention_count), 0)::BIGINT, coalesce(sum(positive_count), 0)::BIGINT,
           coalesce(sum(negative_count), 0)::BIGINT, coalesce(sum(neutral_count), 0)::BIGINT,
           coalesce(round(sum(estimated_count)), 0)::BIGINT
    FROM brand_hourly WHERE brand = ? AND bucket_at >= ? AND bucket_at < ?
"""
_VOICE = """
    SELECT coalesce(sum(public_estimated_count) FILTER (WHERE brand = ?), 0), coalesce(sum(public_estimated_count), 0),
           coalesce(sum(public_squared_weight), 0), coalesce(sum(public_count), 0)::BIGINT
    FROM brand_hourly WHERE bucket_at >= ? AND bucket_at < ?
"""
_ADVOCATES = (
    "SELECT author_count, advocate_count, detractor_count FROM advocate_weekly WHERE brand = ? AND week_at >= ? AND week_at < ?"
)
_ALERTS = "SELECT count(*) FROM alerts WHERE brand = ? AND fired_at >= ? AND fired_at < ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What was told of the last whole week, to whom."""

    week: str  # the Monday, such as 2026-02-09
    text: str
    sent: list[str]  # notifiers that took it now, and what they had missed before
    failed: list[str]  # notifiers that did not: the next run tries again


class _Counts(NamedTuple):
    mentions: int
    positive: int
    negative: int
    neutral: int
    estimated: int  # how many those that were collected stand for


def run(settings: Settings, *, now: datetime) -> Digest:
    """Compose the digest of the last week that the published snapshot covers whole, and send it where it has not been sent.

    Args:
        now: weeks after it are never told.

    Raises:
        InputError: nothing has been published yet, or it does not cover a whole week.
    """
    from warehouse.snapshot import current_path

    path = current_path(settings.storage)
    if path is None:
        raise InputError("nothing has been published yet: run the line first.")
    folder = settings.storage / "digests"
    with duckdb.connect(str(path), read_only=True) as snapshot:
        snapshot.execute("SET TimeZone = 'UTC'")
        weeks = {f"{start:%Y-%m-%d}": (start, end) for start, end in _weeks(snapshot, ZoneInfo(settings.project.timezone), now)}
        inside = [name for name in settings.notifiers if not alert.notifier(settings, name).outside]
        due = {name: _due(folder, name, list(weeks)) for name in inside}
        *_, last = weeks
        texts = {week: compose(snapshot, settings, *weeks[week]) for week in {last, *chain(*due.values())}}
    for week, text in texts.items():
        with replacing(folder / f"{week}.txt") as fresh:
            fresh.write_text(text, encoding="utf-8")
    sent: list[str] = []
    failed: list[str] = []
    for name, missed in due.items():
        if missed:
            took_all = _tell(settings, folder, name, {week: texts[week] for week in missed})
            (sent if took_all else failed).append(name)
    return Digest(week=last, text=texts[last], sent=sent, failed=failed)


def _due(folder: Path, name: str, weeks: list[str]) -> list[str]:
    """Of these weeks, those after the last one that a notifier took; of a notifier that took none of them, only the last."""
    taken = [i for i, week in enumerate(weeks) if _mark(folder, week, name).exists()]
    return weeks[taken[-1] + 1:] if taken else weeks[-1:]


def _mark(folder: Path, week: str, name: str) -> Path:
    return folder / f"{week}.{name}.sent"


def _tell(settings: Settings, folder: Path, name: str, told: dict[str, str]) -> bool:
    """Send texts of weeks in order until one is not taken; were all?"""
    notifier = alert.notifier(settings, name)
    for week, text in told.items():
        try:
            notifier.tell(f"{settings.project.name}: week of {week}", text, key=f"digest:{week}")
        except NotifierError as error:
            log.error("notifier %s did not take the digest of %s: %s", name, week, error)
            return False
        _mark(folder, week, name).touch()
    return True


def _weeks(snapshot: duckdb.DuckDBPyConnection, zone: ZoneInfo, now: datetime) -> list[tuple[datetime, datetime]]:
    """Start and end of the last whole weeks before both `now` and the end of the data, oldest first; at least one."""
    row = snapshot.execute("SELECT min(bucket_at), max(bucket_at) FROM brand_hourly").fetchone()
    if row is None or row[0] is None:
        raise InputError("no brand has mentions yet: there is nothing to digest.")
    last = min(_end(snapshot, row[1] + timedelta(hours=1)), now).astimezone(zone)
    monday = last.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=last.weekday())
    first = row[0].astimezone(zone)
    ends = [monday - timedelta(weeks=n) for n in range(_LATE, -1, -1)]
    weeks = [(end - timedelta(weeks=1), end) for end in ends]
    whole = [week for week in weeks if week[0] >= first.replace(hour=0, minute=0, second=0, microsecond=0)]
    if not whole:
        raise InputError(f"the data begins on {first:%d %b %Y}: the first whole week is not over yet.")
    return whole


def _end(snapshot: duckdb.DuckDBPyConnection, newest: datetime) -> datetime:
    """Until when the data tells all: of live data when it was published, however quiet the last hours were; else its end."""
    row = snapshot.execute("SELECT published_at, watermark, is_simulated FROM meta").fetchone()
    if row is None:
        return newest
    from warehouse.snapshot import is_live

    published, watermark, is_simulated = row
    return published if is_live(published, watermark or published, is_simulated=is_simulated) else newest


def compose(snapshot: duckdb.DuckDBPyConnection, settings: Settings, start: datetime, end: datetime) -> str:
    """The digest of [start, end) as plain text: a paragraph for each own brand. Figures only, no text of any mention."""
    row = snapshot.execute("SELECT is_simulated FROM meta").fetchone()
    head = ["Simulated data: none of this was written by real people.", ""] if row and row[0] else []
    head.append(f"{start:%d %b} to {end - timedelta(days=1):%d %b %Y}, {settings.project.timezone}")
    own = [b for b in settings.query.brands if not b.is_competitor]
    lines = [line for b in own for line in ("", b.name, *_brand(snapshot, b.key, start, end))]
    drifts = [f"- {one.sentence}" for one in drift.found(snapshot, now=end) if start <= one.week_at < end]
    return "\n".join([*head, *lines, *(["", "Model drift", *drifts] if drifts else [])]) + "\n"


def _brand(snapshot: duckdb.DuckDBPyConnection, brand: str, start: datetime, end: datetime) -> list[str]:
    def ask(sql: str, *values: Any) -> tuple[Any, ...]:
        return snapshot.execute(sql, list(values)).fetchone() or ()

    now = _Counts(*ask(_COUNTS, brand, start, end))
    before = _Counts(*ask(_COUNTS, brand, start - (end - start), start))
    own, everybody, squared, collected = ask(_VOICE, brand, start, end)
    (alerts,) = ask(_ALERTS, brand, start, end)
    part = _sampled(now.estimated, now.mentions)
    lines = [f"- {now.estimated:,} mentions{part}, {before.estimated:,} the week before.", f"- {_feeling(now, before)}"]
    voice = metrics.weighted_share(own, everybody, squared)
    if voice is not None and metrics.enough(voice):
        of = f"{everybody:,.0f} public mentions{_sampled(everybody, collected)}"
        lines.append(f"- Share of voice {voice.value:.0%} ({voice.low:.0%} to {voice.high:.0%}) of {of}.")
    people = ask(_ADVOCATES, brand, start, end)
    if people:
        lines.append(f"- {people[1]} advocates and {people[2]} detractors among {people[0]:,} people.")
    return [*lines, f"- {alerts} alert{'' if alerts == 1 else 's'}."]


def _sampled(estimated: float, collected: int) -> str:
    return "" if round(estimated) == collected else f" (estimated from {collected:,} collected)"


def _feeling(now: _Counts, before: _Counts) -> str:
    score = metrics.net(now.positive, now.negative, now.neutral)
    if score is None or not metrics.enough(score, unit=100):
        return f"Net sentiment: too few to say (n = {score.n if score else 0})."
    text = f"Net sentiment {_signed(score.value)} ({_signed(score.low)} to {_signed(score.high)})"
    past = metrics.net(before.positive, before.negative, before.neutral)
    if past is None or not metrics.enough(past, unit=100):
        return f"{text}; too few the week before to compare."
    [change] = metrics.judge([metrics.change(score, past)])
    if not change.real:
        return f"{text}; no real change."
    word = "rose" if change.value > 0 else "fell"
    low, high = sorted((abs(change.low), abs(change.high)))
    return f"{text}; {word} {abs(change.value):.0f} points ({low:.0f} to {high:.0f})."


def _signed(value: float) -> str:
    """Whole points with a true minus and no sign on zero."""
    return f"{round(value):+d}".replace("-", "−") if round(value) else "0"
