"""Runs a source against its platform as the Dags do: window after window, with retries, then looking up again."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import collect, gaps, load, reobserve
from pipelines.errors import RateLimited, SourceUnavailable
from pipelines.landing import Landing
from pipelines.records import Window
from pipelines.settings import Settings
from pipelines.store import warehouse_path
from tests import platforms
from tests.platforms.base import HOUR, SECRET, START, Base
from warehouse import connection as backend

LATER = timedelta(days=40)  # when every age of `recheck` has been reached
KINDS = sorted(m.name for m in pkgutil.iter_modules(platforms.__path__) if m.name != "base" and not m.name.startswith("_"))


def platform_of(kind: str) -> type[Any]:
    """The platform of a kind of source."""
    found: type[Any] = importlib.import_module(f"tests.platforms.{kind}").Platform
    return found


def configured(platform: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, query: str = "", **more: Any) -> Settings:
    """Settings with one source, named as its kind, that is pointed at the platform. Its secrets are SECRET.

    Args:
        query: of the brand; without it its name and handle are looked for.
        more: keys of the stanza.
    """
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)
    monkeypatch.setattr("pipelines.asking._FIRST_WAIT", 0.05)  # a fault passes sooner here than at a real platform
    stanza = {"kind": platform.kind, "window": "1h"} | platform.stanza() | more
    brands = {"jetblue": {"name": "JetBlue", "handles": ["JetBlue"], "query": query}}
    return Settings.model_validate(
        {"brands": brands, "sources": {platform.kind: stanza}, "path": tmp_path / "earshot.toml", "folder": tmp_path / "store"}
    )


def windows(hours: int) -> Sequence[Window]:
    """The hours of a platform's posts and one after."""
    return [Window(START + n * HOUR, START + (n + 1) * HOUR) for n in range(hours + 1)]


def poll(settings: Settings, platform: Base, window: Window, *, tries: int = 8) -> None:
    """Collect one window a little after its end, again where it failed, as a Dag run does."""
    platform.now = window.end + timedelta(minutes=2)
    for attempt in range(tries):
        try:
            collect.run(settings, platform.kind, window, now=platform.now)
            break
        except (RateLimited, SourceUnavailable) as error:
            if attempt == tries - 1:
                raise
            time.sleep(min(getattr(error, "retry_after", 0.0), 1.0))


def look_up(settings: Settings, platform: Base) -> None:
    """Look everything up once more, long after."""
    load_all(settings, platform)
    platform.now = START + LATER
    while reobserve.run(settings, platform.kind, now=platform.now).mentions:
        load_all(settings, platform)
        platform.now += timedelta(days=1)


def load_all(settings: Settings, platform: Base) -> None:
    for key in load.waiting(settings, platform.kind):
        load.run(settings, platform.kind, key, now=platform.now)


def converge(settings: Settings, platform: Base) -> None:
    """All windows, then again until no gap is open and no cursor moves, then everything once more."""
    for window in windows(platform.hours):
        poll(settings, platform, window)
    landing, source = Landing(settings.storage), settings.plugin("sources", platform.kind)
    last, kept = windows(platform.hours)[-1], None
    for _ in range(50):
        cursors = landing.read_cursors(platform.kind)
        if cursors == (kept or {}) and not (source.can_fill and gaps.open_ones(landing, platform.kind)):
            break
        kept = cursors
        poll(settings, platform, Window(last.start + HOUR, last.end + HOUR))
    if source.can_look_up:
        look_up(settings, platform)


def stored(settings: Settings, platform: Base) -> dict[str, str | None]:
    """What is known after all that landed is loaded: native id -> text, None where deleted."""
    load_all(settings, platform)
    query = "SELECT native_id, text, deleted_at FROM mentions WHERE source = ?"
    with backend.open(warehouse_path(settings), read_only=True) as connection:
        rows = connection.execute(query, [platform.kind]).fetchall()
    return {str(native_id): None if deleted else str(text) for native_id, text, deleted in rows}
