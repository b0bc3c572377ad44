"""Care: how fast do people hear back, who is waiting, and who must be answered next?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from dash import html

from dashboards import components as c
from dashboards import metrics, words
from dashboards.charts import BLUE, ORANGE, Dot, Series, columns, curve, dots, heat
from dashboards.page import Content, Page, Panel, Slot
from dashboards.query import Row, Snapshot
from dashboards.view import Period, View

QUEUE, STORIES = 12, 6
CELL = 10  # conversations behind a cell of the heat map
AGES = ("Under 1 h", "1 to 4 h", "4 to 24 h", "Over 24 h")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
BLOCKS = ("0–4", "4–8", "8–12", "12–16", "16–20", "20–24")


def heading(view: View, snapshot: Snapshot) -> str:
    brand = snapshot.brand(view.brand)
    return f"Who waits for {brand.name}, and for how long" if brand else "Care"


def fill(view: View, snapshot: Snapshot) -> dict[str, Content | Panel]:
    period = view.period(snapshot)
    asked = _asked(view, snapshot, period)
    row = snapshot.rows("threads", target=snapshot.meta.target_seconds, **asked)[0]
    steps = metrics.waiting([(r["minute"], r["answered"], r["waiting"]) for r in snapshot.rows("waits", **asked)])
    return {
        "tiles": _tiles(snapshot, row, steps),
        "queue": _queue(snapshot, asked, row),
        "stories": _stories(snapshot, asked, row),
        "curve": _curve(snapshot, steps, row),
        "ages": _ages(snapshot, asked),
        "days": _days(view, snapshot, period),
        "hours": _hours(snapshot, asked),
    }


def _asked(view: View, snapshot: Snapshot, period: Period) -> dict[str, Any]:
    """Parameters that the queries of this page share."""
    return {"brand": view.brand, "start": period.start, "until": period.until, "channel": view.channel, "now": snapshot.now}


def _wait(found: tuple[float | None, float | None, float | None]) -> tuple[str, str]:
    """A waiting time and its interval in words; both ends may be out of sight."""
    value, low, high = (None if v is None else words.duration(60 * v) for v in found)
    ends = f"{low} to {high}" if low and high else f"{low} or more" if low else ""
    return value or words.NONE, ends


def _tiles(snapshot: Snapshot, row: Row, steps: list[metrics.Step]) -> Content:
    target = words.duration(snapshot.meta.target_seconds)
    threads = int(row["threads"])
    base = f"of {words.plural(threads, 'conversation')} that need an answer"
    half, nine = _wait(metrics.waited(steps, 0.5)), _wait(metrics.waited(steps, 0.9))
    if threads < metrics.FLOOR:
        first = c.too_few("First reply", threads)
    else:
        slow = f"nine in ten: {nine[0]}" + (f" ({nine[1]})" if nine[1] else "") if nine[0] != words.NONE else "nine in ten: not reached, too many wait"
        first = c.Tile("First reply, half within", half[0], half[1], c.Verdict("", slow, "quiet"), "those still waiting are counted in")
    due = int(row["met"]) + int(row["missed"])
    met = metrics.share(int(row["met"]), due)
    if met is None or not metrics.enough(met):
        second = c.too_few(f"Within {target}", due)
    else:
        second = c.Tile(f"Answered within {target}", words.percent(met.value), _percents(met), c.Verdict("", f"{words.count(row['missed'])} missed the target", "quiet"), f"of {words.plural(due, 'conversation')} that were due")
    none = metrics.share(int(row["unanswered"]), threads)
    third = c.Tile("Unanswered", words.percent(none.value), _percents(none), c.Verdict("", f"{words.count(row['unanswered'])} have no reply", "quiet"), base) if none and metrics.enough(none) else c.too_few("Unanswered", threads)
    waiting = int(row["unanswered"]) + int(row["waiting"])
    late = c.Verdict("▲", f"{words.count(row['late'])} are late", "bad") if row["late"] else c.Verdict("≈", "none is late")
    fourth = c.Tile("Open now", words.count(waiting), verdict=late, base=f"{words.count(row['waiting'])} wrote again after a reply")
    return c.tiles([first, second, third, fourth])


def _percents(share: metrics.Estimate) -> str:
    return c.interval(share, lambda v: words.percent(v)[:-2]) + " %"


def due(at: datetime, now: datetime) -> Content:
    """A clock: how long is left, or how late it is. The sign and a word say it, then the colour."""
    seconds = (at - now).total_seconds()
    late = seconds < 0
    text = f"{words.MINUS}{words.duration(-seconds)}" if late else words.duration(seconds)
    return html.Time([html.Span(text, className="clock"), html.Span(" late" if late else " left")], dateTime=at.isoformat(), title=f"due {at:%a} {words.day(at)}, {at:%H:%M}", className="due late" if late else "due")


def _why(row: Row) -> str:
    reasons = []
    if row["is_urgent"]:
        reasons.append("urgent")
    if row["expires_at"]:
        reasons.append("story")
    reasons.append("wrote again" if row["status"] == "waiting" else "no reply yet")
    return ", ".join(reasons)


def _line(row: Row, snapshot: Snapshot) -> Content:
    now = snapshot.local(snapshot.now)
    mood = row["sentiment_last"]
    facts = [
        html.Span(words.label(row["channel"]), className="where"), html.Span(_why(row)), html.Span(c.MOODS.get(mood, "Not scored"), className=f"mood {mood}"),
        html.Span(["waiting since ", c.when(snapshot.local(row["last_inbound_at"]), now)]),
    ]
    text = c.short(row["text"], 180) if row["text"] else html.Em("Private: its text is for care only.") if row["text"] is None else html.Em("No text: an image or a video.")
    return html.Li([due(snapshot.local(row["due_at"]), now), html.Div([html.P(text, className="quote"), html.P(facts, className="facts")])], className="waiting")


def _queue(snapshot: Snapshot, asked: dict[str, Any], row: Row) -> Content:
    rows = snapshot.rows("queue", target=snapshot.meta.target_seconds, stories=False, limit=QUEUE, **asked)
    open_ = int(row["unanswered"]) + int(row["waiting"])
    say = f"The first {len(rows)} of {words.count(open_)}, by the clock; late by more than a day comes last." if open_ > len(rows) else "By the clock: what is due first is first."
    if not rows:
        return c.section("Answer first", "", c.notice("quiet", "Nobody is waiting in this period. Open conversations appear here, the one due first on top."))
    return c.section("Answer first", say, html.Ol([_line(r, snapshot) for r in rows], className="queue"))


def _stories(snapshot: Snapshot, asked: dict[str, Any], row: Row) -> Content:
    rows = snapshot.rows("queue", target=10**9, stories=True, limit=STORIES, **asked)
    gone = f"{words.count(row['expired'])} of {words.plural(int(row['stories']), 'story', 'stories')} went without a reply." if row["stories"] else ""
    if not rows:
        return c.section("Stories about to expire", gone, c.notice("quiet", "No open story is waiting. Stories and snaps are gone 24 hours after they appear, and the chance to answer with them."))
    return c.section("Stories about to expire", gone, html.Ol([_line(r, snapshot) for r in rows], className="queue"))


def _curve(snapshot: Snapshot, steps: list[metrics.Step], row: Row) -> Panel:
    target = snapshot.meta.target_seconds / 60
    columns_ = ("After", "Answered", "Low", "High", "Still waiting before")
    if row["threads"] < metrics.FLOOR or not steps:
        return Panel("", None, "No chart", columns_, (), c.notice("empty", f"Too few to say: {words.plural(int(row['threads']), 'conversation')} in this period, needs {metrics.FLOOR}."))
    longest = max(4 * target, 240.0)
    shown = [s for s in steps if s.at <= longest]
    shown = shown[:: max(1, len(shown) // 150)]
    by_target = next((s for s in reversed(steps) if s.at <= target), None)
    share = by_target.share if by_target else 0.0
    say = f"After {words.duration(60 * target)}, {words.percent(share)} have heard from a person."
    table = [(words.duration(60 * s.at), words.percent(s.share), words.percent(s.low), words.percent(s.high), words.count(s.at_risk)) for s in shown[:: max(1, len(shown) // 24)]]
    return Panel(say, _curve_figure(shown, target, longest), f"Share answered by time since the first message. {say}", columns_, table)


def _curve_figure(steps: list[metrics.Step], target: float, longest: float) -> dict[str, Any]:
    return curve([(s.at, 100 * s.share, 100 * s.low, 100 * s.high, f"after {words.duration(60 * s.at)}<br>{words.percent(s.share)} answered ({words.percent(s.low)[:-2]} to {words.percent(s.high)[:-2]})") for s in steps], mark=(target, "target"), longest=longest)


def _ages(snapshot: Snapshot, asked: dict[str, Any]) -> Panel:
    found = {int(r["step"]): r for r in snapshot.rows("ages", **asked)}
    counts = [(name, int(found[i]["unanswered"]) if i in found else 0, int(found[i]["waiting"]) if i in found else 0) for i, name in enumerate(AGES)]
    total = sum(a + b for _, a, b in counts)
    columns_ = ("Waiting", "No reply yet", "Wrote again", "Open")
    table = [(name, words.count(a), words.count(b), words.count(a + b)) for name, a, b in counts]
    if not total:
        return Panel("", None, "No chart", columns_, table, c.notice("quiet", "No conversation of this period is open."))
    items = [Dot(name, a + b, a + b, a + b, words.count(a + b), ORANGE if i == 3 else BLUE) for i, (name, a, b) in enumerate(counts)]
    old = sum(counts[3][1:])
    say = f"{words.plural(old, 'customer')} {'has' if old == 1 else 'have'} waited for more than a day." if old else "Nobody has waited for more than a day."
    return Panel(say, dots(items, bars=True, right=56), f"Open conversations by age. {say}", columns_, table)


def _days(view: View, snapshot: Snapshot, period: Period) -> Panel:
    columns_ = ("Day", "Asked", "Answered", "Unanswered", "Share unanswered", "Low", "High")
    start = period.start if period.span.grain == "day" else period.start.replace(hour=0) - timedelta(days=6)
    rows = {r["at_local"]: r for r in snapshot.rows("response_days", brand=view.brand, start=start, until=period.until, channel=view.channel, zone=snapshot.meta.zone.key)}
    when = _dates(start, period.until)
    if not rows:
        return Panel("", None, "No chart", columns_, (), c.notice("empty", "No conversation that needs an answer in this period."))
    answered = [int(rows[m]["answered"]) if m in rows else 0 for m in when]
    missing = [int(rows[m]["unanswered"]) if m in rows else 0 for m in when]
    table, hover = [], []
    for at, yes, no in zip(when, answered, missing, strict=True):
        share = metrics.share(no, yes + no)
        said = (words.percent(share.value), words.percent(share.low), words.percent(share.high)) if share and metrics.enough(share) else (words.NONE,) * 3
        table.append((f"{at:%a} {words.day(at)}", words.count(yes + no), words.count(yes), words.count(no), *said))
        hover.append(f"{at:%a} {words.day(at)}<br>{words.count(yes)} answered<br>{words.count(no)} unanswered")
    worst = max(range(len(when)), key=lambda i: missing[i])
    say = f"Most went unanswered on {when[worst]:%a} {words.day(when[worst])}: {words.count(missing[worst])} of {words.count(missing[worst] + answered[worst])}."
    if not any(missing):
        say = "Everybody was answered."
    figure = columns(when, [Series("answered", BLUE, tuple(answered)), Series("unanswered", ORANGE, tuple(missing))], hover=hover)
    return Panel(say, figure, f"Conversations by day. {say}", columns_, table)


def _dates(start: datetime, until: datetime) -> list[datetime]:
    first = start.replace(tzinfo=None, hour=0, minute=0)
    return [first + timedelta(days=i) for i in range((until.replace(tzinfo=None) - first).days + 1) if first + timedelta(days=i) < until.replace(tzinfo=None)]


def _hours(snapshot: Snapshot, asked: dict[str, Any]) -> Panel:
    four_weeks = asked | {"start": asked["until"] - timedelta(days=28)}
    rows = {(r["weekday"], r["block"]): r for r in snapshot.rows("slow_hours", target=snapshot.meta.target_seconds, zone=snapshot.meta.zone.key, **four_weeks)}
    columns_ = ("Opened", "Conversations", "Late or unanswered", "Share", "Low", "High")
    values: list[list[float | None]] = []
    texts: list[list[str]] = []
    table, worst = [], (0.0, "")
    for day, name in enumerate(DAYS):
        values.append([])
        texts.append([])
        for block, hours in enumerate(BLOCKS):
            row = rows.get((day, block))
            share = metrics.share(int(row["missed"]), int(row["threads"])) if row else None
            shown = share is not None and share.n >= CELL
            values[-1].append(share.value if share and shown else None)
            texts[-1].append(words.percent(share.value) if share and shown else "")
            if row and share:
                table.append((f"{name}, {hours} h", words.count(share.n), words.count(row["missed"]), *(words.percent(v) for v in (share.value, share.low, share.high))))
                if shown and share.value > worst[0]:
                    worst = (share.value, f"{name}, {hours} h")
    if not any(v is not None for line in values for v in line):
        return Panel("", None, "No chart", columns_, table, c.notice("empty", f"A cell needs {CELL} conversations in the last four weeks."))
    say = f"Slowest: {worst[1]}, where {words.percent(worst[0])} miss the target." if worst[0] else "Nobody waited too long at any hour."
    return Panel(say, heat(DAYS, BLOCKS, values, texts), f"Share that missed the target, by weekday and hour. {say}", columns_, table)


PAGE = Page(
    key="care", path="/care", title="Care", order=3, fill=fill, heading=heading,
    slots=(
        Slot("tiles", card=False), Slot("queue", span=4), Slot("stories", span=2),
        Slot("curve", "Share answered, by waiting time", "standard", 4), Slot("ages", "Open, by how long they wait", "standard", 2),
        Slot("days", "Answered and unanswered by day", "standard", 3), Slot("hours", "When we miss the target, last four weeks", "standard", 3),
    ),
    definitions=(
        ("First reply", "From the first message of a conversation to the first reply by a person; automatic replies do not count. Half and nine in ten are of everybody who needs an answer, those still waiting being counted as waiting (Kaplan-Meier, 95 %)."),
        ("Answered within the target", "Answered in time ÷ (answered in time + answered late + still waiting past the target). Interval: Wilson, 95 %."),
        ("Unanswered", "Conversations without any reply by a person ÷ conversations that need an answer. Interval: Wilson, 95 %."),
        ("Open now", "No reply yet, or the customer wrote again after the last reply. Late: the customer's last message is older than the target."),
        ("Due", "The target after the customer's last message, or the moment when the story goes, whichever is first."),
    ),
)
