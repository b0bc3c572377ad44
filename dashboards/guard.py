"""What every response and every callback must satisfy: a strict content policy, and requests that we know how to answer.

The pages may load nothing from outside and run no inline code. A callback whose body is not one that our own pages send is
answered with 400 before Dash sees it: Dash itself would fail inside and write a traceback.

What changes something must come from our own pages: same origin, and a ticket that stands in the page and belongs to a cookie
which other sites can neither read nor send along.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from dash import Dash
from flask import Flask, Response, abort, g, request
from werkzeug.exceptions import SecurityError

from warehouse import links

UPDATE = "/_dash-update-component"
NONCE, TICKET = "{{nonce}}", "{{ticket}}"
COOKIE, HEADER = "earshot-form", "X-Earshot-Ticket"
LONGEST_BODY = 256 * 1024  # bytes
LONGEST_ADDRESS = 2000  # characters
UNKNOWN_HOST = "These pages are not known under this name: serve them with --allow NAME, or give it as [links] url."
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def policy(nonce: str, hashes: Sequence[str]) -> str:
    """The content policy of one page; only styles that carry its nonce and scripts of ours run."""
    return "; ".join((
        "default-src 'self'", "base-uri 'none'", "object-src 'none'", "frame-ancestors 'none'", "form-action 'self'",
        "img-src 'self' data: blob:", f"script-src 'self' {' '.join(hashes)}".strip(), f"style-src 'self' 'nonce-{nonce}'",
    ))


def from_our_pages() -> bool:
    """Was this request made by a page of ours? Browsers say where a POST comes from.

    Sec-Fetch-Site is the browser's own word, which no page can set, and holds behind a proxy that rewrites Host too. It is sent
    over https and to localhost only; without it, Origin must be the Host that was asked, so there a proxy must keep Host.
    (Go's net/http.CrossOriginProtection decides the same way.)
    """
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if origin is None:
        return False
    return origin.partition("://")[2] == request.host if site is None else site == "same-origin"


def has_ticket(secret: str) -> bool:
    """Does the request carry the ticket that belongs to its cookie?"""
    cookie, given = request.cookies.get(COOKIE, ""), request.headers.get(HEADER, "")
    return bool(cookie) and hmac.compare_digest(links.ticket(secret, cookie).encode(), given.encode())


def _ticketed(response: Response, text: str, secret: str) -> str:
    """The page with its ticket in it; a browser that has no cookie yet gets one."""
    cookie = request.cookies.get(COOKIE) or secrets.token_urlsafe(16)
    if COOKIE not in request.cookies:
        response.set_cookie(COOKIE, cookie, httponly=True, samesite="Strict", secure=request.is_secure)
    return text.replace(TICKET, links.ticket(secret, cookie))


def protect(app: Dash, hosts: Sequence[str], secret: Callable[[], str]) -> None:
    """Add the policy, the headers and the checks to `app`. Call it after all callbacks exist.

    Args:
        hosts: names under which the pages may be asked for; any other Host header is refused, so that a web page that
            points its own name at this machine cannot read them.
        secret: what tickets are signed with.
    """
    server: Flask = app.server
    hashes = tuple(app.csp_hashes())
    server.config.update(MAX_CONTENT_LENGTH=LONGEST_BODY, TRUSTED_HOSTS=list(hosts))

    @server.before_request
    def check() -> None:
        if request.path == UPDATE:
            _check_update(app)

    @server.after_request
    def finish(response: Response) -> Response:
        response.headers.update(HEADERS)
        nonce = ""
        if response.mimetype == "text/html" and not response.direct_passthrough:
            nonce = secrets.token_urlsafe(16)
            text = response.get_data(as_text=True).replace(NONCE, nonce)
            response.set_data(_ticketed(response, text, secret()) if TICKET in text else text)
        response.headers["Content-Security-Policy"] = (
            policy(nonce, hashes) if nonce else "default-src 'none'; frame-ancestors 'none'"
        )
        if not request.path.startswith(("/_dash-component-suites/", "/assets/")):
            response.headers["Cache-Control"] = "no-store"
        return response

    @server.errorhandler(Exception)
    def unknown(error: Exception) -> tuple[str, int]:
        if isinstance(error, SecurityError):
            return UNKNOWN_HOST, 400
        code = getattr(error, "code", None)
        if isinstance(code, int) and 400 <= code < 500:
            return f"{getattr(error, 'name', 'Error')}.", code
        if request.path.startswith("/_dash-component-suites/"):
            return "Not found.", 404  # Dash fails inside on a package that it does not know
        g.request_id = secrets.token_hex(4)
        server.logger.exception("request %s failed: %s", g.request_id, request.path)
        return f"Something failed here. The log has the details under {g.request_id}.", 500


def _check_update(app: Dash) -> None:
    """Only what our own pages send gets through: a known output, its inputs, and an address as the value."""
    if request.method != "POST":
        abort(405)
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # brackets within brackets within brackets
        abort(400)
    if not isinstance(body, dict):
        abort(400)
    output = body.get("output")
    known: dict[str, Any] | None = app.callback_map.get(output) if isinstance(output, str) else None
    if known is None or not _inputs_fit(body.get("inputs"), known["inputs"]):
        abort(400)
    if not _state_fits(body.get("state", []), known.get("state", [])) or not _outputs_fit(body.get("outputs"), output):
        abort(400)
    changed = body.get("changedPropIds", [])
    if not isinstance(changed, list) or not all(isinstance(c, str) for c in changed):
        abort(400)
    # What Dash makes of these is not needed here, and it trusts their shape.
    if set(body) - {"output", "outputs", "inputs", "state", "changedPropIds", "parsedChangedPropsIds"}:
        abort(400)


def _inputs_fit(given: Any, known: list[dict[str, Any]]) -> bool:
    if not isinstance(given, list) or len(given) != len(known):
        return False
    return all(_is_address(g_, k) for g_, k in zip(given, known, strict=True))


def _is_address(given: Any, known: dict[str, Any]) -> bool:
    if not isinstance(given, dict) or given.get("id") != known["id"] or given.get("property") != known["property"]:
        return False
    value = given.get("value")
    return isinstance(value, str) and value.startswith("/") and len(value) <= LONGEST_ADDRESS


def _state_fits(given: Any, known: list[dict[str, Any]]) -> bool:
    return isinstance(given, list) and len(given) == len(known) == 0


def _outputs_fit(given: Any, output: Any) -> bool:
    """`outputs` must say the same as `output`, which Dash has as '..a.children...b.figure..'."""
    many = output.startswith("..")
    items = given if isinstance(given, list) else [given]
    if isinstance(given, list) != many:
        return False
    if not all(isinstance(i, dict) and isinstance(i.get("id"), str) and isinstance(i.get("property"), str) for i in items):
        return False
    said = [f"{i['id']}.{i['property']}" for i in items]
    return bool((f"..{'...'.join(said)}.." if many else said[0]) == output)
