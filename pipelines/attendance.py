"""Whether each source does its duty: since when it fails, since when it brings nothing, and who was told.

Detection knows a source's habits after some weeks. This is the rule before and beneath it: a source that has brought no mention
for `quiet_after`, be it that it fails, that it answers with empty pages, or that its listings show what they showed before, is
told once, with the reason, and once more when it is back; a gap that stays or is large is told once too. The record is one small
file a source in landing/attendance/, written by each collection.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipelines import failure, gaps, lacking
from pipelines.errors import EarshotError
from pipelines.landing import Landing, read_json, write_json
from pipelines.records import Alert
from pipelines.settings import Settings, span

log = logging.getLogger(__name__)
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "earshot:attendance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """What is known of one source; times are None where it never happened."""

    began_at: datetime  # first collection
    answered_at: datetime | None = None  # last one that did not fail
    brought_at: datetime | None = None  # last one that brought a mention that is newer than all before
    newest_at: datetime | None = None  # `observed_at` of the newest one
    failing_at: datetime | None = None  # since when it fails
    error: str = ""
    silent_at: datetime | None = None  # beginning of the silence that was told and is not over

    @property
    def quiet_since(self) -> datetime:
        return self.brought_at or self.began_at


def read(landing: Landing, source: str) -> Attendance | None:
    """The record of a source; None where it was never collected."""
    found = read_json(landing.attendance(source))
    if found is None:
        return None
    times = {k: datetime.fromisoformat(v) if v else None for k, v in found.items() if k.endswith("_at")}
    return Attendance(**times, error=found["error"])  # type: ignore[arg-type]


def note(
    landing: Landing, source: str, *, now: datetime, mentions: int = 0, newest_at: datetime | None = None,
    error: Exception | None = None,
) -> None:
    """A collection has ended.

    Args:
        newest_at: `observed_at` of the newest mention; a listing gives its first page again and again, which is nothing new.
            None: they have none, or are given once only; each of them is new.
        error: it failed.
    """
    before = read(landing, source) or Attendance(began_at=now)
    is_new = mentions > 0 and (newest_at is None or before.newest_at is None or newest_at > before.newest_at)
    after = Attendance(
        began_at=before.began_at, silent_at=before.silent_at,
        answered_at=before.answered_at if error else now,
        brought_at=now if is_new and not error else before.brought_at,
        newest_at=max((at for at in (before.newest_at, newest_at) if at is not None), default=None),
        failing_at=(before.failing_at or now) if error else None,
        error="" if error is None else str(error) if isinstance(error, EarshotError) else type(error).__name__,
    )
    _write(landing, source, after)


def run(settings: Settings, *, now: datetime) -> list[str]:
    """Tell of what is wrong with the configured sources, once: quiet for too long, back again, gaps that stay; returns sentences.

    Where no notifier takes it, or all of them are in their quiet hours, it is told again the next time.
    """
    return [*_silences(settings, now=now), *_gaps(settings, now=now)]


def _silences(settings: Settings, *, now: datetime) -> list[str]:
    said = []
    landing = Landing(settings.storage)
    for name in settings.sources:
        found, source = read(landing, name), settings.plugin("sources", name)
        is_asked = source.kind != "file" or "quiet_after" in settings.sources[name]  # a file is there or not
        if found is None or source.period() is not None or not is_asked:
            continue
        allowed = span(source.quiet_after)
        is_late = now - found.quiet_since > allowed
        if is_late == (found.silent_at is not None):
            continue
        sentence = _sentence(name, found, allowed) if is_late else f"The source {name} brings mentions again."
        said.append(sentence)
        log.warning("%s", sentence)
        alert = _alert(settings, name, found, sentence, is_late=is_late, now=now)
        if not failure.listeners(settings, alert) or failure.send(settings, alert):
            current = read(landing, name) or found
            _write(landing, name, replace(current, silent_at=found.quiet_since if is_late else None))
    return said


def _gaps(settings: Settings, *, now: datetime) -> list[str]:
    said = []
    landing = Landing(settings.storage)
    for name, found in lacking.worth_telling(settings, now=now).items():
        new = [noted for noted in found if noted.told_at is None]
        if not new:
            continue
        said.append(lacking.sentence(settings, name, new))
        log.warning("%s", said[-1])
        alert = _gap_alert(settings, name, new, said[-1], now=now)
        if not failure.listeners(settings, alert) or failure.send(settings, alert):
            gaps.tell(landing, name, new, now=now)
    return said


def _gap_alert(settings: Settings, name: str, new: list[gaps.Noted], sentence: str, *, now: datetime) -> Alert:
    start, end = min(n.gap.start for n in new), max(n.gap.end for n in new)
    return Alert(
        alert_id=str(uuid.uuid5(_NAMESPACE, f"{name}:gap:{start.isoformat()}:{end.isoformat()}")),
        detector="attendance", signal="source_gap", brand="", brand_name=settings.project.name, tier="watch", state="onset",
        severity=3, onset_at=start, fired_at=now, resolved_at=None, observed=0.0,
        expected=float(sum(n.gap.missing or 0 for n in new)), low=0.0, high=0.0,
        window_minutes=int((end - start) / timedelta(minutes=1)), summary=sentence,
    )


def _sentence(name: str, found: Attendance, allowed: timedelta) -> str:
    hours = allowed / timedelta(hours=1)
    since = f"{found.quiet_since:%d %B %H:%M} UTC"
    if found.failing_at is not None:
        return (
            f"The source {name} has brought nothing since {since} and fails since {found.failing_at:%d %B %H:%M}: {found.error} "
            "What was missed is collected by itself once it answers, as far as the platform gives it."
        )
    return (
        f"The source {name} answers but has brought no new mention since {since}, longer than the {hours:g} hours of "
        "quiet_after: check its queries and what the account may see."
    )


def _alert(settings: Settings, name: str, found: Attendance, sentence: str, *, is_late: bool, now: datetime) -> Alert:
    since = found.quiet_since if is_late else found.silent_at or now
    return Alert(
        alert_id=str(uuid.uuid5(_NAMESPACE, f"{name}:{since.isoformat()}")),
        detector="attendance", signal="source_silence", brand="", brand_name=settings.project.name, tier="watch",
        state="onset" if is_late else "resolved", severity=4, onset_at=since, fired_at=now,
        resolved_at=None if is_late else now, observed=0.0, expected=1.0, low=0.0, high=0.0,
        window_minutes=int((now - since) / timedelta(minutes=1)), summary=sentence,
    )


def _write(landing: Landing, source: str, found: Attendance) -> None:
    values = {name: getattr(found, name) for name in Attendance.__slots__}
    write_json(landing.attendance(source), {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()})
