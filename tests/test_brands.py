"""Which brands a text names: names that are words count only where they are names."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.brands import BrandMatcher
from models.entities import Entities
from pipelines.records import Brand

BRANDS = (
    Brand(key="united", name="United", handles=("united",), aliases=("United Airlines",)),
    Brand(key="delta", name="Delta", handles=("@delta", "DeltaAssist"), aliases=("Delta Air Lines",)),
    Brand(key="us_airways", name="US Airways", handles=("USAirways",)),
    Brand(key="jetblue", name="JetBlue", handles=("JetBlue",)),
    Brand(key="target", name="Target", handles=("Target",), exclude=("target fixation",)),
    Brand(key="acme", name="Acme", exclude=("acme of perfection",)),
)
MATCHER = BrandMatcher(BRANDS)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        # a word that is a name
        ("United flight", ["united"]), ("my united flight is late", ["united"]), ("I hate United.", ["united"]),
        ("flying delta today", ["delta"]),
        ("Delta's crew was great", ["delta"]), ("Worst airline: United", ["united"]),
        ("I bought it at Target yesterday", ["target"]),
        # a word that is a word
        ("the united front", []), ("we stand united", []), ("united states", []), ("United States of America", []),
        ("Manchester United", []),
        ("Leeds United won again", []), ("Delta variant", []), ("delta", []), ("the target was missed", []),
        ("#deltavariant", []),
        ("target fixation is real, Target fixation", []),
        # handles and hashtags
        ("@united", ["united"]), ("@UNITED why", ["united"]), ("@unitedway thanks", []), ("me@delta.com", []),
        ("#united", ["united"]),
        ("#UnitedAirlines fail", ["united"]), ("#jetbluefail", ["jetblue"]), ("@DeltaAssist help", ["delta"]),
        ("(@united)", ["united"]),
        # names that are nothing else
        ("jetblue", ["jetblue"]), ("JETBLUE'S planes", ["jetblue"]), ("us airways", ["us_airways"]),
        ("USAirways", ["us_airways"]),
        ("united-airlines", ["united"]), ("notjetblue", []), ("united.com", []), ("https://x.y/jetblue", []),
        ("İ love JetBlue", ["jetblue"]),
        ("Acme is the acme of perfection", []), ("I trust Acme now", ["acme"]),
        # several
        ("@JetBlue beats @Delta and JetBlue", ["jetblue", "delta"]), ("", []),
    ],
)
def test_matching(text: str, keys: list[str]) -> None:
    assert list(MATCHER.match([text])[0]) == keys


def test_places_are_where_the_names_stand() -> None:
    text = "Dear @united, Delta flights and United Airlines"
    found = [(place.key, text[place.start : place.end]) for place in MATCHER.find(text)]
    assert found == [("united", "@united"), ("delta", "Delta"), ("united", "United Airlines")]


class _Yes:
    """A resolver that agrees with everything and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def is_organisation(self, places: Sequence[tuple[str, int, int]]) -> list[bool]:
        self.asked += [text[start:end] for text, start, end in places]
        return [True] * len(places)


def test_only_doubtful_places_are_asked_about() -> None:
    resolver = _Yes()
    matcher = BrandMatcher(BRANDS, resolver)
    texts = ["Delta", "@delta", "jetblue", "united states", "the united front", "WHY IS UNITED SO BAD"]
    assert matcher.match(texts) == [("delta",), ("delta",), ("jetblue",), (), (), ("united",)]
    assert resolver.asked == ["Delta", "UNITED"]
    assert matcher.match(["Delta", "Delta"], ["de", None]) == [(), ("delta",)]  # the resolver reads English only


@pytest.mark.slow
def test_spacy_decides_what_the_rules_leave_open() -> None:
    matcher = BrandMatcher(BRANDS, Entities())
    texts = ["Delta announced new routes to Paris today.", "Target the right people first.", "United Arab officials met today."]
    assert matcher.match(texts) == [("delta",), (), ()]


@given(st.text(st.sampled_from("uniteddelta @#.'\nİßUD\ud800😡-/"), max_size=60))
def test_any_text_has_places_inside_it(text: str) -> None:
    for place in MATCHER.find(text):
        assert 0 <= place.start < place.end <= len(text)
    assert set(MATCHER.match([text])[0]) == {p.key for p in MATCHER.find(text)}


def test_many_brands_take_the_same_decisions() -> None:
    """Above 80 names another search is used; it must not change an answer."""
    many = BrandMatcher((*BRANDS, *(Brand(key=f"b{i}", name=f"Brandname{i}") for i in range(120))))
    texts = ["United flight", "the united front", "jetblue", "Brandname7 rocks", "nothing here", "@delta #united"]
    assert many.match(texts) == [("united",), (), ("jetblue",), ("b7",), (), ("delta", "united")]
