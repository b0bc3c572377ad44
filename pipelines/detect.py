"""Stage `detect`: replays sealed buckets (`pipelines.history`) through every detector; writes alerts, expectations and arming.

A bucket is sealed once something was published after its end: `end <= least(watermark, now)`. All history is replayed
each time, in time linear in the number of buckets, so that late data corrects expectations; alerts that were recorded stay and
only move forward: onset, escalated, resolved. An episode that a replay finds again with another onset, since late mentions came
in, is the recorded alert whose span it overlaps: nobody is told twice. An open alert that a replay no longer finds is resolved.

Running it twice writes nothing the second time.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from pipelines import expectations, recording, registry
from pipelines.detectors.base import Arming, Detector, Subject, Verdicts, bucket_start
from pipelines.episodes import Episode, Tracker
from pipelines.history import History, read, sealed
from pipelines.settings import Settings, span
from pipelines.store import open_warehouse

__all__ = ["Detected", "History", "Replay", "detectors", "read", "replay", "run"]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Detected:
    """What a run of detect did.

    Attributes:
        alerts: alerts that are new or have moved to another state.
        open: alerts that are not resolved.
        armed: brands that can raise alerts.
        notes: one sentence for each brand that cannot yet.
        buckets: brands times buckets that were replayed.
        sealed_at: end of the last sealed bucket.
    """

    alerts: int
    open: int
    armed: int
    notes: tuple[str, ...]
    buckets: int
    sealed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Replay:
    """What one detector found in all of history."""

    brands: tuple[str, ...]
    subject: Subject
    counted: str  # what volume counts
    episodes: list[Episode]
    arming: list[Arming]
    shown: list[tuple[int, Verdicts]]  # blocks, by first bucket, that hold the buckets that the pages show
    buckets: int
    is_shadow: bool = False  # recorded apart, never sent


def run(settings: Settings, *, now: datetime) -> Detected:
    """Detect, record, and say how far it has come.

    Args:
        now: nothing later is looked at, and alerts are recorded as found now.

    Raises:
        WarehouseError: the warehouse cannot be opened or lacks its marts.
    """
    found = detectors(settings)
    with open_warehouse(settings) as connection:
        pasts = {
            subject: read(
                connection, now, tuple(settings.brands), subject=subject, target=span(settings.care.first_response_target)
            )
            for subject in dict.fromkeys(detector.subject for detector in found.values())
        }
        end = sealed(connection, now)
    replays = {name: replay(detector, pasts[detector.subject]) for name, detector in found.items()}
    with open_warehouse(settings) as connection:
        changed = recording.record(connection, settings, replays, end)
        row = connection.execute("SELECT count(*) FROM alerts WHERE state <> 'resolved'").fetchone()
        states = connection.execute("SELECT state, note FROM arming ORDER BY brand").fetchall()
    notes = tuple(note for state, note in states if state != "armed")
    return Detected(
        changed, int(row[0]) if row else 0, len(states) - len(notes), notes, sum(r.buckets for r in replays.values()),
        bucket_start(end) if end else None,
    )


def detectors(settings: Settings) -> dict[str, Detector]:
    """The configured detectors by name of their stanza, those that watch brands first; every kind that has no stanza runs with
    its defaults under its own name, and one whose stanza says `enabled = false` does not run."""
    found: dict[str, Detector] = {name: settings.plugin("detectors", name) for name in settings.detectors}
    for kind in registry.kinds("detectors"):
        if all(detector.kind != kind for detector in found.values()):
            found[kind] = registry.load("detectors", kind)(kind=kind, name=kind)
    running = {name: detector for name, detector in found.items() if detector.enabled}
    return dict(sorted(running.items(), key=lambda item: item[1].subject != "brands"))


def replay(detector: Detector, past: History) -> Replay:
    """Feed all history to a detector, block by block, remembering only the episodes and what the pages show."""
    state, tracker = detector.start(past.brands), Tracker(detector, past.brands)
    episodes: list[Episode] = []
    shown: list[tuple[int, Verdicts]] = []
    buckets = 0
    for block in past.blocks():
        verdicts = detector.update(state, block)
        episodes += tracker.update(block.first, verdicts)
        buckets += block.width * len(past.brands)
        if block.first + block.width > past.end - expectations.SHOWN:
            shown.append((block.first, verdicts))
    arming = detector.arming(state)
    return Replay(past.brands, detector.subject, detector.counted, episodes, arming, shown, buckets, detector.shadow)
