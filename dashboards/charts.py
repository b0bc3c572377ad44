"""Figures as plain dicts: estimates with their intervals, observed against expected, counts in time.

Text, ticks, grid and hover boxes take their colours from assets/earshot.css, so light and dark need no second figure. Three
hues carry all meaning (blue: ours, observed, positive; orange: negative, outside, late; grey: neutral, expected, rivals,
before); form always says it too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

BLUE, ORANGE, GREY = "#2176C7", "#CC5A12", "#7D8590"
BLUE_FILL, GREY_FILL = "rgba(33,118,199,0.18)", "rgba(125,133,144,0.28)"
CLEAR = "rgba(0,0,0,0)"
LIMIT = 2000  # points in one figure: more is a mistake of the caller

# Without this, Plotly 7 puts a button on each chart that posts its data to a cloud.
GRAPH_CONFIG: dict[str, Any] = {
    "showSendToCloud": False, "plotlyServerURL": "", "displaylogo": False, "displayModeBar": False,
    "responsive": True, "scrollZoom": False, "doubleClick": False, "showTips": False,
}

Figure = dict[str, Any]


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
class Mark:
    """A vertical line with its label, such as an onset."""

    at: datetime
    label: str


@dataclass(frozen=True, slots=True)
class Series:
    """Counts in time under one name."""

    name: str
    colour: str
    values: tuple[float | None, ...]
    pattern: str = ""  # "/" hatches what has no meaning of its own, such as mentions without a score


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M")


def _short(value: float | None) -> float | None:
    """Four significant figures are more than a screen shows, and a fifth of the bytes."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.4g}")


def _figure(traces: list[dict[str, Any]], **layout: Any) -> Figure:
    points = sum(len(t.get("x", ())) for t in traces)
    if points > 2 * LIMIT:
        raise ValueError(f"{points} points in one figure; take wider buckets")
    base: dict[str, Any] = {
        "autosize": True, "showlegend": False, "paper_bgcolor": CLEAR, "plot_bgcolor": CLEAR, "hovermode": "closest",
        "hoverlabel": {"align": "left", "font": {"size": 13}}, "dragmode": False, "bargap": 0.25,
        "font": {"family": "system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif", "size": 13},
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8, "pad": 4},
    }
    return {"data": traces, "layout": base | layout}


def _time_axis(moments: Sequence[datetime], **more: Any) -> dict[str, Any]:
    days = bool(moments) and (moments[-1] - moments[0]).total_seconds() > 49 * 3600
    axis: dict[str, Any] = {
        "type": "date", "tickformat": "%-d %b" if days else "%H:%M", "nticks": 6, "tickangle": 0, "showgrid": False,
        "zeroline": False, "automargin": True, "fixedrange": True, "ticks": "outside", "ticklen": 4, "hoverformat": "%-d %b %H:%M",
    }
    if days and (moments[-1] - moments[0]).days <= 8:
        axis |= {"tickformat": "%a %-d", "dtick": 86_400_000, "nticks": 0}
    return axis | more


def _value_axis(**more: Any) -> dict[str, Any]:
    return {
        "automargin": True, "fixedrange": True, "nticks": 5, "zeroline": False, "separatethousands": True, "rangemode": "normal",
    } | more


def _runs(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Stretches of points without a gap in their interval."""
    run: list[Point] = []
    for point in points:
        if point.low is None or point.high is None:
            if run:
                yield run
            run = []
        else:
            run.append(point)
    if run:
        yield run


def _area(points: Sequence[Point], colour: str) -> dict[str, Any]:
    """The band between low and high, as one polygon a stretch: a fill between two lines would bridge gaps."""
    x: list[str | None] = []
    y: list[float | None] = []
    for run in _runs(points):
        x += [_iso(p.at) for p in run] + [_iso(p.at) for p in reversed(run)] + [None]
        y += [_short(p.high) for p in run] + [_short(p.low) for p in reversed(run)] + [None]
    return {
        "type": "scatter", "mode": "lines", "x": x, "y": y, "fill": "toself", "fillcolor": colour, "line": {"width": 0},
        "hoverinfo": "skip",
    }


def _label(text: str, at: datetime, y: float, **more: Any) -> dict[str, Any]:
    return {"text": text, "x": _iso(at), "y": _short(y), "showarrow": False, "xanchor": "right", "yanchor": "bottom", "font": {"size": 13}} | more


def band(
    points: Sequence[Point], *, step: bool = False, zero: bool = False, suffix: str = "", marks: Sequence[Mark] = (), colour: str = BLUE,
    partial: bool = False,
) -> Figure:
    """An estimate in time: a line with its 95 % band, or whiskers when there are fewer than 12 points.

    Args:
        step: hold each value until the next, as waiting-time curves do.
        zero: draw the zero line.
        partial: the last point is of a period that is still going on; its segment is dotted.
    """
    x, y = [_iso(p.at) for p in points], [_short(p.value) for p in points]
    few = len(points) < 12 and not step
    shape = "hv" if step else "linear"
    line = {
        "type": "scatter", "mode": "lines+markers" if few else "lines", "x": x, "y": y, "connectgaps": False,
        "line": {"color": colour, "width": 2.5, "shape": shape}, "marker": {"size": 8, "color": colour},
        "text": [p.hover for p in points], "hovertemplate": "%{text}<extra></extra>",
    }
    traces: list[dict[str, Any]] = []
    if few:
        line["error_y"] = {
            "type": "data", "symmetric": False, "color": colour, "thickness": 1.5, "width": 0,
            "array": [_gap(p.high, p.value) for p in points], "arrayminus": [_gap(p.value, p.low) for p in points],
        }
    else:
        traces.append(_area(points, BLUE_FILL if colour == BLUE else GREY_FILL))
    traces.append(line)
    if not few:
        last = next((p for p in reversed(points) if p.value is not None), None)
        if last is not None and not step:
            traces.append({
                "type": "scatter", "mode": "markers", "x": [_iso(last.at)], "y": [_short(last.value)], "hoverinfo": "skip",
                "marker": {"size": 9, "color": colour, "symbol": "circle-open" if partial else "circle", "line": {"width": 2}},
            })
    shapes, notes = _drawn(marks)
    return _figure(
        traces, xaxis=_time_axis([p.at for p in points]), hovermode="x",
        yaxis=_value_axis(ticksuffix=suffix, zeroline=zero, zerolinewidth=1.5), shapes=shapes, annotations=notes,
    )


def _gap(high: float | None, low: float | None) -> float | None:
    return None if high is None or low is None else _short(high - low)


def _drawn(marks: Sequence[Mark]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    shapes = [
        {"type": "line", "x0": _iso(m.at), "x1": _iso(m.at), "yref": "paper", "y0": 0, "y1": 1, "line": {"color": GREY, "width": 1.5, "dash": "dash"}}
        for m in marks
    ]
    notes = [
        {"text": m.label, "x": _iso(m.at), "yref": "paper", "y": 1, "yanchor": "bottom", "xanchor": "center", "showarrow": False, "font": {"size": 13}}
        for m in marks
    ]
    return shapes, notes


def expected(points: Sequence[Point], *, marks: Sequence[Mark] = (), suffix: str = "", names: bool = True) -> Figure:
    """Observed against expected: grey band and dotted centre, blue line, orange diamonds where it is outside."""
    x = [_iso(p.at) for p in points]
    out = [p for p in points if p.outside and p.value is not None]
    traces: list[dict[str, Any]] = [
        _area(points, GREY_FILL),
        {
            "type": "scatter", "mode": "lines", "x": x, "y": [_short(p.centre) for p in points], "hoverinfo": "skip",
            "line": {"color": GREY, "width": 1.5, "dash": "dot"},
        },
        {
            "type": "scatter", "mode": "lines", "x": x, "y": [_short(p.value) for p in points], "line": {"color": BLUE, "width": 2},
            "text": [p.hover for p in points], "hovertemplate": "%{text}<extra></extra>",
        },
        {
            "type": "scatter", "mode": "markers", "x": [_iso(p.at) for p in out], "y": [_short(p.value) for p in out], "hoverinfo": "skip",
            "marker": {"symbol": "diamond", "size": 8, "color": ORANGE},
        },
    ]
    shapes, notes = _drawn(marks)
    figure = _figure(
        traces, hovermode="x", xaxis=_time_axis([p.at for p in points]), shapes=shapes, annotations=notes,
        yaxis=_value_axis(ticksuffix=suffix, rangemode="tozero"),
    )
    if marks:
        figure["layout"]["margin"] = figure["layout"]["margin"] | {"t": 28}
    return figure


def dots(rows: Sequence[Dot], *, suffix: str = "", zero: bool = False, bars: bool = False, right: int = 118) -> Figure:
    """Estimates with whiskers, one row each, best first; hollow where the difference may be chance; words at the right edge.

    Args:
        bars: start bars at zero instead of dots, for shares and counts.
        right: width kept for the words, in pixels.
    """
    names = [r.name for r in rows]
    whiskers = {
        "type": "data", "symmetric": False, "thickness": 1.5, "width": 0, "color": GREY,
        "array": [_gap(r.high, r.value) for r in rows], "arrayminus": [_gap(r.value, r.low) for r in rows],
    }
    common = {
        "x": [_short(r.value) for r in rows], "y": names, "error_x": whiskers,
        "text": [r.hover or f"{r.name}: {r.words}" for r in rows], "hovertemplate": "%{text}<extra></extra>",
    }
    if bars:
        trace = common | {"type": "bar", "orientation": "h", "width": 0.5, "textposition": "none", "marker": {"color": [r.colour for r in rows]}}
    else:
        trace = common | {
            "type": "scatter", "mode": "markers",
            "marker": {
                "size": 11, "color": [r.colour for r in rows], "symbol": ["circle" if r.filled else "circle-open" for r in rows],
                "line": {"width": 2},
            },
        }
    notes = [
        {
            "text": r.words, "xref": "paper", "x": 1, "xanchor": "left", "xshift": 10, "y": r.name, "yref": "y", "showarrow": False,
            "align": "left", "font": {"size": 13},
        }
        for r in rows
    ]
    return _figure(
        [trace], annotations=notes, margin={"l": 8, "r": right, "t": 4, "b": 8, "pad": 6},
        xaxis=_value_axis(ticksuffix=suffix, zeroline=zero, zerolinewidth=1.5, rangemode="tozero" if bars else "normal", nticks=4),
        yaxis={
            "type": "category", "autorange": "reversed", "automargin": True, "fixedrange": True, "showgrid": False, "ticks": "",
            "categoryorder": "array", "categoryarray": names,
        },
    )


def columns(moments: Sequence[datetime], series: Sequence[Series], *, before: Sequence[float | None] = (), hover: Sequence[str] = ()) -> Figure:
    """Counts in time, stacked; the period before as a dotted grey line."""
    x = [_iso(m) for m in moments]
    traces: list[dict[str, Any]] = [
        {
            "type": "bar", "x": x, "y": list(s.values), "name": s.name, "hoverinfo": "skip" if hover else "y",
            "marker": {"color": s.colour, "line": {"width": 0}} | ({"pattern": {"shape": s.pattern, "size": 5}} if s.pattern else {}),
        }
        for s in series
    ]
    if any(v is not None for v in before):
        traces.append({
            "type": "scatter", "mode": "lines", "x": x, "y": list(before), "hoverinfo": "skip",
            "line": {"color": GREY, "width": 2, "dash": "dot"},
        })
    if hover:
        total = [sum(v for v in at if v is not None) for at in zip(*(s.values for s in series), strict=True)]
        traces.append({
            "type": "scatter", "mode": "markers", "x": x, "y": total, "marker": {"opacity": 0, "size": 12},
            "text": list(hover), "hovertemplate": "%{text}<extra></extra>",
        })
    return _figure(traces, barmode="stack", hovermode="x", xaxis=_time_axis(moments), yaxis=_value_axis(rangemode="tozero"))


def curve(
    points: Sequence[tuple[float, float, float, float, str]], *, mark: tuple[float, str], longest: float, suffix: str = " %"
) -> Figure:
    """A share that grows with waiting time, as steps with their band: (minutes, value, low, high, hover) each; `mark` is a target."""
    minutes = [0.0, *(p[0] for p in points), longest]
    value, low, high = ([0.0, *(_short(p[i]) for p in points)] for i in (1, 2, 3))
    for line in (value, low, high):
        line.append(line[-1])
    edge = {"type": "scatter", "mode": "lines", "x": minutes, "hoverinfo": "skip", "line": {"width": 0, "shape": "hv"}}
    traces = [
        edge | {"y": low}, edge | {"y": high, "fill": "tonexty", "fillcolor": BLUE_FILL},
        {
            "type": "scatter", "mode": "lines", "x": minutes, "y": value, "line": {"color": BLUE, "width": 2.5, "shape": "hv"},
            "text": ["", *(p[4] for p in points), ""], "hovertemplate": "%{text}<extra></extra>",
        },
    ]
    step = next(s for s in (15, 30, 60, 120, 240, 480, 1440, 2880, 10080) if longest / s <= 6) if longest <= 60480 else 20160
    ticks = [step * i for i in range(int(longest // step) + 1)]
    return _figure(
        traces, hovermode="x",
        xaxis={
            "type": "linear", "range": [0, longest], "tickvals": ticks, "ticktext": [_minutes(t) for t in ticks], "fixedrange": True, "showgrid": False,
            "zeroline": False, "automargin": True, "ticks": "outside", "ticklen": 4, "tickangle": 0,
        },
        yaxis=_value_axis(ticksuffix=suffix, range=[0, 102], tickvals=[0, 25, 50, 75, 100]),
        shapes=[{"type": "line", "x0": mark[0], "x1": mark[0], "yref": "paper", "y0": 0, "y1": 1, "line": {"color": GREY, "width": 1.5, "dash": "dash"}}],
        annotations=[{"text": mark[1], "x": mark[0], "yref": "paper", "y": 1, "yanchor": "bottom", "xanchor": "center", "showarrow": False, "font": {"size": 13}}],
        margin={"l": 8, "r": 16, "t": 28, "b": 8, "pad": 4},
    )


def _minutes(value: float) -> str:
    return f"{value:.0f} min" if value < 60 or value % 60 else f"{value / 60:.0f} h" if value < 2880 else f"{value / 1440:.0f} d"


def heat(rows: Sequence[str], cols: Sequence[str], values: Sequence[Sequence[float | None]], texts: Sequence[Sequence[str]]) -> Figure:
    """Five steps of blue with the number written in each cell."""
    shades = ["rgba(33,118,199,0.06)", "rgba(33,118,199,0.16)", "rgba(33,118,199,0.28)", "rgba(33,118,199,0.42)", "rgba(33,118,199,0.58)"]
    scale = [[(i + j) / 5, shade] for i, shade in enumerate(shades) for j in (0, 1)]
    trace = {
        "type": "heatmap", "x": list(cols), "y": list(rows), "z": [[_short(v) for v in row] for row in values], "text": [list(t) for t in texts],
        "texttemplate": "%{text}", "showscale": False, "colorscale": scale, "xgap": 3, "ygap": 3, "hoverinfo": "skip",
    }
    axis = {"type": "category", "fixedrange": True, "showgrid": False, "automargin": True, "ticks": ""}
    return _figure([trace], xaxis=axis | {"side": "top", "tickangle": 0}, yaxis=axis | {"autorange": "reversed"})
