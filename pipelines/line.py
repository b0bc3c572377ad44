"""The whole line in one process, without Airflow: the same stages in the same order.

collect -> enrich -> load for every window that is due and for what is looked up again, then erase -> aggregate -> detect ->
publish -> alert once. Each stage is harmless to repeat, so a run that was killed anywhere is finished by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import InputError, SourceError
from pipelines.records import Window
from pipelines.settings import Settings, span

if TYPE_CHECKING:
    from warehouse.drift import Drift

Progress = Callable[[str, str], None]  # (stage, window) as each begins


@dataclass
class Report:
    """What a run did. rows_in = stored + unchanged + quarantined."""

    rows_in: int = 0
    stored: int = 0
    unchanged: int = 0
    quarantined: int = 0
    failed_sources: dict[str, str] = field(default_factory=dict)
    version: str = ""
    sent: int = 0
    failed: int = 0
    drifts: tuple[Drift, ...] = ()
    erased: int = 0  # withdrawn mentions of which no copy is left
    quiet: tuple[str, ...] = ()  # sources that have brought nothing for too long, one sentence each


def windows(source: Any, *, since: datetime, now: datetime) -> Iterator[Window]:
    """The windows of a source that a run at `now` collects.

    An incremental source has one, the present minute: it gives what is new whenever it is asked. Any other source has all
    windows between `since` and `now`, or of its whole period where that is fixed.
    """
    if source.incremental:
        yield Window.around(now, timedelta(minutes=1))
        return
    start, end = source.period() or (since, now)
    window = Window.around(start, span(source.window))
    while window.start < end:
        yield window
        window = Window(window.end, window.end + (window.end - window.start))


def _process(
    settings: Settings, source: str, keys: list[str], report: Report, *, now: datetime, model: str | None, progress: Progress
) -> None:
    from pipelines import load

    for key in _enriched(settings, source, keys, now=now, model=model, progress=progress):
        progress("load", key)
        loaded = load.run(settings, source, key, now=now, model=model)
        report.rows_in += loaded.rows_in
        report.stored += loaded.stored
        report.unchanged += loaded.unchanged
        report.quarantined += loaded.quarantined


def _enriched(
    settings: Settings, source: str, keys: list[str], *, now: datetime, model: str | None, progress: Progress
) -> Iterator[str]:
    """Each key once it is enriched, in order. Many windows and a model without weights: in worker processes."""
    from pipelines import enrich, workers

    has_weights = (model or settings.models.active) == "encoder" or settings.replaced
    if len(keys) < 4 or has_weights or not workers.possible():
        for key in keys:
            progress("enrich", key)
            enrich.run(settings, source, key, now=now, model=model)
            yield key
        return
    with workers.pool() as pool:
        running = [pool.submit(enrich.run, settings, source, key, now=now, model=model) for key in keys]
        try:
            for key, result in zip(keys, running, strict=True):
                progress("enrich", key)
                result.result()
                yield key
        finally:
            for result in running:
                result.cancel()


def _finish(settings: Settings, report: Report, *, now: datetime, progress: Progress) -> None:
    from pipelines import aggregate, alert, attendance, detect, drift, erase, publish

    progress("erase", "")
    report.erased = erase.run(settings, now=now).mentions
    progress("aggregate", "")
    aggregate.run(settings, now=now)
    progress("detect", "")
    detect.run(settings, now=now)
    progress("publish", "")
    report.version = publish.run(settings, now=now).version
    progress("alert", "")
    delivered = alert.run(settings, now=now)
    report.sent, report.failed = delivered.sent, delivered.failed
    report.drifts = drift.run(settings, now=now).drifts
    report.quiet = tuple(attendance.run(settings, now=now))
    if delivered.sent or delivered.failed:
        publish.run(settings, now=now)  # the pages show who was told


def run_file(
    settings: Settings, path: Path, mapping: Path | None, *, now: datetime, model: str | None, progress: Progress
) -> Report:
    """Run the line on one file.

    Raises:
        InputError, ConfigError: the file or its mapping cannot be used.
    """
    from pipelines import collect

    report = Report()
    progress("collect", path.name)
    collected = collect.run_file(settings, path, mapping, now=now)
    _process(settings, collected.source, collected.window_keys, report, now=now, model=model, progress=progress)
    _finish(settings, report, now=now, progress=progress)
    return report


def run(
    settings: Settings, *, now: datetime, since: datetime, sources: list[str] | None = None, model: str | None, progress: Progress
) -> Report:
    """Run the line on the configured sources. One source that fails is reported and stops no other."""
    from pipelines import load, reobserve

    report, due = Report(), reobserve.record(settings, now=now)
    for name in sources or list(settings.sources):
        keys: set[str] = set()
        for collected in (_collected(settings, name, since, now, progress), _looked_up(settings, name, due, now, progress)):
            try:
                for key in collected:
                    keys.add(key)
            except (SourceError, InputError) as error:  # what is looked up does not wait for what is collected
                report.failed_sources.setdefault(name, str(error))
        left = load.waiting(settings, name)  # landed by a run that was killed before it had loaded them
        _process(settings, name, sorted({*keys, *left}), report, now=now, model=model, progress=progress)
    _finish(settings, report, now=now, progress=progress)
    return report


def _collected(settings: Settings, name: str, since: datetime, now: datetime, progress: Progress) -> Iterator[str]:
    """Collect each window that is due; yields the keys of what landed."""
    from pipelines import collect
    from pipelines.landing import Landing

    landing, source = Landing(settings.storage), settings.plugin("sources", name)
    for window in windows(source, since=since, now=now):
        landed = None if source.incremental else landing.read_manifest(name, window.key)
        if landed is not None and landed.sealed:
            continue  # it is over and here: it gives the same again
        progress("collect", f"{name} {window.key}")
        yield from collect.run(settings, name, window, now=now).window_keys


def _looked_up(settings: Settings, name: str, due: list[str], now: datetime, progress: Progress) -> Iterator[str]:
    """Look up what is due; yields the keys of what landed."""
    from pipelines import reobserve

    if name in due:
        progress("look up", name)
        yield from reobserve.run(settings, name, now=now).window_keys
