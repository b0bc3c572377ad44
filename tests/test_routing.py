"""Who is told what, and when: quiet hours, snoozes, the chain when nobody answers, the playbook, approval by a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as example
from hypothesis import strategies as st

from pipelines import alert, approvals, hours
from pipelines.errors import ConfigError
from pipelines.playbook import Rule, lint, rule
from pipelines.settings import Settings, read
from pipelines.store import open_warehouse
from tests.listening import settings
from tests.test_alert import keys, record
from warehouse import actions, links

NIGHT = datetime(2026, 3, 14, 2, 30, tzinfo=UTC)  # a Saturday
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _own_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARSHOT_STORAGE", raising=False)
    monkeypatch.delenv(links.VARIABLE, raising=False)


def inbox(**extra: Any) -> dict[str, Any]:
    """A notifier stanza that writes into a file of its own name."""
    return {"kind": "file", **extra}


def desks(folder: Path, extra: dict[str, Any] | None = None, **stanzas: dict[str, Any]) -> Settings:
    named = {name: stanza | {"path": f"{name}.jsonl"} for name, stanza in stanzas.items()}
    return settings(folder, notifiers=named, **(extra or {}))


def told(configured: Settings, name: str) -> list[str]:
    """States that a desk was told, without the alert's id."""
    return [key.split(":", 1)[1] for key in keys(configured.storage / f"{name}.jsonl")]


def act(configured: Settings, identity: str, verb: str, value: str | None = None, *, at: datetime, actor: str = "Ana") -> None:
    actions.write(configured.storage, actions.made(identity, verb, actor, value, once=str(at), via="cli", now=at))


def why(configured: Settings, name: str) -> list[str]:
    with open_warehouse(configured) as connection:
        asked = "SELECT last_error FROM deliveries WHERE notifier = ? AND status = 'skipped' ORDER BY rowid"
        return [reason for (reason,) in connection.execute(asked, [name]).fetchall()]


# --- quiet hours -------------------------------------------------------------------------------------------------------


def test_at_night_a_watch_waits_for_the_morning_and_a_page_does_not(tmp_path: Path) -> None:
    configured = desks(
        tmp_path, desk=inbox(quiet=["22:00-07:00"]), sleeper=inbox(quiet=["22:00-07:00"], quiet_pages=True),
        elsewhere=inbox(quiet=["22:00-07:00"], timezone="Asia/Tokyo"),
    )
    record(configured, 1, [("onset", "watch", 3, NIGHT)])
    record(configured, 2, [("onset", "page", 8, NIGHT)])
    delivered = alert.run(configured, now=NIGHT)
    assert told(configured, "desk") == ["onset"] and "page" in (configured.storage / "desk.jsonl").read_text()
    assert told(configured, "sleeper") == [] and told(configured, "elsewhere") == ["onset", "onset"]  # half past eleven in Tokyo
    assert delivered == alert.Delivered(3, 0, 3)
    assert alert.run(configured, now=NIGHT + 4 * HOUR).sent == 0
    assert alert.run(configured, now=NIGHT + 5 * HOUR).sent == 3


def test_a_watch_that_becomes_a_page_at_night_is_told_from_its_beginning(tmp_path: Path) -> None:
    configured = desks(tmp_path, desk=inbox(quiet=["22:00-07:00"]))
    record(configured, 1, [("onset", "watch", 3, NIGHT)])
    assert alert.run(configured, now=NIGHT).sent == 0
    record(configured, 1, [("escalated", "page", 7, NIGHT + 15 * MINUTE)])
    alert.run(configured, now=NIGHT + 15 * MINUTE)
    assert told(configured, "desk") == ["onset", "escalated:7"]


def test_only_severities_that_a_desk_asks_for_come(tmp_path: Path) -> None:
    configured = desks(tmp_path, boss=inbox(severity=8))
    record(configured, 1, [("onset", "page", 6, NIGHT), ("escalated", "page", 8, NIGHT + 15 * MINUTE)])
    record(configured, 2, [("onset", "page", 7, NIGHT)])
    alert.run(configured, now=NIGHT + HOUR)
    assert told(configured, "boss") == ["escalated:8"]


# --- what people do ----------------------------------------------------------------------------------------------------


def test_who_is_next_in_the_chain_is_told_when_nobody_answers(tmp_path: Path) -> None:
    configured = desks(tmp_path, desk=inbox(), lead=inbox(after="15m"), director=inbox(after="45m"))
    identity = record(configured, 1, [("onset", "page", 8, NIGHT)])
    alert.run(configured, now=NIGHT)
    alert.run(configured, now=NIGHT + 14 * MINUTE)
    assert (told(configured, "desk"), told(configured, "lead")) == (["onset"], [])
    alert.run(configured, now=NIGHT + 15 * MINUTE)
    assert told(configured, "lead") == ["onset"]
    act(configured, identity, "acknowledge", at=NIGHT + 30 * MINUTE)
    alert.run(configured, now=NIGHT + 2 * HOUR)
    assert told(configured, "director") == [] and why(configured, "director") == ["not sent: Ana answered before it was due"]


def test_a_jump_in_severity_is_told_to_all_again_whoever_has_it(tmp_path: Path) -> None:
    """An acknowledgement answers what was known, and a snooze does not hide what is worse."""
    configured = desks(tmp_path, desk=inbox(), lead=inbox(after="15m"))
    identity = record(configured, 1, [("onset", "page", 5, NIGHT)])
    alert.run(configured, now=NIGHT)
    act(configured, identity, "acknowledge", at=NIGHT + MINUTE)
    act(configured, identity, "snooze", (NIGHT + 8 * HOUR).isoformat(), at=NIGHT + 2 * MINUTE)
    record(configured, 1, [("escalated", "page", 9, NIGHT + 30 * MINUTE)])
    alert.run(configured, now=NIGHT + 30 * MINUTE)
    assert told(configured, "desk") == ["onset", "escalated:9"]
    alert.run(configured, now=NIGHT + 45 * MINUTE)
    assert told(configured, "lead") == ["escalated:9"]


def test_a_snooze_holds_messages_and_the_chain_until_it_ends(tmp_path: Path) -> None:
    configured = desks(tmp_path, desk=inbox(), lead=inbox(after="15m"))
    identity = record(configured, 1, [("onset", "page", 5, NIGHT)])
    alert.run(configured, now=NIGHT)
    act(configured, identity, "snooze", (NIGHT + 2 * HOUR).isoformat(), at=NIGHT + MINUTE)
    alert.run(configured, now=NIGHT + 2 * HOUR)
    assert told(configured, "lead") == []
    alert.run(configured, now=NIGHT + 2 * HOUR + 15 * MINUTE)
    assert told(configured, "lead") == ["onset"]


def test_what_somebody_calls_a_false_alarm_is_not_told_in_the_morning(tmp_path: Path) -> None:
    configured = desks(tmp_path, desk=inbox(quiet=["22:00-07:00"]))
    identity = record(configured, 1, [("onset", "watch", 3, NIGHT), ("resolved", "watch", 3, NIGHT + 15 * MINUTE)])
    alert.run(configured, now=NIGHT + HOUR)
    act(configured, identity, "verdict", "false", at=NIGHT + 2 * HOUR)
    alert.run(configured, now=NIGHT + 6 * HOUR)
    assert told(configured, "desk") == [] and why(configured, "desk")[0] == "not sent: Ana calls it a false alarm"
    with open_warehouse(configured) as connection:
        found = connection.execute("FROM brand_verdicts").fetchall()
    assert found == [("brand-1", "watch", 1, 0)]


def test_the_last_verdict_of_an_incident_counts_once_whichever_alert_it_names(tmp_path: Path) -> None:
    configured = desks(tmp_path, desk=inbox())
    first = record(configured, 1, [("onset", "page", 6, NIGHT)], brand="acme")
    second = record(configured, 2, [("onset", "page", 6, NIGHT + 15 * MINUTE)], brand="acme")
    alert.run(configured, now=NIGHT + HOUR)
    assert told(configured, "desk") == ["onset"], "one incident, told once"
    act(configured, second, "verdict", "false", at=NIGHT + HOUR)
    act(configured, first, "verdict", "real", at=NIGHT + 2 * HOUR)
    alert.run(configured, now=NIGHT + 3 * HOUR)
    with open_warehouse(configured) as connection:
        assert connection.execute("FROM brand_verdicts").fetchall() == [("acme", "page", 0, 1)]


def test_over_before_it_was_due_is_told_to_nobody_further(tmp_path: Path) -> None:
    configured = desks(tmp_path, lead=inbox(after="4h"))
    record(configured, 1, [("onset", "page", 5, NIGHT), ("resolved", "page", 5, NIGHT + 15 * MINUTE)])
    alert.run(configured, now=NIGHT)
    alert.run(configured, now=NIGHT + 2 * HOUR)
    alert.run(configured, now=NIGHT + 9 * HOUR)
    assert told(configured, "lead") == [] and len(why(configured, "lead")) == 2


# --- the playbook ------------------------------------------------------------------------------------------------------

SHIFTS: dict[str, Any] = {"playbook": {
    "day": {"owner": "Care desk", "severities": "5-10", "when": ["mon-fri 08:00-20:00"], "text": "Answer the oldest first."},
    "rest": {"owner": "On call", "severities": "5-10", "text": "Ring the duty manager."},
}, "links": {"url": "https://earshot.example.org"}}


def test_a_message_names_owner_playbook_and_links_that_hold(tmp_path: Path) -> None:
    configured = desks(tmp_path, SHIFTS, desk=inbox(), partner=inbox(outside=True))
    identity = record(configured, 1, [("onset", "page", 8, NIGHT)])
    alert.run(configured, now=NIGHT)
    (line,) = (configured.storage / "desk.jsonl").read_text().splitlines()
    found = json.loads(line)
    assert (found["owner"], found["playbook"]) == ("On call", "Ring the duty manager.")
    (_, look), (_, acting) = found["links"]
    assert look == f"https://earshot.example.org/crisis?alert={identity}&brand=brand-1"
    claim = links.read(configured.link_secret, acting.rsplit("/", 1)[1], NIGHT + 2 * 24 * HOUR)
    assert (claim.incident_id, claim.notifier) == (identity, "desk")
    outside = json.loads((configured.storage / "partner.jsonl").read_text())
    assert not outside["links"] and not outside["owner"] and not outside["playbook"]
    act(configured, identity, "assign", "Bo", at=NIGHT + MINUTE)
    record(configured, 1, [("escalated", "page", 10, NIGHT + 15 * MINUTE)])
    alert.run(configured, now=NIGHT + 15 * MINUTE)
    assert json.loads((configured.storage / "desk.jsonl").read_text().splitlines()[1])["owner"] == "Bo"


def test_the_first_rule_that_fits_counts() -> None:
    rules = {name: Rule(**values) for name, values in SHIFTS["playbook"].items()}
    monday = datetime(2026, 3, 16, 8, tzinfo=UTC)
    assert [rule(rules, severity, monday) for severity in (4, 5)] == [None, rules["day"]]
    assert rule(rules, 10, monday + 12 * HOUR) == rules["rest"]


@pytest.mark.parametrize(("rules", "said"), [
    ({}, []),
    ({"a": Rule(owner="A", severities="8", when=["mon-sat"]), "b": Rule(owner="B", severities="9-10")},
     ["severity 8 has no owner on Sunday"]),
    ({"a": Rule(owner="A", severities="5-6"), "b": Rule(owner="B", severities="8-10")}, ["severity 7 has no owner at any time"]),
    ({"a": Rule(owner="A", severities="9-10", when=["mon-fri 08:00-20:00", "mon-fri 20:00-08:00"])},
     ["severities 9 to 10 have no owner from Saturday 08:00 to Monday 08:00"]),
])
def test_lint_names_the_hours_without_an_owner(rules: dict[str, Rule], said: list[str]) -> None:
    assert lint(rules) == said


@example(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(hours.SHORT), st.integers(0, 23), st.integers(0, 23)), max_size=4))
def test_gaps_are_the_minutes_that_nobody_covers(shifts: list[tuple[str, int, int]]) -> None:
    lines = [f"{day} {start:02d}:00-{end:02d}:30" for day, start, end in shifts]
    covered = hours.parse_all(lines)
    missing = {m % hours.WEEK for start, end in hours.gaps(covered) for m in range(start, end)}
    assert missing == {m for m in range(hours.WEEK) if not covered >> m & 1}
    assert len(missing) == sum(end - start for start, end in hours.gaps(covered))
    monday = datetime(2026, 3, 16, tzinfo=UTC)
    for minute in range(0, hours.WEEK, 307):
        assert hours.includes(covered, monday + minute * MINUTE) == (minute not in missing)


@pytest.mark.parametrize(("stanza", "said"), [
    ('[playbook.a]\nseverities = "8"\n', "[playbook.a] needs the key 'owner'"),
    ('[playbook.a]\nowner = "A"\nseverities = "8-12"\n', "a severity or a range"),
    ('[playbook.a]\nowner = "A"\nwhen = ["sundays"]\n', "[playbook.a] when"),
    ('[playbook.a]\nowner = "A"\nhours = "8-20"\n', "[playbook.a] has no key 'hours'"),
    ('[notifiers.a]\nkind = "file"\nquiet = ["22-7"]\n', "[notifiers.a] quiet"),
    ('[notifiers.a]\nkind = "file"\nafter = "soon"\n', "[notifiers.a] after"),
    ('[notifiers.a]\nkind = "file"\ntimezone = "Mars"\n', "not a time zone"),
    ('[links]\nurl = "earshot"\n', "[links] url"),
])
def test_a_mistake_names_stanza_and_key(tmp_path: Path, stanza: str, said: str) -> None:
    (tmp_path / "earshot.toml").write_text(stanza)
    with pytest.raises(ConfigError) as raised:
        read(tmp_path / "earshot.toml")
    assert said in str(raised.value) and "\n" not in str(raised.value)


# --- approval ----------------------------------------------------------------------------------------------------------

ASKING: dict[str, Any] = {"playbook": {"all": {"owner": "Ana", "approve": "15m"}}}


def test_a_message_to_outside_waits_for_a_person_and_the_record_says_who(tmp_path: Path) -> None:
    configured = desks(tmp_path, ASKING, desk=inbox(), partner=inbox(outside=True))
    identity = record(configured, 1, [("onset", "page", 8, NIGHT)])
    delivered = alert.run(configured, now=NIGHT)
    (question,) = delivered.asked
    assert (delivered.sent, delivered.pending, question.key) == (1, 1, f"{identity}:onset")
    assert "partner" in question.subject and "sent all the same" in question.body
    again = alert.run(configured, now=NIGHT + MINUTE)
    assert again == alert.Delivered(0, 0, 1), "it is asked once"
    assert approvals.answer(configured, question.key, "approve", "Bo", via="airflow", now=NIGHT + 2 * MINUTE)
    assert alert.run(configured, now=NIGHT + 3 * MINUTE).sent == 1 and told(configured, "partner") == ["onset"]
    assert audited(configured) == [("approve", "Bo", NIGHT + 2 * MINUTE, False)]


def audited(configured: Settings) -> list[tuple[Any, ...]]:
    with open_warehouse(configured) as connection:
        return connection.execute("SELECT choice, decided_by, decided_at, is_timeout FROM approvals ORDER BY asked_at").fetchall()


def test_without_an_answer_a_page_goes_out_and_a_watch_does_not(tmp_path: Path) -> None:
    configured = desks(tmp_path, ASKING, partner=inbox(outside=True))
    record(configured, 1, [("onset", "page", 8, NIGHT)])
    record(configured, 2, [("onset", "watch", 3, NIGHT), ("resolved", "watch", 3, NIGHT + MINUTE)])
    assert len(alert.run(configured, now=NIGHT).asked) == 2
    assert alert.run(configured, now=NIGHT + 14 * MINUTE).sent == 0
    assert alert.run(configured, now=NIGHT + 15 * MINUTE).sent == 1
    due = NIGHT + 15 * MINUTE
    assert sorted(audited(configured)) == [("approve", None, due, True), ("reject", None, due, True)]
    alert.run(configured, now=NIGHT + 3 * HOUR)
    assert why(configured, "partner") == [
        "not sent: rejected by nobody: the time ran out", "not sent: nobody was told that it had begun"
    ]


def test_a_rejected_message_stays_here_and_a_jump_is_asked_again(tmp_path: Path) -> None:
    configured = desks(tmp_path, ASKING, partner=inbox(outside=True))
    identity = record(configured, 1, [("onset", "page", 6, NIGHT)])
    alert.run(configured, now=NIGHT)
    approvals.answer(configured, f"{identity}:onset", "reject", "Bo", via="airflow", now=NIGHT + MINUTE)
    approvals.answer(configured, f"{identity}:onset", "approve", "Cy", via="airflow", now=NIGHT + 2 * MINUTE)  # too late
    record(configured, 1, [("escalated", "page", 9, NIGHT + 15 * MINUTE)])
    (question,) = alert.run(configured, now=NIGHT + 15 * MINUTE).asked
    assert question.key == f"{identity}:escalated:9" and why(configured, "partner") == ["not sent: rejected by Bo"]
    approvals.answer(configured, question.key, "approve", "Bo", via="airflow", now=NIGHT + 16 * MINUTE)
    record(configured, 1, [("resolved", "page", 9, NIGHT + HOUR)])
    alert.run(configured, now=NIGHT + 3 * HOUR)
    assert told(configured, "partner") == ["escalated:9", "resolved"]


# --- action files and links --------------------------------------------------------------------------------------------


def test_the_same_action_is_one_file_that_never_changes(tmp_path: Path) -> None:
    identity = "11111111-1111-5111-8111-111111111111"
    one = actions.made(identity, "acknowledge", " Ana ", None, once="k", via="page", now=NIGHT)
    again = actions.made(identity, "acknowledge", "Ana", None, once="k", via="page", now=NIGHT + HOUR)
    assert actions.write(tmp_path, one) and not actions.write(tmp_path, again)
    (found,) = actions.pending(tmp_path, ())
    assert found == one and found.acted_at == NIGHT
    assert actions.pending(tmp_path, {one.action_id}) == []
    (actions.folder(tmp_path) / "broken.json").write_text("{")
    assert actions.pending(tmp_path, ()) == [one]


@pytest.mark.parametrize(("verb", "value", "said"), [
    ("delete", None, "no action"), ("snooze", "tomorrow", "time at which it ends"), ("assign", " ", "name"),
    ("snooze", "2026-03-14T02:00:00+00:00", "ends in the future"), ("snooze", "2026-12-14T02:00:00+00:00", "at most 7 days"),
    ("verdict", "maybe", "false and real"), ("approve", "other:onset", "does not belong"), ("assign", "x" * 200, "at most 80"),
])
def test_what_is_no_action_is_refused_in_words(verb: str, value: str | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        actions.made("11111111-1111-5111-8111-111111111111", verb, "Ana", value, once="", via="page", now=NIGHT)


@example(max_examples=80, deadline=None)
@given(st.text(min_size=1, max_size=40), st.text(max_size=20), st.integers(0, 200))
def test_a_changed_link_is_none(secret: str, notifier: str, place: int) -> None:
    claim = links.Claim("11111111-1111-5111-8111-111111111111", notifier, NIGHT)
    token = links.sign(secret, claim)
    assert links.read(secret, token, NIGHT - MINUTE) == claim
    with pytest.raises(links.BadLink, match="ended"):
        links.read(secret, token, NIGHT)
    at = place % len(token)
    changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]
    for wrong in (changed, token + "A", token[:-1], "", "."):
        with pytest.raises(links.BadLink, match="not whole"):
            links.read(secret, wrong, NIGHT - MINUTE)
    with pytest.raises(links.BadLink):
        links.read(secret + "x", token, NIGHT - MINUTE)
