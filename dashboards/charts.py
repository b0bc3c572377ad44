"""The charts: estimates with their intervals, observed against expected, counts in time, waiting times, hours of the week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboards import drawing as d
from dashboards.drawing import (
    BLUE,
    GREY,
    ORANGE,
    Figure,
    Mark,
    Point,
    Trace,
    figure,
    iso,
    margin,
    note,
    short,
    spoken,
    value_axis,
)

FEW = 12  # points: fewer have whiskers, more a band

# Without this, Plotly 7 puts a button on each chart that posts its data to a cloud.
GRAPH_CONFIG: dict[str, Any] = {
    "showSendToCloud": False, "plotlyServerURL": "", "displaylogo": False, "displayModeBar": False,
    "responsive": True, "scrollZoom": False, "doubleClick": False, "showTips": False,
}


@dataclass(frozen=True, slots=True)
class Dot:
    """A named estimate with its interval. Filled: more than chance. `words` are written at the right edge."""

    name: str
    value: float
    low: float
    high: float
    words: str
    colour: str = BLUE
    filled: bool = True
    hover: str = ""


@dataclass(frozen=True, slots=True)
class Ring:
    """An alert on a line of its own: a page, a watch, or a rule that only knows to ring."""

    lane: str
    at: datetime
    kind: str  # page, watch, ring
    hover: str


@dataclass(frozen=True, slots=True)
class Series:
    """Counts in time under one name."""

    name: str
    colour: str
    values: tuple[float | None, ...]
    pattern: str = ""  # "/" hatches what has no meaning of its own, such as mentions without a score


def band(points: Sequence[Point], *, zero: bool = False, suffix: str = "") -> Figure:
    """An estimate in time: a line with its 95 % band, or whiskers when there are few points. `zero` draws the zero line."""
    few = len(points) < FEW
    line: Trace = {
        "type": "scatter", "mode": "lines+markers" if few else "lines", "x": [iso(p.at) for p in points],
        "y": [short(p.value) for p in points], "connectgaps": False, "line": {"color": BLUE, "width": 2.5},
        "marker": {"size": 8, "color": BLUE},
    } | spoken([p.hover for p in points])
    traces = [line]
    if few:
        line["error_y"] = _whiskers([(p.value, p.low, p.high) for p in points], BLUE)
    else:
        traces.insert(0, d.area(points, d.BLUE_FILL))
        last = [p for p in points if p.value is not None][-1:]
        end: Trace = {"type": "scatter", "mode": "markers", "hoverinfo": "skip", "marker": {"size": 9, "color": BLUE}}
        traces.append(end | {"x": [iso(p.at) for p in last], "y": [short(p.value) for p in last]})
    return figure(traces, xaxis=d.time_axis([p.at for p in points]), yaxis=value_axis(ticksuffix=suffix, zeroline=zero))


def lines(named: Sequence[tuple[str, str, Sequence[Point]]], *, suffix: str = "") -> Figure:
    """A few estimates in time, each (name, colour, points) with whiskers and its name beside its last point."""
    traces: list[Trace] = []
    ends: list[tuple[float, str]] = []
    for name, colour, points in named:
        traces.append({
            "type": "scatter", "mode": "lines+markers", "x": [iso(p.at) for p in points], "y": [short(p.value) for p in points],
            "line": {"color": colour, "width": 2.5}, "marker": {"size": 8, "color": colour},
            "error_y": _whiskers([(p.value, p.low, p.high) for p in points], colour),
        } | spoken([p.hover for p in points]))
        ends += [(p.value, name) for p in points if p.value is not None][-1:]
    tallest = max((p.high for _, _, points in named for p in points if p.high is not None), default=1) or 1
    return figure(
        traces,
        xaxis=d.time_axis([p.at for p in named[0][2]]) if named else {},
        yaxis=value_axis(ticksuffix=suffix, rangemode="tozero"),
        margin=margin(right=88),
        annotations=d.beside(ends, tallest),
    )


def _whiskers(ends: Sequence[tuple[float | None, float | None, float | None]], colour: str) -> dict[str, Any]:
    return {
        "type": "data", "symmetric": False, "color": colour, "thickness": 1.5, "width": 0,
        "array": [d.gap(high, value) for value, _, high in ends], "arrayminus": [d.gap(value, low) for value, low, _ in ends],
    }


def expected(points: Sequence[Point], *, marks: Sequence[Mark] = (), suffix: str = "") -> Figure:
    """Observed against expected: grey band and dotted centre, blue line, orange diamonds where it is outside."""
    x = [iso(p.at) for p in points]
    out = [p for p in points if p.outside and p.value is not None]
    line: Trace = {"type": "scatter", "mode": "lines", "x": x}
    dotted = {"color": GREY, "width": 1.5, "dash": "dot"}
    centre = line | {"y": [short(p.centre) for p in points], "line": dotted, "hoverinfo": "skip"}
    seen = line | {"y": [short(p.value) for p in points], "line": {"color": BLUE, "width": 2}} | spoken([p.hover for p in points])
    diamond: Trace = {
        "type": "scatter",
        "mode": "markers",
        "hoverinfo": "skip",
        "marker": {"symbol": "diamond", "size": 8, "color": ORANGE},
    }
    diamonds = diamond | {"x": [iso(p.at) for p in out], "y": [short(p.value) for p in out]}
    drawn = d.marked(marks)
    lines = (([p.value for p in points], "observed"), ([p.centre for p in points], "expected"))
    ends = [(next((v for v in reversed(values) if v is not None), None), name) for values, name in lines]
    tallest = max((v for p in points for v in (p.value, p.high) if v is not None), default=1) or 1
    drawn["annotations"] += d.beside([(y, name) for y, name in ends if y is not None], tallest)
    return figure(
        [d.area(points, d.GREY_FILL), centre, seen, diamonds],
        xaxis=d.time_axis([p.at for p in points]), yaxis=value_axis(ticksuffix=suffix, rangemode="tozero"),
        margin=margin(right=72, top=28 if marks else 12), **drawn,
    )


def dots(rows: Sequence[Dot], *, suffix: str = "", zero: bool = False, bars: bool = False, right: int = 118) -> Figure:
    """Estimates with whiskers, one row each, best first; hollow where the difference may be chance; words at the right edge.

    Args:
        bars: bars from zero instead of dots, for shares and counts.
        right: width kept for the words, in pixels.
    """
    colours = [r.colour for r in rows]
    trace: Trace = {
        "x": [short(r.value) for r in rows], "y": [r.name for r in rows],
        "error_x": _whiskers([(r.value, r.low, r.high) for r in rows], GREY),
    } | spoken([r.hover or f"{r.name}: {r.words}" for r in rows])
    if bars:
        trace |= {"type": "bar", "orientation": "h", "width": 0.5, "textposition": "none", "marker": {"color": colours}}
    else:
        symbols = ["circle" if r.filled else "circle-open" for r in rows]
        marker = {"size": 11, "color": colours, "symbol": symbols, "line": {"width": 2, "color": colours}}
        trace |= {"type": "scatter", "mode": "markers", "marker": marker}
    return figure(
        [trace], hovermode="closest", margin=margin(right=right, top=4, pad=6),
        annotations=[note(r.words, xref="paper", x=1, xanchor="left", xshift=10, y=r.name, yref="y", align="left") for r in rows],
        xaxis=value_axis(
            ticksuffix=suffix, zeroline=zero, rangemode="tozero" if bars or zero else "normal", nticks=3 if bars else 4,
            tickangle=0,
        ),
        yaxis={
            "type": "category", "range": [len(rows) - 0.5, -0.5], "automargin": True, "fixedrange": True, "showgrid": False,
            "ticks": "", "categoryorder": "array", "categoryarray": [r.name for r in rows],
        },
    )


def lanes(
    names: Sequence[str], rings: Sequence[Ring], *, moments: Sequence[datetime], until: datetime, marks: Sequence[Mark] = ()
) -> Figure:
    """When each rule rang, one line each: a page is a filled diamond, a watch a hollow circle, a bare ring a stroke."""
    looks: dict[str, dict[str, Any]] = {
        "ring": {"symbol": "line-ns", "size": 12, "color": GREY, "line": {"width": 1.5, "color": GREY}},
        "watch": {"symbol": "circle-open", "size": 10, "color": BLUE, "line": {"width": 2, "color": BLUE}},
        "page": {"symbol": "diamond", "size": 12, "color": ORANGE},
    }
    traces: list[Trace] = []
    for kind, look in looks.items():
        own = [r for r in rings if r.kind == kind]
        place = {"x": [iso(r.at) for r in own], "y": [r.lane for r in own], "marker": look, "cliponaxis": False}
        traces.append({"type": "scatter", "mode": "markers", **place} | spoken([r.hover for r in own]))
    axis = d.time_axis(moments[:: max(1, len(moments) // 4)])  # the names of the lines leave little room on a phone
    return figure(
        traces, hovermode="closest", margin=margin(top=28 if marks else 12, right=20, pad=6),
        xaxis=axis | {"range": [iso(moments[0]), iso(until)], "autorange": False},
        yaxis={
            "type": "category", "range": [len(names) - 0.5, -0.5], "automargin": True, "fixedrange": True, "ticks": "",
            "categoryorder": "array", "categoryarray": list(names), "showgrid": True,
        },
        **d.marked(marks),
    )


def columns(
    moments: Sequence[datetime], series: Sequence[Series], *, before: Sequence[float | None] = (), hover: Sequence[str] = ()
) -> Figure:
    """Counts in time, stacked, named beside the last one; the period before as a dotted grey line."""
    x = [iso(m) for m in moments]
    traces: list[Trace] = []
    for part in series:
        pattern = {"pattern": {"shape": part.pattern, "size": 5}} if part.pattern else {}
        traces.append(
            {"type": "bar", "x": x, "y": list(part.values), "hoverinfo": "skip", "marker": {"color": part.colour} | pattern}
        )
    if any(v is not None for v in before):
        dotted = {"color": GREY, "width": 2, "dash": "dot"}
        traces.append({"type": "scatter", "mode": "lines", "x": x, "y": list(before), "hoverinfo": "skip", "line": dotted})
    total = [sum(v or 0 for v in at) for at in zip(*(s.values for s in series), strict=True)]
    unseen = {"opacity": 0, "size": 12}
    traces.append({"type": "scatter", "mode": "markers", "x": x, "y": total, "marker": unseen} | spoken(hover))
    return figure(
        traces, barmode="stack", xaxis=d.time_axis(moments), yaxis=value_axis(rangemode="tozero"), margin=margin(right=88),
        annotations=d.beside(_middles(series, before), max(total, default=0) or 1),
    )


def _middles(series: Sequence[Series], before: Sequence[float | None]) -> list[tuple[float, str]]:
    """Where to name the parts of the last column: at their middles."""
    base, wanted = 0.0, []
    for part in series:
        value = part.values[-1] or 0.0 if part.values else 0.0
        wanted.append((base + value / 2, part.name))
        base += value
    line = next((v for v in reversed(before) if v is not None), None)
    return wanted if line is None else [*wanted, (line, "before")]


def curve(points: Sequence[tuple[float, float, float, float, str]], *, target: Mark, longest: float) -> Figure:
    """A share that grows with waiting time, as steps with their band: (minutes, value, low, high, hover) each, in per cent."""
    minutes = [0.0, *(p[0] for p in points), longest]
    value, low, high = ([0.0, *(short(v) for v in line)] for line in zip(*(p[1:4] for p in points), strict=True))
    for line in (value, low, high):
        line.append(line[-1])
    edge: Trace = {"type": "scatter", "mode": "lines", "x": minutes, "hoverinfo": "skip", "line": {"width": 0, "shape": "hv"}}
    steps: Trace = {
        "type": "scatter",
        "mode": "lines",
        "x": minutes,
        "y": value,
        "line": {"color": BLUE, "width": 2.5, "shape": "hv"},
    }
    steps |= spoken(["", *(p[4] for p in points), ""])
    size = next((s for s in (15, 30, 60, 120, 240, 480, 1440, 2880, 10080) if longest / s <= 6), 20160)
    ticks = [size * i for i in range(int(longest // size) + 1)]
    shares = (0, 25, 50, 75, 100)
    return figure(
        [edge | {"y": low}, edge | {"y": high, "fill": "tonexty", "fillcolor": d.BLUE_FILL}, steps],
        xaxis=value_axis(
            range=[0, longest],
            tickvals=ticks,
            ticktext=[_minutes(t) for t in ticks],
            showgrid=False,
            ticks="outside",
            tickangle=0,
        ),
        yaxis=value_axis(range=[0, 102], tickvals=shares, ticktext=[f"{s} %" for s in shares]),
        margin=margin(right=16, top=28),
        **d.marked([target]),
    )


def _minutes(value: float) -> str:
    """
    >>> _minutes(30), _minutes(120), _minutes(4320)
    ('30 min', '2 h', '3 d')
    """
    if value < 60 or value % 60:
        return f"{value:.0f} min"
    return f"{value / 60:.0f} h" if value < 2880 else f"{value / 1440:.0f} d"


def heat(
    rows: Sequence[str], cols: Sequence[str], values: Sequence[Sequence[float | None]], texts: Sequence[Sequence[str]]
) -> Figure:
    """Five steps of blue with the number written in each cell; a cell with too little to say is empty."""
    shades = [f"rgba(33,118,199,{alpha})" for alpha in (0.06, 0.16, 0.28, 0.42, 0.58)]
    scale = [[(i + edge) / 5, shade] for i, shade in enumerate(shades) for edge in (0, 1)]
    trace: Trace = {
        "type": "heatmap", "x": list(cols), "y": list(rows), "z": [[short(v) for v in row] for row in values],
        "text": [list(t) for t in texts], "texttemplate": "%{text}", "showscale": False, "colorscale": scale, "xgap": 3,
        "ygap": 3, "hoverinfo": "skip",
    }
    axis = {"type": "category", "fixedrange": True, "showgrid": False, "automargin": True, "ticks": ""}
    return figure([trace], xaxis=axis | {"side": "top", "tickangle": 0}, yaxis=axis | {"autorange": "reversed"})
