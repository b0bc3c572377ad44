"""What shows an incident best: its first mention, the most typical and the most seen ones, the other ways to divide its excess,
and past incidents like it."""

from __future__ import annotations

from datetime import timedelta

from dash import html

from dashboards import components as c
from dashboards import incident, words
from dashboards.incident import Scene
from dashboards.page import Content
from dashboards.query import Row, Snapshot
from dashboards.view import View
from warehouse import similar
from warehouse.similar import Past

QUOTES = 3
KINDS = {"channel": "Where", "language": "Language", "form": "Form", "author": "Who"}
NAMES = {
    "original": "Originals", "repost": "Reposts", "copy": "Copies of a text", "busiest": "The busiest three",
    "known": "Seen the week before", "new": "New here", "other": "Anything else", "unknown": "Not known",
}
SIGNALS = {"volume": "volume", "negative_count": "negative mentions", "negative_share": "negative share"}
VERDICTS = {"false": "called a false alarm", "real": "called real", "": "not judged"}


def mentions(view: View, snapshot: Snapshot, at: Scene) -> Content:
    """The first mention, the three most typical and the three most seen; without an alert, the negative ones shared most."""
    title = "What they say"
    groups = _groups(view, snapshot, at) if at.alert else []
    if not groups:
        rows = _shared(view, snapshot, at)
        say = "The negative mentions that were shared most." if rows else ""
        return c.section(title, say, c.mentions(_drawn(snapshot, rows), empty="No negative mention in these hours."))
    body = [html.Div([html.H3(name), c.mentions(_drawn(snapshot, rows), empty="")]) for name, rows in groups]
    return c.section(title, "As chosen when the alert was raised.", html.Div(body, className="groups"))


def _drawn(snapshot: Snapshot, rows: list[Row]) -> list[Content]:
    now = snapshot.local(snapshot.now)
    return [c.mention(row, now, snapshot.local(row["published_at"])) for row in rows]


def _groups(view: View, snapshot: Snapshot, at: Scene) -> list[tuple[str, list[Row]]]:
    """Mentions by what they show; each is shown once, and those that were deleted since are gone."""
    alert = at.alert or {}
    first = [alert["first_id"]] if alert["first_id"] else []
    wanted = (("The first", first), ("Most typical", alert["example_ids"]), ("Most seen", alert["exposed_ids"]))
    around = {"start": at.onset - timedelta(hours=24), "until": at.until}
    ids = tuple(dict.fromkeys(identity for _, some in wanted for identity in some or ()))
    if not ids:
        return []
    known = {row["mention_id"]: row for row in snapshot.rows("mentions_by_id", brand=view.brand, ids=ids, **around)}
    groups = []
    for name, some in wanted:
        rows = [known.pop(identity) for identity in some or () if identity in known]
        if rows:
            groups.append((name, rows))
    return groups


def _shared(view: View, snapshot: Snapshot, at: Scene) -> list[Row]:
    start, until = at.hours
    asked = {"brand": view.brand, "start": start, "until": until, "channel": "all", "mood": "negative", "topic": "", "intent": ""}
    return snapshot.rows("mentions", limit=QUOTES, **asked)


def parts(at: Scene) -> Content:
    """The same excess by channel, language, form and author: each adds up to the whole."""
    title = "Where, who and how"
    if at.alert is None:
        return c.section(title, "", c.notice("quiet", "With an incident, its excess is divided here in four ways."))
    tables, totals = [], []
    for kind, label in KINDS.items():
        found = [d for d in incident.reasons(at.alert) if d["kind"] == kind]
        if not found or (kind == "language" and {d["name"] for d in found} <= {"unknown"}):
            continue
        totals.append(sum(incident.excess(d) for d in found))
        rows = []
        for part in sorted(found, key=incident.excess, reverse=True):
            value, half = incident.excess(part), incident.half(part)
            ends = words.between(value - half, value + half, words.signed)
            name = NAMES.get(part["name"]) or words.label(part["name"])
            rows.append((name, words.count(part["observed"]), f"{words.signed(value)} ({ends})"))
        tables.append(html.Div(c.table((label, "Seen", "More than expected"), rows)))
    if not tables:
        return c.section(title, "", c.notice("quiet", "There were too few mentions to divide."))
    say = f"Each way adds up to the same {words.signed(totals[0])} mentions in {span(at.alert)}."
    return c.section(title, say, html.Div(tables, className="groups wide"))


def span(alert: Row) -> str:
    """The time that an alert's reasons explain."""
    return words.duration(60 * (alert["driver_minutes"] or alert["window_minutes"]))


def like(view: View, snapshot: Snapshot, at: Scene) -> Content:
    """Comparable past incidents: how much alike, what they were judged, and how long they took."""
    title = "Comparable incidents"
    if at.alert is None:
        return c.section(title, "", c.notice("quiet", "With an incident, past ones that were like it stand here."))
    known = similar.read(snapshot.stored.execute, at.onset)
    one = next((p for p in known if p.incident_id == at.alert["incident_id"]), None)
    found = similar.comparable(one, known) if one else []
    if one is None or not found:
        brand = snapshot.brand(view.brand)
        days = (at.onset - brand.first_at).days if brand and brand.first_at else 0
        since = f"in the {words.plural(days, 'day')} that are known before it" if days > 0 else "before it"
        return c.section(title, "", c.notice("quiet", f"No comparable incident {since}."))
    body = html.Ul([_past(view, snapshot, one, p) for p in found], className="past")
    return c.section(title, "The same brand first, then most alike first.", body)


def _past(view: View, snapshot: Snapshot, one: Past, past: Past) -> Content:
    brand = snapshot.brand(past.brand)
    began = snapshot.local(past.onset_at)
    href = view.href(brand=past.brand, alert=past.incident_id)
    name = "" if past.brand == one.brand or brand is None else f"{brand.name}, "
    shared = sorted(one.reasons & past.reasons, key=lambda r: (r[0] != "topic", r))
    about = [f"“{label}”" if kind == "term" else words.label(label).lower() for kind, label in shared]
    signal = SIGNALS.get(past.signal, words.label(past.signal).lower())
    alike = f"also about {words.listed(about[:3])}" if about else f"same signal: {signal}"
    facts = f"Severity {past.severity} of 10 · {VERDICTS[past.verdict]} · took {words.duration(past.seconds)} · {alike}"
    return html.Li([html.A(f"{name}{words.day(began)} {began:%Y}", href=href), html.P(facts, className="note")])


def budget(snapshot: Snapshot, at: Scene) -> Content:
    """What verdicts have made of the brand's alert budget, in a sentence."""
    if at.alert is None:
        return None
    rows = snapshot.rows("budgets", brand=at.alert["brand"], tier=at.alert["tier"])
    return html.P(rows[0]["note"], className="note budget") if rows else None
