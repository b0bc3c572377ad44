"""Health of sources: what is delivered, how late, how much of it is unusable. Alerts are watches for whoever keeps the sources.

- *silence*: nothing for longer than ever, where mentions were expected: a quiet source is not good news (`pipelines.silence`);
- *fall*: a day that brings less than a third of what is expected, and less than half of the least day of four weeks;
- *rejected*: rows that do not fit the schema and went to quarantine, of all that arrived;
- *late*: what arrived more than an hour after it was published, of all that arrived;
- *duplicates*: the same author with the same text within a day, of all mentions: mostly a connector that delivers things twice;
- *language*: mentions in a language that no model here reads, of all mentions.

The shares are judged over an hour and over a day against the source's own usual share of the last weeks: at least `min_count`
observations, 20 points above the usual, and as good as never by chance (beta-binomial tail). What is told is what changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipelines import surge
from pipelines.detectors.base import (
    BUCKET_MINUTES,
    BUCKET_SECONDS,
    SOURCE,
    Arming,
    Array,
    Block,
    Detector,
    Evidence,
    Signal,
    Subject,
    Verdicts,
    joined,
)
from pipelines.evidence import SHARE_CONCENTRATION, share_range
from pipelines.health import DAY, WINDOWS, Fall, Shares
from pipelines.recurrence import Recurrence as Engine
from pipelines.silence import Silence
from pipelines.statistics import count_range, share_rarity

Numbers = NDArray[np.int64]
# Signal, what is wrong, and of what: the first that is out of the ordinary is told.
SHARES: tuple[tuple[Signal, str, tuple[str, ...]], ...] = (
    ("source_rejected", "rejected_count", ("arrived_count", "rejected_count")),
    ("source_late", "late_count", ("arrived_count",)),
    ("source_duplicates", "duplicate_count", ("mention_count",)),
    ("source_language", "language_count", ("mention_count",)),
)
_RARITY = 3.5  # -log10 of the chance of a share that is told
_SEVERITY: dict[str, int] = {"source_silence": 4, "source_rejected": 4}
_USUAL_SEVERITY = 3


@dataclass
class State:
    """A fixed number of numbers a source."""

    brands: tuple[str, ...]  # sources, as `source:NAME`
    first: Numbers  # bucket of the first mention, -1: none yet
    mentions: Array
    engine: Engine  # level of the mentions
    silence: Silence
    fall: Fall
    shares: Shares


class SourceHealth(Detector):
    """Is each source well: silent, failing, late, or delivering what cannot be used?"""

    title: ClassVar[str] = "Health of sources"
    subject: ClassVar[Subject] = "sources"

    min_count: int = Field(default=20, ge=5, description="Fewest rows or mentions from which a share is judged.")
    min_points: float = Field(
        default=0.2, ge=0.05, le=1.0, description="By how much a share must exceed the usual one; 0.2 is 20 points."
    )
    min_expected: int = Field(default=50, ge=10, description="Fewest mentions that a day should bring for its fall to be told.")

    def start(self, brands: Sequence[str]) -> State:
        count = len(brands)
        return State(
            tuple(brands), np.full(count, -1, dtype=np.int64), np.zeros(count), Engine(count, BUCKET_SECONDS), Silence(count),
            Fall(count, self.min_expected), Shares(len(SHARES), count, self.min_count, self.min_points),
        )

    def update(self, state: State, block: Block) -> Verdicts:
        return joined([self._piece(state, piece) for piece in block.pieces(DAY)])

    def arming(self, state: State) -> list[Arming]:
        after = surge.ARMED_HOURS * 4
        return [
            Arming(
                brand=name, mentions=int(state.mentions[row]), first=int(first) if first >= 0 else None, regular=None,
                watch=int(first) + after if first >= 0 else None, page=None,
            )
            for row, (name, first) in enumerate(zip(state.brands, state.first, strict=True))
        ]

    def _piece(self, state: State, piece: Block) -> Verdicts:
        mentions = _counted(piece, "mention_count")
        buckets = np.arange(piece.first, piece.first + piece.width)
        fresh = (state.first < 0) & mentions.any(axis=1)
        state.first[fresh] = buckets[(mentions[fresh] > 0).argmax(axis=1)]
        state.mentions += mentions.sum(axis=1)
        begun = (state.first >= 0)[:, None] & (buckets >= state.first[:, None])
        readings = state.engine.update(piece.first, np.where(begun, mentions, np.nan))
        armed = readings.hours >= surge.ARMED_HOURS
        silent, quiet, missed = state.silence.read(mentions, np.where(begun, readings.expected, np.nan))
        expected = readings.expected * DAY
        fallen = state.fall.read(readings.counts[1440], np.where(armed, expected, np.nan)) & armed
        wrong = np.stack([_counted(piece, name) for _, name, _ in SHARES])
        whole = np.stack([sum((_counted(piece, name) for name in of), np.zeros_like(mentions)) for _, _, of in SHARES])
        gates, sums = state.shares.read(np.stack((wrong, whole)))
        evidence = {}
        for row, column in np.argwhere(gates.any(axis=(0, 1))):
            found = _share(gates[:, :, row, column], sums[:, :, :, row, column], state.shares.usual[:, row])
            if found is not None:
                evidence[int(row), int(column)] = found
        for row, column in np.argwhere(fallen):
            evidence[int(row), int(column)] = _told(
                "source_volume", DAY, float(readings.counts[1440][row, column]), float(expected[row, column])
            )
        for row, column in np.argwhere(silent & armed):
            length = int(quiet[row, column])
            evidence[int(row), int(column)] = _told("source_silence", length, 0.0, float(missed[row, column]), length - 1)
        if (piece.first + piece.width) % DAY == 0:
            counts = (state.first >= 0) & (state.first <= piece.first // DAY * DAY)  # all day long
            state.silence.learn(piece.first // DAY, counts)
            state.fall.learn(piece.first // DAY, counts)
            state.shares.learn()
        calm = np.ones(mentions.shape, dtype=bool)
        for place in evidence:
            calm[place] = False
        return Verdicts({}, evidence, calm)


def _counted(piece: Block, name: str) -> Array:
    found: Any = piece.counts.get(name)
    return np.zeros((len(piece.brands), piece.width)) if found is None else np.asarray(found)


def _told(
    signal: Literal["source_silence", "source_volume"], length: int, observed: float, expected: float, onset: int = 0
) -> Evidence:
    low, high = count_range(np.array([expected]), 0.15)
    return Evidence(
        tier="watch", signal=signal, window_minutes=length * BUCKET_MINUTES, observed=observed, expected=expected,
        low=float(low[0]), high=float(high[0]), rarity=0.0, severity=_SEVERITY.get(signal, _USUAL_SEVERITY), onset=onset,
    )


def _share(gates: NDArray[np.bool_], sums: Array, usual: Array) -> Evidence | None:
    """The first kind of share that is as good as never so high by chance, over the shorter window where both say so.

    Args:
        gates: shape (windows, kinds).
        sums: shape (windows, 2, kinds).
        usual: shape (kinds,).
    """
    for kind, (signal, _, _) in enumerate(SHARES):
        for window in np.flatnonzero(gates[:, kind]):
            counted, whole = sums[window, :, kind]
            rarity = share_rarity(int(counted), int(whole), float(usual[kind]), SHARE_CONCENTRATION)
            if rarity >= _RARITY:
                low, high = share_range(float(usual[kind]), float(whole))
                return Evidence(
                    tier="watch", signal=signal, window_minutes=WINDOWS[window] * BUCKET_MINUTES,
                    observed=float(counted / whole), expected=float(usual[kind]), low=low, high=high, rarity=rarity,
                    severity=_SEVERITY.get(signal, _USUAL_SEVERITY), onset=0,
                )
    return None


def source_name(key: str) -> str:
    """The source behind the key of an alert, "" where it is about a brand.

    >>> source_name("source:forum"), source_name("acme")
    ('forum', '')
    """
    return key.removeprefix(SOURCE) if key.startswith(SOURCE) else ""
