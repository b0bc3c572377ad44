"""How good detection is on real counts, as JSON: `python -m tests.bench.counts`. Minutes on one core.

The series are those of the folder nab in EARSHOT_DATA, with the windows in which something is said to have happened, scored by
nab_score.py in EARSHOT_TOOLS. Beside the score at the best common threshold stands the one at a threshold that was chosen on
the other series. Surges are injected into the series at quiet places, so that their beginning is known: Poisson mentions that
rise for an hour to twice the largest hour of the 14 days before, then fall off with a time constant of six hours. Everything
runs through what `earshot backtest --series` runs.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines import series

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = Path(os.environ.get("EARSHOT_DATA", ROOT.parent / "shared" / "data"))
SCORER = Path(os.environ.get("EARSHOT_TOOLS", DATA.parent / "tools")) / "nab_score.py"
DAY, HOUR = 288, 12  # buckets
MONTH = 30.44 * DAY
HISTORY, AFTER = 15 * DAY, 6 * HOUR  # before the first injection; how long one lasts
QUIET = 2.0 / 9.0  # a score that is an alert
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Known:
    """A series, what is known of it, and what detection says."""

    read: series.Series
    truth: Mapping[str, Any]  # as nab_score.py loads it
    scores: Array
    fired: tuple[int, ...]  # rows whose bucket raised an alert


def scorer() -> ModuleType | None:
    """The benchmark's formula, None where it or the series are not there."""
    if not (DATA / "nab").exists() or not SCORER.exists():
        return None
    spec = importlib.util.spec_from_file_location("nab_score", SCORER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def known(nab: ModuleType) -> dict[str, Known]:
    """Every series with labels."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves closing its files to the interpreter
        truths = nab.load(DATA / "nab")
    for name, truth in truths.items():
        read = series.read(DATA / "nab" / name)
        said = series.detect(read)
        found[name] = Known(read, truth, said.scores, fired(read, said))
    return found


def fired(read: series.Series, found: series.Found) -> tuple[int, ...]:
    """Rows at whose end an alert was raised."""
    ends = [(datetime.fromisoformat(alert["fired_at"]) - read.times[0]).total_seconds() for alert in found.alerts]
    rows = {bucket - read.buckets[0]: row for row, bucket in enumerate(read.buckets)}
    return tuple(rows[round(end / read.seconds) - 1] for end in ends)


def months(all_known: Mapping[str, Known]) -> float:
    """Series-months outside windows and the time in which nothing is scored yet."""
    return float(sum((k.truth["wi"][k.truth["prob"]:] < 0).sum() for k in all_known.values()) / MONTH)


def is_false(truth: Mapping[str, Any], row: int) -> bool:
    """An alarm here is about nothing that is known."""
    return bool(row >= truth["prob"] and truth["wi"][row] < 0 and not truth["ignore"][row])


def false_alarms(all_known: Mapping[str, Known], threshold: float) -> int:
    """Scores that reach a threshold for nothing, twelve hours apart at least."""
    count = 0
    for k in all_known.values():
        last = -DAY
        for row in np.flatnonzero(k.scores >= threshold).tolist():
            if row >= k.truth["prob"] and row - last >= DAY // 2:
                count, last = count + is_false(k.truth, row), row
    return count


def lowest_threshold(all_known: Mapping[str, Known], per_month: float) -> float:
    """The lowest score that comes for nothing no more often than this a series and month."""
    allowed, lowest = per_month * months(all_known), 1.0
    for threshold in np.unique(np.concatenate([k.scores for k in all_known.values()]))[::-1].tolist():
        if false_alarms(all_known, threshold) > allowed:
            break
        lowest = threshold
    return float(lowest)


def points(nab: ModuleType, truth: Mapping[str, Any], scores: Array, threshold: float, profile: str) -> tuple[float, float]:
    """The benchmark's points of one series at a threshold, and how many there are to win, both above those of no alarm at all."""
    tp, fn, fp = nab.PROFILES[profile]
    rows = np.flatnonzero(scores >= threshold)
    rows = rows[rows >= truth["prob"]]
    value, window = truth["u"][rows], truth["wi"][rows]
    won = float(fp * value[window < 0].sum())
    for number in range(len(truth["win"])):
        inside = value[window == number]
        won += max(float(tp * inside.max()), -fn) + fn if len(inside) else 0.0
    return won, float(len(truth["win"]) * (tp + fn))


def left_out(nab: ModuleType, all_known: Mapping[str, Known], profile: str) -> float:
    """The benchmark's score when each series is held to the threshold that is best on the others."""
    won = possible = 0.0
    for name, k in all_known.items():
        others = {other: v for other, v in all_known.items() if other != name}
        truths, scores = {n: v.truth for n, v in others.items()}, {n: v.scores for n, v in others.items()}
        one, of = points(nab, k.truth, k.scores, nab.best(truths, scores, profile)[1], profile)
        won, possible = won + one, possible + of
    return round(100 * won / possible, 2)


# -- injections ------------------------------------------------------------------------------------------------------------


def quiet_places(k: Known, number: int, draw: np.random.Generator) -> list[int]:
    """Rows with two weeks of history around which nothing happens, from twelve hours before to six hours after."""
    busy = (k.truth["wi"] >= 0) | k.truth["ignore"] | (k.scores >= QUIET)
    before = np.concatenate(([0], np.cumsum(busy)))
    rows = np.arange(HISTORY, len(busy) - AFTER)
    quiet = rows[before[rows + AFTER] == before[rows - DAY // 2]]
    return sorted(int(row) for row in draw.choice(quiet, number, replace=False))


def injected(values: Array, at: int, draw: np.random.Generator) -> Array:
    """The series up to three hours after a surge began at row `at`."""
    hours = np.convolve(values[at - 14 * DAY:at], np.ones(HOUR), mode="valid")
    step = np.arange(AFTER)
    shape = np.where(step < HOUR, (step + 0.5) / HOUR, np.exp(-(step - HOUR + 0.5) / (6 * HOUR)))
    surging = values[:at + 3 * HOUR].copy()
    surging[at:] += draw.poisson(2.0 * hours.max() / HOUR * shape[:3 * HOUR])
    return surging


def delays(all_known: Mapping[str, Known], number: int, threshold: float, seed: int = 0) -> dict[str, Array]:
    """Minutes from the first bucket's start to the end of the one that tells, inf: not within three hours. By the alerts that
    are raised, and by scores that reach a threshold; `number` injections a series."""
    draw = np.random.default_rng(seed)
    told: dict[str, list[float]] = {"alerts": [], "scores": []}
    for k in all_known.values():
        for at in quiet_places(k, number, draw):
            values = injected(k.read.values, at, draw)
            cut = {name: getattr(k.read, name)[:len(values)] for name in ("stamps", "times", "texts", "buckets")}
            read = replace(k.read, values=values, **cut)
            found = series.detect(read)
            for name, rows in (("alerts", fired(read, found)), ("scores", np.flatnonzero(found.scores >= threshold).tolist())):
                first = min((row for row in rows if row >= at), default=None)
                told[name].append(float("inf") if first is None else (first - at + 1) * read.seconds / 60)
    return {name: np.array(values) for name, values in told.items()}


def summary(minutes: Array) -> dict[str, float]:
    """The median also as it reads between the times of two rows, which leaves out the length of the bucket that tells."""
    return {
        "injections": len(minutes), "within_60_minutes": round(float((minutes <= 60).mean()), 3),
        "within_3_hours": round(float((minutes <= 180).mean()), 3), "median_minutes": float(np.median(minutes)),
        "median_between_rows": float(np.median(minutes)) - 1440 / DAY,
    }


def main(number: int = 40) -> dict[str, Any]:
    """All figures, with `number` injections a series."""
    nab = scorer()
    if nab is None:
        sys.exit(f"{DATA / 'nab'} or {SCORER} is not there: set EARSHOT_DATA and EARSHOT_TOOLS")
    found = known(nab)
    truths, scores = {n: k.truth for n, k in found.items()}, {n: k.scores for n, k in found.items()}
    threshold = lowest_threshold(found, 1.0)
    hit = sum(len({int(k.truth["wi"][r]) for r in k.fired if k.truth["wi"][r] >= 0}) for k in found.values())
    false = sum(is_false(k.truth, row) for k in found.values() for row in k.fired)
    return {
        "best_common_threshold": {p: round(nab.best(truths, scores, p)[0], 2) for p in nab.PROFILES},
        "threshold_of_the_other_series": {p: left_out(nab, found, p) for p in nab.PROFILES},
        "windows_at_half": nab.budget(truths, scores, 0.5)["hit"], "windows_at_one": nab.budget(truths, scores, 1.0)["hit"],
        "alerts": {"windows": hit, "false_per_series_month": round(false / months(found), 2)},
        "injections": {name: summary(minutes) for name, minutes in delays(found, number, threshold).items()},
    }


if __name__ == "__main__":
    print(json.dumps(main()))
