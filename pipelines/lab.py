"""The Alert Lab's figures, kept: every configured detector, every one on trial and every vendor's rule, over the bundled crises
and over the warehouse's own history. `earshot backtest --keep` and a weekly task write them, the pages show them.

On simulated crises all is known. On history only what people have judged is: an incident that somebody called real is a crisis,
one that was called a false alarm is none, and about the rest nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import duckdb
import pyarrow as pa

from pipelines import crises, detect, history, surge
from pipelines.backtest import Alerted, Tally, replay, tally
from pipelines.budget import simulated_height
from pipelines.crises import Event
from pipelines.detectors.base import Detector, bucket_of, bucket_start
from pipelines.history import History
from pipelines.rules import RULES, Rule
from pipelines.settings import Settings
from pipelines.store import open_warehouse, transaction

BRANDS = 4  # simulated brands of each kind of crisis
BUDGETS = (7, 14, 30, 60, 120)  # days
_BEFORE = 24  # buckets: an alert that was raised so long before a judged incident began is about it too
_JUDGED = """
    WITH judged AS (
        SELECT coalesce(m.incident_id, a.alert_id) AS incident_id, arg_max(a.value, (a.acted_at, a.action_id)) AS verdict
        FROM actions AS a
        LEFT JOIN incident_alerts AS m ON m.alert_id = a.alert_id
        WHERE a.verb = 'verdict' AND a.value IN ('false', 'real') AND a.alert_id IS NOT NULL
        GROUP BY 1
    )
    SELECT i.brand, j.verdict, i.onset_at, coalesce(i.resolved_at, i.onset_at + INTERVAL 1 DAY)
    FROM judged AS j INNER JOIN incidents AS i ON i.incident_id = j.incident_id
    ORDER BY i.onset_at, i.incident_id
"""
# What is compared to tell whether a rule's figures on crises have changed.
_FIGURES = (
    "rule, role, page_every_days, threshold, slice, brand_count, days, crisis_count, found_count, paged_count, delays, "
    "alert_count, page_count, true_count, false_count, false_page_count"
)
_MOMENT = pa.timestamp("us", tz="UTC")
_ALERT = {
    "rule": pa.string(), "role": pa.string(), "brand": pa.string(), "tier": pa.string(), "severity": pa.int32(),
    "onset_at": _MOMENT, "fired_at": _MOMENT, "resolved_at": _MOMENT,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule of the lab."""

    name: str
    role: str  # configured, shadow, vendor, budget
    rule: Detector | Rule

    @property
    def days(self) -> int | None:
        """The budget, where it has one."""
        every = getattr(self.rule, "page_every", None)
        return int(every[:-1]) if every else None

    @property
    def says(self) -> str:
        return self.rule.says if isinstance(self.rule, Rule) else type(self.rule).title


@dataclass(frozen=True, slots=True)
class Kept:
    """What was written: how many rules, crises and brands of history, and how many verdicts there were to go by."""

    rules: int
    crises: int
    brands: int
    verdicts: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What people say of the past: incidents as events, in buckets since 1970."""

    real: tuple[Event, ...] = ()
    false: tuple[Event, ...] = ()


def rules(settings: Settings) -> list[Candidate]:
    """All rules that watch brands: what is configured, what is on trial, the vendors'."""
    found = [
        Candidate(name, "shadow" if detector.shadow else "configured", detector)
        for name, detector in detect.detectors(settings).items() if detector.subject == "brands"
    ]
    return found + [Candidate(name, "vendor", rule) for name, rule in RULES.items()]


def budgets(known: Sequence[Candidate]) -> list[Candidate]:
    """The first configured detector that has a budget, under others."""
    first = next((c for c in known if c.role == "configured" and c.days is not None), None)
    if first is None or not isinstance(first.rule, Detector):
        return []
    others = (days for days in BUDGETS if days != first.days)
    return [Candidate(first.name, "budget", first.rule.model_copy(update={"page_every": f"{days}d"})) for days in others]


def keep(settings: Settings, *, now: datetime, brands: int = BRANDS) -> Kept:
    """Run everything and replace what was kept.

    Args:
        now: nothing later is looked at.
        brands: simulated brands of each kind of crisis.

    Raises:
        WarehouseError: the warehouse cannot be opened or lacks its marts.
    """
    known = rules(settings)
    with open_warehouse(settings) as connection:
        past = history.read(connection, now, tuple(settings.brands))
        judged = read_judged(connection)
    invented = list(on_crises([*known, *budgets(known)], brands, now))
    rows, alerts = on_history(known, past, judged, now)
    with open_warehouse(settings) as connection, transaction(connection):
        _write(connection, invented, rows, alerts)
    kinds = {row["slice"]: row["crisis_count"] for row in invented if row["role"] != "budget"}
    return Kept(len(known), kinds.get("all", 0), len(past.brands) if rows else 0, len(judged.real) + len(judged.false))


def read_judged(connection: duckdb.DuckDBPyConnection) -> Judged:
    """Incidents that somebody has judged; of each the last verdict counts."""
    found: dict[str, list[Event]] = {"real": [], "false": []}
    for brand, verdict, onset_at, ended_at in connection.execute(_JUDGED).fetchall():
        onset = bucket_of(onset_at)
        found[verdict].append(Event(brand, "storm", onset - _BEFORE, max(bucket_of(ended_at), onset + 1)))
    return Judged(tuple(found["real"]), tuple(found["false"]))


def on_crises(known: Iterable[Candidate], brands: int, now: datetime) -> Iterable[dict[str, Any]]:
    """Rows of `backtests` on the bundled crises: all of them, and each kind."""
    block, events = crises.simulate(brands)
    span = bucket_start(block.first), bucket_start(block.first + block.width)
    for one in known:
        alerts = replay(one.rule, [block])
        for kind in ("all", *crises.KINDS):
            chosen = [e for e in events if kind in ("all", e.kind)]
            watched = {e.brand for e in chosen}
            mine = [a for a in alerts if a.brand in watched]
            yield _row("crises", one, kind, mine, tally(mine, chosen, block.first), (len(watched), block.width / 96), span, now)


def on_history(
    known: Iterable[Candidate], past: History, judged: Judged, now: datetime
) -> tuple[list[dict[str, Any]], list[list[Any]]]:
    """Rows of `backtests` and of `backtest_alerts` on the past of each brand; nothing where there is none."""
    blocks = list(past.blocks())
    if not blocks:
        return [], []
    first, last = blocks[0].first, blocks[-1].first + blocks[-1].width
    span = bucket_start(first), bucket_start(last)
    rows: list[dict[str, Any]] = []
    raised: list[list[Any]] = []
    unbroken = all(a.first + a.width == b.first for a, b in pairwise(blocks))
    for one in known:
        if isinstance(one.rule, Rule) and not unbroken:
            continue  # a vendor's rule cannot step over months of silence
        alerts = replay(one.rule, blocks)
        for brand in ("all", *past.brands):
            mine = [a for a in alerts if brand in ("all", a.brand)]
            watched = (len(past.brands) if brand == "all" else 1), (last - first) / 96
            rows.append(_row("history", one, brand, mine, _by_verdicts(mine, brand, judged), watched, span, now))
        raised += [_alert(one, a) for a in alerts]
    return rows, raised


def _by_verdicts(alerts: Sequence[Alerted], brand: str, judged: Judged) -> Tally:
    """Real incidents are crises; alerts on incidents that were called false are false; the rest is not judged."""
    real, false = ([e for e in events if brand in ("all", e.brand)] for events in (judged.real, judged.false))
    right = tally(alerts, real, 0)
    unknown = set(right.false)
    wrong = set(alerts) - set(tally(alerts, false, 0).false)
    delays = tuple(max(delay - _BEFORE * 15, 15) for delay in right.delays)  # from the onset itself
    return Tally(right.crises, delays, right.paged, right.told, tuple(a for a in alerts if a in wrong & unknown))


def _row(
    data: str, one: Candidate, part: str, alerts: Sequence[Alerted], found: Tally, watched: tuple[int, float],
    span: tuple[datetime, datetime], now: datetime,
) -> dict[str, Any]:
    return {
        "data": data, "rule": one.name, "role": one.role, "says": one.says, "page_every_days": one.days,
        "threshold": surge.in_words(simulated_height("page", one.days)) if one.days else None, "slice": part,
        "brand_count": watched[0],
        "days": watched[1], "crisis_count": found.crises, "found_count": len(found.delays), "paged_count": found.paged,
        "delays": list(found.delays), "alert_count": len(alerts), "page_count": sum(a.page is not None for a in alerts),
        "true_count": found.told, "false_count": len(found.false), "false_page_count": found.false_pages,
        "since_at": span[0], "until_at": span[1], "is_newest": True, "kept_at": now,
    }


def _alert(one: Candidate, a: Alerted) -> list[Any]:
    ended = None if a.ended is None else bucket_start(a.ended + 1)
    tier = "watch" if a.page is None else "page"
    return [one.name, one.role, a.brand, tier, a.severity, bucket_start(a.onset), bucket_start(a.fired + 1), ended]


def _write(
    connection: duckdb.DuckDBPyConnection, invented: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]],
    alerts: Sequence[list[Any]],
) -> None:
    """Replace what was kept; a rule whose figures on crises are others now keeps its last ones beside them."""
    connection.execute("CREATE OR REPLACE TEMP TABLE fresh_backtests AS FROM backtests LIMIT 0")
    for row in (*invented, *rows):
        places = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO fresh_backtests ({', '.join(row)}) VALUES ({places})", list(row.values()))
    changed = "rule IN (SELECT rule FROM changed_rules)"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE changed_rules AS SELECT DISTINCT rule FROM (SELECT {_FIGURES} FROM fresh_backtests WHERE "
        f"data = 'crises' EXCEPT SELECT {_FIGURES} FROM backtests WHERE data = 'crises' AND is_newest)"
    )
    connection.execute(f"DELETE FROM backtests WHERE NOT is_newest AND {changed}")
    connection.execute(f"UPDATE backtests SET is_newest = false WHERE data = 'crises' AND is_newest AND {changed}")
    connection.execute("DELETE FROM backtests WHERE is_newest")
    connection.execute("INSERT INTO backtests FROM fresh_backtests")
    connection.execute("DELETE FROM backtest_alerts")
    if alerts:  # vendors' rules ring thousands of times
        columns = dict(zip(_ALERT, zip(*alerts, strict=True), strict=True))
        connection.register("fresh_alerts", pa.table({name: pa.array(columns[name], kind) for name, kind in _ALERT.items()}))
        connection.execute("INSERT INTO backtest_alerts FROM fresh_alerts")
        connection.unregister("fresh_alerts")
    connection.execute("DROP TABLE temp.fresh_backtests")
    connection.execute("DROP TABLE temp.changed_rules")
