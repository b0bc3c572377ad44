"""Gaps: spans of time that a source could not read as a whole. They are kept until they have been filled.

A source that stops before the end (its budget is used up, the platform gives no more) says so with a `Gap`. `collect` keeps
it here before it saves the cursor, so that no kill loses it, and asks for the span again at the next collection. What the
source can still not give remains as a smaller gap. `missing` is the platform's own count, where it tells.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pipelines.landing import Landing, read_json, write_json
from pipelines.records import Gap, Window

KEPT = 200  # filled gaps that stay for the record


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A gap and what became of it."""

    gap: Gap
    noticed_at: datetime
    filled_at: datetime | None = None
    told_at: datetime | None = None  # when somebody was told that it stays

    @property
    def key(self) -> str:
        """The landed window that fills it: made of the gap alone, so that filling it twice lands once."""
        asked = hashlib.sha256(self.gap.query.encode()).hexdigest()[:12]  # two queries may lack the same span
        return f"{self.gap.start:{'%Y-%m-%dT%H:%M:%S'}}-gap-{self.gap.end:{'%Y%m%dT%H%M%S'}}-{asked}"

    @property
    def window(self) -> Window:
        return Window(self.gap.start, self.gap.end)


def read(landing: Landing, source: str) -> list[Noted]:
    """All gaps of a source, in the order in which they were noticed."""
    rows = (read_json(landing.gaps(source)) or {}).get("rows", [])
    return [_noted(row) for row in rows]


def open_ones(landing: Landing, source: str) -> list[Noted]:
    """Gaps that are still to be filled."""
    return [n for n in read(landing, source) if n.filled_at is None]


def note(landing: Landing, source: str, gaps: Iterable[Gap], *, now: datetime) -> None:
    """Remember gaps; one that is known and open already is left as it is."""
    known = read(landing, source)
    spans = {_span(n.gap) for n in known if n.filled_at is None}
    new = [Noted(gap=gap, noticed_at=now) for gap in gaps if _span(gap) not in spans]
    if new:
        _write(landing, source, [*known, *new])


def fill(landing: Landing, source: str, noted: Noted, rest: Sequence[Gap], *, now: datetime) -> None:
    """A gap has been asked for again and what came has landed: what is left of it, if anything, takes its place."""
    known = read(landing, source)
    if same := [gap for gap in rest if _span(gap) == _span(noted.gap)]:  # nothing of it came, at most how much it is
        if same[0] != noted.gap:
            _write(landing, source, [replace(n, gap=same[0]) if n == noted else n for n in known])
        return
    changed = [replace(n, filled_at=now) if n == noted else n for n in known]
    _write(landing, source, [*changed, *(replace(noted, gap=gap) for gap in rest)])  # what is left is not told anew


def supersede(landing: Landing, source: str, window: Window, rest: Sequence[Gap], *, now: datetime) -> None:
    """A window has been collected after its end: where an earlier try lacked the whole of it, that is no gap beside what landed.

    Args:
        rest: what this time is missing.
    """
    known, whole = read(landing, source), ("", window.start, window.end)
    if whole in {_span(gap) for gap in rest} or not any(_span(n.gap) == whole and not n.filled_at for n in known):
        return
    _write(landing, source, [replace(n, filled_at=n.filled_at or now) if _span(n.gap) == whole else n for n in known])


def tell(landing: Landing, source: str, told: Iterable[Noted], *, now: datetime) -> None:
    """Remember that somebody was told of these."""
    spans = {_span(noted.gap) for noted in told}
    known = read(landing, source)
    _write(landing, source, [replace(n, told_at=now) if _span(n.gap) in spans and not n.filled_at else n for n in known])


def missed(landing: Landing, source: str, before: Window, *, reach: timedelta) -> list[Window]:
    """Windows before a window that should have landed whole and have not: nothing ran then, or it failed for good.

    They are looked for from the first window that has landed, and not further back than `reach`.
    """
    landed = {key for key in landing.windows(source) if len(key) == len(before.key)}
    if not landed:
        return []
    width = before.end - before.start
    start = max(Window.of(min(landed), width).start, before.start - reach)
    first = before.start - (before.start - start) // width * width  # aligned as `before` is
    windows = (Window(first + n * width, first + (n + 1) * width) for n in range((before.start - first) // width))
    return [w for w in windows if w.key not in landed or not is_sealed(landing, source, w)]


def is_sealed(landing: Landing, source: str, window: Window) -> bool:
    """Has a window landed that was collected after it had ended?"""
    manifest = landing.read_manifest(source, window.key)
    return manifest is not None and manifest.sealed


def _span(gap: Gap) -> tuple[str, datetime, datetime]:
    return gap.query, gap.start, gap.end


def _write(landing: Landing, source: str, known: Sequence[Noted]) -> None:
    filled = [n for n in known if n.filled_at is not None][-KEPT:]
    kept = [n for n in known if n.filled_at is None or n in filled]
    write_json(landing.gaps(source), {"rows": [_row(n) for n in kept]})


def _row(noted: Noted) -> dict[str, Any]:
    gap = noted.gap
    return {
        "source": gap.source, "query": gap.query, "start": gap.start.isoformat(), "end": gap.end.isoformat(),
        "reason": gap.reason, "missing": gap.missing, "noticed_at": noted.noticed_at.isoformat(),
        "filled_at": noted.filled_at.isoformat() if noted.filled_at else None,
        "told_at": noted.told_at.isoformat() if noted.told_at else None,
    }


def _noted(row: dict[str, Any]) -> Noted:
    start, end, noticed = (datetime.fromisoformat(row[name]) for name in ("start", "end", "noticed_at"))
    gap = Gap(source=row["source"], query=row["query"], start=start, end=end, reason=row["reason"], missing=row["missing"])
    filled, told = (datetime.fromisoformat(row[k]) if row.get(k) else None for k in ("filled_at", "told_at"))
    return Noted(gap=gap, noticed_at=noticed, filled_at=filled, told_at=told)
