"""What surrounds every page: skip link, brand mark, filter bar, navigation, strips, heading, definitions."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboards import filters, words
from dashboards.components import PANEL_PROPERTIES, notice, panel, panel_parts
from dashboards.page import Content, Page, Panel, Slot, pages
from dashboards.query import Row, Snapshot
from dashboards.view import View
from warehouse import drift

DRIFTED = timedelta(days=28)  # how long after its week a drift of the model is told on every page
STALE = timedelta(minutes=30)  # snapshots are published every five minutes
DRIFTS = 3  # told at once, the newest


def frame(page: Page, view: View, snapshot: Snapshot, wall: datetime, *, asked: str = "") -> Content:
    """The whole screen, for the address `asked`. Everything in it comes from one snapshot."""
    known = {
        "data-live": str(page.is_live).lower(), "data-asked": asked, "data-view": view.href(),
        "data-defaults": json.dumps(filters.defaults(view, snapshot)),
    }
    filled = page.fill(view, snapshot)
    slots = [_slot(page, slot, filled[slot.name]) for slot in page.slots]
    return _screen(
        page.path, filters.bar(page, view, snapshot), html.Div(links(page, view), id=f"{page.key}-nav"),
        [
            html.Div(strips(view, snapshot, wall), id=f"{page.key}-strips"),
            html.Header(
                [
                    html.H1(page.heading(view, snapshot), id=f"{page.key}-heading", tabIndex=-1),
                    html.P(as_of(page, view, snapshot), id=f"{page.key}-asof", className="asof"),
                ],
                className="heading",
            ),
            html.Div(slots, className="grid"),
            _definitions(page),
            dcc.Store(id=f"{page.key}-view", data=view.href()),
            html.Span(snapshot.meta.version, id=f"{page.key}-version", className="version", hidden=True),
        ],
        snapshot.meta.project, page.title, known,
    )


def updates(page: Page, view: View, snapshot: Snapshot, wall: datetime) -> list[Any]:
    """New values of `outputs(page)`, in that order, all from one snapshot."""
    filled = page.fill(view, snapshot)
    values: list[Any] = [
        links(page, view),
        strips(view, snapshot, wall),
        page.heading(view, snapshot),
        as_of(page, view, snapshot),
        filters.chosen(page, view, snapshot),
        snapshot.meta.version,
    ]
    for slot in page.slots:
        content = filled[slot.name]
        values += panel_parts(content, slot) if isinstance(content, Panel) else [content]
    return values


def outputs(page: Page) -> list[tuple[str, str]]:
    """(id, property) of everything that a change of filter may change."""
    found = [(f"{page.key}-{part}", "children") for part in ("nav", "strips", "heading", "asof", "chosen", "version")]
    for slot in page.slots:
        start = f"{page.key}-{slot.name}"
        found += [(f"{start}-{part}", prop) for part, prop in PANEL_PROPERTIES] if slot.height else [(start, "children")]
    return found


def empty(path: str, root: str) -> Content:
    """Before the first snapshot."""
    return _screen(
        path, None, html.Div([_link(p, p.path, current=p.path == path) for p in pages()]),
        [
            html.Header([html.H1("Nothing to show yet", tabIndex=-1)], className="heading"),
            notice(
                "setup", "These pages show what Earshot publishes, and nothing has been published yet.",
                html.P(["Fill them with your own mentions: ", html.Code("earshot run")]),
                html.P(["Or with the simulated sample: ", html.Code("make demo")]),
                f"They look in {root} and show the first snapshot as soon as you reload.",
            ),
        ],
        "", "Nothing to show yet",
    )


def outdated(path: str) -> Content:
    """After an upgrade, until the next snapshot: the last one lacks what this version shows."""
    return _screen(
        path, None, html.Div([_link(p, p.path, current=p.path == path) for p in pages()]),
        [
            html.Header([html.H1("These figures are from an earlier version", tabIndex=-1)], className="heading"),
            notice(
                "setup", "Earshot was upgraded since they were published, and this page shows what they do not hold yet.",
                html.P(["They are made anew with the next run of the schedule, or at once: ", html.Code("earshot run")]),
                "Nothing is lost. Reload the page then.",
            ),
        ],
        "", "Upgraded",
    )


def failed(path: str, request_id: str) -> Content:
    """After an error of ours: what, and what to do."""
    return _screen(
        path,
        None,
        html.Div([_link(p, p.path, current=False) for p in pages()]),
        [
            html.Header([html.H1("This page could not be drawn", tabIndex=-1)], className="heading"),
            notice(
                "error",
                "The data is safe; the page is at fault.",
                f"Reload it. If it fails again, report the number {request_id}: the log has the details under it.",
            ),
        ],
        "",
        "Error",
    )


def missing(path: str) -> Content:
    """For an address that leads nowhere."""
    return _screen(
        path, None, html.Div([_link(p, p.path, current=False) for p in pages()]),
        [
            html.Header([html.H1("There is no such page", tabIndex=-1)], className="heading"),
            notice("empty", "The address may have been cut short.", html.P(html.A("Go to brand health", href="/"))),
        ],
        "", "No such page",
    )


def _screen(
    path: str, choices: Content, nav: Content, main: list[Content], project: str, title: str, known: dict[str, str] | None = None
) -> Content:
    name = f"{title} · {project}" if project else title
    return [
        html.A("Skip to the content", href="#main", className="skip"),
        html.Header(
            [
                html.A(
                    [html.Span(className="mark", **{"aria-hidden": "true"}), html.Span("Earshot", className="wordmark")],
                    href="/",
                    className="home",
                ),
                html.Button(
                    "Menu", className="menu-button", **{"aria-expanded": "false", "aria-controls": "side", "data-toggles": "side"}
                ),
                dmc.ColorSchemeToggle(
                    id="theme",
                    lightIcon=html.Span(className="icon sun"),
                    darkIcon=html.Span(className="icon moon"),
                    variant="subtle",
                    size="lg",
                    **{"aria-label": "Switch between light and dark"},
                ),
                choices,
            ],
            className="top",
        ),
        html.Nav(nav, id="side", className="side", **{"aria-label": "Pages"}),
        html.Div(id="news", className="news", role="status"),
        html.Main(main, id="main", tabIndex=-1, **{"data-path": path, "data-title": name, **(known or {})}),
    ]


def _slot(page: Page, slot: Slot, content: Content | Panel) -> Content:
    place = f"span-{slot.span}" + (" card" if slot.card else "")
    if isinstance(content, Panel):
        return html.Section(panel(page, slot, content), className=place, **{"aria-labelledby": f"{page.key}-{slot.name}-title"})
    return html.Div(content, id=f"{page.key}-{slot.name}", className=place)


def _link(page: Page, href: str, *, current: bool) -> Content:
    more = {"aria-current": "page"} if current else {}
    return html.A(
        [html.Span(className=f"icon {page.key}", **{"aria-hidden": "true"}), html.Span(page.title)],
        href=href,
        className="to",
        **more,
    )


def links(page: Page, view: View) -> Content:
    """The navigation: the other pages, about the same brand."""
    return [_link(p, view.href(p.path), current=p is page) for p in pages()]


def strips(view: View, snapshot: Snapshot, wall: datetime) -> Content:
    """What a reader must know about all the numbers below, in order of weight."""
    meta, found = snapshot.meta, []
    if meta.is_simulated:
        text = " These brands, people and events are invented, to show what the pages do."
        found.append(html.P([html.Strong("Simulated data."), text], className="strip simulated"))
    late = wall - meta.published_at
    if meta.is_live and late > STALE:
        at = words.moment(snapshot.local(meta.published_at), snapshot.local(wall))
        text = f" The last update was {words.ago(meta.published_at, wall)}, at {at}. Newer mentions are missing below."
        found.append(html.P([html.Strong("Out of date."), text], className="strip stale"))
    drifts = [d for d in drift.find(_health(snapshot), until=snapshot.now) if snapshot.now - d.week_at < DRIFTED + drift.WEEK]
    found += [_drifted(one, snapshot) for one in drifts[-DRIFTS:]]
    if view.ignored:
        text = f" and is left out: {', '.join(view.ignored)[:120]}."
        found.append(html.P([html.Strong("Part of this address was not understood"), text], className="strip"))
    return found


def _health(snapshot: Snapshot) -> list[Row]:
    """What the models said, week by week: as far back as a drift that is told now was compared with."""
    return snapshot.rows("model_health", since=snapshot.now - DRIFTED - (2 * drift.WEEKS + 2) * drift.WEEK)


def _drifted(one: drift.Drift, snapshot: Snapshot) -> Content:
    """A source on which the model no longer sees what it saw."""
    week = f" In the week from {words.day(snapshot.local(one.week_at))}, "
    advice = " Read some of its mentions before you trust their scores."
    about = html.Strong(f"Model drift on {words.label(one.source)}.")
    said = one.sentence[:1].lower() + one.sentence[1:]
    return html.P([about, week, said, advice], className="strip drift")


def as_of(page: Page, view: View, snapshot: Snapshot) -> Content:
    """One line: whose numbers, which period, which zone, how fresh."""
    meta, period, now = snapshot.meta, view.period(snapshot), snapshot.local(snapshot.now)
    last = period.until - timedelta(seconds=1)
    days = (
        f"{words.day(period.start)}, {words.clock(period.start)} to {words.day(last)}, {words.clock(now)}"
        if view.span.grain == "hour" else f"{words.day(period.start)} to {words.day(last)} {last:%Y}"
    )
    channel = "" if view.channel == "all" else f"{words.label(view.channel)} only · "
    fresh = (
        f"updated {words.clock(snapshot.local(meta.published_at))}"
        if meta.is_live
        else f"data ends {words.day(now)} {now:%Y}, {words.clock(now)}"
    )
    parts = f"{channel}{days} · times in {meta.zone.key} · {fresh}"
    return parts if "period" in page.controls else f"times in {meta.zone.key} · {fresh}"


def _definitions(page: Page) -> Content:
    if not page.definitions:
        return None
    rows = [part for name, text in page.definitions for part in (html.Dt(name), html.Dd(text))]
    return html.Details([html.Summary("How these numbers are made"), html.Dl(rows)], className="definitions")

