"""The filter bar: what a reader chooses, and the words for it where the bar is folded away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboards import words
from dashboards.page import Content, Page
from dashboards.query import Snapshot
from dashboards.view import RIVALS, SPANS, View


def bar(page: Page, view: View, snapshot: Snapshot) -> Content:
    """The choices that a page offers, behind a button on a phone."""
    made: dict[str, Callable[[], Content]] = {
        "brand": lambda: _one("brand", "Brand", {b.key: b.name for b in snapshot.brands}, view.brand),
        "vs": lambda: _rivals(view, snapshot),
        "source": lambda: _one("src", "Source", {s: s for s in snapshot.sources}, view.source),
        "channel": lambda: _one("ch", "Channel", _channels(snapshot), view.channel),
        "period": lambda: _period(page, view),
        "compare": lambda: _one("cmp", "Compare", {"prev": "With before", "off": "Off"}, "prev" if view.compare else "off"),
    }
    reset = html.A("Reset", href=page.path, className="reset")
    made_now = [*(made[name]() for name in page.controls), reset]
    controls = html.Div(made_now, id="filters", className="filters", role="group", **{"aria-label": "Filters"})
    folded = {"aria-expanded": "false", "aria-controls": "filters", "data-toggles": "filters"}
    button = html.Button(chosen(page, view, snapshot), id=f"{page.key}-chosen", className="filter-button", **folded)
    return html.Div([button, controls], className="filter-bar")


def chosen(page: Page, view: View, snapshot: Snapshot) -> str:
    """The choices in a few words."""
    brand = snapshot.brand(view.brand)
    about = view.source if "source" in page.controls else brand.name if brand else ""
    parts = [about, view.span.name, "" if view.channel == "all" else words.label(view.channel)]
    return "Filters: " + " · ".join(p for p in parts if p)


def defaults(view: View, snapshot: Snapshot) -> dict[str, Any]:
    """What the browser leaves out of addresses, and the rivals that each brand starts with."""
    rivals = {b.key: list(View.of({"brand": b.key}, view.allowed).rivals) for b in snapshot.brands}
    brand, source = ((given or ("",))[0] for given in (view.allowed.brands, view.allowed.sources))
    return {"brand": brand, "period": view.allowed.spans[0], "ch": "all", "cmp": "prev", "src": source, "vs": rivals}


def _channels(snapshot: Snapshot) -> dict[str, str]:
    return {"all": "All channels", **{c: words.label(c) for c in snapshot.channels}}


def _options(names: dict[str, str]) -> list[dict[str, str]]:
    return [{"value": key, "label": name} for key, name in names.items()]


def _one(key: str, label: str, names: dict[str, str], value: str) -> Content:
    return dmc.Select(
        id={"filter": key}, label=label, data=_options(names), value=value, allowDeselect=False, size="xs", className=f"f-{key}"
    )


def _rivals(view: View, snapshot: Snapshot) -> Content:
    names = {b.key: b.name for b in snapshot.brands}
    return dmc.MultiSelect(
        id={"filter": "vs"}, label=f"Against (up to {RIVALS})", data=_options(names), value=list(view.rivals), maxValues=RIVALS,
        size="xs", className="f-vs",
    )


def _period(page: Page, view: View) -> Content:
    spans = sorted((SPANS[key] for key in page.spans), key=lambda s: s.length)
    control = dmc.SegmentedControl(
        id={"filter": "period"}, value=view.span.key, size="xs", data=_options({s.key: s.name for s in spans}),
        **{"aria-labelledby": "period-label"},
    )
    return html.Div([html.Span("Period", className="f-label", id="period-label"), control], className="f-period")
