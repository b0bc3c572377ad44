"""How fast a care team answers: business hours, nights, weekends, and a backlog that grows in a storm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.simulation.vocabulary import FLAG, NEUTRAL, POSITIVE
from pipelines.simulation.world import AIRLINES, HOUR, World, script

if TYPE_CHECKING:
    from pipelines.simulation.threads import Roots

Array = NDArray[Any]
# By channel (x, facebook, instagram, snapchat, youtube, reddit, forum, app_review): share answered, and how much slower than X.
_ANSWERED = np.array([0.76, 0.74, 0.60, 0.52, 0.30, 0.03, 0.04, 0.46])
_SLOWER = np.array([1.0, 1.3, 2.2, 1.6, 9.0, 14.0, 18.0, 22.0])
_AUTOMATIC = np.array([0.0, 0.22, 0.16, 0.10, 0.0, 0.0, 0.0, 0.08])
LONGEST = 40 * HOUR


def lognormal(rng: np.random.Generator, median: float, spread: float, count: int) -> Array:
    """Seconds with this median; at most 40 hours."""
    return np.asarray(np.minimum(np.exp(np.log(median) + spread * rng.standard_normal(count)), LONGEST))


def first_replies(world: World, brand: int, roots: Roots, rng: np.random.Generator) -> tuple[Array, Array, Array, Array]:
    """For each conversation: seconds to the first reply, seconds to a second one, is it answered, does a machine answer."""
    n = len(roots.at)
    airline = AIRLINES[brand]
    delay = lognormal(rng, airline.median_reply * 60, 0.75, n) * _SLOWER[roots.channel]
    second = lognormal(rng, airline.median_reply * 45, 0.8, n)
    luck = rng.random((3, n))
    share = _ANSWERED[roots.channel].copy()
    needy = (roots.sentiment != POSITIVE) & ((roots.sentiment != NEUTRAL) | ((roots.flags & FLAG["request"]) > 0))
    share *= np.where(needy, 1.0, 0.38)
    share *= np.where((roots.flags & FLAG["image_only"]) > 0, 0.25, 1.0)
    share[((roots.flags & FLAG["irrelevant"]) > 0)] = 0.0
    share[(roots.place == 2) & (roots.channel == 0)] *= 0.25
    automatic = _AUTOMATIC[roots.channel].copy()

    at = world.epoch + roots.at
    of_day, weekday = at % 86400 / HOUR, (at // 86400 + 3) % 7
    opens = np.where(weekday >= 5, 9.0, 7.0)
    closes = np.where(weekday >= 5, 18.0, 21.5)
    closed = (of_day < opens) | (of_day >= closes)
    until_open = np.where(of_day < opens, opens - of_day, 24 - of_day + np.where(weekday + 1 >= 5, 9.0, 7.0)) * HOUR
    nobody = closed & (luck[0] < 0.62)  # the rest is for the small night shift
    delay = np.where(nobody, until_open + delay * 0.8, np.where(closed, delay * 2.1, delay))
    delay *= np.where((of_day >= 17) & (of_day < 21) & ~closed, 1.5, 1.0)  # the evening peak meets the late shift
    automatic = np.where(closed, automatic * 2.0, automatic)

    for episode in script(world):
        if episode.brand != brand or episode.kind not in ("storm", "outage"):
            continue
        late = np.clip((roots.at - episode.start) / HOUR, 0, 8) * ((roots.at >= episode.start) & (roots.at < episode.end))
        delay = delay * (1 + late * 1.1) + late * 900
        second = second * (1 + late * 0.8)
        share = np.where(late > 0, share * np.maximum(0.22, 0.62 - 0.07 * late), share)
        reachable = (roots.place < 2) & np.isin(roots.channel, (0, 1, 2, 3))
        automatic = np.where((late > 0.4) & reachable, np.maximum(automatic, 0.42), automatic)

    delay = np.minimum(40 + delay, LONGEST).astype(np.int64)
    answered = luck[1] < share
    answered &= ~roots.story | (delay < 23 * HOUR)
    return delay, (60 + second).astype(np.int64), answered, luck[2] < automatic
