"""Sentiment by brand: what a text says about one of its brands is not what it says about the other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import base, clauses
from models.base import Scores
from models.brands import BrandMatcher, Found
from models.entities import parsed
from models.evaluation import targets as evaluation
from models.lexicon import Lexicon
from models.relations import BETTER, WORSE
from models.targets import Targets

MATCHER = evaluation.matcher()


def told(text: str, matcher: BrandMatcher = MATCHER) -> dict[str, list[tuple[str, bool]]]:
    """What a text says about each brand, (part, turned)."""
    masked, keys = clauses.masked(text, matcher.find(text))
    found = clauses.parts(masked, len(keys), next(iter(parsed([clauses.readable(masked)]))))
    return {keys[brand]: [(part.text, part.turned) for part in said] for brand, said in found.items()}


UP, DOWN = [(BETTER.text, False)], [(WORSE.text, False)]


@pytest.mark.parametrize(
    ("text", "better", "worse"),
    [
        ("@skyjet is so much better than @airnova", "skyjet", "airnova"),
        ("switched from Telvo to Zonic", "zonic", "telvo"),
        ("Left Telvo for Zonic", "zonic", "telvo"),
        ("So glad I chose Telvo instead of Zonic", "telvo", "zonic"),
        ("Biggest mistake ever was leaving Telvo for Zonic", "telvo", "zonic"),
        ("Zonic > Telvo", "zonic", "telvo"),
        ("I prefer Bankora to PayWise", "bankora", "paywise"),
        ("AirNova isn't nearly as good as SkyJet", "skyjet", "airnova"),
        ("AirNova isn't as bad as SkyJet", "airnova", "skyjet"),
        ("@telvo why can't you be more like @zonic", "zonic", "telvo"),
        ("@airnova take notes from @skyjet", "skyjet", "airnova"),
        ("Goodbye @bankora, hello @paywise!", "paywise", "bankora"),
        ("SkyJet's lounge puts AirNova's to shame", "skyjet", "airnova"),
        # a negation that is about something else, or about nothing
        ("Can't wait to switch from Telvo to Zonic", "zonic", "telvo"),
        ("No regrets switching from Telvo to Zonic", "zonic", "telvo"),
        ("I don’t regret leaving Telvo for Zonic", "zonic", "telvo"),
        ("Never been happier since switching from Telvo to Zonic", "zonic", "telvo"),
        ("If you don't fix this I'm moving from Telvo to Zonic", "zonic", "telvo"),
        ("Never again. Switched from Telvo to Zonic", "zonic", "telvo"),
        ("Why not switch from Telvo to Zonic", "zonic", "telvo"),
        ("Should never have left Zonic for Telvo", "zonic", "telvo"),
        ("@telvo you don't care like @zonic does", "zonic", "telvo"),
        ("I can't believe Zonic beats Telvo", "zonic", "telvo"),
    ],
)
def test_relations_are_statements_about_each(text: str, better: str, worse: str) -> None:
    found = told(text)
    assert found[better] == UP and found[worse] == DOWN


@pytest.mark.parametrize(
    "text",
    [
        "I will never leave Telvo for Zonic.", "I would never choose SkyJet over Telvo",
        "I would not recommend SkyJet over Telvo",
        "Don’t switch from Telvo to Zonic, worst decision", "No way I'm going back to Zonic from Telvo",
        "dont leave Telvo for Zonic", "I don't think you should switch from Telvo to Zonic", "SkyJet will never beat AirNova",
        "You should have never chosen Telvo instead of Zonic", "There is no reason to switch from Telvo to Zonic",
    ],
)
def test_a_negated_relation_favours_no_side(text: str) -> None:
    """The sentiment of the whole text stands: "never leave A for B" is no praise of B."""
    assert told(text) == {}


def test_clauses_go_to_the_brand_they_name() -> None:
    found = told("SkyJet lost my bag but AirNova rebooked me at once")
    assert found == {"skyjet": [("this brand lost my bag", False)], "airnova": [("but this brand rebooked me at once", False)]}
    found = told("@telvo your support is a joke. My wife is with Zonic and they are lovely. Fix your lines!")
    assert [text for text, _ in found["telvo"]] == ["this brand your support is a joke.", "Fix your lines!"]
    assert [text for text, _ in found["zonic"]] == ["My wife is with this brand and they are lovely."]


def test_unlike_says_the_opposite_of_the_other() -> None:
    found = told("Unlike Zonic, Telvo answers the phone")
    assert found["telvo"] == [(found["zonic"][0][0], False)] and found["zonic"][0][1] is True


@pytest.mark.parametrize(
    "text",
    [
        "@skyjet @airnova both of you are a disgrace", "Big thanks to @telvo and @zonic!", "Is Telvo better than Zonic?",
        "@skyjet @airnova my bags are lost and nobody helps", "PayWise at Shopwell", "Telvo Zonic",
    ],
)
def test_what_is_said_about_all_is_not_told_apart(text: str) -> None:
    assert told(text) == {}


class Counting:
    """The lexicon, which remembers what it was asked."""

    name, version = "counting", "1"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def score(self, texts: Sequence[str], hints: Sequence[str | None] | None = None) -> Scores:
        self.asked.append(list(texts))
        return Lexicon().score(texts, hints)


def test_texts_of_one_brand_cost_nothing_and_the_others_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Counting()
    alone = ["@skyjet is great, @skyjet is awful", "nobody", ""]
    with monkeypatch.context() as patched:
        patched.setattr("models.entities._pipeline", lambda _: pytest.fail("the parser was loaded"))
        assert Targets(model).score(alone, MATCHER.places(alone)) == [None, None, None]
    assert not model.asked
    contrasts = ["SkyJet is terrible but AirNova is wonderful", "love SkyJet and AirNova", "Telvo is awful, while Zonic is great"]
    several = [*alone, *contrasts]
    found = Targets(model).score(several, MATCHER.places(several))
    assert [feelings is not None for feelings in found] == [False, False, False, True, False, True]
    assert len(model.asked) == 1 and len(model.asked[0]) == 4
    assert found[3] is not None and found[5] is not None
    assert {key: f.sentiment for key, f in found[3].items()} == {"skyjet": "negative", "airnova": "positive"}
    assert {key: f.sentiment for key, f in found[5].items()} == {"telvo": "negative", "zonic": "positive"}


def test_the_opposite_has_the_opposite_chances() -> None:
    text = "Unlike Zonic, Telvo is wonderful"
    found = Targets(Lexicon()).score([text], MATCHER.places([text]))[0]
    assert found is not None
    assert found["zonic"].chances == tuple(reversed(found["telvo"].chances))
    assert (found["zonic"].sentiment, found["telvo"].sentiment) == ("negative", "positive")


def test_a_list_of_many_brands_is_left_whole() -> None:
    text = "SkyJet is bad, AirNova is bad, Telvo is bad, Zonic is bad, Bankora is bad, PayWise is good, Shopwell is bad"
    assert Targets(Lexicon()).score([text], MATCHER.places([text])) == [None]


WORDS = ["SkyJet", "@airnova", "Toyota", "«0»", "than", "better", "but", ",", ".", "not", "you", "instead", "\n", "İ", "😡", "’"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(WORDS)))
def test_any_text_has_parts_of_brands_it_names(words: list[str]) -> None:
    text = " ".join(words)
    found = told(text)
    assert set(found) <= {place.key for place in MATCHER.find(text)}
    assert all("«" not in part and "»" not in part for said in found.values() for part, _ in said)


def test_places_out_of_order_and_within_one_another_are_fine() -> None:
    places = [Found("b", 5, 8), Found("a", 0, 4), Found("c", 6, 7)]
    assert clauses.masked("@one two", places) == ("@«0» «1»", ["a", "b"])


def test_the_cases_are_what_they_say() -> None:
    rows = [*evaluation.cases("tuned"), *evaluation.cases("held")]
    assert len(rows) >= 100 and len({row["text"] for row in rows}) == len(rows)
    for row in rows:
        named = {place.key for place in MATCHER.find(row["text"])}
        assert set(row["sentiments"]) <= named and len(named) > 1
        assert set(row["sentiments"].values()) <= set(base.SENTIMENTS)


@pytest.mark.slow
def test_it_beats_one_sentiment_for_all_brands() -> None:
    """On texts that the rules were not made with: more brands right than by copying, beyond chance."""
    from models.encoder import load

    encoder = load()
    apart, copied = evaluation.measure(encoder), evaluation.measure(encoder, copied=True)
    assert apart.n == copied.n >= 60
    assert apart.value >= copied.value + 0.1 and apart.low > copied.value
    rows = evaluation.cases()
    whole = [
        sum(found == row["sentiments"] for row, found in zip(rows, evaluation.given(encoder, rows, copied=copied), strict=True))
        for copied in (False, True)
    ]
    assert whole[0] >= 1.5 * whole[1]  # texts of which every brand is right
