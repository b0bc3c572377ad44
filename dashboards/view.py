"""What a reader is looking at, as a value: read from an address, written back as one.

Every choice on a page is in its address, so a link shows what its sender saw. Defaults are left out, keys are sorted, and
what is not understood is dropped and named, never an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from dashboards.query import Snapshot

RIVALS = 3  # shown at once


@dataclass(frozen=True, slots=True)
class Span:
    """A choice of period: its length, the grain of its charts, and how far back the period it is compared with lies."""

    key: str
    name: str
    length: timedelta
    grain: str  # hour, day or week
    back: timedelta


SPANS = {
    s.key: s
    for s in (
        Span("6h", "6 hours", timedelta(hours=6), "hour", timedelta(days=7)),
        Span("24h", "24 hours", timedelta(hours=24), "hour", timedelta(days=7)),
        Span("48h", "48 hours", timedelta(hours=48), "hour", timedelta(days=7)),
        Span("7d", "7 days", timedelta(days=7), "day", timedelta(days=7)),
        Span("28d", "28 days", timedelta(days=28), "day", timedelta(days=28)),
        Span("12w", "12 weeks", timedelta(weeks=12), "week", timedelta(weeks=12)),
    )
}


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open spans of time, on whole hours: the one shown and the one before that it is compared with."""

    start: datetime
    until: datetime
    before_start: datetime
    before_until: datetime
    span: Span

    @property
    def before(self) -> str:
        """Words for the comparison.

        >>> from datetime import UTC
        >>> Period.ending(datetime(2026, 3, 4, 10, 5, tzinfo=UTC), SPANS["24h"]).before
        'the same 24 hours a week before'
        """
        return f"the same {self.span.name} a week before" if self.span.grain == "hour" else f"the {self.span.name} before"

    @classmethod
    def ending(cls, now: datetime, span: Span) -> Period:
        """The period of `span` that holds `now` (in the page's time zone): 24 hours, or whole days with today so far.

        >>> from datetime import UTC
        >>> p = Period.ending(datetime(2026, 3, 4, 10, 5, tzinfo=UTC), SPANS["7d"])
        >>> str(p.start), str(p.until), str(p.before_until)
        ('2026-02-26 00:00:00+00:00', '2026-03-04 11:00:00+00:00', '2026-02-25 11:00:00+00:00')
        """
        until = (now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
        if span.grain == "hour":
            start = until - span.length
        else:
            start = datetime.combine(now.date(), time(), now.tzinfo) + timedelta(days=1) - span.length
            if span.grain == "week":
                start -= timedelta(days=start.weekday())
        return cls(start, until, start - span.back, until - span.back, span)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an address may ask for: it depends on the page and on the snapshot."""

    path: str
    brands: tuple[str, ...]
    rivals: tuple[str, ...]
    channels: tuple[str, ...]
    spans: tuple[str, ...]  # the first is the default
    sources: tuple[str, ...] = ()  # the first is the default

    @classmethod
    def on(cls, path: str, spans: tuple[str, ...], snapshot: Snapshot) -> Allowed:
        keys = tuple(b.key for b in snapshot.brands)
        rivals = tuple(b.key for b in snapshot.brands if b.is_competitor)
        return cls(path, keys, rivals, snapshot.channels, spans, snapshot.sources)


@dataclass(frozen=True, slots=True)
class View:
    """A reader's choices, all valid."""

    path: str
    brand: str
    rivals: tuple[str, ...]
    span: Span
    channel: str  # "all" or one
    compare: bool
    alert: str  # an alert's id, or ""
    ignored: tuple[str, ...]  # what the address said that is not understood
    allowed: Allowed
    source: str = ""  # "" where nothing has been brought yet

    @classmethod
    def read(cls, url: str, allowed: Allowed) -> View:
        """The view that `url` asks for. Never raises: what is unknown is ignored and named in `ignored`."""
        try:
            given = dict(parse_qsl(urlsplit(url).query, max_num_fields=40))
        except ValueError:
            given = {}
        return cls.of(given, allowed)

    @classmethod
    def of(cls, given: Mapping[str, str], allowed: Allowed) -> View:
        ignored = [k for k in given if k not in ("brand", "vs", "period", "ch", "cmp", "alert", "src")]

        def pick(key: str, choices: tuple[str, ...], default: str) -> str:
            value = given.get(key, default)
            if value in choices:
                return value
            if key in given:
                ignored.append(key)
            return default

        brand = pick("brand", allowed.brands, allowed.brands[0] if allowed.brands else "")
        others = tuple(b for b in allowed.brands if b != brand)
        rivals = tuple(b for b in allowed.rivals if b != brand)[:RIVALS] or others[:RIVALS]
        if "vs" in given:
            asked = [b for b in given["vs"].split(",") if b]
            rivals = tuple(b for b in dict.fromkeys(asked) if b in others)[:RIVALS]
            if len(rivals) < len(asked):
                ignored.append("vs")
        alert = given.get("alert", "")
        if alert and not (len(alert) == 36 and all(c in "0123456789abcdef-" for c in alert)):
            ignored.append("alert")
            alert = ""
        return cls(
            path=allowed.path, brand=brand, rivals=rivals, span=SPANS[pick("period", allowed.spans, allowed.spans[0])],
            channel=pick("ch", ("all", *allowed.channels), "all"), compare=pick("cmp", ("prev", "off"), "prev") == "prev",
            alert=alert, source=pick("src", allowed.sources, (allowed.sources or ("",))[0]), ignored=tuple(sorted(set(ignored))),
            allowed=allowed,
        )

    def parameters(self) -> dict[str, str]:
        """The choices that are not defaults, as the address writes them."""
        plain = View.of({"brand": self.brand}, self.allowed)
        found = {
            "alert": self.alert,
            "brand": "" if self.brand == (self.allowed.brands or ("",))[0] else self.brand,
            "ch": "" if self.channel == "all" else self.channel,
            "cmp": "" if self.compare else "off",
            "period": "" if self.span.key == self.allowed.spans[0] else self.span.key,
            "src": "" if self.source == (self.allowed.sources or ("",))[0] else self.source,
        }
        found = {k: v for k, v in found.items() if v}
        if self.rivals != plain.rivals:
            found["vs"] = ",".join(self.rivals)
        return found

    def href(self, path: str | None = None, **change: Any) -> str:
        """The address of this view, with changes: `view.href(channel="x")`, `view.href("/care")`."""
        changed = replace(self, **change) if change else self
        found = changed.parameters()
        if path is not None and path != self.path:
            found = {k: v for k, v in found.items() if k not in ("alert", "src")}
        query = urlencode(sorted(found.items()), safe=",:")
        return (path or self.path) + (f"?{query}" if query else "")

    def period(self, snapshot: Snapshot) -> Period:
        return Period.ending(snapshot.local(snapshot.now), self.span)
