"""Crisis: is something blowing up, why, and is it about us?"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dash import html

from dashboards import components as c
from dashboards import metrics, words
from dashboards.charts import GREY, ORANGE, Dot, Mark, Point, dots, expected
from dashboards.page import Content, Page, Panel, Slot
from dashboards.query import Row, Snapshot
from dashboards.view import View

DRIVERS = 7
SIGNALS = {"volume": "mentions", "negative_count": "negative mentions", "negative_share": "share of negative mentions"}
LEAD, TRAIL = timedelta(hours=12), timedelta(hours=6)  # shown around an alert that is over


@dataclass(frozen=True, slots=True)
class Scene:
    """What the page is about: an alert or a quiet stretch, and the hours to show."""

    alert: Row | None
    start: datetime
    until: datetime

    @property
    def is_open(self) -> bool:
        return self.alert is not None and self.alert["state"] != "resolved"


def scene(view: View, snapshot: Snapshot) -> Scene:
    """The alert that was asked for, or the worst open one of the brand, or none."""
    period = view.period(snapshot)
    start, until = snapshot.now - period.span.length, snapshot.now + timedelta(minutes=15)
    alerts = snapshot.rows("alerts", brand=view.brand)
    chosen = next((a for a in alerts if a["alert_id"] == view.alert), None)
    if chosen is None:
        rank = {"page": 1, "watch": 0}
        chosen = max((a for a in alerts if a["state"] != "resolved"), key=lambda a: (rank.get(a["tier"], 0), a["severity"]), default=None)
    if chosen is not None and chosen["onset_at"] < start:
        end = chosen["resolved_at"] or chosen["onset_at"] + timedelta(hours=24)
        start = chosen["onset_at"] - LEAD
        until = min(until, end + TRAIL, start + timedelta(hours=48))
    return Scene(chosen, start, until)


def _since(at: Scene) -> tuple[datetime, datetime]:
    """Whole hours that the drivers and people are counted over: since the onset, at most a day; without an alert, all that is shown."""
    start = at.alert["onset_at"] if at.alert else at.until - timedelta(hours=24)
    end = at.alert["resolved_at"] if at.alert and at.alert["resolved_at"] else at.until
    start = start.replace(minute=0, second=0, microsecond=0)
    return start, min(end, start + timedelta(hours=24))


def _ratio(alert: Row) -> str:
    if alert["signal"] == "negative_share" or not alert["expected"]:
        return ""
    return words.times(alert["observed"] / alert["expected"])


def _amount(alert: Row, name: str) -> str:
    value = alert[name]
    return words.percent(value) if alert["signal"] == "negative_share" else words.count(value)


def heading(view: View, snapshot: Snapshot) -> str:
    at = scene(view, snapshot)
    name = _name(view, snapshot)
    if at.alert is None:
        return f"No incident is open for {name}"
    now = snapshot.local(snapshot.now)
    since = words.moment(snapshot.local(at.alert["onset_at"]), now)
    ratio, what = _ratio(at.alert), SIGNALS.get(at.alert["signal"], at.alert["signal"])
    about = _driver(at.alert)
    tail = f", mostly about {about.lower()}" if about else ""
    if not ratio:
        return f"{name}: {_amount(at.alert, 'observed')} of mentions are negative, we expect {_amount(at.alert, 'expected')}{tail}"
    times = ratio.removesuffix("×")
    if at.is_open:
        return f"{name}: {times} times the {what} we expect, since {since}{tail}"
    return f"{name}: {times} times the {what} we expected, on {since}{tail}"


def _name(view: View, snapshot: Snapshot) -> str:
    brand = snapshot.brand(view.brand)
    return brand.name if brand else "this brand"


def _parts(alert: Row) -> list[dict[str, Any]]:
    """The alert's drivers; an unreadable list is an empty one."""
    try:
        found = json.loads(alert["drivers"])
    except (TypeError, ValueError):
        return []
    return [d for d in found if isinstance(d, dict) and {"kind", "name", "observed", "expected"} <= d.keys()] if isinstance(found, list) else []


def _driver(alert: Row) -> str:
    """The topic that adds most above what is expected, in words."""
    topics = [d for d in _parts(alert) if d["kind"] == "topic" and d["observed"] > d["expected"]]
    top = max(topics, key=lambda d: d["observed"] - d["expected"], default=None)
    return words.label(top["name"]) if top else ""


def fill(view: View, snapshot: Snapshot) -> dict[str, Content | Panel]:
    at = scene(view, snapshot)
    rows = snapshot.rows("expectations", brand=view.brand, start=at.start, until=at.until)
    others = snapshot.rows("others", start=_since(at)[0], until=_since(at)[1])
    return {
        "state": _state(view, snapshot, at, others),
        "facts": _facts(view, snapshot, at, rows),
        "volume": _chart(snapshot, at, rows, "volume"),
        "rail": _rail(view, snapshot, at),
        "drivers": _drivers(view, snapshot, at),
        "negative": _chart(snapshot, at, rows, "negative_count" if any(r["signal"] == "negative_count" for r in rows) else "negative_share"),
        "mentions": _mentions(view, snapshot, at),
        "others": _others(view, others),
        "alerts": _alerts(view, snapshot, at),
        "arming": _arming(snapshot),
    }


def _state(view: View, snapshot: Snapshot, at: Scene, others: list[Row]) -> Content:
    now = snapshot.now
    if at.alert is None:
        past = [a for a in snapshot.rows("alerts", brand=view.brand) if a["resolved_at"]]
        last = f"The last one ended {words.ago(past[0]['resolved_at'], now)}." if past else "There has been none so far."
        return c.notice("quiet-state", last, "An incident appears here by itself, with its reasons, as soon as mentions leave their expected range for long enough.")
    alert = at.alert
    length = (alert["resolved_at"] or now) - alert["onset_at"]
    state = f"Open for {words.duration(length.total_seconds())}" if at.is_open else f"Over: it lasted {words.duration(length.total_seconds())}"
    taken = f"acknowledged {words.ago(alert['acknowledged_at'], now)}" if alert["acknowledged_at"] else ""
    tier = "alert to care" if alert["tier"] == "page" else "watch only, nobody is paged"
    facts = " · ".join(p for p in (f"Severity {alert['severity']} of 10", state, tier, taken) if p)
    window = words.duration(60 * alert["window_minutes"])
    what = SIGNALS.get(alert["signal"], alert["signal"])
    subject = f"{_amount(alert, 'observed')} of mentions negative" if alert["signal"] == "negative_share" else f"{_amount(alert, 'observed')} {what}"
    sentences = [f"{subject} in {window}, where we expect {_amount(alert, 'expected')} ({_amount(alert, 'low')} to {_amount(alert, 'high')}).", _spread(view, snapshot, at), _alone(view, snapshot, others)]
    return c.notice("crisis" if at.is_open else "over", facts, " ".join(s for s in sentences if s))


def _spread(view: View, snapshot: Snapshot, at: Scene) -> str:
    assert at.alert is not None
    rows = snapshot.rows("channel_starts", brand=view.brand, start=at.alert["onset_at"] - timedelta(hours=1), until=_since(at)[1])
    names = [words.label(r["channel"]) for r in rows]
    if len(names) < 2:
        return f"It is on {names[0]} only." if names else ""
    return f"It is on {words.listed(names[:4])}." if len(names) < 5 else f"It is on {len(names)} channels."


def _alone(view: View, snapshot: Snapshot, others: list[Row]) -> str:
    """Is it about us? Only with an answer for at least one other brand."""
    rest = [r for r in others if r["brand"] != view.brand and r["buckets"]]
    if not rest:
        return ""
    hit = [r["name"] for r in rest if r["above"] >= max(2, r["buckets"] / 4)]
    if hit:
        return f"{words.listed(hit)} {'is' if len(hit) == 1 else 'are'} above the usual range too."
    return f"The other brands are as usual: this is about {_name(view, snapshot)}."


def _facts(view: View, snapshot: Snapshot, at: Scene, rows: list[Row]) -> Content:
    start, until = _since(at)
    onset = at.alert["onset_at"] if at.alert else start
    since = f"since {words.moment(snapshot.local(onset), snapshot.local(snapshot.now))}" if at.alert else "in the last 24 h"
    volume = [r for r in rows if r["signal"] == "volume" and onset <= r["bucket_at"] < until and _finite(r["expected"])]
    seen, usual = sum(r["observed"] or 0 for r in volume), sum(r["expected"] for r in volume)
    out = sum(1 for r in volume if r["is_outside"])
    if volume and usual:
        first = c.Tile(f"Mentions {since}", words.count(seen), f"{words.count(usual)} expected", c.Verdict("▲" if out and seen > usual else "≈", f"outside for {out} of {len(volume)} quarter hours" if out else "inside its usual range", "bad" if out and seen > usual else "quiet"))
    else:
        first = c.Tile(f"Mentions {since}", words.NONE, verdict=c.Verdict("?", "no expectation yet"))
    met = snapshot.rows("people", brand=view.brand, start=onset, until=until)[0]
    people = c.Tile("People", words.count(met["people"]), base=f"behind {words.plural(met['mentions'], 'public mention')} {since}")
    reach = c.Tile("Reach", f"~{words.compact(met['reach'])}" if met["reach"] else words.NONE, verdict=c.Verdict(words.NONE, "upper bound" if met["reach"] else "not reported by the channels"), base="people may be counted more than once", proxy=True)
    return c.tiles([first, people, _unanswered(view, snapshot, onset, until), reach])


def _unanswered(view: View, snapshot: Snapshot, onset: datetime, until: datetime) -> c.Tile:
    row = snapshot.rows("threads", brand=view.brand, start=onset, until=until, now=snapshot.now, target=snapshot.meta.target_seconds, channel="all")[0]
    name = "Not answered yet"
    share = metrics.share(int(row["unanswered"]), int(row["threads"]))
    if share is None:
        return c.Tile(name, words.NONE, verdict=c.Verdict(words.NONE, "nobody has asked for an answer"))
    base = f"{words.count(row['unanswered'])} of {words.plural(int(row['threads']), 'conversation')}"
    if not metrics.enough(share):
        return c.too_few(name, share.n, base)
    late = c.Verdict("▲", f"{words.count(row['late'])} past the {words.duration(snapshot.meta.target_seconds)} target", "bad") if row["late"] else c.Verdict("≈", "none past the target")
    return c.Tile(name, words.percent(share.value), c.interval(share, lambda v: words.percent(v)[:-2]) + " %", late, base, href=view.href("/care"))


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _chart(snapshot: Snapshot, at: Scene, rows: list[Row], signal: str) -> Panel:
    share = signal == "negative_share"
    factor = 100 if share else 1
    form = (lambda v: words.percent(v / 100)) if share else words.count
    columns = ("From", "Observed", "Expected", "Low", "High", "Outside")
    points, table, outside, judged = [], [], 0, 0
    for row in (r for r in rows if r["signal"] == signal):
        when = snapshot.local(row["bucket_at"]).replace(tzinfo=None)
        values = {k: row[k] * factor if _finite(row[k]) else None for k in ("observed", "expected", "low", "high")}
        said = {k: words.NONE if v is None else form(v) for k, v in values.items()}
        judged += values["expected"] is not None
        outside += bool(row["is_outside"])
        hover = f"{words.day(when)}, {when:%H:%M}<br>{said['observed']} observed<br>{said['expected']} expected ({said['low']} to {said['high']})"
        points.append(Point(when, values["observed"], values["low"], values["high"], values["expected"], bool(row["is_outside"]), hover))
        table.append((f"{words.day(when)}, {when:%H:%M}", said["observed"], said["expected"], said["low"], said["high"], "yes" if row["is_outside"] else "no"))
    name = {"volume": "Mentions per 15 minutes", "negative_count": "Negative mentions per 15 minutes"}.get(signal, "Share of negative mentions")
    if not points:
        return Panel("", None, f"{name}: no chart", columns, (), c.notice("empty", "Nothing was counted for this brand in these hours, or its baseline is not learnt yet. See who is watched, below."), name)
    say = f"Outside the usual range for {outside} of {words.plural(judged, 'quarter hour')}." if outside else f"Inside the usual range for all {judged} quarter hours." if judged else "No usual range yet: the baseline is still being learnt."
    marks = [Mark(snapshot.local(at.alert["onset_at"]).replace(tzinfo=None), f"onset {words.clock(snapshot.local(at.alert['onset_at']))}")] if at.alert else []
    return Panel(say, expected(points, marks=marks, suffix=" %" if share else ""), f"{name}, observed against expected. {say}", columns, table, title=name)


def _rail(view: View, snapshot: Snapshot, at: Scene) -> Content:
    now = snapshot.local(snapshot.now)
    if at.alert is None:
        return c.section("What happened", "", c.notice("quiet", "Quiet: nothing has left its usual range for long enough to count."))
    alert, events = at.alert, []
    events.append((alert["onset_at"], "Mentions begin to leave their usual range"))
    for row in snapshot.rows("channel_starts", brand=view.brand, start=alert["onset_at"], until=_since(at)[1])[1:4]:
        if row["first_at"] - alert["onset_at"] > timedelta(minutes=10):
            events.append((row["first_at"], f"It reaches {words.label(row['channel'])}"))
    events.append((alert["fired_at"], f"Earshot raises the alert, {words.duration((alert['fired_at'] - alert['onset_at']).total_seconds())} after the onset"))
    for key, what in (("sent_at", "The alert is delivered"), ("acknowledged_at", "Somebody takes it"), ("resolved_at", "Back in its usual range")):
        if alert[key]:
            events.append((alert[key], what))
    ordered = [(snapshot.local(when), what) for when, what in sorted(events, key=lambda e: e[0])]
    if at.is_open:
        ordered.append((now, "Still open"))
    return c.section("What happened", "", c.timeline(ordered, now))


def _drivers(view: View, snapshot: Snapshot, at: Scene) -> Panel:
    start, until = _since(at)
    columns = ("About", "Mentions", "Expected", "More than expected", "Low", "High", "More than chance")
    known = snapshot.brand(view.brand)
    first = known.first_at if known and known.first_at else start
    days = min(7, (start - first).days)
    title = "What drives it" if at.alert else "What people write about"
    rows = [r for r in snapshot.rows("excess", brand=view.brand, start=start, until=until) if r["kind"] in ("topic", "intent")]
    if days < 1 or not rows:
        return Panel("", None, "No chart", columns, (), c.notice("empty", "There is no earlier day to compare these hours with." if rows else "No topics or intents were found in these hours."), title)
    found = []
    for row in rows:
        usual = row["before"] / days
        half = metrics.Z * math.sqrt(row["observed"] + usual / days + 1)
        excess = row["observed"] - usual
        p = metrics.two_sided(excess, half)
        found.append((row, usual, metrics.Change(excess, excess - half, excess + half, p)))
    judged = metrics.judge([f[2] for f in found])
    ranked = sorted(zip(found, judged, strict=True), key=lambda f: (not f[1].real, -f[1].value))[:DRIVERS]
    items, table = [], []
    for (row, usual, _), change in ranked:
        name = words.label(row["name"])
        text = f"{words.signed(change.value)} ({words.count(usual)} expected)"
        items.append(Dot(name, change.value, change.low, change.high, text, ORANGE if change.real and change.value > 0 else GREY, change.real, f"{name}: {words.count(row['observed'])} mentions, {words.count(usual)} expected"))
        table.append((name, words.count(row["observed"]), words.count(usual), *(words.signed(v) for v in (change.value, change.low, change.high)), "yes" if change.real else "no"))
    top = [(f[0], ch) for f, ch in ranked if ch.real and ch.value > 0]
    say = "No topic stands out against the same hours of the days before."
    if top:
        row, change = top[0]
        say = f"{words.label(row['name'])}: {words.count(row['observed'])} mentions, {words.signed(change.value)} against the same hours of the {days} days before."
    return Panel(say, dots(items, zero=True, right=136), f"Mentions above what is expected, by topic. {say}", columns, table, title=title)


def _mentions(view: View, snapshot: Snapshot, at: Scene) -> Content:
    now = snapshot.local(snapshot.now)
    rows: list[Row] = []
    if at.alert and at.alert["example_ids"]:
        rows = list(snapshot.rows("mentions_by_id", brand=view.brand, ids=tuple(at.alert["example_ids"])))
    start, until = _since(at)
    known = {r["mention_id"] for r in rows}
    more = snapshot.rows("mentions", brand=view.brand, start=start, until=until, channel="all", mood="negative", topic="", intent="", limit=5)
    rows += [r for r in more if r["mention_id"] not in known][: max(0, 5 - len(rows))]
    items = [c.mention(r, now, snapshot.local(r["published_at"])) for r in rows]
    return c.section("What they say", "The mentions that tell most, as chosen when the alert was raised." if known else "The negative mentions that were shared most.", c.mentions(items, empty="No negative mention in these hours."))


def _others(view: View, others: list[Row]) -> Content:
    rows = []
    for row in others:
        ratio = row["observed"] / row["expected"] if row["expected"] else None
        state = "above its range" if row["above"] >= max(2, row["buckets"] / 4) else "as usual"
        name = html.Strong(row["name"]) if row["brand"] == view.brand else row["name"]
        rows.append((name, words.count(row["observed"]), words.count(row["expected"]), words.times(ratio) if ratio is not None else words.NONE, state))
    return c.section("Every brand, same hours", "Is it about us, or about everybody?", c.table(("Brand", "Mentions", "Expected", "Ratio", "State"), rows, empty="No brand has a usual range for these hours yet."))


def _alerts(view: View, snapshot: Snapshot, at: Scene) -> Content:
    now = snapshot.local(snapshot.now)
    names = {b.key: b.name for b in snapshot.brands}
    rows = []
    for row in snapshot.rows("alerts", brand="")[:12]:
        since = words.moment(snapshot.local(row["onset_at"]), now)
        href = view.href(brand=row["brand"], alert=row["alert_id"])
        state = {"onset": "open", "escalated": "open, growing", "resolved": "over"}.get(row["state"], row["state"])
        more = {"aria-current": "true"} if at.alert and row["alert_id"] == at.alert["alert_id"] else {}
        rows.append((html.A(since, href=href, **more), names.get(row["brand"], row["brand"]), SIGNALS.get(row["signal"], row["signal"]), f"{row['severity']} of 10", state, _amount(row, "observed"), f"{_amount(row, 'low')} to {_amount(row, 'high')}"))
    return c.section("Alerts", "All brands, newest first.", html.Div(c.table(("Since", "Brand", "Signal", "Severity", "State", "Observed", "Expected"), rows, empty="No alert has been raised."), className="table-scroll", tabIndex=0))


def _arming(snapshot: Snapshot) -> Content:
    """Can each brand raise an alert yet? In words."""
    glyphs = {"armed": ("●", "Watched"), "arming": ("○", "Not yet"), "no_data": (words.NONE, "No data")}
    found: dict[str, Row] = {}
    for row in snapshot.rows("arming"):
        if row["brand"] not in found or row["signal"] == "volume":
            found[row["brand"]] = row
    items = [
        html.Li([
            html.Span(glyphs.get(r["state"], ("?", r["state"]))[0], className=f"glyph {r['state']}", **{"aria-hidden": "true"}),
            html.Span([html.Strong(f"{r['name']}: {glyphs.get(r['state'], ('?', r['state']))[1].lower()}. "), r["note"]]),
        ])
        for r in found.values()
    ]
    body = html.Ul(items, className="arming") if items else c.notice("quiet", "No detector has run yet: no alert can be raised.")
    return c.section("Who is watched", "An alert needs a baseline; until it is learnt, silence means nothing.", body)


PAGE = Page(
    key="crisis", path="/crisis", title="Crisis", order=2, fill=fill, heading=heading, controls=("brand", "period"), spans=("24h", "6h", "48h"),
    slots=(
        Slot("state", card=False), Slot("facts", card=False),
        Slot("volume", "Mentions per 15 minutes", "hero", 4), Slot("rail", span=2),
        Slot("drivers", "What drives it", "standard", 3), Slot("negative", "Negative mentions per 15 minutes", "standard", 3),
        Slot("mentions", span=3), Slot("others", span=3),
        Slot("alerts", span=3), Slot("arming", span=3),
    ),
    definitions=(
        ("Expected", "What the detector learnt from the weeks before for this quarter hour and weekday. The grey band holds 99 % of ordinary quarter hours; a diamond marks one outside."),
        ("Drivers", "Mentions since the onset (at most 24 h) minus the mean of the same hours of up to seven days before. Filled: more than chance among all topics and intents (Benjamini-Hochberg, 5 %)."),
        ("Reach", "Sum of what the channels report for each mention: an upper bound, the same people may be counted more than once."),
        ("Not answered yet", "Public conversations since the onset that need an answer and have none. Interval: Wilson, 95 %."),
    ),
)
