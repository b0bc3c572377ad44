"""Answers of a survey and mentions of a sample count as many as they stand for, from the file to what detection watches."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pipelines import aggregate, collect, load
from pipelines.settings import Settings
from pipelines.store import warehouse_path
from warehouse import connection as backend

ANSWERS = """id,date,text,brand,weight
1,2026-01-05T09:00:00Z,JetBlue was late again,jetblue,2.4
2,2026-01-05T09:01:00Z,JetBlue crew was kind,jetblue,0.6
3,2026-01-05T09:02:00Z,JetBlue app is broken,jetblue,
4,2026-01-05T09:03:00Z,JetBlue food is fine,jetblue,many
5,2026-01-05T09:04:00Z,JetBlue seats are narrow,jetblue,-1
"""


def test_weights_of_a_survey_reach_the_counts_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"brands": {"jetblue": {"name": "JetBlue"}}, "path": tmp_path / "earshot.toml", "folder": tmp_path / "store"}
    )
    (tmp_path / "survey.csv").write_text(ANSWERS, encoding="utf-8")
    now = datetime(2026, 2, 1, tzinfo=UTC)
    landed = collect.run_file(settings, tmp_path / "survey.csv", None, now=now)
    assert (landed.mentions, landed.rejected) == (3, 2)
    for key in landed.window_keys:
        load.run(settings, landed.source, key, now=now)
    aggregate.run(settings, now=now)
    with backend.open(warehouse_path(settings), read_only=True) as connection:
        assert connection.execute("SELECT weight FROM mentions ORDER BY native_id").fetchall() == [(2.4,), (0.6,), (None,)]
        reasons = connection.execute("SELECT reason FROM quarantine ORDER BY line").fetchall()
    assert reasons == [(f"weight is {value!r}, which is no number of 0 or more",) for value in ("many", "-1")]
