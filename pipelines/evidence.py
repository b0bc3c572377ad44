"""Weighs the windows of one brand at one bucket, and grades how bad it looks.

Severity, 1 to 10, rounded:
`1 + 3 * log2(ratio) / 4 + 2 * rarity / 12 + 3 * (negative share - usual share) / 0.4 + log10(count) / 3`, each term but the
first cut to between 0 and its weight (3, 2, 3, 1). A page is at least 5, a watch at most 6. So sixteen times the expected
volume, far beyond chance, with forty points more negative and a thousand mentions in the window is a 10. The negative share is
taken at the lower end of its 95% interval, so that five of five do not count like five hundred of five hundred.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.detectors.base import BUCKET_MINUTES, Array, Evidence, Expected, Signal
from pipelines.statistics import count_range, count_rarity, share_rarity, wilson

VOLUME, NEGATIVE, SCORED = 0, 1, 2  # layers; 3 and 4 are the expectations of the first two
REPOSTS, MENTIONS, COPIES = 5, 6, 7
LAYERS = 8
SHARE_CONCENTRATION = 30.0  # shares vary by themselves as if 30 mentions decided an hour's mood
_BEGINS = 1.5  # times the expected count: an excess began where the sum above this is largest
Tier = Literal["page", "watch"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One brand at one bucket where at least one gate is open."""

    scales: tuple[int, ...]
    layers: Array  # (8, buckets): the longest window, ending with this bucket
    sums: Array  # (scales, 8): the layers summed over each window
    counted: NDArray[np.bool_]  # (scales, 2): open gates of volume and negative mentions
    shares: NDArray[np.bool_]  # (scales,): open gates of the negative share
    dispersion: Array  # (2, scales)
    usual: float  # negative share

    @property
    def volumes(self) -> tuple[tuple[int, float], ...]:
        """(minutes, expected volume) of every window."""
        return tuple((k * BUCKET_MINUTES, float(v)) for k, v in zip(self.scales, self.sums[:, VOLUME + 3], strict=True))

    def surge(self, tier: Tier, layer: int, height: float) -> Evidence:
        """What is to be told of a surge of volume or of negative mentions.

        Args:
            layer: VOLUME or NEGATIVE.
            height: log10 of its return period in hours.
        """
        rarity, scale = self._rarest(layer)
        return self._counts(layer, scale, rarity, tier, height)

    def share(self, rarity: float) -> Evidence | None:
        """A negative share above the usual, where it is at least as rare as `rarity`."""
        found, scale = self._rarest_share()
        return self._share(scale, found) if found >= rarity else None

    def _rarest(self, layer: int) -> tuple[float, int]:
        found = [
            (count_rarity(float(self.sums[k, layer]), float(self.sums[k, layer + 3]), float(self.dispersion[layer, k])), k)
            for k in range(len(self.scales)) if self.counted[k, layer]
        ]
        return max(found, default=(0.0, 0))

    def _rarest_share(self) -> tuple[float, int]:
        found = [
            (share_rarity(int(self.sums[k, NEGATIVE]), int(self.sums[k, SCORED]), self.usual, SHARE_CONCENTRATION), k)
            for k in range(len(self.scales)) if self.shares[k]
        ]
        return max(found, default=(0.0, 0))

    def _counts(self, layer: int, scale: int, rarity: float, tier: Tier, height: float) -> Evidence:
        observed, expected = float(self.sums[scale, layer]), float(self.sums[scale, layer + 3])
        low, high = count_range(np.array([expected]), self.dispersion[layer, scale])
        excess = self.layers[layer] - _BEGINS * self.layers[layer + 3]
        signal: Signal = "volume" if layer == VOLUME else "negative_count"
        return self._made(tier, signal, scale, (observed, expected, float(low[0]), float(high[0])), rarity, excess, height)

    def _share(self, scale: int, rarity: float) -> Evidence:
        negative, scored = self.sums[scale, NEGATIVE], self.sums[scale, SCORED]
        low, high = share_range(self.usual, float(scored))
        excess = self.layers[NEGATIVE] - min(1.0, _BEGINS * self.usual) * self.layers[SCORED]
        return self._made("watch", "negative_share", scale, (float(negative / scored), self.usual, low, high), rarity, excess)

    def _made(
        self, tier: Tier, signal: Signal, scale: int, figures: tuple[float, float, float, float], rarity: float, excess: Array,
        height: float = 0.0,
    ) -> Evidence:
        observed, expected, low, high = figures
        negative, scored = float(self.sums[scale, NEGATIVE]), float(self.sums[scale, SCORED])
        known = scored > 0 and not math.isnan(self.usual)
        ratio = 1.0 if signal == "negative_share" else observed / max(expected, 0.5)
        points = wilson(int(negative), int(scored))[0] - self.usual if known else 0.0
        since = np.cumsum(np.nan_to_num(excess[::-1][: self.scales[scale]]))
        return Evidence(
            tier=tier, signal=signal, window_minutes=self.scales[scale] * BUCKET_MINUTES, observed=observed, expected=expected,
            low=low, high=high, rarity=rarity, height=height,
            severity=severity(tier, ratio, rarity, points, float(self.sums[scale, VOLUME])),
            onset=int(since.argmax()),
            volumes=self.volumes,
            negative=(negative, scored, self.usual) if known else None,
            reposts=(float(self.sums[scale, REPOSTS]), float(self.sums[scale, MENTIONS])),
            copies=float(self.sums[scale, COPIES]),
        )


def severity(tier: Tier, ratio: float, rarity: float, points: float, count: float) -> int:
    """1 to 10 by the formula at the top of this module; `points` is the excess of the negative share, 0 to 1.

    >>> severity("page", 8.0, 12.0, 0.4, 1000), severity("watch", 2.0, 3.0, 0.0, 12)
    (9, 3)
    """
    parts = (
        3 * min(1.0, max(0.0, math.log2(max(ratio, 1e-9))) / 4), 2 * min(1.0, rarity / 12),
        3 * min(1.0, max(0.0, points) / 0.4), min(1.0, math.log10(max(count, 1.0)) / 3),
    )
    value = round(1 + sum(parts))
    return max(5, min(10, value)) if tier == "page" else min(6, value)


def expectation(layers: Array, usual: Array, dispersion: Array) -> dict[str, Expected]:
    """Per bucket and signal: observed, expected and the range that holds 99% of ordinary buckets."""
    found = {}
    for layer, signal in ((VOLUME, "volume"), (NEGATIVE, "negative_count")):
        low, high = count_range(layers[layer + 3], dispersion[layer, :, :1])
        found[signal] = Expected(layers[layer], layers[layer + 3], low, high)
    scored = layers[SCORED]
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = np.where(scored > 0, layers[NEGATIVE] / scored, np.nan)
        expected = np.where(np.isnan(layers[4]), np.nan, np.broadcast_to(usual[:, None], scored.shape))
        spread = 2.576 * np.sqrt(expected * (1 - expected) * (1 / np.maximum(scored, 1.0) + 1 / SHARE_CONCENTRATION))
        low, high = np.maximum(expected - spread, 0.0), np.minimum(expected + spread, 1.0)
        found["negative_share"] = Expected(observed, expected, low, high)
    return found


def share_range(usual: float, scored: float) -> tuple[float, float]:
    """Range that holds about 99% of ordinary shares among `scored` mentions."""
    spread = 2.576 * math.sqrt(max(usual * (1 - usual), 0.0) * (1 / max(scored, 1.0) + 1 / SHARE_CONCENTRATION))
    return max(0.0, usual - spread), min(1.0, usual + spread)
