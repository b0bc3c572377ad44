"""Hours of the week as earshot.toml writes them: "mon-fri 20:00-08:00", "sat,sun", "22:00-07:00".

Days without hours are whole days, hours without days are every day. Hours that end before they begin reach into the next
morning and belong to the day on which they begin. A set of hours is a bit for each minute of the week from Monday 00:00, in the
local time of whoever looks at a clock: a change to summer time makes no hole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

DAY = 24 * 60  # minutes
WEEK = 7 * DAY
ALWAYS = (1 << WEEK) - 1
SHORT = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HELP = "write days and hours, such as 'mon-fri 20:00-08:00', 'sat,sun' or '22:00-07:00'"
_HOURS = re.compile(r"^(\d{2}):(\d{2})-(\d{2}):(\d{2})$")
_SHOWN = 3  # gaps that are named


def parse(text: str) -> int:
    """The minutes of the week that a line names.

    >>> parse("mon 00:00-00:02") == 0b11, parse("mon-sun") == ALWAYS
    (True, True)

    Raises:
        ValueError: it names no days and hours.
    """
    parts = text.lower().split()
    hours = _HOURS.match(parts[-1]) if parts else None
    days = _days(parts[0]) if parts and (len(parts) == 2 or hours is None) else range(7)
    if len(parts) not in (1, 2) or (len(parts) == 2 and hours is None):
        raise ValueError(_HELP)
    start, end = (0, DAY) if hours is None else _span(*(int(g) for g in hours.groups()))
    return union(_bits(day * DAY + start, end - start) for day in days)


def _span(from_hour: int, from_minute: int, to_hour: int, to_minute: int) -> tuple[int, int]:
    start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if from_minute > 59 or to_minute > 59 or start >= DAY or end > DAY or start == end:
        raise ValueError(_HELP)
    return start, end if end > start else end + DAY


def _days(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in SHORT or (dash and last not in SHORT):
            raise ValueError(_HELP)
        start, end = SHORT.index(first), SHORT.index(last if dash else first)
        found += [(start + i) % 7 for i in range((end - start) % 7 + 1)]
    return found


def _bits(start: int, length: int) -> int:
    """`length` minutes from `start` on, around the end of the week."""
    bits = ((1 << length) - 1) << (start % WEEK)
    return (bits & ALWAYS) | (bits >> WEEK)


def union(sets: Iterable[int]) -> int:
    """All minutes that any of the sets has."""
    found = 0
    for one in sets:
        found |= one
    return found


def parse_all(lines: Sequence[str]) -> int:
    """The minutes that any of the lines names; no line: none."""
    return union(parse(line) for line in lines)


def includes(minutes: int, local: datetime) -> bool:
    """Is this moment, in local time, among the minutes?"""
    return bool(minutes >> (local.weekday() * DAY + local.hour * 60 + local.minute) & 1)


def gaps(minutes: int) -> list[tuple[int, int]]:
    """Stretches (start, end) that are not among the minutes; one over the end of the week has an end beyond it."""
    missing = ALWAYS & ~minutes
    if missing == ALWAYS:
        return [(0, WEEK)]
    found: list[tuple[int, int]] = []
    at = 0
    while missing >> at:
        at += _zeros(missing >> at)
        length = _zeros(~(missing >> at))
        found.append((at, at + length))
        at += length
    if len(found) > 1 and found[0][0] == 0 and found[-1][1] == WEEK:
        found = [*found[1:-1], (found[-1][0], WEEK + found[0][1])]
    return found


def _zeros(value: int) -> int:
    """How many zero bits stand below the lowest one."""
    return (value & -value).bit_length() - 1


def said(found: Sequence[tuple[int, int]]) -> str:
    """Gaps in words.

    >>> said(gaps(parse("mon-sat")))
    'on Sunday'
    >>> said(gaps(parse("mon-fri 08:00-20:00")))
    'from Monday 20:00 to Tuesday 08:00, from Tuesday 20:00 to Wednesday 08:00, from Wednesday 20:00 to Thursday 08:00 and 2 more'
    """
    words = [_one(start, end) for start, end in found]
    if len(words) > _SHOWN:
        return f"{', '.join(words[:_SHOWN])} and {len(words) - _SHOWN} more"
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _one(start: int, end: int) -> str:
    if end - start >= WEEK:
        return "at any time"
    if start % DAY == 0 and end % DAY == 0:
        days = [NAMES[day % 7] for day in range(start // DAY, end // DAY)]
        return f"on {days[0]}" if len(days) == 1 else f"from {days[0]} to {days[-1]}"
    if start // DAY == (end - 1) // DAY:
        return f"on {NAMES[start // DAY % 7]} from {_clock(start)} to {_clock(end, '24:00')}"
    return f"from {NAMES[start // DAY % 7]} {_clock(start)} to {NAMES[end // DAY % 7]} {_clock(end)}"


def _clock(minute: int, midnight: str = "00:00") -> str:
    return midnight if minute % DAY == 0 else f"{minute % DAY // 60:02d}:{minute % 60:02d}"
