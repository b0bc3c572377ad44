"""Stage `detect`: replays the sealed buckets of `brand_15min` through every detector; writes alerts, expectations and arming.

A bucket is sealed once something was published after its end: `end <= least(watermark, now)`. All history is replayed
each time, in time linear in the number of buckets, so that late data corrects expectations; alerts that were recorded stay and
only move forward: onset, escalated, resolved. An episode that a replay finds again with another onset, since late mentions came
in, is the recorded alert whose span it overlaps: nobody is told twice. An open alert that a replay no longer finds is resolved.

Running it twice writes nothing the second time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
from numpy.typing import NDArray

from pipelines import expectations, recording
from pipelines.detectors.base import BUCKET_SECONDS, COUNTS, Arming, Block, Detector, Verdicts, bucket_start
from pipelines.episodes import Episode, Tracker
from pipelines.settings import Settings
from pipelines.store import open_warehouse

log = logging.getLogger(__name__)
_CELLS = 500_000  # brands times buckets replayed at once: bounds memory
_GAP = 21 * 96  # buckets after which every detector has given up on a brand that nobody mentions


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
class History:
    """The mart as arrays, one entry a row, sorted by bucket; `rows` are indices into `brands`."""

    brands: tuple[str, ...]
    rows: NDArray[np.int64]
    buckets: NDArray[np.int64]
    counts: dict[str, NDArray[np.float64]]
    end: int  # first bucket that is not sealed

    def blocks(self) -> Iterator[Block]:
        """Blocks of bounded size, one after the other. Months in which nothing was said about any brand are stepped over."""
        width = max(96, _CELLS // max(len(self.brands), 1) // 96 * 96)
        for begin, finish in self._stretches():
            for start in range(begin, finish, width):
                stop = min(start + width, finish)
                low, high = np.searchsorted(self.buckets, (start, stop))
                yield self._dense(start, stop, int(low), int(high))

    def _stretches(self) -> list[tuple[int, int]]:
        """Spans of buckets with mentions in them, from midnight on, each with the quiet weeks after it."""
        if not len(self.buckets):
            return []
        jumps = np.flatnonzero(np.diff(self.buckets) > 2 * _GAP) + 1
        firsts, lasts = self.buckets[np.r_[0, jumps]], self.buckets[np.r_[jumps - 1, len(self.buckets) - 1]]
        ends = [*((int(last) + _GAP) // 96 * 96 for last in lasts[:-1]), self.end]
        if self.end - int(lasts[-1]) > 2 * _GAP:
            ends[-1] = (int(lasts[-1]) + _GAP) // 96 * 96
        return [(int(first) // 96 * 96, end) for first, end in zip(firsts, ends, strict=True)]

    def _dense(self, start: int, stop: int, low: int, high: int) -> Block:
        counts = {}
        for name, values in self.counts.items():
            table = np.zeros((len(self.brands), stop - start))
            table[self.rows[low:high], self.buckets[low:high] - start] = values[low:high]
            counts[name] = table
        return Block(self.brands, start, counts)


@dataclass(frozen=True, slots=True)
class Replay:
    """What one detector found in all of history."""

    brands: tuple[str, ...]
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
    with open_warehouse(settings) as connection:
        history = read(connection, now, tuple(settings.brands))
    replays = {name: replay(detector, history) for name, detector in detectors(settings).items()}
    with open_warehouse(settings) as connection:
        changed = recording.record(connection, settings, replays, history.end)
        row = connection.execute("SELECT count(*) FROM alerts WHERE state <> 'resolved'").fetchone()
        waiting = connection.execute("SELECT note FROM arming WHERE state <> 'armed' ORDER BY brand").fetchall()
    notes = tuple(note for (note,) in waiting)
    return Detected(
        changed, int(row[0]) if row else 0, len(history.brands) - len(notes), notes, sum(r.buckets for r in replays.values()),
        bucket_start(history.end) if history.end else None,
    )


def detectors(settings: Settings) -> dict[str, Detector]:
    """The configured detectors by name of their stanza; where there are none, return periods with their defaults."""
    if not settings.detectors:
        from pipelines.detectors.recurrence import Recurrence

        return {"recurrence": Recurrence(kind="recurrence", name="recurrence")}
    return {name: settings.plugin("detectors", name) for name in settings.detectors}


def read(connection: duckdb.DuckDBPyConnection, now: datetime, configured: Sequence[str]) -> History:
    """All sealed buckets, in one query."""
    row = connection.execute("SELECT max(published_at) FROM mentions WHERE published_at <= ?", [now]).fetchone()
    watermark = row[0] if row else None
    end = int(min(watermark, now).timestamp()) // BUCKET_SECONDS if watermark else 0
    found = connection.execute(
        "SELECT brand, epoch(bucket_at)::BIGINT // 900 AS bucket, mention_count, author_count, negative_count, "
        "negative_count + neutral_count + positive_count AS scored_count, repost_count, "
        "greatest(urgent_count, churn_risk_count) AS urgent_count FROM brand_15min "
        "WHERE epoch(bucket_at)::BIGINT // 900 < ? ORDER BY bucket, brand", [end],
    ).fetchnumpy()
    names = np.asarray(found["brand"], dtype=object)
    brands = tuple(sorted(set(names) | set(configured)))
    index = {brand: row for row, brand in enumerate(brands)}
    return History(
        brands, np.array([index[name] for name in names], dtype=np.int64), np.asarray(found["bucket"], dtype=np.int64),
        {name: np.asarray(found[name], dtype=np.float64) for name in (*COUNTS, "urgent_count")}, end,
    )


def replay(detector: Detector, history: History) -> Replay:
    """Feed all history to a detector, block by block, remembering only the episodes and what the pages show."""
    state, tracker = detector.start(history.brands), Tracker(detector, history.brands)
    episodes: list[Episode] = []
    shown: list[tuple[int, Verdicts]] = []
    buckets = 0
    for block in history.blocks():
        verdicts = detector.update(state, block)
        episodes += tracker.update(block.first, verdicts)
        buckets += block.width * len(history.brands)
        if block.first + block.width > history.end - expectations.SHOWN:
            shown.append((block.first, verdicts))
    return Replay(history.brands, detector.counted, episodes, detector.arming(state), shown, buckets, detector.shadow)
