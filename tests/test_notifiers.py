"""Notifiers against real receivers: what is sent, what is not, and what a refusal says."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipelines.errors import NotifierError
from pipelines.notifiers.apprise import Apprise, headline, message
from pipelines.notifiers.file import File
from pipelines.records import Alert
from tests.receiver import receiving

ALERT = Alert(
    alert_id="6f1c", detector="crisis", signal="volume", brand="acme", brand_name="Acme Air", tier="page", state="onset",
    severity=7, onset_at=datetime(2026, 3, 13, 10, tzinfo=UTC), fired_at=datetime(2026, 3, 13, 10, 30, tzinfo=UTC),
    resolved_at=None, observed=60.0, expected=12.0, low=4.0, high=22.0, window_minutes=60,
    summary="Acme Air: 60 people wrote in the last hour, 5.0 times the 12.",
    drivers=(
        {"kind": "topic", "name": "cancellation", "observed": 45, "expected": 2.0, "excess": 43.0},
        {"kind": "topic", "name": "other", "observed": 15, "expected": 10.0, "excess": 5.0},
    ),
    example_ids=("a-1", "a-2"),
)


def test_a_webhook_gets_title_sentence_drivers_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver:
        monkeypatch.setenv("DESK", receiver.url)
        Apprise(kind="apprise", name="desk", url="env:DESK").send(ALERT)
    (body,) = receiver.bodies
    assert body["key"] == ALERT.key == "6f1c:onset"
    assert body["title"] == "Acme Air, page, severity 7 of 10" and body["type"] == "failure"
    assert "60 people" in body["message"] and "by topic: cancellation +43" in body["message"] and "other" not in body["message"]
    assert body["message"].endswith("key 6f1c:onset")
    assert "a-1" not in json.dumps(body)  # examples are for the page


def test_one_notifier_sends_many_alerts_each_with_its_own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    worse = dataclasses.replace(ALERT, state="escalated", severity=9)
    with receiving() as receiver:
        monkeypatch.setenv("DESK", receiver.url)
        notifier = Apprise(kind="apprise", url="env:DESK")
        for alert in (ALERT, worse, dataclasses.replace(ALERT, state="resolved")):
            notifier.send(alert)
    assert receiver.accepted == ["6f1c:onset", "6f1c:escalated:9", "6f1c:resolved"]
    assert [b["title"].split(":")[0] for b in receiver.bodies[1:]] == ["worse", "over"]


def test_a_refusal_and_a_dead_address_say_what_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    notifier = Apprise(kind="apprise", name="desk", url="env:DESK")
    with receiving() as receiver:
        receiver.status = 500
        monkeypatch.setenv("DESK", receiver.url)
        with pytest.raises(NotifierError, match=r"\[notifiers.desk\].*500"):
            notifier.send(ALERT)
    with pytest.raises(NotifierError, match="Connection error"):
        notifier.send(ALERT)


def test_the_address_is_a_reference_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError):
        Apprise(kind="apprise", url="slack://secret-token")
    monkeypatch.setenv("DESK", "nonsense://very-secret")
    with pytest.raises(NotifierError, match="nonsense") as raised:
        Apprise(kind="apprise", name="desk", url="env:DESK").check()
    assert "very-secret" not in str(raised.value)
    monkeypatch.delenv("DESK")
    with pytest.raises(NotifierError, match="DESK"):
        Apprise(kind="apprise", name="desk", url="env:DESK").check()
    monkeypatch.setenv("DESK", "mailtos://user:word@example.com")
    checked = Apprise(kind="apprise", url="env:DESK").check()
    assert "nothing was sent" in checked and "word" not in checked


def test_simulated_alerts_say_so() -> None:
    simulated = dataclasses.replace(ALERT, is_simulated=True)
    assert headline(simulated).startswith("[simulated]") and "simulated" in message(simulated)
    assert "simulated" not in headline(ALERT) + message(ALERT)


def test_the_end_of_an_alert_tells_no_drivers() -> None:
    assert "cancellation" not in message(dataclasses.replace(ALERT, state="resolved"))


def test_our_own_people_read_who_has_it_what_to_do_and_where() -> None:
    whole = dataclasses.replace(
        ALERT, owner="Care desk", playbook="Answer the oldest first.", links=(("Look at it", "https://earshot.example.org/crisis"),)
    )
    lines = message(whole).splitlines()
    assert "Owner: Care desk" in lines and "What to do: Answer the oldest first." in lines
    assert "Look at it: https://earshot.example.org/crisis" in lines and lines[-1] == "key 6f1c:onset"
    over = message(dataclasses.replace(whole, state="resolved"))
    assert "Owner: Care desk" in over and "What to do" not in over
    assert not [word for word in ("Owner", "What to do", "http") if word in message(ALERT)]


def test_single_people_are_named_to_nobody() -> None:
    author = {"kind": "author", "name": "a1b2c3", "observed": 30, "expected": 0.0, "excess": 30.0}
    said = message(dataclasses.replace(ALERT, drivers=(author, *ALERT.drivers)))
    assert "a1b2c3" not in said and "cancellation +43" in said


def test_file_appends_one_object_a_line(tmp_path: Path) -> None:
    notifier = File(kind="file", path="deep/alerts.jsonl").located(tmp_path)
    notifier.send(ALERT)
    notifier.send(dataclasses.replace(ALERT, state="resolved", summary="Ünïcode"))
    first, second = (json.loads(line) for line in (tmp_path / "deep" / "alerts.jsonl").read_text(encoding="utf-8").splitlines())
    assert first["key"] == "6f1c:onset" and first["drivers"][0]["excess"] == 43.0
    assert first["onset_at"] == "2026-03-13 10:00:00+00:00"
    assert second["key"] == "6f1c:resolved" and second["summary"] == "Ünïcode"


def test_file_after_a_line_that_was_cut_short_begins_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_text('{"key": "6f1c:ons')
    File(kind="file", path=str(path)).send(ALERT)
    torn, whole = path.read_text().splitlines()
    assert json.loads(whole)["key"] == "6f1c:onset" and torn == '{"key": "6f1c:ons'


def test_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("")
    for path in (tmp_path, tmp_path / "a-file" / "alerts.jsonl"):
        notifier = File(kind="file", name="inbox", path=str(path))
        with pytest.raises(NotifierError, match=r"\[notifiers.inbox\]"):
            notifier.send(ALERT)
        with pytest.raises(NotifierError, match=r"\[notifiers.inbox\]"):
            notifier.check()
    assert "can be written" in File(kind="file", path=str(tmp_path / "new" / "alerts.jsonl")).check()
