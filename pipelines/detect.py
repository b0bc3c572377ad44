"""Stage `detect`: replays sealed buckets (`pipelines.history`) through every detector; writes alerts, expectations and arming.

A bucket is sealed once something was published after its end: `end <= least(watermark, now)`. A run goes on where the last one
came to (`pipelines.remembered`), unless mentions that came in late have changed what was read: then all history is replayed, in
time linear in the number of buckets, so that late data corrects expectations; alerts that were recorded stay and
only move forward: onset, escalated, resolved. An episode that a replay finds again with another onset, since late mentions came
in, is the recorded alert whose span it overlaps: nobody is told twice. An open alert that a replay no longer finds is resolved,
as is one whose detector no longer runs.

Running it twice writes nothing the second time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from pipelines import expectations, recording, registry, remembered
from pipelines.detectors.base import Arming, Block, Detector, Subject, Verdicts, bucket_start
from pipelines.episodes import Episode, Tracker
from pipelines.history import History, lasting, read, sealed
from pipelines.remembered import Memory
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
    """What one detector found: in all of history, or since it last read, with what was open then."""

    brands: tuple[str, ...]
    subject: Subject
    counted: str  # what volume counts
    episodes: list[Episode]
    arming: list[Arming]
    shown: list[tuple[int, Verdicts]]  # blocks, by first bucket, that hold the buckets that the pages show
    buckets: int
    escalate_by: int
    resolve_after: timedelta
    is_shadow: bool = False  # recorded apart, never sent
    since: int | None = None  # first bucket that was read; None: all of history was
    memory: Memory | None = None  # what to remember for the next run


def run(settings: Settings, *, now: datetime) -> Detected:
    """Detect, record, and say how far it has come.

    Args:
        now: nothing later is looked at, and alerts are recorded as found now.

    Raises:
        WarehouseError: the warehouse cannot be opened or lacks its marts.
    """
    folder = settings.storage / "detectors"
    with open_warehouse(settings) as connection:
        end = sealed(connection, now)
        running = detectors(settings)
        found = {name: d for name, d in running.items() if not _waits(d, folder / f"{name}.npz", end)}
        pasts = {
            subject: read(
                connection, now, tuple(settings.brands), subject=subject, target=span(settings.care.first_response_target),
                sources=lasting(settings),
            )
            for subject in dict.fromkeys(detector.subject for detector in found.values())
        }
        held = {name: recording.held(connection, name) for name in found}
    replays = {}
    for name, detector in found.items():
        known = None if detector.shadow else remembered.load(folder / f"{name}.npz")
        replays[name] = replay(detector, pasts[detector.subject], known, held[name])
    with open_warehouse(settings) as connection:
        waiting = {name for name, detector in running.items() if name not in found and not detector.shadow}
        changed = recording.record(connection, settings, replays, end, waiting)
        held = {name: recording.held(connection, name) for name in found}
        row = connection.execute("SELECT count(*) FROM alerts WHERE state <> 'resolved'").fetchone()
        states = connection.execute("SELECT state, note FROM arming ORDER BY brand").fetchall()
    for name, done in replays.items():  # after the warehouse has it: whoever is killed in between reads the same again
        if done.memory is not None and not done.is_shadow:
            _remember(folder / f"{name}.npz", found[name], pasts[done.subject], done.memory, held[name])
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


def replay(detector: Detector, past: History, known: Memory | None = None, held: object = None) -> Replay:
    """Feed history to a detector, block by block, keeping only the episodes and what the pages show.

    Args:
        known: what it remembers of its last run; where that still holds, only newer buckets are read.
        held: how much of what it found is recorded now.
    """
    state, tracker = detector.start(past.brands), Tracker(detector, past.brands)
    episodes: list[Episode] = []
    shown: list[tuple[int, Verdicts]] = []
    buckets, read_to = 0, 0
    blocks = _unread(detector, past, known, held)
    since = None if blocks is None or known is None else known.end
    if blocks is not None and known is not None:
        remembered.restore(state, known.state)
        episodes, read_to = remembered.resume(tracker, known.tracks), known.end
    for block in past.blocks() if blocks is None else blocks:
        verdicts = detector.update(state, block)
        episodes += tracker.update(block.first, verdicts)
        buckets, read_to = buckets + block.width * len(past.brands), block.first + block.width
        if block.first + block.width > past.end - expectations.SHOWN:
            shown.append((block.first, verdicts))
    arming, memory = detector.arming(state), None
    if read_to == past.end:
        memory = Memory(past.end, "", remembered.arrays(state), remembered.tracks(tracker))
    return Replay(
        past.brands, detector.subject, detector.counted, episodes, arming, shown, buckets, detector.escalate_by,
        span(detector.resolve_after), detector.shadow, since, memory,
    )


def _waits(detector: Detector, path: Path, end: int) -> bool:
    """Topics change by the hour: until one is over there is nothing to read, and words are dear to count."""
    known = remembered.load(path) if detector.subject == "topics" else None
    return known is not None and known.end // 4 == end // 4


def _unread(detector: Detector, past: History, known: Memory | None, held: object) -> Iterator[Block] | None:
    """The blocks that a detector has not read; None where what it remembers does not hold any more."""
    if known is None or known.end > past.end:
        return None
    if known.rests_on != remembered.rests_on(detector, past.brands, past.digest(known.end), held):
        return None
    return past.blocks_from(known.end)


def _remember(path: Path, detector: Detector, past: History, memory: Memory, held: object) -> None:
    rests_on = remembered.rests_on(detector, past.brands, past.digest(memory.end), held)
    before = remembered.load(path)
    if before is None or (before.end, before.rests_on) != (memory.end, rests_on):
        remembered.save(path, replace(memory, rests_on=rests_on))
