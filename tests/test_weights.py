"""Answers of a survey and mentions of a sample count as many as they stand for, from the file to what detection watches."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from pipelines import aggregate, collect, enrich, load
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


def counts(folder: Path, answers: str) -> tuple[int, ...]:
    """Mentions, authors, copies and original authors of the only quarter-hour of a file; its checks pass."""
    settings = Settings.model_validate({"brands": {"jetblue": {"name": "JetBlue"}}, "path": folder / "earshot.toml"})
    (folder / "survey.csv").write_text(answers, encoding="utf-8")
    now = datetime(2026, 2, 1, tzinfo=UTC)
    landed = collect.run_file(settings, folder / "survey.csv", None, now=now)
    for key in landed.window_keys:
        enrich.run(settings, landed.source, key, now=now, model="lexicon")
        load.run(settings, landed.source, key, now=now)
    aggregate.run(settings, now=now)
    with backend.open(warehouse_path(settings), read_only=True) as connection:
        columns = "mention_count, author_count, copy_count, original_author_count"
        found: list[tuple[int, ...]] = connection.execute(f"SELECT {columns} FROM brand_15min").fetchall()
    assert len(found) == 1
    return found[0]


@given(st.lists(
    st.tuples(
        st.sampled_from(["0.5", "0.6", "1.5", "2.5", "10", ""]), st.sampled_from("abc"),
        st.sampled_from(["JetBlue was awful and late", "JetBlue was lovely and kind", "JetBlue flew from Boston to Rome"]),
    ), min_size=1, max_size=9,
))
@example([("1.5", "a", "JetBlue was awful and late"), ("1.5", "b", "JetBlue flew from Boston to Rome")])
@rules(max_examples=6, deadline=None)
def test_counts_of_any_weights_add_up_as_far_as_rounding_lets_them(answers: list[tuple[str, str, str]]) -> None:
    rows = [f"{n},2026-01-05T09:{n:02d}:00Z,{text},jetblue,{who},{weight}" for n, (weight, who, text) in enumerate(answers)]
    with TemporaryDirectory() as folder:
        counts(Path(folder), "\n".join(["id,date,text,brand,author,weight", *rows]) + "\n")


def test_the_weight_of_a_copy_makes_no_original_authors(tmp_path: Path) -> None:
    text = "JetBlue lost my bag again and nobody helps"
    rows = [f"1,2026-01-05T09:00:00Z,{text},jetblue,ann,1", f"2,2026-01-05T09:01:00Z,{text},jetblue,bob,10"]
    assert counts(tmp_path, "\n".join(["id,date,text,brand,author,weight", *rows]) + "\n") == (11, 11, 10, 1)


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
