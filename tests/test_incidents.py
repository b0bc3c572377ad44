"""Incidents: alerts on one brand are told as one, in order, whatever way they come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.incidents import Event, Incident, Merger, Told

START = datetime(2026, 3, 14, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOLD = timedelta(minutes=60)


def event(
    alert: str, minute: int, state: str, tier: str = "page", severity: int = 5, position: int = 0, brand: str = "acme"
) -> Event:
    """A state that an alert reaches so many minutes after START."""
    return Event(alert, position, brand, state, tier, severity, START + minute * MINUTE)  # type: ignore[arg-type]


def merged(events: list[Event], until: int, by_brand: dict[str, Incident] | None = None) -> list[Told]:
    merger = Merger({} if by_brand is None else by_brand, escalate_by=2, resolve_after=HOLD)
    merger.merge(events, START + until * MINUTE)
    return merger.told


def said(told: list[Told]) -> list[tuple[str, str, str, int, int]]:
    return [(t.incident_id, t.state, t.tier, t.severity, int((t.reached_at - START) / MINUTE)) for t in told]


def test_one_alert_is_one_incident_that_ends_an_hour_after_it() -> None:
    one = [
        event("a", 0, "onset", "watch", 3), event("a", 30, "escalated", "page", 6, 1), event("a", 90, "resolved", "page", 6, 2)
    ]
    wanted = [("a", "onset", "watch", 3, 0), ("a", "escalated", "page", 6, 30)]
    assert said(merged(one, 149)) == wanted
    assert said(merged(one, 150)) == [*wanted, ("a", "resolved", "page", 6, 150)]


def test_alerts_that_overlap_are_told_once_and_a_jump_is_told_again() -> None:
    storm = [
        event("a", 0, "onset", "page", 5), event("b", 15, "onset", "watch", 4), event("c", 30, "onset", "page", 6),
        event("d", 45, "onset", "page", 7), event("a", 60, "resolved", position=1), event("b", 75, "resolved", "watch", 4, 1),
        event("c", 90, "resolved", severity=6, position=1), event("d", 95, "resolved", severity=7, position=1),
    ]
    assert said(merged(storm, 1000)) == [
        ("a", "onset", "page", 5, 0), ("a", "escalated", "page", 7, 45), ("a", "resolved", "page", 7, 155)
    ]


def test_what_comes_within_the_hour_keeps_it_open_and_later_is_a_new_one() -> None:
    events = [
        event("a", 0, "onset"), event("a", 60, "resolved", position=1), event("b", 119, "onset"),
        event("b", 180, "resolved", position=1), event("c", 240, "onset"),
    ]
    assert said(merged(events, 300)) == [
        ("a", "onset", "page", 5, 0), ("a", "resolved", "page", 5, 240), ("c", "onset", "page", 5, 240)
    ]


def test_a_watch_that_a_page_joins_is_told_again_with_a_severity_of_its_own() -> None:
    events = [event("a", 0, "onset", "watch", 6), event("b", 15, "onset", "page", 5)]
    assert said(merged(events, 20)) == [("a", "onset", "watch", 6, 0), ("a", "escalated", "page", 7, 15)]


def test_brands_are_kept_apart() -> None:
    events = [event("a", 0, "onset"), event("b", 15, "onset", severity=9, brand="other")]
    assert said(merged(events, 20)) == [("a", "onset", "page", 5, 0), ("b", "onset", "page", 9, 15)]


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """What detectors may record of a brand: alerts with states in order, their severity growing."""
    events: list[Event] = []
    for number in range(draw(st.integers(1, 6))):
        minute, severity, tier = draw(st.integers(0, 2000)), draw(st.integers(1, 6)), draw(st.sampled_from(("watch", "page")))
        steps = ["onset", *["escalated"] * draw(st.integers(0, 3)), "resolved"][: draw(st.integers(1, 5))]
        for position, state in enumerate(steps):
            if state == "escalated":
                severity, tier = min(10, severity + draw(st.integers(1, 3))), draw(st.sampled_from((tier, "page")))
            events.append(event(f"alert-{number}", minute, state, tier, severity, position))
            minute += draw(st.integers(15, 300))
    return sorted(events, key=lambda e: (e.reached_at, e.alert_id, e.position))


@settings(max_examples=100, deadline=None)
@given(histories(), st.lists(st.integers(0, 40), max_size=6))
def test_messages_are_in_order_and_do_not_depend_on_how_often_alerts_are_merged(events: list[Event], cuts: list[int]) -> None:
    whole = merged(events, 10_000)
    by_incident: dict[str, list[Told]] = {}
    for told in whole:
        by_incident.setdefault(told.incident_id, []).append(told)
    for states in by_incident.values():
        kinds = [t.state for t in states]
        assert kinds[0] == "onset" and kinds[1:-1] == ["escalated"] * len(kinds[1:-1]) and kinds.count("resolved") <= 1
        assert [t.position for t in states] == list(range(len(states)))
        keys = [t.severity if t.state == "escalated" else t.state for t in states]
        assert len(set(keys)) == len(keys), "each message has a key of its own"
        assert all(a.severity <= b.severity and a.reached_at <= b.reached_at for a, b in pairwise(states))
        assert not (states[0].tier == "page" and any(t.tier == "watch" for t in states))
    pieces: list[Told] = []
    by_brand: dict[str, Incident] = {}
    edges = [0, *sorted(min(c, len(events)) for c in cuts), len(events)]
    for low, high in pairwise(edges):
        part = events[low:high]
        until = int((part[-1].reached_at - START) / MINUTE) if part else 0
        pieces += merged(part, 10_000 if high == len(events) else until, by_brand)
    assert sorted(pieces, key=repr) == sorted(whole, key=repr)
