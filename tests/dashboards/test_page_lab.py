"""The Alert Lab's page, what stands beside an incident, and how fast people may act."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import factory
import pytest
from flask.testing import FlaskClient
from test_page_actions import HOME, asked, ticket, written
from test_page_actions import made as made
from test_page_actions import root as root

from dashboards import telling
from dashboards.app import create_app
from dashboards.guard import HEADER
from dashboards.incident import scene
from dashboards.pacing import EACH, Pace
from dashboards.page import Panel, find
from dashboards.query import Snapshot, Snapshots
from dashboards.view import Allowed, View
from warehouse import links, metrics

NOW = datetime(2026, 2, 15, 13, 44, tzinfo=UTC)


def _words(part: Any) -> str:
    """Everything that is written in a part of a page."""
    if isinstance(part, Panel):
        return " ".join([str(part.takeaway), part.label, _words(part.notice), *(" ".join(row) for row in part.rows)])
    if isinstance(part, list | tuple):
        return " ".join(_words(one) for one in part)
    if hasattr(part, "children"):
        return _words(part.children)
    return "" if part is None else str(part)


def _page(snapshot: Snapshot, path: str) -> dict[str, str]:
    page = find(path)
    assert page is not None
    view = View.read(path, Allowed.on(page.path, page.spans, snapshot))
    return {name: _words(part) for name, part in page.fill(view, snapshot).items()}


@pytest.fixture(scope="module")
def snapshot(storage: Path) -> Snapshot:
    found = Snapshots(storage).current()
    assert found is not None
    return found


def test_the_lab_says_what_was_kept_with_its_intervals_and_bases(snapshot: Snapshot) -> None:
    said = _page(snapshot, "/lab")
    share, months = metrics.share(16, 20), 28 * 49 / 30.44
    assert share is not None
    assert "16 of 20" in said["tiles"] and f"{100 * share.low:.0f} to {100 * share.high:.0f} %" in said["tiles"]
    assert f"29 in {months:.0f} brand months" in said["tiles"] and "budget: 0.51" in said["tiles"]
    assert "28 invented brands with 20 crises" in said["state"] and "Simulated" in said["state"]
    assert "volume (yours)" in said["recall"] and "eager (on trial)" in said["noise"] and "Agility" in said["noise"]
    assert "1 of 1 vendors' rules ring more for nothing" in said["noise"]
    assert "Raised here" in said["timeline"] and "rings by the vendors'" in said["timeline"]
    assert "Nobody has called an incident of Aerolia real yet" in said["history"]
    assert "about once in 7 weeks" in said["budget"] and "Storm" in said["kinds"]
    assert "finds 1 crisis fewer within an hour than eager (on trial), with 44 false alarms fewer" in said["versions"]


def test_an_empty_lab_says_what_to_run(tmp_path: Path) -> None:
    factory.snapshot(tmp_path, scale=0)
    found = Snapshots(tmp_path).current()
    assert found is not None
    said = _page(found, "/lab")
    assert "No backtest has been kept yet." in said["state"] and "earshot backtest --keep" in said["state"]
    assert all(text.strip() for text in said.values())


def test_an_incident_is_shown_with_its_first_most_typical_and_most_seen_mentions_each_once(snapshot: Snapshot) -> None:
    said = _page(snapshot, "/crisis")
    assert [name in said["mentions"] for name in ("The first", "Most typical", "Most seen")] == [True] * 3
    page = find("/crisis")
    assert page is not None
    view = View.read("/crisis", Allowed.on(page.path, page.spans, snapshot))
    at = scene(view, snapshot)
    groups = telling._groups(view, snapshot, at)
    assert [len(rows) for _, rows in groups] == [1, 3, 3]
    ids = [row["mention_id"] for _, rows in groups for row in rows]
    assert len(set(ids)) == len(ids) == 7


def test_the_excess_in_every_way_adds_up_to_the_same(snapshot: Snapshot) -> None:
    said = _page(snapshot, "/crisis")["parts"]
    assert "Each way adds up to the same +210 mentions in 60 min." in said and "New here" in said and "Reposts" in said
    row = snapshot.rows("alerts", brand="aerolia")[0]
    for kind in ("channel", "topic", "form", "author"):
        assert sum(d["excess"] for d in json.loads(row["drivers"]) if d["kind"] == kind) == 210, kind


def test_comparable_incidents_are_told_with_verdict_and_length_or_their_absence_in_words(storage: Path, tmp_path: Path) -> None:
    current = (storage / "serving" / "current.duckdb").resolve()
    (tmp_path / "serving").mkdir()
    copy = tmp_path / "serving" / "v1.duckdb"
    copy.write_bytes(current.read_bytes())
    with duckdb.connect(str(copy)) as db:
        db.execute(
            "INSERT INTO actions SELECT 'a', alert_id, NULL, 'verdict', 'Ana', 'false', onset_at, 'page' FROM alerts "
            "WHERE state = 'resolved'"
        )
    factory.swap(copy)
    found = Snapshots(tmp_path).current()
    assert found is not None
    said = _page(found, "/crisis")
    for words in ("Severity 4 of 10", "called a false alarm", "took 3 h", "also about cancelled flight"):
        assert words in said["like"], words
    assert "at most one false page in 60 days" in said["act"]
    lone = copy.with_name("v2.duckdb")
    lone.write_bytes(copy.read_bytes())
    with duckdb.connect(str(lone)) as db:
        db.execute("DELETE FROM incidents WHERE state = 'resolved'")
    factory.swap(lone)
    found = Snapshots(tmp_path).current()
    assert found is not None
    assert "No comparable incident in the 27 days that are known before it." in _page(found, "/crisis")["like"]


def test_a_loop_of_actions_is_stopped_by_one_sentence_and_may_go_on_after_a_minute(root: Path) -> None:
    clock = [NOW]
    with create_app(root, clock=lambda: clock[0]).server.test_client() as client:
        answers = [_act(client, root, str(number)) for number in range(EACH + 1)]
        assert [status for status, _ in answers] == [200] * EACH + [429]
        assert answers[-1][1] == "Nothing was saved: more than 20 actions in a minute. Wait 60 seconds and do it again."
        assert len(written(root)) == EACH
        clock[0] += timedelta(seconds=61)
        assert _act(client, root, "again")[0] == 200
    with create_app(root, clock=lambda: clock[0]).server.test_client() as other:
        assert _act(other, root, "somebody else")[0] == 200


def _act(client: FlaskClient, root: Path, key: str) -> tuple[int, str]:
    answer = client.post("/actions", json=asked(root, key=key), headers=HOME | {HEADER: ticket(client)})
    return answer.status_code, answer.get_data(as_text=True)


def test_the_form_of_a_link_is_paced_too(root: Path) -> None:
    with create_app(root, clock=lambda: NOW).server.test_client() as client:
        token = links.sign("a-secret-for-tests", links.Claim(asked(root)["alert"], "care_desk", NOW + timedelta(hours=1)))
        form = {"do": "acknowledge", "actor": "Ana Lima"}
        answers = [client.post(f"/act/{token}", data=form | {"key": str(n)}, headers=HOME) for n in range(EACH + 1)]
    assert [a.status_code for a in answers] == [200] * EACH + [429]
    assert "more than 20 actions in a minute" in answers[-1].get_data(as_text=True)


def test_everybody_together_is_paced_and_what_is_remembered_is_bounded() -> None:
    pace = Pace(each=5, everybody=50)
    waits = [pace.wait(f"browser {number}", NOW) for number in range(60)]
    assert waits == [0] * 50 + [60] * 10
    assert pace.wait("browser 0", NOW + timedelta(seconds=60)) == 0
    for number in range(10_000):
        pace.wait(f"loop {number}", NOW + timedelta(minutes=number))
    assert len(pace._seen) <= 4096
