"""Brand health: is feeling about us better or worse, is the change real, what changed?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dash import html

from dashboards import components as c
from dashboards import figures, tiles, words
from dashboards.charts import Dot, Series, band, columns, dots
from dashboards.drawing import BLUE, GREY, GREY_FILL, ORANGE, Point
from dashboards.figures import Counts
from dashboards.page import Content, Page, Panel, Slot
from dashboards.query import Row, Snapshot
from dashboards.tiles import Tile, Verdict
from dashboards.view import Period, View
from warehouse import metrics
from warehouse.metrics import Change, Estimate

TOPICS = 8  # rows of what changed
LEAST = 10  # mentions in both periods for a topic to be compared


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that the parts of the page say, from one reading of the snapshot."""

    view: View
    snapshot: Snapshot
    period: Period
    rows: list[Row]
    before: list[Row]
    now: Counts
    then: Counts | None  # None where there is nothing to compare with
    why_not: str
    shares: dict[str, Estimate | None]
    shares_before: dict[str, Estimate | None]
    changes: dict[str, Change | None]

    @property
    def grain(self) -> str:
        return self.period.span.grain

    def own(self, rows: list[Row]) -> list[Row]:
        return [r for r in rows if r["brand"] == self.view.brand]


def heading(view: View, snapshot: Snapshot) -> str:
    """The question that the page answers."""
    brand = snapshot.brand(view.brand)
    return f"How people feel about {brand.name}" if brand else "Brand health"


def fill(view: View, snapshot: Snapshot) -> dict[str, Content | Panel]:
    """All parts of the page."""
    story = _read(view, snapshot)
    return {
        "alert": _banner(view, snapshot), "tiles": _tiles(story), "net": _net(story), "changed": _changed(story),
        "volume": _volume(story), "share": _share(story), "quotes": _quotes(story),
    }


def _read(view: View, snapshot: Snapshot) -> Story:
    period = view.period(snapshot)
    brands = [view.brand, *view.rivals]
    rows = figures.series(snapshot, view, brands, period.start, period.until, period.span.grain)
    before = figures.series(snapshot, view, brands, period.before_start, period.before_until, period.span.grain)
    why_not = figures.comparable(snapshot, view, period, view.brand)
    now = Counts.total(r for r in rows if r["brand"] == view.brand)
    then = None if why_not else Counts.total(r for r in before if r["brand"] == view.brand)
    shares, shares_before = _shares(rows, brands), {} if why_not else _shares(before, brands)
    pairs = {
        "net": (now.net, then.net if then else None),
        "share": (shares[view.brand], shares_before.get(view.brand)),
        "complaints": (now.complaining, then.complaining if then else None),
    }
    known = {k: metrics.change(a, b) for k, (a, b) in pairs.items() if a and b and min(a.n, b.n) >= metrics.FLOOR}
    judged = dict(zip(known, metrics.judge(list(known.values())), strict=True))
    changes = {name: judged.get(name) for name in pairs}
    return Story(view, snapshot, period, rows, before, now, then, why_not, shares, shares_before, changes)


def _shares(rows: list[Row], brands: list[str]) -> dict[str, Estimate | None]:
    """Share of voice of each brand among those shown, public mentions only: those that name two brands count for both."""
    counts = {b: Counts.total(r for r in rows if r["brand"] == b).estimated_public for b in brands}
    everybody = Counts.total(rows)
    return {b: metrics.weighted_share(n, everybody.estimated_public, everybody.squared_public) for b, n in counts.items()}


def _tiles(story: Story) -> Content:
    now = story.now
    said = {}
    for name, factor, better in (("net", 1, 1), ("share", 100, 0), ("complaints", 100, -1)):
        change = story.changes[name]
        said[name] = tiles.verdict(change.scaled(factor) if change else None, better=better, why_not=story.why_not)
    left_out = [f"{words.count(n)} {what}" for n, what in ((now.unknown, "unclear"), (now.unscored, "not scored")) if n]
    base = f"{words.plural(now.scored, 'mention')} with a mood" + (f"; left out: {', '.join(left_out)}" if left_out else "")
    net = tiles.points_tile("Net sentiment", now.net, now.scored, said["net"], base)
    counted = f"{words.count(now.complaints)} of {words.plural(now.read, 'mention')} that could be read"
    complaints = tiles.share_tile("Complaints", now.complaining, said["complaints"], counted)
    if now.mentions and now.mentions == now.unscored:
        unscored = Verdict("?", "not scored yet")
        net, complaints = Tile("Net sentiment", words.NONE, "", unscored, base), Tile("Complaints", words.NONE, "", unscored)
    share = Tile("Share of voice", words.NONE, verdict=Verdict(words.NONE, "no other brand to compare with"))
    if story.view.rivals:
        all_ = Counts.total(story.rows)
        of = f"of {words.plural(round(all_.estimated_public), 'public mention')} of {len(story.shares)} brands"
        of = _joined(of, figures.sampled(all_.estimated_public, all_.public))
        share = tiles.share_tile("Share of voice", story.shares[story.view.brand], said["share"], of)
    return tiles.tiles([net, _mentions_tile(story), share, complaints])


def _mentions_tile(story: Story) -> Tile:
    now, then = story.now, story.then
    passed = f"{words.percent(now.reposts / now.mentions)} passed on" if now.reposts else ""
    part = figures.sampled(now.estimated, now.mentions)
    if then is None:
        return Tile("Mentions", words.count(now.estimated), "", Verdict(words.NONE, story.why_not), _joined(passed, part))
    swing = figures.swing(story.snapshot, story.view, story.view.brand, story.period)
    ratio = metrics.ratio(now.estimated, then.estimated, swing=swing, sizes=(now.effective, then.effective))
    said = Verdict("≈", "no real change")
    if ratio is None:
        said = Verdict(words.NONE, "nothing to compare with")
    elif not ratio.low <= 1 <= ratio.high:
        said = Verdict("▲" if ratio.value > 1 else "▼", _growth(ratio), "plain")
    base = f"{words.count(then.estimated)} before"
    rest = _joined(passed, part)
    return Tile("Mentions", words.count(now.estimated), "", said, _joined(base, f"now {rest}" if rest else ""))


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _growth(ratio: Estimate) -> str:
    """A ratio of counts in words: per cent up to a doubling, times beyond."""
    if ratio.value >= 2:
        return f"{words.times(ratio.value)} as many ({words.times(ratio.low)[:-1]} to {words.times(ratio.high)[:-1]})"
    ends = sorted(abs(100 * (v - 1)) for v in (ratio.low, ratio.high))
    return f"{'rose' if ratio.value > 1 else 'fell'} {abs(100 * (ratio.value - 1)):.0f} % ({ends[0]:.0f} to {ends[1]:.0f})"


def _when(at: datetime, grain: str) -> str:
    if grain == "hour":
        return f"{words.day(at)}, {at:%H:%M}"
    return f"week of {words.day(at)}" if grain == "week" else f"{at:%a} {words.day(at)}"


def _net(story: Story) -> Panel:
    at = {r["at_local"]: Counts.total([r]) for r in story.own(story.rows)}
    points, table = [], []
    for moment in figures.moments(story.period):
        count, when = at.get(moment, Counts()), _when(moment, story.grain)
        net = count.net if metrics.enough(count.net, unit=100) else None
        if net is None:
            points.append(Point(moment, None))
            table.append((when, words.NONE, words.NONE, words.NONE, words.count(count.scored)))
            continue
        value, low, high = (words.signed(v) for v in (net.value, net.low, net.high))
        hover = f"{when}<br>{value} ({low} to {high})<br>{words.plural(net.n, 'mention')} with a mood"
        points.append(Point(moment, net.value, net.low, net.high, hover=hover))
        table.append((when, value, low, high, words.count(net.n)))
    names = ("When", "Net sentiment", "Low", "High", "Mentions with a mood")
    known = [p for p in points if p.value is not None]
    if len(known) < 2:
        why = f"A point needs {metrics.FLOOR} mentions with a mood; this period has {words.count(story.now.scored)} in all."
        return c.no_chart(why, names, table)
    say = _extremes(known, story.grain)
    if story.changes["net"] is not None:
        said = tiles.verdict(story.changes["net"], better=1).text
        say = f"{said[:1].upper()}{said[1:]} against {story.period.before}. {say}"
    say += _estimated(story)
    return Panel(say, band(points, zero=True), f"Net sentiment by {story.grain}. {say}", names, table)


def _estimated(story: Story) -> str:
    """What counting labels hides: the model miscounts where a brand's mentions are moodier than what it was trained on."""
    for row in story.snapshot.rows("estimates", brand=story.view.brand):
        share, ends = words.percent(row["estimated_rate"]), words.percents(row["low_rate"], row["high_rate"])
        return (
            f" Allowing for the model's errors, {share} of the last 28 days' {words.plural(row['mention_count'], 'mention')} are "
            f"negative ({ends}); counted, {words.percent(row['counted_rate'])}."
        )
    return ""


def _extremes(known: list[Point], grain: str) -> str:
    low, high = min(known, key=lambda p: p.value or 0), max(known, key=lambda p: p.value or 0)
    ends = [f"{_when(p.at, grain)} at {words.signed(p.value or 0)}" for p in (low, high)]
    return f"Lowest {ends[0]}, highest {ends[1]}."


def _changed(story: Story) -> Panel:
    names = ("What", "Share now", "Share before", "Change", "Low", "High", "More than chance")
    now, then, period = story.now, story.then, story.period
    if story.view.channel != "all":
        return c.no_chart("What changed is counted over all channels: choose all of them to see it.", names)
    if then is None:
        return c.no_chart(f"What changed cannot be said: there is {story.why_not}.", names)
    if min(then.mentions, now.mentions) < metrics.FLOOR:
        return c.no_chart(f"Too few mentions to say what changed: each period needs {metrics.FLOOR}.", names)
    rows = story.snapshot.rows(
        "drivers", brand=story.view.brand, kinds=("intent", "topic"), start=period.start, until=period.until,
        before_start=period.before_start, before_until=period.before_until,
    )
    found, sides = [], (("mentions", now), ("before_mentions", then))
    for row in rows:
        a, b = (metrics.share(row[n], of.read if row["kind"] == "intent" else of.mentions) for n, of in sides)
        if a and b and min(a.n, b.n) >= metrics.FLOOR and row["mentions"] + row["before_mentions"] >= LEAST:
            found.append((words.label(row["name"]), a, b, metrics.change(a, b).scaled(100)))
    judged = metrics.judge([f[3] for f in found])
    ranked = [(name, a, b, change) for (name, a, b, _), change in zip(found, judged, strict=True)]
    ranked = sorted(ranked, key=lambda f: (not f[3].real, -abs(f[3].value)))[:TOPICS]
    if not ranked:
        return c.no_chart("No topics or intents were found in these mentions.", names)
    items, table = [], []
    for name, a, b, change in ranked:
        value, low, high = (words.signed(v) for v in (change.value, change.low, change.high))
        shares = (words.percent(a.value, a.n), words.percent(b.value, b.n))
        hover = f"{name}: {shares[1]} before, {shares[0]} now"
        colour = BLUE if change.real else GREY
        items.append(Dot(name, change.value, change.low, change.high, f"{value} ({low} to {high})", colour, change.real, hover))
        table.append((name, *shares, value, low, high, "yes" if change.real else "no"))
    say = _says_changed(ranked, period)
    return Panel(say, dots(items, zero=True, right=122), f"Change of shares in points. {say}", names, table)


def _says_changed(ranked: list[tuple[str, Estimate, Estimate, Change]], period: Period) -> str:
    real = [(name, change) for name, _, _, change in ranked if change.real]
    if not real:
        return f"Nothing changed more than chance would, against {period.before}."
    name, change = real[0]
    size, ends = abs(change.value), sorted((abs(change.low), abs(change.high)))
    more = f"; {len(real) - 1} more changed." if len(real) > 1 else "."
    way = "more" if change.value > 0 else "less"
    return f"{name}: {size:.0f} points {way} of mentions ({ends[0]:.0f} to {ends[1]:.0f}){more}"


def _volume(story: Story) -> Panel:
    names = ("When", "Mentions", "Negative", "Neutral", "Positive", "Unclear", "Not scored", "Before")
    back = story.period.start - story.period.before_start
    at = {r["at_local"]: Counts.total([r]) for r in story.own(story.rows)}
    earlier = {r["at_local"] + back: round(r["estimated"]) for r in story.own(story.before)} if story.then else {}
    when = figures.moments(story.period)
    counts = [at.get(m, Counts()) for m in when]
    hover, table = [], []
    for moment, n in zip(when, counts, strict=True):
        known = ((n.estimated_negative, "negative"), (n.estimated_neutral, "neutral"), (n.estimated_positive, "positive"))
        moods = ", ".join(f"{words.count(v)} {mood}" for v, mood in known)
        hover.append(f"{_when(moment, story.grain)}<br>{words.plural(round(n.estimated), 'mention')}<br>{moods}")
        numbers = (n.estimated, *(v for v, _ in known), n.estimated_unknown, n.estimated_unscored)
        then = words.count(earlier[moment]) if moment in earlier else words.NONE
        table.append((_when(moment, story.grain), *(words.count(v) for v in numbers), then))
    if not story.now.mentions:
        return c.no_chart("No mentions match these filters.", names, table)
    most, peak = max(zip(counts, when, strict=True), key=lambda pair: pair[0].estimated)
    negative = f", {words.percent(most.negative / most.scored)} of those with a mood negative" if most.scored else ""
    say = f"Busiest {story.grain}: {_when(peak, story.grain)} with {words.plural(round(most.estimated), 'mention')}{negative}."
    part = figures.sampled(story.now.estimated, story.now.mentions)
    say += f" All {words.count(story.now.estimated)} are {part}." if part else ""
    figure = columns(when, _moods(counts), before=[earlier.get(m) for m in when], hover=hover)
    return Panel(say, figure, f"Mentions by {story.grain}, by mood. {say}", names, table)


def _moods(counts: list[Counts]) -> list[Series]:
    if not any(n.scored for n in counts):
        return [Series("mentions", BLUE, tuple(round(n.estimated) for n in counts))]
    parts = [
        Series("negative", ORANGE, tuple(round(n.estimated_negative) for n in counts)),
        Series("neutral", GREY, tuple(round(n.estimated_neutral) for n in counts)),
        Series("positive", BLUE, tuple(round(n.estimated_positive) for n in counts)),
    ]
    rest = tuple(round(n.estimated_unknown + n.estimated_unscored) for n in counts)
    seen = sum(rest) >= 0.01 * sum(n.estimated for n in counts)
    return [*parts, Series("no mood", GREY_FILL, rest, "/")] if seen else parts


def _share(story: Story) -> Panel:
    names, total = ("Brand", "Share", "Low", "High", "Before", "Mentions of all"), Counts.total(story.rows)
    called = {b.key: b.name for b in story.snapshot.brands}
    known = sorted(((called[b], b, s) for b, s in story.shares.items() if s), key=lambda k: -k[2].value)
    if len(known) < 2:
        return c.no_chart("Share of voice needs mentions of at least two brands.", names)
    items, table = [], []
    for name, key, s in known:
        said = f"{words.percent(s.value)} ({words.percents(s.low, s.high).removesuffix(' %')})"
        items.append(Dot(name, 100 * s.value, 100 * s.low, 100 * s.high, said, BLUE if key == story.view.brand else GREY))
        before = story.shares_before.get(key)
        shares = (words.percent(v, s.n) for v in (s.value, s.low, s.high))
        past = words.percent(before.value, before.n) if before else words.NONE
        table.append((name, *shares, past, words.count(total.estimated_public)))
    rank = [key for _, key, _ in known].index(story.view.brand) + 1
    place = {1: "is talked about most", len(known): "is talked about least"}.get(rank, f"is number {rank} of {len(known)}")
    part = figures.sampled(total.estimated_public, total.public)
    say = f"{called[story.view.brand]} {place}, by number of public mentions{', ' if part else ''}{part}."
    return Panel(say, dots(items, suffix=" %", bars=True), f"Share of mentions by brand. {say}", names, table)


def _quotes(story: Story) -> Content:
    snapshot, now, items = story.snapshot, story.snapshot.local(story.snapshot.now), []
    asked = {"brand": story.view.brand, "start": story.period.start, "until": story.period.until, "channel": story.view.channel}
    for mood, limit in (("negative", 2), ("positive", 1)):
        rows = snapshot.rows("mentions", mood=mood, topic="", intent="", limit=limit, **asked)
        items += [c.mention(r, now, snapshot.local(r["published_at"])) for r in rows]
    found = c.mentions(items, empty="No mention with a mood in this period.")
    return c.section("In their words", "The most shared: two that are negative, one that is positive.", found)


def _banner(view: View, snapshot: Snapshot) -> Content:
    """The open alert, if there is one: the first thing that anybody should read."""
    for row in snapshot.rows("alerts", brand=view.brand):
        if row["state"] != "resolved" and row["tier"] == "page":
            since = words.moment(snapshot.local(row["onset_at"]), snapshot.local(snapshot.now))
            first = html.Strong(f"Open alert since {since}: ")
            more = html.Span("See the crisis page", className="more")
            return html.A([first, row["summary"], more], href=view.href("/crisis"), className="notice crisis banner")
    return None


PAGE = Page(
    key="brand", path="/", title="Brand health", order=1, fill=fill, heading=heading,
    controls=("brand", "vs", "channel", "period", "compare"), spans=("7d", "24h", "28d"),
    slots=(
        Slot("alert", card=False), Slot("tiles", card=False),
        Slot("net", "Net sentiment", "standard", 4), Slot("changed", "What changed", "standard", 2),
        Slot("volume", "Mentions by mood", "standard", 4), Slot("share", "Share of voice", "standard", 2),
        Slot("quotes"),
    ),
    definitions=(
        (
            "Net sentiment",
            "100 × (positive − negative) ÷ (positive + negative + neutral). Mentions whose mood is unclear or not scored are "
            "left out and counted beside it. Interval: Newcombe, 95 %.",
        ),
        (
            "Allowing for the model's errors",
            "The share of negative mentions that explains the model's probabilities best (expectation and maximisation; Saerens, "
            "Latinne and Decaestecker 2002), over 28 days and mentions of this brand alone. Interval: bootstrap, 95 %.",
        ),
        (
            "Share of voice",
            "Public mentions of this brand ÷ public mentions of all brands shown: nobody sees the private messages of a rival. A "
            "mention that names two brands counts for both. Interval: Wilson, 95 %.",
        ),
        (
            "Complaints",
            "Mentions that the model reads as complaints ÷ all mentions that it has read: those with a text, in a language that "
            "it knows. Interval: Wilson, 95 %.",
        ),
        (
            "Estimated",
            "Where a budget let only a part be collected, each mention counts as many as it stands for, in the number of "
            "mentions and the share of voice. Intervals rest on as many as were collected (where these stand for unequally "
            "many, on Kish's effective number). Net sentiment and complaints are shares of what was collected.",
        ),
        (
            "What changed",
            "Of a topic, the share of all mentions; of an intent, the share of those that the model has read. Each period needs "
            "30 of them.",
        ),
        (
            "No real change",
            "The interval of the difference holds zero, or the change does not stand out among all that are shown at once "
            "(Benjamini-Hochberg, 5 %).",
        ),
        (
            "Mentions, more than before",
            "The ratio to the period before, allowing for how much days differ by themselves over the four weeks before.",
        ),
    ),
)
