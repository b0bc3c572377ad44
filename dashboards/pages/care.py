"""Care: how fast do people hear back, who is waiting, and who must be answered next?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from dash import html

from dashboards import components as c
from dashboards import tiles, words
from dashboards.charts import Dot, Series, columns, curve, dots, heat
from dashboards.drawing import BLUE, ORANGE, Mark
from dashboards.page import Content, Page, Panel, Slot
from dashboards.query import Row, Snapshot
from dashboards.tiles import Tile, Verdict
from dashboards.view import Period, View
from warehouse import metrics

QUEUE, STORIES = 8, 5  # rows
TEXT = 180  # characters of a text in the queue
CELL = 10  # conversations behind a cell of the heat map
SILENT = "This data holds no replies."
NEVER = 10**9  # seconds: no target but the end of the story
AGES = ("Under 1 h", "1 to 4 h", "4 to 24 h", "Over 24 h")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SIDES = (("answered", BLUE), ("unanswered", ORANGE))
BLOCKS = ("0–4", "4–8", "8–12", "12–16", "16–20", "20–24")


def heading(view: View, snapshot: Snapshot) -> str:
    """The question that the page answers."""
    brand = snapshot.brand(view.brand)
    return f"Who waits for {brand.name}, and for how long" if brand else "Care"


def fill(view: View, snapshot: Snapshot) -> dict[str, Content | Panel]:
    """All parts of the page."""
    period = view.period(snapshot)
    asked = {"brand": view.brand, "start": period.start, "until": period.until, "channel": view.channel, "now": snapshot.now}
    row = snapshot.rows("threads", target=snapshot.meta.target_seconds, **asked)[0]
    steps = metrics.waiting([(r["minute"], r["answered"], r["waiting"]) for r in snapshot.rows("waits", **asked)])
    answers = int(snapshot.rows("replies", brand=view.brand)[0]["replies"])
    return {
        "silent": _silent(view, snapshot, row, answers), "tiles": _tiles(snapshot, row, steps) if answers else _unknown(row),
        "queue": _queue(snapshot, asked, row), "stories": _stories(snapshot, asked, row),
        "curve": _curve(snapshot, steps, row), "ages": _ages(snapshot, asked),
        "days": _days(view, snapshot, period), "hours": _hours(snapshot, asked) if answers else c.no_chart(SILENT),
    }


def _silent(view: View, snapshot: Snapshot, row: Row, answers: int) -> Content:
    """Without replies in the data, nobody can count as answered: say so before any number does."""
    brand = snapshot.brand(view.brand)
    if answers or not row["threads"] or brand is None:
        return None
    return c.notice(
        "setup", f"This data holds no reply by {brand.name}.",
        "So nobody can say here who was answered, or how fast. Collect the brand's own posts as well.",
    )


def _unknown(row: Row) -> Content:
    """The tiles where the data holds no replies."""
    silent = Verdict("?", "this data holds no replies")
    names = ("First reply, median", "Answered in time", "Unanswered")
    asked = Tile("Asked for an answer", words.count(row["threads"]), "", tiles.plain("conversations in this period"))
    return tiles.tiles([*(Tile(name, words.NONE, "", silent) for name in names), asked])


def _wait(found: tuple[float | None, float | None, float | None]) -> tuple[str, str]:
    """A waiting time and its interval in words; the curve may reach neither."""
    value, low, high = (None if v is None else words.duration(60 * v) for v in found)
    if low and high and low.split(" ")[1:] == high.split(" ")[1:]:
        low = low.split(" ")[0]  # 28 to 38 min
    ends = f"{low} to {high}" if low and high else f"{low} or more" if low else ""
    return value or words.NONE, ends


def _tiles(snapshot: Snapshot, row: Row, steps: list[metrics.Step]) -> Content:
    threads, target = int(row["threads"]), words.duration(snapshot.meta.target_seconds)
    base = f"of {words.plural(threads, 'conversation')} that need an answer"
    half, nine = _wait(metrics.waited(steps, 0.5)), _wait(metrics.waited(steps, 0.9))
    first = tiles.too_few("First reply, median", threads)
    if threads >= metrics.FLOOR:
        slow = f"nine in ten: {nine[0]}" + (f" ({nine[1]})" if nine[1] else "")
        said = slow if nine[0] != words.NONE else "nine in ten: not reached yet"
        if half[0] == words.NONE:
            said = "not reached: fewer than half have a reply"
        first = Tile("First reply, median", half[0], half[1], tiles.plain(said), "those still waiting are counted in")
    due = int(row["met"]) + int(row["missed"])
    missed = tiles.plain(f"{words.count(row['missed'])} missed the target")
    were = f"of {words.plural(due, 'conversation')} that were due"
    met = tiles.share_tile(f"Answered within {target}", metrics.share(int(row["met"]), due), missed, were)
    silent = tiles.plain(f"{words.count(row['unanswered'])} have no reply")
    none = tiles.share_tile("Unanswered", metrics.share(int(row["unanswered"]), threads), silent, base)
    late = Verdict("▲", f"{words.count(row['late'])} are late", "bad") if row["late"] else Verdict("≈", "none is late")
    again = f"{words.count(row['waiting'])} wrote again after a reply"
    return tiles.tiles([first, met, none, Tile("Open now", words.count(_open(row)), "", late, again)])


def _open(row: Row) -> int:
    return int(row["unanswered"]) + int(row["waiting"])


def due(at: datetime, now: datetime) -> Content:
    """A clock: how long is left, or how late it is. The sign and a word say it, then the colour."""
    seconds = (at - now).total_seconds()
    text = words.duration(abs(seconds))
    said = [html.Span(words.MINUS + text if seconds < 0 else text, className="clock"), " late" if seconds < 0 else " left"]
    title = f"due {at:%a} {words.day(at)}, {at:%H:%M}"
    return html.Time(said, dateTime=at.isoformat(), title=title, className="due late" if seconds < 0 else "due")


def _why(row: Row) -> str:
    reasons = [name for name, holds in (("urgent", row["is_urgent"]), ("story", row["expires_at"])) if holds]
    return ", ".join([*reasons, "wrote again" if row["status"] == "waiting" else "no reply yet"])


def _line(row: Row, snapshot: Snapshot) -> Content:
    now = snapshot.local(snapshot.now)
    text: Content = words.short(row["text"], TEXT) or html.Em("No text: an image or a video.")
    if row["text"] is None:
        text = html.Em("Private: its text is for care only.")
    facts = [
        html.Span(words.label(row["channel"]), className="where"), html.Span(_why(row)), c.mood(row["sentiment_last"]),
        html.Span(["waiting for ", c.when(snapshot.local(row["last_inbound_at"]), now, ago=False)]),
    ]
    body = html.Div([html.P(text, className="quote"), html.P(facts, className="facts")])
    return html.Li([due(snapshot.local(row["due_at"]), now), body], className="waiting")


def _queue(snapshot: Snapshot, asked: dict[str, Any], row: Row) -> Content:
    rows = snapshot.rows("queue", target=snapshot.meta.target_seconds, stories=False, limit=QUEUE, **asked)
    if not rows:
        quiet = "Nobody is waiting in this period. Open conversations appear here, the one due first on top."
        return c.section("Answer first", "", c.notice("quiet", quiet))
    say = "By the clock: what is due first is first."
    if _open(row) > len(rows):
        say = f"The first {len(rows)} of {words.count(_open(row))}, by the clock; what is late by more than a day comes last."
    return c.section("Answer first", say, html.Ol([_line(r, snapshot) for r in rows], className="queue"))


def _stories(snapshot: Snapshot, asked: dict[str, Any], row: Row) -> Content:
    rows = snapshot.rows("queue", target=NEVER, stories=True, limit=STORIES, **asked)
    gone = ""
    if row["stories"]:
        gone = f"{words.count(row['expired'])} of {words.plural(int(row['stories']), 'story', 'stories')} went without a reply."
    if rows:
        return c.section("Stories about to expire", gone, html.Ol([_line(r, snapshot) for r in rows], className="queue"))
    quiet = "No open story is waiting. Stories and snaps are gone after 24 hours, and with them the chance to answer."
    return c.section("Stories about to expire", gone, c.notice("quiet", quiet))


def _curve(snapshot: Snapshot, steps: list[metrics.Step], row: Row) -> Panel:
    target = snapshot.meta.target_seconds / 60
    names = ("After", "Answered", "Low", "High", "Still waiting before")
    if row["threads"] < metrics.FLOOR or not steps:
        few = words.plural(int(row["threads"]), "conversation")
        why = f"Too few to say: {few} in this period, needs {metrics.FLOOR}."
        return c.no_chart("Nobody has been answered in this period." if row["threads"] and not steps else why, names)
    longest = max(4 * target, 240.0)
    shown = [s for s in steps if s.at <= longest]
    shown = shown[:: max(1, len(shown) // 150)]
    reached = [s for s in steps if s.at <= target][-1:]
    share = reached[0].share if reached else 0.0
    say = f"After {words.duration(60 * target)}, {words.percent(share)} have heard from a person."
    points, table = [], []
    for step in shown:
        said = f"{words.percent(step.share)} answered ({words.percents(step.low, step.high)})"
        hover = f"after {words.duration(60 * step.at)}<br>{said}"
        points.append((step.at, 100 * step.share, 100 * step.low, 100 * step.high, hover))
    for step in shown[:: max(1, len(shown) // 24)]:
        shares = (words.percent(v) for v in (step.share, step.low, step.high))
        table.append((words.duration(60 * step.at), *shares, words.count(step.at_risk)))
    figure = curve(points, target=Mark(target, "target"), longest=longest)
    return Panel(say, figure, f"Share answered by time since the first message. {say}", names, table)


def _ages(snapshot: Snapshot, asked: dict[str, Any]) -> Panel:
    names = ("Waiting", "No reply yet", "Wrote again", "Open")
    found = {int(r["step"]): (int(r["unanswered"]), int(r["waiting"])) for r in snapshot.rows("ages", **asked)}
    counts = [(name, *found.get(i, (0, 0))) for i, name in enumerate(AGES)]
    table = [(name, words.count(a), words.count(b), words.count(a + b)) for name, a, b in counts]
    if not found:
        return c.no_chart("No conversation of this period is open.", names, kind="quiet")
    items = [Dot(name, a + b, a + b, a + b, words.count(a + b), ORANGE if name == AGES[3] else BLUE) for name, a, b in counts]
    old = sum(counts[3][1:])
    say = "Nobody has waited for more than a day."
    if old:
        say = f"{words.plural(old, 'customer')} {'has' if old == 1 else 'have'} waited for more than a day."
    return Panel(say, dots(items, bars=True, right=56), f"Open conversations by age. {say}", names, table)


def _days(view: View, snapshot: Snapshot, period: Period) -> Panel:
    names = ("Day", "Asked", "Answered", "Unanswered", "Share unanswered", "Low", "High")
    start = period.start if period.span.grain == "day" else period.start.replace(hour=0) - timedelta(days=6)
    rows = snapshot.rows(
        "response_days", brand=view.brand, start=start, until=period.until, channel=view.channel, zone=snapshot.meta.zone.key
    )
    if not rows:
        return c.no_chart("No conversation that needs an answer in this period.", names)
    found = {r["at_local"]: (int(r["answered"]), int(r["unanswered"])) for r in rows}
    first, last = start.replace(tzinfo=None), period.until.replace(tzinfo=None)
    when = [first + timedelta(days=i) for i in range((last - first).days + 1) if first + timedelta(days=i) < last]
    counts = [found.get(m, (0, 0)) for m in when]
    table, hover = [], []
    for at, (yes, no) in zip(when, counts, strict=True):
        share, day = metrics.share(no, yes + no), f"{at:%a} {words.day(at)}"
        said = [words.NONE] * 3
        if share and metrics.enough(share):
            said = [words.percent(v) for v in (share.value, share.low, share.high)]
        table.append((day, words.count(yes + no), words.count(yes), words.count(no), *said))
        hover.append(f"{day}<br>{words.count(yes)} answered<br>{words.count(no)} unanswered")
    worst = max(range(len(when)), key=lambda i: counts[i][1])
    say = "Everybody was answered."
    if counts[worst][1]:
        on = f"{when[worst]:%a} {words.day(when[worst])}"
        say = f"Most went unanswered on {on}: {words.count(counts[worst][1])} of {words.count(sum(counts[worst]))}."
    parts = [Series(name, colour, tuple(n[i] for n in counts)) for i, (name, colour) in enumerate(SIDES)]
    parts = [part for part in parts if any(part.values)]
    return Panel(say, columns(when, parts, hover=hover), f"Conversations by day. {say}", names, table)


def _hours(snapshot: Snapshot, asked: dict[str, Any]) -> Panel:
    names = ("Opened", "Conversations", "Late or unanswered", "Share", "Low", "High")
    four_weeks = asked | {"start": asked["until"] - timedelta(days=28)}
    rows = snapshot.rows("slow_hours", target=snapshot.meta.target_seconds, zone=snapshot.meta.zone.key, **four_weeks)
    found = {(r["weekday"], r["block"]): metrics.share(int(r["missed"]), int(r["threads"])) for r in rows}
    shown = {cell: s for cell, s in found.items() if s and s.n >= CELL}
    table = []
    for (day, block), share in sorted(found.items()):
        if share:
            shares = (words.percent(v) for v in (share.value, share.low, share.high))
            counts = (words.count(share.n), words.count(round(share.value * share.n)))
            table.append((f"{DAYS[day]}, {BLOCKS[block]} h", *counts, *shares))
    if not shown:
        return c.no_chart(f"A cell needs {CELL} conversations in the last four weeks.", names, table)
    cells = [[shown.get((day, block)) for block in range(len(BLOCKS))] for day in range(len(DAYS))]
    values = [[s.value if s else None for s in line] for line in cells]
    texts = [[words.percent(s.value) if s else "" for s in line] for line in cells]
    (day, block), worst = max(shown.items(), key=lambda item: item[1].value)
    say = "Nobody waited too long at any hour."
    if worst.value:
        say = f"Slowest: {DAYS[day]}, {BLOCKS[block]} h, where {words.percent(worst.value)} miss the target."
    label = f"Share that missed the target, by weekday and hour. {say}"
    return Panel(say, heat(DAYS, BLOCKS, values, texts), label, names, table)


PAGE = Page(
    key="care", path="/care", title="Care", order=3, fill=fill, heading=heading, is_live=True,
    slots=(
        Slot("silent", card=False), Slot("tiles", card=False), Slot("queue", span=4), Slot("stories", span=2),
        Slot("curve", "Share answered, by waiting time", "standard", 4),
        Slot("ages", "Open, by how long they wait", "standard", 2),
        Slot("days", "Answered and unanswered by day", "standard", 3),
        Slot("hours", "When we miss the target, last four weeks", "standard", 3),
    ),
    definitions=(
        (
            "First reply",
            "From the first message of a conversation to the first reply by a person; automatic replies do not count. Median and "
            "nine in ten are of everybody who needs an answer, those still waiting counted as waiting (Kaplan-Meier, 95 %).",
        ),
        (
            "Answered within the target",
            "Answered in time ÷ (answered in time + answered late + still waiting past the target). Interval: Wilson, 95 %.",
        ),
        ("Unanswered", "Conversations without a reply by a person ÷ conversations that need an answer. Interval: Wilson, 95 %."),
        (
            "Open now",
            "No reply yet, or the customer wrote again after the last reply. Late: the customer's last message is older than "
            "the target.",
        ),
        ("Due", "The target after the customer's last message, or the moment when the story goes, whichever is first."),
    ),
)
