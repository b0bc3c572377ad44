"""What a page is: an address, the choices that it offers, a grid of slots, and one function that fills them.

A file in dashboards/pages with a `PAGE` is a page; nothing else has to know of it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from dashboards.query import Snapshot
from dashboards.view import View

Content = Any  # what Dash renders: a component, a text, or a list of them


@dataclass(frozen=True, slots=True)
class Panel:
    """What goes into a chart slot."""

    takeaway: Content  # one sentence: what the chart says
    figure: dict[str, Any] | None  # None: `notice` stands in its place
    label: str  # what a screen reader says instead of the picture
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    notice: Content = None
    title: str = ""  # overrides the slot's


@dataclass(frozen=True, slots=True)
class Slot:
    """A place on a page. `height` is of the chart (small, standard, hero) or "" for a slot without one."""

    name: str
    title: str = ""
    height: str = ""
    span: int = 6  # of 6 columns
    card: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """A page: `fill` gives the content of each of its slots by name, all from the one snapshot it is handed."""

    key: str
    path: str
    title: str  # in the navigation and the window
    order: int
    slots: tuple[Slot, ...]
    fill: Callable[[View, Snapshot], dict[str, Content | Panel]]
    heading: Callable[[View, Snapshot], str]
    controls: tuple[str, ...] = ("brand", "period", "channel")
    is_live: bool = False  # shows new data by itself; other pages say that there is some
    spans: tuple[str, ...] = ("7d", "24h", "28d")  # the first is the default
    definitions: tuple[tuple[str, str], ...] = field(default=())


@cache
def pages() -> tuple[Page, ...]:
    """All pages, in the order of the navigation."""
    import dashboards.pages as folder

    modules = (importlib.import_module(f"{folder.__name__}.{m.name}") for m in pkgutil.iter_modules(folder.__path__))
    return tuple(sorted((m.PAGE for m in modules if hasattr(m, "PAGE")), key=lambda p: p.order))


def find(path: str) -> Page | None:
    """The page at an address, if there is one."""
    return next((p for p in pages() if p.path == path), None)
