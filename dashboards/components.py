"""The blocks that every page is made of: panels, tables, mentions, timelines and the notices that stand in for them.

Everything that comes from outside is handed to Dash as text, which the browser never reads as markup; links are kept only
when they lead to http or https.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from dash import dcc, html

from dashboards import words
from dashboards.charts import GRAPH_CONFIG
from dashboards.drawing import figure
from dashboards.page import Content, Page, Panel, Slot

EMPTY_FIGURE = figure([], xaxis={"visible": False}, yaxis={"visible": False})
PANEL_PROPERTIES = (
    ("title", "children"), ("takeaway", "children"), ("graph", "figure"), ("plot", "aria-label"), ("notice", "children"),
    ("table", "data-rows"),
)
MOODS = {"negative": "Negative", "neutral": "Neutral", "positive": "Positive", "unknown": "Mood unknown"}
QUOTE = 320  # characters of a mention


def panel(page: Page, slot: Slot, content: Panel) -> Content:
    """A section: title, one sentence, a chart of fixed height with its words for screen readers, and the table behind it."""
    start = f"{page.key}-{slot.name}"
    title, takeaway, drawn, label, instead, rows = panel_parts(content, slot)
    graph = dcc.Graph(id=f"{start}-graph", figure=drawn, config=GRAPH_CONFIG, responsive=True, className="graph")
    picture = html.Div(graph, id=f"{start}-plot", role="img", className="picture", **{"aria-label": label})
    table_ = html.Div(id=f"{start}-table", className="table-scroll", tabIndex=0, **{"data-rows": rows})
    return [
        html.H2(title, id=f"{start}-title"),
        html.P(takeaway, id=f"{start}-takeaway", className="takeaway"),
        html.Div([picture, html.Div(instead, id=f"{start}-notice", className="in-plot")], className=f"plot {slot.height}"),
        html.Details([html.Summary("Table"), table_], className="behind"),
    ]


def panel_parts(content: Panel, slot: Slot) -> list[Any]:
    """Values of PANEL_PROPERTIES, in that order."""
    return [
        content.title or slot.title, content.takeaway, content.figure or EMPTY_FIGURE, content.label, content.notice,
        _behind(content.columns, content.rows),
    ]


def _behind(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table behind a chart, as JSON that assets/earshot.js writes out when it is opened.

    As components, hundreds of cells would be nine tenths of a page's bytes and time.
    """
    return json.dumps({"columns": columns, "numbers": _numbers(len(columns), rows), "rows": rows}, ensure_ascii=False)


def no_chart(
    why: str, columns: Sequence[str] = (), rows: Sequence[Sequence[str]] = (), *, title: str = "", kind: str = "empty"
) -> Panel:
    """A panel that keeps its place and says why it has nothing to show."""
    return Panel("", None, f"No chart: {why}", columns, rows, notice(kind, why), title)


def table(columns: Sequence[str], rows: Sequence[Sequence[Content]], *, empty: str = "Nothing to list.") -> Content:
    """A plain table; the first column names the row, columns of numbers are set to the right."""
    if not rows:
        return html.P(empty, className="note")
    kinds = ["number" if number else None for number in _numbers(len(columns), rows)]
    head = [html.Th(name, scope="col", className=kind) for name, kind in zip(columns, kinds, strict=True)]
    body = []
    for row in rows:
        named = zip(row[1:], kinds[1:], columns[1:], strict=True)
        cells = [html.Td(cell, className=kind, **{"data-name": name}) for cell, kind, name in named]
        body.append(html.Tr([html.Th(row[0], scope="row"), *cells]))
    return html.Table([html.Thead(html.Tr(head)), html.Tbody(body)])


def _numbers(width: int, rows: Sequence[Sequence[Content]]) -> list[bool]:
    """Which columns hold numbers only? They are set to the right."""
    return [i > 0 and all(_is_number(row[i]) for row in rows) for i in range(width)]


def _is_number(cell: Content) -> bool:
    """Does a cell read as a number, an interval or a gap?"""
    return isinstance(cell, str) and cell[:1] in "+~0123456789" + words.MINUS + words.NONE


def notice(kind: str, title: Content, *more: Content) -> Content:
    """A designed state instead of an empty box: kind is quiet, empty, setup, error, crisis, over or calm."""
    rest = [html.P(m) if isinstance(m, str) else m for m in more]
    return html.Div([html.P(title, className="notice-title"), *rest], className=f"notice {kind}")


def section(title: str, takeaway: Content, *body: Content) -> Content:
    """A card without a chart."""
    return [html.H2(title), html.P(takeaway, className="takeaway") if takeaway else None, *body]


def scrolled(content: Content) -> Content:
    """Something wide that scrolls within its card, with the keyboard too."""
    return html.Div(content, className="table-scroll", tabIndex=0)


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


def mood(sentiment: str | None) -> Content:
    """How a mention sounds, in a word."""
    return html.Span(MOODS.get(sentiment or "", "Not scored"), className=f"mood {sentiment or 'none'}")


def mention(row: dict[str, Any], now: datetime, at: datetime | None) -> Content:
    """One mention as people read it: what, where, when, how it sounds. Times are in the page's zone."""
    facts: list[Content] = [html.Span(words.label(row["channel"]), className="where")]
    if at is not None:
        facts.append(when(at, now))
    facts.append(mood(row["sentiment"]))
    facts += [html.Span(words.label(t), className="tag") for t in list(row["topics"] or [])[:2]]
    link = safe_link(row["url"])
    if link:
        name = {"aria-label": "Open the mention at its source"}
        facts.append(html.A("Open", href=link, target="_blank", rel="noopener noreferrer", **name))
    text = words.short(row["text"], QUOTE) or html.Em("No text: an image or a video.")
    body = [html.P(text, className="quote"), html.P(facts, className="facts")]
    return html.Li(body, className=f"mention {row['sentiment'] or 'none'}")


def when(at: datetime, now: datetime, *, ago: bool = True) -> Content:
    """A time as people say it ("2 h ago", or "2 h"), with the exact one for those who point at it."""
    said = words.ago(at, now) if ago else words.duration((now - at).total_seconds())
    return html.Time(said, dateTime=at.isoformat(), title=f"{at:%a} {words.day(at)} {at:%Y, %H:%M}")


def mentions(items: Sequence[Content], *, empty: str) -> Content:
    """A list of mentions, or a sentence where there is none."""
    return html.Ul(list(items), className="mentions") if items else notice("quiet", empty)


def timeline(events: Sequence[tuple[datetime, Content]], now: datetime) -> Content:
    """What happened, oldest first. Times are in the page's zone."""
    rows = []
    for at, what in events:
        rows.append(html.Li([html.Time(words.moment(at, now), dateTime=at.isoformat(), className="at"), html.Span(what)]))
    return html.Ol(rows, className="timeline")
