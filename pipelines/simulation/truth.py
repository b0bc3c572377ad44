"""What is really so in the made-up world: the crisis, and the label of every mention."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from pipelines.records import Window
from pipelines.simulation.world import AIRLINES, HOUR, NIGHT, STEP, World, excess, rhythm, script

if TYPE_CHECKING:
    from pipelines.records import Mention


@dataclass(frozen=True, slots=True)
class Label:
    """The truth about one mention.

    Attributes:
        sentiment: negative, neutral, positive, or "unknown" for an image without text.
        intents: as in records.INTENTS.
    XX
        role: root, auto, agent, chase, follow, agent2, close, peer, copy, repost, edit, delete or own.
        episode: storm, echo, campaign, outage, or "" on ordinary business.
        is_crisis: belongs to the storm at the brand that it hits.
    """

    native_id: str
    brand: str
    sentiment: str
    intents: tuple[str, ...]
    topic: str | None
    language: str
    role: str
    episode: str
    is_crisis: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """Something that happened to a brand.

    Attributes:
        is_crisis: should our care lead be paged? False for good news and for what happens to a rival.
        negative_share: of what customers begin because of it.
        peak_ratio: volume at its height, in multiples of the ordinary of that hour (by night, of an average hour).
    """

    event: str
    brand: str
    reason: str
    is_crisis: bool
    onset_at: datetime
    ends_at: datetime
    negative_share: float
    peak_ratio: float

    def crisis_minutes(self) -> int:
        """How long it lasted, in minutes."""
        return int((self.ends_at - self.onset_at).total_seconds() // 60)

    def delay(self, fired_at: datetime) -> timedelta:
        """How long after the onset an alert came; negative for one that came before."""
        return fired_at - self.onset_at


def truths(world: World) -> tuple[Truth, ...]:
    """Everything scripted, the storm first."""
    base = rhythm(world, 0, world.hours)
    found = []
    for e in script(world):
        extra = excess(e, 0, base)
        active = extra > extra.max() * 0.08 if e.decay else extra > 0
        last = int(active.nonzero()[0][-1] + 1) * STEP
        found.append(
            Truth(
                event=e.kind,
                brand=AIRLINES[e.brand].key,
                reason=e.reason,
                is_crisis=e.kind == "storm",
                onset_at=world.start + timedelta(seconds=e.start),
                ends_at=world.start + timedelta(seconds=min(last, world.hours * HOUR)),
                negative_share=round(e.mood[0], 2),
                peak_ratio=round(float(1 + (extra / np.maximum(base, NIGHT)).max()), 1),
            )
        )
    return tuple(found)


def truth(world: World) -> Truth:
    """The storm: whom it hit, when it began, and why."""
    return truths(world)[0]


def labelled(world: World, window: Window | None = None) -> Iterator[tuple[Mention, Label]]:
    """Every mention of the window (all, if none is given) with its label."""
    from pipelines.simulation.emit import pairs

    return pairs(world, window or world.whole)


def label(world: World, native_id: str) -> Label | None:
    """The label of the mention with this native id (as first written); None if there is no such mention."""
    from pipelines.simulation.emit import find

    return find(world, native_id)
