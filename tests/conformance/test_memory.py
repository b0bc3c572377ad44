"""A source that returns a million mentions in one window costs no more memory than one that returns some thousands."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.landing import Landing
from tests.conformance.polling import configured
from tests.platforms.base import START, Answer, Request
from tests.platforms.x import Platform

LARGE = int(os.environ.get("EARSHOT_MANY", "40000"))
AT = (START + timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
COLLECT = """
import resource, sys
from datetime import timedelta
from pathlib import Path
from pipelines import collect
from pipelines.records import Window
from pipelines.settings import Settings
from tests.platforms.base import START

settings = Settings.model_validate_json(sys.argv[1]).model_copy(update={"folder": Path(sys.argv[2])})
landed = collect.run(settings, "x", Window(START, START + timedelta(hours=1)), now=START + timedelta(hours=2))
print(landed.mentions, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


class Endless(Platform):
    """As many posts as are wanted, made when they are asked for."""

    limit = (10**9, 1.0)
    many = 0

    def answer(self, request: Request) -> Answer:
        first, size = int(request.values.get("next_token", "b0")[1:]), int(request.values["max_results"])
        last = min(first + size, self.many)
        posts = [{"id": str(10**9 + n), "text": f"JetBlue post {n}", "created_at": AT} for n in range(first, last)]
        meta: dict[str, Any] = {"result_count": len(posts)} | ({"next_token": f"b{last}"} if last < self.many else {})
        return Answer({"data": posts, "meta": meta})


def collected(count: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Peak memory in MB of a process that collects so many."""
    folder.mkdir()
    with Endless(0, count=1) as platform:
        platform.many = count
        platform.show_all()
        settings = configured(platform, folder, monkeypatch, page=100, rate="")
        assert settings.folder is not None
        command = [sys.executable, "-c", COLLECT, settings.model_dump_json(), str(settings.folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        platform.asked.clear()
    mentions, peak = map(int, done.stdout.split())
    assert mentions == count
    assert sum(1 for _ in Landing(settings.storage).windows("x")) == 1
    return peak


@pytest.mark.slow
def test_memory_does_not_grow_with_the_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = (collected(n, tmp_path / str(n), monkeypatch) for n in (15_000, LARGE))
    print(f"{small} MB for 15,000 mentions, {large} MB for {LARGE:,}")
    assert large < small + 80
