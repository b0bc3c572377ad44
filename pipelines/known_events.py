"""The calendar of known events: launches, forecast storms, campaigns. Each widens what is expected of one brand, and expires."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.detectors.base import bucket_of


class KnownEvent(BaseModel):
    """A launch, a storm that was forecast, a campaign: more is expected of a brand for a while, and only for that long."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    what: str = Field(min_length=1, description="What it is, as alerts name it.")
    brand: str = Field(description="Key of the brand.")
    since: datetime = Field(alias="from", description="When it begins.")
    until: datetime = Field(alias="to", description="When it is over: from then on it counts no more.")
    factor: float = Field(default=2.0, ge=1.0, le=20.0, description="How many times the usual mentions are expected.")

    @model_validator(mode="after")
    def _ends(self) -> KnownEvent:
        if self.since.tzinfo is None or self.until.tzinfo is None:
            raise ValueError("its times need a zone, such as 2026-01-31T09:00:00Z")
        if self.until <= self.since:
            raise ValueError("it must end after it begins")
        return self


def factor(events: Sequence[KnownEvent], brands: Sequence[str], buckets: NDArray[np.int64]) -> NDArray[np.float64]:
    """How many times the usual is expected, shape (brands, buckets); of events at once, the largest."""
    found = np.ones((len(brands), len(buckets)))
    for event in events:
        during = (buckets >= bucket_of(event.since)) & (buckets < bucket_of(event.until))
        for row in np.flatnonzero(np.array(brands) == event.brand):
            found[row] = np.where(during, np.maximum(found[row], event.factor), found[row])
    return found


def words(events: Sequence[KnownEvent], brand: str, bucket: int) -> str:
    """What the calendar knows of a brand at that moment; nothing: ""."""
    now = [e.what for e in events if e.brand == brand and bucket_of(e.since) <= bucket < bucket_of(e.until)]
    return ", ".join(now)
