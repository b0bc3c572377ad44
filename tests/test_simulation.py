"""The made-up world: its rhythm, its storm, its care teams, and labels that agree with what is written."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from pipelines.records import INTENTS, Mention, Window
from pipelines.simulation import emit, people
from pipelines.simulation.export import write_jsonl
from pipelines.simulation.facts import Facts, words
from pipelines.simulation.grammar import Phrases, phrases, render
from pipelines.simulation.truth import Label, label, labelled, truth, truths
from pipelines.simulation.vocabulary import LANGUAGES, TOPICS
from pipelines.simulation.world import AIRLINES, default

WORLD = default(30_000)
ONSET = truth(WORLD).onset_at
Pair = tuple[Mention, Label]


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return list(labelled(WORLD))


def voices(pairs: list[Pair], brand: str = "kestravia") -> list[Pair]:
    """What people say about the brand, once each."""
    return [(m, one) for m, one in pairs if one.brand == brand and not m.is_own and one.role not in ("edit", "delete")]


def negative_share(pairs: list[Pair]) -> float:
    told = [one for _, one in pairs if one.sentiment != "unknown"]
    return sum(one.sentiment == "negative" for one in told) / len(told)


def at(m: Mention) -> datetime:
    assert m.published_at is not None
    return m.published_at


def test_the_storm_begins_on_the_last_morning_and_lasts() -> None:
    storm = truth(WORLD)
    assert (storm.event, storm.brand, storm.is_crisis) == ("storm", "kestravia", True)
    assert storm.onset_at == datetime(2026, 2, 13, 9, 40, tzinfo=UTC) and storm.ends_at == WORLD.end
    assert storm.crisis_minutes() == 14 * 60 + 20
    assert "storm" in storm.reason and storm.delay(storm.onset_at + timedelta(minutes=20)) == timedelta(minutes=20)
    assert [t.event for t in truths(WORLD) if t.is_crisis] == ["storm"]


def test_volume_rises_sixfold_and_more_within_two_hours_of_the_onset(pairs: list[Pair]) -> None:
    mine = voices(pairs)
    before = [
        sum(
            1
            for m, _ in mine
            if ONSET - timedelta(weeks=w) + timedelta(hours=2) <= at(m) < ONSET - timedelta(weeks=w) + timedelta(hours=8)
        )
        for w in (1, 2, 3)
    ]
    after = sum(1 for m, _ in mine if ONSET + timedelta(hours=2) <= at(m) < ONSET + timedelta(hours=8))
    assert 6 <= after / (sum(before) / 3) <= 12
    quiet = sum(1 for m, _ in mine if ONSET - timedelta(hours=2) <= at(m) < ONSET)
    soon = sum(1 for m, _ in mine if ONSET + timedelta(hours=1) <= at(m) < ONSET + timedelta(hours=3))
    assert soon > 4 * quiet
    last = sum(1 for m, _ in mine if at(m) >= WORLD.end - timedelta(hours=2))
    assert last > 5 * sum(1 for m, _ in mine if timedelta(0) < WORLD.end - timedelta(days=7) - at(m) < timedelta(hours=2))


def test_negative_share_of_the_storm(pairs: list[Pair]) -> None:
    mine = voices(pairs)
    storm = negative_share([p for p in mine if at(p[0]) >= ONSET])
    usual = negative_share([p for p in mine if at(p[0]) < ONSET])
    assert 0.75 <= storm <= 0.85
    assert 0.30 <= usual <= 0.45
    begun = [p for p in mine if p[1].is_crisis and p[1].role == "root"]
    assert negative_share(begun) == pytest.approx(truth(WORLD).negative_share, abs=0.04)


def test_crisis_labels_are_the_storms_alone(pairs: list[Pair]) -> None:
    crisis = [(m, one) for m, one in pairs if one.is_crisis]
    assert {one.brand for _, one in crisis} == {"kestravia"}
    assert all(at(m) >= ONSET for m, _ in crisis)
    topics = Counter(one.topic for _, one in crisis if one.role == "root" and one.topic)
    assert {t for t, _ in topics.most_common(4)} <= {"cancellation", "stranded", "delay", "rebooking", "phone_hold"}


def test_reposts_grow_and_answers_fail_in_the_storm(pairs: list[Pair]) -> None:
    mine = [(m, one) for m, one in pairs if one.brand == "kestravia"]
    answered = {m.in_reply_to: at(m) for m, one in mine if one.role == "agent"}
    stormy: dict[bool, list[Mention]] = {False: [], True: []}
    for m, one in mine:
        if one.role == "root" and "needs_response" in one.intents:
            stormy[at(m) >= ONSET].append(m)
    waits = {k: [answered[m.native_id] - at(m) for m in v if m.native_id in answered] for k, v in stormy.items()}
    assert 0.5 < len(waits[False]) / len(stormy[False]) < 0.85
    assert len(waits[True]) / len(stormy[True]) < 0.3
    assert median(waits[True]) > 1.8 * median(waits[False])
    share = {
        k: sum(one.role == "repost" for m, one in mine if (at(m) >= ONSET) == k)
        / sum(one.role == "root" for m, one in mine if (at(m) >= ONSET) == k)
        for k in (False, True)
    }
    assert share[True] > 2 * share[False]


def test_good_news_and_a_rivals_outage_are_no_crisis(pairs: list[Pair]) -> None:
    named = {t.event: t for t in truths(WORLD)}
    launch, outage = named["campaign"], named["outage"]
    assert launch.brand == "kestravia" and timedelta(days=7) <= launch.onset_at - WORLD.start < timedelta(days=14)
    assert outage.brand == "peppijet" and timedelta(days=14) <= outage.onset_at - WORLD.start < timedelta(days=21)
    day = [p for p in voices(pairs) if launch.onset_at <= at(p[0]) < launch.onset_at + timedelta(hours=8)]
    week = [
        p for p in voices(pairs) if launch.onset_at + timedelta(days=7) <= at(p[0]) < launch.onset_at + timedelta(days=7, hours=8)
    ]
    assert len(day) > 1.5 * len(week) and negative_share(day) < 0.3
    down = [p for p in voices(pairs, "peppijet") if outage.onset_at <= at(p[0]) < outage.onset_at + timedelta(hours=4)]
    assert negative_share(down) > 0.6


def test_days_and_weeks_have_their_rhythm(pairs: list[Pair]) -> None:
    usual = [at(m) for m, one in pairs if one.role == "root" and not one.episode]
    by_hour = Counter(t.hour for t in usual)
    assert min(by_hour[h] for h in range(8, 21)) > 2 * max(by_hour[h] for h in range(1, 5))
    by_day = Counter(t.weekday() for t in usual)
    assert by_day[4] > 1.2 * by_day[5], "Fridays are loud, Saturdays quiet"


def test_nights_and_weekends_wait_longer(pairs: list[Pair]) -> None:
    roots = {m.native_id: at(m) for m, one in pairs if one.role == "root" and one.brand == "kestravia" and at(m) < ONSET}
    waits = defaultdict(list)
    for m, one in pairs:
        if one.role == "agent" and m.in_reply_to in roots:
            asked = roots[m.in_reply_to]
            waits["night" if asked.hour in (22, 23, 0, 1, 2, 3) else "day"].append((at(m) - asked).total_seconds())
    assert median(waits["night"]) > 3 * median(waits["day"])


def test_answers_win_people_back_and_automatic_ones_are_marked(pairs: list[Pair]) -> None:
    roots = {m.native_id: (m, one) for m, one in pairs if one.role == "root"}
    ends: dict[str, tuple[Mention, Label]] = {}
    for m, one in sorted((p for p in pairs if p[1].role in ("follow", "close")), key=lambda p: at(p[0])):
        assert m.in_reply_to is not None and m.author_id == roots[m.in_reply_to][0].author_id
        ends[m.in_reply_to] = (m, one)
    recovered = [k for k, (_, one) in ends.items() if one.sentiment == "positive" and roots[k][1].sentiment == "negative"]
    lost = [k for k, (_, one) in ends.items() if one.sentiment == "negative" and roots[k][1].sentiment == "negative"]
    assert len(recovered) > len(lost) > 50
    assert all(m.is_automatic == (one.role == "auto") for m, one in pairs)


def test_some_authors_recommend_and_some_warn_again_and_again(pairs: list[Pair]) -> None:
    told: dict[str | None, Counter[str]] = defaultdict(Counter)
    for m, one in pairs:
        if one.role == "root":
            told[m.author_id].update(one.intents)
    assert sum(c["recommendation"] >= 2 for c in told.values()) > 20
    assert sum(c["warning"] + c["churn_risk"] >= 2 for c in told.values()) > 20


def test_labels_are_well_formed_and_found_by_id(pairs: list[Pair]) -> None:
    for _, one in pairs:
        assert set(one.intents) <= set(INTENTS) and one.sentiment in ("negative", "neutral", "positive", "unknown")
        assert one.topic is None or one.topic in TOPICS
        assert one.language in LANGUAGES
    for m, one in itertools.islice(pairs, 0, None, 199):
        if one.role not in ("edit", "delete"):
            assert label(WORLD, m.native_id) == one
    assert label(WORLD, "ig_ffffffffffffff") is None and label(WORLD, "what?") is None


def test_images_without_text_are_unknown_not_neutral(pairs: list[Pair]) -> None:
    empty = [(m, one) for m, one in pairs if not m.text and not m.deleted_at]
    assert len(empty) > 100
    assert all(m.media and one.sentiment == "unknown" and one.intents == () for m, one in empty)


def test_words_agree_with_labels(pairs: list[Pair]) -> None:
    """A coarse check by a few unmistakable words, as a wrong label would spoil every evaluation made with it."""
    english = [(m.text.lower(), one) for m, one in pairs if one.role == "root" and one.language == "en"]
    for word, topic in (
        ("suitcase", "baggage"),
        ("refund", "refund"),
        ("wifi", "connectivity"),
        ("legroom", "seat"),
        ("hold", "phone_hold"),
    ):
        said = [one for text, one in english if word in text and one.sentiment == "negative" and not one.episode]
        assert sum(one.topic == topic for one in said) / len(said) > 0.55, word
    assert all("churn_risk" in one.intents for text, one in english if "last time i fly" in text)
    assert all("recommendation" in one.intents for text, one in english if "highly recommended" in text)


def test_reposts_repeat_and_near_copies_nearly_repeat(pairs: list[Pair]) -> None:
    roots = {m.text for m, one in pairs if one.role == "root"}
    reposts = [m for m, one in pairs if one.role == "repost"]
    assert all(m.kind == "repost" and m.text.split(": ", 1)[1] in roots for m in reposts)
    copies = [m.text for m, one in pairs if one.role == "copy"]
    assert len(copies) > 100 and not set(copies) & roots


def test_two_hundred_thousand_of_three_hundred_thousand_texts_are_distinct() -> None:
    """Measured at a fifth of that, over days without the storm; what customers begin is nearly always new."""
    world = default(300_000)
    window = Window(world.start, world.start + timedelta(days=5))
    everything: list[str] = []
    begun: list[str] = []
    for m, one in emit.pairs(world, window):
        if m.text:
            everything.append(m.text)
            if one.role == "root":
                begun.append(m.text)
    assert len(everything) > 40_000
    assert len(set(everything)) / len(everything) > 0.75
    assert len(set(begun)) / len(begun) > 0.94


def test_memory_stays_flat_as_an_hour_is_made(tmp_path: Path) -> None:
    """Ten million mentions: an hour comes piece by piece, from two days of arrays before it."""
    import tracemalloc

    world = default(10_000_000)
    begin = world.start + timedelta(days=20, hours=12)
    tracemalloc.start()
    count = sum(1 for _ in itertools.islice(emit.mentions(world, Window(begin, begin + timedelta(minutes=5))), 3000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count > 1000
    assert peak < 300e6


@pytest.mark.parametrize("mentions", [1, 250, 4000])
def test_file_has_exactly_the_rows_asked_for_and_the_storm(tmp_path: Path, mentions: int) -> None:
    path = tmp_path / "mentions.jsonl"
    assert write_jsonl(path, mentions, seed=3) == mentions
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == mentions
    assert {"id", "text", "created_at", "author", "channel"} <= set(rows[0])
    if mentions == 4000:
        assert sum(r["created_at"] >= ONSET.isoformat() and r.get("brand") == "kestravia" for r in rows) > 200
        assert any("in_reply_to" in r for r in rows) and any("deleted_at" in r for r in rows)


NEEDED = words(
    """
    neg, neu, pos, neg.delay, neg.cancellation, neg.baggage, neg.refund, lead.neg, lead.neu, lead.pos, detail.neg,
    detail.neu, detail.pos, ask, ask.them, churn, warning, urgent, storm.urgent, reference, personal, recommend, purchase,
    suggestion, chatter, title.neg, title.neu, title.pos, tag.neg, tag.pos, named, storm.neg, storm.neu, campaign.pos,
    campaign.neu, outage.neg, outage.neu, agent.greet, agent.greet.neg, agent.neg, agent.neu, agent.pos, agent.image,
    agent.sign, storm.agent.neg, agent2, auto, storm.auto, chase, follow.thanks, follow.details, follow.angry,
    follow.pleased, close.thanks, close.angry, copy, edit
    """
)
ONLY_BY_TOPIC_IN_ENGLISH = {"storm.neg", "storm.neu", "campaign.neg", "outage.neg"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_what_can_be_asked_of_it(language: str) -> None:
    book = phrases(language)
    for section in NEEDED:
        if language == "en" and section in ONLY_BY_TOPIC_IN_ENGLISH:
            continue
        assert book.has(section), f"{language} lacks {section}"
    for name in book.names():
        for template in book.tree(name):
            out: list[str] = []
            numbers = itertools.cycle([3, 0, 1, 2, 5, 4])
            render(template, numbers.__next__, Facts(12345, 0, True, language == "en"), out.append)
            assert not set("".join(out)) & set("[]{}<>|"), f"{language} {name}: {''.join(out)}"


def test_an_unbalanced_template_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"without \]"):
        Phrases("# a\none [two|three").tree("a")


def test_user_names_belong_to_one_author_each() -> None:
    assert len({people.handle(n) for n in range(50_000)}) == 50_000


def test_airlines_have_different_hubs_and_one_is_ours() -> None:
    assert sum(not a.is_competitor for a in AIRLINES) == 1
    assert len({a.name for a in AIRLINES}) == len({a.code for a in AIRLINES}) == 4
