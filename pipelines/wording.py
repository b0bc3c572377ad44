"""The sentences of alerts and of arming: figures with their range, dates in the project's time zone, no personal text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pipelines import surge
from pipelines.detectors.base import SOURCE, Arming, Evidence, bucket_start
from pipelines.episodes import Transition
from pipelines.novelty import HOURS
from pipelines.settings import Settings, span
from warehouse.similar import Past

_WINDOWS = {15: "15 minutes", 60: "hour", 360: "6 hours"}
# What a signal of a source counts, and what whoever keeps the sources should do.
_OF_A_SOURCE = {
    "source_silence": ("", "Look at the last run of its collect Dag: an expired key, a changed address or a limit is likely."),
    "source_volume": ("", "Look whether its query, a limit or a page of results has changed."),
    "source_rejected": (
        "of the rows went to quarantine", "Look at the reasons in `quarantine`: the platform has probably changed its format.",
    ),
    "source_late": ("of what arrived was more than an hour old", "Look whether its collect Dag runs on time and keeps up."),
    "source_duplicates": (
        "of the mentions repeat a text of the same author",
        "Look whether the platform's ids have changed, or the source is read twice.",
    ),
    "source_language": (
        "of the mentions are in a language that no model reads",
        "They are stored but not scored: add a model that reads it, or narrow the query.",
    ),
}
_KIND_WORDS = {"term": "“{}”", "topic": "{}", "intent": "{}"}


def brand_name(settings: Settings, brand: str) -> str:
    """As people write it; the key where the brand is not configured. An alert on a source has "Source NAME" in its place."""
    if brand.startswith(SOURCE):
        return f"Source {brand.removeprefix(SOURCE)}"
    return settings.brands[brand].name if brand in settings.brands else brand


def names(settings: Settings, brand: str) -> set[str]:
    """Words that only name the brand, in lower case."""
    stanza = settings.brands.get(brand)
    told = [brand, *([stanza.name, *stanza.handles, *stanza.aliases] if stanza else [])]
    return {word for name in told for word in (name.lower().lstrip("@"), *name.lower().lstrip("@").split())}


def summary(
    settings: Settings, brand: str, transition: Transition, onset_at: datetime, counted: str, drivers: list[dict[str, Any]]
) -> str:
    """One or two sentences on an alert in a state.

    Args:
        counted: "people" or "mentions".
        drivers: as stored; the largest by name is told.
    """
    name, zone = brand_name(settings, brand), ZoneInfo(settings.project.timezone)
    began = f"since {_moment(onset_at, zone)}"
    if transition.state == "resolved":
        ended_at = bucket_start(transition.bucket + 1)
        worst = f"At worst severity {transition.severity} of 10."
        return f"{name}: back in the expected range. {over(settings, onset_at, ended_at)} {worst}"
    e = transition.evidence
    found = _top(drivers)
    cause = f" Largest part of the excess: {found}." if found else ""
    often = f" Such a surge comes {surge.in_words(e.height)} here." if e.height > 0 else ""
    event = f" Known event: {e.event}; more than usual was expected already." if e.event else ""
    if e.signal == "silence":
        return f"{name}: {_figures(e, counted)}"
    if e.signal in ("service_level", "backlog"):
        return f"{name}: {_of_care(settings, e)}."
    if e.signal == "new_topic":
        named = ", ".join(f"“{term}”" for term in e.terms[:3])
        usual = f"where {e.expected:,.0f} is usual" if e.expected >= 0.5 else "where hardly anybody did before"
        return f"{name}: a new topic, {named}: {e.observed:,.0f} people use such words within {HOURS} hours, {usual}."
    if e.signal in _OF_A_SOURCE:
        what, advice = _OF_A_SOURCE[e.signal]
        return f"{name}: {_of_a_source(e, what)}, {began}. {advice}"
    return f"{name}: {_figures(e, counted)}, {began}.{often}{event}{_mood(e)}{_copies(e)}{cause}"


def beside(settings: Settings, others: Sequence[str] | None, past: Sequence[Past]) -> str:
    """What an alert is to be seen beside: other brands that moved too, and the past incident that is most like it.

    Args:
        others: brands that have an alert at the same time; None: no other brand is watched.
        past: comparable incidents, most alike first.
    """
    told = ""
    if others:
        told = f" Alerts at the same time: {', '.join(brand_name(settings, brand) for brand in others)}."
    elif others is not None:
        told = " No other brand has an alert yet."
    if past:
        one, zone = past[0], ZoneInfo(settings.project.timezone)
        verdict = {"false": ", called a false alarm", "real": ", called real"}.get(one.verdict, ", not judged")
        lasted = _length(int((one.seconds or 0) // 60))
        told += f" Most like it: {_moment(one.onset_at, zone)}, severity {one.severity}{verdict}, over after {lasted}."
    return told


def over(settings: Settings, onset_at: datetime, ended_at: datetime) -> str:
    """When an alert was, and for how long."""
    lasted = _length(int((ended_at - onset_at).total_seconds() // 60))
    return f"Over since {_moment(ended_at, ZoneInfo(settings.project.timezone))}, after {lasted}."


def withdrawn(settings: Settings, brand: str) -> str:
    """Of an open alert that later data does not bear out."""
    return f"{brand_name(settings, brand)}: with the mentions that came in late this is within the expected range."


def _figures(e: Evidence, counted: str) -> str:
    window = _WINDOWS.get(e.window_minutes, f"{e.window_minutes} minutes")
    if e.signal == "negative_share":
        return (
            f"{e.observed:.0%} of the last {window}'s mentions are negative, where {e.expected:.0%} is usual "
            f"({e.low:.0%} to {e.high:.0%})"
        )
    if e.signal == "silence":
        return f"no mention for {_length(e.window_minutes)}, where we expect {e.expected:,.0f}: has a source stopped?"
    noun = {"negative_count": "negative mentions", "urgent_count": "urgent mentions or threats to leave"}.get(e.signal, counted)
    verb = " wrote" if noun == "people" else ""
    written = f"{e.observed:,.0f} {noun}{verb} in the last {window}"
    usual = f"{e.low:,.0f} to {e.high:,.0f}"
    if e.expected < 1:  # a multiple of next to nothing says nothing
        return f"{written}, where we expect fewer than one ({usual})"
    ratio = e.observed / e.expected
    return f"{written}, {ratio:.1f} times the {e.expected:,.0f} that we expect ({usual})"


def _of_a_source(e: Evidence, what: str) -> str:
    if not what:
        found = f"{e.observed:,.0f} mentions" if e.observed else "no mention"
        return f"{found} in {_length(e.window_minutes)}, where we expect {e.expected:,.0f}"
    window = "24 hours" if e.window_minutes == 1440 else "hour"
    return f"{e.observed:.0%} {what} in the last {window}, where {e.expected:.0%} is usual ({e.low:.0%} to {e.high:.0%})"


def _of_care(settings: Settings, e: Evidence) -> str:
    if e.service is None:
        waits = f"{e.observed:,.0f} conversations of the last 24 hours wait for an answer"
        return f"{waits}, where we expect {e.expected:,.0f} ({e.low:,.0f} to {e.high:,.0f})"
    missed, decided, allowed = e.service
    target = _length(int(span(settings.care.first_response_target).total_seconds() // 60))
    return (
        f"{missed:,.0f} of {decided:,.0f} conversations ({e.observed:.0%}) were not answered within {target} in the last "
        f"{_length(e.window_minutes)}; usual are {e.expected:.0%}, the objective allows {allowed:.0%}, so its error budget burns "
        f"{e.observed / allowed:.1f} times as fast as it may"
    )


def _mood(e: Evidence) -> str:
    if e.negative is None or e.signal == "negative_share":
        return ""
    negative, scored, usual = e.negative
    return f" {negative / scored:.0%} of what could be scored is negative (usually {usual:.0%})."


def _copies(e: Evidence) -> str:
    """Told where they are at least a tenth of what was posted."""
    posts = e.reposts[1] + e.copies
    if e.copies < max(5.0, 0.1 * posts):
        return ""
    return f" Of {posts:,.0f} posts {e.copies:,.0f} repeat the text of another and are not counted."


def _top(drivers: list[dict[str, Any]]) -> str | None:
    total = sum(d["excess"] for d in drivers if d["kind"] == "channel")
    named = [d for d in drivers if d["kind"] in _KIND_WORDS and d["name"] != "other" and d["excess"] > 0.15 * max(total, 1)]
    if not named:
        return None
    first = max(named, key=lambda d: (d["kind"] == "topic", d["excess"]))
    label = _KIND_WORDS[first["kind"]].format(first["name"].replace("_", " "))
    return f"{label} ({first['excess']:+,.0f} of {total:+,.0f} mentions)"


def _moment(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y %H:%M}"


def _length(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{n} {unit}" for n, unit in ((days, "d"), (hours, "h"), (rest, "min")) if n]
    return " ".join(parts[:2]) or "0 min"


def _day(bucket: int, zone: ZoneInfo) -> str:
    local = bucket_start(bucket).astimezone(zone)
    return f"{local.day} {local:%b %Y}"


def arming_row(settings: Settings, arming: Arming, end: int) -> tuple[str, str, str, datetime | None, datetime | None, str]:
    """A row of `arming`: (brand, signal, state, first_at, armed_at, note)."""
    name, zone = brand_name(settings, arming.brand), ZoneInfo(settings.project.timezone)
    if arming.first is None:
        return arming.brand, "volume", "no_data", None, None, f"{name}: no mention yet; alerts cannot be armed."
    since = f"{name}: first mention on {_day(arming.first, zone)}"
    if arming.regular is not None and arming.regular - arming.first >= 96:
        since += f", regularly mentioned since {_day(arming.regular, zone)}"
    state = "armed" if arming.watch is not None and arming.watch < end else "arming"
    if state == "armed":
        pages = arming.page is not None and arming.page < end
        note = f"{since}; alerts are armed since {_day(arming.watch or 0, zone)}"
        note += "." if pages or arming.page is None else f", pages from {_day(arming.page, zone)}."
    elif arming.watch is not None:
        note = f"{since}; alerts are armed from {_day(max(arming.watch, end), zone)}."
    else:
        note = f"{since}, {arming.mentions} in all: too few to tell what is usual, so alerts are not armed yet."
    armed_at = bucket_start(arming.watch) if arming.watch is not None else None
    return arming.brand, "volume", state, bucket_start(arming.first), armed_at, note
