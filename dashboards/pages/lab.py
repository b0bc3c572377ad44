"""Alert Lab: how good are the alerts, what would other rules have rung, and what does the budget mean?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dash import html

from dashboards import backtests as b
from dashboards import components as c
from dashboards import figures, tiles, words
from dashboards.backtests import Results
from dashboards.charts import Dot, Ring, dots, lanes
from dashboards.drawing import BLUE, GREY, ORANGE, Mark
from dashboards.page import Content, Page, Panel, Slot
from dashboards.query import Row, Snapshot
from dashboards.tiles import Tile
from dashboards.view import View
from warehouse import metrics

STEPS = 110  # places on a line of the timeline
TOLD = "Raised here"
COMMAND = "earshot backtest --keep"


def heading(view: View, snapshot: Snapshot) -> str:
    """The question that the page answers."""
    brand = snapshot.brand(view.brand)
    return f"How good are the alerts? On simulated crises and on {brand.name}" if brand else "How good are the alerts?"


def fill(view: View, snapshot: Snapshot) -> dict[str, Content | Panel]:
    """All parts of the page."""
    found = b.read(snapshot)
    return {
        "state": _state(snapshot, found), "tiles": _tiles(found), "recall": _recall(found), "noise": _noise(found),
        "timeline": _timeline(view, snapshot, found), "history": _history(view, snapshot, found),
        "budget": _budget(found), "kinds": _kinds(found), "versions": _versions(snapshot, found),
    }


def _state(snapshot: Snapshot, found: Results) -> Content:
    """What the figures rest on, or what to run."""
    if found.ours is None:
        what = "They run every rule over simulated crises, where all is known, and over the history of your own brands."
        return c.notice("setup", "No backtest has been kept yet.", what, html.P(["Fill this page: ", html.Code(COMMAND)]))
    ours = found.ours
    events = f"{ours['brand_count']} invented brands with {ours['crisis_count']} crises, {ours['days']:.0f} days each"
    text = f"Simulated: {events}. All is known about them, so the figures are exact for what was invented and no more."
    parts = [text]
    past = next((r for r in found.history if r["slice"] == "all"), None)
    if past is not None:
        span = " to ".join(words.day(snapshot.local(past[k])) for k in ("since_at", "until_at"))
        parts.append(f"Own history: {words.plural(past['brand_count'], 'brand')}, {span}; only verdicts say what was real there.")
    kept = snapshot.local(ours["kept_at"])
    return c.notice("calm", f"Figures of {words.day(kept)} {kept:%Y}, {words.clock(kept)}.", " ".join(parts))


def _tiles(found: Results) -> Content:
    names = ("Found within an hour", "Median delay", "Became a page", "False pages")
    row = found.ours
    if row is None:
        return tiles.tiles([Tile(name, words.NONE, verdict=tiles.plain("nothing kept yet")) for name in names])
    n, base = row["crisis_count"], f"{row['rule']}, simulated crises"
    made = []
    for name, count in ((names[0], b.in_hour(row)), (names[2], row["paged_count"])):
        share = metrics.share(count, n)
        ends = words.percents(share.low, share.high) if share else ""
        made.append(Tile(name, f"{count} of {n}", ends, base=base))
    middle = metrics.middle(row["delays"])
    ends = f"{middle.low:.0f} to {middle.high:.0f} min" if middle else ""
    late = Tile(names[1], b.delay(middle), ends, base=f"of the {row['found_count']} that were found")
    false = metrics.rate(row["false_page_count"], b.months(row))
    said = f"per brand and month; {row['false_page_count']} in {b.months(row):.0f} brand months"
    promise = tiles.plain(f"budget: {b.few(b.MONTH / row['page_every_days'])}") if row["page_every_days"] else None
    noise = Tile(names[3], b.few(false.value) if false else words.NONE, b.ends(false), promise, said)
    return tiles.tiles([made[0], late, made[1], noise])


def _recall(found: Results) -> Panel:
    columns = ("Rule", "Within an hour", "Low", "High", "Found at all", "Paged", "Median delay", "Precision")
    if found.ours is None:
        return c.no_chart(f"Nothing has been kept yet: {COMMAND}", columns)
    items, table = [], []
    for row in found.rules:
        count, n = b.in_hour(row), row["crisis_count"]
        share, middle = metrics.share(count, n), metrics.middle(row["delays"])
        if share is None:
            continue
        delay = f"{middle.value:.0f} min" if middle else words.NONE
        name, own = b.name(row), row["role"] != "vendor"
        hover = f"{name}: {row['says']}<br>{count} of {n} within an hour, {row['found_count']} in all, median {delay}"
        said = f"{count} of {n}; {b.delay(middle)}"
        items.append(Dot(name, 100 * share.value, 100 * share.low, 100 * share.high, said, BLUE if own else GREY, own, hover))
        told = row["true_count"] + row["false_count"]
        shares = [words.percent(v) for v in (share.value, share.low, share.high)]
        found_all, paged = b.counted(row["found_count"], n), b.counted(row["paged_count"], n)
        table.append((name, *shares, found_all, paged, delay, b.counted(row["true_count"], told)))
    best = b.counted(b.in_hour(found.ours), found.ours["crisis_count"])
    say = f"{found.ours['rule']} finds {best} simulated crises within an hour."
    return Panel(say, _shares(items), f"Crises found within an hour, by rule. {say}", columns, table)


def _shares(items: list[Dot]) -> dict[str, Any]:
    """Shares of crises, on an axis from none to all."""
    drawn = dots(items, right=128)
    drawn["data"][0]["cliponaxis"] = False
    ticks = {"tickvals": [0, 50, 100], "ticktext": ["0 %", "50 %", "100 %"]}
    drawn["layout"]["xaxis"] |= {"range": [-4, 104], "autorange": False, **ticks}
    return drawn


def _noise(found: Results) -> Panel:
    columns = ("Rule", "False alarms", "Low", "High", "False pages", "Low", "High", "Brand months")
    if found.ours is None:
        return c.no_chart(f"Nothing has been kept yet: {COMMAND}", columns)
    items, table = [], []
    rates: dict[str, list[float]] = {}
    for row in found.rules:
        every, pages = (metrics.rate(row[k], b.months(row)) for k in ("false_count", "false_page_count"))
        if every is None or pages is None:
            continue
        name, own = b.name(row), row["role"] != "vendor"
        rates[row["role"]] = [*rates.get(row["role"], []), every.value]
        least = 0.5 / b.months(row)  # where a chart in powers of ten has its end
        low, value = max(every.low, least), max(every.value, least)
        hover = f"{name}: {b.rate(every)} false alarms, {b.rate(pages)} of them pages, per brand and month"
        items.append(Dot(name, value, low, every.high, b.rate(every), ORANGE if own else GREY, own, hover))
        figures_ = (b.few(v) for e in (every, pages) for v in (e.value, e.low, e.high))
        table.append((name, *figures_, f"{b.months(row):.0f}"))
    say = "False alarms per brand and month: each line is ten times the one before."
    theirs = sorted(rates.get("vendor", []))
    ours = rates.get("configured", [0.0])[0]
    louder = [v / ours for v in theirs if v > ours > 0]
    if louder:
        say = f"{len(louder)} of {len(theirs)} vendors' rules ring more for nothing, up to {words.times(max(louder))} as often."
    drawn, ticks = dots(items, right=128), (0.01, 1, 100)
    drawn["layout"]["xaxis"] |= {"type": "log", "tickvals": ticks, "ticktext": [str(t) for t in ticks]}
    return Panel(say, drawn, f"False alarms per brand and month, by rule. {say}", columns, table)


def _timeline(view: View, snapshot: Snapshot, found: Results) -> Panel:
    columns = ("When", "Rule", "Kind", "Times", "Severity")
    if not found.history:
        return c.no_chart(f"No rule has been run over your history yet: {COMMAND}", columns)
    period = view.period(snapshot)
    step = max(900, int(view.span.length.total_seconds()) // STEPS // 900 * 900)
    asked = {"brand": view.brand, "start": period.start, "until": period.until}
    rows = snapshot.rows("backtest_alerts", step=step, **asked)
    told = [a for a in snapshot.rows("alerts", brand=view.brand) if period.start <= a["onset_at"] < period.until]
    rings, table = [], []
    for alert in told:
        at, tier = snapshot.local(alert["fired_at"]), alert["tier"]
        rings.append(Ring(TOLD, _naive(at), tier, f"{_when(at)}<br>{tier} of severity {alert['severity']}, raised for real"))
        table.append((_when(at), TOLD, tier, "1", str(alert["severity"])))
    for row in rows:
        at, vendor = snapshot.local(row["first_at"]), row["role"] == "vendor"
        kind = "ring" if vendor else "page" if row["is_page"] else "watch"
        often = f", {row['ring_count']} times" if row["ring_count"] > 1 else ""
        graded = f" of severity {row['severity']}" if row["severity"] else ""
        rings.append(Ring(b.name(row), _naive(at), kind, f"{_when(at)}<br>{b.name(row)}: {kind}{graded}{often}"))
        table.append((_when(at), b.name(row), kind, str(row["ring_count"]), str(row["severity"] or words.NONE)))
    brand = snapshot.brand(view.brand)
    names = [TOLD, *(b.name(r) for r in found.history if r["slice"] == "all" and r["role"] != "budget")]
    pages = [a for a in told if a["tier"] == "page"]
    marks = [Mark(_naive(snapshot.local(a["onset_at"])), "page") for a in pages[:1]]
    ours = sum(r["ring_count"] for r in rows if r["role"] == "configured")
    theirs = sum(r["ring_count"] for r in rows if r["role"] == "vendor")
    say = (
        f"{brand.name if brand else 'This brand'} in {view.span.name}: {words.plural(ours, 'alert')} by your own rules, "
        f"{words.count(theirs)} rings by the vendors'. Diamond: page; circle: watch; stroke: a rule without tiers."
    )
    drawn = lanes(names, rings, moments=figures.moments(period), until=_naive(period.until), marks=marks)
    return Panel(say, drawn, f"When each rule would have rung. {say}", columns, sorted(table))


def _naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


def _when(at: datetime) -> str:
    return f"{words.day(at)}, {at:%H:%M}"


def _history(view: View, snapshot: Snapshot, found: Results) -> Content:
    """What each rule raised on the brand's own past, and what people said of it."""
    brand = snapshot.brand(view.brand)
    rows = [r for r in found.history if r["slice"] == view.brand and r["role"] != "budget"]
    table = []
    for row in rows:
        rate = metrics.rate(row["alert_count"], b.months(row))
        judged = row["true_count"] + row["false_count"]
        open_ = row["alert_count"] - judged
        table.append((
            b.name(row), words.count(row["alert_count"]), b.rate(rate), words.count(row["page_count"]),
            b.counted(row["found_count"], row["crisis_count"]), b.counted(row["true_count"], judged), words.count(open_),
        ))
    columns = ("Rule", "Alerts", "Per month", "Pages", "Real ones found", "Precision", "Not judged")
    real = rows[0]["crisis_count"] if rows else 0
    name = brand.name if brand else "this brand"
    say = f"Called real so far: {words.plural(real, 'incident')} of {name}."
    if not real:
        say = f"Nobody has called an incident of {name} real yet: say so on the crisis page, and recall and precision stand here."
    empty = "No rule has been run over this brand's history yet."
    body = c.scrolled(c.table(columns, table, empty=empty))
    return c.section(f"On the history of {name}", say if rows else "", body)


def _budget(found: Results) -> Panel:
    columns = ("Budget", "Paged on what comes", "Crises paged", "Low", "High", "False pages a month", "Low", "High", "Promised")
    own = found.ours
    if own is None or not own["page_every_days"]:
        why = "The detector has no alert budget." if own else f"Nothing has been kept yet: {COMMAND}"
        return c.no_chart(why, columns)
    rows = [r for r in found.crises if r["slice"] == "all" and (r is own or (r["role"] == "budget" and r["rule"] == own["rule"]))]
    items, table = [], []
    for row in sorted(rows, key=lambda r: int(r["page_every_days"])):
        share = metrics.share(row["paged_count"], row["crisis_count"])
        false = metrics.rate(row["false_page_count"], b.months(row))
        if share is None or false is None:
            continue
        days, mine = row["page_every_days"], row is own
        name = f"{days} days{' (set)' if mine else ''}"
        hover = f"One false page in {days} days: a new brand is paged on what comes {row['threshold']}"
        said = f"{b.few(false.value)} false a month"
        items.append(Dot(name, 100 * share.value, 100 * share.low, 100 * share.high, said, BLUE if mine else GREY, mine, hover))
        shares = (words.percent(v) for v in (share.value, share.low, share.high))
        ends = (b.few(v) for v in (false.value, false.low, false.high))
        table.append((name, row["threshold"], *shares, *ends, b.few(b.MONTH / days)))
    say = (
        f"At most one false page in {own['page_every_days']} days: a new brand is paged on what comes {own['threshold']}. "
        "A tighter budget pages fewer crises; what is not paged is still a watch."
    )
    label = f"Simulated crises that become a page, by budget. {say}"
    return Panel(say, _shares(items), label, columns, table)


def _kinds(found: Results) -> Content:
    """Which crises, of every kind, and how fast."""
    title = "By kind of crisis"
    if found.ours is None:
        return c.section(title, "", c.notice("quiet", "Nothing has been kept yet."))
    table = []
    for part in dict.fromkeys(r["slice"] for r in found.crises if r["slice"] != "all"):
        row = found.of(found.ours, part)
        if row is None:
            continue
        delays = sorted(row["delays"])
        delay = words.duration(60 * delays[len(delays) // 2]) if delays else words.NONE
        n = row["crisis_count"]
        cells = [f"{k} of {n}" if n else words.NONE for k in (b.in_hour(row), row["paged_count"])]
        table.append((words.label(part), *cells, delay, words.count(row["false_count"])))
    columns = ("Kind", "In an hour", "Paged", "Delay", "False alarms")
    say = f"{found.ours['rule']} on {words.plural(found.ours['crisis_count'], 'simulated crisis', 'simulated crises')}. "
    say += "A raid by bots and an outage are no crises: nobody should be called."
    return c.section(title, say, c.scrolled(c.table(columns, sorted(table))))


def _versions(snapshot: Snapshot, found: Results) -> Content:
    """The configured detector beside rules on trial, and beside its own figures before the last change."""
    title, own = "Two versions compared", found.ours
    rivals = [(b.name(r), r) for r in found.rules if r["role"] == "shadow"]
    if own is not None:
        same = (r for r in found.before if r["slice"] == "all" and r["role"] == "configured" and r["rule"] == own["rule"])
        rivals += [(f"Before, {words.day(snapshot.local(r['kept_at']))}", r) for r in same]
    if own is None or not rivals:
        how = "Put a detector on trial with shadow = true, or change one, and keep again: both stand here, on the same crises."
        return c.section(title, "", c.notice("quiet", "There is only one version so far.", how))
    table = []
    for name, row in [(f"{own['rule']}, now", own), *rivals]:
        shares = (b.counted(count, row["crisis_count"]) for count in (b.in_hour(row), row["paged_count"]))
        rates = (b.rate(metrics.rate(row[k], b.months(row))) for k in ("false_count", "false_page_count"))
        table.append((name, *shares, b.delay(metrics.middle(row["delays"])), *rates))
    columns = ("Version", "Within an hour", "Paged", "Median delay", "False a month", "False pages")
    return c.section(title, _says_better(own, *rivals[0]), c.scrolled(c.table(columns, table)))


def _says_better(own: Row, name: str, other: Row) -> str:
    """The same crises for both, so a difference is what it is on these; whether it holds elsewhere its interval says."""
    hour, false = b.in_hour(own) - b.in_hour(other), own["false_count"] - other["false_count"]
    first = f"as many crises within an hour as {name}"
    if hour:
        first = f"{words.plural(abs(hour), 'crisis', 'crises')} {'more' if hour > 0 else 'fewer'} within an hour than {name}"
    then = f"{words.plural(abs(false), 'false alarm')} {'more' if false > 0 else 'fewer'}" if false else "as many false alarms"
    return f"On the same simulated crises, {own['rule']} finds {first}, with {then}."


PAGE = Page(
    key="lab", path="/lab", title="Alert Lab", order=5, fill=fill, heading=heading,
    controls=("brand", "period"), spans=("28d", "7d", "12w"),
    slots=(
        Slot("state", card=False), Slot("tiles", card=False),
        Slot("recall", "Crises found within an hour", "standard", 3),
        Slot("noise", "False alarms per brand and month", "standard", 3),
        Slot("timeline", "When each rule would have rung", "hero"), Slot("history"),
        Slot("budget", "Budget in, threshold out", "standard", 3), Slot("kinds", span=3), Slot("versions"),
    ),
    definitions=(
        (
            "Simulated crises",
            "Invented brands with daily rhythms and bursts of every size, each with one event: storm, recall, influencer, slow "
            "burn, surge of negative authors; a raid by bots and an outage are no reason to call anybody. A crisis is found by "
            "an alert between its onset and its end; nothing later than a quarter hour decides about it.",
        ),
        (
            "Own history",
            "The same rules over the mentions of your brands. Only incidents that somebody has judged say what was real; what "
            "nobody was told about cannot be missed here, which flatters the rules that raised them.",
        ),
        (
            "Vendors' rules",
            "As seven vendors document their alerts, in the middle of the sensitivities that they name; from volume alone, "
            "without tiers. After ringing, a rule is silent for its cool-down, an hour unless its document says otherwise.",
        ),
        (
            "Intervals",
            "95 %. Shares: Wilson. Rates of false alarms: Byar, for counts. Median delay: order statistics. Precision: alerts "
            "about a crisis among those about one or about none.",
        ),
        (
            "Alert budget",
            "At most one false page per brand in so many days. It starts at what simulated brands bring once in that time, and "
            "moves to each brand's own history; verdicts lengthen it where more pages are false than it allows.",
        ),
    ),
)
