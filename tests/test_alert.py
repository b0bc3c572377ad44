"""The outbox: at least once, in order, nobody woken for last year, and a receiver that drops copies sees each state once."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import alert
from pipelines.settings import Settings
from pipelines.store import open_warehouse
from tests.listening import settings
from tests.receiver import receiving

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
Step = tuple[str, str, int, datetime]  # state, tier, severity, when it was reached


@pytest.fixture(autouse=True)
def _own_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARSHOT_STORAGE", raising=False)


def record(configured: Settings, number: int, steps: list[Step], brand: str = "") -> str:
    """What detect records of one alert, of a brand of its own unless one is named; gives its id. Steps may be added later."""
    brand = brand or f"brand-{number}"
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, str(number)))
    with open_warehouse(configured) as connection:
        connection.begin()
        row = connection.execute("SELECT count(*) FROM alert_states WHERE alert_id = ?", [identity]).fetchone()
        known = row[0] if row else 0
        if not known:
            connection.execute(
                "INSERT INTO alerts VALUES (?, 'seasonal', 'volume', ?, 'watch', 'onset', 3, ?, ?, NULL, 60, 60, 12, 4, 22, '', "
                "'[]', [], [], NULL, NULL)", [identity, brand, steps[0][3] - HOUR, steps[0][3]],
            )
        for position, (state, tier, severity, reached_at) in enumerate(steps, known):
            connection.execute(
                "INSERT INTO alert_states VALUES (?, ?, ?, ?, ?, ?, 60, 60, 12, 4, 22, ?)",
                [identity, position, state, tier, severity, reached_at, f"{brand} {state}"],
            )
            connection.execute(
                "UPDATE alerts SET state = ?, tier = ?, severity = ? WHERE alert_id = ?", [state, tier, severity, identity]
            )
        connection.commit()
    return identity


def seen_until(configured: Settings, at: datetime) -> None:
    """The data's watermark: one mention."""
    with open_warehouse(configured) as connection:
        connection.execute(
            "INSERT INTO mentions (mention_id, source, native_id, channel, kind, property, visibility, is_own, is_automatic, "
            "text, published_at, ingested_at, content_hash) VALUES (uuid(), 's', 'n', 'x', 'post', 'independent', 'public', "
            "false, false, '', ?, ?, '')", [at, at],
        )


def deliveries(configured: Settings) -> list[tuple[Any, ...]]:
    with open_warehouse(configured) as connection:
        return connection.execute(
            "SELECT notifier, alert_state, status, attempt_count, last_error FROM deliveries ORDER BY notifier, created_at, rowid"
        ).fetchall()


def keys(path: Path) -> list[str]:
    return [json.loads(line)["key"] for line in path.read_text().splitlines()] if path.exists() else []


FILE = {"inbox": {"kind": "file", "path": "inbox.jsonl"}}
WHOLE: list[Step] = [
    ("onset", "watch", 3, NOW - 3 * HOUR), ("escalated", "page", 6, NOW - 2 * HOUR), ("escalated", "page", 8, NOW - 1.5 * HOUR),
    ("resolved", "page", 8, NOW - HOUR),
]


def test_every_state_is_sent_once_in_order(tmp_path: Path) -> None:
    configured = settings(tmp_path, notifiers=FILE)
    first = record(configured, 1, WHOLE[:2])
    assert alert.run(configured, now=NOW) == alert.Delivered(2, 0, 0)
    record(configured, 1, WHOLE[2:])
    second = record(configured, 2, [("onset", "watch", 3, NOW - HOUR)])
    assert alert.run(configured, now=NOW) == alert.Delivered(3, 0, 0)
    assert alert.run(configured, now=NOW) == alert.Delivered(0, 0, 0)
    assert keys(configured.storage / "inbox.jsonl") == [
        f"{first}:onset", f"{first}:escalated:6", f"{first}:escalated:8", f"{first}:resolved", f"{second}:onset"
    ]
    assert {row[2] for row in deliveries(configured)} == {"sent"}


def test_an_unchanged_run_writes_nothing(tmp_path: Path) -> None:
    configured = settings(tmp_path, notifiers=FILE)
    record(configured, 1, WHOLE)
    alert.run(configured, now=NOW)
    warehouse = configured.storage / "warehouse.duckdb"
    before = warehouse.read_bytes()
    alert.run(configured, now=NOW + HOUR)
    assert warehouse.read_bytes() == before


def test_a_long_history_wakes_nobody(tmp_path: Path) -> None:
    configured = settings(tmp_path, notifiers=FILE)
    seen_until(configured, NOW)
    for number in range(12):
        day = NOW - timedelta(days=2 + number)
        record(configured, number, [("onset", "page", 7, day), ("resolved", "page", 7, day + HOUR)])
    recent = record(configured, 99, [("onset", "page", 7, NOW - HOUR)])
    old_but_worse = record(configured, 98, [("onset", "page", 5, NOW - 30 * HOUR), ("escalated", "page", 9, NOW - HOUR)])
    over = record(configured, 97, [("onset", "page", 5, NOW - 30 * HOUR), ("resolved", "page", 5, NOW - HOUR)])
    assert alert.run(configured, now=NOW + timedelta(days=3000)).sent == 2  # the data's time counts, not the clock
    assert keys(configured.storage / "inbox.jsonl") == [f"{old_but_worse}:escalated:9", f"{recent}:onset"]
    skipped = [row for row in deliveries(configured) if row[2] == "skipped"]
    assert len(skipped) == 27 and all(row[4].startswith("not sent: ") for row in skipped)
    assert over not in str(keys(configured.storage / "inbox.jsonl"))


def test_routing_by_tier_brand_and_rival(tmp_path: Path) -> None:
    stanzas = {
        name: {"kind": "file", "path": f"{name}.jsonl"} | extra
        for name, extra in {"all": {}, "pages": {"tier": "page"}, "acme": {"brands": ["acme"]}}.items()
    }
    brands = {"acme": {"name": "Acme"}, "other": {"name": "Other"}, "rival": {"name": "Rival", "competitor": True}}
    configured = settings(tmp_path, notifiers=stanzas, brands=brands)
    record(configured, 1, WHOLE[:2], brand="acme")
    record(configured, 2, WHOLE[:1], brand="other")
    record(configured, 3, WHOLE[:2], brand="rival")
    alert.run(configured, now=NOW)
    counts = {name: len(keys(configured.storage / f"{name}.jsonl")) for name in stanzas}
    assert counts == {"all": 3, "pages": 1, "acme": 2}
    detectors = {"seasonal": {"kind": "seasonal", "competitors": True}}
    eager = settings(tmp_path, notifiers=stanzas, brands=brands, detectors=detectors)
    assert alert.run(eager, now=NOW).sent == 3  # two states of the rival for `all`, one for `pages`


def test_a_notifier_that_fails_keeps_its_place_and_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver:
        monkeypatch.setenv("DESK", receiver.url)
        configured = settings(tmp_path, notifiers={"desk": {"kind": "apprise", "url": "env:DESK"}} | FILE)
        identity = record(configured, 1, WHOLE)
        receiver.status = 503
        assert alert.run(configured, now=NOW) == alert.Delivered(4, 1, 4)
        assert len(keys(configured.storage / "inbox.jsonl")) == 4
        assert len(receiver.bodies) == 1  # later states wait for the first one
        assert deliveries(configured)[0][1:4] == ("onset", "pending", 1) and "503" in deliveries(configured)[0][4]
        receiver.status = 200
        assert alert.run(configured, now=NOW) == alert.Delivered(4, 0, 0)
        assert receiver.accepted == [f"{identity}:{s}" for s in ("onset", "escalated:6", "escalated:8", "resolved")]
        assert deliveries(configured)[0][1:] == ("onset", "sent", 2, None)


def test_a_dead_notifier_is_left_alone_after_three_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver:
        monkeypatch.setenv("DESK", receiver.url)
        configured = settings(tmp_path, notifiers={"desk": {"kind": "apprise", "url": "env:DESK"}})
        for number in range(10):
            record(configured, number, WHOLE[:1])
        receiver.status = 500
        assert alert.run(configured, now=NOW) == alert.Delivered(0, 3, 10)
        assert len(receiver.bodies) == 3


OPENER = """
import sys, duckdb
with duckdb.connect(sys.argv[1]) as c:  # another process may write meanwhile
    c.execute("CREATE TABLE proof AS SELECT 1")
"""


def test_a_slow_notifier_does_not_hold_the_warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver:
        monkeypatch.setenv("DESK", receiver.url)
        configured = settings(tmp_path, notifiers={"desk": {"kind": "apprise", "url": "env:DESK"}} | FILE)
        record(configured, 1, WHOLE[:1])
        arrived, release = threading.Event(), threading.Event()

        def hold(number: int) -> None:
            arrived.set()
            release.wait(30)

        receiver.on_request = hold
        monkeypatch.setenv("DESK", receiver.url + "?rto=40")
        sender = threading.Thread(target=alert.run, args=(configured,), kwargs={"now": NOW})
        sender.start()
        assert arrived.wait(10)
        while sender.is_alive() and len(keys(configured.storage / "inbox.jsonl")) < 1:
            time.sleep(0.01)
        time.sleep(0.1)  # the other notifier's success is being noted
        opener = subprocess.run([sys.executable, "-c", OPENER, str(configured.storage / "warehouse.duckdb")], check=False)
        assert opener.returncode == 0 and sender.is_alive()
        release.set()
        sender.join()
    assert len(keys(configured.storage / "inbox.jsonl")) == 1


def test_only_one_sends_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver:
        monkeypatch.setenv("DESK", receiver.url)
        configured = settings(tmp_path, notifiers={"desk": {"kind": "apprise", "url": "env:DESK"}})
        for number in range(4):
            record(configured, number, WHOLE[:1])
        receiver.delay = 0.3
        done: list[alert.Delivered] = []
        runs = [threading.Thread(target=lambda: done.append(alert.run(configured, now=NOW))) for _ in range(3)]
        for run in runs:
            run.start()
        for run in runs:
            run.join()
    assert len(receiver.accepted) == 4 and sorted(d.sent for d in done) == [0, 0, 4]


def test_without_notifiers_nothing_is_opened(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    assert alert.run(configured, now=NOW) == alert.Delivered(0, 0, 0)
    assert not configured.storage.exists()


SENDER = """
import os, sys
from datetime import datetime, timezone
from pathlib import Path
import apprise, duckdb, numpy
from pipelines import alert
from pipelines.settings import read
apprise.Apprise.instantiate("json://localhost")
for line in sys.stdin:  # one sender a line; loading Python each time would be most of the test
    child = os.fork()
    if child == 0:
        alert.run(read(Path(sys.argv[1])), now=datetime(2026, 3, 14, 12, tzinfo=timezone.utc))
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.parametrize("kills", [int(os.environ.get("EARSHOT_KILLS", "12"))])
def test_failing_slow_or_killed_in_mid_send_every_state_arrives_once_and_in_order(
    tmp_path: Path, kills: int
) -> None:
    """SIGKILL while a message is on its way or soon after it was accepted, by a receiver that refuses and dawdles in between:
    at least once, in order, copies with the same key. EARSHOT_KILLS says how often."""
    toml = tmp_path / "earshot.toml"
    toml.write_text('[brands.acme]\nname = "Acme"\n[notifiers.desk]\nkind = "apprise"\nurl = "env:DESK"\n')
    configured = settings(tmp_path, notifiers={"desk": {"kind": "apprise", "url": "env:DESK"}})
    alerts = kills * 3 // 4
    ids = [record(configured, number, WHOLE) for number in range(alerts)]
    draw, killed, wanted = random.Random(7), 0, 4 * alerts
    with receiving() as receiver:
        environment = os.environ | {"DESK": receiver.url, "PYTHONPATH": str(ROOT)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
        with subprocess.Popen([sys.executable, "-W", "ignore", "-c", SENDER, str(toml)], env=environment, **pipes) as senders:
            assert senders.stdin is not None and senders.stdout is not None
            for _ in range(4 * kills):
                target, wait = len(receiver.bodies) + draw.randint(1, 3), draw.choice([0.0, 0.0, 0.005, 0.02, 0.06])
                ending = killed < kills
                receiver.status = draw.choice([200, 200, 200, 503]) if ending else 200
                receiver.delay = draw.choice([0.0, 0.0, 0.0, 0.05]) if ending else 0.0
                receiver.on_request = None
                senders.stdin.write("send\n")
                child = int(senders.stdout.readline())
                receiver.on_request = _killer(child, target, wait) if ending else None
                code = int(senders.stdout.readline())
                receiver.on_request = None
                assert code in (0, -signal.SIGKILL)
                killed += code != 0
                if code == 0 and len(receiver.unique()) == wanted:
                    break
            senders.stdin.close()
    assert killed >= kills / 2 and len(receiver.unique()) == wanted
    assert len(receiver.accepted) > wanted  # some did come twice, else the test has shown nothing
    assert len(receiver.bodies) > len(receiver.accepted)  # and some were refused
    for identity in ids:
        mine = [key for key in receiver.unique() if key.startswith(identity)]
        assert mine == [f"{identity}:{s}" for s in ("onset", "escalated:6", "escalated:8", "resolved")]
    assert {row[2] for row in deliveries(configured)} == {"sent"}
    print(f"killed {killed} times: {wanted} states, {len(receiver.accepted)} accepted, {len(receiver.bodies)} attempts")


def _killer(child: int, target: int, wait: float) -> Any:
    fired = threading.Event()

    def kill(number: int) -> None:
        if number >= target and not fired.is_set():
            fired.set()
            time.sleep(wait)  # while this request waits, or, answered by nobody else, just after
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    return kill
