"""`earshot alerts`: the list, and each action as one file that the next run takes in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import alert
from pipelines.cli import main
from pipelines.settings import Settings, read
from pipelines.store import open_warehouse
from tests.test_alert import record

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
CONFIG = """
[project]
storage = "storage"
[brands.acme]
name = "Acme Air"
[notifiers.desk]
kind = "file"
[notifiers.partner]
kind = "file"
path = "partner.jsonl"
outside = true
[playbook.all]
owner = "Ana"
approve = "15m"
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("EARSHOT_STORAGE", raising=False)
    monkeypatch.setenv("EARSHOT_CONFIG", str(tmp_path / "earshot.toml"))
    (tmp_path / "earshot.toml").write_text(CONFIG, encoding="utf-8")
    return read(tmp_path / "earshot.toml")


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["alerts", *words]) == code
    out, err = capsys.readouterr()
    assert (err.strip().count("\n"), bool(err)) == (0, code != 0)
    return (err if code else out).strip()


def test_what_is_open_who_has_it_and_every_action(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys) == "No incident is open."
    identity = record(settings, 1, [("onset", "page", 8, NOW - HOUR)], brand="acme")
    over = record(settings, 2, [("onset", "watch", 3, NOW - 9 * HOUR), ("resolved", "watch", 3, NOW - 8 * HOUR)])
    assert len(alert.run(settings, now=NOW).asked) == 2
    key = identity[:8]
    listed = said(capsys)
    assert "Acme Air" in listed and f"{key} " in listed and "nobody has it · a message waits for approval" in listed
    assert over[:8] not in listed and over[:8] in said(capsys, "--all")
    assert "Ana has it" in said(capsys, "ack", key, "--as", "Ana")
    assert "snoozed until" in said(capsys, "snooze", identity, "--for", "2h", "--as", "Ana")
    assert "assigned to Bo" in said(capsys, "assign", f"{identity}:onset", "--to", "Bo", "--as", "Ana")
    assert "a false alarm, says Ana" in said(capsys, "verdict", key, "false", "--as", "Ana")
    assert "the message will go" in said(capsys, "approve", key, "--as", "Ana")
    assert "Ana has it since" in said(capsys), "before the next run too"
    files = [json.loads(p.read_text()) for p in (settings.storage / "landing" / "actions").glob("*.json")]
    assert sorted((f["verb"], f["actor"], f["via"]) for f in files) == sorted(
        (verb, "Ana", "cli") for verb in ("acknowledge", "snooze", "assign", "verdict", "approve")
    )
    alert.run(settings, now=NOW + timedelta(minutes=1))
    alert.run(settings, now=NOW + timedelta(minutes=2))
    with open_warehouse(settings) as connection:
        assert connection.execute("SELECT count(*) FROM actions").fetchall() == [(5,)]
        assert connection.execute("FROM brand_verdicts").fetchall() == [("acme", "page", 1, 0)]


def test_a_key_that_means_none_or_several_is_one_sentence(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no alert '1234abcd'; open are: none is open" in said(capsys, "ack", "1234abcd", code=2)
    identity = record(settings, 1, [("onset", "page", 8, NOW - HOUR)], brand="acme")
    for wrong in ("ffffffff", "", identity[:2], identity + "0"):
        assert f"open are: {identity[:8]}" in said(capsys, "ack", wrong, code=2)
    assert "write a number and m, h or d" in said(capsys, "snooze", identity, "--for", "two hours", code=2)
    assert "at most 7 days" in said(capsys, "snooze", identity, "--for", "30d", code=2)
    assert "ends in the future" in said(capsys, "snooze", identity, "--for", "0m", code=2)
    assert "at most 80" in said(capsys, "assign", identity, "--to", "x" * 100, code=2)
    assert "no message of this incident waits" in said(capsys, "reject", identity, code=2)
    assert not (settings.storage / "landing" / "actions").exists()


def test_check_says_which_severity_has_no_owner(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(settings.path)
    gap = '[playbook.all]\nowner = "Ana"\nseverities = "8-10"\nwhen = ["mon-sat"]\n[models]\nactive = "none"\n'
    path.write_text(CONFIG.split("[playbook.all]")[0] + gap, encoding="utf-8")
    assert main(["check"]) == 1
    assert "✗ playbook: severities 8 to 10 have no owner on Sunday (UTC)" in capsys.readouterr().out
    path.write_text(path.read_text().replace('when = ["mon-sat"]', ""), encoding="utf-8")
    path.write_text(path.read_text().replace('kind = "file"', 'kind = "file"\nbrands = ["acne"]', 1), encoding="utf-8")
    main(["check"])
    out = capsys.readouterr().out
    assert "✓ playbook: 1 rule;" in out
    assert "✗ notifier desk: [notifiers.desk] brands: there is no [brands.acne]; there are: acme." in out
