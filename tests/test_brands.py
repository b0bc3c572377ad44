"""Which brands a text names: names that are words count only where they are names."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.brands import BrandMatcher, is_ordinary
from models.entities import Entities
from pipelines.query.brands import expression_of
from pipelines.query.matching import matches
from pipelines.records import Brand, Query

BRANDS = (
    Brand(key="united", name="United", handles=("united",), aliases=("United Airlines",)),
    Brand(key="delta", name="Delta", handles=("@delta", "DeltaAssist"), aliases=("Delta Air Lines",)),
    Brand(key="us_airways", name="US Airways", handles=("USAirways", "us@air.social")),
    Brand(key="jetblue", name="JetBlue", handles=("JetBlue", "jetblue.com")),
    Brand(key="target", name="Target", handles=("Target",), exclude=("target fixation",)),
    Brand(key="mcd", name="McDonald's"), Brand(key="ben", name="Ben & Jerry’s"), Brand(key="citroen", name="Citroën"),
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
        # as it is typed
        ("McDonald’s was awful", ["mcd"]), ("McDonald's", ["mcd"]), ("Ben & Jerry’s", ["ben"]),
        ("us\u00a0airways", ["us_airways"]),
        ("US\nAirways", ["us_airways"]), ("US \r\n Airways", ["us_airways"]), ("united\tstates", []),
        ("Us  Airways", ["us_airways"]),
        ("Citroen is awful", ["citroen"]), ("CITROËN", ["citroen"]), ("Citroe\u0308n", ["citroen"]), ("#citroën", ["citroen"]),
        ("the Citroënesque", []),
        # joined by a sign, and links
        ("JetBlue/US Airways merger", ["jetblue", "us_airways"]), ("JetBlue-US Airways merger", ["jetblue", "us_airways"]),
        ("the JetBlue/Delta desk", ["jetblue", "delta"]), ("jetblue-owned", ["jetblue"]), ("-JetBlue rocks", ["jetblue"]),
        ("Thanks JetBlue.You rock", ["jetblue"]), ("Thanks.JetBlue rocks", ["jetblue"]), ("late.jetblue", []),
        ("jetblue.net", []),
        ("see www.jetblue.net/x", []), ("jetblue-deals.com!", []), ("x.com/JetBlue-x", []), ("HTTPS://X.Y/A-JETBLUE", []),
        ("/home/JetBlue/x", []), ("Delta-8 gummies", []), ("the United-Nations", []), ("a Delta-v burn", []),
        ("@jetblue.com lost my bag", ["jetblue"]), ("@jetblue.com.", ["jetblue"]), ("@united.airlines", ["united"]),
        ("@us@air.social", ["us_airways"]), ("@us@other.social", []),
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
    text = "Garc\u0327on  : US \n Airways…\u00a0  @jetblue.com. Citroe\u0308n\u0301!"
    found = [(place.key, text[place.start : place.end]) for place in MATCHER.find(text)]
    assert found == [("us_airways", "US \n Airways"), ("jetblue", "@jetblue.com"), ("citroen", "Citroe\u0308n\u0301")]


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


@given(st.text(st.sampled_from("uniteddelta @#.'\nİßUD\ud800😡-/\u00a0\u0301é’"), max_size=60))
def test_any_text_has_places_inside_it(text: str) -> None:
    for place in MATCHER.find(text):
        assert 0 <= place.start < place.end <= len(text)
    assert set(MATCHER.match([text])[0]) == {p.key for p in MATCHER.find(text)}


def names(brand: Brand) -> list[str]:
    return [brand.name, *brand.aliases, *(f"@{handle.lstrip('@')}" for handle in brand.handles)]


@given(
    st.sampled_from([(brand, name) for brand in BRANDS for name in names(brand) if not is_ordinary(name) and name != "Acme"]),
    st.sampled_from([" ", "\n", "\u00a0", "  ", " \t "]), st.sampled_from("'’´"), st.booleans(),
)
def test_a_name_is_found_however_it_is_typed(named: tuple[Brand, str], space: str, apostrophe: str, decomposed: bool) -> None:
    """What the query of a brand collects is of that brand."""
    brand, name = named
    text = f"I hate{space}{name.replace(' ', space).replace(chr(8217), chr(39)).replace(chr(39), apostrophe)}{space}!"
    text = unicodedata.normalize("NFD", text) if decomposed else text
    assert matches(expression_of(Query(brands=(brand,))), text) and MATCHER.match([text]) == [(brand.key,)]


def test_many_brands_take_the_same_decisions() -> None:
    """Above 80 names another search is used; it must not change an answer."""
    many = BrandMatcher((*BRANDS, *(Brand(key=f"b{i}", name=f"Brandname{i}") for i in range(120))))
    texts = ["United flight", "the united front", "jetblue", "Brandname7 rocks", "nothing here", "@delta #united"]
    assert many.match(texts) == [("united",), (), ("jetblue",), ("b7",), (), ("delta", "united")]
