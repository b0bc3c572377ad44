"""Makes episodes of evidence: when an alert opens, gets worse, and is over.

One brand has at most one open episode of a detector, whatever signals gave it away: a storm is one alert, not six.

- *onset*: the first evidence. Its onset is when the excess began, which is before the bucket that gave it away.
- *escalated*: severity has grown by `escalate_by` points since the last message, or a watch has become a page. Never waits.
- *resolved*: nothing out of the ordinary for `resolve_after` without a break.
- *cool-down*: after that, new evidence opens an episode only if it is worse than the last one was; later, always.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pipelines.detectors.base import BUCKET_SECONDS, Detector, Evidence, Verdicts
from pipelines.settings import span

State = Literal["onset", "escalated", "resolved"]


@dataclass(frozen=True, slots=True)
class Transition:
    """An episode enters a state at the end of `bucket`; `evidence` is what it rests on, of a resolved one the worst."""

    state: State
    tier: Literal["page", "watch"]
    severity: int
    bucket: int
    evidence: Evidence


@dataclass
class Episode:
    """One stretch of trouble of one brand. `transitions` starts with its onset; the last one is where it stands."""

    brand: str
    onset: int  # bucket in which the excess began
    signal: str
    transitions: list[Transition] = field(default_factory=list)

    @property
    def last(self) -> Transition:
        return self.transitions[-1]

    @property
    def ended(self) -> int | None:
        return self.last.bucket if self.last.state == "resolved" else None


@dataclass
class _Track:
    """Where one brand stands: all that is remembered between blocks."""

    episode: Episode | None = None
    calm: int = 0  # buckets in a row
    ended: Transition | None = None  # how the last episode ended


class Tracker:
    """Follows all brands of one detector through consecutive verdicts.

    Args:
        detector: whose rules on cool-down, resolution and escalation hold.
        brands: in the order of the verdicts' rows.
        bucket_seconds: length of a bucket.
    """

    def __init__(self, detector: Detector, brands: Sequence[str], bucket_seconds: int = BUCKET_SECONDS) -> None:
        self.escalate_by = detector.escalate_by
        self.resolve_after = max(1, int(span(detector.resolve_after).total_seconds()) // bucket_seconds)
        self.cool_down = int(span(detector.cool_down).total_seconds()) // bucket_seconds
        self.brands = tuple(brands)
        self.tracks = [_Track() for _ in brands]

    def update(self, first: int, verdicts: Verdicts) -> list[Episode]:
        """Take in the verdicts of the block that begins with bucket `first`; gives the episodes that began in it."""
        columns: dict[int, list[int]] = {}
        for row, column in sorted(verdicts.evidence):
            columns.setdefault(row, []).append(column)
        begun: list[Episode] = []
        for row, track in enumerate(self.tracks):
            if row in columns or track.episode is not None:
                begun += self._follow(row, first, verdicts, columns.get(row, []))
        return begun

    def _follow(self, row: int, first: int, verdicts: Verdicts, columns: list[int]) -> list[Episode]:
        track, begun = self.tracks[row], []
        column, width = 0, verdicts.calm.shape[1]
        while column < width:
            if track.episode is None:  # nothing happens before the next evidence
                index = bisect_left(columns, column)
                if index == len(columns):
                    break
                column = columns[index]
            found = verdicts.evidence.get((row, column))
            if track.episode is None:
                if found is not None and self._may_open(track, found, first + column):
                    track.episode = self._opened(row, track, found, first + column)
                    track.calm = 0
                    begun.append(track.episode)
            else:
                self._advance(track, found, bool(verdicts.calm[row, column]), first + column)
            column += 1
        return begun

    def _opened(self, row: int, track: _Track, found: Evidence, bucket: int) -> Episode:
        earliest = track.ended.bucket + 1 if track.ended else 0
        episode = Episode(self.brands[row], max(bucket - found.onset, earliest), found.signal)
        episode.transitions.append(Transition("onset", found.tier, found.severity, bucket, found))
        return episode

    def _may_open(self, track: _Track, found: Evidence, bucket: int) -> bool:
        before = track.ended
        if before is None or bucket > before.bucket + self.cool_down:
            return True
        return (found.tier == "page" and before.tier == "watch") or found.severity >= before.severity + self.escalate_by

    def _advance(self, track: _Track, found: Evidence | None, calm: bool, bucket: int) -> None:
        episode = track.episode
        assert episode is not None
        last = episode.last
        if found is not None:
            track.calm = 0
            promoted = found.tier == "page" and last.tier == "watch"
            if promoted or found.severity >= last.severity + self.escalate_by:
                tier: Literal["page", "watch"] = "page" if "page" in (found.tier, last.tier) else "watch"
                severity = min(10, max(found.severity, last.severity + 1))
                episode.transitions.append(Transition("escalated", tier, severity, bucket, found))
            return
        track.calm = track.calm + 1 if calm else 0
        if track.calm >= self.resolve_after:
            episode.transitions.append(Transition("resolved", last.tier, last.severity, bucket, last.evidence))
            track.episode, track.ended = None, episode.last
