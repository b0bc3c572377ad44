"""Dates as platforms and spreadsheets write them. A date that cannot be read is null with a reason, never a guess."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

EARLIEST_YEAR = 1990
AHEAD = timedelta(days=2)  # clocks of platforms may run ahead, but not by more
_SPACED = re.compile(r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:[.,]\d{1,6}\d*)?)?) ?(Z|UTC|GMT|[+-]\d\d:?\d\d)$")
_SLASHED = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T,]+(\d{1,2}):(\d\d)(?::(\d\d))? ?([AaPp][Mm])?)?$")
_MONTHS = {m: i for i, m in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1)}
_SHOWN = 60  # characters of a bad value that a reason quotes

Found = tuple[datetime | None, str | None]
Reader = Callable[[str], datetime]  # raises ValueError


def shown(value: Any) -> str:
    """A bad value as a reason quotes it: whole or not at all. Of half an address nobody could tell that it is one.

    >>> shown("soon"), shown("s" * 80)
    ("'soon'", 'a value of 82 characters')
    """
    text = repr(value)
    return text if len(text) <= _SHOWN else f"a value of {len(text):,} characters"


@lru_cache(maxsize=256)
def _offset(text: str) -> timezone:
    if text[0] not in "+-":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def iso(text: str) -> datetime:
    """ISO 8601, also with a space before the offset: 2015-02-16 23:36:05 -0800.

    >>> iso("2015-02-16 23:36:05 -0800").isoformat()
    '2015-02-16T23:36:05-08:00'
    """
    if len(text) == 25 and text[19] == " ":  # the commonest odd form, without a search
        return datetime.fromisoformat(text[:19] + text[20:])
    if len(text) < 8 or (text.isdigit() and len(text) != 8):
        raise ValueError(text)
    if len(text) < 21:
        return datetime.fromisoformat(text)
    found = _SPACED.match(text)
    if found:
        return datetime.fromisoformat(found.group(1)[:26].replace(",", ".")).replace(tzinfo=_offset(found.group(2)))
    return datetime.fromisoformat(text)


def twitter(text: str) -> datetime:
    """As Twitter's first interface wrote it.

    >>> twitter("Tue Oct 31 22:10:47 +0000 2017").isoformat()
    '2017-10-31T22:10:47+00:00'
    """
    if len(text) != 30 or text[4:7] not in _MONTHS:
        raise ValueError(text)
    return datetime(
        int(text[26:]), _MONTHS[text[4:7]], int(text[8:10]), int(text[11:13]), int(text[14:16]), int(text[17:19]),
        tzinfo=_offset(text[20:25]),
    )


def rfc2822(text: str) -> datetime:
    """As mail and RSS write it: Mon, 02 Feb 2015 10:00:00 GMT."""
    if not any(c.isalpha() for c in text):
        raise ValueError(text)
    try:
        return parsedate_to_datetime(text)
    except (TypeError, IndexError, OverflowError) as error:
        raise ValueError(text) from error


def _epoch(divisor: float) -> Reader:
    def read(text: str) -> datetime:
        return _since_1970(float(text) / divisor)

    return read


def _since_1970(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(str(seconds)) from error


def any_epoch(text: str) -> datetime:
    """Seconds, milliseconds or microseconds since 1970: told apart by their size, which never overlaps between 1973 and 5138."""
    value = float(text)
    size = abs(value)
    if not 1e8 <= size < 1e17:
        raise ValueError(text)
    return _since_1970(value / (1 if size < 1e11 else 1e3 if size < 1e14 else 1e6))


def slashed(text: str, day_first: bool) -> datetime:
    """24/02/2015 11:35, in the declared order.

    >>> slashed("24/02/2015 11:35", True).isoformat()
    '2015-02-24T11:35:00'
    """
    found = _SLASHED.match(text)
    if not found:
        raise ValueError(text)
    first, second, year = (int(g) for g in found.group(1, 2, 3))
    hour, minute, second_of = (int(g or 0) for g in found.group(4, 5, 6))
    half = (found.group(7) or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    day, month = (first, second) if day_first else (second, first)
    return datetime(year, month, day, hour, minute, second_of)


_NAMED: dict[str, Reader] = {
    "iso": iso, "twitter": twitter, "rfc2822": rfc2822, "epoch": any_epoch, "epoch_s": _epoch(1), "epoch_ms": _epoch(1e3),
    "%Y-%m-%d %H:%M:%S %z": iso, "%a %b %d %H:%M:%S %z %Y": twitter,  # the same patterns, ten times faster
}
NAMES = ("iso", "twitter", "rfc2822", "epoch", "epoch_s", "epoch_ms")


def _pattern(pattern: str) -> Reader:
    return lambda text: datetime.strptime(text, pattern)


class Dates:
    """Reads the dates of one input.

    Args:
        now: dates more than two days after it, or before 1990, are held to be wrong.
        formats: what to try, in order: names in NAMES or strptime patterns; empty: every form that means one thing only.
        day_first: order of 24/02/2015; None: such dates are ambiguous and come out as null.
        zone: of dates that name none.

    >>> read = Dates(now=datetime(2026, 1, 1, tzinfo=UTC))
    >>> read("Tue Oct 31 22:10:47 +0000 2017")[0].isoformat()
    '2017-10-31T22:10:47+00:00'
    >>> read("soon")
    (None, "'soon' is not a date that we can read")
    """

    def __init__(self, *, now: datetime, formats: Sequence[str] = (), day_first: bool | None = None, zone: str = "UTC") -> None:
        self._latest = now + AHEAD
        self._day_first = day_first
        self._zone = UTC if zone == "UTC" else ZoneInfo(zone)
        self._readers = [_NAMED.get(f) or _pattern(f) for f in formats] or [iso, twitter, any_epoch, rfc2822]

    def __call__(self, value: Any) -> Found:
        """The moment in UTC and None, or None and the reason in words."""
        if value is None or value == "":
            return None, "no date is given"
        found: datetime | None = None
        if isinstance(value, str):
            found = self._read(value.strip())
        elif isinstance(value, datetime):
            found = value
        elif isinstance(value, date):
            found = datetime(value.year, value.month, value.day)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found = self._read(repr(value))
        if found is None:
            return None, self._unreadable(value)
        return self._checked(found, value)

    def _read(self, text: str) -> datetime | None:
        for reader in self._readers:
            try:
                return reader(text)
            except ValueError:
                continue
        if self._day_first is not None:
            try:
                return slashed(text, self._day_first)
            except ValueError:
                return None
        return None

    def _unreadable(self, value: Any) -> str:
        quoted = shown(value if isinstance(value, str | int | float) else type(value).__name__)
        if isinstance(value, str) and self._day_first is None and _SLASHED.match(value.strip()):
            return f"{quoted} may be day-first or month-first: set day_first in the mapping"
        return f"{quoted} is not a date that we can read"

    def _checked(self, found: datetime, value: Any) -> Found:
        try:
            moment = (found if found.tzinfo else found.replace(tzinfo=self._zone)).astimezone(UTC)
        except (OverflowError, ValueError):
            return None, self._unreadable(value)
        if moment.year < EARLIEST_YEAR:
            return None, f"{shown(str(value))} is before {EARLIEST_YEAR}"
        if moment > self._latest:
            return None, f"{shown(str(value))} is in the future"
        return moment, None
