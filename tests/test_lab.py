"""What the Alert Lab keeps: rules over simulated crises and over history, verdicts as truth, two versions side by side; and what
an alert is told beside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines import cli, lab, publish, telling
from pipelines.backtest import Alerted
from pipelines.crises import Event
from pipelines.rules import RULES
from pipelines.settings import Settings
from pipelines.store import open_warehouse
from tests.listening import START, rhythm, spread, store
from tests.listening import settings as configured
from warehouse import similar
from warehouse.similar import Past

NOW = START + timedelta(days=9)


@pytest.fixture(autouse=True)
def _own_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARSHOT_STORAGE", raising=False)


def _ask(mine: Settings, sql: str) -> list[tuple[object, ...]]:
    with open_warehouse(mine) as connection:
        return connection.execute(sql).fetchall()


def test_every_rule_is_kept_and_a_changed_one_beside_its_last_figures(tmp_path: Path) -> None:
    quiet = configured(tmp_path, detectors={"ours": {"kind": "recurrence"}, "trial": {"kind": "recurrence", "shadow": True}})
    counts = rhythm(8, 120)
    counts[6 * 96 + 40:6 * 96 + 60] += 40
    store(quiet, spread(counts, negative=0.8))
    kept = lab.keep(quiet, now=NOW, brands=1)
    assert (kept.rules, kept.crises, kept.brands, kept.verdicts) == (2 + len(RULES), 5, 1, 0)
    roles = dict(_ask(quiet, "SELECT rule, role FROM backtests WHERE slice = 'all' AND role <> 'budget'"))
    assert roles == {"ours": "configured", "trial": "shadow"} | dict.fromkeys(RULES, "vendor")
    for data, slices in (("crises", 8), ("history", 2)):
        assert _ask(quiet, f"SELECT count(DISTINCT slice) FROM backtests WHERE data = '{data}'") == [(slices,)]
    crises = "FROM backtests WHERE data = 'crises' AND role <> 'budget'"
    sums = "sum(crisis_count), sum(found_count), sum(alert_count), sum(false_count)"
    whole, parts = (
        _ask(quiet, f"SELECT rule, {sums} {crises} AND {which} GROUP BY 1 ORDER BY 1")
        for which in ("slice = 'all'", "slice <> 'all'")
    )
    assert whole == parts, "the kinds add up to the whole"
    budgets = _ask(quiet, "SELECT page_every_days, page_count, threshold FROM backtests WHERE slice = 'all' AND data = 'crises' "
                          "AND rule = 'ours' ORDER BY 1")
    assert [row[0] for row in budgets] == [7, 14, 30, 60, 120]
    assert [row[1] for row in budgets] == sorted((row[1] for row in budgets), reverse=True), "a tighter budget pages less"
    assert _ask(quiet, "SELECT count(*) FROM backtest_alerts WHERE rule = 'ours'") == _ask(
        quiet, "SELECT sum(alert_count)::BIGINT FROM backtests WHERE data = 'history' AND slice = 'all' AND rule = 'ours'")
    lab.keep(quiet, now=NOW + timedelta(days=1), brands=1)
    assert _ask(quiet, "SELECT count(*) FROM backtests WHERE NOT is_newest") == [(0,)], "the same figures are no other version"
    changed = configured(tmp_path, detectors={"ours": {"kind": "recurrence", "page_every": "7d"}})
    lab.keep(changed, now=NOW + timedelta(days=2), brands=1)
    before = _ask(quiet, "SELECT DISTINCT rule, page_every_days FROM backtests WHERE NOT is_newest AND role = 'configured'")
    assert before == [("ours", 60)]


def test_on_history_only_verdicts_say_what_was_real() -> None:
    alerts = [
        Alerted("a", 990, 1000, 1010, 1004, 7), Alerted("a", 2000, 2001, 2010, None, 3), Alerted("b", 1500, 1501, 1505, 1501, 5),
    ]
    judged = lab.Judged(real=(Event("a", "storm", 980, 1020),), false=(Event("b", "storm", 1490, 1510),))
    found = lab._by_verdicts(alerts, "all", judged)
    assert (found.crises, len(found.delays), found.paged, found.told) == (1, 1, 1, 1)
    assert [a.brand for a in found.false] == ["b"] and found.false_pages == 1, "what nobody judged is neither"
    assert lab._by_verdicts(alerts[:1], "b", judged).crises == 0


def test_the_command_keeps_and_publishes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("earshot.toml").write_text('[brands.acme]\nname = "Acme"\n', encoding="utf-8")
    mine = Settings(path=tmp_path / "earshot.toml", brands={"acme": {"name": "Acme"}})  # type: ignore[arg-type]
    store(mine, [])
    publish.run(mine, now=NOW)
    assert cli.main(["backtest", "--keep", "--brands", "1"]) == 0
    assert "rules over 5 simulated crises and the history of 0 brands" in capsys.readouterr().out
    with duckdb.connect(str((mine.storage / "serving" / "current.duckdb").resolve()), read_only=True) as snapshot:
        assert snapshot.execute("SELECT count(*) > 50 FROM backtests").fetchall() == [(True,)]
    assert cli.main(["backtest", "--keep", "--rule", "wizikey"]) == 2
    assert "leave out the other options" in capsys.readouterr().err


def _past(number: int, brand: str = "acme", **fields: object) -> Past:
    at = datetime(2026, 1, number, tzinfo=UTC)
    known = {
        "incident_id": str(number), "brand": brand, "signal": "volume", "tier": "page", "severity": 6, "onset_at": at,
        "resolved_at": at + timedelta(hours=5), "reasons": frozenset({("topic", "delay"), ("intent", "complaint")}),
    }
    return Past(**(known | fields))  # type: ignore[arg-type]


def test_comparable_are_the_same_brand_first_then_the_most_alike_and_only_what_was_over() -> None:
    one = _past(20)
    other = frozenset({("topic", "seats")})
    known = [
        _past(1, "rival"), _past(2, reasons=frozenset({("topic", "delay"), ("topic", "seats")})), _past(3), one,
        _past(4, reasons=other, signal="negative_share"), _past(5, "rival", reasons=frozenset({("intent", "complaint")})),
        _past(6, reasons=other, severity=9), _past(7, reasons=other, severity=7), _past(19, resolved_at=None), _past(21),
    ]
    assert [p.incident_id for p in similar.comparable(one, known, count=9)] == ["3", "2", "7", "1"]
    assert similar.comparable(_past(1), known) == []
    assert similar.likeness(one, one) == 1.0


def test_the_first_mention_is_of_the_reason_and_the_most_seen_are_no_copies() -> None:
    bags = ["baggage"]
    rows = [  # minute, text, kind, sentiment, topics, engagement, reach, is_own
        (1, "where is my bag", "post", "neutral", bags, 1, None, False),
        (2, "nice weather", "post", "positive", [], 0, 9000, False),
        (3, "bags lost AGAIN", "post", "negative", bags, 5, 100, False),
        (4, "we are sorry", "post", "neutral", bags, 9, 90000, True),
        (5, "bags lost again", "post", "negative", bags, 7, 4000, False),
        (6, "RT bags", "repost", "negative", bags, 99, 99999, False),
        (7, "my case is gone", "post", "negative", bags, 800, None, False),
        (90, "later", "post", "negative", bags, 1, 1, False),
    ]
    at = datetime(2026, 1, 5, tzinfo=UTC)
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE mention_feed (mention_id UUID, brand VARCHAR, published_at TIMESTAMPTZ, text VARCHAR, kind VARCHAR, "
            "sentiment VARCHAR, topics VARCHAR[], intents VARCHAR[], engagement BIGINT, reach BIGINT, is_own BOOLEAN)"
        )
        for minute, text, kind, mood, topics, engagement, reach, own in rows:
            identity = f"00000000-0000-4000-8000-{minute:012d}"
            values = [identity, "acme", at + timedelta(minutes=minute), text, kind, mood, topics, [], engagement, reach, own]
            connection.execute(f"INSERT INTO mention_feed VALUES ({', '.join('?' * 11)})", values)
        where = "acme", at, at + timedelta(hours=1)
        drivers = [
            {"kind": "intent", "name": "praise", "excess": 99.0}, {"kind": "topic", "name": "other", "excess": 50.0},
            {"kind": "topic", "name": "baggage", "excess": 4.0},
        ]
        first = telling.first(connection, where, drivers)
        assert first and int(first[-12:]) == 3, "the first negative one"
        assert [int(identity[-12:]) for identity in telling.exposed(connection, where)] == [2, 5, 7]
        assert telling.first(connection, where, []) is None
        term = telling.first(connection, where, [{"kind": "term", "name": "nice weather", "excess": 1.0}])
        assert term and int(term[-12:]) == 2
