"""Advocacy: who speaks for us, who against us, and do unhappy people come back after a reply?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dashboards import components as c
from dashboards import tiles, words
from dashboards.charts import Dot, dots, lines
from dashboards.drawing import BLUE, GREY, ORANGE, Point
from dashboards.page import Content, Page, Panel, Slot
from dashboards.query import Row, Snapshot
from dashboards.tiles import Tile
from dashboards.view import Period, View
from warehouse import metrics
from warehouse.metrics import Estimate

QUOTES = 3
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
    def leaning(self) -> Estimate | None:
        """Advocates minus detractors among those who took a side, in points."""
        return metrics.net(self.advocates, self.detractors, 0)


def heading(view: View, snapshot: Snapshot) -> str:
    """The question that the page answers."""
    brand = snapshot.brand(view.brand)
    return f"Who speaks for {brand.name}, and who against" if brand else "Advocacy"


def fill(view: View, snapshot: Snapshot) -> dict[str, Content | Panel]:
    """All parts of the page."""
    period = _weeks_of(view.period(snapshot))
    asked = {"start": period.start, "until": period.until, "zone": snapshot.meta.zone.key}
    rows = snapshot.rows("advocates", brands=(view.brand, *view.rivals), **asked)
    own = [r for r in rows if r["brand"] == view.brand]
    return {
        "tiles": _tiles(People.total(own), len(own)), "recovered": _recovered(People.total(own)), "weeks": _weeks(own),
        "rivals": _rivals(view, snapshot, rows), "for": _quotes(view, snapshot, period, ("recommendation",)),
        "against": _quotes(view, snapshot, period, ("warning", "churn_risk")),
    }


def _weeks_of(period: Period) -> Period:
    """The period from the Monday of the week in which it starts."""
    back = timedelta(days=period.start.weekday())
    return Period(period.start - back, period.until, period.before_start - back, period.start - back, period.span)


def _tiles(people: People, weeks: int) -> Content:
    sides = people.advocates + people.detractors
    took = f"of {words.plural(sides, 'person', 'people')} who took a side"
    said = tiles.plain("advocates minus detractors, in points")
    found = [tiles.points_tile("Would recommend (proxy)", people.leaning, sides, said, took, proxy=True)]
    base = f"{words.plural(people.authors, 'person', 'people')}, counted once a week, {words.plural(weeks, 'week')}"
    for name, number in (("Advocates", people.advocates), ("Detractors", people.detractors)):
        rate = metrics.share(number, people.authors)
        if rate is None or not metrics.enough(rate):
            found.append(tiles.too_few(name, people.authors))
        else:
            text = f"{100 * rate.value:.1f} % of people ({words.percents(rate.low, rate.high)})"
            found.append(Tile(name, words.count(number), "", tiles.plain(text), base))
    came = tiles.plain(f"{words.count(people.replied_recovered)} of {words.count(people.replied_base)} unhappy people")
    back = metrics.share(people.replied_recovered, people.replied_base)
    found.append(tiles.share_tile("Came back after a reply", back, came, "positive or recommending within 30 days"))
    return tiles.tiles(found)


def _recovered(people: People) -> Panel:
    names = ("Unhappy people", "Came back", "Share", "Low", "High", "People")
    groups = [
        ("After a reply", BLUE, people.replied_recovered, people.replied_base),
        ("Without a reply", GREY, people.unreplied_recovered, people.unreplied_base),
    ]
    shares = [(name, colour, count, metrics.share(count, n)) for name, colour, count, n in groups]
    known = [(name, colour, count, s) for name, colour, count, s in shares if s is not None]
    table = []
    for name, _, n, s in known:
        table.append((name, words.count(n), *(words.percent(v) for v in (s.value, s.low, s.high)), words.count(s.n)))
    if len(known) < 2 or any(s.n < metrics.FLOOR for *_, s in known):
        least = min(n for *_, n in groups)
        small = words.plural(least, "person", "people")
        return c.no_chart(f"Too few to say: the smaller group has {small}, needs {metrics.FLOOR}.", names, table)
    change = metrics.judge([metrics.change(known[0][3], known[1][3])])[0].scaled(100)
    items = []
    for name, colour, _, s in known:
        said = f"{words.percent(s.value)} ({words.percents(s.low, s.high).removesuffix(' %')})"
        items.append(Dot(name, 100 * s.value, 100 * s.low, 100 * s.high, said, colour, change.real))
    after, without = (words.percent(s.value) for *_, s in known)
    say = f"{after} of unhappy people came back after a reply, {without} without one"
    if change.real:
        ends = sorted((abs(change.low), abs(change.high)))
        more = f"{abs(change.value):.0f} points {'more' if change.value > 0 else 'fewer'} ({ends[0]:.0f} to {ends[1]:.0f})"
        say += f": {more}. Not proof of cause: who gets a reply is not chance."
    else:
        say += ": no real difference."
    return Panel(say, dots(items, suffix=" %"), f"Recovered within 30 days. {say}", names, table)


def _weeks(rows: list[Row]) -> Panel:
    names = ("Week of", "People", "Advocates", "Share", "Low", "High", "Detractors", "Share", "Low", "High")
    sides = {"advocates": (BLUE, 1), "detractors": (ORANGE, -1)}
    points: dict[str, list[Point]] = {name: [] for name in sides}
    known: dict[str, list[tuple[str, Estimate]]] = {name: [] for name in sides}
    table = []
    for row in rows:
        at, people = row["at_local"], int(row["authors"])
        cells = [words.day(at), words.count(people)]
        for name in sides:
            share = metrics.share(int(row[name]), people)
            share = share if metrics.enough(share) else None
            said = [f"{100 * v:.1f} %" for v in (share.value, share.low, share.high)] if share else [words.NONE] * 3
            cells += [words.count(row[name]), *said]
            counted = f"{words.count(row[name])} {name} of {words.plural(people, 'person', 'people')}"
            hover = f"week of {words.day(at)}<br>{counted}<br>{said[0]} ({said[1]} to {said[2]})"
            point = Point(at, None)
            if share:
                point = Point(at, 100 * share.value, 100 * share.low, 100 * share.high, hover=hover)
            points[name].append(point)
            known[name] += [(words.day(at), share)] if share else []
        table.append(cells)
    if len(known["advocates"]) < 2:
        return c.no_chart(f"A line needs two weeks with at least {metrics.FLOOR} people each.", names, table)
    moves = metrics.judge([metrics.change(known[name][-1][1], known[name][0][1]) for name in sides])
    told = [
        f"{name} {tiles.verdict(move.scaled(100), better=better).text}".replace("no real change", "did not really change")
        for (name, (_, better)), move in zip(sides.items(), moves, strict=True)
    ]
    span = f"From the week of {known['advocates'][0][0]} to that of {known['advocates'][-1][0]}"
    say = f"{span}, {' and '.join(told)}."
    figure = lines([(name, colour, points[name]) for name, (colour, _) in sides.items()], suffix=" %")
    return Panel(say, figure, f"Advocates and detractors as shares of people, by week. {say}", names, table)


def _rivals(view: View, snapshot: Snapshot, rows: list[Row]) -> Panel:
    names = ("Brand", "Advocates", "Share of people", "Low", "High", "People")
    found = []
    for brand in snapshot.brands:
        people = People.total([r for r in rows if r["brand"] == brand.key])
        rate = metrics.share(people.advocates, people.authors)
        if rate is not None and metrics.enough(rate):
            found.append((brand, people.advocates, rate))
    found.sort(key=lambda f: -f[2].value)
    table = []
    for brand, count, rate in found:
        shares = (f"{100 * v:.1f} %" for v in (rate.value, rate.low, rate.high))
        table.append((brand.name, words.count(count), *shares, words.count(rate.n)))
    if len(found) < 2:
        return c.no_chart(f"A comparison needs two brands with at least {metrics.FLOOR} people each.", names, table)
    items = []
    for brand, _, rate in found:
        said = f"{100 * rate.value:.1f} % ({words.percents(rate.low, rate.high).removesuffix(' %')})"
        colour = BLUE if brand.key == view.brand else GREY
        items.append(Dot(brand.name, 100 * rate.value, 100 * rate.low, 100 * rate.high, said, colour))
    best, second = found[0], found[1]
    say = f"{best[0].name} and {second[0].name} lead; no real difference between them."
    if metrics.judge([metrics.change(best[2], second[2])])[0].real:
        say = f"{best[0].name} has the most advocates among its people."
    return Panel(say, dots(items, suffix=" %", right=124), f"Advocates as a share of people, by brand. {say}", names, table)


def _quotes(view: View, snapshot: Snapshot, period: Period, intents: tuple[str, ...]) -> Content:
    good = "recommendation" in intents
    title = "Who speaks for us" if good else "Who warns others"
    say = "Recommendations that were shared most." if good else "Warnings and threats to leave that were shared most."
    empty = "No recommendation in these weeks." if good else "Nobody warns others or wants to leave in these weeks."
    now = snapshot.local(snapshot.now)
    rows: dict[str, Row] = {}
    asked = {"brand": view.brand, "start": period.start, "until": period.until, "channel": "all", "mood": "any", "topic": ""}
    for intent in intents:
        rows |= {r["mention_id"]: r for r in snapshot.rows("mentions", intent=intent, limit=QUOTES, **asked)}
    items = [c.mention(r, now, snapshot.local(r["published_at"])) for r in list(rows.values())[:QUOTES]]
    return c.section(title, say if items else "", c.mentions(items, empty=empty))


PAGE = Page(
    key="advocacy", path="/advocacy", title="Advocacy", order=4, fill=fill, heading=heading,
    controls=("brand", "vs", "period"), spans=("28d", "12w"),
    slots=(
        Slot("tiles", card=False),
        Slot("recovered", "Do unhappy people come back?", "small", 3), Slot("rivals", "Advocates, by brand", "small", 3),
        Slot("weeks", "Advocates and detractors among people, by week", "standard"),
        Slot("for", span=3), Slot("against", span=3),
    ),
    definitions=(
        (
            "Advocate",
            "A person who recommends the brand without being asked by it. Counted once a week; the brand's own accounts and "
            "reposts are left out.",
        ),
        ("Detractor", "A person who warns others, or says that they will leave. Counted once a week."),
        (
            "Would recommend (proxy)",
            "100 × (advocates − detractors) ÷ (advocates + detractors). A stand-in read from texts: it is not a survey score.",
        ),
        (
            "Came back",
            "People whose first mention in a week was negative and who were positive or recommending within 30 days: after the "
            "first reply of a person, or without any. The last 30 days are still filling. The two groups differ in more than "
            "the reply, so the difference is not proof of cause.",
        ),
    ),
)
