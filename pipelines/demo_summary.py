"""What the demo found, beside what the simulator knows to be so."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from pipelines.airflow_rest import State
from pipelines.settings import Settings
from pipelines.simulation.truth import Truth, truths
from pipelines.simulation.world import World
from pipelines.summary import AlertRow, brand_lines, read

SHOWN = 6  # failures that are listed by name
MARGIN = timedelta(hours=1)  # an onset may be placed a little before the scripted one


def reason(logs: Path) -> str:
    """What the first failed attempt of any task said, from Airflow's task logs (one JSON object a line)."""
    for file in sorted(logs.rglob("attempt=*.log"), key=lambda path: path.stat().st_mtime):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError, KeyError, IndexError, TypeError):
                detail = json.loads(line)["error_detail"][0]
                return f"The first error was {detail['exc_type']}: {detail['exc_value'].rstrip('.')}."
    return "No task said why."


def known(settings: Settings) -> list[Truth]:
    """What the simulator scripted in the configured samples."""
    samples = [settings.plugin("sources", name) for name in settings.sources]
    return [t for s in samples if s.kind == "sample" for t in truths(World(s.mentions, s.seed, s.days, s.start))]


def explains(settings: Settings, event: Truth, alert: AlertRow) -> bool:
    """Is the alert about this event: the same brand, and begun while it lasted?"""
    brand = settings.brands.get(event.brand)
    names = {event.brand, brand.name if brand else event.brand}
    return alert.brand in names and event.onset_at - MARGIN <= alert.onset_at <= event.ends_at


def minutes(span: timedelta) -> str:
    """A delay in whole minutes.

    >>> minutes(timedelta(minutes=35)), minutes(timedelta(minutes=-5))
    ('35 min after', '5 min before')
    """
    whole = round(span.total_seconds() / 60)
    return f"{abs(whole)} min {'after' if whole >= 0 else 'before'}"


def alert_lines(settings: Settings, alerts: list[AlertRow], events: list[Truth]) -> list[str]:
    """One line for each alert, with its delay against the simulated event that it is about."""
    lines = []
    for alert in alerts:
        event = next((e for e in events if explains(settings, e, alert)), None)
        delay = f"{minutes(event.delay(alert.fired_at))} the simulated {event.event} began" if event else "no simulated event"
        times = f"onset {alert.onset_at:%d %b %H:%M}, raised {alert.fired_at:%H:%M}"
        lines.append(f"  {alert.tier:<6}{alert.brand:<12}{alert.signal:<16}{times}: {delay}")
    return lines or ["  none"]


def verdicts(settings: Settings, alerts: list[AlertRow], events: list[Truth]) -> tuple[list[str], list[str]]:
    """One line for each scripted event, paged or not; and as a problem, if nobody was paged about the storm."""
    lines, problems = [], []
    for event in events:
        what = f"{event.event} at {event.brand} from {event.onset_at:%d %b %H:%M} ({event.reason})"
        pages = [a for a in alerts if a.tier == "page" and explains(settings, event, a)]
        first = min((a.fired_at for a in pages), default=None)
        lines.append(f"  {what}: " + (f"paged {minutes(event.delay(first))}" if first else "nobody was paged"))
        if not pages and event.event == "storm":
            problems.append(f"nobody was paged about the {what}")
    return lines, problems


def summary(settings: Settings, state: State, *, seconds: float, logs: Path) -> tuple[str, list[str]]:
    """The summary as text, and what went wrong: failed tasks, no snapshot, a crisis that nobody was paged about."""
    failed = list(dict.fromkeys(state.failed))
    problems = [f"failed: {task}" for task in failed[:SHOWN]]
    if failed:
        problems.append(f"{reason(logs)} All logs are in {logs}.")
    if not (settings.storage / "serving" / "current.duckdb").exists():
        problems.append("there is no snapshot")
        return "\n".join(["", *(f"! {p}" for p in problems)]), problems
    found, events = read(settings.storage), known(settings)
    if not found.simulated:
        problems.append("the snapshot does not say that it is simulated")
    told, missed = verdicts(settings, found.alerts, events)
    problems += missed
    lines = ["", f"{settings.project.name}: SIMULATED DATA, none of this was written by real people", ""]
    lines += [*brand_lines(found.brands), "", "Alerts (UTC)", *alert_lines(settings, found.alerts, events)]
    lines += [f"  not armed: {note}" for note in found.unarmed]
    lines += ["", "What was simulated (UTC)", *told, "", f"Took {seconds:.0f} s. Everything lies in {settings.storage}."]
    return "\n".join([*lines, *(f"! {p}" for p in problems)]), problems
