"""What a detector is: typed fields, `start` and `update`.

A detector turns sealed 15-minute buckets of many brands into expectations and evidence. It knows nothing of storage, alerts
or messages: `pipelines.episodes` makes alerts of evidence, and `pipelines.detect` feeds one and writes the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipelines.plugin import Plugin
from pipelines.verdicts import Budget

Array = NDArray[np.float64]
BUCKET_SECONDS = 900
BUCKET_MINUTES = 15
SPAN = r"^\d+[mhd]$"
COUNTS = ("mention_count", "author_count", "negative_count", "scored_count", "repost_count")  # what a block carries, at least
Signal = Literal[
    "volume", "negative_count", "negative_share", "urgent_count", "silence", "service_level", "backlog", "new_topic",
    "source_silence", "source_volume", "source_rejected", "source_late", "source_duplicates", "source_language",
]
Subject = Literal["brands", "service", "sources", "topics"]  # what a detector reads: see `pipelines.history`
SOURCE = "source:"  # an alert on a source bears this and the source's name where others bear a brand


def bucket_of(at: datetime) -> int:
    """Number of the 15-minute bucket that holds `at`, counted from 1970-01-01 UTC."""
    return int(at.timestamp()) // BUCKET_SECONDS


def bucket_start(bucket: int) -> datetime:
    """Start of a bucket.

    >>> bucket_start(bucket_of(datetime(2026, 1, 31, 14, 22, tzinfo=UTC))).minute
    15
    """
    return datetime.fromtimestamp(bucket * BUCKET_SECONDS, tz=UTC)


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive sealed buckets of all brands: `counts[name]` has shape (brands, buckets); no mentions is 0.0.

    A detector that reads sources has those for brands, each as `source:NAME`.
    """

    brands: Sequence[str]
    first: int  # number of the first bucket
    counts: Mapping[str, Array]
    words: Mapping[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)  # by row and number of the bucket; of topics

    @property
    def width(self) -> int:
        return int(next(iter(self.counts.values())).shape[1])

    def pieces(self, length: int) -> Iterator[Block]:
        """The block cut at multiples of `length` buckets since 1970 (96: at midnight UTC)."""
        start = 0
        while start < self.width:
            stop = min(self.width, start + length - (self.first + start) % length)
            yield Block(self.brands, self.first + start, {k: v[:, start:stop] for k, v in self.counts.items()}, self.words)
            start = stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a detector would raise an alert at one bucket."""

    tier: Literal["page", "watch"]
    signal: Signal
    window_minutes: int  # the window ends with this bucket
    observed: float  # in that window
    expected: float
    low: float
    high: float
    rarity: float  # -log10 of a chance, under the detector's own model
    event: str = ""  # what the calendar of known events says of this moment
    height: float = 0.0  # log10 of how often such a surge comes by itself, in hours; 0: not known
    severity: int  # 1 to 10 by the detector's documented formula
    onset: int = 0  # how many buckets before this one it seems to have begun
    negative: tuple[float, float, float] | None = None  # negative and scored mentions in the window, usual share
    reposts: tuple[float, float] = (0.0, 0.0)  # reposts and mentions in the window
    service: tuple[float, float, float] | None = None  # conversations missed and decided in the window, share that may be missed
    copies: float = 0.0  # mentions in the window that repeat an earlier text: not in `observed`
    terms: tuple[str, ...] = ()  # what is new, most peculiar first
    volumes: tuple[tuple[int, float], ...] = ()  # (minutes, expected volume) of every window that ends here, shortest first


@dataclass(frozen=True, slots=True)
class Expected:
    """Per bucket, shape (brands, buckets), nan where nothing can be said yet: what was counted and its expected range."""

    observed: Array
    expected: Array
    low: Array
    high: Array


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a detector says about a block."""

    expected: Mapping[str, Expected]  # by signal
    evidence: dict[tuple[int, int], Evidence]  # by (row of the brand, bucket within the block), sparse
    calm: NDArray[np.bool_]  # (brands, buckets): nothing here would keep an alert open


def joined(parts: Sequence[Verdicts]) -> Verdicts:
    """Verdicts of consecutive blocks as verdicts of one."""
    evidence, offset = {}, 0
    for part in parts:
        evidence.update({(row, offset + column): found for (row, column), found in part.evidence.items()})
        offset += part.calm.shape[1]
    names = ("observed", "expected", "low", "high")
    expected = {
        signal: Expected(*(np.concatenate([getattr(part.expected[signal], name) for part in parts], axis=1) for name in names))
        for signal in parts[0].expected
    }
    return Verdicts(expected, evidence, np.concatenate([part.calm for part in parts], axis=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Arming:
    """From when a brand can raise alerts, and how far it is; instants are bucket numbers."""

    brand: str
    first: int | None  # first mention of the current stretch of data
    regular: int | None  # from when it is mentioned regularly
    watch: int | None  # alerts are armed from here; in the future while arming; None: not foreseeable
    page: int | None
    mentions: int  # since `first`
    budgets: tuple[Budget, ...] = ()  # what verdicts have made of the alert budget


class Detector(Plugin):
    """Base of all detectors. A subclass in `pipelines/detectors/<kind>.py` adds its fields, `start` and `update`.

    The rules, which `tests/test_detectors.py` checks for every detector: verdicts of a bucket depend on that bucket and the ones
    before it only; cutting the same buckets into other blocks gives the same verdicts; state does not grow with history.
    """

    cool_down: str = Field(
        default="6h", pattern=SPAN, description="How long after an alert has ended a new one must be worse to be raised."
    )
    resolve_after: str = Field(
        default="2h", pattern=SPAN, description="How long a brand must be back in its expected range for its alert to end."
    )
    escalate_by: int = Field(
        default=2, ge=1, le=9, description="By how many points severity must grow for an open alert to be sent again."
    )
    shadow: bool = Field(
        default=False, description="True: it runs and what it finds is recorded, and nobody is notified: a new rule on trial."
    )
    enabled: bool = Field(default=True, description="False: it does not run, nor does another of its kind in its place.")
    subject: ClassVar[Subject] = "brands"
    competitors: bool = Field(default=False, description="True: alerts on competitors are sent, not only shown.")

    @property
    def counted(self) -> str:
        """What volume counts, in the words of a message: "people" or "mentions"."""
        return "mentions"

    def start(self, brands: Sequence[str]) -> Any:
        """Fresh state for these brands, which every block must then name in the same order."""
        raise NotImplementedError(f"{type(self).__name__}.start")

    def update(self, state: Any, block: Block) -> Verdicts:
        """Judge the next block and advance `state`.

        It begins where the last one ended, or at a midnight (UTC) after three weeks or more without a mention of anybody.
        """
        raise NotImplementedError(f"{type(self).__name__}.update")

    def arming(self, state: Any) -> list[Arming]:
        """How far each brand is from being able to raise alerts."""
        raise NotImplementedError(f"{type(self).__name__}.arming")
