"""Tiles: one number each, with its interval, what it amounts to, and its base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html

from dashboards import words
from dashboards.page import Content
from warehouse.metrics import FLOOR, Change, Estimate, enough


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a number amounts to: by glyph and by words; `tone` is good, bad, plain or quiet."""

    glyph: str
    text: str
    tone: str = "quiet"


@dataclass(frozen=True, slots=True)
class Tile:
    """One number. `proxy`: an upper bound or a stand-in, drawn with a dashed outline."""

    name: str
    value: str
    interval: str = ""
    verdict: Verdict | None = None
    base: str = ""
    proxy: bool = False


def verdict(change: Change | None, *, better: int, unit: str = "points", why_not: str = "") -> Verdict:
    """A change in words. `better`: +1 when a rise is good, -1 when it is bad, 0 when it is neither.

    >>> verdict(Change(-23, -29, -17, 0.0, True), better=1).text
    'fell 23 points (17 to 29)'
    """
    if change is None:
        return Verdict(words.NONE, why_not or "nothing to compare with")
    if not change.real:
        return Verdict("≈", "no real change")
    size, ends = abs(change.value), sorted((abs(change.low), abs(change.high)))
    up = change.value > 0
    tone = "plain" if not better else "good" if up == (better > 0) else "bad"
    form = ".1f" if ends[0] < 0.5 else ".0f"  # a real change must not read as "0 to 5"
    text = f"{'rose' if up else 'fell'} {size:{form}} {unit} ({ends[0]:{form}} to {ends[1]:{form}})"
    return Verdict("▲" if up else "▼", text, tone)


def too_few(name: str, n: int, base: str = "") -> Tile:
    """A tile that keeps its place when there is too little to say."""
    what = f"too few to say: n = {words.count(n)}, needs {FLOOR}"
    if n >= FLOOR:
        what = "too uncertain to say: more than 15 points either way"
    return Tile(name, words.NONE, verdict=Verdict("?", what), base=base)


def share_tile(name: str, share: Estimate | None, said: Verdict, base: str = "") -> Tile:
    """A share of 1 with its interval, or why it cannot be said."""
    if share is None or not enough(share):
        return too_few(name, share.n if share else 0, base)
    return Tile(name, words.percent(share.value, share.n), words.percents(share.low, share.high), said, base)


def points_tile(name: str, points: Estimate | None, n: int, said: Verdict, base: str, *, proxy: bool = False) -> Tile:
    """A difference of shares in points with its interval, or why it cannot be said."""
    if points is None or not enough(points, unit=100):
        return too_few(name, n, base)
    value = ("~ " if proxy else "") + words.signed(points.value)
    return Tile(name, value, words.between(points.low, points.high, words.signed), said, base, proxy)


def tiles(items: Sequence[Tile]) -> Content:
    """The row of tiles at the top of a page."""
    return html.Ul([html.Li(_drawn(t), className="tile card" + (" proxy" if t.proxy else "")) for t in items], className="tiles")


def _drawn(tile: Tile) -> Content:
    number = [html.Span(tile.value, className="tile-value"), html.Span(tile.interval, className="tile-interval")]
    parts: list[Content] = [html.H2(tile.name, className="tile-name"), html.P(number, className="tile-line")]
    if tile.verdict:
        glyph = html.Span(tile.verdict.glyph, className="glyph", **{"aria-hidden": "true"}) if tile.verdict.glyph else None
        parts.append(html.P([glyph, html.Span(tile.verdict.text)], className=f"verdict {tile.verdict.tone}"))
    if tile.base:
        parts.append(html.P(tile.base, className="note"))
    return parts


def plain(text: str) -> Verdict:
    """Words without a judgement."""
    return Verdict("", text)
