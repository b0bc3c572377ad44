"""An alert as the crisis page tells it: which one, over which hours, in which words."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashboards import words
from dashboards.query import Row, Snapshot
from dashboards.view import View
from warehouse import metrics

LEAD, TRAIL = timedelta(hours=12), timedelta(hours=6)  # shown around an alert that is over
DAY = timedelta(hours=24)
OTHER = "other"
TELLING = 0.1  # a reason is named when it explains this part of the excess


@dataclass(frozen=True, slots=True)
class Scene:
    """What the page is about: an alert or a quiet stretch, and the hours to show."""

    name: str  # of the brand
    noun: str  # what volume counts: mentions or people
    alert: Row | None
    start: datetime
    until: datetime

    @property
    def is_open(self) -> bool:
        return self.alert is not None and self.alert["state"] != "resolved"

    @property
    def onset(self) -> datetime:
        return self.alert["onset_at"] if self.alert else self.until - DAY

    @property
    def end(self) -> datetime:
        """When it was over; while it is open, the end of the data."""
        return self.alert["resolved_at"] if self.alert and self.alert["resolved_at"] else self.until

    @property
    def hours(self) -> tuple[datetime, datetime]:
        """Whole hours that are compared with other brands and other days: since the onset, at most a day."""
        start = self.onset.replace(minute=0, second=0, microsecond=0)
        return start, min(self.end, start + DAY)

    @property
    def is_long(self) -> bool:
        """Are `hours` only its first day?"""
        return self.alert is not None and self.hours[1] < self.end

    def counted(self, signal: str) -> str:
        """What a signal counts, as a noun."""
        known = {"volume": self.noun, "negative_count": "negative mentions", "negative_share": "negative share"}
        return known.get(signal, words.label(signal).lower())


def scene(view: View, snapshot: Snapshot) -> Scene:
    """The alert that was asked for, or the worst open one of the brand, or none."""
    brand = snapshot.brand(view.brand)
    start, until = snapshot.now - view.span.length, snapshot.now + timedelta(minutes=15)
    alerts = snapshot.rows("alerts", brand=view.brand)
    chosen = next((a for a in alerts if a["alert_id"] == view.alert), None)
    if chosen is None:
        open_ = [a for a in alerts if a["state"] != "resolved"]
        chosen = max(open_, key=lambda a: (a["tier"] == "page", a["severity"]), default=None)
    if chosen is not None and chosen["onset_at"] < start:
        start = chosen["onset_at"] - LEAD
        if chosen["state"] == "resolved":
            until = min(until, (chosen["resolved_at"] or chosen["onset_at"] + DAY) + TRAIL, start + 2 * DAY)
        start = max(start, until - 2 * DAY)  # of an open one the present, even where its onset is no longer shown
    return Scene(brand.name if brand else "this brand", noun(view, snapshot), chosen, start, until)


def noun(view: View, snapshot: Snapshot) -> str:
    """What volume counts for this brand."""
    found = snapshot.rows("counted", brand=view.brand)[0]
    return "people" if found["people"] > found["mentions"] else "mentions"


def headline(at: Scene, snapshot: Snapshot) -> str:
    """What happens, how much, since when, why: in one line."""
    alert = at.alert
    if alert is None:
        return f"No incident is open for {at.name}"
    if alert["signal"] in TOLD:
        return str(alert["summary"]).split(". ")[0].rstrip(".")
    began = words.moment(snapshot.local(alert["onset_at"]), snapshot.local(snapshot.now))
    reason = top_reason(alert)
    tail = f"; top reason: {reason}" if reason else ""
    if alert["signal"] == "negative_share":
        return f"{at.name}: {amount(alert, 'observed')} negative since {began}, we expect {amount(alert, 'expected')}{tail}"
    times = words.times(ratio(alert)).removesuffix("×")
    what = at.counted(alert["signal"])
    when = f"we expect since {began}" if at.is_open else f"we expected, from {began}"
    return f"{at.name}: {times} times as many {what} as {when}{tail}"


def ratio(alert: Row) -> float:
    """Observed over expected; an expectation below a tenth counts as a tenth."""
    return float(alert["observed"] / max(alert["expected"], 0.1))


TOLD = ("service_level", "backlog", "new_topic", "silence")  # their own sentence says more than a ratio
SHARES = ("negative_share", "service_level", "source_rejected", "source_late", "source_duplicates", "source_language")


def amount(alert: Row, name: str) -> str:
    """One of the alert's figures as its signal reads."""
    value = alert[name]
    return words.percent(value) if alert["signal"] in SHARES else words.count(value)


def figures(at: Scene) -> str:
    """'251 mentions in 60 min, where we expect 41 (28 to 57).'"""
    alert = at.alert
    if alert is None:
        return ""
    if alert["signal"] in TOLD:
        return str(alert["summary"])
    what = "of mentions are negative" if alert["signal"] == "negative_share" else at.counted(alert["signal"])
    span = words.duration(60 * alert["window_minutes"])
    usual = f"{amount(alert, 'expected')} ({amount(alert, 'low')} to {amount(alert, 'high')})"
    return f"{amount(alert, 'observed')} {what} in {span}, where we expect {usual}."


def reasons(alert: Row) -> list[dict[str, Any]]:
    """The alert's stored drivers; an unreadable list is an empty one."""
    try:
        found = json.loads(alert["drivers"])
    except (TypeError, ValueError):
        return []
    if not isinstance(found, list):
        return []
    return [d for d in found if isinstance(d, dict) and {"kind", "name", "observed", "expected"} <= d.keys()]


def excess(reason: dict[str, Any]) -> float:
    """How many more than expected."""
    return float(reason["observed"] - reason["expected"])


def half(reason: dict[str, Any]) -> float:
    """Half the 95 % interval of an excess: of counts, or of what a part that was collected stands for."""
    return float(metrics.Z * math.sqrt(reason.get("squared_weight", reason["observed"]) + reason["expected"] + 1))


def told(alert: Row) -> tuple[str, list[dict[str, Any]]]:
    """The kind of reason that explains most, and its parts: topics unless they explain little, then words, then intents."""
    found = reasons(alert)
    best: tuple[str, list[dict[str, Any]]] = ("", [])
    for kind in ("topic", "term", "intent"):
        parts = [d for d in found if d["kind"] == kind]
        named = sum(excess(d) for d in parts if d["name"] != OTHER)
        if parts and named >= TELLING * sum(excess(d) for d in parts):
            return kind, parts
        if parts and not best[1]:
            best = (kind, parts)
    return best


def top_reason(alert: Row) -> str:
    """The reason that adds most above what is expected, or "" where none stands out."""
    kind, parts = told(alert)
    total = sum(excess(d) for d in parts)
    named = [d for d in parts if d["name"] != OTHER and excess(d) > max(0.0, TELLING * total)]
    top = max(named, key=excess, default=None)
    if top is None:
        return ""
    return f"“{top['name']}”" if kind == "term" else words.label(top["name"]).lower()


def is_above(row: Row) -> bool:
    """Was a brand talked about more than usual, in a row of others.sql?

    It was when an alert says so, when a quarter of its buckets were outside, or when all of them together are: more than
    half above expected, and by more than twice what counts of a usual day swing.
    """
    if row["alerts"] or row["above"] >= max(2, row["buckets"] / 4):
        return True
    return bool(row["observed"] > max(1.5 * row["expected"], row["expected"] + 8 * math.sqrt(row["expected"])))


def channels(alert: Row) -> list[str]:
    """Where the excess is: channels that carry at least a tenth of it, most first."""
    parts = [d for d in reasons(alert) if d["kind"] == "channel"]
    total = sum(excess(d) for d in parts)
    carrying = [d for d in parts if d["name"] != OTHER and excess(d) > max(0.0, TELLING * total)]
    return [words.label(d["name"]) for d in sorted(carrying, key=excess, reverse=True)]


def is_number(value: float | None) -> bool:
    """Is there a value? Detectors leave gaps while they learn."""
    return value is not None and math.isfinite(value)
