"""Crisis: is something blowing up, why, and is it about us?"""

from __future__ import annotations

import itertools
import math
from datetime import datetime

from dash import html

from dashboards import components as c
from dashboards import figures, handling, incident, telling, tiles, words
from dashboards.charts import Dot, dots, expected
from dashboards.drawing import GREY, ORANGE, Mark, Point
from dashboards.incident import Scene
from dashboards.page import Content, Page, Panel, Slot
from dashboards.query import Row, Snapshot
from dashboards.tiles import Tile, Verdict
from dashboards.view import View
from warehouse import metrics

REASONS = 7  # rows of what drives it
GLYPHS = {"armed": ("●", "watched"), "arming": ("○", "not yet"), "no_data": (words.NONE, "no data")}
STATES = {"onset": "open", "escalated": "open, growing", "resolved": "over"}


def heading(view: View, snapshot: Snapshot) -> str:
    """What happens, in one line."""
    return incident.headline(incident.scene(view, snapshot), snapshot)


def fill(view: View, snapshot: Snapshot) -> dict[str, Content | Panel]:
    """All parts of the page."""
    at = incident.scene(view, snapshot)
    rows = snapshot.rows("expectations", brand=view.brand, start=at.start, until=at.until)
    others = snapshot.rows("others", start=at.hours[0], until=at.hours[1])
    negative = "negative_count" if any(r["signal"] == "negative_count" for r in rows) else "negative_share"
    return {
        "state": _state(view, snapshot, at, others), "act": handling.panel(snapshot, at),
        "facts": _facts(view, snapshot, at, rows),
        "volume": _chart(snapshot, at, rows, "volume"), "rail": _rail(snapshot, at),
        "drivers": _told(at) if at.alert else _stands_out(view, snapshot, at), "negative": _chart(snapshot, at, rows, negative),
        "mentions": telling.mentions(view, snapshot, at), "others": _others(view, at, others),
        "like": telling.like(view, snapshot, at), "parts": telling.parts(at),
        "alerts": _alerts(view, snapshot, at), "arming": _arming(snapshot),
    }


def _state(view: View, snapshot: Snapshot, at: Scene, others: list[Row]) -> Content:
    now, alert = snapshot.now, at.alert
    if alert is None:
        past = [a for a in snapshot.rows("alerts", brand=view.brand) if a["resolved_at"]]
        last = f"The last one ended {words.ago(past[0]['resolved_at'], now)}." if past else "There has been none so far."
        what = "An incident appears here by itself, with its reasons, when mentions leave their expected range for long enough."
        return c.notice("calm", last, what)
    length = words.duration(((alert["resolved_at"] or now) - alert["onset_at"]).total_seconds())
    facts = [f"Severity {alert['severity']} of 10", f"open for {length}" if at.is_open else f"over: it lasted {length}"]
    facts.append("alert to care" if alert["tier"] == "page" else "watch only: nobody is paged")
    if alert["alert_count"] > 1:
        facts.append(f"one of {alert['alert_count']} alerts that are told as one incident")
    where = incident.channels(alert)
    text = [incident.figures(at), f"Mostly on {words.listed(where[:3])}." if where else "", _alone(view, at, others)]
    return c.notice("crisis" if at.is_open else "over", " · ".join(facts), " ".join(t for t in text if t))


def _alone(view: View, at: Scene, others: list[Row]) -> str:
    """Is it about us? Only with an answer for at least one other brand."""
    rest = [r for r in others if r["brand"] != view.brand and r["buckets"]]
    hit = [words.brand(r["brand"], r["name"]) for r in rest if incident.is_above(r)]
    if hit:
        verb = (("is", "are"), ("was", "were"))[at.is_long][len(hit) > 1]
        return f"{words.listed(hit)} {verb} talked about more than usual too{' in its first 24 h' if at.is_long else ''}."
    usual = "In its first 24 h the other brands were as usual" if at.is_long else "The other brands are as usual"
    return f"{usual}: this is about {at.name}." if rest else ""


def _facts(view: View, snapshot: Snapshot, at: Scene, rows: list[Row]) -> Content:
    start, until = at.onset, at.end
    now = snapshot.local(snapshot.now)
    since = f"since {words.moment(snapshot.local(start), now)}" if at.alert else "in the last 24 h"
    met = snapshot.rows("people", brand=view.brand, start=start, until=until)[0]
    part = figures.sampled(met["estimated"], met["mentions"])
    base = f"behind {words.plural(round(met['estimated']), 'public mention')} {since}{', ' if part else ''}{part}"
    people = Tile("People", words.count(met["people"]), "", tiles.plain("at least: of those collected") if part else None, base)
    known = tiles.plain("upper bound: people may count twice" if met["reach"] else "not reported by the channels")
    seen = f"~ {words.compact(met['reach'])}" if met["reach"] else words.NONE
    reach = Tile("Reach", seen, "", known, since, proxy=True)
    asked = {"brand": view.brand, "start": start, "until": until, "now": snapshot.now, "channel": "all"}
    row = snapshot.rows("threads", target=snapshot.meta.target_seconds, **asked)[0]
    share = metrics.share(int(row["unanswered"]), int(row["threads"]))
    late = f"{words.count(row['late'])} past the {words.duration(snapshot.meta.target_seconds)} target"
    said = Verdict("▲", late, "bad") if row["late"] else Verdict("≈", "none past the target")
    base = f"{words.count(row['unanswered'])} of {words.plural(int(row['threads']), 'conversation')} {since}"
    waiting = tiles.share_tile("Not answered yet", share, said, base)
    if not snapshot.rows("replies", brand=view.brand)[0]["replies"]:
        waiting = Tile("Not answered yet", words.NONE, "", Verdict("?", "this data holds no replies"))
    return tiles.tiles([_against(at, rows), people, waiting, reach])


def _against(at: Scene, rows: list[Row]) -> Tile:
    """How far from expected: the alert's own figures, or the last day's."""
    seen = [r for r in rows if r["signal"] == "volume" and at.onset <= r["bucket_at"] and incident.is_number(r["expected"])]
    out = sum(1 for r in seen if r["is_outside"])
    said = Verdict("≈", "inside its usual range")
    if out:
        said = Verdict("▲", f"outside for {out} of {len(seen)} quarter hours", "bad")
    if not seen:
        said = Verdict("?", "no usual range yet")
    if at.alert is None:
        usual = sum(r["expected"] for r in seen)
        value = words.times(sum(r["observed"] or 0 for r in seen) / usual) if usual else words.NONE
        return Tile("Against expected", value, "", said, f"{at.noun} in the last 24 h")
    alert, base = at.alert, incident.figures(at).replace(", where we expect", "; expected").rstrip(".")
    if alert["signal"] == "negative_share":
        usual = f"not {incident.amount(alert, 'expected')}"
        return Tile("Against expected", incident.amount(alert, "observed"), usual, said, base)
    ends = [alert["observed"] / v for v in (alert["high"], alert["low"]) if v > 0]
    said_ends = [words.times(v).removesuffix("×") for v in ends]
    interval = " to ".join(said_ends) if len(ends) == 2 else "".join(f"at least {v}" for v in said_ends)
    return Tile("Against expected", words.times(incident.ratio(alert)), interval, said, base)


def _chart(snapshot: Snapshot, at: Scene, rows: list[Row], signal: str) -> Panel:
    share = signal == "negative_share"
    factor = 100 if share else 1
    columns = ("From", "Observed", "Expected", "Low", "High", "Outside")
    title = f"{words.label(at.counted(signal))} per 15 minutes"
    points, table, outside, judged = [], [], 0, 0
    for row in (r for r in rows if r["signal"] == signal):
        when = snapshot.local(row["bucket_at"]).replace(tzinfo=None)
        values = [row[k] * factor if incident.is_number(row[k]) else None for k in ("observed", "low", "high", "expected")]
        said = [words.NONE if v is None else f"{v:.0f} %" if share else words.count(v) for v in values]
        judged += values[3] is not None
        outside += bool(row["is_outside"])
        label = f"{words.day(when)}, {when:%H:%M}"
        hover = f"{label}<br>{said[0]} observed<br>{said[3]} expected ({said[1]} to {said[2]})"
        value, low, high, centre = values
        points.append(Point(when, value, low, high, centre, bool(row["is_outside"]), hover))
        table.append((label, said[0], said[3], said[1], said[2], "yes" if row["is_outside"] else "no"))
    if not points:
        why = "Nothing was counted for this brand in these hours, or what is usual is not learnt yet: see who is watched, below."
        return c.no_chart(why, columns, title=title)
    say = f"Inside the usual range for all {words.plural(judged, 'quarter hour')}."
    if outside:
        say = f"Outside the usual range for {outside} of {words.plural(judged, 'quarter hour')}."
    elif not judged:
        say = "No usual range yet: it is still being learnt."
    onset = snapshot.local(at.onset)
    seen = at.alert and at.onset >= at.start
    marks = [Mark(onset.replace(tzinfo=None), f"onset {words.clock(onset)}")] if seen else []
    figure = expected(points, marks=marks, suffix=" %" if share else "")
    return Panel(say, figure, f"{title}, observed against expected. {say}", columns, table, title=title)


def _rail(snapshot: Snapshot, at: Scene) -> Content:
    now, alert = snapshot.local(snapshot.now), at.alert
    if alert is None:
        quiet = "Quiet: nothing has left its usual range for long enough to count."
        return c.section("What happened", "", c.notice("quiet", quiet))
    events = [(alert["onset_at"], f"It begins: {at.counted(alert['signal'])} leave the usual range")]
    states = snapshot.rows("alert_states", alert=alert["alert_id"])
    for before, row in itertools.pairwise(states):
        if row["state"] == "escalated":
            worse = f"It grows: severity {before['severity']} to {row['severity']} of 10"
            events.append((row["reached_at"], worse if row["severity"] > before["severity"] else "It grows: care is paged"))
    delay = words.duration((alert["fired_at"] - alert["onset_at"]).total_seconds())
    events.append((alert["fired_at"], f"Earshot raises the alert, {delay} after the onset"))
    if alert["resolved_at"]:
        events.append((alert["resolved_at"], _ending(states)))
    events += handling.events(snapshot, alert["incident_id"])
    if snapshot.meta.is_live and alert["sent_at"]:
        events.append((alert["sent_at"], "The alert is delivered"))
    ordered: list[tuple[datetime, Content]] = [(snapshot.local(when), what) for when, what in sorted(events, key=lambda e: e[0])]
    if at.is_open and all(when <= now for when, _ in ordered):
        ordered.append((now, "Still open"))
    return c.section("What happened", "", c.timeline(ordered, now))


def _ending(states: list[Row]) -> str:
    """Why an alert is over: back in its range, within it after all, or watched by nothing any more."""
    last = states[-1] if states and states[-1]["state"] == "resolved" else {"summary": ""}
    _, _, said = str(last["summary"]).partition(": ")  # behind the brand's name
    first = said.split(". ")[0].rstrip(".")
    return first[:1].upper() + first[1:] or "The alert ends"


def _told(at: Scene) -> Panel:
    """The alert's own reasons: the parts of its excess, which add up to it."""
    columns = ("About", "Mentions", "Expected", "More than expected", "Low", "High")
    kind, parts = incident.told(at.alert) if at.alert else ("", [])
    if not at.alert or not parts:
        return c.no_chart("The alert holds no reasons: there were too few mentions to compare.", columns, title="What drives it")
    items, table = [], []
    for part in parts[:REASONS]:
        value, half = incident.excess(part), incident.half(part)
        name = f"“{part['name']}”" if kind == "term" else words.label(part["name"])
        name = "Anything else" if part["name"] == incident.OTHER else name
        said = f"{words.signed(value)} ({words.count(part['expected'])} expected)"
        real = value - half > 0
        hover = f"{name}: {words.count(part['observed'])} mentions, {words.count(part['expected'])} expected"
        items.append(Dot(name, value, value - half, value + half, said, ORANGE if real else GREY, real, hover))
        ends = (words.signed(v) for v in (value, value - half, value + half))
        table.append((name, words.count(part["observed"]), words.count(part["expected"]), *ends))
    total = sum(incident.excess(p) for p in parts)
    reason = incident.top_reason(at.alert)
    say = f"Top reason: {reason}. " if reason else "No single reason stands out. "
    say += f"The parts add up to {words.signed(total)} mentions in {telling.span(at.alert)}."
    figure = dots(items, zero=True, right=136)
    return Panel(say, figure, f"Mentions above expected, by reason. {say}", columns, table, title="What drives it")


def _stands_out(view: View, snapshot: Snapshot, at: Scene) -> Panel:
    """Without an alert: topics of the last day against the same hours of the days before."""
    columns = ("About", "Mentions", "Mean of days before", "Difference", "Low", "High", "More than chance")
    title = "What people write about"
    start, until = at.hours
    brand = snapshot.brand(view.brand)
    days = min(7, (start - (brand.first_at if brand and brand.first_at else start)).days)
    rows = [r for r in snapshot.rows("excess", brand=view.brand, start=start, until=until) if r["kind"] == "topic"]
    if days < 1 or not rows:
        why = "There is no earlier day to compare these hours with." if rows else "No topics were found in these hours."
        return c.no_chart(why, columns, title=title)
    changes = []
    for row in rows:
        usual = row["before"] / days
        half = metrics.Z * math.sqrt(row["observed_squared"] + row["before_squared"] / days**2 + 1)
        value = row["observed"] - usual
        changes.append(metrics.Change(value, value - half, value + half, metrics.two_sided(value, half)))
    ranked = sorted(zip(rows, metrics.judge(changes), strict=True), key=lambda f: (not f[1].real, -f[1].value))[:REASONS]
    items, table = [], []
    for row, change in ranked:
        name, usual = words.label(row["name"]), row["before"] / days
        said = f"{words.signed(change.value)} ({words.count(usual)} usual)"
        colour = ORANGE if change.real and change.value > 0 else GREY
        items.append(Dot(name, change.value, change.low, change.high, said, colour, change.real))
        ends = (words.signed(v) for v in (change.value, change.low, change.high))
        table.append((name, words.count(row["observed"]), words.count(usual), *ends, "yes" if change.real else "no"))
    real = [f"{words.label(row['name'])} ({'more' if change.value > 0 else 'less'})" for row, change in ranked if change.real]
    who, verb = words.listed(real[:3]) if real else "No topic", "stand" if len(real) > 1 else "stands"
    say = f"{who} {verb} out against the same hours of the {days} days before."
    return Panel(say, dots(items, zero=True, right=118), f"Topics of the last day. {say}", columns, table, title=title)


def _others(view: View, at: Scene, others: list[Row]) -> Content:
    rows = []
    for row in others:
        called = words.brand(row["brand"], row["name"])
        name = html.Strong(called) if row["brand"] == view.brand else called
        times = words.times(row["observed"] / row["expected"]) if row["expected"] else words.NONE
        state = "alert" if row["alerts"] else "above" if incident.is_above(row) else "usual"
        rows.append((name, words.count(row["observed"]), words.count(row["expected"]), times, state))
    empty = "No brand has a usual range for these hours yet."
    found = c.table(("Brand", "Seen", "Expected", "Ratio", "State"), rows, empty=empty)
    asked = "Is it about us, or about everybody? In its first 24 h." if at.is_long else "Is it about us, or about everybody?"
    return c.section("Every brand, same hours", asked, c.scrolled(found))


def _alerts(view: View, snapshot: Snapshot, at: Scene) -> Content:
    now = snapshot.local(snapshot.now)
    names = {b.key: b.name for b in snapshot.brands}
    rows = []
    for row in snapshot.rows("alerts", brand="")[:12]:
        more = {"aria-current": "true"} if at.alert and row["alert_id"] == at.alert["alert_id"] else {}
        since = words.moment(snapshot.local(row["onset_at"]), now)
        usual = f"{incident.amount(row, 'low')} to {incident.amount(row, 'high')}"
        name = names.get(row["brand"], words.label(row["brand"].replace(":", " ")))  # "source:forum" is about a source
        href = view.href(brand=row["brand"], alert=row["alert_id"])
        link = html.A(since, href=href, **more) if row["brand"] in names else since
        rows.append((
            link, name, at.counted(row["signal"]), f"{row['severity']} of 10",
            STATES.get(row["state"], row["state"]), incident.amount(row, "observed"), usual,
        ))
    columns = ("Since", "Brand", "Signal", "Severity", "State", "Observed", "Expected")
    return c.section("Alerts", "All brands, newest first.", c.scrolled(c.table(columns, rows, empty="No alert has been raised.")))


def _arming(snapshot: Snapshot) -> Content:
    """Can each brand raise an alert yet? In words."""
    found: dict[str, Row] = {}
    for row in snapshot.rows("arming"):
        if row["brand"] not in found or row["signal"] == "volume":
            found[row["brand"]] = row
    items = []
    for row in found.values():
        glyph, state = GLYPHS.get(row["state"], ("?", row["state"]))
        name = words.brand(row["brand"], row["name"])
        note = row["note"].removeprefix(f"{row['name']}: ")
        mark = html.Span(glyph, className=f"glyph {row['state']}", **{"aria-hidden": "true"})
        items.append(html.Li([mark, html.Span([html.Strong(f"{name}, {state}: "), note])]))
    body = html.Ul(items, className="arming") if items else c.notice("quiet", "No detector has run yet: no alert can be raised.")
    return c.section("Who is watched", "Until what is usual has been learnt, silence means nothing.", body)


PAGE = Page(
    key="crisis", path="/crisis", title="Crisis", order=2, fill=fill, heading=heading,
    is_live=True, controls=("brand", "period"), spans=("24h", "6h", "48h"),
    slots=(
        Slot("state", card=False), Slot("act"), Slot("facts", card=False),
        Slot("volume", "Mentions per 15 minutes", "hero", 4), Slot("rail", span=2),
        Slot("drivers", "What drives it", "standard", 3), Slot("negative", "Negative mentions per 15 minutes", "standard", 3),
        Slot("mentions"), Slot("others", span=3), Slot("like", span=3), Slot("parts"),
        Slot("alerts", span=4), Slot("arming", span=2),
    ),
    definitions=(
        (
            "Expected",
            "What the detector learnt from the weeks before for this quarter hour. The grey band holds 99 % of ordinary "
            "quarter hours; a diamond marks one outside. People: an author counts once in a quarter hour.",
        ),
        (
            "What drives it",
            "The alert's mentions against those of the seven days before, scaled to what was expected at that hour. The parts "
            "of one kind add up to the whole. Whiskers: 95 % for counts; filled: above zero.",
        ),
        (
            "Incident",
            "Alerts on one brand that overlap, or follow each other closely, are told as one. Its severity, 1 to 10, is the "
            "worst of its alerts so far: how far beyond what is expected, how rare, how negative, how many. A jump is told anew.",
        ),
        (
            "What they say",
            "The first: the earliest mention of what adds most. Most typical: negative, full of what is peculiar to these hours, "
            "much noticed. Most seen: by reach, or by engagement where no reach is known. No reposts, no copies of one another.",
        ),
        (
            "Comparable incidents",
            "Past ones that share a topic or a term, or of the same brand the signal and about the severity; the same brand "
            "first, then by shared reasons (half), signal and severity (a quarter each).",
        ),
        (
            "Who has it",
            "An acknowledgement answers what was known then: nobody further is told, until it gets worse. A snooze holds "
            "messages, but not that it gets worse. Verdicts move the alert budget: from three in 180 days on it is lengthened by "
            "(false + 2) / (allowed + 2), never below what is set and at most fourfold.",
        ),
        (
            "Reach",
            "Sum of what the channels report for each mention: an upper bound, the same people may count twice. Where only a "
            "part was collected, each mention counts as many as it stands for; people are those of the part.",
        ),
        ("Not answered yet", "Conversations since the onset that need an answer and have none. Interval: Wilson, 95 %."),
    ),
)
