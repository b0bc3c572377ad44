"""Advocacy: who speaks for us, who against us, and do unhappy people come back after a reply?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dashboards import components as c
from dashboards import metrics, words
from dashboards.charts import BLUE, GREY, Dot, Point, band, dots
from dashboards.page import Content, Page, Panel, Slot
from dashboards.query import Row, Snapshot
from dashboards.view import Period, View

COUNTS = ("authors", "advocates", "detractors", "replied_base", "replied_recovered", "unreplied_base", "unreplied_recovered")


@dataclass(frozen=True, slots=True)
class People:
    """Authors of some weeks, counted once a week."""

    authors: int = 0
    advocates: int = 0
    detractors: int = 0
    replied_base: int = 0
    replied_recovered: int = 0
    unreplied_base: int = 0
    unreplied_recovered: int = 0

    @classmethod
    def total(cls, rows: list[Row]) -> People:
        return cls(**{name: sum(int(r[name]) for r in rows) for name in COUNTS})

    @property
    def leaning(self) -> metrics.Estimate | None:
        """Advocates minus detractors among those who took a side, in points."""
        return metrics.net(self.advocates, self.detractors, 0)

    def rate(self, count: int) -> metrics.Estimate | None:
        return metrics.share(count, self.authors)


def heading(view: View, snapshot: Snapshot) -> str:
    brand = snapshot.brand(view.brand)
    return f"Who speaks for {brand.name}, and who against" if brand else "Advocacy"


def weeks(view: View, snapshot: Snapshot) -> Period:
    """The view's period, from the Monday in which it starts."""
    period = view.period(snapshot)
    back = timedelta(days=period.start.weekday())
    return Period(period.start - back, period.until, period.before_start - back, period.start - back, period.span)


def fill(view: View, snapshot: Snapshot) -> dict[str, Content | Panel]:
    period = weeks(view, snapshot)
    brands = (view.brand, *view.rivals)
    rows = snapshot.rows("advocates", brands=brands, start=period.start, until=period.until, zone=snapshot.meta.zone.key)
    own = [r for r in rows if r["brand"] == view.brand]
    people = People.total(own)
    return {
        "tiles": _tiles(people, len(own)),
        "recovered": _recovered(people),
        "weeks": _weeks(own),
        "rivals": _rivals(view, snapshot, rows),
        "for": _quotes(view, snapshot, period, "recommendation", "Who speaks for us", "Recommendations that were shared most.", "No recommendation in these weeks."),
        "against": _quotes(view, snapshot, period, "warning", "Who warns others", "Warnings and threats to leave that were shared most.", "Nobody warns others or wants to leave in these weeks."),
    }


def _percents(share: metrics.Estimate) -> str:
    return c.interval(share, lambda v: f"{100 * v:.1f}" if share.value < 0.1 else f"{100 * v:.0f}") + " %"


def _tiles(people: People, count: int) -> Content:
    base = f"{words.plural(people.authors, 'person', 'people')}, counted once a week, {words.plural(count, 'week')}"
    leaning, sides = people.leaning, people.advocates + people.detractors
    if leaning is not None and metrics.enough(leaning, unit=100):
        first = c.Tile("Would recommend (proxy)", f"~{words.signed(leaning.value)}", c.interval(leaning, words.signed), c.Verdict("", "advocates minus detractors, in points", "quiet"), f"of {words.plural(sides, 'person', 'people')} who took a side", proxy=True)
    else:
        first = c.too_few("Would recommend (proxy)", sides)
    found = [first]
    for name, number in (("Advocates", people.advocates), ("Detractors", people.detractors)):
        rate = people.rate(number)
        if rate is None or not metrics.enough(rate):
            found.append(c.too_few(name, people.authors))
        else:
            found.append(c.Tile(name, words.count(number), verdict=c.Verdict("", f"{100 * rate.value:.1f} % of people ({_percents(rate)})", "quiet"), base=base))
    back = metrics.share(people.replied_recovered, people.replied_base)
    if back is None or not metrics.enough(back):
        found.append(c.too_few("Came back after a reply", people.replied_base))
    else:
        found.append(c.Tile("Came back after a reply", words.percent(back.value), _percents(back), c.Verdict("", f"{words.count(people.replied_recovered)} of {words.count(people.replied_base)} unhappy people", "quiet"), "positive or recommending within 30 days"))
    return c.tiles(found)


def _recovered(people: People) -> Panel:
    groups = (("After a reply", people.replied_recovered, people.replied_base, BLUE), ("Without a reply", people.unreplied_recovered, people.unreplied_base, GREY))
    columns = ("Unhappy people", "Came back", "Share", "Low", "High", "People")
    shares = [(name, count, metrics.share(count, n), colour) for name, count, n, colour in groups]
    table = [(name, words.count(count), *(words.percent(v) for v in (s.value, s.low, s.high)), words.count(s.n)) for name, count, s, _ in shares if s]
    if any(s is None or s.n < metrics.FLOOR for _, _, s, _ in shares):
        least = min((s.n if s else 0) for _, _, s, _ in shares)
        return Panel("", None, "No chart", columns, table, c.notice("empty", f"Too few to say: the smaller group has {words.plural(least, 'person', 'people')}, needs {metrics.FLOOR}."))
    known = [(name, s, colour) for name, _, s, colour in shares if s]
    change = metrics.judge([metrics.change(known[0][1], known[1][1])])[0].scaled(100)
    items = [Dot(name, 100 * s.value, 100 * s.low, 100 * s.high, f"{words.percent(s.value)} ({words.percent(s.low)[:-2]} to {words.percent(s.high)[:-2]})", colour, change.real) for name, s, colour in known]
    pair = f"{words.percent(known[0][1].value)} of unhappy people came back after a reply, {words.percent(known[1][1].value)} without one"
    if change.real:
        size, ends = abs(change.value), sorted((abs(change.low), abs(change.high)))
        say = f"{pair}: {size:.0f} points {'more' if change.value > 0 else 'fewer'} ({ends[0]:.0f} to {ends[1]:.0f}). Not proof of cause: who gets a reply is not chance."
    else:
        say = f"{pair}: no real difference."
    return Panel(say, dots(items, suffix=" %"), f"Recovered within 30 days. {say}", columns, table)


def _weeks(rows: list[Row]) -> Panel:
    columns = ("Week of", "Advocates", "Detractors", "Difference", "Low", "High", "People")
    points, table = [], []
    for row in rows:
        people = People.total([row])
        leaning = people.leaning
        at = row["at_local"]
        shown = leaning if metrics.enough(leaning, unit=100) else None
        ends = (words.signed(shown.value), words.signed(shown.low), words.signed(shown.high)) if shown else (words.NONE,) * 3
        table.append((words.day(at), words.count(people.advocates), words.count(people.detractors), *ends, words.count(people.authors)))
        hover = f"week of {words.day(at)}<br>{words.count(people.advocates)} advocates, {words.count(people.detractors)} detractors<br>{ends[0]} ({ends[1]} to {ends[2]})"
        points.append(Point(at, shown.value, shown.low, shown.high, hover=hover) if shown else Point(at, None))
    if not any(p.value is not None for p in points):
        return Panel("", None, "No chart", columns, table, c.notice("empty", f"A week needs {metrics.FLOOR} people who took a side, and an interval of at most 15 points either way."))
    known = [p for p in points if p.value is not None]
    changes = [metrics.Estimate(p.value or 0, p.low or 0, p.high or 0, metrics.FLOOR) for p in known]
    say = "Only one week has enough people."
    if len(known) > 1:
        moved = metrics.judge([metrics.change(changes[-1], changes[0])])[0]
        said = c.verdict(moved, better=1, unit="points")
        say = f"From the week of {words.day(known[0].at)} to that of {words.day(known[-1].at)}: {said.text}."
    return Panel(say, band(points, zero=True), f"Advocates minus detractors by week. {say}", columns, table)


def _rivals(view: View, snapshot: Snapshot, rows: list[Row]) -> Panel:
    columns = ("Brand", "Advocates", "Share of people", "Low", "High", "People")
    found = []
    for brand in snapshot.brands:
        people = People.total([r for r in rows if r["brand"] == brand.key])
        rate = people.rate(people.advocates)
        if rate is not None and metrics.enough(rate):
            found.append((brand, people, rate))
    found.sort(key=lambda f: -f[2].value)
    table = [(b.name, words.count(p.advocates), *(f"{100 * v:.1f} %" for v in (r.value, r.low, r.high)), words.count(r.n)) for b, p, r in found]
    if len(found) < 2:
        return Panel("", None, "No chart", columns, table, c.notice("empty", "A comparison needs two brands with at least 30 people each."))
    items = [Dot(b.name, 100 * r.value, 100 * r.low, 100 * r.high, f"{100 * r.value:.1f} % ({100 * r.low:.1f} to {100 * r.high:.1f})", BLUE if b.key == view.brand else GREY) for b, _, r in found]
    best, second = found[0], found[1]
    real = metrics.judge([metrics.change(best[2], second[2])])[0].real
    say = f"{best[0].name} has the most advocates among its people." if real else f"{best[0].name} and {second[0].name} lead; no real difference between them."
    return Panel(say, dots(items, suffix=" %", right=124), f"Advocates as a share of people, by brand. {say}", columns, table)


def _quotes(view: View, snapshot: Snapshot, period: Period, intent: str, title: str, say: str, empty: str) -> Content:
    now = snapshot.local(snapshot.now)
    intents = (intent, "churn_risk") if intent == "warning" else (intent,)
    rows = [
        r for i in intents
        for r in snapshot.rows("mentions", brand=view.brand, start=period.start, until=period.until, channel="all", mood="any", topic="", intent=i, limit=3)
    ]
    items = [c.mention(r, now, snapshot.local(r["published_at"])) for r in list({r["mention_id"]: r for r in rows}.values())[:3]]
    return c.section(title, say, c.mentions(items, empty=empty))


PAGE = Page(
    key="advocacy", path="/advocacy", title="Advocacy", order=4, fill=fill, heading=heading, controls=("brand", "vs", "period"), spans=("28d", "12w"),
    slots=(
        Slot("tiles", card=False),
        Slot("recovered", "Do unhappy people come back?", "small", 3), Slot("rivals", "Advocates, by brand", "small", 3),
        Slot("weeks", "Advocates minus detractors, by week", "standard", 6),
        Slot("for", span=3), Slot("against", span=3),
    ),
    definitions=(
        ("Advocate", "A person who recommends the brand without being asked by it. Counted once a week; the brand's own accounts and reposts are left out."),
        ("Detractor", "A person who warns others, or says that they will leave. Counted once a week."),
        ("Would recommend (proxy)", "100 × (advocates − detractors) ÷ (advocates + detractors). A stand-in read from texts: it is not a survey score."),
        ("Came back", "People whose first mention in a week was negative and who were positive or recommending within 30 days: after the first reply of a person, or without any. The last 30 days are still filling. The two groups differ in more than the reply, so the difference is not proof of cause."),
    ),
)
