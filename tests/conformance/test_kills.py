"""A collection that is killed at any moment loses nothing and stores nothing twice: the next one ends with the same set."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.settings import Settings
from tests.conformance.polling import KINDS, configured, converge, platform_of, stored

KILLS = int(os.environ.get("EARSHOT_KILLS", "2"))
COLLECT = """
import sys
from datetime import timedelta
from pathlib import Path
from pipelines import collect
from pipelines.settings import Settings
from tests.conformance.polling import windows

settings = Settings.model_validate_json(sys.argv[1]).model_copy(update={"folder": Path(sys.argv[2])})
print("ready", flush=True)
for window in windows(int(sys.argv[4])):
    collect.run(settings, sys.argv[3], window, now=window.end + timedelta(minutes=2))
"""


def killed(settings: Settings, kind: str, hours: int, seconds: float) -> bool:
    """Collect all windows in another process and kill it after so long; True if it had not ended by itself."""
    assert settings.folder is not None
    values = [settings.model_dump_json(), str(settings.folder), kind, str(hours)]
    with subprocess.Popen([sys.executable, "-c", COLLECT, *values], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(seconds)
        is_running = process.poll() is None
        process.send_signal(signal.SIGKILL)
    return is_running


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_random_moments_the_set_is_the_same(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance, hits = random.Random(7), 0
    with platform_of(kind)(5, count=400, hours=4, faults=0.1) as platform:
        settings = configured(platform, tmp_path, monkeypatch)
        platform.show_all()
        for _ in range(KILLS):
            hits += killed(settings, kind, platform.hours, chance.uniform(0.0, 1.5))
        converge(settings, platform)
        assert platform.wrong(stored(settings, platform)) == {}
    assert hits > 0, "every collection had ended before it was killed"
