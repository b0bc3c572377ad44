"""What detection costs, as JSON: `python -m tests.bench.detection`. One core; seconds are processor time of this process.

Return periods of many series of quarter-hours, the tick of ten thousand brands with five signals each, and the whole detector
of the line (volume, negatives, urgent mentions, baseline, budget) over brands times days, with how both costs grow.
"""

from __future__ import annotations

import json
import math
import resource
import time
from typing import Any

import numpy as np

from pipelines.detectors.base import Block
from pipelines.detectors.recurrence import Recurrence
from pipelines.recurrence import Recurrence as Engine


def ticks(series: int) -> dict[str, Any]:
    """Seconds of a quarter-hour's tick of so many series, the dearest of an hour and their mean, and bytes of state a series."""
    copies = series // 500
    counts = np.random.default_rng(0).poisson(4.0, (500, 530 * 4)).astype(float)
    small = Engine(500, 900)
    small.update(0, counts[:, :-4])  # the whole memory of three weeks
    engine = Engine(series, 900)
    engine.restore({name: np.concatenate([v] * copies, axis=1 if name == "above" else -1) for name, v in small.saved().items()})
    taken = []
    for number in range(-4, 0):
        tick = np.tile(counts[:, [number]], (copies, 1))
        started = time.process_time()
        engine.update(530 * 4 + number, tick)
        taken.append(time.process_time() - started)
    return {
        "series": series, "slowest_tick_seconds": round(max(taken), 3), "buckets_per_second": round(4 * series / sum(taken)),
        "state_bytes_per_series": sum(v.nbytes for v in engine.saved().values()) // series,
    }


def replay(brands: int, days: int) -> dict[str, Any]:
    """Buckets a second over all signals of the line's detector on a replay of history."""
    draw = np.random.default_rng(1)
    volume = draw.poisson(6.0, (brands, days * 96)).astype(float)
    counts = {name: volume for name in ("mention_count", "author_count", "scored_count")} | {
        "negative_count": draw.binomial(volume.astype(int), 0.3).astype(float), "repost_count": np.zeros_like(volume)
    }
    detector = Recurrence(kind="recurrence", name="bench")
    state, started = detector.start([str(row) for row in range(brands)]), time.process_time()
    for piece in Block(list(state.brands), 0, counts).pieces(7 * 96):
        detector.update(state, piece)
    seconds = time.process_time() - started
    return {
        "brands": brands, "days": days, "seconds": round(seconds, 2),
        "buckets_per_second": round(brands * days * 96 * 4 / seconds),
    }


def main() -> dict[str, Any]:
    """All figures."""
    sizes = [ticks(n) for n in (5_000, 50_000)]
    rows = [replay(25, 15), replay(25, 60), replay(100, 60)]
    return {
        "ticks": sizes, "replays": rows,
        "tick_exponent": round(math.log10(sizes[1]["slowest_tick_seconds"] / sizes[0]["slowest_tick_seconds"]), 2),
        "days_exponent": round(math.log(rows[1]["seconds"] / rows[0]["seconds"], 4), 2),
        "brands_exponent": round(math.log(rows[2]["seconds"] / rows[1]["seconds"], 4), 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
