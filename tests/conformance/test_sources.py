"""Every source against its platform: the same set as the truth under faults, no request too many, nothing lost."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from pipelines import collect, gaps
from pipelines.errors import AuthFailed, SourceError
from pipelines.landing import Landing
from tests.conformance.polling import KINDS, configured, converge, load_all, look_up, platform_of, poll, stored, windows
from tests.platforms.base import MEANT, SECRET, Answer

SEEDS = int(os.environ.get("EARSHOT_SEEDS", "1"))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_under_faults_what_is_known_is_the_truth(kind: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with platform_of(kind)(seed, faults=0.3) as platform:
        settings = configured(platform, tmp_path, monkeypatch)
        converge(settings, platform)
        assert platform.wrong(stored(settings, platform)) == {}
    assert platform.failed > 0
    assert platform.exceeded == 0
    assert platform.waste <= 0.10


def test_a_burst_of_ten_budgets_is_read_in_the_end_and_the_gap_is_known(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform_type = platform_of(kind)
    with platform_type(1, count=20 * platform_type.page, hours=1) as platform:
        settings = configured(platform, tmp_path, monkeypatch, requests=2)
        poll(settings, platform, windows(1)[0])
        open_ones, cursors = (read(Landing(settings.storage)) for read in (
            lambda landing: gaps.open_ones(landing, kind), lambda landing: landing.read_cursors(kind),
        ))
        assert open_ones or cursors or not platform.wrong(stored(settings, platform)), "what was not read is not known"
        converge(settings, platform)
        assert platform.wrong(stored(settings, platform)) == {}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if platform_of(kind).searched is not None], indirect=True)
def test_of_what_a_search_finds_only_what_the_query_means_is_kept(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with platform_of(kind)(7, noise=60) as platform:
        settings = configured(platform, tmp_path, monkeypatch, query=MEANT, **platform.searched)
        converge(settings, platform)
        assert platform.wrong(stored(settings, platform)) == {}
    assert platform.exceeded == 0


def test_collecting_the_same_again_changes_nothing(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with platform_of(kind)(2, count=60, hours=2) as platform:
        settings = configured(platform, tmp_path, monkeypatch)
        for window in windows(platform.hours) * 2:
            collect.run(settings, kind, window, now=_later(platform))
        load_all(settings, platform)
        assert platform.wrong(stored(settings, platform)) == {}


def _later(platform: Any) -> Any:
    platform.show_all()
    return platform.now


def test_windows_in_which_nothing_ran_are_made_up_for(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with platform_of(kind)(6, count=60, hours=4) as platform:
        settings = configured(platform, tmp_path, monkeypatch)
        first, *_, last = windows(platform.hours)
        poll(settings, platform, first)
        poll(settings, platform, last)
        if settings.plugin("sources", kind).can_look_up:
            look_up(settings, platform)
        assert platform.wrong(stored(settings, platform)) == {}


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_platform_that_refuses_is_an_error_that_says_what_to_do_and_tells_no_secret(
    kind: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with platform_of(kind)(3, broken=Answer({"error": "no"}, status)) as platform:
        settings = configured(platform, tmp_path, monkeypatch)
        with pytest.raises(AuthFailed if status in (401, 403) else SourceError) as raised:
            collect.run(settings, kind, windows(1)[0], now=_later(platform))
    assert f"[sources.{kind}]" in str(raised.value)
    assert len(str(raised.value).split(". ")) <= 2
    chain: list[BaseException] = [raised.value]
    while chain[-1].__cause__ or (chain[-1].__context__ and not chain[-1].__suppress_context__):
        chain.append(chain[-1].__cause__ or chain[-1].__context__)  # type: ignore[arg-type]
    assert all(SECRET not in repr(error) for error in chain)
    assert SECRET not in caplog.text
    assert all(SECRET.encode() not in path.read_bytes() for path in settings.storage.rglob("*") if path.is_file())
    assert not Landing(settings.storage).windows(kind)


def test_no_secret_is_written_or_logged(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with platform_of(kind)(4, count=20, hours=1, faults=0.3) as platform:
        settings = configured(platform, tmp_path, monkeypatch)
        converge(settings, platform)
    assert SECRET not in caplog.text
    assert SECRET not in repr(settings)
    assert all(SECRET.encode() not in path.read_bytes() for path in settings.storage.rglob("*") if path.is_file())
