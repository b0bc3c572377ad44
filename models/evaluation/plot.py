"""Calibration as a picture: how often each head is right against how sure it says it is. Plain SVG, small panels side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.evaluation.metrics import Ints

_SIDE, _GAP, _TOP, _LEFT = 150, 34, 26, 34
_INK, _LINE, _MARK = "#767676", "#9a9a9a", "#2f7fd1"  # readable on white and on black


@dataclass(frozen=True, slots=True)
class Reliability:
    """One head: mean confidence, share right and texts of each of up to ten equally filled bins."""

    confidence: NDArray[np.float64]
    right: NDArray[np.float64]
    counts: Ints


def reliability(confidence: NDArray[np.float32], right: NDArray[np.bool_], bins: int = 10) -> Reliability:
    """Texts in order of confidence, cut into bins of equal size: each point of the picture has the same base."""
    order = np.array_split(np.argsort(confidence, kind="stable"), bins)
    parts = [part for part in order if len(part)]
    return Reliability(
        np.array([confidence[part].mean() for part in parts]), np.array([right[part].mean() for part in parts]),
        np.array([len(part) for part in parts]),
    )


def draw(heads: dict[str, Reliability]) -> str:
    """An SVG with one panel a head: points with 95% intervals around the line on which confidence is deserved."""
    width = _LEFT + len(heads) * (_SIDE + _GAP)
    body = [_panel(name, found, _LEFT + i * (_SIDE + _GAP)) for i, (name, found) in enumerate(heads.items())]
    height = _TOP + _SIDE + 40
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11" '
        f'role="img" aria-label="Calibration of each head: share right against confidence">\n' + "\n".join(body) + "\n</svg>\n"
    )


def _panel(name: str, found: Reliability, left: int) -> str:
    def x(value: float) -> str:
        return f"{left + _SIDE * value:.1f}"

    def y(value: float) -> str:
        return f"{_TOP + _SIDE * (1 - value):.1f}"

    lines = [
        f'<text x="{left}" y="{_TOP - 9}" fill="{_INK}" font-weight="bold">{name}</text>',
        f'<rect x="{left}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="{_LINE}" stroke-width="0.6"/>',
        f'<line x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}" stroke="{_LINE}" stroke-dasharray="3 3"/>',
    ]
    for tick in (0.0, 0.5, 1.0):
        lines.append(f'<text x="{x(tick)}" y="{_TOP + _SIDE + 14}" fill="{_INK}" text-anchor="middle">{tick:g}</text>')
        lines.append(f'<text x="{left - 5}" y="{y(tick)}" fill="{_INK}" text-anchor="end" dy="4">{tick:g}</text>')
    for sure, share, n in zip(found.confidence, found.right, found.counts, strict=True):
        spread = 1.96 * float(np.sqrt(max(share * (1 - share), 0.25 / n) / n))
        low, high = max(0.0, share - spread), min(1.0, share + spread)
        lines.append(f'<line x1="{x(sure)}" y1="{y(low)}" x2="{x(sure)}" y2="{y(high)}" stroke="{_MARK}" stroke-opacity="0.5"/>')
        lines.append(f'<circle cx="{x(sure)}" cy="{y(share)}" r="3" fill="{_MARK}"/>')
    lines.append(f'<text x="{x(0.5)}" y="{_TOP + _SIDE + 30}" fill="{_INK}" text-anchor="middle">confidence</text>')
    return "\n".join(lines)
