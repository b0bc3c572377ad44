"""What all charts are drawn with: colours, axes, notes, bands, whiskers. A figure is a plain dict.

Text, ticks, grid and hover boxes take their colours from assets/earshot.css, so light and dark need no second figure. Three
hues carry all meaning (blue: ours, observed, positive; orange: negative, outside, late; grey: neutral, expected, rivals,
before); form always says it too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

BLUE, ORANGE, GREY = "#2176C7", "#CC5A12", "#7D8590"
BLUE_FILL, GREY_FILL = "rgba(33,118,199,0.18)", "rgba(125,133,144,0.28)"
LIMIT = 2000  # points in one figure: more is a mistake of the caller
SIZE = 13
FONT = {"family": "system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif", "size": SIZE}
CLEAR = "rgba(0,0,0,0)"

Figure = dict[str, Any]
Trace = dict[str, Any]
Note = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Point:
    """An estimate at a moment of local time, or an observation with what was expected; None is a gap, never zero."""

    at: datetime
    value: float | None
    low: float | None = None
    high: float | None = None
    centre: float | None = None  # what was expected
    outside: bool = False
    hover: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line with its label, such as an onset."""

    at: datetime | float
    label: str


def iso(at: datetime | float) -> str | float:
    """A moment as charts take it: local time to the minute."""
    return at.strftime("%Y-%m-%dT%H:%M") if isinstance(at, datetime) else at


def short(value: float | None) -> float | None:
    """Four significant figures: more than a screen shows, and a fifth of the bytes. What is not finite is a gap.

    >>> short(0.123456), short(float("nan"))
    (0.1235, None)
    """
    return float(f"{value:.4g}") if value is not None and math.isfinite(value) else None


def figure(traces: list[Trace], **layout: Any) -> Figure:
    """A figure of these traces.

    Raises:
        ValueError: it has more points than anybody can see.
    """
    points = sum(len(t.get("x", ())) for t in traces)
    if points > 2 * LIMIT:
        raise ValueError(f"{points} points in one figure; take wider buckets")
    base: Figure = {
        "autosize": True,
        "showlegend": False,
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "hovermode": "x",
        "dragmode": False,
        "hoverlabel": {"align": "left", "font": {"size": SIZE}},
        "bargap": 0.25,
        "font": FONT,
        "margin": margin(),
    }
    return {"data": traces, "layout": base | layout}


def margin(*, right: int = 12, top: int = 12, pad: int = 4) -> dict[str, int]:
    """Space around a chart, in pixels."""
    return {"l": 8, "r": right, "t": top, "b": 8, "pad": pad}


def time_axis(moments: Sequence[datetime]) -> dict[str, Any]:
    """Hours, days or weeks, labelled so that they fit a phone: at most seven days side by side, or five dates."""
    axis: dict[str, Any] = {
        "type": "date", "tickformat": "%H:%M", "nticks": 6, "tickangle": 0, "showgrid": False, "zeroline": False,
        "automargin": True, "fixedrange": True, "ticks": "outside", "ticklen": 4,
    }
    if len(moments) < 2 or moments[1] - moments[0] < timedelta(days=1):
        return axis
    week = len(moments) <= 7 and moments[1] - moments[0] < timedelta(days=7)
    shown = list(moments)[::-1][:: 1 if week else -(-len(moments) // 5)][::-1]
    texts = [f"{m:%a}"[:2] + f"<br>{m.day}" if week else f"{m.day} {m:%b}" for m in shown]
    return axis | {"tickvals": [iso(m) for m in shown], "ticktext": texts}


def value_axis(**more: Any) -> dict[str, Any]:
    """An axis of numbers with five ticks."""
    return {
        "automargin": True,
        "fixedrange": True,
        "nticks": 5,
        "zeroline": False,
        "zerolinewidth": 1.5,
        "separatethousands": True,
    } | more


def note(text: str, **place: Any) -> Note:
    """Words on a chart."""
    return {"text": text, "showarrow": False, "font": {"size": SIZE}} | place


def beside(wanted: Sequence[tuple[float, str]], tallest: float) -> list[Note]:
    """Names at the right edge at these heights, moved up where two would touch: instead of a legend."""
    at, notes = -math.inf, []
    for y, name in sorted(wanted):
        at = max(y, at + tallest * 0.1)
        notes.append(note(name, xref="paper", x=1, xanchor="left", xshift=6, y=short(at), yref="y"))
    return notes


def marked(marks: Sequence[Mark]) -> dict[str, Any]:
    """Shapes and notes of vertical lines."""
    line = {"color": GREY, "width": 1.5, "dash": "dash"}
    shapes = [{"type": "line", "x0": iso(m.at), "x1": iso(m.at), "yref": "paper", "y0": 0, "y1": 1, "line": line} for m in marks]
    notes = [note(m.label, x=iso(m.at), yref="paper", y=1, yanchor="bottom", xanchor="center") for m in marks]
    return {"shapes": shapes, "annotations": notes}


def spoken(hovers: Sequence[str]) -> dict[str, Any]:
    """What a trace says when it is pointed at."""
    return {"text": list(hovers), "hovertemplate": "%{text}<extra></extra>"}


def gap(high: float | None, low: float | None) -> float | None:
    """Length of one side of a whisker."""
    return None if high is None or low is None else short(high - low)


def area(points: Sequence[Point], colour: str) -> Trace:
    """The band between low and high, as one polygon a stretch: a fill between two lines would bridge gaps."""
    x: list[Any] = []
    y: list[float | None] = []
    for run in _runs(points):
        x += [iso(p.at) for p in run] + [iso(p.at) for p in reversed(run)] + [None]
        y += [short(p.high) for p in run] + [short(p.low) for p in reversed(run)] + [None]
    shape = {"type": "scatter", "mode": "lines", "fill": "toself", "fillcolor": colour, "line": {"width": 0}, "hoverinfo": "skip"}
    return shape | {"x": x, "y": y}


def _runs(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Stretches of points without a gap in their interval."""
    run: list[Point] = []
    for point in points:
        if point.low is not None and point.high is not None:
            run.append(point)
        elif run:
            yield run
            run = []
    if run:
        yield run
