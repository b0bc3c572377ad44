"""Sources in words: what state each is in, how complete its last day is, what is owed and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from dashboards import words
from dashboards.query import Row, Snapshot
from warehouse import metrics

STATES = {  # glyph and word
    "bringing": ("●", "Brings mentions"), "quiet": ("○", "Quiet"), "failing": ("▲", "Fails"),
    "waiting": ("…", "Not collected yet"), "whole": ("■", "Gives nothing new by itself"), "": ("–", "No longer configured"),
}
DUTIES = {"recheck": "to look up again", "refresh": "to see again or delete", "erase": "to erase"}
UNKNOWN = (
    ("not_collected_count", "not collected since"), ("window_missing_count", "in windows that have not landed"),
    ("gap_untold_count", "in a gap of unknown size"),
)
FEW_WEEKS = 3


def state(row: Row, snapshot: Snapshot) -> tuple[str, str]:
    """Its glyph, and in words since when and why."""
    now = snapshot.local(snapshot.now)
    glyph, word = STATES[row["state"] or ""]

    def at(key: str) -> str:
        return words.moment(snapshot.local(row[key]), now) if row[key] else ""

    more = {
        "failing": f" since {at('failing_at')}: {row['error'] or 'no reason was given'}",
        "quiet": f" since {at('brought_at') or at('began_at')}: longer than {words.duration(row['quiet_after_seconds'] or 0)}",
        "bringing": f", last at {at('brought_at')}",
        "waiting": ": earshot run or its Dag does it",
        "whole": ": a file, or a fixed span of time",
    }
    return glyph, word + more.get(row["state"] or "", ": what it brought stays")


def complete(found: Row | None) -> tuple[str, str]:
    """The share of the last 24 hours that is here, with its base; or why it cannot be told."""
    if found is None:
        return words.NONE, "no hour of the last 24 is told"
    why = [f"{words.plural(found[key], 'hour')} {text}" for key, text in UNKNOWN if found[key]]
    if why:
        known = f"{words.plural(found['received_count'], 'mention')} so far"
        return words.NONE, f"not known: {', '.join(why)}; {known}"
    whole = found["estimated_count"] + found["missing_count"]
    if not whole:
        return words.NONE, "nothing came, and nothing is known to be missing"
    share = min(1.0, found["received_count"] / whole)
    at_most = "100 %" if share == 1 else f"{min(99.9, 100 * share):.1f} %" if share > 0.995 else words.percent(share)
    return at_most, f"{words.count(found['received_count'])} of {words.count(whole)} that are known of"


def usual(found: Row | None) -> str:
    """The same 24 hours of the four weeks before, or why nothing can be expected."""
    if found is None or found["week_count"] < FEW_WEEKS:
        have = found["week_count"] if found else 0
        return f"nothing to compare with: {words.plural(have, 'whole week')} of the four before, needs {FEW_WEEKS}"
    said = f"usually {words.count(found['usual'])} ({words.count(found['least'])} to {words.count(found['most'])})"
    return said + (", so fewer than in any of these weeks" if found["estimated_count"] < found["least"] else "")


def missing(rows: Sequence[Row]) -> str:
    """How many mentions some gaps lack, as far as it is told.

    >>> missing([{"missing_count": 40}, {"missing_count": None}]), missing([{"missing_count": None}])
    ('at least 40 mentions', 'an unknown number of mentions')
    """
    told = [r["missing_count"] for r in rows if r["missing_count"] is not None]
    if not told:
        return "an unknown number of mentions" if rows else "nothing"
    return ("" if len(told) == len(rows) else "at least ") + words.plural(sum(told), "mention")


def gaps(rows: Sequence[Row], snapshot: Snapshot) -> tuple[str, str]:
    """Open gaps of a source: how many and how much; from when to when and why."""
    if not rows:
        return "none", ""
    start, end = (snapshot.local(at) for at in (min(r["start_at"] for r in rows), max(r["end_at"] for r in rows)))
    now = snapshot.local(snapshot.now)
    reasons = words.listed(sorted({r["reason"].rstrip(".") for r in rows})[:2])
    span = f"{words.moment(start, now)} to {words.moment(end, now)}"
    return f"{len(rows)}: {missing(rows)}", f"{span}; {words.short(reasons, 160)}"


def overdue(row: Row, now: datetime) -> bool:
    """Is the first of what is open late?"""
    return bool(row["open_count"] and row["next_due_at"] and row["next_due_at"] < now)


def duties(withdrawn: int, rows: Sequence[Row], snapshot: Snapshot) -> tuple[str, str]:
    """Deletions that were honoured, and what is owed by when."""
    erased = next((r for r in rows if r["kind"] == "erase"), None)
    first = f"{words.count(withdrawn)} withdrawn" + (f", {words.count(erased['done_count'])} erased" if erased else "")
    owed = []
    for row in rows:
        if row["open_count"]:
            late = overdue(row, snapshot.now)
            local, now = snapshot.local(row["next_due_at"]), snapshot.local(snapshot.now)
            by = f"overdue since {words.moment(local, now)}" if late else f"by {words.moment(local, now)}"
            owed.append(f"{words.count(row['open_count'])} {DUTIES[row['kind']]} {by}")
    return first, "; ".join(owed) or "nothing is owed"


def cost(row: Row) -> tuple[str, str]:
    """What a month costs, so far and at its end, and its cap."""
    if row["price"] is None:
        return "free", ""
    ends = f"the month ends at {row['forecast_low']:,.2f} to {row['forecast_high']:,.2f}"
    cap = f"cap {row['budget']:,.2f}" if row["budget"] else "no cap is set"
    return f"{row['spent']:,.2f}", f"{ends} (90 % range); {cap}; {row['week_cost'] or 0:,.2f} in the last 7 days"


def part(count: int, whole: int, unit: str) -> tuple[str, str]:
    """A share of what was counted, all of it: no sample, so no interval."""
    if not whole:
        return words.NONE, f"no {unit} yet"
    return words.percent(count / whole, whole), f"{words.count(count)} of {words.plural(whole, unit)}"


def captured(row: Row, snapshot: Snapshot) -> tuple[str, ...]:
    """A pair of sources as a row of a table: what each and both found, and how many there are."""
    found = metrics.captured(row["first_count"], row["second_count"], row["both_count"])
    counts = tuple(words.count(row[k]) for k in ("first_count", "second_count", "both_count"))
    days = (row["until_at"] - row["since_at"]) / timedelta(days=1)
    name = f"{row['first_source']} and {row['second_source']}"
    if found is None:
        return (name, words.label(row["channel"]), f"{days:.0f}", *counts, "too few in common", f"needs {metrics.COMMON}")
    ends = words.between(found.low, found.high, words.count)
    neither = words.between(found.low - found.n, found.high - found.n, words.count)
    total = f"{words.count(found.value)} ({ends})"
    return (name, words.label(row["channel"]), f"{days:.0f}", *counts, total, f"{words.count(found.value - found.n)} ({neither})")
