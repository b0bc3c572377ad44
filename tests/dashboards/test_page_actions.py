"""What people do on the crisis page and by the links in messages: one file an action, from our own pages or with a whole link."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import factory
import pytest
from conftest import served
from flask.testing import FlaskClient
from test_page_browser import _opened

from dashboards.app import create_app
from dashboards.guard import COOKIE, HEADER, UPDATE
from dashboards.incident import scene
from dashboards.query import Snapshots
from dashboards.view import Allowed, View
from warehouse import links, snapshot

NOW = datetime(2026, 2, 15, 13, 44, tzinfo=UTC)
SECRET = "a-secret-for-tests"
HOME = {"Origin": "http://localhost"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small snapshot of the factory."""
    return factory.snapshot(tmp_path_factory.mktemp("made"), days=9, scale=0.3)


@pytest.fixture
def root(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A storage folder with that snapshot; links are signed with SECRET."""
    monkeypatch.setenv(links.VARIABLE, SECRET)
    (tmp_path / "serving").mkdir()
    factory.swap(Path(shutil.copy(made, tmp_path / "serving")))
    return tmp_path


@pytest.fixture
def client(root: Path) -> Iterator[FlaskClient]:
    with create_app(root, clock=lambda: NOW).server.test_client() as found:
        yield found


def incident(root: Path) -> str:
    """The open one."""
    found = snapshot.current(root).execute("SELECT incident_id::VARCHAR FROM incidents WHERE state <> 'resolved'").fetchone()
    assert found
    return str(found[0])


def written(root: Path) -> list[dict[str, Any]]:
    found = sorted((root / "landing" / "actions").glob("*.json"))
    assert not list((root / "landing" / "actions").glob(".*")), "nothing half written"
    return [json.loads(path.read_text(encoding="utf-8")) for path in found]


def ticket(client: FlaskClient) -> str:
    found = re.search(r'name="ticket" content="([\w-]+)"', client.get("/crisis").get_data(as_text=True))
    assert found
    return found[1]


def asked(root: Path, **change: str) -> dict[str, str]:
    return {"alert": incident(root), "verb": "acknowledge", "value": "", "actor": "Ana Lima", "key": "one"} | change


def page(client: FlaskClient) -> str:
    body = {
        "output": "screen.children", "outputs": {"id": "screen", "property": "children"},
        "inputs": [{"id": "route", "property": "data", "value": "/crisis"}], "changedPropIds": ["route.data"],
    }
    return client.post(UPDATE, json=body).get_data(as_text=True)


# --- the page's buttons --------------------------------------------------------------------------------------------------


def test_an_action_is_one_file_and_the_page_shows_it_before_it_is_loaded(client: FlaskClient, root: Path) -> None:
    assert "Nobody has acknowledged it." in page(client)
    headers = HOME | {HEADER: ticket(client)}
    acknowledge = ("acknowledge", "", "one")
    for verb, value, key in (  # the same form twice is the same action
        acknowledge, acknowledge, ("snooze", "3600", "two"), ("assign", "Bo", "three"), ("verdict", "false", "four")
    ):
        assert client.post("/actions", json=asked(root, verb=verb, value=value, key=key), headers=headers).status_code == 200
    files = {f["verb"]: f for f in written(root)}
    assert len(written(root)) == len(files) == 4 and {f["via"] for f in files.values()} == {"page"}
    assert files["snooze"]["value"] == (NOW + timedelta(hours=1)).isoformat()
    assert files["acknowledge"]["acted_at"] == NOW.isoformat()
    shown = page(client)
    for words in ("Lima has it since 13:44", "assigned to Bo", "snoozed until 14:44", "calls it a false alarm", "Being saved"):
        assert words in shown, words
    assert "Ana Lima takes it" in shown, "in the timeline too"


def test_what_the_snapshot_holds_is_no_longer_being_saved(client: FlaskClient, root: Path) -> None:
    client.post("/actions", json=asked(root), headers=HOME | {HEADER: ticket(client)})
    (action,) = written(root)
    values = [action[k] for k in ("action_id", "alert_id", "verb", "actor", "value", "acted_at", "via")]
    changed(root, ("INSERT INTO actions VALUES (?, ?::UUID, NULL, ?, ?, ?, ?, ?)", values))
    shown = page(client)
    assert "Ana Lima has it since" in shown and "Being saved" not in shown


def changed(root: Path, *statements: tuple[str, list[Any]]) -> None:
    """Publish a copy of the snapshot after these statements."""
    import duckdb

    current = (root / "serving" / "current.duckdb").resolve()
    fresh = current.with_name(f"{current.stem}-changed.duckdb")
    fresh.write_bytes(current.read_bytes())
    with duckdb.connect(str(fresh)) as copy:
        for sql, values in (*statements, ("UPDATE meta SET version = version || 'x'", [])):
            copy.execute(sql, values)
    factory.swap(fresh)


def test_a_message_to_outside_is_let_out_from_the_page(client: FlaskClient, root: Path) -> None:
    key = f"{incident(root)}:onset"
    row = [key, incident(root), "partner", NOW, NOW + timedelta(minutes=15), "approve"]
    changed(root, ("INSERT INTO approvals VALUES (?, ?::UUID, ?, ?, ?, ?, NULL, NULL, NULL, false)", row))
    shown = page(client)
    assert "A message to partner, outside, waits for approval. Without an answer by 13:59 it goes out all the same." in shown
    given = asked(root, verb="approve", value=key)
    assert client.post("/actions", json=given, headers=HOME | {HEADER: ticket(client)}).status_code == 200
    assert (written(root)[0]["verb"], written(root)[0]["value"]) == ("approve", key)
    changed(root, ("UPDATE approvals SET choice = 'approve', decided_by = 'Ana Lima', decided_at = ?", [NOW]))
    assert "The message to partner goes out: Ana Lima" in page(client) and "waits for approval" not in page(client)


@pytest.mark.parametrize(
    ("headers", "cookie", "status"),
    [
        ({"Origin": "http://evil.example"}, True, 403), ({}, True, 403), ({"Origin": "null"}, True, 403),
        (HOME | {"Sec-Fetch-Site": "cross-site"}, True, 403), (HOME | {HEADER: "wrong"}, True, 403), (HOME, False, 403),
        (HOME, True, 200), ({"Origin": "https://public.example", "Sec-Fetch-Site": "same-origin"}, True, 200),
        ({"Origin": "https://public.example", "Sec-Fetch-Site": "same-site"}, True, 403),
        ({"Sec-Fetch-Site": "same-origin"}, True, 403),
    ],
)
def test_only_our_own_pages_may_act(
    client: FlaskClient, root: Path, headers: dict[str, str], cookie: bool, status: int
) -> None:
    """Where a proxy rewrites Host, the browser's own word still tells our pages from others."""
    own = ticket(client)
    if not cookie:
        client.delete_cookie(COOKIE)
    response = client.post("/actions", json=asked(root), headers={HEADER: own} | headers)
    assert response.status_code == status and len(written(root)) == (status == 200)


def test_the_ticket_of_another_visitor_does_not_fit(root: Path) -> None:
    app = create_app(root, clock=lambda: NOW).server
    with app.test_client() as one, app.test_client() as other:
        stolen = ticket(one)
        ticket(other)
        assert other.post("/actions", json=asked(root), headers=HOME | {HEADER: stolen}).status_code == 403
    assert "HttpOnly" in app.test_client().get("/").headers["Set-Cookie"]
    assert "SameSite=Strict" in app.test_client().get("/").headers["Set-Cookie"]


@pytest.mark.parametrize("body", [
    {}, [], None, "text", {"verb": "acknowledge"}, {"alert": 1, "verb": [], "value": {}, "actor": None, "key": ""},
])
def test_a_malformed_action_is_400_and_writes_nothing(client: FlaskClient, root: Path, body: Any) -> None:
    headers = HOME | {HEADER: ticket(client)}
    assert client.post("/actions", json=body, headers=headers).status_code == 400
    deep = b'{"alert": ' + b"[" * 50_000
    assert client.post("/actions", data=deep, content_type="application/json", headers=headers).status_code == 400
    assert written(root) == []


@pytest.mark.parametrize(("change", "status", "said"), [
    ({"actor": " "}, 400, "Give your name"), ({"actor": "x" * 100}, 400, "at most 80"), ({"verb": "delete"}, 400, "no action"),
    ({"verb": "snooze", "value": "-1"}, 400, "number of seconds"),
    ({"verb": "snooze", "value": "9999999"}, 400, "at most 7 days"),
    ({"verb": "verdict", "value": "x"}, 400, "false and real"), ({"verb": "approve", "value": "x:onset"}, 400, "does not belong"),
    ({"alert": "11111111-1111-5111-8111-111111111111"}, 404, "no such incident"), ({"alert": "../x"}, 404, "no such incident"),
    ({"key": "k" * 500}, 400, "not one of ours"),
])
def test_a_wrong_action_is_a_sentence(
    client: FlaskClient, root: Path, change: dict[str, str], status: int, said: str
) -> None:
    response = client.post("/actions", json=asked(root, **change), headers=HOME | {HEADER: ticket(client)})
    assert (response.status_code, written(root)) == (status, [])
    assert said in response.get_data(as_text=True) and "Traceback" not in response.get_data(as_text=True)


# --- links -----------------------------------------------------------------------------------------------------------------


def link(root: Path, ends_at: datetime = NOW + timedelta(days=1)) -> str:
    return "/act/" + links.sign(SECRET, links.Claim(incident(root), "desk", ends_at))


def test_opening_a_link_changes_nothing_and_its_form_acts_once(client: FlaskClient, root: Path) -> None:
    for method in (client.get, client.head, client.options):
        assert method(link(root)).status_code == 200
    text = client.get(link(root)).get_data(as_text=True)
    assert "Aerolia: page, severity 8 of 10" in text and "251 mentions in 60 minutes" in text
    assert "Opening this page has changed nothing. The link holds until 16 Feb 2026, 13:44." in text
    assert written(root) == []
    key = re.search(r'name="key" value="(\w+)"', text)
    assert key
    form = {"actor": "Ana", "key": key[1], "to": "Bo"}
    for do in ("acknowledge", "snooze:3600", "assign", "verdict:real", "acknowledge"):
        assert client.post(link(root), data=form | {"do": do}, headers=HOME).status_code == 200
    files = {f["verb"]: f for f in written(root)}
    assert len(written(root)) == len(files) == 4 and {f["via"] for f in files.values()} == {"link desk"}
    assert (files["assign"]["value"], files["verdict"]["value"]) == ("Bo", "real")
    assert "Ana has it since 13:44" in client.get(link(root)).get_data(as_text=True)


def test_a_link_leads_back_to_the_incident_of_its_brand(root: Path) -> None:
    """Not only to that of the brand that pages show first: before acting and after."""
    with duckdb.connect(str(snapshot.current_path(root))) as db:
        for table in ("incidents", "alerts"):
            db.execute(f"UPDATE {table} SET brand = 'skylark'")
    with create_app(root, clock=lambda: NOW).server.test_client() as client:
        form = {"actor": "Ana", "key": "k", "do": "acknowledge"}
        for answer in (client.get(link(root)), client.post(link(root), data=form, headers=HOME)):
            found = re.search(r'href="(/crisis[^"]+)"', answer.get_data(as_text=True))
            assert found
            view = View.read(unescape(found[1]), Allowed.on("/crisis", ("24h",), Snapshots(root).current()))
            assert (view.brand, view.alert, view.ignored) == ("skylark", incident(root), ())
            at = scene(view, Snapshots(root).current())
            assert at.name == "Skylark" and at.alert and at.alert["alert_id"] == incident(root)


def test_a_link_that_is_changed_or_has_ended_or_a_form_from_elsewhere_does_nothing(client: FlaskClient, root: Path) -> None:
    form = {"actor": "Ana", "key": "k", "do": "acknowledge"}
    whole = link(root)
    for wrong in (whole[:-1] + ("A" if whole[-1] != "A" else "B"), "/act/x.y", "/act/x", link(root, NOW)):
        for response in (client.get(wrong), client.post(wrong, data=form, headers=HOME)):
            assert response.status_code == 403 and "Traceback" not in response.get_data(as_text=True)
    assert "has ended" in client.get(link(root, NOW)).get_data(as_text=True)
    assert client.post(whole, data=form, headers={"Origin": "http://evil.example"}).status_code == 403
    answer = client.post(whole, data=form | {"actor": '<b>"x'}, headers=HOME)
    assert answer.status_code == 200 and "<b>" not in answer.get_data(as_text=True)
    wrong_name = client.post(whole, data=form | {"actor": ""}, headers=HOME)
    assert wrong_name.status_code == 400 and "Give your name" in wrong_name.get_data(as_text=True)
    assert len(written(root)) == 1


def test_a_link_page_keeps_the_policy_and_names_nothing_outside(client: FlaskClient, root: Path) -> None:
    response = client.get(link(root))
    assert "unsafe" not in response.headers["Content-Security-Policy"] and response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "same-origin", "the link is told to nobody"
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", response.get_data(as_text=True))


# --- in a browser ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, 360])
def test_buttons_act_and_the_name_is_remembered(browser: Any, root: Path, width: int) -> None:
    with served(root) as address, _opened(browser, address, width=width, height=800) as watched:
        watched.open("/crisis")
        watched.tab.get_by_role("button", name="Acknowledge").click()
        assert "Write your name first." in watched.text(".act-error")
        assert watched.tab.evaluate("document.activeElement.id") == "actor"
        watched.tab.keyboard.type("Ana Lima")
        watched.tab.get_by_role("button", name="Acknowledge").click()
        watched.until("document.querySelector('.stands').innerText.includes('Ana Lima has it since')")
        assert "Being saved" in watched.text(".state-line") and "Ana Lima takes it" in watched.text(".timeline")
        watched.tab.reload()
        watched.tab.wait_for_selector(".stands")
        watched.until("document.getElementById('actor').value === 'Ana Lima'")
        watched.tab.get_by_role("button", name="False alarm").click()
        watched.until("document.querySelector('[aria-pressed=true]') !== null")
        assert watched.tab.evaluate("document.documentElement.scrollWidth") <= width
        assert watched.wrong == []
    assert [f["verb"] for f in sorted(written(root), key=lambda f: f["acted_at"])] == ["acknowledge", "verdict"]


def test_a_link_is_opened_and_its_form_sent(browser: Any, root: Path) -> None:
    forever = datetime(2100, 1, 1, tzinfo=UTC)
    with served(root) as address, _opened(browser, address, width=360, height=800) as watched:
        watched.tab.goto(address + link(root, forever))
        watched.tab.get_by_label("Your name").fill("Ana Lima")
        watched.tab.get_by_role("button", name="False alarm").click()
        watched.tab.wait_for_selector("text=Saved for Ana Lima.")
        assert watched.tab.evaluate("document.documentElement.scrollWidth") <= 360
        watched.tab.get_by_role("link", name="Go to the crisis page").click()
        watched.tab.wait_for_selector(".stands")
        assert "Ana Lima calls it a false alarm" in watched.text(".state-line")
        assert watched.wrong == []
