"""Which recorded alert an episode of a replay is, and what of the episode people have not been told.

An episode and a recorded alert of the same detector and brand are the same where their spans overlap. An alert that is open goes
before those that are over: late mentions may have joined them. Of an episode that goes on after the end of a recorded alert, as
when a stall looked like the end of a storm, the rest is a new alert: what was told to be over does not begin again.

What late mentions make worse is told although it was reached earlier than what was told last. It counts as reached when it was
found, if the trouble is not over: states stay in their order, and news of what still goes on is not old.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from pipelines.detectors.base import bucket_start
from pipelines.episodes import Episode, Transition

FOREVER = datetime.max.replace(tzinfo=UTC)
Tier = Literal["page", "watch"]
Timed = tuple[Transition, datetime]  # and when it counts as reached


@dataclass
class Known:
    """An alert as the warehouse has it."""

    alert_id: uuid.UUID
    brand: str
    signal: str
    onset_at: datetime
    state: str
    tier: Tier
    severity: int
    ended_at: datetime
    positions: int
    reached_at: datetime  # the latest of its states
    is_found: bool = False  # by this replay

    @property
    def is_over(self) -> bool:
        return self.state == "resolved"

    def overlaps(self, onset_at: datetime, ended_at: datetime) -> bool:
        """Is it the same trouble as one of this span?"""
        return self.onset_at < ended_at and onset_at < self.ended_at


def end_of(transition: Transition) -> datetime:
    """When a state is reached: at the end of its bucket."""
    return bucket_start(transition.bucket + 1)


def further(known: Known, over: Sequence[Known], episode: Episode, end: datetime, escalate_by: int) -> list[Timed]:
    """What a replay knows of an open alert beyond what is recorded.

    Args:
        over: alerts that have ended and are part of the same episode: what they told of their time is not told again.
        end: end of the last sealed bucket.
        escalate_by: points of severity by which the onset must have grown to be told.
    """
    tier, severity = known.tier, known.severity
    fresh: list[tuple[Transition, bool]] = []
    for t in episode.transitions:
        if t.state == "resolved":
            fresh.append((replace(t, tier=tier, severity=max(severity, t.severity)), False))
            continue
        least = 1 if t.state == "escalated" else escalate_by
        told = [(tier, severity), *((k.tier, k.severity) for k in over if end_of(t) <= k.ended_at)]
        if all((t.tier == "page" and low == "watch") or t.severity >= worst + least for low, worst in told):
            tier = "page" if t.tier == "page" else tier
            severity = min(10, max(t.severity, severity + 1))
            is_late = t.state == "onset" or end_of(t) <= known.reached_at
            fresh.append((replace(t, state="escalated", tier=tier, severity=severity), is_late))
    return _timed(fresh, known.reached_at, episode, end)


def rest(cut: datetime, episode: Episode, end: datetime, resolve_after: timedelta) -> list[Timed]:
    """What of an episode comes after `cut`, the end of the alerts that told of it; nothing where it hardly outlives them.

    It outlives them where it got worse after their end, or lasts so long that something must have been out of the ordinary then.
    """
    before = [t for t in episode.transitions if end_of(t) <= cut]
    after = [t for t in episode.transitions if end_of(t) > cut]
    stop = end if episode.ended is None else end_of(episode.last)
    if all(t.state == "resolved" for t in after) and stop - cut <= resolve_after:
        return []
    begun = [(replace(t, state="onset"), True) for t in before[-1:]]
    return _timed([*begun, *((t, False) for t in after)], cut, episode, end)


def _timed(fresh: Sequence[tuple[Transition, bool]], latest: datetime, episode: Episode, end: datetime) -> list[Timed]:
    """When each state counts as reached, where the state before these was at `latest`."""
    found = []
    for t, is_late in fresh:
        latest = max(latest, end_of(t), end if is_late and episode.ended is None else latest)
        found.append((t, latest))
    return found
