"""A source that fails, is refused for a day, or answers with empty pages is told within its silence window; the others go on."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines import attendance, collect, failure
from pipelines.errors import SourceError
from pipelines.inbox import Inbox
from pipelines.landing import Landing
from pipelines.records import Window
from pipelines.settings import Settings
from tests.conformance.polling import configured, platform_of, poll
from tests.platforms.base import HOUR, SECRET, START, Answer
from tests.platforms.x import Platform
from tests.receiver import Receiver, receiving

EMPTY = Answer({"meta": {"result_count": 0}})
QUIET = timedelta(hours=3)


def two(good: Platform, bad: Platform, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PLATFORM_TOKEN", SECRET)
    monkeypatch.setattr("pipelines.asking._FIRST_WAIT", 0.01)
    sources = {
        name: {"kind": "x", "quiet_after": "3h", **platform.stanza()} for name, platform in (("good", good), ("bad", bad))
    }
    return Settings.model_validate({
        "brands": {"jetblue": {"name": "JetBlue"}}, "sources": sources,
        "notifiers": {"desk": {"kind": "apprise", "url": "env:DESK_URL"}},
        "path": tmp_path / "earshot.toml", "folder": tmp_path / "store",
    })


def hour(settings: Settings, number: int, *platforms: Platform) -> list[str]:
    """One hour of the line: both sources are collected, then whoever is quiet is told."""
    window = Window(START + number * HOUR, START + (number + 1) * HOUR)
    now = window.end + timedelta(minutes=2)
    for name, platform in zip(("good", "bad"), platforms, strict=True):
        platform.now = now
        with suppress(SourceError):
            collect.run(settings, name, window, now=now)
    return attendance.run(settings, now=now)


@pytest.mark.parametrize(("broken", "said"), [
    (Answer({"title": "Unauthorized"}, 401), "fails since"),
    (Answer({"title": "Forbidden"}, 403), "fails since"),
    (EMPTY, "answers but has brought no new mention since"),
])
def test_a_source_that_brings_nothing_is_told_once_within_its_window_and_when_it_is_back(
    broken: Answer, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Platform(1, count=600, hours=40) as good, Platform(2, count=600, hours=40) as bad, receiving() as receiver:
        monkeypatch.setenv("DESK_URL", receiver.url)
        settings = two(good, bad, receiver, tmp_path, monkeypatch)
        assert hour(settings, 0, good, bad) == []
        bad.broken = broken
        told = {number: hour(settings, number, good, bad) for number in range(1, 25)}
        first = min(number for number, sentences in told.items() if sentences)
        assert first * HOUR <= QUIET + HOUR
        assert sum(len(sentences) for sentences in told.values()) == 1, "told more than once"
        (sentence,) = told[first]
        assert sentence.startswith("The source bad ") and said in sentence and SECRET not in sentence
        assert [key.split(":")[1] for key in receiver.accepted] == ["onset"]
        assert len(Landing(settings.storage).windows("good")) == 25
        bad.broken = None
        assert hour(settings, 25, good, bad) == ["The source bad brings mentions again."]
        assert hour(settings, 26, good, bad) == []
        (onset, begun), (over, ended) = (key.split(":") for key in receiver.accepted)
        assert (onset == over, begun, ended) == (True, "onset", "resolved")


def test_a_source_that_never_brought_anything_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Platform(1, count=100, hours=10) as good, Platform(2, count=10, hours=10, broken=EMPTY) as bad, receiving() as receiver:
        monkeypatch.setenv("DESK_URL", receiver.url)
        settings = two(good, bad, receiver, tmp_path, monkeypatch)
        said = [sentence for number in range(6) for sentence in hour(settings, number, good, bad)]
    assert len(said) == 1 and said[0].startswith("The source bad answers")


@pytest.mark.parametrize("kind", ["discourse", "reddit"])
def test_a_listing_that_shows_the_same_again_and_again_brings_nothing(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with platform_of(kind)(3, count=30, hours=1) as platform:
        settings = configured(platform, tmp_path, monkeypatch, quiet_after="3h")
        for post in platform.posts:
            post.edits, post.deleted_at = [], None
        platform.posts[-1].at = START + 9.5 * HOUR
        told = {}
        for number in range(10):
            window = Window(START + number * HOUR, START + (number + 1) * HOUR)
            poll(settings, platform, window)
            told[number] = attendance.run(settings, now=platform.now)
        assert len(Landing(settings.storage).windows(kind)) == 10, "something is landed every time"
    assert [number for number, sentences in told.items() if sentences] == [4, 9]
    assert "answers but has brought no new mention since" in told[4][0]
    assert told[9] == [f"The source {kind} brings mentions again."]


def test_events_about_older_messages_are_news(tmp_path: Path) -> None:
    made, now = _with(tmp_path), START
    inbox = Inbox(made.storage, "forum")
    for number in range(6):
        now = START + number * HOUR
        published = now - timedelta(days=number)
        inbox.put(f"e{number}", {"id": f"m{number}", "text": "Late", "published_at": published.isoformat()}, now=now)
        assert collect.run(made, "forum", Window.around(now, timedelta(minutes=1)), now=now).mentions == 1
        assert attendance.run(made, now=now) == [], "each event is given once"
    silent = now + 2 * QUIET
    collect.run(made, "forum", Window.around(silent, timedelta(minutes=1)), now=silent)
    assert len(attendance.run(made, now=silent)) == 1


def test_where_nobody_takes_the_message_it_is_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Platform(1, count=100, hours=10) as good, Platform(2, count=10, hours=10, broken=EMPTY) as bad, receiving() as receiver:
        monkeypatch.setenv("DESK_URL", receiver.url)
        settings = two(good, bad, receiver, tmp_path, monkeypatch)
        receiver.status = 500
        for number in range(6):
            hour(settings, number, good, bad)
        receiver.status = 200
        hour(settings, 6, good, bad)
        assert len(receiver.accepted) == 1


@pytest.mark.parametrize(("stanza", "is_told"), [
    ({}, True), ({"brands": ["sources"]}, True), ({"severity": 3}, True), ({"tier": "page"}, False), ({"severity": 4}, False),
    ({"brands": ["jetblue"]}, False), ({"outside": True}, False), ({"after": "15m"}, False),
])
def test_what_is_about_ourselves_goes_to_who_wants_it(stanza: dict[str, object], is_told: bool, tmp_path: Path) -> None:
    made = _with(tmp_path, mine={"kind": "file", **stanza})
    told = failure.tell(made, task="collect_x.land", window=None, reason=None, now=START)
    assert told == (["mine"] if is_told else []) and (made.storage / "alerts.jsonl").exists() == is_told


def test_in_quiet_hours_a_failed_task_is_told_to_who_is_awake_and_where_nobody_is_to_all(tmp_path: Path) -> None:
    night = {"kind": "file", "quiet": ["22:00-07:00"]}
    late, noon = (START.replace(hour=hour) for hour in (23, 12))
    both = _with(tmp_path, night=night, always={"kind": "file", "path": "always.jsonl"})
    alone = _with(tmp_path, night=night)
    told = [failure.tell(made, task="t", window=None, reason=None, now=now) for made in (both, alone) for now in (late, noon)]
    assert told == [["always"], ["night", "always"], ["night"], ["night"]]


def test_a_silence_waits_for_the_end_of_quiet_hours_and_not_for_who_does_not_want_it(tmp_path: Path) -> None:
    quiet = _with(tmp_path, night={"kind": "file", "quiet": ["22:00-07:00"]})
    attendance.note(Landing(quiet.storage), "forum", now=START.replace(hour=0))
    late, morning = START.replace(hour=23), START.replace(hour=8) + timedelta(days=1)
    told = [(len(attendance.run(quiet, now=now)), (quiet.storage / "alerts.jsonl").exists()) for now in (late, morning, morning)]
    assert told == [(1, False), (1, True), (0, True)]
    pager = _with(tmp_path / "other", pager={"kind": "file", "tier": "page"})
    attendance.note(Landing(pager.storage), "forum", now=START.replace(hour=0))
    assert [len(attendance.run(pager, now=now)) for now in (late, morning)] == [1, 0]


def _with(folder: Path, **notifiers: object) -> Settings:
    return Settings.model_validate({
        "brands": {"jetblue": {"name": "JetBlue"}}, "notifiers": notifiers, "path": folder / "earshot.toml",
        "sources": {"forum": {"kind": "webhook", "secret": "env:FORUM", "quiet_after": "3h"}}, "folder": folder / "store",
    })
