"""Seconds of each stage on one file, as JSON: `python -m tests.bench.stages FILE STORAGE MODEL`. Run in a fresh process."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines import aggregate, alert, collect, detect, enrich, load, publish
from pipelines.settings import Settings


def main(file: Path, storage: Path, model: str) -> dict[str, float]:
    """Run the line on a file; stage -> seconds."""
    settings, now = Settings(folder=storage), datetime.now(UTC)
    seconds: dict[str, float] = {}

    def timed(name: str, stage: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = stage()
        seconds[name] = round(time.perf_counter() - started, 3)
        return result

    landed = timed("collect", lambda: collect.run_file(settings, file, None, now=now))
    source, keys = landed.source, landed.window_keys
    timed("enrich", lambda: [enrich.run(settings, source, key, now=now, model=model) for key in keys])
    timed("load", lambda: [load.run(settings, source, key, now=now, model=model) for key in keys])
    timed("aggregate", lambda: aggregate.run(settings, now=now))
    timed("detect", lambda: detect.run(settings, now=now))
    timed("publish", lambda: publish.run(settings, now=now))
    timed("alert", lambda: alert.run(settings, now=now))
    return seconds


if __name__ == "__main__":  # workers of the collect stage import this module
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])))
