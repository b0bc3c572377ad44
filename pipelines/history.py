"""What detectors read: counts by key and 15-minute bucket, as far as they are sealed, in blocks of bounded size.

Subjects:
- *brands*: the mart `brand_15min` without copies, so that a text which a hundred accounts post counts once, and what people said
  of past alerts, when they said it (`pipelines.verdicts`).
- *service*: conversations that need an answer, from `thread_status`, each counted where something about it is decided.
  `opened_count`: begun; `left_count`: answered, or a day old and given up, so that what waits is the sum of the one less that of
  the other; `met_count`: answered within the target, when it was answered; `missed_count`: not answered when the target had
  passed. An answer that comes after a bucket is thus none at that bucket.
- *topics*: of each hour, at its last bucket, the terms that are most peculiar to the three hours that end there
  (`pipelines.novelty`), with their words.
- *sources*: the mart `source_15min`, keys as `source:NAME`; of those that are asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import duckdb
import numpy as np
from numpy.typing import NDArray

from pipelines import novelty, verdicts
from pipelines.detectors.base import BUCKET_SECONDS, SOURCE, Block, Subject
from pipelines.settings import Settings

GAP = 21 * 96  # buckets after which every detector has given up on a brand that nobody mentions
_CELLS = 500_000  # brands times buckets replayed at once: bounds memory
_SQL = {
    "brands": """
        SELECT brand AS name, epoch(bucket_at)::BIGINT // 900 AS bucket, mention_count - copy_count AS mention_count,
            original_author_count AS author_count, original_negative_count AS negative_count,
            original_scored_count AS scored_count, repost_count, original_urgent_count AS urgent_count, copy_count
        FROM brand_15min
    """,
    "service": """
        WITH waits AS (
            SELECT
                brand, epoch(opened_at)::BIGINT AS opened, epoch(opened_at)::BIGINT + first_response_seconds AS answered,
                epoch(opened_at)::BIGINT + $target AS due
            FROM thread_status
            WHERE needs_response AND is_start_known
        ),
        events AS (
            SELECT brand, opened AS moment, 1 AS opened, 0 AS gone, 0 AS met, 0 AS missed
            FROM waits
            UNION ALL
            SELECT brand, least(coalesce(answered, opened + 86400), opened + 86400), 0, 1, 0, 0
            FROM waits
            UNION ALL
            SELECT brand, least(coalesce(answered, due), due), 0, 0, (coalesce(answered <= due, false))::INTEGER,
                (NOT coalesce(answered <= due, false))::INTEGER
            FROM waits
        )
        SELECT
            brand AS name, moment // 900 AS bucket, sum(opened)::INTEGER AS opened_count, sum(gone)::INTEGER AS left_count,
            sum(met)::INTEGER AS met_count, sum(missed)::INTEGER AS missed_count
        FROM events
        GROUP BY ALL
    """,
    "sources": f"""
        SELECT '{SOURCE}' || source AS name, epoch(bucket_at)::BIGINT // 900 AS bucket,
            * EXCLUDE (source, bucket_at)
        FROM source_15min
        WHERE list_contains($sources, source)
    """,
}


@dataclass(frozen=True, slots=True)
class History:
    """Counts as arrays, one entry a row, sorted by bucket; `rows` are indices into `brands`."""

    brands: tuple[str, ...]
    rows: NDArray[np.int64]
    buckets: NDArray[np.int64]
    counts: dict[str, NDArray[np.float64]]
    end: int  # first bucket that is not sealed
    judged: tuple[verdicts.Given, ...] = ()
    words: Mapping[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)  # by row and bucket; of topics

    def blocks(self) -> Iterator[Block]:
        """Blocks of bounded size, one after the other. Months in which nothing was said about any brand are stepped over."""
        width = max(96, _CELLS // max(len(self.brands), 1) // 96 * 96)
        for begin, finish in self._stretches():
            for start in range(begin, finish, width):
                stop = min(start + width, finish)
                low, high = np.searchsorted(self.buckets, (start, stop))
                yield self._dense(start, stop, int(low), int(high))

    def digest(self, end: int) -> str:
        """Hash of all that is known of the buckets before `end`."""
        count = int(np.searchsorted(self.buckets, end))
        found = hashlib.sha256(repr([g for g in self.judged if g.bucket < end]).encode())
        for values in (self.rows, self.buckets, *self.counts.values()):
            found.update(np.ascontiguousarray(values[:count]).tobytes())
        return found.hexdigest()

    def blocks_from(self, start: int) -> Iterator[Block] | None:
        """The blocks from bucket `start` on, for a detector that has read all before; None where weeks of silence forbid it."""
        first = int(np.searchsorted(self.buckets, start))
        moments = np.r_[self.buckets[max(first - 1, 0):], self.end]
        if start > self.end or not first or np.diff(moments).max(initial=0) > GAP:
            return None
        cuts = [*range(start, self.end, max(96, _CELLS // max(len(self.brands), 1) // 96 * 96)), self.end]
        return (
            self._dense(a, b, *(int(n) for n in np.searchsorted(self.buckets, (a, b)))) for a, b in pairwise(cuts)
        )

    def _stretches(self) -> list[tuple[int, int]]:
        """Spans of buckets with mentions in them, from midnight on, each with the quiet weeks after it."""
        if not len(self.buckets):
            return []
        jumps = np.flatnonzero(np.diff(self.buckets) > 2 * GAP) + 1
        firsts, lasts = self.buckets[np.r_[0, jumps]], self.buckets[np.r_[jumps - 1, len(self.buckets) - 1]]
        ends = [*((int(last) + GAP) // 96 * 96 for last in lasts[:-1]), self.end]
        if self.end - int(lasts[-1]) > 2 * GAP:
            ends[-1] = (int(lasts[-1]) + GAP) // 96 * 96
        return [(int(first) // 96 * 96, end) for first, end in zip(firsts, ends, strict=True)]

    def _dense(self, start: int, stop: int, low: int, high: int) -> Block:
        counts = {}
        for name, values in self.counts.items():
            table = np.zeros((len(self.brands), stop - start))
            table[self.rows[low:high], self.buckets[low:high] - start] = values[low:high]
            counts[name] = table
        return Block(self.brands, start, counts | verdicts.counted(self.judged, self.brands, start, stop), self.words)


def sealed(connection: duckdb.DuckDBPyConnection, now: datetime) -> int:
    """The first bucket that is not sealed: something was published after the end of every earlier one. 0: nothing is."""
    row = connection.execute("SELECT max(published_at) FROM mentions WHERE published_at <= ?", [now]).fetchone()
    watermark = row[0] if row else None
    return int(min(watermark, now).timestamp()) // BUCKET_SECONDS if watermark else 0


def lasting(settings: Settings) -> list[str]:
    """The configured sources that should go on bringing mentions: not a file, unless it says how long it may be quiet, nor what
    tells of a fixed period. One that has been taken out of the settings is not missed."""
    sources = {name: settings.plugin("sources", name) for name in settings.sources}
    return [
        name for name, source in sources.items()
        if source.period() is None and (source.kind != "file" or "quiet_after" in settings.sources[name])
    ]


def read(
    connection: duckdb.DuckDBPyConnection, now: datetime, configured: Sequence[str], *, subject: Subject = "brands",
    target: timedelta = timedelta(hours=1), sources: Collection[str] = (),
) -> History:
    """All sealed buckets of a subject, in one query.

    Args:
        now: nothing later is looked at.
        configured: brands to read whether they are mentioned or not.
        target: within how long a conversation should have been answered; for the subject *service*.
        sources: names of those to read; for the subject *sources*.
    """
    end = sealed(connection, now)
    if subject == "topics":
        return _topics(connection, end, configured)
    given: dict[str, dict[str, object]] = {
        "service": {"target": int(target.total_seconds())}, "sources": {"sources": sorted(sources)},
    }
    found = connection.execute(
        f"SELECT * FROM ({_SQL[subject]}) WHERE bucket < $end ORDER BY bucket, name", {"end": end, **given.get(subject, {})}
    ).fetchnumpy()
    names, buckets = np.asarray(found.pop("name"), dtype=object), np.asarray(found.pop("bucket"), dtype=np.int64)
    brands = tuple(sorted(set(names) | (set(configured) if subject != "sources" else set())))
    index = {brand: row for row, brand in enumerate(brands)}
    return History(
        brands, np.array([index[name] for name in names], dtype=np.int64), buckets,
        {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}, end,
        verdicts.read(connection) if subject == "brands" else (),
    )


def _topics(connection: duckdb.DuckDBPyConnection, end: int, configured: Sequence[str]) -> History:
    found = novelty.topics(connection, end // 4)
    brands = tuple(sorted({topic.brand for topic in found} | set(configured)))
    found = sorted(found, key=lambda topic: (topic.hour, topic.brand))
    rows, buckets = [brands.index(topic.brand) for topic in found], [topic.hour * 4 + 3 for topic in found]
    counts = {
        "z": [t.z for t in found], "authors": [t.authors for t in found], "usual_authors": [t.expected for t in found],
        "usual_mentions": [t.mentions for t in found],
    }
    return History(
        brands, np.array(rows, dtype=np.int64), np.array(buckets, dtype=np.int64),
        {name: np.array(values, dtype=np.float64) for name, values in counts.items()}, end,
        words={(row, bucket): topic.terms for row, bucket, topic in zip(rows, buckets, found, strict=True)},
    )
