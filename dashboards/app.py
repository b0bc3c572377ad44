"""The Dash application: one screen at a time, filled from one snapshot at a time.

The address is the state. The browser sends it, the server answers with the screen (another page) or with the parts that
change (another filter), so every answer comes from a single snapshot and every filter change is one request.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html
from flask import Response, jsonify
from flask_compress import Compress

from dashboards import shell
from dashboards.acting import accept
from dashboards.guard import NONCE, TICKET, protect
from dashboards.page import Content, Page, find, pages
from dashboards.query import Outdated, Snapshot, Snapshots
from dashboards.view import Allowed, View
from warehouse import links

log = logging.getLogger(__name__)
LOCAL = ("localhost", "127.0.0.1", "[::1]")
INDEX = f"""<!doctype html>
<html lang="en">
<head>
<meta name="csp-nonce" content="{NONCE}"><script src="/assets/head.js"></script>
<meta name="ticket" content="{TICKET}">
{{%metas%}}
<title>{{%title%}}</title>
<link rel="icon" type="image/svg+xml" href="/assets/icons/mark.svg">
{{%css%}}
</head>
<body>
<noscript>These pages need JavaScript; they load it from this address only.</noscript>
{{%app_entry%}}
<footer>{{%config%}}{{%scripts%}}{{%renderer%}}</footer>
</body>
</html>"""


def wall_clock() -> datetime:
    """The time of day, which pages need for one thing: to say how old a snapshot is."""
    return datetime.fromtimestamp(time.time(), UTC)


def create_app(root: Path, *, hosts: Sequence[str] = LOCAL, clock: Callable[[], datetime] = wall_clock) -> Dash:
    """The pages of the snapshots below `root` (the storage folder).

    Args:
        root: folder that holds `serving/current.duckdb`; it may still be empty.
        hosts: names under which the pages may be asked for.
        clock: tells the time; tests pass their own.
    """
    app = _bare()
    snapshots = Snapshots(root)
    app.layout = dmc.MantineProvider(
        [
            html.Div(id="screen"),
            dcc.Store(id="boot"), dcc.Store(id="route"), dcc.Store(id="titled"), dcc.Store(id="chosen"),
        ],
        theme={"fontFamily": "var(--font)", "primaryColor": "blue", "defaultRadius": "sm", "respectReducedMotion": True},
        defaultColorScheme="auto",
    )
    _browser_callbacks(app)
    _route(app, snapshots, root, clock)
    for page in pages():
        _refresh(app, page, snapshots, clock)
    _health(app, snapshots)

    @cache
    def secret() -> str:
        return _secret(root)

    accept(app, snapshots, root, secret, clock)
    protect(app, hosts, secret)
    return app


def _bare() -> Dash:
    """A Dash application without pages, compressed and served from here alone."""
    app = Dash(
        "earshot",
        assets_folder=str(Path(__file__).parent / "assets"),
        assets_ignore=r"head\.js",
        index_string=INDEX,
        title="Earshot",
        update_title=None,
        suppress_callback_exceptions=True,
        serve_locally=True,
        use_async=False,  # otherwise each answer takes a detour through an event loop wherever asgiref is installed
        enable_mcp=False,
        meta_tags=[
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
            {"name": "color-scheme", "content": "light dark"},
        ],
    )
    # Streams are our own small assets; compressing them leaves their files open until they are collected.
    app.server.config.update(COMPRESS_ALGORITHM=["br", "gzip"], COMPRESS_BR_LEVEL=5, COMPRESS_STREAMS=False)
    Compress(app.server)
    return app


def _secret(root: Path) -> str:
    """What links and forms are signed with: shared with the line, which signs the links in messages."""
    try:
        return links.stored_secret(root)
    except OSError:  # a folder that cannot be written: links are refused, forms hold until the server ends
        log.warning("%s cannot be written: links in messages cannot be checked, and nothing can be saved", root)
        return secrets.token_hex(32)


def _browser_callbacks(app: Dash) -> None:
    """What assets/earshot.js does: read the address, write it, name the window."""
    name = "earshot"
    app.clientside_callback(ClientsideFunction(name, "start"), Output("route", "data"), Input("boot", "id"))
    app.clientside_callback(ClientsideFunction(name, "shown"), Output("titled", "data"), Input("screen", "children"))
    app.clientside_callback(
        ClientsideFunction(name, "choose"),
        Output("chosen", "data"),
        Input({"filter": ALL}, "value"),
        State({"filter": ALL}, "id"),
        prevent_initial_call=True,
    )


def _route(app: Dash, snapshots: Snapshots, root: Path, clock: Callable[[], datetime]) -> None:
    @app.callback(Output("screen", "children"), Input("route", "data"), prevent_initial_call=True)  # type: ignore[untyped-decorator]
    def screen(url: str) -> Content:
        path = urlsplit(url).path
        try:
            snapshot = snapshots.current()
            page = find(path)
            if page is None:
                return shell.missing(path)
            if snapshot is None:
                return shell.empty(path, str(root))
            return shell.frame(page, _view(page, url, snapshot), snapshot, clock(), asked=url)
        except Outdated as error:
            log.warning("page %s: %s", path, error)
            return shell.outdated(path)
        except Exception:  # the reader gets a sentence and a number, the log the rest
            request_id = secrets.token_hex(4)
            log.exception("page %s failed (%s)", path, request_id)
            return shell.failed(path, request_id)


def _refresh(app: Dash, page: Page, snapshots: Snapshots, clock: Callable[[], datetime]) -> None:
    @app.callback(  # type: ignore[untyped-decorator]
        [Output(i, prop) for i, prop in shell.outputs(page)], Input(f"{page.key}-view", "data"), prevent_initial_call=True
    )
    def refresh(url: str) -> list[Any]:
        snapshot = snapshots.current()
        if snapshot is None:
            raise LookupError("the snapshots are gone")
        return shell.updates(page, _view(page, url, snapshot), snapshot, clock())


def _view(page: Page, url: str, snapshot: Snapshot) -> View:
    return View.read(url, Allowed.on(page.path, page.spans, snapshot))


def _health(app: Dash, snapshots: Snapshots) -> None:
    @app.server.route("/health")  # type: ignore[untyped-decorator]
    def health() -> Response:
        """Is the service up, and what does it show? Needs no session."""
        snapshot = snapshots.current()
        if snapshot is None:
            return jsonify(status="empty", version=None)
        meta = snapshot.meta
        return jsonify(
            status="ok",
            version=meta.version,
            published_at=meta.published_at.isoformat(),
            watermark=meta.watermark.isoformat(),
            is_simulated=meta.is_simulated,
        )
