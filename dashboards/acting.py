"""Takes in what people do: from the buttons of the crisis page, and from the signed links that messages carry.

Both end as one immutable file in landing/actions. A GET never changes anything, so that previews of links in mail and chat do
nothing; a link opens a page that asks, and only its form acts. The page's buttons are accepted from our own pages only (same
origin, and a ticket that goes with a cookie); a link's form is accepted from whoever has the link, until it ends.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from dash import Dash
from flask import Response, abort, request

from dashboards import handling, words
from dashboards.guard import COOKIE, NONCE, from_our_pages, has_ticket
from dashboards.pacing import EACH, Pace
from dashboards.query import Row, Snapshot, Snapshots
from warehouse import actions, links
from warehouse.links import BadLink, Claim

_FIELDS = {"alert", "verb", "value", "actor", "key"}
_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta name="csp-nonce" content="{NONCE}"><script src="/assets/head.js"></script>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{{title}} · Earshot</title>
<link rel="icon" type="image/svg+xml" href="/assets/icons/mark.svg"><link rel="stylesheet" href="/assets/earshot.css">
</head>
<body class="act-page"><main><h1>{{title}}</h1>{{body}}</main></body>
</html>"""


def accept(app: Dash, snapshots: Snapshots, storage: Path, secret: Callable[[], str], clock: Callable[[], datetime]) -> None:
    """Add the two doors: POST /actions, and GET and POST /act/<token>.

    Args:
        storage: folder in which `landing/actions` lies.
        secret: what links and tickets are signed with.
        clock: tells the time, which is written as that of the action.
    """
    pace = Pace()

    @app.server.post("/actions")  # type: ignore[untyped-decorator]
    def from_page() -> tuple[str, int] | tuple[str, int, dict[str, str]]:
        if not from_our_pages() or not has_ticket(secret()):
            return "This page is too old to act: reload it.", 403
        given, snapshot = _given(), snapshots.current()
        if snapshot is None or not snapshot.rows("incident", incident=given["alert"]):
            return "There is no such incident any more: reload the page.", 404
        wait = pace.wait(f"browser {request.cookies.get(COOKIE, '')}", clock())
        if wait:
            return _too_fast(wait), 429, {"Retry-After": str(wait)}
        return _written(storage, given["alert"], given, via="page", now=clock())

    _accept_links(app, snapshots, storage, secret, clock, pace)


def _accept_links(
    app: Dash, snapshots: Snapshots, storage: Path, secret: Callable[[], str], clock: Callable[[], datetime], pace: Pace
) -> None:
    @app.server.route("/act/<token>", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    def from_link(token: str) -> Response:
        now = clock()
        try:
            claim = links.read(secret(), token, now)
        except BadLink as error:
            return _page("This link cannot be used", f"<p>{escape(str(error))}</p>{_back()}", 403)
        snapshot = snapshots.current()
        if request.method != "POST":
            return _asking(claim, snapshot, "")
        if not from_our_pages():
            return _page("This form came from elsewhere", f"<p>Open the link again and act there.</p>{_back()}", 403)
        wait = pace.wait(f"link {token[-22:]}", now)
        if wait:
            return _asking(claim, snapshot, _too_fast(wait), 429)
        verb, _, value = request.form.get("do", "").partition(":")
        given = {"verb": verb, "value": request.form.get("to", "") if verb == "assign" else value}
        given |= {"actor": request.form.get("actor", ""), "key": f"{token[-22:]}{request.form.get('key', '')}"}
        text, status = _written(storage, claim.incident_id, given, via=f"link {claim.notifier}", now=now)
        if status != 200:
            return _asking(claim, snapshot, text, status)
        return _page("Done", f"<p>{escape(text)}</p>{_back(claim, _incident(claim, snapshot))}")


def _too_fast(wait: int) -> str:
    return f"Nothing was saved: more than {EACH} actions in a minute. Wait {words.plural(wait, 'second')} and do it again."


def _given() -> dict[str, str]:
    """What a page of ours sends: these fields, all of them texts."""
    try:
        given = request.get_json(silent=True)
    except RecursionError:  # brackets within brackets within brackets
        abort(400)
    if not isinstance(given, dict) or set(given) != _FIELDS or not all(isinstance(v, str) for v in given.values()):
        abort(400)
    return given


def _written(storage: Path, incident: str, given: dict[str, Any], *, via: str, now: datetime) -> tuple[str, int]:
    """Write the action's file; what to say, and the status."""
    value = given["value"] or None
    try:
        if given["verb"] == "snooze":
            value = handling.until(given["value"], now)
        if len(given["key"]) > 200:
            raise ValueError("the form is not one of ours.")
        action = actions.made(incident, given["verb"], given["actor"], value, once=given["key"], via=via, now=now)
        actions.write(storage, action)
    except ValueError as error:
        text = str(error)
        return text[:1].upper() + text[1:], 400
    except OSError:
        return "Nothing was saved: the storage folder cannot be written.", 503
    return f"Saved for {action.actor}. The next run, within minutes, takes it in.", 200


def _page(title: str, body: str, status: int = 200) -> Response:
    """A page without any script of ours."""
    return Response(_PAGE.replace("{body}", body).replace("{title}", escape(title)), status, mimetype="text/html")


def _back(claim: Claim | None = None, row: Row | None = None) -> str:
    """The way to the incident: the page looks for an alert among those of the brand that its address names."""
    asked = {"alert": claim.incident_id} if claim else {}
    asked |= {"brand": row["brand"]} if row else {}
    where = f"/crisis?{urlencode(asked)}" if asked else "/crisis"
    return f'<p><a href="{escape(where)}">Go to the crisis page</a></p>'


def _incident(claim: Claim, snapshot: Snapshot | None) -> Row | None:
    return next(iter(snapshot.rows("incident", incident=claim.incident_id)), None) if snapshot else None


def _asking(claim: Claim, snapshot: Snapshot | None, wrong: str, status: int = 200) -> Response:
    """What it is about and what can be done; nothing has been done by opening it."""
    row = _incident(claim, snapshot)
    title, about = "An incident", "<p>It is not on the pages yet.</p>"
    if row is not None and snapshot is not None:
        title = f"{words.brand(row['brand'], row['name'])}: {row['tier']}, severity {row['severity']} of 10"
        stands = handling.said(handling.handled(snapshot, claim.incident_id).standing, snapshot)
        about = f"<p>{escape(row['summary'] or '')}</p><p class=\"note\">{escape(stands or 'Nobody has acknowledged it.')}</p>"
    error = f'<p class="act-error" role="alert">{escape(wrong)}</p>' if wrong else ""
    ends = f"{claim.ends_at.astimezone(snapshot.meta.zone if snapshot else claim.ends_at.tzinfo):%d %b %Y, %H:%M}"
    note = f'<p class="note">Opening this page has changed nothing. The link holds until {ends}.</p>'
    return _page(title, f"{about}{error}{_form(row)}{note}{_back(claim, row)}", status)


def _form(row: Row | None) -> str:
    actor = request.form.get("actor", "") if request.method == "POST" else ""
    key = request.form.get("key", "") or secrets.token_hex(8)

    def button(text: str, value: str, kind: str = "act") -> str:
        return f'<button class="{kind}" name="do" value="{value}">{text}</button>'

    def field(name: str, label: str, value: str, more: str) -> str:
        given = f'name="{name}" id="{name}" value="{escape(value)}" maxlength="{actions.LONGEST}"'
        return f'<p class="group"><label class="f-label" for="{name}">{label}</label><input class="plain" {given} {more}></p>'

    def group(title: str, *buttons: str) -> str:
        inner = "".join(buttons)
        head = f'<div class="group" role="group" aria-label="{title}"><span class="f-label">{title}</span>'
        return f'{head}<div class="buttons">{inner}</div></div>'

    parts = [field("actor", "Your name", actor, 'required autocomplete="name"')]
    if row is None or row["state"] != "resolved":
        snoozes = (button(text, f"snooze:{seconds}") for text, seconds in handling.SNOOZES)
        parts += [
            button("Acknowledge", "acknowledge", "act primary"), group("Snooze for", *snoozes),
            field("to", "Assign to", "", 'autocomplete="off"'), button("Assign", "assign"),
        ]
    parts.append(group("Was it real?", button("Real", "verdict:real"), button("False alarm", "verdict:false")))
    parts.append(f'<input type="hidden" name="key" value="{escape(key)}">')
    return f'<form method="post" class="acting card"><div class="fields">{"".join(parts)}</div></form>'
