"""Makes snapshot files with plausible rows, so that the pages are tested without the line behind them.

Four invented airlines over four weeks; the first has a storm in its last ten hours. Everything is a function of the seed.
"""

from __future__ import annotations

import json
import math
import random
import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

END = datetime(2026, 2, 15, 13, 40, tzinfo=UTC)
ONSET = datetime(2026, 2, 15, 6, 15, tzinfo=UTC)
BRANDS = (
    ("aerolia", "Aerolia", False, 22.0),
    ("nordwind", "Nordwind", True, 16.0),
    ("skylark", "Skylark", True, 11.0),
    ("transpolar", "Transpolar", True, 5.0),
)
CHANNELS = (("x", 0.5), ("facebook", 0.25), ("instagram", 0.15), ("app_review", 0.1))
TOPICS = ("cancelled_flight", "lost_bags", "delay", "booking", "crew", "refund", "app")
TEXTS = {
    "negative": (
        "Nine hours at the gate for flight [CASE] and not one word from anybody",
        "My bags went to Oslo, I did not. Third call today",
        "Cancelled by text at 5 am, hotline dead, two kids in tow",
    ),
    "neutral": (
        "Does the 18:40 to Bergen still leave today?",
        "Which form do I need for a refund?",
        "Boarding now, seat by the window",
    ),
    "positive": (
        "The crew on the late flight was wonderful, thank you",
        "Rebooked me in two minutes, would fly again any day",
        "Best coffee above the clouds, recommend them to anyone",
    ),
}

SCHEMA = Path(__file__).with_name("snapshot.sql")


class Maker:
    """Rows of one snapshot."""

    def __init__(self, seed: int, scale: float) -> None:
        self.random = random.Random(seed)
        self.scale = scale
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def add(self, table: str, **row: Any) -> None:
        self.rows[table].append(row)

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def poisson(self, mean: float) -> int:
        return max(0, round(self.random.gauss(mean, math.sqrt(mean)))) if mean > 0 else 0


def rhythm(at: datetime) -> float:
    """More by day, less at weekends."""
    return (0.35 + 0.9 * max(0.0, math.sin((at.hour - 5) / 17 * math.pi))) * (0.8 if at.weekday() > 4 else 1.0)


def _counts(make: Maker, mean: float, storm: float) -> dict[str, int]:
    n = make.poisson(mean * storm)
    down = 0.72 if storm > 1 else 0.34
    negative = make.poisson(n * down)
    positive = min(n - negative, make.poisson(n * 0.22 / storm)) if n > negative else 0
    negative = min(negative, n)
    unknown = min(n - negative - positive, make.poisson(n * 0.06))
    return {
        "mention_count": n,
        "author_count": max(1, int(n * 0.9)) if n else 0,
        "negative_count": negative,
        "positive_count": positive,
        "unknown_count": unknown,
        "unscored_count": 0,
        "neutral_count": n - negative - positive - unknown,
        "complaint_count": int(negative * 0.7),
        "churn_risk_count": int(negative * 0.1),
        "urgent_count": int(negative * 0.05),
        "needs_response_count": int(n * 0.4),
        "repost_count": int(n * 0.12),
    }


def _storm(brand: str, at: datetime) -> float:
    return 5.0 if brand == "aerolia" and at >= ONSET.replace(minute=0) else 1.0


def _hours(make: Maker, start: datetime) -> None:
    quarter: dict[tuple[str, datetime], dict[str, int]] = {}
    for brand, _, _, level in BRANDS:
        at = start
        while at < END:
            total = 0
            for channel, part in CHANNELS:
                counts = _counts(make, level * part * rhythm(at) * 2 * make.scale, _storm(brand, at))
                if not counts["mention_count"]:
                    continue
                total += counts["mention_count"]
                make.add(
                    "brand_hourly",
                    brand=brand,
                    channel=channel,
                    property="addressed",
                    bucket_at=at,
                    engagement=counts["mention_count"] * 4,
                    reach=counts["mention_count"] * 310,
                    read_count=counts["mention_count"] - counts["unknown_count"] // 2,
                    **dict.fromkeys(
                        ("public_count", "estimated_count", "public_estimated_count", "squared_weight", "public_squared_weight"),
                        counts["mention_count"],
                    ),
                    **counts,
                )
                _driver(make, brand, at, "channel", channel, counts["mention_count"], counts["negative_count"])
                for i in range(4):
                    key = (brand, at + timedelta(minutes=15 * i))
                    held = quarter.setdefault(key, dict.fromkeys(counts, 0))
                    for name, value in counts.items():
                        held[name] += value // 4 + (1 if i < value % 4 else 0)
            _drivers(make, brand, at, total)
            at += timedelta(hours=1)
    for (brand, at), counts in quarter.items():
        if at <= END:
            make.add("brand_15min", brand=brand, bucket_at=at, **counts)
    _expectations(make, quarter)


def _drivers(make: Maker, brand: str, at: datetime, total: int) -> None:
    for i, topic in enumerate(TOPICS):
        part = (0.45 if i == 0 else 0.08) if _storm(brand, at) > 1 else 0.12
        n = min(total, make.poisson(total * part))
        if n:
            _driver(make, brand, at, "topic", topic, n, n // 2)
    for intent, part in (("complaint", 0.3), ("request", 0.2), ("praise", 0.1), ("churn_risk", 0.04)):
        more = 1.9 if intent == "complaint" and _storm(brand, at) > 1 else 1.0
        n = min(total, make.poisson(total * part * more))
        if n:
            _driver(make, brand, at, "intent", intent, n, n // 2)


def _driver(make: Maker, brand: str, at: datetime, kind: str, name: str, n: int, negative: int) -> None:
    make.add(
        "driver_hourly", brand=brand, bucket_at=at, kind=kind, name=name, mention_count=n, negative_count=negative,
        estimated_count=float(n), squared_weight=float(n),
    )


def _expectations(make: Maker, quarter: dict[tuple[str, datetime], dict[str, int]]) -> None:
    levels = {b: level for b, _, _, level in BRANDS}
    for (brand, at), counts in sorted(quarter.items()):
        if at > END or at < END - timedelta(days=7):
            continue
        mean = levels[brand] * rhythm(at) / 2 * make.scale
        high = mean + 4 * math.sqrt(mean) + 1
        make.add(
            "expectations", brand=brand, signal="volume", bucket_at=at, observed=float(counts["mention_count"]), expected=mean,
            low=max(0.0, mean - 3 * math.sqrt(mean)), high=high, is_outside=counts["mention_count"] > high,
        )
        n = counts["mention_count"]
        share = counts["negative_count"] / n if n else None
        make.add(
            "expectations",
            brand=brand,
            signal="negative_share",
            bucket_at=at,
            observed=share,
            expected=0.34,
            low=0.1,
            high=0.62,
            is_outside=bool(share and share > 0.62),
        )


def _mention(make: Maker, brand: str, at: datetime) -> str:
    bad = 0.72 if _storm(brand, at) > 1 else 0.34
    mood = make.random.choices(("negative", "neutral", "positive", "unknown"), (bad, (1 - bad) * 0.6, (1 - bad) * 0.35, 0.05))[0]
    text = make.random.choice(TEXTS.get(mood, TEXTS["neutral"]))
    stormy = _storm(brand, at) > 1
    intents = {
        "negative": make.random.choice(
            (["complaint", "needs_response"], ["complaint"], ["complaint", "warning"], ["complaint", "churn_risk"])
        ),
        "positive": make.random.choice((["praise"], ["praise", "recommendation"])),
        "neutral": ["request"],
    }.get(mood, [])
    key = make.uuid()
    make.add(
        "mention_feed",
        mention_id=key,
        source="sample",
        channel=make.random.choices([c for c, _ in CHANNELS], [p for _, p in CHANNELS])[0],
        brand=brand,
        property="addressed",
        kind="post",
        published_at=at,
        author_id=f"author-{make.random.randrange(4000):04d}",
        is_own=False,
        text=f"{text}. {make.random.choice(('Gate', 'Row', 'Desk'))} {make.random.randrange(90)}.",
        url=f"https://example.org/{key}",
        sentiment=mood,
        p_negative=0.9 if mood == "negative" else 0.1,
        intents=intents,
        topics=["cancelled_flight"] if stormy and make.random.random() < 0.6 else [make.random.choice(TOPICS)],
        language="en",
        engagement=int(make.random.paretovariate(1.1)),
        reach=int(300 * make.random.paretovariate(1.2)),
        weight=1.0,
        in_reply_to=None,
        thread_id=key,
        expires_at=None,
    )
    return key


def _threads(make: Maker, start: datetime) -> None:
    for brand, _, _, level in BRANDS:
        at = start
        while at < END:
            stormy = _storm(brand, at) > 1
            for _ in range(make.poisson(level * rhythm(at) * 0.25 * (4 if stormy else 1) * min(make.scale, 1.0))):
                _thread(make, brand, at + timedelta(seconds=make.random.randrange(3600)), stormy)
            at += timedelta(hours=1)


def _thread(make: Maker, brand: str, opened: datetime, stormy: bool) -> None:
    if opened >= END:
        return
    story = make.random.random() < 0.06
    key = _mention(make, brand, opened)
    wait = int(make.random.lognormvariate(math.log(1100 if not stormy else 5200), 1.1))
    answered = make.random.random() < (0.45 if stormy else 0.9) and opened + timedelta(seconds=wait) <= END
    reply = opened + timedelta(seconds=wait) if answered else None
    again = bool(answered and make.random.random() < 0.2)
    last = reply + timedelta(minutes=9) if again and reply and reply + timedelta(minutes=9) <= END else opened
    status = "unanswered" if not answered else "waiting" if last > opened else "answered"
    feed = make.rows["mention_feed"][-1]
    if story:
        feed["kind"], feed["channel"], feed["expires_at"] = "story", "instagram", opened + timedelta(hours=24)
    make.add(
        "thread_status",
        thread_id=key,
        source="sample",
        channel=feed["channel"],
        brand=brand,
        property="addressed",
        first_mention_id=key,
        opened_at=opened,
        author_id=feed["author_id"],
        first_reply_at=reply,
        first_response_seconds=wait if answered else None,
        last_inbound_at=last,
        last_reply_at=reply,
        inbound_count=2 if status == "waiting" else 1,
        reply_count=1 if answered else 0,
        needs_response=feed["sentiment"] != "positive" and make.random.random() < 0.9,
        status=status,
        sentiment_first=feed["sentiment"],
        sentiment_last="positive" if answered and make.random.random() < 0.3 else feed["sentiment"],
        is_urgent=make.random.random() < 0.08,
        expires_at=feed["expires_at"],
        text=feed["text"],
        is_start_known=True,
    )


def _response_days(make: Maker) -> None:
    """As the mart has it: conversations that need an answer, by the day on which they were opened."""
    days: dict[tuple[str, str, datetime], list[int | None]] = {}
    for row in make.rows["thread_status"]:
        if row["needs_response"]:
            key = (row["brand"], row["channel"], row["opened_at"].replace(hour=0, minute=0, second=0))
            days.setdefault(key, []).append(row["first_response_seconds"])
    for (brand, channel, at), waits in sorted(days.items()):
        done = sorted(w for w in waits if w is not None)
        make.add(
            "response_time_daily",
            brand=brand,
            channel=channel,
            day_at=at,
            inbound_count=len(waits),
            answered_count=len(done),
            unanswered_count=len(waits) - len(done),
            p50_seconds=float(done[len(done) // 2]) if done else None,
            p90_seconds=float(done[int(len(done) * 0.9)]) if done else None,
        )


def _weeks(make: Maker, start: datetime) -> None:
    monday = start - timedelta(days=start.weekday(), hours=start.hour)
    for brand, _, _, level in BRANDS:
        at = monday
        while at < END:
            authors = int(level * 120 * make.scale)
            replied, other = int(authors * 0.12), int(authors * 0.05)
            make.add(
                "advocate_weekly",
                brand=brand,
                week_at=at,
                author_count=authors,
                advocate_count=make.poisson(authors * 0.07),
                detractor_count=make.poisson(authors * 0.05),
                replied_base=replied,
                replied_recovered=min(replied, make.poisson(replied * 0.31)),
                unreplied_base=other,
                unreplied_recovered=min(other, make.poisson(other * 0.14)),
            )
            at += timedelta(days=7)


def _crisis(make: Maker) -> None:
    feed = make.rows["mention_feed"]
    examples = [
        r["mention_id"] for r in feed if r["brand"] == "aerolia" and r["published_at"] >= ONSET and r["sentiment"] == "negative"
    ]
    parts = (
        ("topic", "cancelled_flight", 168, 5), ("topic", "delay", 40, 8), ("topic", "other", 43, 28),
        ("channel", "x", 190, 25), ("channel", "facebook", 61, 16), ("form", "original", 201, 33), ("form", "repost", 50, 8),
        ("author", "new", 120, 0), ("author", "known", 131, 41),
    )
    drivers = [{"kind": k, "name": n, "observed": o, "expected": e, "excess": o - e} for k, n, o, e in parts]
    common = {
        "detector": "seasonal",
        "brand": "aerolia",
        "window_minutes": 60,
        "drivers": json.dumps(drivers),
        "example_ids": examples[:3],
        "exposed_ids": examples[3:6],
        "first_id": examples[-1] if examples else None,
        "driver_minutes": 60,
    }
    alert, old = make.uuid(), END - timedelta(days=12)
    make.add(
        "alerts", alert_id=alert, signal="volume", tier="page", state="escalated", severity=8, onset_at=ONSET,
        fired_at=ONSET + timedelta(minutes=30), resolved_at=None, observed=251.0, expected=41.0, low=28.0, high=57.0,
        summary="Aerolia: 251 mentions in 60 minutes, 41 expected (28 to 57)", **common,
    )
    make.add(
        "alerts",
        alert_id=make.uuid(),
        signal="negative_share",
        tier="watch",
        state="resolved",
        severity=4,
        onset_at=old,
        fired_at=old + timedelta(minutes=45),
        resolved_at=old + timedelta(hours=3),
        observed=0.61,
        expected=0.35,
        low=0.22,
        high=0.49,
        summary="Aerolia: 61 % of mentions negative, 35 % expected (22 % to 49 %)",
        **common,
    )
    for position, (state, severity, minutes) in enumerate((("onset", 5, 30), ("escalated", 8, 75))):
        make.add(
            "alert_states",
            alert_id=alert,
            position=position,
            state=state,
            tier="page",
            severity=severity,
            reached_at=ONSET + timedelta(minutes=minutes),
            window_minutes=60,
            observed=251.0,
            expected=41.0,
            low=28.0,
            high=57.0,
            summary="",
        )
    for row in make.rows["alerts"]:
        make.add("incident_alerts", alert_id=row["alert_id"], incident_id=row["alert_id"], state_count=2)
        shared = {k: row[k] for k in ("brand", "state", "tier", "severity", "onset_at", "fired_at", "resolved_at")}
        make.add("incidents", incident_id=row["alert_id"], alert_count=1, **shared)
    for brand, _, _, _ in BRANDS:
        note = "The budget is at most one false page in 60 days. None of the last 180 days has been judged; verdicts move it."
        make.add(
            "alert_budgets", brand=brand, tier="page", every_days=60, stretched_days=60, false_count=0, judged_count=0,
            allowed=0.5, note=note,
        )
    at = ONSET + timedelta(minutes=30)
    make.add(
        "deliveries", alert_id=alert, notifier="file", alert_state="onset", status="sent", attempt_count=1, created_at=at,
        sent_at=at + timedelta(minutes=1),
    )
    for brand, name, _, _ in BRANDS:
        late = brand == "transpolar"
        note = (
            "too few mentions yet; alerts are armed from 20 Feb 2026."
            if late
            else "first mention on 18 Jan 2026; alerts are armed."
        )
        make.add(
            "arming", brand=brand, signal="volume", state="arming" if late else "armed", first_at=END - timedelta(days=28),
            armed_at=END - timedelta(days=14), note=f"{name}: {note}",
        )


RULES = (
    # name, role, crises found, within an hour, paged, false alarms, false pages
    ("volume", "configured", 18, 16, 7, 104, 29), ("eager", "shadow", 18, 17, 15, 148, 110),
    ("agility", "vendor", 19, 16, 19, 5194, 5194),
)


def _lab(make: Maker) -> None:
    """What `earshot backtest --keep` leaves."""
    for name, role, found, fast, paged, false, pages in RULES:
        common = {
            "rule": name, "role": role, "says": name, "page_every_days": None if role == "vendor" else 60,
            "threshold": None if role == "vendor" else "about once in 7 weeks", "is_newest": True, "kept_at": END,
            "since_at": END - timedelta(days=28), "until_at": END,
        }
        counts = {
            "crisis_count": 20, "found_count": found, "paged_count": paged, "delays": [30] * fast + [90] * (found - fast),
            "alert_count": found + false, "page_count": pages + paged, "true_count": found, "false_count": false,
            "false_page_count": pages,
        }
        make.add("backtests", data="crises", slice="all", brand_count=28, days=49.0, **common, **counts)
        storm = {"crisis_count": 4, "found_count": 4, "paged_count": 4, "delays": [30] * 4}
        make.add("backtests", data="crises", slice="storm", brand_count=4, days=49.0, **common, **(counts | storm))
        for brand, _, _, _ in (("all", "", False, 0.0), *BRANDS):
            of = {"crisis_count": 0, "found_count": 0, "paged_count": 0, "delays": [], "true_count": 0, "false_count": 0}
            few = {"alert_count": 9 if role == "vendor" else 2, "page_count": 1, "false_page_count": 0}
            watched = len(BRANDS) if brand == "all" else 1
            make.add("backtests", data="history", slice=brand, brand_count=watched, days=28.0, **common, **of, **few)
        for brand, _, _, _ in BRANDS:
            for hours in range(6, 28 * 24, 9 if role == "vendor" else 200):
                at = END - timedelta(hours=hours)
                make.add(
                    "backtest_alerts", rule=name, role=role, brand=brand, tier="page", severity=0 if role == "vendor" else 6,
                    onset_at=at, fired_at=at, resolved_at=at,
                )


HOUR = timedelta(hours=1)
SOURCES = (
    # name, kind, state, mentions an hour, price, budget
    ("x_search", "x", "bringing", 24.0, 0.005, 90.0), ("mastodon", "mastodon", "failing", 6.0, None, None),
    ("fediverse", "mastodon", "bringing", 5.0, None, None), ("forum", "discourse", "quiet", 1.0, None, None),
    ("surveys", "file", "whole", 0.0, None, None), ("reviews", "app_store", "waiting", 0.0, None, None),
    ("old_feed", None, None, 0.3, None, None),
)
FAILS = END - timedelta(hours=3)  # mastodon


def _sources(make: Maker) -> None:
    """What the line knows of its sources: one of each state, a gap of each kind, something overdue."""
    for name, kind, state, level, price, budget in SOURCES:
        last = {"failing": FAILS - HOUR, "quiet": END - timedelta(hours=20)}.get(state or "", END - timedelta(minutes=20))
        if kind:
            _state_of(make, name, kind, state or "", last, price, budget)
        if state == "waiting":
            continue
        stored = 320 if state == "whole" else int(level * 24 * 35)
        make.add(
            "source_health", source=name, channel="mastodon" if kind == "mastodon" else name,
            first_published_at=END - timedelta(days=40), last_published_at=last if kind else END - timedelta(days=9),
            last_observed_at=last, mention_count=stored, mention_count_24h=int(level * 24), deleted_count=int(level),
            undated_count=0, unknown_count=int(level), quarantined_count=stored // 50, rows_in=stored + stored // 50,
            stored=stored, unchanged=0, note="",
        )
        _hours_of(make, name, state or "", level, last)
    for day in range(14):
        cost = 2.4 + 0.1 * (day % 3)
        at = END.replace(hour=0, minute=0) - timedelta(days=day)
        make.add("source_costs", source="x_search", day_at=at, mention_count=int(cost / 0.005), cost=cost)
    for source, kind, owed, due in (
        ("x_search", "erase", 0, None), ("x_search", "recheck", 120, END + 5 * HOUR), ("mastodon", "recheck", 37, END - 2 * HOUR),
    ):
        make.add(
            "obligation_status", source=source, kind=kind, open_count=owed, next_due_at=due, done_count=40, late_count=0,
            last_done_at=END - HOUR,
        )
    gap = {"query": "aerolia", "noticed_at": END - 9 * HOUR, "filled_at": None, "is_fillable": True}
    day = END.replace(hour=0, minute=0)
    for source, start, width, reason, count, more in (
        ("x_search", END.replace(hour=6, minute=0), 2, "the month's budget of 90 is used up", 400, {}),
        ("mastodon", day - 26 * HOUR, 1, "the search gives no more than 40 pages", None, {"is_fillable": False}),
        ("fediverse", day - 20 * HOUR, 1, "the list ended before its beginning", 12, {"filled_at": END - 30 * HOUR}),
    ):
        values = gap | more
        make.add("gaps", source=source, start_at=start, end_at=start + width * HOUR, reason=reason, missing_count=count, **values)
    for second, both in (("mastodon", 900), ("forum", 3)):
        make.add(
            "source_overlap", channel="mastodon", first_source="fediverse", second_source=second, both_count=both,
            since_at=END - timedelta(days=28), until_at=END, first_count=3360, second_count=4032,
        )


def _state_of(
    make: Maker, name: str, kind: str, state: str, last: datetime, price: float | None, budget: float | None
) -> None:
    asked = state != "waiting"
    make.add(
        "source_states", source=name, kind=kind, state=state, is_continuous=kind != "file",
        began_at=END - timedelta(days=40) if asked else None,
        answered_at=None if not asked else last.replace(minute=0) if state == "failing" else END.replace(minute=0),
        brought_at=last if asked else None, failing_at=FAILS if state == "failing" else None,
        error="[sources.mastodon]: the server does not answer (503)." if state == "failing" else None,
        quiet_after_seconds=6 * 3600, asked_at=END.replace(minute=0), price=price, budget=budget,
        spent=35.2 if price else None, forecast_low=66.1 if price else None, forecast_high=70.9 if price else None,
    )


def _hours_of(make: Maker, name: str, state: str, level: float, last: datetime) -> None:
    until = END.replace(minute=0) if state in ("bringing", "failing", "quiet") else last.replace(minute=0)
    for back in range(1, 35 * 24 + 1) if level and state else ():
        at = until - back * HOUR
        usual = level * rhythm(at)
        n = 0 if at > last else make.poisson(usual)
        lost = 200 if name == "x_search" and END.replace(hour=5, minute=50) < at < END.replace(hour=7, minute=50) else 0
        windows = 4 if name == "fediverse" else None
        unseen = state == "failing" and at >= last.replace(minute=0)
        missed = name == "fediverse" and at == END.replace(hour=3, minute=0)
        late = back <= 28 * 24 - 24 * 7
        make.add(
            "completeness_hourly", source=name, hour_at=at, received_count=n, estimated_count=n,
            expected_count=usual if late else None, low_count=int(usual * 0.6) if late else None,
            high_count=int(usual * 1.5) + 1 if late else None, window_count=windows,
            landed_count=3 if missed else windows, gap_count=int(lost > 0), untold_count=0, missing_count=lost,
            complete_rate=None if unseen or missed or not n + lost else n / (n + lost),
            reason="not_collected" if unseen else "window_missing" if missed else None if n + lost else "nothing",
        )
        make.add(
            "source_15min", source=name, bucket_at=at, mention_count=n, language_count=n // 8, duplicate_count=0,
            arrived_count=n, late_count=0, rejected_count=0,
        )


def snapshot(
    root: Path,
    version: str = "20260215T134000-1",
    *,
    seed: int = 7,
    scale: float = 1.0,
    days: int = 28,
    current: bool = True,
    hostile: bool = False,
    **meta: Any,
) -> Path:
    """A published snapshot below `root`, and the link to it.

    Args:
        scale: how many mentions, as a factor; 0 gives brands and no mention.
        hostile: texts, names, links and reasons hold markup and code.
        meta: columns of `meta` to change.
    """
    make = Maker(seed, scale)
    start = (END - timedelta(days=days)).replace(minute=0)
    if scale:
        _hours(make, start)
        _threads(make, start)
        _response_days(make)
        _weeks(make, start)
        _crisis(make)
        _lab(make)
        _sources(make)
    make.add(
        "meta",
        **{
            "version": version,
            "published_at": END + timedelta(minutes=4),
            "watermark": END,
            "project_name": "Four airlines",
            "timezone": "UTC",
            "is_simulated": True,
            "model": "lexicon@1",
            "first_response_target_seconds": 3600,
            "schema_version": 1,
        }
        | meta,
    )
    for brand, name, rival, _ in BRANDS:
        make.add("brands", brand=brand, name=name, is_competitor=rival)
    if hostile:
        _spoil(make)
    path = root / "serving" / f"{version}.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, make.rows)
    if current:
        swap(path)
    return path


def _spoil(make: Maker) -> None:
    markup = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    for row in make.rows["mention_feed"]:
        row |= {"text": f"{row['mention_id'][:6]} {markup} " + row["text"], "url": "javascript:alert(3)", "topics": [markup]}
    for row in make.rows["thread_status"]:
        row["text"] = markup
    for row in make.rows["alerts"]:
        row |= {"summary": markup, "drivers": json.dumps([{"kind": "topic", "name": markup, "observed": 9, "expected": 1}])}
    for row in make.rows["arming"]:
        row["note"] = markup
    for row in make.rows["gaps"]:
        row |= {"reason": markup}
    for row in make.rows["source_states"]:
        row |= {"error": markup}
    for table in ("source_states", "source_health", "completeness_hourly", "gaps", "source_15min"):
        for row in make.rows[table]:
            row["source"] = markup if row["source"] == "x_search" else row["source"]
    for row in make.rows["driver_hourly"]:
        row["name"] = markup if row["kind"] == "topic" else row["name"]


def swap(path: Path) -> None:
    """Point `current.duckdb` at `path`, atomically."""
    link = path.with_name("current.new")
    link.unlink(missing_ok=True)
    link.symlink_to(path.name)
    link.replace(path.with_name("current.duckdb"))


def write(path: Path, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Tables with these rows in a new DuckDB file; alerts and the like have the columns of the warehouse."""
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as db:
        db.execute("SET TimeZone = 'UTC'")
        db.execute(SCHEMA.read_text(encoding="utf-8"))
        for name, items in rows.items():
            _insert(db, name, items)


def _insert(db: duckdb.DuckDBPyConnection, name: str, items: Sequence[dict[str, Any]]) -> None:
    if not items:
        return
    db.register("incoming", pa.Table.from_pylist(list(items)))
    names = ", ".join(items[0])
    db.execute(f"INSERT INTO {name} ({names}) SELECT {names} FROM incoming")
    db.unregister("incoming")
