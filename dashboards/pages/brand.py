"""Brand health: is feeling about us better or worse, is the change real, what changed?"""

from __future__ import annotations

from typing import Any

from dashboards import components as c
from dashboards import figures, metrics, words
from dashboards.charts import BLUE, GREY, ORANGE, Dot, Point, Series, band, columns, dots
from dashboards.figures import Counts
from dashboards.page import Content, Page, Panel, Slot
from dashboards.query import Row, Snapshot
from dashboards.view import Period, View

TOPICS = 8  # rows of what changed


def heading(view: View, snapshot: Snapshot) -> str:
    brand = snapshot.brand(view.brand)
    return f"How people feel about {brand.name}" if brand else "Brand health"


def fill(view: View, snapshot: Snapshot) -> dict[str, Content | Panel]:
    period = view.period(snapshot)
    brands = [view.brand, *view.rivals]
    grain = period.span.grain
    rows = figures.series(snapshot, view, brands, period.start, period.until, grain)
    before = figures.series(snapshot, view, brands, period.before_start, period.before_until, grain)
    why_not = figures.comparable(snapshot, view, period, view.brand)
    now = Counts.total(r for r in rows if r["brand"] == view.brand)
    then = None if why_not else Counts.total(r for r in before if r["brand"] == view.brand)
    shares = _shares(rows, brands)
    shares_before = {} if why_not else _shares(before, brands)
    verdicts = _verdicts(now, then, shares[view.brand], shares_before.get(view.brand))
    return {
        "alert": _banner(view, snapshot),
        "tiles": _tiles(view, snapshot, period, now, then, shares[view.brand], verdicts, why_not),
        "net": _net(view, period, [r for r in rows if r["brand"] == view.brand], now, verdicts["net"]),
        "changed": _changed(view, snapshot, period, now, then, why_not),
        "volume": _volume(period, [r for r in rows if r["brand"] == view.brand], [r for r in before if r["brand"] == view.brand], now, then),
        "share": _share(view, snapshot, shares, shares_before, verdicts["share"]),
        "quotes": _quotes(view, snapshot, period),
    }


def _shares(rows: list[Row], brands: list[str]) -> dict[str, metrics.Estimate | None]:
    """Share of voice of each brand among those shown: mentions that name two brands count for both."""
    counts = {b: sum(int(r["mentions"]) for r in rows if r["brand"] == b) for b in brands}
    total = sum(counts.values())
    return {b: metrics.share(n, total) for b, n in counts.items()}


def _verdicts(now: Counts, then: Counts | None, share: metrics.Estimate | None, share_before: metrics.Estimate | None) -> dict[str, metrics.Change | None]:
    """The changes that the tiles speak of, judged together."""
    pairs = {
        "net": (now.net, then.net if then else None),
        "share": (share, share_before),
        "complaints": (metrics.share(now.complaints, now.mentions), metrics.share(then.complaints, then.mentions) if then else None),
    }
    known = {name: metrics.change(a, b) for name, (a, b) in pairs.items() if a is not None and b is not None and min(a.n, b.n) >= metrics.FLOOR}
    judged = dict(zip(known, metrics.judge(list(known.values())), strict=True))
    return {name: judged.get(name) for name in pairs}


def _tiles(
    view: View, snapshot: Snapshot, period: Period, now: Counts, then: Counts | None, share: metrics.Estimate | None,
    verdicts: dict[str, metrics.Change | None], why_not: str,
) -> Content:
    net = now.net
    left_out = [f"{words.count(n)} {what}" for n, what in ((now.unknown, "unclear"), (now.unscored, "not scored")) if n]
    base = f"{words.plural(now.scored, 'mention')} with a mood" + (f"; left out: {', '.join(left_out)}" if left_out else "")
    if now.mentions and not now.scored:
        first = c.Tile("Net sentiment", words.NONE, verdict=c.Verdict("?", "not scored yet"), base=base)
    elif net is not None and metrics.enough(net, unit=100):
        first = c.Tile("Net sentiment", words.signed(net.value), c.interval(net, words.signed), c.verdict(verdicts["net"], better=1, unit="points", why_not=why_not), base)
    else:
        first = c.too_few("Net sentiment", now.scored, base)
    return c.tiles([first, _mentions_tile(view, snapshot, period, now, then, why_not), _share_tile(view, share, verdicts["share"], why_not), _complaints_tile(now, verdicts["complaints"], why_not)])


def _mentions_tile(view: View, snapshot: Snapshot, period: Period, now: Counts, then: Counts | None, why_not: str) -> c.Tile:
    base = f"of which {words.percent(now.reposts / now.mentions)} passed on" if now.reposts else ""
    said = c.Verdict(words.NONE, why_not)
    if then is not None:
        swing = figures.swing(snapshot, view, view.brand, period)
        ratio = metrics.ratio(now.mentions, then.mentions, swing=swing)
        if ratio is None:
            said = c.Verdict(words.NONE, f"{words.count(then.mentions)} before")
        elif ratio.low <= 1 <= ratio.high:
            said = c.Verdict("≈", f"no real change from {words.count(then.mentions)}")
        else:
            up = ratio.value > 1
            said = c.Verdict("▲" if up else "▼", f"{words.times(ratio.value)} the {words.count(then.mentions)} before ({words.times(ratio.low)[:-1]} to {words.times(ratio.high)[:-1]})", "plain")
    return c.Tile("Mentions", words.count(now.mentions), verdict=said, base=base)


def _share_tile(view: View, share: metrics.Estimate | None, change: metrics.Change | None, why_not: str) -> c.Tile:
    if not view.rivals:
        return c.Tile("Share of voice", words.NONE, verdict=c.Verdict(words.NONE, "no other brand to compare with"))
    if share is None or not metrics.enough(share):
        return c.too_few("Share of voice", share.n if share else 0)
    said = c.verdict(change.scaled(100) if change else None, better=1, unit="points", why_not=why_not)
    return c.Tile("Share of voice", words.percent(share.value, share.n), c.interval(share, lambda v: words.percent(v)[:-2]) + " %", said, f"of {words.plural(share.n, 'mention')} of {len(view.rivals) + 1} brands")


def _complaints_tile(now: Counts, change: metrics.Change | None, why_not: str) -> c.Tile:
    share = metrics.share(now.complaints, now.mentions)
    if now.mentions and now.unscored == now.mentions:
        return c.Tile("Complaints", words.NONE, verdict=c.Verdict("?", "not scored yet"))
    if share is None or not metrics.enough(share):
        return c.too_few("Complaints", now.mentions)
    said = c.verdict(change.scaled(100) if change else None, better=-1, unit="points", why_not=why_not)
    return c.Tile("Complaints", words.percent(share.value), c.interval(share, lambda v: words.percent(v)[:-2]) + " %", said, f"{words.count(now.complaints)} of {words.plural(now.mentions, 'mention')}")


def _when(at: Any, grain: str) -> str:
    return f"{words.day(at)}, {at:%H:%M}" if grain == "hour" else f"{'week of ' if grain == 'week' else ''}{at:%a} {words.day(at)}"


def _net(view: View, period: Period, rows: list[Row], now: Counts, change: metrics.Change | None) -> Panel:
    at = {r["at_local"]: Counts.total([r]) for r in rows}
    points, table = [], []
    for moment in figures.moments(period):
        count = at.get(moment, Counts())
        net = count.net
        shown = net if metrics.enough(net, unit=100) else None
        when = _when(moment, period.span.grain)
        if shown is None:
            points.append(Point(moment, None))
            table.append((when, words.NONE, words.NONE, words.NONE, words.count(count.scored)))
            continue
        hover = f"{when}<br>{words.signed(shown.value)} ({c.interval(shown, words.signed)})<br>{words.plural(shown.n, 'mention')} with a mood"
        points.append(Point(moment, shown.value, shown.low, shown.high, hover=hover))
        table.append((when, words.signed(shown.value), words.signed(shown.low), words.signed(shown.high), words.count(shown.n)))
    known = [p for p in points if p.value is not None]
    columns_ = ("When", "Net sentiment", "Low", "High", "Mentions with a mood")
    if not known:
        return Panel("Too few mentions with a mood to draw a line.", None, "No chart: too few mentions", columns_, table, c.notice("empty", f"A point needs {metrics.FLOOR} mentions with a mood; this period has {words.count(now.scored)} in all."))
    low, high = min(known, key=lambda p: p.value or 0), max(known, key=lambda p: p.value or 0)
    say = f"Lowest {_when(low.at, period.span.grain)} at {words.signed(low.value or 0)}, highest {_when(high.at, period.span.grain)} at {words.signed(high.value or 0)}."
    if len(known) == 1:
        say = "Only one point has enough mentions."
    return Panel(say, band(points, zero=True), f"Net sentiment by {period.span.grain}. {say}", columns_, table)


def _changed(view: View, snapshot: Snapshot, period: Period, now: Counts, then: Counts | None, why_not: str) -> Panel:
    columns_ = ("What", "Share now", "Share before", "Change", "Low", "High", "More than chance")
    if then is None or then.mentions < metrics.FLOOR or now.mentions < metrics.FLOOR or view.channel != "all":
        why = "choose all channels to see it" if view.channel != "all" else why_not or "too few mentions to say"
        return Panel("", None, "No chart", columns_, (), c.notice("empty", f"What changed cannot be said: {why}."))
    rows = snapshot.rows(
        "drivers", brand=view.brand, kinds=("intent", "topic"), start=period.start, until=period.until,
        before_start=period.before_start, before_until=period.before_until,
    )
    found = []
    for row in rows:
        a, b = metrics.share(int(row["mentions"]), now.mentions), metrics.share(int(row["before_mentions"]), then.mentions)
        if a is not None and b is not None and row["mentions"] + row["before_mentions"] >= 10:
            found.append((words.label(row["name"]), a, b, metrics.change(a, b)))
    judged = metrics.judge([f[3] for f in found])
    ranked = sorted(zip(found, judged, strict=True), key=lambda f: (not f[1].real, -abs(f[1].value)))[:TOPICS]
    if not ranked:
        return Panel("", None, "No chart", columns_, (), c.notice("empty", "No topics or intents were found in these mentions."))
    items = [
        Dot(
            name, 100 * change.value, 100 * change.low, 100 * change.high, f"{words.signed(100 * change.value)} ({words.signed(100 * change.low)} to {words.signed(100 * change.high)})",
            BLUE if change.real else GREY, change.real, f"{name}: {words.percent(b.value)} → {words.percent(a.value)} of mentions",
        )
        for (name, a, b, _), change in ranked
    ]
    table = [
        (name, words.percent(a.value, a.n), words.percent(b.value, b.n), words.signed(100 * ch.value), words.signed(100 * ch.low), words.signed(100 * ch.high), "yes" if ch.real else "no")
        for (name, a, b, _), ch in ranked
    ]
    real = [(f[0], ch) for f, ch in ranked if ch.real]
    say = f"Nothing changed more than chance would, against {period.before}."
    if real:
        name, change = real[0]
        verb = "took up" if change.value > 0 else "lost"
        say = f"{name} {verb} {abs(100 * change.value):.0f} points of what people write about" + (f"; {len(real) - 1} more changed." if len(real) > 1 else ".")
    return Panel(say, dots(items, zero=True, right=104), f"Change of shares in points. {say}", columns_, table)


def _volume(period: Period, rows: list[Row], before: list[Row], now: Counts, then: Counts | None) -> Panel:
    at = {r["at_local"]: Counts.total([r]) for r in rows}
    earlier = {r["at_local"] + (period.start - period.before_start): int(r["mentions"]) for r in before}
    when = figures.moments(period)
    counts = [at.get(m, Counts()) for m in when]
    parts = [
        Series("negative", ORANGE, tuple(n.negative for n in counts)), Series("neutral", GREY, tuple(n.neutral for n in counts)),
        Series("positive", BLUE, tuple(n.positive for n in counts)),
    ]
    if any(n.unknown + n.unscored for n in counts):
        parts.append(Series("no mood", "rgba(125,133,144,0.28)", tuple(n.unknown + n.unscored for n in counts), "/"))
    hover = [
        f"{_when(m, period.span.grain)}<br>{words.plural(n.mentions, 'mention')}<br>{words.count(n.negative)} negative, {words.count(n.neutral)} neutral, {words.count(n.positive)} positive"
        for m, n in zip(when, counts, strict=True)
    ]
    line = [earlier.get(m) for m in when] if then is not None else []
    table = [
        (_when(m, period.span.grain), *(words.count(v) for v in (n.mentions, n.negative, n.neutral, n.positive, n.unknown, n.unscored)), words.count(earlier[m]) if then is not None and m in earlier else words.NONE)
        for m, n in zip(when, counts, strict=True)
    ]
    most = max(zip(counts, when, strict=True), key=lambda p: p[0].mentions, default=None)
    say: Content = "No mentions in this period."
    if most and most[0].mentions:
        unit = {"hour": "hour", "day": "day", "week": "week"}[period.span.grain]
        say = f"Busiest {unit}: {_when(most[1], period.span.grain)} with {words.plural(most[0].mentions, 'mention')}, {words.percent(most[0].negative / most[0].mentions)} negative."
    figure = columns(when, parts, before=line, hover=hover) if now.mentions else None
    return Panel(say, figure, f"Mentions by {period.span.grain}, by mood. {say}", ("When", "Mentions", "Negative", "Neutral", "Positive", "Unclear", "Not scored", "Before"), table, None if figure else c.notice("empty", "No mentions match these filters."))


def _share(
    view: View, snapshot: Snapshot, shares: dict[str, metrics.Estimate | None], before: dict[str, metrics.Estimate | None], change: metrics.Change | None
) -> Panel:
    names = {b.key: b.name for b in snapshot.brands}
    known = sorted(((names[b], b, s) for b, s in shares.items() if s is not None), key=lambda k: -k[2].value)
    columns_ = ("Brand", "Share", "Low", "High", "Before", "Mentions of all")
    if not known or len(shares) < 2:
        return Panel("", None, "No chart", columns_, (), c.notice("empty", "Share of voice needs mentions of at least two brands."))
    items = [
        Dot(name, 100 * s.value, 100 * s.low, 100 * s.high, f"{words.percent(s.value)} ({words.percent(s.low)[:-2]} to {words.percent(s.high)[:-2]})", BLUE if b == view.brand else GREY)
        for name, b, s in known
    ]
    table = []
    for name, b, s in known:
        earlier = before.get(b)
        table.append((name, *(words.percent(v, s.n) for v in (s.value, s.low, s.high)), words.percent(earlier.value, earlier.n) if earlier else words.NONE, words.count(s.n)))
    rank = [b for _, b, _ in known].index(view.brand) + 1
    place = {1: "is talked about most", len(known): "is talked about least"}.get(rank, f"is number {rank} of {len(known)}")
    say = f"{names[view.brand]} {place}, by number of mentions."
    return Panel(say, dots(items, suffix=" %", bars=True), f"Share of mentions by brand. {say}", columns_, table)


def _quotes(view: View, snapshot: Snapshot, period: Period) -> Content:
    now = snapshot.local(snapshot.now)
    items = []
    for mood, limit in (("negative", 2), ("positive", 1)):
        rows = snapshot.rows("mentions", brand=view.brand, start=period.start, until=period.until, channel=view.channel, mood=mood, topic="", intent="", limit=limit)
        items += [c.mention(r, now, snapshot.local(r["published_at"])) for r in rows]
    return c.section("In their words", "The most shared: two that are negative, one that is positive.", c.mentions(items, empty="No mention with a mood in this period."))


def _banner(view: View, snapshot: Snapshot) -> Content:
    """The open alert, if there is one: the first thing that anybody should read."""
    for row in snapshot.rows("alerts", brand=view.brand):
        if row["state"] != "resolved" and row["tier"] == "page":
            since = words.moment(snapshot.local(row["onset_at"]), snapshot.local(snapshot.now))
            return c.html.A(
                [c.html.Strong(f"Open alert since {since}: "), row["summary"], c.html.Span(" See the crisis page", className="more")],
                href=view.href("/crisis"), className="notice crisis banner",
            )
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
        ("Net sentiment", "100 × (positive − negative) ÷ (positive + negative + neutral). Mentions whose mood is unclear or not scored are left out and counted beside it. Interval: Newcombe, 95 %."),
        ("Share of voice", "Mentions of this brand ÷ mentions of all brands shown. A mention that names two brands counts for both. Interval: Wilson, 95 %."),
        ("Complaints", "Mentions that the model reads as complaints ÷ all mentions. Interval: Wilson, 95 %."),
        ("No real change", "The interval of the difference holds zero, or the change does not stand out among all that are shown at once (Benjamini-Hochberg, 5 %)."),
        ("Mentions, more than chance", "The ratio to the period before, allowing for how much days differ by themselves over the four weeks before."),
    ),
)
