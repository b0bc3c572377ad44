"""The blocks that every page is made of: tiles, panels, tables, mentions, timelines and the notices that stand in for them.

Everything that comes from outside is handed to Dash as text, which the browser never reads as markup; links are kept only
when they lead to http or https.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from dash import dcc, html

from dashboards import words
from dashboards.charts import GRAPH_CONFIG
from dashboards.metrics import FLOOR, Change, Estimate
from dashboards.page import Content, Page, Panel, Slot

EMPTY_FIGURE: dict[str, Any] = {
    "data": [], "layout": {"xaxis": {"visible": False}, "yaxis": {"visible": False}, "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)"}
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a change amounts to: by glyph and by words; `tone` is good, bad, plain or quiet."""

    glyph: str
    text: str
    tone: str = "quiet"


@dataclass(frozen=True, slots=True)
class Tile:
    """One number with its interval, its verdict and its base."""

    name: str
    value: str
    interval: str = ""
    verdict: Verdict | None = None
    base: str = ""
    href: str = ""
    proxy: bool = False  # an upper bound or a stand-in: dashed outline


def verdict(change: Change | None, *, better: int, unit: str, why_not: str = "") -> Verdict:
    """A change in words. `better`: +1 when a rise is good, -1 when it is bad, 0 when it is neither.

    >>> verdict(Change(-23, -29, -17, 0.0, True), better=1, unit="points").text
    'fell 23 points (17 to 29)'
    """
    if change is None:
        return Verdict(words.NONE, why_not or "nothing to compare with")
    if not change.real:
        return Verdict("≈", "no real change")
    size, ends = abs(change.value), sorted((abs(change.low), abs(change.high)))
    up = change.value > 0
    tone = "plain" if not better else "good" if (up and better > 0) or (not up and better < 0) else "bad"
    text = f"{'rose' if up else 'fell'} {size:.0f} {unit} ({ends[0]:.0f} to {ends[1]:.0f})"
    return Verdict("▲" if up else "▼", text, tone)


def too_few(name: str, n: int, base: str = "") -> Tile:
    """A tile that keeps its place when there is too little to say."""
    what = f"too few to say: n = {words.count(n)}, needs {FLOOR}" if n < FLOOR else "too uncertain to say: more than 15 points either way"
    return Tile(name, words.NONE, verdict=Verdict("?", what), base=base)


def interval(estimate: Estimate, form: Any) -> str:
    """'−18 to −10', never a dash between signed numbers."""
    return f"{form(estimate.low)} to {form(estimate.high)}"


def tiles(items: Sequence[Tile]) -> Content:
    return html.Ul([html.Li(_tile(t), className="tile card" + (" proxy" if t.proxy else "")) for t in items], className="tiles")


def _tile(tile: Tile) -> Content:
    parts: list[Content] = [
        html.H2(tile.name, className="tile-name"),
        html.P([html.Span(tile.value, className="tile-value"), html.Span(tile.interval, className="tile-interval")], className="tile-line"),
    ]
    if tile.verdict:
        parts.append(html.P(
            [html.Span(tile.verdict.glyph, className="glyph", **{"aria-hidden": "true"}), html.Span(tile.verdict.text)],
            className=f"verdict {tile.verdict.tone}",
        ))
    if tile.base:
        parts.append(html.P(tile.base, className="note"))
    return parts


def panel(page: Page, slot: Slot, content: Panel) -> Content:
    """A section: title, one sentence, a chart of fixed height with its words for screen readers, and the table behind it."""
    start = f"{page.key}-{slot.name}"
    filled = panel_parts(content, slot)
    return [
        html.H2(filled[0], id=f"{start}-title"),
        html.P(filled[1], id=f"{start}-takeaway", className="takeaway"),
        html.Div(
            [
                html.Div(
                    dcc.Graph(id=f"{start}-graph", figure=filled[2], config=GRAPH_CONFIG, responsive=True, className="graph"),
                    id=f"{start}-plot", role="img", className="picture", **{"aria-label": filled[3]},
                ),
                html.Div(filled[4], id=f"{start}-notice", className="in-plot"),
            ],
            className=f"plot {slot.height}",
        ),
        html.Details([html.Summary("Table"), html.Div(filled[5], id=f"{start}-table", className="table-scroll", tabIndex=0)], className="behind"),
    ]


PANEL_PROPERTIES = (
    ("title", "children"), ("takeaway", "children"), ("graph", "figure"), ("plot", "aria-label"), ("notice", "children"), ("table", "children")
)


def panel_parts(content: Panel, slot: Slot) -> list[Any]:
    """Values of PANEL_PROPERTIES, in that order."""
    return [
        content.title or slot.title, content.takeaway, content.figure or EMPTY_FIGURE, content.label, content.notice,
        table(content.columns, content.rows),
    ]


def table(columns: Sequence[str], rows: Sequence[Sequence[Content]], *, empty: str = "Nothing to list.") -> Content:
    """A plain table; the first column names the row."""
    if not rows:
        return html.P(empty, className="note")
    body = [
        html.Tr([html.Th(row[0], scope="row"), *(html.Td(cell) for cell in row[1:])]) for row in rows
    ]
    return html.Table([html.Thead(html.Tr([html.Th(c, scope="col") for c in columns])), html.Tbody(body)])


def notice(kind: str, title: Content, *more: Content) -> Content:
    """A designed state instead of an empty box: kind is quiet, empty, setup, stale, error, simulated or crisis."""
    return html.Div([html.P(title, className="notice-title"), *(html.P(m) if isinstance(m, str) else m for m in more)], className=f"notice {kind}")


def safe_link(url: str | None) -> str | None:
    """`url` when it leads to a web page, else None.

    >>> safe_link("javascript:alert(1)"), safe_link("https://example.org/1")
    (None, 'https://example.org/1')
    """
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def short(text: str | None, limit: int) -> str:
    """
    >>> short("a" * 9, 5)
    'aaaa…'
    """
    text = text or ""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


MOODS = {"negative": "Negative", "neutral": "Neutral", "positive": "Positive", "unknown": "Mood unknown", None: "Not scored"}


def mention(row: dict[str, Any], now: datetime, at: datetime | None, *, reply_state: str = "") -> Content:
    """One mention as people read it: what, where, when, how it sounds. `at` is in the page's zone."""
    mood = row.get("sentiment")
    facts: list[Content] = [html.Span(words.label(row["channel"]), className="where")]
    if at is not None:
        facts.append(when(at, now))
    facts.append(html.Span(MOODS.get(mood, "Not scored"), className=f"mood {mood or 'none'}"))
    facts += [html.Span(words.label(t), className="tag") for t in list(row.get("topics") or [])[:2]]
    if reply_state:
        facts.append(html.Span(reply_state, className="tag"))
    link = safe_link(row.get("url"))
    text = short(row["text"], 320) or html.Em("No text: an image or a video.")
    body: list[Content] = [html.P(text, className="quote"), html.P(facts, className="facts")]
    if link:
        body[1].children.append(html.A("Open", href=link, target="_blank", rel="noopener noreferrer", **{"aria-label": "Open the mention at its source"}))
    return html.Li(body, className=f"mention {mood or 'none'}")


def when(at: datetime, now: datetime) -> Content:
    """A time as people say it, with the exact one for those who point at it."""
    return html.Time(words.ago(at, now), dateTime=at.isoformat(), title=f"{at:%a} {words.day(at)} {at:%Y, %H:%M}")


def mentions(items: Sequence[Content], *, empty: str) -> Content:
    return html.Ul(list(items), className="mentions") if items else notice("quiet", empty)


def section(title: str, takeaway: Content, *body: Content) -> Content:
    """A card without a chart."""
    return [html.H2(title), html.P(takeaway, className="takeaway") if takeaway else None, *body]


def timeline(events: Sequence[tuple[datetime, Content]], now: datetime) -> Content:
    """What happened, oldest first. Times are in the page's zone."""
    rows = [
        html.Li([html.Time(words.moment(at, now), dateTime=at.isoformat(), className="at"), html.Span(what)]) for at, what in events
    ]
    return html.Ol(rows, className="timeline")
