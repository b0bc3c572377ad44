"""What the demo found, beside what the simulator knows to be so."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import duckdb

from pipelines.airflow_rest import State
from pipelines.settings import Settings
from pipelines.simulation.truth import Truth, truths
from pipelines.simulation.world import World
from pipelines.statistics import wilson

MARGIN = timedelta(hours=1)  # an onset may be placed a little before the scripted one


class BrandRow(NamedTuple):
    """One brand in the summary."""

    name: str
    mentions: int
    negative: int
    neutral: int
    positive: int
    unknown: int


class AlertRow(NamedTuple):
    """One alert as the snapshot has it; times in UTC."""

    brand: str
    signal: str
    tier: str
    state: str
    onset_at: datetime
    fired_at: datetime
    summary: str


def net_sentiment(positive: int, negative: int, neutral: int) -> tuple[float, float, float]:
    """100 (P - N) / T with the 95% interval of two shares of one sample (Newcombe 1998, Stat. Med. 17:2635, method 10).

    >>> [round(x, 1) for x in net_sentiment(80, 20, 100)]
    [30.0, 20.8, 38.5]
    """
    n = positive + negative + neutral
    if not n:
        return math.nan, -100.0, 100.0
    (p_low, p_high), (n_low, n_high) = wilson(positive, n), wilson(negative, n)
    p, q = positive / n, negative / n
    spread = positive * (n - positive) * negative * (n - negative)
    phi = -positive * negative / math.sqrt(spread) if spread else 0.0
    below, above, q_below, q_above = p - p_low, p_high - p, q - n_low, n_high - q
    low = p - q - math.sqrt(max(0.0, below**2 - 2 * phi * below * q_above + q_above**2))
    high = p - q + math.sqrt(max(0.0, above**2 - 2 * phi * above * q_below + q_below**2))
    return 100 * (p - q), 100 * max(low, -1.0), 100 * min(high, 1.0)


def known(settings: Settings) -> list[Truth]:
    """What the simulator scripted in the configured samples."""
    samples = [settings.plugin("sources", name) for name in settings.sources]
    return [t for s in samples if s.kind == "sample" for t in truths(World(s.mentions, s.seed, s.days, s.start))]


def explains(truth: Truth, alert: AlertRow) -> bool:
    """Is the alert about this event: the same brand, and begun while it lasted?"""
    return alert.brand == truth.brand and truth.onset_at - MARGIN <= alert.onset_at <= truth.ends_at


def rows(settings: Settings) -> tuple[list[BrandRow], list[AlertRow]]:
    """Brands and alerts of the published snapshot, read like the pages read it."""
    with duckdb.connect(str((settings.storage / "serving" / "current.duckdb").resolve()), read_only=True) as snapshot:
        snapshot.execute("SET TimeZone = 'UTC'")
        brands = snapshot.execute("""
            SELECT b.name, sum(mention_count)::BIGINT, sum(negative_count)::BIGINT, sum(neutral_count)::BIGINT,
                   sum(positive_count)::BIGINT, sum(unknown_count)::BIGINT
            FROM brand_hourly JOIN brands b USING (brand) GROUP BY b.name, b.is_competitor ORDER BY b.is_competitor, 2 DESC
        """).fetchall()
        alerts = snapshot.execute(
            "SELECT brand, signal, tier, state, onset_at, fired_at, summary FROM alerts ORDER BY onset_at, brand, signal"
        ).fetchall()
    return [BrandRow(*r) for r in brands], [AlertRow(*r) for r in alerts]


def minutes(span: timedelta) -> str:
    """A delay in whole minutes."""
    whole = round(span.total_seconds() / 60)
    return f"{abs(whole)} min {'after' if whole >= 0 else 'before'}"


def _alert_lines(alerts: list[AlertRow], events: list[Truth]) -> list[str]:
    lines = []
    for alert in alerts:
        event = next((t for t in events if explains(t, alert)), None)
        delay = f"{minutes(event.delay(alert.fired_at))} the simulated {event.event} began" if event else "no simulated event"
        times = f"onset {alert.onset_at:%d %b %H:%M}, raised {alert.fired_at:%d %b %H:%M}"
        lines.append(f"  {alert.tier:<6}{alert.brand:<12}{alert.signal:<16}{times}: {delay}")
    return lines or ["  none"]


def _brand_lines(brands: list[BrandRow]) -> list[str]:
    lines = [f"  {'':<14}{'mentions':>9}  {'net sentiment (95% interval)':<32}no verdict"]
    for brand in brands:
        net, low, high = net_sentiment(brand.positive, brand.negative, brand.neutral)
        interval = f"{net:+.1f}  ({low:+.1f} to {high:+.1f})"
        lines.append(f"  {brand.name:<14}{brand.mentions:>9,}  {interval:<32}{brand.unknown:>10,}")
    return lines


def summary(settings: Settings, state: State, *, seconds: float) -> tuple[str, list[str]]:
    """The summary as text, and what went wrong: failed tasks, no snapshot, a crisis that nobody was paged about."""
    problems = [f"failed: {task}" for task in dict.fromkeys(state.failed)]
    if not (settings.storage / "serving" / "current.duckdb").exists():
        problems.append("there is no snapshot")
        return "\n".join(["", *(f"! {p}" for p in problems)]), problems
    brands, alerts = rows(settings)
    events = known(settings)
    lines = ["", f"{settings.project.name}: all of this is simulated", "", *_brand_lines(brands)]
    if not brands:
        problems.append("no brand has mentions")
    lines += ["", "Alerts, UTC"]
    lines += _alert_lines(alerts, events)
    for event in (t for t in events if t.is_crisis):
        known_as = f"{event.event} at {event.brand} ({event.reason}), began {event.onset_at:%d %b %H:%M}"
        found = [a for a in alerts if explains(event, a) and a.tier == "page"]
        lines.append(f"Scripted: {known_as}: " + ("found" if found else "not found"))
        if not found and event.event == "storm":
            problems.append(f"nobody was paged about the {known_as}")
    delivered = _deliveries(settings)
    lines += ["", f"Delivered: {delivered}.  Took {seconds:.0f} s.", *(f"! {p}" for p in problems)]
    return "\n".join(lines), problems


def _deliveries(settings: Settings) -> str:
    with duckdb.connect(str((settings.storage / "serving" / "current.duckdb").resolve()), read_only=True) as snapshot:
        counts = "SELECT notifier, status, count(*) FROM deliveries GROUP BY ALL ORDER BY ALL"
        found: list[Any] = snapshot.execute(counts).fetchall()
    return ", ".join(f"{count} {status} to {notifier}" for notifier, status, count in found) or "nothing"
