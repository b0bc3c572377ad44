"""The intake server: what it refuses, what it acknowledges, and that nothing acknowledged is lost or stored twice."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from pipelines import collect, load
from pipelines.forms import reported
from pipelines.inbox import Inbox
from pipelines.records import Window
from pipelines.settings import Settings, read
from pipelines.store import warehouse_path
from warehouse import connection as backend

KEY = "whsec_" + base64.b64encode(b"a secret of this test only").decode()
CONFIG = """
[project]
storage = "store"
[brands.jetblue]
name = "JetBlue"
[sources.hook]
kind = "webhook"
secret = "env:HOOK_SECRET"
[sources.insta]
kind = "webhook"
signature = "meta"
secret = "env:HOOK_SECRET"
[sources.crm]
kind = "webhook"
signature = "bearer"
secret = "env:HOOK_SECRET"
channel = "crm"
[sources.desk]
kind = "webhook"
signature = "form"
secret = "env:HOOK_SECRET"
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HOOK_SECRET", KEY)
    (tmp_path / "earshot.toml").write_text(CONFIG)
    return read(tmp_path / "earshot.toml")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def intake(settings: Settings, port: int | None = None) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The server as a process of its own."""
    port = port or free_port()
    command = [sys.executable, "-m", "pipelines.cli", "intake", "--config", str(settings.path), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"HOOK_SECRET": KEY}) as process:
        try:
            for _ in range(600):
                with socket.socket() as attempt:
                    if attempt.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()


def signed(body: Any, event_id: str, at: datetime | None = None) -> tuple[bytes, dict[str, str]]:
    data, when = json.dumps(body), at or datetime.now(UTC)
    signature = Webhook(KEY).sign(event_id, when, data)
    headers = {"webhook-id": event_id, "webhook-timestamp": str(int(when.timestamp())), "webhook-signature": signature}
    return data.encode(), headers


def post(url: str, body: Any, event_id: str, **more: Any) -> httpx.Response:
    data, headers = signed(body, event_id, **more)
    return httpx.post(f"{url}/in/hook", content=data, headers=headers, timeout=60)


def stored(settings: Settings, source: str) -> list[dict[str, Any]]:
    """Everything of a source after a collection and its load."""
    now = datetime.now(UTC)
    collect.run(settings, source, Window.around(now, timedelta(minutes=1)), now=now)
    for key in load.waiting(settings, source):
        load.run(settings, source, key, now=now)
    if not warehouse_path(settings).exists():
        return []
    with backend.open(warehouse_path(settings), read_only=True) as connection:
        found = connection.execute("SELECT * FROM mentions WHERE source = ? ORDER BY native_id", [source])
        names = [c[0] for c in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_what_is_not_signed_rightly_or_no_event_is_refused_with_the_reason(settings: Settings) -> None:
    with intake(settings) as (url, _):
        data, headers = signed({"text": "JetBlue lost my bag"}, "e1")
        wrong = {
            "altered": httpx.post(f"{url}/in/hook", content=data + b" ", headers=headers),
            "unsigned": httpx.post(f"{url}/in/hook", content=data),
            "old": post(url, {"text": "x"}, "e2", at=datetime.now(UTC) - timedelta(minutes=6)),
            "early": post(url, {"text": "x"}, "e3", at=datetime.now(UTC) + timedelta(minutes=6)),
        }
        assert {name: r.status_code for name, r in wrong.items()} == dict.fromkeys(wrong, 401)
        assert all(r.json()["error"].endswith(".") and KEY not in r.text for r in wrong.values())
        assert post(url, "no object", "e4").status_code == 400
        assert httpx.post(f"{url}/in/none", content=data, headers=headers).status_code == 404
        assert httpx.post(f"{url}/in/crm", content=data, headers={"Authorization": "Bearer no"}).status_code == 401
        large = post(url, {"text": "x" * 2**21}, "e5")
        assert (large.status_code, large.json()) == (413, {"error": "An event has at most 1 MB."})
    assert stored(settings, "hook") == []


def test_a_replay_is_served_and_stored_once_also_after_it_has_landed(settings: Settings) -> None:
    with intake(settings) as (url, _):
        data, headers = signed({"text": "JetBlue lost my bag again", "author": "ann"}, "e1")
        answers = [httpx.post(f"{url}/in/hook", content=data, headers=headers) for _ in range(2)]
        assert [(r.status_code, r.json()["status"]) for r in answers] == [(202, "stored"), (200, "known")]
        assert [m["text"] for m in stored(settings, "hook")] == ["JetBlue lost my bag again"]
        assert len(stored(settings, "hook")) == 1
        assert httpx.post(f"{url}/in/hook", content=data, headers=headers).json()["status"] == "known"
    assert len(stored(settings, "hook")) == 1
    inbox = settings.storage / "inbox" / "source=hook"
    assert all(path.stat().st_size == 0 for path in inbox.iterdir()), "what has landed is still in the inbox"


def test_a_slow_client_is_cut_off_and_holds_up_nobody(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with intake(settings) as (url, _):
        port = int(url.rsplit(":", 1)[1])
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
        for connection in slow:
            connection.sendall(b"POST /in/hook HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        started = time.monotonic()
        assert post(url, {"text": "JetBlue was kind"}, "e1").status_code == 202
        assert time.monotonic() - started < 5
        slow[0].settimeout(30)
        assert b" 408 " in slow[0].recv(100)
        for connection in slow:
            connection.close()


@pytest.mark.slow
def test_a_thousand_at_the_same_time_are_all_stored(settings: Settings) -> None:
    with intake(settings) as (url, _):
        limits = httpx.Limits(max_connections=1000)
        with httpx.Client(limits=limits, timeout=120) as client, ThreadPoolExecutor(1000) as pool:
            ready = threading.Barrier(1000)

            def send(number: int) -> int:
                data, headers = signed({"id": str(number), "text": f"JetBlue {number}"}, f"e{number}")
                ready.wait(timeout=60)
                return client.post(f"{url}/in/hook", content=data, headers=headers).status_code

            assert set(pool.map(send, range(1000))) == {202}
    assert {m["native_id"] for m in stored(settings, "hook")} == {str(n) for n in range(1000)}


@pytest.mark.slow
def test_killed_again_and_again_nothing_acknowledged_is_lost(settings: Settings) -> None:
    acknowledged: set[str] = set()
    chance = random.Random(1)
    for round_ in range(int(os.environ.get("EARSHOT_KILLS", "3"))):
        enough = len(acknowledged) + chance.randrange(1, 60)
        with intake(settings) as (url, process), httpx.Client(timeout=30) as client, ThreadPoolExecutor(16) as pool:

            def send(
                number: int, address: str = f"{url}/in/hook", client: httpx.Client = client, enough: int = enough,
                process: subprocess.Popen[str] = process, round_: int = round_,
            ) -> None:
                data, headers = signed({"id": f"{round_}-{number}", "text": f"JetBlue {number}"}, f"{round_}-{number}")
                with suppress(httpx.HTTPError):
                    if client.post(address, content=data, headers=headers).status_code == 202:
                        acknowledged.add(f"{round_}-{number}")
                if len(acknowledged) >= enough:
                    process.send_signal(signal.SIGKILL)

            list(pool.map(send, range(150)))
        stored(settings, "hook")
    assert acknowledged
    found = [m["native_id"] for m in stored(settings, "hook")]
    assert acknowledged <= set(found)
    assert len(found) == len(set(found))


def test_a_later_event_about_the_same_message_replaces_and_withdraws_it(settings: Settings) -> None:
    at = datetime.now(UTC).replace(microsecond=0)
    with intake(settings) as (url, _):
        post(url, {"id": "7", "text": "JetBlue is late", "published_at": at.isoformat()}, "a")
        post(url, {"id": "7", "text": "JetBlue was late", "published_at": at.isoformat(),
                   "observed_at": (at + timedelta(seconds=5)).isoformat()}, "b")
        assert [m["text"] for m in stored(settings, "hook")] == ["JetBlue was late"]
        post(url, {"id": "7", "published_at": at.isoformat(), "deleted_at": (at + timedelta(seconds=9)).isoformat()}, "c")
        assert [(m["text"], m["deleted_at"] is not None) for m in stored(settings, "hook")] == [("", True)]


def test_of_events_without_a_time_of_their_own_the_later_one_counts(settings: Settings) -> None:
    """And none that is late undoes a deletion that says when it was."""
    inbox, at = Inbox(settings.storage, "hook"), datetime(2026, 2, 1, 12, tzinfo=UTC)
    said = {"published_at": at.isoformat()}
    for number in range(8):
        for version, seconds in (("is", 2), ("was", 600), ("had been", 601)):
            row = {"id": f"{number}", "text": f"JetBlue {version} late", **said}
            inbox.put(f"{number} {version}", row, now=at + timedelta(seconds=seconds))
    for name, deleted in (("said", {"deleted_at": (at + timedelta(seconds=30)).isoformat()}), ("told", {"deleted_at": True})):
        inbox.put(f"{name} a", {"id": name, "text": "JetBlue", **said}, now=at + timedelta(seconds=2))
        inbox.put(f"{name} b", {"id": name, **said, **deleted}, now=at + timedelta(seconds=40))
    inbox.put("said c", {"id": "said", "text": "JetBlue", **said}, now=at + timedelta(minutes=9))  # its first try got lost
    found = {m["native_id"]: (m["text"], m["deleted_at"] is not None) for m in stored(settings, "hook")}
    assert found == {str(n): ("JetBlue had been late", False) for n in range(8)} | {"said": ("", True), "told": ("", True)}


def test_what_the_page_itself_writes_is_its_own(settings: Settings) -> None:
    def change(native_id: str, author: str | None) -> dict[str, Any]:
        value = {"comment_id": native_id, "message": "Sorry to hear that, JetBlue", "created_time": 1_770_000_000}
        return {"field": "feed", "value": value | ({"from": {"id": author}} if author else {})}

    changes = [change("p", "1"), change("c", "99"), change("n", None)]
    event = {"object": "page", "entry": [{"id": "1", "time": 1_770_000_000, "changes": changes}]}
    Inbox(settings.storage, "insta").put("e", event, now=datetime(2026, 2, 2, 3, tzinfo=UTC))
    assert {m["native_id"]: m["is_own"] for m in stored(settings, "insta")} == {"p": True, "c": False, "n": False}


def test_an_event_is_known_by_whatever_name_its_id_has(settings: Settings) -> None:
    with intake(settings) as (url, _):
        post(url, {"Review ID": "r7", "text": "JetBlue is late", "published_at": "2026-02-01T10:00:00Z"}, "a")
    assert [m["native_id"] for m in stored(settings, "hook")] == ["r7"]


def test_a_story_mention_of_instagram_keeps_its_link_and_its_clock(settings: Settings) -> None:
    at = datetime(2026, 2, 1, 12, tzinfo=UTC)
    event = {"object": "instagram", "entry": [{"id": "1", "time": 1, "messaging": [{
        "sender": {"id": "99"}, "recipient": {"id": "1"}, "timestamp": int(at.timestamp() * 1000),
        "message": {"mid": "m1", "attachments": [{"type": "story_mention", "payload": {"url": "https://cdn.example/s"}}]},
    }]}]}
    body = json.dumps(event).encode()
    signature = "sha256=" + hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
    with intake(settings) as (url, _):
        asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": KEY}
        assert httpx.get(f"{url}/in/insta", params=asked).text == "1158201444"
        assert httpx.get(f"{url}/in/insta", params=asked | {"hub.verify_token": "no"}).status_code == 401
        assert httpx.post(f"{url}/in/insta", content=body, headers={"X-Hub-Signature-256": signature}).status_code == 202
        assert httpx.post(f"{url}/in/insta", content=body, headers={"X-Hub-Signature-256": "sha256=00"}).status_code == 401
    (story,) = stored(settings, "insta")
    assert (story["channel"], story["kind"], story["property"], story["text"]) == ("instagram", "story", "addressed", "")
    assert story["expires_at"] == at + timedelta(hours=24)
    assert json.loads(story["media"]) == [{"type": "image", "url": "https://cdn.example/s", "alt": None}]


def test_the_form_takes_what_a_person_saw_and_says_what_is_wrong(settings: Settings) -> None:
    typed = {"brand": "jetblue", "channel": "snapchat", "picture": "queue at gate 4", "is_story": "yes", "author": "@bob"}
    typed["code"] = KEY
    with intake(settings) as (url, _):
        page = httpx.get(f"{url}/form/desk").text
        assert "JetBlue" in page and KEY not in page
        assert "The access code is wrong." in httpx.post(f"{url}/form/desk", data=typed | {"code": "guess"}).text
        empty = httpx.post(f"{url}/form/desk", data=typed | {"picture": "", "author": "<b>"})
        assert empty.status_code == 400
        assert "Say what it says or what the picture shows." in empty.text and "<b>" not in empty.text and KEY not in empty.text
        assert "Stored." in httpx.post(f"{url}/form/desk", data=typed).text
    (story,) = stored(settings, "desk")
    assert (story["channel"], story["kind"], story["brand"]) == ("snapchat", "story", "jetblue")
    assert story["expires_at"] - story["published_at"] == timedelta(hours=24)
    assert story["author_id"] and "bob" not in story["author_id"]


@given(st.dictionaries(st.sampled_from(["text", "picture", "url", "at", "is_story", "brand", "channel"]), st.text(max_size=50)))
def test_whatever_is_typed_into_the_form_makes_an_event_or_one_sentence(values: dict[str, str]) -> None:
    event, problem = reported(values, now=datetime(2026, 2, 1, tzinfo=UTC))
    assert bool(event) != bool(problem)
    assert not problem or problem.endswith((".", "now."))
