"""Sources: does each bring what it should, what is known to be missing, what is owed, and what does it cost?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from dash import html

from dashboards import components as c
from dashboards import drawing, figures, tiles, words
from dashboards import watching as w
from dashboards.charts import expected
from dashboards.drawing import Point
from dashboards.page import Content, Page, Panel, Slot
from dashboards.query import Row, Snapshot
from dashboards.tiles import Tile
from dashboards.view import View

DAY, FILLED = timedelta(days=1), timedelta(days=7)
LISTED = 100  # gaps
WORRY = ("failing", "quiet")
REASONS = {
    "not_collected": "not collected yet", "window_missing": "a window has not landed", "gap_untold": "a gap of unknown size",
    "nothing": "", None: "",
}


def heading(view: View, snapshot: Snapshot) -> str:
    """The question that the page answers."""
    return "Does every source bring what it should?"


def fill(view: View, snapshot: Snapshot) -> dict[str, Content | Panel]:
    """All parts of the page."""
    until = snapshot.now.replace(minute=0, second=0, microsecond=0)
    rows = snapshot.rows("sources", now=snapshot.now)
    day = {r["source"]: r for r in snapshot.rows("completeness", start=until - DAY, until=until)}
    gaps = snapshot.rows("gaps", since=snapshot.now - FILLED)
    duties = snapshot.rows("duties")
    return {
        "tiles": _tiles(rows, day, gaps, duties, snapshot), "each": _each(rows, day, gaps, duties, snapshot),
        "hours": _hours(view, snapshot), "gaps": _gaps(gaps, snapshot), "overlap": _overlap(snapshot),
    }


def _tiles(
    rows: Sequence[Row], day: dict[str, Row], gaps: Sequence[Row], duties: Sequence[Row], snapshot: Snapshot
) -> Content:
    awaited = [r for r in rows if r["state"] in ("bringing", *WORRY)]
    bad = [f"{words.count(n)} {text}" for text, n in _tally(rows) if n]
    well = sum(r["state"] == "bringing" for r in awaited)
    said = tiles.Verdict("▲", " · ".join(bad), "bad") if bad else tiles.plain("none fails, none is quiet" if awaited else "")
    first = Tile(
        "Bring mentions", f"{well} of {len(awaited)}" if awaited else words.NONE, "", said,
        "sources that go on" if awaited else "no source that goes on has been collected",
    )
    opened = [g for g in gaps if g["filled_at"] is None]
    told = sum(g["missing_count"] or 0 for g in opened)
    untold = sum(g["missing_count"] is None for g in opened)
    more = f"in {words.plural(len(opened), 'open gap')}" + (f", {untold} of unknown size" if untold else "")
    lacking = Tile(
        "Known to be missing", ("at least " if untold else "") + words.count(told), "",
        tiles.Verdict("▲", more, "bad") if opened else tiles.plain("no gap is open"), "mentions, as platforms count them",
    )
    late = sum(d["open_count"] for d in duties if w.overdue(d, snapshot.now))
    owed = sum(d["open_count"] for d in duties)
    due = Tile(
        "Duties overdue", words.count(late), "",
        tiles.Verdict("▲", "mentions should have been looked up or erased", "bad") if late else tiles.plain("nothing is late"),
        f"of {words.plural(owed, 'mention')} for which something is owed",
    )
    return tiles.tiles([first, _received(day), lacking, due])


def _tally(rows: Sequence[Row]) -> list[tuple[str, int]]:
    fails, quiet = (sum(r["state"] == state for r in rows) for state in WORRY)
    return [("fails" if fails == 1 else "fail", fails), ("is quiet" if quiet == 1 else "are quiet", quiet)]


def _received(day: dict[str, Row]) -> Tile:
    """All sources together, of those whose usual day is known."""
    name, known = "Received, last 24 h", [r for r in day.values() if r["week_count"] >= w.FEW_WEEKS]
    received = sum(r["received_count"] for r in day.values())
    if not known:
        return Tile(name, words.count(received) if day else words.NONE, "", tiles.plain("too few weeks to say what is usual"))
    own, least, most = (sum(r[k] for r in known) for k in ("estimated_count", "least", "most"))
    usual = sum(r["usual"] for r in known)
    verdict = tiles.plain("as in the last four weeks")
    if own < least or own > most:
        verdict = tiles.Verdict("▼" if own < least else "▲", f"{'less' if own < least else 'more'} than is usual", "plain")
    ends = f"usually {words.count(usual)}, {words.between(least, most, words.count)}"
    return Tile(name, words.count(own), ends, verdict, f"of {words.plural(len(known), 'source')} with weeks of past")


def _each(
    rows: Sequence[Row], day: dict[str, Row], gaps: Sequence[Row], duties: Sequence[Row], snapshot: Snapshot
) -> Content:
    """One row a source."""
    title = "Every source"
    if not rows:
        how = html.P(["Add one: ", html.Code("earshot add source KIND")])
        return c.section(title, "", c.notice("setup", "There is no source yet.", how))
    table = []
    for row in rows:
        name = row["source"]
        own = [g for g in gaps if g["source"] == name and g["filled_at"] is None]
        owed = [d for d in duties if d["source"] == name]
        glyph, state = w.state(row, snapshot)
        said = [html.Span(f"{glyph} ", **{"aria-hidden": "true"}), words.short(state, 300)]
        last = row["last_published_at"]
        share, base = w.complete(day.get(name))
        table.append((
            [html.P(name, className="name"), html.P(said)],
            c.when(snapshot.local(last), snapshot.local(snapshot.now)) if last else "none yet",
            _two(share, f"{base}; {w.usual(day.get(name))}" if name in day else base),
            _two(*w.gaps(own, snapshot)), _two(*w.duties(row["withdrawn_count"], owed, snapshot)), _two(*w.cost(row)),
            _two(*w.part(row["quarantined_count"], row["rows_in"], "row")),
            _two(*w.part(row["unread_count"], row["week_count"], "mention")),
        ))
    columns = (
        "Source", "Last mention", "Complete, 24 h", "Open gaps", "Withdrawn and owed", "Spent this month", "Quarantined",
        "Language not read, 7 d",
    )
    body = html.Div(c.table(columns, table), className="table-scroll told", tabIndex=0)
    return c.section(title, "What fails or is quiet stands first. A dash is not a zero: it says why nothing can be said.", body)


def _two(first: str, second: str) -> Content:
    return [html.P(first), html.P(second) if second else None]


def _hours(view: View, snapshot: Snapshot) -> Panel:
    """Received against usual, hour by hour, of the chosen source."""
    columns = ("Hour", "Received", "Usual", "Least", "Most", "Missing", "Windows landed", "Note")
    title = f"{view.source or 'A source'}: received and usual, by hour"
    period = view.period(snapshot)
    rows = snapshot.rows("completeness_hours", source=view.source, start=period.start, until=period.until)
    if not rows:
        why = f"{view.source} has no hour in these {view.span.name}." if view.source else "No source has brought anything yet."
        return c.no_chart(why, columns, title=title)
    points, table = zip(*(_hour(row, snapshot) for row in rows), strict=True)
    lacking = sum(p.outside for p in points)
    received = sum(r["received_count"] for r in rows)
    say = f"{words.plural(received, 'mention')} in {words.plural(len(rows), 'hour')}. "
    if all(r["expected_count"] is None for r in rows):
        say += "What is usual can be said from three whole weeks on."
    else:
        say += "Grey: least, most and mean of the four weeks before."
    if lacking:
        say += f" Diamonds: {words.plural(lacking, 'hour')} of which something is known to be missing."
    return Panel(say, _drawn(points, view, snapshot), f"{title}. {say}", columns, table, title=title)


def _hour(row: Row, snapshot: Snapshot) -> tuple[Point, tuple[str, ...]]:
    """An hour on the chart and in its table."""
    at, note, usual = snapshot.local(row["hour_at"]).replace(tzinfo=None), REASONS[row["reason"]], row["expected_count"]
    received = row["received_count"] if row["received_count"] or row["reason"] != "not_collected" else None  # no zero
    low, high, lost = row["low_count"], row["high_count"], row["missing_count"]
    lacks = bool(lost) or row["reason"] in ("window_missing", "gap_untold")
    moment = f"{words.day(at)}, {words.clock(at)}"
    lines = [
        f"{moment}: {words.NONE if received is None else received} received",
        f"usually {usual:.1f} ({low} to {high})" if usual is not None else "too little past to say what is usual",
        f"{lost} missing" if lost else "", note,
    ]
    cells = (
        moment, words.NONE if received is None else words.count(received), words.NONE if usual is None else f"{usual:.1f}",
        *(words.NONE if v is None else words.count(v) for v in (low, high)),
        words.count(lost), f"{row['landed_count']} of {row['window_count']}" if row["window_count"] else words.NONE,
        note or "complete",
    )
    hover = "<br>".join(line for line in lines if line)
    return Point(at, received, low, high, usual, lacks, hover), cells


def _drawn(points: Sequence[Point], view: View, snapshot: Snapshot) -> drawing.Figure:
    drawn = expected(points)
    if view.span.grain != "hour":  # hours over days: the axis names the days
        drawn["layout"]["xaxis"] |= drawing.time_axis(figures.moments(view.period(snapshot)))
    return drawn


def _gaps(gaps: Sequence[Row], snapshot: Snapshot) -> Content:
    """What could not be read: open, and filled lately."""
    title, now = "Gaps", snapshot.local(snapshot.now)
    filled = sum(g["filled_at"] is not None for g in gaps)
    if not gaps:
        text = "No source has a gap. What one cannot read as a whole would stand here until it has been filled."
        return c.section(title, "", c.notice("quiet", text))

    def at(value: datetime) -> str:
        return words.moment(snapshot.local(value), now)

    table = []
    for gap in gaps[:LISTED]:
        state = "open, asked for again" if gap["is_fillable"] else "open for good"
        if gap["filled_at"]:
            state = f"filled {at(gap['filled_at'])}"
        lost = words.count(gap["missing_count"]) if gap["missing_count"] is not None else "unknown"
        table.append((gap["source"], at(gap["start_at"]), at(gap["end_at"]), lost, state, words.short(gap["reason"], 160)))
    say = f"{words.plural(len(gaps) - filled, 'gap')} open, {filled} filled in the last 7 days."
    if len(gaps) > LISTED:
        say += f" The first {LISTED} are listed."
    return c.section(title, say, c.scrolled(c.table(("Source", "From", "To", "Missing", "State", "Why"), table)))


def _overlap(snapshot: Snapshot) -> Content:
    """What neither of two sources on the same channel found."""
    title, rows = "What no source found", snapshot.rows("overlaps")
    if not rows:
        text = "No two sources watch the same channel, so nothing can be said of what neither of them finds."
        how = "Two stanzas with different queries on one platform are two sources, too."
        return c.section(title, "", c.notice("quiet", text, how))
    columns = ("Sources", "Channel", "Days", "First", "Second", "Both", "There are (95 %)", "Found by neither (95 %)")
    say = (
        "From how much two sources find in common follows how much neither finds, if both look for the same, independently of "
        "each other. Mostly what one finds the other finds more easily, so that there are usually more than this says."
    )
    return c.section(title, say, c.scrolled(c.table(columns, [w.captured(row, snapshot) for row in rows])))


PAGE = Page(
    key="sources", path="/sources", title="Sources", order=6, fill=fill, heading=heading, controls=("source", "period"),
    spans=("7d", "24h", "48h"),
    slots=(
        Slot("tiles", card=False), Slot("each"), Slot("hours", "Received and usual, by hour", "hero"), Slot("gaps"),
        Slot("overlap"),
    ),
    definitions=(
        (
            "Complete",
            "Mentions received of those that are known of: received, and counted by the platform in gaps that are still open. "
            "Where a gap tells no number, a window has not landed, or the source was not asked since, no share is told.",
        ),
        (
            "Usual",
            "The mean of the same local hour of the week in the four weeks before, with the least and the most of them; hours of "
            "which something is missing are left out, and three weeks must be known. It swings: fewer than usual is not missing.",
        ),
        (
            "Quiet, fails",
            "Quiet: no mention for longer than quiet_after in the source's stanza. Fails: its last collection raised an error; "
            "what was missed is collected by itself afterwards, as far as the platform gives it.",
        ),
        (
            "Owed",
            "Platforms' terms: mentions to look up again at certain ages, to see again or delete, and to erase once withdrawn. "
            "Aggregates keep a count of what was withdrawn.",
        ),
        (
            "What no source found",
            "Chapman's estimator with the log-normal interval of Chao (1987), from seven mentions in common on; the same mention "
            "by its link. 95 % of such intervals hold the truth if the two sources find things independently of each other.",
        ),
    ),
)
