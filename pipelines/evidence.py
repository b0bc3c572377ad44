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

from pipelines.detectors.base import BUCKET_MINUTES, Array, Evidence, Signal
from pipelines.statistics import count_range, count_rarity, share_rarity, wilson

VOLUME, NEGATIVE, SCORED = 0, 1, 2  # layers; 3 and 4 are the expectations of the first two
REPOSTS, MENTIONS = 5, 6
LAYERS = 7
SHARE_CONCENTRATION = 30.0  # shares vary by themselves as if 30 mentions decided an hour's mood
_HOUR = 1  # index of the hour among the scales
_BEGINS = 1.5  # times the expected count: an excess began where the sum above this is largest
Tier = Literal["page", "watch"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One brand at one bucket where at least one gate is open."""

    scales: tuple[int, ...]
    layers: Array  # (7, buckets): the longest window, ending with this bucket
    sums: Array  # (scales, 7): the layers summed over each window
    counted: NDArray[np.bool_]  # (scales, 2): open gates of volume and negative mentions
    shares: NDArray[np.bool_]  # (scales,): open gates of the negative share
    dispersion: Array  # (2, scales)
    usual: float  # negative share

    def evidence(self, rarity: float, page_rarity: float | None) -> Evidence | None:
        """The strongest evidence, or None where nothing is as rare as `rarity`.

        Args:
            page_rarity: how rare volume and negatives must both be for a page, one of them still `rarity`; None: no page yet.
        """
        volume, volume_scale = self._rarest(VOLUME)
        negative, negative_scale = self._rarest(NEGATIVE)
        share, share_scale = self._rarest_share()
        if max(volume, negative, share) < rarity:
            return None
        both = page_rarity is not None and min(volume, negative) >= page_rarity
        if both and not (self._is_milder(_HOUR) or self._is_milder(volume_scale) or self._is_echo(volume_scale)):
            return self._counts(VOLUME, volume_scale, volume, "page")
        if volume >= rarity and volume >= max(negative, share):
            return self._counts(VOLUME, volume_scale, volume, "watch")
        if negative >= rarity and negative >= share:
            return self._counts(NEGATIVE, negative_scale, negative, "watch")
        return self._share(share_scale, share)

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

    def _is_milder(self, scale: int) -> bool:
        """Is the window's negative share below the usual?"""
        return bool(self.sums[scale, NEGATIVE] < self.usual * self.sums[scale, SCORED])

    def _is_echo(self, scale: int) -> bool:
        """Are most of the window's mentions reposts? One voice that is passed on is worth a watch, not a page."""
        return bool(self.sums[scale, REPOSTS] > 0.5 * self.sums[scale, MENTIONS])

    def _counts(self, layer: int, scale: int, rarity: float, tier: Tier) -> Evidence:
        observed, expected = float(self.sums[scale, layer]), float(self.sums[scale, layer + 3])
        low, high = count_range(np.array([expected]), self.dispersion[layer, scale])
        excess = self.layers[layer] - _BEGINS * self.layers[layer + 3]
        signal: Signal = "volume" if layer == VOLUME else "negative_count"
        return self._made(tier, signal, scale, (observed, expected, float(low[0]), float(high[0])), rarity, excess)

    def _share(self, scale: int, rarity: float) -> Evidence:
        negative, scored = self.sums[scale, NEGATIVE], self.sums[scale, SCORED]
        low, high = share_range(self.usual, float(scored))
        excess = self.layers[NEGATIVE] - min(1.0, _BEGINS * self.usual) * self.layers[SCORED]
        return self._made("watch", "negative_share", scale, (float(negative / scored), self.usual, low, high), rarity, excess)

    def _made(
        self, tier: Tier, signal: Signal, scale: int, figures: tuple[float, float, float, float], rarity: float, excess: Array
    ) -> Evidence:
        observed, expected, low, high = figures
        negative, scored = float(self.sums[scale, NEGATIVE]), float(self.sums[scale, SCORED])
        known = scored > 0 and not math.isnan(self.usual)
        ratio = 1.0 if signal == "negative_share" else observed / max(expected, 0.5)
        points = wilson(int(negative), int(scored))[0] - self.usual if known else 0.0
        since = np.cumsum(np.nan_to_num(excess[::-1][: self.scales[scale]]))
        return Evidence(
            tier=tier, signal=signal, window_minutes=self.scales[scale] * BUCKET_MINUTES, observed=observed, expected=expected,
            low=low, high=high, rarity=rarity, severity=severity(tier, ratio, rarity, points, float(self.sums[scale, VOLUME])),
            onset=int(since.argmax()),
            volumes=tuple((k * BUCKET_MINUTES, float(v)) for k, v in zip(self.scales, self.sums[:, VOLUME + 3], strict=True)),
            negative=(negative, scored, self.usual) if known else None,
            reposts=(float(self.sums[scale, REPOSTS]), float(self.sums[scale, MENTIONS])),
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


def share_range(usual: float, scored: float) -> tuple[float, float]:
    """Range that holds about 99% of ordinary shares among `scored` mentions."""
    spread = 2.576 * math.sqrt(max(usual * (1 - usual), 0.0) * (1 / max(scored, 1.0) + 1 / SHARE_CONCENTRATION))
    return max(0.0, usual - spread), min(1.0, usual + spread)
