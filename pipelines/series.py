"""Detection on one series of counts from a CSV file: the same arithmetic as in the line, without a warehouse.

The file has the columns `timestamp` and `value`, one row a bucket, in order; any bucket length. A gap is a stretch that was
not observed. Nothing later than a row decides about that row.
"""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import surge
from pipelines.detectors.base import Detector, Evidence, Verdicts
from pipelines.episodes import Episode, Tracker
from pipelines.errors import InputError
from pipelines.recurrence import Array, Readings, Recurrence
from pipelines.refractory import Refractory
from pipelines.statistics import count_range

ALERT_EVERY_HOURS = 108.0  # a surge that a series brings by itself this often is an alert: once in four and a half days
_LEAST = 12.0  # mentions in an hour
_LONGEST = 5_000_000  # buckets from the first to the last row
_PIECE = 4096  # buckets read at a time
_RULES = Detector(kind="series", name="series", cool_down="6h", resolve_after="2h")


@dataclass(frozen=True, slots=True)
class Series:
    """A series as it was read. `values[i]` was counted in bucket `buckets[i]`, numbered since 1970."""

    stamps: tuple[str, ...]  # as written
    times: tuple[datetime, ...]  # without a zone where none is written; then UTC is meant
    texts: tuple[str, ...]  # values as written
    values: Array
    buckets: tuple[int, ...]
    seconds: int  # length of a bucket

    def dense(self) -> Array:
        """One value a bucket from the first to the last row, nan where there is no row; shape (1, buckets)."""
        table = np.full((1, self.buckets[-1] - self.buckets[0] + 1), np.nan)
        table[0, np.array(self.buckets) - self.buckets[0]] = self.values
        return table


@dataclass(frozen=True, slots=True)
class Found:
    """What detection says about a series."""

    scores: Array  # one a row, 0 to 1
    alerts: tuple[dict[str, Any], ...]


def read(path: Path) -> Series:
    """Read a series.

    Raises:
        InputError: the file cannot be read, lacks a column, or has a row that is wrong or out of order; the first one is named.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in ("timestamp", "value") if name not in (rows.fieldnames or [])]
            if missing:
                raise InputError(f"{path}: there is no column {missing[0]!r}; the first line must be: timestamp,value.")
            read_rows = [(row["timestamp"] or "", row["value"] or "", _row(path, rows.line_num, row)) for row in rows]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: is not a CSV file in UTF-8: {error}.") from None
    if len(read_rows) < 3:
        raise InputError(f"{path}: has {len(read_rows)} rows; at least 3 are needed to tell how long a bucket is.")
    times = tuple(time for _, _, (time, _) in read_rows)
    seconds, buckets = _buckets(path, times)
    values = np.array([value for _, _, (_, value) in read_rows])
    return Series(tuple(r[0] for r in read_rows), times, tuple(r[1] for r in read_rows), values, buckets, seconds)


def _row(path: Path, line: int, row: dict[str, str | None]) -> tuple[datetime, float]:
    text = (row["timestamp"] or "").strip()
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{path}, line {line}: {text!r} is not a time; write it like 2026-01-31 14:15:00.") from None
    number = (row["value"] or "").strip()
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not 0 <= value < 1e12:
        raise InputError(f"{path}, line {line}: the value {number!r} is not a count, a number of 0 or more.")
    return time, value


def _buckets(path: Path, times: tuple[datetime, ...]) -> tuple[int, tuple[int, ...]]:
    """The length of a bucket, which is the commonest step, and the number of each row's bucket."""
    if len({time.tzinfo is None for time in times}) > 1:
        raise InputError(f"{path}: some times have a zone and some have none; write all of them alike.")
    steps = [round((b - a).total_seconds()) for a, b in pairwise(times)]
    wrong = next((i for i, step in enumerate(steps) if step <= 0), None)
    if wrong is not None:
        raise InputError(f"{path}, row {wrong + 2}: {times[wrong + 1]} is not after the row before; sort the rows by time.")
    seconds = Counter(steps).most_common(1)[0][0]
    uneven = next((i for i, step in enumerate(steps) if step % seconds), None)
    if uneven is not None:
        raise InputError(
            f"{path}, row {uneven + 2}: {times[uneven + 1]} is {steps[uneven]} seconds after the row before, where the step is "
            f"{seconds} seconds; rows must be a whole number of steps apart."
        )
    first = int((times[0] if times[0].tzinfo else times[0].replace(tzinfo=UTC)).timestamp()) // seconds
    places = [0]
    for step in steps:
        places.append(places[-1] + step // seconds)
    if places[-1] >= _LONGEST:
        raise InputError(f"{path}: spans {places[-1]:,} buckets from the first to the last row; at most {_LONGEST:,} are read.")
    return seconds, tuple(first + place for place in places)


def detect(series: Series, alert_every_hours: float = ALERT_EVERY_HOURS) -> Found:
    """Score every row and raise alerts.

    Args:
        alert_every_hours: what a series brings by itself more often than this is no alert: the budget.
    """
    counts, first = series.dense(), series.buckets[0]
    engine, tracker = Recurrence(1, series.seconds), Tracker(_RULES, ["series"], series.seconds)
    refractory, alert_at = Refractory(series.seconds), math.log10(alert_every_hours)
    scores, episodes = [], []
    for start in range(0, counts.shape[1], _PIECE):
        readings = engine.update(first + start, counts[:, start:start + _PIECE])
        found = surge.weigh(readings, series.seconds, _LEAST)
        is_alert = (found.height >= alert_at) & found.is_large & found.is_armed
        told = np.where(is_alert, found.height, readings.fast) * found.is_armed
        scores.append(refractory.update(told[0]))
        evidence = {
            (0, int(column)): _evidence(readings, found.height, int(column), series.seconds)
            for column in np.flatnonzero(is_alert[0])
        }
        episodes += tracker.update(first + start, Verdicts({}, evidence, found.is_calm & ~is_alert))
    rows = np.array(series.buckets) - first
    return Found(np.concatenate(scores)[rows], tuple(_alert(series, episode) for episode in episodes))


def _evidence(readings: Readings, height: Array, column: int, seconds: int) -> Evidence:
    minutes = surge.telling_window(readings, 0, column, seconds)
    expected = float(surge.in_window(readings, minutes, seconds)[0, column])
    level, deviation = float(readings.expected[0, column]), float(readings.deviation[0, column])
    dispersion = max((deviation**2 - level) / max(level, 0.02) ** 2, 0.02)
    low, high = count_range(np.array([expected]), dispersion)
    length = max(1, round(minutes * 60 / seconds))
    shortest = readings.counts[15][0, max(0, column - length + 1):column + 1]
    above = shortest > 1.5 * surge.in_window(readings, 15, seconds)[0, column]
    return Evidence(
        tier="watch", signal="volume", window_minutes=minutes, observed=float(readings.counts[minutes][0, column]),
        expected=expected, low=float(low[0]), high=float(high[0]), rarity=float(height[0, column]),
        severity=surge.severity(float(height[0, column])),
        onset=int(above[::-1].argmin()) - 1 if not above.all() and above[-1] else (len(above) - 1 if above.all() else 0),
    )


def _alert(series: Series, episode: Episode) -> dict[str, Any]:
    """One episode as it is written; times are the ends of buckets except the onset, which is the start of one."""
    def moment(bucket: int) -> str:
        return (series.times[0] + timedelta(seconds=(bucket - series.buckets[0]) * series.seconds)).isoformat(sep=" ")

    begun = episode.transitions[0]
    e = begun.evidence
    told = [t for t in episode.transitions[1:] if t.state == "escalated"]
    return {
        "onset": moment(episode.onset), "fired_at": moment(begun.bucket + 1), "severity": begun.severity,
        "resolved_at": moment(episode.ended + 1) if episode.ended is not None else None,
        "escalated": [{"at": moment(t.bucket + 1), "severity": t.severity} for t in told],
        "observed": round(e.observed, 3), "expected": round(e.expected, 3), "low": e.low, "high": e.high,
        "window_minutes": e.window_minutes, "return_period_hours": round(10.0 ** min(e.rarity, 9.0), 1),
        "return_period": surge.in_words(e.rarity),
    }


def written_scores(series: Series, found: Found) -> Iterator[str]:
    """Lines of the scores' file."""
    yield "timestamp,value,anomaly_score\n"
    for stamp, text, score in zip(series.stamps, series.texts, found.scores.tolist(), strict=True):
        yield f"{stamp},{text},{score:.9f}\n"


def written_alerts(found: Found) -> Iterator[str]:
    """Lines of the alerts' file."""
    for alert in found.alerts:
        yield json.dumps(alert) + "\n"
